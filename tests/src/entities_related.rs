//! Entities that belong to each other: orders of customers with items, notes of tags, and a tree.

use isoform::prelude::*;

/// Somebody who orders. Whoever is hidden is seen by admins only.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "customers", allow(read = authenticated, insert = "admin", update = "admin", delete = "admin"), api_filter = not_hidden)]
pub struct Customer {
    #[field(id)]
    pub id: String,
    pub name: String,
    pub hidden: bool,
    #[field(api_read = "admin")]
    pub credit: i64,
    #[relation(Purchase::customer_id)]
    pub purchases: ToMany<Purchase>,
    #[relation(Purchase::agent)]
    pub sold: ToMany<Purchase>,
}

fn not_hidden(who: Option<&Identity>) -> Filter<Customer> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Customer::filter(|c| c.hidden.eq(false)),
    }
}

/// An order.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "purchases", allow(read = authenticated, insert = authenticated, update = authenticated, delete = authenticated))]
pub struct Purchase {
    #[field(id)]
    pub id: i64,
    pub customer_id: Option<String>,
    pub note: String,
    #[field(api_read = "admin")]
    pub agent: Option<String>,
    #[relation(customer_id, on_delete = set_null)]
    pub customer: ToOne<Customer>,
    #[relation(Item::purchase_id)]
    pub items: ToMany<Item>,
    #[relation(Item::purchase_id, filter = expensive)]
    pub expensive: ToMany<Item>,
    #[relation(Item::purchase_id, api_read = "admin")]
    pub audited: ToMany<Item>,
}

#[backend]
impl Purchase {
    /// All that trusted code loads.
    #[allowed(true)]
    pub async fn everything() -> Result<Vec<Record<Purchase>>> {
        Purchase::query().include(|p| p.audited).include(|p| p.items).order_by(|p| p.id.asc()).await
    }
}

fn expensive() -> Filter<Item> {
    Item::filter(|i| i.price.gte(100))
}

/// What was ordered.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(read = authenticated, insert = authenticated, update = authenticated, delete = authenticated), order_by(price desc))]
pub struct Item {
    #[field(id)]
    pub id: Uuid,
    pub purchase_id: i64,
    pub product: String,
    pub price: i32,
    #[field(sql_expression = "{price} * 2")]
    pub twice: i32,
    #[field(server_expression = shouted)]
    pub shouted: String,
    #[relation(purchase_id, on_delete = cascade)]
    pub purchase: ToOne<Purchase>,
}

async fn shouted(item: &Record<Item>) -> Result<String> {
    if item.product == "unspeakable" {
        return Err(Error::invalid("this cannot be said"));
    }
    Ok(item.product.to_uppercase())
}

/// What can be said of pages.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "labels", allow(read = true))]
pub struct Label {
    #[field(id)]
    pub id: String,
}

/// A page in a tree of pages, with labels.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "pages", allow(read = true, insert = authenticated, update = authenticated))]
pub struct Page {
    #[field(id)]
    pub id: String,
    pub parent_id: Option<String>,
    #[relation(parent_id)]
    pub parent: ToOne<Page>,
    #[relation(Page::parent_id)]
    pub children: ToMany<Page>,
    #[relation(through = Labelled, Labelled::page_id, Labelled::label_id)]
    pub labels: ToMany<Label>,
}

/// Which page has which label; some of that is secret.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "labelled", allow(read = true), api_filter = not_secret)]
pub struct Labelled {
    #[field(id)]
    pub id: Uuid,
    pub page_id: String,
    pub label_id: String,
    pub secret: bool,
}

fn not_secret(_: Option<&Identity>) -> Filter<Labelled> {
    Labelled::filter(|l| l.secret.eq(false))
}

/// A place in a hall: two fields say which.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "places", allow(read = true))]
pub struct Place {
    #[field(id)]
    pub id: Uuid,
    pub hall: String,
    pub number: i32,
}

/// Who sits where; seen by whoever may see the customer.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tickets", allow(read = authenticated, insert = authenticated, update = authenticated), api_filter = of_a_customer_that_is_seen)]
pub struct Ticket {
    #[field(id)]
    pub id: Uuid,
    pub customer_id: String,
    pub hall: String,
    pub number: Option<i32>,
    #[relation(hall = Place::hall, number = Place::number, on_delete = unwatched)]
    pub place: ToOne<Place>,
    #[relation(customer_id, include)]
    pub customer: ToOne<Customer>,
}

fn of_a_customer_that_is_seen(who: Option<&Identity>) -> Filter<Ticket> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Ticket::filter(|t| t.customer.hidden.eq(false)),
    }
}

/// All of them.
pub fn all() -> Entities {
    entities![Customer, Purchase, Item, Label, Page, Labelled, Place, Ticket, Drawer, Sheet, Draft]
}

/// What always comes along, where it may: over a key that admins see, over one that its owner sees, and what has to be asked for by
/// its id.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "drawers", allow(crud = true))]
pub struct Drawer {
    #[field(id)]
    pub id: i64,
    pub owner: String,
    #[field(api_read = "admin")]
    pub place_id: Option<Uuid>,
    #[relation(place_id, include)]
    pub place: ToOne<Place>,
    #[field(api_read = owns_drawer)]
    pub own_place_id: Option<Uuid>,
    #[relation(own_place_id, include)]
    pub own_place: ToOne<Place>,
    #[relation(Sheet::drawer_id, include)]
    pub sheets: ToMany<Sheet>,
    pub top_id: Option<i64>,
    #[relation(top_id, include, on_delete = unwatched)]
    pub top: ToOne<Sheet>,
    #[relation(through = Draft, Draft::drawer_id, Draft::sheet_id, include)]
    pub drafts: ToMany<Sheet>,
}

fn owns_drawer(user: &Identity, drawer: &Record<Drawer>) -> bool {
    drawer.owner == user.id
}

/// It is asked for by its id.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "sheets", allow(crud = true), api_require_id = true)]
pub struct Sheet {
    #[field(id)]
    pub id: i64,
    pub drawer_id: i64,
}

/// A sheet that is in a drawer too.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "drafts", allow(crud = true))]
pub struct Draft {
    #[field(id)]
    pub id: i64,
    pub drawer_id: i64,
    pub sheet_id: i64,
}
