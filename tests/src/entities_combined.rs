//! What many write at once.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Chair, Turnstile, Sitter, Slow]
}

/// Its version counts how often it was written.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "chairs", allow(crud = true), order_by(number))]
pub struct Chair {
    #[field(id)]
    pub number: i64,
    #[field(unique)]
    pub guest: Option<String>,
    #[field(range(min = 0))]
    pub price: i64,
    #[field(version)]
    pub version: i64,
}

/// The database counts who passes.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "turnstiles", allow(crud = true), order_by(id))]
pub struct Turnstile {
    #[field(id, auto_increment)]
    pub id: i64,
    pub passed: String,
}

/// Refers to a chair.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sitters", allow(crud = true), order_by(id))]
pub struct Sitter {
    #[field(id)]
    pub id: i64,
    pub chair: i64,
    #[relation(chair)]
    pub sits_on: ToOne<Chair>,
}

/// Whether it may be seen takes as long to find out as it says.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "slow", allow(crud = true), api_filter = after_a_while, order_by(id))]
pub struct Slow {
    #[field(id)]
    pub id: i64,
    pub steps: i64,
}

fn after_a_while(_: Option<&Identity>) -> Filter<Slow> {
    Filter::sql(sql!(
        "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT COUNT(*) FROM n) > {}",
        Slow::FIELDS.steps,
        0_i64
    ))
}
