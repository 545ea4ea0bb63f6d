//! The outbox: mails that are to be sent.

use isoform::prelude::*;

use crate::user::ADMIN;

/// A mail that is to be sent. What writes one does so after its transaction has committed: a mail cannot be undone.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "outbox", label = "Outbox", allow(read = ADMIN), order_by(created desc), index(created desc))]
pub struct Mail {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// Whom it is for.
    #[field(required, email)]
    pub to: String,
    /// What it is about.
    #[field(required, len(max = 200))]
    pub subject: String,
    /// What it says.
    pub text: String,
    /// When it was written.
    #[field(created_at)]
    pub created: DateTime<Utc>,
    /// When it was sent, if it was.
    pub sent: Option<DateTime<Utc>>,
}
