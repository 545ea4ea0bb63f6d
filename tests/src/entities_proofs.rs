//! Hooks that prevent, functions that are asked once, and methods that go past the rules of their entity.

use std::sync::Mutex;

use isoform::prelude::*;

/// What has happened, under the name of what it happened to.
static NOTED: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Notes what happens.
pub fn note(name: &str, what: impl Into<String>) {
    NOTED.lock().unwrap().push((name.to_owned(), what.into()));
}

/// What has happened under a name; then it is forgotten.
pub fn noted(name: &str) -> Vec<String> {
    let mut all = NOTED.lock().unwrap();
    let (own, others) = std::mem::take(&mut *all).into_iter().partition(|(one, _)| one == name);
    *all = others;
    own.into_iter().map(|(_, what)| what).collect()
}

/// All of them.
pub fn all() -> Entities {
    entities![Relic, Hoard, Tomb, Epitaph, Asked, Part, Vault, Shelf, Book, Placed, Till]
}

/// A relic: one that is kept is neither changed nor deleted, and its hook says nothing about it. Not everybody sees them.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "relics", allow(read = authenticated, insert = true, update = true, delete = true), hooks, order_by(id))]
pub struct Relic {
    #[field(id)]
    pub id: i64,
    pub kept: bool,
    pub note: String,
    #[field(version)]
    pub version: i64,
}

#[hooks]
impl Hooks for Relic {
    async fn saving(relic: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if !e.is_new() && relic.original().kept {
            e.prevent_default();
        }
        Ok(())
    }

    async fn deleting(relic: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if relic.kept {
            e.prevent_default();
        }
        Ok(())
    }
}

#[backend]
impl Record<Relic> {
    /// Deletes it, or tries to; answers whether it is gone.
    #[allowed(true)]
    pub async fn discard(&mut self) -> Result<bool> {
        self.delete().await?;
        Ok(self.is_deleted())
    }
}

/// As a relic, where many are saved together.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "hoards", allow(crud = true), hooks, order_by(id))]
pub struct Hoard {
    #[field(id)]
    pub id: i64,
    pub kept: bool,
    #[field(saving = unless_kept)]
    pub note: String,
}

async fn unless_kept(hoard: &mut Record<Hoard>, _: Column<Hoard, String>, e: &mut LifecycleEvent<Hoard>) -> Result<()> {
    if !e.is_new() && hoard.original().kept {
        e.prevent_default();
    }
    Ok(())
}

#[hooks]
impl Hooks for Hoard {
    async fn saving_many(_: &mut [Record<Self>], _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
}

/// A tomb: when it is deleted an epitaph is written.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tombs", allow(crud = true), hooks, order_by(id))]
pub struct Tomb {
    #[field(id)]
    pub id: i64,
    pub cursed: bool,
}

#[hooks]
impl Hooks for Tomb {
    async fn deleted(tomb: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        repo::<Epitaph>().insert(Epitaph { text: format!("{} was here", tomb.id), ..Epitaph::blank() }).await?;
        if tomb.cursed { Err(Error::invalid("It is cursed.")) } else { Ok(()) }
    }
}

/// What is left of a tomb.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "epitaphs", allow(crud = true), order_by(text))]
pub struct Epitaph {
    #[field(id)]
    pub id: Uuid,
    pub text: String,
}

/// What is asked about is noted under the text that the question is for.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "asked", allow(crud = true), api_preprocess_filter = preprocessed, order_by(id))]
pub struct Asked {
    #[field(id)]
    pub id: i64,
    pub text: String,
    #[relation(text = Part::text)]
    pub parts: ToMany<Part>,
}

async fn preprocessed(filter: Filter<Asked>) -> Result<Filter<Asked>> {
    for text in filter.values_of(|a| a.text).unwrap_or_default() {
        note(&text, "prefilter");
    }
    Ok(filter)
}

#[filters]
impl Asked {
    /// Those with a text.
    pub async fn about(text: String) -> Result<Filter<Self>> {
        note(&text, "filter");
        Ok(Asked::filter(|a| a.text.eq(text)))
    }
}

/// A part of what is asked for, by its text.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "parts_asked", allow(crud = true), api_preprocess_filter = preprocessed_part, order_by(id))]
pub struct Part {
    #[field(id)]
    pub id: i64,
    pub text: String,
}

async fn preprocessed_part(filter: Filter<Part>) -> Result<Filter<Part>> {
    for text in filter.values_of(|p| p.text).unwrap_or_default() {
        note(&text, "prefilter of parts");
    }
    Ok(filter)
}

#[filters]
impl Part {
    /// Those with a text.
    pub async fn about(text: String) -> Result<Filter<Self>> {
        note(&text, "filter of parts");
        Ok(Part::filter(|p| p.text.eq(text)))
    }
}

/// A vault: nobody changes one but by its methods, and the closed ones are out of reach.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "vaults", allow(read = "banker"), api_filter = open, order_by(id))]
pub struct Vault {
    #[field(id)]
    pub id: i64,
    pub owner: String,
    pub closed: bool,
    #[field(allow_update = false)]
    pub gold: i64,
}

fn open(_: Option<&Identity>) -> Filter<Vault> {
    Vault::filter(|v| v.closed.eq(false))
}

fn owner(user: &Identity, vault: &Record<Vault>) -> bool {
    vault.owner == user.id
}

#[backend]
impl Record<Vault> {
    /// Puts gold in.
    #[allowed(owner, on_purpose)]
    pub async fn deposit(&mut self, gold: i64) -> Result<i64> {
        self.gold += gold;
        self.save().await?;
        Ok(self.gold)
    }

    /// Moves all its gold into another one, whoever reaches that.
    #[allowed(owner, on_purpose)]
    pub async fn move_to(&mut self, other: i64) -> Result<()> {
        let mut other = repo::<Vault>().find_id(other).await?;
        other.gold += std::mem::take(&mut self.gold);
        other.save().await?;
        self.save().await
    }

    /// Twice an hour, of those that are there.
    #[allowed(true, on_purpose, rate_limit(2 per hour))]
    pub async fn knock(&mut self) -> Result<()> {
        if self.gold < 0 { Err(Error::not_found("Nobody is in.")) } else { Ok(()) }
    }

    /// Does something that cannot be undone, for its owner.
    #[allowed(owner, transaction = false)]
    pub async fn melt(&mut self) -> Result<i64> {
        self.gold -= 1;
        self.save().await?;
        if self.gold < 0 { Err(Error::forbidden("There is no gold left.")) } else { Ok(self.gold) }
    }
}

#[backend]
impl Vault {
    /// All the gold there is, in closed ones too.
    #[allowed(authenticated, on_purpose)]
    pub async fn all_gold() -> Result<i64> {
        Ok(Self::query().aggregate(|v| v.gold.sum()).await?.unwrap_or_default())
    }
}

/// A shelf, with books that stand on other shelves too.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "shelves", allow(crud = true), order_by(id))]
pub struct Shelf {
    #[field(id)]
    pub id: i64,
    #[relation(through = Placed, Placed::shelf, Placed::book)]
    pub books: ToMany<Book>,
    pub best: Option<i64>,
    #[relation(best)]
    pub best_book: ToOne<Book>,
    /// Bankers alone are told.
    #[relation(best, on_delete = unwatched)]
    pub behind: ToOne<Vault>,
}

/// A book.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "books_placed", allow(crud = true), order_by(id))]
pub struct Book {
    #[field(id)]
    pub id: i64,
    pub title: String,
}

/// Which book stands where.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "placed", allow(crud = true))]
pub struct Placed {
    #[field(id)]
    pub id: Uuid,
    pub shelf: i64,
    pub book: i64,
}

/// A till: nobody writes one but by its methods. What is in it has a rule of its own, what stands on it has none.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tills", allow(read = authenticated), order_by(id))]
pub struct Till {
    #[field(id)]
    pub id: i64,
    #[field(allow_update = false)]
    pub cash: i64,
    #[field(allow_update = "banker")]
    pub limit: i64,
    pub label: String,
}

#[backend]
impl Record<Till> {
    /// Puts cash in, and saves.
    #[allowed(authenticated)]
    pub async fn pay(&mut self, cash: i64) -> Result<i64> {
        self.cash += cash;
        self.save().await?;
        Ok(self.cash)
    }

    /// Looks into it, and saves nothing.
    #[allowed("banker")]
    pub async fn look(&mut self) -> Result<i64> {
        Ok(self.cash)
    }
}
