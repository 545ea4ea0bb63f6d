//! Orders and their items.

#[cfg(not(target_arch = "wasm32"))]
use std::collections::{BTreeMap, BTreeSet};

use isoform::prelude::*;

use crate::customer::Customer;
#[cfg(not(target_arch = "wasm32"))]
use crate::money::money;
use crate::outbox::Mail;
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

/// An order that comes to more than this is looked at.
const LARGE: i64 = 5_000;

/// Who looks at large orders.
#[cfg(not(target_arch = "wasm32"))]
const ACCOUNTS: &str = "accounts@example.com";

#[hooks]
impl Hooks for Order {
    async fn saving(order: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if !e.is_new() {
            // No client can write it: what has set it has counted items that it is about to write.
            if !order.changed(|o| o.total) {
                let sum = order.items().query().aggregate(|i| i.amount.sum()).await?;
                order.total = sum.unwrap_or_default();
            }
            return Ok(());
        }
        if order.number == 0 {
            let last = Self::query().aggregate(|o| o.number.max()).await?;
            order.number = last.unwrap_or_default() + 1;
        }
        if order.customer_id.is_none() {
            e.error(|o| o.customer_id, "must be chosen");
        }
        Ok(())
    }

    async fn saved(order: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        let is_large = |order: &Self| order.total > Decimal::from(LARGE);
        if !e.is_new() && is_large(order) && !is_large(order.original()) {
            // A mail cannot be undone: it is written once it is certain that the order is.
            Context::after_commit(tell_of(order.id))?;
        }
        Ok(())
    }
}

/// Puts a mail about a large order into the outbox.
#[cfg(not(target_arch = "wasm32"))]
async fn tell_of(order: Uuid) -> Result<()> {
    let found = Order::query().filter(|o| o.id.eq(order)).include(|o| o.customer).first().await?;
    let Some(order) = found else { return Ok(()) };
    let customer = order.customer.get().map_or("a former customer", |customer| &customer.name);
    let (total, large) = (money(order.total), money(LARGE.into()));
    let text = format!("It comes to {total}, more than {large}. Please have a look at it before it is sent.");
    let subject = format!("A large order of {customer}: no. {}", order.number);
    repo::<Mail>().insert(Mail { to: ACCOUNTS.into(), subject, text, ..Mail::blank() }).await?;
    Ok(())
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
    #[field(index, required(message = "Choose a product"), label = "Product")]
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
    async fn saving_many(items: &mut [Record<Self>], _: &mut LifecycleEvent<Self>) -> Result<()> {
        for item in items.iter_mut().filter(|item| item.order_id.is_nil()) {
            item.set_error(|i| i.order_id, "must be given");
        }
        take_prices(items).await?;
        totals_follow(items).await
    }

    async fn deleted(item: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        match Order::query().filter(|o| o.id.eq(item.order_id)).first().await? {
            Some(mut order) => order.save().await,
            None => Ok(()),
        }
    }
}

/// Gives items the prices of their products, where no other was said.
#[cfg(not(target_arch = "wasm32"))]
async fn take_prices(items: &mut [Record<OrderItem>]) -> Result<()> {
    let is_open = |item: &Record<OrderItem>| item.changed(|i| i.product_id) && !item.changed(|i| i.price);
    let products: Vec<Uuid> = items.iter().filter(|item| is_open(item)).map(|item| item.product_id).collect();
    if products.is_empty() {
        return Ok(());
    }
    let products = Product::query().filter(|p| p.id.in_(products)).all().await?;
    for item in items.iter_mut().filter(|item| is_open(item)) {
        // One of a product that is not there is refused by the database.
        if let Some(product) = products.iter().find(|product| product.id == item.product_id) {
            item.price = product.price;
        }
    }
    Ok(())
}

/// Saves the orders of items that are about to be written, where their totals are others then.
#[cfg(not(target_arch = "wasm32"))]
async fn totals_follow(items: &[Record<OrderItem>]) -> Result<()> {
    let ids: BTreeSet<Uuid> = items.iter().flat_map(|item| [item.order_id, item.original().order_id]).collect();
    let mut sums: BTreeMap<Uuid, Decimal> = BTreeMap::new();
    for item in items {
        *sums.entry(item.order_id).or_default() += item.price * Decimal::from(item.quantity);
    }
    let written: BTreeSet<Uuid> = items.iter().map(|item| item.id).collect();
    for ids in ids.into_iter().collect::<Vec<_>>().chunks(500) {
        let orders = Order::query().filter(|o| o.id.in_(ids.iter().copied())).include(|o| o.items).all().await?;
        for mut order in orders {
            let others = order.items.iter().filter(|item| !written.contains(&item.id)).map(|item| item.amount);
            let total = others.sum::<Decimal>() + sums.get(&order.id).copied().unwrap_or_default();
            if total != order.total {
                order.total = total;
                order.save().await?;
            }
        }
    }
    Ok(())
}
