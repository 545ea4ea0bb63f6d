//! Requests as they are on the wire: what no client of this project would send.

use axum::body::Body;
use axum::http::{HeaderMap, Request, header};
use isoform::prelude::*;
use serde_json::Value as Json;
use tower::ServiceExt as _;

use crate::{World, bearer};

/// A request, to be sent to a world's router.
pub struct Ask {
    router: axum::Router,
    builder: axum::http::request::Builder,
    body: Body,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl World {
    pub fn ask(&self, method: &str, uri: &str) -> Ask {
        let builder = Request::builder().method(method).uri(uri).header(header::HOST, "app.test");
        Ask { router: self.router.clone(), builder, body: Body::empty() }
    }

    pub fn get(&self, uri: &str) -> Ask {
        self.ask("GET", uri)
    }

    pub fn post(&self, uri: &str) -> Ask {
        self.ask("POST", uri)
    }

    pub fn put(&self, uri: &str) -> Ask {
        self.ask("PUT", uri)
    }

    pub fn delete(&self, uri: &str) -> Ask {
        self.ask("DELETE", uri)
    }
}

impl Ask {
    pub fn by(self, identity: &Identity) -> Self {
        self.header("authorization", &bearer(identity))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// With what a layer around the router would say of it.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.builder = self.builder.extension(value);
        self
    }

    /// With a body of JSON.
    pub fn json(self, json: &Json) -> Self {
        self.text("application/json", &json.to_string())
    }

    /// With a body of whatever it says it is.
    pub fn text(self, content_type: &str, text: &str) -> Self {
        self.header("content-type", content_type).body(Body::from(text.to_owned()))
    }

    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    pub async fn send(self) -> Answer {
        let request = self.builder.body(self.body).unwrap();
        let response = self.router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).expect("answers are UTF-8");
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}

/// What no answer ever tells: the language of the database, its names, the machine's paths, the program's types.
const SECRETS: [&str; 26] = [
    "SELECT ",
    "INSERT ",
    "UPDATE ",
    "DELETE ",
    "sqlite",
    "SQLite",
    "sqlx",
    "syntax error",
    "no such column",
    "no such table",
    "constraint failed",
    "stored_elsewhere",
    "text_or",
    "created_at",
    "api_read",
    "/tmp",
    ".db",
    ".rs",
    "isoform",
    "::",
    "struct ",
    "enum ",
    "i64",
    "panic",
    "backtrace",
    "password",
];

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Json {
        assert_eq!(self.header("content-type"), "application/json", "{self:?}");
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The JSON of an answer that went well.
    #[track_caller]
    pub fn ok(&self, status: u16) -> Json {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// The message of a refusal, which is JSON, says something and tells nothing.
    #[track_caller]
    pub fn refused(&self, status: u16) -> String {
        self.refused_echoing(status, "\u{0}")
    }

    /// As [`Answer::refused`], where the message may repeat what was sent.
    #[track_caller]
    pub fn refused_echoing(&self, status: u16, sent: &str) -> String {
        assert_eq!(self.status, status, "{self:?}");
        let json = self.json();
        let message = json["message"].as_str().unwrap_or_else(|| panic!("no message: {self:?}"));
        assert!(message.len() > 5 && message.len() < 1000, "a sentence: {self:?}");
        let known = ["message", "modelState", "code"];
        assert!(json.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{self:?}");
        // What was sent, whole or the part of it that was taken for a name, escaped by the message and by JSON.
        let parts = sent.split([',', '.']).filter(|part| part.len() > 1);
        let told = std::iter::once(sent).chain(parts).fold(message.to_owned(), |told, part| {
            told.replace(&part.escape_debug().to_string(), "").replace(part, "")
        });
        let told = told + &json["modelState"].to_string() + &json["code"].to_string();
        for secret in SECRETS {
            assert!(!told.contains(secret), "tells {secret:?}: {self:?}");
        }
        message.to_owned()
    }

    /// What is wrong with a field, of a refusal.
    #[track_caller]
    pub fn field(&self, name: &str) -> String {
        let json = self.json();
        json["modelState"][name].as_str().unwrap_or_else(|| panic!("nothing at {name}: {self:?}")).to_owned()
    }
}
