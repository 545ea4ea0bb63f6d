//! A box to tick.

use isoform::Value;
use leptos::prelude::*;

use super::frame::{Frame, invalid};
use super::{FieldFor, kind};

/// A box to tick: `<CheckField of=task.field(|t| t.completed) />`.
#[component]
pub fn CheckField(
    /// The field: `task.field(|t| t.completed)`.
    #[prop(into)]
    of: FieldFor<kind::Check>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// Cannot be changed, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens when it was ticked or cleared.
    #[prop(optional, into)]
    on_change: Option<Callback<bool>>,
) -> impl IntoView {
    let frame = Frame::new(of.field, id, label, hide_label);
    let field = of.field;
    let error = frame.error();
    let described_by = frame.described_by(error);
    let checked = Memo::new(move |_| field.get() == Value::Bool(true));
    let disabled = Memo::new(move |_| readonly.get() || !field.can_update());
    let change = move |event| {
        let checked = event_target_checked(&event);
        field.set(Value::Bool(checked));
        field.check();
        if let Some(on_change) = on_change {
            on_change.run(checked);
        }
    };
    let id = frame.id.clone();
    let input = move || {
        let described_by = described_by.clone();
        view! {
        <input
            id=id.clone() name=field.name() type="checkbox" disabled=move || disabled.get()
            aria-invalid=move || invalid(error) aria-describedby=described_by
            checked=checked.get_untracked() prop:checked=move || checked.get() on:change=change
        />
        }
        .into_any()
    };
    frame.around(error, input, true)
}
