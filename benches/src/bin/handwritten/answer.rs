//! What is answered: rows, the forms of an instance method, and errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use uuid::Uuid;

/// An error as the client sees it.
#[derive(Debug)]
pub enum Problem {
    /// Nobody is signed in.
    SignedOut,
    /// Absent, or not this user's.
    NotFound,
    /// Someone else has changed the row since.
    Stale,
    /// The request is wrong; why.
    Invalid(&'static str),
    /// The database failed; the reason is for the log only.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::SignedOut => (StatusCode::UNAUTHORIZED, "not signed in"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not found"),
            Self::Stale => (StatusCode::CONFLICT, "changed by someone else"),
            Self::Invalid(why) => (StatusCode::BAD_REQUEST, why),
            Self::Database(error) => {
                eprintln!("{error}");
                (StatusCode::INTERNAL_SERVER_ERROR, "internal error")
            }
        };
        (status, Json(serde_json::json!({ "message": message }))).into_response()
    }
}

/// A handler's answer.
pub type Answer<T> = Result<T, Problem>;

/// The call of an instance method. Its methods take the stored row, so that of `rowInfo` only the id counts.
#[derive(Deserialize)]
pub struct Call {
    /// The record it is called on.
    #[serde(rename = "rowInfo")]
    pub row_info: CalledOn,
}

/// See [`Call`].
#[derive(Deserialize)]
pub struct CalledOn {
    /// The stored row's id.
    pub id: Uuid,
}

/// What an instance method answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Called<T> {
    row_info: RowInfo<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowInfo<T> {
    data: T,
    is_new_row: bool,
    was_changed: bool,
    id: Uuid,
}

impl<T> Called<T> {
    /// The record as it was saved.
    pub fn saved(id: Uuid, data: T) -> Json<Self> {
        Json(Self { row_info: RowInfo { data, is_new_row: false, was_changed: false, id } })
    }
}

/// Serializes a time as `2020-01-01T00:00:00.000Z`.
pub fn millis<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// The query string of a list.
#[derive(Deserialize)]
pub struct ListQuery {
    /// Only rows that are, or are not, completed.
    pub completed: Option<bool>,
    /// The field to sort by; titles when absent.
    #[serde(rename = "_sort")]
    pub sort: Option<Sort>,
    /// How many rows at most.
    #[serde(rename = "_limit")]
    pub limit: Option<u32>,
}

/// The fields that one may sort by.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    /// By title, then id.
    #[default]
    Title,
    /// By the time of creation, then id.
    CreatedAt,
}

impl Sort {
    /// The columns, for `ORDER BY`.
    pub fn columns(self) -> &'static str {
        match self {
            Self::Title => "title, id",
            Self::CreatedAt => "created_at, id",
        }
    }
}
