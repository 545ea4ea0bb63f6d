//! What is related to a record that is there already: `order.load_relations(…)`.

use super::{AnyRecord, Record};
use crate::context::{Context, Source};
use crate::entity::Entity;
use crate::provider::Include;
use crate::query::Query;
use crate::{Error, Result};

impl<E: Entity> Record<E> {
    /// Loads what is related to it, in one request: the relations that a query includes, each with its filter, order and page, and
    /// with what it includes itself. Nothing else of the record changes, so that what is unsaved stays.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "items", allow(crud = true))]
    /// # pub struct Item { #[field(id)] pub id: Uuid, pub order_id: Uuid, pub price: i64 }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "customers", allow(crud = true))]
    /// # pub struct Customer { #[field(id)] pub id: Uuid }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order {
    /// #     #[field(id)] pub id: Uuid,
    /// #     pub customer_id: Uuid,
    /// #     #[relation(customer_id)] pub customer: ToOne<Customer>,
    /// #     #[relation(Item::order_id)] pub items: ToMany<Item>,
    /// # }
    /// # async fn example(id: Uuid) -> Result<()> {
    /// let mut order = repo::<Order>().find_id(id).await?;
    /// order.load_relations(|o| {
    ///     o.include(|o| o.customer).include_with(|o| o.items, |i| i.order_by(|i| i.price.desc()).limit(10).page(2))
    /// }).await?;
    /// let dearest = order.items.iter().map(|item| item.price).max();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 400 where the record is not in the table yet, where a key was changed and not saved, where no relation is named or something
    /// else is asked for, and for what the asker may not see; 401, 403; 404 where the row is no longer there, or no longer for this
    /// identity.
    pub async fn load_relations(&mut self, choose: impl FnOnce(Query<E>) -> Query<E>) -> Result<()> {
        let relations = choose(Query::new()).into_relations()?;
        of_a_stored_row(self, &relations)?;
        let context = Context::current()?;
        let id = self.original_id();
        let mut loaded: Self = match context.source() {
            Source::Remote(remote) => {
                let mut loaded = Self::new();
                let answer = remote.load_relations(E::meta(), &id, &relations).await?;
                super::serde::relate(&mut loaded, &answer).map_err(Error::unavailable)?;
                loaded
            }
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => crate::repository::typed(
                crate::operations::load_relations(&context, E::meta(), &id, &relations).await?,
            )?,
        };
        for Include { relation, .. } in relations {
            // What is loaded is the original's too, so that it is still there when the rest is undone.
            if let Some(original) = &mut self.original {
                original.take_related(relation.index, &mut loaded.entity.clone());
            }
            self.entity.take_related(relation.index, &mut loaded.entity);
        }
        Ok(())
    }
}

/// Passes a record whose keys are those of its row.
fn of_a_stored_row(record: &dyn AnyRecord, relations: &[Include]) -> Result<()> {
    let meta = record.meta();
    if record.state().is_new || record.state().is_deleted {
        return Err(Error::invalid(format!(
            "This record of {} is not in the table: nothing is related to it.",
            meta.key
        )));
    }
    let changed = record.changed_fields();
    for Include { relation, .. } in relations {
        if let Some((own, _)) = relation.keys.iter().find(|(own, _)| changed.contains(*own)) {
            return Err(Error::invalid(format!(
                "{} was changed: save or undo it before \"{}\" is loaded.",
                meta.field(*own).label,
                relation.wire
            )));
        }
    }
    Ok(())
}
