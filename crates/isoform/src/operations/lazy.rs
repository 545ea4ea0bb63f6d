//! Fields that are loaded when they are asked for. What is not loaded is null in a row.

use super::hidden::judged;
use crate::Result;
use crate::context::{Context, Scope};
use crate::guard;
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::Find;
use crate::value::{Row, Value};

/// Rows, without what the question leaves out.
pub(super) async fn find(context: &Context, meta: &'static EntityMeta, find: &Find) -> Result<Vec<Row>> {
    let left_out = find.left_out(meta);
    if left_out.is_empty() {
        return context.database()?.find(meta, find).await;
    }
    let fields = meta.columns().without(left_out);
    let rows = context.database()?.find_fields(meta, find, fields).await?;
    let whole = |row: Row| {
        let mut values = row.into_iter();
        let value = |index| if fields.contains(index) { values.next().unwrap_or(Value::Null) } else { Value::Null };
        (0..meta.fields.len()).map(value).collect()
    };
    Ok(rows.into_iter().map(whole).collect())
}

/// Reads the other fields along too, where a rule or an expression may ask about them: what is seen and computed does not depend on
/// what else was asked for. Answers which are to be left out once that was judged and computed. `needed` are the fields that
/// have to be known.
pub(super) fn judged_whole(context: &Context, meta: &EntityMeta, needed: FieldMask, find: &mut Find) -> FieldMask {
    let left_out = find.left_out(meta);
    if left_out.is_empty() || (judged(context, meta).is_empty() && meta.server_fields().and(needed).is_empty()) {
        return FieldMask::NONE;
    }
    find.with = meta.lazy_fields();
    left_out
}

/// What the answer of a write leaves out: lazy fields that were not sent, or that the writer may not write.
#[must_use]
pub fn unsent(context: &Context, meta: &EntityMeta, sent: FieldMask) -> FieldMask {
    let lazy = meta.lazy_fields();
    match context.scope() {
        _ if lazy.is_empty() => lazy,
        Scope::Api => lazy.without(sent.and(guard::writable_fields(meta, context.identity()))),
        Scope::Backend => lazy.without(sent),
    }
}

/// Takes fields out of rows.
pub(super) fn leave_out(left_out: FieldMask, rows: &mut [Row]) {
    if left_out.is_empty() {
        return;
    }
    for row in rows {
        for (_, value) in row.iter_mut().enumerate().filter(|(index, _)| left_out.contains(*index)) {
            *value = Value::Null;
        }
    }
}
