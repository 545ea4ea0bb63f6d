//! Records without their type: what everything that is written once for all entities works with.

use std::any::Any;
use std::sync::Arc;

use super::{Record, RecordState};
use crate::Result;
use crate::entity::Entity;
use crate::future::BoxFuture;
use crate::hooks::{EventState, Hook, LifecycleEvent};
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::value::{Row, Value, ValueError};

/// A [`Record`] of some entity.
pub trait AnyRecord: Send + Sync {
    /// The entity.
    fn meta(&self) -> &'static EntityMeta;

    /// The value of a field.
    fn get(&self, index: usize) -> Value;

    /// The value that a field has in the table.
    fn original(&self, index: usize) -> Value;

    /// Was it borrowed to be changed, since it was as it is in the table?
    fn was_borrowed(&self) -> bool;

    /// Sets a field.
    ///
    /// # Errors
    /// Where the value does not fit the field's type.
    fn set(&mut self, index: usize, value: Value) -> Result<(), ValueError>;

    /// What the record knows beside its values.
    fn state(&self) -> &RecordState;

    /// What the record knows beside its values, to be changed.
    fn state_mut(&mut self) -> &mut RecordState;

    /// Replaces everything with a row as it is in the table.
    ///
    /// # Errors
    /// Where the row does not fit the entity.
    fn set_stored(&mut self, row: Row, hidden: FieldMask) -> Result<()>;

    /// Its values are in the table now.
    fn mark_stored(&mut self);

    /// Its row is no longer in the table.
    fn mark_deleted(&mut self);

    /// Takes over the loaded records of a relation, by its position. That changes nothing of the row.
    fn relate(&mut self, relation: usize, related: Vec<Arc<dyn AnyRecord>>);

    /// The loaded records of a relation, by its position.
    fn related(&self, relation: usize) -> Option<Vec<&dyn AnyRecord>>;

    /// The record once more, with its state and what is loaded of its relations.
    #[cfg(not(target_arch = "wasm32"))]
    fn copy(&self) -> Box<dyn AnyRecord>;

    /// The record with its type.
    #[cfg(not(target_arch = "wasm32"))]
    fn into_typed(self: Box<Self>) -> Box<dyn Any>;

    /// The record with its type, shared.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;

    /// The record with its type, to be read.
    fn as_any(&self) -> &dyn Any;

    /// The record with its type, to be changed.
    fn as_any_mut(&mut self) -> &mut dyn Any;

    /// Runs a lifecycle hook of its entity.
    fn run_hook<'a>(&'a mut self, hook: Hook, event: &'a mut EventState) -> BoxFuture<'a, Result<()>>;

    /// Runs the `saving` function of a field.
    #[cfg(not(target_arch = "wasm32"))]
    fn run_field_saving<'a>(&'a mut self, field: usize, event: &'a mut EventState) -> BoxFuture<'a, Result<()>>;

    /// Computes a field that says `server_expression`.
    #[cfg(not(target_arch = "wasm32"))]
    fn run_server_expression(&self, field: usize) -> BoxFuture<'_, Result<Value>>;
}

impl dyn AnyRecord + '_ {
    /// The id.
    #[must_use]
    pub fn id(&self) -> Id {
        Id::of(self.meta(), |index| self.get(index))
    }

    /// The id that the row has in the table.
    #[must_use]
    pub fn original_id(&self) -> Id {
        Id::of(self.meta(), |index| self.original(index))
    }

    /// The fields that differ from what is in the table.
    #[must_use]
    pub fn changed_fields(&self) -> FieldMask {
        if !self.was_borrowed() {
            return FieldMask::NONE;
        }
        (0..self.meta().fields.len()).filter(|index| self.get(*index) != self.original(*index)).collect()
    }

    /// The record as it is in the table, where that is something else.
    #[must_use]
    pub fn as_stored(&self) -> Option<Box<dyn AnyRecord>> {
        if self.state().is_new || self.changed_fields().is_empty() {
            return None;
        }
        let mut stored = (self.meta().new_record)();
        let row = (0..self.meta().fields.len()).map(|index| self.original(index)).collect();
        // What was in a record of the entity fits one.
        stored.set_stored(row, self.state().hidden).ok()?;
        Some(stored)
    }

    /// All values, in the order of the fields.
    #[must_use]
    pub fn row(&self) -> Row {
        (0..self.meta().fields.len()).map(|index| self.get(index)).collect()
    }
}

impl<E: Entity> AnyRecord for Record<E> {
    fn meta(&self) -> &'static EntityMeta {
        E::meta()
    }

    fn get(&self, index: usize) -> Value {
        self.entity.get(index)
    }

    fn original(&self, index: usize) -> Value {
        Self::original(self).get(index)
    }

    fn was_borrowed(&self) -> bool {
        self.original.is_some()
    }

    fn set(&mut self, index: usize, value: Value) -> Result<(), ValueError> {
        (**self).set(index, value)
    }

    fn state(&self) -> &RecordState {
        &self.state
    }

    fn state_mut(&mut self) -> &mut RecordState {
        &mut self.state
    }

    fn set_stored(&mut self, row: Row, hidden: FieldMask) -> Result<()> {
        Self::set_stored(self, E::from_row(row)?, hidden);
        Ok(())
    }

    fn mark_stored(&mut self) {
        self.forget_moved();
        self.original = None;
        self.state.is_new = false;
        self.state.is_written = false;
        self.state.errors.clear();
    }

    fn mark_deleted(&mut self) {
        self.state.is_deleted = true;
    }

    fn relate(&mut self, relation: usize, related: Vec<Arc<dyn AnyRecord>>) {
        self.entity.relate(relation, related);
    }

    fn related(&self, relation: usize) -> Option<Vec<&dyn AnyRecord>> {
        self.entity.related(relation)
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn copy(&self) -> Box<dyn AnyRecord> {
        Box::new(self.clone())
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn into_typed(self: Box<Self>) -> Box<dyn Any> {
        self
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn run_hook<'a>(&'a mut self, hook: Hook, event: &'a mut EventState) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut typed = LifecycleEvent::new(std::mem::take(event));
            let result = E::run_hook(self, hook, &mut typed).await;
            *event = typed.into_state();
            result
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn run_field_saving<'a>(&'a mut self, field: usize, event: &'a mut EventState) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut typed = LifecycleEvent::new(std::mem::take(event));
            let result = E::run_field_saving(self, field, &mut typed).await;
            *event = typed.into_state();
            result
        })
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn run_server_expression(&self, field: usize) -> BoxFuture<'_, Result<Value>> {
        E::run_server_expression(self, field)
    }
}
