//! Around what the API is asked for: archived projects stand back, and what is written by it is in the audit. What a backend method
//! writes by itself is not: the audit is of operations, and a method notes what it does where that is wanted.

use isoform::Condition;
use isoform::handlers::{
    AddRelation, Any, Count, Create, CreateMany, Event, Find, FindFirst, FindLast, Group, Handlers, Next, Outcome,
    Question, Relating, Remove, RemoveMany, RemoveRelation, Request, Rows, SetRelation, Update, UpdateMany, UpsertMany,
};
use shared::audit::Deed;
use shared::prelude::*;

/// The handlers of the application.
pub(crate) fn handlers() -> Handlers {
    let handlers = Handlers::new()
        .before::<Find, Project>(async |request| Ok(without_archived(&mut request.query)))
        .before::<FindFirst, Project>(async |request| Ok(without_archived(&mut request.query)))
        .before::<FindLast, Project>(async |request| Ok(without_archived(&mut request.query)))
        .before::<Count, Project>(async |request| Ok(without_archived_rows(&mut request.rows)))
        .before::<Group, Project>(async |request| Ok(without_archived_rows(&mut request.rows)));
    let handlers = audited::<Create>(handlers);
    let handlers = audited::<CreateMany>(handlers);
    let handlers = audited::<Update>(handlers);
    let handlers = audited::<UpdateMany>(handlers);
    let handlers = audited::<UpsertMany>(handlers);
    let handlers = audited::<Remove>(handlers);
    let handlers = audited::<AddRelation>(handlers);
    let handlers = audited::<SetRelation>(handlers);
    let handlers = audited::<RemoveRelation>(handlers);
    audited::<RemoveMany>(handlers)
}

/// Does a question say nothing about what is archived? Who asks about that gets what they ask for.
fn leaves_open(asked: &Condition) -> bool {
    !asked.fields().contains(Project::FIELDS.archived.index())
}

fn without_archived<T>(query: &mut Question<Project>) -> Next<T> {
    if leaves_open(&query.find.filter) {
        query.filter(|p| p.archived.eq(false));
    }
    Next::Continue
}

fn without_archived_rows<T>(rows: &mut Rows<Project>) -> Next<T> {
    if leaves_open(rows.condition()) {
        rows.filter(|p| p.archived.eq(false));
    }
    Next::Continue
}

/// A way of writing that is in the audit.
trait Audited: Event {
    /// What is done.
    const DEED: Deed;

    /// Which row, or how many.
    fn rows(request: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String
    where
        Self: Sized;
}

/// What came of it is noted together with it; that nothing came of it once everything is undone.
fn audited<V: Audited>(handlers: Handlers) -> Handlers {
    handlers
        .after_any::<V>(async |request, outcome| if outcome.is_ok() { note(request, outcome).await } else { Ok(()) })
        .after_any_detached::<V>(
            async |request, outcome| if outcome.is_err() { note(request, outcome).await } else { Ok(()) },
        )
}

async fn note<V: Audited>(request: &Request<V, Any>, outcome: &Outcome<V, Any>) -> Result<()> {
    let entry = Audit {
        who: request.identity().map(|who| who.id.clone()).unwrap_or_default(),
        what: V::DEED,
        entity: request.entity().map_or("", |entity| entity.key).into(),
        row: V::rows(request, outcome),
        failure: outcome.as_ref().err().map(|error| error.message().to_owned()),
        ..Audit::blank()
    };
    // Trusted: nobody else writes the audit, and no handler runs for it.
    repo::<Audit>().insert(entry).await.map(drop)
}

fn many(count: Option<u64>) -> String {
    match count {
        None => "several".into(),
        Some(1) => "1 row".into(),
        Some(count) => format!("{count} rows"),
    }
}

impl Audited for Create {
    const DEED: Deed = Deed::Added;

    fn rows(_: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        outcome.as_ref().map_or_else(|_| String::new(), |row| row.id().to_string())
    }
}

impl Audited for CreateMany {
    const DEED: Deed = Deed::Added;

    fn rows(request: &Request<Self, Any>, _: &Outcome<Self, Any>) -> String {
        many(Some(request.items.len() as u64))
    }
}

impl Audited for Update {
    const DEED: Deed = Deed::Changed;

    fn rows(request: &Request<Self, Any>, _: &Outcome<Self, Any>) -> String {
        request.item.original_id().to_string()
    }
}

impl Audited for UpdateMany {
    const DEED: Deed = Deed::Changed;

    fn rows(_: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        many(outcome.as_ref().ok().copied())
    }
}

impl Audited for UpsertMany {
    const DEED: Deed = Deed::Put;

    fn rows(request: &Request<Self, Any>, _: &Outcome<Self, Any>) -> String {
        many(Some(request.rows.len() as u64))
    }
}

impl Audited for Remove {
    const DEED: Deed = Deed::Deleted;

    fn rows(request: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        let kept = if matches!(outcome, Ok(None)) { " (kept)" } else { "" };
        format!("{}{kept}", request.id)
    }
}

impl Audited for RemoveMany {
    const DEED: Deed = Deed::Deleted;

    fn rows(_: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        many(outcome.as_ref().ok().copied())
    }
}

/// Of which row, and how many others are related to it or no longer: `…: 1 row of Tags`.
fn related(request: &Relating<Any>, count: Option<u64>) -> String {
    format!("{}: {} of {}", request.id, many(count), request.relation().label)
}

impl Audited for AddRelation {
    const DEED: Deed = Deed::Changed;

    fn rows(request: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        related(request, outcome.as_ref().ok().copied())
    }
}

impl Audited for SetRelation {
    const DEED: Deed = Deed::Changed;

    fn rows(request: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        related(request, outcome.as_ref().ok().copied())
    }
}

impl Audited for RemoveRelation {
    const DEED: Deed = Deed::Changed;

    fn rows(request: &Request<Self, Any>, outcome: &Outcome<Self, Any>) -> String {
        related(request, outcome.as_ref().ok().copied())
    }
}
