//! Who asks, and on whose behalf: the ambient context of every operation.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) mod after_commit;
#[cfg(not(target_arch = "wasm32"))]
mod answers;
#[cfg(not(target_arch = "wasm32"))]
mod application;
#[cfg(not(target_arch = "wasm32"))]
mod request;

#[cfg(not(target_arch = "wasm32"))]
use std::future::Future;
use std::sync::Arc;
#[cfg(not(target_arch = "wasm32"))]
use std::sync::OnceLock;

#[cfg(not(target_arch = "wasm32"))]
pub use answers::ErrorHook;
#[cfg(not(target_arch = "wasm32"))]
pub use request::OfRequest;

#[cfg(not(target_arch = "wasm32"))]
use crate::Error;
use crate::Result;
#[cfg(not(target_arch = "wasm32"))]
use crate::filter::limits::QueryLimits;
#[cfg(not(target_arch = "wasm32"))]
use crate::handlers::HandlerSet;
use crate::identity::Identity;
#[cfg(not(target_arch = "wasm32"))]
use crate::operations::Answers;
#[cfg(not(target_arch = "wasm32"))]
use crate::provider::{DataProvider, RowWrite, Transaction};
use crate::remote::Remote;

/// The most rows of one bulk write in scope `Api`, unless another number is set.
#[cfg(not(target_arch = "wasm32"))]
const DEFAULT_ROW_LIMIT: u64 = 10_000;

/// What an operation may do without being asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Scope {
    /// Guarded: HTTP requests and rendered components.
    #[default]
    Api,
    /// Trusted: hooks, handlers, bodies of backend methods, own routes and scripts.
    Backend,
}

/// Who asks, on whose behalf, and what repositories talk to.
///
/// A context is cheap to clone. On the server each request has one of its own, which everything that the request
/// awaits finds with [`Context::current`]; in the browser there is one for the page.
///
/// ```
/// # #[cfg(not(target_arch = "wasm32"))] {
/// use isoform::{Context, Identity};
/// let context = Context::remote("https://example.org/api").with_identity(Identity::new("7", "Ann"));
/// let name = futures::executor::block_on(context.run(async { Identity::current().map(|who| who.name) }));
/// assert_eq!(name.as_deref(), Ok("Ann"));
/// # }
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    source: Source,
    identity: Option<Identity>,
    scope: Scope,
    #[cfg(not(target_arch = "wasm32"))]
    transaction: Option<OpenTransaction>,
    /// The most rows of one bulk write in scope `Api`.
    #[cfg(not(target_arch = "wasm32"))]
    row_limit: u64,
    #[cfg(not(target_arch = "wasm32"))]
    query_limits: QueryLimits,
    /// What validators say, where that is not English.
    #[cfg(not(target_arch = "wasm32"))]
    messages: Option<Arc<crate::validate::Messages>>,
    /// Sees errors on their way out.
    #[cfg(not(target_arch = "wasm32"))]
    error_hook: Option<answers::ErrorHook>,
    /// The entities that are served.
    #[cfg(not(target_arch = "wasm32"))]
    entities: Arc<[&'static crate::EntityMeta]>,
    /// What runs around operations of scope `Api`.
    #[cfg(not(target_arch = "wasm32"))]
    handlers: Option<Arc<HandlerSet>>,
    #[cfg(not(target_arch = "wasm32"))]
    request: OfRequest,
    /// What the application is called.
    #[cfg(not(target_arch = "wasm32"))]
    application: &'static str,
    /// What functions of the application have answered to the question that is asked.
    #[cfg(not(target_arch = "wasm32"))]
    known: Option<Answers>,
}

/// The transaction that a context is in, or the part of one.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone)]
struct OpenTransaction {
    provider: Arc<dyn Transaction>,
    /// What it is a part of.
    outer: Option<Arc<OpenTransaction>>,
}

#[cfg(not(target_arch = "wasm32"))]
impl OpenTransaction {
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.provider, &other.provider)
    }

    /// Is it, or the part that it is of, within the other one?
    fn is_part_of(&self, other: &Self) -> bool {
        let mut outer = self.outer.as_deref();
        while let Some(one) = outer {
            if one.is(other) {
                return true;
            }
            outer = one.outer.as_deref();
        }
        false
    }

    /// Passes what is not the outer one of a part that is running here: it would wait for the part, and so for itself.
    fn is_free(&self) -> Result<()> {
        let within = |current: &Context| {
            current.0.transaction.as_ref().is_some_and(|running| !running.is(self) && running.is_part_of(self))
        };
        if CURRENT.try_with(within).unwrap_or_default() {
            return Err(Error::internal(
                "inside of a part of a transaction only the part's own context can be used: the one that the closure is given, \
                 or `Context::current()`",
            ));
        }
        Ok(())
    }
}

/// Whoever runs a transaction. Dropped before its end they have given it up.
#[cfg(not(target_arch = "wasm32"))]
struct Runs(Option<Arc<dyn Transaction>>);

#[cfg(not(target_arch = "wasm32"))]
impl Drop for Runs {
    fn drop(&mut self) {
        if let Some(given_up) = self.0.take() {
            given_up.give_up();
        }
    }
}

/// What repositories talk to.
#[derive(Clone)]
pub(crate) enum Source {
    /// A database of this process.
    #[cfg(not(target_arch = "wasm32"))]
    Local(Arc<dyn DataProvider>),
    /// The API of a server.
    Remote(Remote),
}

#[cfg(not(target_arch = "wasm32"))]
tokio::task_local! {
    static CURRENT: Context;
}

/// Finds the context where no task has one: set by a framework that renders pages.
#[cfg(not(target_arch = "wasm32"))]
static RESOLVER: OnceLock<fn() -> Option<Context>> = OnceLock::new();

#[cfg(target_arch = "wasm32")]
thread_local! {
    static CURRENT: std::cell::RefCell<Context> = std::cell::RefCell::new(Context::browser());
}

impl Context {
    fn from_source(source: Source, scope: Scope) -> Self {
        Self(Arc::new(Inner {
            source,
            identity: None,
            scope,
            #[cfg(not(target_arch = "wasm32"))]
            transaction: None,
            #[cfg(not(target_arch = "wasm32"))]
            row_limit: DEFAULT_ROW_LIMIT,
            #[cfg(not(target_arch = "wasm32"))]
            query_limits: QueryLimits::default(),
            #[cfg(not(target_arch = "wasm32"))]
            messages: None,
            #[cfg(not(target_arch = "wasm32"))]
            error_hook: None,
            #[cfg(not(target_arch = "wasm32"))]
            entities: Arc::new([]),
            #[cfg(not(target_arch = "wasm32"))]
            handlers: None,
            #[cfg(not(target_arch = "wasm32"))]
            request: OfRequest::default(),
            #[cfg(not(target_arch = "wasm32"))]
            application: application::UNNAMED,
            #[cfg(not(target_arch = "wasm32"))]
            known: None,
        }))
    }

    /// Nobody, trusted, on a database of this process: for scripts, tests and own routes.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn backend(database: impl Into<Arc<dyn DataProvider>>) -> Self {
        Self::from_source(Source::Local(database.into()), Scope::Backend)
    }

    /// Nobody, guarded, on a database of this process: what a request has before somebody signs in.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn api(database: impl Into<Arc<dyn DataProvider>>) -> Self {
        Self::from_source(Source::Local(database.into()), Scope::Api)
    }

    /// The API of a server, at its base address such as `https://example.org/api`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn remote(base: &str) -> Self {
        Self::over(Remote::http(base))
    }

    /// The API of a server, over a transport of one's own or with headers of one's own.
    #[must_use]
    pub fn over(remote: Remote) -> Self {
        Self::from_source(Source::Remote(remote), Scope::Api)
    }

    /// The page's own server: `/api` of the same origin.
    #[cfg(target_arch = "wasm32")]
    #[must_use]
    pub fn browser() -> Self {
        Self::over(Remote::browser("/api"))
    }

    fn with(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = (*self.0).clone();
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The same context for somebody.
    #[must_use]
    pub fn with_identity(&self, identity: impl Into<Option<Identity>>) -> Self {
        let identity = identity.into();
        self.with(|inner| inner.identity = identity)
    }

    /// The same context, guarded or trusted.
    #[must_use]
    pub fn with_scope(&self, scope: Scope) -> Self {
        if self.scope() == scope { self.clone() } else { self.with(|inner| inner.scope = scope) }
    }

    /// The database of this process, whatever transaction is open on it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn local_provider(&self) -> Option<&Arc<dyn DataProvider>> {
        match &self.0.source {
            Source::Local(database) => Some(database),
            Source::Remote(_) => None,
        }
    }

    /// The same context, which knows the entities that are served by their keys.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_entities(&self, entities: Arc<[&'static crate::EntityMeta]>) -> Self {
        self.with(|inner| inner.entities = entities)
    }

    /// The entities that are served here.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn entities(&self) -> &[&'static crate::EntityMeta] {
        &self.0.entities
    }

    /// The entity with this key, where it is served here.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn entity(&self, key: &str) -> Option<&'static crate::EntityMeta> {
        self.0.entities.iter().copied().find(|entity| entity.key == key)
    }

    /// The same context, in which these handlers run around whatever is asked for in scope `Api`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_handlers(&self, handlers: impl Into<Option<Arc<HandlerSet>>>) -> Self {
        let handlers = handlers.into();
        self.with(|inner| inner.handlers = handlers)
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn handlers(&self) -> Option<&Arc<HandlerSet>> {
        self.0.handlers.as_ref()
    }

    /// The same context as handlers have it: trusted, and without handlers of its own, so that none calls itself.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn for_handlers(&self) -> Self {
        self.with(|inner| {
            inner.scope = Scope::Backend;
            inner.handlers = None;
            inner.known = None;
        })
    }

    /// The same context for a question in which each function of the application is asked once.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn remembering(&self) -> Self {
        self.with(|inner| inner.known = Some(Answers::default()))
    }

    /// The same context for a question of its own.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn unknowing(&self) -> Self {
        self.with(|inner| inner.known = None)
    }

    /// What functions of the application have answered to the question that is asked, where that is kept.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn known(&self) -> Option<&Answers> {
        self.0.known.as_ref()
    }

    /// The browser serves none.
    #[cfg(target_arch = "wasm32")]
    pub(crate) const fn entity(&self, _: &str) -> Option<&'static crate::EntityMeta> {
        None
    }

    /// The same context with another number of rows as the most of one bulk write in scope `Api`: 10,000 unless set.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_row_limit(&self, rows: u64) -> Self {
        self.with(|inner| inner.row_limit = rows)
    }

    /// The same context with other limits for what a question asks in scope `Api`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_query_limits(&self, limits: QueryLimits) -> Self {
        self.with(|inner| inner.query_limits = limits)
    }

    /// How much a question may ask in scope `Api`: what was set, where that can be borne.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn query_limits(&self) -> QueryLimits {
        self.0.query_limits.bearable()
    }

    /// Those of whatever is running.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn ambient_limits() -> Option<QueryLimits> {
        CURRENT.try_with(Self::query_limits).ok().or_else(|| Self::current().ok().map(|context| context.query_limits()))
    }

    /// The most rows that one bulk write may be given or find; trusted code has no limit.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn row_limit(&self) -> Option<u64> {
        (self.scope() == Scope::Api).then_some(self.0.row_limit)
    }

    /// The context of whatever is running.
    ///
    /// # Errors
    /// Where there is none; the message says how to provide one.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn current() -> Result<Self> {
        let resolved = || RESOLVER.get().and_then(|resolver| resolver());
        CURRENT.try_with(Self::clone).ok().or_else(resolved).ok_or_else(|| {
            Error::internal(
                "there is no context here. Run the future inside `context.run(…)`: a request of `Api::into_router` has a \
                 context, a script makes one with `Context::backend(database)`, and a task is given its parent's by \
                 `Context::spawn(…)`.",
            )
        })
    }

    /// The context of the page.
    ///
    /// # Errors
    /// None in the browser.
    #[cfg(target_arch = "wasm32")]
    pub fn current() -> Result<Self> {
        Ok(CURRENT.with_borrow(Self::clone))
    }

    /// Makes this the context of the page.
    #[cfg(target_arch = "wasm32")]
    pub fn set_current(self) {
        CURRENT.set(self);
    }

    /// Runs a future, a query or whatever else can be awaited, in this context.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn run<F: IntoFuture>(&self, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self.clone(), future.into_future())
    }

    /// Runs a function in this context: for code that polls futures itself, such as the body of a streamed response.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn enter<T>(&self, function: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), function)
    }

    /// Spawns a task that runs in the current context. In a transaction it takes part in that, so wait for it there: once the
    /// transaction has ended, its operations answer an error.
    ///
    /// # Errors
    /// Where there is no context.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn spawn<F>(future: F) -> Result<tokio::task::JoinHandle<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let context = Self::current()?;
        Ok(tokio::spawn(CURRENT.scope(context, future)))
    }

    /// Says where to look for a context when the running task has none. The first one who says so counts.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn set_resolver(resolver: fn() -> Option<Self>) {
        let _ = RESOLVER.set(resolver);
    }

    /// Who asks, if somebody is signed in.
    #[must_use]
    pub fn identity(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    /// Guarded or trusted.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.0.scope
    }

    pub(crate) fn source(&self) -> &Source {
        &self.0.source
    }

    /// The API of a server, where that is what repositories talk to.
    #[must_use]
    pub fn remote_api(&self) -> Option<&Remote> {
        match &self.0.source {
            Source::Remote(remote) => Some(remote),
            #[cfg(not(target_arch = "wasm32"))]
            Source::Local(_) => None,
        }
    }

    /// The database of this process, or the open transaction on it.
    ///
    /// # Errors
    /// Where repositories talk to another server.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn database(&self) -> Result<Arc<dyn DataProvider>> {
        match (&self.0.transaction, &self.0.source) {
            (Some(transaction), _) => {
                transaction.is_free()?;
                Ok(transaction.provider.clone().into_provider())
            }
            (None, Source::Local(database)) => Ok(database.clone()),
            (None, Source::Remote(_)) => {
                Err(Error::internal("this context talks to another server and has no database"))
            }
        }
    }

    /// Says that the next write is the last operation of the open transaction; answers whether it said so. Where others came
    /// before it nothing is said, since they are not to be committed where it finds no row.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn next_write_commits(&self) -> bool {
        // What is to be done after the commit has to see it.
        let free = |open: &OpenTransaction| {
            open.outer.is_none() && open.provider.writes() == 0 && open.provider.after_commit().is_empty()
        };
        let alone = self.0.transaction.as_ref().filter(|open| free(open));
        alone.map(|transaction| transaction.provider.next_write_commits()).is_some()
    }

    /// How often the open transaction has written.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn writes(&self) -> Option<u64> {
        self.0.transaction.as_ref().map(|open| open.provider.writes())
    }

    /// The same context, outside of the open transaction.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn outside(&self) -> Self {
        self.with(|inner| inner.transaction = None)
    }

    /// Is a transaction open?
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.0.transaction.is_some()
    }

    /// Runs a future in a transaction, in the scope of this context: a new one that is committed where the future answers `Ok`
    /// and undone otherwise.
    ///
    /// Inside an open one it is a part of that, by a savepoint: where the future fails, or is dropped, what it has written is
    /// undone and the rest goes on; what it has written is there for good once the whole is committed. Parts of parts are the
    /// same. Of several parts at the same time one goes on after the other; inside of a part only its own context can be used.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid }
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "gifts", allow(crud = true))]
    /// # pub struct Gift { #[field(id)] pub id: Uuid }
    /// async fn order(context: &Context) -> Result<()> {
    ///     context.transaction(async |order| {
    ///         repo::<Order>().insert(Order::blank()).await?;
    ///         let gift = order.transaction(async |_| repo::<Gift>().insert(Gift::blank()).await).await;
    ///         // Without a gift it is an order all the same.
    ///         gift.map(drop).or_else(|error| if error.is_conflict() { Ok(()) } else { Err(error) })
    ///     }).await
    /// }
    /// ```
    ///
    /// # Errors
    /// The future's, or the database's.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn transaction<T, F>(&self, future: impl FnOnce(Self) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        self.within(self.database()?.transaction()?, future).await
    }

    /// As [`Context::transaction`]; where it is for the write of one row, it may go in step with others.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) async fn transaction_of_row<T, F>(
        &self,
        write: Option<RowWrite>,
        future: impl FnOnce(Self) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let database = self.database()?;
        let provider = match write {
            Some(write) => database.transaction_of_row(write)?,
            None => database.transaction()?,
        };
        self.within(provider, future).await
    }

    #[cfg(not(target_arch = "wasm32"))]
    async fn within<T, F>(&self, provider: Arc<dyn Transaction>, future: impl FnOnce(Self) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let outer = self.0.transaction.clone().map(Arc::new);
        let open = OpenTransaction { provider, outer };
        let inside = self.with(|inner| inner.transaction = Some(open.clone()));
        let mut runs = Runs(Some(open.provider.clone()));
        let result = inside.run(future(inside.clone())).await;
        runs.0 = None;
        match &result {
            Ok(_) => {
                let outer = open.outer.as_deref().map(|outer| &outer.provider);
                after_commit::commit(open.provider.clone(), outer).await?;
            }
            Err(_) => {
                open.provider.rollback().await;
                drop(open.provider.after_commit().take());
            }
        }
        result
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("identity", &self.identity().map(|who| &who.id))
            .field("scope", &self.scope())
            .field("remote", &self.remote_api().is_some())
            .finish_non_exhaustive()
    }
}
