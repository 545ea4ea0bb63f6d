//! What the asker may write of a record, where rules on its fields judge the record. The rest is passed over.

use super::write::apply;
use super::{Patch, handled, kept, references};
use crate::Result;
use crate::context::Context;
use crate::guard;
use crate::meta::{EntityMeta, FieldMask};
use crate::record::AnyRecord;

/// Is one of these values for a field whose rules judge the record?
pub(super) fn needs_record(meta: &EntityMeta, patch: &Patch) -> bool {
    let by_record = |index: usize| {
        let field = meta.field(index);
        guard::is_by_record(&field.api_read) || guard::is_by_record(&field.allow_update)
    };
    patch.iter().any(|(index, _)| by_record(*index))
}

/// Leaves out of values for a stored record what the asker may not write of it.
pub(super) fn retain(context: &Context, stored: &dyn AnyRecord, patch: &mut Patch) {
    let meta = stored.meta();
    if needs_record(meta, patch) {
        let writable = guard::writable_of(context.identity(), stored);
        patch.retain(|(index, _)| meta.version == Some(*index) || writable.contains(*index));
    }
}

/// Passes values, put there by handlers, that a stored record lets the asker write: of those nothing is passed over.
///
/// # Errors
/// 401 or 403.
pub(super) fn may_put(context: &Context, stored: &dyn AnyRecord, put: &Patch) -> Result<()> {
    let meta = stored.meta();
    if !needs_record(meta, put) {
        return Ok(());
    }
    let writable = guard::writable_of(context.identity(), stored);
    handled::may_write(context, meta, put, writable.or(meta.version.into_iter().collect()))
}

/// A new record with what of the values the asker may write of such a record; and which fields that were.
///
/// # Errors
/// 400 where a value does not fit.
pub(super) fn new_record(
    context: &Context,
    meta: &'static EntityMeta,
    mut patch: Patch,
) -> Result<(Box<dyn AnyRecord>, FieldMask)> {
    loop {
        let written = references::fields(&patch);
        let mut record = (meta.new_record)();
        // A rule may ask whose it is.
        kept::give(context, &mut *record)?;
        if !needs_record(meta, &patch) {
            apply(&mut *record, patch)?;
            return Ok((record, written));
        }
        apply(&mut *record, patch.clone())?;
        // What is left out is gone for the rules on the other fields too.
        let writable = guard::writable_of(context.identity(), &*record);
        if written.without(writable).is_empty() {
            return Ok((record, written));
        }
        patch.retain(|(index, _)| writable.contains(*index));
    }
}
