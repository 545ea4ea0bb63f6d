//! Bodies: JSON, of a bounded size.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use isoform::{Error, ErrorKind, Result, shown};
use serde_json::{Map, Value as JsonValue};

use crate::api::Limits;

/// A body that has arrived, or what was wrong with it. It is waited for before anybody is asked who they are: who signs out
/// meanwhile is signed out. What was wrong is told later, since who may not ask at all is told that first.
pub(crate) struct Arrived(Result<Bytes>);

impl Arrived {
    /// Waits for the body of a request, where it can have one that is read.
    pub async fn of(parts: &Parts, body: Body, limits: &Limits, arriving: &AtomicBool) -> Self {
        if parts.method == Method::GET || parts.method == Method::HEAD || !is_json(&parts.headers) {
            return Self(Ok(Bytes::new()));
        }
        arriving.store(true, Ordering::Relaxed);
        let read = read(body, limits).await;
        arriving.store(false, Ordering::Relaxed);
        Self(read)
    }

    /// The body as it came; nothing where it did not.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The JSON of the body.
    ///
    /// # Errors
    /// 415 where it is not `application/json`, 413 where it is too large, 400 where it is not JSON.
    pub fn json(self, headers: &HeaderMap) -> Result<JsonValue> {
        if !is_json(headers) {
            let essence = essence(headers).to_ascii_lowercase();
            let what = if essence.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown(&essence)) };
            let message = format!("The body must be sent as application/json; content-type says {what}.");
            return Err(Error::new(ErrorKind::UnsupportedMediaType, message));
        }
        serde_json::from_slice(&self.0?).map_err(|error| Error::invalid(format!("The body is not JSON: {error}.")))
    }
}

/// What a body says it is.
fn essence(headers: &HeaderMap) -> &str {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    content_type.split_once(';').map_or(content_type, |(essence, _)| essence).trim()
}

fn is_json(headers: &HeaderMap) -> bool {
    essence(headers).eq_ignore_ascii_case("application/json")
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes> {
    match Limited::new(body, limits.body).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Error::new(ErrorKind::TooLarge, format!("The body is larger than {} bytes.", limits.body)))
        }
        Err(_) => Err(Error::invalid("The body did not arrive whole.")),
    }
}

/// The JSON object that a body is.
///
/// # Errors
/// 400 where it is something else.
pub(crate) fn object(json: JsonValue) -> Result<Map<String, JsonValue>> {
    match json {
        JsonValue::Object(object) => Ok(object),
        other => Err(Error::invalid(format!("The body must be a JSON object; it is {}.", isoform::json::kind(&other)))),
    }
}
