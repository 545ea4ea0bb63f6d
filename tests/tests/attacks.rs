//! What somebody asks who wants to know what they may not, or to keep the server busy.

use isoform::QueryLimits;
use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as Json, json};
use tests::entities_attacks::{Bundle, Chest, Clue, Draft, Sheet, Sketch, Wristband};
use tests::raw::Answer;
use tests::{Way, World, admin, ann, bob, promises};

async fn fill(world: &World) {
    world
        .backend()
        .run(async {
            let chest = Chest {
                id: "bobs".into(),
                owner: "bob".into(),
                secret: "sesame".into(),
                code: "X1".into(),
                ..Chest::blank()
            };
            repo::<Chest>().insert(chest).await.unwrap();
            repo::<Clue>().insert(Clue { id: "clue".into(), word: "sesame".into() }).await.unwrap();
            for (id, code, seal, chest) in [
                ("coded", "X1", "", ""),
                ("sealed", "", "bobs", ""),
                ("bundled", "", "", ""),
                ("plain", "", "", "bobs"),
            ] {
                let sheet = Sheet { id: id.into(), code: code.into(), seal: seal.into(), chest: chest.into() };
                repo::<Sheet>().insert(sheet).await.unwrap();
            }
            let bundle = Bundle { id: "b".into(), chest: "bobs".into(), sheet: "bundled".into() };
            repo::<Bundle>().insert(bundle).await.unwrap();
        })
        .await;
}

/// Which related rows of the first record a method's answer has.
fn related(answer: &Json) -> Vec<&str> {
    let data = &answer["data"][0]["data"];
    let there = |relation: &&str| data[*relation].as_array().is_some_and(|rows| !rows.is_empty());
    ["clues", "sheets", "sealed", "bundled", "plain"].into_iter().filter(there).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn related_rows_in_a_methods_answer_do_not_tell_a_hidden_key() {
    let world = World::new(Way::InProcess).await;
    fill(&world).await;
    let opened =
        async |who: &Identity| world.post("/api/chests/opened").by(who).json(&json!({"args": []})).send().await;
    let anns = opened(&ann()).await;
    assert_eq!(related(&anns.ok(200)), ["plain"], "neither of hidden keys nor through hidden rows");
    assert!(!anns.text.contains("sesame") && !anns.text.contains("X1"), "{anns:?}");
    assert_eq!(related(&opened(&bob()).await.ok(200)), ["clues", "plain"], "the key is shown in this record");
    assert_eq!(related(&opened(&admin()).await.ok(200)), ["sheets", "sealed", "bundled", "plain"]);
}

promises! {
    async fn a_hook_that_keeps_a_row_does_not_tell_what_is_hidden_in_it(world: World) {
        fill(&world).await;
        let untold = |error: Error| {
            assert!(error.is_invalid(), "{error:?}");
            assert!(error.fields().is_empty() && !error.message().contains("sesame"), "{error:?}");
        };
        world.for_(&ann()).run(async {
            untold(repo::<Chest>().delete("bobs").await.unwrap_err());
            untold(repo::<Chest>().delete_many(|c| c.id.eq("bobs")).await.unwrap_err());
            untold(repo::<Chest>().find_id("bobs").await.unwrap().delete().await.unwrap_err());
        }).await;
        let told = |answer: &Answer| (answer.status, answer.text.contains("sesame"));
        for (who, tells) in [(ann(), false), (bob(), true)] {
            assert_eq!(told(&world.delete("/api/chests/bobs").by(&who).send().await), (400, tells));
            let many = world.post("/api/chests?__action=deleteMany").by(&who).json(&json!({"where": {"id": "bobs"}}));
            assert_eq!(told(&many.send().await), (400, tells));
            let batch = world.post("/api/$batch").by(&who).json(&json!([{"delete": "chests", "id": "bobs"}]));
            assert_eq!(told(&batch.send().await), (400, tells));
        }
    }

    async fn a_version_that_is_hidden_is_not_compared(world: World) {
        world.backend().run(async {
            let sketch = Sketch { id: "s".into(), owner: "bob".into(), title: "a".into(), ..Sketch::blank() };
            let mut sketch = repo::<Sketch>().insert(sketch).await.unwrap();
            sketch.title = "b".into();
            sketch.save().await.unwrap();
            repo::<Draft>().insert(Draft { id: "d".into(), title: "a".into(), ..Draft::blank() }).await.unwrap();
        }).await;
        for (uri, knows) in [("/api/sketches/s", bob()), ("/api/drafts/d", admin())] {
            for version in 0..6 {
                let put = world.put(uri).by(&ann()).json(&json!({"version": version, "title": "c"})).send().await;
                put.ok(200);
                let tag = format!("\"{version}\"");
                let put = world.put(uri).by(&ann()).header("if-match", &tag).json(&json!({"title": "d"})).send().await;
                put.ok(200);
                let empty = world.put(uri).by(&ann()).json(&json!({"version": version})).send().await;
                empty.ok(200);
            }
            let stale = world.put(uri).by(&knows).json(&json!({"version": 1, "title": "e"})).send().await;
            assert_eq!(stale.status, 409, "{stale:?}");
            let stale = world.put(uri).by(&knows).header("if-match", "\"1\"").json(&json!({"title": "e"})).send().await;
            assert_eq!(stale.status, 412, "{stale:?}");
            let stale = world.delete(uri).by(&knows).header("if-match", "\"1\"").send().await;
            assert_eq!(stale.status, 412, "{stale:?}");
        }
        world.for_(&ann()).run(async {
            let mut sketch = repo::<Sketch>().find_id("s").await.unwrap();
            sketch.title = "f".into();
            sketch.save().await.unwrap();
        }).await;
        for uri in ["/api/sketches/s", "/api/drafts/d"] {
            let gone = world.delete(uri).by(&ann()).header("if-match", "\"1\"").send().await;
            assert_eq!(gone.status, 204, "{gone:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_pins_very_many_ids_is_answered() {
    let world = World::new(Way::InProcess).await;
    let rows: Vec<_> = [5, 77_777, 149_999, 150_000].into_iter().map(|id| Wristband { id }).collect();
    world.backend().transaction(async |_| repo::<Wristband>().insert_many(rows).await).await.unwrap();
    let part = |part: i64| json!({"id.in": (part * 1_000..(part + 1) * 1_000).collect::<Vec<_>>()});
    let parts: Vec<_> = (0..150).map(part).collect();
    let count = async |filter: Json| {
        let asked = world.post("/api/wristbands?__action=count").by(&ann()).json(&json!({"where": filter}));
        asked.send().await.ok(200)["count"].clone()
    };
    assert_eq!(count(json!({"OR": parts})).await, 3);
    assert_eq!(count(json!({"OR": parts, "id.in": [77_777, 150_000]})).await, 1, "both hold");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_limit_can_be_set_that_the_server_cannot_bear() {
    let queries = QueryLimits { conditions: 100_000, rows: u64::MAX, ..QueryLimits::default() };
    let world =
        World::limited(Way::InProcess, tests::entities_filters::all(), Limits { queries, ..Limits::default() }).await;
    let count = async |entity: &str, filter: Json| {
        let uri = format!("/api/{entity}?__action=count");
        world.post(&uri).by(&ann()).json(&json!({"where": filter})).send().await
    };
    let any = |most: usize| json!({"OR": (0..most).map(|n| json!({"id.gt": n})).collect::<Vec<_>>()});
    let all = |key: &str, most: usize| json!({key: (0..most).collect::<Vec<_>>()});
    count("invoices", any(500)).await.ok(200);
    count("invoices", all("id.gt", 500)).await.ok(200);
    count("payers", all("invoices.$count.gt", 500)).await.ok(200);
    for most in [501, 990, 5_000] {
        for answer in [
            count("invoices", any(most)).await,
            count("invoices", all("id.gt", most)).await,
            count("payers", all("invoices.$count.gt", most)).await,
        ] {
            assert_eq!(answer.refused(400), format!("The filter has {most} conditions; 500 are allowed."));
        }
    }
    let list = async |query: &str| world.get(&format!("/api/invoices{query}")).by(&ann()).send().await;
    list("").await.ok(200);
    for (query, status) in [
        ("?_limit=9223372036854775806", 200),
        ("?_limit=9223372036854775806&_page=3", 400),
        ("?_limit=9223372036854775806&_cursor=", 200),
        ("?_limit=9223372036854775807", 400),
        ("?_limit=18446744073709551615", 400),
    ] {
        let answer = list(query).await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
    let groups = world.post("/api/invoices?__action=groupBy").by(&ann()).json(&json!({"groupBy": ["id"]}));
    groups.send().await.ok(200);
    world
        .backend()
        .run(async {
            let payer = tests::entities_filters::Payer { id: "ann".into(), ..Entity::blank() };
            repo::<tests::entities_filters::Payer>().insert(payer).await.unwrap();
        })
        .await;
    for (limit, offset, status) in [
        (9_223_372_036_854_775_806, 0_u64, 200),
        (9_223_372_036_854_775_806, 9_223_372_036_854_775_807, 200),
        (1, 9_223_372_036_854_775_807, 200),
        (u64::MAX, 0, 400),
    ] {
        let include = json!({"include": {"invoices": {"limit": limit, "offset": offset}}});
        let answer = world.post("/api/payers?__action=get").by(&ann()).json(&include).send().await;
        assert_eq!(answer.status, status, "{limit}, {offset}: {answer:?}");
    }
}
