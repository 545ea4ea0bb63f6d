//! A record in a signal: usable while it is changed, saved and called.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use isoform::guard::Write;
use isoform::{AnyRecord, Column, Entity, Error, FieldValue, Record, Result, Stored, Value, rights, validate};
use leptos::prelude::*;

use crate::field::{Field, Shared};

/// A [`Record`] in a signal, with what is under way and what went wrong; a handle that can be copied.
///
/// Each field that is read through it is memoised: changing one field redraws only that one, and when the server's
/// answer replaces the record only what differs is redrawn.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # use isoform_leptos::{RecordSignal, TextField};
/// # use leptos::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "tasks", allow(crud = true))]
/// # pub struct Task { #[field(id)] pub id: Uuid, pub title: String, pub completed: bool }
/// # #[component]
/// # fn Row(record: Record<Task>) -> impl IntoView {
/// let task = RecordSignal::new(record);
/// let completed = task.value(|t| t.completed);
/// view! {
///     <TextField of=task.field(|t| t.title) />
///     <button
///         aria-busy=move || task.pending().to_string()
///         on:click=move |_| task.call(async |t| { t.completed = !t.completed; t.save().await })
///     >
///         {move || if completed.get() { "Reopen" } else { "Done" }}
///     </button>
///     {move || task.error().map(|error| view! { <p role="alert">{error.message().to_owned()}</p> })}
/// }
/// # }
/// ```
pub struct RecordSignal<E> {
    record: RwSignal<Record<E>>,
    shared: Shared,
    /// Calls that wait for the one under way.
    waiting: StoredValue<Vec<Waker>>,
}

impl<E> Clone for RecordSignal<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for RecordSignal<E> {}

impl<E> std::fmt::Debug for RecordSignal<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordSignal").finish_non_exhaustive()
    }
}

impl<E: Entity> From<Record<E>> for RecordSignal<E> {
    fn from(record: Record<E>) -> Self {
        Self::new(record)
    }
}

/// A record whose signal is owned elsewhere: the list keeps its rows' records.
impl<E: Entity> From<ArcRwSignal<Record<E>>> for RecordSignal<E> {
    fn from(record: ArcRwSignal<Record<E>>) -> Self {
        Self::of(record.into())
    }
}

/// What is to happen when a call has ended well; it gets the record as it is then.
type Then<E> = Box<dyn FnOnce(&Record<E>)>;

/// A call under way: it answers the record as the call left it.
type Call<E> = Pin<Box<dyn Future<Output = (Record<E>, Result<Then<E>>)>>>;

impl<E: Entity> RecordSignal<E> {
    /// A signal of a record: `RecordSignal::new(Record::new())` for one to be added.
    #[must_use]
    pub fn new(record: Record<E>) -> Self {
        Self::of(RwSignal::new(record))
    }

    fn of(record: RwSignal<Record<E>>) -> Self {
        Self { record, shared: Shared::new(E::meta(), Arc::new(record)), waiting: StoredValue::new(Vec::new()) }
    }

    /// One field, for an input: `task.field(|t| t.title)`.
    #[must_use]
    pub fn field<T: FieldValue>(self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> Field<T> {
        Field::new(self.shared, field(E::FIELDS).index())
    }

    /// The value of one field, memoised: `task.value(|t| t.title).get()`.
    #[must_use]
    pub fn value<T: FieldValue>(self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> Signal<T> {
        self.field(field).value()
    }

    /// The record.
    #[must_use]
    pub fn get(self) -> Record<E> {
        self.record.get()
    }

    /// The record, without following changes.
    #[must_use]
    pub fn get_untracked(self) -> Record<E> {
        self.record.get_untracked()
    }

    /// Looks at the record.
    pub fn with<R>(self, look: impl FnOnce(&Record<E>) -> R) -> R {
        self.record.with(look)
    }

    /// Changes the record; nothing is saved.
    pub fn update(self, change: impl FnOnce(&mut Record<E>)) {
        self.record.update(change);
    }

    /// Replaces the record and forgets what went wrong with the old one. A call that is under way goes on with the old one; what
    /// it answers does not touch the new one.
    pub fn set(self, record: Record<E>) {
        self.shared.replace();
        self.record.set(record);
    }

    /// Is the record not in the table yet?
    #[must_use]
    pub fn is_new(self) -> bool {
        self.record.with(Record::is_new)
    }

    /// Is any field different from what is in the table, or holds an input something that cannot be read?
    #[must_use]
    pub fn is_changed(self) -> bool {
        self.record.with(Record::is_changed) || self.shared.has_unread()
    }

    /// May whoever is signed in add the record, as it is now? Advice for the page, as are the next two: the server asks again.
    #[must_use]
    pub fn can_insert(self) -> bool {
        self.can(Write::Insert)
    }

    /// May whoever is signed in change the record, as it is in the table?
    #[must_use]
    pub fn can_update(self) -> bool {
        self.can(Write::Update)
    }

    /// May whoever is signed in delete the record, as it is in the table?
    #[must_use]
    pub fn can_delete(self) -> bool {
        self.can(Write::Delete)
    }

    fn can(self, write: Write) -> bool {
        self.shared.asks(&mut |identity, record| rights::can(identity, write, record))
    }

    /// Is a call under way?
    #[must_use]
    pub fn pending(self) -> bool {
        self.shared.pending.get()
    }

    /// What went wrong at the last call, whether or not fields are at fault.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        self.shared.error.get()
    }

    /// What went wrong at the last call and is not shown at a field by an input.
    #[must_use]
    pub fn form_error(self) -> Option<String> {
        self.shared.form_error()
    }

    /// Puts every field back to what is in the table and forgets the errors.
    pub fn undo(self) {
        self.shared.forget();
        self.record.update(Record::undo);
    }

    /// Asks the server for the record as it is in the table; unsaved values are lost.
    pub fn reload(self)
    where
        E: Stored,
    {
        self.shared.forget();
        self.call(async |record| record.reload().await);
    }

    /// Saves the record. What is wrong is shown at the fields and in [`RecordSignal::error`].
    pub fn save(self)
    where
        E: Stored,
    {
        self.call(async |record| record.save().await);
    }

    /// Saves the record, and then does something with it as it is in the table.
    pub fn save_then(self, then: impl FnOnce(&Record<E>) + 'static)
    where
        E: Stored,
    {
        self.start(|mut record| {
            Box::pin(async move {
                let result = record.save().await;
                (record, result.map(|()| Box::new(then) as Then<E>))
            })
        });
    }

    /// Deletes the record's row. Where a hook has kept it that is an error, "It was kept.": see [`RecordSignal::error`].
    pub fn delete(self)
    where
        E: Stored,
    {
        self.call(async |record| {
            record.delete().await?;
            if record.is_deleted() { Ok(()) } else { Err(Error::invalid("It was kept.")) }
        });
    }

    /// Deletes the record's row, and then does something, told whether it was deleted: false where a hook has kept it, which is no error
    /// here. The hook may have done something else instead, such as putting it into an archive.
    pub fn delete_then(self, then: impl FnOnce(bool) + 'static)
    where
        E: Stored,
    {
        self.start(|mut record| {
            Box::pin(async move {
                let result = record.delete().await;
                (record, result.map(|()| Box::new(|record: &Record<E>| then(record.is_deleted())) as Then<E>))
            })
        });
    }

    /// Calls something on the record, usually a backend method: `task.call(async |t| t.toggle_completed().await)`.
    ///
    /// It works on a copy, which replaces the record at the end; what was typed meanwhile stays. One call is under way
    /// at a time: while [`RecordSignal::pending`] a second one is ignored. Messages at fields, and what the record
    /// carries of them, are shown by the inputs; [`RecordSignal::error`] has the error whole.
    pub fn call<R: 'static>(self, call: impl AsyncFnOnce(&mut Record<E>) -> Result<R> + 'static) {
        self.call_then(call, drop);
    }

    /// As [`RecordSignal::call`], and then does something with the result, unless something is wrong with the record: a method may say
    /// what is wrong with fields and answer all the same. That is an error as any other.
    pub fn call_then<R: 'static>(
        self,
        call: impl AsyncFnOnce(&mut Record<E>) -> Result<R> + 'static,
        then: impl FnOnce(R) + 'static,
    ) {
        self.start(|mut record| {
            Box::pin(async move {
                // What was wrong before is not of this call.
                record.state_mut().errors_mut().clear();
                let result = call(&mut record).await;
                let result = result.and_then(|answer| validate::outcome(&record).map(|()| answer));
                (record, result.map(|answer| Box::new(|_: &_| then(answer)) as Then<E>))
            })
        });
    }

    /// As [`RecordSignal::call`], for clicks that each count: while another call is under way this one waits, in turn, and works on
    /// the record as that has left it.
    pub fn call_in_turn<R: 'static>(self, call: impl AsyncFnOnce(&mut Record<E>) -> Result<R> + 'static) {
        leptos::task::spawn_local(async move {
            if self.turn().await {
                self.call(call);
            }
        });
    }

    /// Waits until no call is under way; false where the page is gone.
    fn turn(self) -> impl Future<Output = bool> {
        poll_fn(move |task| match self.shared.pending.try_get_untracked() {
            Some(true) => {
                self.waiting.try_update_value(|waiting| waiting.push(task.waker().clone()));
                Poll::Pending
            }
            free => Poll::Ready(free.is_some()),
        })
    }

    fn start(self, call: impl FnOnce(Record<E>) -> Call<E> + 'static) {
        if let Some(running) = self.begin(Box::new(call)) {
            leptos::task::spawn_local(running);
        }
    }

    fn begin(self, call: Box<dyn FnOnce(Record<E>) -> Call<E>>) -> Option<Pin<Box<dyn Future<Output = ()>>>> {
        let record = self.record.try_get_untracked()?;
        if !self.shared.begin() {
            return None;
        }
        let finish = self.finish(record.clone(), self.shared.replaced()?, call(record));
        Some(Box::pin(async move {
            finish.await;
            let waiting = self.waiting.try_update_value(std::mem::take);
            waiting.into_iter().flatten().for_each(Waker::wake);
        }))
    }

    async fn finish(self, before: Record<E>, replaced: u32, call: Call<E>) {
        let (mut after, result) = call.await;
        let Some(replaced_since) = self.shared.replaced() else { return };
        if replaced_since != replaced {
            self.shared.pending.try_set(false);
            if let Ok(then) = result {
                then(&after);
            }
            return;
        }
        let Some(result) = self.shared.end(result) else { return };
        // A copy: `then` may well replace the record.
        self.record.update(|now| {
            keep_typed(&mut after, &before, now);
            now.clone_from(&after);
        });
        if let Some(then) = result {
            then(&after);
        }
    }
}

/// What was typed while a call was under way stays. What differs because the record came anew from the server was not typed.
fn keep_typed(after: &mut dyn AnyRecord, before: &dyn AnyRecord, now: &dyn AnyRecord) {
    for index in 0..now.meta().fields.len() {
        let value = now.get(index);
        if value != before.get(index) && value != now.original(index) {
            // It was in a record of the same entity, so it fits.
            let _ = after.set(index, value);
        }
    }
}

/// A signal of a record whose type is forgotten.
pub(crate) trait RecordCell: Send + Sync {
    /// Looks at the record, following its changes.
    fn look(&self, look: &mut dyn FnMut(&dyn AnyRecord));

    /// Looks at the record without following it.
    fn peek(&self, look: &mut dyn FnMut(&dyn AnyRecord));

    /// Changes the record.
    fn change(&self, change: &mut dyn FnMut(&mut dyn AnyRecord));
}

/// Of a page that is gone nothing is read and nothing changed.
impl<E: Entity> RecordCell for RwSignal<Record<E>> {
    fn look(&self, look: &mut dyn FnMut(&dyn AnyRecord)) {
        let _ = self.try_with(|record| look(record));
    }

    fn peek(&self, look: &mut dyn FnMut(&dyn AnyRecord)) {
        let _ = self.try_with_untracked(|record| look(record));
    }

    fn change(&self, change: &mut dyn FnMut(&mut dyn AnyRecord)) {
        let _ = self.try_update(|record| change(record));
    }
}

impl dyn RecordCell {
    pub fn value(&self, field: usize) -> Value {
        let mut value = Value::Null;
        self.look(&mut |record| value = record.get(field));
        value
    }

    pub fn peek_value(&self, field: usize) -> Value {
        let mut value = Value::Null;
        self.peek(&mut |record| value = record.get(field));
        value
    }

    pub fn error(&self, field: usize) -> Option<String> {
        let mut error = None;
        self.look(&mut |record| error = record.state().errors().get(field).map(str::to_owned));
        error
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
