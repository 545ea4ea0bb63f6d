//! What all inputs have around them: the label, the help and the message.

use isoform::meta::Rule;
use leptos::prelude::*;

use crate::field::AnyField;

/// How an input is to look.
pub(super) struct Frame {
    pub field: AnyField,
    pub id: String,
    label: String,
    hide_label: bool,
}

/// What `aria-invalid` is to say.
pub(super) fn invalid(error: Memo<Option<String>>) -> Option<String> {
    error.with(Option::is_some).then(|| "true".to_owned())
}

impl Frame {
    pub fn new(field: AnyField, id: Option<String>, label: Option<String>, hide_label: bool) -> Self {
        field.note_shown();
        Self {
            id: id.unwrap_or_else(|| field.input_id()),
            label: label.unwrap_or_else(|| field.label().into()),
            hide_label,
            field,
        }
    }

    /// What is wrong with the field, memoised.
    pub fn error(&self) -> Memo<Option<String>> {
        let field = self.field;
        Memo::new(move |_| field.error())
    }

    /// The ids of what describes the input: its help and its message.
    pub fn described_by(
        &self,
        error: Memo<Option<String>>,
    ) -> impl Fn() -> Option<String> + Clone + Send + Sync + 'static + use<> {
        let help = self.field.meta().help.map(|_| format!("{}-help", self.id));
        let message = format!("{}-error", self.id);
        move || match (&help, error.with(Option::is_some)) {
            (Some(help), true) => Some(format!("{help} {message}")),
            (None, true) => Some(message.clone()),
            (help, false) => help.clone(),
        }
    }

    /// The whole field. A label before the input, or behind it where it is a box to tick. Nothing, where it may not be seen.
    pub fn around(
        self,
        error: Memo<Option<String>>,
        input: impl Fn() -> AnyView + Send + 'static,
        label_last: bool,
    ) -> AnyView {
        if matches!(self.field.meta().api_read, Rule::Everyone) {
            return self.shown(error, input(), label_last);
        }
        let can_read = Memo::new(move |_| self.field.can_read());
        (move || can_read.get().then(|| self.shown(error, input(), label_last))).into_any()
    }

    fn shown(&self, error: Memo<Option<String>>, input: AnyView, label_last: bool) -> AnyView {
        let Self { field, id, label, hide_label } = self;
        let (field, id, label, hide_label) = (*field, id.clone(), label.clone(), *hide_label);
        let error_id = format!("{id}-error");
        let help =
            field.meta().help.map(|help| view! { <p class="field-help" id=format!("{id}-help")>{help}</p> }.into_any());
        let label = view! { <label for=id class:visually-hidden=hide_label>{label}</label> }.into_any();
        let (first, second) = if label_last { (input, label) } else { (label, input) };
        view! {
            <div class="field" class:field-check=label_last data-field=field.name()>
                {first}
                {second}
                {help}
                {move || error.get().map(|message| view! { <p class="field-error" id=error_id.clone() role="alert">{message}</p> }.into_any())}
            </div>
        }
        .into_any()
    }
}
