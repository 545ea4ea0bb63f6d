//! A date that has to be there is not made up.

use isoform::prelude::*;
use serde_json::json;
use tests::{Way, World};

/// What has a day.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "visits", allow(crud = true))]
pub struct Visit {
    #[field(id)]
    pub id: Uuid,
    #[field(required)]
    pub day: NaiveDate,
    #[field(required)]
    pub born: Option<NaiveDate>,
}

#[tokio::test]
async fn a_required_date_that_is_left_out_is_refused() {
    let world = World::with(Way::InProcess, entities![Visit]).await;
    let answer = world.post("/api/visits").json(&json!({"born": "1970-01-01"})).send().await;
    assert_eq!(answer.refused(400), "Day is required");
    assert_eq!(answer.field("day"), "is required");
    world.post("/api/visits").json(&json!({"day": "2026-11-22"})).send().await.refused(400);
    let row = json!({"day": "2026-11-22", "born": "1970-01-01"});
    let row = world.post("/api/visits").json(&row).send().await.ok(201);
    assert_eq!((&row["day"], &row["born"]), (&json!("2026-11-22"), &json!("1970-01-01")));
}
