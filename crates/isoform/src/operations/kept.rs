//! What the server keeps of each row of an entity with a `PersistenceItem`, as far as it is known before the row is written.

use super::store::set;
use crate::Result;
use crate::context::Context;
use crate::record::AnyRecord;
use crate::value::Value;

/// Gives a new record its identifier and its owner, where it has none: rules and filters may ask about them.
pub(super) fn give(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    let Some(kept) = meta.kept else { return Ok(()) };
    if record.get(kept.object_id).is_empty() {
        set(record, kept.object_id, Value::Uuid(uuid::Uuid::now_v7()))?;
    }
    if let Some(identity) = context.identity()
        && record.get(kept.owner_id).is_null()
    {
        set(record, kept.owner_id, Value::Text(identity.id.clone()))?;
    }
    Ok(())
}
