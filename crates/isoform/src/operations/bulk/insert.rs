//! New rows, many at once.

use std::mem::take;

use serde_json::{Map, Value as JsonValue};

use super::{given, may_write};
use crate::Result;
use crate::bulk::in_row;
use crate::context::{Context, Scope};
use crate::guard::{self, Write};
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::handled;
use crate::operations::hidden::conceal;
use crate::operations::kept;
use crate::operations::lazy;
use crate::operations::permitted;
use crate::operations::store::{give_id, ready_row, store_inside, store_many, was_written};
use crate::operations::write::{Reach, apply};
use crate::operations::{Patch, read_patch};
use crate::operations::{prefilter, references};
use crate::record::AnyRecord;
use crate::value::Row;

/// Inserts rows from bodies, all or none; answers them in the same order, and how many are in the table now: a hook may have kept some
/// out of it, which are answered as they would have been.
///
/// # Errors
/// 400 with the row and messages at fields, or for too many rows; 401, 403, 409. Nothing is inserted then.
pub async fn insert_bodies(
    context: &Context,
    meta: &'static EntityMeta,
    bodies: &[Map<String, JsonValue>],
) -> Result<(Vec<Row>, u64)> {
    guard::write(meta, context.identity(), Write::Insert)?;
    given(context, bodies.len(), "insert")?;
    let writable = guard::writable_fields(meta, context.identity());
    let patches = bodies.iter().enumerate().map(|(position, body)| {
        read_patch(meta, body, writable).map_err(|error| in_row(error, position, bodies.len()))
    });
    let records = insert_patches(context, meta, patches.collect::<Result<_>>()?).await?;
    Ok((records.iter().map(|record| record.row()).collect(), how_many(&records)))
}

/// How many of some new records hooks have let be written.
pub(in crate::operations) fn how_many(records: &[Box<dyn AnyRecord>]) -> u64 {
    records.iter().filter(|record| was_written(&***record)).count() as u64
}

/// Inserts rows with these values, all or none: guarded in scope `Api`, trusted in scope `Backend`.
pub(super) async fn insert_patches(
    context: &Context,
    meta: &'static EntityMeta,
    patches: Vec<Patch>,
) -> Result<Vec<Box<dyn AnyRecord>>> {
    match handled::create_many(context, meta, &patches) {
        Some(handled) => handled.await,
        None => insert_patches_as(context, meta, patches, Vec::new()).await,
    }
}

/// As [`insert_patches`], without handlers; `trusted` are values of the server, for each row, where there are any.
pub(in crate::operations) async fn insert_patches_as(
    context: &Context,
    meta: &'static EntityMeta,
    patches: Vec<Patch>,
    trusted: Vec<Patch>,
) -> Result<Vec<Box<dyn AnyRecord>>> {
    let guarded = context.scope() == Scope::Api;
    if guarded {
        guard::write(meta, context.identity(), Write::Insert)?;
    }
    given(context, patches.len(), "insert")?;
    let count = patches.len();
    let record = |(position, mut patch): (usize, Patch)| {
        if !guarded {
            let mut record = (meta.new_record)();
            apply(&mut *record, patch).map_err(|error| in_row(error, position, count))?;
            return Ok((record, FieldMask::NONE));
        }
        may_write(context, meta, &mut patch);
        let new = permitted::new_record(context, meta, patch).map_err(|error| in_row(error, position, count))?;
        guard::write_record(context.identity(), Write::Insert, &*new.0)?;
        Ok(new)
    };
    let new = patches.into_iter().enumerate().map(record).collect::<Result<Vec<_>>>()?;
    let (mut records, written): (Vec<_>, Vec<_>) = new.into_iter().unzip();
    if guarded {
        let written: Vec<_> = records.iter().map(|record| &**record).zip(written.iter().copied()).collect();
        references::reachable(context, context, meta, &written).await?;
    }
    for (record, trusted) in records.iter_mut().zip(trusted) {
        apply(&mut **record, trusted)?;
    }
    let mut all: Vec<&mut dyn AnyRecord> = Vec::with_capacity(count);
    for record in &mut records {
        all.push(&mut **record);
    }
    if guarded {
        // Hooks may set what the filter asks for, so the filter is asked last.
        let filter = prefilter::reach(context, meta).await?;
        let reach = Reach { asker: context, filter: &filter };
        if let Err(error) = insert_all(&context.with_scope(Scope::Backend), meta, &mut all, Some(reach)).await {
            let written: Vec<_> = records.iter().map(|record| &**record).zip(written).collect();
            return Err(references::named(error, context, meta, &written).await);
        }
    } else {
        insert_trusted(context, meta, &mut all).await?;
    }
    Ok(records)
}

/// What somebody has set of a new record.
pub(in crate::operations) fn what_is_set(record: &dyn AnyRecord) -> Patch {
    let fields = record.changed_fields().without(record.state().hidden);
    fields.iter().map(|index| (index, record.get(index))).collect()
}

async fn insert_trusted(
    context: &Context,
    meta: &'static EntityMeta,
    records: &mut [&mut dyn AnyRecord],
) -> Result<()> {
    let Err(error) = insert_all(context, meta, records, None).await else { return Ok(()) };
    let written: Vec<_> = records.iter().map(|record| (&**record, meta.all_fields())).collect();
    Err(references::named(error, context, meta, &written).await)
}

/// Inserts typed records, all or none: guarded in scope `Api`, where only what is set counts, and trusted in scope `Backend`.
/// Afterwards they are as they are in the table. Answers how many hooks have let be written.
pub(crate) async fn insert_records(
    context: &Context,
    meta: &'static EntityMeta,
    mut records: Vec<&mut dyn AnyRecord>,
) -> Result<u64> {
    if context.scope() == Scope::Backend {
        insert_trusted(context, meta, &mut records).await?;
        let mut inserted = 0;
        for record in records {
            // Only who counts asks for it.
            inserted += u64::from(!take(&mut record.state_mut().is_prevented));
        }
        return Ok(inserted);
    }
    let patches: Vec<_> = records.iter().map(|record| what_is_set(&**record)).collect();
    let sent: Vec<FieldMask> = patches.iter().map(|patch| patch.iter().map(|(field, _)| *field).collect()).collect();
    let stored = insert_patches_as(context, meta, patches, Vec::new()).await?;
    let inserted = how_many(&stored);
    let mut rows: Vec<_> = stored.iter().map(|record| record.row()).collect();
    let hidden = conceal(context, meta, guard::readable_fields(meta, context.identity()), &mut rows)?;
    for (position, ((record, mut row), sent)) in records.into_iter().zip(rows).zip(sent).enumerate() {
        lazy::leave_out(lazy::unsent(context, meta, sent), std::slice::from_mut(&mut row));
        record.set_stored(row, hidden.of(position))?;
    }
    Ok(inserted)
}

/// Do the rows go to the table together? Hooks see one after the other.
fn at_once(meta: &EntityMeta) -> bool {
    // What the database makes of a row is read back after each.
    !meta.hooks_around_save() && meta.counted_id().is_none() && meta.written_fields() == meta.all_fields()
}

async fn insert_all(
    context: &Context,
    meta: &'static EntityMeta,
    records: &mut [&mut dyn AnyRecord],
    reach: Option<Reach<'_>>,
) -> Result<()> {
    meta.writable()?;
    let count = records.len();
    if !at_once(meta) || reach.is_some_and(|reach| reach.is_late(meta)) {
        let work = async |inside: Context| {
            if meta.hooks.saving_many {
                return store_many(&inside, meta, records, reach).await;
            }
            for (position, record) in records.iter_mut().enumerate() {
                let stored = store_inside(&inside, &mut **record, reach, false).await;
                stored.map_err(|error| in_row(error, position, count))?;
            }
            Ok(())
        };
        return context.transaction(work).await;
    }
    let work = async |inside: Context| {
        let mut rows = Vec::with_capacity(count);
        for (position, record) in records.iter_mut().enumerate() {
            rows.push(made(&inside, &mut **record, reach).await.map_err(|error| in_row(error, position, count))?);
        }
        inside.database()?.insert_many(meta, &rows).await
    };
    if count > 0 {
        context.transaction(work).await?;
    }
    records.iter_mut().for_each(|record| record.mark_stored());
    Ok(())
}

/// The row of a new record, with its id and its stamps, valid and judged.
async fn made(inside: &Context, record: &mut dyn AnyRecord, reach: Option<Reach<'_>>) -> Result<Row> {
    give_id(record)?;
    kept::give(inside, record)?;
    record.state_mut().errors.clear();
    ready_row(inside, record, reach).await
}
