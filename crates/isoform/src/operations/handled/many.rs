//! Writes of many rows around which handlers run, and batches.

use super::write::new_values;
use super::{Handled, Trusted, are_of, may_write, shown, written};
use crate::bulk::{Step, UpsertRow, Which, in_row, in_step};
use crate::context::Context;
use crate::guard::{self, Write};
use crate::handlers::{
    Any, Changes, CreateMany, Items, Many, RemoveMany, Rows, RunBatch, Several, Steps, UpdateMany, UpsertMany, Upserts,
};
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::bulk::{
    self, Rows as Guarded, delete_many_as, given, insert_patches_as, run_batch, update_many_as, upsert_many_as,
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
            let values = asked.items.iter().map(|item| new_values(&part, meta, &**item, &trusted));
            let (values, trusted) = values.collect::<Result<Vec<_>>>()?.into_iter().unzip();
            insert_patches_as(&part, meta, values, trusted).await
        };
        let records = written(context, Some(meta), chain, async |_| Ok((Items { items }, sent)), operation).await?;
        are_of(meta, &records)?;
        Ok(records)
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

/// A change of the rows that a filter finds.
pub(in crate::operations) fn update_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    which: &Which,
    patch: &Patch,
) -> Handled<'a, u64> {
    let chain = context.handled::<UpdateMany>(meta)?;
    let (which, mut patch) = (which.clone(), patch.clone());
    Some(Box::pin(async move {
        Guarded::guarded(context, meta, which.clone(), Write::Update).await?;
        let writable = guard::writable_fields(meta, context.identity()).without(meta.id_fields());
        patch.retain(|(field, _)| writable.contains(*field));
        let sent = vec![patch.clone()];
        let asked = Many { rows: Rows::of(which), set: Changes::new(patch) };
        let operation = async |part: Context, trusted: Trusted, asked: Many<Any>| {
            let filter = resolve::trusted(&part, meta, asked.rows.trusted.clone()).await?;
            let (values, set) = trusted.part(asked.set.values);
            may_write(&part, meta, &values, writable)?;
            update_many_as(&part, meta, asked.rows.which(), values, bulk::Trusted { filter, set }).await
        };
        written(context, Some(meta), chain, async |_| Ok((asked, sent)), operation).await
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
        written(context, Some(meta), chain, async |_| Ok((asked, Vec::new())), operation).await
    }))
}

/// Rows that are changed or made.
pub(in crate::operations) fn upsert_many<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    list: &[UpsertRow],
) -> Handled<'a, Vec<Row>> {
    let chain = context.handled::<UpsertMany>(meta)?;
    let mut rows = list.to_vec();
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
        let sent = rows.iter().map(|row| row.set.clone().unwrap_or_default()).collect();
        let asked = Upserts { rows, view: std::marker::PhantomData };
        let operation = async |part: Context, trusted: Trusted, asked: Upserts<Any>| {
            let mut rows = asked.rows;
            let mut servers = Vec::with_capacity(rows.len());
            for row in &mut rows {
                let (values, server) = trusted.part(row.set.take().unwrap_or_default());
                may_write(&part, meta, &values, writable)?;
                row.set = (!values.is_empty()).then_some(values);
                servers.push(server);
            }
            let rows = upsert_many_as(&part, meta, rows, servers).await?;
            rows.into_iter().map(|row| stored(meta, row)).collect()
        };
        let records = written(context, Some(meta), chain, async |_| Ok((asked, sent)), operation).await?;
        are_of(meta, &records)?;
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
    let steps = steps.to_vec();
    Some(Box::pin(async move {
        given(context, steps.len(), "batch")?;
        for (position, (meta, step)) in steps.iter().enumerate() {
            may(context, meta, step).map_err(|error| in_step(told(meta, error), position))?;
        }
        let kinds: Vec<_> = steps.iter().map(|(meta, step)| (*meta, std::mem::discriminant(step))).collect();
        let operation = async |part: Context, _, asked: Steps| {
            let now = asked.steps.iter().map(|(meta, step)| (*meta, std::mem::discriminant(step)));
            let same = |((one, kind), (other, now)): (&(&EntityMeta, _), (&EntityMeta, _))| {
                std::ptr::eq(*one, other) && *kind == now
            };
            if asked.steps.len() != kinds.len() || !kinds.iter().zip(now).all(same) {
                return Err(Error::internal(
                    "a handler of a batch changed what is done to which entity: it may change values, and write by itself",
                ));
            }
            run_batch(&part, asked.steps, told).await
        };
        let done = written(context, None, chain, async |_| Ok((Steps { steps }, Vec::new())), operation).await?;
        fits(&kinds.iter().map(|(meta, _)| *meta).collect::<Vec<_>>(), &done)?;
        Ok(done)
    }))
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

/// Passes what can have come of the steps: rows of another entity would be shown by the wrong rights.
fn fits(entities: &[&'static EntityMeta], done: &[Done]) -> Result<()> {
    let fits = |(meta, done): (&&EntityMeta, &Done)| match done {
        Done::Row(row) => row.len() == meta.fields.len(),
        Done::Rows(rows) => rows.iter().all(|row| row.len() == meta.fields.len()),
        Done::Count(_) | Done::Deleted => true,
    };
    if entities.len() == done.len() && entities.iter().zip(done).all(fits) {
        return Ok(());
    }
    Err(Error::internal("a handler of a batch answered something else than what came of its steps"))
}
