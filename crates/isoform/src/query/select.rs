//! A few columns instead of whole rows.

use std::future::IntoFuture;
use std::marker::PhantomData;

use super::Query;
use crate::context::{Context, Scope};
use crate::entity::{Column, Entity};
use crate::future::BoxFuture;
use crate::value::{FieldValue, Value, ValueError};
use crate::{Result, repository};

/// What [`Query::select`] reads: one column, or a tuple of several, of which each may be a tuple again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a column of `{E}`, nor a tuple of columns",
    label = "not columns",
    note = "write `|t| t.title` or `|t| (t.id, t.title)`; of more than eight, put some into a tuple of their own"
)]
pub trait Selection<E> {
    /// The values: of a `Column<E, T>` a `T`, of a tuple a tuple.
    type Values: Send + 'static;

    /// Adds the positions of the fields, in the order in which the values are read.
    fn fields(&self, fields: &mut Vec<usize>);

    /// Reads the values, given in that order.
    ///
    /// # Errors
    /// Where a value does not fit its type.
    fn read(values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values, ValueError>;
}

impl<E, T: FieldValue> Selection<E> for Column<E, T> {
    type Values = T;

    fn fields(&self, fields: &mut Vec<usize>) {
        fields.push(self.index());
    }

    fn read(values: &mut dyn Iterator<Item = Value>) -> Result<T, ValueError> {
        T::from_value(values.next().unwrap_or(Value::Null))
    }
}

macro_rules! tuple_selection {
    ($($name:ident),+) => {
        impl<E, $($name: Selection<E>),+> Selection<E> for ($($name,)+) {
            type Values = ($($name::Values,)+);

            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn fields(&self, fields: &mut Vec<usize>) {
                let ($($name,)+) = self;
                $($name.fields(fields);)+
            }

            fn read(values: &mut dyn Iterator<Item = Value>) -> Result<Self::Values, ValueError> {
                Ok(($($name::read(values)?,)+))
            }
        }
    };
}
tuple_selection!(A);
tuple_selection!(A, B);
tuple_selection!(A, B, C);
tuple_selection!(A, B, C, D);
tuple_selection!(A, B, C, D, F);
tuple_selection!(A, B, C, D, F, G);
tuple_selection!(A, B, C, D, F, G, H);
tuple_selection!(A, B, C, D, F, G, H, I);

/// A query for a few columns: await it for a `Vec` of their values.
#[must_use = "a query does nothing until it is awaited"]
pub struct Select<E, S> {
    query: Query<E>,
    fields: Vec<usize>,
    selection: PhantomData<fn() -> S>,
}

impl<E, S> Clone for Select<E, S> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), fields: self.fields.clone(), selection: PhantomData }
    }
}

impl<E, S> std::fmt::Debug for Select<E, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Select").field("query", &self.query).field("fields", &self.fields).finish()
    }
}

impl<E: Entity, S: Selection<E>> Select<E, S> {
    /// The values of every row, as awaiting the query answers them.
    ///
    /// # Errors
    /// 400 for what the asker may not see, 401, 403, 503.
    pub async fn all(self) -> Result<Vec<S::Values>> {
        let context = Context::current()?;
        let find = self.query.find(context.scope() == Scope::Api)?;
        let rows = repository::select(&context, E::meta(), find, self.query.page, &self.fields).await?;
        let read = |row: Vec<Value>| {
            let mut values = row.into_iter();
            // The value that does not fit is the last one that was read.
            S::read(&mut values).map_err(|error| {
                let at = self.fields.len().saturating_sub(values.len() + 1);
                repository::unfit(E::meta(), self.fields.get(at).copied(), &error)
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// The values of the first row, of the page where there is one, or none.
    ///
    /// # Errors
    /// As awaiting the query.
    pub async fn first(mut self) -> Result<Option<S::Values>> {
        if self.query.page == 1 {
            self.query.limit = Some(1);
        }
        Ok(self.all().await?.into_iter().next())
    }
}

impl<E: Entity, S: Selection<E> + 'static> IntoFuture for Select<E, S> {
    type Output = Result<Vec<S::Values>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}

impl<E: Entity> Query<E> {
    /// A few columns instead of whole rows: only they are read, and sent.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
    /// # async fn example() -> Result<()> {
    /// let titles: Vec<(Uuid, String)> = Task::query().select(|t| (t.id, t.title)).await?;
    /// let first: Option<String> = Task::query().order_by(|t| t.title.asc()).select(|t| t.title).first().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Awaiting it answers 400 for a field that the asker may not see, 401, 403, 503.
    pub fn select<S: Selection<E>>(self, columns: impl FnOnce(E::Fields) -> S) -> Select<E, S> {
        let mut fields = Vec::new();
        columns(E::FIELDS).fields(&mut fields);
        Select { query: self, fields, selection: PhantomData }
    }
}
