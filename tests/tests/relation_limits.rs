//! What of a relation is changed: what its query answers for the asker, and no more; and how much at once.

use isoform::handlers::{AddRelation, Handlers, Next, RemoveRelation, SetRelation};
use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as JsonValue, json};
use tests::entities_relation_limits::{
    Booth, Hummed, Listed, Planned, Playlist, PlaylistRelations as _, Song, Venue, all, filled, list, listed, playlist,
    song,
};
use tests::{Way, World, admin, ann, bob, promises};

async fn plain(way: Way) -> World {
    filled(World::with(way, all()).await).await
}

/// Handlers that change nothing.
async fn quiet(way: Way) -> World {
    let handlers = Handlers::new()
        .before_any::<AddRelation>(async |_| Ok(Next::Continue))
        .before_any::<SetRelation>(async |_| Ok(Next::Continue))
        .before_any::<RemoveRelation>(async |_| Ok(Next::Continue));
    filled(World::handled(way, all(), handlers).await).await
}

/// Songs as records: also of what is not there.
async fn songs<const N: usize>(world: &World, ids: [i64; N]) -> Vec<Record<Song>> {
    let mut songs = Vec::new();
    for id in ids {
        songs.push(if id < 70 { song(world, id).await } else { Record::from(Song { id, ..Song::blank() }) });
    }
    songs
}

async fn set_leaves_alone(world: World) {
    let two = songs(&world, [1, 2]).await;
    world
        .for_(&ann())
        .run(async {
            let list = playlist(1).await;
            assert_eq!(list.live().set(&two).await.unwrap(), 1, "one came");
            assert_eq!(listed(&world, 1).await, [1, 2, 5, 9], "what a form could not show is not dropped by it");
            assert_eq!(list.live().set([]).await.unwrap(), 2);
            assert_eq!(listed(&world, 1).await, [5, 9]);
            assert_eq!(list.songs().set(&two[..1]).await.unwrap(), 2, "the archived one is in this relation");
            assert_eq!(listed(&world, 1).await, [1, 9]);
        })
        .await;
    let who = admin();
    assert_eq!(world.for_(&who).run(Listed::query().count()).await.unwrap(), 2);
}

async fn remove_is_none(world: World) {
    let all = songs(&world, [1, 5, 9]).await;
    world
        .for_(&ann())
        .run(async {
            let list = playlist(1).await;
            assert_eq!(list.live().remove(&all[1]).await.unwrap(), 0);
            assert_eq!(list.songs().remove(&all[2]).await.unwrap(), 0);
            assert_eq!(listed(&world, 1).await, [1, 5, 9]);
            assert_eq!(list.live().remove_many(&all).await.unwrap(), 1);
            assert_eq!(listed(&world, 1).await, [5, 9]);
            assert_eq!(list.songs().remove_many(&all).await.unwrap(), 1);
        })
        .await;
    assert_eq!(listed(&world, 1).await, [9]);
}

async fn refused_alike(world: World) {
    // Archived and private ones that are on the list already, those that are not, and one that is not there at all.
    let all = songs(&world, [5, 9, 77]).await;
    let one = song(&world, 1).await;
    world
        .for_(&ann())
        .run(async {
            let mut answers = Vec::new();
            for id in [1, 2] {
                let list = playlist(id).await;
                for other in &all {
                    answers.push(list.live().add(other).await);
                    answers.push(list.live().set([&one, other]).await);
                    answers.push(list.live().add_many([&one, other, other]).await);
                }
            }
            let first = answers[0].clone().unwrap_err();
            assert_eq!((first.status(), first.code()), (409, Some("foreign_key")), "{first:?}");
            assert!(first.message().contains("not there, or not one of \"live\""), "{first:?}");
            assert!(answers.iter().all(|answer| answer.as_ref() == Err(&first)), "{answers:?}");
            // Without a filter of the relation's own an archived one is a row as any.
            let (linked, other) = (playlist(1).await, playlist(2).await);
            let absent = other.songs().add(&all[2]).await;
            assert_eq!(absent.as_ref().unwrap_err().code(), Some("foreign_key"));
            assert_eq!(linked.songs().add(&all[1]).await, absent, "though it is related already");
            assert_eq!(other.songs().add(&all[1]).await, absent);
            assert_eq!(linked.songs().set([&all[1]]).await, absent);
            assert_eq!(linked.songs().add(&all[0]).await, Ok(0));
        })
        .await;
    assert_eq!((listed(&world, 1).await, listed(&world, 2).await), (vec![1, 5, 9], vec![]));
}

async fn another_ones_row(world: World) {
    let (theirs, all) = (world.backend().run(playlist(3)).await, songs(&world, [1, 9, 77]).await);
    world
        .for_(&ann())
        .run(async {
            for other in &all {
                for relation in [theirs.songs(), theirs.live()] {
                    assert!(relation.add(other).await.unwrap_err().is_not_found());
                    assert!(relation.set([other]).await.unwrap_err().is_not_found());
                    assert!(relation.remove(other).await.unwrap_err().is_not_found());
                }
            }
        })
        .await;
}

promises! {
    in plain;

    async fn to_set_a_relation_leaves_alone_what_is_not_in_it_for_the_asker(world: World) {
        set_leaves_alone(world).await;
    }

    async fn to_remove_what_is_not_in_a_relation_for_the_asker_removes_nothing(world: World) {
        remove_is_none(world).await;
    }

    async fn what_is_not_in_a_relation_is_refused_as_an_absent_row_is_related_or_not(world: World) {
        refused_alike(world).await;
    }

    async fn a_row_that_is_not_there_is_404_whatever_is_to_be_related(world: World) {
        another_ones_row(world).await;
    }

    async fn in_trusted_code_the_filter_of_a_relation_holds_and_the_reach_does_not(world: World) {
        let all = songs(&world, [1, 5, 9, 77]).await;
        world.backend().run(async {
            let list = playlist(1).await;
            let archived = list.live().add(&all[1]).await.unwrap_err();
            assert_eq!((archived.status(), archived.code()), (409, Some("foreign_key")));
            assert!(archived.message().contains("not one of \"live\""), "{archived:?}");
            assert_eq!(list.live().add(&all[3]).await.unwrap_err(), archived);
            assert_eq!(list.live().set([&all[1]]).await.unwrap_err(), archived);
            assert_eq!(list.live().remove(&all[1]).await.unwrap(), 0);
            assert_eq!(list.live().add(&all[2]).await.unwrap(), 0, "who may not see it is not asked");
            assert_eq!(list.live().set([]).await.unwrap(), 2);
            assert_eq!(listed(&world, 1).await, [5]);
            assert_eq!(list.songs().set([]).await.unwrap(), 1);
        }).await;
    }

    async fn a_filter_holds_also_where_nobody_keeps_watch_over_the_keys(world: World) {
        let all = songs(&world, [1, 5, 9, 77]).await;
        world.for_(&ann()).run(async {
            let list = playlist(1).await;
            assert_eq!(list.hummed().add(&all[0]).await.unwrap(), 1);
            for other in &all[1..] {
                assert_eq!(list.hummed().add(other).await.unwrap_err().code(), Some("foreign_key"));
            }
        }).await;
        world.backend().run(async {
            repo::<Hummed>().insert(Hummed { playlist: 1, song: 9, ..Hummed::blank() }).await.unwrap();
        }).await;
        world.for_(&ann()).run(async { assert_eq!(playlist(1).await.hummed().set([]).await.unwrap(), 1) }).await;
        assert_eq!(world.backend().run(Hummed::query().count()).await.unwrap(), 1);
    }

    async fn what_an_entity_makes_of_questions_holds_for_the_other_end_too(world: World) {
        let venues = [1, 2, 3, 4].map(|id| Record::from(Venue { id, closed: id == 2, lost: id == 3 }));
        world.backend().run(async {
            repo::<Venue>().insert_many(venues.iter().map(|venue| Venue::clone(venue))).await.unwrap();
            let planned = |venue| Planned { playlist: 1, venue, ..Planned::blank() };
            repo::<Planned>().insert_many([1, 2, 3].map(planned)).await.unwrap();
        }).await;
        world.for_(&ann()).run(async {
            let list = playlist(1).await;
            for other in &venues[1..3] {
                assert_eq!(list.venues().add(other).await.unwrap_err().code(), Some("foreign_key"));
                assert_eq!(list.venues().remove(other).await.unwrap(), 0);
            }
            assert_eq!(list.venues().set([&venues[3]]).await.unwrap(), 2, "one came, one went");
        }).await;
        assert_eq!(world.backend().run(Planned::query().count()).await.unwrap(), 3);
        // Closed ones are there for trusted code.
        assert_eq!(world.backend().run(async { playlist(1).await.venues().set([]).await.unwrap() }).await, 2);
    }

    async fn a_row_that_is_inserted_into_a_relation_is_one_of_it_or_not_there(world: World) {
        world.for_(&ann()).run(async {
            let list = playlist(2).await;
            assert!(list.live().insert(Song { id: 71, archived: true, private: false }).await.unwrap_err().is_conflict());
            list.live().insert(Song { id: 72, archived: false, private: false }).await.unwrap();
        }).await;
        let there = world.backend().run(async { Song::query().filter(|s| s.id.gt(60)).await.unwrap() }).await;
        assert_eq!(there.iter().map(|song| song.id).collect::<Vec<_>>(), [72]);
        assert_eq!(listed(&world, 2).await, [72]);
    }
}

promises! {
    in quiet;

    async fn with_a_quiet_handler_a_relation_is_set_as_without_it(world: World) {
        set_leaves_alone(world).await;
    }

    async fn with_a_quiet_handler_nothing_else_is_removed(world: World) {
        remove_is_none(world).await;
    }

    async fn with_a_quiet_handler_the_same_is_refused(world: World) {
        refused_alike(world).await;
    }

    async fn with_a_quiet_handler_the_same_rows_are_there(world: World) {
        another_ones_row(world).await;
    }
}

#[tokio::test]
async fn over_rest_a_relation_is_what_its_query_answers() {
    let world = plain(Way::InProcess).await;
    let change = |action: &str, ids: JsonValue| {
        let ask = world.post(&format!("/api/playlists/1?__action={action}")).by(&ann());
        ask.json(&json!({"relation": "live", "ids": ids})).send()
    };
    assert_eq!(change("setRelation", json!([1, 2])).await.ok(200), json!({"changed": 1}));
    assert_eq!(change("removeRelation", json!([5, 9])).await.ok(200), json!({"changed": 0}));
    let refused = change("addRelation", json!([5])).await;
    assert_eq!((refused.status, &refused.json()["code"]), (409, &json!("foreign_key")));
    for ids in [json!([9]), json!([77]), json!([1, 77])] {
        let other = change("addRelation", ids).await;
        assert_eq!((other.status, other.json()), (409, refused.json()));
    }
    let steps = json!([{"setRelation": "playlists", "id": 1, "relation": "live", "ids": []}]);
    let done = world.post("/api/$batch").by(&ann()).json(&steps).send().await.ok(200);
    assert_eq!(done, json!([{"changed": 2}]));
    assert_eq!(listed(&world, 1).await, [5, 9]);
}

#[tokio::test]
async fn a_relation_of_many_rows_is_set_without_those_that_are_not_in_it() {
    let world = plain(Way::Direct).await;
    let fill = async {
        let song = |id| Song { id, archived: id % 7 == 0, private: id % 5 == 0 };
        repo::<Song>().insert_many((101..=2700).map(song)).await.unwrap();
    };
    world.backend().run(fill).await;
    list(&world, 2, 101..=2700).await;
    world
        .for_(&ann())
        .run(async {
            let list = playlist(2).await;
            let keep = repo::<Song>().find_id(102).await.unwrap();
            let in_it = (101..=2700).filter(|id| id % 7 != 0 && id % 5 != 0).count() as u64;
            assert_eq!(list.live().count().await.unwrap(), in_it);
            assert_eq!(list.live().set([&keep]).await.unwrap(), in_it - 1);
            assert_eq!(list.live().count().await.unwrap(), 1);
        })
        .await;
    let left = (101..=2700).filter(|id| id % 7 == 0 || id % 5 == 0 || *id == 102).collect::<Vec<_>>();
    assert_eq!(listed(&world, 2).await, left);
}

#[tokio::test]
async fn a_batch_is_given_no_more_rows_to_relate_than_one_may() {
    let limits = Limits { rows: 10, ..Limits::default() };
    let world = World::limited(Way::InProcess, all(), limits).await;
    let world = filled_within(world).await;
    let step = |ids: &[i64]| json!({"addRelation": "playlists", "id": 1, "relation": "songs", "ids": ids});
    let run = |steps: Vec<JsonValue>| world.post("/api/$batch").by(&ann()).json(&JsonValue::Array(steps)).send();
    // What is given again and again changes nothing, and is given all the same.
    let message = run(vec![step(&[1; 6]), step(&[1; 5])]).await.refused(400);
    assert!(message.contains("more than the 10 rows of one batch"), "{message}");
    // It is refused before it is done: otherwise 77, which is not there, would be a conflict.
    let message = run(vec![step(&[1; 6]), step(&[77; 5])]).await.refused(400);
    assert!(message.contains("more than the 10 rows of one batch"), "{message}");
    let rows: Vec<_> = (0..5).map(|_| json!({"id": 1})).collect();
    let message = run(vec![step(&[1; 6]), json!({"insertMany": "songs", "rows": rows})]).await.refused(400);
    assert!(message.contains("more than the 10 rows of one batch"), "{message}");
    assert_eq!(listed(&world, 1).await, [0; 0]);
    let done = run(vec![step(&[1; 6]), step(&[2, 3, 2, 3])]).await.ok(200);
    assert_eq!(done, json!([{"changed": 1}, {"changed": 2}]));
}

/// As `filled`, with as many rows as may be.
async fn filled_within(world: World) -> World {
    let fill = async {
        repo::<Playlist>().insert(Playlist { id: 1, owner: "ann".into(), ..Playlist::blank() }).await.unwrap();
        repo::<Song>().insert_many((1..=5).map(|id| Song { id, ..Song::blank() })).await.unwrap();
    };
    world.backend().run(fill).await;
    world
}

#[tokio::test]
async fn a_key_in_between_is_unique_also_beside_rows_that_the_asker_does_not_see() {
    let world = plain(Way::InProcess).await;
    world.backend().run(async { repo::<Booth>().insert(Booth { id: 1, ..Booth::blank() }).await.unwrap() }).await;
    let change = |who: Identity, action: &str, ids: JsonValue| {
        let ask = world.post(&format!("/api/booths/1?__action={action}")).by(&who);
        ask.json(&json!({"relation": "wishes", "ids": ids})).send()
    };
    assert_eq!(change(ann(), "addRelation", json!([1])).await.ok(200), json!({"changed": 1}));
    change(bob(), "addRelation", json!([1])).await.refused(409);
    assert_eq!(change(bob(), "setRelation", json!([2])).await.ok(200), json!({"changed": 1}), "Ann's stays");
    assert_eq!(change(bob(), "removeRelation", json!([1, 2])).await.ok(200), json!({"changed": 1}));
    assert_eq!(change(ann(), "removeRelation", json!([1])).await.ok(200), json!({"changed": 1}));
}
