//! Guarded writes: each is judged by the stored and by the resulting record.

use serde_json::{Map, Value as JsonValue};

use super::body::{accepted, read_patch};
use super::hidden::{conceal, concealed, kept_from};
use super::store::{remove, remove_inside, store, store_inside, was_written};
use super::{Patch, computed, handled, load, not_found, now, permitted, prefilter, references, resolve, stale};
use crate::backend::RowInfo;
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard::{self, Write};
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask, FieldRole};
use crate::provider::{Find, RowWrite};
use crate::record::AnyRecord;
use crate::validate::{Message, said};
use crate::value::{Row, Value, ValueError};
use crate::{Error, Result, validate};

/// Inserts a row from a body; answers it as it is in the table, and whether it is there: where a hook has prevented it, it is answered
/// as it would have been.
///
/// # Errors
/// 400 with messages at fields, 401, 403, 409.
pub async fn insert_body(
    context: &Context,
    meta: &'static EntityMeta,
    body: &Map<String, JsonValue>,
) -> Result<(Row, bool)> {
    guard::write(meta, context.identity(), Write::Insert)?;
    let patch = read_patch(meta, body, guard::writable_fields(meta, context.identity()))?;
    let record = insert(context, meta, patch).await?;
    Ok((record.row(), was_written(&*record)))
}

/// Inserts a row for the identity of a context.
pub(super) async fn insert(context: &Context, meta: &'static EntityMeta, patch: Patch) -> Result<Box<dyn AnyRecord>> {
    match handled::create(context, meta, &patch) {
        Some(handled) => handled.await,
        None => insert_as(context, meta, patch, Patch::new(), Part::Own).await,
    }
}

/// As [`insert`], without handlers; `trusted` are values of the server.
pub(super) async fn insert_as(
    context: &Context,
    meta: &'static EntityMeta,
    patch: Patch,
    trusted: Patch,
    part: Part,
) -> Result<Box<dyn AnyRecord>> {
    let (mut record, written) = permitted::new_record(context, meta, patch)?;
    guard::write_record(context.identity(), Write::Insert, &*record)?;
    references::reachable(context, context, meta, &[(&*record, written)]).await?;
    apply(&mut *record, trusted)?;
    let filter = prefilter::reach(context, meta).await?;
    // Hooks may set what the filter asks for, so the filter is asked last.
    let reach = Some(Reach { asker: context, filter: &filter });
    let server = context.with_scope(Scope::Backend);
    let stored = match part {
        Part::Own => store(&server, &mut *record, reach, !context.in_transaction()).await,
        Part::Given => {
            meta.writable()?;
            server.run(store_inside(&server, &mut *record, reach, false)).await
        }
    };
    if let Err(error) = stored {
        return Err(references::named(error, context, meta, &[(&*record, written)]).await);
    }
    Ok(record)
}

/// The part of a transaction that is undone where a write fails.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// One of its own.
    Own,
    /// The one that it runs in: whoever has asked ends it with an error.
    Given,
}

/// The rows that the API's filter lets a writer see: nothing is put beyond them.
#[derive(Clone, Copy)]
pub(super) struct Reach<'a> {
    /// Who writes.
    pub asker: &'a Context,
    pub filter: &'a Condition,
}

impl Reach<'_> {
    /// Does the filter ask about what is known only once the row was written?
    pub(super) fn is_late(self, meta: &EntityMeta) -> bool {
        // Other rows may belong to it through this one.
        self.filter.asks_elsewhere() || !self.filter.fields().and(meta.database_fields()).is_empty()
    }

    /// Passes a record within reach. `inside` is where it is written.
    ///
    /// # Errors
    /// 401 or 403.
    pub(super) async fn includes(self, inside: &Context, record: &dyn AnyRecord) -> Result<()> {
        if resolve::holds(inside, self.filter, record).await? {
            return Ok(());
        }
        let what = format!("put a row of {} out of your own reach", record.meta().key);
        Err(guard::refusal(self.asker.identity(), &what))
    }
}

pub(crate) fn apply(record: &mut dyn AnyRecord, patch: Patch) -> Result<()> {
    let meta = record.meta();
    for (index, value) in patch {
        if meta.version == Some(index) {
            continue;
        }
        if value.is_null() && meta.field(index).lazy {
            return Err(validate::error(meta, std::iter::once((index, said(Message::NotLoaded)))));
        }
        let wrong =
            |error: ValueError| validate::error(meta, std::iter::once((index, validate::own(error.0).as_str())));
        record.set(index, value).map_err(wrong)?;
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
    id: &Id,
    body: &Map<String, JsonValue>,
) -> Result<Row> {
    guard::write(meta, context.identity(), Write::Update)?;
    let patch = read_patch(meta, body, accepted(context, meta))?;
    update_patch(context, meta, id, patch).await
}

/// Is there a hook, a rule on the record or a filter that needs the row which an update is about?
pub(super) fn update_needs_row(meta: &'static EntityMeta, filter: &Condition, patch: &Patch) -> bool {
    let stamped =
        meta.fields.iter().enumerate().filter(|(_, field)| field.is_made() && !field.kept).map(|(index, _)| index);
    let written: FieldMask = patch.iter().map(|(index, _)| *index).chain(stamped).collect();
    guard::needs_record(meta, Write::Update)
        || meta.hooks_around_save()
        || filter.asks_elsewhere()
        || !meta.server_fields().is_empty()
        || !filter.fields().and(written).is_empty()
        || references::need_row(meta, written)
        || permitted::needs_record(meta, patch)
}

/// As [`update_body`], with values that were read already.
pub(super) async fn update_patch(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    mut patch: Patch,
) -> Result<Row> {
    guard::write(meta, context.identity(), Write::Update)?;
    let accepted = accepted(context, meta);
    patch.retain(|(index, _)| !meta.ids.contains(index) && accepted.contains(*index));
    if let Some(handled) = handled::update(context, meta, id, &patch) {
        return Ok(handled.await?.row());
    }
    Ok(update_directly(context, meta, id, (patch, Patch::new()), Part::Own, None).await?.row())
}

/// A row that was changed.
pub(super) enum Updated {
    Row(Row),
    Record(Box<dyn AnyRecord>),
}

impl Updated {
    fn row(self) -> Row {
        match self {
            Self::Row(row) => row,
            Self::Record(record) => record.row(),
        }
    }
}

/// As [`update_patch`], without handlers; `trusted` are values of the server, and `loaded` is the row, where it is known to be so in the
/// table.
pub(super) async fn update_directly(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    (mut patch, mut trusted): (Patch, Patch),
    part: Part,
    loaded: Option<Box<dyn AnyRecord>>,
) -> Result<Updated> {
    let reach = prefilter::reach(context, meta).await?;
    let moves = trusted.iter().any(|(index, _)| meta.ids.contains(index));
    let server_needs_row = !trusted.is_empty() && (moves || update_needs_row(meta, &reach, &trusted));
    if server_needs_row || update_needs_row(meta, &reach, &patch) {
        return update_as(context, meta, id, (patch, trusted), part, loaded).await.map(Updated::Record);
    }
    let written = meta.written_fields();
    trusted.retain(|(index, _)| {
        written.contains(*index) && !matches!(meta.field(*index).role, FieldRole::Version | FieldRole::UpdatedAt)
    });
    patch.extend(trusted);
    let filter = prefilter::beside(context, meta, &id.condition(meta)).await?;
    if meta.database_fields().is_empty() {
        return update_at_once(context, meta, id, filter, patch).await.map(Updated::Row);
    }
    // What the database makes of the row can be read back, or nothing is written.
    let work = async |inside: Context| update_at_once(&inside, meta, id, filter, patch).await;
    context.transaction(work).await.map(Updated::Row)
}

/// An update in one statement.
async fn update_at_once(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    filter: Condition,
    mut patch: Patch,
) -> Result<Row> {
    validate::values(meta, &patch)?;
    let seen = id.condition(meta).and(filter);
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
        match database.update_returning(meta, &wanted, &patch).await {
            Err(error) => return Err(references::named_in(error, context, meta, &patch).await),
            row => row?,
        }
    };
    match row {
        Some(mut row) => {
            // A trigger comes after the row that an update answers.
            if !meta.database_fields().is_empty() {
                let stored = database.find(meta, &Find::matching(id.condition(meta)).limit(1)).await?.pop();
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
pub(super) fn stamp(meta: &EntityMeta, patch: &mut Patch) {
    for index in meta.with_role(FieldRole::UpdatedAt) {
        patch.push((index, now()));
    }
}

/// Changes a row for the identity of a context, reading it first.
async fn update(context: &Context, meta: &'static EntityMeta, id: &Id, patch: Patch) -> Result<Box<dyn AnyRecord>> {
    match handled::update(context, meta, id, &patch) {
        Some(handled) => handled.await,
        None => update_as(context, meta, id, (patch, Patch::new()), Part::Own, None).await,
    }
}

/// As [`update`], without handlers; `trusted` are values of the server, and `loaded` is the row, where it is known to be so in the table.
async fn update_as(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    (mut patch, trusted): (Patch, Patch),
    part: Part,
    loaded: Option<Box<dyn AnyRecord>>,
) -> Result<Box<dyn AnyRecord>> {
    let reach = prefilter::reach(context, meta).await?;
    let rows = prefilter::beside(context, meta, &id.condition(meta)).await?;
    let judge = |record: &dyn AnyRecord| guard::write_record(context.identity(), Write::Update, record);
    let is_last = !context.in_transaction();
    let work = async |inside: Context| {
        let mut record = match loaded {
            Some(loaded) => loaded,
            None => load(&inside, meta, id, rows).await?,
        };
        judge(&*record)?;
        compare_version(context, &*record, &patch)?;
        permitted::retain(context, &*record, &mut patch);
        let kept = kept_from(context, &*record);
        apply(&mut *record, patch)?;
        judge(&*record)?;
        let written = record.changed_fields();
        references::reachable(context, &inside, meta, &[(&*record, written)]).await?;
        apply(&mut *record, trusted)?;
        let within = Some(Reach { asker: context, filter: &reach });
        if let Err(error) = store_inside(&inside, &mut *record, within, is_last).await {
            let error = references::named(error, &inside, meta, &[(&*record, written)]).await;
            return Err(untold(error, meta, kept));
        }
        Ok(record)
    };
    let server = context.with_scope(Scope::Backend);
    match part {
        Part::Own => server.transaction_of_row(Some(RowWrite { meta, is_new: false }), work).await,
        Part::Given => server.run(work(server.clone())).await,
    }
}

/// The error without what a record keeps from the asker.
pub(crate) fn untold(error: Error, meta: &EntityMeta, kept: FieldMask) -> Error {
    if kept.is_empty() { error } else { concealed(error, meta, meta.all_fields().without(kept)) }
}

pub(super) fn compare_version(context: &Context, record: &dyn AnyRecord, patch: &Patch) -> Result<()> {
    let meta = record.meta();
    let carried = patch.iter().find(|(index, _)| meta.version == Some(*index));
    // A comparison would tell what the record keeps from the asker.
    let carried = carried.filter(|(index, _)| guard::readable_of(context.identity(), record).contains(*index));
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
        let (mut record, written) = permitted::new_record(context, meta, patch)?;
        judge(&*record)?;
        references::reachable(context, context, meta, &[(&*record, written)]).await?;
        validate::any(&mut *record).await?;
        return Ok(record);
    }
    let id = Id::from_json(meta, &row_info.id).map_err(|error| Error::invalid(format!("rowInfo.id {}.", error.0)))?;
    let filter = prefilter::reach(context, meta).await?;
    // What the method does is trusted, but not which row its caller names.
    let rows = prefilter::beside(&context.with_scope(Scope::Api), meta, &id.condition(meta)).await?;
    let mut record = load(context, meta, &id, rows).await?;
    judge(&*record)?;
    if row_info.was_changed {
        patch.retain(|(index, _)| !meta.ids.contains(index));
        compare_version(context, &*record, &patch)?;
        permitted::retain(context, &*record, &mut patch);
        let kept = kept_from(context, &*record);
        apply(&mut *record, patch)?;
        judge(&*record)?;
        references::reachable(context, context, meta, &[(&*record, record.changed_fields())]).await?;
        Reach { asker: context, filter: &filter }.includes(context, &*record).await?;
        validate::any(&mut *record).await.map_err(|error| untold(error, meta, kept))?;
    }
    Ok(record)
}

/// Deletes a row for the identity of a context, by its id. Answers whether it was: a hook, or a handler, may have kept the row.
///
/// # Errors
/// 400 where a hook refuses, 401, 403, 404, 409 where other rows need it.
pub async fn delete_id(context: &Context, meta: &'static EntityMeta, id: &Id) -> Result<bool> {
    delete_version(context, meta, id, None).await
}

/// As [`delete_id`], where the row still has a version.
///
/// # Errors
/// As [`delete_id`]; 409 where the version is stale.
pub async fn delete_version(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    version: Option<Value>,
) -> Result<bool> {
    guard::write(meta, context.identity(), Write::Delete)?;
    match handled::remove(context, meta, id, version.as_ref()) {
        Some(handled) => Ok(handled.await?.is_some()),
        None => delete_as(context, meta, id, version).await,
    }
}

/// As [`delete_version`], without handlers.
pub(super) async fn delete_as(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    version: Option<Value>,
) -> Result<bool> {
    guard::write(meta, context.identity(), Write::Delete)?;
    let filter = prefilter::beside(context, meta, &id.condition(meta)).await?;
    let seen = meta.version.filter(|version| accepted(context, meta).contains(*version));
    let as_read: Patch = seen.zip(version).into_iter().collect();
    if !guard::needs_record(meta, Write::Delete) && !meta.hooks.around_delete() && as_read.is_empty() {
        return match context.database()?.delete(meta, &id.condition(meta).and(filter)).await {
            Ok(0) => Err(not_found(meta)),
            Ok(_) => Ok(true),
            Err(error) => Err(references::needed(error, meta)),
        };
    }
    let work = async |inside: Context| {
        let mut record = load(&inside, meta, id, filter).await?;
        guard::write_record(context.identity(), Write::Delete, &*record)?;
        compare_version(context, &*record, &as_read)?;
        let kept = kept_from(context, &*record);
        remove_inside(&inside, &mut *record).await.map_err(|error| untold(error, meta, kept))?;
        Ok(record.state().is_deleted)
    };
    context.with_scope(Scope::Backend).transaction(work).await
}

/// Saves a typed record: guarded in scope `Api`, where only its changes count, and trusted in scope `Backend`.
pub(crate) async fn save(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    if context.scope() == Scope::Backend {
        let stored = store(context, record, None, !context.in_transaction()).await;
        // Only who counts asks for it.
        record.state_mut().is_prevented = false;
        return match stored {
            Err(error) => Err(references::named_anywhere(error, context, record).await),
            Ok(()) => Ok(()),
        };
    }
    let meta = record.meta();
    let write = if record.state().is_new { Write::Insert } else { Write::Update };
    guard::write(meta, context.identity(), write)?;
    let writable = guard::writable_fields(meta, context.identity());
    let changed = record.changed_fields().and(writable).without(record.state().hidden);
    let mut patch: Patch = changed.iter().map(|index| (index, record.get(index))).collect();
    let stored = if write == Write::Insert {
        let stored = insert(context, meta, patch).await?;
        if !was_written(&*stored) {
            // It is in no table: the record stays new, as it was sent.
            record.state_mut().errors.clear();
            return Ok(());
        }
        stored
    } else {
        let id = record.original_id();
        patch.retain(|(index, _)| !meta.ids.contains(index));
        if let Some(version) = meta.version {
            patch.push((version, record.original(version)));
        }
        update(context, meta, &id, patch).await?
    };
    let mut row = stored.row();
    let readable = guard::readable_fields(meta, context.identity());
    let hidden = conceal(context, meta, readable, std::slice::from_mut(&mut row))?;
    super::lazy::leave_out(super::lazy::unsent(context, meta, changed), std::slice::from_mut(&mut row));
    record.set_stored(row, hidden.of(0))
}

/// Deletes a typed record: guarded in scope `Api`, trusted in scope `Backend`.
pub(crate) async fn delete(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    if context.scope() == Scope::Backend {
        return remove(context, record).await;
    }
    let meta = record.meta();
    // What a hook has prevented leaves the record as it is.
    if delete_id(context, meta, &record.original_id()).await? {
        record.mark_deleted();
    }
    Ok(())
}
