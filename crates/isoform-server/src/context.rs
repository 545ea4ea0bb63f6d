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
use isoform::handlers::{Exchange, HandlerSet};
use isoform::provider::DataProvider;
use isoform::session::Session;
use isoform::{Context, EntityMeta, Error, Identity, OfRequest, QueryLimits, Rate, Rates, Result, Scope};

use crate::answers::Answers;
use crate::at_once::{AtOnce, UnderWay};
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
    /// What all contexts have in common, made with the first.
    pub base: OnceLock<Context>,
    pub answers: Answers,
    /// How many requests of one caller are under way at once.
    pub at_once: Option<AtOnce>,
    /// How often one caller may ask.
    pub rate: Option<Rate>,
    pub rates: Rates,
    pub handlers: Option<Arc<HandlerSet>>,
    /// What the application is called, where it says so.
    pub name: Option<&'static str>,
}

/// Headers, for handlers.
fn named(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

impl Source {
    /// What handlers see of a request, and say of its answer; nothing, where there are none.
    pub fn exchange(&self, parts: &Arc<Parts>) -> Option<Arc<Exchange>> {
        self.handlers.as_ref()?;
        let parts = parts.clone();
        Some(Arc::new(Exchange::new(move || named(&parts.headers))))
    }

    /// The context of a request.
    pub async fn context(&self, parts: &Parts, exchange: Option<&Arc<Exchange>>, scope: Scope) -> Result<Context> {
        let session = parts.extensions.get::<tower_sessions::Session>().cloned().map(RequestSession);
        let base = || {
            let base = Context::api(self.database.clone())
                .with_handlers(self.handlers.clone())
                .with_row_limit(self.rows)
                .with_query_limits(self.queries)
                .with_entities(self.entities.clone());
            match self.name {
                Some(name) => base.with_application(name),
                None => base,
            }
        };
        let context = self.base.get_or_init(base).with_request(OfRequest {
            client: parts.extensions.get().map(|ClientAddress(address)| *address),
            session: session.clone().map(|session| Arc::new(session) as Arc<dyn Session>),
            exchange: exchange.cloned().or_else(|| {
                self.handlers.as_ref()?;
                let headers = parts.headers.clone();
                Some(Arc::new(Exchange::new(move || named(&headers))))
            }),
        });
        let Some(resolver) = &self.resolver else {
            return Ok(self.answers.within(context.with_scope(scope), &parts.headers));
        };
        let headers = parts.headers.clone();
        let trusted = context.with_scope(Scope::Backend);
        let identity = trusted.run(resolver(IdentityRequest { headers, session })).await?;
        Ok(self.answers.within(context.with_identity(identity).with_scope(scope), &parts.headers))
    }

    /// An error as it is answered. `who`: the context of the request, where it came so far.
    pub async fn answer_to(&self, error: Error, who: Option<&Context>) -> Response {
        let error = who.map_or_else(|| error.clone(), |who| who.translated(error.clone()));
        if self.answers.on_error.is_none() {
            return respond::error(&error);
        }
        let nobody = || self.answers.within(Context::api(self.database.clone()), &HeaderMap::new());
        let context = who.cloned().unwrap_or_else(nobody);
        respond::error(&context.error_out(error).await)
    }
}

impl Source {
    /// Waits until a request of a context's caller may go on.
    ///
    /// # Errors
    /// 429 where there are too many.
    pub async fn turn(&self, context: &Context) -> Result<Option<UnderWay>> {
        if let Some(rate) = self.rate {
            self.rates.pass(context, "request", rate)?;
        }
        match &self.at_once {
            Some(at_once) => at_once.turn(context).await,
            None => Ok(None),
        }
    }
}

/// Where a request comes from: an extension of requests, which [`serve`](crate::serve) puts there. By it are counted those who are not
/// signed in, where calls or requests are limited; who is not known is one with all others.
///
/// Behind a proxy all requests come from the proxy, and `serve` tells no loopback address: a layer around the router says who asked.
///
/// ```
/// # use axum::extract::Request;
/// # use isoform_server::ClientAddress;
/// // The proxy in front adds the address that it has seen, as the last one. What stands before that anybody may have sent.
/// fn told_by_the_proxy(mut request: Request) -> Request {
///     let told = request.headers().get("x-forwarded-for").and_then(|value| value.to_str().ok());
///     let address = told.and_then(|list| list.rsplit(',').next()?.trim().parse().ok());
///     if let Some(address) = address {
///         request.extensions_mut().insert(ClientAddress(address));
///     }
///     request
/// }
/// # fn example(router: axum::Router) -> axum::Router {
/// router.layer(axum::middleware::map_request(async |request: Request| told_by_the_proxy(request)))
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub std::net::IpAddr);

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
        let context = source.context(&parts, None, scope).await?;
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
