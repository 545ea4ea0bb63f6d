//! Data handlers: what runs before and after the operations that the API is asked for, of one entity or of all.
//!
//! ```
//! use isoform::handlers::{Create, Find, Handlers, Next, Update};
//! use isoform::prelude::*;
//!
//! #[derive(Entity, Clone, Debug, PartialEq)]
//! #[entity(key = "orders", allow(crud = authenticated))]
//! pub struct Order {
//!     #[field(id)]
//!     pub id: Uuid,
//!     pub amount: i64,
//!     pub archived: bool,
//!     #[field(allow_update = false)]
//!     pub total: i64,
//! }
//!
//! fn handlers() -> Handlers {
//!     Handlers::new()
//!         .before::<Create, Order>(async |request| {
//!             if request.item.amount > 1_000 {
//!                 return Err(Error::invalid("Such orders come by letter.").with_status(422).with_code("too_large"));
//!             }
//!             request.item.total = request.item.amount * 2;
//!             request.trust(|o| o.total); // the asker may not write it, this handler may
//!             Ok(Next::Continue)
//!         })
//!         .before::<Find, Order>(async |request| {
//!             request.query.filter(|o| o.archived.eq(false));
//!             Ok(Next::Continue)
//!         })
//!         .after_any::<Update>(async |request, outcome| {
//!             if let Ok(record) = outcome {
//!                 tracing::info!(entity = record.meta().key, id = %record.id(), who = ?request.identity(), "changed");
//!             }
//!             Ok(())
//!         })
//! }
//! ```
//!
//! # When they run
//!
//! Around every operation of scope `Api`: a request over HTTP, each step of a batch, an included relation, a query of a
//! rendered page. What trusted code does (scope `Backend`: hooks, backend methods, handlers themselves) runs none.
//!
//! 1. The guard: whoever may not ask at all, or asks for a row that is not there for them or of another version, reaches no handler.
//! 2. *before*: changes the request, answers instead of the operation ([`Next::Answer`]; after handlers are skipped then),
//!    or ends it with an error of its own status and code.
//! 3. The guard again, of what is asked now. What a handler sets or asks for counts as the asker's; what they may not write
//!    is refused with 403. [`Request::trust`] and [`Question::filter_trusted`] say that it is the server's.
//! 4. The operation.
//! 5. *after*: is given the result or the error, changes or replaces it, makes a result of an error, or an error.
//! 6. Fields that the asker may not see are taken out of whatever is answered.
//!
//! A write runs with its handlers in one transaction, and an error undoes it all; reads have none. The handler of an
//! entity wins over the one for all; [`Handlers::chain`] runs both, the general one first.
//!
//! Writes of many rows have events of their own: [`CreateMany`] does not run [`Create`] for each. So has what is related over an
//! entity in between: [`AddRelation`], [`SetRelation`] and [`RemoveRelation`] are events of the record's entity, and the rows in between
//! that they make and delete run none. What must hold of every row, wherever it comes from, belongs into a hook ([`crate::Hooks`]).

mod event;
mod exchange;
mod question;
mod registry;
mod relating;
mod request;
mod run;
mod view;

pub use event::{
    AddRelation, ById, Collection, Count, Counted, Create, CreateMany, Describe, EntityEvent, Event, EventKind,
    Existing, Find, FindById, FindFirst, FindLast, Group, Grouped, Item, Items, LoadRelations, Loading, Many, Nothing,
    Questioned, Remove, RemoveMany, RemoveRelation, RunBatch, SetRelation, Several, Steps, Update, UpdateMany,
    UpsertMany, Upserts,
};
pub use exchange::{Exchange, Reply};
pub(crate) use question::Paged;
pub use question::{Changes, Question, Rows};
pub use registry::{HandlerSet, Handlers, TIME_LIMIT};
pub use relating::Relating;
pub use request::{Next, Outcome, Request};
pub use run::{AfterHandler, BeforeHandler};
pub(crate) use run::{Chain, Later, taken};
pub use view::{Any, View};
