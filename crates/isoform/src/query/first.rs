//! One row of a query: the last one, or the first one even where there is none yet.

use super::Query;
use crate::context::Context;
#[cfg(not(target_arch = "wasm32"))]
use crate::context::Source;
use crate::entity::Entity;
use crate::error::ErrorKind;
use crate::filter::{Comparison, Condition};
use crate::record::{AnyRecord, Record};
use crate::value::Value;
use crate::{Error, Result, repository};

impl<E: Entity> Query<E> {
    /// The last row in the order, whatever the page and the limit, or none.
    ///
    /// # Errors
    /// As awaiting the query.
    pub async fn last(self) -> Result<Option<Record<E>>> {
        repository::end(&Context::current()?, &self, true).await
    }

    /// The first row. Where there is none a new one is inserted: with the values that the filter demands
    /// (`|t| t.name.eq("tax") & t.year.eq(2026)`) and whatever `fill` sets beside them.
    ///
    /// Where a database is at hand both happens in one transaction, so that the row is there once however many ask at the
    /// same time. Over the API these are two requests: a `unique` field keeps the row the only one, and the one that
    /// somebody else has inserted in between is answered.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tags", allow(crud = true))]
    /// # pub struct Tag { #[field(id)] pub id: Uuid, #[field(unique)] pub name: String, pub color: String }
    /// # async fn example() -> Result<()> {
    /// let tax = Tag::query().filter(|t| t.name.eq("tax")).first_or_create(|new| new.color = "red".into()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As awaiting the query, and as [`Record::save`].
    pub async fn first_or_create(self, fill: impl FnOnce(&mut Record<E>) + Send) -> Result<Record<E>> {
        let context = Context::current()?;
        #[cfg(not(target_arch = "wasm32"))]
        if matches!(context.source(), Source::Local(_)) {
            return context.transaction(async |_| self.found_or_inserted(fill).await).await;
        }
        drop(context);
        let again = self.clone();
        match self.found_or_inserted(fill).await {
            Err(error) if error.kind() == ErrorKind::Conflict => again.first().await?.ok_or(error),
            answer => answer,
        }
    }

    async fn found_or_inserted(self, fill: impl FnOnce(&mut Record<E>) + Send) -> Result<Record<E>> {
        let mut new = Record::<E>::new();
        demand(self.filter.condition(), &mut new)?;
        if let Some(found) = self.first().await? {
            return Ok(found);
        }
        fill(&mut new);
        crate::repository::save(&mut new).await?;
        Ok(new)
    }
}

/// Gives a new record the values that a filter demands of every row.
fn demand(filter: &Condition, new: &mut dyn AnyRecord) -> Result<()> {
    let (field, value) = match filter {
        Condition::And(list) => return list.iter().try_for_each(|one| demand(one, new)),
        Condition::Compare(field, Comparison::Eq, value) => (*field, value.clone()),
        Condition::Null(field) => (*field, Value::Null),
        _ => return Ok(()),
    };
    let meta = new.meta();
    new.set(field, value)
        .map_err(|error| Error::invalid(format!("{}.{} {}", meta.key, meta.field(field).wire, error.0)))
}
