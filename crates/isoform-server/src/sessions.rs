//! Sessions: who is signed in, by a cookie; kept as rows of the same database.

use std::sync::Arc;

use async_trait::async_trait;
use isoform::future::BoxFuture;
use isoform::prelude::*;
use isoform::provider::DataProvider;
use isoform::session::Session as IsoformSession;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record as SessionRecord};
use tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore, session_store};

/// A session as a row. No API reaches it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sessions", label = "Sessions")]
pub(crate) struct StoredSession {
    /// The id, as the cookie has it.
    #[field(id)]
    id: String,
    /// What the session holds, as JSON.
    #[field(api_read = false)]
    data: String,
    /// When it ends, in seconds since 1970.
    expires_at: i64,
}

/// How browsers are remembered: a cookie that scripts cannot read, sent for this site only.
///
/// The cookie is `Secure` where [`Sessions::secure`] says so: say it wherever the site is served over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Sessions {
    secure: bool,
    days: i64,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { secure: false, days: 30 }
    }
}

/// The key in a session under which the identity's id is.
const IDENTITY: &str = "identity";

impl Sessions {
    /// Sends the cookie over TLS only.
    #[must_use]
    pub const fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// Ends a session so many days after somebody signed in: 30 unless set.
    #[must_use]
    pub const fn days(mut self, days: u32) -> Self {
        self.days = days as i64;
        self
    }

    pub(crate) fn entity() -> &'static EntityMeta {
        StoredSession::meta()
    }

    pub(crate) fn layer(&self, database: &crate::Database) -> SessionManagerLayer<Store> {
        SessionManagerLayer::new(Store { database: database.provider() })
            .with_name("id")
            .with_http_only(true)
            .with_same_site(SameSite::Lax)
            .with_secure(self.secure)
            .with_expiry(Expiry::OnInactivity(Duration::days(self.days)))
    }
}

/// The rows of sessions.
#[derive(Clone)]
pub(crate) struct Store {
    database: Arc<dyn DataProvider>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

fn backend(error: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

impl Store {
    fn context(&self) -> Context {
        Context::backend(self.database.clone())
    }

    async fn find(&self, id: &Id) -> Result<Option<Record<StoredSession>>> {
        self.context().run(StoredSession::query().filter(|s| s.id.eq(id.to_string())).first()).await
    }

    async fn write(&self, record: &SessionRecord) -> session_store::Result<()> {
        let data =
            serde_json::to_string(&record.data).map_err(|error| session_store::Error::Encode(error.to_string()))?;
        let mut row = self.find(&record.id).await.map_err(backend)?.unwrap_or_default();
        row.id = record.id.to_string();
        row.data = data;
        row.expires_at = record.expiry_date.unix_timestamp();
        self.context().run(row.save()).await.map_err(backend)
    }
}

#[async_trait]
impl SessionStore for Store {
    async fn create(&self, record: &mut SessionRecord) -> session_store::Result<()> {
        // Browsers that never come back leave sessions behind: whoever signs in clears them away.
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let ended = StoredSession::filter(|s| s.expires_at.lte(now)).into_condition();
        self.database.delete(StoredSession::meta(), &ended).await.map_err(backend)?;
        while self.find(&record.id).await.map_err(backend)?.is_some() {
            record.id = Id::default();
        }
        self.write(record).await
    }

    async fn save(&self, record: &SessionRecord) -> session_store::Result<()> {
        self.write(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<SessionRecord>> {
        let Some(row) = self.find(id).await.map_err(backend)? else { return Ok(None) };
        if row.expires_at <= OffsetDateTime::now_utc().unix_timestamp() {
            self.delete(id).await?;
            return Ok(None);
        }
        let data = serde_json::from_str(&row.data).map_err(|error| session_store::Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(row.expires_at).map_err(backend)?;
        Ok(Some(SessionRecord { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        let gone = async {
            if let Some(mut row) = self.find(id).await? {
                self.context().run(row.delete()).await?;
            }
            Ok::<_, Error>(())
        };
        gone.await.map_err(backend)
    }
}

/// The session of one request.
#[derive(Clone, Debug)]
pub(crate) struct RequestSession(pub Session);

impl RequestSession {
    pub async fn identity_id(&self) -> Result<Option<String>> {
        self.0.get(IDENTITY).await.map_err(Error::internal)
    }
}

impl IsoformSession for RequestSession {
    fn sign_in<'a>(&'a self, identity_id: &'a str) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            // A new id, so that nobody can have planted it in the browser before.
            self.0.cycle_id().await.map_err(Error::internal)?;
            self.0.insert(IDENTITY, identity_id).await.map_err(Error::internal)
        })
    }

    fn sign_out(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.0.flush().await.map_err(Error::internal) })
    }
}
