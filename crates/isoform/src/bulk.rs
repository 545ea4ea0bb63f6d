//! Writes of many rows, as data: what repositories say on both sides, the wire carries and `operations` does.

use std::marker::PhantomData;

use crate::Error;
use crate::entity::Entity;
use crate::filter::{Condition, Filter};
use crate::id::Id;
use crate::meta::EntityMeta;
#[cfg(not(target_arch = "wasm32"))]
use crate::meta::FieldMask;
use crate::relation::Relate;
use crate::repository::IntoAssignments;
use crate::value::Value;

/// Values for some fields of a row.
pub(crate) type Assigned = Vec<(usize, Value)>;

/// Which rows a bulk write is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Which {
    /// Every row, on purpose.
    All,
    /// The rows that fulfil a condition, which asks for something.
    Matching(Condition),
}

impl Which {
    /// The condition.
    ///
    /// # Errors
    /// 400 where it asks for nothing: whoever means every row says so.
    pub(crate) fn condition(self, meta: &EntityMeta) -> crate::Result<Condition> {
        match self {
            Self::All => Ok(Condition::All),
            Self::Matching(condition) if asks_nothing(&condition) => Err(Error::invalid(format!(
                "The filter is empty, so this would be for every row of {}. Say \"where\": \"all\", in Rust `all()`, if it is.",
                meta.key
            ))),
            Self::Matching(condition) => Ok(condition),
        }
    }
}

/// Does every row fulfil the condition, whatever is in it?
fn asks_nothing(condition: &Condition) -> bool {
    match condition {
        Condition::All => true,
        Condition::And(list) => list.iter().all(asks_nothing),
        Condition::Or(list) => list.iter().any(asks_nothing),
        Condition::Not(inner) => matches!(**inner, Condition::Nothing),
        _ => false,
    }
}

/// Every row, on purpose: what `update_many` and `delete_many` take where an empty filter is refused.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub done: bool }
/// # async fn example() -> Result<()> {
/// repo::<Task>().update_many(|_| all(), |t| t.done.set(true)).await?;
/// # Ok(()) }
/// ```
#[must_use]
pub const fn all() -> AllRows {
    AllRows
}

/// See [`all`].
#[derive(Clone, Copy, Debug)]
pub struct AllRows;

/// What says which rows a bulk write is for: a [`Filter`], or [`all`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which rows of `{E}` are meant",
    label = "must be a filter such as `t.done.eq(true)`, or `all()`"
)]
pub trait IntoWhich<E> {
    /// Which rows.
    fn into_which(self) -> Which;
}

impl<E> IntoWhich<E> for Filter<E> {
    fn into_which(self) -> Which {
        Which::Matching(self.into_condition())
    }
}

impl<E> IntoWhich<E> for AllRows {
    fn into_which(self) -> Which {
        Which::All
    }
}

/// The row that has some values, changed where it is there and made where it is not, without its type.
#[derive(Clone, Debug, PartialEq)]
pub struct UpsertRow {
    /// The values by which it is found, and which a new row gets.
    pub by: Assigned,
    /// The values that it gets. None: a row that is there stays as it is.
    pub set: Option<Assigned>,
}

#[cfg(not(target_arch = "wasm32"))]
fn named(values: &Assigned) -> FieldMask {
    values.iter().map(|(field, _)| *field).collect()
}

#[cfg(not(target_arch = "wasm32"))]
impl Step {
    /// The fields that were sent of each row that it answers.
    #[must_use]
    pub fn sent(&self) -> Vec<FieldMask> {
        match self {
            Self::Insert(values) | Self::Update(_, values) => vec![named(values)],
            Self::InsertMany(rows) => rows.iter().map(named).collect(),
            Self::UpsertMany(rows) => rows.iter().map(UpsertRow::sent).collect(),
            Self::Delete(_) | Self::UpdateMany(..) | Self::DeleteMany(_) | Self::Relate(_) => Vec::new(),
        }
    }
}

impl UpsertRow {
    /// The fields that were sent.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn sent(&self) -> FieldMask {
        named(&self.by).or(self.set.as_ref().map_or(FieldMask::NONE, named))
    }

    /// The rows that have the values.
    ///
    /// # Errors
    /// 400 where there are no values.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn condition(&self, meta: &EntityMeta) -> crate::Result<Condition> {
        if self.by.is_empty() {
            return Err(Error::invalid(format!(
                "An upsert names at least one value by which its row of {} is found.",
                meta.key
            )));
        }
        Ok(self.by.iter().fold(Condition::All, |all, (field, value)| all.and(Condition::equals(*field, value.clone()))))
    }
}

/// One row of [`Repository::upsert_many`](crate::Repository::upsert_many): by which values it is found, and what it gets.
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, #[field(unique)] pub title: String, pub done: bool }
/// let one = Upsert::<Task>::by(|t| t.title.set("Taxes")).set(|t| t.done.set(true));
/// ```
#[derive(Clone, Debug)]
pub struct Upsert<E> {
    pub(crate) row: UpsertRow,
    entity: PhantomData<fn() -> E>,
}

impl<E: Entity> Upsert<E> {
    /// The row with these values; where there is none it is made, with them.
    #[must_use]
    pub fn by<A: IntoAssignments<E>>(by: impl FnOnce(E::Fields) -> A) -> Self {
        Self { row: UpsertRow { by: by(E::FIELDS).into_assignments(), set: None }, entity: PhantomData }
    }

    /// It gets these values. Where this is not said a row that is there stays as it is.
    #[must_use]
    pub fn set<A: IntoAssignments<E>>(mut self, set: impl FnOnce(E::Fields) -> A) -> Self {
        self.row.set.get_or_insert_default().extend(set(E::FIELDS).into_assignments());
        self
    }
}

/// One operation of a batch, without types.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A new row with these values.
    Insert(Assigned),
    /// New rows with these values.
    InsertMany(Vec<Assigned>),
    /// The row with an id gets these values.
    Update(Id, Assigned),
    /// The row with an id is deleted.
    Delete(Id),
    /// The rows get these values.
    UpdateMany(Which, Assigned),
    /// The rows are deleted.
    DeleteMany(Which),
    /// The rows with some values are changed or made.
    UpsertMany(Vec<UpsertRow>),
    /// What is related to a row over an entity in between is changed.
    Relate(Relate),
}

/// An error of one of several rows says which.
#[must_use]
pub fn in_row(error: Error, position: usize, of: usize) -> Error {
    if of < 2 || !(error.is_invalid() || error.is_conflict()) {
        return error;
    }
    let message = format!("Row {}: {}", position + 1, error.message());
    error.with_message(message)
}

/// An error says which step it is of.
#[must_use]
pub fn in_step(error: Error, position: usize) -> Error {
    // Of what went wrong inside nothing is told, and what it was is in its cause.
    if error.is_internal() {
        return error;
    }
    let message = format!("Operation {}: {}", position + 1, error.message());
    error.with_message(message)
}
