//! The question before something is deleted.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlDialogElement;

use crate::page_state::{Doomed, page_state};

/// Asks whether what is in [`PageState::doomed`](crate::page_state::PageState::doomed) is to be deleted.
///
/// A `<dialog>`: the browser keeps the focus inside, closes it on Escape, and gives the focus back.
#[component]
pub fn ConfirmDelete(
    /// What to do when it was deleted.
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
        if let Some(Doomed { name, delete, .. }) = doomed {
            delete(Box::new(move |is_gone| {
                page.say(if is_gone { format!("Deleted “{name}”.") } else { format!("“{name}” was kept.") });
                page.refresh();
                if is_gone {
                    on_deleted.run(());
                }
            }));
        }
    };
    let of_it = move |part: fn(Doomed) -> String| page.doomed.get().map(part);
    view! {
        <dialog id="confirm" aria-labelledby="confirm-title" on:close=move |_| page.doomed.set(None)>
            <h2 id="confirm-title">"Delete this " {move || of_it(|it| it.what.to_owned())} "?"</h2>
            <p>"“" {move || of_it(|it| it.name)} "” will be gone for good. " {move || of_it(|it| it.also.to_owned())}</p>
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
