//! Guarded writes: each is judged by the stored and by the resulting record.

use serde_json::{Map, Value as JsonValue};

use super::ask::hide;
use super::body::{accepted, read_patch};
use super::store::{remove, store};
use super::{Patch, by_id, computed, load, not_found, now, stale};
use crate::backend::RowInfo;
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard::{self, Write};
use crate::meta::{EntityMeta, FieldMask, FieldRole};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::value::{Row, Value};
use crate::{Error, Result, json, validate};

/// Inserts a row from a body; answers it as it is in the table.
///
/// # Errors
/// 400 with messages at fields, 401, 403, 409.
pub async fn insert_body(context: &Context, meta: &'static EntityMeta, body: &Map<String, JsonValue>) -> Result<Row> {
    guard::write(meta, context.identity(), Write::Insert)?;
    let patch = read_patch(meta, body, guard::writable_fields(meta, context.identity()))?;
    Ok(insert(context, meta, patch).await?.row())
}

/// Inserts rows from bodies, all or none; answers them in the same order.
///
/// # Errors
/// As [`insert_body`]; nothing is inserted then.
pub async fn insert_bodies(
    context: &Context,
    meta: &'static EntityMeta,
    bodies: &[Map<String, JsonValue>],
) -> Result<Vec<Row>> {
    guard::write(meta, context.identity(), Write::Insert)?;
    let in_transaction = async |inside: Context| {
        let mut rows = Vec::with_capacity(bodies.len());
        for body in bodies {
            rows.push(insert_body(&inside, meta, body).await?);
        }
        Ok(rows)
    };
    context.transaction(in_transaction).await
}

/// Inserts a row for the identity of a context.
async fn insert(context: &Context, meta: &'static EntityMeta, patch: Patch) -> Result<Box<dyn AnyRecord>> {
    let mut record = (meta.new_record)();
    apply(&mut *record, patch)?;
    guard::write_record(context.identity(), Write::Insert, &*record)?;
    let filter = guard::api_filter(meta, context.identity());
    // Hooks may set what the filter asks for, so the filter is asked last.
    let late = names_made_fields(meta, &filter);
    let judge = |record: &dyn AnyRecord| if late { Ok(()) } else { within(context, &filter, record) };
    let trusted = context.with_scope(Scope::Backend);
    if !late {
        store(&trusted, &mut *record, &judge, !context.in_transaction()).await?;
        return Ok(record);
    }
    let in_transaction = async |inside: Context| {
        store(&inside, &mut *record, &judge, false).await?;
        within(context, &filter, &*record)
    };
    trusted.transaction(in_transaction).await?;
    Ok(record)
}

/// Asks the API's filter about what is known only once the row was written?
fn names_made_fields(meta: &EntityMeta, filter: &Condition) -> bool {
    !filter.fields().and(meta.database_fields()).is_empty()
}

/// Passes a record that the API's filter lets its writer see.
fn within(context: &Context, filter: &Condition, record: &dyn AnyRecord) -> Result<()> {
    if filter.matches(&|index| record.get(index)) {
        Ok(())
    } else {
        Err(guard::refusal(context.identity(), &format!("put a row of {} out of your own reach", record.meta().key)))
    }
}

fn apply(record: &mut dyn AnyRecord, patch: Patch) -> Result<()> {
    let meta = record.meta();
    for (index, value) in patch {
        if meta.version == Some(index) {
            continue;
        }
        record.set(index, value).map_err(|error| validate::error(meta, std::iter::once((index, error.0.as_str()))))?;
    }
    Ok(())
}

/// Changes a row from a body; answers it as it is in the table then.
///
/// Where no hook, rule on the record or filter needs the row, this is one statement.
///
/// # Errors
/// 400 with messages at fields, 401, 403, 404; 409 where the body carries a stale version.
pub async fn update_body(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Value,
    body: &Map<String, JsonValue>,
) -> Result<Row> {
    guard::write(meta, context.identity(), Write::Update)?;
    let mut patch = read_patch(meta, body, accepted(context, meta))?;
    patch.retain(|(index, _)| *index != meta.id);
    let filter = guard::api_filter(meta, context.identity());
    let stamped = meta.fields.iter().enumerate().filter(|(_, field)| field.is_made()).map(|(index, _)| index);
    let written: FieldMask = patch.iter().map(|(index, _)| *index).chain(stamped).collect();
    let needs_row = guard::needs_record(meta, Write::Update)
        || meta.hooks_around_save()
        || !filter.fields().and(written).is_empty();
    if needs_row {
        return Ok(update(context, meta, id, patch).await?.row());
    }
    update_at_once(context, meta, id, filter, patch).await
}

/// An update in one statement.
async fn update_at_once(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Value,
    filter: Condition,
    mut patch: Patch,
) -> Result<Row> {
    let wrong: Vec<_> = patch
        .iter()
        .filter_map(|(index, value)| validate::value(meta.field(*index), value).err().map(|message| (*index, message)))
        .collect();
    if !wrong.is_empty() {
        return Err(validate::error(meta, wrong.iter().map(|(index, message)| (*index, message.as_str()))));
    }
    let seen = by_id(meta, id).and(filter);
    let version = meta
        .version
        .and_then(|version| patch.iter().position(|(index, _)| *index == version))
        .map(|at| patch.remove(at));
    let as_read = version.clone().map_or(Condition::All, |(index, value)| Condition::equals(index, value));
    let wanted = seen.clone().and(as_read);
    let database = context.database()?;
    let row = if patch.is_empty() {
        database.find(meta, &Find::matching(wanted).limit(1)).await?.pop()
    } else {
        stamp(meta, &mut patch);
        database.update_returning(meta, &wanted, &patch).await?
    };
    match row {
        Some(mut row) => {
            // A trigger comes after the row that an update answers.
            if !meta.database_fields().is_empty() {
                let stored = database.find(meta, &Find::matching(by_id(meta, id)).limit(1)).await?.pop();
                row = stored.ok_or_else(|| not_found(meta))?;
            }
            computed::fill_in(context, meta, meta.all_fields(), std::slice::from_mut(&mut row)).await?;
            Ok(row)
        }
        None if version.is_some() && database.count(meta, &seen).await? > 0 => Err(stale()),
        None => Err(not_found(meta)),
    }
}

/// The stamps of an update.
fn stamp(meta: &EntityMeta, patch: &mut Patch) {
    for index in meta.with_role(FieldRole::UpdatedAt) {
        patch.push((index, now()));
    }
}

/// Changes a row for the identity of a context, reading it first.
async fn update(context: &Context, meta: &'static EntityMeta, id: &Value, patch: Patch) -> Result<Box<dyn AnyRecord>> {
    let filter = guard::api_filter(meta, context.identity());
    let judge = |record: &dyn AnyRecord| guard::write_record(context.identity(), Write::Update, record);
    let is_last = !context.in_transaction();
    let late = names_made_fields(meta, &filter);
    let work = async |inside: Context| {
        let mut record = load(&inside, meta, id, filter.clone()).await?;
        judge(&*record)?;
        compare_version(&*record, &patch)?;
        apply(&mut *record, patch)?;
        judge(&*record)?;
        let reaches = |record: &dyn AnyRecord| within(context, &filter, record);
        store(&inside, &mut *record, &|record| if late { Ok(()) } else { reaches(record) }, is_last).await?;
        if late {
            reaches(&*record)?;
        }
        Ok(record)
    };
    context.with_scope(Scope::Backend).transaction(work).await
}

fn compare_version(record: &dyn AnyRecord, patch: &Patch) -> Result<()> {
    let meta = record.meta();
    let carried = patch.iter().find(|(index, _)| meta.version == Some(*index));
    match carried {
        Some((index, version)) if *version != record.get(*index) => Err(stale()),
        _ => Ok(()),
    }
}

/// The record that a backend method is called on: a new one, or the stored one with what the caller may write.
/// `judge` is asked of the stored and of the resulting record.
pub(crate) async fn received(
    context: &Context,
    meta: &'static EntityMeta,
    row_info: RowInfo,
    judge: impl Fn(&dyn AnyRecord) -> Result<()>,
) -> Result<Box<dyn AnyRecord>> {
    let identity = context.identity();
    let accepted = if row_info.is_new_row { guard::writable_fields(meta, identity) } else { accepted(context, meta) };
    let mut patch = read_patch(meta, &row_info.data, accepted)?;
    if row_info.is_new_row {
        let mut record = (meta.new_record)();
        apply(&mut *record, patch)?;
        judge(&*record)?;
        validate::any(&mut *record).await?;
        return Ok(record);
    }
    let id = json::from_json(meta.id_field().field_type, &row_info.id)
        .map_err(|error| Error::invalid(format!("rowInfo.id {}.", error.0)))?;
    let filter = guard::api_filter(meta, identity);
    let mut record = load(context, meta, &id, filter.clone()).await?;
    judge(&*record)?;
    if row_info.was_changed {
        patch.retain(|(index, _)| *index != meta.id);
        compare_version(&*record, &patch)?;
        apply(&mut *record, patch)?;
        judge(&*record)?;
        within(context, &filter, &*record)?;
        validate::any(&mut *record).await?;
    }
    Ok(record)
}

/// Deletes a row for the identity of a context, by its id.
///
/// # Errors
/// 400 where a hook refuses, 401, 403, 404, 409 where other rows need it.
pub async fn delete_id(context: &Context, meta: &'static EntityMeta, id: &Value) -> Result<()> {
    delete_version(context, meta, id, None).await
}

/// As [`delete_id`], where the row still has a version.
///
/// # Errors
/// As [`delete_id`]; 409 where the version is stale.
pub async fn delete_version(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Value,
    version: Option<Value>,
) -> Result<()> {
    guard::write(meta, context.identity(), Write::Delete)?;
    let filter = guard::api_filter(meta, context.identity());
    let as_read: Patch = meta.version.zip(version).into_iter().collect();
    if !guard::needs_record(meta, Write::Delete) && !meta.hooks.around_delete() && as_read.is_empty() {
        return match context.database()?.delete(meta, &by_id(meta, id).and(filter)).await? {
            0 => Err(not_found(meta)),
            _ => Ok(()),
        };
    }
    let work = async |inside: Context| {
        let mut record = load(&inside, meta, id, filter).await?;
        guard::write_record(context.identity(), Write::Delete, &*record)?;
        compare_version(&*record, &as_read)?;
        remove(&inside, &mut *record).await
    };
    context.with_scope(Scope::Backend).transaction(work).await
}

/// Saves a typed record: guarded in scope `Api`, where only its changes count, and trusted in scope `Backend`.
pub(crate) async fn save(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    if context.scope() == Scope::Backend {
        return store(context, record, &|_| Ok(()), !context.in_transaction()).await;
    }
    let meta = record.meta();
    let write = if record.state().is_new { Write::Insert } else { Write::Update };
    guard::write(meta, context.identity(), write)?;
    let writable = guard::writable_fields(meta, context.identity());
    let changed = record.changed_fields().and(writable).without(record.state().hidden);
    let mut patch: Patch = changed.iter().map(|index| (index, record.get(index))).collect();
    let stored = if write == Write::Insert {
        insert(context, meta, patch).await?
    } else {
        let id = record.original(meta.id);
        patch.retain(|(index, _)| *index != meta.id);
        if let Some(version) = meta.version {
            patch.push((version, record.original(version)));
        }
        update(context, meta, &id, patch).await?
    };
    let hidden = meta.all_fields().without(guard::readable_fields(meta, context.identity()));
    let mut row = stored.row();
    hide(&mut row, &(meta.new_record)().row(), hidden);
    record.set_stored(row, hidden)
}

/// Deletes a typed record: guarded in scope `Api`, trusted in scope `Backend`.
pub(crate) async fn delete(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    if context.scope() == Scope::Backend {
        return remove(context, record).await;
    }
    let meta = record.meta();
    delete_id(context, meta, &record.original(meta.id)).await?;
    record.mark_deleted();
    Ok(())
}
