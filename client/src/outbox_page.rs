//! The outbox: mails that are to be sent, the latest first.

use isoform_leptos::{RecordSignal, use_pages};
use leptos::prelude::*;
use leptos_meta::Title;
use shared::prelude::*;

use crate::dates;
use crate::listing::{listing, word};
use crate::members::keep_fresh;
use crate::page_state::page_state;

/// How many mails come at once.
const PAGE_SIZE: u64 = 25;

/// The outbox.
#[component]
pub fn OutboxPage() -> impl IntoView {
    let mails = use_pages(|| Mail::query().limit(PAGE_SIZE));
    keep_fresh(move || mails.refetch());
    view! {
        <Title text="Outbox" />
        <div class="heading"><h1 id="heading" tabindex="-1">"Outbox"</h1></div>
        {listing(mails, "mails", nothing, row)}
    }
}

fn nothing() -> AnyView {
    word("No mail yet", "Where an order becomes a large one, a mail about it is put here.", None)
}

fn row(mail: RecordSignal<Mail>) -> AnyView {
    let page = page_state();
    view! { <li class="line" data-test="mail">{move || mail.with(|mail| mail_view(mail, page.today()))}</li> }
        .into_any()
}

fn mail_view(mail: &Mail, today: NaiveDate) -> AnyView {
    let Mail { to, subject, text, created, sent, .. } = mail.clone();
    let state = sent.map_or_else(|| "To be sent".to_owned(), |sent| format!("Sent {}", dates::moment(sent, today)));
    view! {
        <p class="line-main"><strong>{subject}</strong></p>
        <p class="line-facts">
            <span>{dates::moment(created, today)}</span>
            <span>{format!("To {to}")}</span>
            <span class="chip">{state}</span>
        </p>
        <p class="line-text">{text}</p>
    }
    .into_any()
}
