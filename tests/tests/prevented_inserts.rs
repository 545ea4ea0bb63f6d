//! New rows that a hook keeps out of the table (`prevent_default`): they are not counted, and whoever inserted one is told so.

use isoform::handlers::{Create, CreateMany, Handlers, Next};
use isoform::prelude::*;
use serde_json::json;
use tests::entities_proofs::{note, noted};
use tests::entities_relation_limits::{
    Listed, Play, Playlist, PlaylistRelations as _, all, filled, list, listed, playlist, song,
};
use tests::{Way, World, ann, promises};

async fn plain(way: Way) -> World {
    filled(World::with(way, all()).await).await
}

/// A song of a list. Song 50 is kept out.
fn of(song: i64) -> Listed {
    Listed { playlist: 2, song, ..Listed::blank() }
}

async fn plays(world: &World) -> Vec<i64> {
    world.backend().run(async { Play::query().await.unwrap() }).await.iter().map(|play| play.id).collect()
}

promises! {
    in plain;

    async fn what_was_not_made_is_not_counted_as_related(world: World) {
        let (one, kept_out) = (song(&world, 1).await, song(&world, 50).await);
        list(&world, 2, [51]).await;
        for (context, list) in [(world.for_(&ann()), 2), (world.backend(), 3)] {
            context.run(async {
                let list = playlist(list).await;
                assert_eq!(list.songs().add(&kept_out).await.unwrap(), 0);
                assert_eq!(list.songs().add(&kept_out).await.unwrap(), 0, "as often as it is asked for");
                assert_eq!(list.songs().add_many([&one, &kept_out]).await.unwrap(), 1);
                assert_eq!(list.songs().set([&kept_out]).await.unwrap(), 1, "one went, none came");
            }).await;
        }
        assert_eq!((listed(&world, 2).await, listed(&world, 3).await), (vec![51], vec![]));
    }

    async fn inserts_of_many_do_not_count_what_was_prevented(world: World) {
        let play = |(id, song)| Play { id, song };
        for (context, first) in [(world.for_(&ann()), 0), (world.backend(), 10)] {
            context.run(async {
                // Row by row, and where many are saved together.
                assert_eq!(repo::<Listed>().insert_many([of(1), of(50), of(2)]).select_none().await.unwrap(), 2);
                let plays = [(first + 1, 1), (first + 2, 50), (first + 3, 2)].map(play);
                assert_eq!(repo::<Play>().insert_many(plays).select_none().await.unwrap(), 2);
                let answered = repo::<Listed>().insert_many([of(3), of(50)]).await.unwrap();
                assert_eq!(answered.iter().map(|listed| listed.song).collect::<Vec<_>>(), [3, 50], "in their order");
            }).await;
        }
        assert_eq!(listed(&world, 2).await, [1, 1, 2, 2, 3, 3]);
        assert_eq!(plays(&world).await, [1, 3, 11, 13]);
    }

    async fn a_record_whose_insert_was_prevented_stays_new(world: World) {
        for (context, other) in [(world.for_(&ann()), 2), (world.backend(), 3)] {
            context.run(async {
                let mut listed = repo::<Listed>().insert(of(50)).await.unwrap();
                assert!(listed.is_new() && listed.errors().is_empty(), "{listed:?}");
                assert_eq!((listed.playlist, listed.song), (2, 50));
                listed.save().await.unwrap();
                assert!(listed.is_new(), "saved once more it is the same");
                listed.song = other;
                listed.save().await.unwrap();
                assert!(!listed.is_new());
                let mut play = Record::from(Play { id: other, song: 50 });
                play.save().await.unwrap();
                assert!(play.is_new());
                play.song = 1;
                play.save().await.unwrap();
                assert!(!play.is_new());
            }).await;
        }
        assert_eq!(listed(&world, 2).await, [2, 3]);
        assert_eq!(plays(&world).await, [2, 3]);
    }
}

#[tokio::test]
async fn on_the_wire_a_row_that_was_kept_out_is_200_and_not_counted() {
    let world = plain(Way::InProcess).await;
    let post = |path: &str, body: serde_json::Value| world.post(path).by(&ann()).json(&body).send();
    let (kept_out, one) = (json!({"playlist": 2, "song": 50}), json!({"playlist": 2, "song": 52}));
    let answered = post("/api/listed", kept_out.clone()).await.ok(200);
    assert_eq!((&answered["playlist"], &answered["song"]), (&json!(2), &json!(50)));
    post("/api/listed", one.clone()).await.ok(201);
    let many = post("/api/listed?_select=$count", json!([kept_out, one])).await.ok(201);
    assert_eq!(many, json!({"inserted": 1}));
    let rows = post("/api/listed", json!([kept_out, one])).await.ok(201);
    assert_eq!((&rows[0]["song"], &rows[1]["song"]), (&json!(50), &json!(52)));
    let by = json!([{"where": {"playlist": 2, "song": 50}}]);
    assert_eq!(post("/api/listed?__action=upsertMany", by).await.ok(200)[0]["song"], json!(50));
    let add = json!({"relation": "songs", "ids": [50]});
    for _ in 0..2 {
        assert_eq!(post("/api/playlists/2?__action=addRelation", add.clone()).await.ok(200), json!({"changed": 0}));
    }
    let steps = json!([
        {"insert": "listed", "set": kept_out},
        {"addRelation": "playlists", "id": 2, "relation": "songs", "ids": [50]},
    ]);
    let done = post("/api/$batch", steps).await.ok(200);
    assert_eq!((&done[0]["song"], &done[1]), (&json!(50), &json!({"changed": 0})));
    // A key that is sent again is answered the same.
    for _ in 0..2 {
        let again = world.post("/api/listed").by(&ann()).json(&kept_out);
        again.header("idempotency-key", "0b8e2e5f-3c1a-4a57-9d33-000000000002").send().await.ok(200);
    }
    assert_eq!(listed(&world, 2).await, [52, 52, 52]);
}

/// Notes what came of new rows, and answers song 7 by itself.
async fn handled(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Create, Listed>(async |request| {
            Ok(if request.item.song == 7 { Next::Answer(Record::from(of(8))) } else { Next::Continue })
        })
        .after::<Create, Listed>(async |request, outcome| {
            note(&request.item.playlist.to_string(), format!("{:?}", outcome.as_ref().map(Record::is_new).ok()));
            Ok(())
        })
        .before::<CreateMany, Listed>(async |_| Ok(Next::Continue));
    filled(World::handled(way, all(), handlers).await).await
}

promises! {
    in handled;

    async fn with_handlers_the_same_is_told(world: World) {
        world.for_(&ann()).run(async {
            assert!(repo::<Listed>().insert(of(50)).await.unwrap().is_new());
            assert!(!repo::<Listed>().insert(of(1)).await.unwrap().is_new());
            let answered = repo::<Listed>().insert(of(7)).await.unwrap();
            assert!(!answered.is_new() && answered.song == 8, "what a handler answers is as good as a row");
            assert_eq!(repo::<Listed>().insert_many([of(50), of(2)]).select_none().await.unwrap(), 1);
        }).await;
        assert_eq!(listed(&world, 2).await, [1, 2]);
    }
}

#[tokio::test]
async fn an_after_handler_is_told_that_a_new_row_is_not_there() {
    let world = handled(Way::Direct).await;
    let list = Playlist { id: 987, ..Playlist::blank() };
    world.backend().run(async { repo::<Playlist>().insert(list).await.unwrap() }).await;
    let reached = Identity::new("", "Whose list it is");
    for song in [50, 1] {
        let new = Listed { playlist: 987, ..of(song) };
        world.for_(&reached).run(async { repo::<Listed>().insert(new).await.unwrap() }).await;
    }
    assert_eq!(noted("987"), ["Some(true)", "Some(false)"]);
}
