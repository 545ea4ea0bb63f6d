//! The stage for the tests: a world with a database and a server, and the ways to reach it.
//!
//! A promise is written once, as `async fn name(world: World)`, and kept three times: directly, over HTTP in the same
//! process, and over a socket. See [`promises!`].

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stage for tests: what fails here fails the test"
)]

pub mod entities;
pub mod entities_aggregates;
pub mod entities_attacks;
pub mod entities_bulk;
pub mod entities_combined;
pub mod entities_controllers;
pub mod entities_described;
pub mod entities_fields;
pub mod entities_filters;
pub mod entities_handled;
pub mod entities_hooks;
pub mod entities_ids;
pub mod entities_in_step;
pub mod entities_kept;
pub mod entities_lazy;
pub mod entities_messages;
pub mod entities_methods;
pub mod entities_paging;
pub mod entities_prevented;
pub mod entities_proofs;
pub mod entities_related;
pub mod entities_related_values;
pub mod entities_relating;
pub mod entities_relation_limits;
pub mod entities_rules;
pub mod entities_shop;
pub mod entities_views;
pub mod guide;
pub mod handled;
pub mod raw;
pub mod slow_log;
pub mod todo;

use std::sync::Arc;

use isoform::Remote;
use isoform::handlers::{HandlerSet, Handlers};
use isoform::prelude::*;
use isoform_server::{Api, Database, IdentityRequest, InProcess};

/// How a world is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The same operations without HTTP, guarded.
    Direct,
    /// The HTTP API, in the same process.
    InProcess,
    /// The HTTP API, over a socket.
    Socket,
}

/// A database of its own, served.
#[derive(Clone)]
pub struct World {
    pub database: Database,
    pub router: axum::Router,
    way: Way,
    base: String,
    handlers: Option<Arc<HandlerSet>>,
    _folder: Arc<tempfile::TempDir>,
}

/// Test requests say who they are: `authorization: Bearer {the identity as JSON}`.
async fn claimed(request: IdentityRequest) -> Result<Option<Identity>> {
    let header = request.headers.get("authorization").and_then(|value| value.to_str().ok());
    let claim = header.and_then(|header| header.strip_prefix("Bearer "));
    Ok(claim.map(|json| serde_json::from_str(json).expect("an identity as JSON")))
}

pub fn bearer(identity: &Identity) -> String {
    format!("Bearer {}", serde_json::to_string(identity).unwrap())
}

impl World {
    /// A world with the test entities.
    pub async fn new(way: Way) -> Self {
        Self::with(way, entities::all()).await
    }

    pub async fn with(way: Way, entities: Entities) -> Self {
        Self::limited(way, entities, isoform_server::Limits::default()).await
    }

    /// A world whose requests may cost no more than this.
    pub async fn limited(way: Way, entities: Entities, limits: isoform_server::Limits) -> Self {
        Self::configured(way, |api| api.entities(entities).limits(limits)).await
    }

    /// A world in which handlers run.
    pub async fn handled(way: Way, entities: Entities, handlers: Handlers) -> Self {
        let set = handlers.for_entities(&entities).unwrap();
        let world = Self::configured(way, |api| api.entities(entities).handlers(handlers)).await;
        Self { handlers: set, ..world }
    }

    /// A world whose API is made by a function.
    pub async fn configured(way: Way, configure: impl FnOnce(Api) -> Api) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let file = folder.path().join("test.db");
        let database = Database::connect(&format!("sqlite://{}", file.display())).await.unwrap();
        let api = configure(Api::new(database.clone()).identity(claimed));
        api.ensure_schema().await.unwrap();
        let router = api.into_router().unwrap();
        let mut base = String::new();
        if way == Way::Socket {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            base = format!("http://{}/api", listener.local_addr().unwrap());
            let served = router.clone();
            tokio::spawn(async move { axum::serve(listener, served).await });
        }
        Self { database, router, way, base, handlers: None, _folder: folder }
    }

    pub fn file(&self) -> std::path::PathBuf {
        self._folder.path().join("test.db")
    }

    /// The address of the API, of a world that is reached over a socket.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A guarded context for somebody, in the way of this world.
    pub fn for_(&self, identity: &Identity) -> Context {
        self.context(Some(identity))
    }

    /// A guarded context for nobody.
    pub fn nobody(&self) -> Context {
        self.context(None)
    }

    fn context(&self, identity: Option<&Identity>) -> Context {
        let with = |remote: Remote| {
            Context::over(match identity {
                Some(identity) => remote.header("authorization", bearer(identity)),
                None => remote,
            })
        };
        match self.way {
            Way::Direct => {
                Context::api(&self.database).with_identity(identity.cloned()).with_handlers(self.handlers.clone())
            }
            Way::InProcess => with(InProcess::remote(self.router.clone())),
            Way::Socket => with(Remote::http(&self.base)),
        }
    }

    /// A trusted context: what the server's own code has.
    pub fn backend(&self) -> Context {
        self.database.context()
    }

    pub const fn way(&self) -> Way {
        self.way
    }

    pub fn is_direct(&self) -> bool {
        self.way == Way::Direct
    }
}

pub fn ann() -> Identity {
    Identity::new("ann", "Ann")
}

pub fn bob() -> Identity {
    Identity::new("bob", "Bob")
}

pub fn admin() -> Identity {
    Identity::new("root", "Root").role("admin")
}

/// Keeps each promise directly, over HTTP in the same process, and over a socket: in a world of its own each time, or in one
/// that is made by what stands behind `in`.
#[macro_export]
macro_rules! promises {
    (in $made:expr; $($(#[$attribute:meta])* async fn $name:ident($world:ident: World) $body:block)+) => { $(
        $(#[$attribute])*
        mod $name {
            #[allow(unused_imports, reason = "not every promise needs all of them")]
            use super::*;

            async fn promise($world: $crate::World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn directly() {
                promise($made($crate::Way::Direct).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn in_process() {
                promise($made($crate::Way::InProcess).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_a_socket() {
                promise($made($crate::Way::Socket).await).await;
            }
        }
    )+ };
    ($($(#[$attribute:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {
        $crate::promises! { in $crate::World::new; $($(#[$attribute])* async fn $name($world: World) $body)+ }
    };
}
