//! The repository of a relation of many to many: `task.tags().add(&tag).await`.

use std::future::IntoFuture;
use std::marker::PhantomData;

use super::related::Key;
use crate::batch::{self, Batch};
use crate::bulk::{Step, UpsertRow, Which};
use crate::entity::Entity;
use crate::filter::{Condition, Filter};
use crate::future::BoxFuture;
use crate::meta::{EntityMeta, Through};
use crate::query::Query;
use crate::record::{AnyRecord, Record};
use crate::repository;
#[cfg(not(target_arch = "wasm32"))]
use crate::value::FieldType;
use crate::value::Value;
use crate::{Error, Result};

/// The rows at the other end of a relation of many to many. Awaited, they are loaded; adding and removing them writes and
/// deletes rows of the entity in between, whose rights and hooks these are.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tags", allow(crud = true))]
/// # pub struct Tag { #[field(id)] pub id: Uuid, pub name: String }
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "task_tags", allow(crud = true))]
/// # pub struct TaskTag { #[field(id)] pub id: Uuid, pub task_id: Uuid, pub tag_id: Uuid }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "tasks", allow(crud = true))]
/// pub struct Task {
///     #[field(id)]
///     pub id: Uuid,
///     #[relation(through = TaskTag, TaskTag::task_id, TaskTag::tag_id)]
///     pub tags: ToMany<Tag>,
/// }
/// # async fn example(task: Record<Task>, urgent: Record<Tag>) -> Result<()> {
/// task.tags().add(&urgent).await?;
/// task.tags().insert(Tag { name: "new".into(), ..Tag::blank() }).await?;
/// let tags = task.tags().query().filter(|t| t.name.contains("n")).order_by(|t| t.name.asc()).await?;
/// task.tags().set([&urgent]).await?;
/// # Ok(()) }
/// ```
#[must_use = "a relation is loaded when it is awaited"]
#[derive(Debug)]
pub struct RelatedThrough<E> {
    key: Result<Key>,
    target: PhantomData<fn() -> E>,
}

/// Values of fields.
type Values = Vec<(usize, Value)>;

/// The entity in between, and what its rows have in common that belong to a record.
struct Between {
    meta: &'static EntityMeta,
    through: Through,
    own: Values,
}

impl Between {
    /// The values of the row in between that leads to another one.
    fn leads_to(&self, target: &dyn AnyRecord) -> Result<Values> {
        let pair = |(one, other): &(usize, usize)| {
            let value = target.get(*other);
            if value.is_empty() {
                let name = self.meta.field(*one).label;
                return Err(Error::invalid(format!("{name}: save the record first that is to be related.")));
            }
            Ok((*one, value))
        };
        self.through.keys.iter().map(pair).collect()
    }

    fn with(&self, other: Values) -> Values {
        self.own.iter().cloned().chain(other).collect()
    }

    fn add(&self, others: Vec<Values>) -> (&'static EntityMeta, Step) {
        let row = |other| UpsertRow { by: self.with(other), set: None };
        (self.meta, Step::UpsertMany(others.into_iter().map(row).collect()))
    }

    fn remove(&self, which: Condition) -> (&'static EntityMeta, Step) {
        (self.meta, Step::DeleteMany(Which::Matching(condition(&self.own).and(which))))
    }
}

fn condition(values: &[(usize, Value)]) -> Condition {
    values.iter().fold(Condition::All, |all, (field, value)| all.and(Condition::equals(*field, value.clone())))
}

impl<E: Entity> RelatedThrough<E> {
    /// The relation of a record at a position: for the derive.
    #[doc(hidden)]
    pub fn of(record: &dyn AnyRecord, relation: usize) -> Self {
        Self { key: Key::of(record, relation), target: PhantomData }
    }

    fn between(&self) -> Result<Between> {
        let key = self.key.clone()?;
        let through = key.relation.through.ok_or_else(|| Error::internal("a relation without an entity in between"))?;
        let meta = (through.entity)();
        Ok(Between { meta, through, own: key.given_to(meta)? })
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

    /// Relates a row; one that is related already stays so.
    ///
    /// # Errors
    /// As inserting a row in between; 400 where one of the two is not saved yet.
    pub async fn add(&self, target: &Record<E>) -> Result<()> {
        let between = self.between()?;
        let other = between.leads_to(target)?;
        batch::run(vec![between.add(vec![other])]).await
    }

    /// Relates a row no longer; one that is not related stays so. The row itself stays.
    ///
    /// # Errors
    /// As deleting the row in between; 400 where one of the two is not saved yet.
    pub async fn remove(&self, target: &Record<E>) -> Result<()> {
        let between = self.between()?;
        let other = between.leads_to(target)?;
        batch::run(vec![between.remove(condition(&other))]).await
    }

    /// Relates these rows and no others, all or nothing: what is related already keeps its row in between.
    ///
    /// # Errors
    /// As [`RelatedThrough::add`] and [`RelatedThrough::remove`].
    pub async fn set(&self, targets: impl IntoIterator<Item = &Record<E>>) -> Result<()> {
        let between = self.between()?;
        let others = targets.into_iter().map(|target| between.leads_to(target)).collect::<Result<Vec<_>>>()?;
        let others_stay = match between.through.keys {
            // One list, however many there are.
            [(field, _)] if !others.is_empty() => {
                Condition::In(*field, others.iter().flatten().map(|(_, value)| value.clone()).collect())
            }
            _ => others.iter().fold(Condition::Nothing, |any, other| any.or(condition(other))),
        };
        let mut steps = vec![between.remove(others_stay.negate())];
        if !others.is_empty() {
            steps.push(between.add(others));
        }
        batch::run(steps).await
    }

    /// Inserts a row and relates it: both or neither, where its id is given, or is a UUID and this is not the browser. Another
    /// id is known only once the row was inserted, and the row stays where relating it is refused.
    ///
    /// # Errors
    /// As inserting the row, and the one in between.
    pub async fn insert(&self, new: impl Into<Record<E>>) -> Result<Record<E>> {
        let mut record = new.into();
        let between = self.between()?;
        give_id(&mut record)?;
        let Ok(other) = between.leads_to(&record) else {
            let record = repository::of::<E>().insert(record).await?;
            self.add(&record).await?;
            return Ok(record);
        };
        let mut both = Batch::new();
        let inserted = both.of::<E>().insert(record);
        both.push(between.add(vec![other]));
        both.run().await?.record(inserted)
    }
}

/// A new row whose id is known before it is inserted can be related in the same batch.
#[cfg(not(target_arch = "wasm32"))]
fn give_id(record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    if let [id] = *meta.ids
        && matches!(meta.field(id).field_type, FieldType::Uuid)
        && record.get(id).is_empty()
    {
        let made = Value::Uuid(uuid::Uuid::now_v7());
        record.set(id, made).map_err(|error| Error::invalid(error.0))?;
    }
    Ok(())
}

/// A browser makes no ids.
#[cfg(target_arch = "wasm32")]
#[expect(clippy::unnecessary_wraps, reason = "as natively")]
fn give_id(_: &mut dyn AnyRecord) -> Result<()> {
    Ok(())
}

impl<E: Entity> IntoFuture for RelatedThrough<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let _ = self.key.as_ref().map_err(Clone::clone)?;
            self.query().await
        })
    }
}
