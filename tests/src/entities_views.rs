//! Entities without a table of their own.

use isoform::prelude::*;
use isoform::sql::Sql;

/// Somebody who is paid for deliveries.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "couriers", allow(crud = true))]
pub struct Courier {
    #[field(id)]
    pub id: i64,
    pub name: String,
    #[relation(Delivery::courier_id)]
    pub deliveries: ToMany<Delivery>,
    #[relation(id = CourierTotal::courier_id)]
    pub total: ToOne<CourierTotal>,
    #[relation(id = Earned::courier_id)]
    pub earned: ToOne<Earned>,
}

/// What somebody has delivered.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "deliveries", table = "delivered", allow(crud = true))]
pub struct Delivery {
    #[field(id, auto_increment)]
    pub id: i64,
    #[field(column = "courier")]
    pub courier_id: i64,
    pub fee: Decimal,
    pub day: NaiveDate,
    pub secret: bool,
}

/// What each courier has earned, computed from their deliveries.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "courier-totals",
    sql = "SELECT {Delivery.courier_id} AS {courier_id}, COUNT(*) AS {trips}, SUM({Delivery.fee}) AS {fees}, MAX({Delivery.day}) AS {last_day}
           FROM {Delivery} WHERE NOT {Delivery.secret} GROUP BY {Delivery.courier_id}",
    allow(read = authenticated),
    api_filter = not_the_boss,
    order_by(trips desc)
)]
pub struct CourierTotal {
    #[field(id, column = "who")]
    pub courier_id: i64,
    pub trips: i64,
    pub fees: Decimal,
    #[field(api_read = "admin")]
    pub last_day: NaiveDate,
    #[field(server_expression = label)]
    pub label: String,
    #[relation(courier_id)]
    pub courier: ToOne<Courier>,
    #[relation(courier_id = Delivery::courier_id)]
    pub deliveries: ToMany<Delivery>,
}

/// The boss's own row is not for the API.
pub const BOSS: i64 = 9;

fn not_the_boss(_: Option<&Identity>) -> Filter<CourierTotal> {
    CourierTotal::filter(|t| t.courier_id.ne(BOSS))
}

async fn label(total: &Record<CourierTotal>) -> Result<String> {
    Ok(format!("{} trips", total.trips))
}

/// Totals of totals: read from what is no table either.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "trip-counts",
    sql = "SELECT {CourierTotal.trips} AS {trips}, COUNT(*) AS {couriers} FROM {CourierTotal} GROUP BY 1",
    allow(read = true)
)]
pub struct TripCount {
    #[field(id)]
    pub trips: i64,
    pub couriers: i64,
}

/// What couriers have earned in some days: the days are given with the question.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "earned",
    sql = Self::between,
    arguments(from: NaiveDate, to: Option<NaiveDate>),
    allow(read = authenticated),
    order_by(courier_id)
)]
pub struct Earned {
    #[field(id)]
    pub courier_id: i64,
    pub fees: Decimal,
    pub asked_by: Option<String>,
    #[relation(courier_id)]
    pub courier: ToOne<Courier>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Earned {
    async fn between(from: NaiveDate, to: Option<NaiveDate>) -> Result<Sql> {
        if to.is_some_and(|to| to < from) {
            return Err(Error::invalid("the days end before they begin"));
        }
        let d = Delivery::FIELDS;
        let until = to.map_or_else(|| sql!(""), |to| sql!(" AND {} <= {}", d.day, to));
        Ok(sql!(
            "SELECT {} AS courier_id, SUM({}) AS fees, {} AS asked_by FROM {} WHERE {} >= {}{} GROUP BY {}",
            d.courier_id,
            d.fee,
            Identity::current().ok().map(|who| who.id),
            isoform::sql::table::<Delivery>(),
            d.day,
            from,
            until,
            d.courier_id,
        ))
    }
}

#[filters]
impl Earned {
    /// Gives the days, and says more.
    pub async fn well_paid() -> Result<Filter<Self>> {
        let ever = Self::given(NaiveDate::default(), None);
        Ok(ever & Self::filter(|e| e.fees.gt(Decimal::from(8)) & e.courier_id.ne(0)))
    }
}

/// Its field would be computed of what only a question with arguments has.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "tallies", allow(read = true))]
pub struct Tally {
    #[field(id)]
    pub id: i64,
    #[relation(id = Earned::courier_id)]
    pub earned: ToOne<Earned>,
    #[field(related = |t| t.earned.fees)]
    pub fees: Option<Decimal>,
}

/// As [`Tally`], over a relation further away.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "payrolls", allow(read = true))]
pub struct Payroll {
    #[field(id)]
    pub id: i64,
    #[relation(id = Courier::id)]
    pub couriers: ToMany<Courier>,
    #[field(related = |p| p.couriers.filter(|c| c.earned.exists()).count())]
    pub paid: i64,
}

/// A `SELECT` that answers an id twice.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "twins",
    sql = "SELECT 1 AS {id}, 'b' AS {name} UNION ALL SELECT 1, 'a'",
    allow(read = true),
    order_by(name)
)]
pub struct Twin {
    #[field(id)]
    pub id: i64,
    pub name: String,
}

/// What whoever asks has delivered themselves: their identity is all that the function needs.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "own-deliveries", sql = own, allow(read = authenticated))]
pub struct OwnDelivery {
    #[field(id)]
    pub id: i64,
    pub fee: Decimal,
}

async fn own() -> Result<Sql> {
    let (d, who) = (Delivery::FIELDS, Identity::current()?.id);
    let rows = isoform::sql::table::<Delivery>();
    Ok(sql!("SELECT {} AS id, {} AS fee FROM {} WHERE CAST({} AS text) = {}", d.id, d.fee, rows, d.courier_id, who))
}

/// A view that somebody else has made.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "early-deliveries", view = "early", allow(read = true), order_by(day))]
pub struct EarlyDelivery {
    #[field(id)]
    pub id: i64,
    pub day: NaiveDate,
    #[field(column = "paid")]
    pub fee: Option<Decimal>,
}

pub fn all() -> Entities {
    entities![Courier, Delivery, CourierTotal, TripCount, Earned, OwnDelivery, Twin]
}

/// It wants along what has to be asked for with arguments: no application with it starts up.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "greedy", allow(crud = true))]
pub struct Greedy {
    #[field(id)]
    pub id: i64,
    #[relation(id = Earned::courier_id, include)]
    pub earned: ToOne<Earned>,
}
