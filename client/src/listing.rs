//! What the lists of all pages have in common: rows, or a word instead of them, and the way to more.

use isoform_leptos::{EntityList, LoadMore, PagesState, RecordSignal};
use leptos::prelude::*;
use shared::prelude::{Entity, Error};

use crate::members::notice_sign_out;

/// A word instead of rows, and what to do about it.
pub fn word(title: &'static str, text: impl Into<String>, next: Option<AnyView>) -> AnyView {
    said(view! { <h2>{title}</h2> }.into_any(), text.into(), next)
}

/// As [`word`], where there is nothing else on the page: its title is that of the page.
pub fn only_word(title: &'static str, text: impl Into<String>, next: Option<AnyView>) -> AnyView {
    said(view! { <h1>{title}</h1> }.into_any(), text.into(), next)
}

fn said(title: AnyView, text: String, next: Option<AnyView>) -> AnyView {
    view! {
        <section class="card empty" data-test="empty">
            {title}
            <p>{text}</p>
            {next}
        </section>
    }
    .into_any()
}

/// As [`word`], where the server did not answer with rows.
pub fn failed(title: &'static str, message: &str, again: impl Fn() + Send + 'static) -> AnyView {
    word(title, message, Some(try_again(again)))
}

/// A button that asks again.
pub fn try_again(again: impl Fn() + Send + 'static) -> AnyView {
    let again = move |_| again();
    view! { <button type="button" class="button" data-test="try-again" on:click=again>"Try again"</button> }.into_any()
}

/// As high as the list that comes.
pub fn skeleton(rows: u64) -> AnyView {
    let row = |_| view! { <li class="skeleton" /> }.into_any();
    view! {
        <div role="status">
            <span class="visually-hidden">"Loading…"</span>
            <ul class="card tasks" aria-hidden="true">{(0..rows).map(row).collect_view()}</ul>
        </div>
    }
    .into_any()
}

/// A message among rows; the banner says that the server is away.
pub fn error_row(error: &Error) -> AnyView {
    let worth_saying = !error.is_unavailable();
    worth_saying
        .then(|| view! { <li class="form-error" role="alert">{error.message().to_owned()}</li> }.into_any())
        .into_any()
}

/// What a list has to show.
#[derive(Clone, PartialEq)]
enum Content {
    Unknown,
    Rows,
    Nothing,
    Failed(String),
}

/// A list that grows: its rows, or a word instead of them, how many there are, and a button for more.
pub fn listing<E: Entity>(
    pages: PagesState<E>,
    name: &'static str,
    nothing: fn() -> AnyView,
    row: fn(RecordSignal<E>) -> AnyView,
) -> AnyView {
    let content = move |before: Option<&Content>| match pages.error() {
        // What was there before can still be read.
        Some(_) if before == Some(&Content::Rows) => Content::Rows,
        Some(error) => Content::Failed(error.message().to_owned()),
        None if pages.shown() > 0 => Content::Rows,
        None if pages.total().is_some() => Content::Nothing,
        None => Content::Unknown,
    };
    let rows = move || {
        view! { <EntityList query=pages error=|error: Error| error_row(&error) let:record>{row(record)}</EntityList> }
    };
    let frame = Frame {
        name,
        loading: Signal::derive(move || pages.loading()),
        again: Callback::new(move |()| pages.refetch()),
        nothing,
        rows: Callback::new(move |()| rows().into_any()),
        end: Callback::new(move |()| view! { <LoadMore pages rows=name /> }.into_any()),
    };
    view! {
        <Transition fallback=|| skeleton(8)>
            {
                // What reads rows is made in here, so that the server waits for them.
                notice_sign_out(move || pages.error());
                frame.around(Memo::new(content))
            }
        </Transition>
    }
    .into_any()
}

/// The part of [`listing`] that is the same for all entities.
#[derive(Clone, Copy)]
struct Frame {
    name: &'static str,
    loading: Signal<bool>,
    again: Callback<()>,
    nothing: fn() -> AnyView,
    rows: Callback<(), AnyView>,
    end: Callback<(), AnyView>,
}

impl Frame {
    fn around(self, content: Memo<Content>) -> AnyView {
        let Self { name, loading, again, nothing, rows, end } = self;
        // Once there, the rows stay, shown or not: what was unfolded or typed outlives a search that finds nothing.
        let begun = Memo::new(move |before: Option<&bool>| before == Some(&true) || content.get() == Content::Rows);
        let hidden = move || content.with(|content| *content != Content::Rows);
        let list = move || {
            view! {
                <ul class="card tasks" aria-label=name hidden=hidden aria-busy=move || loading.get().to_string()>
                    {rows.run(())}
                </ul>
                <div hidden=hidden>{end.run(())}</div>
            }
            .into_any()
        };
        let instead = move || match content.get() {
            Content::Failed(message) => Some(failed("This cannot be shown", &message, move || again.run(()))),
            Content::Nothing => Some(nothing()),
            Content::Rows | Content::Unknown => None,
        };
        view! {
            {move || begun.get().then(list)}
            {instead}
        }
        .into_any()
    }
}
