//! The entities of the tests: one with every type of field, one with every kind of rule, one with every hook.

use std::sync::atomic::{AtomicU64, Ordering};

use isoform::prelude::*;
use serde::{Deserialize, Serialize};

pub fn all() -> Entities {
    entities![Sample, Article, Account, Event, Log, Letter, crate::todo::Todo, crate::todo::Counter]
        .and(crate::entities_paging::all())
        .and(entities![crate::entities_bulk::Parcel, crate::entities_bulk::Permit, crate::entities_bulk::Stall])
        .and(crate::entities_aggregates::all())
        .and(crate::entities_fields::all())
        .and(crate::entities_rules::all())
        .and(crate::entities_lazy::all())
        .and(crate::entities_ids::all())
        .and(crate::entities_hooks::all())
        .and(crate::entities_shop::all())
        .and(crate::entities_views::all())
        .and(crate::entities_attacks::all())
        .and(crate::entities_methods::all())
        .and(crate::entities_combined::all())
        .and(crate::entities_in_step::all())
        .and(crate::entities_controllers::all())
}

/// Every type of field, and every validator.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "samples", allow(crud = true), order_by(number))]
pub struct Sample {
    #[field(id)]
    pub id: Uuid,
    #[field(len(max = 1000))]
    pub text: String,
    pub flag: bool,
    #[field(range(min = -1000, max = 1000))]
    pub number: i32,
    pub big: i64,
    pub ratio: f64,
    pub key: Uuid,
    pub at: DateTime<Utc>,
    pub day: NaiveDate,
    pub color: Color,
    pub extra: Json<Extra>,
    pub text_or: Option<String>,
    pub flag_or: Option<bool>,
    pub number_or: Option<i32>,
    pub big_or: Option<i64>,
    pub ratio_or: Option<f64>,
    pub key_or: Option<Uuid>,
    pub at_or: Option<DateTime<Utc>>,
    pub day_or: Option<NaiveDate>,
    pub color_or: Option<Color>,
    pub extra_or: Option<Json<Extra>>,
    #[field(email)]
    pub email: Option<String>,
    #[field(url)]
    pub link: Option<String>,
    #[field(pattern = "[A-Z]{2}-[0-9]+")]
    pub code: Option<String>,
    #[field(one_of("red", "green"))]
    pub choice: Option<String>,
    #[field(validate = even)]
    pub even: i32,
    #[field(unique)]
    pub handle: Option<String>,
    #[field(default = 7, label = "Lucky number")]
    pub lucky: i32,
    #[field(column = "stored_elsewhere")]
    pub renamed: String,
}

#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Red,
    #[default]
    Green,
    #[field_enum(value = "navy", label = "Navy blue")]
    DarkBlue,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extra {
    pub tags: Vec<String>,
    pub depth: u8,
}

fn even(number: &i32) -> Result<(), String> {
    if number % 2 == 0 { Ok(()) } else { Err("must be even".into()) }
}

/// Every kind of rule.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "articles",
    allow(read = true, insert = authenticated, update = owner_or_admin, delete = "admin"),
    api_filter = published_or_own,
    hooks
)]
pub struct Article {
    #[field(id)]
    pub id: Uuid,
    #[field(len(min = 5, max = 200))]
    pub title: String,
    pub published: bool,
    #[field(api_read = false)]
    pub secret: Option<String>,
    #[field(api_read = "admin", unique)]
    pub note: Option<String>,
    #[field(allow_update = "admin")]
    pub owner: String,
    pub reviewer: Option<String>,
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    #[field(updated_at)]
    pub updated_at: DateTime<Utc>,
    #[field(version)]
    pub version: i64,
}

fn owner_or_admin(user: &Identity, article: &Record<Article>) -> bool {
    user.has_role("admin") || article.owner == user.id || article.reviewer.as_ref() == Some(&user.id)
}

fn published_or_own(user: Option<&Identity>) -> Filter<Article> {
    match user {
        Some(user) if user.has_role("admin") => Filter::all(),
        Some(user) => {
            Article::filter(|a| a.published.eq(true) | a.owner.eq(&user.id) | a.reviewer.eq(user.id.as_str()))
        }
        None => Article::filter(|a| a.published.eq(true)),
    }
}

#[hooks]
impl Hooks for Article {
    async fn validation(article: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if article.title.starts_with('?') {
            e.error(|a| a.title, "is a question");
        }
        Ok(())
    }

    async fn saving(article: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if e.is_new() && article.owner.is_empty() {
            article.owner = Identity::current()?.id;
        }
        Ok(())
    }
}

#[backend]
impl Record<Article> {
    /// Publishes it, with whatever the caller had changed, and answers the title as it was in the table.
    #[allowed(owner_or_admin)]
    pub async fn publish(&mut self, suffix: String) -> Result<String> {
        let was = self.original().title.clone();
        self.published = true;
        self.title.push_str(&suffix);
        self.save().await?;
        Ok(was)
    }

    /// Changes it without saving.
    #[allowed(owner_or_admin)]
    pub async fn shout(&mut self) -> Result<()> {
        self.title = self.title.to_uppercase();
        Ok(())
    }

    /// Says what is wrong with a field.
    #[allowed(owner_or_admin)]
    pub async fn complain(&mut self) -> Result<()> {
        self.set_error(|a| a.title, "is dull");
        Ok(())
    }

    /// Saves, and fails then.
    #[allowed(owner_or_admin)]
    pub async fn save_and_fail(&mut self) -> Result<()> {
        self.title = "Saved before it failed".into();
        self.save().await?;
        Err(Error::invalid("changed my mind").with_code("mind"))
    }

    /// Panics.
    #[allowed(authenticated)]
    pub async fn explode(&mut self) -> Result<()> {
        self.title = "Saved before it exploded".into();
        self.save().await?;
        panic!("the secret password is swordfish");
    }

    /// Deletes it.
    #[allowed(owner_or_admin)]
    pub async fn discard(&mut self) -> Result<()> {
        self.delete().await
    }

    /// Takes and answers what serde knows.
    #[allowed(authenticated)]
    pub async fn echo(&mut self, numbers: Vec<i64>, extra: Option<Extra>) -> Result<(Vec<i64>, Option<Extra>)> {
        Ok((numbers, extra))
    }
}

/// Everything an account has done is an [`Event`]; a balance is never negative.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "accounts", allow(read = authenticated, insert = authenticated, update = authenticated, delete = authenticated), hooks)]
pub struct Account {
    #[field(id)]
    pub id: String,
    pub balance: i64,
    #[field(saving = trimmed)]
    pub holder: String,
}

async fn trimmed(
    account: &mut Record<Account>,
    _: Column<Account, String>,
    _: &mut LifecycleEvent<Account>,
) -> Result<()> {
    account.holder = account.holder.trim().to_owned();
    Ok(())
}

async fn happened(account: &str, what: &str) -> Result<()> {
    repo::<Event>().insert(Event { id: Uuid::nil(), account: account.into(), what: what.into() }).await.map(drop)
}

#[hooks]
impl Hooks for Account {
    async fn saving(account: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        let what = if e.is_new() { "inserting" } else { "updating" };
        happened(&account.id, what).await?;
        match account.holder.as_str() {
            "refused" => Err(Error::forbidden("not this holder").with_code("holder")),
            "panic" => panic!("the secret password is swordfish"),
            "field" => {
                e.error(|a| a.holder, "is refused by the hook");
                Ok(())
            }
            "prevented" => {
                e.prevent_default();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn saved(account: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        happened(&account.id, &format!("saved {} (was {})", account.balance, account.original().balance)).await?;
        if account.balance < 0 && !e.is_new() {
            return Err(Error::invalid("a balance is never negative"));
        }
        Ok(())
    }

    async fn deleting(account: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        happened(&account.id, "deleting").await?;
        if account.balance > 0 {
            e.error(|a| a.balance, "is not empty");
        }
        Ok(())
    }

    async fn deleted(account: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        happened(&account.id, "deleted").await?;
        if account.holder == "kept" { Err(Error::invalid("kept")) } else { Ok(()) }
    }
}

#[backend]
impl Account {
    /// Moves money from one account to another.
    #[allowed(authenticated)]
    pub async fn transfer(from: String, to: String, amount: i64) -> Result<()> {
        let mut to = repo::<Account>().find_id(to).await?;
        to.balance += amount;
        to.save().await?;
        let mut from = repo::<Account>().find_id(from).await?;
        from.balance -= amount;
        from.save().await
    }

    /// Counts calls, without a transaction.
    #[allowed(true, transaction = false)]
    pub async fn count_calls() -> Result<u64> {
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Ok(CALLS.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Who calls, as the body sees it.
    #[allowed(true)]
    pub async fn whoami() -> Result<Option<String>> {
        Ok(Context::current()?.identity().map(|identity| identity.id.clone()))
    }

    /// For admins.
    #[allowed("admin")]
    pub async fn audit() -> Result<u64> {
        repo::<Event>().count().await
    }
}

/// What happened. No API writes it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "events", allow(read = authenticated), order_by(id))]
pub struct Event {
    #[field(id)]
    pub id: Uuid,
    pub account: String,
    pub what: String,
}

/// Anybody may post one or change it, and only admins read them. Its id is a number.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "letters", allow(read = "admin", insert = true, update = true))]
pub struct Letter {
    #[field(id)]
    pub number: i64,
    #[field(len(max = 100))]
    pub text: String,
    pub answer: Option<String>,
    #[field(version)]
    pub version: i64,
}

#[backend]
impl Record<Letter> {
    /// Answers nothing but that it was read.
    #[allowed(true)]
    pub async fn seen(&mut self) -> Result<bool> {
        Ok(!self.text.is_empty())
    }
}

/// An entity without `allow`: no API reaches it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "logs")]
pub struct Log {
    #[field(id)]
    pub id: Uuid,
    pub line: String,
}
