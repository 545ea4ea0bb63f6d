//! Orders: found across their relations, as a list that grows, and added up in charts.

use isoform_leptos::{use_aggregate, use_groups, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;
use shared::prelude::*;

use crate::chart::{Bar, chart};
use crate::dates;
use crate::finder::{Ask, Finder};
use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::order_row::{Orders, row, with_items};

/// How many orders come at once.
const PAGE_SIZE: u64 = 20;

/// How many months the chart shows.
const MONTHS: u64 = 12;

/// What the address says: `?customer=ann&product=desk&status=open`, or `?number=17`.
#[derive(Clone, Debug, PartialEq)]
struct OrderView {
    customer: String,
    product: String,
    status: Option<OrderStatus>,
    number: Option<i64>,
}

impl OrderView {
    fn of(params: &ParamsMap) -> Self {
        let text = |name| params.get_str(name).unwrap_or_default().trim().to_owned();
        Self {
            customer: text("customer"),
            product: text("product"),
            status: params.get_str("status").and_then(OrderStatus::parse),
            number: params.get_str("number").and_then(|number| number.parse().ok()),
        }
    }

    /// The orders of it, asked for across their relations.
    fn query(&self) -> Query<Order> {
        let mut query = Order::query();
        if !self.customer.is_empty() {
            query = query.filter(|o| o.customer.name.contains(self.customer.as_str()));
        }
        if !self.product.is_empty() {
            query = query.filter(|o| o.items.any(|i| i.product.name.contains(self.product.as_str())));
        }
        if let Some(number) = self.number {
            query = query.filter(|o| o.number.eq(number));
        }
        match self.status {
            Some(status) => query.filter(|o| o.status.eq(status)),
            None => query,
        }
    }

    /// The list, with what is to be shown of each order.
    fn list(&self) -> Query<Order> {
        with_items(self.query()).order_by(|o| (o.day.desc(), o.number.desc())).limit(PAGE_SIZE)
    }
}

/// The orders.
#[component]
pub fn OrdersPage() -> impl IntoView {
    let params = use_query_map();
    let view = Memo::new(move |_| params.with(OrderView::of));
    let is_one = Memo::new(move |_| view.with(|view| view.number.is_some()));
    let orders = use_pages(move || view.with(OrderView::list));
    let by_status =
        use_groups(move || view.with(OrderView::query).group_by(|o| o.status, |o| (count(), o.total.sum())));
    let by_month = use_groups(move || {
        let months = view.with(OrderView::query).group_by(|o| o.month, |o| (count(), o.total.sum()));
        months.order_by(|o| o.month.desc()).limit(MONTHS)
    });
    let all = use_aggregate(move || view.with(OrderView::query), |o| (count(), o.total.sum()));
    let sums = move || {
        all.refetch();
        by_status.refetch();
        by_month.refetch();
    };
    keep_fresh(move || {
        orders.refetch();
        sums();
    });
    provide_context(Orders { is_one, changed: Callback::new(move |()| sums()) });
    let status_bars = move || {
        by_status.get().map(|groups| {
            groups.map(|groups| groups.into_iter().map(|(status, sums)| bar(status.label().into(), sums)).collect())
        })
    };
    let month_bars = move || {
        // The latest months are asked for; they are shown as time goes.
        by_month.get().map(|groups| {
            groups
                .map(|groups| groups.into_iter().rev().map(|(month, sums)| bar(month_in_words(&month), sums)).collect())
        })
    };
    let sum = move || {
        // One order alone is not added up.
        let (orders, total) = all.get().filter(|_| !is_one.get())?.ok()?;
        let total = money(total.unwrap_or_default());
        Some(match orders {
            1 => format!("1 order comes to {total}"),
            _ => format!("{} orders come to {total}", grouped(&orders.to_string())),
        })
    };
    let statuses = std::iter::once((String::new(), "Any status".to_owned()))
        .chain(OrderStatus::VARIANTS.iter().map(|status| (status.value.to_owned(), status.label.to_owned())));
    let asks = vec![
        Ask::text("customer", "Customer"),
        Ask::text("product", "Product"),
        Ask::choice("status", "Status", Signal::stored(statuses.collect())),
    ];
    let figures = move || {
        (!is_one.get()).then(|| {
            let by_status = chart("Totals by status", "Status", "by-status", status_bars);
            let by_month = chart("Totals by month", "Month", "by-month", month_bars);
            view! { <div class="figures">{by_status} {by_month}</div> }.into_any()
        })
    };
    let to_all = move || {
        let all =
            || view! { <a class="button small" href="/orders" data-test="all-orders">"All orders"</a> }.into_any();
        is_one.get().then(all)
    };
    view! {
        <Title text="Orders" />
        <div class="heading">
            <h1 id="heading" tabindex="-1">"Orders"</h1>
            <p class="sum" data-test="sum"><Transition>{sum}</Transition></p>
            {to_all}
        </div>
        <Finder path="/orders" asks />
        {figures}
        {listing(orders, "orders", nothing, row)}
    }
}

fn bar(label: String, (count, total): (u64, Option<Decimal>)) -> Bar {
    Bar { label, count, total: total.unwrap_or_default() }
}

/// `2026-11` as `Nov 2026`.
fn month_in_words(month: &str) -> String {
    let parts = month.split_once('-').and_then(|(year, month)| Some((year, month.parse().ok()?)));
    parts.map_or_else(|| month.to_owned(), |(year, month)| format!("{} {year}", dates::name_of_month(month)))
}

fn nothing() -> AnyView {
    let all = view! { <a class="button" href="/orders">"Show all orders"</a> };
    word("Nothing found", "No order fits this search.", Some(all.into_any()))
}

#[cfg(test)]
mod tests {
    use super::{OrderView, month_in_words};
    use leptos_router::params::ParamsMap;
    use shared::prelude::OrderStatus;

    #[test]
    fn nonsense_in_an_address_asks_for_everything() {
        let of = |status: &str| OrderView::of(&ParamsMap::from_iter([("status", status.to_owned())]));
        assert_eq!(of("paid").status, Some(OrderStatus::Paid));
        assert_eq!(of("; drop").query(), of("").query());
        let number = |number: &str| OrderView::of(&ParamsMap::from_iter([("number", number.to_owned())])).number;
        assert_eq!([number("17"), number("-"), number("1e9")], [Some(17), None, None]);
    }

    #[test]
    fn months_in_words() {
        assert_eq!(month_in_words("2026-11"), "Nov 2026");
        assert_eq!(month_in_words("never"), "never");
    }
}
