//! Answers: JSON, errors too.

use axum::body::Body;
use axum::response::Response;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use isoform::handlers::Reply;
use isoform::meta::FieldMask;
use isoform::{EntityMeta, Error, Result, Row, Value, json};

/// JSON with a status.
pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// 200 with any JSON.
pub(crate) fn value(body: &serde_json::Value) -> Response {
    json(StatusCode::OK, body.to_string().into_bytes())
}

/// One row with the fields of a mask; its version is the `ETag`.
pub(crate) fn row(status: StatusCode, meta: &EntityMeta, readable: FieldMask, row: &Row) -> Response {
    let mut body = Vec::with_capacity(512);
    json::write_row(meta, readable, row, &mut body);
    let version = meta.version.filter(|version| readable.contains(*version)).and_then(|version| row.get(version));
    let version = if let Some(Value::Int(version)) = version { Some(*version) } else { None };
    tagged(json(status, body), version)
}

/// A row that is JSON already.
pub(crate) fn record(meta: &EntityMeta, body: Vec<u8>) -> Response {
    let read = |field: usize| -> Option<i64> {
        let row: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&body).ok()?;
        row.get(meta.field(field).wire)?.as_i64()
    };
    let version = meta.version.and_then(read);
    tagged(json(StatusCode::OK, body), version)
}

/// With the version as its tag, where it has one.
fn tagged(mut response: Response, version: Option<i64>) -> Response {
    if let Some(Ok(etag)) = version.map(|version| HeaderValue::from_str(&format!("\"{version}\""))) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// Rows, each with the fields that are visible of it and that were sent, as far as only such are answered.
///
/// # Errors
/// Those of the masks.
pub(crate) fn rows(
    status: StatusCode,
    meta: &EntityMeta,
    visible: impl Fn(&Row) -> Result<FieldMask>,
    sent: &[FieldMask],
    rows: &[Row],
) -> Result<Response> {
    let mut body = Vec::with_capacity(256 * rows.len());
    body.push(b'[');
    // Handlers may have answered more rows than were sent.
    let unsent = meta.all_fields().without(meta.lazy_fields());
    let sent = sent.iter().copied().chain(std::iter::repeat(unsent));
    for (position, (row, sent)) in rows.iter().zip(sent).enumerate() {
        if position > 0 {
            body.push(b',');
        }
        json::write_row(meta, visible(row)?.and(sent), row, &mut body);
    }
    body.push(b']');
    Ok(json(status, body))
}

/// What handlers have said of an answer: headers, and a status where it is no error.
pub(crate) fn replied(mut response: Response, reply: &Reply) -> Response {
    if let Some(status) = reply.status.and_then(|status| StatusCode::from_u16(status).ok())
        && response.status().is_success()
    {
        *response.status_mut() = status;
    }
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// 204.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// An error with its status. Of an internal one only an id is told; what it was is in the log under that id.
pub(crate) fn error(error: &Error) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, error.clone().told().to_json().to_string().into_bytes());
    if let Some(wait) = error.retry_after() {
        // Whole seconds; none would be at once.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
