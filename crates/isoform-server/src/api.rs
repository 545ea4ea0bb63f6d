//! What is served: entities, identity, sessions, own routes and pages.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use isoform::backend::Method;
use isoform::handlers::Handlers;
use isoform::validate::Messages;
use isoform::{Context, Entities, EntityMeta, Error, Host, Identity, QueryLimits, Rate, Rates, Result};

use crate::answers::Answers;
use crate::at_once::AtOnce;
use crate::context::{self, IdentityRequest, Resolver};
use crate::controllers;
use crate::database::{Database, SchemaCheck};
use crate::methods::{self, Prefixed};
use crate::once::{self, Once};
use crate::registered;
use crate::rest;
use crate::sessions::Sessions;

/// The API of an application: its entities on a database, and who may reach them.
///
/// Nobody is signed in unless [`Api::identity`] says so, and then everything that is not allowed is refused.
pub struct Api {
    database: Database,
    entities: Entities,
    resolver: Option<Resolver>,
    sessions: Option<Sessions>,
    limits: Limits,
    schema_check: SchemaCheck,
    prefix: String,
    origins: Vec<String>,
    answers: Answers,
    routes: Router,
    pages: Router,
    files: Option<Router>,
    handlers: Handlers,
    name: Option<&'static str>,
}

/// What one request may cost. Each has a default and can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a body: 1 MiB.
    pub body: usize,
    /// How long a body may take to arrive and a request to be answered: 30 seconds.
    pub time: Duration,
    /// The most rows that one insert, update, upsert, deletion or batch is given or finds: 10,000.
    pub rows: usize,
    /// How much one question asks: its filter, order, page and what it includes. How long each of its statements takes is
    /// [`StatementLimits`](crate::StatementLimits).
    pub queries: QueryLimits,
    /// The most requests to the API that one caller has under way at once; more wait for their turn, and far more are refused (429).
    /// 16. Below the number of connections that read, which is that of the cores and at least 4, nobody can hold all of them. Nobody
    /// signed in is counted by their address ([`ClientAddress`](crate::ClientAddress)), and not at all where that is not known.
    pub at_once: Option<usize>,
    /// The most requests to the API of one caller in a while; more are refused (429). None: as many as they like. Nobody signed in is
    /// counted as above, but where their address is not known all together.
    pub rate: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            time: Duration::from_secs(30),
            rows: 10_000,
            queries: QueryLimits::default(),
            at_once: Some(16),
            rate: None,
        }
    }
}

/// What requests are answered from.
pub(crate) struct Served {
    pub entities: HashMap<&'static str, ServedEntity>,
    /// The methods under prefixes of their own.
    pub prefixed: Prefixed,
    pub controllers: HashMap<&'static str, ServedEntity>,
    pub limits: Limits,
    pub once: Once,
}

pub(crate) struct ServedEntity {
    pub meta: &'static EntityMeta,
    pub methods: HashMap<&'static str, &'static Method>,
}

impl Api {
    /// An API on a database, which serves nothing yet.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self {
            database,
            entities: Entities::new(),
            resolver: None,
            sessions: None,
            limits: Limits::default(),
            schema_check: SchemaCheck::default(),
            prefix: "/api".into(),
            origins: Vec::new(),
            answers: Answers::default(),
            routes: Router::new(),
            pages: Router::new(),
            files: None,
            handlers: Handlers::new(),
            name: None,
        }
    }

    /// Serves these entities and controllers with their backend methods: `entities![Task, Project, SignIn]`.
    #[must_use]
    pub fn entities(mut self, entities: Entities) -> Self {
        self.entities = self.entities.and(entities);
        self
    }

    /// Runs these around whatever is asked of the API, over HTTP and by rendered pages; see [`isoform::handlers`].
    ///
    /// ```no_run
    /// # use isoform::handlers::{Handlers, Next, Remove};
    /// # use isoform::prelude::*;
    /// # fn example(api: isoform_server::Api) -> isoform_server::Api {
    /// let handlers = Handlers::new().before_any::<Remove>(async |request| {
    ///     tracing::info!(who = ?request.identity(), id = %request.id, "is about to delete");
    ///     Ok(Next::Continue)
    /// });
    /// api.handlers(handlers)
    /// # }
    /// ```
    #[must_use]
    pub fn handlers(mut self, handlers: Handlers) -> Self {
        self.handlers = self.handlers.and(handlers);
        self
    }

    /// What the application is called: [`Request::application`](isoform::handlers::Request::application) tells handlers, and
    /// [`Context::application`](isoform::Context::application) everybody else. `application` unless set.
    #[must_use]
    pub const fn name(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Who asks: a function from a request to an identity, or nobody. It runs trusted, once for each request that needs it.
    #[must_use]
    pub fn identity<F, Fut>(mut self, resolve: F) -> Self
    where
        F: Fn(IdentityRequest) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Identity>>> + Send + 'static,
    {
        self.resolver = Some(Arc::new(move |request| Box::pin(resolve(request))));
        self
    }

    /// Keeps sessions in the same database, so that people can sign in.
    #[must_use]
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        self.sessions = Some(sessions);
        self
    }

    /// What one request may cost.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// What becomes of the start where tables do not match their entities: it stops, unless set otherwise.
    #[must_use]
    pub const fn schema_check(mut self, check: SchemaCheck) -> Self {
        self.schema_check = check;
        self
    }

    /// Where the API is: `/api` unless set.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = format!("/{}", prefix.trim_matches('/'));
        self
    }

    /// Takes writes that say they come from a page of this origin, such as `https://app.example.org`: the server's own address
    /// where a proxy in front of it changes the `Host`. Pages of the `Host` itself always may write. Browsers ask other
    /// origins for more than this before they send JSON (CORS), which is a proxy's or an own layer's to answer.
    #[must_use]
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.origins.push(origin.into());
        self
    }

    /// Adds routes of one's own. Their requests carry a trusted [`Context`](isoform::Context) in their extensions and run
    /// inside it: repositories, `Identity::current()` and backend methods work in them.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Messages of validators in a language; one for each language. Requests are answered in the one that their sender reads: their identity's
    /// claim `language`, else the header `Accept-Language`, else English.
    #[must_use]
    pub fn messages(mut self, messages: Messages) -> Self {
        self.answers.messages.push(Arc::new(messages));
        self
    }

    /// A function that sees each error on its way out, of the API, of pages and of what panics, and answers the one that is told instead. It runs
    /// trusted, with the identity of the request, after everything was rolled back; of an internal error it sees the cause, which is
    /// not told. Where it fails itself, panics or takes longer than five seconds, the answer is a plain 500, and the log has both errors.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # use isoform_server::{Api, Database};
    /// # fn example(database: Database) -> Api {
    /// Api::new(database).on_error(async |error: Error, context: Context| {
    ///     warn!(%error, who = context.identity().map(|who| &*who.id), "refused");
    ///     Ok(if error.is_conflict() { error.with_code("try_again") } else { error })
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_error<F, Fut>(mut self, hook: F) -> Self
    where
        F: Fn(Error, Context) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Error>> + Send + 'static,
    {
        self.answers.on_error = Some(Arc::new(move |error, context| Box::pin(hook(error, context))));
        self
    }

    /// The database.
    #[must_use]
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Holds the tables against the entities, creates what is missing of tables and columns, logs what it did, and answers it, a
    /// sentence each.
    ///
    /// # Errors
    /// Where the database refuses, and where tables do not match their entities: see [`Api::schema_check`]. 400 where a relation leads to
    /// an entity that is not listed.
    pub async fn ensure_schema(&self) -> Result<Vec<String>> {
        registered::check(&self.listed())?;
        let entities: Vec<_> = self.entities.iter().map(|entity| entity.meta).chain(self.own()).collect();
        self.database.ensure_schema_with(&entities, self.schema_check).await
    }

    /// The entities that the server keeps itself.
    fn own(&self) -> impl Iterator<Item = &'static EntityMeta> {
        self.sessions.is_some().then(Sessions::entity).into_iter().chain([once::entity()])
    }

    /// What is worth a look before it is served: backend methods that more people may call than may change the entity. They do what they
    /// do for whoever may call them. [`Api::into_router`] logs each as a warning; `#[allowed(…, on_purpose)]` says that it is meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        methods::warnings(&self.entities)
    }

    /// Everything as a router, to be served.
    ///
    /// # Errors
    /// Where two things have one path, and where a relation leads to an entity that is not listed, with both named; as
    /// [`Handlers::for_entities`].
    pub fn into_router(self) -> Result<Router> {
        for warning in self.warnings() {
            tracing::warn!("{warning}");
        }
        let entities = self.served()?;
        let controllers = controllers::served(&self.entities, &entities)?;
        let served = Served {
            entities,
            controllers,
            prefixed: methods::prefixed(&self.entities)?,
            limits: self.limits,
            once: Once::default(),
        };
        let source = context::Source {
            database: self.database.provider(),
            resolver: self.resolver,
            time: self.limits.time,
            rows: self.limits.rows as u64,
            queries: self.limits.queries,
            entities: self.entities.iter().map(|entity| entity.meta).collect(),
            origins: self.origins,
            base: std::sync::OnceLock::new(),
            handlers: self.handlers.for_entities(&self.entities)?,
            answers: self.answers,
            at_once: AtOnce::new(self.limits.at_once),
            rate: self.limits.rate,
            rates: Rates::default(),
            name: self.name,
        };
        let source = Arc::new(source);
        let api = rest::router(&self.prefix, Arc::new(served), source.clone());
        let mut router = Router::new()
            .merge(api)
            .merge(context::around(self.routes, &source, isoform::Scope::Backend))
            .merge(context::around(self.pages, &source, isoform::Scope::Api));
        if let Some(files) = self.files {
            router = router.fallback_service(files);
        }
        Ok(match &self.sessions {
            Some(sessions) => router.layer(sessions.layer(&self.database)),
            None => router,
        })
    }

    fn listed(&self) -> Vec<&'static EntityMeta> {
        self.entities.iter().map(|entity| entity.meta).collect()
    }

    /// The entities by key, with their methods by name; what stands in another's way is named.
    fn served(&self) -> Result<HashMap<&'static str, ServedEntity>> {
        let mut served: HashMap<&'static str, ServedEntity> = HashMap::new();
        for entity in self.entities.iter() {
            let (key, name) = (entity.meta.key, entity.meta.rust_name);
            entity.meta.check_relations()?;
            let mut methods: HashMap<&'static str, &'static Method> = HashMap::new();
            for method in entity.methods.iter().filter(|method| methods::prefix_of(entity.meta, method).is_none()) {
                if let Some(other) = methods.insert(method.wire, method) {
                    return Err(Error::invalid(format!(
                        "{name}::{} and {name}::{} have one path: {key}/{}.",
                        other.name, method.name, method.wire
                    )));
                }
            }
            let mut others = self.entities.iter().map(|entity| entity.meta).chain(self.own());
            let shares = |other: &&EntityMeta| {
                other.key != key && other.table == entity.meta.table && other.has_table() && entity.meta.has_table()
            };
            if let Some(other) = others.find(shares) {
                return Err(Error::invalid(format!(
                    "{} and {name} have one table: \"{}\".",
                    other.rust_name, other.table
                )));
            }
            related_by_columns(entity.meta)?;
            if let Some(other) = served.insert(key, ServedEntity { meta: entity.meta, methods }) {
                return Err(Error::invalid(if std::ptr::eq(other.meta, entity.meta) {
                    format!("{name} is registered twice.")
                } else {
                    format!("{} and {name} have one key: \"{key}\".", other.meta.rust_name)
                }));
            }
        }
        registered::check(&self.listed())?;
        Ok(served)
    }
}

/// Passes an entity whose relations ask for columns: the derive sees its own fields only.
fn related_by_columns(meta: &EntityMeta) -> Result<()> {
    for relation in meta.relations {
        let target = relation.target();
        let other = relation.through.map_or(target, |through| (through.entity)());
        let own = relation.keys.iter().map(|(_, field)| (other, *field));
        let joined = relation.through.map_or(&[][..], |through| through.keys);
        let joined = joined.iter().flat_map(|(one, field)| [(other, *one), (target, *field)]);
        if let Some((computed, field)) = own.chain(joined).find(|(meta, field)| !meta.field(*field).has_column()) {
            return Err(Error::invalid(format!(
                "{}.{} is related by {}.{}, which has no column: the server computes it.",
                meta.rust_name,
                relation.name,
                computed.rust_name,
                computed.field(field).name
            )));
        }
    }
    Ok(())
}

impl Host for Api {
    type Router = Router;

    fn with_pages(mut self, pages: Router, files: Router) -> Self {
        self.pages = self.pages.merge(pages);
        self.files = Some(files);
        self
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("database", &self.database)
            .field("entities", &self.entities)
            .finish_non_exhaustive()
    }
}
