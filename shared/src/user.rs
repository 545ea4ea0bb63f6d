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
    /// Signs out.
    #[allowed(true, on_purpose, transaction = false)]
    pub async fn sign_out() -> Result<()> {
        isoform::session::sign_out().await
    }
}
