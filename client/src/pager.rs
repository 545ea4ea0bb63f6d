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
    let link = move |to: Signal<u64>, test: &'static str, label: &'static str| {
        let there = move || (1..=pages.get()).contains(&to.get());
        view! {
            <a
                class="button small"
                href=move || there().then(|| view.with(|view| view.at(to.get()).href()))
                aria-disabled=move || (!there()).then_some("true")
                data-test=test
                data-noscroll
                on:click=move |_| if there() { on_turn.run(()) }
            >
                {label}
            </a>
        }
    };
    let number = move || view.with(|view| view.page);
    let (before, after) = (Signal::derive(move || number() - 1), Signal::derive(move || number().saturating_add(1)));
    view! {
        <Show when=move || { pages.get() > 1 }>
            <nav class="pager" aria-label="Pages">
                {link(before, "prev-page", "Previous")}
                <span data-test="page">{move || format!("Page {} of {}", number(), pages.get())}</span>
                {link(after, "next-page", "Next")}
            </nav>
        </Show>
    }
}
