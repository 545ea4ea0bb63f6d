//! What data handlers run around.

use isoform::prelude::*;

/// A deal: closed ones are out of reach, and some of it is the server's.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deals", allow(crud = authenticated), api_filter = open_ones, order_by(number))]
pub struct Deal {
    #[field(id)]
    pub number: i64,
    #[field(len(max = 20))]
    pub title: String,
    pub amount: i64,
    pub archived: bool,
    pub closed: bool,
    /// Only the server writes it.
    #[field(allow_update = false)]
    pub total: i64,
    /// Nobody sees it.
    #[field(api_read = false)]
    pub secret: String,
    #[relation(Piece::deal)]
    pub pieces: ToMany<Piece>,
    #[field(version)]
    pub version: i64,
}

fn open_ones(_: Option<&Identity>) -> Filter<Deal> {
    Deal::filter(|d| d.closed.eq(false))
}

/// A piece of a deal.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "pieces", allow(crud = authenticated), order_by(id))]
pub struct Piece {
    #[field(id)]
    pub id: i64,
    pub deal: i64,
    pub name: String,
    #[field(api_read = false)]
    pub cost: i64,
}

/// What handlers have seen.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "audits", allow(read = "admin"), order_by(id))]
pub struct Audit {
    #[field(id, auto_increment)]
    pub id: i64,
    pub entry: String,
}

/// Nobody serves it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "strangers", allow(crud = true))]
pub struct Stranger {
    #[field(id)]
    pub id: i64,
}

pub fn all() -> Entities {
    entities![Deal, Piece, Audit]
}

/// Writes into the audit, with whatever transaction is open.
pub async fn audit(entry: impl Into<String>) -> Result<()> {
    let entry = entry.into();
    repo::<Audit>().insert(Audit { entry, ..Audit::blank() }).await.map(drop)
}

/// What the server keeps something of.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "memos", allow(crud = authenticated))]
pub struct Memo {
    #[field(embed)]
    pub item: PersistenceItem,
    pub text: String,
}

/// A secret that its owner sees.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "hushes", allow(crud = authenticated))]
pub struct Hush {
    #[field(id)]
    pub id: i64,
    pub owner: String,
    #[field(api_read = own)]
    pub secret: String,
    #[relation(Line::hush)]
    pub lines: ToMany<Line>,
}

fn own(user: &Identity, hush: &Record<Hush>) -> bool {
    hush.owner == user.id
}

/// A line of a secret, long, and with a rule on the record.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", allow(crud = authenticated))]
pub struct Line {
    #[field(id)]
    pub id: i64,
    pub hush: i64,
    pub owner: String,
    pub text: Lazy<String>,
    #[field(api_read = of_owner)]
    pub note: String,
}

fn of_owner(user: &Identity, line: &Record<Line>) -> bool {
    line.owner == user.id
}
