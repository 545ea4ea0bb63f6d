//! Groups over a million rows.

use benches::Result;
use isoform::prelude::*;

use crate::entities::Item;
use crate::hand;
use crate::place::{Place, answer, beside, timed};

const GOAL: f64 = 0.95;

/// Measures them, over the API and directly.
pub async fn run(place: &Place, rounds: usize) -> Result<()> {
    let (uri, body) = ("/api/items?__action=groupBy", r#"{"groupBy":["priority"],"sum":["amount"],"avg":["amount"]}"#);
    let by_hand = || timed(1, || answer(&place.by_hand, "POST", "/api/items", ""));
    let isoform = || timed(1, || answer(&place.api, "POST", uri, body));
    beside("group-by over 1,000,000 rows, over the API", GOAL, rounds, by_hand, isoform).await?;

    let context = place.database.context();
    let by_hand = || timed(1, || hand::groups(&place.pool));
    let isoform = || context.run(timed(1, ours_directly));
    beside("the same, directly", GOAL, rounds, by_hand, isoform).await
}

async fn ours_directly() -> Result<usize> {
    let groups = Item::query().group_by(|i| i.priority, |i| (i.amount.sum(), i.amount.avg(), count())).await?;
    assert_eq!(groups.len(), 5, "five priorities");
    Ok(groups.len())
}
