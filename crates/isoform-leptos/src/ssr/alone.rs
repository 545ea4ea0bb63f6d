//! Each page alone with its request's context.
//!
//! Leptos runs resources and effects in tasks of their own, which do not inherit the request's context, and leaves its
//! owner, and so what was provided for one page, on the worker thread after a poll: whatever the thread polls next would
//! find another request's context in it. Hence:
//!
//! - A page's response, its body and every task that Leptos spawns for it are polled inside the request's context, and
//!   no owner is on the thread before or after.
//! - Only where a task has no context is the owner asked, through [`Context::set_resolver`]: where another executor was
//!   chosen before ours.

use std::pin::Pin;
use std::sync::Once;
use std::task::{self, Poll};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::Stream;
use isoform::Context;
use isoform::future::BoxFuture;
use leptos::prelude::*;

use crate::written::Answers;

/// The context of a page, as Leptos' owners know it.
#[derive(Clone)]
struct PageContext(Context);

/// Once per process, before Leptos chooses an executor of its own.
pub(super) fn prepare() {
    static PREPARED: Once = Once::new();
    PREPARED.call_once(|| {
        if Executor::init_custom_executor(Tasks).is_err() {
            tracing::warn!(
                "another executor was chosen before the pages were added: tasks find their context by Leptos' owner"
            );
        }
        Context::set_resolver(|| use_context::<PageContext>().map(|page| page.0));
    });
}

/// Provides the context of the request that is being rendered to its owner, and where the page notes what it has asked.
pub(super) fn provide_current() {
    provide_context(Answers::default());
    if let Ok(context) = Context::current() {
        provide_context(PageContext(context));
    }
}

/// Polls something in a context, or in none, with no owner on the thread before and after.
fn alone<T>(context: Option<&Context>, poll: impl FnOnce() -> T) -> T {
    struct Cleared;
    impl Drop for Cleared {
        fn drop(&mut self) {
            clear_owner();
        }
    }
    clear_owner();
    // Also where the poll panics.
    let _cleared = Cleared;
    match context {
        Some(context) => context.enter(poll),
        None => poll(),
    }
}

/// The thread keeps a weak reference to its owner: to one that is gone at once, it is none.
fn clear_owner() {
    if Owner::current().is_some() {
        Owner::default().set();
    }
}

/// A future that is polled alone.
struct Alone<T> {
    context: Option<Context>,
    future: BoxFuture<'static, T>,
}

impl<T> Future for Alone<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<T> {
        let this = &mut *self;
        alone(this.context.as_ref(), || this.future.as_mut().poll(cx))
    }
}

/// The rest of a page, polled alone.
struct AloneBody {
    context: Option<Context>,
    body: axum::body::BodyDataStream,
}

impl Stream for AloneBody {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        alone(this.context.as_ref(), || Pin::new(&mut this.body).poll_next(cx))
    }
}

/// A response that is made, and a body that is streamed, alone.
pub(super) async fn response(
    context: Option<Context>,
    response: impl Future<Output = Response> + Send + 'static,
) -> Response {
    let response = Alone { context: context.clone(), future: Box::pin(response) }.await;
    response.map(|body| Body::from_stream(AloneBody { context, body: body.into_data_stream() }))
}

/// Spawns the tasks of pages.
struct Tasks;

impl CustomExecutor for Tasks {
    fn spawn(&self, future: PinnedFuture<()>) {
        tokio::spawn(Alone { context: Context::current().ok(), future });
    }

    /// Only a browser runs what must stay on its thread. Tokio would panic here.
    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        tracing::warn!("a page asked for a task that stays on its thread: it runs in the browser only");
        drop(future);
    }

    fn poll_local(&self) {}
}
