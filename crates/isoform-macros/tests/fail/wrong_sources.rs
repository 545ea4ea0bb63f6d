use isoform::prelude::*;

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "orders", table = "orders_made", allow(crud = true))]
pub struct Order {
    #[field(id)]
    pub id: i64,
    pub total: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "totals",
    sql = "SELECT {idd} FROM {Order}",
    view = "totals",
    table = "totals",
    allow(crud = authenticated, read = true, insert = "admin", update = false),
    index(id, total),
    hooks
)]
pub struct Total {
    #[field(id, auto_increment)]
    pub id: i64,
    #[field(unique, index, range(0..), sql_expression = "1")]
    pub total: i64,
    #[field(version)]
    pub version: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "names", sql = "SELECT {Order.idd} AS {id} FROM {Order}", allow(read = true))]
pub struct Names {
    #[field(id)]
    pub id: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bound", sql = "SELECT ? AS id", arguments(from: i64))]
pub struct Bound {
    #[field(id)]
    pub id: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "unclosed", sql = "SELECT {id FROM x", viev = "x")]
pub struct Unclosed {
    #[field(id)]
    pub id: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "itself", sql = "SELECT * FROM {Itself}")]
pub struct Itself {
    #[field(id)]
    pub id: i64,
}

#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deleting", sql = "DELETE FROM x")]
pub struct Deleting {
    #[field(id)]
    pub id: i64,
}

fn main() {}
