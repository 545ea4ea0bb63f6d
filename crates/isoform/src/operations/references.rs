//! What is referred to: through the API nobody is told by a foreign key whether a row is there that they may not reach.
//!
//! The database answers a key without a row by 409. Where the entity at the other end has an `api_filter`, a key to a row beyond it
//! answers the same, and so does one without a row, before anything is written. Whether the asker may *read* the entity is not asked:
//! an application whose users nobody lists still lets tasks name their owner.

use std::collections::HashSet;

use super::{Patch, resolve};
use crate::context::Context;
use crate::filter::Condition;
use crate::meta::{EntityMeta, FieldMask, OnDelete, RelationMeta};
use crate::record::AnyRecord;
use crate::value::Value;
use crate::{Error, Result, guard, json};

/// So many keys are asked for at once.
const STEP: usize = 1_000;

/// 409: what is said where a foreign key has no row, or would leave one without.
#[must_use]
pub fn foreign_key_conflict(meta: &EntityMeta) -> Error {
    Error::conflict(format!("Other rows depend on this one of {}, or it on a row that is not there.", meta.key))
}

/// The fields of a patch.
pub(super) fn fields(patch: &Patch) -> FieldMask {
    patch.iter().map(|(index, _)| *index).collect()
}

/// The relations over one of these fields whose other end has rows that the API does not reach, with both fields of the key. The
/// database keeps watch over them.
fn guarded(
    meta: &'static EntityMeta,
    fields: FieldMask,
) -> impl Iterator<Item = (&'static RelationMeta, usize, usize)> {
    let key = move |relation: &'static RelationMeta| match relation.keys {
        [(own, other)] if relation.holds_the_key() && fields.contains(*own) => Some((relation, *own, *other)),
        _ => None,
    };
    let filtered =
        |relation: &RelationMeta| relation.target().api_filter.is_some() && relation.on_delete != OnDelete::Unwatched;
    meta.relations.iter().filter_map(key).filter(move |(relation, ..)| filtered(relation))
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
    for (relation, own, other) in guarded(meta, written) {
        let target = relation.target();
        let filter = resolve::trusted(guard::api_filter(target, asker.identity()));
        // Who may reach all rows is told by the database what is not there.
        if filter == Condition::All {
            continue;
        }
        let mut seen = HashSet::new();
        // Rows that are written together may refer to each other.
        if std::ptr::eq(target, meta) {
            seen.extend(records.iter().map(|(record, _)| text(&record.get(other))));
        }
        let keys = records.iter().filter(|(_, fields)| fields.contains(own)).map(|(record, _)| record.get(own));
        let keys: Vec<_> = keys.filter(|key| !key.is_null() && seen.insert(text(key))).collect();
        for part in keys.chunks(STEP) {
            let there = Condition::In(other, part.to_vec()).and(filter.clone());
            if inside.database()?.count(target, &there).await? < part.len() as u64 {
                return Err(foreign_key_conflict(meta));
            }
        }
    }
    Ok(())
}

/// A key as text: values cannot be hashed.
fn text(key: &Value) -> Vec<u8> {
    let mut text = Vec::with_capacity(40);
    json::write_json(key, &mut text);
    text
}
