//! Entities whose id has several fields, and one whose id is any text.

use isoform::prelude::*;

pub fn all() -> Entities {
    entities![Line, Remark, Seat, Booking, Sticker, Holder]
}

/// A line of an order. Nothing needs its rows: each write is one statement.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "order-lines", table = "order_lines", allow(crud = true))]
pub struct Line {
    #[field(id)]
    pub order_id: i64,
    #[field(id)]
    pub product: String,
    #[field(range(max = 1000))]
    pub amount: i32,
    pub note: Option<String>,
    #[field(version)]
    pub version: i64,
    #[relation(order_id = Remark::order_id, product = Remark::product)]
    pub remarks: ToMany<Remark>,
}

#[backend]
impl Record<Line> {
    /// One more, saved with whatever was unsaved.
    #[allowed(true)]
    pub async fn one_more(&mut self) -> Result<String> {
        self.amount += 1;
        self.save().await?;
        Ok(self.id().to_string())
    }

    /// Says something of it, and does not save it.
    #[allowed(true)]
    pub async fn annotate(&mut self, note: String) -> Result<()> {
        self.note = Some(note);
        Ok(())
    }

    /// It becomes another product, which only trusted code can do.
    #[allowed(true)]
    pub async fn exchange(&mut self, product: String) -> Result<()> {
        self.product = product;
        self.save().await
    }
}

/// What was said of a line.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "remarks", allow(crud = true), order_by(text))]
pub struct Remark {
    #[field(id)]
    pub id: Uuid,
    pub order_id: i64,
    pub product: String,
    pub text: String,
    #[relation(order_id = Line::order_id, product = Line::product, on_delete = cascade)]
    pub line: ToOne<Line>,
}

/// A seat of a hall, which is made. Rules, hooks, a filter and what is computed need its rows.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "seats",
    allow(read = true, insert = true, update = not_sold, delete = not_sold),
    api_filter = not_secret,
    order_by(price desc, number),
    hooks
)]
pub struct Seat {
    #[field(id, make = Uuid::now_v7)]
    pub hall: Uuid,
    #[field(id)]
    pub number: i32,
    #[field(id)]
    pub class: Class,
    pub price: i32,
    pub sold: bool,
    pub secret: bool,
    pub changes: i32,
    #[field(sql_expression = "{price} * 2")]
    pub twice: i32,
    #[field(server_expression = named)]
    pub name: String,
}

#[derive(FieldEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Second,
    First,
}

fn not_sold(_: &Identity, seat: &Record<Seat>) -> bool {
    !seat.sold
}

fn not_secret(_: Option<&Identity>) -> Filter<Seat> {
    Seat::filter(|s| s.secret.eq(false))
}

async fn named(seat: &Record<Seat>) -> Result<String> {
    Ok(format!("{} {}", seat.class.label(), seat.number))
}

#[hooks]
impl Hooks for Seat {
    async fn saving(seat: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if e.is_new() || e.id() == e.original_id() {
            seat.changes += 1;
        }
        Ok(())
    }

    async fn deleting(seat: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if seat.price > 1000 {
            e.error(|s| s.price, "is too dear to be torn out");
        }
        Ok(())
    }
}

/// What no write needs, of a day and a room: its id is made of other types.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bookings", allow(crud = true))]
pub struct Booking {
    pub by: String,
    #[field(id)]
    pub day: NaiveDate,
    #[field(id)]
    pub room: Uuid,
}

/// Its id is a text of any kind.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stickers", allow(crud = true))]
pub struct Sticker {
    #[field(id)]
    pub id: String,
    pub text: String,
}

/// Who holds a seat: a seat that is secret is not there for whoever asks.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "holders", allow(crud = true))]
pub struct Holder {
    #[field(id)]
    pub name: String,
    pub hall: Option<Uuid>,
    pub number: i32,
    pub class: Class,
    #[relation(hall = Seat::hall, number = Seat::number, class = Seat::class)]
    pub seat: ToOne<Seat>,
}
