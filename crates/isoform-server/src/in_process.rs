//! A client of an API in the same process, without a network: for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use http::{Request as HttpRequest, header};
use http_body_util::BodyExt as _;
use isoform::future::BoxFuture;
use isoform::remote::{Request, Response, Transport};
use isoform::{Error, Remote, Result};
use tower::ServiceExt as _;

/// Carries requests straight into a router, and keeps its cookies as a browser does.
///
/// ```no_run
/// # async fn example(api: isoform_server::Api) -> isoform::Result<()> {
/// let client = isoform::Context::over(isoform_server::InProcess::remote(api.into_router()?));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct InProcess {
    router: Router,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl InProcess {
    /// A client of a router.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router, cookies: Arc::default() }
    }

    /// A client of a router's API under `/api`, ready for [`Context::over`](isoform::Context::over).
    #[must_use]
    pub fn remote(router: Router) -> Remote {
        Remote::new("/api", Arc::new(Self::new(router)))
    }

    fn cookie_header(&self) -> Option<String> {
        let cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&self, set_cookie: &str) {
        let Some((name, value)) = set_cookie.split(';').next().and_then(|pair| pair.split_once('=')) else { return };
        let ended = set_cookie.to_ascii_lowercase().contains("max-age=0");
        let mut cookies = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        if ended {
            cookies.remove(name);
        } else {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let mut builder = HttpRequest::builder().method(request.method).uri(&request.url);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            if let Some(cookies) = self.cookie_header() {
                builder = builder.header(header::COOKIE, cookies);
            }
            let built = match request.body {
                Some(body) => builder.header(header::CONTENT_TYPE, "application/json").body(Body::from(body)),
                None => builder.body(Body::empty()),
            };
            let response =
                self.router.clone().oneshot(built.map_err(Error::internal)?).await.map_err(Error::internal)?;
            for value in response.headers().get_all(header::SET_COOKIE) {
                self.keep(value.to_str().unwrap_or_default());
            }
            let status = response.status().as_u16();
            let body = response.into_body().collect().await.map_err(Error::internal)?.to_bytes().to_vec();
            Ok(Response { status, body })
        })
    }
}
