//! Rules on fields that judge the record.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Folder, Memo, Tally]
}

/// Something with memos in it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "folders", allow(crud = true))]
pub struct Folder {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    #[relation(Memo::folder_id)]
    pub memos: ToMany<Memo>,
}

/// Everybody sees it and changes it; some of it is for whoever it belongs to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "briefs",
    allow(read = true, insert = authenticated, update = authenticated, delete = own),
    order_by(title)
)]
pub struct Memo {
    #[field(id)]
    pub id: Uuid,
    #[field(len(min = 3), unique)]
    pub title: String,
    pub owner: String,
    #[field(api_read = own, len(max = 20))]
    pub notes: String,
    #[field(allow_update = while_open)]
    pub amount: i64,
    #[field(allow_update = Self::own_by_name)]
    pub seal: Option<String>,
    pub open: bool,
    #[field(api_read = is_auditor, allow_update = is_auditor)]
    pub audit: Option<String>,
    #[field(api_read = false)]
    pub blocked: bool,
    pub folder_id: Option<Uuid>,
    #[relation(folder_id)]
    pub folder: ToOne<Folder>,
}

/// A rule may ask about what nobody sees.
fn own(user: &Identity, memo: &Record<Memo>) -> bool {
    memo.owner == user.id && !memo.blocked
}

fn while_open(_: &Identity, memo: &Record<Memo>) -> bool {
    memo.open
}

fn is_auditor(user: &Identity) -> bool {
    user.has_role("auditor")
}

impl Memo {
    fn own_by_name(user: &Identity, memo: &Record<Self>) -> bool {
        memo.owner == user.id
    }
}

#[backend]
impl Record<Memo> {
    /// Answers it as it is, with whatever was not saved.
    #[allowed(authenticated)]
    pub async fn look(&mut self) -> Result<()> {
        Ok(())
    }

    /// Saves it.
    #[allowed(authenticated)]
    pub async fn keep(&mut self) -> Result<()> {
        self.save().await
    }
}

#[backend]
impl Memo {
    /// All of them, as trusted code finds them.
    #[allowed(true)]
    pub async fn everything() -> Result<Vec<Record<Memo>>> {
        Memo::query().include(|m| m.folder).await
    }

    /// All folders, with what is in them.
    #[allowed(true)]
    pub async fn all_folders() -> Result<Vec<Record<Folder>>> {
        Folder::query().include(|f| f.memos).await
    }
}

/// What the server computes of it is for whoever it belongs to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tallies", allow(crud = true), order_by(owner))]
pub struct Tally {
    #[field(id)]
    pub id: Uuid,
    pub owner: String,
    #[field(server_expression = doubled)]
    pub double: i64,
    #[field(server_expression = described, api_read = small_and_own)]
    pub secret: String,
    pub amount: i64,
}

async fn doubled(tally: &Record<Tally>) -> Result<i64> {
    Ok(tally.amount * 2)
}

async fn described(tally: &Record<Tally>) -> Result<String> {
    Ok(format!("{} of {}", tally.amount, tally.owner))
}

/// A rule may ask about what is computed.
fn small_and_own(user: &Identity, tally: &Record<Tally>) -> bool {
    tally.owner == user.id && tally.double < 100
}
