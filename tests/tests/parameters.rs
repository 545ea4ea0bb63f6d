//! Parameters of an address that have no meaning where they stand.

use isoform::prelude::*;
use serde_json::json;
use tests::entities::{Sample, all};
use tests::{Way, World};

#[tokio::test]
async fn what_has_no_meaning_is_refused_with_its_name() {
    let world = World::limited(Way::InProcess, all(), isoform_server::Limits::default()).await;
    world.backend().run(async { repo::<Sample>().insert(Sample::blank()).await.unwrap() }).await;
    let refused = |answer: tests::raw::Answer, name: &str| {
        let message = answer.refused(400);
        assert!(message.starts_with(&format!("The parameter \"{name}\" has no meaning here")), "{name}: {message}");
    };
    for (query, name) in [
        ("first&_cursor=", "_cursor"),
        ("last&_total=true", "_total"),
        ("count&_cursor=", "_cursor"),
        ("count&_total=true", "_total"),
    ] {
        refused(world.get(&format!("/api/samples?__action={query}")).send().await, name);
    }
    for (query, name) in
        [("query&_cursor=", "_cursor"), ("groupBy&_cursor=", "_cursor"), ("groupBy&_total=true", "_total")]
    {
        refused(world.post(&format!("/api/samples?__action={query}")).json(&json!({})).send().await, name);
    }
    for (query, name) in
        [("_cursor=", "_cursor"), ("_limit=3", "_limit"), ("_sort=number", "_sort"), ("_select=number", "_select")]
    {
        let path = format!("/api/samples?number=0&{query}");
        refused(world.put(&path).json(&json!({"number": 1})).send().await, name);
        refused(world.delete(&path).send().await, name);
    }
    // Remult's client says that it needs no rows.
    world.put("/api/samples?number=0&_select=$none").json(&json!({"number": 1})).send().await.ok(200);
    let typo = world.get("/api/samples?_wiht=number").send().await.refused(400);
    assert_eq!(typo, "Unknown parameter \"_wiht\". Did you mean \"_with\"?");
}
