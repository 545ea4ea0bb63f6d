use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true))]
pub struct Item {
    #[field(id)]
    pub id: Uuid,
    pub order_id: Uuid,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "orders", allow(crud = true), index(count, id))]
pub struct Order {
    #[field(id)]
    pub id: Uuid,
    #[relation(Item::order_id)]
    pub items: ToMany<Item>,
    #[field(related = |o| o.items.count(), required, unique, index, column = "n")]
    pub count: i64,
    #[field(sql_expression = "{count} + 1")]
    pub more: i64,
    #[field(related)]
    pub nothing: i64,
}

fn main() {}
