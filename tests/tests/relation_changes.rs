//! What is related over an entity in between is added, set and removed: by whom, and how on the wire. Its handlers are in
//! `relation_events`.

use std::sync::{Arc, Mutex};

use isoform::Batch as Writes;
use isoform::future::BoxFuture;
use isoform::prelude::*;
use isoform::remote::{Request, Response, Transport};
use isoform_server::InProcess;
use serde_json::json;
use tests::entities_relating::{Album, AlbumRelations as _, Loose, Mark, Marked, album, all, filled, mark, marks};
use tests::{Way, World, admin, ann, bearer, bob, promises};

async fn plain(way: Way) -> World {
    filled(World::with(way, all()).await).await
}

/// An album that is no longer there.
async fn deleted() -> Record<Album> {
    let mut album = repo::<Album>().insert(Album { id: 5, ..Album::blank() }).await.unwrap();
    let gone = album.clone();
    album.delete().await.unwrap();
    gone
}

promises! {
    in plain;

    async fn the_result_is_the_number_of_relations_changed(world: World) {
        world.for_(&ann()).run(async {
            let (album, one, two, three) = (album(1).await, mark(1).await, mark(2).await, mark(3).await);
            assert_eq!(album.marks().add(&one).await.unwrap(), 1);
            assert_eq!(album.marks().add(&one).await.unwrap(), 0);
            assert_eq!(album.marks().add_many([&one, &two, &two]).await.unwrap(), 1);
            assert_eq!(album.marks().add_many([]).await.unwrap(), 0);
            assert_eq!(album.marks().set([&two, &three]).await.unwrap(), 2, "one went, one came");
            assert_eq!(album.marks().set([&two, &three]).await.unwrap(), 0);
            assert_eq!(album.marks().remove_many([&one, &two, &three]).await.unwrap(), 2);
            assert_eq!(album.marks().remove(&three).await.unwrap(), 0);
        }).await;
        world.for_(&ann()).run(async { album(2).await.marks().add(&mark(1).await).await.unwrap() }).await;
        let by = world.backend().run(async { Marked::query().first().await.unwrap().unwrap().by.clone() }).await;
        assert_eq!(by, "ann", "hooks of the entity in between run as ever");
    }

    async fn the_row_whose_relation_it_is_has_to_be_there_for_the_asker(world: World) {
        let (secret, one) = world.backend().run(async { (album(3).await, mark(1).await) }).await;
        world.backend().run(async { secret.marks().add(&one).await.unwrap() }).await;
        let gone = world.backend().run(deleted()).await;
        world.for_(&ann()).run(async {
            for album in [&secret, &gone] {
                let marks = || album.marks();
                for absent in [marks().add(&one).await, marks().remove(&one).await, marks().set([]).await, marks().set([&one]).await] {
                    assert!(absent.as_ref().is_err_and(Error::is_not_found), "{absent:?}");
                }
            }
        }).await;
        assert_eq!(marks(&world, 3).await, [1], "nothing of it is changed");
        world.for_(&admin()).run(async { assert_eq!(secret.marks().remove(&one).await.unwrap(), 1) }).await;
    }

    async fn rows_at_the_other_end_are_reached_or_absent(world: World) {
        let (private, one) = world.backend().run(async { (mark(9).await, mark(1).await) }).await;
        let gone = Record::from(Mark { id: 77, ..Mark::blank() });
        world.for_(&ann()).run(async {
            let album = album(1).await;
            for other in [&private, &gone] {
                for refused in [album.marks().add(other).await, album.marks().set([&one, other]).await] {
                    let error = refused.unwrap_err();
                    assert_eq!((error.status(), error.code()), (409, Some("foreign_key")), "{error:?}");
                }
            }
            assert_eq!(album.marks().remove(&gone).await.unwrap(), 0);
            album.marks().add(&mark(2).await).await.unwrap();
            assert!(album.marks().set([&one, &private]).await.unwrap_err().is_conflict());
        }).await;
        assert_eq!(marks(&world, 1).await, [2], "what was removed before it is back");
        let who = admin();
        world.for_(&who).run(async {
            assert!(album(1).await.marks().set([&one, &gone]).await.unwrap_err().is_conflict());
        }).await;
        assert_eq!(marks(&world, 1).await, [2], "also for whom all rows are there");
    }

    async fn a_row_is_there_also_where_nobody_keeps_watch_over_its_key(world: World) {
        let (secret, one, two) = world.backend().run(async { (album(3).await, mark(1).await, mark(2).await) }).await;
        let gone = world.backend().run(deleted()).await;
        world.for_(&ann()).run(async {
            let album = album(1).await;
            assert_eq!(album.loose().add_many([&one, &two]).await.unwrap(), 2);
            assert_eq!(album.loose().add(&one).await.unwrap(), 0);
            assert_eq!(album.loose().set([&two]).await.unwrap(), 1);
            for album in [&secret, &gone] {
                assert!(album.loose().add(&one).await.unwrap_err().is_not_found());
                assert!(album.loose().set([&one]).await.unwrap_err().is_not_found());
                assert!(album.loose().remove(&one).await.unwrap_err().is_not_found());
            }
        }).await;
        assert_eq!(world.backend().run(Loose::query().count()).await.unwrap(), 1);
    }

    async fn a_relation_that_is_hidden_or_goes_by_a_hidden_key_is_unknown(world: World) {
        let one = world.backend().run(mark(1)).await;
        world.for_(&ann()).run(async {
            let album = album(1).await;
            for refused in [album.coded().add(&one).await, album.kept().set([&one]).await, album.coded().remove(&one).await] {
                let error = refused.unwrap_err();
                assert!(error.is_invalid() && error.message().contains("is not a field of albums"), "{error:?}");
            }
        }).await;
        world.for_(&admin()).run(async {
            let album = album(1).await;
            assert_eq!(album.coded().add(&one).await.unwrap(), 1);
            assert_eq!(album.kept().add(&one).await.unwrap(), 1);
        }).await;
    }

    async fn a_hook_of_the_entity_in_between_may_refuse_and_hidden_fields_are_not_told(world: World) {
        let add = async || album(2).await.marks().add_many([&mark(1).await, &mark(4).await]).await;
        let error = world.for_(&ann()).run(add()).await.unwrap_err();
        assert_eq!((error.status(), error.fields().len()), (400, 0), "{error:?}");
        assert!(!error.message().contains("secret reason"), "{error:?}");
        let who = admin();
        let error = world.for_(&who).run(add()).await.unwrap_err();
        assert!(error.status() == 400 && error.message().contains("secret reason"), "{error:?}");
        assert_eq!(marks(&world, 2).await, [0; 0], "all or none");
    }

    async fn relating_is_a_part_of_a_batch(world: World) {
        world.for_(&ann()).run(async {
            let mut batch = Writes::new();
            let _ = batch.repo::<Album>().insert(Album { id: 6, ..Album::blank() });
            batch.run().await.unwrap();
            let album = album(6).await;
            let refused = album.marks().insert(Mark { id: 7, name: "mark 1".into(), private: false, ..Mark::blank() }).await;
            assert!(refused.unwrap_err().is_conflict());
            let refused = album.marks().insert(Mark { id: 8, name: "a private one".into(), private: true, ..Mark::blank() }).await;
            assert!(refused.is_err(), "nobody puts a row out of their reach");
        }).await;
        assert_eq!(marks(&world, 6).await, [0; 0]);
        world.backend().run(async { assert_eq!(Mark::query().filter(|m| m.id.in_([7, 8])).count().await.unwrap(), 0) }).await;
    }
}

/// Notes which requests carry a key.
struct Noting {
    inner: Arc<dyn Transport>,
    keys: Arc<Mutex<Vec<bool>>>,
}

impl Transport for Noting {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        self.keys.lock().unwrap().push(request.headers.iter().any(|(name, _)| name == "idempotency-key"));
        self.inner.send(request)
    }
}

#[tokio::test]
async fn a_change_of_a_relation_that_no_answer_came_to_may_be_sent_again() {
    let world = plain(Way::InProcess).await;
    let keys = Arc::new(Mutex::new(Vec::new()));
    let noted = keys.clone();
    let remote = InProcess::remote(world.router.clone()).header("authorization", bearer(&ann()));
    let remote = remote.wrapped(|inner| Arc::new(Noting { inner, keys: noted }));
    Context::over(remote)
        .run(async {
            let mut album = album(1).await;
            album.load_relations(|a| a.include(|a| a.marks)).await.unwrap();
            let one = mark(1).await;
            album.marks().add(&one).await.unwrap();
            album.marks().set([]).await.unwrap();
            album.marks().remove(&one).await.unwrap();
        })
        .await;
    assert_eq!(*keys.lock().unwrap(), [false, false, false, true, true, true]);
}

#[tokio::test]
async fn relations_are_changed_over_rest() {
    let world = plain(Way::InProcess).await;
    let change = async |action: &str, body: serde_json::Value| {
        world.post(&format!("/api/albums/1?__action={action}")).by(&ann()).json(&body).send().await
    };
    assert_eq!(change("addRelation", json!({"relation": "marks", "ids": [1, 2]})).await.ok(200), json!({"changed": 2}));
    assert_eq!(change("addRelation", json!({"relation": "marks", "ids": ["2"]})).await.ok(200), json!({"changed": 0}));
    assert_eq!(change("setRelation", json!({"relation": "marks", "ids": [2, 3]})).await.ok(200), json!({"changed": 2}));
    assert_eq!(
        change("removeRelation", json!({"relation": "marks", "ids": [3, 4]})).await.ok(200),
        json!({"changed": 1})
    );
    assert_eq!(marks(&world, 1).await, [2]);
    let steps = json!([
        {"insert": "marks", "set": {"id": 7, "name": "new"}},
        {"addRelation": "albums", "id": 1, "relation": "marks", "ids": [7]},
        {"removeRelation": "albums", "id": 1, "relation": "marks", "ids": [2]},
        {"setRelation": "albums", "id": 2, "relation": "marks", "ids": [1, 7]},
    ]);
    let done = world.post("/api/$batch").by(&ann()).json(&steps).send().await.ok(200);
    assert_eq!(done[1], json!({"changed": 1}));
    assert_eq!((&done[2], &done[3]), (&json!({"changed": 1}), &json!({"changed": 2})));
    assert_eq!((marks(&world, 1).await, marks(&world, 2).await), (vec![7], vec![1, 7]));
    let steps = json!([
        {"setRelation": "albums", "id": 1, "relation": "marks", "ids": []},
        {"addRelation": "albums", "id": 3, "relation": "marks", "ids": [1]},
    ]);
    let message = world.post("/api/$batch").by(&ann()).json(&steps).send().await.refused(404);
    assert!(message.starts_with("Operation 2: "), "{message}");
    assert_eq!(marks(&world, 1).await, [7], "all or none");
    // The same request once more is the same answer.
    let again = async || {
        let ask = world.post("/api/albums/1?__action=addRelation").by(&ann());
        let ask = ask.header("idempotency-key", "0123456789abcdef0123");
        ask.json(&json!({"relation": "marks", "ids": [4]})).send().await.ok(200)
    };
    assert_eq!((again().await, again().await), (json!({"changed": 1}), json!({"changed": 1})));
}

#[tokio::test]
async fn what_is_wrong_with_a_change_of_a_relation_is_said() {
    let world = plain(Way::InProcess).await;
    let ask = |id: &str, action: &str| world.post(&format!("/api/albums/{id}?__action={action}"));
    let good = json!({"relation": "marks", "ids": [1]});
    for action in ["addRelation", "setRelation", "removeRelation"] {
        for id in ["3", "77", "x", "1,2"] {
            ask(id, action).by(&ann()).json(&good).send().await.refused(404);
        }
        assert_eq!(marks(&world, 3).await, [0; 0]);
        ask("1", action).json(&good).send().await.refused(401);
        for (body, said) in [
            (json!({"relation": "mark", "ids": [1]}), "marks"),
            (json!({"relation": "kept", "ids": [1]}), "is not a field"),
            (json!({"relation": "coded", "ids": [1]}), "is not a field"),
            (json!({"relation": "title", "ids": [1]}), "is not a field"),
            (json!({"relation": "photos", "ids": [1]}), "no entity in between"),
            (json!({"relation": 1, "ids": [1]}), "\"relation\" must be the name"),
            (json!({"ids": [1]}), "\"relation\" must be the name"),
            (json!({"relation": "marks"}), "\"ids\" must be an array of ids of marks"),
            (json!({"relation": "marks", "ids": 1}), "\"ids\" must be an array of ids of marks"),
            (json!({"relation": "marks", "ids": [1, "x"]}), "\"ids\": number 2 must be"),
            (json!({"relation": "marks", "ids": [[1]]}), "\"ids\": number 1 must be"),
            (json!({"relation": "marks", "ids": [null]}), "\"ids\": number 1"),
            (json!({"relation": "marks", "ids": [1], "where": {}}), "\"where\" has no meaning here"),
            (json!([1]), "object"),
        ] {
            let message = ask("1", action).by(&ann()).json(&body).send().await.refused(400);
            assert!(message.contains(said), "{body}: {message}");
        }
        let many: Vec<_> = (1..=10_001).collect();
        let message =
            ask("1", action).by(&ann()).json(&json!({"relation": "marks", "ids": many})).send().await.refused(400);
        assert!(message.contains("10001 rows are more than the 10000"), "{message}");
        world.get(&format!("/api/albums/1?__action={action}")).by(&ann()).send().await.refused(405);
        world
            .post(&format!("/api/albums/1?__action={action}&_limit=1"))
            .by(&ann())
            .json(&good)
            .send()
            .await
            .refused(400);
        world
            .post(&format!("/api/albums/1?__action={action}&title=x"))
            .by(&ann())
            .json(&good)
            .send()
            .await
            .refused(400);
    }
    let foreign = ask("1", "addRelation").by(&ann()).json(&json!({"relation": "marks", "ids": [1, 9]})).send().await;
    foreign.refused(409);
    assert_eq!(foreign.json()["code"], "foreign_key");
    let refused = ask("1", "addRelation").by(&bob()).json(&good).send().await;
    refused.refused(403);
    let message = ask("1", "addRelations").by(&ann()).json(&good).send().await.refused_echoing(404, "1");
    assert!(!message.is_empty());
    let forged = ask("1", "addRelation").by(&ann()).header("origin", "https://evil.test").json(&good).send().await;
    forged.refused(403);
    assert_eq!(marks(&world, 1).await, [0; 0]);
}
