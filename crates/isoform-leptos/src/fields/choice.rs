//! A choice of one of several.

use isoform::FieldType;
use isoform::meta::{Check, FieldMeta};
use leptos::prelude::*;

use super::frame::{Frame, invalid};
use super::{FieldFor, kind};
use crate::field::AnyField;

/// A choice: `<SelectField of=task.field(|t| t.priority) />`, from the variants of the field's enum, or from the
/// texts of `one_of`.
#[component]
pub fn SelectField(
    /// The field: `task.field(|t| t.priority)`.
    #[prop(into)]
    of: FieldFor<kind::Choice>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// What the choice of nothing is called, where the field is an `Option`.
    #[prop(default = "—")]
    none: &'static str,
    /// Cannot be changed, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens when another choice was made.
    #[prop(optional, into)]
    on_change: Option<Callback<()>>,
) -> impl IntoView {
    let frame = Frame::new(of.field, id, label, hide_label);
    let field = of.field;
    let options = move || {
        let initial = untrack(|| field.text());
        let option =
            |(value, label)| view! { <option value=value selected=value == initial>{label}</option> }.into_any();
        choices(field.meta(), none).into_iter().map(option).collect_view().into_any()
    };
    select(frame, options, readonly, on_change)
}

/// A select with its options.
pub(super) fn select(
    frame: Frame,
    options: impl Fn() -> AnyView + Send + 'static,
    readonly: Signal<bool>,
    on_change: Option<Callback<()>>,
) -> AnyView {
    let field = frame.field;
    let error = frame.error();
    let described_by = frame.described_by(error);
    let chosen = Memo::new(move |_| chosen(field));
    let disabled = Memo::new(move |_| readonly.get() || !field.can_update());
    let change = move |event| {
        field.enter(&event_target_value(&event));
        field.leave();
        if let Some(on_change) = on_change {
            on_change.run(());
        }
    };
    let id = frame.id.clone();
    let input = move || {
        let described_by = described_by.clone();
        view! {
            <select
                id=id.clone() name=field.name() required=field.meta().is_required() disabled=move || disabled.get()
                aria-invalid=move || invalid(error) aria-describedby=described_by
                prop:value=move || chosen.get() on:change=change
            >
                {options()}
            </select>
        }
        .into_any()
    };
    frame.around(error, input, false)
}

/// What is chosen, as the value of an option. A key that must be there, and is not yet, is nil: nothing is chosen then.
pub(super) fn chosen(field: AnyField) -> String {
    if matches!(field.get(), isoform::Value::Uuid(id) if id.is_nil()) { String::new() } else { field.text() }
}

/// What can be chosen: what is stored, and what people read.
fn choices(meta: &FieldMeta, none: &'static str) -> Vec<(&'static str, &'static str)> {
    let nothing = meta.nullable.then_some(("", none));
    let texts = meta.validators.iter().find_map(|validator| match validator.check {
        Check::OneOf(texts) => Some(texts),
        _ => None,
    });
    let each: Vec<_> = match (meta.field_type, texts) {
        (FieldType::Enum(variants), _) => variants.iter().map(|variant| (variant.value, variant.label)).collect(),
        (_, Some(texts)) => texts.iter().map(|text| (*text, *text)).collect(),
        _ => Vec::new(),
    };
    nothing.into_iter().chain(each).collect()
}
