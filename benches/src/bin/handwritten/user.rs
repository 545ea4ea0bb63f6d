//! Who asks: the session's row by the cookie, then the user's row.

use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use chrono::Utc;
use serde::Deserialize;

use crate::answer::Problem;
use crate::db::Db;

/// The signed-in user; a handler that takes it refuses everybody else.
pub struct User {
    /// The owner written into and compared with `tasks.owner`.
    pub id: String,
    admin: bool,
}

impl User {
    /// Whether the user may see and change what `owner` owns.
    pub fn may_touch(&self, owner: &str) -> bool {
        self.admin || self.id == owner
    }

    /// The owner that a list is limited to: none for an admin.
    pub fn only_own(&self) -> Option<&str> {
        (!self.admin).then_some(&self.id)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    user_id: String,
}

impl FromRequestParts<Db> for User {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, db: &Db) -> Result<Self, Problem> {
        let cookies = parts.headers.get(COOKIE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let session =
            cookies.split(';').find_map(|cookie| cookie.trim().strip_prefix("id=")).ok_or(Problem::SignedOut)?;
        let (data, expires_at): (String, i64) = sqlx::query_as("SELECT data, expires_at FROM sessions WHERE id = ?")
            .bind(session)
            .fetch_optional(&db.read)
            .await?
            .ok_or(Problem::SignedOut)?;
        if expires_at <= Utc::now().timestamp() {
            return Err(Problem::SignedOut);
        }
        let session: Session = serde_json::from_str(&data).map_err(|_| Problem::SignedOut)?;
        let (id, _name, roles): (String, String, String) =
            sqlx::query_as("SELECT id, name, roles FROM users WHERE id = ?")
                .bind(session.user_id)
                .fetch_optional(&db.read)
                .await?
                .ok_or(Problem::SignedOut)?;
        let roles: Vec<String> = serde_json::from_str(&roles).unwrap_or_default();
        Ok(Self { id, admin: roles.iter().any(|role| role == "admin") })
    }
}
