//! The files of the site, and the page for what is not there.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use leptos::prelude::*;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use super::{alone, as_declared, private};

/// A router that serves the site's files, compressed beforehand where they are, and for everything else the
/// application's own page, with 404.
pub(super) fn router<V>(options: &LeptosOptions, document: impl Fn() -> V + Clone + Send + Sync + 'static) -> Router
where
    V: IntoView + 'static,
{
    let files = ServeDir::new(&*options.site_root)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    // A name with a hash in it never means another file.
    let hashed = options.hash_files.then(|| format!("/{}/", options.site_pkg_dir.trim_matches('/')));
    let not_found = leptos_axum::render_app_async_with_context(alone::provide_current, document);
    Router::new().fallback(move |request: Request| {
        let (files, hashed, not_found) = (files.clone(), hashed.clone(), not_found.clone());
        async move {
            let (parts, _) = request.into_parts();
            let page = matches!(parts.method, Method::GET | Method::HEAD) && takes_html(&parts.headers);
            let too_long = parts.uri.path().split('/').any(|name| name.len() > 255);
            let immutable = hashed.is_some_and(|hashed| parts.uri.path().starts_with(&hashed));
            let mut found = match files.oneshot(Request::from_parts(parts.clone(), Body::empty())).await {
                Ok(found) => found.map(Body::new),
                Err(never) => match never {},
            };
            // No file has a name as long as that.
            if found.status() == StatusCode::NOT_FOUND || too_long {
                if !page {
                    return (StatusCode::NOT_FOUND, "Not found").into_response();
                }
                // Nobody was looked up for a file: the page is nobody's, and the browser asks who is signed in.
                let mut response = alone::response(None, not_found(Request::from_parts(parts, Body::empty()))).await;
                if response.status() == StatusCode::OK {
                    *response.status_mut() = StatusCode::NOT_FOUND;
                }
                return private(response);
            }
            let cache = if immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
            found.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(cache));
            declare_utf8(&mut found);
            as_declared(found)
        }
    })
}

/// A script that misses a file is not helped by a page.
fn takes_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .is_none_or(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html") || accept.trim() == "*/*"))
}

fn declare_utf8(response: &mut Response) {
    let plain = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"text/plain");
    if plain {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
}
