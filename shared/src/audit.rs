//! The audit: who did what through the API. The server's handlers write it, and nobody else.

use isoform::meta::Rule;
use isoform::prelude::*;

use crate::user::ADMIN;

/// That somebody changed something, or tried to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "audit",
    label = "Audit",
    allow(read = ADMIN),
    order_by(at desc),
    index(at desc),
    index(entity, at desc)
)]
pub struct Audit {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// When it was done.
    #[field(created_at)]
    pub at: DateTime<Utc>,
    /// The id of the user who did it.
    pub who: String,
    /// What was done.
    pub what: Deed,
    /// The key of the entity: `customers`.
    pub entity: String,
    /// The id of the row; of several rows how many there were.
    pub row: String,
    /// Why nothing came of it, where nothing did.
    pub failure: Option<String>,
}

/// What can be done to a row.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It was added.
    #[default]
    Added,
    /// It was changed.
    Changed,
    /// It was added, or changed where it was there.
    Put,
    /// It was deleted.
    Deleted,
}

/// What can be written through the API, and so is in the audit: the keys and labels of entities.
pub fn audited() -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_written = |meta: &EntityMeta| {
        let allow = &meta.allow;
        [allow.insert, allow.update, allow.delete].iter().any(|rule| !matches!(rule, Rule::Nobody))
    };
    let all: Vec<_> = crate::entities().iter().map(|one| one.meta).filter(|meta| is_written(meta)).collect();
    all.into_iter().map(|meta| (meta.key, meta.label))
}
