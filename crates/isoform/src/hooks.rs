//! Lifecycle hooks: what runs around the writes of an entity, wherever a write comes from.

use std::future::Future;
use std::marker::PhantomData;

use crate::Result;
use crate::entity::{Column, Entity};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::record::{Errors, Record};
use crate::value::FieldValue;

/// A moment in the life of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Is the record right? In the browser and on the server.
    Validation,
    /// Before the row is written. On the server.
    Saving,
    /// After the row was written, in the same transaction. On the server.
    Saved,
    /// Before the row is deleted. On the server.
    Deleting,
    /// After the row was deleted, in the same transaction. On the server.
    Deleted,
}

/// Which hooks an entity has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookSet {
    /// `validation`
    pub validation: bool,
    /// `saving`
    pub saving: bool,
    /// `saved`
    pub saved: bool,
    /// `deleting`
    pub deleting: bool,
    /// `deleted`
    pub deleted: bool,
}

impl HookSet {
    /// None.
    pub const NONE: Self = Self { validation: false, saving: false, saved: false, deleting: false, deleted: false };
    /// All.
    pub const ALL: Self = Self { validation: true, saving: true, saved: true, deleting: true, deleted: true };

    /// Is there one that a save runs?
    #[must_use]
    pub const fn around_save(self) -> bool {
        self.validation || self.saving || self.saved
    }

    /// Is there none but `validation`?
    #[doc(hidden)]
    #[must_use]
    pub const fn only_validation(self) -> bool {
        !(self.saving || self.saved || self.deleting || self.deleted)
    }

    /// Is there one that a deletion runs?
    #[must_use]
    pub const fn around_delete(self) -> bool {
        self.deleting || self.deleted
    }
}

/// What `#[entity(hooks)]` promises: that there is an `impl Hooks`.
#[diagnostic::on_unimplemented(
    message = "the hooks of `{Self}` would never run",
    label = "say `hooks` in #[entity(…)] of this struct",
    note = "without it the entity does not know that it has hooks"
)]
pub trait DeclaresHooks {}

/// The lifecycle hooks of an entity. Write `#[hooks]` above the `impl` and `hooks` in `#[entity(…)]`.
///
/// `validation` runs in the browser and on the server; the bodies of the others are compiled for the server only.
/// Each runs inside the transaction of its write; an error from any, returned or set on a field, undoes it all.
///
/// ```
/// # use isoform::prelude::*;
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "notes", allow(crud = true), hooks)]
/// pub struct Note { #[field(id)] pub id: Uuid, pub text: String, pub owner: String }
///
/// #[hooks]
/// impl Hooks for Note {
///     async fn validation(note: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
///         if note.text.starts_with('?') { e.error(|n| n.text, "a note is not a question"); }
///         Ok(())
///     }
///     async fn saving(note: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
///         if e.is_new() { note.owner = Identity::current()?.id; }
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` says `hooks`, but has none",
    label = "there is no `impl Hooks for {Self}`",
    note = "write it, with #[hooks] above it, or leave `hooks` out of #[entity(…)]"
)]
pub trait Hooks: Entity + DeclaresHooks {
    /// Which of the hooks are there. Where this is missing, `#[hooks]` is missing above the `impl`: it writes this, and keeps the
    /// bodies that are the server's out of the browser.
    const WRITTEN_BY_THE_HOOKS_ATTRIBUTE: HookSet;

    /// Is the record right? Set errors with [`LifecycleEvent::error`]. Runs after the validators of the fields.
    fn validation(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// Before the row is written: change the record as you like.
    fn saving(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// After the row was written, in the same transaction. The originals are still those from before.
    fn saved(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// Before the row is deleted.
    fn deleting(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// After the row was deleted, in the same transaction.
    fn deleted(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// Runs one hook: for the derive.
    #[doc(hidden)]
    fn dispatch<'a>(
        record: &'a mut Record<Self>,
        hook: Hook,
        event: &'a mut LifecycleEvent<Self>,
    ) -> BoxFuture<'a, Result<()>> {
        match hook {
            Hook::Validation => Box::pin(Self::validation(record, event)),
            #[cfg(not(target_arch = "wasm32"))]
            Hook::Saving => Box::pin(Self::saving(record, event)),
            #[cfg(not(target_arch = "wasm32"))]
            Hook::Saved => Box::pin(Self::saved(record, event)),
            #[cfg(not(target_arch = "wasm32"))]
            Hook::Deleting => Box::pin(Self::deleting(record, event)),
            #[cfg(not(target_arch = "wasm32"))]
            Hook::Deleted => Box::pin(Self::deleted(record, event)),
            #[cfg(target_arch = "wasm32")]
            _ => crate::future::ready(Ok(())),
        }
    }
}

/// What is happening to a record, for its hooks.
pub struct LifecycleEvent<E> {
    state: EventState,
    entity: PhantomData<fn() -> E>,
}

/// What is happening to a record, without its type.
#[derive(Clone, Debug, Default)]
pub struct EventState {
    pub(crate) is_new: bool,
    pub(crate) id: Id,
    pub(crate) original_id: Id,
    pub(crate) prevented: bool,
    pub(crate) errors: Errors,
}

impl<E: Entity> LifecycleEvent<E> {
    pub(crate) fn new(state: EventState) -> Self {
        Self { state, entity: PhantomData }
    }

    pub(crate) fn into_state(self) -> EventState {
        self.state
    }

    /// Is the record being inserted, not updated?
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.state.is_new
    }

    /// The id that the row will have.
    #[must_use]
    pub const fn id(&self) -> &Id {
        &self.state.id
    }

    /// The id that the row has in the table.
    #[must_use]
    pub const fn original_id(&self) -> &Id {
        &self.state.original_id
    }

    /// Says what is wrong with a field. The write is refused with 400 once the hook has ended.
    pub fn error<T: FieldValue>(&mut self, field: impl FnOnce(E::Fields) -> Column<E, T>, message: impl Into<String>) {
        self.state.errors.add(field(E::FIELDS).index(), message);
    }

    /// In `saving`: nothing is written, the record is read anew. In `deleting`: nothing is deleted.
    pub const fn prevent_default(&mut self) {
        self.state.prevented = true;
    }
}
