//! What the asker may not see of rows: the same fields of all of them, and, where a rule judges the record, more of some.

use super::ask::{hide, readable};
use super::lazy;
use crate::context::{Context, Scope};
use crate::guard;
use crate::meta::{EntityMeta, FieldMask};
use crate::record::AnyRecord;
use crate::value::Row;
use crate::{Error, Result};

/// The fields that are blank in rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    of_all: FieldMask,
    /// Of each row; nothing, where no rule judges the record.
    of_each: Vec<FieldMask>,
}

impl Hidden {
    /// The fields that are blank in the row at a position.
    pub fn of(&self, position: usize) -> FieldMask {
        self.of_each.get(position).copied().unwrap_or(self.of_all)
    }
}

/// The fields that the one who asks in a context may see of some rows.
pub fn judged(context: &Context, meta: &EntityMeta) -> FieldMask {
    match context.scope() {
        Scope::Api => guard::judged_fields(meta, context.identity()),
        Scope::Backend => FieldMask::NONE,
    }
}

/// The fields that have to be known of a row before it is judged and shown: a rule may ask about any of them.
pub(super) fn needed(context: &Context, meta: &EntityMeta, readable: FieldMask) -> FieldMask {
    if judged(context, meta).is_empty() { readable } else { meta.all_fields() }
}

/// Blanks what the asker may not see of rows; answers which fields that are.
pub(super) fn conceal(context: &Context, meta: &EntityMeta, readable: FieldMask, rows: &mut [Row]) -> Result<Hidden> {
    let of_all = meta.all_fields().without(readable);
    let mut hidden = Hidden { of_all, of_each: Vec::new() };
    if of_all.is_empty() {
        return Ok(hidden);
    }
    let by_record = !judged(context, meta).is_empty();
    let mut blank = (meta.new_record)().row();
    lazy::leave_out(meta.lazy_fields(), std::slice::from_mut(&mut blank));
    for row in rows {
        let of_this = if by_record { of_all.without(seen_of(context, meta, row)?) } else { of_all };
        hide(row, &blank, of_this);
        if by_record {
            hidden.of_each.push(of_this);
        }
    }
    Ok(hidden)
}

fn seen_of(context: &Context, meta: &EntityMeta, row: &Row) -> Result<FieldMask> {
    let mut record = (meta.new_record)();
    record.set_stored(row.clone(), FieldMask::NONE)?;
    Ok(guard::readable_of(context.identity(), &*record))
}

/// The fields that the one who asks in a context may see of a row.
///
/// # Errors
/// Where the row does not fit the entity.
pub fn visible(context: &Context, meta: &EntityMeta, row: &Row) -> Result<FieldMask> {
    if judged(context, meta).is_empty() { Ok(readable(context, meta)) } else { seen_of(context, meta, row) }
}

/// The fields of a record that its own values keep from an identity.
pub(crate) fn kept_from(context: &Context, record: &dyn AnyRecord) -> FieldMask {
    let judged = guard::judged_fields(record.meta(), context.identity());
    if judged.is_empty() { judged } else { judged.without(guard::readable_of(context.identity(), record)) }
}

/// The error without what its reader may not see: a field that cannot be read is not told about either.
#[must_use]
pub fn concealed(error: Error, meta: &EntityMeta, readable: FieldMask) -> Error {
    let visible = |wire: &str| meta.field_by_wire(wire).is_none_or(|index| readable.contains(index));
    if error.fields().iter().all(|(wire, _)| visible(wire)) {
        return error;
    }
    let fields: Vec<_> = error.fields().iter().filter(|(wire, _)| visible(wire)).cloned().collect();
    let message = fields.iter().map(|(_, message)| message.as_str()).collect::<Vec<_>>().join("; ");
    let message = if message.is_empty() { "This cannot be saved.".to_owned() } else { message };
    error.with_fields(fields).with_message(message)
}
