//! What the npm client joins by itself: buyers, and what they have bought.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Buyer, Deal]
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "buyers", allow(crud = authenticated), order_by(name))]
pub struct Buyer {
    #[field(id)]
    pub id: String,
    pub name: String,
    pub vip: bool,
    #[relation(Deal::buyer_id)]
    pub deals: ToMany<Deal>,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deals", allow(crud = authenticated), order_by(number))]
pub struct Deal {
    #[field(id)]
    pub number: i32,
    pub buyer_id: Option<String>,
    pub what: String,
    pub price: i32,
    #[relation(buyer_id, on_delete = unwatched)]
    pub buyer: ToOne<Buyer>,
}
