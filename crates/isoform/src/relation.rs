//! Relations: the fields that hold related records, and the columns that ask about them.

mod computed;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod declared;
mod field;
mod link;
mod relate;
mod related;
mod through;
mod travel;
mod value;

pub use computed::{Computed, DeclaredAs, RelatedOrder, RelatedRows, declared};
pub use field::{RelationField, ToMany, ToOne};
pub use link::{Fixed, ManyLink, OneLink, Path, Relation, Via, joined};
pub use relate::{Relate, RelationChange};
pub use related::{RelatedMany, RelatedOne};
pub use through::RelatedThrough;
pub use travel::{TRAVEL, Travel};
pub use value::{Measured, OrderBy, OrderKey, RelatedValue, ValueOf, order_by_fields};
