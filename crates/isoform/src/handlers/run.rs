//! Runs the handlers of an operation: in a bounded time, and a panic is an error.

use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt as _;

use super::event::{EntityEvent, Event};
use super::request::{Next, Outcome, Request};
use super::view::{Any, View};
use crate::context::{Context, Scope};
use crate::future::BoxFuture;
use crate::meta::EntityMeta;
use crate::{Error, Result};

/// What runs before an operation: an async function or closure of a `&mut Request`. What a closure has captured is cloned
/// for each request.
#[diagnostic::on_unimplemented(
    message = "this is no handler that runs before the operation",
    label = "write `async |request|` and a block, ending in `Ok(Next::Continue)`; what it captures must be `Clone`, and its future `Send`"
)]
pub trait BeforeHandler<'a, V: Event, E: View>:
    FnOnce(&'a mut Request<V, E>) -> <Self as BeforeHandler<'a, V, E>>::Future + Clone + Send + Sync
{
    /// What it does.
    type Future: Future<Output = Result<Next<V::Answer<E>>>> + Send + 'a;
}

impl<'a, V: Event, E: View, F, R> BeforeHandler<'a, V, E> for F
where
    F: FnOnce(&'a mut Request<V, E>) -> R + Clone + Send + Sync,
    R: Future<Output = Result<Next<V::Answer<E>>>> + Send + 'a,
{
    type Future = R;
}

/// What runs after an operation: an async function or closure of a `&mut Request` and a `&mut Outcome`.
#[diagnostic::on_unimplemented(
    message = "this is no handler that runs after the operation",
    label = "write `async |request, outcome|` and a block, ending in `Ok(())`; what it captures must be `Clone`, and its future `Send`"
)]
pub trait AfterHandler<'a, V: Event, E: View>:
    FnOnce(&'a mut Request<V, E>, &'a mut Outcome<V, E>) -> <Self as AfterHandler<'a, V, E>>::Future + Clone + Send + Sync
{
    /// What it does.
    type Future: Future<Output = Result<()>> + Send + 'a;
}

impl<'a, V: Event, E: View, F, R> AfterHandler<'a, V, E> for F
where
    F: FnOnce(&'a mut Request<V, E>, &'a mut Outcome<V, E>) -> R + Clone + Send + Sync,
    R: Future<Output = Result<()>> + Send + 'a,
{
    type Future = R;
}

/// A request on its way through handlers: each takes it and gives it back, so that it is not handed up and down through all that
/// watches over a handler. Of a handler that panics or takes too long nothing comes back, and the operation ends.
pub(crate) type InHand<V> = Option<Request<V, Any>>;

/// A before handler, without the type of its entity.
pub(super) type Before<V> =
    Arc<dyn for<'a> Fn(&'a mut InHand<V>) -> BoxFuture<'a, Result<Next<<V as Event>::Answer<Any>>>> + Send + Sync>;

/// An after handler, without the type of its entity.
pub(super) type After<V> =
    Arc<dyn for<'a> Fn(&'a mut InHand<V>, Outcome<V, Any>) -> BoxFuture<'a, Result<Outcome<V, Any>>> + Send + Sync>;

/// The request, which the handler before has given back.
pub(crate) fn taken<V: Event>(request: &mut InHand<V>) -> Result<Request<V, Any>> {
    request.take().ok_or_else(|| Error::internal("a handler has not given its request back"))
}

pub(super) fn before<V: Event, E: View>(handler: impl for<'a> BeforeHandler<'a, V, E> + 'static) -> Before<V> {
    Arc::new(move |in_hand| {
        let handler = handler.clone();
        Box::pin(async move {
            let mut request = taken(in_hand)?.seen::<E>()?;
            let next = match handler(&mut request).await? {
                Next::Continue => Next::Continue,
                Next::Answer(answer) => Next::Answer(V::answer::<E, Any>(answer)?),
            };
            *in_hand = Some(request.seen()?);
            Ok(next)
        })
    })
}

pub(super) fn after<V: Event, E: View>(handler: impl for<'a> AfterHandler<'a, V, E> + 'static) -> After<V> {
    Arc::new(move |in_hand, outcome| {
        let handler = handler.clone();
        Box::pin(async move {
            let mut request = taken(in_hand)?.seen::<E>()?;
            let mut outcome = outcome.and_then(V::answer::<Any, E>);
            handler(&mut request, &mut outcome).await?;
            *in_hand = Some(request.seen()?);
            Ok(outcome.and_then(V::answer::<E, Any>))
        })
    })
}

/// What runs around one operation.
pub(crate) struct Chain<V: Event> {
    pub(super) before: Vec<Before<V>>,
    pub(super) after: Vec<After<V>>,
    pub(super) detached: Vec<After<V>>,
    pub(super) limit: Duration,
}

/// What a handler is for, in the log.
struct About {
    when: &'static str,
    what: super::event::EventKind,
    entity: Option<&'static EntityMeta>,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the handler {} {} of {}", self.when, self.what, self.entity.map_or("*", |entity| entity.key))
    }
}

impl<V: Event> Chain<V> {
    /// The request of somebody, for handlers that run inside of a context.
    pub fn request(
        &self,
        inside: &Context,
        entity: impl Into<Option<&'static EntityMeta>>,
        what: V::What<Any>,
    ) -> Request<V, Any> {
        Request::new(inside.for_handlers(), entity.into(), what)
    }

    /// Is there anything that wants to know how the operation ended?
    pub fn looks_back(&self) -> bool {
        !self.after.is_empty() || !self.detached.is_empty()
    }

    /// Runs what comes before the operation.
    ///
    /// # Errors
    /// That of a handler.
    pub async fn before(&self, request: &mut InHand<V>) -> Result<Next<<V as Event>::Answer<Any>>> {
        for handler in &self.before {
            let Some((context, about)) = self.about("before", request) else { break };
            let next = bounded(&context, Some(self.limit), about, handler(request)).await?;
            if let Next::Answer(answer) = next {
                return Ok(Next::Answer(answer));
            }
        }
        Ok(Next::Continue)
    }

    /// Runs what comes after the operation. What is to delay nobody waits in `later`.
    ///
    /// # Errors
    /// That of the operation, unless a handler has made something else of it, or that of a handler.
    pub async fn after(
        &self,
        mut request: InHand<V>,
        mut outcome: Outcome<V, Any>,
        later: &mut Later,
    ) -> Outcome<V, Any> {
        for handler in &self.after {
            let Some((context, about)) = self.about("after", &request) else { break };
            let kept = if self.detached.is_empty() { None } else { request.as_ref().map(Request::copy) };
            match bounded(&context, Some(self.limit), about, handler(&mut request, outcome)).await {
                Ok(now) => outcome = now,
                // What it has raised is how the operation ends.
                Err(error) => {
                    if let Some(kept) = kept {
                        self.detach(&kept, &Err(error.clone()), later);
                    }
                    return Err(error);
                }
            }
        }
        if let Some(request) = &request {
            self.detach(request, &outcome, later);
        }
        outcome
    }

    /// The context that a handler runs in, and what it is for.
    fn about(&self, when: &'static str, request: &InHand<V>) -> Option<(Context, About)> {
        let request = request.as_ref()?;
        Some((request.context.clone(), About { when, what: V::KIND, entity: request.entity() }))
    }

    fn detach(&self, request: &Request<V, Any>, outcome: &Outcome<V, Any>, later: &mut Later) {
        if self.detached.is_empty() {
            return;
        }
        let (mut request, handlers) = (request.copy(), self.detached.clone());
        request.context = request.context.outside();
        let (is_told_well, outcome) = (outcome.is_ok(), outcome.clone());
        // One after the other, as all in a chain.
        let task = Box::pin(async move {
            for handler in handlers {
                let about = About { when: "after (detached)", what: V::KIND, entity: request.entity() };
                let mut in_hand = Some(request.copy());
                let run = handler(&mut in_hand, outcome.clone());
                if let Err(error) = bounded(&request.context, None, about, run).await {
                    // There is nobody left to be told but the log.
                    let _ = error.told();
                }
            }
        });
        later.tasks.push((is_told_well, task));
    }
}

/// What runs once an operation is over, in tasks of its own.
#[derive(Default)]
pub(crate) struct Later {
    /// Each with whether it is told of an answer.
    tasks: Vec<(bool, BoxFuture<'static, ()>)>,
}

impl Later {
    /// The operation has ended, well or not, in this context. What is told of an answer waits for the commit, and is not told
    /// where there is none.
    pub fn begin(self, context: &Context, ended_well: bool) {
        for (is_told_well, task) in self.tasks {
            let begun = match (is_told_well, ended_well) {
                (true, false) => continue,
                (true, true) => context.enter(|| {
                    Context::after_commit(async move {
                        tokio::spawn(task);
                        Ok(())
                    })
                }),
                (false, _) => tokio::runtime::Handle::try_current()
                    .map(|runtime| drop(runtime.spawn(task)))
                    .map_err(Error::internal),
            };
            if let Err(error) = begun {
                let _ = error.told();
            }
        }
    }
}

/// Runs a handler in its context. Without a limit it takes as long as it likes.
async fn bounded<T>(
    context: &Context,
    limit: Option<Duration>,
    about: About,
    handler: BoxFuture<'_, Result<T>>,
) -> Result<T> {
    let mut run = pin!(context.run(AssertUnwindSafe(handler).catch_unwind()));
    // Most are done at once, and need no clock.
    let first = std::future::poll_fn(|task| Poll::Ready(run.as_mut().poll(task))).await;
    let ended = match (first, limit) {
        (Poll::Ready(ended), _) => ended,
        (Poll::Pending, None) => run.await,
        (Poll::Pending, Some(limit)) => match tokio::time::timeout(limit, run).await {
            Ok(ended) => ended,
            Err(_) => return Err(Error::internal(format!("{about} took longer than {limit:?}"))),
        },
    };
    ended.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::internal(format!("{about} panicked: {}", text.unwrap_or_else(|| "without a message".into()))))
    })
}

impl Context {
    /// What runs around an operation that this context asks for; nothing for trusted code, and where nobody has asked to be called.
    pub(crate) fn handled<V: EntityEvent>(&self, meta: &EntityMeta) -> Option<Arc<Chain<V>>> {
        self.handlers().filter(|_| self.scope() == Scope::Api)?.chain(meta.key)
    }

    /// As [`Context::handled`], for what is about no entity.
    pub(crate) fn handled_everywhere<V: Event>(&self) -> Option<Arc<Chain<V>>> {
        self.handlers().filter(|_| self.scope() == Scope::Api)?.chain("")
    }
}
