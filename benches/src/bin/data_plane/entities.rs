//! The entities that are measured.

use isoform::prelude::*;

/// One of a million.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true))]
pub struct Item {
    /// Random.
    #[field(id)]
    pub id: Uuid,
    /// A text.
    pub title: String,
    /// Is it done?
    pub completed: bool,
    /// 0 to 4.
    #[field(index)]
    pub priority: i32,
    /// 0 to 999.
    pub amount: i64,
    /// A second each.
    #[field(index, created_at)]
    pub created_at: DateTime<Utc>,
}

/// An order of ten lines.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "orders", allow(crud = true))]
pub struct Order {
    /// Counted up.
    #[field(id)]
    pub id: i64,
    /// A text.
    pub note: String,
    /// A second each.
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
    /// Its lines.
    #[relation(Line::order_id)]
    pub lines: ToMany<Line>,
}

/// So much of a product.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", allow(crud = true))]
pub struct Line {
    /// Counted up.
    #[field(id)]
    pub id: i64,
    /// Whose line it is.
    pub order_id: i64,
    /// What was ordered.
    pub product_id: i64,
    /// How many.
    pub quantity: i64,
    /// In cents.
    pub price: i64,
    /// Whose line it is.
    #[relation(order_id)]
    pub order: ToOne<Order>,
    /// What was ordered.
    #[relation(product_id)]
    pub product: ToOne<Product>,
}

/// Something to order.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "products", allow(crud = true))]
pub struct Product {
    /// Counted up.
    #[field(id)]
    pub id: i64,
    /// A text.
    pub name: String,
}
