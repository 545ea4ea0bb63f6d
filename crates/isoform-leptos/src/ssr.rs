//! Pages on the server: how they are added to it, and how each request's context stays its own.

mod alone;
mod files;
mod options;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use isoform::{Context, Host, Scope};
use leptos::prelude::*;
use leptos_axum::{LeptosRoutes as _, generate_route_list};

pub use options::options;

/// Adds the pages of an application to a server.
///
/// ```no_run
/// # use axum::Router;
/// # use isoform::Host;
/// # use isoform_leptos::Pages;
/// # use leptos::prelude::*;
/// # #[component]
/// # fn App() -> impl IntoView {}
/// # fn example(api: impl Host<Router = Router>) -> impl Host<Router = Router> {
/// fn shell(options: LeptosOptions) -> impl IntoView {
///     view! {
///         <!DOCTYPE html>
///         <html lang="en">
///             <head><AutoReload options=options.clone() /><HydrationScripts options /></head>
///             <body><App /></body>
///         </html>
///     }
/// }
/// api.pages(shell, App)
/// # }
/// ```
pub trait Pages: Host<Router = Router> {
    /// Adds a page for each route of `app`, which `shell` puts into a document; the files of the site beside them; and
    /// a page for everything else, which answers 404.
    ///
    /// Each page is rendered in its request's [`Context`], of scope `Api`. Where the routes are listed there is no
    /// request, and so no context.
    ///
    /// Add all pages of a process before it renders the first one: while Leptos lists routes it holds back every resource of
    /// the process, and a page that is rendered meanwhile is never answered.
    #[must_use]
    fn pages<V, W>(self, shell: impl Fn(LeptosOptions) -> V + Clone + Send + Sync + 'static, app: fn() -> W) -> Self
    where
        V: IntoView + 'static,
        W: IntoView + 'static,
    {
        alone::prepare();
        let options = options();
        let routes = generate_route_list(app);
        let document = {
            let options = options.clone();
            move || shell(options.clone())
        };
        let pages = Router::new()
            .leptos_routes_with_context(&options, routes, alone::provide_current, document.clone())
            .with_state(options.clone())
            .layer(from_fn(page));
        let files = files::router(&options, document);
        self.with_pages(pages, files)
    }
}

impl<H: Host<Router = Router>> Pages for H {}

/// Renders a page, and streams it, alone with its request's context.
async fn page(request: Request, next: Next) -> Response {
    let context = request.extensions().get::<Context>().cloned().or_else(|| Context::current().ok());
    let context = context.map(|context| context.with_scope(Scope::Api));
    private(alone::response(context, next.run(request)).await)
}

/// A page shows what its reader may see: it is nobody else's to keep, nor to be shown in a frame of another site, where its
/// buttons could be pressed unseen.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("frame-ancestors 'self'"));
    as_declared(response)
}

/// Browsers do not guess what a file is.
fn as_declared(mut response: Response) -> Response {
    response.headers_mut().entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// See [`crate::set_status`].
pub(crate) fn set_status(status: u16) {
    let options = use_context::<leptos_axum::ResponseOptions>();
    if let (Some(options), Ok(status)) = (options, axum::http::StatusCode::from_u16(status)) {
        options.set_status(status);
    }
}
