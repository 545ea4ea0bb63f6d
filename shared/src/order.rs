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
    index(month),
    hooks
)]
pub struct Order {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The number on the invoice: a new order gets the next one.
    #[field(unique, allow_update = false)]
    pub number: i64,
    /// Who ordered; nobody, where the customer was deleted since.
    #[field(index, label = "Customer")]
    pub customer_id: Option<Uuid>,
    /// When it was ordered.
    #[field(required, label = "Date")]
    pub day: NaiveDate,
    /// The month of that day: `2026-11`.
    #[field(sql_expression = "substr({day}, 1, 7)")]
    pub month: String,
    /// How far it is.
    pub status: OrderStatus,
    /// What all of its items cost, added up whenever the order or one of them is saved.
    #[field(allow_update = false)]
    pub total: Decimal,
    /// Who ordered.
    #[relation(customer_id, on_delete = set_null)]
    pub customer: ToOne<Customer>,
    /// What was ordered.
    #[relation(OrderItem::order_id)]
    pub items: ToMany<OrderItem>,
    /// Counts the saves: a stale save is a conflict.
    #[field(version)]
    pub version: i64,
}

#[hooks]
impl Hooks for Order {
    async fn saving(order: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if !e.is_new() {
            let sum = order.items().query().aggregate(|i| i.amount.sum()).await?;
            order.total = sum.unwrap_or_default();
            return Ok(());
        }
        // The seed gives its own numbers, and totals of items that it is about to add.
        if order.number == 0 {
            let last = Self::query().aggregate(|o| o.number.max()).await?;
            order.number = last.unwrap_or_default() + 1;
        }
        if order.customer_id.is_none() {
            e.error(|o| o.customer_id, "must be chosen");
        }
        Ok(())
    }
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
#[entity(key = "order-items", table = "order_items", label = "Items of orders", allow(crud = authenticated), hooks)]
pub struct OrderItem {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// The order that it is in.
    #[field(index)]
    pub order_id: Uuid,
    /// What was ordered.
    #[field(index, required, label = "Product")]
    pub product_id: Uuid,
    /// How many.
    #[field(range(1..=1_000), default = 1)]
    pub quantity: i32,
    /// What one cost then: what it cost when it was ordered, unless an admin says otherwise.
    #[field(range(min = 0, max = 100_000), allow_update = ADMIN)]
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

#[hooks]
impl Hooks for OrderItem {
    async fn saving(item: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if item.order_id.is_nil() {
            e.error(|i| i.order_id, "must be given");
        }
        if item.changed(|i| i.product_id) && !item.changed(|i| i.price) {
            // A product that is not there is refused by the database.
            let product = Product::query().filter(|p| p.id.eq(item.product_id)).first().await?;
            item.price = product.map_or(item.price, |product| product.price);
        }
        Ok(())
    }

    async fn saved(item: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        let before = item.original().order_id;
        if before != item.order_id {
            total_follows(before).await?;
        }
        total_follows(item.order_id).await
    }

    async fn deleted(item: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        total_follows(item.order_id).await
    }
}

/// Saves an order, so that its total is that of its items.
#[cfg(not(target_arch = "wasm32"))]
async fn total_follows(order: Uuid) -> Result<()> {
    match Order::query().filter(|o| o.id.eq(order)).first().await? {
        Some(mut order) => order.save().await,
        None => Ok(()),
    }
}
