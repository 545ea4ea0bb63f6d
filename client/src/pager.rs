//! "Page 2 of 5".

use leptos::prelude::*;

use crate::list_controls::Counts;
use crate::list_view::{ListView, PAGE_SIZE};

/// Links to the page before and the page after; nothing where there is one page.
#[component]
pub fn Pager(
    /// What is shown.
    view: Memo<ListView>,
    /// How many tasks there are on all pages.
    counts: Counts,
    /// What to do when another page was asked for: the focus goes to the top of the list.
    #[prop(into)]
    on_turn: Callback<()>,
) -> impl IntoView {
    let total = move || counts.of(view.with(|view| view.show)).unwrap_or_default();
    let pages = Memo::new(move |_| total().div_ceil(PAGE_SIZE).max(1));
    let link = move |step: i64, test: &'static str, label: &'static str| {
        let to = move || view.with(|view| view.page.saturating_add_signed(step));
        let there = move || (1..=pages.get()).contains(&to());
        view! {
            <a
                class="button small"
                href=move || there().then(|| view.with(|view| view.at(to()).href()))
                aria-disabled=move || (!there()).then(|| "true".to_owned())
                data-test=test
                data-noscroll
                on:click=move |_| if there() { on_turn.run(()) }
            >
                {label}
            </a>
        }
    };
    let number = move || view.with(|view| view.page);
    let several = Memo::new(move |_| pages.get() > 1);
    let links = move || {
        view! {
            <nav class="pager" aria-label="Pages of the list">
                {link(-1, "prev-page", "Previous")}
                <span data-test="page">{move || format!("Page {} of {}", number(), pages.get())}</span>
                {link(1, "next-page", "Next")}
            </nav>
        }
    };
    view! {
        {move || several.get().then(|| links().into_any())}
    }
}
