//! Fields that are loaded when they are asked for.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Shelf, Book, Diary, Archive, Paper]
}

/// Books stand on it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "shelves", allow(crud = true))]
pub struct Shelf {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    #[relation(Book::shelf_id)]
    pub books: ToMany<Book>,
    #[relation(Diary::shelf_id)]
    pub diaries: ToMany<Diary>,
}

/// A long text and a picture, which lists do without.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "books", allow(crud = true), order_by(title))]
pub struct Book {
    #[field(id)]
    pub id: Uuid,
    #[field(len(min = 3))]
    pub title: String,
    #[field(len(min = 2, max = 100), default = "once upon a time")]
    pub body: Lazy<String>,
    pub cover: Lazy<Vec<u8>>,
    pub shelf_id: Option<Uuid>,
    #[relation(shelf_id)]
    pub shelf: ToOne<Shelf>,
    #[field(version)]
    pub version: i64,
}

#[backend]
impl Record<Book> {
    /// Sets the title, and saves whatever else was changed.
    #[allowed(true)]
    pub async fn rename(&mut self, title: String) -> Result<()> {
        self.title = title;
        self.save().await
    }

    /// Writes the body in capitals.
    #[allowed(true)]
    pub async fn shout(&mut self) -> Result<()> {
        let body = self.load(|b| b.body).await?;
        self.body.set(body.to_uppercase());
        self.save().await
    }
}

/// Hooks, and a text for whoever it belongs to.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "diaries", allow(crud = true), hooks)]
pub struct Diary {
    #[field(id)]
    pub id: Uuid,
    pub owner: String,
    #[field(api_read = own)]
    pub text: Lazy<String>,
    pub words: i64,
    #[field(api_read = "admin")]
    pub notes: Lazy<String>,
    pub shelf_id: Option<Uuid>,
}

fn own(user: &Identity, diary: &Record<Diary>) -> bool {
    diary.owner == user.id
}

#[hooks]
impl Hooks for Diary {
    async fn saving(diary: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        if let Some(text) = diary.text.get() {
            diary.words = text.split_whitespace().count() as i64;
        }
        Ok(())
    }
}

/// Papers are kept in it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "archives", allow(crud = true))]
pub struct Archive {
    #[field(id)]
    pub id: i64,
    #[relation(Paper::archive_id)]
    pub papers: ToMany<Paper>,
}

/// Who sees what of it, and what is computed of it, depends on what is loaded when it is asked for.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "papers", allow(crud = true))]
pub struct Paper {
    #[field(id)]
    pub id: i64,
    pub body: Lazy<String>,
    #[field(api_read = harmless)]
    pub summary: String,
    #[field(server_expression = words)]
    pub words: i64,
    pub archive_id: i64,
}

fn harmless(_: &Identity, paper: &Record<Paper>) -> bool {
    !paper.body.get().is_some_and(|body| body.contains("confidential"))
}

async fn words(paper: &Record<Paper>) -> Result<i64> {
    Ok(paper.body.get().map_or(-1, |body| body.split(' ').count() as i64))
}
