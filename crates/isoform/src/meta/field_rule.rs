//! Rules on fields: judged by the identity alone, or by the record too.

use super::Rule;
use crate::entity::Entity;
use crate::identity::Identity;
use crate::record::{AnyRecord, Record};

/// A rule on a field. Where it is a function of the record, it says something else of each row.
pub type FieldRule = Rule<FieldCheck>;

/// The function of a rule on a field.
#[derive(Clone, Copy)]
pub enum FieldCheck {
    /// Judges by the identity: the answer is the same for every row.
    Identity(fn(&Identity) -> bool),
    /// Judges by the record too.
    Record(fn(&Identity, &dyn AnyRecord) -> bool),
}

/// A function that can be a rule on a field of `E`. `J` keeps the two kinds apart.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a rule on a field of `{E}`",
    label = "not a rule on a field",
    note = "the function is `fn(&Identity) -> bool`, or `fn(&Identity, &Record<{E}>) -> bool` where the record has a say"
)]
pub trait FieldFunction<E, J>: Copy {
    /// Does the record have a say?
    const BY_RECORD: bool;

    /// What it says. A record is only given where it has a say.
    fn judge(self, identity: &Identity, record: Option<&dyn AnyRecord>) -> bool;
}

/// Judges by the identity.
#[derive(Debug)]
pub enum ByIdentity {}

/// Judges by the record too.
#[derive(Debug)]
pub enum ByRecord {}

#[diagnostic::do_not_recommend]
impl<E, F: Fn(&Identity) -> bool + Copy> FieldFunction<E, ByIdentity> for F {
    const BY_RECORD: bool = false;

    fn judge(self, identity: &Identity, _: Option<&dyn AnyRecord>) -> bool {
        self(identity)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Entity, F: Fn(&Identity, &Record<E>) -> bool + Copy> FieldFunction<E, ByRecord> for F {
    const BY_RECORD: bool = true;

    fn judge(self, identity: &Identity, record: Option<&dyn AnyRecord>) -> bool {
        // A rule is only asked about records of its own entity.
        let record = record.and_then(|record| record.as_any().downcast_ref::<Record<E>>());
        record.is_some_and(|record| self(identity, record))
    }
}
