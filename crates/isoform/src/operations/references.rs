//! What is referred to: through the API nobody is told by a foreign key whether a row is there that they may not reach.
//!
//! The database answers a key without a row by 409. Where the entity at the other end has an `api_filter`, a key to a row beyond it
//! answers the same, and so does one without a row, before anything is written. Whether the asker may *read* the entity is not asked:
//! an application whose users nobody lists still lets tasks name their owner.

use std::collections::HashSet;

use super::include::text;
use super::{Patch, prefilter};
use crate::context::Context;
use crate::filter::Condition;
use crate::meta::{EntityMeta, FieldMask, OnDelete, RelationMeta};
use crate::record::AnyRecord;
use crate::value::Value;
use crate::{Error, Result, validate};

/// So many keys are asked for at once.
const STEP: usize = 1_000;

/// So many of several fields: each is a comparison of its own, and a statement takes only so many.
const STEP_OF_SEVERAL: usize = 250;

/// 409: what is said where a foreign key has no row, or would leave one without.
#[must_use]
pub fn foreign_key_conflict(meta: &EntityMeta) -> Error {
    Error::conflict(format!("Other rows depend on this one of {}, or it on a row that is not there.", meta.key))
}

/// The fields of a patch.
pub(super) fn fields(patch: &Patch) -> FieldMask {
    patch.iter().map(|(index, _)| *index).collect()
}

/// The relations over one of these fields whose other end has rows that the API does not reach. The database keeps watch over them.
fn guarded(meta: &'static EntityMeta, fields: FieldMask) -> impl Iterator<Item = &'static RelationMeta> {
    let watched = |relation: &RelationMeta| {
        relation.holds_the_key() && relation.names_one_row() && relation.on_delete != OnDelete::Unwatched
    };
    let relations = meta.relations.iter().filter(move |relation| is_over(relation, fields));
    relations.filter(move |relation| watched(relation) && has_bounds(relation.target()))
}

/// Are there rows of the entity that are not for everybody? No key points to what has no table.
fn has_bounds(meta: &EntityMeta) -> bool {
    meta.has_table() && (meta.api_filter.is_some() || meta.filters.backend.is_some())
}

/// Is one of these fields in the key of a relation?
fn is_over(relation: &RelationMeta, fields: FieldMask) -> bool {
    relation.keys.iter().any(|(own, _)| fields.contains(*own))
}

/// The fields that are the same reference in each row which gets the same value: those that are in no key of several fields,
/// as the rest of such a key is the row's own.
pub(super) fn the_same_in_each_row(meta: &'static EntityMeta, fields: FieldMask) -> FieldMask {
    let several = guarded(meta, fields).filter(|relation| relation.keys.len() > 1);
    fields.without(several.flat_map(|relation| relation.keys).map(|(own, _)| *own).collect())
}

/// Must an update of these fields know the row, since a reference that it leaves as it is passes?
pub(super) fn need_row(meta: &'static EntityMeta, fields: FieldMask) -> bool {
    guarded(meta, fields).next().is_some()
}

/// Passes records whose references, in the fields that somebody has written, are to rows that they may reach.
///
/// # Errors
/// 409 where there is no such row, or none for the asker.
pub(super) async fn reachable(
    asker: &Context,
    inside: &Context,
    meta: &'static EntityMeta,
    records: &[(&dyn AnyRecord, FieldMask)],
) -> Result<()> {
    let written = records.iter().fold(FieldMask::NONE, |all, (_, fields)| all.or(*fields));
    for relation in guarded(meta, written) {
        let target = relation.target();
        let filter = prefilter::there(&inside.with_identity(asker.identity().cloned()), target).await?;
        // Who may reach all rows is told by the database what is not there.
        if filter == Condition::All {
            continue;
        }
        let mut seen = HashSet::new();
        // Rows that are written together may refer to each other.
        if std::ptr::eq(target, meta) {
            let other =
                |record: &dyn AnyRecord| relation.keys.iter().map(|(_, other)| record.get(*other)).collect::<Vec<_>>();
            seen.extend(records.iter().map(|(record, _)| text(&other(*record))));
        }
        let own = |record: &dyn AnyRecord| relation.keys.iter().map(|(own, _)| record.get(*own)).collect::<Vec<_>>();
        let keys = records.iter().filter(|(_, fields)| is_over(relation, *fields)).map(|(record, _)| own(*record));
        let keys: Vec<_> = keys.filter(|key| !key.iter().any(Value::is_null) && seen.insert(text(key))).collect();
        for part in keys.chunks(if relation.keys.len() == 1 { STEP } else { STEP_OF_SEVERAL }) {
            let there = one_of(relation, part).and(filter.clone());
            if inside.database()?.count(target, &there).await? < part.len() as u64 {
                // Where a validator says that there is none, it says the same of one that is not theirs.
                return Err(validate::asked::missing(meta, relation).unwrap_or_else(|| foreign_key_conflict(meta)));
            }
        }
    }
    Ok(())
}

/// The rows at the other end that have one of these keys.
fn one_of(relation: &RelationMeta, keys: &[Vec<Value>]) -> Condition {
    if let [(_, other)] = relation.keys {
        return Condition::In(*other, keys.concat());
    }
    let equal = |key: &Vec<Value>| {
        let pairs = relation.keys.iter().zip(key);
        pairs.fold(Condition::All, |all, ((_, other), value)| all.and(Condition::equals(*other, value.clone())))
    };
    Condition::Or(keys.iter().map(equal).collect())
}
