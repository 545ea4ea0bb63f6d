//! Filter, search and order: links and a GET form, so that they work before the wasm has loaded.

use isoform_leptos::{Answered, use_query};
use leptos::prelude::*;
use shared::prelude::{Entity as _, Project};

use crate::finder::{Ask, Finder};
use crate::list_view::{ListView, Show, Sort};

/// How many tasks the search finds.
#[derive(Clone, Copy)]
pub struct Counts {
    /// Still to be done.
    pub open: Answered<u64>,
    /// Done.
    pub done: Answered<u64>,
}

impl Counts {
    /// How many of those that are shown, as far as that is known. Read it inside `<Transition>`.
    pub fn of(self, show: Show) -> Option<u64> {
        let (open, done) = (self.open.get()?, self.done.get()?);
        match show {
            Show::Open => open.ok(),
            Show::Done => done.ok(),
            Show::All => Some(open.ok()? + done.ok()?),
        }
    }

    /// Asks again.
    pub fn refetch(self) {
        self.open.refetch();
        self.done.refetch();
    }
}

/// The tabs all, open and done; with counts, once they are known.
#[component]
pub fn Tabs(view: Memo<ListView>, #[prop(optional)] counts: Option<Counts>) -> impl IntoView {
    let tab = |(show, value, label): (Show, &'static str, &'static str)| {
        view! {
            <a
                href=move || view.with(|view| view.showing(show).href())
                aria-current=move || view.with(|view| (view.show == show).then(|| "page".to_owned()))
                data-test=if value.is_empty() { "show-all" } else if show == Show::Open { "show-open" } else { "show-done" }
                data-noscroll
            >
                {label}
                <span class="count">
                    {move || counts.and_then(|counts| counts.of(show)).map(|count| count.to_string())}
                </span>
            </a>
        }
        .into_any()
    };
    view! { <nav class="tabs" aria-label="Which tasks">{Show::EACH.map(tab).into_iter().collect_view()}</nav> }
}

/// Search, project and order.
#[component]
pub fn Find() -> impl IntoView {
    let projects = use_query(|| Project::query().order_by(|p| p.name.asc()).limit(1_000)).choices(|p| p.name.clone());
    let any = Signal::derive(move || {
        std::iter::once((String::new(), "Any project".to_owned())).chain(projects.get()).collect::<Vec<_>>()
    });
    let sorts = Sort::EACH.map(|(_, value, label)| (value.to_owned(), label.to_owned())).to_vec();
    let asks = vec![
        Ask::text("q", "Search"),
        Ask::choice("project", "Project", any),
        Ask::choice("sort", "Order", Signal::stored(sorts)),
    ];
    view! { <Finder path="/" asks keep=&["show"] /> }
}
