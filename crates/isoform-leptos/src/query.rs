//! Queries as resources: rendered on the server, taken over in the browser, asked again when their signals change.

use std::future::IntoFuture;
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;

use isoform::future::BoxFuture;
use isoform::{Entity, Error, Query, Record, Result};
use leptos::prelude::*;

use crate::answer::{Answer, AsJson, Ask, AskWith, Carried, Question};
use crate::identity::IdentityState;
use crate::written::{self, Place};

/// The rows of a query; they are asked for again when signals that the closure reads change, or somebody signs in or out.
///
/// The server renders them into the page, and the browser takes them over without asking a second time.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::use_query;
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # #[component]
/// # fn Titles() -> impl IntoView {
/// let search = RwSignal::new(String::new());
/// let tasks = use_query(move || Task::query().filter(|t| t.title.contains(search.get())));
/// view! {
///     <Transition fallback=|| "Loading…">
///         {move || tasks.rows().map(|rows| match rows {
///             Ok(rows) => rows.iter().map(|task| view! { <p>{task.title.clone()}</p> }).collect_view().into_any(),
///             Err(error) => view! { <p role="alert">{error.message().to_owned()}</p> }.into_any(),
///         })}
///     </Transition>
/// }
/// # }
/// ```
#[track_caller]
pub fn use_query<E: Entity>(query: impl Fn() -> Query<E> + Send + Sync + 'static) -> QueryState<E> {
    QueryState(use_answer(query, Query::all))
}

/// How many rows fulfil a query's filter, whatever its page: as [`use_query`] otherwise.
#[track_caller]
pub fn use_count<E: Entity>(query: impl Fn() -> Query<E> + Send + Sync + 'static) -> Answered<u64> {
    use_answer(query, Query::count)
}

/// What anything asynchronous answers: one row, a static backend method. As [`use_query`] otherwise; `fetch` is asked
/// again when what `source` answers is no longer the same.
///
/// Whatever `fetch` asks about is to be in what `source` answers: a `fetch` that takes something from around itself does not
/// compile. In the page an answer is found again by its source.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{Answered, use_answer};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # fn example(id: RwSignal<Uuid>) {
/// let task: Answered<Record<Task>> = use_answer(move || id.get(), |id| repo::<Task>().find_id(id));
/// # }
/// ```
///
/// ```compile_fail
/// # use isoform::prelude::*;
/// # use isoform_leptos::{Answered, use_answer};
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # fn example(id: Uuid) {
/// // It does not say that it is about the id.
/// let task: Answered<Record<Task>> = use_answer(|| (), move |()| repo::<Task>().find_id(id));
/// # }
/// # fn main() { example(Uuid::nil()) }
/// ```
#[track_caller]
pub fn use_answer<S, F, Fut, T>(source: impl Fn() -> S + Send + Sync + 'static, fetch: F) -> Answered<T>
where
    S: PartialEq + Hash + Clone + Send + Sync + 'static,
    F: Fn(S) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T>> + Send + 'static,
    T: Carried,
{
    const {
        assert!(
            size_of::<F>() == 0,
            "what `fetch` asks about is to be in what `source` answers: `use_answer(move || id.get(), |id| …)`"
        );
    }
    let fetch = Arc::new(fetch);
    let ask = Arc::new(move || -> Arc<dyn Ask> { Arc::new(AskWith { source: source(), fetch: fetch.clone() }) });
    let (resource, loading) = resource(Place::here(), ask);
    Answered { resource, loading, answer: PhantomData }
}

/// The part of [`use_answer`] that is the same for all types.
fn resource(
    place: Place,
    ask: Arc<dyn Fn() -> Arc<dyn Ask> + Send + Sync>,
) -> (Resource<Answer, AsJson>, RwSignal<bool>) {
    let loading = RwSignal::new(false);
    let identity = use_context::<IdentityState>();
    // Resources run in tasks of their own: whose they are is noted where they are made.
    #[cfg(not(target_arch = "wasm32"))]
    let context = isoform::Context::current().ok();
    let source = move || Question { ask: ask(), asker: identity.and_then(IdentityState::get) };
    #[cfg(not(target_arch = "wasm32"))]
    let fetch = move |question: Question| {
        let context = context.clone();
        let context = context.clone();
        written::asked(place, question, move |question| {
            let answer = question.ask.run();
            match context {
                Some(context) => Box::pin(async move { context.run(answer).await }),
                None => answer,
            }
        })
    };
    #[cfg(target_arch = "wasm32")]
    let fetch = move |question: Question| {
        let found = written::found(place, &question);
        async move {
            // There at once, it is shown with the page.
            if let Some(answer) = found {
                return answer;
            }
            let _busy = Busy::new(loading);
            question.ask.run().await
        }
    };
    (Resource::new_with_options(source, fetch, false), loading)
}

/// Says that something is under way until it is dropped.
pub(crate) struct Busy(RwSignal<bool>);

impl Busy {
    pub fn new(signal: RwSignal<bool>) -> Self {
        let _ = signal.try_set(true);
        Self(signal)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.try_set(false);
    }
}

/// What [`use_answer`] and [`use_count`] answer; a handle that can be copied.
pub struct Answered<T> {
    resource: Resource<Answer, AsJson>,
    loading: RwSignal<bool>,
    answer: PhantomData<fn() -> T>,
}

impl<T> Clone for Answered<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Answered<T> {}

impl<T: Carried> Answered<T> {
    /// The answer; `None` before the first one is there. Read it inside `<Suspense>` or `<Transition>`, so that the
    /// server waits for it.
    #[must_use]
    pub fn get(self) -> Option<Result<T>> {
        self.resource.get().map(|answer| answer.typed())
    }

    /// Looks at the answer, without copying it; `None` as for [`Answered::get`].
    pub fn with<R>(self, look: impl FnOnce(Option<&Result<T>>) -> R) -> R {
        match self.resource.get() {
            Some(answer) => look(answer.look()),
            None => look(None),
        }
    }

    /// As [`Answered::with`], wherever it is called, without following the answer.
    pub(crate) fn with_untracked<R>(self, look: impl FnOnce(Option<&Result<T>>) -> R) -> R {
        // Read as a resource, it would complain that nothing waits for it.
        match (*self.resource).get_untracked() {
            Some(answer) => look(answer.look()),
            None => look(None),
        }
    }

    /// What went wrong. Read it where [`Answered::get`] is read.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        self.resource.get().and_then(|answer| answer.error::<T>())
    }

    /// Is it being asked for, for the first time or again? The last answer stays meanwhile.
    #[must_use]
    pub fn loading(self) -> bool {
        self.loading.get()
    }

    /// Asks again.
    pub fn refetch(self) {
        self.resource.refetch();
    }
}

/// Waits for the answer: for `Suspend`.
impl<T: Carried> IntoFuture for Answered<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.resource.await.typed() })
    }
}

/// What [`use_query`] answers; a handle that can be copied.
pub struct QueryState<E>(Answered<Vec<Record<E>>>);

impl<E> Clone for QueryState<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for QueryState<E> {}

impl<E: Entity> QueryState<E> {
    /// The rows; `None` before the first answer is there. Read them inside `<Suspense>` or `<Transition>`, so that the
    /// server waits for them.
    #[must_use]
    pub fn rows(self) -> Option<Result<Vec<Record<E>>>> {
        self.0.get()
    }

    /// What went wrong. Read it where [`QueryState::rows`] is read.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        self.0.error()
    }

    /// The rows as choices for a [`ReferenceField`](crate::ReferenceField): the id, as text, and what people read.
    pub fn choices(
        self,
        label: impl Fn(&Record<E>) -> String + Send + Sync + 'static,
    ) -> Signal<Vec<(String, String)>> {
        let choice = move |row: &Record<E>| (row.id().to_string(), label(row));
        Signal::derive(move || {
            self.0
                .with(|rows| rows.and_then(|rows| rows.as_ref().ok()).map(|rows| rows.iter().map(&choice).collect()))
                .unwrap_or_default()
        })
    }

    /// Are the rows being asked for, for the first time or again? The old ones stay meanwhile.
    #[must_use]
    pub fn loading(self) -> bool {
        self.0.loading()
    }

    /// Asks again.
    pub fn refetch(self) {
        self.0.refetch();
    }
}

/// Waits for the rows: for `Suspend`.
impl<E: Entity> IntoFuture for QueryState<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.into_future()
    }
}
