//! Relations: the fields that hold related records, and the columns that ask about them.

mod field;
mod link;
mod related;
mod travel;

pub use field::{RelationField, ToMany, ToOne};
pub use link::{Fixed, ManyLink, OneLink, Path, Relation, Via, joined};
pub use related::{RelatedMany, RelatedOne};
pub use travel::{TRAVEL, Travel};
