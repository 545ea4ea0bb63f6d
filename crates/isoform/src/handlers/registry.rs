//! Which handlers there are, and which of them run around an operation.

use std::any::Any as Erased;
use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::event::{EntityEvent, Event, EventKind};
use super::request::{Next, Outcome, Request};
use super::run::{self, After, AfterHandler, Before, BeforeHandler, Chain};
use super::view::Any;
use crate::controller::Stored;
use crate::entity::Entities;
use crate::meta::EntityMeta;
use crate::{Error, Result};

/// How long a handler may take unless another time is set.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Where a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum When {
    Before,
    After,
    Detached,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Detached => "detached, after",
        })
    }
}

/// Which operations a handler runs around: those of an entity, or, without one, of all.
#[derive(Clone, Copy)]
struct Around {
    kind: EventKind,
    entity: Option<&'static EntityMeta>,
    place: &'static Location<'static>,
}

impl Around {
    /// The key of its entity; of all it is empty, which is no key.
    fn key(&self) -> &'static str {
        self.entity.map_or("", |entity| entity.key)
    }
}

impl fmt::Display for Around {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.kind, self.entity.map_or("*", |entity| entity.key))
    }
}

/// What runs before and after the operations that the API is asked for: see [the module](super).
///
/// A handler is an async closure or function. It belongs to an event and an entity, or to an event and all entities, and
/// there is one of each kind at most: a second one stops the start-up, with both places named, and so does one for an entity
/// that is not served.
#[derive(Clone, Default)]
#[must_use = "handlers do nothing until they are given to `Api::handlers`"]
pub struct Handlers {
    list: Vec<(When, Around, Handler)>,
    chained: Vec<Around>,
    limit: Option<Duration>,
}

impl Handlers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long each handler may take: 5 seconds unless set. One that takes longer is that request's 500. Writes hold the
    /// transaction meanwhile, and some databases have one writer.
    pub const fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Before an operation of an entity: changes the request, answers instead, or refuses.
    #[track_caller]
    pub fn before<V: EntityEvent, E: Stored>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, E>) -> Result<Next<V::Answer<E>>>
        + for<'a> BeforeHandler<'a, V, E>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: Some(E::meta()), place: Location::caller() };
        self.with::<V>(When::Before, around, run::before::<V, E>(handler))
    }

    /// Before an operation of any entity that has no handler of its own for it.
    #[track_caller]
    pub fn before_any<V: Event>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, Any>) -> Result<Next<V::Answer<Any>>>
        + for<'a> BeforeHandler<'a, V, Any>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: None, place: Location::caller() };
        self.with::<V>(When::Before, around, run::before::<V, Any>(handler))
    }

    /// After an operation of an entity: is given the result or the error, and changes or replaces it.
    #[track_caller]
    pub fn after<V: EntityEvent, E: Stored>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, E>, &mut Outcome<V, E>) -> Result<()>
        + for<'a> AfterHandler<'a, V, E>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: Some(E::meta()), place: Location::caller() };
        self.with::<V>(When::After, around, run::after::<V, E>(handler))
    }

    /// After an operation of any entity that has no handler of its own for it.
    #[track_caller]
    pub fn after_any<V: Event>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, Any>, &mut Outcome<V, Any>) -> Result<()>
        + for<'a> AfterHandler<'a, V, Any>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: None, place: Location::caller() };
        self.with::<V>(When::After, around, run::after::<V, Any>(handler))
    }

    /// Once an operation of an entity is over, in a task of its own that delays nobody, without a time limit. What it does to the
    /// outcome is lost, its error goes to the log, and its context is in no transaction: an answer that it is told of was
    /// committed before.
    #[track_caller]
    pub fn after_detached<V: EntityEvent, E: Stored>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, E>, &mut Outcome<V, E>) -> Result<()>
        + for<'a> AfterHandler<'a, V, E>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: Some(E::meta()), place: Location::caller() };
        self.with::<V>(When::Detached, around, run::after::<V, E>(handler))
    }

    /// As [`Handlers::after_detached`], of any entity that has no handler of its own for it.
    #[track_caller]
    pub fn after_any_detached<V: Event>(
        self,
        handler: impl AsyncFnOnce(&mut Request<V, Any>, &mut Outcome<V, Any>) -> Result<()>
        + for<'a> AfterHandler<'a, V, Any>
        + 'static,
    ) -> Self {
        let around = Around { kind: V::KIND, entity: None, place: Location::caller() };
        self.with::<V>(When::Detached, around, run::after::<V, Any>(handler))
    }

    /// Around this operation of this entity both run: the handlers for all entities, then the entity's own.
    #[track_caller]
    pub fn chain<V: EntityEvent, E: Stored>(mut self) -> Self {
        self.chained.push(Around { kind: V::KIND, entity: Some(E::meta()), place: Location::caller() });
        self
    }

    /// These handlers and those; where both set a time limit, those say which.
    pub fn and(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        self.chained.extend(others.chained);
        self.limit = others.limit.or(self.limit);
        self
    }

    fn with<V: Event>(mut self, when: When, around: Around, handler: impl Send + Sync + 'static) -> Self {
        self.list.push((when, around, Handler { erased: Arc::new(handler), chain: chain::<V> }));
        self
    }

    /// The handlers, ready to be run in a context ([`Context::with_handlers`](crate::Context::with_handlers)) that serves these
    /// entities; nothing, where there are none. A server does this by itself.
    ///
    /// # Errors
    /// Where two are for the same event and entity, with both places; where one is for an entity that is not served; where a
    /// chain has nothing to run.
    pub fn for_entities(&self, entities: &Entities) -> Result<Option<Arc<HandlerSet>>> {
        let mut slots: HashMap<(EventKind, &'static str), Slot> = HashMap::new();
        let mut places: HashMap<(When, EventKind, &'static str), &'static Location<'static>> = HashMap::new();
        for (when, around, handler) in &self.list {
            is_served(entities, when, around)?;
            if let Some(other) = places.insert((*when, around.kind, around.key()), around.place) {
                return Err(Error::invalid(format!(
                    "Two handlers run {when} {around}: one at {other}, one at {}. Make one of them.",
                    around.place
                )));
            }
            let slot = slots.entry((around.kind, around.key())).or_insert_with(|| Slot::of(handler.chain));
            match when {
                When::Before => slot.before = Some(handler.erased.clone()),
                When::After => slot.after = Some(handler.erased.clone()),
                When::Detached => slot.detached = Some(handler.erased.clone()),
            }
        }
        for around in &self.chained {
            is_served(entities, &"chained around", around)?;
            if !slots.contains_key(&(around.kind, "")) {
                return Err(Error::invalid(format!(
                    "{} chains {around}, but there is no handler around {} of *.",
                    around.place, around.kind
                )));
            }
            match slots.get_mut(&(around.kind, around.key())) {
                Some(slot) => slot.is_chained = true,
                None => {
                    return Err(Error::invalid(format!(
                        "{} chains {around}, but there is no handler around that.",
                        around.place
                    )));
                }
            }
        }
        let limit = self.limit.unwrap_or(TIME_LIMIT);
        let chain = |(around, own): (&(EventKind, &'static str), &Slot)| {
            let general = slots.get(&(around.0, "")).filter(|_| !around.1.is_empty());
            (*around, (own.chain)(own, general, limit))
        };
        let mut chains: Vec<_> = slots.iter().map(chain).collect();
        chains.sort_unstable_by_key(|(around, _)| *around);
        Ok((!chains.is_empty()).then(|| Arc::new(HandlerSet { chains })))
    }
}

/// Passes a handler whose entity is served.
fn is_served(entities: &Entities, when: &dyn fmt::Display, around: &Around) -> Result<()> {
    let Some(entity) = around.entity else { return Ok(()) };
    if entities.iter().any(|served| std::ptr::eq(served.meta, entity)) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "The handler {when} {around} at {} would never run: {} is not served. Add it to `Api::entities`.",
        around.place, entity.rust_name
    )))
}

impl fmt::Debug for Handlers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self.list.iter().map(|(when, around, _)| format!("{when} {around}"));
        f.debug_list().entries(named).finish()
    }
}

/// A handler or a chain of them, without the type of its event: under an event there are those of that event alone.
type Untyped = Arc<dyn Erased + Send + Sync>;

/// Makes what runs around an event of an entity out of its own handlers and those for all, each within a time.
type MakeChain = fn(&Slot, Option<&Slot>, Duration) -> Untyped;

/// A handler, and what makes a chain of it.
#[derive(Clone)]
struct Handler {
    erased: Untyped,
    chain: MakeChain,
}

/// The handlers of one event and entity.
struct Slot {
    before: Option<Untyped>,
    after: Option<Untyped>,
    detached: Option<Untyped>,
    is_chained: bool,
    chain: MakeChain,
}

impl Slot {
    const fn of(chain: MakeChain) -> Self {
        Self { before: None, after: None, detached: None, is_chained: false, chain }
    }
}

fn chain<V: Event>(own: &Slot, general: Option<&Slot>, limit: Duration) -> Untyped {
    let before = chosen::<Before<V>>(own, general, |slot| &slot.before);
    let after = chosen::<After<V>>(own, general, |slot| &slot.after);
    let detached = chosen::<After<V>>(own, general, |slot| &slot.detached);
    Arc::new(Chain { before, after, detached, limit })
}

/// The entity's own handler wins, unless both run: the general one first.
fn chosen<T: Clone + 'static>(own: &Slot, general: Option<&Slot>, of: impl Fn(&Slot) -> &Option<Untyped>) -> Vec<T> {
    let one = |slot| of(slot).as_ref()?.downcast_ref::<T>().cloned();
    let is_chained = own.is_chained;
    let own: Option<T> = one(own);
    let general = if own.is_some() && !is_chained { None } else { general.and_then(one) };
    general.into_iter().chain(own).collect()
}

/// Handlers that were held against the entities that are served: what [`Handlers::for_entities`] answers.
pub struct HandlerSet {
    /// What runs around an event of an entity that has handlers of its own for it; under an empty key what runs around all others. In
    /// order: each operation asks for one, and they are few.
    chains: Vec<((EventKind, &'static str), Untyped)>,
}

impl fmt::Debug for HandlerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.chains.iter().map(|(around, _)| around)).finish()
    }
}

impl HandlerSet {
    /// What runs around an event of the entity with a key; that of what is about no entity is empty.
    pub(super) fn chain<V: Event>(&self, key: &'static str) -> Option<Arc<Chain<V>>> {
        let of = |key| self.chains.binary_search_by_key(&(V::KIND, key), |(around, _)| *around).ok();
        let (_, chain) = self.chains.get(of(key).or_else(|| of(""))?)?;
        chain.clone().downcast().ok()
    }
}

const _: () = {
    #[allow(dead_code, reason = "it is enough that it compiles")]
    fn is_shared(handlers: Handlers, set: HandlerSet) -> impl Send + Sync {
        (handlers, set)
    }
};
