//! Ten thousand new rows.

use benches::Result;
use isoform::prelude::*;

use crate::entities::Item;
use crate::hand;
use crate::place::{Place, beside, timed};

const ROWS: usize = 10_000;
const GOAL: f64 = 0.8;

/// Measures `insert_many` beside multi-row `VALUES`.
pub async fn run(place: &Place, rounds: usize) -> Result<()> {
    let context = place.database.context();
    // The fewest statements that the limit of 32,766 parameters allows, and a size that a careful hand may choose.
    for chunk in [5_000, 500] {
        let by_hand = || async {
            let items = theirs();
            let took = timed(1, || hand::insert(&place.pool, &items, chunk)).await?;
            emptied(place).await?;
            Ok(took)
        };
        let isoform = || async {
            let items = ours();
            let mut items = Some(items);
            let took = context.run(timed(1, || {
                let items = items.take().unwrap_or_default();
                async move { Ok(repo::<Item>().insert_many(items).select_none().await?) }
            }));
            let took = took.await?;
            emptied(place).await?;
            Ok(took)
        };
        let what = format!("`insert_many` of 10,000, by hand {chunk} to a statement");
        beside(&what, GOAL, rounds, by_hand, isoform).await?;
    }
    Ok(())
}

async fn emptied(place: &Place) -> Result<()> {
    let gone = sqlx::query("DELETE FROM items WHERE title LIKE 'New %'").execute(&place.pool).await?;
    assert_eq!(gone.rows_affected(), ROWS as u64, "all were there");
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&place.pool).await?;
    Ok(())
}

fn theirs() -> Vec<hand::Item> {
    let item = |n: usize| hand::Item {
        id: Uuid::now_v7(),
        title: format!("New {n}"),
        completed: n.is_multiple_of(2),
        priority: 3,
        amount: 7,
        created_at: Utc::now(),
    };
    (0..ROWS).map(item).collect()
}

fn ours() -> Vec<Item> {
    let item = |n: usize| Item {
        id: Uuid::now_v7(),
        title: format!("New {n}"),
        completed: n.is_multiple_of(2),
        priority: 3,
        amount: 7,
        created_at: Utc::now(),
    };
    (0..ROWS).map(item).collect()
}
