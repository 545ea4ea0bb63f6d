//! Writing a task down.

use isoform_leptos::{DateField, RecordForm, RecordSignal, SelectField, TextField};
use leptos::html;
use leptos::prelude::*;
use shared::prelude::*;

use crate::page_state::page_state;

/// The form for a new task. Once saved it is empty again, and the cursor is back in the title.
#[component]
pub fn AddTask() -> impl IntoView {
    let page = page_state();
    let draft = RecordSignal::new(Record::<Task>::new());
    let card = NodeRef::<html::Section>::new();
    // Not at once: `on_saved` runs while the record is still being looked at.
    let saved = move |task: Record<Task>| {
        queue_microtask(move || {
            draft.set(Record::new());
            page.say(format!("Added “{}”.", task.title));
            page.refresh();
            if let Some(card) = card.try_get_untracked().flatten() {
                focus_title(&card);
            }
        });
    };
    view! {
        <section class="card add" aria-label="New task" node_ref=card>
            <RecordForm record=draft on_saved=saved>
                <TextField of=draft.field(|t| t.title) attr:data-test="title" />
                <SelectField of=draft.field(|t| t.priority) />
                <DateField of=draft.field(|t| t.due_date) />
                <button
                    type="submit" class="button primary" data-test="add"
                    aria-busy=move || draft.pending().to_string()
                >
                    {move || if draft.pending() { "Adding…" } else { "Add task" }}
                </button>
            </RecordForm>
        </section>
    }
}

/// Puts the cursor into the title field inside an element.
pub fn focus_title(inside: &leptos::web_sys::Element) {
    use leptos::wasm_bindgen::JsCast;
    let input = inside.query_selector("[data-field=title] input").ok().flatten();
    if let Some(input) = input.and_then(|input| input.dyn_into::<leptos::web_sys::HtmlElement>().ok()) {
        let _ = input.focus();
    }
}
