//! The repository of a relation of many to many: `task.tags().add(&tag).await`.

use std::future::IntoFuture;
use std::marker::PhantomData;

use super::relate::{Relate, RelationChange};
use super::related::Key;
use crate::batch::Batch;
use crate::bulk::Step;
use crate::context::{Context, Source};
use crate::entity::Entity;
use crate::filter::{Condition, Filter};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::query::Query;
use crate::record::{AnyRecord, Record};
use crate::repository;
#[cfg(not(target_arch = "wasm32"))]
use crate::value::FieldType;
use crate::value::Value;
use crate::{Error, Result};

/// The rows at the other end of a relation of many to many. Awaited, they are loaded; adding and removing them writes and
/// deletes rows of the entity in between, whose rights and hooks these are. What is changed is what the query answers: the relation's own
/// filter holds, and through the API the reach of the entity at the other end. What leads to other rows stays as it is. Data handlers of that are those of the record's own
/// entity: [`AddRelation`](crate::handlers), `SetRelation` and `RemoveRelation`.
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
/// let added: u64 = task.tags().add(&urgent).await?;
/// task.tags().insert(Tag { name: "new".into(), ..Tag::blank() }).await?;
/// let tags = task.tags().query().filter(|t| t.name.contains("n")).order_by(|t| t.name.asc()).await?;
/// task.tags().set([&urgent]).await?;
/// # Ok(()) }
/// ```
#[must_use = "a relation is loaded when it is awaited"]
#[derive(Debug)]
pub struct RelatedThrough<E> {
    key: Result<Key>,
    /// The id of the record's row; empty where there is none yet.
    id: Id,
    target: PhantomData<fn() -> E>,
}

/// The id of a record's row; empty where nobody knows it yet.
fn row_id(record: &dyn AnyRecord) -> Id {
    let (meta, state) = (record.meta(), record.state());
    if state.is_written || (state.is_new && meta.counted_id().is_none()) {
        record.id()
    } else if state.is_new {
        Id::of(meta, |_| Value::Null)
    } else {
        record.original_id()
    }
}

/// The id of a row that is to be related.
fn saved_id(record: &dyn AnyRecord) -> Result<Id> {
    let id = row_id(record);
    if id.is_empty() {
        let name = record.meta().label;
        return Err(Error::invalid(format!("{name}: save the record first that is to be related.")));
    }
    Ok(id)
}

/// Does it here or by the server.
async fn run(meta: &'static EntityMeta, asked: Relate) -> Result<u64> {
    let context = Context::current()?;
    match context.source() {
        Source::Remote(remote) => remote.relate(meta, &asked).await,
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => crate::operations::relate(&context, meta, asked).await,
    }
}

impl<E: Entity> RelatedThrough<E> {
    /// The relation of a record at a position: for the derive.
    #[doc(hidden)]
    pub fn of(record: &dyn AnyRecord, relation: usize) -> Self {
        // Whatever a caller says the id of a new record is, nothing belongs to it yet.
        let is_there = !record.state().is_new || record.state().is_written;
        let id = if is_there { row_id(record) } else { Id::of(record.meta(), |_| Value::Null) };
        Self { key: Key::of(record, relation), id, target: PhantomData }
    }

    /// A change of what is related, and the entity whose relation it is.
    fn asked(&self, change: RelationChange, others: Vec<Id>) -> Result<(&'static EntityMeta, Relate)> {
        let key = self.key.as_ref().map_err(Clone::clone)?;
        if self.id.is_empty() {
            let name = key.owner.label;
            return Err(Error::invalid(format!("{name}: save the record first that others are to be related to.")));
        }
        Ok((key.owner, Relate { change, id: self.id.clone(), relation: key.relation, others }))
    }

    async fn change(&self, change: RelationChange, others: Vec<Id>) -> Result<u64> {
        let (meta, asked) = self.asked(change, others)?;
        run(meta, asked).await
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

    /// Relates a row; one that is related already stays so. Answers how many were not: 1 or 0.
    ///
    /// # Errors
    /// As inserting the row in between; 400 where one of the two is not saved yet; 404 where the record is not there, or not for
    /// this identity; 409 where the other one is not, or is not one that the relation's filter lets in.
    pub async fn add(&self, target: &Record<E>) -> Result<u64> {
        self.change(RelationChange::Add, vec![saved_id(target)?]).await
    }

    /// Relates several rows, all or none; answers how many were not related before.
    ///
    /// # Errors
    /// As [`RelatedThrough::add`].
    pub async fn add_many(&self, targets: impl IntoIterator<Item = &Record<E>>) -> Result<u64> {
        self.change(RelationChange::Add, saved_ids(targets)?).await
    }

    /// Relates a row no longer; one that is not related stays so. The row itself stays. Answers how many were: 1 or 0.
    ///
    /// # Errors
    /// As deleting the row in between; 400 where one of the two is not saved yet; 404 as [`RelatedThrough::add`].
    pub async fn remove(&self, target: &Record<E>) -> Result<u64> {
        self.change(RelationChange::Remove, vec![saved_id(target)?]).await
    }

    /// Relates several rows no longer, all or none; answers how many were related.
    ///
    /// # Errors
    /// As [`RelatedThrough::remove`].
    pub async fn remove_many(&self, targets: impl IntoIterator<Item = &Record<E>>) -> Result<u64> {
        self.change(RelationChange::Remove, saved_ids(targets)?).await
    }

    /// Relates these rows and no others, all or nothing: what is related already keeps its row in between. Answers how many came
    /// and went.
    ///
    /// # Errors
    /// As [`RelatedThrough::add`] and [`RelatedThrough::remove`].
    pub async fn set(&self, targets: impl IntoIterator<Item = &Record<E>>) -> Result<u64> {
        self.change(RelationChange::Set, saved_ids(targets)?).await
    }

    /// Inserts a row and relates it: both or neither, where its id is given, or is a UUID and this is not the browser. Another
    /// id is known only once the row was inserted, and the row stays where relating it is refused.
    ///
    /// # Errors
    /// As inserting the row, and the one in between.
    pub async fn insert(&self, new: impl Into<Record<E>>) -> Result<Record<E>> {
        let mut record = new.into();
        let (meta, mut asked) = self.asked(RelationChange::Add, Vec::new())?;
        give_id(&mut record)?;
        let Ok(id) = saved_id(&record) else {
            let record = repository::of::<E>().insert(record).await?;
            self.add(&record).await?;
            return Ok(record);
        };
        asked.others.push(id);
        let mut both = Batch::new();
        let inserted = both.of::<E>().insert(record);
        both.push((meta, Step::Relate(asked)));
        both.run().await?.record(inserted)
    }
}

fn saved_ids<'a, E: Entity>(targets: impl IntoIterator<Item = &'a Record<E>>) -> Result<Vec<Id>> {
    targets.into_iter().map(|target| saved_id(target)).collect()
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
