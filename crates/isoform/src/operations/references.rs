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
use crate::validate::{Message, said};
use crate::value::Value;
use crate::{Error, Result, validate};

/// So many keys are asked for at once.
const STEP: usize = 1_000;

/// So many of several fields: each is a comparison of its own, and a statement takes only so many.
const STEP_OF_SEVERAL: usize = 250;

/// The code of the error that a foreign key is which has no row, or would leave one without.
pub const FOREIGN_KEY: &str = "foreign_key";

/// 409: what is said where a foreign key has no row, or would leave one without.
#[must_use]
pub fn foreign_key_conflict(meta: &EntityMeta) -> Error {
    Error::conflict(format!("Other rows depend on this one of {}, or it on a row that is not there.", meta.key))
        .with_code(FOREIGN_KEY)
}

/// As a foreign key answers where rows are to be deleted: others depend on one of them.
pub(super) fn needed(error: Error, meta: &EntityMeta) -> Error {
    if error.code() != Some(FOREIGN_KEY) || !error.fields().is_empty() {
        return error;
    }
    error.with_message(format!("Other rows depend on what is to be deleted of {}.", meta.key))
}

/// 409: these fields name rows that are not there, or not for whoever has written them.
fn names_no_row(meta: &EntityMeta, fields: FieldMask) -> Error {
    let says = said(Message::NoRow);
    let labels: Vec<_> = fields.iter().map(|field| meta.field(field).label).collect();
    let message = match labels.as_slice() {
        [label] => format!("{label} {says}."),
        labels => format!("{} name rows that are not there.", labels.join(", ")),
    };
    let fields = fields.iter().map(|field| (meta.field(field).wire.into(), says.into())).collect();
    Error::conflict(message).with_code(FOREIGN_KEY).with_fields(fields)
}

/// What is said of a row that is not there, or not for whoever asks, or that the filter of a relation over an entity in between leaves
/// out: the same of each. `field` of the entity in between names the row.
pub(super) fn not_in(relation: &RelationMeta, between: &'static EntityMeta, field: usize) -> Error {
    let named: FieldMask = [field].into_iter().collect();
    if relation.filter.is_none() {
        // Where a validator says that there is none, it says the same of one that is not theirs.
        let mut keys = watched(between, named).filter(|key| std::ptr::eq(key.target(), relation.target()));
        let said = keys.next().and_then(|key| validate::asked::missing(between, key));
        return said.unwrap_or_else(|| names_no_row(between, named));
    }
    let (field, says) =
        (between.field(field), format!("names a row that is not there, or not one of \"{}\"", relation.wire));
    let fields = vec![(field.wire.into(), says.clone())];
    Error::conflict(format!("{} {says}.", field.label)).with_code(FOREIGN_KEY).with_fields(fields)
}

/// The error, and where it is a foreign key without a row, the fields that name the row: of those that somebody has written.
/// The database does not say which it was.
pub(super) async fn named(
    error: Error,
    inside: &Context,
    meta: &'static EntityMeta,
    records: &[(&dyn AnyRecord, FieldMask)],
) -> Error {
    if error.code() != Some(FOREIGN_KEY) || !error.fields().is_empty() {
        return error;
    }
    let absent = match absent(inside, meta, records).await {
        Ok(absent) => absent,
        // The transaction may have ended with the write.
        Err(_) => absent_outside(inside, meta, records).await,
    };
    if absent.is_empty() { error } else { names_no_row(meta, absent) }
}

/// As [`named`], for trusted code, which is told of every field.
pub(super) async fn named_anywhere(error: Error, inside: &Context, record: &dyn AnyRecord) -> Error {
    let meta = record.meta();
    named(error, inside, meta, &[(record, meta.all_fields())]).await
}

/// As [`named`], of values that rows get.
pub(super) async fn named_in(error: Error, inside: &Context, meta: &'static EntityMeta, patch: &Patch) -> Error {
    let mut record = (meta.new_record)();
    for (index, value) in patch {
        if record.set(*index, value.clone()).is_err() {
            return error;
        }
    }
    // The rest of a key of several fields is each row's own.
    let written = the_same_in_each_row(meta, fields(patch));
    named(error, inside, meta, &[(&*record, written)]).await
}

/// The written fields that name no row at all.
async fn absent(
    inside: &Context,
    meta: &'static EntityMeta,
    records: &[(&dyn AnyRecord, FieldMask)],
) -> Result<FieldMask> {
    let written = written(records);
    let mut absent = FieldMask::NONE;
    for relation in watched(meta, written) {
        if !all_there(inside, meta, relation, &Condition::All, records).await? {
            absent = absent.or(own(relation).and(written));
        }
    }
    Ok(absent)
}

async fn absent_outside(
    inside: &Context,
    meta: &'static EntityMeta,
    records: &[(&dyn AnyRecord, FieldMask)],
) -> FieldMask {
    absent(&inside.outside(), meta, records).await.unwrap_or(FieldMask::NONE)
}

/// The fields that somebody has written of one of some records.
fn written(records: &[(&dyn AnyRecord, FieldMask)]) -> FieldMask {
    records.iter().fold(FieldMask::NONE, |all, (_, fields)| all.or(*fields))
}

/// The fields of a relation's key.
fn own(relation: &RelationMeta) -> FieldMask {
    relation.keys.iter().map(|(own, _)| *own).collect()
}

/// The fields of a patch.
pub(super) fn fields(patch: &Patch) -> FieldMask {
    patch.iter().map(|(index, _)| *index).collect()
}

/// The relations over one of these fields that the database keeps watch over. No key points to what has no table.
fn watched(meta: &'static EntityMeta, fields: FieldMask) -> impl Iterator<Item = &'static RelationMeta> {
    let watched = |relation: &RelationMeta| {
        relation.holds_the_key()
            && relation.names_one_row()
            && relation.on_delete != OnDelete::Unwatched
            && relation.target().has_table()
    };
    meta.relations.iter().filter(move |relation| is_over(relation, fields) && watched(relation))
}

/// Does the database keep watch that a field names a row of an entity?
pub(super) fn watches(meta: &'static EntityMeta, field: usize, of: &EntityMeta) -> bool {
    let mut relations = watched(meta, [field].into_iter().collect());
    relations.any(|relation| relation.keys.len() == 1 && std::ptr::eq(relation.target(), of))
}

/// Those of them whose other end has rows that the API does not reach.
fn guarded(meta: &'static EntityMeta, fields: FieldMask) -> impl Iterator<Item = &'static RelationMeta> {
    watched(meta, fields).filter(|relation| has_bounds(relation.target()))
}

/// Are there rows of the entity that are not for everybody?
fn has_bounds(meta: &EntityMeta) -> bool {
    meta.api_filter.is_some() || meta.filters.backend.is_some()
}

/// Is one of these fields in the key of a relation?
fn is_over(relation: &RelationMeta, fields: FieldMask) -> bool {
    relation.keys.iter().any(|(own, _)| fields.contains(*own))
}

/// The fields that are the same reference in each row which gets the same value: those that are in no key of several fields,
/// as the rest of such a key is the row's own.
pub(super) fn the_same_in_each_row(meta: &'static EntityMeta, fields: FieldMask) -> FieldMask {
    let several = watched(meta, fields).filter(|relation| relation.keys.len() > 1);
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
    let written = written(records);
    for relation in guarded(meta, written) {
        let filter = prefilter::there(&inside.with_identity(asker.identity().cloned()), relation.target()).await?;
        // Who may reach all rows is told by the database what is not there.
        if filter != Condition::All && !all_there(inside, meta, relation, &filter, records).await? {
            // Where a validator says that there is none, it says the same of one that is not theirs.
            let said = validate::asked::missing(meta, relation);
            return Err(said.unwrap_or_else(|| names_no_row(meta, own(relation).and(written))));
        }
    }
    Ok(())
}

/// Is there a row that fulfils a condition for each key that somebody has written?
async fn all_there(
    inside: &Context,
    meta: &'static EntityMeta,
    relation: &RelationMeta,
    condition: &Condition,
    records: &[(&dyn AnyRecord, FieldMask)],
) -> Result<bool> {
    let target = relation.target();
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
        let there = one_of(relation, part).and(condition.clone());
        if inside.database()?.count(target, &there).await? < part.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
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
