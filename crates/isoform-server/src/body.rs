//! Bodies: JSON, of a bounded size, in a bounded time.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use isoform::{Error, ErrorKind, Result};
use serde_json::{Map, Value as JsonValue};

use crate::api::Limits;

/// Reads the JSON of a body.
///
/// # Errors
/// 415 where it is not `application/json`, 413 where it is too large, 400 where it is not JSON.
pub(crate) async fn json(headers: &HeaderMap, body: Body, limits: &Limits) -> Result<JsonValue> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let what = if essence.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", essence.escape_debug()) };
        let message = format!("The body must be sent as application/json; content-type says {what}.");
        return Err(Error::new(ErrorKind::UnsupportedMediaType, message));
    }
    let bytes = read(body, limits).await?;
    serde_json::from_slice(&bytes).map_err(|error| Error::invalid(format!("The body is not JSON: {error}.")))
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes> {
    let collected = tokio::time::timeout(limits.time, Limited::new(body, limits.body).collect()).await;
    match collected {
        Err(_) => Err(Error::invalid("The body did not arrive in time.").with_status(408)),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Error::new(ErrorKind::TooLarge, format!("The body is larger than {} bytes.", limits.body)))
        }
        Ok(Err(_)) => Err(Error::invalid("The body did not arrive whole.")),
    }
}

/// The JSON object that a body is.
///
/// # Errors
/// 400 where it is something else.
pub(crate) fn object(json: JsonValue) -> Result<Map<String, JsonValue>> {
    match json {
        JsonValue::Object(object) => Ok(object),
        other => Err(Error::invalid(format!("The body must be a JSON object; it is {}.", kind(&other)))),
    }
}

/// What a message calls a piece of JSON.
pub(crate) const fn kind(json: &JsonValue) -> &'static str {
    match json {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "true or false",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "an array",
        JsonValue::Object(_) => "an object",
    }
}
