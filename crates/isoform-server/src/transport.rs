//! Keeps forged requests out: what changes something comes from a page of this server, or from no page at all.

use http::{HeaderMap, Method, header};
use isoform::{Error, Result};

/// Passes requests that only read, and requests that a browser sends for a page of this server or of an allowed origin.
///
/// # Errors
/// 403 for a request that carries a foreign `Origin`, or `Sec-Fetch-Site: cross-site`.
pub(crate) fn same_origin(method: &Method, headers: &HeaderMap, allowed: &[String]) -> Result<()> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    // Of two the first may be a lie, and so may the second.
    let text = |name: header::HeaderName| match (headers.get_all(&name).iter().count(), headers.get(&name)) {
        (1, Some(value)) => Some(value.to_str().unwrap_or("?")),
        (_, None) => None,
        _ => Some("?"),
    };
    let origin = text(header::ORIGIN);
    if origin.is_some_and(|origin| allowed.iter().any(|one| one == origin)) {
        return Ok(());
    }
    let refused = || Error::forbidden("This request comes from a page of another site.").with_code("foreign_origin");
    if let Some(origin) = origin {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        if host.is_none() || host != text(header::HOST) {
            return Err(refused());
        }
    }
    match text(header::HeaderName::from_static("sec-fetch-site")) {
        Some(site) if site == "?" || site.eq_ignore_ascii_case("cross-site") => Err(refused()),
        _ => Ok(()),
    }
}
