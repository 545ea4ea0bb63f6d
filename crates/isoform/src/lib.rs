//! **Write an entity once. The same Rust type is a row in the database, a guarded API on the wire and a live value in
//! the browser.**
//!
//! This crate is the model and the runtime, native and wasm. It knows no SQL, no axum and no Leptos: `isoform-server`
//! serves entities from a database, `isoform-leptos` shows them in a browser.
//!
//! ```
//! use isoform::prelude::*;
//!
//! /// A thing to do.
//! #[derive(Entity, Clone, Debug, PartialEq)]
//! #[entity(key = "tasks", allow(crud = authenticated))]
//! pub struct Task {
//!     #[field(id)]
//!     pub id: Uuid,
//!     #[field(len(min = 5, max = 200))]
//!     pub title: String,
//!     pub completed: bool,
//! }
//!
//! #[backend]
//! impl Record<Task> {
//!     /// Flips `completed` on the server, and saves whatever else the caller had changed.
//!     #[allowed(authenticated)]
//!     pub async fn toggle_completed(&mut self) -> Result<()> {
//!         self.completed = !self.completed;
//!         self.save().await
//!     }
//! }
//!
//! # #[cfg(not(target_arch = "wasm32"))]
//! async fn example() -> Result<()> {
//!     for mut task in Task::query().filter(|t| t.completed.eq(false)).limit(25).await? {
//!         task.title.push('!'); // not saved yet
//!         task.toggle_completed().await?; // goes along, comes back
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # The map
//!
//! - What an entity is: [`Entity`], [`meta`] (its metadata), [`value`] (what a field can hold), [`hooks`].
//! - What a program works with: [`Record`], [`repo`] and [`Query`], [`Filter`], [`aggregate`]s, [`backend`] methods.
//! - Who asks: [`Context`], [`Identity`], and the one [`guard`].
//! - Below: [`provider`] (a database), [`remote`] (the API of a server), [`json`] (the wire), and, natively,
//!   `operations` (guarded and trusted data operations), `session`, `password`.

pub mod aggregate;
pub mod backend;
mod batch;
mod bulk;
mod context;
pub mod controller;
pub mod describe;
mod entity;
mod error;
pub mod filter;
pub mod future;
pub mod guard;
#[cfg(not(target_arch = "wasm32"))]
pub mod handlers;
pub mod hooks;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod id;
mod identity;
pub mod json;
pub mod meta;
#[cfg(not(target_arch = "wasm32"))]
mod nearest;
#[cfg(not(target_arch = "wasm32"))]
pub mod operations;
#[cfg(not(target_arch = "wasm32"))]
pub mod password;
mod persistence;
pub mod prelude;
pub mod provider;
mod query;
#[cfg(not(target_arch = "wasm32"))]
mod rate;
mod record;
pub mod relation;
pub mod remote;
mod repository;
#[cfg(not(target_arch = "wasm32"))]
pub mod schema;
#[cfg(not(target_arch = "wasm32"))]
pub mod session;
#[cfg(not(target_arch = "wasm32"))]
pub mod sql;
pub mod validate;
pub mod value;

#[doc(hidden)]
pub mod __private;

pub use batch::{Batch, BatchDone, BatchRepository, Pending};
pub use bulk::{AllRows, IntoWhich, Step, Upsert, UpsertRow, Which, all};
pub use context::{Context, Scope};
#[cfg(not(target_arch = "wasm32"))]
pub use context::{ErrorHook, OfRequest};
pub use controller::Stored;
pub use describe::{Description, describe_entities};
pub use entity::{Column, Entities, Entity, IntoOrder, Order, Registered};
pub use error::{Error, ErrorKind, Result, shown};
pub use filter::limits::QueryLimits;
pub use filter::{Condition, Filter};
pub use hooks::{Hooks, LifecycleEvent};
#[cfg(not(target_arch = "wasm32"))]
pub use host::Host;
pub use id::{Id, IntoId};
pub use identity::Identity;
pub use isoform_macros::{Controller, Entity, FieldEnum, allowed, backend, filters, hooks};
pub use meta::EntityMeta;
#[cfg(not(target_arch = "wasm32"))]
pub use nearest::did_you_mean;
pub use persistence::{PersistenceItem, PersistenceItemFields};
pub use query::{
    DEFAULT_LIMIT, Page, Paginate, Query, RecordStream, Select, Selection, default_limit, offset as query_offset,
    set_default_limit,
};
#[cfg(not(target_arch = "wasm32"))]
pub use rate::{Caller, Rate, Rates};
pub use record::{AnyField, AnyRecord, Errors, IntoFields, Record, RecordField, RecordState, rights};
pub use relation::{Relate, RelatedMany, RelatedOne, RelatedThrough, RelationChange, ToMany, ToOne};
pub use remote::Remote;
pub use repository::{Assignment, InsertMany, IntoAssignments, Repository, repo};
pub use value::{ChoiceValue, FieldEnum, FieldType, FieldValue, Json, Lazy, Row, Scalar, Value, ValueError};

// So that the macros' `::isoform` names this crate in its own examples and tests too.
extern crate self as isoform;
