//! The question before a task is deleted.

use leptos::html;
use leptos::prelude::*;

use crate::page_state::page_state;

/// Asks whether the task in [`PageState::doomed`](crate::page_state::PageState::doomed) is to be deleted.
///
/// A `<dialog>`: the browser keeps the focus inside, closes it on Escape, and gives the focus back.
#[component]
pub fn ConfirmDelete(
    /// What to do when a task was deleted.
    #[prop(into)]
    on_deleted: Callback<()>,
) -> impl IntoView {
    let page = page_state();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        if page.doomed.get().is_some()
            && let Some(dialog) = dialog.get()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let delete = move |_| {
        let doomed = page.doomed.get_untracked();
        close();
        if let Some((task, title)) = doomed {
            task.delete_then(move || {
                page.say(format!("Deleted “{title}”."));
                page.refresh();
                on_deleted.run(());
            });
        }
    };
    let title = move || page.doomed.get().map(|(_, title)| title);
    view! {
        <dialog node_ref=dialog aria-labelledby="confirm-title" on:close=move |_| page.doomed.set(None)>
            <h2 id="confirm-title">"Delete this task?"</h2>
            <p>"“" {title} "” will be gone for good."</p>
            <div class="choices">
                <button type="button" class="button" data-test="cancel-delete" autofocus on:click=move |_| close()>
                    "Keep it"
                </button>
                <button type="button" class="button danger" data-test="confirm-delete" on:click=delete>
                    "Delete"
                </button>
            </div>
        </dialog>
    }
}
