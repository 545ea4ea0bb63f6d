//! Orders and their items.

use isoform::prelude::*;

use crate::customer::Customer;
use crate::product::Product;
use crate::user::ADMIN;

/// What a customer ordered at once.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "orders",
    label = "Orders",
    allow(crud = authenticated, delete = ADMIN),
    order_by(day desc, number desc),
    index(day desc, number desc),
    index(status),
    index(month)
)]
pub struct Order {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The number on the invoice.
    #[field(unique, range(min = 1))]
    pub number: i64,
    /// Who ordered.
    #[field(index, required, label = "Customer")]
    pub customer_id: Uuid,
    /// When it was ordered.
    #[field(required, label = "Date")]
    pub day: NaiveDate,
    /// The month of that day: `2026-11`.
    #[field(sql_expression = "substr({day}, 1, 7)")]
    pub month: String,
    /// How far it is.
    pub status: OrderStatus,
    /// What all of its items cost.
    #[field(related = |o| o.items.sum(|i| i.amount))]
    pub total: Decimal,
    /// Who ordered.
    #[relation(customer_id)]
    pub customer: ToOne<Customer>,
    /// What was ordered.
    #[relation(OrderItem::order_id)]
    pub items: ToMany<OrderItem>,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}

/// How far an order is.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Nothing has been sent yet.
    #[default]
    Open,
    /// It is on its way.
    Shipped,
    /// It is paid for.
    Paid,
    /// Nothing will come of it.
    Cancelled,
}

/// So many of one product in an order.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "order-items", table = "order_items", label = "Items of orders", allow(crud = authenticated))]
pub struct OrderItem {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The order that it is in.
    #[field(index, required)]
    pub order_id: Uuid,
    /// What was ordered.
    #[field(index, required, label = "Product")]
    pub product_id: Uuid,
    /// How many.
    #[field(range(1..=1_000), default = 1)]
    pub quantity: i32,
    /// What one cost then.
    #[field(range(min = 0, max = 100_000))]
    pub price: Decimal,
    /// What all of them cost.
    #[field(sql_expression = "{quantity} * {price}")]
    pub amount: Decimal,
    /// The order that it is in.
    #[relation(order_id, on_delete = cascade)]
    pub order: ToOne<Order>,
    /// What was ordered.
    #[relation(product_id)]
    pub product: ToOne<Product>,
}
