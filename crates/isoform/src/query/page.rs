//! The paginator: a page, and what comes after it.

use std::fmt;
use std::future::IntoFuture;

use super::{Query, default_limit};
use crate::context::Context;
use crate::entity::Entity;
use crate::future::BoxFuture;
use crate::record::Record;
use crate::{Result, repository};

/// One page of a query that knows how to ask for the next one.
///
/// The next page is what stands behind the last row of this one in the order, not what comes after so many rows: it costs what
/// the first one costs, however deep it is, and what is inserted or deleted in between neither repeats nor skips a row.
/// `#[field(index)]` at the field of the order makes it as fast as it can be.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
/// # async fn example() -> Result<()> {
/// let query = Task::query().filter(|t| t.completed.eq(false)).order_by(|t| t.title.asc()).limit(25);
/// let mut page = query.paginate().with_total().await?;
/// println!("{} of {:?}", page.items.len(), page.total);
/// while let Some(next) = page.next().await? {
///     page = next;
/// }
/// # Ok(()) }
/// ```
pub struct Page<E> {
    /// The rows.
    pub items: Vec<Record<E>>,
    /// How many rows fulfil the filter on all pages, where that was asked for ([`Paginate::with_total`]); counted once, with
    /// the page that asked.
    pub total: Option<u64>,
    cursor: Option<String>,
    query: Query<E>,
}

impl<E: Entity> Page<E> {
    /// Is there a page behind this one?
    #[must_use]
    pub const fn has_next(&self) -> bool {
        self.cursor.is_some()
    }

    /// The page behind this one; none behind the last.
    ///
    /// # Errors
    /// As awaiting the query.
    pub async fn next(&self) -> Result<Option<Self>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let mut next = Paginate { query: self.query.clone(), cursor: cursor.clone(), total: false }.await?;
        next.total = self.total;
        Ok(Some(next))
    }

    /// Where the next page begins, as a text to keep and to hand to [`Paginate::after`]: another request can go on from here.
    #[must_use]
    pub fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }
}

impl<E: Entity> Clone for Page<E> {
    fn clone(&self) -> Self {
        Self { items: self.items.clone(), total: self.total, cursor: self.cursor.clone(), query: self.query.clone() }
    }
}

impl<E: Entity> fmt::Debug for Page<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("total", &self.total)
            .field("has_next", &self.has_next())
            .finish_non_exhaustive()
    }
}

/// A query that is asked for page by page: await it for a [`Page`].
#[must_use = "a query does nothing until it is awaited"]
pub struct Paginate<E> {
    query: Query<E>,
    cursor: String,
    total: bool,
}

impl<E> Clone for Paginate<E> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), cursor: self.cursor.clone(), total: self.total }
    }
}

impl<E> fmt::Debug for Paginate<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paginate").field("query", &self.query).field("total", &self.total).finish_non_exhaustive()
    }
}

impl<E: Entity> Paginate<E> {
    /// Counts all rows of the filter too, in the same request.
    pub const fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// Begins behind a page whose [`Page::cursor`] was kept. The query must have the same filter and order.
    pub fn after(mut self, cursor: impl Into<String>) -> Self {
        self.cursor = cursor.into();
        self.query.page = 1;
        self
    }
}

impl<E: Entity> IntoFuture for Paginate<E> {
    type Output = Result<Page<E>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { mut query, cursor, total } = self;
            let (items, cursor, total) = repository::page(&Context::current()?, &query, &cursor, total).await?;
            query.page = 1;
            Ok(Page { items, total, cursor, query })
        })
    }
}

impl<E: Entity> Query<E> {
    /// The rows page by page, each of as many rows as the limit says ([`default_limit`] where it says nothing): await it for
    /// a [`Page`]. With [`Query::page`] it begins there.
    ///
    /// # Errors
    /// Awaiting it answers 400 for what the asker may not see, for an order by a field of JSON, and for a cursor of another
    /// filter or order; 401, 403, 503.
    pub fn paginate(mut self) -> Paginate<E> {
        self.limit = self.limit.or_else(|| Some(default_limit()));
        Paginate { query: self, cursor: String::new(), total: false }
    }
}
