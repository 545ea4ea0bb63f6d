//! `saving_many`: one call for all records that are written together.

use super::{EventState, Hooks, LifecycleEvent};
use crate::future::BoxFuture;
use crate::record::{AnyRecord, Record};
use crate::{Error, Result};

/// Runs `saving_many` for records without their type.
pub type SavingMany = for<'a, 'b> fn(&'a mut [&'b mut dyn AnyRecord], &'a mut EventState) -> BoxFuture<'a, Result<()>>;

/// Runs the `saving_many` of an entity.
pub(super) fn saving_many<'a, E: Hooks>(
    records: &'a mut [&mut dyn AnyRecord],
    event: &'a mut EventState,
) -> BoxFuture<'a, Result<()>> {
    // The hook is given the records side by side; here they are wherever somebody has them. They are moved there and back.
    Box::pin(async move {
        let mut together: Vec<Record<E>> = Vec::with_capacity(records.len());
        for record in records.iter_mut() {
            let typed = record.as_any_mut().downcast_mut::<Record<E>>();
            together.push(std::mem::take(typed.ok_or_else(|| Error::internal("a record is of another entity"))?));
        }
        let mut typed = LifecycleEvent::new(std::mem::take(event));
        let result = E::saving_many(&mut together, &mut typed).await;
        *event = typed.into_state();
        for (record, changed) in records.iter_mut().zip(together) {
            if let Some(typed) = record.as_any_mut().downcast_mut::<Record<E>>() {
                *typed = changed;
            }
        }
        result
    })
}
