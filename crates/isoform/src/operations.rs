//! The data operations of a process that has a database: guarded in scope `Api`, trusted in scope `Backend`.
//!
//! Every write passes [`store`] or [`remove`]: that is where validation and hooks run, so that no path can skip them.

use serde_json::{Map, Value as JsonValue};

use crate::backend::RowInfo;
use crate::context::{Context, Scope};
use crate::filter::{Condition, limits};
use crate::guard::{self, Write};
use crate::hooks::Hook;
use crate::meta::{EntityMeta, FieldMask, FieldRole};
use crate::provider::{DataProvider, Find};
use crate::record::AnyRecord;
use crate::value::{FieldType, Row, Value, ValueError};
use crate::{Error, Result, json, validate};

/// The most rows that one request can ask for.
pub const MAX_ROWS: u64 = 1_000;

/// The code of the error that a stale version is.
pub const STALE_VERSION: &str = "stale_version";

/// Values for some fields of a row.
pub type Patch = Vec<(usize, Value)>;

/// What is answered where a row is absent, or not for this identity.
pub(crate) fn not_found(meta: &EntityMeta) -> Error {
    Error::not_found(format!("There is no such row in {}.", meta.key))
}

fn by_id(meta: &EntityMeta, id: &Value) -> Condition {
    Condition::equals(meta.id, id.clone())
}

/// What an identity may ask and see of an entity.
struct Sight {
    filter: Condition,
    readable: FieldMask,
}

/// In scope `Api` the question is guarded; in scope `Backend` everything can be seen.
fn sight(context: &Context, meta: &EntityMeta) -> Result<Sight> {
    if context.scope() == Scope::Backend {
        return Ok(Sight { filter: Condition::All, readable: meta.all_fields() });
    }
    guard::read(meta, context.identity())?;
    Ok(Sight {
        filter: guard::api_filter(meta, context.identity()),
        readable: guard::readable_fields(meta, context.identity()),
    })
}

/// Guards a question: only rows and fields that the asker may see, and no more rows than one request can ask for.
fn guarded(context: &Context, meta: &EntityMeta, mut find: Find) -> Result<(Find, FieldMask)> {
    let sight = sight(context, meta)?;
    if context.scope() == Scope::Api {
        let asked = find.filter.fields().iter().chain(find.order.iter().map(|(field, _)| *field)).collect();
        guard::asks_only(meta, sight.readable, asked)?;
        limits::check(meta, &find.filter)?;
        limits::check_sorts(find.order.len())?;
        find.filter = find.filter.and(sight.filter);
        if let Some(limit) = find.limit.filter(|limit| *limit > MAX_ROWS) {
            return Err(Error::invalid(format!(
                "_limit is {limit}; at most {MAX_ROWS} rows can be asked for at once."
            )));
        }
    }
    Ok((find, sight.readable))
}

/// A list without a limit is never cut silently: it is asked for one row more than is allowed.
fn probe(context: &Context, find: &mut Find) -> bool {
    let unlimited = context.scope() == Scope::Api && find.limit.is_none();
    if unlimited {
        find.limit = Some(MAX_ROWS + 1);
    }
    unlimited
}

fn too_many() -> Error {
    Error::invalid(format!("There are more than {MAX_ROWS} rows. Ask for a part of them with _limit and _page."))
}

/// Rows, and the fields that the asker may not see, which are blank in them.
pub(crate) async fn find(context: &Context, meta: &'static EntityMeta, find: Find) -> Result<(Vec<Row>, FieldMask)> {
    let (mut find, readable) = guarded(context, meta, find)?;
    let unlimited = probe(context, &mut find);
    let mut rows = context.database()?.find(meta, &find).await?;
    if unlimited && rows.len() as u64 > MAX_ROWS {
        return Err(too_many());
    }
    let hidden = meta.all_fields().without(readable);
    if !hidden.is_empty() {
        let blank = (meta.new_record)().row();
        for row in &mut rows {
            hide(row, &blank, hidden);
        }
    }
    Ok((rows, hidden))
}

fn hide(row: &mut Row, blank: &Row, hidden: FieldMask) {
    for (index, (value, blank)) in row.iter_mut().zip(blank).enumerate() {
        if hidden.contains(index) {
            value.clone_from(blank);
        }
    }
}

/// Rows as JSON, straight from the cells: what a list over HTTP answers.
///
/// # Errors
/// 400 for what the asker may not see or for too many rows, 401, 403.
pub async fn find_json(context: &Context, meta: &'static EntityMeta, find: Find, fields: FieldMask) -> Result<Vec<u8>> {
    let (mut find, readable) = guarded(context, meta, find)?;
    let unlimited = probe(context, &mut find);
    let mut out = Vec::with_capacity(4096);
    out.push(b'[');
    let count = context.database()?.find_json(meta, &find, readable.and(fields), &mut out).await?;
    if unlimited && count > MAX_ROWS {
        return Err(too_many());
    }
    out.push(b']');
    Ok(out)
}

/// One row, by its id.
///
/// # Errors
/// 401, 403; 404 where it is absent or not for this identity.
pub async fn find_id(context: &Context, meta: &'static EntityMeta, id: &Value) -> Result<Row> {
    let (find, _) = guarded(context, meta, Find::matching(by_id(meta, id)).limit(1))?;
    context.database()?.find(meta, &find).await?.pop().ok_or_else(|| not_found(meta))
}

/// How many rows fulfil a condition.
///
/// # Errors
/// 400 for what the asker may not see, 401, 403.
pub async fn count(context: &Context, meta: &'static EntityMeta, filter: Condition) -> Result<u64> {
    let (find, _) = guarded(context, meta, Find::matching(filter))?;
    context.database()?.count(meta, &find.filter).await
}

/// Reads the fields of a body, by their names on the wire.
///
/// What this identity may not write is passed over, unread. `""` for a field that is no text is absent.
///
/// # Errors
/// 400 with a message at each field that is unknown or whose value does not fit.
pub fn read_patch(meta: &EntityMeta, body: &Map<String, JsonValue>, writable: FieldMask) -> Result<Patch> {
    let mut patch = Vec::with_capacity(body.len());
    let mut wrong = Vec::new();
    for (name, value) in body {
        let index = meta.field_by_wire(name).ok_or_else(|| crate::filter::wire::unknown_field(meta, name))?;
        let field = meta.field(index);
        let empty = value.as_str() == Some("") && !field.field_type.is_text();
        let absent = empty || (value.is_null() && meta.version == Some(index));
        if absent || !writable.contains(index) {
            continue;
        }
        let fitting = json::from_json(field.field_type, value);
        let fitting = if field.field_type == FieldType::Json {
            fitting.and_then(|value| as_declared(meta, index, value))
        } else {
            fitting
        };
        match fitting {
            Ok(Value::Null) if !field.nullable => wrong.push((index, "must not be null".to_owned())),
            Ok(value) => patch.push((index, value)),
            Err(error) => wrong.push((index, error.0)),
        }
    }
    if wrong.is_empty() {
        Ok(patch)
    } else {
        Err(validate::error(meta, wrong.iter().map(|(index, message)| (*index, message.as_str()))))
    }
}

/// JSON as the field's Rust type writes it: only that type knows what fits.
fn as_declared(meta: &EntityMeta, index: usize, value: Value) -> Result<Value, ValueError> {
    let mut record = (meta.new_record)();
    record.set(index, value)?;
    Ok(record.get(index))
}

/// The fields that an identity can send at all: the version too, which is compared and not written.
fn accepted(context: &Context, meta: &EntityMeta) -> FieldMask {
    let mut accepted = guard::writable_fields(meta, context.identity());
    if let Some(version) = meta.version {
        accepted.insert(version);
    }
    accepted
}

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
    let judge = |record: &dyn AnyRecord| within(context, &filter, record);
    store(&context.with_scope(Scope::Backend), &mut *record, &judge, !context.in_transaction()).await?;
    Ok(record)
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
    let stamped = meta.fields.iter().enumerate().filter(|(_, field)| field.is_stamped()).map(|(index, _)| index);
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
        Some(row) => Ok(row),
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

fn now() -> Value {
    use chrono::SubsecRound as _;
    Value::DateTime(chrono::Utc::now().trunc_subsecs(6))
}

fn stale() -> Error {
    Error::conflict("Somebody else has changed this in the meantime. Reload it and try again.").with_code(STALE_VERSION)
}

/// Changes a row for the identity of a context, reading it first.
async fn update(context: &Context, meta: &'static EntityMeta, id: &Value, patch: Patch) -> Result<Box<dyn AnyRecord>> {
    let filter = guard::api_filter(meta, context.identity());
    let judge = |record: &dyn AnyRecord| guard::write_record(context.identity(), Write::Update, record);
    let is_last = !context.in_transaction();
    let work = async |inside: Context| {
        let mut record = load(&inside, meta, id, filter.clone()).await?;
        judge(&*record)?;
        compare_version(&*record, &patch)?;
        apply(&mut *record, patch)?;
        judge(&*record)?;
        store(&inside, &mut *record, &|record| within(context, &filter, record), is_last).await?;
        Ok(record)
    };
    context.with_scope(Scope::Backend).transaction(work).await
}

/// The record of a stored row that a filter lets pass.
async fn load(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Value,
    filter: Condition,
) -> Result<Box<dyn AnyRecord>> {
    let rows = context.database()?.find(meta, &Find::matching(by_id(meta, id).and(filter)).limit(1)).await?;
    let row = rows.into_iter().next().ok_or_else(|| not_found(meta))?;
    let mut record = (meta.new_record)();
    record.set_stored(row, FieldMask::NONE)?;
    Ok(record)
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

/// What is asked of a record right before it is written.
type Judge<'a> = &'a (dyn Fn(&dyn AnyRecord) -> Result<()> + Sync);

/// Writes a record to the table: ids and stamps, validation, hooks, all in one transaction where there are hooks.
///
/// `is_last`: does the transaction, where there is one, end with this?
async fn store(context: &Context, record: &mut dyn AnyRecord, judge: Judge<'_>, is_last: bool) -> Result<()> {
    if record.meta().hooks_around_save() {
        context.transaction(async |inside| store_now(&inside, record, judge, is_last).await).await
    } else {
        store_now(context, record, judge, is_last).await
    }
}

async fn store_now(context: &Context, record: &mut dyn AnyRecord, judge: Judge<'_>, is_last: bool) -> Result<()> {
    let meta = record.meta();
    if record.state().is_deleted {
        return Err(Error::invalid(format!("This row of {} was deleted and cannot be saved.", meta.key)));
    }
    let is_new = record.state().is_new;
    // A number is not made by the server: 0 is nobody's choice.
    if is_new && (record.get(meta.id).is_empty() || record.get(meta.id) == Value::Int(0)) {
        set(record, meta.id, new_id(meta)?)?;
    }
    validate::any(record).await?;
    for (index, _) in meta.fields.iter().enumerate().filter(|(_, field)| field.has_saving) {
        let mut event = validate::event(record);
        let result = record.run_field_saving(index, &mut event).await;
        validate::take_over(record, &event, result)?;
    }
    let mut prevented = false;
    if meta.hooks.saving {
        prevented = validate::hook(record, Hook::Saving).await?;
    }
    // What holds of a value holds of what a hook has made of it too.
    if !prevented && meta.hooks_around_save() {
        validate::fields(record);
    }
    validate::outcome(record)?;
    if prevented {
        let filter = Condition::All;
        let stored =
            if is_new { None } else { Some(load(context, meta, &record.original(meta.id), filter).await?.row()) };
        if meta.hooks.saved {
            validate::hook(record, Hook::Saved).await?;
            validate::outcome(record)?;
        }
        return stored.map_or(Ok(()), |row| record.set_stored(row, FieldMask::NONE));
    }
    judge(record)?;
    let is_last = is_last && !meta.hooks.saved;
    if is_last {
        context.next_write_commits();
    }
    let database = context.database()?;
    if is_new {
        for index in meta.with_role(FieldRole::CreatedAt).chain(meta.with_role(FieldRole::UpdatedAt)) {
            set(record, index, now())?;
        }
        if let Some(version) = meta.version {
            set(record, version, Value::Int(1))?;
        }
        fit_for_storing(record)?;
        database.insert(meta, &record.row()).await?;
    } else {
        let after = if is_last { context.outside().database()? } else { database.clone() };
        update_changed(&*database, &*after, record).await?;
    }
    if meta.hooks.saved {
        validate::hook(record, Hook::Saved).await?;
        validate::outcome(record)?;
    }
    record.mark_stored();
    Ok(())
}

/// Hooks may have set what no validator saw.
fn fit_for_storing(record: &dyn AnyRecord) -> Result<()> {
    let unfit = |index: usize| validate::storable(&record.get(index)).err().map(|message| (index, message));
    match (0..record.meta().fields.len()).find_map(unfit) {
        None => Ok(()),
        Some((index, message)) => Err(validate::error(record.meta(), std::iter::once((index, message.as_str())))),
    }
}

/// `after`: where to ask why no row was there, once the transaction may have ended with the update.
async fn update_changed(
    database: &dyn DataProvider,
    after: &dyn DataProvider,
    record: &mut dyn AnyRecord,
) -> Result<()> {
    let meta = record.meta();
    if record.changed_fields().is_empty() {
        return Ok(());
    }
    for index in meta.with_role(FieldRole::UpdatedAt) {
        set(record, index, now())?;
    }
    fit_for_storing(record)?;
    let changed = record.changed_fields();
    let set_values: Patch =
        changed.iter().filter(|index| meta.version != Some(*index)).map(|index| (index, record.get(index))).collect();
    let stored = by_id(meta, &record.original(meta.id));
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

fn set(record: &mut dyn AnyRecord, index: usize, value: Value) -> Result<()> {
    record
        .set(index, value)
        .map_err(|error| Error::internal(format!("{}: {}", record.meta().field(index).name, error.0)))
}

/// An id for a row that has none.
fn new_id(meta: &EntityMeta) -> Result<Value> {
    match meta.id_field().field_type {
        crate::FieldType::Uuid => Ok(Value::Uuid(uuid::Uuid::now_v7())),
        crate::FieldType::Text => Ok(Value::Text(uuid::Uuid::now_v7().to_string())),
        _ => Err(validate::error(
            meta,
            std::iter::once((meta.id, "must be given: an id of this type is not made by the server")),
        )),
    }
}

/// Deletes a record's row, with its hooks.
pub(crate) async fn remove(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    if record.meta().hooks.around_delete() {
        context.transaction(async |inside| remove_now(&inside, record).await).await
    } else {
        remove_now(context, record).await
    }
}

async fn remove_now(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    record.state_mut().errors.clear();
    let mut prevented = false;
    if meta.hooks.deleting {
        prevented = validate::hook(record, Hook::Deleting).await?;
        validate::outcome(record)?;
    }
    if !prevented {
        let deleted = context.database()?.delete(meta, &by_id(meta, &record.original(meta.id))).await?;
        if deleted == 0 {
            return Err(not_found(meta));
        }
    }
    if meta.hooks.deleted {
        validate::hook(record, Hook::Deleted).await?;
        validate::outcome(record)?;
    }
    if !prevented {
        record.mark_deleted();
    }
    Ok(())
}
