//! The one place that answers: may this identity do this to this record, and which fields may it see and write?
//!
//! REST, backend methods and server rendering ask here. Nobody may do anything that is not declared; a rule that is a
//! function is never asked about nobody.

use crate::identity::Identity;
use crate::meta::{EntityMeta, FieldCheck, FieldMask, FieldMeta, FieldRole, FieldRule, IdentityRule, RecordRule, Rule};
use crate::record::AnyRecord;
use crate::{Error, Result};

/// A write that the guard is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// A new row.
    Insert,
    /// A change of a row.
    Update,
    /// The end of a row.
    Delete,
}

impl Write {
    const fn verb(self) -> &'static str {
        match self {
            Self::Insert => "add",
            Self::Update => "change",
            Self::Delete => "delete",
        }
    }

    const fn rule(self, meta: &EntityMeta) -> RecordRule {
        match self {
            Self::Insert => meta.allow.insert,
            Self::Update => meta.allow.update,
            Self::Delete => meta.allow.delete,
        }
    }
}

/// Does the rule let this identity, or nobody, pass? A function is asked through `check`.
fn passes<F>(rule: &Rule<F>, identity: Option<&Identity>, check: impl FnOnce(&F, &Identity) -> bool) -> bool {
    match (rule, identity) {
        (Rule::Everyone, _) => true,
        (Rule::Nobody, _) | (_, None) => false,
        (Rule::Authenticated, Some(_)) => true,
        (Rule::Roles(roles), Some(identity)) => identity.has_any_role(roles),
        (Rule::Check(function), Some(identity)) => check(function, identity),
    }
}

/// Does an identity, or nobody, pass a rule that asks for nothing else?
#[must_use]
pub fn allows(rule: &IdentityRule, identity: Option<&Identity>) -> bool {
    passes(rule, identity, |function, identity| function(identity))
}

/// Does an identity, or nobody, pass a rule on a record?
#[must_use]
pub fn allows_record(rule: &RecordRule, identity: Option<&Identity>, record: &dyn AnyRecord) -> bool {
    passes(rule, identity, |function, identity| function(identity, record))
}

/// 401 for nobody, 403 for somebody.
#[must_use]
pub fn refusal(identity: Option<&Identity>, what: &str) -> Error {
    if identity.is_some() {
        Error::forbidden(format!("You are not allowed to {what}."))
    } else {
        Error::unauthenticated()
    }
}

/// Passes whoever may see rows of the entity at all.
///
/// # Errors
/// 401 or 403.
pub fn read(meta: &EntityMeta, identity: Option<&Identity>) -> Result<()> {
    if allows(&meta.allow.read, identity) { Ok(()) } else { Err(refusal(identity, &format!("see {}", meta.key))) }
}

/// Passes whoever may do such a write to some row at least: asked before anything is read.
///
/// # Errors
/// 401 or 403.
pub fn write(meta: &EntityMeta, identity: Option<&Identity>, write: Write) -> Result<()> {
    #[cfg(not(target_arch = "wasm32"))]
    meta.writable()?;
    let possible = passes(&write.rule(meta), identity, |_, _| true);
    if possible { Ok(()) } else { Err(refusal(identity, &format!("{} {}", write.verb(), meta.key))) }
}

/// Passes whoever may do such a write to this record.
///
/// # Errors
/// 401 or 403.
pub fn write_record(identity: Option<&Identity>, write: Write, record: &dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    if allows_record(&write.rule(meta), identity, record) {
        Ok(())
    } else {
        Err(refusal(identity, &format!("{} these {}", write.verb(), meta.key)))
    }
}

/// Is such a write judged by the record and not by the identity alone?
#[must_use]
pub fn needs_record(meta: &EntityMeta, write: Write) -> bool {
    matches!(write.rule(meta), Rule::Check(_))
}

/// What a rule on a field says to an identity, or nobody, of every row; nothing, where it is the record's to say.
#[must_use]
pub fn of_every_row(rule: &FieldRule, identity: Option<&Identity>) -> Option<bool> {
    match (rule, identity) {
        (Rule::Check(FieldCheck::Record(_)), Some(_)) => None,
        _ => Some(passes(rule, identity, |check, identity| match check {
            FieldCheck::Identity(function) => function(identity),
            FieldCheck::Record(_) => false,
        })),
    }
}

/// Does an identity, or nobody, pass a rule on a field of this record?
#[must_use]
pub fn allows_field(rule: &FieldRule, identity: Option<&Identity>, record: &dyn AnyRecord) -> bool {
    passes(rule, identity, |check, identity| match check {
        FieldCheck::Identity(function) => function(identity),
        FieldCheck::Record(function) => function(identity, record),
    })
}

/// Does a rule on a field judge by the record?
#[must_use]
pub const fn is_by_record(rule: &FieldRule) -> bool {
    matches!(rule, Rule::Check(FieldCheck::Record(_)))
}

fn such_fields(meta: &EntityMeta, such: impl Fn(&FieldMeta) -> bool) -> FieldMask {
    meta.fields.iter().enumerate().filter(|(_, field)| such(field)).map(|(index, _)| index).collect()
}

/// The fields that an identity, or nobody, may see of every row. Who may see no rows, but write some, is told no more of them
/// than which row it was and its version.
#[must_use]
pub fn readable_fields(meta: &EntityMeta, identity: Option<&Identity>) -> FieldMask {
    let rows = allows(&meta.allow.read, identity);
    such_fields(meta, |field| {
        (rows || matches!(field.role, FieldRole::Id | FieldRole::Version))
            && of_every_row(&field.api_read, identity) == Some(true)
    })
}

/// The fields that an identity may see of some rows: the record decides.
#[must_use]
pub fn judged_fields(meta: &EntityMeta, identity: Option<&Identity>) -> FieldMask {
    let judged = such_fields(meta, |field| is_by_record(&field.api_read));
    if judged.is_empty() || identity.is_none() || !allows(&meta.allow.read, identity) {
        FieldMask::NONE
    } else {
        judged
    }
}

/// The fields that an identity, or nobody, may see of this record: as it is in the table and as it is now. Otherwise whoever
/// may write the owner of a record, say, could read by claiming to be that.
#[must_use]
pub fn readable_of(identity: Option<&Identity>, record: &dyn AnyRecord) -> FieldMask {
    let meta = record.meta();
    let (readable, judged) = (readable_fields(meta, identity), judged_fields(meta, identity));
    if judged.is_empty() {
        return readable;
    }
    let shown = |record: &dyn AnyRecord| -> FieldMask {
        judged.iter().filter(|index| allows_field(&meta.field(*index).api_read, identity, record)).collect()
    };
    let mut seen = shown(record);
    if let Some(stored) = record.as_stored() {
        seen = seen.and(shown(&*stored));
    }
    readable.or(seen)
}

/// The fields that an identity, or nobody, may write of some row: what it may also see, and nothing that is made without it.
#[must_use]
pub fn writable_fields(meta: &EntityMeta, identity: Option<&Identity>) -> FieldMask {
    let perhaps = |rule: &FieldRule| of_every_row(rule, identity) != Some(false);
    such_fields(meta, |field| !field.is_made() && perhaps(&field.api_read) && perhaps(&field.allow_update))
}

/// The fields that an identity, or nobody, may write of this record, as it is.
#[must_use]
pub fn writable_of(identity: Option<&Identity>, record: &dyn AnyRecord) -> FieldMask {
    such_fields(record.meta(), |field| {
        !field.is_made()
            && allows_field(&field.api_read, identity, record)
            && allows_field(&field.allow_update, identity, record)
    })
}

/// Does the API never show the field to anybody?
#[must_use]
pub const fn is_secret(field: &FieldMeta) -> bool {
    matches!(field.api_read, Rule::Nobody)
}

/// Passes a question that names only fields that the asker may see: a hidden field answers as one that is not there.
///
/// # Errors
/// 400 with the field's name.
pub fn asks_only(meta: &EntityMeta, readable: FieldMask, asked: FieldMask) -> Result<()> {
    match asked.without(readable).iter().next() {
        None => Ok(()),
        Some(index) => Err(crate::filter::wire::unknown_field(meta, meta.field(index).wire)),
    }
}

/// The condition that every row must fulfil which the API may touch for an identity, or nobody.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn api_filter(meta: &EntityMeta, identity: Option<&Identity>) -> crate::filter::Condition {
    meta.api_filter.map_or(crate::filter::Condition::All, |filter| filter(identity))
}
