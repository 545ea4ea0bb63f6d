//! Any number of rows, one after the other, in constant memory.

use std::fmt;
use std::pin::Pin;
use std::task::{self, Poll};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::Query;
use crate::context::Context;
use crate::entity::Entity;
use crate::record::Record;
use crate::relation::order_by_fields;
use crate::{Error, Result, repository};

/// So many rows are read at a time.
const CHUNK: u64 = 500;

/// The rows of a query, one after the other: a [`Stream`], and [`RecordStream::try_next`] for a plain loop.
pub struct RecordStream<E>(stream::BoxStream<'static, Result<Record<E>>>);

impl<E> RecordStream<E> {
    /// The next row; none behind the last.
    ///
    /// # Errors
    /// As awaiting the query. After an error there is nothing more.
    pub async fn try_next(&mut self) -> Result<Option<Record<E>>> {
        self.0.try_next().await
    }
}

impl<E> Stream for RecordStream<E> {
    type Item = Result<Record<E>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<E> fmt::Debug for RecordStream<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordStream").finish_non_exhaustive()
    }
}

/// How far a stream is.
struct Position<E> {
    context: Option<Context>,
    query: Query<E>,
    chunk: std::vec::IntoIter<Record<E>>,
    /// Where the next chunk begins; none behind the last.
    cursor: Option<String>,
    /// How many more rows may be read, where there is a limit.
    left: Option<u64>,
}

impl<E: Entity> Position<E> {
    async fn next(mut self) -> Result<Option<(Record<E>, Self)>> {
        loop {
            if let Some(record) = self.chunk.next() {
                return Ok(Some((record, self)));
            }
            let Some(cursor) = self.cursor.take().filter(|_| self.left != Some(0)) else { return Ok(None) };
            self.read(cursor).await?;
        }
    }

    async fn read(&mut self, cursor: String) -> Result<()> {
        if self.query.page > 1 {
            return Err(Error::invalid("A stream goes through all rows: it has no page."));
        }
        let context = self.context.clone().map_or_else(Context::current, Ok)?;
        let size = self.left.unwrap_or(CHUNK).min(CHUNK);
        self.query.limit = Some(size);
        let (chunk, next, _) = repository::page(&context, &self.query, &cursor, false).await?;
        if next.as_deref() == Some(&*cursor) {
            // Such as a time that another program has written in a form of its own.
            return Err(Error::internal(format!(
                "{}: a value in a field of the order is not stored as it is read, so that the stream would not end",
                E::meta().key
            )));
        }
        self.left = self.left.map(|left| left.saturating_sub(chunk.len() as u64));
        self.chunk = chunk.into_iter();
        self.cursor = next;
        Ok(())
    }
}

impl<E: Entity> Query<E> {
    /// The rows one after the other, however many there are, in constant memory. [`Query::limit`] is the most rows in all.
    ///
    /// They are read in chunks, and nothing is held between two of them: the loop may write, to the same table too. A row that
    /// is in the table all the time and whose values of the order do not change comes exactly once; of others, what the loop or
    /// somebody else does to them decides. Without an order they come by their id, which costs the least and never changes. An
    /// order costs little where an index serves it (`#[field(index)]`), and a sort of all rows for each chunk otherwise.
    ///
    /// The stream belongs to the context in which it is made, and to its transaction where that has one.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
    /// # async fn example() -> Result<()> {
    /// let mut tasks = Task::query().filter(|t| t.completed.eq(false)).stream();
    /// while let Some(mut task) = tasks.try_next().await? {
    ///     task.completed = true;
    ///     task.save().await?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The stream answers, instead of a row, what awaiting the query does; 400 for a page, and for an order by a field of JSON or
    /// by what is no field of the row itself.
    #[must_use = "a stream does nothing until it is read"]
    pub fn stream(mut self) -> RecordStream<E> {
        if self.order.is_empty() {
            self.order = order_by_fields(&E::meta().complete_order(&[]));
        }
        let position = Position {
            context: Context::current().ok(),
            left: self.limit,
            query: self,
            chunk: Vec::new().into_iter(),
            cursor: Some(String::new()),
        };
        RecordStream(stream::try_unfold(position, Position::next).boxed())
    }
}
