//! Repositories: the same data operations on both sides.

mod bulk;

use std::marker::PhantomData;

pub use bulk::InsertMany;
use serde_json::Value as JsonValue;

use crate::context::{Context, Scope, Source};
use crate::controller::Stored;
use crate::entity::{Column, Entity};
use crate::filter::{Condition, Operand};
use crate::id::{Id, IntoId};
use crate::meta::{EntityMeta, FieldMask, FieldMeta};
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::provider::Find;
use crate::query::Query;
use crate::record::{AnyRecord, Record};
use crate::value::{FieldValue, Value, ValueError};
use crate::{Error, Result, json, validate};

/// The rows of an entity, wherever this runs: in the server's database, or over the API.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # async fn example(id: Uuid) -> Result<()> {
/// let mut task = repo::<Task>().find_id(id).await?;
/// task.title.push('!');
/// task.save().await?;
/// # Ok(()) }
/// ```
#[must_use]
pub fn repo<E: Stored>() -> Repository<E> {
    of()
}

/// As [`repo`], of an entity that is known to have rows.
pub(crate) const fn of<E>() -> Repository<E> {
    Repository { entity: PhantomData }
}

/// See [`repo`].
pub struct Repository<E> {
    entity: PhantomData<fn() -> E>,
}

impl<E> Clone for Repository<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Repository<E> {}

impl<E: Entity> Repository<E> {
    /// A query for rows.
    pub const fn query(self) -> Query<E> {
        Query::new()
    }

    /// The row with an id; of an id of several fields it is a tuple, in the order of their declaration.
    ///
    /// # Errors
    /// 404 where it is absent or not for this identity; 401, 403.
    pub async fn find_id(self, id: impl IntoId<E::Id>) -> Result<Record<E>> {
        find_id(&Context::current()?, id.into_id()).await
    }

    /// How many rows there are; `query().filter(…).count()` counts some of them.
    ///
    /// # Errors
    /// 401, 403.
    pub async fn count(self) -> Result<u64> {
        count::<E>(Condition::All).await
    }

    /// Inserts an entity, or a new record; answers it as it is in the table. Where a hook prevents it the record stays new
    /// ([`Record::is_new`]).
    ///
    /// # Errors
    /// As [`Record::save`].
    pub async fn insert(self, new: impl Into<Record<E>>) -> Result<Record<E>> {
        let mut record = new.into();
        if !record.is_new() {
            return Err(Error::invalid(format!(
                "This row of {} is in the table already: save or update it.",
                E::meta().key
            )));
        }
        save(&mut record).await?;
        Ok(record)
    }

    /// Changes some fields of the row with an id: `update(id, |t| (t.done.set(true), t.title.set("x")))`.
    ///
    /// # Errors
    /// As [`Record::save`]; 404 where there is no such row.
    pub async fn update<A: IntoAssignments<E>>(
        self,
        id: impl IntoId<E::Id>,
        set: impl FnOnce(E::Fields) -> A,
    ) -> Result<Record<E>> {
        let mut record = self.find_id(id).await?;
        for (index, value) in set(E::FIELDS).into_assignments() {
            AnyRecord::set(&mut record, index, value).map_err(|error| Error::invalid(error.0))?;
        }
        save(&mut record).await?;
        Ok(record)
    }

    /// Inserts or updates a record.
    ///
    /// # Errors
    /// As [`Record::save`].
    pub async fn save(self, record: &mut Record<E>) -> Result<()> {
        save(record).await
    }

    /// Deletes the row with an id. Answers whether it was: a hook that prevents it keeps the row.
    ///
    /// # Errors
    /// As [`Record::delete`]; 404 where there is no such row.
    pub async fn delete(self, id: impl IntoId<E::Id>) -> Result<bool> {
        let context = Context::current()?;
        let id = id.into_id();
        match context.source() {
            Source::Remote(remote) => remote.delete(E::meta(), &id).await,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) if context.scope() == Scope::Api => operations::delete_id(&context, E::meta(), &id).await,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => {
                let mut record = find_id::<E>(&context, id).await?;
                delete(&mut record).await?;
                Ok(record.is_deleted())
            }
        }
    }
}

/// A field and the value that it is to have.
pub struct Assignment<E> {
    index: usize,
    value: Value,
    entity: PhantomData<fn() -> E>,
}

impl<E, T: FieldValue> Column<E, T> {
    /// The field is to have this value.
    pub fn set(self, value: impl Operand<T>) -> Assignment<E> {
        Assignment { index: self.index(), value: value.into_operand(), entity: PhantomData }
    }
}

/// One assignment, or a tuple of several.
pub trait IntoAssignments<E> {
    /// The fields and their values.
    fn into_assignments(self) -> Vec<(usize, Value)>;
}

impl<E> IntoAssignments<E> for Assignment<E> {
    fn into_assignments(self) -> Vec<(usize, Value)> {
        vec![(self.index, self.value)]
    }
}

macro_rules! tuple_assignments {
    ($($name:ident),+) => {
        impl<E, $($name: IntoAssignments<E>),+> IntoAssignments<E> for ($($name,)+) {
            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn into_assignments(self) -> Vec<(usize, Value)> {
                let ($($name,)+) = self;
                [$($name.into_assignments()),+].concat()
            }
        }
    };
}
tuple_assignments!(A, B);
tuple_assignments!(A, B, C);
tuple_assignments!(A, B, C, D);

pub(crate) async fn find<E: Entity>(context: &Context, query: &Query<E>) -> Result<Vec<Record<E>>> {
    let find = query.find(context.scope() == Scope::Api)?;
    match context.source() {
        Source::Remote(remote) => {
            let rows = remote.find(E::meta(), &find, query.page_number()).await?;
            rows.into_iter().map(Record::from_wire_row).collect()
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) if operations::as_records(context, E::meta(), &find) => {
            operations::find_related(context, E::meta(), find).await?.into_iter().map(typed).collect()
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => {
            let (rows, hidden) = operations::find(context, E::meta(), find).await?;
            rows.into_iter().enumerate().map(|(position, row)| Record::from_stored(row, hidden.of(position))).collect()
        }
    }
}

/// A record with its type.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn typed<E: Entity>(record: Box<dyn AnyRecord>) -> Result<Record<E>> {
    let found = record.meta();
    let record = record.into_typed().downcast::<Record<E>>();
    record
        .map(|record| *record)
        .map_err(|_| Error::internal(format!("a record of {} is none of {}", found.key, E::meta().key)))
}

/// A page behind a cursor, the cursor behind it, and how many rows there are on all pages where that is asked for.
pub(crate) async fn page<E: Entity>(
    context: &Context,
    query: &Query<E>,
    cursor: &str,
    total: bool,
) -> Result<(Vec<Record<E>>, Option<String>, Option<u64>)> {
    let find = query.find(true)?;
    match context.source() {
        Source::Remote(remote) => {
            let (rows, cursor, total) = remote.page(E::meta(), &find, query.page_number(), cursor, total).await?;
            let rows = rows.into_iter().map(Record::from_wire_row).collect::<Result<_>>()?;
            Ok((rows, cursor, total))
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) if operations::as_records(context, E::meta(), &find) => {
            let (records, page) = operations::page_related(context, E::meta(), find, cursor, total).await?;
            Ok((records.into_iter().map(typed).collect::<Result<_>>()?, page.cursor, page.total))
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => {
            let page = operations::page(context, E::meta(), find, cursor, total).await?;
            let rows = page.rows.into_iter().enumerate();
            let rows = rows.map(|(position, row)| Record::from_stored(row, page.hidden.of(position)));
            Ok((rows.collect::<Result<_>>()?, page.cursor, page.total))
        }
    }
}

/// The first or the last row of a query, whatever its page.
pub(crate) async fn end<E: Entity>(context: &Context, query: &Query<E>, last: bool) -> Result<Option<Record<E>>> {
    let mut find = Find { limit: Some(1), offset: 0, ..query.find(true)? };
    match context.source() {
        Source::Remote(remote) => {
            find.limit = None;
            let rows = remote.list(E::meta(), if last { "last" } else { "first" }, &find, 1, "").await?;
            rows.into_iter().next().map(Record::from_wire_row).transpose()
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::end_related(context, E::meta(), find, last).await?.map(typed).transpose(),
    }
}

/// The values of some fields, a row each, in the order in which the fields are named.
pub(crate) async fn select(
    context: &Context,
    meta: &'static EntityMeta,
    find: Find,
    page: u64,
    fields: &[usize],
) -> Result<Vec<Vec<Value>>> {
    let mask: FieldMask = fields.iter().copied().collect();
    match context.source() {
        Source::Remote(remote) => {
            let names: Vec<_> = mask.iter().map(|field| meta.field(field).wire).collect();
            let more = format!("_select={}", names.join(","));
            let rows = remote.list(meta, "get", &find, page, &more).await?;
            let blank = (meta.new_record)();
            let value = |row: &serde_json::Map<String, JsonValue>, field: usize| {
                let FieldMeta { wire, field_type, lazy, .. } = *meta.field(field);
                // What is left out may not be seen of this row.
                let Some(value) = row.get(wire) else { return Ok(if lazy { Value::Null } else { blank.get(field) }) };
                json::from_json(field_type, value).map_err(|error| unfit(meta, Some(field), &error))
            };
            rows.iter().map(|row| fields.iter().map(|field| value(row, *field)).collect()).collect()
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => {
            let rows = operations::find_fields(context, meta, find, mask).await?;
            let positions: Vec<_> =
                fields.iter().map(|field| mask.iter().position(|one| one == *field).unwrap_or_default()).collect();
            let value = |row: &Vec<Value>, position: usize| row.get(position).cloned().unwrap_or(Value::Null);
            Ok(rows.iter().map(|row| positions.iter().map(|position| value(row, *position)).collect()).collect())
        }
    }
}

/// The value of one field of the row with an id.
pub(crate) async fn load(meta: &'static EntityMeta, id: Id, field: usize) -> Result<Value> {
    let find = Find::matching(id.condition(meta)).limit(1);
    let row = select(&Context::current()?, meta, find, 1, &[field]).await?.pop();
    let value = row.and_then(|row| row.into_iter().next());
    let value = value.ok_or_else(|| Error::not_found(format!("There is no such row in {}.", meta.key)))?;
    if value.is_null() {
        let name = meta.field(field).label;
        return Err(Error::forbidden(format!("You are not allowed to see {name} of this row of {}.", meta.key)));
    }
    Ok(value)
}

/// A value of a field that does not fit its type.
pub(crate) fn unfit(meta: &EntityMeta, field: Option<usize>, error: &ValueError) -> Error {
    let name = field.map_or("", |field| meta.field(field).name);
    Error::internal(format!("{}.{name}: the stored value {}", meta.key, error.0))
}

pub(crate) async fn find_id<E: Entity>(context: &Context, id: Id) -> Result<Record<E>> {
    match context.source() {
        Source::Remote(remote) => Record::from_wire_row(remote.find_id(E::meta(), &id).await?),
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => {
            if let Some(handled) = operations::by_id(context, E::meta(), &id, &[], FieldMask::NONE) {
                return typed(handled.await?.shown(context)?);
            }
            let find = Find::matching(id.condition(E::meta())).limit(1);
            // As over HTTP: the handlers of `Find` are for lists.
            let found = if operations::includes(E::meta(), &find) {
                let found = operations::find_chosen_related(context, E::meta(), find, E::meta().all_fields()).await?;
                found.into_iter().next().map(typed)
            } else {
                let (rows, hidden) = operations::find(context, E::meta(), find).await?;
                rows.into_iter().next().map(|row| Record::from_stored(row, hidden.of(0)))
            };
            found.unwrap_or_else(|| Err(operations::not_found(E::meta())))
        }
    }
}

pub(crate) async fn count<E: Entity>(filter: Condition) -> Result<u64> {
    count_rows(&Context::current()?, E::meta(), filter).await
}

/// How many rows fulfil a condition, without the type of the entity.
pub(crate) async fn count_rows(context: &Context, meta: &'static EntityMeta, filter: Condition) -> Result<u64> {
    match context.source() {
        Source::Remote(remote) => remote.count(meta, &filter).await,
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::count(context, meta, filter).await,
    }
}

pub(crate) async fn save<E: Entity>(record: &mut Record<E>) -> Result<()> {
    record.state_mut().errors_mut().clear();
    let context = Context::current()?;
    let result = match context.source() {
        Source::Remote(remote) => match validate::record(record).await {
            Ok(()) => remote.save(record).await,
            Err(error) => Err(error),
        },
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::save(&context, record).await,
    };
    result.inspect_err(|error| note_errors(record, error))
}

pub(crate) async fn delete<E: Entity>(record: &mut Record<E>) -> Result<()> {
    record.state_mut().errors_mut().clear();
    let context = Context::current()?;
    let result = match context.source() {
        Source::Remote(remote) => match remote.delete(E::meta(), &record.original_id()).await {
            Ok(true) => {
                record.mark_deleted();
                Ok(())
            }
            // A hook has kept the row.
            other => other.map(drop),
        },
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::delete(&context, record).await,
    };
    result.inspect_err(|error| note_errors(record, error))
}

pub(crate) async fn reload<E: Entity>(record: &mut Record<E>) -> Result<()> {
    *record = find_id(&Context::current()?, record.original_id()).await?;
    Ok(())
}

/// Puts the messages of an error at the fields of the record that it is about.
pub(crate) fn note_errors(record: &mut dyn AnyRecord, error: &Error) {
    let meta = record.meta();
    for (wire, message) in error.fields() {
        if let Some(index) = meta.field_by_wire(wire) {
            record.state_mut().errors_mut().add(index, message.clone());
        }
    }
}
