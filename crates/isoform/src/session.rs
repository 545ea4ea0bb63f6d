//! The session of a request, for whoever signs people in and out: a backend method, usually.

use crate::future::BoxFuture;
use crate::{Context, Error, Result};

/// A browser's session, kept by the server.
pub trait Session: Send + Sync {
    /// From now on the session is this identity's, under a new session id. The id of the identity is kept, not its
    /// roles: those are asked for anew at each request.
    fn sign_in<'a>(&'a self, identity_id: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Ends the session.
    fn sign_out(&self) -> BoxFuture<'_, Result<()>>;
}

fn current() -> Result<std::sync::Arc<dyn Session>> {
    let context = Context::current()?;
    if context.in_transaction() {
        return Err(Error::internal(
            "a session is kept outside of the open transaction, which it would wait for: sign in and out in a method with \
             `#[allowed(…, transaction = false)]`",
        ));
    }
    context.session().cloned().ok_or_else(|| Error::internal("this context has no session: sign in through a request"))
}

/// Signs an identity in: from now on the browser's requests are its own. In a backend method that says `transaction = false`:
/// whoever is signed in stays it, whatever becomes of a transaction.
///
/// # Errors
/// Where the context is not a browser's request or is in a transaction, or the session cannot be stored.
pub async fn sign_in(identity_id: &str) -> Result<()> {
    current()?.sign_in(identity_id).await
}

/// Signs out whoever is signed in, in a backend method that says `transaction = false`.
///
/// # Errors
/// Where the context is not a browser's request or is in a transaction, or the session cannot be stored.
pub async fn sign_out() -> Result<()> {
    current()?.sign_out().await
}
