//! `PersistenceItem`: what the server keeps of each row, whoever writes it and however.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_kept::{self, Guest, Memorandum, MemorandumMethods as _, MemorandumRelations as _, Reply};
use tests::{Way, World, admin, ann, bob, promises};

async fn made(way: Way) -> World {
    World::with(way, entities_kept::all()).await
}

fn memorandum(text: &str) -> Memorandum {
    Memorandum { text: text.into(), ..Memorandum::blank() }
}

/// What a client would like it to be.
fn forged() -> PersistenceItem {
    let then = DateTime::UNIX_EPOCH + TimeDelta::days(1);
    PersistenceItem { object_id: Uuid::max(), created: then, updated: then, owner_id: Some("bob".into()) }
}

#[track_caller]
fn is_kept(item: &PersistenceItem, owner: Option<&str>) {
    assert!(!item.object_id.is_nil() && item.object_id != Uuid::max(), "{item:?}");
    let since = Utc::now() - item.created;
    assert!(since >= TimeDelta::zero() && since < TimeDelta::minutes(1), "{item:?}");
    assert!(item.updated >= item.created, "{item:?}");
    assert_eq!(item.owner_id.as_deref(), owner);
}

promises! {
    in made;

    async fn the_server_keeps_the_identifier_the_times_and_the_owner(world: World) {
        world.for_(&ann()).run(async {
            let mut first = repo().insert(memorandum("first")).await.unwrap();
            is_kept(&first.item, Some("ann"));
            assert_eq!(first.id().to_string(), first.item.object_id.to_string(), "it is the id: no other field says so");
            let before = first.item.clone();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            first.text = "changed".into();
            first.save().await.unwrap();
            let found = repo::<Memorandum>().find_id(before.object_id).await.unwrap();
            assert_eq!(found.item, PersistenceItem { updated: first.item.updated, ..before.clone() });
            assert!(found.item.updated > before.updated);
        }).await;
        let guest = world.nobody().run(repo().insert(Guest { name: "x".into(), ..Guest::blank() })).await.unwrap();
        is_kept(&guest.item, None);
    }

    async fn no_client_writes_what_the_server_keeps(world: World) {
        world.for_(&ann()).run(async {
            let mut first = repo().insert(Memorandum { item: forged(), ..memorandum("first") }).await.unwrap();
            is_kept(&first.item, Some("ann"));
            let before = first.item.clone();
            first.item = forged();
            first.text = "changed".into();
            let saved = first.save().await;
            let found = repo::<Memorandum>().find_id(before.object_id).await.unwrap();
            assert!(saved.is_err() || found.text == "changed");
            assert_eq!((found.item.object_id, found.item.created), (before.object_id, before.created));
            assert_eq!(found.item.owner_id, before.owner_id);
            let many = (0..3).map(|n| Memorandum { item: forged(), ..memorandum(&n.to_string()) }).collect::<Vec<_>>();
            repo::<Memorandum>().insert_many(many).await.unwrap();
            repo::<Memorandum>().update_many(|_| all(), |m| (m.text.set("all"), m.item.owner_id.set("bob"))).await.unwrap();
            let all = Memorandum::query().await.unwrap();
            assert_eq!(all.len(), 4);
            for one in &all {
                is_kept(&one.item, Some("ann"));
                assert_eq!(one.text, "all");
            }
            let mut reply = repo().insert(Reply { item: forged(), ..Reply::blank() }).await.unwrap();
            is_kept(&reply.item, Some("ann"));
            assert_eq!(reply.id, 1, "an id of its own is another");
            let before = reply.item.object_id;
            reply.item = forged();
            reply.text = "changed".into();
            reply.save().await.unwrap();
            is_kept(&reply.item, Some("ann"));
            assert_eq!(reply.item.object_id, before);
        }).await;
        assert_eq!(world.for_(&bob()).run(Memorandum::query().count()).await.unwrap(), 0);
    }

    async fn rules_and_filters_know_the_owner(world: World) {
        let kept = world.for_(&ann()).run(async {
            let kept = repo().insert(memorandum("ann's")).await.unwrap();
            assert_eq!(Record::<Memorandum>::from(memorandum("new")).whose().await.unwrap().as_deref(), Some("ann"));
            kept
        }).await;
        world.for_(&bob()).run(async {
            repo().insert(memorandum("bob's")).await.unwrap();
            let absent = |result: Result<()>| assert_eq!(result.unwrap_err().status(), 404);
            absent(repo::<Memorandum>().find_id(kept.item.object_id).await.map(drop));
            absent(repo::<Memorandum>().delete(kept.item.object_id).await.map(drop));
            absent(kept.clone().whose().await.map(drop));
            assert_eq!(Memorandum::query().count().await.unwrap(), 1);
            let reply = repo().insert(Reply { memorandum_id: Some(kept.item.object_id), ..Reply::blank() }).await;
            assert_eq!(reply.unwrap_err().status(), 409, "nor is it referred to");
        }).await;
        world.for_(&ann()).run(async {
            kept.clone().delete().await.unwrap();
        }).await;
        assert_eq!(world.nobody().run(repo().insert(memorandum("x"))).await.unwrap_err().status(), 401);
    }

    async fn closures_name_what_is_kept_in_the_item_and_in_the_entity(world: World) {
        world.for_(&ann()).run(async {
            let first = repo().insert(memorandum("first")).await.unwrap();
            let second = repo().insert(memorandum("second")).await.unwrap();
            let texts = async |query: Query<Memorandum>| {
                query.await.unwrap().iter().map(|one| one.text.clone()).collect::<Vec<_>>()
            };
            assert_eq!(texts(Memorandum::query()).await, ["second", "first"], "in the declared order");
            assert_eq!(texts(Memorandum::query().order_by(|m| m.item.created.asc())).await, ["first", "second"]);
            assert_eq!(texts(Memorandum::query().order_by(|m| m.created.asc())).await, ["first", "second"]);
            let id = second.item.object_id;
            assert_eq!(texts(Memorandum::query().filter(|m| m.item.object_id.eq(id))).await, ["second"]);
            assert_eq!(texts(Memorandum::query().filter(|m| m.item.owner_id.eq("bob"))).await, [""; 0]);
            assert_eq!(Memorandum::FIELDS.item.updated.meta().wire, "updated");
            let reply = first.replies().insert(Reply { text: "yes".into(), ..Reply::blank() }).await.unwrap();
            assert_eq!(reply.memorandum_id, Some(first.item.object_id));
            let asked = Reply::query().filter(|r| r.memorandum.item.owner_id.eq("ann")).include(|r| r.memorandum).await.unwrap();
            assert_eq!(asked[0].memorandum.get().unwrap().text, "first");
            let own = Memorandum::query().include(|m| m.own_replies).await.unwrap();
            assert!(own.iter().all(|one| one.own_replies.len() == 1), "a relation by what is kept");
        }).await;
    }
}

#[tokio::test]
async fn what_is_kept_has_names_on_the_wire_and_is_passed_over_there() {
    let world = made(Way::InProcess).await;
    let forged = json!({"text": "x", "objectId": Uuid::max(), "created": "2000-01-01T00:00:00.000Z",
        "updated": "2000-01-01T00:00:00.000Z", "ownerId": "bob"});
    let row = world.post("/api/memoranda").by(&ann()).json(&forged).send().await.ok(201);
    let mut names: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["created", "objectId", "ownerId", "text", "updated"]);
    assert_eq!(row["ownerId"], "ann");
    assert_ne!(row["objectId"], forged["objectId"]);
    let uri = format!("/api/memoranda/{}", row["objectId"].as_str().unwrap());
    let changed = world.put(&uri).by(&ann()).json(&forged).send().await.ok(200);
    assert_eq!((&changed["ownerId"], &changed["created"]), (&row["ownerId"], &row["created"]));
    assert_ne!(changed["updated"], forged["updated"]);
    let many = world.post("/api/memoranda").by(&ann()).json(&json!([forged, forged])).send().await.ok(201);
    assert!(
        many.as_array().unwrap().iter().all(|row| row["ownerId"] == "ann" && row["objectId"] != forged["objectId"])
    );
    let upserted = json!([{"where": {"name": "ann"}, "set": {"words": "hello", "ownerId": "bob"}}]);
    let row = &world.post("/api/guests?__action=upsertMany").by(&ann()).json(&upserted).send().await.ok(200)[0];
    assert_eq!((&row["ownerId"], &row["words"]), (&json!("ann"), &json!("hello")));
    let found = world.post("/api/guests?__action=upsertMany").by(&bob()).json(&upserted).send().await.ok(200);
    assert_eq!(found[0]["ownerId"], "ann", "whose it is does not change");
    let batch = json!([{"insert": "guests", "set": {"name": "b", "ownerId": "ann"}}]);
    let answer = world.post("/api/$batch").by(&bob()).json(&batch).send().await.ok(200);
    assert_eq!(answer[0]["ownerId"], "bob");
    let called = json!({"args": [], "rowInfo": {"data": {"text": "new", "ownerId": "bob"}, "isNewRow": true, "wasChanged": true, "id": ""}});
    let answer = world.post("/api/memoranda/whose").by(&ann()).json(&called).send().await.ok(200);
    assert_eq!(answer["result"], "ann");
    let described = world.get("/api/memoranda?__action=describe").by(&ann()).send().await.ok(200);
    assert_eq!(described["ids"], json!(["objectId"]));
    let fields = described["fields"].as_array().unwrap();
    let kept = fields.iter().filter(|field| field["name"] != "text");
    assert!(kept.into_iter().all(|field| field["allowed"] == json!({"read": true, "insert": false, "update": false})));
}

#[tokio::test]
async fn trusted_code_may_give_what_is_kept_and_the_rest_is_made() {
    let world = made(Way::Direct).await;
    let given = Guest { item: forged(), name: "given".into(), ..Guest::blank() };
    world
        .backend()
        .with_identity(admin())
        .run(async {
            let guest = repo().insert(given).await.unwrap();
            assert_eq!((guest.item.object_id, guest.item.owner_id.as_deref()), (Uuid::max(), Some("bob")));
            assert!(guest.item.created > forged().created, "times are the server's");
            let guest = repo().insert(Guest { name: "made".into(), ..Guest::blank() }).await.unwrap();
            is_kept(&guest.item, Some("root"));
            let many = repo::<Guest>().insert_many(vec![Guest { name: "many".into(), ..Guest::blank() }]).await;
            many.unwrap();
            let reply = repo().insert(Reply::blank()).await.unwrap();
            is_kept(&reply.item, Some("root"));
            let taken = Reply { item: reply.item.clone(), ..Reply::blank() };
            assert_eq!(repo().insert(taken).await.unwrap_err().status(), 409, "an identifier is one row's");
        })
        .await;
}
