//! Customers: to find, to add, and on to their orders.

use isoform_leptos::{RecordForm, RecordSignal, TextField, focus, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use shared::prelude::*;

use crate::confirm::ConfirmDelete;
use crate::finder::{Ask, Finder, address};
use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::page_state::{Doomed, page_state};

/// How many customers come at once.
const PAGE_SIZE: u64 = 25;

/// The customers.
#[component]
pub fn CustomersPage() -> impl IntoView {
    let params = use_query_map();
    let search = Memo::new(move |_| params.with(|params| params.get_str("q").unwrap_or_default().trim().to_owned()));
    let sort = Memo::new(move |_| params.with(|params| params.get_str("sort").unwrap_or_default().to_owned()));
    let customers = use_pages(move || {
        let all = Customer::query().limit(PAGE_SIZE);
        // What is counted and added up is a field like any other: the page behind a cursor is found by it.
        let all = sort.with(|sort| match sort.as_str() {
            "orders" => all.order_by(|c| (c.order_count.desc(), c.name.desc())),
            "turnover" => all.order_by(|c| (c.turnover.desc(), c.name.desc())),
            _ => all.order_by(|c| c.name.asc()),
        });
        search.with(|search| {
            if search.is_empty() { all } else { all.filter(|c| c.name.contains(search) | c.city.contains(search)) }
        })
    });
    keep_fresh(move || customers.refetch());
    let sorts = [("", "Name A–Z"), ("orders", "Most orders"), ("turnover", "Highest turnover")];
    let sorts = sorts.map(|(value, label)| (value.into(), label.into()));
    let asks = vec![Ask::text("q", "Name or city"), Ask::choice("sort", "Order", Signal::stored(sorts.to_vec()))];
    view! {
        <Title text="Customers" />
        <AddCustomer />
        <div class="heading"><h1 id="heading" tabindex="-1">"Customers"</h1></div>
        <Finder path="/customers" asks />
        {listing(customers, "customers", nothing, row)}
        <ConfirmDelete on_deleted=|()| focus("heading") />
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

/// A customer, what they come to, and what can be done.
fn row(customer: RecordSignal<Customer>) -> AnyView {
    let (page, navigate) = (page_state(), use_navigate());
    let (name, may_delete) = (customer.value(|c| c.name), Memo::new(move |_| customer.can_delete()));
    let begin = move |_| {
        let (navigate, day) = (navigate.clone(), page.today());
        let order = async move |c: &mut Record<Customer>| c.orders().insert(Order { day, ..Order::blank() }).await;
        customer.call_then(order, move |order| {
            page.begun.set(Some(order.id));
            navigate(&address("/orders", [("number", order.number.to_string())]), NavigateOptions::default());
        });
    };
    let delete = move || {
        let ask = move |_| {
            let also = "What they ordered stays, as a former customer's.";
            page.doomed.set(Some(Doomed::new(customer, "customer", name.get_untracked(), also)));
        };
        view! {
            <button
                type="button" class="button small quiet" data-test="delete" on:click=ask
                aria-label=move || format!("Delete {}", name.get()) aria-busy=move || customer.pending().to_string()
            >
                "Delete"
            </button>
        }
        .into_any()
    };
    // What is shown is drawn anew with each answer; the buttons stay, and the focus on them.
    view! {
        <li class="line" data-test="customer">
            {move || customer.with(|customer| customer_view(customer))}
            <div class="line-actions">
                {move || customer.with(|customer| orders_link(customer))}
                <button
                    type="button" class="button small quiet" data-test="new-order" on:click=begin
                    aria-label=move || format!("New order of {}", name.get())
                >
                    "New order"
                </button>
                {move || may_delete.get().then(delete)}
            </div>
            <div class="line-error" role="alert">
                {move || customer.form_error().map(|error| view! { <p class="form-error">{error}</p> }.into_any())}
            </div>
        </li>
    }
    .into_any()
}

fn customer_view(customer: &Customer) -> AnyView {
    let Customer { name, city, email, turnover, .. } = customer.clone();
    let email = email.map(|email| view! { <a href=format!("mailto:{email}")>{email.clone()}</a> }.into_any());
    let turnover =
        (!turnover.is_zero()).then(|| view! { <span data-test="turnover">{money(turnover)}</span> }.into_any());
    view! {
        <p class="line-main"><strong>{name}</strong></p>
        <p class="line-facts"><span>{city}</span> {email} {turnover}</p>
    }
    .into_any()
}

fn orders_link(customer: &Customer) -> AnyView {
    let Customer { name, order_count, .. } = customer;
    let count = if *order_count == 1 { "1 order".to_owned() } else { format!("{order_count} orders") };
    let (orders, label) = (address("/orders", [("customer", name.clone())]), format!("{count} of {name}"));
    view! { <a class="button small quiet" href=orders aria-label=label>{count}</a> }.into_any()
}
