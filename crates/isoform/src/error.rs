//! The one error type: opaque, cloneable, and whole on the wire.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The code of an internal error that is in the log under an id.
#[cfg(not(target_arch = "wasm32"))]
const TOLD: &str = "internal";

/// A result whose error is an [`Error`](struct@Error).
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. Each kind has one HTTP status by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// 400: malformed, of the wrong type, failed validation, or refused by a hook.
    Invalid,
    /// 401: nobody is signed in.
    Unauthenticated,
    /// 403: somebody is signed in, but may not.
    Forbidden,
    /// 404: absent, or not for this identity.
    NotFound,
    /// 409: a stale version, a value that must be unique, a foreign key.
    Conflict,
    /// 412: a precondition such as `If-Match` does not hold.
    PreconditionFailed,
    /// 413: the body is larger than the server takes.
    TooLarge,
    /// 415: the body is not `application/json`.
    UnsupportedMediaType,
    /// 429: too many requests.
    TooMany,
    /// 500: the program's own fault; the cause is in the log, never in the message.
    Internal,
    /// 503: the server cannot be reached or did not answer in time.
    Unavailable,
}

impl ErrorKind {
    /// The HTTP status that this kind has unless another was chosen.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::TooMany => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    /// The kind that a status read from the wire stands for.
    #[must_use]
    pub const fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            412 => Self::PreconditionFailed,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            429 => Self::TooMany,
            502..=504 => Self::Unavailable,
            500..=599 => Self::Internal,
            _ => Self::Invalid,
        }
    }
}

/// What went wrong, for people and for programs.
///
/// An error has a kind, a status, a message for people and, where fields are at fault, a message per
/// field (by the field's name on the wire). It is cheap to clone and crosses the wire whole. An internal
/// cause is kept for the log and is never sent.
///
/// ```
/// use isoform::Error;
/// let error = Error::invalid("the order is empty").with_code("empty_order");
/// assert!(error.is_invalid());
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.to_string(), "the order is empty");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    status: u16,
    message: String,
    fields: Vec<(String, String)>,
    code: Option<String>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
    #[cfg(not(target_arch = "wasm32"))]
    retry_after: Option<std::time::Duration>,
}

impl Error {
    /// An error of a kind, with a message for people.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            status: kind.status(),
            message: message.into(),
            fields: Vec::new(),
            code: None,
            cause: None,
            #[cfg(not(target_arch = "wasm32"))]
            retry_after: None,
        }))
    }

    /// 400: the request, or a value in it, is wrong.
    #[must_use]
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }

    /// 401: nobody is signed in.
    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(ErrorKind::Unauthenticated, "Sign in first.")
    }

    /// 403: signed in and not allowed.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, message)
    }

    /// 404: absent, or not for this identity; the two are not told apart.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::NotFound, message)
    }

    /// 409: somebody else was first.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }

    /// 429: too many requests; the message should say when to come back.
    #[must_use]
    pub fn too_many(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::TooMany, message)
    }

    /// 503: the other side cannot be reached.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, message)
    }

    /// 500: the program's own fault. The cause goes to the log; people read a neutral sentence.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut inner = Inner {
            kind: ErrorKind::Internal,
            status: 500,
            message: "Something went wrong on the server.".into(),
            fields: Vec::new(),
            code: None,
            cause: None,
            #[cfg(not(target_arch = "wasm32"))]
            retry_after: None,
        };
        inner.cause = Some(Arc::from(cause.into()));
        Self(Arc::new(inner))
    }

    /// The error as it is told to whoever asked: of an internal one only an id, under which the log has what it was.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn told(self) -> Self {
        if !self.is_internal() || self.code() == Some(TOLD) {
            return self;
        }
        let id = uuid::Uuid::now_v7();
        tracing::error!(%id, cause = self.cause().map(tracing::field::display), message = self.message(), "a request failed");
        let told = format!("Something went wrong on the server. It is in the log as {id}.");
        Self::new(self.kind(), told).with_status(self.status()).with_code(TOLD)
    }

    /// The same error with another status (400 to 599; anything else is left as it was).
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        if (400..600).contains(&status) {
            let inner = self.inner_mut();
            inner.status = status;
            inner.kind = ErrorKind::from_status(status);
        }
        self
    }

    /// The same error with a code for programs.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.inner_mut().code = Some(code.into());
        self
    }

    /// The same error, which says how long to wait before trying again: `Retry-After`.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn with_retry_after(mut self, wait: std::time::Duration) -> Self {
        self.inner_mut().retry_after = Some(wait);
        self
    }

    /// How long to wait before trying again, where it says so.
    #[cfg(not(target_arch = "wasm32"))]
    #[must_use]
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        self.0.retry_after
    }

    /// The same error with messages at fields, by their names on the wire.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<(String, String)>) -> Self {
        self.inner_mut().fields = fields;
        self
    }

    /// The same error with another message for people.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.inner_mut().message = message.into();
        self
    }

    fn inner_mut(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The message for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The messages at fields, by their names on the wire.
    #[must_use]
    pub fn fields(&self) -> &[(String, String)] {
        &self.0.fields
    }

    /// The message at one field, by its name on the wire.
    #[must_use]
    pub fn field(&self, wire_name: &str) -> Option<&str> {
        self.0.fields.iter().find(|(name, _)| name == wire_name).map(|(_, message)| message.as_str())
    }

    /// The code for programs, where one was given.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The internal cause: for the log, never for an answer.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// Was the request or a value wrong (400)?
    #[must_use]
    pub fn is_invalid(&self) -> bool {
        self.kind() == ErrorKind::Invalid
    }

    /// Is nobody signed in (401)?
    #[must_use]
    pub fn is_unauthenticated(&self) -> bool {
        self.kind() == ErrorKind::Unauthenticated
    }

    /// Signed in and not allowed (403)?
    #[must_use]
    pub fn is_forbidden(&self) -> bool {
        self.kind() == ErrorKind::Forbidden
    }

    /// Absent, or not for this identity (404)?
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Was somebody else first (409)?
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.kind() == ErrorKind::Conflict
    }

    /// The program's own fault (500)?
    #[must_use]
    pub fn is_internal(&self) -> bool {
        self.kind() == ErrorKind::Internal
    }

    /// Can the other side not be reached (503)?
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// The error's body on the wire: `{"message", "modelState", "code"}`, the last two only where they say something.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut body = serde_json::Map::new();
        body.insert("message".into(), self.message().into());
        if !self.fields().is_empty() {
            let state = self.fields().iter().map(|(name, text)| (name.clone(), text.as_str().into()));
            body.insert("modelState".into(), serde_json::Value::Object(state.collect()));
        }
        if let Some(code) = self.code() {
            body.insert("code".into(), code.into());
        }
        body.into()
    }

    /// Reads an error's body back, given the status that it came with.
    #[must_use]
    pub fn from_json(status: u16, body: &serde_json::Value) -> Self {
        let message = body.get("message").and_then(serde_json::Value::as_str);
        let message = message.map_or_else(|| format!("The server answered with status {status}."), String::from);
        let kind = ErrorKind::from_status(status);
        let mut error = Self::new(kind, message);
        error.inner_mut().status = status;
        if let Some(state) = body.get("modelState").and_then(serde_json::Value::as_object) {
            let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), String::from);
            error = error.with_fields(state.iter().map(|(name, value)| (name.clone(), text(value))).collect());
        }
        match body.get("code").and_then(serde_json::Value::as_str) {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

/// A name that somebody sent, as a message repeats it: escaped, and not longer than people read.
#[must_use]
pub fn shown(name: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = name.chars().take(MOST).flat_map(char::escape_debug).collect();
    if name.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind()).field("status", &self.status()).field("message", &self.message());
        if !self.fields().is_empty() {
            debug.field("fields", &self.fields());
        }
        if let Some(cause) = self.cause() {
            debug.field("cause", &cause.to_string());
        }
        debug.finish()
    }
}

impl std::error::Error for Error {}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.status() == other.status()
            && self.message() == other.message()
            && self.fields() == other.fields()
            && self.code() == other.code()
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.status(), self.to_json()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = Vec::<serde_json::Value>::deserialize(deserializer)?;
        match parts.as_slice() {
            [status, body] => {
                let status = status.as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or(500);
                Ok(Self::from_json(status, body))
            }
            _ => Err(de::Error::custom("an error is a status and a body")),
        }
    }
}
