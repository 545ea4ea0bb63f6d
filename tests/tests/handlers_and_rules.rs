//! Handlers beside what the server keeps, rules on the record, lazy fields and keys of repeated requests.

use isoform::handlers::{Create, CreateMany, Find, FindById, Handlers, Next};
use isoform::prelude::*;
use serde_json::json;
use tests::entities_handled::{Hush, Line, Memo};
use tests::{Way, World, ann};

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
