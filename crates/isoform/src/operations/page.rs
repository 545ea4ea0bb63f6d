//! Pages by a cursor: what stands behind a row in an order, however deep that is. And a list from its end.

use super::ask::{
    Guarded, find_chosen_related, found_json, guarded, includes, not_too_many, probe, readable, with_related, written,
};
use super::cursor::Question;
use super::hidden::{Hidden, conceal, judged, needed};
use super::{computed, handled, lazy};
use crate::context::Context;
use crate::filter::Condition;
use crate::guard;
use crate::meta::{Direction, EntityMeta, FieldMask};
use crate::provider::Find;
use crate::query::default_limit;
use crate::record::AnyRecord;
use crate::relation::{OrderBy, OrderKey, order_by_fields};
use crate::value::{Row, Value};
use crate::{Error, Result};

/// The longest cursor that is sent: it comes back in an address.
const MAX_CURSOR: usize = 16_384;

/// What was asked for, or of the entity's own order what the asker may see: the order of rows would tell what is hidden in them.
pub(super) fn seen_order(meta: &EntityMeta, asked: OrderBy, readable: FieldMask) -> OrderBy {
    if !asked.is_empty() || meta.order_by.iter().all(|(field, _)| readable.contains(*field)) {
        return asked;
    }
    let seen = order(meta, &asked, readable);
    // The id is in every order.
    if seen.is_empty() {
        order_by_fields(&meta.ids.iter().map(|id| (*id, Direction::Asc)).collect::<Vec<_>>())
    } else {
        seen
    }
}

fn order(meta: &EntityMeta, asked: &[(OrderKey, Direction)], readable: FieldMask) -> OrderBy {
    if asked.is_empty() {
        let seen = meta.order_by.iter().filter(|(field, _)| readable.contains(*field));
        seen.map(|(field, direction)| (OrderKey::Field(*field), *direction)).collect()
    } else {
        asked.to_vec()
    }
}

/// An order from its end to its beginning: what was asked for, or the entity's own.
#[must_use]
pub fn reversed(context: &Context, meta: &EntityMeta, asked: &[(OrderKey, Direction)]) -> OrderBy {
    let mut order = order(meta, asked, readable(context, meta));
    for (_, direction) in &mut order {
        *direction = direction.reversed();
    }
    // The id goes with the last field, and without a field backwards.
    if order.is_empty() {
        order.extend(meta.ids.iter().map(|id| ((*id).into(), Direction::Desc)));
    }
    order
}

/// A question for a page.
pub(super) struct Asked {
    find: Find,
    size: u64,
    readable: FieldMask,
    question: Question,
}

impl Asked {
    /// Guards a question for the page behind a cursor; an empty one stands before the first row.
    async fn guarded(context: &Context, meta: &'static EntityMeta, find: Find, cursor: &str) -> Result<Self> {
        let filter = find.filter.clone();
        Self::new(meta, &filter, guarded(context, meta, find).await?, cursor)
    }

    /// A guarded question, of which this filter was asked for.
    pub fn new(
        meta: &'static EntityMeta,
        filter: &Condition,
        (mut find, readable): Guarded,
        cursor: &str,
    ) -> Result<Self> {
        find.order = order(meta, &find.order, readable);
        let Some(order) = find.order_of_fields() else {
            return Err(Error::invalid(
                "Pages by a cursor are ordered by fields of the rows themselves. Ask by page and limit, or declare what is of \
                 related rows as a field.",
            ));
        };
        let order = meta.complete_order(&order);
        if let Some((field, _)) = order.iter().find(|(field, _)| meta.field(*field).field_type.is_json()) {
            return Err(Error::invalid(format!(
                "\"{}\" is a field of JSON: pages by a cursor cannot be ordered by it.",
                meta.field(*field).wire
            )));
        }
        // One more than is answered tells whether there is more. A database counts as far as an i64.
        let size = find.limit.unwrap_or_else(default_limit);
        if size == 0 || size >= i64::MAX.unsigned_abs() {
            return Err(Error::invalid(format!("A page has at least one row, and not {size}.")));
        }
        find.limit = Some(size + 1);
        find.order = order_by_fields(&order);
        let question = Question::new(meta, filter, order);
        if !cursor.is_empty() {
            if find.offset > 0 {
                return Err(Error::invalid("A cursor says where a page begins: _page has no meaning beside it."));
            }
            find.after = Some(question.read(cursor)?);
        }
        Ok(Self { find, size, readable, question })
    }
}

/// A page of rows.
pub(crate) struct Page {
    pub rows: Vec<Row>,
    /// The fields that the asker may not see: they are blank in the rows.
    pub hidden: Hidden,
    /// Where the next page begins, where there is one.
    pub cursor: Option<String>,
    /// How many rows there are on all pages, where that was asked for.
    pub total: Option<u64>,
}

/// The page behind a cursor; an empty one stands before the first row.
pub(crate) async fn page(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    cursor: &str,
    total: bool,
) -> Result<Page> {
    page_chosen(context, meta, find, cursor, total, meta.all_fields()).await
}

/// As [`page`]; of what the server computes only the fields of a mask.
async fn page_chosen(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    cursor: &str,
    total: bool,
    fields: FieldMask,
) -> Result<Page> {
    let asked = Asked::guarded(context, meta, find, cursor).await?;
    let (mut page, readable, left_out) = whole(context, meta, asked, total, fields, Condition::All).await?;
    page.hidden = conceal(context, meta, readable, &mut page.rows)?;
    lazy::leave_out(left_out, &mut page.rows);
    Ok(page)
}

/// As [`page_chosen`], with the rows as they are in the table; the fields that the asker may see of all of them, and those to leave
/// out once that was judged. `beside` is the server's word.
pub(super) async fn whole(
    context: &Context,
    meta: &'static EntityMeta,
    Asked { mut find, size, readable, question }: Asked,
    total: bool,
    fields: FieldMask,
    beside: Condition,
) -> Result<(Page, FieldMask, FieldMask)> {
    find.filter = find.filter.and(beside);
    let needed = needed(context, meta, readable.and(fields));
    let left_out = lazy::judged_whole(context, meta, needed, &mut find);
    let database = context.database()?;
    let mut rows = lazy::find(context, meta, &find).await?;
    let mut cursor = None;
    if rows.len() as u64 > size {
        rows.pop();
        let value = |(key, _): &(OrderKey, Direction)| {
            let value = key.field().and_then(|field| rows.last()?.get(field));
            value.cloned().unwrap_or(Value::Null)
        };
        cursor = Some(question.cursor(&find.order.iter().map(value).collect::<Vec<_>>()));
    }
    let total = if total { Some(database.count(meta, &find.filter).await?) } else { None };
    computed::fill_in(context, meta, needed, &mut rows).await?;
    Ok((Page { rows, hidden: Hidden::default(), cursor, total }, readable, left_out))
}

/// As [`page`], as records with what is related to them.
pub(crate) async fn page_related(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    cursor: &str,
    total: bool,
) -> Result<(Vec<Box<dyn AnyRecord>>, Page)> {
    if let Some(handled) = handled::list(context, meta, &find, meta.all_fields(), Some((cursor, total))) {
        let handled::Listed { records, total, cursor, .. } = handled.await?;
        return Ok((records, Page { rows: Vec::new(), hidden: Hidden::default(), cursor, total }));
    }
    let named = find.include.clone();
    let mut page = page(context, meta, find, cursor, total).await?;
    let (rows, hidden) = (std::mem::take(&mut page.rows), std::mem::take(&mut page.hidden));
    Ok((with_related(context, meta, rows, hidden, named).await?, page))
}

/// A page as the API answers it: `{"items": […], "cursor": "…", "total": 3}`, the latter two where there are some.
///
/// # Errors
/// 400 for what the asker may not see and for a cursor of another question, 401, 403.
pub async fn page_json(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    cursor: &str,
    fields: FieldMask,
    total: bool,
) -> Result<Vec<u8>> {
    if let Some(handled) = handled::list(context, meta, &find, fields, Some((cursor, total))) {
        let handled = handled.await?;
        return end([b"{\"items\":", handled.json()?.as_slice()].concat(), handled.cursor, handled.total);
    }
    if includes(meta, &find) || !meta.server_fields().or(judged(context, meta)).is_empty() {
        let named = find.include.clone();
        let mut page = page_chosen(context, meta, find, cursor, total, fields).await?;
        let (rows, hidden) = (std::mem::take(&mut page.rows), std::mem::take(&mut page.hidden));
        let records = with_related(context, meta, rows, hidden, named).await?;
        let items = written(&records, fields)?.join(&b","[..]);
        return end([b"{\"items\":[", items.as_slice(), b"]"].concat(), page.cursor, page.total);
    }
    let Asked { find, size, readable, question } = Asked::guarded(context, meta, find, cursor).await?;
    let fields = fields.without(find.left_out(meta));
    let database = context.database()?;
    let mut out = Vec::with_capacity(4096);
    out.extend_from_slice(b"{\"items\":[");
    let last = database.find_page(meta, &find, size, readable.and(fields), &mut out).await?;
    let total = if total { Some(database.count(meta, &find.filter).await?) } else { None };
    out.push(b']');
    end(out, last.map(|values| question.cursor(&values)), total)
}

/// What stands behind the items of a page.
fn end(mut out: Vec<u8>, cursor: Option<String>, total: Option<u64>) -> Result<Vec<u8>> {
    if let Some(cursor) = cursor {
        if cursor.len() > MAX_CURSOR {
            return Err(Error::invalid(
                "A row has too long a text in a field of the order for a cursor. Order by another field.",
            ));
        }
        out.extend_from_slice(format!(",\"cursor\":\"{cursor}\"").as_bytes());
    }
    if let Some(total) = total {
        out.extend_from_slice(format!(",\"total\":{total}").as_bytes());
    }
    out.push(b'}');
    Ok(out)
}

/// The first or the last row of an order, whatever the page, as a list of one.
///
/// # Errors
/// 400 for what the asker may not see, 401, 403.
pub async fn end_json(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    fields: FieldMask,
    last: bool,
) -> Result<Vec<u8>> {
    if let Some(handled) = handled::end(context, meta, &find, fields, last) {
        return handled.await?.json();
    }
    found_json(context, meta, at_end(context, meta, find, last), fields).await
}

/// As [`end_json`], as a record with what is related to it.
pub(crate) async fn end_related(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    last: bool,
) -> Result<Option<Box<dyn AnyRecord>>> {
    if let Some(handled) = handled::end(context, meta, &find, meta.all_fields(), last) {
        return Ok(handled.await?.records.pop());
    }
    let find = at_end(context, meta, find, last);
    Ok(find_chosen_related(context, meta, find, meta.all_fields()).await?.pop())
}

/// The question for one row at an end of an order.
pub(super) fn at_end(context: &Context, meta: &EntityMeta, find: Find, last: bool) -> Find {
    let order = if last { reversed(context, meta, &find.order) } else { find.order };
    Find { order, limit: Some(1), offset: 0, ..find }
}

/// Rows with the fields of a mask alone, all of which the asker may see of some rows at least; of others they are blank.
pub(crate) async fn find_fields(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    fields: FieldMask,
) -> Result<Vec<Row>> {
    if let Some(handled) = handled::list(context, meta, &find, fields, None) {
        return Ok(handled.await?.chosen(fields));
    }
    let (mut find, readable) = guarded(context, meta, find).await?;
    let judged = judged(context, meta).and(fields);
    guard::asks_only(meta, readable.or(judged), fields)?;
    let unlimited = probe(context, &mut find);
    let database = context.database()?;
    let rows = if fields.and(meta.server_fields()).or(judged).is_empty() {
        database.find_fields(meta, &find, fields).await?
    } else {
        let mut rows = database.find(meta, &find).await?;
        computed::fill_in(context, meta, needed(context, meta, fields), &mut rows).await?;
        conceal(context, meta, readable, &mut rows)?;
        let chosen = |row: Row| {
            row.into_iter().enumerate().filter(|(index, _)| fields.contains(*index)).map(|(_, value)| value).collect()
        };
        rows.into_iter().map(chosen).collect()
    };
    if unlimited {
        not_too_many(context, rows.len() as u64)?;
    }
    Ok(rows)
}
