use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true))]
pub struct Item {
    #[field(id)]
    pub id: Uuid,
    pub order_id: Uuid,
    pub name: String,
    pub price: Decimal,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "orders", allow(crud = true))]
pub struct Order {
    #[field(id)]
    pub id: Uuid,
    #[relation(Item::order_id)]
    pub items: ToMany<Item>,
    #[field(related = |o| o.items.count())]
    pub count: Decimal,
    #[field(related = |o| o.items.max(|i| i.price))]
    pub dearest: Decimal,
    #[field(related = |o| o.items.sum(|i| i.name))]
    pub names: String,
    #[field(related = |o| o.id)]
    pub own: Uuid,
}

fn main() {}
