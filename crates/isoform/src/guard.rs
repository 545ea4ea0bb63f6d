//! The one place that answers: may this identity do this to this record, and which fields may it see and write?
//!
//! REST, backend methods and server rendering ask here. Nobody may do anything that is not declared; a rule that is a
//! function is never asked about nobody.

use crate::identity::Identity;
use crate::meta::{EntityMeta, FieldMask, FieldMeta, FieldRole, IdentityRule, RecordRule, Rule};
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

/// The fields that an identity, or nobody, may see. Who may see no rows, but write some, is told no more of them than which
/// row it was and its version.
#[must_use]
pub fn readable_fields(meta: &EntityMeta, identity: Option<&Identity>) -> FieldMask {
    let rows = allows(&meta.allow.read, identity);
    let readable = |(_, field): &(usize, &FieldMeta)| {
        (rows || matches!(field.role, FieldRole::Id | FieldRole::Version)) && allows(&field.api_read, identity)
    };
    meta.fields.iter().enumerate().filter(readable).map(|(index, _)| index).collect()
}

/// The fields that an identity, or nobody, may write: what it may also see, and nothing that is made without it.
#[must_use]
pub fn writable_fields(meta: &EntityMeta, identity: Option<&Identity>) -> FieldMask {
    let writable = |(_, field): &(usize, &FieldMeta)| {
        !field.is_made() && allows(&field.api_read, identity) && allows(&field.allow_update, identity)
    };
    meta.fields.iter().enumerate().filter(writable).map(|(index, _)| index).collect()
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
