//! Customers: who orders.

use isoform::prelude::*;

use crate::order::{Order, OrderStatus};
use crate::user::ADMIN;

/// Somebody who orders.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "customers",
    label = "Customers",
    allow(crud = authenticated, delete = ADMIN),
    order_by(name),
    index(name),
    hooks
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
    /// What all of that comes to, without what was cancelled.
    #[field(related = |c| c.orders.filter(|o| o.status.ne(OrderStatus::Cancelled)).sum(|o| o.total))]
    pub turnover: Decimal,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}

#[hooks]
impl Hooks for Customer {
    async fn deleting(customer: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        let open = customer.orders().query().filter(|o| o.status.eq(OrderStatus::Open)).count().await?;
        // What is closed stays in the books, without the name.
        match open {
            0 => Ok(()),
            1 => Err(Error::conflict(format!("{} has an open order.", customer.name))),
            _ => Err(Error::conflict(format!("{} has {open} open orders.", customer.name))),
        }
    }
}
