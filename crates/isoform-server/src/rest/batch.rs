//! `POST /api/$batch`: several writes of several entities, in one transaction.

use isoform::meta::{EntityMeta, FieldMask};
use isoform::operations::{self, Done, Patch};
use isoform::{Context, Error, Id, RelationChange, Result, Row, Step, guard, json};
use serde_json::{Map, Value as JsonValue};

use super::bulk::{member, nothing_else, upsert_rows, values, which};
use super::relate;
use crate::api::Served;

/// What a step can do, as the wire spells it, and how one looks.
const KINDS: [(&str, &str); 10] = [
    ("insert", "{\"insert\": \"tasks\", \"set\": {…}}"),
    ("insertMany", "{\"insertMany\": \"tasks\", \"rows\": [{…}]}"),
    ("update", "{\"update\": \"tasks\", \"id\": …, \"set\": {…}}"),
    ("delete", "{\"delete\": \"tasks\", \"id\": …}"),
    ("updateMany", "{\"updateMany\": \"tasks\", \"where\": {…}, \"set\": {…}}"),
    ("deleteMany", "{\"deleteMany\": \"tasks\", \"where\": {…}}"),
    ("upsertMany", "{\"upsertMany\": \"tasks\", \"rows\": [{\"where\": {…}, \"set\": {…}}]}"),
    ("addRelation", "{\"addRelation\": \"tasks\", \"id\": …, \"relation\": \"tags\", \"ids\": […]}"),
    ("setRelation", "{\"setRelation\": \"tasks\", \"id\": …, \"relation\": \"tags\", \"ids\": […]}"),
    ("removeRelation", "{\"removeRelation\": \"tasks\", \"id\": …, \"relation\": \"tags\", \"ids\": […]}"),
];

type Steps = Vec<(&'static EntityMeta, Step)>;

/// Does what a body asks for; answers what came of each step, as JSON.
pub(super) async fn run(served: &Served, context: &Context, body: JsonValue) -> Result<Vec<u8>> {
    let JsonValue::Array(list) = body else {
        return Err(Error::invalid(format!("A batch is an array of operations, not {}.", json::kind(&body))));
    };
    let steps = list.into_iter().enumerate().map(|(position, step)| {
        let mut meta = None;
        read(served, context, step, &mut meta).map_err(|error| {
            let error = meta.map_or_else(|| error.clone(), |meta| told(context, meta, error.clone()));
            operations::in_step(error, position)
        })
    });
    let steps = steps.collect::<Result<Steps>>()?;
    let entities: Vec<_> = steps.iter().map(|(meta, step)| (*meta, counted(step), step.sent())).collect();
    let done = operations::batch(context, steps, &|meta, error| told(context, meta, error)).await?;
    let mut out = vec![b'['];
    for (position, ((meta, counted, sent), done)) in entities.into_iter().zip(done).enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(context, meta, counted, &sent, &done, &mut out)?;
    }
    out.push(b']');
    Ok(out)
}

/// What may be told of an error about an entity: of what they have sent themselves they are told what is wrong with it.
fn told(context: &Context, meta: &'static EntityMeta, error: Error) -> Error {
    let readable = guard::readable_fields(meta, context.identity());
    operations::concealed(error, meta, readable.or(guard::writable_fields(meta, context.identity())))
}

/// What the rows are called that a step has counted.
const fn counted(step: &Step) -> &'static str {
    match step {
        Step::UpdateMany(..) => "updated",
        Step::Relate(_) => "changed",
        _ => "deleted",
    }
}

/// Writes what came of a step; of lazy fields what was `sent` of each row.
fn write(
    context: &Context,
    meta: &'static EntityMeta,
    counted: &str,
    sent: &[FieldMask],
    done: &Done,
    out: &mut Vec<u8>,
) -> Result<()> {
    let visible = |position: usize, row: &Row| {
        let sent = sent.get(position).copied().unwrap_or_default();
        Ok::<_, Error>(operations::visible(context, meta, row)?.without(operations::unsent(context, meta, sent)))
    };
    match done {
        Done::Row(row) => json::write_row(meta, visible(0, row)?, row, out),
        Done::Rows(rows) => {
            out.push(b'[');
            for (position, row) in rows.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                json::write_row(meta, visible(position, row)?, row, out);
            }
            out.push(b']');
        }
        Done::Count(count) => out.extend_from_slice(format!("{{\"{counted}\":{count}}}").as_bytes()),
        Done::Deleted => out.extend_from_slice(b"null"),
    }
    Ok(())
}

/// Reads a step; `about` becomes the entity that it is about.
fn read(
    served: &Served,
    context: &Context,
    step: JsonValue,
    about: &mut Option<&'static EntityMeta>,
) -> Result<(&'static EntityMeta, Step)> {
    let JsonValue::Object(mut step) = step else {
        return Err(Error::invalid(format!("it must be an object; it is {}.", json::kind(&step))));
    };
    let mut named = KINDS.iter().filter(|(kind, _)| step.contains_key(*kind));
    let ((kind, right), None) = (named.next().ok_or_else(unknown)?, named.next()) else {
        return Err(Error::invalid("it names two things to do; each is an operation of its own."));
    };
    let key = match step.remove(*kind) {
        Some(JsonValue::String(key)) => key,
        other => {
            let found = json::kind(&other.unwrap_or_default());
            return Err(Error::invalid(format!("\"{kind}\" must be the name of an entity; it is {found}.")));
        }
    };
    let unknown = || super::unknown::entity(served, context, &key);
    let meta = served.entities.get(&*key).ok_or_else(unknown)?.meta;
    *about = Some(meta);
    let step = typed(context, meta, kind, &mut step).and_then(|typed| {
        nothing_else(&step, right)?;
        Ok(typed)
    })?;
    Ok((meta, step))
}

fn unknown() -> Error {
    let kinds: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let [(_, first), ..] = KINDS;
    Error::invalid(format!("it must say what to do, one of {}: {first}.", kinds.join(", ")))
}

fn typed(context: &Context, meta: &'static EntityMeta, kind: &str, step: &mut Map<String, JsonValue>) -> Result<Step> {
    use guard::Write::{Delete, Insert, Update};
    let readable = guard::readable_fields(meta, context.identity());
    // Who may not do it at all is told that first, whatever they send.
    let may = |write| guard::write(meta, context.identity(), write);
    let set = |step: &mut Map<String, JsonValue>| member(step.remove("set"), "set");
    Ok(match kind {
        "insert" => {
            may(Insert)?;
            Step::Insert(values(context, meta, &set(step)?)?)
        }
        "insertMany" => {
            may(Insert)?;
            let rows = rows(step)?.into_iter().map(|row| values(context, meta, &member(Some(row), "rows")?));
            Step::InsertMany(rows.collect::<Result<_>>()?)
        }
        "update" => {
            may(Update)?;
            Step::Update(id(meta, step)?, changes(context, meta, &set(step)?)?)
        }
        "delete" => {
            may(Delete)?;
            Step::Delete(id(meta, step)?)
        }
        "updateMany" => {
            may(Update)?;
            let set = values(context, meta, &set(step)?)?;
            Step::UpdateMany(which(meta, readable, step.remove("where"))?, set)
        }
        "deleteMany" => {
            may(Delete)?;
            Step::DeleteMany(which(meta, readable, step.remove("where"))?)
        }
        "upsertMany" => {
            may(Insert).or_else(|_| may(Update))?;
            Step::UpsertMany(upsert_rows(context, meta, readable, rows(step)?.into())?)
        }
        kind => {
            let change = RelationChange::ALL.into_iter().find(|change| change.wire() == kind).ok_or_else(unknown)?;
            let row = step.remove("id").unwrap_or_default();
            Step::Relate(relate::read(context, meta, change, step, || id_of(meta, &row))?)
        }
    })
}

/// Values for a row that is there: its version is compared.
fn changes(context: &Context, meta: &EntityMeta, body: &Map<String, JsonValue>) -> Result<Patch> {
    let mut accepted = guard::writable_fields(meta, context.identity());
    if let Some(version) = meta.version {
        accepted.insert(version);
    }
    operations::read_patch(meta, body, accepted)
}

fn rows(step: &mut Map<String, JsonValue>) -> Result<Vec<JsonValue>> {
    match step.remove("rows") {
        Some(JsonValue::Array(rows)) => Ok(rows),
        other => {
            let found = json::kind(&other.unwrap_or_default());
            Err(Error::invalid(format!("\"rows\" must be an array; it is {found}.")))
        }
    }
}

fn id(meta: &EntityMeta, step: &mut Map<String, JsonValue>) -> Result<Id> {
    id_of(meta, &step.remove("id").unwrap_or_default())
}

fn id_of(meta: &EntityMeta, id: &JsonValue) -> Result<Id> {
    // What cannot be an id is the id of no row.
    let id = Id::from_json(meta, id).ok().filter(|id| !id.is_empty());
    id.ok_or_else(|| Error::not_found(format!("There is no such row in {}.", meta.key)))
}
