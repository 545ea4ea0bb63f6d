//! Aggregates as signals: totals beside a list, groups for a chart.

use std::hash::{Hash, Hasher};

use isoform::aggregate::{GroupKeys, Groups, IntoAggregates, Measure};
use isoform::{Entity, Query, Result};

use crate::answer::Carried;
use crate::query::{Answered, use_answer};

/// Aggregates of all rows that fulfil a query's filter, whatever its page; as [`use_query`](crate::use_query) otherwise.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{Answered, use_aggregate};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = true))]
/// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: Decimal, pub customer: String }
/// # fn example(search: RwSignal<String>) {
/// let all: Answered<(u64, Option<Decimal>)> = use_aggregate(
///     move || Order::query().filter(|o| o.customer.contains(search.get())),
///     |o| (count(), o.amount.sum()),
/// );
/// # }
/// ```
#[track_caller]
pub fn use_aggregate<E, A>(
    query: impl Fn() -> Query<E> + Send + Sync + 'static,
    aggregates: fn(E::Fields) -> A,
) -> Answered<A::Output>
where
    E: Entity,
    A: IntoAggregates<E>,
    A::Output: Carried,
{
    use_answer(move || Totals { query: query(), aggregates }, Totals::ask)
}

/// The question of [`use_aggregate`].
struct Totals<E: Entity, A> {
    query: Query<E>,
    aggregates: fn(E::Fields) -> A,
}

impl<E: Entity, A: IntoAggregates<E>> Totals<E, A> {
    fn measures(&self) -> Vec<Measure> {
        (self.aggregates)(E::FIELDS).measures()
    }

    async fn ask(self) -> Result<A::Output> {
        self.query.aggregate(self.aggregates).await
    }
}

impl<E: Entity, A> Clone for Totals<E, A> {
    fn clone(&self) -> Self {
        Self { query: self.query.clone(), aggregates: self.aggregates }
    }
}

impl<E: Entity, A: IntoAggregates<E>> PartialEq for Totals<E, A> {
    fn eq(&self, other: &Self) -> bool {
        self.query == other.query && self.measures() == other.measures()
    }
}

impl<E: Entity, A: IntoAggregates<E>> Hash for Totals<E, A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.query.hash(state);
        self.measures().hash(state);
    }
}

/// Groups of rows with their aggregates, as [`Query::group_by`] asks for them; as [`use_query`](crate::use_query) otherwise.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{Answered, use_groups};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "orders", allow(crud = true))]
/// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: Decimal, pub customer: String }
/// # fn example() {
/// let best: Answered<Vec<(String, Option<Decimal>)>> = use_groups(|| {
///     Order::query().group_by(|o| o.customer, |o| o.amount.sum()).order_by(|o| o.amount.sum().desc()).limit(10)
/// });
/// # }
/// ```
#[track_caller]
pub fn use_groups<E, K, A>(
    groups: impl Fn() -> Groups<E, K, A> + Send + Sync + 'static,
) -> Answered<Vec<(K::Output, A::Output)>>
where
    E: Entity,
    K: GroupKeys<E> + Clone + Sync,
    A: IntoAggregates<E> + Clone + Sync,
    (K::Output, A::Output): Carried,
{
    use_answer(groups, Groups::all)
}
