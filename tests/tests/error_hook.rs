//! One function of the server sees every error on its way out.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isoform::prelude::*;
use isoform_server::Api;
use tests::entities_hooks::{Letterbox, Voyage};
use tests::{Way, World, ann};

type Seen = Arc<Mutex<Vec<String>>>;

/// A world whose errors are noted: who asked, the status, the message and the cause. Some are changed.
async fn world() -> (World, Seen) {
    let seen = Seen::default();
    let notes = seen.clone();
    let routes =
        axum::Router::new().route("/own", axum::routing::get(async || -> &'static str { panic!("an own route") }));
    let configure = |api: Api| {
        api.entities(tests::entities::all()).routes(routes).on_error(move |error, context| {
            let notes = notes.clone();
            async move {
                let who = context.identity().map_or("nobody", |who| &*who.id).to_owned();
                let cause = error.cause().map(ToString::to_string).unwrap_or_default();
                notes.lock().unwrap().push(format!("{who} {} {} {cause}", error.status(), error.message()));
                assert_eq!((context.scope(), context.in_transaction()), (Scope::Backend, false));
                match error.message() {
                    "Name is not for today" => Ok(Error::forbidden("Come back tomorrow.").with_code("tomorrow")),
                    "No voyages today." => Err(Error::internal("the hook's own secret")),
                    "Nobody deletes this voyage." => panic!("the hook panics"),
                    "Name is not deleted today" => {
                        // It may write: everything else is rolled back.
                        repo::<Letterbox>().insert(Letterbox::with("noted", false)).await?;
                        Ok(error)
                    }
                    _ => Ok(error),
                }
            }
        })
    };
    (World::configured(Way::InProcess, configure).await, seen)
}

fn last(seen: &Seen) -> String {
    seen.lock().unwrap().pop().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_sees_errors_of_requests_methods_batches_routes_and_panics() {
    let (world, seen) = world().await;
    let json = |body: serde_json::Value| body;
    world.get("/api/voyages/7").by(&ann()).send().await.refused(404);
    assert!(last(&seen).starts_with("ann 404 There is no such row"));
    world.get("/api/nothing").send().await.refused(404);
    assert!(last(&seen).starts_with("nobody 404"));
    world.get("/api/voyages/").send().await.refused(404);
    assert!(last(&seen).starts_with("nobody 404 There is nothing here."));
    world.get("/api/$batch").send().await.refused(405);
    assert!(last(&seen).starts_with("nobody 405"));
    let batch = json(serde_json::json!([{"delete": "voyages", "id": Uuid::now_v7()}]));
    world.post("/api/$batch").by(&ann()).json(&batch).send().await.refused(404);
    assert!(last(&seen).starts_with("ann 404 Operation 1"));
    let post = json(serde_json::json!({"args": ["x", true]}));
    world.post("/api/letterboxes/post").by(&ann()).json(&post).send().await.refused(400);
    assert!(last(&seen).starts_with("ann 400 Changed my mind."));
    // Of what is not told it sees the cause.
    assert_eq!(world.get("/own").send().await.status, 500);
    assert!(last(&seen).ends_with("panic: an own route"));
    let recursion = json(serde_json::json!({"name": "a", "order": "save itself"}));
    let answer = world.post("/api/voyages").by(&ann()).json(&recursion).send().await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("voyages"), "{}", answer.text);
    assert!(last(&seen).contains("the hook `saving` of voyages"));
    // A body that is none, and a page of another site.
    world.post("/api/voyages").text("text/plain", "x").send().await;
    assert!(last(&seen).contains("415"));
    world.post("/api/voyages").header("origin", "https://evil.example").send().await;
    assert!(last(&seen).starts_with("nobody 403"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_changes_what_is_told() {
    let (world, _) = world().await;
    let field = serde_json::json!({"name": "a", "order": "field"});
    let answer = world.post("/api/voyages").by(&ann()).json(&field).send().await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json(), serde_json::json!({"message": "Come back tomorrow.", "code": "tomorrow"}));
    // A client reads it as any other.
    let error =
        world.for_(&ann()).run(async { repo::<Voyage>().insert(Voyage::named("a", "field")).await }).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (403, Some("tomorrow")));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_fails_or_panics_the_answer_is_a_plain_500() {
    let (world, _) = world().await;
    let record = serde_json::json!({"name": "a", "order": "record"});
    let answer = world.post("/api/voyages").by(&ann()).json(&record).send().await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text.contains("secret") && !answer.text.contains("today"), "{}", answer.text);

    let saved = world.backend().run(async { repo::<Voyage>().insert(Voyage::named("a", "")).await.unwrap() }).await;
    set_order(&world, saved.id, "record").await;
    let answer = world.delete(&format!("/api/voyages/{}", saved.id)).by(&ann()).send().await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    // And the server goes on.
    world.get("/api/voyages").by(&ann()).send().await.ok(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_with_the_database_once_the_rest_is_rolled_back() {
    let (world, _) = world().await;
    let saved = world.backend().run(async { repo::<Voyage>().insert(Voyage::named("a", "")).await.unwrap() }).await;
    set_order(&world, saved.id, "field").await;
    assert_eq!(world.delete(&format!("/api/voyages/{}", saved.id)).by(&ann()).send().await.status, 400);
    let letters = world.backend().run(async { repo::<Letterbox>().count().await.unwrap() }).await;
    assert_eq!(letters, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_does_not_see_what_may_not_be_told_of_fields() {
    let seen = Seen::default();
    let notes = seen.clone();
    let configure = |api: Api| {
        api.entities(tests::entities_messages::all()).on_error(move |error, _| {
            notes.lock().unwrap().push(format!("{error:?} {} {:?}", error.message(), error.fields()));
            async { Ok(error) }
        })
    };
    let world = World::configured(Way::InProcess, configure).await;
    let send =
        async |name: &str| world.post("/api/strongboxes").json(&serde_json::json!({"name": name})).send().await.json();
    assert_eq!(send("hidden").await, serde_json::json!({"message": "This cannot be saved."}));
    let told = serde_json::json!({"message": "is guessed", "modelState": {"name": "is guessed"}});
    assert_eq!(send("both").await, told);
    let seen = seen.lock().unwrap().clone();
    assert!(seen.len() == 2 && seen[1].contains("is guessed"), "{seen:?}");
    assert!(seen.iter().all(|said| !said.contains("1-2-3") && !said.contains("ombination")), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_takes_too_long_is_given_up() {
    let configure = |api: Api| {
        api.entities(tests::entities::all()).on_error(async |error, _| {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(error)
        })
    };
    let world = World::configured(Way::InProcess, configure).await;
    let asked = std::time::Instant::now();
    assert_eq!(world.get("/api/nothing").send().await.status, 500);
    assert!(asked.elapsed() < Duration::from_secs(20));
}

/// Past the hooks, as somebody else's program would.
async fn set_order(world: &World, id: Uuid, order: &str) {
    let text = order.to_owned();
    let set = async {
        let (table, order, key) =
            (sql::table::<Voyage>(), sql::name(Voyage::FIELDS.order), sql::name(Voyage::FIELDS.id));
        sql!("UPDATE {} SET {} = {} WHERE {} = {}", table, order, text, key, id).execute().await
    };
    assert_eq!(world.backend().run(set).await.unwrap(), 1);
}
