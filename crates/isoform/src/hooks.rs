//! Lifecycle hooks: what runs around the writes of an entity, wherever a write comes from.

#[cfg(not(target_arch = "wasm32"))]
mod many;
pub(crate) mod running;

use std::future::Future;
use std::marker::PhantomData;

#[cfg(not(target_arch = "wasm32"))]
pub use many::SavingMany;

use crate::Result;
use crate::context::Context;
use crate::controller::Stored;
use crate::entity::{Column, Entity};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::record::{Errors, Record};
use crate::repository::{Repository, repo};
use crate::value::FieldValue;

/// A moment in the life of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Is the record right? In the browser and on the server.
    Validation,
    /// Before the row is written. On the server.
    Saving,
    /// Before rows are written that are written together. On the server.
    SavingMany,
    /// After the row was written, in the same transaction. On the server.
    Saved,
    /// Before the row is deleted. On the server.
    Deleting,
    /// After the row was deleted, in the same transaction. On the server.
    Deleted,
}

impl Hook {
    /// Its name, as an entity writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Saving => "saving",
            Self::SavingMany => "saving_many",
            Self::Saved => "saved",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
        }
    }
}

/// Which hooks an entity has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HookSet {
    /// `validation`
    pub validation: bool,
    /// `saving`
    pub saving: bool,
    /// `saving_many`
    pub saving_many: bool,
    /// `saved`
    pub saved: bool,
    /// `deleting`
    pub deleting: bool,
    /// `deleted`
    pub deleted: bool,
}

impl HookSet {
    /// None.
    pub const NONE: Self =
        Self { validation: false, saving: false, saving_many: false, saved: false, deleting: false, deleted: false };
    /// All.
    pub const ALL: Self =
        Self { validation: true, saving: true, saving_many: true, saved: true, deleting: true, deleted: true };

    /// Is there one that a save runs?
    #[must_use]
    pub const fn around_save(self) -> bool {
        self.validation || self.saving || self.saving_many || self.saved
    }

    /// Is there none but `validation`?
    #[doc(hidden)]
    #[must_use]
    pub const fn only_validation(self) -> bool {
        !(self.saving || self.saving_many || self.saved || self.deleting || self.deleted)
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
/// Each runs inside the transaction of its write; an error from any, returned, set on a field or on the record, undoes it all.
///
/// A save asks, in this order: the validators of the fields, `validation`, the `saving` of each field (`#[field(saving = f)]`), `saving`;
/// then the row is written, and `saved` runs. Around a deletion there are `deleting` and `deleted`. They run for every write, wherever it comes
/// from: of one row or of many, an upsert, a batch, a backend method, another hook.
///
/// What a hook is given knows everything about the write: the *record*, with its unsaved values (`note.text`), what is in the table
/// (`note.original()`), its fields (`note.field(|n| n.text)`, `note.fields(…)`) and the repositories of its relations (`note.comments()`),
/// which work in the same transaction; and the *event*.
///
/// Do not save the record that a hook is given: what the hook changes is written. A hook that makes itself run again for the same record ends with an
/// error.
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

    /// Runs `saving_many` for records without their type: for the derive.
    #[cfg(not(target_arch = "wasm32"))]
    #[doc(hidden)]
    const SAVING_MANY: SavingMany = many::saving_many::<Self>;

    /// Is the record right? Set errors with [`LifecycleEvent::error`]. Runs after the validators of the fields.
    fn validation(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// Before the row is written: change the record as you like. Where rows are written together and there is a `saving_many`, that
    /// runs instead.
    fn saving(record: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> impl Future<Output = Result<()>> + Send {
        let _ = (record, e);
        std::future::ready(Ok(()))
    }

    /// Before rows are written that are written together, by `insert_many`, `update_many` or an array of the API: once for all of them,
    /// or, of updates, for up to 10,000 at a time. What is wrong with one is set on that record.
    ///
    /// It is `saving` for many. A single row, and each of an upsert, is given to `saving`; where there is none, it comes here alone.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "payments", allow(crud = true), hooks)]
    /// # pub struct Payment { #[field(id)] pub id: Uuid, pub account: String, pub rate: i64 }
    /// # async fn rates() -> Result<std::collections::HashMap<String, i64>> { Ok(Default::default()) }
    /// #[hooks]
    /// impl Hooks for Payment {
    ///     async fn saving_many(payments: &mut [Record<Self>], _: &mut LifecycleEvent<Self>) -> Result<()> {
    ///         let rates = rates().await?; // one question for all
    ///         for payment in payments {
    ///             match rates.get(&payment.account) {
    ///                 Some(rate) => payment.rate = *rate,
    ///                 None => payment.set_error(|p| p.account, "has no rate"),
    ///             }
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    fn saving_many(
        records: &mut [Record<Self>],
        e: &mut LifecycleEvent<Self>,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (records, e);
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
            Hook::SavingMany => Box::pin(Self::saving_many(std::slice::from_mut(record), event)),
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

    /// The id that the row will have: of a new row that the database counts up it is known in `saved`. In `saving_many` there is none.
    #[must_use]
    pub const fn id(&self) -> &Id {
        &self.state.id
    }

    /// The id that the row has in the table: another one than [`id`](Self::id) where that is changed.
    #[must_use]
    pub const fn original_id(&self) -> &Id {
        &self.state.original_id
    }

    /// Says what is wrong with a field. The write is refused with 400 once the hook has ended; where the hook returns an error, that has
    /// another status and code, and takes the message at the field along.
    pub fn error<T: FieldValue>(&mut self, field: impl FnOnce(E::Fields) -> Column<E, T>, message: impl Into<String>) {
        self.state.errors.add(field(E::FIELDS).index(), message);
    }

    /// Says what is wrong with the record as a whole, as a sentence: it comes first in the error's message. The write is refused as by
    /// [`error`](Self::error).
    pub fn record_error(&mut self, message: impl Into<String>) {
        self.state.errors.set_message(message);
    }

    /// Where the rows of the entity are: in the same transaction.
    #[must_use]
    pub fn repository(&self) -> Repository<E>
    where
        E: Stored,
    {
        repo::<E>()
    }

    /// What the framework knows about the entity.
    #[must_use]
    pub fn meta(&self) -> &'static EntityMeta {
        E::meta()
    }

    /// Who asks, on whose behalf, and the open transaction: trusted on the server.
    ///
    /// # Errors
    /// Where there is none: a record is validated outside of any.
    pub fn context(&self) -> Result<Context> {
        Context::current()
    }

    /// In `saving`: nothing is written, a record that is in the table is read anew from there, and a new one stays new. In `deleting`:
    /// nothing is deleted, and whoever asked for it is told so: [`Record::is_deleted`] stays false. Writes of many rows do not count such
    /// a row.
    /// `saved` and `deleted` run all the same.
    pub const fn prevent_default(&mut self) {
        self.state.prevented = true;
    }
}
