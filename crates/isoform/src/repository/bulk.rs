//! Writes of many rows, with their types.

use std::future::{Future, IntoFuture};

use super::{IntoAssignments, Repository};
use crate::bulk::{IntoWhich, Upsert, UpsertRow, in_row};
use crate::context::{Context, Source};
use crate::entity::Entity;
use crate::future::BoxFuture;
#[cfg(not(target_arch = "wasm32"))]
use crate::meta::FieldMask;
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::record::{AnyRecord, Record};
use crate::remote::Remote;
use crate::{Error, Result, validate};

impl<E: Entity> Repository<E> {
    /// Inserts entities or new records, all or none; answers them in the same order, as they are in the table.
    ///
    /// Where no hook runs they go to the table together, which is many times faster than one after the other.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
    /// # async fn example(titles: Vec<String>) -> Result<()> {
    /// let new = titles.into_iter().map(|title| Task { title, ..Task::blank() });
    /// let tasks = repo::<Task>().insert_many(new).await?;
    /// let how_many = repo::<Task>().insert_many(vec![Task::blank()]).select_none().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Record::save`], with the number of the row; 400 for more rows than the API takes at once.
    pub fn insert_many<R: Into<Record<E>>>(self, new: impl IntoIterator<Item = R>) -> InsertMany<E> {
        InsertMany { records: new.into_iter().map(Into::into).collect() }
    }

    /// Sets fields of the rows that a filter finds; answers how many there were, without those whose `saving` has prevented it. All or
    /// none: one that may not be changed so, and none is.
    ///
    /// One statement, unless a hook, a rule on the record or a filter of the API needs the rows.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub done: bool }
    /// # async fn example() -> Result<()> {
    /// let tasks = repo::<Task>();
    /// let changed = tasks.update_many(|t| t.title.contains("tax"), |t| (t.done.set(true), t.title.set("Taxes"))).await?;
    /// let reopened = tasks.update_many(|_| all(), |t| t.done.set(false)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 400 where the filter is empty (say [`all`](crate::all) if every row is meant) or finds more rows than the API takes at once;
    /// otherwise as [`Record::save`].
    pub async fn update_many<W: IntoWhich<E>, A: IntoAssignments<E>>(
        self,
        which: impl FnOnce(E::Fields) -> W,
        set: impl FnOnce(E::Fields) -> A,
    ) -> Result<u64> {
        let (which, set) = (which(E::FIELDS).into_which(), set(E::FIELDS).into_assignments());
        let context = Context::current()?;
        match context.source() {
            Source::Remote(remote) => remote.update_many(E::meta(), which, &set).await,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => operations::update_many(&context, E::meta(), which, set).await,
        }
    }

    /// Deletes the rows that a filter finds; answers how many there were, without those whose `deleting` has prevented it. All or none.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub done: bool }
    /// # async fn example() -> Result<()> {
    /// let deleted = repo::<Task>().delete_many(|t| t.done.eq(true)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// 400 where the filter is empty (say [`all`](crate::all) if every row is meant) or finds more rows than the API takes at once;
    /// otherwise as [`Record::delete`].
    pub async fn delete_many<W: IntoWhich<E>>(self, which: impl FnOnce(E::Fields) -> W) -> Result<u64> {
        let which = which(E::FIELDS).into_which();
        let context = Context::current()?;
        match context.source() {
            Source::Remote(remote) => remote.delete_many(E::meta(), which).await,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => operations::delete_many(&context, E::meta(), which).await,
        }
    }

    /// Changes the row that has some values, or makes it, with them; answers it as it is in the table. `|_| ()` changes nothing.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tags", allow(crud = true))]
    /// # pub struct Tag { #[field(id)] pub id: Uuid, #[field(unique)] pub name: String, pub color: String }
    /// # async fn example() -> Result<()> {
    /// let tag = repo::<Tag>().upsert(|t| t.name.set("urgent"), |t| t.color.set("red")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Record::save`]; 409 where several rows have the values.
    pub async fn upsert<A: IntoAssignments<E>, B: IntoAssignments<E>>(
        self,
        by: impl FnOnce(E::Fields) -> A,
        set: impl FnOnce(E::Fields) -> B,
    ) -> Result<Record<E>> {
        let set = Some(set(E::FIELDS).into_assignments()).filter(|set| !set.is_empty());
        let row = UpsertRow { set, ..Upsert::<E>::by(by).row };
        let record = upsert(vec![row]).await?.pop();
        record.ok_or_else(|| Error::unavailable(format!("{}: an upsert was answered without a row", E::meta().key)))
    }

    /// As [`Repository::upsert`] for many rows, all or none; answers them in the same order.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tags", allow(crud = true))]
    /// # pub struct Tag { #[field(id)] pub id: Uuid, #[field(unique)] pub name: String, pub color: String }
    /// # async fn example() -> Result<()> {
    /// let red = ["urgent", "broken"].map(|name| Upsert::by(|t: TagFields| t.name.set(name)).set(|t| t.color.set("red")));
    /// let tags: Vec<Record<Tag>> = repo().upsert_many(red).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Repository::upsert`], with the number of the row; 400 for more rows than the API takes at once.
    pub async fn upsert_many(self, rows: impl IntoIterator<Item = Upsert<E>>) -> Result<Vec<Record<E>>> {
        upsert(rows.into_iter().map(|upsert| upsert.row).collect()).await
    }
}

async fn upsert<E: Entity>(rows: Vec<UpsertRow>) -> Result<Vec<Record<E>>> {
    let (context, meta) = (Context::current()?, E::meta());
    match context.source() {
        Source::Remote(remote) => {
            let rows = remote.upsert_many(meta, rows).await?;
            rows.into_iter().map(Record::from_wire_row).collect()
        }
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => {
            let sent: Vec<_> = rows.iter().map(UpsertRow::sent).collect();
            let rows = operations::upsert_many(&context, meta, rows).await?;
            // Handlers may have answered more rows than were asked for.
            let sent = sent.into_iter().chain(std::iter::repeat(FieldMask::NONE));
            rows.into_iter().zip(sent).map(|(row, sent)| operations::shown(&context, row, sent)).collect()
        }
    }
}

/// New rows, to be awaited: all or none. See [`Repository::insert_many`].
#[must_use = "nothing is inserted until this is awaited"]
#[derive(Clone, Debug)]
pub struct InsertMany<E: Entity> {
    records: Vec<Record<E>>,
}

impl<E: Entity> InsertMany<E> {
    /// Inserts them and answers only how many were, without those whose `saving` has prevented it.
    ///
    /// # Errors
    /// As [`Repository::insert_many`].
    pub async fn select_none(mut self) -> Result<u64> {
        let context = Context::current()?;
        self.are_new()?;
        match context.source() {
            Source::Remote(remote) => {
                self.validate().await?;
                remote.insert_many_counted(E::meta(), &self.dynamic()).await
            }
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => {
                if let Some(handled) = operations::inserted(&context, E::meta(), &self.dynamic()) {
                    return Ok(handled.await?.1);
                }
                operations::insert_records(&context, E::meta(), self.dynamic_mut()).await
            }
        }
    }

    async fn run(self) -> Result<Vec<Record<E>>> {
        let context = Context::current()?;
        self.are_new()?;
        match context.source() {
            Source::Remote(remote) => self.send(remote).await,
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => {
                let mut new = self;
                if let Some(handled) = operations::inserted(&context, E::meta(), &new.dynamic()) {
                    return handled.await?.0.into_iter().map(super::typed).collect();
                }
                operations::insert_records(&context, E::meta(), new.dynamic_mut()).await?;
                Ok(new.records)
            }
        }
    }

    async fn send(mut self, remote: &Remote) -> Result<Vec<Record<E>>> {
        self.validate().await?;
        let rows = remote.insert_many(E::meta(), &self.dynamic()).await?;
        rows.into_iter().map(Record::from_wire_row).collect()
    }

    fn are_new(&self) -> Result<()> {
        match self.records.iter().position(|record| !record.is_new()) {
            None => Ok(()),
            Some(position) => Err(in_row(
                Error::invalid(format!("This row of {} is in the table already: save or update it.", E::meta().key)),
                position,
                self.records.len(),
            )),
        }
    }

    /// Nothing is sent where something is wrong.
    async fn validate(&mut self) -> Result<()> {
        let count = self.records.len();
        for (position, record) in self.records.iter_mut().enumerate() {
            validate::record(record).await.map_err(|error| in_row(error, position, count))?;
        }
        Ok(())
    }

    fn dynamic(&self) -> Vec<&dyn AnyRecord> {
        self.records.iter().map(|record| record as &dyn AnyRecord).collect()
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn dynamic_mut(&mut self) -> Vec<&mut dyn AnyRecord> {
        self.records.iter_mut().map(|record| record as &mut dyn AnyRecord).collect()
    }
}

impl<E: Entity> IntoFuture for InsertMany<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

/// Nothing is set.
impl<E> IntoAssignments<E> for () {
    fn into_assignments(self) -> Vec<(usize, crate::Value)> {
        Vec::new()
    }
}

/// A vector of assignments, made at run time.
impl<E, A: IntoAssignments<E>> IntoAssignments<E> for Vec<A> {
    fn into_assignments(self) -> Vec<(usize, crate::Value)> {
        self.into_iter().flat_map(IntoAssignments::into_assignments).collect()
    }
}

const _: () = {
    /// What is awaited in a Leptos resource has to be `Send`.
    #[allow(dead_code, reason = "it is enough that it compiles")]
    fn are_send<E: Entity>(all: InsertMany<E>) -> impl Future<Output = Result<u64>> + Send {
        all.select_none()
    }
};
