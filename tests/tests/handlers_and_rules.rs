//! Handlers beside what the server keeps, rules on the record, lazy fields and keys of repeated requests.

use isoform::handlers::{Create, CreateMany, Find, FindById, Handlers, Next, UpsertMany};
use isoform::prelude::*;
use isoform::{Upsert, Value};
use serde_json::json;
use tests::entities_handled::{Hush, Line, Memo};
use tests::{Way, World, ann, promises};

async fn world(handlers: Handlers) -> World {
    let world = World::handled(Way::InProcess, entities![Memo, Hush, Line], handlers).await;
    world
        .backend()
        .run(async {
            let hush = Hush { id: 1, owner: "zoe".into(), secret: "s3cret".into(), ..Hush::blank() };
            repo::<Hush>().insert(hush).await.unwrap();
            let line =
                Line { id: 1, hush: 1, text: Lazy::new("long".to_owned()), owner: "ann".into(), ..Line::blank() };
            repo::<Line>().insert(line).await.unwrap();
        })
        .await;
    world
}

const KEY: &str = "0b8e2e5f-3c1a-4a57-9d33-000000000001";

#[tokio::test]
async fn what_the_server_keeps_is_nothing_that_a_handler_set() {
    let quiet = Handlers::new()
        .before_any::<Create>(async |_| Ok(Next::Continue))
        .before_any::<CreateMany>(async |_| Ok(Next::Continue));
    let world = world(quiet).await;
    let one = world.post("/api/memos").by(&ann()).json(&json!({"text": "x", "ownerId": "bob"})).send().await.ok(201);
    assert_eq!(one["ownerId"], "ann");
    let many = world.post("/api/memos").by(&ann()).json(&json!([{"text": "y"}])).send().await.ok(201);
    assert_ne!(many[0]["objectId"], one["objectId"]);
    let found = world.get(&format!("/api/memos/{}", one["objectId"].as_str().unwrap())).by(&ann()).send().await.ok(200);
    assert_eq!(found["objectId"], one["objectId"], "what was answered is what is in the table");
}

#[tokio::test]
async fn what_a_rule_hid_stays_hidden_whatever_a_handler_makes_of_the_record() {
    let masked = Handlers::new()
        .after::<FindById, Hush>(async |_, outcome| {
            if let Ok(hush) = outcome {
                hush.owner = "ann".into();
            }
            Ok(())
        })
        .after::<Find, Hush>(async |_, outcome| {
            if let Ok(found) = outcome {
                found.items.iter_mut().for_each(|hush| hush.owner = "ann".into());
            }
            Ok(())
        });
    let world = world(masked).await;
    for path in ["/api/hushes", "/api/hushes/1", "/api/hushes/1?_include=lines", "/api/hushes?_include=lines"] {
        let answer = world.get(path).by(&ann()).send().await.ok(200).to_string();
        assert!(answer.contains("\"ann\"") && !answer.contains("s3cret"), "{path}: {answer}");
    }
    let here = world.database.context().with_scope(Scope::Api).with_identity(ann());
    assert!(!format!("{:?}", here.run(repo::<Hush>().find_id(1)).await.unwrap()).contains("s3cret"));
}

#[tokio::test]
async fn a_question_by_id_is_changed_by_its_handler_too() {
    let handlers = Handlers::new().before::<FindById, Hush>(async |request| {
        request.query.include(|h| h.lines);
        request.query.select(|h| h.id);
        Ok(Next::Continue)
    });
    let world = world(handlers).await;
    let answer = world.get("/api/hushes/1").by(&ann()).send().await.ok(200);
    assert_eq!((&answer["id"], &answer["lines"][0]["id"], answer.get("owner")), (&json!(1), &json!(1), None));
}

#[tokio::test]
async fn lazy_fields_that_nobody_asked_for_do_not_come_along_because_of_a_handler() {
    let world = world(Handlers::new().after_any::<Find>(async |_, _| Ok(()))).await;
    for path in ["/api/hushes?_include=lines", "/api/lines"] {
        let answer = world.get(path).by(&ann()).send().await.ok(200).to_string();
        assert!(answer.contains("\"hush\":1") && !answer.contains("long"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_what_handlers_said_of_the_first() {
    let handlers = Handlers::new().before::<Create, Memo>(async |request| {
        request.set_header("x-said", "yes")?;
        request.set_status(202)?;
        Ok(Next::Continue)
    });
    let world = world(handlers).await;
    let ask = async || {
        let post = world.post("/api/memos").by(&ann()).header("idempotency-key", KEY);
        let answer = post.json(&json!({"text": "x"})).send().await;
        (answer.header("x-said").to_owned(), answer.ok(202)["objectId"].clone())
    };
    assert_eq!(ask().await, ask().await);
}

#[tokio::test]
async fn a_key_holds_whatever_the_address_says_beside_it() {
    let world = world(Handlers::new()).await;
    let body = json!([{"insert": "memos", "set": {"text": "once"}}]);
    for _ in 0..2 {
        let post = world.post("/api/$batch?__action=get").by(&ann()).header("idempotency-key", KEY);
        post.json(&body).send().await.refused(400);
    }
    // An action that is a question is one however it is written, and nothing of it is kept.
    for path in ["/api/memos?__action=coun%74", "/api/memos?_%5Faction=count"] {
        let post = world.post(path).by(&ann()).header("idempotency-key", KEY).json(&json!({}));
        let answer = post.send().await;
        assert_eq!(answer.header("idempotency-replayed"), "");
        assert_eq!(answer.ok(200)["count"], 0);
    }
}

#[tokio::test]
async fn who_has_other_claims_asks_for_something_else() {
    let world = world(Handlers::new()).await;
    let ask = async |tenant: &str| {
        let mut who = ann();
        who.claims.insert("tenant".into(), tenant.into());
        let post = world.post("/api/memos").by(&who).header("idempotency-key", KEY);
        post.json(&json!({"text": "x"})).send().await
    };
    ask("one").await.ok(201);
    ask("one").await.ok(201);
    ask("two").await.refused(422);
}

/// Gives what belongs to zoe a secret; "last" leaves the first row out, "turned" turns them around.
async fn trusting(way: Way) -> World {
    fn changed<T>(rows: &mut Vec<T>, owner: impl Fn(&T) -> String) {
        match rows.first().map(owner).as_deref() {
            Some("last") => drop(rows.remove(0)),
            Some("turned") => rows.reverse(),
            _ => {}
        }
    }
    let handlers = Handlers::new()
        .before::<CreateMany, Hush>(async |request| {
            for hush in &mut request.items {
                match hush.owner.as_str() {
                    "zoe" => hush.secret = "known".into(),
                    // No longer theirs to write.
                    "ann" if hush.id > 99 => hush.owner = "bob".into(),
                    _ => {}
                }
            }
            changed(&mut request.items, |hush| hush.owner.clone());
            request.trust(|h| h.secret);
            Ok(Next::Continue)
        })
        .before::<UpsertMany, Hush>(async |request| {
            let of_zoe = (Hush::FIELDS.owner.index(), Value::Text("zoe".into()));
            for row in &mut request.rows {
                let set = row.set.get_or_insert_default();
                if set.contains(&of_zoe) {
                    set.retain(|(field, _)| *field != Hush::FIELDS.secret.index());
                    set.push((Hush::FIELDS.secret.index(), Value::Text("known".into())));
                }
            }
            request.trust(|h| h.secret);
            Ok(Next::Continue)
        });
    World::handled(way, entities![Memo, Hush, Line], handlers).await
}

fn hush(id: i64, owner: &str, secret: &str) -> Hush {
    Hush { id, owner: owner.into(), secret: secret.into(), ..Hush::blank() }
}

async fn secrets(world: &World) -> Vec<(i64, String)> {
    let all = world.backend().run(async { Hush::query().order_by(|h| h.id.asc()).await.unwrap() }).await;
    all.iter().map(|hush| (hush.id, hush.secret.clone())).collect()
}

promises! {
    in trusting;

    async fn a_trusted_value_is_the_servers_whatever_another_row_has_sent(world: World) {
        world.for_(&ann()).run(async {
            repo::<Hush>().insert_many([hush(1, "ann", "mine"), hush(2, "zoe", "")]).await.unwrap();
            // The same as what the other row has sent, who may.
            repo::<Hush>().insert_many([hush(3, "ann", "known"), hush(4, "zoe", "")]).await.unwrap();
            repo::<Hush>().insert_many([hush(5, "zoe", "mine"), hush(6, "ann", "known")]).await.unwrap();
            let upsert = |id: i64, owner: &str, secret: &str| {
                Upsert::<Hush>::by(|h| h.id.set(id)).set(|h| (h.owner.set(owner), h.secret.set(secret)))
            };
            repo::<Hush>().upsert_many([upsert(7, "ann", "known"), upsert(8, "zoe", "")]).await.unwrap();
        }).await;
        let known = |id| (id, "known".to_owned());
        assert_eq!(secrets(&world).await, [(1, "mine".into()), known(2), known(3), known(4), known(5), known(6), known(7), known(8)]);
    }

    async fn what_the_asker_has_sent_is_theirs_wherever_a_handler_moves_the_row(world: World) {
        world.for_(&ann()).run(async {
            repo::<Hush>().insert_many([hush(1, "last", ""), hush(2, "ann", "mine"), hush(3, "zoe", "")]).await.unwrap();
            repo::<Hush>().insert_many([hush(4, "turned", ""), hush(5, "ann", "mine"), hush(6, "zoe", "")]).await.unwrap();
            for moved in ["last", "turned", "stays"] {
                let rows = [hush(7, moved, ""), hush(100, "ann", "mine"), hush(8, "zoe", ""), hush(9, "zoe", "")];
                let error = repo::<Hush>().insert_many(rows).await.unwrap_err();
                assert!(error.is_forbidden(), "{moved}: {error}");
            }
        }).await;
        let expected = [(2, "mine"), (3, "known"), (4, ""), (5, "mine"), (6, "known")].map(|(id, secret)| (id, secret.to_owned()));
        assert_eq!(secrets(&world).await, expected);
    }
}
