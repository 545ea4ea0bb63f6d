//! Rules on fields that judge the record: what they refuse is blank in that row, cannot be asked about, and is not written.

use std::future::IntoFuture as _;

use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities_rules::{Folder, Memo, MemoMethods, Tally};
use tests::{World, ann, bob, promises};

fn memo(title: &str, owner: &str) -> Memo {
    Memo {
        title: title.into(),
        owner: owner.into(),
        notes: format!("of {owner}"),
        seal: Some(format!("sealed by {owner}")),
        audit: Some("audited".into()),
        open: true,
        ..Memo::blank()
    }
}

/// A memo of Ann's, one of Bob's, and a blocked one of Ann's, in a folder.
async fn three(world: &World) -> Vec<Record<Memo>> {
    world
        .backend()
        .run(async {
            let folder = repo::<Folder>().insert(Folder { name: "all".into(), ..Folder::blank() }).await.unwrap();
            let mut memos = [memo("a of ann", "ann"), memo("b of bob", "bob"), memo("c blocked", "ann")];
            memos[2].blocked = true;
            for memo in &mut memos {
                memo.folder_id = Some(folder.id);
            }
            repo::<Memo>().insert_many(memos).await.unwrap()
        })
        .await
}

async fn stored(world: &World, id: Uuid) -> Record<Memo> {
    world.backend().run(repo::<Memo>().find_id(id)).await.unwrap()
}

fn notes<'a>(memos: impl IntoIterator<Item = &'a Record<Memo>>) -> Vec<&'a str> {
    memos.into_iter().map(|memo| memo.notes.as_str()).collect()
}

const ANNS: [&str; 3] = ["of ann", "", ""];
const BOBS: [&str; 3] = ["", "of bob", ""];

promises! {
    async fn a_field_is_shown_in_the_rows_whose_record_lets_it_be_seen(world: World) {
        let memos = three(&world).await;
        for (who, seen) in [(Some(ann()), ANNS), (Some(bob()), BOBS), (None, [""; 3])] {
            let context = who.as_ref().map_or_else(|| world.nobody(), |who| world.for_(who));
            context.run(async {
                let list = Memo::query().await.unwrap();
                assert_eq!(notes(&list), seen);
                for (memo, seen) in list.iter().zip(seen) {
                    assert_eq!(memo.state().hidden().contains(3), seen.is_empty(), "the record knows what it was not shown");
                    assert_eq!(memo.audit, None, "a function of the identity says the same of each");
                }
                let mut each = Vec::new();
                for memo in &memos {
                    each.push(repo::<Memo>().find_id(memo.id).await.unwrap());
                }
                assert_eq!(notes(&each), seen);
                let page = Memo::query().limit(2).paginate().await.unwrap();
                let next = page.next().await.unwrap().unwrap();
                assert_eq!(notes(page.items.iter().chain(&next.items)), seen);
                let mut stream = Memo::query().order_by(|m| m.title.asc()).stream();
                let mut streamed = Vec::new();
                while let Some(memo) = stream.try_next().await.unwrap() {
                    streamed.push(memo);
                }
                assert_eq!(notes(&streamed), seen);
                assert_eq!(Memo::query().last().await.unwrap().unwrap().notes, seen[2]);
                let selected = Memo::query().select(|m| (m.title, m.notes)).await;
                match &who {
                    Some(_) => assert!(selected.unwrap().iter().map(|(_, notes)| notes.as_str()).eq(seen)),
                    None => assert!(selected.unwrap_err().message().contains("is not a field"), "nobody sees it anywhere"),
                }
                let with_folder = Memo::query().include(|m| m.folder).await.unwrap();
                assert_eq!(notes(&with_folder), seen);
                let folder = Folder::query().include_with(|f| f.memos, |m| m.order_by(|m| m.title.asc())).first().await;
                assert_eq!(notes(&folder.unwrap().unwrap().memos), seen);
                assert_eq!(notes(&Memo::everything().await.unwrap()), seen, "what trusted code answers is judged too");
                assert_eq!(notes(&Memo::all_folders().await.unwrap()[0].memos), seen);
            }).await;
        }
    }

    async fn what_not_every_row_shows_cannot_be_asked_about(world: World) {
        three(&world).await;
        let errors = world.for_(&ann()).run(async {
            vec![
                Memo::query().filter(|m| m.notes.eq("of bob")).await.map(drop).unwrap_err(),
                Memo::query().filter(|m| !m.notes.starts_with("of a")).count().await.map(|_| ()).unwrap_err(),
                Memo::query().order_by(|m| m.notes.asc()).await.map(drop).unwrap_err(),
                Memo::query().order_by(|m| m.notes.asc()).paginate().await.map(drop).unwrap_err(),
                Memo::query().group_by(|m| m.notes, |_| count()).await.map(drop).unwrap_err(),
                Memo::query().aggregate(|m| m.notes.max()).await.map(drop).unwrap_err(),
                Folder::query().filter(|f| f.memos.any(|m| m.notes.eq("of bob"))).await.map(drop).unwrap_err(),
                Folder::query().include_with(|f| f.memos, |m| m.filter(|m| m.notes.eq("x"))).await.map(drop).unwrap_err(),
                repo::<Memo>().update_many(|m| m.notes.eq("of bob"), |m| m.open.set(false)).await.map(drop).unwrap_err(),
                repo::<Memo>().delete_many(|m| m.notes.eq("of bob")).await.map(drop).unwrap_err(),
                repo::<Memo>().upsert(|m| m.notes.set("of bob"), |_| ()).await.map(drop).unwrap_err(),
            ]
        }).await;
        for error in errors {
            assert!(error.is_invalid() && error.message().contains("\"notes\" is not a field of briefs"), "{error:?}");
        }
        let auditor = ann().role("auditor");
        world.for_(&auditor).run(async {
            assert_eq!(Memo::query().filter(|m| m.audit.eq("audited")).count().await.unwrap(), 3);
        }).await;
        assert_eq!(world.backend().run(Memo::query().filter(|m| m.notes.eq("of bob")).count()).await.unwrap(), 1);
    }

    async fn to_claim_to_be_the_owner_shows_nothing(world: World) {
        let memos = three(&world).await;
        world.for_(&bob()).run(async {
            let mut anns = repo::<Memo>().find_id(memos[0].id).await.unwrap();
            anns.owner = "bob".into();
            anns.look().await.unwrap();
            assert_eq!((anns.notes.as_str(), anns.original().notes.as_str()), ("", ""));
            assert!(anns.is_changed() && anns.state().hidden().contains(3));
            let mut own = repo::<Memo>().find_id(memos[1].id).await.unwrap();
            own.title = "Changed".into();
            own.look().await.unwrap();
            assert_eq!((own.notes.as_str(), own.title.as_str()), ("of bob", "Changed"));
            own.owner = "ann".into();
            own.look().await.unwrap();
            assert_eq!(own.notes, "", "nor is it shown to whoever gives it away");
        }).await;
        world.for_(&ann()).run(async {
            let mut new = Record::from(memo("new by ann", "ann"));
            new.look().await.unwrap();
            assert!(new.is_new());
            assert_eq!((new.notes.as_str(), new.seal.as_deref()), ("of ann", Some("sealed by ann")), "it is their own");
        }).await;
    }

    async fn what_the_record_does_not_let_be_written_keeps_its_value(world: World) {
        let memos = three(&world).await;
        let change = |mut memo: Record<Memo>| {
            memo.title.push('!');
            memo.notes = "rewritten".into();
            memo.seal = Some("broken".into());
            memo.amount = 7;
            memo
        };
        world.for_(&bob()).run(async {
            let mut anns = change(repo::<Memo>().find_id(memos[0].id).await.unwrap());
            anns.save().await.unwrap();
            assert_eq!((anns.title.as_str(), anns.notes.as_str(), anns.amount), ("a of ann!", "", 7));
            assert_eq!(anns.seal.as_deref(), Some("sealed by ann"), "what is stored is answered");
            let mut anns = change(repo::<Memo>().find_id(memos[0].id).await.unwrap());
            anns.open = false;
            anns.keep().await.unwrap();
            assert_eq!(anns.seal.as_deref(), Some("sealed by ann"));
            anns.amount = 9;
            // The stored record decides: to open it in the same breath does not help.
            anns.open = true;
            anns.save().await.unwrap();
            assert_eq!((anns.amount, anns.open), (7, true));
            let mut own = change(repo::<Memo>().find_id(memos[1].id).await.unwrap());
            own.save().await.unwrap();
            assert_eq!((own.notes.as_str(), own.seal.as_deref()), ("rewritten", Some("broken")));
            let claimed = repo::<Memo>().update(memos[0].id, |m| (m.owner.set("bob"), m.seal.set("mine"))).await.unwrap();
            assert_eq!((claimed.owner.as_str(), claimed.seal.as_deref()), ("bob", Some("sealed by ann")));
        }).await;
        assert_eq!(stored(&world, memos[0].id).await.notes, "of ann");
    }

    async fn a_new_record_is_judged_as_what_is_left_of_it(world: World) {
        world.for_(&bob()).run(async {
            let foreign = repo::<Memo>().insert(memo("of ann, by bob", "ann")).await.unwrap();
            assert_eq!((foreign.owner.as_str(), foreign.seal.as_deref()), ("ann", None));
            let own = repo::<Memo>().insert(memo("of bob", "bob")).await.unwrap();
            assert_eq!((own.notes.as_str(), own.seal.as_deref()), ("of bob", Some("sealed by bob")));
            let mut many = ["x of bob", "x of ann"].map(|title| memo(title, title.trim_start_matches("x of ")));
            many[0].open = false;
            many.iter_mut().for_each(|memo| memo.amount = 5);
            let many = repo::<Memo>().insert_many(many).await.unwrap();
            assert_eq!(many.iter().map(|m| (m.amount, m.seal.is_some())).collect::<Vec<_>>(), [(0, true), (5, false)]);
            assert_eq!(notes(&many), ["of bob", ""]);
        }).await;
        let notes = world.backend().run(Memo::query().select(|m| m.notes).all()).await.unwrap();
        assert_eq!(notes, ["", "of bob", "", "of bob"], "what may not be seen may not be written either");
    }

    async fn bulk_writes_ask_each_row(world: World) {
        let memos = three(&world).await;
        world.backend().run(repo::<Memo>().update(memos[1].id, |m| m.open.set(false))).await.unwrap();
        world.for_(&ann()).run(async {
            let changed = repo::<Memo>().update_many(|_| all(), |m| (m.amount.set(3), m.seal.set("anew"))).await.unwrap();
            assert_eq!(changed, 3);
            let now = Memo::query().await.unwrap();
            assert_eq!(now.iter().map(|m| m.amount).collect::<Vec<_>>(), [3, 0, 3]);
            let seals: Vec<_> = now.iter().map(|m| m.seal.as_deref().unwrap()).collect();
            assert_eq!(seals, ["anew", "sealed by bob", "anew"]);
            let upserted = repo::<Memo>().upsert(|m| m.title.set("b of bob"), |m| (m.amount.set(4), m.seal.set("x"))).await.unwrap();
            assert_eq!((upserted.amount, upserted.seal.as_deref(), upserted.notes.as_str()), (0, Some("sealed by bob"), ""));
            let new = |m: tests::entities_rules::MemoFields| (m.seal.set("x"), m.owner.set("bob"), m.open.set(true), m.amount.set(1));
            let upserted = repo::<Memo>().upsert(|m| m.title.set("new"), new).await.unwrap();
            assert_eq!((upserted.amount, upserted.seal.as_deref()), (1, None));
            let mut batch = Batch::new();
            let update = batch.repo::<Memo>().update(memos[1].id, |m| (m.amount.set(4), m.open.set(true)));
            let insert = batch.repo::<Memo>().insert(memo("in a batch", "ann"));
            let upsert = batch.repo::<Memo>().upsert_many([Upsert::by(|m: tests::entities_rules::MemoFields| m.title.set("b of bob"))]);
            let mut done = batch.run().await.unwrap();
            let updated = done.record(update).unwrap();
            assert_eq!((updated.amount, updated.open, updated.notes.as_str()), (0, true, ""));
            assert_eq!(done.record(insert).unwrap().notes, "of ann");
            assert_eq!(notes(&done.records(upsert).unwrap()), [""]);
        }).await;
        assert_eq!(stored(&world, memos[1].id).await.notes, "of bob");
    }

    async fn an_upsert_makes_no_row_whose_record_does_not_let_the_value_be_written(world: World) {
        three(&world).await;
        world.for_(&ann()).run(async {
            let upsert = |open| repo::<Memo>().upsert(|m| (m.title.set("looked for"), m.amount.set(5)), move |m| m.open.set(open));
            let refused = upsert(false).await.unwrap_err();
            assert!(refused.is_forbidden() && refused.message().contains("\"amount\" of briefs"), "{refused:?}");
            assert_eq!(Memo::query().count().await.unwrap(), 3);
            assert_eq!(upsert(true).await.unwrap().amount, 5);
        }).await;
    }

    async fn what_is_wrong_with_a_field_is_told_to_those_who_see_it(world: World) {
        let memos = three(&world).await;
        // Written past the validators.
        let file = format!("sqlite://{}", world.file().display());
        let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
        sqlx::query("UPDATE briefs SET notes = 'longer than twenty characters, by far'").execute(&pool).await.unwrap();
        for (who, told) in [(ann(), true), (bob(), false)] {
            let error = world.for_(&who).run(async {
                let mut memo = repo::<Memo>().find_id(memos[0].id).await.unwrap();
                memo.open = false;
                memo.amount = 3;
                memo.save().await.unwrap_err()
            }).await;
            assert_eq!(error.field("notes").is_some(), told, "{error:?}");
            assert_eq!(error.message().contains("20 characters"), told, "{error:?}");
        }
    }

    async fn what_is_computed_is_judged_too_and_may_be_asked_by_a_rule(world: World) {
        let tally = |owner: &str, amount| Tally { owner: owner.into(), amount, ..Tally::blank() };
        let tallies = [tally("a", 1), tally("ann", 2), tally("ann", 50)];
        world.backend().run(repo::<Tally>().insert_many(tallies).into_future()).await.unwrap();
        world.for_(&ann()).run(async {
            let list = Tally::query().order_by(|t| t.amount.asc()).await.unwrap();
            assert_eq!(list.iter().map(|t| t.secret.as_str()).collect::<Vec<_>>(), ["", "2 of ann", ""]);
            let selected = Tally::query().order_by(|t| t.amount.asc()).select(|t| t.secret).await.unwrap();
            assert_eq!(selected, ["", "2 of ann", ""]);
            let mut changed = repo::<Tally>().update(list[1].id, |t| t.amount.set(49)).await.unwrap();
            assert_eq!(changed.secret, "49 of ann");
            changed.amount = 50;
            changed.save().await.unwrap();
            assert_eq!((changed.secret.as_str(), changed.double), ("", 100));
        }).await;
    }
}

fn shown(row: &Json) -> Option<&str> {
    assert!(row.is_object(), "{row}");
    row.get("notes").map(|notes| notes.as_str().unwrap())
}

fn all_shown(rows: &Json) -> Vec<Option<&str>> {
    rows.as_array().unwrap_or_else(|| panic!("{rows}")).iter().map(shown).collect()
}

#[tokio::test]
async fn on_the_wire_a_refused_field_is_left_out_of_its_row() {
    let world = World::new(tests::Way::Direct).await;
    let memos = three(&world).await;
    let seen = [Some("of ann"), None, None];
    for address in
        ["/api/briefs", "/api/briefs?_select=notes,title", "/api/briefs?_select=notes", "/api/briefs?_include=folder"]
    {
        assert_eq!(all_shown(&world.get(address).by(&ann()).send().await.ok(200)), seen, "{address}");
    }
    assert_eq!(all_shown(&world.get("/api/briefs?_select=title").by(&ann()).send().await.ok(200)), [None; 3]);
    assert_eq!(
        all_shown(&world.get("/api/briefs?_cursor=&_limit=2").by(&ann()).send().await.ok(200)["items"]),
        seen[..2]
    );
    let query = world.post("/api/briefs?__action=query").by(&ann()).json(&json!({"aggregate": {"sum": ["amount"]}}));
    assert_eq!(all_shown(&query.send().await.ok(200)["items"]), seen);
    let folder = world.get("/api/folders?_include=memos").by(&ann()).send().await.ok(200);
    assert_eq!(all_shown(&folder[0]["memos"]), seen);
    for address in [
        "/api/briefs?notes=of%20bob",
        "/api/briefs?notes.startsWith=of",
        "/api/briefs?_sort=notes",
        "/api/folders?memos.notes=of%20bob",
    ] {
        let message = world.get(address).by(&ann()).send().await.refused(400);
        assert!(message.contains("\"notes\" is not a field of briefs"), "{address}: {message}");
    }
    let unknown = world.get("/api/briefs?_select=notes").send().await.refused(400);
    assert!(unknown.contains("\"notes\" is not a field of briefs"), "nobody sees it in any row: {unknown}");
    for body in [json!({"groupBy": ["notes"]}), json!({"max": ["notes"]}), json!({"where": {"notes": "of bob"}})] {
        world.post("/api/briefs?__action=groupBy").by(&ann()).json(&body).send().await.refused(400);
    }
    // What writes answer.
    let address = |memo: &Record<Memo>| format!("/api/briefs/{}", memo.id);
    for (memo, seen) in memos.iter().zip(seen) {
        assert_eq!(shown(&world.get(&address(memo)).by(&ann()).send().await.ok(200)), seen);
        let put = world.put(&address(memo)).by(&ann()).json(&json!({"open": true, "notes": seen.unwrap_or("stolen")}));
        assert_eq!(shown(&put.send().await.ok(200)), seen);
        let looked = world.post("/api/briefs/look").by(&ann());
        let looked = looked.json(&json!({"args": [], "rowInfo": {"id": memo.id, "data": {}}})).send().await.ok(200);
        assert_eq!(shown(&looked["rowInfo"]["data"]), seen);
    }
    let new =
        json!([{"title": "new 1", "owner": "ann", "notes": "n"}, {"title": "new 2", "owner": "bob", "notes": "n"}]);
    assert_eq!(all_shown(&world.post("/api/briefs").by(&ann()).json(&new).send().await.ok(201)), [Some("n"), None]);
    assert_eq!(stored(&world, memos[1].id).await.notes, "of bob");
}
