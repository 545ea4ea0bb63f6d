//! What is related to one row, without the row.

use super::ask::{find, written};
use super::{handled, include, not_found};
use crate::context::{Context, Scope};
use crate::filter::limits;
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::{Find, Include};
use crate::record::AnyRecord;
use crate::{Error, Result, guard};

/// The record of a row with these relations and no others loaded, each guarded as it is where a question includes it.
///
/// # Errors
/// 400 where no relation is named, for what the asker may not see and for too many rows; 401, 403; 404 where the row is absent or
/// not for this identity.
pub(crate) async fn load_relations(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    relations: &[Include],
) -> Result<Box<dyn AnyRecord>> {
    match handled::load_relations(context, meta, id, relations) {
        Some(handled) => handled.await,
        None => loaded(context, meta, id, relations).await,
    }
}

/// Passes relations that the asker may have loaded of some row: that is told whether or not the row is there.
///
/// # Errors
/// 400 where one is hidden, 401 and 403 where an entity is.
pub(super) fn may_be_loaded(context: &Context, meta: &EntityMeta, relations: &[Include]) -> Result<()> {
    if context.scope() == Scope::Api {
        guard::read(meta, context.identity())?;
    }
    include::may_be_named(context, meta, relations)
}

/// As [`load_relations`], without handlers.
pub(super) async fn loaded(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    relations: &[Include],
) -> Result<Box<dyn AnyRecord>> {
    may_be_loaded(context, meta, relations)?;
    if relations.is_empty() {
        return Err(Error::invalid(format!("Which relations of {} are to be loaded? None is named.", meta.key)));
    }
    limits::check_includes(1)?;
    // A lazy field may be a key.
    let keys = relations.iter().flat_map(|one| one.relation.keys).map(|(own, _)| *own).collect::<FieldMask>();
    let with = keys.and(meta.lazy_fields()).and(super::ask::readable(context, meta));
    let question = Find { with, ..Find::matching(id.condition(meta)).limit(1) };
    let (mut rows, hidden) = find(context, meta, question).await?;
    let row = rows.pop().ok_or_else(|| not_found(meta))?;
    let mut record = (meta.new_record)();
    record.set_stored(row, hidden.of(0))?;
    include::load(context, meta, relations, vec![&mut *record], 1).await?;
    Ok(record)
}

/// As JSON: an object with each relation by its name, an object or `null`, or an array.
///
/// # Errors
/// As loading them.
pub async fn load_relations_json(
    context: &Context,
    meta: &'static EntityMeta,
    id: &Id,
    relations: Vec<Include>,
) -> Result<Vec<u8>> {
    let record = load_relations(context, meta, id, &relations).await?;
    written(&[record], FieldMask::NONE)?.pop().ok_or_else(|| not_found(meta))
}
