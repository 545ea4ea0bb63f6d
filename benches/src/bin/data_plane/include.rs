//! An include of two levels over a hundred rows: orders with their lines, these with their products.

use benches::Result;
use isoform::prelude::*;

use crate::entities::Order;
use crate::hand;
use crate::place::{Place, answer, beside, timed};

const TIMES: u32 = 20;
const GOAL: f64 = 0.9;

/// Measures it, over the API and directly.
pub async fn run(place: &Place, rounds: usize) -> Result<()> {
    let uri = "/api/orders?_include=lines.product&_sort=id&_limit=100";
    let (theirs, ours) =
        (answer(&place.by_hand, "GET", "/api/orders", "").await?, answer(&place.api, "GET", uri, "").await?);
    let (theirs, ours): (serde_json::Value, serde_json::Value) =
        (serde_json::from_slice(&theirs)?, serde_json::from_slice(&ours)?);
    assert_eq!(theirs, ours, "both answer the same");

    let by_hand = || timed(TIMES, || answer(&place.by_hand, "GET", "/api/orders", ""));
    let isoform = || timed(TIMES, || answer(&place.api, "GET", uri, ""));
    beside("include of 2 levels over 100 rows, over the API", GOAL, rounds, by_hand, isoform).await?;

    let context = place.database.context();
    let by_hand = || timed(TIMES, || hand::orders(&place.pool));
    let isoform = || context.run(timed(TIMES, ours_directly));
    beside("the same as records beside structs", GOAL, rounds, by_hand, isoform).await
}

async fn ours_directly() -> Result<Vec<Record<Order>>> {
    let orders = Order::query().include_with(|o| o.lines, |l| l.include(|l| l.product));
    let orders = orders.order_by(|o| o.id.asc()).limit(100).await?;
    assert!(orders.len() == 100 && orders.iter().all(|order| order.lines.iter().len() == 10), "all come along");
    Ok(orders)
}
