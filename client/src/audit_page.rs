//! The audit: who did what, the latest first.

use isoform_leptos::{RecordSignal, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;
use shared::audit::audited;
use shared::prelude::*;

use crate::dates;
use crate::finder::{Ask, Finder};
use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::page_state::page_state;

/// How many entries come at once.
const PAGE_SIZE: u64 = 25;

/// The audit.
#[component]
pub fn AuditPage() -> impl IntoView {
    let params = use_query_map();
    let entity = Memo::new(move |_| params.with(|params| params.get_str("entity").unwrap_or_default().to_owned()));
    let entries = use_pages(move || {
        let all = Audit::query().limit(PAGE_SIZE);
        entity.with(|entity| if entity.is_empty() { all } else { all.filter(|a| a.entity.eq(entity)) })
    });
    keep_fresh(move || entries.refetch());
    let all = std::iter::once(("", "Everything")).chain(audited());
    let choices = all.map(|(key, label)| (key.to_owned(), label.to_owned())).collect();
    let asks = vec![Ask::choice("entity", "Of what", Signal::stored(choices))];
    view! {
        <Title text="Audit" />
        <div class="heading"><h1 id="heading" tabindex="-1">"Audit"</h1></div>
        <Finder path="/audit" asks />
        {listing(entries, "entries", nothing, row)}
    }
}

fn nothing() -> AnyView {
    word("Nothing happened yet", "What somebody adds, changes or deletes is listed here.", None)
}

fn row(entry: RecordSignal<Audit>) -> AnyView {
    let page = page_state();
    view! { <li class="line" data-test="entry">{move || entry.with(|entry| entry_view(entry, page.today()))}</li> }
        .into_any()
}

fn entry_view(entry: &Audit, today: NaiveDate) -> AnyView {
    let Audit { who, what, entity, row, failure, at, .. } = entry.clone();
    let label = audited().find(|(key, _)| *key == entity).map_or(entity, |(_, label)| label.to_owned());
    let failure = failure.map(|why| {
        view! { <p class="line-facts"><span class="chip overdue">"⚠ Failed"</span> <span>{why}</span></p> }.into_any()
    });
    view! {
        <p class="line-main"><strong>{who}</strong> " " {what.label().to_lowercase()} " · " {label}</p>
        <p class="line-facts"><span>{dates::moment(at, today)}</span> <span>{row}</span></p>
        {failure}
    }
    .into_any()
}
