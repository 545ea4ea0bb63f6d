//! Gives each request its context: identity, scope, session and database.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::HeaderMap;
use http::request::Parts;
use isoform::future::BoxFuture;
use isoform::provider::DataProvider;
use isoform::{Context, EntityMeta, Error, Identity, QueryLimits, Result, Scope};

use crate::answers::Answers;
use crate::respond;
use crate::sessions::RequestSession;
use crate::transport;

/// Finds out who asks.
pub(crate) type Resolver = Arc<dyn Fn(IdentityRequest) -> BoxFuture<'static, Result<Option<Identity>>> + Send + Sync>;

/// A request, for whoever finds out who asks.
#[derive(Clone, Debug)]
pub struct IdentityRequest {
    /// The header fields of the request: `authorization`, for example.
    pub headers: HeaderMap,
    session: Option<RequestSession>,
}

impl IdentityRequest {
    /// The id of the identity that signed in to the request's session, if any did.
    ///
    /// # Errors
    /// Where the session cannot be read.
    pub async fn session_id(&self) -> Result<Option<String>> {
        match &self.session {
            Some(session) => session.identity_id().await,
            None => Ok(None),
        }
    }
}

/// What contexts are made from.
pub(crate) struct Source {
    pub database: Arc<dyn DataProvider>,
    /// None: nobody, ever.
    pub resolver: Option<Resolver>,
    pub time: Duration,
    /// The most rows of one bulk write.
    pub rows: u64,
    pub queries: QueryLimits,
    pub entities: Arc<[&'static EntityMeta]>,
    pub origins: Vec<String>,
    pub answers: Answers,
}

impl Source {
    /// The context of a request.
    pub async fn context(&self, parts: &Parts, scope: Scope) -> Result<Context> {
        let session = parts.extensions.get::<tower_sessions::Session>().cloned().map(RequestSession);
        let mut context = Context::backend(self.database.clone())
            .with_row_limit(self.rows)
            .with_query_limits(self.queries)
            .with_entities(self.entities.clone());
        if let Some(session) = session.clone() {
            context = context.with_session(Arc::new(session));
        }
        let Some(resolver) = &self.resolver else {
            return Ok(self.answers.within(context.with_scope(scope), &parts.headers));
        };
        let headers = parts.headers.clone();
        let identity = context.run(resolver(IdentityRequest { headers, session })).await?;
        Ok(self.answers.within(context.with_identity(identity).with_scope(scope), &parts.headers))
    }

    /// An error as it is answered. `who`: the context of the request, where it came so far.
    pub async fn answer_to(&self, error: Error, who: Option<&Context>) -> Response {
        if self.answers.on_error.is_none() {
            return respond::error(&error);
        }
        let nobody = || self.answers.within(Context::api(self.database.clone()), &HeaderMap::new());
        let context = who.cloned().unwrap_or_else(nobody);
        respond::error(&context.error_out(error).await)
    }
}

/// Routes whose requests carry a context and run inside it.
pub(crate) fn around(routes: Router, source: &Arc<Source>, scope: Scope) -> Router {
    if !routes.has_routes() {
        return routes;
    }
    routes.route_layer(middleware::from_fn_with_state((source.clone(), scope), run))
}

async fn run(State((source, scope)): State<(Arc<Source>, Scope)>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let who = OnceLock::new();
    let answer = async {
        transport::same_origin(&parts.method, &parts.headers, &source.origins)?;
        let context = source.context(&parts, scope).await?;
        let _ = who.set(context.clone());
        parts.extensions.insert(context.clone());
        Ok(context.run(next.run(Request::from_parts(parts, body))).await)
    };
    match caught(answer).await {
        Ok(response) => response,
        Err(error) => source.answer_to(error, who.get()).await.into_response(),
    }
}

/// A panic is that request's 500, and nothing else.
pub(crate) async fn caught<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    AssertUnwindSafe(answer).catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::internal(format!("panic: {}", text.unwrap_or_else(|| "without a message".into()))))
    })
}
