//! What hooks prevent: nothing is written, and whoever asked for it is told so, wherever it was asked.

use isoform::handlers::{Handlers, Next, Remove};
use isoform::prelude::*;
use serde_json::json;
use tests::entities_proofs::{Hoard, Relic, RelicMethods as _, all, note, noted};
use tests::{Way, World, ann, promises};

async fn filled(way: Way) -> World {
    let world = World::with(way, all()).await;
    fill(&world).await;
    world
}

/// Relics and hoards 1 to 4, of which 2 is kept.
async fn fill(world: &World) {
    let relic = |id| Relic { id, kept: id == 2, note: "old".into(), ..Relic::blank() };
    let hoard = |id| Hoard { id, kept: id == 2, note: "old".into() };
    let insert = async {
        repo::<Relic>().insert_many((1..5).map(relic)).await?;
        repo::<Hoard>().insert_many((1..5).map(hoard)).await
    };
    world.backend().run(insert).await.unwrap();
}

async fn relics(world: &World) -> Vec<i64> {
    let all = world.backend().run(Relic::query().all()).await.unwrap();
    all.iter().map(|relic| relic.id).collect()
}

promises! {
    in filled;

    async fn a_deletion_that_is_prevented_leaves_the_record_as_it_is(world: World) {
        for context in [world.for_(&ann()), world.backend()] {
            context.run(async {
                let mut relic = repo::<Relic>().find_id(2).await.unwrap();
                relic.note = "unsaved".into();
                relic.delete().await.unwrap();
                assert!(!relic.is_deleted() && !relic.is_new(), "{relic:?}");
                assert!(relic.changed(|r| r.note), "what is unsaved is still there");
                relic.undo();
                relic.save().await.unwrap();
                assert!(!repo::<Relic>().delete(2).await.unwrap(), "by its id too");
                assert!(!relic.discard().await.unwrap() && !relic.is_deleted(), "by a method too");
            }).await;
        }
        assert_eq!(relics(&world).await, [1, 2, 3, 4]);
        world.for_(&ann()).run(async {
            let mut relic = repo::<Relic>().find_id(1).await.unwrap();
            relic.delete().await.unwrap();
            assert!(relic.is_deleted(), "and what is not prevented is deleted");
            assert!(repo::<Relic>().delete(3).await.unwrap());
        }).await;
        assert_eq!(relics(&world).await, [2, 4]);
    }

    async fn deletions_of_many_do_not_count_what_was_prevented(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(repo::<Relic>().delete_many(|r| r.id.lt(4)).await.unwrap(), 2);
            assert_eq!(repo::<Relic>().delete_many(|r| r.kept.eq(true)).await.unwrap(), 0);
        }).await;
        assert_eq!(relics(&world).await, [2, 4]);
    }

    async fn updates_of_many_do_not_count_what_was_prevented(world: World) {
        let notes = async |context: Context| {
            context.run(async {
                // Row by row, and where many are saved together.
                let relics = repo::<Relic>().update_many(|r| r.id.lt(4), |r| r.note.set("new")).await.unwrap();
                let hoards = repo::<Hoard>().update_many(|h| h.id.lt(4), |h| h.note.set("new")).await.unwrap();
                let notes: Vec<_> = Relic::query().await.unwrap().iter().map(|r| (r.note.clone(), r.version)).collect();
                let of_hoards: Vec<_> = Hoard::query().await.unwrap().iter().map(|h| h.note.clone()).collect();
                (relics, hoards, notes, of_hoards)
            }).await
        };
        let (relics, hoards, notes, of_hoards) = notes(world.for_(&ann())).await;
        assert_eq!((relics, hoards), (2, 2));
        let noted = |note: &str, version| (note.to_owned(), version);
        assert_eq!(notes, [noted("new", 2), noted("old", 1), noted("new", 2), noted("old", 1)]);
        assert_eq!(of_hoards, ["new", "old", "new", "old"]);
        let trusted = async {
            let relics = repo::<Relic>().update_many(|r| r.id.lt(4), |r| r.note.set("newer")).await.unwrap();
            (relics, repo::<Hoard>().update_many(|h| h.id.lt(4), |h| h.note.set("newer")).await.unwrap())
        };
        assert_eq!(world.backend().run(trusted).await, (2, 2), "for trusted code too");
    }

    async fn a_batch_tells_what_was_deleted(world: World) {
        world.for_(&ann()).run(async {
            let mut batch = Batch::new();
            let first = batch.repo::<Relic>().delete(1);
            let kept = batch.repo::<Relic>().delete(2);
            let changed = batch.repo::<Relic>().update_many(|r| r.id.gt(1), |r| r.note.set("new"));
            let more = batch.repo::<Relic>().delete_many(|r| r.id.lt(4));
            let mut done = batch.run().await.unwrap();
            assert!(done.deleted(first).unwrap() && !done.deleted(kept).unwrap());
            assert_eq!((done.count(changed).unwrap(), done.count(more).unwrap()), (2, 1));
        }).await;
        assert_eq!(relics(&world).await, [2, 4]);
    }
}

#[tokio::test]
async fn on_the_wire_a_kept_row_is_200_with_nothing_deleted() {
    let world = filled(Way::InProcess).await;
    let kept = world.delete("/api/relics/2").send().await;
    assert_eq!(kept.ok(200), json!({"deleted": 0}), "nothing of the row is told to who may not see it");
    assert_eq!(world.delete("/api/relics/1").send().await.status, 204);
    world.delete("/api/relics/1").send().await.refused(404);
    let many = world.delete("/api/relics?id.in=[2,3]").by(&ann()).send().await.ok(200);
    assert_eq!(many, json!({"deleted": 1}));
    let body = json!([{"delete": "relics", "id": 2}, {"delete": "relics", "id": 4}]);
    assert_eq!(world.post("/api/$batch").json(&body).send().await.ok(200), json!([{"deleted": 0}, null]));
    // A key that is sent again is answered the same.
    for _ in 0..2 {
        let again = world.delete("/api/relics/2").header("idempotency-key", "0b8e2e5f-3c1a-4a57-9d33-000000000001");
        assert_eq!(again.send().await.ok(200), json!({"deleted": 0}));
    }
    let put = world.put("/api/relics?id=2").by(&ann()).json(&json!({"note": "new"})).send().await.ok(200);
    assert_eq!(put, json!({"updated": 0}));
    let one = world.put("/api/relics/2").by(&ann()).json(&json!({"note": "new"})).send().await.ok(200);
    assert_eq!((&one["note"], &one["version"]), (&json!("old"), &json!(1)), "the row as it is in the table");
    assert_eq!(relics(&world).await, [2]);
}

async fn handled(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Remove, Relic>(async |request| {
            // A handler keeps one too.
            Ok(if request.item.note == "handler's" { Next::Answer(None) } else { Next::Continue })
        })
        .after::<Remove, Relic>(async |request, outcome| {
            note(&request.item.note, format!("{:?}", outcome.as_ref().map(Option::is_some).ok()));
            Ok(())
        });
    let world = World::handled(way, all(), handlers).await;
    fill(&world).await;
    world
}

promises! {
    in handled;

    async fn handlers_are_told_what_was_prevented_and_may_keep_a_row_themselves(world: World) {
        let name = Uuid::now_v7().to_string();
        let set = repo::<Relic>().query().filter(|r| r.id.lte(2)).all();
        world.backend().run(async {
            // Past the hooks, which keep one.
            for (id, note) in [(1, name.clone()), (2, name.clone()), (3, "handler's".into())] {
                let table = sql::table::<Relic>();
                let (text, key) = (sql::name(Relic::FIELDS.note), sql::name(Relic::FIELDS.id));
                sql!("UPDATE {} SET {} = {} WHERE {} = {}", table, text, note, key, id).execute().await.unwrap();
            }
            assert_eq!(set.await.unwrap().len(), 2);
        }).await;
        world.for_(&ann()).run(async {
            for (id, deleted) in [(2, false), (1, true), (3, false)] {
                let mut relic = repo::<Relic>().find_id(id).await.unwrap();
                relic.delete().await.unwrap();
                assert_eq!(relic.is_deleted(), deleted, "{id}");
            }
        }).await;
        assert_eq!(noted(&name), ["Some(false)", "Some(true)"]);
        assert_eq!(noted("handler's"), [""; 0], "no after handler follows an answer");
        assert_eq!(relics(&world).await, [2, 3, 4]);
    }
}
