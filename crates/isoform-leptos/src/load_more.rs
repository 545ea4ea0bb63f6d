//! The end of a list that grows.

use isoform::Entity;
use leptos::prelude::*;

use crate::pages::PagesState;

/// How far above the button loading begins by itself, in pixels.
const AHEAD: i32 = 400;

/// The end of a list that grows: how many rows of how many are there, and a button for more, which is pressed by itself when
/// the page is scrolled near it.
///
/// ```html
/// <div class="load-more">
///   <p class="load-more-count" role="status">50 of 3,000 orders</p>
///   <p class="form-error" role="alert">…</p>
///   <button type="button" class="button" data-test="load-more">Load more</button>
/// </div>
/// ```
///
/// See [`use_pages`](crate::use_pages).
#[component]
pub fn LoadMore<E: Entity>(
    /// The list.
    pages: PagesState<E>,
    /// What the rows are called, in the plural.
    #[prop(default = "rows")]
    rows: &'static str,
) -> impl IntoView {
    // What reads the first page is made inside, so that the server waits for it.
    view! {
        <Transition>
            {end(End {
                shown: Memo::new(move |_| pages.shown()),
                total: Memo::new(move |_| pages.total()),
                more: Memo::new(move |_| pages.has_more()),
                begun: Memo::new(move |_| pages.has_begun()),
                pending: Memo::new(move |_| pages.loading_more()),
                error: Memo::new(move |_| pages.more_error().map(|error| error.message().to_owned())),
                load: Callback::new(move |()| pages.load_more()),
                rows,
            })}
        </Transition>
    }
}

/// What the end of a list knows, whatever its rows are.
struct End {
    shown: Memo<usize>,
    total: Memo<Option<u64>>,
    more: Memo<bool>,
    begun: Memo<bool>,
    pending: Memo<bool>,
    error: Memo<Option<String>>,
    load: Callback<()>,
    rows: &'static str,
}

fn end(End { shown, total, more, begun, pending, error, load, rows }: End) -> AnyView {
    let button = NodeRef::<leptos::html::Button>::new();
    let near = move || {
        // What went wrong once is tried again by hand.
        let ready = more.get_untracked() && !pending.get_untracked() && error.with_untracked(Option::is_none);
        if let (true, Some(button), Some(root)) = (ready, button.get_untracked(), document().document_element())
            && button.offset_top() - AHEAD < root.scroll_top() + root.client_height()
        {
            load.run(());
        }
    };
    Effect::new(move || {
        let scrolled = window_event_listener(leptos::ev::scroll, move |_| near());
        on_cleanup(move || scrolled.remove());
    });
    let count = move || {
        let (shown, total) = (u64::try_from(shown.get()).unwrap_or(u64::MAX), total.get());
        (shown > 0).then(|| match total {
            // It is one of what its list is called.
            Some(1) if shown == 1 => "1 of 1".to_owned(),
            Some(total) => format!("{} of {} {rows}", grouped(shown), grouped(total.max(shown))),
            None => format!("{} {rows}", grouped(shown)),
        })
    };
    let label = move || match (pending.get(), more.get(), error.with(Option::is_some)) {
        (true, ..) => "Loading…",
        (_, false, _) => "That is all",
        (.., true) => "Try again",
        _ => "Load more",
    };
    // Once pressed it stays where it is, at the end too: whoever has the focus on it keeps it.
    let needed = Memo::new(move |_| more.get() || begun.get());
    view! {
        <div class="load-more">
            <p class="load-more-count" role="status">{count}</p>
            <div role="alert">
                {move || error.get().map(|error| view! { <p class="form-error">{error}</p> }.into_any())}
            </div>
            <button
                type="button" class="button" data-test="load-more" hidden=move || !needed.get()
                aria-busy=move || pending.get().to_string() aria-disabled=move || (!more.get()).to_string()
                node_ref=button on:click=move |_| load.run(())
            >
                {label}
            </button>
        </div>
    }
    .into_any()
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn numbers_are_written_in_groups_of_three() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
