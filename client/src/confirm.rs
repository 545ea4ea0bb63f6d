//! The question before a task is deleted.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlDialogElement;

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
    Effect::new(move || {
        if page.doomed.get().is_some()
            && let Some(dialog) = dialog()
            && !dialog.open()
        {
            let _ = dialog.show_modal();
        }
    });
    let close = move || {
        if let Some(dialog) = dialog() {
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
        <dialog id="confirm" aria-labelledby="confirm-title" on:close=move |_| page.doomed.set(None)>
            <h2 id="confirm-title">"Delete this task?"</h2>
            <p>"“" {move || title()} "” will be gone for good."</p>
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

fn dialog() -> Option<HtmlDialogElement> {
    document().get_element_by_id("confirm")?.dyn_into().ok()
}
