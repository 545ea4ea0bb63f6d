//! Questions and writes that are too large.

use super::*;

#[tokio::test]
async fn a_filter_that_asks_too_much_is_refused_and_one_at_the_limit_is_answered() {
    let world = world().await;
    world.post("/api/samples").json(&json!({"number": 1, "text": "x".repeat(1000)})).send().await.ok(201);
    let ask =
        async |filter: Json| world.post("/api/samples?__action=count").json(&json!({ "where": filter })).send().await;
    let many = |count: usize| (0..count).map(|number| json!({"number.gte": number})).collect::<Vec<_>>();
    assert_eq!(ask(json!({"OR": many(200)})).await.ok(200)["count"], 1);
    assert!(ask(json!({"OR": many(201)})).await.refused(400).contains("200 are allowed"));
    assert!(ask(json!({"NOT": many(201)})).await.refused(400).contains("200 are allowed"));
    assert!(ask(json!({"number": vec![1; 201]})).await.refused(400).contains("200 are allowed"));
    ask(json!({"OR": many(20_000)})).await.refused(400);
    ask(json!({"OR": (0..20_000).map(|_| json!([])).collect::<Vec<_>>()})).await;
    let deep = |depth: usize| (0..depth).fold(json!({"number": 1}), |inner, _| json!({"OR": [inner, {"number": 2}]}));
    assert_eq!(ask(deep(8)).await.ok(200)["count"], 1);
    assert!(ask(deep(9)).await.refused(400).contains("nested more than 8 deep"));
    assert_eq!(ask(json!({"number.in": (0..1000).collect::<Vec<_>>()})).await.ok(200)["count"], 1);
    assert!(ask(json!({"number.in": (0..1001).collect::<Vec<_>>()})).await.refused(400).contains("1000 are allowed"));
    ask(json!({"number.in": [(0..1001).collect::<Vec<_>>()]})).await.refused(400);
    for operator in ["contains", "startsWith", "endsWith", "notContains"] {
        let key = format!("text.{operator}");
        let expected = u64::from(operator != "notContains");
        assert_eq!(ask(json!({key.as_str(): "x".repeat(1000)})).await.ok(200)["count"], expected);
        assert!(ask(json!({key.as_str(): "x".repeat(1001)})).await.refused(400).contains("1000 characters"));
        assert_eq!(ask(json!({key.as_str(): "%_\\é".repeat(250)})).await.ok(200)["count"], 1 - expected);
    }
    // The same in the address.
    let query = vec!["number=1"; 201].join("&");
    assert!(world.get(&format!("/api/samples?{query}")).send().await.refused(400).contains("200 are allowed"));
    let nested = encoded(&deep(8).to_string());
    world.get(&format!("/api/samples?NOT={nested}")).send().await.refused(400);
    let first = encoded(&json!(many(150)).to_string());
    let both = world
        .post(&format!("/api/samples?__action=count&NOT={first}"))
        .json(&json!({"where": {"OR": many(150)}}))
        .send()
        .await;
    assert!(both.refused(400).contains("200 are allowed"));
    still_serving(&world).await;
}

#[tokio::test]
async fn an_insert_of_too_many_rows_is_refused_before_any_is_written() {
    let world = World::limited(Way::InProcess, entities::all(), Limits { rows: 5, ..Limits::default() }).await;
    world.post("/api/samples").json(&json!([{}, {}, {}, {}, {}])).send().await.ok(201);
    assert!(
        world.post("/api/samples").json(&json!([{}, {}, {}, {}, {}, {}])).send().await.refused(400).contains("6 rows")
    );
    assert_eq!(rows(&world).await, 5);
}
