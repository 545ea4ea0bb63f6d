//! One task of the list.

use isoform_leptos::{DateField, RecordForm, RecordSignal, ReferenceField, SelectField, TextField, use_query};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::prelude::*;

use crate::add_task::focus_title;
use crate::dates;
use crate::page_state::{Doomed, PageState, page_state};

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
    /// What else belongs to it.
    #[prop(optional)]
    children: Option<Children>,
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
                        aria-label=move || format!("Edit what else there is: {}", title.get())
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
                        on:click=move |_| page.doomed.set(Some(Doomed::new(task, "task", title.get_untracked(), "")))
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
            {children.map(|children| children())}
        </li>
    }
}

/// What else can be changed.
fn details(task: RecordSignal<Task>) -> impl IntoView {
    let open = use_query(|| Project::query().filter(|p| p.archived.eq(false)).order_by(|p| p.name.asc()).limit(1_000));
    view! {
        <div class="details">
            <SelectField of=task.field(|t| t.priority) />
            <DateField of=task.field(|t| t.due_date) />
            <ReferenceField
                of=task.field(|t| t.project_id) choices=open.choices(|p| p.name.clone()) none="No project" unlisted=ARCHIVED
            />
            {tag_boxes(task)}
        </div>
    }
}

/// The tags to choose from. A tick is saved at once: it is a row between the task and the tag.
fn tag_boxes(task: RecordSignal<Task>) -> AnyView {
    let (page, all) = (page_state(), use_query(|| Tag::query().limit(1_000)));
    let chosen = Memo::new(move |_| task.with(|task| task.tags.iter().map(|tag| tag.id).collect::<Vec<_>>()));
    let set = move |tag: Record<Tag>, on: bool| {
        let task = task.get_untracked();
        spawn_local(async move {
            let answer = if on { task.tags().add(&tag).await } else { task.tags().remove(&tag).await };
            if let Err(error) = answer {
                page.say(error.message());
            }
            page.refresh();
        });
    };
    let tick = move |tag: &Record<Tag>| {
        let (id, name, tag) = (tag.id, tag.name.clone(), tag.clone());
        let ticked = move || chosen.with(|chosen| chosen.contains(&id));
        view! {
            <label>
                <input
                    type="checkbox" checked=ticked() prop:checked=ticked
                    on:change=move |event| set(tag.clone(), event_target_checked(&event))
                />
                {name}
            </label>
        }
        .into_any()
    };
    let boxes = move || Some(all.rows()?.ok()?.iter().map(tick).collect_view());
    view! { <fieldset class="tag-boxes"><legend>"Tags"</legend><Transition>{boxes}</Transition></fieldset> }.into_any()
}

/// What stands for a project that is archived.
const ARCHIVED: &str = "Archived project";

/// The project and the tags that were loaded with a task.
fn belongings(task: RecordSignal<Task>) -> AnyView {
    let project = Memo::new(move |_| {
        task.with(|task| {
            let id = task.project_id.filter(|_| task.project.is_loaded())?;
            // One that is archived stands back wherever it is not asked for.
            Some((id, task.project.get().map_or(ARCHIVED.to_owned(), |project| project.name.clone())))
        })
    });
    let tags = Memo::new(move |_| {
        task.with(|task| task.tags.iter().map(|tag| (tag.name.clone(), tag.color.value())).collect::<Vec<_>>())
    });
    let tag = |(name, color): (String, &'static str)| {
        view! { <span class="chip tag" data-color=color data-test="tag">{name}</span> }.into_any()
    };
    view! {
        {move || project.get().map(|(id, name)| {
            view! { <a class="chip project" href=format!("/projects/{id}") data-test="project">{name}</a> }.into_any()
        })}
        {move || tags.get().into_iter().map(tag).collect_view()}
    }
    .into_any()
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
        {belongings(task)}
        {move || urgency()}
        {move || day()}
        {move || whose()}
    }
}
