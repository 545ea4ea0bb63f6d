//! Customers: who orders.

use isoform::prelude::*;

use crate::order::Order;
use crate::user::ADMIN;

/// Somebody who orders.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "customers",
    label = "Customers",
    allow(crud = authenticated, delete = ADMIN),
    order_by(name),
    index(name)
)]
pub struct Customer {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// What they are called.
    #[field(required(message = "Who is it?"), len(max = 120))]
    pub name: String,
    /// Where they are.
    #[field(len(max = 80))]
    pub city: String,
    /// Where letters reach them.
    #[field(email, label = "E-mail")]
    pub email: Option<String>,
    /// What they ordered.
    #[relation(Order::customer_id)]
    pub orders: ToMany<Order>,
    /// How often they ordered.
    #[field(related = |c| c.orders.count())]
    pub order_count: i64,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}
