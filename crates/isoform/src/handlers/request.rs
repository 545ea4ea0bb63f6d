//! What a handler is given.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::event::{EntityEvent, Event, EventKind};
use super::exchange::Exchange;
use super::view::{Any, View};
use crate::Result;
use crate::context::Context;
use crate::entity::Entity;
use crate::identity::Identity;
use crate::meta::{EntityMeta, FieldMask};
use crate::record::IntoFields;

/// An operation that somebody asks the API for. It derefs to what the event is about: `request.item`, `request.query`.
pub struct Request<V: Event, E: View> {
    /// The handler's own context: trusted, in the transaction of the operation where that writes. It is the current one too,
    /// so that repositories find it.
    pub context: Context,
    entity: Option<&'static EntityMeta>,
    pub(super) trusted: FieldMask,
    pub(super) what: V::What<E>,
}

/// What goes on after a before handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// The operation, as the request asks for it now.
    Continue,
    /// Nothing: this is the answer. The operation and its after handlers are passed over.
    Answer(T),
}

/// How an operation ended: with its answer, or with an error.
pub type Outcome<V, E> = Result<<V as Event>::Answer<E>>;

impl<V: Event> Request<V, Any> {
    pub(super) const fn new(context: Context, entity: Option<&'static EntityMeta>, what: V::What<Any>) -> Self {
        Self { context, entity, trusted: FieldMask::NONE, what }
    }

    /// The fields that were trusted, and what is asked for.
    pub(crate) const fn parts(&self) -> (FieldMask, &V::What<Any>) {
        (self.trusted, &self.what)
    }

    /// Says that what handlers have set in these fields is the server's: see [`Request::trust`]. In a batch, which is about no one entity,
    /// it says nothing: see [`Steps`](super::Steps).
    pub fn trust_fields(&mut self, fields: FieldMask) {
        self.trusted = self.trusted.or(fields);
    }
}

impl<V: EntityEvent, E: Entity> Request<V, E> {
    /// Says that what handlers set in these fields is the server's and not the asker's: it is written even where the asker may
    /// not write them. Without it that is refused.
    pub fn trust<F: IntoFields<E>>(&mut self, fields: impl FnOnce(E::Fields) -> F) {
        self.trusted = self.trusted.or(fields(E::FIELDS).into_fields());
    }
}

impl<V: Event, E: View> Request<V, E> {
    /// The request, looked at in another way.
    pub(super) fn seen<B: View>(self) -> Result<Request<V, B>> {
        let Self { context, entity, trusted, what } = self;
        Ok(Request { context, entity, trusted, what: V::what::<E, B>(what)? })
    }

    pub(crate) fn copy(&self) -> Self {
        let Self { context, entity, trusted, what } = self;
        Self { context: context.clone(), entity: *entity, trusted: *trusted, what: what.clone() }
    }

    /// Which event this is.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        V::KIND
    }

    /// The entity that is addressed; none of a batch.
    #[must_use]
    pub const fn entity(&self) -> Option<&'static EntityMeta> {
        self.entity
    }

    /// The name of the application that is asked, as `Api::name` says it; `application`, where it says none.
    #[must_use]
    pub fn application(&self) -> &'static str {
        self.context.application()
    }

    /// Who asks, with their roles; nobody, where nobody is signed in.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.context.identity()
    }

    /// A header of the request; none of an operation that did not come over HTTP.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange().and_then(|exchange| exchange.header(name))
    }

    /// The headers of the request, by their names in small letters.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.exchange().into_iter().flat_map(|exchange| exchange.headers())
    }

    /// Gives the answer over HTTP a header. Of what did not come over HTTP, such as a rendered page's query, nothing is left of
    /// it.
    ///
    /// # Errors
    /// Where it is none that can be sent.
    pub fn set_header(&self, name: &str, value: &str) -> Result<()> {
        self.exchange().map_or(Ok(()), |exchange| exchange.set_header(name, value))
    }

    /// Gives the answer over HTTP another status, where it is no error: an error has its own.
    ///
    /// # Errors
    /// Where it is none from 200 to 399.
    pub fn set_status(&self, status: u16) -> Result<()> {
        self.exchange().map_or(Ok(()), |exchange| exchange.set_status(status))
    }

    fn exchange(&self) -> Option<&Arc<Exchange>> {
        self.context.exchange()
    }
}

impl<V: Event, E: View> Deref for Request<V, E> {
    type Target = V::What<E>;

    fn deref(&self) -> &Self::Target {
        &self.what
    }
}

impl<V: Event, E: View> DerefMut for Request<V, E> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.what
    }
}
