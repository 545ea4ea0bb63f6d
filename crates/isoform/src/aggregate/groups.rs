//! The queries: aggregates of all rows of a query, beside a page of them, or by groups.

use std::future::IntoFuture;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use super::{Aggregation, GroupKeys, IntoAggregates, IntoGroupOrder};
use crate::context::{Context, Scope, Source};
use crate::entity::Entity;
use crate::future::BoxFuture;
#[cfg(not(target_arch = "wasm32"))]
use crate::operations;
use crate::query::{Query, offset};
use crate::record::Record;
use crate::value::{Row, ValueError};
use crate::{Error, Result};

impl<E: Entity> Query<E> {
    /// Aggregates of all rows that fulfil the filter, whatever the page.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: f64, pub customer: String }
    /// # async fn example() -> Result<()> {
    /// let (orders, customers, total, mean) = Order::query()
    ///     .filter(|o| o.amount.gt(0.0))
    ///     .aggregate(|o| (count(), o.customer.count_distinct(), o.amount.sum(), o.amount.avg()))
    ///     .await?;
    /// # let _: (u64, u64, Option<f64>, Option<f64>) = (orders, customers, total, mean);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As awaiting the query; 400 with the code `"overflow"` where a sum is larger than its type.
    pub async fn aggregate<A: IntoAggregates<E>>(self, build: impl FnOnce(E::Fields) -> A) -> Result<A::Output> {
        let aggregates = build(E::FIELDS);
        let asked = Aggregation::total(self.into_condition(), aggregates.measures());
        let rows = rows::<E>(&Context::current()?, asked, 1).await?;
        total::<E, A>(&aggregates, rows.into_iter().next())
    }

    /// The rows, as awaiting the query answers them, and aggregates of all rows that fulfil the filter, whatever the page: in one
    /// request.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: f64, pub customer: String }
    /// # async fn example() -> Result<()> {
    /// let (page, (of, total)) = Order::query().limit(25).with_aggregates(|o| (count(), o.amount.sum())).await?;
    /// assert!(page.len() as u64 <= of);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As awaiting the query, and as [`Query::aggregate`].
    pub async fn with_aggregates<A: IntoAggregates<E>>(
        self,
        build: impl FnOnce(E::Fields) -> A,
    ) -> Result<(Vec<Record<E>>, A::Output)> {
        let context = Context::current()?;
        let aggregates = build(E::FIELDS);
        match context.source() {
            Source::Remote(remote) => {
                let find = self.find(context.scope() == Scope::Api)?;
                let asked = Aggregation::total(find.filter.clone(), aggregates.measures());
                let (items, row) = remote.query(E::meta(), &find, self.page_number(), &asked).await?;
                let items = items.into_iter().map(Record::from_wire_row).collect::<Result<_>>()?;
                Ok((items, total::<E, A>(&aggregates, Some(row))?))
            }
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => {
                let items = crate::repository::find(&context, &self).await?;
                let asked = Aggregation::total(self.into_condition(), aggregates.measures());
                let rows = operations::aggregate(&context, E::meta(), asked).await?;
                Ok((items, total::<E, A>(&aggregates, rows.into_iter().next())?))
            }
        }
    }

    /// Aggregates by groups of rows that have some fields in common: build it on, then await it. Over all rows that fulfil the filter,
    /// whatever the query's own order and page.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: f64, pub customer: String, pub paid: bool }
    /// # async fn example() -> Result<()> {
    /// let groups = Order::query()
    ///     .filter(|o| o.amount.gt(0.0))
    ///     .group_by(|o| (o.customer, o.paid), |o| (count(), o.amount.sum()))
    ///     .order_by(|o| (o.amount.sum().desc(), o.customer.asc()))
    ///     .limit(10)
    ///     .await?;
    /// for ((customer, paid), (orders, total)) in groups {
    ///     info!(customer, paid, orders, total);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn group_by<K: GroupKeys<E>, A: IntoAggregates<E>>(
        self,
        by: impl FnOnce(E::Fields) -> K,
        aggregates: impl FnOnce(E::Fields) -> A,
    ) -> Groups<E, K, A> {
        let (keys, aggregates) = (by(E::FIELDS), aggregates(E::FIELDS));
        let asked = Aggregation::total(self.into_condition(), aggregates.measures());
        Groups { asked: Aggregation { groups: keys.fields(), ..asked }, page: 1, keys, aggregates, entity: PhantomData }
    }
}

/// A query for groups of rows, each with what its rows have in common and aggregates of them: see [`Query::group_by`].
#[must_use = "a query does nothing until it is awaited"]
pub struct Groups<E, K, A> {
    asked: Aggregation,
    page: u64,
    keys: K,
    aggregates: A,
    entity: PhantomData<fn() -> E>,
}

impl<E, K: Clone, A: Clone> Clone for Groups<E, K, A> {
    fn clone(&self) -> Self {
        let (keys, aggregates) = (self.keys.clone(), self.aggregates.clone());
        Self { asked: self.asked.clone(), page: self.page, keys, aggregates, entity: PhantomData }
    }
}

/// The same question: of the same type, it has the same keys and aggregates where it asks for the same fields.
impl<E, K, A> PartialEq for Groups<E, K, A> {
    fn eq(&self, other: &Self) -> bool {
        self.asked == other.asked && self.page == other.page
    }
}

/// Of what is asked, as it travels: the same in the browser and on the server.
impl<E: Entity, K, A> Hash for Groups<E, K, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(crate::remote::fingerprint::of_groups(E::meta(), &self.asked, self.page));
    }
}

impl<E: Entity, K: GroupKeys<E>, A: IntoAggregates<E>> Groups<E, K, A> {
    /// In this order, of fields that the groups are made by and of aggregates; a second call adds to the first. What it leaves open is
    /// ordered by the fields of the groups.
    pub fn order_by<O: IntoGroupOrder<E>>(mut self, order: impl FnOnce(E::Fields) -> O) -> Self {
        self.asked.order.extend(order(E::FIELDS).into_group_order());
        self
    }

    /// Which page of groups, counted from 1; 0 is 1. Its size is the limit.
    pub const fn page(mut self, page: u64) -> Self {
        self.page = if page == 0 { 1 } else { page };
        self
    }

    /// How many groups at most. Without a limit more than 1,000 groups are refused where the query is guarded.
    pub const fn limit(mut self, limit: u64) -> Self {
        self.asked.limit = Some(limit);
        self
    }

    /// The groups, as awaiting the query answers them: what their rows have in common, and the aggregates.
    ///
    /// # Errors
    /// 400 for what the asker may not see, for what cannot be grouped so, for a page without a limit and for too many groups; 401, 403,
    /// 503.
    pub async fn all(self) -> Result<Vec<(K::Output, A::Output)>> {
        let Self { mut asked, page, keys, aggregates, entity: _ } = self;
        if page > 1 && asked.limit.is_none() {
            return Err(Error::invalid("A page of groups needs a limit: how many groups a page has."));
        }
        asked.offset = offset(page, asked.limit)?;
        let rows = rows::<E>(&Context::current()?, asked, page).await?;
        let read = |row: Row| {
            let mut values = row.into_iter();
            Ok((keys.read(&mut values)?, aggregates.read(&mut values)?))
        };
        rows.into_iter().map(|row| read(row).map_err(|error| unfit::<E>(&error))).collect()
    }
}

impl<E: Entity, K: GroupKeys<E>, A: IntoAggregates<E>> IntoFuture for Groups<E, K, A> {
    type Output = Result<Vec<(K::Output, A::Output)>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}

async fn rows<E: Entity>(context: &Context, asked: Aggregation, page: u64) -> Result<Vec<Row>> {
    match context.source() {
        Source::Remote(remote) => remote.group_by(E::meta(), &asked, page).await,
        #[cfg(not(target_arch = "wasm32"))]
        Source::Local(_) => operations::aggregate(context, E::meta(), asked).await,
    }
}

fn total<E: Entity, A: IntoAggregates<E>>(aggregates: &A, row: Option<Row>) -> Result<A::Output> {
    aggregates.read(&mut row.unwrap_or_default().into_iter()).map_err(|error| unfit::<E>(&error))
}

fn unfit<E: Entity>(error: &ValueError) -> Error {
    Error::internal(format!("{}: an aggregate {}", E::meta().key, error.0))
}
