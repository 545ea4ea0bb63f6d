//! A record: an entity with its state.

mod any;
mod chosen;
mod field;
mod load;
pub mod rights;
mod serde;

use std::fmt;
use std::ops::{Deref, DerefMut};

pub use any::AnyRecord;
pub use chosen::IntoFields;
pub use field::{AnyField, RecordField};
pub(crate) use serde::{State as WireState, refused_within, wire_record, wire_row};

use crate::controller::Stored;
use crate::entity::{Column, Entity};
use crate::id::Id;
use crate::meta::FieldMask;
use crate::repository;
use crate::value::FieldValue;
#[cfg(not(target_arch = "wasm32"))]
use crate::value::Row;
use crate::{Result, guard, validate};

/// An entity with its state: new, clean or changed; its original values; errors per field; and which fields
/// the API did not show.
///
/// It derefs to the entity. Original values are copied at the first mutable borrow; *changed* compares with them,
/// since a mutable borrow need not change anything.
///
/// ```
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, #[field(len(min = 5))] pub title: String }
/// let mut task = Record::<Task>::new();
/// assert!(task.is_new());
/// task.title.push('!');
/// assert!(task.changed(|t| t.title));
/// assert_eq!(task.original().title, "");
/// ```
#[derive(Clone)]
pub struct Record<E> {
    entity: E,
    original: Option<Box<E>>,
    state: RecordState,
}

/// What a record knows beside its values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RecordState {
    pub(crate) is_new: bool,
    pub(crate) is_deleted: bool,
    /// The fields that the API did not show: they hold their default and are left out of saves.
    pub(crate) hidden: FieldMask,
    pub(crate) errors: Errors,
    /// Was it inserted, in a save that has not come to its end?
    pub(crate) is_written: bool,
    /// Has the `saving` of a field prevented the write? After a save: was it prevented?
    pub(crate) is_prevented: bool,
}

impl RecordState {
    /// Is it not in the table yet?
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.is_new
    }

    /// The fields that the API did not show.
    #[must_use]
    pub const fn hidden(&self) -> FieldMask {
        self.hidden
    }

    /// What is wrong with it.
    #[must_use]
    pub const fn errors(&self) -> &Errors {
        &self.errors
    }

    /// What is wrong with it, to be changed.
    pub const fn errors_mut(&mut self) -> &mut Errors {
        &mut self.errors
    }
}

/// What is wrong with a record: messages at fields, and one about the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Errors {
    fields: Vec<(usize, String)>,
    message: Option<String>,
    /// The fields whose value another row has.
    taken: FieldMask,
}

impl Errors {
    /// Is nothing wrong?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.message.is_none()
    }

    /// What is wrong with the record as a whole.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// Says what is wrong with the record as a whole; what was said first stays.
    pub fn set_message(&mut self, message: impl Into<String>) {
        self.message.get_or_insert_with(|| message.into());
    }

    /// Says that another row has the value of a field.
    pub(crate) fn add_taken(&mut self, field: usize, message: String) {
        if self.get(field).is_none() {
            self.add(field, message);
            self.taken.insert(field);
        }
    }

    /// Is nothing wrong but that other rows have these values?
    pub(crate) fn are_conflicts(&self) -> bool {
        self.message.is_none() && self.fields.iter().all(|(index, _)| self.taken.contains(*index))
    }

    /// The message at a field.
    #[must_use]
    pub fn get(&self, field: usize) -> Option<&str> {
        self.fields.iter().find(|(index, _)| *index == field).map(|(_, message)| message.as_str())
    }

    /// Sets the message at a field; the first one stays.
    pub fn add(&mut self, field: usize, message: impl Into<String>) {
        if self.get(field).is_none() {
            self.fields.push((field, message.into()));
        }
    }

    /// Forgets the message at a field.
    pub fn remove(&mut self, field: usize) {
        self.fields.retain(|(index, _)| *index != field);
        self.taken.remove(field);
    }

    /// Forgets all messages.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Each message with its field.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        self.fields.iter().map(|(index, message)| (*index, message.as_str()))
    }
}

impl<E: Entity> Default for Record<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Entity> Record<E> {
    /// A new record with the declared defaults, not in the table yet.
    #[must_use]
    pub fn new() -> Self {
        Self::from_entity(E::blank())
    }

    /// A new record of an entity made by hand, not in the table yet.
    #[must_use]
    pub fn from_entity(entity: E) -> Self {
        let original = Some(Box::new(E::blank()));
        Self { entity, original, state: RecordState { is_new: true, ..RecordState::default() } }
    }

    /// The record of a row as it is in the table.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn from_stored(row: Row, hidden: FieldMask) -> Result<Self> {
        let state = RecordState { hidden, ..RecordState::default() };
        Ok(Self { entity: E::from_row(row)?, original: None, state })
    }

    /// Is it not in the table yet?
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.state.is_new
    }

    /// Was it deleted?
    #[must_use]
    pub const fn is_deleted(&self) -> bool {
        self.state.is_deleted
    }

    /// The entity as it is in the table; for a new record, with the declared defaults.
    #[must_use]
    pub fn original(&self) -> &E {
        self.original.as_deref().unwrap_or(&self.entity)
    }

    /// Is a field different from what is in the table?
    #[must_use]
    pub fn changed<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> bool {
        let index = field(E::FIELDS).index();
        self.entity.get(index) != self.original().get(index)
    }

    /// Is any field different from what is in the table?
    #[must_use]
    pub fn is_changed(&self) -> bool {
        // Not what is related: that is no part of the row.
        let differs =
            |original: &E| (0..E::meta().fields.len()).any(|index| original.get(index) != self.entity.get(index));
        self.original.as_deref().is_some_and(differs)
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::of(E::meta(), |index| self.entity.get(index))
    }

    /// The id that the row has in the table.
    #[must_use]
    pub fn original_id(&self) -> Id {
        Id::of(E::meta(), |index| self.original().get(index))
    }

    /// What people read of a field: as its `display` says, else an enum's label, else its text.
    #[must_use]
    pub fn display<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> String {
        let column = field(E::FIELDS);
        column.meta().display(&self.entity.get(column.index()))
    }

    /// What is wrong with it, by field.
    #[must_use]
    pub const fn errors(&self) -> &Errors {
        &self.state.errors
    }

    /// What is wrong with one field.
    #[must_use]
    pub fn error<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> Option<&str> {
        self.state.errors.get(field(E::FIELDS).index())
    }

    /// Says what is wrong with a field.
    pub fn set_error<T: FieldValue>(
        &mut self,
        field: impl FnOnce(E::Fields) -> Column<E, T>,
        message: impl Into<String>,
    ) {
        let index = field(E::FIELDS).index();
        self.state.errors.remove(index);
        self.state.errors.add(index, crate::validate::own(message.into()));
    }

    /// What a record knows beside its values.
    #[must_use]
    pub const fn state(&self) -> &RecordState {
        &self.state
    }

    /// What a record knows beside its values, to be changed.
    #[doc(hidden)]
    pub const fn state_mut(&mut self) -> &mut RecordState {
        &mut self.state
    }

    /// Inserts it where it is new, updates it otherwise. Afterwards it is as it is in the table.
    ///
    /// In the browser it is validated first, and nothing is sent where something is wrong.
    ///
    /// # Errors
    /// 400 with messages at fields, also in [`Record::errors`]; 401, 403, 404; 409 where somebody else was first.
    pub async fn save(&mut self) -> Result<()>
    where
        E: Stored,
    {
        repository::save(self).await
    }

    /// Deletes its row. Where a hook prevents that the row is kept, the record stays as it is, and [`is_deleted`](Self::is_deleted) is false.
    ///
    /// # Errors
    /// 400 where a hook refuses; 401, 403, 404.
    pub async fn delete(&mut self) -> Result<()>
    where
        E: Stored,
    {
        repository::delete(self).await
    }

    /// Reads it anew from the table; unsaved values are lost.
    ///
    /// # Errors
    /// 404 where it is no longer there, or no longer for this identity.
    pub async fn reload(&mut self) -> Result<()>
    where
        E: Stored,
    {
        repository::reload(self).await
    }

    /// The value of a [`Lazy`](crate::Lazy) field. Where it is not loaded it is asked for now; it counts as unchanged then.
    ///
    /// # Errors
    /// 400 where the asker may not see it, 403 where they may not see it of this row; 404 where the row is no longer there, or no longer for this identity; 401, 503.
    pub async fn load<T: FieldValue>(
        &mut self,
        field: impl FnOnce(E::Fields) -> Column<E, crate::Lazy<T>>,
    ) -> Result<T> {
        let index = field(E::FIELDS).index();
        if self.entity.get(index).is_null() {
            let value = repository::load(E::meta(), self.original_id(), index).await?;
            for entity in std::iter::once(&mut self.entity).chain(self.original.as_deref_mut()) {
                entity.set(index, value.clone()).map_err(|error| repository::unfit(E::meta(), Some(index), &error))?;
            }
        }
        T::from_value(self.entity.get(index)).map_err(|error| repository::unfit(E::meta(), Some(index), &error))
    }

    /// Puts every field back to what is in the table and forgets the errors.
    pub fn undo(&mut self) {
        if self.state.is_new {
            self.entity = self.original().clone();
        } else if let Some(original) = self.original.take() {
            self.entity = *original;
        }
        self.state.errors.clear();
    }

    /// Asks the validators of every field and the entity's `validation`; the answers are in [`Record::errors`]. `unique` and `exists` ask the
    /// API here, as far as whoever is signed in may ask that; a save leaves them to the server.
    ///
    /// # Errors
    /// 400 where something is wrong, with the messages.
    pub async fn validate(&mut self) -> Result<()> {
        validate::any(self).await
    }

    pub(crate) fn set_stored(&mut self, entity: E, hidden: FieldMask) {
        let mut before = std::mem::replace(&mut self.entity, entity);
        if !self.state.is_new {
            keep_loaded(&mut self.entity, &before, self.original.as_deref());
        }
        for relation in E::meta().relations {
            self.entity.take_related(relation.index, &mut before);
        }
        self.original.get_or_insert_with(|| Box::new(before));
        self.forget_moved();
        self.original = None;
        self.state = RecordState { hidden, ..RecordState::default() };
    }

    /// What was loaded of a relation stays, unless its key is another one than when it was loaded.
    fn forget_moved(&mut self) {
        let Some(original) = &self.original else { return };
        for relation in E::meta().relations {
            if relation.keys.iter().any(|(own, _)| original.get(*own) != self.entity.get(*own)) {
                self.entity.take_related(relation.index, &mut E::blank());
            }
        }
    }

    /// The fields that may leave the server: not hidden, and readable by whoever the context is for.
    pub(crate) fn visible_fields(&self) -> FieldMask {
        serde::visible(self)
    }
}

/// What was loaded of lazy fields stays, where it is as it is in the table and did not come anew.
fn keep_loaded<E: Entity>(entity: &mut E, before: &E, original: Option<&E>) {
    for index in E::meta().lazy_fields().iter() {
        let loaded = before.get(index);
        if entity.get(index).is_null() && original.is_none_or(|original| original.get(index) == loaded) {
            // It was in a record of the same entity, so it fits.
            let _ = entity.set(index, loaded);
        }
    }
}

impl<E: Entity> From<E> for Record<E> {
    fn from(entity: E) -> Self {
        Self::from_entity(entity)
    }
}

impl<E> Deref for Record<E> {
    type Target = E;
    fn deref(&self) -> &E {
        &self.entity
    }
}

impl<E: Entity> DerefMut for Record<E> {
    fn deref_mut(&mut self) -> &mut E {
        if self.original.is_none() {
            self.original = Some(Box::new(self.entity.clone()));
        }
        &mut self.entity
    }
}

impl<E: Entity> PartialEq for Record<E> {
    fn eq(&self, other: &Self) -> bool {
        self.entity == other.entity && self.original() == other.original() && self.state == other.state
    }
}

/// Shows the values, but those of fields that the API never reads, and passwords: they do not belong in a log.
impl<E: Entity> fmt::Debug for Record<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meta = E::meta();
        let mut debug = f.debug_struct(meta.rust_name);
        for (index, field) in meta.fields.iter().enumerate() {
            match guard::is_secret(field) || field.input == Some("password") {
                true => debug.field(field.name, &format_args!("…")),
                false => debug.field(field.name, &format_args!("{}", crate::json::to_json(&self.entity.get(index)))),
            };
        }
        debug.field("is_new", &self.is_new()).field("is_changed", &self.is_changed());
        if !self.state.errors.is_empty() {
            debug.field("errors", &self.state.errors);
        }
        debug.finish()
    }
}
