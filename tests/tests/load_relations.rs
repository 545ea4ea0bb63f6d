//! What is related to one row, without the row: several relations, each with its page, nested, and guarded as what is included.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_described::{self, Album, Band, Contract, Musician, Play, Song, Verse};
use tests::{Way, World, admin, ann, promises};

async fn made(way: Way) -> World {
    World::with(way, entities_described::all()).await
}

fn song(album: &str, position: i32) -> Song {
    Song { album_id: album.into(), position, name: format!("song {position}"), royalties: 7, ..Song::blank() }
}

/// A band with an album of five songs and a bonus, one of them with verses; a withdrawn album; a musician.
async fn recorded(world: &World) {
    world
        .backend()
        .run(async {
            repo::<Band>().insert(Band { id: "b".into(), name: "The Crates".into(), ..Band::blank() }).await.unwrap();
            let contract =
                repo::<Contract>().insert(Contract { album_id: Some("a".into()), ..Contract::blank() }).await.unwrap();
            for (id, withdrawn) in [("a", false), ("w", true)] {
                let album = Album {
                    id: id.into(),
                    title: "First one".into(),
                    owner: "ann".into(),
                    lyrics: Lazy::from("la".to_owned()),
                    band_id: Some("b".into()),
                    contract_id: Some(contract.id),
                    withdrawn,
                    ..Album::blank()
                };
                repo::<Album>().insert(album).await.unwrap();
            }
            for position in 1..=5 {
                let song = repo::<Song>().insert(song("a", position)).await.unwrap();
                if position == 4 {
                    for text in ["two", "one", "three"] {
                        repo::<Verse>()
                            .insert(Verse { song_id: song.id, text: text.into(), ..Verse::blank() })
                            .await
                            .unwrap();
                    }
                }
            }
            repo::<Song>().insert(Song { bonus: true, ..song("a", 6) }).await.unwrap();
            repo::<Musician>().insert(Musician { id: "m".into() }).await.unwrap();
            repo::<Play>()
                .insert(Play { band_id: "b".into(), musician_id: "m".into(), ..Play::blank() })
                .await
                .unwrap();
        })
        .await;
}

fn positions(album: &Record<Album>) -> Vec<i32> {
    album.songs.iter().map(|song| song.position).collect()
}

promises! {
    in made;

    async fn relations_of_one_object_are_loaded_paged_and_nested(world: World) {
        recorded(&world).await;
        world.for_(&ann()).run(async {
            let mut album = repo::<Album>().find_id("a").await.unwrap();
            assert!(!album.songs.is_loaded());
            album.load_relations(|a| a.include(|a| a.band).include_with(|a| a.songs, |s| s.limit(2).page(2))).await.unwrap();
            assert_eq!(album.band.get().unwrap().name, "The Crates");
            assert_eq!(positions(&album), [3, 4], "the second page of two, in the entity's own order");
            album.load_relations(|a| a.include_with(|a| a.songs, |s| {
                s.filter(|s| s.position.gt(2)).order_by(|s| s.position.desc()).include_with(|s| s.verses, |v| v.limit(2))
            })).await.unwrap();
            assert_eq!(positions(&album), [5, 4, 3], "without the bonus, which admins hear");
            let verses: Vec<_> = album.songs.iter().flat_map(|song| song.verses.iter()).map(|v| v.text.as_str()).collect();
            assert_eq!(verses, ["one", "three"]);
            assert!(album.band.is_loaded(), "what was loaded before stays");
            let mut band = repo::<Band>().find_id("b").await.unwrap();
            band.load_relations(|b| b.include(|b| b.musicians)).await.unwrap();
            assert_eq!(band.musicians.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["m"]);
        }).await;
    }

    async fn loading_relations_keeps_what_is_unsaved(world: World) {
        recorded(&world).await;
        world.for_(&ann()).run(async {
            let mut album = repo::<Album>().find_id("a").await.unwrap();
            album.title = "Renamed".into();
            album.load_relations(|a| a.include(|a| a.songs)).await.unwrap();
            assert_eq!((album.title.as_str(), album.changed(|a| a.title)), ("Renamed", true));
            album.undo();
            assert_eq!((album.title.as_str(), album.songs.len()), ("First one", 5), "and is there when the rest is undone");
            album.band_id = None;
            let error = album.load_relations(|a| a.include(|a| a.band)).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("save or undo"), "{error}");
            album.load_relations(|a| a.include(|a| a.songs)).await.unwrap();
        }).await;
    }

    async fn loaded_relations_are_guarded_as_included_ones(world: World) {
        recorded(&world).await;
        world.for_(&ann()).run(async {
            let mut album = repo::<Album>().find_id("a").await.unwrap();
            let status = |result: Result<()>| result.unwrap_err().status();
            assert_eq!(status(album.load_relations(|a| a.include(|a| a.contract)).await), 403, "not to be read");
            assert_eq!(status(album.load_relations(|a| a.include(|a| a.contracts)).await), 403);
            assert_eq!(status(album.load_relations(|a| a.include(|a| a.audited)).await), 400, "hidden");
            let by_hidden = album.load_relations(|a| a.include_with(|a| a.songs, |s| s.filter(|s| s.royalties.eq(7)))).await;
            assert_eq!(status(by_hidden), 400);
            let too_many = album.load_relations(|a| a.include_with(|a| a.songs, |s| s.limit(1001))).await;
            assert_eq!(status(too_many), 400);
            album.load_relations(|a| a.include(|a| a.songs)).await.unwrap();
            assert_eq!(album.songs.get(0).unwrap().royalties, 0, "hidden there too");
            let mut stored = world.backend().run(repo::<Album>().find_id("w")).await.unwrap();
            assert_eq!(status(stored.load_relations(|a| a.include(|a| a.songs)).await), 404, "out of reach is absent");
        }).await;
        world.for_(&admin()).run(async {
            let mut album = repo::<Album>().find_id("w").await.unwrap();
            album.load_relations(|a| a.include(|a| a.contract).include(|a| a.audited)).await.unwrap();
            assert!(album.contract.get().is_some() && album.audited.is_empty());
        }).await;
    }

    async fn what_is_no_relation_of_a_stored_record_is_refused(world: World) {
        recorded(&world).await;
        world.for_(&ann()).run(async {
            let mut album = repo::<Album>().find_id("a").await.unwrap();
            let message = |result: Result<()>| result.unwrap_err().message().to_owned();
            assert!(message(album.load_relations(|a| a).await).contains("None is named"));
            assert!(message(album.load_relations(|a| a.include(|a| a.songs).limit(3)).await).contains("include_with"));
            let mut new = Record::<Album>::new();
            assert!(message(new.load_relations(|a| a.include(|a| a.songs)).await).contains("not in the table"));
        }).await;
    }
}

#[tokio::test]
async fn relations_of_one_object_are_loaded_over_rest() {
    let world = made(Way::InProcess).await;
    recorded(&world).await;
    let load = async |more: &str| world.get(&format!("/api/albums/a?__action=loadRelations&{more}")).send().await;
    let loaded = load("_include=band,songs.verses&_limit=2&_page=2").await.ok(200);
    assert_eq!(loaded["band"]["id"], "b", "the page is that of each relation to many");
    assert_eq!(loaded["songs"].as_array().unwrap().len(), 2);
    let loaded = load("_include=band,songs.verses&_limit=4").await.ok(200);
    assert_eq!(loaded["band"], json!({"id": "b", "name": "The Crates"}));
    let songs = loaded["songs"].as_array().unwrap();
    assert_eq!((songs.len(), &songs[3]["verses"][0]["text"]), (4, &json!("one")));
    assert!(songs[0].get("royalties").is_none(), "hidden");
    assert_eq!(loaded.as_object().unwrap().len(), 2, "nothing of the row itself");
    assert_eq!(load("_include=songs&_limit=2&_page=3").await.ok(200)["songs"].as_array().unwrap().len(), 1);

    let posted = world.post("/api/albums/a?__action=loadRelations&_limit=1").json(&json!({"include": {
        "band": true,
        "songs": {"where": {"position.gt": 1}, "sort": ["position desc"], "limit": 2, "offset": 1, "include": {"verses": true}},
    }}));
    let loaded = posted.send().await.ok(200);
    let positions: Vec<_> = loaded["songs"].as_array().unwrap().iter().map(|song| song["position"].clone()).collect();
    assert_eq!((positions, &loaded["band"]["id"]), (vec![json!(4), json!(3)], &json!("b")));

    for (more, says) in [
        ("_limit=2", "None is named"),
        ("_include=", "None is named"),
        ("_include=audited", "audited"),
        ("_include=nothing", "nothing"),
        ("_include=songs&_page=2", "_page needs _limit"),
        ("_include=songs&_sort=id", "_sort"),
        ("_include=songs&_cursor=", "_cursor"),
        ("_include=songs&title=x", "title"),
        ("_include=songs&_limit=0", "_limit"),
        ("_include=songs.album.songs.album.songs", "4"),
    ] {
        let said = load(more).await.refused_echoing(400, more);
        assert!(said.contains(says), "{more}: {said}");
    }
    world.get("/api/albums/a?__action=loadRelations&_include=contracts").send().await.refused(401);
    world.get("/api/albums/a?__action=loadRelations&_include=contracts").by(&ann()).send().await.refused(403);
    for absent in ["w", "none"] {
        world.get(&format!("/api/albums/{absent}?__action=loadRelations&_include=songs")).send().await.refused(404);
    }
    world.get("/api/contracts/x?__action=loadRelations&_include=songs").send().await.refused(401);
    let wrong =
        world.post("/api/albums/a?__action=loadRelations").json(&json!({"include": {"songs": true}, "where": {}}));
    assert!(wrong.send().await.refused(400).contains("where"));
    world.put("/api/albums/a?__action=loadRelations").json(&json!({})).send().await.refused(405);
    let said = world.get("/api/albums/a?__action=loadRelation").send().await.refused_echoing(400, "loadRelation");
    assert!(said.contains("loadRelations"), "{said}");
}

promises! {
    in made;

    async fn the_first_and_the_last_object_are_found(world: World) {
        recorded(&world).await;
        world.for_(&ann()).run(async {
            let first = Song::query().filter(|s| s.position.gt(1)).first().await.unwrap().unwrap();
            let last = Song::query().include(|s| s.verses).last().await.unwrap().unwrap();
            assert_eq!((first.position, last.position, last.royalties), (2, 5, 0), "in their own order, as far as it is seen");
            let last = Song::query().order_by(|s| s.position.desc()).last().await.unwrap().unwrap();
            assert_eq!(last.position, 1);
            assert!(Song::query().filter(|s| s.position.gt(9)).first().await.unwrap().is_none());
            assert!(Song::query().filter(|s| s.position.gt(9)).last().await.unwrap().is_none());
            assert_eq!(Song::query().filter(|s| s.royalties.eq(7)).first().await.unwrap_err().status(), 400, "hidden");
            assert_eq!(Song::query().filter(|s| s.royalties.eq(7)).last().await.unwrap_err().status(), 400);
            assert_eq!(Contract::query().first().await.unwrap_err().status(), 403);
            assert_eq!(Contract::query().last().await.unwrap_err().status(), 403);
        }).await;
        world.for_(&admin()).run(async {
            assert_eq!(Song::query().last().await.unwrap().unwrap().position, 6);
        }).await;
    }
}

#[tokio::test]
async fn the_first_and_the_last_object_are_found_over_rest() {
    let world = made(Way::InProcess).await;
    recorded(&world).await;
    for (question, position) in
        [("first", 1), ("last", 5), ("first&_sort=position&_order=desc", 5), ("last&position.lt=4", 3)]
    {
        let found = world.get(&format!("/api/songs?__action={question}")).send().await.ok(200);
        assert_eq!((&found[0]["position"], found.as_array().unwrap().len()), (&json!(position), 1), "{question}");
    }
    let posted =
        world.post("/api/songs?__action=last").json(&json!({"where": {"position.lt": 3}, "include": {"verses": true}}));
    let found = posted.send().await.ok(200);
    assert_eq!((&found[0]["position"], &found[0]["verses"]), (&json!(2), &json!([])));
    world.get("/api/songs?__action=first&royalties=7").send().await.refused(400);
    world.get("/api/contracts?__action=last").by(&ann()).send().await.refused(403);
}
