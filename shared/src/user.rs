//! Users: who can sign in.

use isoform::prelude::*;

/// The role that sees and changes everybody's tasks.
pub const ADMIN: &str = "admin";

/// Somebody who can sign in.
///
/// Nobody reaches users through the API; its methods are what the browser needs.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "users", label = "Users")]
pub struct User {
    /// The name to sign in with.
    #[field(id, len(min = 1, max = 40), pattern = "[a-z][a-z0-9_]*")]
    pub id: String,
    /// The name to show.
    #[field(required)]
    pub name: String,
    /// What the user is allowed to be.
    pub roles: Json<Vec<String>>,
    /// The password's hash.
    #[field(api_read = false)]
    pub password_hash: String,
}

impl User {
    /// Who the user is, for the guard.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.roles.iter().fold(Identity::new(&self.id, &self.name), Identity::role)
    }
}

#[backend]
impl User {
    /// Signs in with a name and a password; answers who that is.
    #[allowed(true, on_purpose, transaction = false)]
    pub async fn sign_in(name: String, password: String) -> Result<Identity> {
        let found = repo::<User>().query().filter(|u| u.id.eq(&name)).first().await?;
        let stored = found.as_ref().map(|user| user.password_hash.as_str());
        if !isoform::password::verify_sign_in(&name, &password, stored).await? {
            return Err(Error::new(isoform::ErrorKind::Unauthenticated, "The name or the password is wrong."));
        }
        let identity = found.map(|user| user.identity()).ok_or_else(Error::unauthenticated)?;
        isoform::session::sign_in(&identity.id).await?;
        Ok(identity)
    }

    /// Signs out.
    #[allowed(true, on_purpose, transaction = false)]
    pub async fn sign_out() -> Result<()> {
        isoform::session::sign_out().await
    }
}
