//! What one request may ask: at the limit it is answered, just past it refused; each limit can be set.

use std::time::Duration;

use isoform::prelude::*;
use isoform::{DEFAULT_LIMIT, QueryLimits};
use isoform_server::{Limits, StatementLimits};
use serde_json::{Value as Json, json};
use tests::entities::{Sample, all};
use tests::{Way, World, ann};

async fn with(queries: QueryLimits) -> World {
    World::limited(Way::InProcess, all(), Limits { queries, ..Limits::default() }).await
}

async fn fill(world: &World, rows: usize) {
    let rows = vec![Sample::blank(); rows];
    world.backend().transaction(async |_| repo::<Sample>().insert_many(rows).await).await.unwrap();
}

async fn count(world: &World, filter: Json) -> tests::raw::Answer {
    world.post("/api/samples?__action=count").json(&json!({ "where": filter })).send().await
}

#[test]
fn the_defaults_are_as_documented() {
    let Limits { body, time, rows, queries, at_once, rate } = Limits::default();
    assert_eq!((at_once, rate), (Some(16), None));
    assert_eq!((body, time, rows), (1 << 20, Duration::from_secs(30), 10_000));
    let QueryLimits { conditions, depth, values, sorts, rows, includes, calls } = queries;
    assert_eq!((conditions, depth, values, sorts, rows, includes, calls), (200, 8, 1_000, 8, 1_000, 4, 20));
    assert_eq!(StatementLimits::default().time, Some(Duration::from_secs(10)));
    assert_eq!(DEFAULT_LIMIT, 100);
}

#[tokio::test]
async fn a_body_has_so_many_bytes() {
    for limits in [Limits::default(), Limits { body: 2_000, ..Limits::default() }] {
        let world = World::limited(Way::InProcess, all(), limits).await;
        let body = |length: usize| r#"{"number": 1}"#.to_owned() + &" ".repeat(length - 13);
        world.post("/api/samples").text("application/json", &body(limits.body)).send().await.ok(201);
        let past = world.post("/api/samples").text("application/json", &body(limits.body + 1)).send().await;
        assert!(past.refused(413).contains(&format!("{} bytes", limits.body)));
    }
}

#[tokio::test]
async fn a_filter_has_so_many_conditions_levels_and_values() {
    for (conditions, depth, values) in [(200, 8, 1_000), (3, 2, 5), (300, 12, 1_500)] {
        let world = with(QueryLimits { conditions, depth, values, ..QueryLimits::default() }).await;
        fill(&world, 1).await;
        let many = |count: usize| json!({"OR": (0..count).map(|n| json!({"number.lte": n})).collect::<Vec<_>>()});
        assert_eq!(count(&world, many(conditions)).await.ok(200)["count"], 1);
        assert!(count(&world, many(conditions + 1)).await.refused(400).contains(&format!("{conditions} are allowed")));
        let deep = |depth: usize| (0..depth).fold(json!({"number": 0}), |inner, _| json!({"OR": [inner, {"big": 1}]}));
        let (at, past) = (count(&world, deep(depth)).await, count(&world, deep(depth + 1)).await);
        if conditions > depth {
            assert_eq!(at.ok(200)["count"], 1);
        }
        assert_eq!(past.refused(400), format!("The filter is nested more than {depth} deep."));
        let one_of = |count: usize| json!({"number.in": (0..count).collect::<Vec<_>>()});
        assert_eq!(count(&world, one_of(values)).await.ok(200)["count"], 1);
        assert!(count(&world, one_of(values + 1)).await.refused(400).contains(&format!("{values} are allowed")));
    }
    // However much is set, what is nested without end is not read.
    let world = with(QueryLimits { depth: usize::MAX, ..QueryLimits::default() }).await;
    let deep = (0..60).fold(json!({"number": 0}), |inner, _| json!({ "NOT": inner }));
    assert!(count(&world, deep).await.refused(400).contains("more than 48 deep"));
}

#[tokio::test]
async fn an_order_has_so_many_fields() {
    let names = ["number", "text", "flag", "big", "ratio", "key", "at", "day", "color", "lucky", "email"];
    for sorts in [8, 2, 10] {
        let world = with(QueryLimits { sorts, ..QueryLimits::default() }).await;
        let ask = async |count: usize| {
            world.get(&format!("/api/samples?_limit=1&_sort={}", names[..count].join(","))).send().await
        };
        ask(sorts).await.ok(200);
        assert!(ask(sorts + 1).await.refused(400).contains(&format!("more than {sorts} fields")));
        let groups = async |count: usize| {
            let order: Vec<_> = names[..count].iter().map(|name| json!({ "field": name })).collect();
            let body = json!({"groupBy": &names[..count.min(8)], "orderBy": order});
            world.post("/api/samples?__action=groupBy").json(&body).send().await
        };
        if sorts <= 8 {
            groups(sorts).await.ok(200);
            assert!(groups(sorts + 1).await.refused(400).contains(&format!("{sorts} are allowed")));
        }
    }
}

#[tokio::test]
async fn a_request_asks_for_so_many_rows_and_none_is_cut_silently() {
    for rows in [1_000, 20, 1_500] {
        let world = with(QueryLimits { rows, ..QueryLimits::default() }).await;
        fill(&world, rows as usize).await;
        let list = async |uri: &str| world.get(&format!("/api/samples{uri}")).send().await;
        assert_eq!(list(&format!("?_limit={rows}")).await.ok(200).as_array().unwrap().len(), rows as usize);
        assert!(list(&format!("?_limit={}", rows + 1)).await.refused(400).contains(&format!("1 to {rows}")));
        assert_eq!(list("").await.ok(200).as_array().unwrap().len(), rows as usize);
        let groups =
            async || world.post("/api/samples?__action=groupBy").json(&json!({"groupBy": ["id"]})).send().await;
        groups().await.ok(200);
        fill(&world, 1).await;
        assert!(list("").await.refused(400).contains(&format!("more than {rows} rows")));
        assert!(groups().await.refused(400).contains(&format!("more than {rows} groups")));
        // The same where nothing is on the wire.
        let context = Context::api(&world.database).with_query_limits(world_limits(rows));
        let ask = async |limit: u64| context.run(Sample::query().limit(limit).all()).await;
        assert_eq!(ask(rows).await.unwrap().len(), rows as usize);
        assert!(ask(rows + 1).await.unwrap_err().is_invalid());
    }
}

fn world_limits(rows: u64) -> QueryLimits {
    QueryLimits { rows, ..QueryLimits::default() }
}

#[tokio::test]
async fn a_query_that_says_nothing_brings_a_hundred_rows_and_says_so_by_its_page() {
    let world = with(QueryLimits::default()).await;
    fill(&world, 101).await;
    for context in [world.for_(&ann()), Context::api(&world.database)] {
        assert_eq!(context.run(Sample::query().all()).await.unwrap().len(), 100);
        assert_eq!(context.run(Sample::query().limit(101).all()).await.unwrap().len(), 101);
        assert!(context.run(async { Sample::query().paginate().await }).await.unwrap().has_next());
    }
}

#[tokio::test]
async fn relations_are_included_so_deep() {
    use tests::entities_related::Page;
    for includes in [4, 2, 6] {
        let limits = Limits { queries: QueryLimits { includes, ..QueryLimits::default() }, ..Limits::default() };
        let world = World::limited(Way::InProcess, tests::entities_related::all(), limits).await;
        world.backend().run(repo::<Page>().insert(Page { id: "root".into(), ..Page::blank() })).await.unwrap();
        let path = |depth: usize| vec!["parent"; depth].join(".");
        let ask = async |depth: usize| world.get(&format!("/api/pages?_include={}", path(depth))).send().await;
        ask(includes).await.ok(200);
        assert_eq!(ask(includes + 1).await.refused(400), format!("Relations are included more than {includes} deep."));
        let nested = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"parent": {"include": inner}}));
        let body = async |depth: usize| {
            world.post("/api/pages?__action=get").json(&json!({"include": nested(depth)})).send().await
        };
        body(includes - 1).await.ok(200);
        body(includes + 1).await.refused(400);
    }
}

#[tokio::test]
async fn a_bulk_write_is_of_so_many_rows() {
    for rows in [10_000, 7] {
        let world = World::limited(Way::InProcess, all(), Limits { rows, ..Limits::default() }).await;
        let insert = async |count: usize| {
            let bodies = vec![json!({"number": 1}); count];
            world.post("/api/samples?_select=$count").json(&json!(bodies)).send().await
        };
        assert_eq!(insert(rows).await.ok(201)["inserted"], rows);
        assert!(insert(rows + 1).await.refused(400).contains(&format!("more than the {rows}")));
        let update = async || world.put("/api/samples?number=1").json(&json!({"number": 1})).send().await;
        assert_eq!(update().await.ok(200)["updated"], rows);
        fill(&world, 1).await;
        world.put("/api/samples?number=0").json(&json!({"number": 1})).send().await.ok(200);
        assert!(update().await.refused(400).contains(&format!("more than the {rows} rows")));
        let delete = async || world.delete("/api/samples?number=1").send().await;
        assert!(delete().await.refused(400).contains(&format!("more than the {rows} rows")));
        assert_eq!(world.backend().run(repo::<Sample>().count()).await.unwrap(), rows as u64 + 1);
    }
}

#[tokio::test]
async fn a_page_beyond_what_the_database_counts_is_refused() {
    let world = with(QueryLimits::default()).await;
    let ask = async |page: u64| world.get(&format!("/api/samples?_limit=1000&_page={page}")).send().await;
    let last = i64::MAX as u64 / 1_000 + 1;
    assert_eq!(ask(last).await.ok(200), json!([]));
    assert!(ask(last + 1).await.refused(400).contains("beyond what a database can count"));
    assert!(ask(u64::MAX).await.refused(400).contains("beyond what a database can count"));
    let typed = world.for_(&ann()).run(Sample::query().limit(1_000).page(last + 1).all()).await;
    assert!(typed.unwrap_err().is_invalid());
}
