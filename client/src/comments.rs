//! What is said about a task, and saying something.

use isoform_leptos::{RecordForm, RecordSignal, TextField, focus};
use leptos::prelude::*;
use shared::prelude::*;

use crate::dates;
use crate::page_state::page_state;

/// The comments that were loaded with a task, and a form for another one.
#[component]
pub fn Comments(
    /// The task.
    task: RecordSignal<Task>,
) -> impl IntoView {
    let (page, open) = (page_state(), RwSignal::new(false));
    let said =
        Memo::new(move |_| task.with(|task| task.comments.iter().map(|one| (**one).clone()).collect::<Vec<_>>()));
    let list = move || {
        said.with(|said| {
            (!said.is_empty()).then(|| {
                let one = |comment: &Comment| comment_view(comment, page.today());
                view! { <ul class="comments">{said.iter().map(one).collect_view()}</ul> }.into_any()
            })
        })
    };
    let title = task.value(|t| t.title);
    view! {
        <div class="said">
            {list}
            {move || open.get().then(|| form(task, open))}
            <button
                type="button" class="button small quiet" data-test="comment" hidden=move || open.get()
                aria-label=move || format!("Comment on: {}", title.get()) on:click=move |_| open.set(true)
            >
                "Comment"
            </button>
        </div>
    }
    .into_any()
}

fn comment_view(comment: &Comment, today: NaiveDate) -> AnyView {
    view! {
        <li>
            <p class="comment-by"><strong>{comment.author.clone()}</strong> " " {dates::in_words(comment.at.date_naive(), today)}</p>
            <p class="comment-text">{comment.text.clone()}</p>
        </li>
    }
    .into_any()
}

fn form(task: RecordSignal<Task>, open: RwSignal<bool>) -> AnyView {
    let page = page_state();
    let id = task.with(|task| task.id);
    let draft = RecordSignal::new(Record::from(Comment { task_id: id, ..Comment::blank() }));
    let close = move || {
        open.set(false);
        focus(&task.field(|t| t.title).any().input_id());
    };
    let saved = move |_: Record<Comment>| {
        page.say("Said.");
        page.refresh();
        close();
    };
    view! {
        <RecordForm record=draft on_saved=saved>
            <TextField of=draft.field(|c| c.text) id=format!("comment-{id}") multiline=true autofocus=true />
            <div class="choices">
                <button type="button" class="button small quiet" on:click=move |_| close()>"Cancel"</button>
                <button type="submit" class="button small primary" data-test="say" aria-busy=move || draft.pending().to_string()>"Say it"</button>
            </div>
        </RecordForm>
    }
    .into_any()
}
