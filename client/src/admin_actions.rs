//! What an admin may do to all tasks at once.

use isoform_leptos::use_call;
use leptos::prelude::*;
use shared::prelude::*;

use crate::page_state::page_state;

/// Completes or reopens every task: a static backend method.
#[component]
pub fn AdminActions() -> impl IntoView {
    let page = page_state();
    let call = use_call();
    Effect::new(move |_| {
        if let Some(error) = call.error() {
            page.say(error.message());
        }
    });
    let set_all = move |completed: bool| {
        call.run(Task::set_all(completed), move |changed| {
            match changed {
                0 => page.say("No task changed."),
                1 => page.say("1 task changed."),
                changed => page.say(format!("{changed} tasks changed.")),
            }
            page.refresh();
        });
    };
    let button = move |completed: bool, test: &'static str, label: &'static str| {
        view! {
            <button
                type="button" class="button small" data-test=test aria-busy=move || call.pending().to_string()
                on:click=move |_| set_all(completed)
            >
                {label}
            </button>
        }
    };
    view! {
        {button(true, "complete-all", "Complete all")}
        {button(false, "reopen-all", "Reopen all")}
    }
}
