//! What an admin may do to all tasks at once.

use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::prelude::*;

use crate::page_state::page_state;

/// Completes or reopens every task: a static backend method.
#[component]
pub fn AdminActions() -> impl IntoView {
    let page = page_state();
    let pending = RwSignal::new(false);
    let set_all = move |completed: bool| {
        if pending.get_untracked() {
            return;
        }
        pending.set(true);
        spawn_local(async move {
            let answer = Task::set_all(completed).await;
            pending.set(false);
            match answer {
                Ok(0) => page.say("No task changed."),
                Ok(1) => page.say("1 task changed."),
                Ok(changed) => page.say(format!("{changed} tasks changed.")),
                Err(error) => page.say(error.message()),
            }
            page.refresh();
        });
    };
    let button = move |completed: bool, test: &'static str, label: &'static str| {
        view! {
            <button
                type="button" class="button small" data-test=test aria-busy=move || pending.get().to_string()
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
