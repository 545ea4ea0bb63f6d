//! Entities with values of related rows: shops with bills, whose lines have amounts.

use std::sync::atomic::{AtomicBool, Ordering};

use isoform::prelude::*;

/// Who buys. Some are not seen.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "buyers", allow(crud = authenticated), api_filter = not_hidden)]
pub struct Buyer {
    #[field(id)]
    pub id: String,
    pub name: String,
    pub hidden: bool,
    pub kind: Kind,
    #[field(api_read = "admin")]
    pub debt: i64,
    #[relation(Bill::buyer_id)]
    pub bills: ToMany<Bill>,
    #[relation(Bill::clerk, api_read = "admin")]
    pub written: ToMany<Bill>,
    #[field(related = |b| b.bills.sum(|b| b.total))]
    pub spent: Decimal,
}

fn not_hidden(who: Option<&Identity>) -> Filter<Buyer> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Buyer::filter(|b| b.hidden.eq(false)),
    }
}

/// In the order of the declaration, which is not that of the letters.
#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Small,
    Large,
    Huge,
}

/// What somebody has bought.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bills", allow(crud = authenticated))]
pub struct Bill {
    #[field(id)]
    pub id: i64,
    pub buyer_id: Option<String>,
    #[field(api_read = "admin")]
    pub clerk: Option<String>,
    #[relation(buyer_id)]
    pub buyer: ToOne<Buyer>,
    #[relation(Line::bill_id)]
    pub lines: ToMany<Line>,
    #[relation(Line::bill_id, filter = gifts)]
    pub gifts: ToMany<Line>,
    #[relation(through = Stamped, Stamped::bill_id, Stamped::stamp_id)]
    pub stamps: ToMany<Stamp>,
    #[field(related = |b| b.lines.sum(|l| l.amount))]
    pub total: Decimal,
    #[field(related = |b| b.lines.count())]
    pub size: i64,
    #[field(related = |b| b.lines.filter(|l| l.product.starts_with("t_") & l.quantity.in_([1, 2])).max(|l| l.price), api_read = "admin")]
    pub dearest_tea: Option<Decimal>,
    #[field(related = |b| b.buyer.name)]
    pub buyer_name: Option<String>,
    #[field(related = |b| b.lines.max(|l| l.kind))]
    pub largest: Option<Kind>,
}

fn gifts() -> Filter<Line> {
    Line::filter(|l| l.secret.eq(true))
}

#[backend]
impl Bill {
    /// The sums of all bills, by the number of their lines.
    #[allowed(authenticated)]
    pub async fn by_size() -> Result<Vec<(i64, Option<Decimal>)>> {
        Bill::query().group_by(|b| b.size, |b| b.total.sum()).order_by(|b| b.size.asc()).await
    }
}

/// What is on a bill. Gifts are seen by admins.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", allow(crud = authenticated), api_filter = no_gifts)]
pub struct Line {
    #[field(id)]
    pub id: Uuid,
    pub bill_id: i64,
    pub product: String,
    pub price: Decimal,
    pub quantity: i32,
    pub kind: Kind,
    #[field(api_read = "admin")]
    pub cost: Decimal,
    #[field(api_read = "admin")]
    pub secret: bool,
    #[field(sql_expression = "{price} * {quantity}")]
    pub amount: Decimal,
    #[field(server_expression = shouted)]
    pub shouted: String,
    #[relation(bill_id, on_delete = cascade)]
    pub bill: ToOne<Bill>,
}

fn no_gifts(who: Option<&Identity>) -> Filter<Line> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Line::filter(|l| l.secret.eq(false)),
    }
}

async fn shouted(line: &Record<Line>) -> Result<String> {
    Ok(line.product.to_uppercase())
}

/// What a bill can be marked with.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stamps", allow(crud = authenticated))]
pub struct Stamp {
    #[field(id)]
    pub id: String,
    pub worth: i32,
}

/// Which bill has which mark.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stamped", allow(read = authenticated, insert = clerk, update = false, delete = clerk), api_filter = not_private)]
pub struct Stamped {
    #[field(id)]
    pub id: Uuid,
    pub bill_id: i64,
    pub stamp_id: String,
    pub private: bool,
}

fn clerk(who: &Identity, _: &Record<Stamped>) -> bool {
    who.id != "bob"
}

fn not_private(who: Option<&Identity>) -> Filter<Stamped> {
    match who {
        Some(who) if who.has_role("admin") => Filter::all(),
        _ => Stamped::filter(|s| s.private.eq(false)),
    }
}

/// What is sealed by marks.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deeds", allow(crud = authenticated))]
pub struct Deed {
    #[field(id)]
    pub id: i64,
    #[relation(through = Seal, Seal::deed_id, Seal::stamp_id)]
    pub seals: ToMany<Stamp>,
}

/// Everybody may make one; by which mark, only admins say.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "seals", allow(crud = authenticated))]
pub struct Seal {
    #[field(id)]
    pub id: Uuid,
    pub deed_id: i64,
    #[field(allow_update = "admin")]
    pub stamp_id: String,
}

/// A room that is seen while at most two sit in it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "rooms", allow(crud = true), api_filter = not_full)]
pub struct Room {
    #[field(id)]
    pub id: i64,
    pub name: String,
    #[relation(Seat::room_id)]
    pub seats: ToMany<Seat>,
}

fn not_full(_: Option<&Identity>) -> Filter<Room> {
    Room::filter(|r| r.seats.count().lte(2))
}

/// A seat in a room that is seen.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "seats", allow(crud = true), api_filter = in_a_light_room)]
pub struct Seat {
    #[field(id)]
    pub id: i64,
    pub room_id: i64,
    pub weight: i32,
    #[relation(room_id)]
    pub room: ToOne<Room>,
    #[relation(room_id = Seat::room_id)]
    pub beside: ToMany<Seat>,
}

fn in_a_light_room(_: Option<&Identity>) -> Filter<Seat> {
    Seat::filter(|s| s.beside.sum(|s| s.weight).lte(10))
}

/// All of them.
pub fn all() -> Entities {
    entities![Buyer, Bill, Line, Stamp, Stamped, Room, Seat, Key, Door, Deed, Seal]
}

/// What belongs to rooms nobody may read.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "keys", allow(insert = true))]
pub struct Key {
    #[field(id)]
    pub id: i64,
    pub door_id: i64,
}

/// A door that always brings its keys along, for whoever may see them, and itself, over and over.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "doors", allow(crud = true))]
pub struct Door {
    #[field(id)]
    pub id: i64,
    pub next: Option<i64>,
    #[field(server_expression = creaked)]
    pub creaks: String,
    #[relation(Key::door_id, include)]
    pub keys: ToMany<Key>,
    #[relation(through = Key, Key::door_id, Key::door_id, include)]
    pub others: ToMany<Door>,
    #[relation(next)]
    pub a: ToOne<Door>,
    #[relation(next)]
    pub b: ToOne<Door>,
    #[relation(next)]
    pub c: ToOne<Door>,
    #[relation(next)]
    pub d: ToOne<Door>,
}

/// Is it not known any more how door 13 creaks?
pub static RUSTED: AtomicBool = AtomicBool::new(false);

async fn creaked(door: &Record<Door>) -> Result<String> {
    if door.id == 13 && RUSTED.load(Ordering::Relaxed) {
        Err(Error::invalid("nobody opens this one"))
    } else {
        Ok("eek".into())
    }
}

/// A relation whose own filter leads across itself.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "mirrors", allow(crud = true))]
pub struct Mirror {
    #[field(id)]
    pub id: i64,
    pub before: Option<i64>,
    #[relation(Mirror::before, filter = with_mirrors)]
    pub behind: ToMany<Mirror>,
}

fn with_mirrors() -> Filter<Mirror> {
    Mirror::filter(|m| m.behind.exists())
}

/// A field that is computed of itself, over two entities.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "hens", allow(crud = true))]
pub struct Hen {
    #[field(id)]
    pub id: i64,
    #[relation(Egg::hen)]
    pub eggs: ToMany<Egg>,
    #[field(related = |h| h.eggs.sum(|e| e.generations))]
    pub generations: i64,
}

/// See [`Hen`].
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "eggs", allow(crud = true))]
pub struct Egg {
    #[field(id)]
    pub id: i64,
    pub hen: i64,
    #[relation(hen)]
    pub of: ToOne<Hen>,
    #[field(related = |e| e.of.generations)]
    pub generations: Option<i64>,
}
