//! Aggregates as signals: totals beside a list, groups for a chart.

use isoform::aggregate::{GroupKeys, Groups, IntoAggregates};
use isoform::{Entity, Query};

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
pub fn use_aggregate<E, A>(
    query: impl Fn() -> Query<E> + Send + Sync + 'static,
    aggregates: fn(E::Fields) -> A,
) -> Answered<A::Output>
where
    E: Entity,
    A: IntoAggregates<E>,
    A::Output: Carried,
{
    use_answer(query, move |query: Query<E>| query.aggregate(aggregates))
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
