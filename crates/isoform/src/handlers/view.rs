//! Through what a handler looks at an operation: an entity with its type, or none.

use crate::Result;
use crate::entity::Entity;
use crate::record::{AnyRecord, Record};
use crate::repository::typed;

/// How records look to a handler: of an entity `E` they are `Record<E>`, for [`Any`] they are `Box<dyn AnyRecord>`.
pub trait View: Clone + Send + Sync + 'static {
    /// A record.
    type Record: Clone + Send + Sync + 'static;

    /// The record with the view's type.
    ///
    /// # Errors
    /// Where it is one of another entity.
    #[doc(hidden)]
    fn record(record: Box<dyn AnyRecord>) -> Result<Self::Record>;

    /// The record without its type.
    #[doc(hidden)]
    fn any(record: Self::Record) -> Box<dyn AnyRecord>;
}

/// No entity in particular: what the handlers for all entities (`*`) look through.
#[derive(Clone, Copy, Debug)]
pub struct Any;

impl View for Any {
    type Record = Box<dyn AnyRecord>;

    fn record(record: Box<dyn AnyRecord>) -> Result<Self::Record> {
        Ok(record)
    }

    fn any(record: Self::Record) -> Box<dyn AnyRecord> {
        record
    }
}

impl<E: Entity> View for E {
    type Record = Record<E>;

    fn record(record: Box<dyn AnyRecord>) -> Result<Self::Record> {
        typed(record)
    }

    fn any(record: Self::Record) -> Box<dyn AnyRecord> {
        Box::new(record)
    }
}

impl Clone for Box<dyn AnyRecord> {
    fn clone(&self) -> Self {
        self.copy()
    }
}
