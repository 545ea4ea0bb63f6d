//! `PersistenceItem`: fields that the server keeps of each row, to be embedded in an entity.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::entity::Column;

/// What the server keeps of each row: its identifier, when it was made and changed, and whose it is.
///
/// It is embedded in an entity, whose table gets a column for each of its fields. No client writes them: what one sends is passed
/// over. Trusted code may give `object_id` and `owner_id` to a new row; what it leaves empty is made.
///
/// ```
/// use isoform::prelude::*;
///
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "notes", allow(crud = authenticated), api_filter = own, order_by(created desc))]
/// pub struct Note {
///     #[field(embed)]
///     pub item: PersistenceItem, // `object_id` is the id: no other field says that it is
///     pub text: String,
/// }
///
/// fn own(user: Option<&Identity>) -> Filter<Note> {
///     user.map_or_else(Filter::nothing, |user| Note::filter(|n| n.item.owner_id.eq(user.id.as_str())))
/// }
///
/// assert_eq!(Note::meta().fields.iter().map(|field| field.wire).collect::<Vec<_>>(), [
///     "objectId", "created", "updated", "ownerId", "text",
/// ]);
/// ```
///
/// In closures the columns are in the entity too, `|n| n.created`, by which relations and SQL name them: `Note::owner_id`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersistenceItem {
    /// A UUID, made by the server. It is the id where no other field is, and unique where one is.
    pub object_id: Uuid,
    /// When the row was inserted.
    pub created: DateTime<Utc>,
    /// When it was saved last.
    pub updated: DateTime<Utc>,
    /// The id of who has inserted it; null where nobody was signed in.
    pub owner_id: Option<String>,
}

/// The columns of an embedded [`PersistenceItem`], as in `|n| n.item.created`.
pub struct PersistenceItemFields<P> {
    /// The column of `object_id`.
    pub object_id: Column<P, Uuid>,
    /// The column of `created`.
    pub created: Column<P, DateTime<Utc>>,
    /// The column of `updated`.
    pub updated: Column<P, DateTime<Utc>>,
    /// The column of `owner_id`.
    pub owner_id: Column<P, Option<String>>,
    entity: PhantomData<fn() -> P>,
}

impl<P> PersistenceItemFields<P> {
    /// The columns from a position on: for the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn at(first: usize) -> Self {
        Self {
            object_id: Column::at(first),
            created: Column::at(first + 1),
            updated: Column::at(first + 2),
            owner_id: Column::at(first + 3),
            entity: PhantomData,
        }
    }
}

impl<P> Clone for PersistenceItemFields<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for PersistenceItemFields<P> {}

/// What can be embedded.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be embedded in an entity",
    label = "only isoform's `PersistenceItem` can be"
)]
pub trait Embedded: Default {}
impl Embedded for PersistenceItem {}

/// What a new record holds: for the derive.
#[doc(hidden)]
#[must_use]
pub fn embedded<T: Embedded>() -> T {
    T::default()
}
