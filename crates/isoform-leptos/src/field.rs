//! One field of a record in a signal, with its type forgotten: what inputs work with.

use std::marker::PhantomData;
use std::sync::Arc;

use isoform::meta::{EntityMeta, FieldMask, FieldMeta};
use isoform::{AnyRecord, Error, FieldType, FieldValue, Identity, Result, Value, ValueError, json, rights, validate};
use leptos::prelude::*;

use crate::identity::asking;
use crate::online::until_back;
use crate::record_signal::RecordCell;

/// What the fields and the calls of one record share.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    entity: &'static EntityMeta,
    record: StoredValue<Arc<dyn RecordCell>>,
    /// Is a call under way?
    pub pending: RwSignal<bool>,
    /// What went wrong at the last call.
    pub error: RwSignal<Option<Error>>,
    /// What was typed, where it is not how the value is written, or cannot be read at all.
    drafts: RwSignal<Vec<Draft>>,
    /// The fields that have an input, and so a place for their message.
    shown: StoredValue<FieldMask>,
    /// How often the record was replaced by another one: a call on the old one says nothing about it.
    replaced: StoredValue<u32>,
}

/// What was typed into the input of a field.
#[derive(Clone, PartialEq)]
struct Draft {
    field: usize,
    text: String,
    /// The value that it stands for, or why it stands for none.
    read: Result<Value, String>,
}

impl Shared {
    pub fn new(entity: &'static EntityMeta, record: Arc<dyn RecordCell>) -> Self {
        Self {
            entity,
            record: StoredValue::new(record),
            pending: RwSignal::new(false),
            error: RwSignal::new(None),
            drafts: RwSignal::new(Vec::new()),
            shown: StoredValue::new(FieldMask::NONE),
            replaced: StoredValue::new(0),
        }
    }

    /// Another record takes the place of this one.
    pub fn replace(self) {
        self.forget();
        self.replaced.update_value(|count| *count += 1);
    }

    /// How often the record was replaced; `None` where the page is gone.
    pub fn replaced(self) -> Option<u32> {
        self.replaced.try_get_value()
    }

    fn meta_of(self, field: usize) -> &'static FieldMeta {
        self.entity.field(field)
    }

    fn cell(self) -> Option<Arc<dyn RecordCell>> {
        self.record.try_get_value()
    }

    /// Holds an input something that cannot be read?
    pub fn has_unread(self) -> bool {
        self.drafts.with(|drafts| drafts.iter().any(|draft| draft.read.is_err()))
    }

    /// Forgets what was typed and could not be read, and what went wrong.
    pub fn forget(self) {
        self.error.set(None);
        self.drafts.set(Vec::new());
    }

    /// Begins a call, unless one is under way or an input holds something that cannot be read.
    pub fn begin(self) -> bool {
        if self.pending.try_get_untracked() != Some(false) {
            return false;
        }
        let unread: Vec<_> = self.drafts.with_untracked(|drafts| {
            drafts.iter().filter_map(|draft| draft.read.clone().err().map(|message| (draft.field, message))).collect()
        });
        if unread.is_empty() {
            self.error.set(None);
            self.pending.set(true);
            return true;
        }
        let messages = unread.iter().map(|(index, message)| (*index, message.as_str()));
        self.error.set(Some(validate::error(self.entity, messages)));
        for (index, message) in unread {
            self.set_message(index, Some(message));
        }
        false
    }

    /// Ends a call and notes its error; `None` where the page is gone.
    pub fn end<T>(self, result: Result<T>) -> Option<Option<T>> {
        self.pending.try_set(false).is_none().then_some(())?;
        match result {
            Ok(answer) => {
                // What could not be read was typed meanwhile: before, it would have kept the call from beginning.
                self.drafts.update(|drafts| drafts.retain(|draft| draft.read.is_err()));
                Some(Some(answer))
            }
            Err(error) => {
                self.error.set(Some(error));
                until_back(self.error);
                Some(None)
            }
        }
    }

    /// What went wrong and is not shown at a field.
    pub fn form_error(self) -> Option<String> {
        let error = self.error.get()?;
        let shown = self.shown.get_value();
        let at_fields = error
            .fields()
            .iter()
            .all(|(wire, _)| self.entity.field_by_wire(wire).is_some_and(|index| shown.contains(index)));
        // What was at a field and has been put right there is no longer worth saying.
        let message = || error.message().to_owned();
        if error.fields().is_empty() || !at_fields { Some(message()) } else { None }
    }

    /// Asks what whoever is signed in may do with the record, following both; of a page that is gone, nothing.
    pub fn asks(self, ask: &mut dyn FnMut(Option<&Identity>, &dyn AnyRecord) -> bool) -> bool {
        let (identity, mut can) = (asking(), false);
        if let Some(cell) = self.cell() {
            cell.look(&mut |record| can = ask(identity.as_ref(), record));
        }
        can
    }

    fn set_message(self, field: usize, message: Option<String>) {
        let Some(cell) = self.cell() else { return };
        let mut differs = false;
        cell.peek(&mut |record| differs = record.state().errors().get(field) != message.as_deref());
        if differs {
            let mut message = message;
            cell.change(&mut |record| {
                let errors = record.state_mut().errors_mut();
                errors.remove(field);
                if let Some(message) = message.take() {
                    errors.add(field, message);
                }
            });
        }
    }
}

/// A field of a record, without its type; a handle that can be copied.
#[derive(Clone, Copy)]
pub struct AnyField {
    shared: Shared,
    index: usize,
}

impl std::fmt::Debug for AnyField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnyField").field("name", &self.meta().name).finish_non_exhaustive()
    }
}

impl AnyField {
    /// What the framework knows about the field.
    #[must_use]
    pub fn meta(self) -> &'static FieldMeta {
        self.shared.meta_of(self.index)
    }

    /// The field's name on the wire and in the markup: `dueDate`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let FieldMeta { wire, .. } = self.meta();
        wire
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.meta().label
    }

    /// An id for the input, the same on the server and in the browser: `tasks-8f3c…-title`.
    #[must_use]
    pub fn input_id(self) -> String {
        let mut id = String::new();
        if let Some(cell) = self.shared.cell() {
            cell.peek(&mut |record| {
                if !record.state().is_new() {
                    id = record.id().to_string();
                }
            });
        }
        let id: String = id.chars().map(|c| if c.is_whitespace() { '-' } else { c }).collect();
        format!("{}-{}-{}", self.shared.entity.key, if id.is_empty() { "new" } else { &id }, self.name())
    }

    /// The value. It follows the whole record: wrap it in a memo, or use [`AnyField::memo`].
    #[must_use]
    pub fn get(self) -> Value {
        self.shared.cell().map_or(Value::Null, |cell| cell.value(self.index))
    }

    /// The value, memoised.
    #[must_use]
    pub fn memo(self) -> Memo<Value> {
        Memo::new(move |_| self.get())
    }

    /// Sets the value. A message that is shown at the field is checked again.
    ///
    /// A value of another type is passed over.
    pub fn set(self, value: Value) {
        self.shared.drafts.update(|drafts| drafts.retain(|draft| draft.field != self.index));
        self.write(value);
        self.check_again();
    }

    fn write(self, value: Value) {
        let Some(cell) = self.shared.cell() else { return };
        if cell.peek_value(self.index) != value {
            let mut value = Some(value);
            cell.change(&mut |record| {
                if let Some(value) = value.take() {
                    // A value of another type is passed over.
                    let _ = record.set(self.index, value);
                }
            });
        }
    }

    /// What people read of the value: as `display` says, else an enum's label, else its text.
    #[must_use]
    pub fn display(self) -> String {
        self.meta().display(&self.get())
    }

    /// What is wrong with the field.
    #[must_use]
    pub fn error(self) -> Option<String> {
        self.shared.cell().and_then(|cell| cell.error(self.index))
    }

    /// What an input shows: the value, or what was typed.
    #[must_use]
    pub fn text(self) -> String {
        let value = self.get();
        let draft = self.shared.drafts.with(|drafts| drafts.iter().find(|draft| draft.field == self.index).cloned());
        match draft {
            Some(Draft { text, read: Err(_), .. }) => text,
            Some(Draft { text, read: Ok(read), .. }) if read == value => text,
            _ => to_input(self.meta().field_type, &value),
        }
    }

    /// Takes what was typed into an input. What cannot be read leaves the value as it is, and stays to be put right.
    pub fn enter(self, text: &str) {
        let read = self.read(text);
        if let Ok(value) = &read {
            self.write(value.clone());
        }
        // A text is its own value; only others are written in more than one way.
        if !self.meta().field_type.is_text() {
            self.shared.drafts.update(|drafts| {
                drafts.retain(|draft| draft.field != self.index);
                drafts.push(Draft { field: self.index, text: text.to_owned(), read });
            });
        }
        self.check_again();
    }

    /// The value that a text stands for.
    fn read(self, text: &str) -> Result<Value, String> {
        let meta = self.meta();
        if text.trim().is_empty() {
            match meta.field_type {
                _ if meta.nullable => return Ok(Value::Null),
                FieldType::Text | FieldType::List(_) => {}
                _ => return Err(validate::said(validate::Message::Required).into()),
            }
        }
        match meta.field_type {
            FieldType::List(item_type) => lines(*item_type, text),
            other => json::from_text(other, text),
        }
        .map_err(|error| validate::unread(meta, error))
    }

    /// Says what is wrong: at the end of typing, not at the first keystroke.
    pub fn check(self) {
        let draft =
            self.shared.drafts.with_untracked(|drafts| drafts.iter().find(|draft| draft.field == self.index).cloned());
        let message = match draft {
            Some(Draft { read: Err(message), .. }) => Some(message),
            _ => {
                let value = self.shared.cell().map_or(Value::Null, |cell| cell.peek_value(self.index));
                validate::value(self.meta(), &value).err()
            }
        };
        self.shared.set_message(self.index, message);
    }

    /// The end of typing: says what is wrong, and writes what can be read as it is usually written.
    ///
    /// An input that was only passed by on the way to another one is left in peace.
    pub fn leave(self) {
        let is_draft = |drafts: &Vec<Draft>| drafts.iter().any(|draft| draft.field == self.index);
        // It may be left by a click that leads to another page.
        let Some(mut touched) = self.shared.drafts.try_with_untracked(is_draft) else { return };
        if let Some(cell) = self.shared.cell() {
            cell.peek(&mut |record| {
                touched |= record.get(self.index) != record.original(self.index);
                touched |= record.state().errors().get(self.index).is_some();
            });
        }
        if touched {
            self.check();
        }
        self.shared.drafts.update(|drafts| drafts.retain(|draft| draft.field != self.index || draft.read.is_err()));
    }

    fn check_again(self) {
        let mut shown = false;
        if let Some(cell) = self.shared.cell() {
            cell.peek(&mut |record| shown = record.state().errors().get(self.index).is_some());
        }
        if shown {
            self.check();
        }
    }

    /// Is the field of this record shown to whoever is signed in? Its input is not rendered otherwise.
    #[must_use]
    pub fn can_read(self) -> bool {
        self.shared.asks(&mut |identity, record| rights::can_read_field(identity, record, self.index))
    }

    /// May whoever is signed in write the field of this record? Its input can only be read otherwise. The server asks again.
    #[must_use]
    pub fn can_update(self) -> bool {
        self.shared.asks(&mut |identity, record| rights::can_update_field(identity, record, self.index))
    }

    /// Notes that an input shows the field's message.
    pub(crate) fn note_shown(self) {
        self.shared.shown.update_value(|shown| shown.insert(self.index));
    }
}

/// A list with an item per line; empty lines are none.
fn lines(item_type: FieldType, text: &str) -> Result<Value, ValueError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let items = lines.map(|line| json::from_text(item_type, line).map(|item| json::to_json(&item)));
    Ok(Value::Json(Box::new(items.collect::<Result<_, _>>()?)))
}

/// How an HTML input writes a value.
fn to_input(field_type: FieldType, value: &Value) -> String {
    if let (FieldType::List(item_type), Value::Json(items)) = (field_type, value) {
        let item = |item| json::from_json(*item_type, item).map(|item| json::to_text(&item)).unwrap_or_default();
        return items.as_array().into_iter().flatten().map(item).collect::<Vec<_>>().join("\n");
    }
    let mut text = json::to_text(value);
    if field_type == FieldType::DateTime {
        // `datetime-local` knows no zone and, as far as people type, no seconds.
        text.truncate("2020-01-02T03:04".len());
    }
    if matches!(field_type, FieldType::Scalar(scalar) if scalar.input == "time") {
        // No browser takes microseconds.
        text.truncate("03:04:05.678".len());
    }
    text
}

/// A field of a record: what `task.field(|t| t.title)` answers; a handle that can be copied.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{Field, RecordSignal};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String }
/// # #[component]
/// # fn Title(task: RecordSignal<Task>) -> impl IntoView {
/// let title: Field<String> = task.field(|t| t.title);
/// let value = title.value();
/// view! { <label>{title.label()} <input prop:value=value on:input=move |e| title.set(event_target_value(&e)) /></label> }
/// # }
/// ```
pub struct Field<T> {
    field: AnyField,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Field<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Field<T> {}

impl<T> std::fmt::Debug for Field<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.field.fmt(f)
    }
}

impl<T> From<Field<T>> for AnyField {
    fn from(field: Field<T>) -> Self {
        field.field
    }
}

impl<T: FieldValue> Field<T> {
    pub(crate) const fn new(shared: Shared, index: usize) -> Self {
        Self { field: AnyField { shared, index }, value: PhantomData }
    }

    /// The field without its type.
    #[must_use]
    pub const fn any(self) -> AnyField {
        self.field
    }

    /// What the framework knows about the field.
    #[must_use]
    pub fn meta(self) -> &'static FieldMeta {
        self.field.meta()
    }

    /// The field's name on the wire and in the markup: `dueDate`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.field.name()
    }

    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.field.label()
    }

    /// The value. It follows the whole record; [`Field::value`] follows this field only.
    #[must_use]
    pub fn get(self) -> T {
        typed(self.field.get())
    }

    /// The value as a signal, memoised.
    #[must_use]
    pub fn value(self) -> Signal<T> {
        let memo = self.field.memo();
        Signal::derive(move || typed(memo.get()))
    }

    /// Sets the value. A message that is shown at the field is checked again.
    #[expect(clippy::needless_pass_by_value, reason = "reads as the assignment that it is")]
    pub fn set(self, value: T) {
        self.field.set(value.to_value());
    }

    /// What people read of the value: as `display` says, else an enum's label, else its text.
    #[must_use]
    pub fn display(self) -> String {
        self.field.display()
    }

    /// What is wrong with the field.
    #[must_use]
    pub fn error(self) -> Option<String> {
        self.field.error()
    }

    /// Is the field of this record shown to whoever is signed in?
    #[must_use]
    pub fn can_read(self) -> bool {
        self.field.can_read()
    }

    /// May whoever is signed in write the field of this record? The server asks again.
    #[must_use]
    pub fn can_update(self) -> bool {
        self.field.can_update()
    }
}

/// The value comes from a record of the same entity; of a page that is gone it is blank.
fn typed<T: FieldValue>(value: Value) -> T {
    T::from_value(value).unwrap_or_else(|_| T::blank())
}
