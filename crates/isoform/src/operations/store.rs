//! The way to the table: ids and stamps, validation and hooks.

mod many;

pub(super) use many::{ready_row, store_many};

use super::write::Reach;
use super::{Patch, computed, kept, load, not_found, now, references, stale};
use crate::context::Context;
use crate::filter::Condition;
use crate::hooks::Hook;
use crate::meta::{EntityMeta, FieldMask, FieldRole};
use crate::provider::{DataProvider, RowWrite};
use crate::record::AnyRecord;
use crate::validate::{Message, said};
use crate::value::Value;
use crate::{Error, Result, validate};

/// Writes a record to the table: ids and stamps, validation, hooks, all in one transaction where there are hooks.
///
/// `is_last`: does the transaction, where there is one, end with this?
pub(super) async fn store(
    context: &Context,
    record: &mut dyn AnyRecord,
    reach: Option<Reach<'_>>,
    is_last: bool,
) -> Result<()> {
    record.meta().writable()?;
    let late = reach.is_some_and(|reach| reach.is_late(record.meta()));
    // What is made of the row is read back with it, or nothing is written.
    let is_made = record.meta().written_fields() != record.meta().all_fields();
    if record.meta().hooks_around_save() || late || is_made {
        let write = RowWrite { meta: record.meta(), is_new: record.state().is_new };
        let work = async |inside: Context| store_inside(&inside, record, reach, is_last).await;
        context.transaction_of_row(Some(write), work).await
    } else {
        store_inside(context, record, reach, is_last).await
    }
}

/// As [`store`], inside a transaction that fails with it: it needs no savepoint of its own.
pub(super) async fn store_inside(
    context: &Context,
    record: &mut dyn AnyRecord,
    reach: Option<Reach<'_>>,
    is_last: bool,
) -> Result<()> {
    let numbered = prepare(context, record).await?;
    let hooks = record.meta().hooks;
    let mut prevented = false;
    if hooks.saving {
        let by_field = record.state().is_prevented;
        prevented = validate::hook_after(record, Hook::Saving, by_field).await?;
    } else if hooks.saving_many {
        prevented = validate::hook(record, Hook::SavingMany).await?;
    }
    let way = Way { reach, is_last, numbered };
    finish(context, record, way, prevented).await
}

/// How a record goes to the table.
#[derive(Clone, Copy)]
struct Way<'a> {
    reach: Option<Reach<'a>>,
    is_last: bool,
    /// The id that the database is to count up.
    numbered: Option<usize>,
}

/// What comes before `saving`: the id, validation, and the `saving` of each field. Answers the id that the database is to count up.
async fn prepare(context: &Context, record: &mut dyn AnyRecord) -> Result<Option<usize>> {
    let meta = record.meta();
    if record.state().is_deleted {
        return Err(Error::invalid(format!("This row of {} was deleted and cannot be saved.", meta.key)));
    }
    let is_new = record.state().is_new;
    let numbered = meta.counted_id().filter(|id| is_new && is_missing(record, *id));
    if is_new && numbered.is_none() {
        give_id(record)?;
    }
    if is_new {
        kept::give(context, record)?;
    }
    if !meta.hooks_around_save() {
        validate::at_once(record)?;
        return Ok(numbered);
    }
    validate::any(record).await?;
    let mut prevented = false;
    for (index, _) in meta.fields.iter().enumerate().filter(|(_, field)| field.has_saving) {
        prevented |= validate::field_saving(record, index).await?;
    }
    record.state_mut().is_prevented = prevented;
    Ok(numbered)
}

/// What comes after `saving`: the write, and `saved`.
async fn finish(context: &Context, record: &mut dyn AnyRecord, way: Way<'_>, prevented: bool) -> Result<()> {
    let Way { reach, is_last, numbered } = way;
    let meta = record.meta();
    let is_new = record.state().is_new;
    let prevented = std::mem::take(&mut record.state_mut().is_prevented) || prevented;
    // What holds of a value holds of what a hook has made of it too.
    if !prevented && meta.hooks_around_save() {
        validate::fields(record);
    }
    validate::outcome(record)?;
    if prevented {
        return instead(context, record).await;
    }
    // What the database makes of the row is asked about once it is there.
    let (early, late) =
        reach.map_or((None, None), |reach| if reach.is_late(meta) { (None, Some(reach)) } else { (Some(reach), None) });
    if let Some(reach) = early {
        reach.includes(context, record).await?;
    }
    // What the database or the server makes of the row is read after the write.
    let is_made = meta.fields.iter().any(|field| !field.is_written());
    let ends_with_it = is_last && !meta.hooks.saved && !is_made && late.is_none() && context.next_write_commits();
    let database = context.database()?;
    if is_new {
        stamp_new(record)?;
        if let Some(id) = numbered {
            let number = database.insert_numbered(meta, &record.row()).await?;
            set(record, id, Value::Int(number))?;
        } else {
            database.insert(meta, &record.row()).await?;
        }
    } else {
        let after = if ends_with_it { context.outside().database()? } else { database.clone() };
        update_changed(&*database, &*after, record).await?;
    }
    if is_made {
        computed::read_back(context, record).await?;
    }
    if let Some(reach) = late {
        reach.includes(context, record).await?;
    }
    if meta.hooks.saved {
        // Rows that belong to it can be written from now on.
        record.state_mut().is_written = true;
        let saved = hook(record, Hook::Saved, false).await;
        record.state_mut().is_written = false;
        saved?;
    }
    record.mark_stored();
    Ok(())
}

/// Runs a hook that comes after the write, or before a deletion; what it sets is an error. It may ask whether the default was prevented.
async fn hook(record: &mut dyn AnyRecord, hook: Hook, prevented: bool) -> Result<bool> {
    let prevented = validate::hook_after(record, hook, prevented).await?;
    validate::outcome(record)?;
    Ok(prevented)
}

/// Did the hooks let the last save of a record through?
pub(super) fn was_written(record: &dyn AnyRecord) -> bool {
    !record.state().is_prevented
}

/// What a save does that a hook has prevented: a record that is in the table is as it is there.
async fn instead(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    let is_new = record.state().is_new;
    if is_new {
        if meta.hooks.saved {
            hook(record, Hook::Saved, true).await?;
        }
        record.state_mut().is_prevented = true;
        return Ok(());
    }
    let row = load(context, meta, &record.original_id(), Condition::All).await?.row();
    if meta.hooks.saved {
        for (index, value) in row.iter().enumerate() {
            set(record, index, value.clone())?;
        }
        hook(record, Hook::Saved, true).await?;
    }
    record.set_stored(row, FieldMask::NONE)?;
    record.state_mut().is_prevented = true;
    Ok(())
}

/// A new record that has no id gets one.
pub(super) fn give_id(record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    let mut wrong = Vec::new();
    for index in meta.ids.iter().copied().filter(|index| is_missing(record, *index)).collect::<Vec<_>>() {
        match new_id(meta, index) {
            Some(made) => set(record, index, made)?,
            None => wrong.push((index, said(Message::Own(not_made(meta))))),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(validate::error(meta, wrong.into_iter())) }
}

/// Was a field of the id left empty?
fn is_missing(record: &dyn AnyRecord, index: usize) -> bool {
    let part = record.get(index);
    // A number is not made by the server: 0 is nobody's choice. As a part of an id it may be the first of several.
    part.is_empty() || (part == Value::Int(0) && record.meta().ids.len() == 1)
}

/// The stamps of a new row.
pub(super) fn stamp_new(record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    for index in meta.with_role(FieldRole::CreatedAt).chain(meta.with_role(FieldRole::UpdatedAt)) {
        set(record, index, now())?;
    }
    match meta.version {
        Some(version) => set(record, version, Value::Int(1)),
        None => Ok(()),
    }
}

/// `after`: where to ask why no row was there, once the transaction may have ended with the update.
async fn update_changed(
    database: &dyn DataProvider,
    after: &dyn DataProvider,
    record: &mut dyn AnyRecord,
) -> Result<()> {
    let meta = record.meta();
    let written = meta.written_fields();
    if record.changed_fields().and(written).is_empty() {
        return Ok(());
    }
    for index in meta.with_role(FieldRole::UpdatedAt) {
        set(record, index, now())?;
    }
    let changed = record.changed_fields().and(written);
    let moved: Patch = changed.and(meta.id_fields()).iter().map(|index| (index, record.get(index))).collect();
    validate::values(meta, &moved)?;
    let set_values: Patch =
        changed.iter().filter(|index| meta.version != Some(*index)).map(|index| (index, record.get(index))).collect();
    let stored = record.original_id().condition(meta);
    let as_read = meta.version.map_or(Condition::All, |version| Condition::equals(version, record.original(version)));
    if database.update(meta, &stored.clone().and(as_read), &set_values).await? == 0 {
        let there = meta.version.is_some() && after.count(meta, &stored).await? > 0;
        return Err(if there { stale() } else { not_found(meta) });
    }
    if let Some(version) = meta.version
        && let Value::Int(before) = record.original(version)
    {
        set(record, version, Value::Int(before + 1))?;
    }
    Ok(())
}

pub(super) fn set(record: &mut dyn AnyRecord, index: usize, value: Value) -> Result<()> {
    record
        .set(index, value)
        .map_err(|error| Error::internal(format!("{}: {}", record.meta().field(index).name, error.0)))
}

/// A value for a field of the id that was left empty, where it is the server that makes it.
fn new_id(meta: &EntityMeta, index: usize) -> Option<Value> {
    let field = meta.field(index);
    match field.field_type {
        _ if field.make.is_some() => field.make.map(|make| make()),
        // A part of an id most often names another row: one that was forgotten is not made up.
        _ if meta.ids.len() > 1 => None,
        crate::FieldType::Uuid => Some(Value::Uuid(uuid::Uuid::now_v7())),
        crate::FieldType::Text => Some(Value::Text(uuid::Uuid::now_v7().to_string())),
        _ => None,
    }
}

const fn not_made(meta: &EntityMeta) -> &'static str {
    match meta.ids {
        [_] => "must be given: an id of this type is not made by the server",
        _ => "must be given: it is a part of the id",
    }
}

/// Deletes a record's row, with its hooks.
pub(super) async fn remove(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    record.meta().writable()?;
    if record.meta().hooks.around_delete() {
        context.transaction(async |inside| remove_inside(&inside, record).await).await
    } else {
        remove_inside(context, record).await
    }
}

/// As [`remove`], inside a transaction that fails with it.
pub(super) async fn remove_inside(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    record.state_mut().errors.clear();
    let mut prevented = false;
    if meta.hooks.deleting {
        prevented = hook(record, Hook::Deleting, false).await?;
    }
    if !prevented {
        let deleted = context.database()?.delete(meta, &record.original_id().condition(meta)).await;
        let deleted = deleted.map_err(|error| references::needed(error, meta))?;
        if deleted == 0 {
            return Err(not_found(meta));
        }
    }
    if meta.hooks.deleted {
        hook(record, Hook::Deleted, prevented).await?;
    }
    if !prevented {
        record.mark_deleted();
    }
    Ok(())
}
