//! Questions: which rows, how many, and how much of them the asker may see.

use super::hidden::{Hidden, conceal, judged, needed};
use super::{MAX_WRITTEN, computed, handled, include, lazy, not_found, prefilter, question};
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard;
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::{Find, Include};
use crate::record::AnyRecord;
use crate::value::Row;
use crate::{Error, Result, json};

/// The fields that the one who asks in a context may see.
pub(super) fn readable(context: &Context, meta: &EntityMeta) -> FieldMask {
    match context.scope() {
        Scope::Api => guard::readable_fields(meta, context.identity()),
        Scope::Backend => meta.all_fields(),
    }
}

/// A question with all that holds anyway, and the fields that the asker may see of all rows.
pub(super) type Guarded = (Find, FieldMask);

/// Guards a question: only rows and fields that the asker may see, and no more rows than one request can ask for.
pub(super) async fn guarded(context: &Context, meta: &'static EntityMeta, find: Find) -> Result<Guarded> {
    let readable = readable(context, meta);
    if context.scope() == Scope::Api {
        guard::read(meta, context.identity())?;
    }
    let mut find = question::guarded(context, meta, readable, find, None).await?;
    find.filter = prefilter::applied(context, meta, find.filter).await?;
    Ok((find, readable))
}

/// A list without a limit is never cut silently: it is asked for one row more than is allowed.
pub(super) fn probe(context: &Context, find: &mut Find) -> bool {
    let unlimited = context.scope() == Scope::Api && find.limit.is_none();
    if unlimited {
        find.limit = Some(context.query_limits().rows.saturating_add(1));
    }
    unlimited
}

/// Passes as many rows as a list without a limit may have.
pub(super) fn not_too_many(context: &Context, count: u64) -> Result<()> {
    let most = context.query_limits().rows;
    if count > most {
        return Err(Error::invalid(format!(
            "There are more than {most} rows. Ask for a part of them with _limit and _page."
        )));
    }
    Ok(())
}

/// Rows, and the fields that the asker may not see, which are blank in them.
pub(crate) async fn find(context: &Context, meta: &'static EntityMeta, find: Find) -> Result<(Vec<Row>, Hidden)> {
    find_chosen(context, meta, find, meta.all_fields()).await
}

/// As [`find`]; of what the server computes only the fields of a mask, and those that rules may ask about.
async fn find_chosen(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    fields: FieldMask,
) -> Result<(Vec<Row>, Hidden)> {
    let (mut rows, readable, left_out) =
        whole(context, meta, guarded(context, meta, find).await?, fields, Condition::All).await?;
    let hidden = conceal(context, meta, readable, &mut rows)?;
    lazy::leave_out(left_out, &mut rows);
    Ok((rows, hidden))
}

/// Rows as they are in the table, the fields that the asker may see of all of them, and those to leave out once that was judged.
/// `beside` is the server's word.
pub(super) async fn whole(
    context: &Context,
    meta: &'static EntityMeta,
    (mut find, readable): Guarded,
    fields: FieldMask,
    beside: Condition,
) -> Result<(Vec<Row>, FieldMask, FieldMask)> {
    find.filter = find.filter.and(beside);
    let unlimited = probe(context, &mut find);
    let needed = needed(context, meta, readable.and(fields));
    let left_out = lazy::judged_whole(context, meta, needed, &mut find);
    let mut rows = lazy::find(context, meta, &find).await?;
    if unlimited {
        not_too_many(context, rows.len() as u64)?;
    }
    computed::fill_in(context, meta, needed, &mut rows).await?;
    Ok((rows, readable, left_out))
}

pub(super) fn hide(row: &mut Row, blank: &Row, hidden: FieldMask) {
    for (index, (value, blank)) in row.iter_mut().zip(blank).enumerate() {
        if hidden.contains(index) {
            value.clone_from(blank);
        }
    }
}

/// The record of a row that a write answered, without what the asker may not see, and what they have not sent of lazy fields.
pub(crate) fn shown<E: crate::Entity>(context: &Context, mut row: Row, sent: FieldMask) -> Result<crate::Record<E>> {
    let meta = E::meta();
    let hidden = conceal(context, meta, readable(context, meta), std::slice::from_mut(&mut row))?;
    lazy::leave_out(lazy::unsent(context, meta, sent), std::slice::from_mut(&mut row));
    crate::Record::from_stored(row, hidden.of(0))
}

/// Rows as JSON, straight from the cells: what a list over HTTP answers.
///
/// # Errors
/// 400 for what the asker may not see or for too many rows, 401, 403.
pub async fn find_json(context: &Context, meta: &'static EntityMeta, find: Find, fields: FieldMask) -> Result<Vec<u8>> {
    if let Some(handled) = handled::list(context, meta, &find, fields, None) {
        return handled.await?.json();
    }
    found_json(context, meta, find, fields).await
}

/// As [`find_json`], without handlers.
pub(super) async fn found_json(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    fields: FieldMask,
) -> Result<Vec<u8>> {
    if includes(meta, &find) {
        let rows = find_related_json(context, meta, find, fields).await?;
        return Ok([b"[", rows.join(&b","[..]).as_slice(), b"]"].concat());
    }
    let (mut find, readable) = guarded(context, meta, find).await?;
    let unlimited = probe(context, &mut find);
    let fields = fields.without(find.left_out(meta));
    let mut out = Vec::with_capacity(4096);
    out.push(b'[');
    if !meta.server_fields().and(readable).or(judged(context, meta)).and(fields).is_empty() {
        let needed = needed(context, meta, readable.and(fields));
        lazy::judged_whole(context, meta, needed, &mut find);
        let mut rows = lazy::find(context, meta, &find).await?;
        if unlimited {
            not_too_many(context, rows.len() as u64)?;
        }
        computed::fill_in(context, meta, needed, &mut rows).await?;
        let hidden = conceal(context, meta, readable, &mut rows)?;
        for (position, row) in rows.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            json::write_row(meta, fields.without(hidden.of(position)), row, &mut out);
        }
        out.push(b']');
        return Ok(out);
    }
    let count = context.database()?.find_json(meta, &find, readable.and(fields), &mut out).await?;
    if unlimited {
        not_too_many(context, count)?;
    }
    out.push(b']');
    Ok(out)
}

/// Rows, with what is related to them: as records without their type.
pub(crate) async fn find_related(
    context: &Context,
    meta: &'static EntityMeta,
    question: Find,
) -> Result<Vec<Box<dyn AnyRecord>>> {
    if let Some(handled) = handled::list(context, meta, &question, meta.all_fields(), None) {
        return Ok(handled.await?.records);
    }
    find_chosen_related(context, meta, question, meta.all_fields()).await
}

/// As [`find_related`], without handlers.
pub(crate) async fn find_chosen_related(
    context: &Context,
    meta: &'static EntityMeta,
    question: Find,
    fields: FieldMask,
) -> Result<Vec<Box<dyn AnyRecord>>> {
    let named = question.include.clone();
    let (rows, hidden) = find_chosen(context, meta, question, fields).await?;
    with_related(context, meta, rows, hidden, named).await
}

/// Rows that were found, as records, with what is related to them.
pub(super) async fn with_related(
    context: &Context,
    meta: &'static EntityMeta,
    rows: Vec<Row>,
    hidden: Hidden,
    named: Vec<Include>,
) -> Result<Vec<Box<dyn AnyRecord>>> {
    let mut records = Vec::with_capacity(rows.len());
    for (position, row) in rows.into_iter().enumerate() {
        let mut record = (meta.new_record)();
        record.set_stored(row, hidden.of(position))?;
        records.push(record);
    }
    if named.is_empty() && !meta.always_includes() {
        return Ok(records);
    }
    let parents = records.iter_mut().map(|record| &mut **record as &mut dyn AnyRecord).collect();
    include::load_all(context, meta, named, parents).await?;
    Ok(records)
}

/// Are the rows asked for as records: because something is related to them, or because handlers are to see them?
pub(crate) fn as_records(context: &Context, meta: &EntityMeta, find: &Find) -> bool {
    includes(meta, find) || context.handled::<crate::handlers::Find>(meta).is_some()
}

/// Is anything related to be loaded along?
pub(crate) fn includes(meta: &EntityMeta, find: &Find) -> bool {
    !find.include.is_empty() || meta.always_includes()
}

/// Rows with what is related to them, as JSON.
async fn find_related_json(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    fields: FieldMask,
) -> Result<Vec<Vec<u8>>> {
    written(&find_chosen_related(context, meta, find, fields).await?, fields)
}

/// Records with what is related to them, as JSON objects.
pub(super) fn written(records: &[Box<dyn AnyRecord>], fields: FieldMask) -> Result<Vec<Vec<u8>>> {
    let mut left = MAX_WRITTEN;
    let mut one = |record: &dyn AnyRecord| {
        let mut out = Vec::with_capacity(512);
        if json::write_record(record, fields, &mut left, &mut out) {
            return Ok(out);
        }
        Err(Error::invalid(format!(
            "More than {MAX_WRITTEN} rows would be answered, with all that is included: include fewer of each."
        )))
    };
    records.iter().map(|record| one(&**record)).collect()
}

/// One row, by its id, with what is related to it, as JSON.
///
/// # Errors
/// 401, 403; 404 where it is absent or not for this identity.
pub async fn find_id_json(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    include: Vec<Include>,
    with: FieldMask,
) -> Result<Vec<u8>> {
    if let Some(handled) = handled::by_id(context, meta, id, &include, with) {
        return handled.await?.json(context);
    }
    let find = Find { include, with, ..Find::matching(id.condition(meta)).limit(1) };
    find_related_json(context, meta, find, meta.all_fields()).await?.pop().ok_or_else(|| not_found(meta))
}

/// Is a row by its id asked for as a record: because something is related to it, or because handlers are to see it?
#[must_use]
pub fn id_as_record(context: &Context, meta: &EntityMeta, include: &[Include]) -> bool {
    !include.is_empty() || meta.always_includes() || context.handled::<crate::handlers::FindById>(meta).is_some()
}

/// One row, by its id, where it [is not asked for as a record](id_as_record), with these lazy fields, and with all that [`super::visible`] asks about to say what may be shown.
///
/// # Errors
/// 401, 403; 404 where it is absent or not for this identity.
pub async fn find_id(context: &Context, meta: &'static EntityMeta, id: &Id, with: FieldMask) -> Result<Row> {
    let find = Find { with, ..Find::matching(id.condition(meta)).limit(1) };
    let (mut find, readable) = guarded(context, meta, find).await?;
    let needed = needed(context, meta, readable);
    lazy::judged_whole(context, meta, needed, &mut find);
    let mut row = lazy::find(context, meta, &find).await?.pop().ok_or_else(|| not_found(meta))?;
    computed::fill_in(context, meta, needed, std::slice::from_mut(&mut row)).await?;
    Ok(row)
}

/// How many rows fulfil a condition.
///
/// # Errors
/// 400 for what the asker may not see, 401, 403.
pub async fn count(context: &Context, meta: &'static EntityMeta, filter: Condition) -> Result<u64> {
    if let Some(handled) = handled::count(context, meta, &filter) {
        return handled.await;
    }
    let (find, _) = guarded(context, meta, Find::matching(filter)).await?;
    context.database()?.count(meta, &find.filter).await
}
