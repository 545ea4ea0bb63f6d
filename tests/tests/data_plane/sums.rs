//! What the database computes for a row and no field can hold.

use isoform::prelude::*;
use serde_json::json;
use tests::{Way, World, admin, ann, promises};

/// What is booked, with sums over it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "ledgers", allow(crud = true), order_by(id))]
pub struct Ledger {
    #[field(id)]
    pub id: i64,
    pub shelf: i64,
    #[relation(Entry::ledger)]
    pub entries: ToMany<Entry>,
    #[field(related = |l| l.entries.sum(|e| e.amount))]
    pub total: Option<i64>,
    #[field(related = |l| l.entries.sum(|e| e.price))]
    pub worth: Option<Decimal>,
}

/// As [`Ledger`], with a sum that cannot be null.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "strict-ledgers", table = "strict_ledgers", allow(crud = true), order_by(id))]
pub struct Strict {
    #[field(id)]
    pub id: i64,
    #[relation(Entry::ledger)]
    pub entries: ToMany<Entry>,
    #[field(related = |l| l.entries.sum(|e| e.amount))]
    pub total: i64,
}

/// As [`Strict`], with a sum that not everybody sees.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "veiled-ledgers", table = "veiled_ledgers", allow(crud = true), order_by(id))]
pub struct Veiled {
    #[field(id)]
    pub id: i64,
    #[relation(Entry::ledger)]
    pub entries: ToMany<Entry>,
    #[field(related = |l| l.entries.sum(|e| e.amount), api_read = "admin")]
    pub total: i64,
}

/// Sums of sums.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "ledger-shelves", table = "ledger_shelves", allow(crud = true), order_by(id))]
pub struct Shelf {
    #[field(id)]
    pub id: i64,
    #[relation(Ledger::shelf)]
    pub ledgers: ToMany<Ledger>,
    #[field(related = |s| s.ledgers.sum(|l| l.total))]
    pub total: Option<i64>,
}

/// One amount.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "entries", allow(crud = true), order_by(id))]
pub struct Entry {
    #[field(id)]
    pub id: i64,
    pub ledger: i64,
    pub amount: i64,
    pub price: Decimal,
    #[field(sql_expression = "{price} * {price}")]
    pub squared: Option<Decimal>,
    #[field(sql_expression = "{amount} * 2")]
    pub doubled: Option<i64>,
    #[field(sql_expression = "{amount} * 1.5")]
    pub half_as_much_again: Option<i64>,
    #[field(sql_expression = "{amount}")]
    pub small: Option<i32>,
}

/// What cannot be null either.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "products-of-two", table = "products_of_two", allow(crud = true), order_by(id))]
pub struct Product {
    #[field(id)]
    pub id: i64,
    pub price: Decimal,
    #[field(sql_expression = "{price} * {price}")]
    pub squared: Decimal,
}

async fn booked(way: Way) -> World {
    let world = World::with(way, entities![Ledger, Strict, Veiled, Shelf, Entry, Product]).await;
    let fill = async {
        let mut id = 0;
        for (ledger, shelf, amounts) in [
            // Too much.
            (1, 1, vec![i64::MAX, 1]),
            // Too much on the way only.
            (2, 2, vec![i64::MAX, 1, -1]),
            (3, 3, vec![i64::MIN, 5, -5]),
            (4, 2, vec![]),
            (5, 3, vec![i64::MIN, -1]),
            (6, 4, vec![-3, 10]),
        ] {
            repo::<Ledger>().insert(Ledger { id: ledger, shelf, ..Ledger::blank() }).await?;
            repo::<Strict>().insert(Strict { id: ledger, ..Strict::blank() }).await?;
            repo::<Veiled>().insert(Veiled { id: ledger, ..Veiled::blank() }).await?;
            for amount in amounts {
                id += 1;
                let price = Decimal::from(amount.clamp(-9_000_000_000_000, 9_000_000_000_000));
                let entry = Entry { id, ledger, amount, price, ..Entry::blank() };
                repo::<Entry>().insert(entry).await?;
            }
        }
        for shelf in 1..=4 {
            repo::<Shelf>().insert(Shelf { id: shelf, ..Shelf::blank() }).await?;
        }
        Ok::<_, Error>(())
    };
    world.backend().run(fill).await.unwrap();
    world
}

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T>, what: &str) {
    let error = result.unwrap_err();
    assert!(error.is_invalid() && error.code() == Some("overflow"), "{error:?}");
    assert!(error.message().contains(what), "{error:?}");
}

promises! {
    in booked;

    async fn a_related_sum_that_cannot_be_counted_is_null_and_all_other_rows_are_there(world: World) {
        world.for_(&ann()).run(async {
            let ledgers = Ledger::query().await.unwrap();
            let totals: Vec<_> = ledgers.iter().map(|l| l.total).collect();
            assert_eq!(totals, [None, Some(i64::MAX), Some(i64::MIN), None, None, Some(7)], "exact, or not there");
            assert_eq!(ledgers[0].worth, Some(Decimal::from(9_000_000_000_001_i64)));
            let page = Ledger::query().limit(2).paginate().await.unwrap();
            assert_eq!(page.items.iter().map(|l| l.total).collect::<Vec<_>>(), [None, Some(i64::MAX)]);
            let chosen = Ledger::query().select(|l| (l.id, l.total)).await.unwrap();
            assert_eq!(chosen[..2], [(1, None), (2, Some(i64::MAX))]);
            assert_eq!(repo::<Ledger>().find_id(1).await.unwrap().total, None);
        }).await;
    }

    async fn a_measure_that_cannot_be_counted_is_null_in_filters_and_orders(world: World) {
        world.for_(&ann()).run(async {
            let ids = async |query: Query<Ledger>| query.await.unwrap().iter().map(|l| l.id).collect::<Vec<_>>();
            assert_eq!(ids(Ledger::query().filter(|l| l.entries.sum(|e| e.amount).gt(5))).await, [2, 6]);
            assert_eq!(ids(Ledger::query().filter(|l| l.entries.sum(|e| e.amount).is_null())).await, [1, 4, 5]);
            assert_eq!(ids(Ledger::query().filter(|l| l.total.is_null())).await, [1, 4, 5], "a declared one too");
            let order = |l: <Ledger as Entity>::Fields| (l.entries.sum(|e| e.amount).asc(), l.id.asc());
            assert_eq!(ids(Ledger::query().order_by(order)).await, [3, 6, 2, 1, 4, 5], "null after everything");
        }).await;
    }

    async fn a_sum_of_sums_is_exact_or_null_too(world: World) {
        world.for_(&ann()).run(async {
            let totals: Vec<_> = Shelf::query().await.unwrap().iter().map(|s| s.total).collect();
            assert_eq!(totals, [None, Some(i64::MAX), Some(i64::MIN), Some(7)]);
        }).await;
    }

    async fn a_field_that_cannot_be_null_says_which_it_is_and_other_rows_are_read(world: World) {
        world.for_(&ann()).run(async {
            says(Strict::query().await, "total");
            says(repo::<Strict>().find_id(1).await, "strict-ledgers");
            let others = Strict::query().filter(|l| l.id.ne(1) & l.id.ne(5)).await.unwrap();
            assert_eq!(others.iter().map(|l| l.total).collect::<Vec<_>>(), [i64::MAX, i64::MIN, 0, 7]);
            assert_eq!(Strict::query().select(|l| (l.id,)).await.unwrap().len(), 6, "nobody asks for it");
            says(Strict::query().aggregate(|l| l.total.sum()).await, "total");
            says(Strict::query().aggregate(|l| l.total.avg()).await, "total");
            says(Strict::query().aggregate(|l| l.total.max()).await, "larger");
            let error = Veiled::query().await.err().map(|error| error.message().to_owned());
            assert!(error.is_none_or(|message| !message.contains("total")), "a hidden field has no name");
        }).await;
        world.for_(&admin()).run(async { says(Veiled::query().await, "veiled-ledgers") }).await;
    }

    async fn an_expression_beyond_its_type_is_null_or_an_error_and_never_a_wrong_number(world: World) {
        world.for_(&ann()).run(async {
            let entry = repo::<Entry>().find_id(1).await.unwrap();
            assert_eq!((entry.squared, entry.doubled, entry.small), (None, None, None));
            let entry = Entry::query().filter(|e| e.ledger.eq(6)).first().await.unwrap().unwrap();
            assert_eq!((entry.doubled, entry.small), (Some(-6), Some(-3)));
            assert_eq!(entry.half_as_much_again, None, "-4.5 is no whole number, and is not -4");
            repo::<Product>().insert(Product { id: 1, price: Decimal::from(2), ..Product::blank() }).await.unwrap();
            says(repo::<Product>().insert(Product { id: 2, price: Decimal::from(4_000_000), ..Product::blank() }).await, "squared");
            assert_eq!(Product::query().count().await.unwrap(), 1, "what cannot be read back is not written");
            says(repo::<Product>().update(1, |p| p.price.set(Decimal::from(4_000_000))).await, "squared");
            assert_eq!(repo::<Product>().find_id(1).await.unwrap().price, Decimal::from(2), "nor changed");
        }).await;
    }
}

#[tokio::test]
async fn on_the_wire_it_is_null_or_an_error_with_a_code() {
    let world = booked(Way::InProcess).await;
    let list = world.get("/api/ledgers").send().await.ok(200);
    assert_eq!(list[0]["total"], json!(null));
    assert_eq!(list[5]["total"], json!(7));
    let answer = world.get("/api/strict-ledgers").send().await;
    assert_eq!(answer.refused(400), "strict-ledgers: total of a row is computed to be beyond what can be counted.");
    assert_eq!(answer.json()["code"], "overflow");
    world.get("/api/veiled-ledgers").send().await.ok(200);
}
