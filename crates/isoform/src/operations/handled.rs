//! Operations around which data handlers run. Each is asked for where it begins; without a handler the answer is nothing, and the
//! operation goes its usual way.
//!
//! - `read` answers questions by records, `related` those for related rows, `write`, `many` and `relate` do writes, each in a transaction with its handlers.
//! - `shown` takes out of what is answered what the asker may not see, whoever made it.

mod many;
mod read;
mod relate;
mod related;
mod write;

use std::sync::Arc;

pub(crate) use many::inserted;
pub(super) use many::{batch, create_many, remove_many, update_many, upsert_many};
pub(super) use read::describe;
pub(crate) use read::{Listed, by_id};
pub(super) use read::{count, end, group, list};
pub(super) use relate::relate;
pub(super) use related::{load_relations, related, remembering};
pub(super) use write::{create, remove, update};

use super::ask::readable;
use super::hidden::{Hidden, conceal, judged};
use super::{Patch, lazy, permitted, resolve};
use crate::context::Context;
use crate::future::BoxFuture;
use crate::handlers::{Any, Chain, Event, EventKind, Later, Next, Outcome, Request, taken};
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::RowWrite;
use crate::record::AnyRecord;
use crate::value::{Row, Value};
use crate::{Error, Result, guard};

/// The record of what may be answered of another one: of these fields, without what the asker may not see of it and of what is
/// loaded with it.
fn shown(context: &Context, record: &dyn AnyRecord, fields: FieldMask) -> Result<Box<dyn AnyRecord>> {
    shown_without(context, record, fields, FieldMask::NONE)
}

/// As [`shown`], without lazy fields that were not asked for: they may have been read for a rule.
fn shown_without(
    context: &Context,
    record: &dyn AnyRecord,
    fields: FieldMask,
    left_out: FieldMask,
) -> Result<Box<dyn AnyRecord>> {
    let meta = record.meta();
    let mut row = record.row();
    // What was hidden when the row was whole stays so.
    let before = record.state().hidden();
    let hidden = conceal(context, meta, readable(context, meta), std::slice::from_mut(&mut row))?;
    let hidden = hidden.of(0).or(before).or(meta.all_fields().without(fields));
    blank(meta, hidden, &mut row);
    lazy::leave_out(left_out, std::slice::from_mut(&mut row));
    let mut shown = (meta.new_record)();
    shown.set_stored(row, hidden)?;
    for relation in meta.relations {
        let Some(related) = record.related(relation.index) else { continue };
        let keys_are_seen = !relation.keys.iter().any(|(own, _)| hidden.contains(*own));
        if keys_are_seen && resolve::readable_across(context, meta, relation).is_ok() {
            let related =
                related.into_iter().map(|one| self::shown(context, one, one.meta().all_fields()).map(Arc::from));
            shown.relate(relation.index, related.collect::<Result<_>>()?);
        }
    }
    Ok(shown)
}

/// May a record be answered as it stands: does [`shown_without`] change nothing?
fn is_shown_whole(context: &Context, record: &dyn AnyRecord, fields: FieldMask) -> bool {
    let (meta, all) = (record.meta(), record.meta().all_fields());
    fields == all
        && readable(context, meta) == all
        && record.state().hidden().is_empty()
        && record.state().errors().is_empty()
        && record.changed_fields().is_empty()
        && meta.relations.iter().all(|relation| record.related(relation.index).is_none())
}

/// Takes the values of fields out of a row.
fn blank(meta: &EntityMeta, hidden: FieldMask, row: &mut Row) {
    let mut blank = (meta.new_record)().row();
    lazy::leave_out(meta.lazy_fields(), std::slice::from_mut(&mut blank));
    super::ask::hide(row, &blank, hidden);
}

/// Makes records what their rows are in the table. Where a rule decides about fields by the record, it was asked of the row as it was:
/// what is `hidden` of that stays hidden, whatever a handler makes of it.
fn restore(
    context: &Context,
    meta: &EntityMeta,
    records: &mut [Box<dyn AnyRecord>],
    rows: Vec<Row>,
    hidden: &Hidden,
) -> Result<()> {
    let by_record = !judged(context, meta).is_empty();
    for (position, (record, row)) in records.iter_mut().zip(rows).enumerate() {
        record.set_stored(row, if by_record { hidden.of(position) } else { FieldMask::NONE })?;
    }
    Ok(())
}

/// What handlers make of an operation; nothing, where none is for it.
type Handled<'a, T> = Option<BoxFuture<'a, Result<T>>>;

/// Passes a record of the entity: what a handler answers may be of any.
fn is_of(meta: &EntityMeta, record: &dyn AnyRecord) -> Result<()> {
    if std::ptr::eq(record.meta(), meta) {
        return Ok(());
    }
    Err(Error::internal(format!(
        "a handler answered a record of {} where one of {} was asked for",
        record.meta().key,
        meta.key
    )))
}

/// As [`is_of`], of each.
fn are_of(meta: &EntityMeta, records: &[Box<dyn AnyRecord>]) -> Result<()> {
    records.iter().try_for_each(|record| is_of(meta, &**record))
}

/// Runs an operation that writes, with its handlers, in one transaction. `asked` guards what is asked for, reads what handlers
/// are to see of it, and says which values the asker has sent; `operation` is asked with what they have made of that, in a part of the transaction where somebody looks back,
/// so that of an operation that failed nothing is left. Whoever answers, the answer has to be one that `fits`, or nothing is written.
async fn written<V: Event, A, O>(
    context: &Context,
    meta: Option<&'static EntityMeta>,
    chain: Arc<Chain<V>>,
    asked: impl FnOnce(Context) -> A,
    operation: impl FnOnce(Context, Trusted, V::What<Any>) -> O,
    fits: impl Fn(&V::Answer<Any>) -> Result<()>,
) -> Outcome<V, Any>
where
    A: Future<Output = Result<(V::What<Any>, Vec<Patch>)>>,
    O: Future<Output = Outcome<V, Any>>,
{
    let mut later = Later::default();
    let work = async |inside: Context| {
        let (what, sent) = asked(inside.clone()).await?;
        let mut in_hand = Some(chain.request(&inside, meta, what));
        if let Next::Answer(answer) = chain.before(&mut in_hand).await? {
            fits(&answer)?;
            return Ok(answer);
        }
        let request = taken(&mut in_hand)?;
        let (fields, what) = request.parts();
        let trusted = Trusted { fields, sent };
        let outcome = if chain.looks_back() {
            let what = what.clone();
            inside.transaction(async |part| operation(part, trusted, what).await).await
        } else {
            operation(inside, trusted, what.clone()).await
        };
        let answer = chain.after(Some(request), outcome, &mut later).await?;
        fits(&answer)?;
        Ok(answer)
    };
    let is_new = match V::KIND {
        EventKind::Create => Some(true),
        EventKind::Update => Some(false),
        _ => None,
    };
    let write = meta.zip(is_new).map(|(meta, is_new)| RowWrite { meta, is_new });
    let outcome = context.transaction_of_row(write, work).await;
    later.begin(context, outcome.is_ok());
    outcome
}

/// Runs an operation that only reads, with its handlers. No transaction is opened for it. Beside the answer it tells what is `noted` of
/// what before handlers have made of the request.
async fn answered<V: Event, N, O>(
    context: &Context,
    chain: &Chain<V>,
    request: Request<V, Any>,
    note: impl Fn(&V::What<Any>) -> N,
    operation: impl FnOnce(V::What<Any>) -> O,
) -> Result<(N, V::Answer<Any>)>
where
    O: Future<Output = Outcome<V, Any>>,
{
    let mut in_hand = Some(request);
    let next = chain.before(&mut in_hand).await?;
    let request = taken(&mut in_hand)?;
    let what = request.parts().1;
    let noted = note(what);
    if let Next::Answer(answer) = next {
        return Ok((noted, answer));
    }
    let outcome = operation(what.clone()).await;
    let mut later = Later::default();
    let outcome = chain.after(Some(request), outcome, &mut later).await;
    later.begin(context, outcome.is_ok());
    Ok((noted, outcome?))
}

/// What of the values that are to be written is the server's.
struct Trusted {
    /// The fields in which handlers set what they answer for.
    fields: FieldMask,
    /// What the asker has sent of each row: that stays theirs.
    sent: Vec<Patch>,
}

impl Trusted {
    /// Of the values of one row those that the asker is judged by, and those of the server.
    fn part(&self, values: Patch) -> (Patch, Patch) {
        self.parts(vec![values]).pop().unwrap_or_default()
    }

    /// As [`Trusted::part`], of each row. What was sent is told by the position of the row.
    fn parts(&self, rows: Vec<Patch>) -> Vec<(Patch, Patch)> {
        if self.fields.is_empty() {
            return rows.into_iter().map(|values| (values, Patch::new())).collect();
        }
        // Handlers may move rows: what is no longer where it was sent is the asker's wherever it is now.
        let moved: Patch = self
            .sent
            .iter()
            .enumerate()
            .flat_map(|(position, sent)| {
                let now = rows.get(position);
                let is_gone = move |one: &&(usize, Value)| !now.is_some_and(|values| values.contains(one));
                sent.iter().filter(|(field, _)| self.fields.contains(*field)).filter(is_gone).cloned()
            })
            .collect();
        let part = |(position, values): (usize, Patch)| {
            let sent = self.sent.get(position);
            let is_sent = |one: &(usize, Value)| sent.is_some_and(|sent| sent.contains(one)) || moved.contains(one);
            values.into_iter().partition(|one| !self.fields.contains(one.0) || is_sent(one))
        };
        rows.into_iter().enumerate().map(part).collect()
    }

    /// Of the values of each row those that handlers have put there, where records judge any of them: nothing, where none does.
    fn put(&self, meta: &EntityMeta, rows: &[Patch]) -> Vec<Patch> {
        if !rows.iter().any(|values| permitted::needs_record(meta, values)) {
            return Vec::new();
        }
        let of_all = Self { fields: meta.all_fields(), sent: self.sent.clone() };
        of_all.parts(rows.to_vec()).into_iter().map(|(_, put)| put).collect()
    }
}

/// Passes values that the asker may write: what they sent that they may not was left out before, so all else is a handler's.
pub(super) fn may_write(context: &Context, meta: &EntityMeta, values: &Patch, writable: FieldMask) -> Result<()> {
    let Some((field, _)) = values.iter().find(|(field, _)| !writable.contains(*field)) else { return Ok(()) };
    let name = meta.fields.get(*field).map_or("", |field| field.wire);
    tracing::warn!(
        entity = meta.key,
        field = name,
        "a handler set a field that the asker may not write: `request.trust(…)` says that it is the server's"
    );
    Err(guard::refusal(context.identity(), &format!("set \"{name}\" of {}", meta.key)))
}
