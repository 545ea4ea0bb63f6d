//! What aggregates are tried on: sales, with numbers of every type, and with rows and fields that not everybody may see.

use isoform::prelude::*;
use serde::{Deserialize, Serialize};

pub fn all() -> Entities {
    entities![Sale]
}

/// Something sold. Cancelled sales are for admins.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sales", allow(crud = authenticated), api_filter = not_cancelled)]
pub struct Sale {
    #[field(id)]
    pub id: Uuid,
    pub customer: String,
    pub status: Status,
    pub pieces: i32,
    pub cents: i64,
    pub weight: f64,
    pub paid: bool,
    pub rebate: Option<i64>,
    pub region: Option<String>,
    pub day: Option<NaiveDate>,
    pub priority: Option<Status>,
    #[field(column = "sold_at_utc")]
    pub sold_at: DateTime<Utc>,
    #[field(api_read = false)]
    pub secret: i64,
    #[field(api_read = "admin")]
    pub margin: f64,
    #[field(api_read = false)]
    pub hidden: Json<Tags>,
    pub tags: Json<Tags>,
}

/// Not in the order of the alphabet.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    Placed,
    Paid,
    Sent,
    Cancelled,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tags(pub Vec<String>);

fn not_cancelled(user: Option<&Identity>) -> Filter<Sale> {
    match user {
        Some(user) if user.has_role("admin") => Filter::all(),
        _ => Sale::filter(|s| s.status.ne(Status::Cancelled)),
    }
}
