//! Entities to be read page by page.

use isoform::prelude::*;

use crate::entities::Color;

pub fn all() -> Entities {
    entities![Entry, Memo, Tag, Indexed]
}

/// Values that repeat, are null, and have an order of their own.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "entries", allow(crud = true), order_by(rank desc, title), index(due desc, title), index(rank desc, title))]
pub struct Entry {
    #[field(id)]
    pub id: Uuid,
    #[field(index)]
    pub title: String,
    #[field(index)]
    pub rank: i32,
    #[field(index)]
    pub due: Option<NaiveDate>,
    pub color: Color,
    pub color_or: Option<Color>,
    pub extra: Json<Vec<String>>,
}

impl Entry {
    pub fn of(rank: i32, title: &str) -> Self {
        Self { rank, title: title.into(), ..Self::blank() }
    }
}

/// Everybody sees what is published, writers their own too; the order is by what nobody sees.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "memos", allow(read = true, insert = authenticated), api_filter = published_or_own, order_by(secret desc, title))]
pub struct Memo {
    #[field(id)]
    pub id: Uuid,
    pub title: String,
    pub published: bool,
    pub owner: String,
    #[field(api_read = false)]
    pub secret: String,
    #[field(api_read = "admin")]
    pub note: Option<String>,
}

fn published_or_own(user: Option<&Identity>) -> Filter<Memo> {
    let published = Memo::filter(|m| m.published.eq(true));
    match user {
        Some(user) => published | Memo::filter(|m| m.owner.eq(&user.id)),
        None => published,
    }
}

/// Found by its name, or made.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tags", allow(read = true, insert = authenticated))]
pub struct Tag {
    #[field(id)]
    pub id: Uuid,
    #[field(unique, len(min = 2, max = 20))]
    pub name: String,
    pub color: Option<String>,
    pub year: i32,
}

/// The fields of a [`Sample`](crate::entities::Sample), in their order, each with an index.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "indexed", allow(crud = true))]
pub struct Indexed {
    #[field(id)]
    pub id: Uuid,
    #[field(index)]
    pub text: String,
    #[field(index)]
    pub flag: bool,
    #[field(index)]
    pub number: i32,
    #[field(index)]
    pub big: i64,
    #[field(index)]
    pub ratio: f64,
    #[field(index)]
    pub key: Uuid,
    #[field(index)]
    pub at: DateTime<Utc>,
    #[field(index)]
    pub day: NaiveDate,
    #[field(index)]
    pub color: Color,
    pub extra: Json<crate::entities::Extra>,
    #[field(index)]
    pub text_or: Option<String>,
    #[field(index)]
    pub flag_or: Option<bool>,
    #[field(index)]
    pub number_or: Option<i32>,
    #[field(index)]
    pub big_or: Option<i64>,
    #[field(index)]
    pub ratio_or: Option<f64>,
    #[field(index)]
    pub key_or: Option<Uuid>,
    #[field(index)]
    pub at_or: Option<DateTime<Utc>>,
    #[field(index)]
    pub day_or: Option<NaiveDate>,
    #[field(index)]
    pub color_or: Option<Color>,
}
