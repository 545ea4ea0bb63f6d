//! A form around a record.

use isoform::{Record, Stored};
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;

use crate::focus::focus_on;
use crate::record_signal::RecordSignal;

/// A form that saves a record: validated in the browser first, then sent; what the server has against it is shown at
/// the fields, and what is no field's fault above its end. While it is being saved it says so (`aria-busy`), and is not sent a second time.
///
/// In `view!` a closure whose type has angle brackets stands in braces, as below.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{RecordForm, RecordSignal, TextField};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # #[component]
/// # fn Add() -> impl IntoView {
/// let task = RecordSignal::new(Record::<Task>::new());
/// view! {
///     <RecordForm record=task on_saved={move |_saved: Record<Task>| task.set(Record::new())}>
///         <TextField of=task.field(|t| t.title) />
///         <button type="submit" aria-busy=move || task.pending().to_string()>"Add"</button>
///     </RecordForm>
/// }
/// # }
/// ```
#[component]
pub fn RecordForm<E: Stored>(
    /// The record.
    record: RecordSignal<E>,
    /// Happens when it was saved, with the record as it is in the table.
    #[prop(optional, into)]
    on_saved: Option<Callback<Record<E>>>,
    /// The inputs and buttons.
    children: Children,
) -> impl IntoView {
    let save = Callback::new(move |()| {
        record.save_then(move |saved| {
            if let Some(on_saved) = on_saved {
                on_saved.run(saved.clone());
            }
        });
    });
    let message = Memo::new(move |_| record.form_error());
    let failed = Signal::derive(move || !record.pending() && record.error().is_some());
    let pending = Memo::new(move |_| record.pending());
    form(save, message, failed, pending, children)
}

/// The part of [`RecordForm`] that is the same for all entities, and for controllers.
pub(crate) fn form(
    save: Callback<()>,
    message: Memo<Option<String>>,
    failed: Signal<bool>,
    pending: Memo<bool>,
    children: Children,
) -> AnyView {
    let node = NodeRef::<html::Form>::new();
    Effect::new(move |_| {
        // A call has ended with something wrong: the cursor goes to the first field that is. Each time, also where it was wrong before:
        // no memo stands in between.
        if failed.get() {
            request_animation_frame(move || focus_wrong(node));
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        save.run(());
    };
    // `method="dialog"` outside of a dialog sends nothing: what is typed is not lost to a click before the page answers.
    view! {
        <form
            class="record-form" method="dialog" novalidate on:submit=submit node_ref=node
            aria-busy=move || pending.get().to_string()
        >
            {children()}
            {move || message.get().map(|message| view! { <p class="form-error" role="alert">{message}</p> }.into_any())}
        </form>
    }
    .into_any()
}

fn focus_wrong(node: NodeRef<html::Form>) {
    let form = node.try_get_untracked().flatten();
    focus_on(form.and_then(|form| form.query_selector("[aria-invalid=true]").ok().flatten()));
}
