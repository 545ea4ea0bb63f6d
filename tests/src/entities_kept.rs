//! Entities with a `PersistenceItem`: notes of their owners, with replies, and a guest book.

use isoform::prelude::*;

/// Seen and changed by whoever wrote it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "memoranda",
    allow(read = authenticated, insert = is_own, update = is_own, delete = is_own),
    api_filter = own,
    order_by(created desc),
    index(owner_id, created desc)
)]
pub struct Memorandum {
    pub text: String,
    #[field(embed)]
    pub item: PersistenceItem,
    #[relation(Reply::memorandum_id)]
    pub replies: ToMany<Reply>,
    #[relation(owner_id = Reply::owner_id)]
    pub own_replies: ToMany<Reply>,
}

fn is_own(user: &Identity, memorandum: &Record<Memorandum>) -> bool {
    memorandum.item.owner_id.as_ref() == Some(&user.id)
}

fn own(user: Option<&Identity>) -> Filter<Memorandum> {
    user.map_or_else(Filter::nothing, |user| Memorandum::filter(|m| m.item.owner_id.eq(user.id.as_str())))
}

#[backend]
impl Record<Memorandum> {
    /// Says whose it is, as the server knows it.
    #[allowed(is_own)]
    pub async fn whose(&mut self) -> Result<Option<String>> {
        Ok(self.item.owner_id.clone())
    }
}

/// It has an id of its own, beside the identifier.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "replies", allow(crud = authenticated))]
pub struct Reply {
    #[field(id, auto_increment)]
    pub id: i64,
    pub memorandum_id: Option<Uuid>,
    #[relation(memorandum_id)]
    pub memorandum: ToOne<Memorandum>,
    #[field(embed)]
    pub item: PersistenceItem,
    pub text: String,
}

/// Everybody writes.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "guests", allow(crud = true))]
pub struct Guest {
    #[field(embed)]
    pub item: PersistenceItem,
    #[field(unique)]
    pub name: String,
    pub words: String,
}

/// All of them.
pub fn all() -> Entities {
    entities![Memorandum, Reply, Guest]
}
