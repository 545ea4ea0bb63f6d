//! Filter, search and order: links and a GET form, so that they work before the wasm has loaded.

use std::time::Duration;

use isoform_leptos::Answered;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::list_view::{ListView, Show, Sort, value_of};

/// How long after the last key the search starts.
const TYPING_PAUSE: Duration = Duration::from_millis(250);

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

/// Search and order.
#[component]
pub fn Find(view: Memo<ListView>) -> impl IntoView {
    let navigate = use_navigate();
    let (search, sort) = (NodeRef::<html::Input>::new(), NodeRef::<html::Select>::new());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let stop = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    on_cleanup(stop);

    let go = StoredValue::new(move |replace: bool| {
        let (Some(search), Some(sort)) = (search.get_untracked(), sort.get_untracked()) else { return };
        let to = view.with_untracked(|view| view.finding(&search.value(), &sort.value()));
        if view.with_untracked(|view| *view != to) {
            navigate(&to.href(), NavigateOptions { replace, scroll: false, ..NavigateOptions::default() });
        }
    });
    let now = move || {
        stop();
        go.with_value(|go| go(false));
    };
    let soon = move |_| {
        stop();
        let start = move || {
            let _ = go.try_with_value(|go| go(true));
        };
        timer.set_value(set_timeout_with_handle(start, TYPING_PAUSE).ok());
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        now();
    };
    let shown = move || view.with(|view| value_of(&Show::EACH, &view.show).to_owned());
    let text = move || view.with(|view| view.search.clone());
    let sorted = move || view.with(|view| value_of(&Sort::EACH, &view.sort).to_owned());
    let option = move |(_, value, label): (Sort, &'static str, &'static str)| {
        view! { <option value=value selected=move || sorted() == value>{label}</option> }.into_any()
    };

    view! {
        <form class="find" method="get" action="/" role="search" on:submit=submit>
            <input type="hidden" name="show" value=shown />
            <input
                class="input search" type="search" name="q" aria-label="Search the titles" placeholder="Search"
                data-test="search" value=text prop:value=text node_ref=search on:input=soon
            />
            <select class="input" name="sort" aria-label="Order" data-test="sort" prop:value=sorted node_ref=sort on:change=move |_| now()>
                {Sort::EACH.map(option).into_iter().collect_view()}
            </select>
            <button type="submit" class="button submit">"Search"</button>
        </form>
    }
}
