//! Several writes of several entities: one request, one transaction.

use std::marker::PhantomData;

use serde_json::{Map, Value as JsonValue};

use crate::bulk::{Assigned, IntoWhich, Step, Upsert};
use crate::context::{Context, Source};
use crate::controller::Stored;
use crate::entity::Entity;
use crate::id::IntoId;
use crate::meta::EntityMeta;
#[cfg(not(target_arch = "wasm32"))]
use crate::meta::FieldMask;
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::record::{AnyRecord, Record};
use crate::repository::IntoAssignments;
use crate::{Error, Result};

/// Writes that are done together, or not at all: in one request, in one transaction, in their order.
///
/// Each is guarded as it would be alone. What it is to answer is taken from [`BatchDone`] by what adding it has answered.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = true))]
/// # pub struct Order { #[field(id)] pub id: Uuid, pub customer: String }
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "items", allow(crud = true))]
/// # pub struct Item { #[field(id)] pub id: Uuid, pub order: Uuid, pub product: String }
/// # async fn example(old: Uuid) -> Result<()> {
/// let id = Uuid::now_v7(); // made here, so that the items can name it
/// let mut batch = Batch::new();
/// let order = batch.repo::<Order>().insert(Order { id, customer: "Ann".into() });
/// batch.repo::<Item>().insert_many(["pen", "ink"].map(|product| Item { order: id, product: product.into(), ..Item::blank() }));
/// let moved = batch.repo::<Item>().update_many(|i| i.order.eq(old), |i| i.order.set(id));
/// batch.repo::<Order>().delete(old);
/// let mut done = batch.run().await?;
/// let order: Record<Order> = done.record(order)?;
/// let moved: u64 = done.count(moved)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a batch does nothing until it is run"]
pub struct Batch {
    steps: Vec<(&'static EntityMeta, Step)>,
}

impl Batch {
    /// Nothing to do yet.
    pub const fn new() -> Self {
        Self { steps: Vec::new() }
    }

    /// Where writes of an entity are added.
    pub const fn repo<E: Stored>(&mut self) -> BatchRepository<'_, E> {
        self.of()
    }

    /// As [`Batch::repo`], of an entity that is known to have rows.
    pub(crate) const fn of<E>(&mut self) -> BatchRepository<'_, E> {
        BatchRepository { batch: self, entity: PhantomData }
    }

    /// One more write, without its type.
    pub(crate) fn push(&mut self, step: (&'static EntityMeta, Step)) {
        self.steps.push(step);
    }

    /// Does it all. Validators run on the server.
    ///
    /// # Errors
    /// That of the first write that fails, with its number; nothing is written then.
    pub async fn run(self) -> Result<BatchDone> {
        let context = Context::current()?;
        let answers = match context.source() {
            Source::Remote(remote) => remote.batch(self.steps).await?.into_iter().map(Answer::Sent).map(Some).collect(),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => {
                let sent: Vec<_> = self.steps.iter().map(|(_, step)| step.sent()).collect();
                let done = operations::batch(&context, self.steps, &|_, error| error).await?;
                done.into_iter().zip(sent).map(|(done, sent)| Some(Answer::Here(done, sent))).collect()
            }
        };
        Ok(BatchDone {
            answers,
            #[cfg(not(target_arch = "wasm32"))]
            context,
        })
    }
}

/// The writes of an entity in a [`Batch`], as [`Repository`](crate::Repository) has them.
#[derive(Debug)]
pub struct BatchRepository<'a, E> {
    batch: &'a mut Batch,
    entity: PhantomData<fn() -> E>,
}

/// A write of a batch that will answer a `T`.
#[derive(Debug)]
pub struct Pending<T> {
    position: usize,
    answer: PhantomData<fn() -> T>,
}

impl<E: Entity> BatchRepository<'_, E> {
    fn add<T>(self, step: Step) -> Pending<T> {
        let position = self.batch.steps.len();
        self.batch.steps.push((E::meta(), step));
        Pending { position, answer: PhantomData }
    }

    /// Inserts an entity, or a new record.
    pub fn insert(self, new: impl Into<Record<E>>) -> Pending<Record<E>> {
        self.add(Step::Insert(what_is_set(&new.into())))
    }

    /// Inserts entities, or new records.
    pub fn insert_many<R: Into<Record<E>>>(self, new: impl IntoIterator<Item = R>) -> Pending<Vec<Record<E>>> {
        let rows = new.into_iter().map(|new| what_is_set(&new.into())).collect();
        self.add(Step::InsertMany(rows))
    }

    /// Changes some fields of the row with an id.
    pub fn update<A: IntoAssignments<E>>(
        self,
        id: impl IntoId<E::Id>,
        set: impl FnOnce(E::Fields) -> A,
    ) -> Pending<Record<E>> {
        self.add(Step::Update(id.into_id(), set(E::FIELDS).into_assignments()))
    }

    /// Deletes the row with an id; [`BatchDone::deleted`] tells whether it was.
    pub fn delete(self, id: impl IntoId<E::Id>) -> Pending<bool> {
        self.add(Step::Delete(id.into_id()))
    }

    /// As [`Repository::update_many`](crate::Repository::update_many).
    pub fn update_many<W: IntoWhich<E>, A: IntoAssignments<E>>(
        self,
        which: impl FnOnce(E::Fields) -> W,
        set: impl FnOnce(E::Fields) -> A,
    ) -> Pending<u64> {
        self.add(Step::UpdateMany(which(E::FIELDS).into_which(), set(E::FIELDS).into_assignments()))
    }

    /// As [`Repository::delete_many`](crate::Repository::delete_many).
    pub fn delete_many<W: IntoWhich<E>>(self, which: impl FnOnce(E::Fields) -> W) -> Pending<u64> {
        self.add(Step::DeleteMany(which(E::FIELDS).into_which()))
    }

    /// As [`Repository::upsert_many`](crate::Repository::upsert_many).
    pub fn upsert_many(self, rows: impl IntoIterator<Item = Upsert<E>>) -> Pending<Vec<Record<E>>> {
        self.add(Step::UpsertMany(rows.into_iter().map(|upsert| upsert.row).collect()))
    }
}

/// The values of a new record that differ from the declared defaults.
fn what_is_set(record: &dyn AnyRecord) -> Assigned {
    let fields = record.changed_fields().without(record.state().hidden);
    fields.iter().map(|index| (index, record.get(index))).collect()
}

/// What came of a [`Batch`].
#[derive(Debug)]
pub struct BatchDone {
    answers: Vec<Option<Answer>>,
    #[cfg(not(target_arch = "wasm32"))]
    context: Context,
}

/// What came of one write.
#[derive(Debug)]
enum Answer {
    /// A server has answered it.
    Sent(JsonValue),
    #[cfg(not(target_arch = "wasm32"))]
    Here(operations::Done, Vec<FieldMask>),
}

#[expect(clippy::needless_pass_by_value, reason = "what came of a write is taken once")]
impl BatchDone {
    fn take(&mut self, position: usize) -> Result<Answer> {
        let answer = self.answers.get_mut(position).and_then(Option::take);
        answer.ok_or_else(|| Error::internal("this write is of another batch, or the server has not answered it"))
    }

    /// The row of an insert or an update, as it is in the table.
    ///
    /// # Errors
    /// Where it is of another batch.
    pub fn record<E: Entity>(&mut self, of: Pending<Record<E>>) -> Result<Record<E>> {
        match self.take(of.position)? {
            Answer::Sent(JsonValue::Object(row)) => Record::from_wire_row(row),
            #[cfg(not(target_arch = "wasm32"))]
            Answer::Here(operations::Done::Row(row), sent) => {
                operations::shown(&self.context, row, sent.into_iter().fold(FieldMask::NONE, FieldMask::or))
            }
            _ => Err(unexpected(E::meta())),
        }
    }

    /// The rows of inserts or upserts, in their order, as they are in the table.
    ///
    /// # Errors
    /// Where they are of another batch.
    pub fn records<E: Entity>(&mut self, of: Pending<Vec<Record<E>>>) -> Result<Vec<Record<E>>> {
        match self.take(of.position)? {
            Answer::Sent(JsonValue::Array(rows)) => {
                let row = |row: JsonValue| match row {
                    JsonValue::Object(row) => Record::from_wire_row(row),
                    _ => Err(unexpected(E::meta())),
                };
                rows.into_iter().map(row).collect()
            }
            #[cfg(not(target_arch = "wasm32"))]
            Answer::Here(operations::Done::Rows(rows), sent) => {
                // A handler may have answered more rows than were sent.
                let sent = sent.into_iter().chain(std::iter::repeat(FieldMask::NONE));
                rows.into_iter().zip(sent).map(|(row, sent)| operations::shown(&self.context, row, sent)).collect()
            }
            _ => Err(unexpected(E::meta())),
        }
    }

    /// Was a row deleted? A hook that prevents it keeps the row.
    ///
    /// # Errors
    /// Where it is of another batch.
    pub fn deleted(&mut self, of: Pending<bool>) -> Result<bool> {
        match self.take(of.position)? {
            Answer::Sent(answer) => Ok(answer.is_null()),
            #[cfg(not(target_arch = "wasm32"))]
            Answer::Here(done, _) => Ok(done == operations::Done::Deleted),
        }
    }

    /// How many rows were updated or deleted.
    ///
    /// # Errors
    /// Where it is of another batch.
    pub fn count(&mut self, of: Pending<u64>) -> Result<u64> {
        let counted = |object: &Map<String, JsonValue>| object.values().next().and_then(JsonValue::as_u64);
        match self.take(of.position)? {
            Answer::Sent(JsonValue::Object(object)) => {
                counted(&object).ok_or_else(|| Error::unavailable("the server did not say how many rows there were"))
            }
            #[cfg(not(target_arch = "wasm32"))]
            Answer::Here(operations::Done::Count(count), _) => Ok(count),
            _ => Err(Error::unavailable("the server answered something else where a number was asked for")),
        }
    }
}

fn unexpected(meta: &EntityMeta) -> Error {
    Error::unavailable(format!("{}: the server answered something else where rows were asked for", meta.key))
}
