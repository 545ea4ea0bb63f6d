//! Inputs that are typed into: texts, numbers and dates.

use isoform::FieldType;
use isoform::meta::{Check, FieldMeta, Number};
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use super::frame::{Frame, invalid};
use super::{FieldFor, kind, press};
use crate::focus::focus;

/// An input for a text: `<TextField of=task.field(|t| t.title) />`.
///
/// Label, type, placeholder, help and limits come from the entity. A list has an item per line. A message appears when the input is left or the form
/// sent, and goes when it is put right. Where a click leaves the input it comes after the click, so that nothing moves from under the pointer. Whoever may not write the field can read it only.
#[component]
pub fn TextField(
    /// The field: `task.field(|t| t.title)`.
    #[prop(into)]
    of: FieldFor<kind::Text>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// Another placeholder than the entity's.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// Takes several lines.
    #[prop(optional)]
    multiline: bool,
    /// Has the cursor when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// Can be read only, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// What the browser may fill in.
    #[prop(optional, into)]
    autocomplete: Option<&'static str>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens at the Enter key. It does not send the form then.
    #[prop(optional, into)]
    on_enter: Option<Callback<()>>,
    /// Happens when the input is left.
    #[prop(optional, into)]
    on_leave: Option<Callback<()>>,
) -> impl IntoView {
    let frame = Frame::new(of.field, id, label, hide_label);
    let meta = of.field.meta();
    let input_type = meta.input.unwrap_or_else(|| text_type(meta));
    typed(
        frame,
        Typed {
            input_type,
            inputmode: None,
            placeholder: placeholder.or_else(|| meta.placeholder.map(str::to_owned)),
            multiline: multiline
                || meta.input == Some("textarea")
                || (meta.input.is_none() && matches!(meta.field_type, FieldType::List(_))),
            autofocus,
            readonly,
            autocomplete,
            on_enter,
            on_leave,
        },
    )
}

/// An input for a number: `<NumberField of=task.field(|t| t.hours) />`.
///
/// What is no number stays in the input, with a message; nothing is saved until it is put right. An empty input is
/// nothing where the field is an `Option`.
#[component]
pub fn NumberField(
    /// The field: `task.field(|t| t.hours)`.
    #[prop(into)]
    of: FieldFor<kind::Number>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// Another placeholder than the entity's.
    #[prop(optional, into)]
    placeholder: Option<String>,
    /// Has the cursor when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// Can be read only, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens at the Enter key. It does not send the form then.
    #[prop(optional, into)]
    on_enter: Option<Callback<()>>,
    /// Happens when the input is left.
    #[prop(optional, into)]
    on_leave: Option<Callback<()>>,
) -> impl IntoView {
    let frame = Frame::new(of.field, id, label, hide_label);
    let meta = of.field.meta();
    typed(
        frame,
        Typed {
            // `type=number` hides from the page what was typed that is no number.
            input_type: meta.input.unwrap_or("text"),
            inputmode: Some(if matches!(meta.field_type, FieldType::Float | FieldType::Scalar(_)) {
                "decimal"
            } else {
                "numeric"
            }),
            placeholder: placeholder.or_else(|| meta.placeholder.map(str::to_owned)),
            multiline: false,
            autofocus,
            readonly,
            autocomplete: Some("off"),
            on_enter,
            on_leave,
        },
    )
}

/// An input for a day, for a time of day, or for a time in UTC: `<DateField of=task.field(|t| t.due_date) />`.
#[component]
pub fn DateField(
    /// The field: `task.field(|t| t.due_date)`.
    #[prop(into)]
    of: FieldFor<kind::Date>,
    /// Another label than the entity's.
    #[prop(optional, into)]
    label: Option<String>,
    /// Leaves the label to screen readers.
    #[prop(optional)]
    hide_label: bool,
    /// Has the cursor when it appears.
    #[prop(optional)]
    autofocus: bool,
    /// Can be read only, whatever the entity says.
    #[prop(optional, into)]
    readonly: Signal<bool>,
    /// Another id of the input: for two inputs of one field on a page.
    #[prop(optional, into)]
    id: Option<String>,
    /// Happens at the Enter key. It does not send the form then.
    #[prop(optional, into)]
    on_enter: Option<Callback<()>>,
    /// Happens when the input is left.
    #[prop(optional, into)]
    on_leave: Option<Callback<()>>,
) -> impl IntoView {
    let frame = Frame::new(of.field, id, label, hide_label);
    let meta = of.field.meta();
    let usual = match meta.field_type {
        FieldType::DateTime => "datetime-local",
        FieldType::Scalar(scalar) => scalar.input,
        _ => "date",
    };
    typed(
        frame,
        Typed {
            input_type: meta.input.unwrap_or(usual),
            inputmode: None,
            placeholder: None,
            multiline: false,
            autofocus,
            readonly,
            autocomplete: None,
            on_enter,
            on_leave,
        },
    )
}

/// How an input that is typed into is to behave.
struct Typed {
    input_type: &'static str,
    inputmode: Option<&'static str>,
    placeholder: Option<String>,
    multiline: bool,
    autofocus: bool,
    readonly: Signal<bool>,
    autocomplete: Option<&'static str>,
    on_enter: Option<Callback<()>>,
    on_leave: Option<Callback<()>>,
}

/// The one input that all of them are.
fn typed(frame: Frame, how: Typed) -> AnyView {
    let Typed { input_type, inputmode, placeholder, multiline, autofocus, readonly, autocomplete, on_enter, on_leave } =
        how;
    let (field, meta) = (frame.field, frame.field.meta());
    let error = frame.error();
    let text = Memo::new(move |_| field.text());
    let readonly = Memo::new(move |_| readonly.get() || !field.can_update());
    let described_by = frame.described_by(error);
    let (min_length, max_length) = meta.length_limits().unwrap_or((0, usize::MAX));
    let min_length = (min_length > 0).then(|| min_length.to_string());
    let max_length = (max_length < usize::MAX).then(|| max_length.to_string());
    let (min, max) = range(meta);
    let required = meta.is_required();

    let enter = move |event| field.enter(&event_target_value(&event));
    press::watch();
    let leave = move |_| {
        press::after(move || {
            field.leave();
            if let Some(on_leave) = on_leave {
                on_leave.try_run(());
            }
        });
    };
    let key = move |event: KeyboardEvent| {
        // Enter that ends the input of composed characters is not meant for the page.
        if let Some(on_enter) = on_enter
            && event.key() == "Enter"
            && !event.is_composing()
        {
            event.prevent_default();
            on_enter.run(());
        }
    };
    let id = frame.id.clone();
    if autofocus {
        // The browser's own attribute works while a page loads only.
        let id = id.clone();
        Effect::new(move || focus(&id));
    }
    let input = move || {
        let (id, placeholder, described_by) = (id.clone(), placeholder.clone(), described_by.clone());
        let (min, max) = (min.clone(), max.clone());
        let (min_length, max_length) = (min_length.clone(), max_length.clone());
        let initial = text.get_untracked();
        if multiline {
            view! {
                <textarea
                    id=id name=field.name() placeholder=placeholder required=required readonly=move || readonly.get()
                    minlength=min_length maxlength=max_length autocomplete=autocomplete
                    aria-invalid=move || invalid(error) aria-describedby=described_by
                    prop:value=move || text.get() on:input=enter on:blur=leave on:keydown=key
                >{initial}</textarea>
            }
            .into_any()
        } else {
            view! {
                <input
                    id=id name=field.name() type=input_type inputmode=inputmode placeholder=placeholder required=required
                    readonly=move || readonly.get() min=min max=max minlength=min_length maxlength=max_length
                    autocomplete=autocomplete aria-invalid=move || invalid(error) aria-describedby=described_by
                    value=initial prop:value=move || text.get() on:input=enter on:blur=leave on:keydown=key
                />
            }
            .into_any()
        }
    };
    frame.around(error, input, false)
}

fn text_type(meta: &FieldMeta) -> &'static str {
    let usual = meta.validators.iter().find_map(|validator| match validator.check {
        Check::Email => Some("email"),
        Check::Url => Some("url"),
        _ => None,
    });
    usual.unwrap_or("text")
}

fn range(meta: &FieldMeta) -> (Option<String>, Option<String>) {
    let text = |limit: &Option<Number>| limit.as_ref().map(ToString::to_string);
    let range = meta.validators.iter().find_map(|validator| match &validator.check {
        Check::Range { min, max } => Some((text(min), text(max))),
        _ => None,
    });
    range.unwrap_or_default()
}
