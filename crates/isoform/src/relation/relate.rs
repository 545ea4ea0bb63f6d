//! Changes of what is related to a row over an entity in between, as data: what repositories say on both sides, the wire carries
//! and `operations` does.

use crate::id::Id;
use crate::meta::RelationMeta;

/// What becomes of the rows that are related to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationChange {
    /// These are related too.
    Add,
    /// These are related, and no others.
    Set,
    /// These are related no longer.
    Remove,
}

impl RelationChange {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Add, Self::Set, Self::Remove];

    /// The name on the wire: `addRelation`.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Add => "addRelation",
            Self::Set => "setRelation",
            Self::Remove => "removeRelation",
        }
    }
}

/// A change of what is related to a row over an entity in between, without types.
#[derive(Clone, Debug, PartialEq)]
pub struct Relate {
    /// What becomes of them.
    pub change: RelationChange,
    /// The id of the row whose relation it is.
    pub id: Id,
    /// The relation.
    pub relation: &'static RelationMeta,
    /// The ids of the rows at the other end.
    pub others: Vec<Id>,
}
