//! What the events about relations are asked with.

use super::view::View;
use crate::Result;
use crate::entity::Entity;
use crate::id::Id;
use crate::meta::RelationMeta;
use crate::relation::Relation;

/// A row, and those that are to be related to it, or no longer.
#[derive(Clone)]
pub struct Relating<E: View> {
    /// The id of the row whose relation it is: that of another one asks for that.
    pub id: Id,
    /// The row whose relation it is, as it is in the table.
    pub item: E::Record,
    /// The ids of the rows at the other end. They may be others and more or fewer: what the handlers make of them is what is asked.
    pub others: Vec<Id>,
    relation: &'static RelationMeta,
}

impl<E: View> Relating<E> {
    pub(crate) const fn new(id: Id, item: E::Record, relation: &'static RelationMeta, others: Vec<Id>) -> Self {
        Self { id, item, others, relation }
    }

    /// The relation. [`RelationMeta::name`] is how Rust spells it.
    #[must_use]
    pub const fn relation(&self) -> &'static RelationMeta {
        self.relation
    }

    pub(super) fn seen<B: View>(self) -> Result<Relating<B>> {
        let Self { id, item, others, relation } = self;
        Ok(Relating { id, item: B::record(E::any(item))?, others, relation })
    }
}

impl<E: Entity> Relating<E> {
    /// Is it this relation that changes?
    ///
    /// ```
    /// # use isoform::handlers::{AddRelation, Handlers, Next};
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tags", allow(crud = true))]
    /// # pub struct Tag { #[field(id)] pub id: Uuid }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "task_tags", allow(crud = true))]
    /// # pub struct TaskTag { #[field(id)] pub id: Uuid, pub task_id: Uuid, pub tag_id: Uuid }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task {
    /// #     #[field(id)] pub id: Uuid,
    /// #     pub done: bool,
    /// #     #[relation(through = TaskTag, TaskTag::task_id, TaskTag::tag_id)] pub tags: ToMany<Tag>,
    /// # }
    /// let handlers = Handlers::new().before::<AddRelation, Task>(async |request| {
    ///     if request.is_of(|t| t.tags) && request.item.done {
    ///         return Err(Error::invalid("What is done gets no more tags.").with_status(409));
    ///     }
    ///     Ok(Next::Continue)
    /// });
    /// ```
    #[must_use]
    pub fn is_of<R: Relation<E>>(&self, relation: impl FnOnce(E::Fields) -> R) -> bool {
        relation(E::FIELDS).meta() == self.relation
    }
}
