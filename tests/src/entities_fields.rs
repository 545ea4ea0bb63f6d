//! The further types of fields.

use std::time::Duration;

use isoform::prelude::*;
use isoform::{FieldType, FieldValue, Value, ValueError};

use crate::entities::Color;

pub fn all() -> Entities {
    entities![Measure, Ticket, Stub, Voucher, Line, Capped, Endless]
}

/// Every type of field that is not in `Sample`.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "measures", allow(crud = true), order_by(name))]
pub struct Measure {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    pub amount: Decimal,
    pub opens: NaiveTime,
    pub takes: TimeDelta,
    pub data: Vec<u8>,
    pub tags: Vec<String>,
    pub sizes: Vec<Decimal>,
    pub colors: Vec<Color>,
    pub length: Length,
    pub lasts: Duration,
    pub amount_or: Option<Decimal>,
    pub opens_or: Option<NaiveTime>,
    pub takes_or: Option<TimeDelta>,
    pub data_or: Option<Vec<u8>>,
    pub tags_or: Option<Vec<String>>,
    pub ratios: Vec<f64>,
    pub days: Vec<Option<NaiveDate>>,
    #[field(range(min = 0.01, max = 1000))]
    pub price: Option<Decimal>,
    #[field(unique)]
    pub code: Option<Decimal>,
}

/// A type of one's own: centimetres, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub i64);

impl FieldValue for Length {
    const TYPE: FieldType = i64::TYPE;
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        match i64::from_value(value)? {
            length @ 0.. => Ok(Self(length)),
            _ => Err(ValueError("must not be negative".into())),
        }
    }

    fn blank() -> Self {
        Self(0)
    }
}

/// The database counts its ids up.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tickets", allow(crud = true), order_by(number), hooks)]
pub struct Ticket {
    #[field(id, auto_increment)]
    pub number: i64,
    pub title: String,
    pub seen: Option<String>,
}

#[hooks]
impl Hooks for Ticket {
    async fn saved(ticket: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
        if e.is_new() && ticket.title == "refused" {
            return Err(Error::invalid(format!("not ticket {}", ticket.number)));
        }
        Ok(())
    }
}

/// The database counts its small ids up, and no hook is asked.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stubs", allow(crud = true), order_by(id))]
pub struct Stub {
    #[field(id, auto_increment)]
    pub id: i32,
    #[field(unique)]
    pub text: String,
}

/// Its ids are made by a function.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "vouchers", allow(crud = true))]
pub struct Voucher {
    #[field(id, make = code)]
    pub code: String,
    #[field(default = Decimal::ONE)]
    pub worth: Decimal,
    #[field(required, default = vec!["all".to_owned()])]
    pub shops: Vec<String>,
    #[field(required, default = vec![0])]
    pub stamp: Vec<u8>,
}

fn code() -> String {
    format!("V-{}", Uuid::now_v7().simple())
}

/// A line of an order, with everything that nobody writes.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lines", allow(crud = true), order_by(product))]
pub struct Line {
    #[field(id)]
    pub id: Uuid,
    #[field(column = "product_name", column_type = "text COLLATE NOCASE")]
    pub product: String,
    #[field(display = euros)]
    pub price: Decimal,
    pub quantity: i32,
    pub color: Color,
    #[field(sql_expression = "{price} * {quantity}", display = euros)]
    pub total: Decimal,
    #[field(sql_expression = "CASE WHEN {product} = '{{}}' THEN NULL ELSE length({product}) END")]
    pub letters: Option<i64>,
    #[field(server_expression = described)]
    pub description: String,
    #[field(server_expression = Self::count_of_all)]
    pub of_all: Option<i64>,
    #[field(server_expression = bought_for, api_read = "admin")]
    pub margin: Decimal,
    #[field(db_read_only, column_type = "text DEFAULT 'by the database'")]
    pub made: String,
    #[field(version)]
    pub version: i64,
}

fn euros(amount: &Decimal) -> String {
    format!("{amount:.2} €")
}

async fn described(line: &Record<Line>) -> Result<String> {
    Ok(format!("{} × {}", line.quantity, line.product))
}

async fn bought_for(line: &Record<Line>) -> Result<Decimal> {
    Ok(line.total / Decimal::TEN)
}

impl Line {
    /// Asks the database, as trusted code.
    async fn count_of_all(_: &Record<Self>) -> Result<Option<i64>> {
        Ok(i64::try_from(repo::<Self>().count().await?).ok())
    }
}

/// The API reaches what costs less than a hundred.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "capped", allow(crud = true), api_filter = cheap)]
pub struct Capped {
    #[field(id)]
    pub id: Uuid,
    pub price: i64,
    pub quantity: i64,
    #[field(sql_expression = "{price} * {quantity}", unique)]
    pub total: i64,
}

fn cheap(_: Option<&Identity>) -> Filter<Capped> {
    Capped::filter(|c| c.total.lt(100))
}

/// To show one of its rows is to show all of them.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "endless", allow(crud = true))]
pub struct Endless {
    #[field(id)]
    pub id: Uuid,
    #[field(server_expression = of_all)]
    pub of_all: i64,
}

async fn of_all(_: &Record<Endless>) -> Result<i64> {
    Ok(Endless::query().await?.iter().map(|endless| endless.of_all + 1).sum())
}
