//! isoform on the server: databases, the REST API, backend methods, sessions.
//!
//! ```no_run
//! use isoform_server::{Api, Database, IdentityRequest, Sessions};
//! # use isoform::prelude::*;
//! # fn entities() -> Entities { Entities::new() }
//!
//! /// The identity of a request: whoever the session says, with the roles that they have now.
//! async fn session_identity(request: IdentityRequest) -> Result<Option<Identity>> {
//!     Ok(request.session_id().await?.map(|id| Identity::new(id.clone(), id)))
//! }
//!
//! # async fn example() -> Result<()> {
//! let database = Database::connect("sqlite://data/app.db").await?;
//! let api = Api::new(database).entities(entities()).sessions(Sessions::default()).identity(session_identity);
//! api.ensure_schema().await?;
//! let router: axum::Router = api.into_router()?;
//! # Ok(()) }
//! ```
//!
//! # The map
//!
//! - [`Database`]: connects; SQLite is in `sqlite`, statements are built in `sql`.
//! - [`Api`]: what is served and by which rules; `rest` answers requests, `parameters` and `body` read them, `transport`
//!   keeps forged ones out, `context` gives each its [`isoform::Context`].
//! - [`Sessions`]: who is signed in, kept in the same database.
//! - [`InProcess`]: a client of the API without a network, for tests.

mod answers;
mod api;
mod at_once;
mod body;
mod context;
mod controllers;
mod database;
mod in_process;
mod include;
mod methods;
mod once;
mod parameters;
mod registered;
mod respond;
mod rest;
mod serve;
mod sessions;
mod sql;
mod sqlite;
mod transport;

pub use api::{Api, Limits};
pub use context::{ClientAddress, IdentityRequest};
pub use database::{Database, SchemaCheck, StatementLimits, TOO_SLOW};
pub use in_process::InProcess;
pub use serve::{HEAD_TIME, MAX_CONNECTIONS, STOP_TIME, serve};
pub use sessions::Sessions;
