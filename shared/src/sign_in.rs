//! Signing in.

use isoform::prelude::*;

#[cfg(not(target_arch = "wasm32"))]
use crate::user::User;

/// Somebody who wants to come in. Without `Debug`: a password does not belong in a log.
#[derive(Controller, Clone, Default, PartialEq)]
#[controller(key = "session")]
pub struct SignIn {
    /// The name to sign in with.
    #[field(required)]
    pub name: String,
    /// The password. It does not come back.
    #[field(required, input = "password")]
    pub password: String,
}

#[backend]
impl Record<SignIn> {
    /// Signs in; answers who that is.
    #[allowed(true, transaction = false)]
    pub async fn sign_in(&mut self) -> Result<Identity> {
        let (name, password) = (self.name.trim().to_owned(), std::mem::take(&mut self.password));
        let found = repo::<User>().query().filter(|u| u.id.eq(&name)).first().await?;
        let stored = found.as_ref().map(|user| user.password_hash.as_str());
        if !isoform::password::verify_sign_in(&name, &password, stored).await? {
            return Err(Error::new(isoform::ErrorKind::Unauthenticated, "The name or the password is wrong."));
        }
        let identity = found.map(|user| user.identity()).ok_or_else(Error::unauthenticated)?;
        isoform::session::sign_in(&identity.id).await?;
        Ok(identity)
    }
}
