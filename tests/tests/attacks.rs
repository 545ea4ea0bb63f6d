//! What somebody asks who wants to know what they may not, or to keep the server busy.

use isoform::prelude::*;
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
