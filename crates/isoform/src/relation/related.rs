//! The repository of a record's relation: `task.project().await`, `order.items().insert(…)`.

use std::future::IntoFuture;
use std::marker::PhantomData;

use crate::entity::Entity;
use crate::filter::{Condition, Filter};
use crate::future::BoxFuture;
use crate::meta::{EntityMeta, RelationMeta};
use crate::query::Query;
use crate::record::{AnyRecord, Record};
use crate::repository;
use crate::value::Value;
use crate::{Error, Result};

/// A relation, and the values of its own fields in a record.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub owner: &'static EntityMeta,
    pub relation: &'static RelationMeta,
    pub values: Vec<Value>,
}

impl Key {
    pub fn of(record: &dyn AnyRecord, relation: usize) -> Result<Self> {
        let owner = record.meta();
        let Some(relation) = owner.relations.get(relation) else {
            return Err(Error::internal(format!("{} has no such relation", owner.rust_name)));
        };
        // A key in the record is what it says. Rows that point to the record point to the row that is in the table: whatever a
        // caller says the id of a new record is, nothing belongs to it yet.
        let value = |own: usize| match relation.holds_the_key() {
            true => record.get(own),
            false if record.state().is_written => record.get(own),
            false if record.state().is_new => Value::Null,
            false => record.original(own),
        };
        let values = relation.keys.iter().map(|(own, _)| value(*own)).collect();
        Ok(Self { owner, relation, values })
    }

    /// Nothing is related to a record whose key is null. What else holds of related rows is the server's to say.
    pub fn condition(&self) -> Condition {
        Condition::related_to(self.owner, self.relation, self.values.clone())
    }

    /// The fields of the rows that hold the key, and its values.
    ///
    /// # Errors
    /// 400 where the record has no key yet. `holder` is the entity of those rows.
    pub fn given_to(&self, holder: &EntityMeta) -> Result<Vec<(usize, Value)>> {
        let pair = |((_, other), value): (&(usize, usize), &Value)| {
            if value.is_empty() {
                let name = holder.field(*other).label;
                return Err(Error::invalid(format!("{name}: save the record first that this one is to belong to.")));
            }
            Ok((*other, value.clone()))
        };
        self.relation.keys.iter().zip(&self.values).map(pair).collect()
    }
}

/// The record at the other end of a relation to one: awaited, it is loaded.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "projects", allow(crud = true))]
/// # pub struct Project { #[field(id)] pub id: Uuid, pub name: String }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "tasks", allow(crud = true))]
/// pub struct Task {
///     #[field(id)]
///     pub id: Uuid,
///     pub project_id: Option<Uuid>,
///     #[relation(project_id)]
///     pub project: ToOne<Project>,
/// }
/// # async fn example(task: Record<Task>) -> Result<()> {
/// let project: Option<Record<Project>> = task.project().await?;
/// # Ok(()) }
/// ```
#[must_use = "a relation is loaded when it is awaited"]
#[derive(Debug)]
pub struct RelatedOne<E> {
    key: Result<Key>,
    target: PhantomData<fn() -> E>,
}

impl<E: Entity> RelatedOne<E> {
    /// The relation of a record at a position: for the derive.
    #[doc(hidden)]
    pub fn of(record: &dyn AnyRecord, relation: usize) -> Self {
        Self { key: Key::of(record, relation), target: PhantomData }
    }
}

impl<E: Entity> IntoFuture for RelatedOne<E> {
    type Output = Result<Option<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            match self.key?.condition() {
                Condition::Nothing => Ok(None),
                condition => Query::new().matching(Filter::from_condition(condition)).first().await,
            }
        })
    }
}

/// The rows at the other end of a relation to many: a repository in which the key is always that of the record. Awaited, they
/// are loaded.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "items", allow(crud = true))]
/// # pub struct Item { #[field(id)] pub id: Uuid, pub order_id: Uuid, pub product: String }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "orders", allow(crud = true))]
/// pub struct Order {
///     #[field(id)]
///     pub id: Uuid,
///     #[relation(Item::order_id)]
///     pub items: ToMany<Item>,
/// }
/// # async fn example(order: Record<Order>) -> Result<()> {
/// order.items().insert(Item { product: "tea".into(), ..Item::blank() }).await?;
/// let teas = order.items().query().filter(|i| i.product.eq("tea")).count().await?;
/// # Ok(()) }
/// ```
#[must_use = "a relation is loaded when it is awaited"]
#[derive(Debug)]
pub struct RelatedMany<E> {
    key: Result<Key>,
    target: PhantomData<fn() -> E>,
}

impl<E: Entity> RelatedMany<E> {
    /// The relation of a record at a position: for the derive.
    #[doc(hidden)]
    pub fn of(record: &dyn AnyRecord, relation: usize) -> Self {
        Self { key: Key::of(record, relation), target: PhantomData }
    }

    /// A query for related rows.
    pub fn query(&self) -> Query<E> {
        let condition = self.key.as_ref().map_or(Condition::Nothing, Key::condition);
        Query::new().matching(Filter::from_condition(condition))
    }

    /// How many related rows there are.
    ///
    /// # Errors
    /// As [`Query::count`].
    pub async fn count(&self) -> Result<u64> {
        self.query().count().await
    }

    /// Inserts a related row: its key is set to that of the record.
    ///
    /// # Errors
    /// As [`Record::save`]; 400 where the record has no key yet.
    pub async fn insert(&self, new: impl Into<Record<E>>) -> Result<Record<E>> {
        let mut record = new.into();
        for (field, value) in self.key.clone()?.given_to(E::meta())? {
            AnyRecord::set(&mut record, field, value).map_err(|error| Error::invalid(error.0))?;
        }
        repository::of::<E>().insert(record).await
    }
}

impl<E: Entity> IntoFuture for RelatedMany<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let _ = self.key.as_ref().map_err(Clone::clone)?;
            self.query().await
        })
    }
}
