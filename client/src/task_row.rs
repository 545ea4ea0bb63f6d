//! One task of the list.

use isoform_leptos::{DateField, RecordForm, RecordSignal, SelectField, TextField};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use shared::prelude::*;

use crate::add_task::focus_title;
use crate::dates;
use crate::page_state::{PageState, page_state};

/// A task: done or not, its title to edit where it stands, and what else there is to know.
#[component]
pub fn TaskRow(
    /// The task.
    task: RecordSignal<Task>,
    /// Does it say whose task it is?
    #[prop(into)]
    with_owner: Signal<bool>,
    /// What to do when the focus was in this row and the row has gone: out of the filter, or deleted.
    on_gone: Callback<()>,
) -> impl IntoView {
    #[cfg(target_arch = "wasm32")]
    on_cleanup(move || {
        request_animation_frame(move || {
            let nowhere = document().active_element().is_none_or(|active| active.tag_name() == "BODY");
            if nowhere {
                on_gone.try_run(());
            }
        });
    });
    #[cfg(not(target_arch = "wasm32"))]
    let _ = on_gone;
    let page = page_state();
    let editing = RwSignal::new(false);
    let (title, completed) = (task.value(|t| t.title), task.value(|t| t.completed));
    let changed = Memo::new(move |_| task.is_changed());
    let (may_change, may_delete) = (Memo::new(move |_| task.can_update()), Memo::new(move |_| task.can_delete()));
    let stale = Memo::new(move |_| task.error().is_some_and(|error| error.is_conflict()));

    // Where a button goes away, the focus must not be lost.
    let back_to_title = move || focus_title(task);
    let saved = move |_: Record<Task>| {
        editing.set(false);
        back_to_title();
        page.say("Saved.");
        page.refresh();
    };
    let undo = move || {
        task.undo();
        back_to_title();
    };
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && changed.get_untracked() {
            event.prevent_default();
            undo();
        }
    };
    // The backend method takes an unsaved title along.
    let toggle = move |_| task.call_then(async |t| t.toggle_completed().await, move |()| page.refresh());

    let buttons = move || {
        if stale.get() {
            let reload = move |_| {
                task.reload();
                back_to_title();
            };
            view! {
                <button type="button" class="button small primary" data-test="reload" on:click=reload>
                    "Reload"
                </button>
            }
            .into_any()
        } else if changed.get() {
            view! {
                <button type="submit" class="button small primary" data-test="save" aria-busy=move || task.pending().to_string()>
                    "Save"
                </button>
                <button type="button" class="button small quiet" data-test="undo" on:click=move |_| undo()>
                    "Undo"
                </button>
            }
            .into_any()
        } else {
            let edit = move || {
                view! {
                    <button
                        type="button" class="button small quiet" data-test="edit"
                        aria-expanded=move || editing.get().to_string()
                        aria-label=move || format!("Edit priority and date: {}", title.get())
                        on:click=move |_| editing.update(|editing| *editing = !*editing)
                    >
                        {move || if editing.get() { "Close" } else { "Edit" }.to_owned()}
                    </button>
                }
                .into_any()
            };
            let delete = move || {
                view! {
                    <button
                        type="button" class="button small quiet" data-test="delete"
                        aria-label=move || format!("Delete: {}", title.get())
                        on:click=move |_| page.doomed.set(Some((task, title.get_untracked())))
                    >
                        "Delete"
                    </button>
                }
                .into_any()
            };
            view! {
                {move || may_change.get().then(edit)}
                {move || may_delete.get().then(delete)}
            }
            .into_any()
        }
    };

    view! {
        <li
            class="task" class:is-done=move || completed.get() class:is-changed=move || changed.get() data-test="task"
            on:keydown=escape
        >
            <RecordForm record=task on_saved=saved>
                <button
                    type="button" class="done" data-test="done" title="Done"
                    aria-pressed=move || completed.get().to_string()
                    aria-label=move || format!("Done: {}", title.get())
                    aria-busy=move || task.pending().to_string()
                    disabled=move || !may_change.get()
                    on:click=toggle
                />
                <TextField of=task.field(|t| t.title) hide_label=true attr:data-test="title" />
                <div class="more">
                    <div class="facts">{facts(task, page, with_owner)}</div>
                    <div class="actions">{move || buttons()}</div>
                </div>
                {move || editing.get().then(|| details(task).into_any())}
            </RecordForm>
        </li>
    }
}

/// What else can be changed.
fn details(task: RecordSignal<Task>) -> impl IntoView {
    view! {
        <div class="details">
            <SelectField of=task.field(|t| t.priority) />
            <DateField of=task.field(|t| t.due_date) />
        </div>
    }
}

/// Priority, due date and owner, where there is something to say.
fn facts(task: RecordSignal<Task>, page: PageState, with_owner: Signal<bool>) -> impl IntoView {
    let priority = task.value(|t| t.priority);
    let due = task.value(|t| t.due_date);
    let completed = task.value(|t| t.completed);
    let owner = task.value(|t| t.owner);
    let urgency = move || match priority.get() {
        Priority::High => Some(view! { <span class="chip high">"High priority"</span> }.into_any()),
        Priority::Low => Some(view! { <span class="chip low">"Low priority"</span> }.into_any()),
        Priority::Normal => None,
    };
    let day = move || {
        due.get().map(|due| {
            let today = page.today();
            let words = dates::in_words(due, today);
            let (class, text) = match (completed.get(), (due - today).num_days()) {
                (false, ..0) => ("chip overdue", format!("⚠ Overdue: {words}")),
                (false, 0..2) => ("chip soon", format!("Due {words}")),
                _ => ("chip", format!("Due {words}")),
            };
            view! { <span class=class data-test="due">{text}</span> }.into_any()
        })
    };
    let whose = move || {
        let owner = || view! { <span class="owner"><span class="word">"Owner: "</span>{move || owner.get()}</span> };
        with_owner.get().then(|| owner().into_any())
    };
    view! {
        {move || urgency()}
        {move || day()}
        {move || whose()}
    }
}
