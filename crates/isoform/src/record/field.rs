//! The fields of a record, each with what is known of it: what hooks look at and set.

use super::{AnyRecord, Record};
use crate::entity::{Column, Entity};
use crate::meta::FieldMeta;
use crate::value::{FieldValue, Value, ValueError};

/// A field of a record, by its type.
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, #[field(label = "What to do")] pub title: String }
/// let mut task = Record::<Task>::new();
/// let mut title = task.field(|t| t.title);
/// title.set("Taxes");
/// assert!(title.changed());
/// assert_eq!((title.value(), title.original()), ("Taxes".to_owned(), String::new()));
/// assert_eq!(title.label(), "What to do");
/// title.set_error("is no fun");
/// assert_eq!(task.error(|t| t.title), Some("is no fun"));
/// ```
pub struct RecordField<'a, E, T> {
    record: &'a mut Record<E>,
    column: Column<E, T>,
}

impl<E: Entity, T: FieldValue> RecordField<'_, E, T> {
    /// The value that it has now, saved or not.
    #[must_use]
    pub fn value(&self) -> T {
        typed(self.record.entity.get(self.column.index()))
    }

    /// The value that it has in the table; of a new record the declared default.
    #[must_use]
    pub fn original(&self) -> T {
        typed(self.record.original().get(self.column.index()))
    }

    /// Is it different from what is in the table?
    #[must_use]
    pub fn changed(&self) -> bool {
        self.record.changed(|_| self.column)
    }

    /// What is wrong with it.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.record.error(|_| self.column)
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.meta().label
    }

    /// What the framework knows about it.
    #[must_use]
    pub fn meta(&self) -> &'static FieldMeta {
        self.column.meta()
    }

    /// Sets it.
    pub fn set(&mut self, value: impl Into<T>) {
        // It is of the field's own type, so it fits.
        let _ = AnyRecord::set(self.record, self.column.index(), value.into().to_value());
    }

    /// Says what is wrong with it.
    pub fn set_error(&mut self, message: impl Into<String>) {
        self.record.set_error(|_| self.column, message);
    }
}

impl<E: Entity, T: FieldValue> std::fmt::Debug for RecordField<'_, E, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordField").field("name", &self.meta().name).finish_non_exhaustive()
    }
}

/// What is in a record of the entity is of the field's own type.
fn typed<T: FieldValue>(value: Value) -> T {
    T::from_value(value).unwrap_or_else(|_| T::blank())
}

/// A field of a record, whatever its type.
pub struct AnyField<'a> {
    record: &'a mut dyn AnyRecord,
    index: usize,
}

impl AnyField<'_> {
    /// The value that it has now, saved or not.
    #[must_use]
    pub fn value(&self) -> Value {
        self.record.get(self.index)
    }

    /// The value that it has in the table; of a new record the declared default.
    #[must_use]
    pub fn original(&self) -> Value {
        self.record.original(self.index)
    }

    /// Is it different from what is in the table?
    #[must_use]
    pub fn changed(&self) -> bool {
        self.value() != self.original()
    }

    /// What is wrong with it.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.record.state().errors.get(self.index)
    }

    /// What people call it.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.meta().label
    }

    /// What the framework knows about it.
    #[must_use]
    pub fn meta(&self) -> &'static FieldMeta {
        self.record.meta().field(self.index)
    }

    /// Sets it.
    ///
    /// # Errors
    /// Where the value does not fit its type.
    pub fn set(&mut self, value: Value) -> Result<(), ValueError> {
        self.record.set(self.index, value)
    }

    /// Says what is wrong with it.
    pub fn set_error(&mut self, message: impl Into<String>) {
        let errors = self.record.state_mut().errors_mut();
        errors.remove(self.index);
        errors.add(self.index, crate::validate::own(message.into()));
    }
}

impl std::fmt::Debug for AnyField<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnyField").field("name", &self.meta().name).finish_non_exhaustive()
    }
}

impl<E: Entity> Record<E> {
    /// One of its fields, with its value, original value, error and metadata; it can be set.
    pub fn field<T: FieldValue>(&mut self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> RecordField<'_, E, T> {
        RecordField { record: self, column: field(E::FIELDS) }
    }

    /// Looks at each of its fields in their order, whatever their types; each can be set.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # use isoform::Value;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "people", allow(crud = true))]
    /// # pub struct Person { #[field(id)] pub id: Uuid, pub first: String, pub last: String }
    /// let mut ann = Record::from(Person { first: " Ann".into(), ..Person::blank() });
    /// ann.fields(|field| {
    ///     if let Value::Text(text) = field.value() {
    ///         let _ = field.set(Value::Text(text.trim().to_owned()));
    ///     }
    /// });
    /// assert_eq!(ann.first, "Ann");
    /// ```
    pub fn fields(&mut self, mut look: impl FnMut(&mut AnyField<'_>)) {
        for index in 0..E::meta().fields.len() {
            look(&mut AnyField { record: self, index });
        }
    }
}
