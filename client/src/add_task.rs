//! Writing a task down.

use isoform_leptos::{DateField, RecordForm, RecordSignal, SelectField, TextField, focus};
use leptos::prelude::*;
use shared::prelude::*;

use crate::page_state::page_state;

/// The form for a new task. Once saved it is empty again, and the cursor is back in the title.
#[component]
pub fn AddTask(
    /// The project that it is for.
    #[prop(into)]
    project: Signal<Option<Uuid>>,
) -> impl IntoView {
    let page = page_state();
    let blank = move || Record::from(Task { project_id: project.get_untracked(), ..Task::blank() });
    let draft = RecordSignal::new(blank());
    Effect::new(move || {
        let project = project.get();
        if draft.get_untracked().project_id != project {
            draft.update(|task| task.project_id = project);
        }
    });
    let saved = move |task: Record<Task>| {
        draft.set(blank());
        page.say(format!("Added “{}”.", task.title));
        page.refresh();
        focus_title(draft);
    };
    view! {
        <section class="card add" aria-label="New task">
            <RecordForm record=draft on_saved=saved>
                <TextField of=draft.field(|t| t.title) attr:data-test="title" />
                <SelectField of=draft.field(|t| t.priority) />
                <DateField of=draft.field(|t| t.due_date) />
                <button
                    type="submit" class="button primary" data-test="add"
                    aria-busy=move || draft.pending().to_string()
                >
                    {move || if draft.pending() { "Adding…" } else { "Add task" }.to_owned()}
                </button>
            </RecordForm>
        </section>
    }
}

/// Puts the cursor into a task's title, if the page shows it.
pub fn focus_title(task: RecordSignal<Task>) {
    focus(&task.field(|t| t.title).any().input_id());
}
