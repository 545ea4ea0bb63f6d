//! The rows of a query as a keyed list.

use std::sync::Arc;

use isoform::{Entity, Error, Record, Result};
use leptos::prelude::*;

use crate::pages::PagesState;
use crate::query::QueryState;
use crate::record_signal::RecordSignal;

/// Where a list has its rows from: what [`use_query`](crate::use_query) and [`use_pages`](crate::use_pages) answer.
pub trait Rows: Copy + Send + Sync + 'static {
    /// What the rows are.
    type Entity: Entity;

    /// The rows, as far as they are there.
    fn rows(self) -> Option<Result<Vec<Record<Self::Entity>>>>;

    /// What went wrong.
    fn error(self) -> Option<Error>;
}

/// What tells two rows apart.
type Key<E> = fn(&Record<E>) -> String;

impl<E: Entity> Rows for QueryState<E> {
    type Entity = E;

    fn rows(self) -> Option<Result<Vec<Record<E>>>> {
        Self::rows(self)
    }

    fn error(self) -> Option<Error> {
        Self::error(self)
    }
}

impl<E: Entity> Rows for PagesState<E> {
    type Entity = E;

    fn rows(self) -> Option<Result<Vec<Record<E>>>> {
        Self::rows(self)
    }

    fn error(self) -> Option<Error> {
        Self::error(self)
    }
}

/// The rows of a query, each as a [`RecordSignal`]: `<EntityList query=tasks let:task>…</EntityList>`.
///
/// Rows are told apart by their id: when the query answers anew, rows that stay keep their view, and only what differs
/// in them is redrawn. A row with unsaved changes keeps them. The list puts no element around its rows.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{EntityList, use_query};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # #[component]
/// # fn Tasks() -> impl IntoView {
/// let tasks = use_query(|| Task::query().limit(25));
/// view! {
///     <ul>
///         <EntityList
///             query=tasks
///             fallback=|| view! { <li>"Loading…"</li> }
///             empty=|| view! { <li>"Nothing to do."</li> }
///             error=|error: Error| view! { <li role="alert">{error.message().to_owned()}</li> }.into_any()
///             let:task
///         >
///             <li>{task.value(|t| t.title)}</li>
///         </EntityList>
///     </ul>
/// }
/// # }
/// ```
#[component]
pub fn EntityList<Q, C, V>(
    /// The query: what [`use_query`](crate::use_query) or [`use_pages`](crate::use_pages) answered.
    query: Q,
    /// Shown while the first answer is under way.
    #[prop(optional, into)]
    fallback: ViewFnOnce,
    /// Shown where there are no rows.
    #[prop(optional, into)]
    empty: ViewFn,
    /// Shows what went wrong; the rows that were there stay. By default `<p class="list-error" role="alert">`.
    #[prop(optional, into)]
    error: Option<Callback<Error, AnyView>>,
    /// What tells two rows apart, where it is not the id.
    #[prop(optional)]
    key: Option<Key<Q::Entity>>,
    /// One row.
    children: C,
) -> impl IntoView
where
    Q: Rows,
    C: Fn(RecordSignal<Q::Entity>) -> V + Clone + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let key = key.unwrap_or(|record| record.id().to_string());
    let rows = StoredValue::new(Vec::<Row<Q::Entity>>::new());
    let each = move || {
        // An error leaves the rows that were there: they can still be read.
        if let Some(Ok(records)) = query.rows() {
            // The list may be gone by the time that its rows come.
            rows.try_update_value(|rows| *rows = reconciled(rows, records, key));
        }
        let shown = |Row { key, record }: Row<Q::Entity>| {
            let children = children.clone();
            Shown { key, view: Box::new(move || children(RecordSignal::from(record)).into_any()) }
        };
        rows.try_get_value().unwrap_or_default().into_iter().map(shown).collect()
    };
    let is_empty = move || matches!(query.rows(), Some(Ok(rows)) if rows.is_empty());
    let show_error = error.unwrap_or_else(|| Callback::new(|error: Error| usual_error(&error)));
    let wrong = move || query.error().map(|error| show_error.run(error));
    let above = move || {
        view! {
            {move || wrong()}
            {move || is_empty().then(|| empty.run())}
        }
        .into_any()
    };
    list(fallback, Box::new(above), Box::new(each))
}

/// A row that makes its view once it is shown, whatever it is of.
struct Shown {
    key: Arc<str>,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

/// The part of [`EntityList`] that is the same for all entities.
fn list(
    fallback: ViewFnOnce,
    above: Box<dyn FnOnce() -> AnyView + Send>,
    each: Box<dyn Fn() -> Vec<Shown> + Send + Sync>,
) -> AnyView {
    let key = |row: &Shown| row.key.clone();
    let inside = move || {
        view! {
            {above()}
            <For each=each key=key children=|row: Shown| (row.view)() />
        }
        .into_any()
    };
    view! { <Transition fallback=fallback>{inside()}</Transition> }.into_any()
}

fn usual_error(error: &Error) -> AnyView {
    view! { <p class="list-error" role="alert">{error.to_string()}</p> }.into_any()
}

struct Row<E> {
    key: Arc<str>,
    record: ArcRwSignal<Record<E>>,
}

impl<E> Clone for Row<E> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), record: self.record.clone() }
    }
}

/// The rows of a new answer; those that were there before keep their signal.
fn reconciled<E: Entity>(before: &[Row<E>], records: Vec<Record<E>>, key: fn(&Record<E>) -> String) -> Vec<Row<E>> {
    let kept = |(position, record): (usize, Record<E>)| {
        let key: Arc<str> = key(&record).into();
        // A list that has only grown has each row where it was.
        let same = before.get(position).filter(|row| row.key == key);
        match same.or_else(|| before.iter().find(|row| row.key == key)) {
            None => Row { key, record: ArcRwSignal::new(record) },
            Some(row) => {
                let differs = row.record.with_untracked(|now| !now.is_changed() && *now != record);
                if differs {
                    row.record.set(record);
                }
                row.clone()
            }
        }
    };
    records.into_iter().enumerate().map(kept).collect()
}
