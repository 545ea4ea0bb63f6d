//! What writes of many rows are tried on.

use isoform::prelude::*;

/// Nothing needs its rows: writes of many are one statement.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "parcels", allow(crud = true), order_by(number))]
pub struct Parcel {
    #[field(id)]
    pub id: Uuid,
    #[field(range(max = 100_000))]
    pub number: i32,
    #[field(label = "Address", len(max = 20))]
    pub address: String,
    #[field(unique)]
    pub code: Option<String>,
    pub sent: bool,
    #[field(api_read = false)]
    pub secret: Option<String>,
    #[field(allow_update = false)]
    pub weight: i32,
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    #[field(updated_at)]
    pub updated_at: DateTime<Utc>,
    #[field(version)]
    pub version: i64,
}

/// Who may change one depends on the row, and so does who sees it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "permits",
    allow(read = authenticated, insert = holder, update = holder, delete = holder),
    api_filter = of_own_town,
    order_by(plate)
)]
pub struct Permit {
    #[field(id)]
    pub id: Uuid,
    #[field(unique)]
    pub plate: String,
    pub holder: String,
    pub town: String,
    #[field(required)]
    pub note: Option<String>,
}

fn holder(user: &Identity, permit: &Record<Permit>) -> bool {
    permit.holder == user.id
}

/// Everybody lives in Bern; Bob has moved.
fn of_own_town(user: Option<&Identity>) -> Filter<Permit> {
    let town = if user.is_some_and(|user| user.id == "bob") { "Basel" } else { "Bern" };
    Permit::filter(|p| p.town.eq(town))
}

/// Everybody may change it, but not out of their own town: no rule needs the row, only what is written may.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stalls", allow(crud = authenticated), api_filter = in_bern, order_by(name))]
pub struct Stall {
    #[field(id)]
    pub name: String,
    pub town: String,
    pub open: bool,
}

fn in_bern(_: Option<&Identity>) -> Filter<Stall> {
    Stall::filter(|s| s.town.eq("Bern"))
}
