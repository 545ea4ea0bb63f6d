//! Queries: which rows, in what order, how many. Awaited as they are.

mod first;
mod page;
mod select;
mod stream;

use std::future::IntoFuture;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::Context;
use crate::entity::{Entity, IntoOrder};
use crate::filter::{Condition, Filter};
use crate::future::BoxFuture;
use crate::meta::FieldMask;
use crate::provider::{Find, Include};
use crate::record::{IntoFields, Record};
use crate::relation::{OrderBy, Relation};
use crate::repository;
use crate::{Error, Result};

pub use page::{Page, Paginate};
pub use select::{Select, Selection};
pub use stream::RecordStream;

/// How many rows a query answers that names no limit, wherever it is guarded: in the browser, in rendered components,
/// and in other programs that use the API. Trusted server code gets all rows.
///
/// [`set_default_limit`] sets another.
pub const DEFAULT_LIMIT: u64 = 100;

static LIMIT: AtomicU64 = AtomicU64::new(DEFAULT_LIMIT);

/// How many rows a guarded query answers that names no limit.
#[must_use]
pub fn default_limit() -> u64 {
    LIMIT.load(Ordering::Relaxed)
}

/// Sets how many rows a guarded query answers that names no limit, at least one, in this program: call it in the application's
/// root component, so that the page and the browser agree.
///
/// ```
/// isoform::set_default_limit(50);
/// assert_eq!(isoform::default_limit(), 50);
/// ```
pub fn set_default_limit(rows: u64) {
    LIMIT.store(rows.max(1), Ordering::Relaxed);
}

/// A query for rows of an entity: build it, then await it.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
/// # async fn example() -> Result<()> {
/// let open = Task::query()
///     .filter(|t| t.completed.eq(false) & t.title.contains("tax"))
///     .order_by(|t| (t.title.asc(), t.id.desc()))
///     .page(2)
///     .limit(25)
///     .await?;
/// let how_many = Task::query().filter(|t| t.completed.eq(false)).count().await?;
/// # Ok(()) }
/// ```
#[must_use = "a query does nothing until it is awaited"]
pub struct Query<E> {
    filter: Filter<E>,
    order: OrderBy,
    page: u64,
    limit: Option<u64>,
    include: Vec<Include>,
    /// The lazy fields that are loaded along.
    with: FieldMask,
}

impl<E> Clone for Query<E> {
    fn clone(&self) -> Self {
        let (include, with) = (self.include.clone(), self.with);
        Self {
            filter: self.filter.clone(),
            order: self.order.clone(),
            page: self.page,
            limit: self.limit,
            include,
            with,
        }
    }
}

impl<E> std::fmt::Debug for Query<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("filter", &self.filter)
            .field("order", &self.order)
            .field("page", &self.page)
            .field("limit", &self.limit)
            .field("include", &self.include)
            .finish()
    }
}

impl<E> PartialEq for Query<E> {
    fn eq(&self, other: &Self) -> bool {
        self.filter == other.filter
            && self.order == other.order
            && self.page == other.page
            && self.limit == other.limit
            && self.include == other.include
            && self.with == other.with
    }
}

/// Of what is asked, as it travels: the same in the browser and on the server.
impl<E: Entity> Hash for Query<E> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One without a `find` is beyond what can be counted: its page tells it apart.
        let asked = self.find(true).map(|find| crate::remote::fingerprint::of_find(E::meta(), &find, self.page));
        state.write_u64(asked.unwrap_or(self.page));
    }
}

impl<E: Entity> Query<E> {
    pub(crate) const fn new() -> Self {
        Self {
            filter: Filter::all(),
            order: Vec::new(),
            page: 1,
            limit: None,
            include: Vec::new(),
            with: FieldMask::NONE,
        }
    }

    /// Only rows that fulfil this too.
    pub fn filter(self, build: impl FnOnce(E::Fields) -> Filter<E>) -> Self {
        self.matching(E::filter(build))
    }

    /// Only rows that fulfil this too: a filter that was built elsewhere.
    pub fn matching(mut self, filter: Filter<E>) -> Self {
        self.filter = self.filter & filter;
        self
    }

    /// In this order; a second call adds to the first. Rows that are equal in it are ordered by their id, in the
    /// direction of the last field.
    pub fn order_by<O: IntoOrder<E>>(mut self, order: impl FnOnce(E::Fields) -> O) -> Self {
        self.order.extend(order(E::FIELDS).into_order());
        self
    }

    /// Which page, counted from 1; 0 is 1. Its size is the limit.
    pub const fn page(mut self, page: u64) -> Self {
        self.page = if page == 0 { 1 } else { page };
        self
    }

    /// How many rows at most.
    pub const fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Loads [`Lazy`](crate::Lazy) fields along, which a query leaves out otherwise: `.with(|p| p.body)`, or a tuple of several.
    pub fn with<F: IntoFields<E>>(mut self, fields: impl FnOnce(E::Fields) -> F) -> Self {
        self.with = self.with.or(fields(E::FIELDS).into_fields());
        self
    }

    /// Loads related records along: one more statement for each relation, however many rows there are. Of a relation to many
    /// all are loaded; [`Query::include_with`] chooses among them.
    pub fn include<R: Relation<E>>(self, relation: impl FnOnce(E::Fields) -> R) -> Self {
        self.include_with(relation, |all| all)
    }

    /// Loads related records along: those that a query chooses, in its order, at most its limit for each row, and with what
    /// it includes itself.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "comments", allow(crud = true))]
    /// # pub struct Comment { #[field(id)] pub id: Uuid, pub task_id: Uuid, pub text: String }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "tasks", allow(crud = true))]
    /// # pub struct Task { #[field(id)] pub id: Uuid, #[relation(Comment::task_id)] pub comments: ToMany<Comment> }
    /// # async fn example() -> Result<()> {
    /// let tasks = Task::query().include_with(|t| t.comments, |c| c.order_by(|c| c.text.asc()).limit(3)).await?;
    /// let texts: Vec<&str> = tasks.iter().flat_map(|task| &task.comments).map(|c| c.text.as_str()).collect();
    /// # Ok(()) }
    /// ```
    pub fn include_with<R: Relation<E>>(
        mut self,
        relation: impl FnOnce(E::Fields) -> R,
        choose: impl FnOnce(Query<R::Target>) -> Query<R::Target>,
    ) -> Self {
        let relation = relation(E::FIELDS).meta();
        let chosen = choose(Query::new());
        let find = Find {
            filter: chosen.filter.into_condition(),
            order: chosen.order,
            limit: chosen.limit,
            offset: chosen.page.saturating_sub(1).saturating_mul(chosen.limit.unwrap_or(0)),
            include: chosen.include,
            with: chosen.with,
            after: None,
        };
        self.include.retain(|other| other.relation != relation);
        self.include.push(Include { relation, find });
        self
    }

    /// The first row, of the page where there is one, or none.
    ///
    /// # Errors
    /// As awaiting the query.
    pub async fn first(self) -> Result<Option<Record<E>>> {
        if self.page > 1 {
            // Of a later page it is not the first of pages of one row.
            return Ok(self.await?.into_iter().next());
        }
        repository::end(&Context::current()?, &self, false).await
    }

    /// How many rows fulfil the filter, whatever the page.
    ///
    /// # Errors
    /// As awaiting the query.
    pub async fn count(self) -> Result<u64> {
        repository::count::<E>(self.filter.into_condition()).await
    }

    /// The rows, as awaiting the query answers them.
    ///
    /// # Errors
    /// 400 for what the asker may not see, 401, 403, 503.
    pub async fn all(self) -> Result<Vec<Record<E>>> {
        repository::find(&Context::current()?, &self).await
    }

    pub(crate) fn find(&self, guarded: bool) -> Result<Find> {
        let paged = guarded || self.page > 1;
        let limit = self.limit.or_else(|| paged.then(default_limit));
        Ok(Find {
            filter: self.filter.condition().clone(),
            order: self.order.clone(),
            limit,
            offset: offset(self.page, limit)?,
            include: self.include.clone(),
            with: self.with,
            after: None,
        })
    }

    /// What it includes, of a query that says nothing else.
    ///
    /// # Errors
    /// 400 where it says something else.
    pub(crate) fn into_relations(self) -> Result<Vec<Include>> {
        let Self { filter, order, page, limit, include, with } = self;
        if *filter.condition() != Condition::All || !order.is_empty() || page > 1 || limit.is_some() || !with.is_empty()
        {
            return Err(Error::invalid(
                "Relations of one record are loaded: a filter, an order or a page belongs to one of them, as in `include_with`.",
            ));
        }
        Ok(include)
    }

    pub(crate) fn into_condition(self) -> crate::filter::Condition {
        self.filter.into_condition()
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn into_includes(self) -> Vec<Include> {
        self.include
    }

    pub(crate) const fn page_number(&self) -> u64 {
        self.page
    }
}

/// How many rows stand before a page.
///
/// # Errors
/// 400 where that is more than a database counts.
pub fn offset(page: u64, limit: Option<u64>) -> Result<u64> {
    let offset = page.saturating_sub(1).checked_mul(limit.unwrap_or(0)).filter(|offset| i64::try_from(*offset).is_ok());
    offset.ok_or_else(|| Error::invalid(format!("Page {page} is beyond what a database can count.")))
}

impl<E: Entity> IntoFuture for Query<E> {
    type Output = Result<Vec<Record<E>>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}
