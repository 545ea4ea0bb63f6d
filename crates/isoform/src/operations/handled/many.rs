//! Writes of many rows around which handlers run, and batches.

use std::mem::Discriminant;

use super::write::new_values;
use super::{Handled, Trusted, are_of, may_write, shown, written};
use crate::bulk::{Step, UpsertRow, Which, in_row, in_step};
use crate::context::Context;
use crate::guard::{self, Write};
use crate::handlers::{
    Any, Changes, CreateMany, Items, Many, RemoveMany, Rows, RunBatch, Several, Steps, UpdateMany, UpsertMany, Upserts,
};
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::body::accepted;
use crate::operations::bulk::{
    self, Beside, Rows as Guarded, delete_many_as, given, insert_patches_as, run_batch, update_many_as, upsert_many_as,
    what_is_set,
};
use crate::operations::{Done, Patch, lazy, may_relate, permitted, resolve};
use crate::record::AnyRecord;
use crate::value::Row;
use crate::{Error, Result};

/// New rows.
pub(in crate::operations) fn create_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    patches: &[Patch],
) -> Handled<'a, Vec<Box<dyn AnyRecord>>> {
    let chain = context.handled::<CreateMany>(meta)?;
    let patches = patches.to_vec();
    Some(Box::pin(async move {
        guard::write(meta, context.identity(), Write::Insert)?;
        given(context, patches.len(), "insert")?;
        let count = patches.len();
        let item = |(position, mut patch): (usize, Patch)| {
            bulk::may_write(context, meta, &mut patch);
            let (item, _) =
                permitted::new_record(context, meta, patch).map_err(|error| in_row(error, position, count))?;
            guard::write_record(context.identity(), Write::Insert, &*item)?;
            Ok(item)
        };
        let items = patches.into_iter().enumerate().map(item).collect::<Result<Vec<_>>>()?;
        let sent = items.iter().map(|item| what_is_set(&**item)).collect();
        let operation = async |part: Context, trusted: Trusted, asked: Items<Any>| {
            are_of(meta, &asked.items)?;
            let values = trusted.parts(asked.items.iter().map(|item| what_is_set(&**item)).collect());
            let values = values.into_iter().map(|values| new_values(&part, meta, values));
            let (values, trusted) = values.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            insert_patches_as(&part, meta, values, trusted).await
        };
        let asked = async |_| Ok((Items { items }, sent));
        written(context, Some(meta), chain, asked, operation, |records| are_of(meta, records)).await
    }))
}

/// New typed records, as they may be answered, and how many of them hooks have let be written.
pub(crate) fn inserted<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    new: &[&dyn AnyRecord],
) -> Handled<'a, (Vec<Box<dyn AnyRecord>>, u64)> {
    // Without a handler nothing is asked of each record.
    context.handled::<CreateMany>(meta)?;
    let patches: Vec<_> = new.iter().map(|record| what_is_set(*record)).collect();
    let created = create_many(context, meta, &patches)?;
    Some(Box::pin(async move {
        let mut records = created.await?;
        let inserted = bulk::how_many(&records);
        let sent = patches.iter().map(|patch| patch.iter().map(|(field, _)| *field).collect());
        for (record, sent) in records.iter_mut().zip(sent.chain(std::iter::repeat(FieldMask::NONE))) {
            let unsent = lazy::unsent(context, meta, sent);
            let mut row = record.row();
            lazy::leave_out(unsent, std::slice::from_mut(&mut row));
            let mut answered = (meta.new_record)();
            answered.set_stored(row, record.state().hidden())?;
            *record = shown(context, &*answered, meta.all_fields())?;
        }
        Ok((records, inserted))
    }))
}

/// A change of the rows that a filter finds. What was `put` among its values is a handler's of the batch around it.
pub(in crate::operations) fn update_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    which: &Which,
    patch: &Patch,
    put: &Patch,
) -> Handled<'a, u64> {
    let chain = context.handled::<UpdateMany>(meta)?;
    let (which, mut patch, put) = (which.clone(), patch.clone(), put.clone());
    Some(Box::pin(async move {
        Guarded::guarded(context, meta, which.clone(), Write::Update).await?;
        let writable = guard::writable_fields(meta, context.identity()).without(meta.id_fields());
        patch.retain(|(field, _)| writable.contains(*field));
        let sent = vec![without(&patch, &put)];
        let asked = Many { rows: Rows::of(which), set: Changes::new(patch) };
        let operation = async |part: Context, trusted: Trusted, asked: Many<Any>| {
            let filter = resolve::trusted(&part, meta, asked.rows.trusted.clone()).await?;
            let (values, set) = trusted.part(asked.set.values);
            may_write(&part, meta, &values, writable)?;
            let put = trusted.put(meta, std::slice::from_ref(&values)).pop().unwrap_or_default();
            update_many_as(&part, meta, asked.rows.which(), values, bulk::Added { filter, set, put }).await
        };
        written(context, Some(meta), chain, async |_| Ok((asked, sent)), operation, |_| Ok(())).await
    }))
}

/// The end of the rows that a filter finds.
pub(in crate::operations) fn remove_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    which: &Which,
) -> Handled<'a, u64> {
    let chain = context.handled::<RemoveMany>(meta)?;
    let which = which.clone();
    Some(Box::pin(async move {
        Guarded::guarded(context, meta, which.clone(), Write::Delete).await?;
        let asked = Several { rows: Rows::of(which) };
        let operation = async |part: Context, _, asked: Several<Any>| {
            let beside = resolve::trusted(&part, meta, asked.rows.trusted.clone()).await?;
            delete_many_as(&part, meta, asked.rows.which(), beside).await
        };
        written(context, Some(meta), chain, async |_| Ok((asked, Vec::new())), operation, |_| Ok(())).await
    }))
}

/// Values without those that were put among them.
fn without(values: &Patch, put: &Patch) -> Patch {
    values.iter().filter(|one| !put.contains(one)).cloned().collect()
}

/// Rows that are changed or made. What was `put` among the values of each is a handler's of the batch around it.
pub(in crate::operations) fn upsert_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    list: &[UpsertRow],
    put: &[Patch],
) -> Handled<'a, Vec<Row>> {
    let chain = context.handled::<UpsertMany>(meta)?;
    let (mut rows, put) = (list.to_vec(), put.to_vec());
    Some(Box::pin(async move {
        let identity = context.identity();
        guard::write(meta, identity, Write::Insert).or_else(|_| guard::write(meta, identity, Write::Update))?;
        given(context, rows.len(), "upsert")?;
        let (readable, writable) = (guard::readable_fields(meta, identity), guard::writable_fields(meta, identity));
        for row in &mut rows {
            guard::asks_only(meta, readable, row.condition(meta)?.fields())?;
            if let Some(set) = &mut row.set {
                set.retain(|(field, _)| writable.contains(*field));
            }
        }
        let put = put.into_iter().chain(std::iter::repeat_with(Patch::new));
        let sent =
            rows.iter().zip(put).map(|(row, put)| row.set.as_ref().map_or_else(Patch::new, |set| without(set, &put)));
        let sent = sent.collect();
        let asked = Upserts { rows, view: std::marker::PhantomData };
        let operation = async |part: Context, trusted: Trusted, asked: Upserts<Any>| {
            let mut rows = asked.rows;
            let values = rows.iter_mut().map(|row| row.set.take().unwrap_or_default()).collect();
            let (values, servers): (Vec<_>, Vec<_>) = trusted.parts(values).into_iter().unzip();
            let put = trusted.put(meta, &values);
            for (row, values) in rows.iter_mut().zip(values) {
                may_write(&part, meta, &values, writable)?;
                row.set = (!values.is_empty()).then_some(values);
            }
            let rows = upsert_many_as(&part, meta, rows, Beside { trusted: servers, put }).await?;
            rows.into_iter().map(|row| stored(meta, row)).collect()
        };
        let asked = async |_| Ok((asked, sent));
        let records = written(context, Some(meta), chain, asked, operation, |records| are_of(meta, records)).await?;
        Ok(records.iter().map(|record| record.row()).collect())
    }))
}

/// The record of a row as it is in the table.
pub(super) fn stored(meta: &EntityMeta, row: Row) -> Result<Box<dyn AnyRecord>> {
    let mut record = (meta.new_record)();
    record.set_stored(row, FieldMask::NONE)?;
    Ok(record)
}

/// Several writes in one transaction.
pub(in crate::operations) fn batch<'a>(
    context: &'a Context,
    steps: &[(&'static EntityMeta, Step)],
    told: &'a (dyn Fn(&'static EntityMeta, Error) -> Error + Sync),
) -> Handled<'a, Vec<Done>> {
    let chain = context.handled_everywhere::<RunBatch>()?;
    let mut steps = steps.to_vec();
    Some(Box::pin(async move {
        given(context, steps.len(), "batch")?;
        for (position, (meta, step)) in steps.iter_mut().enumerate() {
            may(context, meta, step).map_err(|error| in_step(told(meta, error), position))?;
            leave_out(context, meta, step);
        }
        let asked: Vec<_> = steps.iter().map(|(meta, step)| Asked::of(meta, step)).collect();
        let operation = async |part: Context, _, mut now: Steps| {
            let same = |(one, (meta, step)): (&Asked, &(&EntityMeta, Step))| {
                std::ptr::eq(one.meta, *meta) && one.kind == std::mem::discriminant(step)
            };
            if asked.len() != now.steps.len() || !asked.iter().zip(&now.steps).all(same) {
                return Err(Error::internal(
                    "a handler of a batch changed what is done to which entity: it may change values, and write by itself",
                ));
            }
            let mut put = Vec::with_capacity(asked.len());
            for (position, (one, (meta, step))) in asked.iter().zip(&mut now.steps).enumerate() {
                may_set(&part, meta, step).map_err(|error| in_step(told(meta, error), position))?;
                put.push(one.put(step));
            }
            run_batch(&part, now.steps, put, told).await
        };
        let fits = |done: &Vec<Done>| {
            if asked.len() == done.len() && asked.iter().zip(done).all(|(one, done)| one.is_answered_by(done)) {
                return Ok(());
            }
            Err(Error::internal("a handler of a batch answered something else than what came of its steps"))
        };
        written(context, None, chain, async |_| Ok((Steps { steps }, Vec::new())), operation, fits).await
    }))
}

/// A step of a batch, as it was asked for.
struct Asked {
    meta: &'static EntityMeta,
    kind: Discriminant<Step>,
    answer: Answer,
    /// The values for stored rows: of each that it names, or of all.
    sent: Vec<Patch>,
}

/// What can come of a step.
enum Answer {
    Row,
    Rows,
    Count,
    Deletion,
}

impl Asked {
    fn of(meta: &'static EntityMeta, step: &Step) -> Self {
        let answer = match step {
            Step::Insert(_) | Step::Update(..) => Answer::Row,
            Step::InsertMany(_) | Step::UpsertMany(_) => Answer::Rows,
            Step::UpdateMany(..) | Step::DeleteMany(_) | Step::Relate(_) => Answer::Count,
            Step::Delete(_) => Answer::Deletion,
        };
        Self { meta, kind: std::mem::discriminant(step), answer, sent: for_stored(step) }
    }

    /// Of the values for stored rows those that handlers have put there.
    fn put(&self, step: &Step) -> Vec<Patch> {
        Trusted { fields: FieldMask::NONE, sent: self.sent.clone() }.put(self.meta, &for_stored(step))
    }

    /// Can this have come of it? Rows of another entity would be shown by the wrong rights.
    fn is_answered_by(&self, done: &Done) -> bool {
        let is_whole = |row: &Row| row.len() == self.meta.fields.len();
        match (&self.answer, done) {
            (Answer::Row, Done::Row(row)) => is_whole(row),
            (Answer::Rows, Done::Rows(rows)) => rows.iter().all(is_whole),
            (Answer::Count, Done::Count(_)) | (Answer::Deletion, Done::Deleted | Done::Count(0)) => true,
            (Answer::Row | Answer::Rows | Answer::Count | Answer::Deletion, _) => false,
        }
    }
}

/// The values that a step has for rows that may be there: those that no stored row judges were passed before.
fn for_stored(step: &Step) -> Vec<Patch> {
    match step {
        Step::Update(_, values) | Step::UpdateMany(_, values) => vec![values.clone()],
        Step::UpsertMany(rows) => rows.iter().map(|row| row.set.clone().unwrap_or_default()).collect(),
        Step::Insert(_) | Step::InsertMany(_) | Step::Delete(_) | Step::DeleteMany(_) | Step::Relate(_) => Vec::new(),
    }
}

/// The values that a step sets.
fn values_of(step: &mut Step) -> Vec<&mut Patch> {
    match step {
        Step::Insert(values) | Step::Update(_, values) | Step::UpdateMany(_, values) => vec![values],
        Step::InsertMany(rows) => rows.iter_mut().collect(),
        Step::UpsertMany(rows) => rows.iter_mut().filter_map(|row| row.set.as_mut()).collect(),
        Step::Delete(_) | Step::DeleteMany(_) | Step::Relate(_) => Vec::new(),
    }
}

/// Each list of values that a step sets, with the fields that the asker may set there, as far as no stored row judges them.
fn with_settable<'a>(
    context: &Context,
    meta: &'static EntityMeta,
    step: &'a mut Step,
) -> impl Iterator<Item = (&'a mut Patch, FieldMask)> {
    let is_new = matches!(step, Step::Insert(_) | Step::InsertMany(_));
    let settable = match step {
        Step::Update(..) => accepted(context, meta).without(meta.id_fields()),
        Step::UpdateMany(..) => guard::writable_fields(meta, context.identity()).without(meta.id_fields()),
        _ => guard::writable_fields(meta, context.identity()),
    };
    values_of(step).into_iter().map(move |values| {
        if !is_new || !permitted::needs_record(meta, values) {
            return (values, settable);
        }
        let known: Patch = values.iter().filter(|(field, _)| settable.contains(*field)).cloned().collect();
        match permitted::new_record(context, meta, known) {
            Ok((_, permitted)) => (values, settable.and(permitted)),
            // The step itself says what does not fit.
            Err(_) => (values, settable),
        }
    })
}

/// What the asker has sent and may not write is passed over, as in a batch without handlers.
fn leave_out(context: &Context, meta: &'static EntityMeta, step: &mut Step) {
    for (values, settable) in with_settable(context, meta, step) {
        values.retain(|(field, _)| settable.contains(*field));
    }
}

/// Passes a step whose values the asker may write: all others are a handler's.
fn may_set(context: &Context, meta: &'static EntityMeta, step: &mut Step) -> Result<()> {
    with_settable(context, meta, step).try_for_each(|(values, settable)| may_write(context, meta, values, settable))
}

/// Passes whoever may do such a step to some row at least.
fn may(context: &Context, meta: &EntityMeta, step: &Step) -> Result<()> {
    let may = |write| guard::write(meta, context.identity(), write);
    match step {
        Step::Insert(_) | Step::InsertMany(_) => may(Write::Insert),
        Step::Update(..) | Step::UpdateMany(..) => may(Write::Update),
        Step::Delete(_) | Step::DeleteMany(_) => may(Write::Delete),
        Step::UpsertMany(_) => may(Write::Insert).or_else(|_| may(Write::Update)),
        Step::Relate(asked) => may_relate(context, meta, asked),
    }
}
