//! Customers: to find, to add, and on to their orders.

use isoform_leptos::{RecordForm, RecordSignal, TextField, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use shared::prelude::*;

use crate::finder::{Ask, Finder, address};
use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::page_state::page_state;

/// How many customers come at once.
const PAGE_SIZE: u64 = 25;

/// The customers.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let params = use_query_map();
    let search = Memo::new(move |_| params.with(|params| params.get_str("q").unwrap_or_default().trim().to_owned()));
    let by_orders = Memo::new(move |_| params.with(|params| params.get_str("sort") == Some("orders")));
    let customers = use_pages(move || {
        let all = Customer::query().limit(PAGE_SIZE);
        let all = if by_orders.get() {
            // The count is a field like any other: the page behind a cursor is found by it.
            all.order_by(|c| (c.order_count.desc(), c.name.desc()))
        } else {
            all.order_by(|c| c.name.asc())
        };
        search.with(|search| {
            if search.is_empty() { all } else { all.filter(|c| c.name.contains(search) | c.city.contains(search)) }
        })
    });
    keep_fresh(move || customers.refetch());
    let sorts = [("", "Name A–Z"), ("orders", "Most orders")].map(|(value, label)| (value.into(), label.into()));
    let asks = vec![Ask::text("q", "Name or city"), Ask::choice("sort", "Order", Signal::stored(sorts.to_vec()))];
    view! {
        <Title text="Customers" />
        <AddCustomer />
        <div class="heading"><h1 id="heading" tabindex="-1">"Customers"</h1></div>
        <Finder path="/customers" asks />
        {listing(customers, "customers", nothing, row)}
    }
}

#[component]
fn AddCustomer() -> impl IntoView {
    let page = page_state();
    let draft = RecordSignal::new(Record::<Customer>::new());
    let saved = move |customer: Record<Customer>| {
        draft.set(Record::new());
        page.say(format!("Added {}.", customer.name));
        page.refresh();
    };
    view! {
        <section class="card add add-customer" aria-label="New customer">
            <RecordForm record=draft on_saved=saved>
                <TextField of=draft.field(|c| c.name) />
                <TextField of=draft.field(|c| c.city) />
                <TextField of=draft.field(|c| c.email) />
                <button type="submit" class="button primary" data-test="add" aria-busy=move || draft.pending().to_string()>
                    "Add customer"
                </button>
            </RecordForm>
        </section>
    }
}

fn nothing() -> AnyView {
    let all = view! { <a class="button" href="/customers">"Show all customers"</a> };
    word("Nobody found", "No customer fits this search.", Some(all.into_any()))
}

fn row(customer: RecordSignal<Customer>) -> AnyView {
    let shown = move || customer.with(|customer| customer_view(customer));
    view! { <li class="line" data-test="customer">{shown}</li> }.into_any()
}

fn customer_view(customer: &Customer) -> AnyView {
    let Customer { name, city, email, order_count, .. } = customer.clone();
    let count = match order_count {
        1 => "1 order".to_owned(),
        count => format!("{count} orders"),
    };
    let orders = address("/orders", [("customer", name.clone())]);
    let email = email.map(|email| view! { <a href=format!("mailto:{email}")>{email.clone()}</a> }.into_any());
    view! {
        <p class="line-main"><strong>{name.clone()}</strong></p>
        <p class="line-facts"><span>{city}</span> {email}</p>
        <a class="button small quiet" href=orders aria-label=format!("{count} of {name}")>{count.clone()}</a>
    }
    .into_any()
}
