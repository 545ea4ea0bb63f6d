//! Bodies: JSON, of a bounded size.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use isoform::{Error, ErrorKind, Result, shown};
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
        let what = if essence.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown(essence)) };
        let message = format!("The body must be sent as application/json; content-type says {what}.");
        return Err(Error::new(ErrorKind::UnsupportedMediaType, message));
    }
    let bytes = read(body, limits).await?;
    serde_json::from_slice(&bytes).map_err(|error| Error::invalid(format!("The body is not JSON: {error}.")))
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
