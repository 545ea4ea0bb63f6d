//! Writes of many rows: what they change, who may do them, and what they cost.

use isoform::prelude::*;
use tests::entities::{Account, Event, Letter, Sample};
use tests::entities_bulk::{Parcel, Permit, Stall};
use tests::{World, admin, ann, bob, promises};

fn parcel(number: i32) -> Parcel {
    Parcel { number, code: Some(format!("c{number}")), ..Parcel::blank() }
}

/// Parcels with the numbers 1 to `count`.
async fn parcels(world: &World, count: i32) -> Vec<Record<Parcel>> {
    world.backend().run(repo::<Parcel>().insert_many((1..=count).map(parcel)).into_future()).await.unwrap()
}

async fn stored(world: &World) -> Vec<Record<Parcel>> {
    world.backend().run(Parcel::query().all()).await.unwrap()
}

async fn permit(world: &World, plate: &str, holder: &str, town: &str) {
    let new = Permit {
        plate: plate.into(),
        holder: holder.into(),
        town: town.into(),
        note: Some("x".into()),
        ..Permit::blank()
    };
    world.backend().run(repo::<Permit>().insert(new)).await.unwrap();
}

async fn permits(world: &World) -> Vec<(String, String)> {
    let all = world.backend().run(Permit::query().all()).await.unwrap();
    all.iter().map(|permit| (permit.plate.clone(), permit.town.clone())).collect()
}

async fn accounts(world: &World, list: &[(&str, i64, &str)]) {
    let new = list.iter().map(|(id, balance, holder)| Account {
        id: (*id).into(),
        balance: *balance,
        holder: (*holder).into(),
    });
    world.backend().run(repo::<Account>().insert_many(new).into_future()).await.unwrap();
}

async fn events(world: &World) -> Vec<String> {
    world.backend().run(Event::query().all()).await.unwrap().iter().map(|event| event.what.clone()).collect()
}

promises! {
    async fn an_update_of_many_changes_what_the_filter_finds_and_nothing_else(world: World) {
        let before = parcels(&world, 5).await;
        let changed = world.nobody().run(repo::<Parcel>().update_many(
            |p| p.number.gt(2) & p.sent.eq(false),
            |p| (p.sent.set(true), p.address.set("Bern")),
        )).await.unwrap();
        assert_eq!(changed, 3);
        let again = repo::<Parcel>().update_many(|p| p.sent.eq(false) & p.number.gt(2), |p| p.sent.set(true));
        assert_eq!(world.nobody().run(again).await.unwrap(), 0);
        for (before, now) in before.iter().zip(stored(&world).await) {
            let is_changed = now.number > 2;
            assert_eq!((now.sent, now.address == "Bern", now.version), (is_changed, is_changed, 1 + i64::from(is_changed)));
            assert_eq!((now.id, &now.code, now.created_at), (before.id, &before.code, before.created_at));
            assert_eq!(now.updated_at > before.updated_at, is_changed);
        }
    }

    async fn an_empty_filter_is_refused_and_all_says_it_on_purpose(world: World) {
        parcels(&world, 3).await;
        for context in [world.nobody(), world.backend()] {
            context.run(async {
                let parcels = repo::<Parcel>();
                let conditions: Vec<Filter<Parcel>> = Vec::new();
                let none = || conditions.iter().cloned().fold(Filter::all(), |all, one| all & one);
                for empty in [none(), !Filter::nothing(), none() | Parcel::filter(|p| p.sent.eq(true))] {
                    let error = parcels.update_many(|_| empty.clone(), |p| p.sent.set(true)).await.unwrap_err();
                    assert!(error.is_invalid() && error.message().contains("all()"), "{error:?}");
                    let error = parcels.delete_many(|_| empty).await.unwrap_err();
                    assert!(error.is_invalid() && error.message().contains("filter is empty"), "{error:?}");
                }
                assert_eq!(parcels.update_many(|_| Filter::nothing(), |p| p.sent.set(true)).await.unwrap(), 0);
                assert_eq!(Parcel::query().filter(|p| p.sent.eq(false)).count().await.unwrap(), 3);
            }).await;
        }
        world.nobody().run(async {
            assert_eq!(repo::<Parcel>().update_many(|_| all(), |p| p.sent.set(true)).await.unwrap(), 3);
            assert_eq!(Parcel::query().filter(|p| p.sent.eq(true)).count().await.unwrap(), 3);
            assert_eq!(repo::<Parcel>().delete_many(|_| all()).await.unwrap(), 3);
        }).await;
        assert_eq!(stored(&world).await, []);
    }

    async fn what_may_not_be_written_is_passed_over_and_what_is_hidden_cannot_be_asked_for(world: World) {
        let before = parcels(&world, 2).await;
        world.nobody().run(async {
            let parcels = repo::<Parcel>();
            let changed = parcels.update_many(|p| p.number.eq(1), |p| (
                (p.secret.set("seen".to_owned()), p.weight.set(9), p.version.set(7), p.id.set(Uuid::from_u128(1))),
                (p.created_at.set(DateTime::UNIX_EPOCH), p.updated_at.set(DateTime::UNIX_EPOCH), p.address.set("Bern")),
            )).await.unwrap();
            assert_eq!(changed, 1);
            // Nothing to write is nothing changed, and still says how many.
            assert_eq!(parcels.update_many(|p| p.number.lte(2), |p| p.weight.set(9)).await.unwrap(), 2);
            for error in [
                parcels.update_many(|p| p.secret.is_null(), |p| p.sent.set(true)).await.unwrap_err(),
                parcels.delete_many(|p| p.number.eq(1) & !p.secret.eq("x".to_owned())).await.unwrap_err(),
                parcels.upsert(|p| p.secret.set("x".to_owned()), |p| p.sent.set(true)).await.map(|_| 0).unwrap_err(),
            ] {
                assert!(error.is_invalid() && error.message().contains("\"secret\" is not a field"), "{error:?}");
            }
            let made = parcels.insert_many([Parcel { secret: Some("s".into()), weight: 3, version: 9, ..parcel(3) }]).await.unwrap();
            assert_eq!((made[0].secret.as_deref(), made[0].weight, made[0].version), (None, 0, 1));
        }).await;
        let now = stored(&world).await;
        assert_eq!((now[0].id, now[0].secret.as_deref(), now[0].weight, now[0].version), (before[0].id, None, 0, 2));
        assert_eq!((now[0].created_at, now[0].address.as_str()), (before[0].created_at, "Bern"));
        assert!(now[0].updated_at > before[0].updated_at);
        assert_eq!((now[1].version, now[2].secret.as_deref(), now[2].weight), (1, None, 0));
        let other = Uuid::from_u128(3);
        for (code, id) in [("c2", Some(now[1].id)), ("c9", None)] {
            let upsert = repo::<Parcel>().upsert(
                |p| p.code.set(code.to_owned()),
                |p| (p.weight.set(9), p.secret.set("seen".to_owned()), p.version.set(9), p.address.set("Biel")),
            );
            world.nobody().run(upsert).await.unwrap();
            let moved = repo::<Parcel>().upsert(|p| p.code.set(code.to_owned()), |p| p.id.set(other));
            let row = world.nobody().run(moved).await.unwrap();
            assert!(row.id != other && id.is_none_or(|id| row.id == id), "an id stays");
            let row = world.backend().run(repo::<Parcel>().find_id(row.id)).await.unwrap();
            assert_eq!((row.weight, row.secret.as_deref(), row.address.as_str()), (0, None, "Biel"));
        }
    }

    async fn a_wrong_value_or_one_that_is_taken_changes_nothing_and_names_its_field(world: World) {
        parcels(&world, 3).await;
        world.nobody().run(async {
            let parcels = repo::<Parcel>();
            let error = parcels.update_many(|_| all(), |p| p.address.set("x".repeat(21))).await.unwrap_err();
            assert_eq!(error.field("address"), Some("must have at most 20 characters"));
            let error = parcels.update_many(|p| p.number.gt(1), |p| p.code.set("same".to_owned())).await.unwrap_err();
            assert!(error.is_conflict(), "{error:?}");
            assert_eq!(error.field("code"), Some("already exists"));
            let error = parcels.insert_many([parcel(4), parcel(5), parcel(2)]).await.unwrap_err();
            assert!(error.is_conflict(), "{error:?}");
            assert_eq!(error.field("code"), Some("already exists"));
            let error = parcels.insert_many([parcel(4), parcel(100_001)]).await.unwrap_err();
            assert!(error.message().starts_with("Row 2: "), "{error:?}");
            assert_eq!(error.field("number"), Some("must be at most 100000"));
        }).await;
        let codes: Vec<_> = stored(&world).await.iter().map(|parcel| (parcel.code.clone(), parcel.version)).collect();
        assert_eq!(codes, [1, 2, 3].map(|number| (Some(format!("c{number}")), 1)));
    }

    async fn hooks_run_for_each_row_and_one_that_refuses_undoes_all(world: World) {
        accounts(&world, &[("a", 5, "Ann"), ("b", 6, "Bob"), ("c", 0, "Cid"), ("k", 0, "kept")]).await;
        let after_insert = events(&world).await;
        assert_eq!(after_insert[..2], ["inserting", "saved 5 (was 5)"].map(String::from).map(|what| what.replace("was 5", "was 0")));
        world.for_(&ann()).run(async {
            let accounts = repo::<Account>();
            assert!(accounts.update_many(|a| a.balance.gt(0), |a| a.balance.set(-1)).await.unwrap_err().is_invalid());
            assert!(accounts.update_many(|a| a.id.eq("a"), |a| a.holder.set("refused")).await.unwrap_err().is_forbidden());
            assert!(accounts.delete_many(|a| a.id.in_(["c", "a"])).await.unwrap_err().field("balance").is_some());
            assert!(accounts.delete_many(|a| a.balance.eq(0)).await.unwrap_err().is_invalid());
            let new = |id: &str, holder: &str| Account { id: id.into(), balance: 1, holder: holder.into() };
            assert!(accounts.insert_many([new("x", "X"), new("y", "refused")]).await.unwrap_err().is_forbidden());
            let error = accounts.insert_many([new("x", "X"), new("y", "field")]).await.unwrap_err();
            assert!(error.message().starts_with("Row 2: "), "{error:?}");
            assert_eq!(accounts.count().await.unwrap(), 4);
        }).await;
        assert_eq!(events(&world).await, after_insert, "what the hooks wrote is undone too");
        world.for_(&ann()).run(async {
            let accounts = repo::<Account>();
            assert_eq!(accounts.update_many(|a| a.balance.gt(0), |a| (a.balance.set(0), a.holder.set(" trimmed "))).await.unwrap(), 2);
            assert_eq!(accounts.find_id("b").await.unwrap().holder, "trimmed", "the field's own saving hook runs");
            assert_eq!(accounts.delete_many(|a| a.holder.eq("trimmed")).await.unwrap(), 2);
        }).await;
        let expected = ["updating", "saved 0 (was 5)", "updating", "saved 0 (was 6)", "deleting", "deleted", "deleting", "deleted"];
        assert_eq!(events(&world).await[after_insert.len()..], expected);
    }

    async fn a_rule_is_asked_of_each_row_as_it_is_and_as_it_becomes(world: World) {
        permit(&world, "1", "ann", "Bern").await;
        permit(&world, "2", "ann", "Bern").await;
        permit(&world, "3", "cid", "Bern").await;
        permit(&world, "4", "ann", "Basel").await;
        world.for_(&ann()).run(async {
            let permits = repo::<Permit>();
            assert!(permits.update_many(|_| all(), |p| p.note.set("y".to_owned())).await.unwrap_err().is_forbidden(), "one is Cid's");
            assert!(permits.update_many(|p| p.plate.eq("3"), |p| p.holder.set("ann")).await.unwrap_err().is_forbidden());
            assert!(permits.update_many(|p| p.plate.eq("1"), |p| p.holder.set("cid")).await.unwrap_err().is_forbidden());
            assert!(permits.delete_many(|p| p.plate.gte("2")).await.unwrap_err().is_forbidden(), "one is Cid's");
            let error = permits.update_many(|p| p.holder.eq("ann"), |p| p.note.set(None)).await.unwrap_err();
            assert_eq!(error.field("note"), Some("is required"));
            let yes = permits.update_many(|p| p.holder.eq("ann"), |p| p.note.set("y".to_owned())).await.unwrap();
            assert_eq!(yes, 2, "the one in Basel is not there for Ann");
            let new = |plate: &str, holder: &str| Permit {
                plate: plate.into(), holder: holder.into(), town: "Bern".into(), note: Some("x".into()), ..Permit::blank()
            };
            assert!(permits.insert_many([new("5", "ann"), new("6", "cid")]).await.unwrap_err().is_forbidden());
            assert_eq!(permits.insert_many([new("5", "ann"), new("6", "ann")]).select_none().await.unwrap(), 2);
            assert_eq!(permits.delete_many(|p| p.holder.eq("ann")).await.unwrap(), 4);
        }).await;
        world.nobody().run(async {
            assert!(repo::<Permit>().update_many(|_| all(), |p| p.note.set("z".to_owned())).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Permit>().delete_many(|_| all()).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Permit>().insert_many([Permit { note: Some("x".into()), ..Permit::blank() }]).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Permit>().upsert(|p| p.plate.set("3"), |_| ()).await.unwrap_err().is_unauthenticated());
            assert!(repo::<Event>().delete_many(|_| all()).await.unwrap_err().is_unauthenticated());
        }).await;
        assert_eq!(permits(&world).await, [("3".into(), "Bern".into()), ("4".into(), "Basel".into())]);
    }

    async fn nobody_reaches_rows_outside_of_their_filter_or_moves_one_there(world: World) {
        for (name, town) in [("a", "Bern"), ("b", "Bern"), ("c", "Basel")] {
            let stall = Stall { name: name.into(), town: town.into(), open: false };
            world.backend().run(repo::<Stall>().insert(stall)).await.unwrap();
        }
        world.for_(&ann()).run(async {
            let stalls = repo::<Stall>();
            assert_eq!(stalls.update_many(|_| all(), |s| s.open.set(true)).await.unwrap(), 2);
            assert_eq!(stalls.update_many(|s| s.name.eq("c"), |s| s.open.set(true)).await.unwrap(), 0);
            assert_eq!(stalls.delete_many(|s| s.town.eq("Basel")).await.unwrap(), 0);
            assert!(stalls.update_many(|s| s.name.eq("a"), |s| s.town.set("Basel")).await.unwrap_err().is_forbidden());
            assert_eq!(stalls.update_many(|s| s.name.eq("a"), |s| (s.town.set("Bern"), s.open.set(false))).await.unwrap(), 1);
            let far = Stall { name: "d".into(), town: "Basel".into(), open: true };
            assert!(stalls.insert_many([far]).await.unwrap_err().is_forbidden());
            assert!(stalls.upsert(|s| s.name.set("e"), |s| s.town.set("Basel")).await.unwrap_err().is_forbidden());
            // What is not there for her cannot be changed by an upsert either, nor is it made twice.
            assert!(stalls.upsert(|s| s.name.set("c"), |s| s.town.set("Bern")).await.unwrap_err().is_conflict());
            assert!(stalls.upsert(|s| s.name.set("b"), |s| s.town.set("Basel")).await.unwrap_err().is_forbidden());
        }).await;
        let all = world.backend().run(Stall::query().all()).await.unwrap();
        let all: Vec<_> = all.iter().map(|stall| (stall.name.as_str(), stall.town.as_str(), stall.open)).collect();
        assert_eq!(all, [("a", "Bern", false), ("b", "Bern", true), ("c", "Basel", false)]);
        assert_eq!(world.backend().run(repo::<Stall>().update_many(|_| all_rows(), |s| s.town.set("Biel"))).await.unwrap(), 3);
    }

    async fn ten_thousand_rows_are_inserted_at_once_and_not_one_more(world: World) {
        world.nobody().run(async {
            let parcels = repo::<Parcel>();
            let many = |count: i32| (1..=count).map(|number| Parcel { number, ..Parcel::blank() });
            let error = parcels.insert_many(many(10_001)).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("10001 rows are more than the 10000"), "{error:?}");
            assert_eq!(parcels.count().await.unwrap(), 0);
            let made = parcels.insert_many(many(10_000)).await.unwrap();
            assert!(made.iter().zip(1..).all(|(made, number)| made.number == number && made.version == 1 && !made.is_new()));
            let ids: std::collections::HashSet<_> = made.iter().map(|made| made.id).collect();
            assert_eq!((ids.len(), parcels.count().await.unwrap()), (10_000, 10_000));
            assert_eq!(parcels.find_id(made[9_999].id).await.unwrap().number, 10_000);
            assert_eq!(parcels.update_many(|_| all(), |p| p.sent.set(true)).await.unwrap(), 10_000);
            assert_eq!(parcels.insert_many(many(1)).select_none().await.unwrap(), 1);
            let error = parcels.update_many(|_| all(), |p| p.sent.set(false)).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("more than the 10000 rows"), "{error:?}");
            assert!(parcels.delete_many(|_| all()).await.unwrap_err().is_invalid());
            assert_eq!(Parcel::query().filter(|p| p.sent.eq(true)).count().await.unwrap(), 10_000, "nothing was changed");
            assert_eq!(parcels.delete_many(|p| p.number.gt(1)).await.unwrap(), 9_999);
        }).await;
        world.backend().run(async {
            assert_eq!(repo::<Parcel>().insert_many((0..10_001).map(|_| Parcel::blank())).select_none().await.unwrap(), 10_001);
            assert_eq!(repo::<Parcel>().delete_many(|_| all()).await.unwrap(), 10_003, "the server's own code has no limit");
        }).await;
    }

    async fn any_number_of_rows_is_inserted_in_its_order(world: World) {
        for count in [0, 1, 2, 3, 127, 128, 129, 255, 300] {
            let context = world.nobody();
            let made = context.run(repo::<Parcel>().insert_many((1..=count).map(parcel)).into_future()).await.unwrap();
            let all: Vec<_> = stored(&world).await;
            assert_eq!(made.len(), all.len());
            for (made, stored) in made.iter().zip(&all) {
                assert_eq!((made.id, made.number, &made.code), (stored.id, stored.number, &stored.code));
                assert_eq!((made.created_at, made.updated_at), (stored.created_at, stored.updated_at));
            }
            context.run(repo::<Parcel>().delete_many(|_| all_rows())).await.unwrap();
        }
    }

    async fn an_upsert_changes_the_row_that_is_there_and_makes_the_one_that_is_not(world: World) {
        let before = parcels(&world, 2).await;
        world.nobody().run(async {
            let parcels = repo::<Parcel>();
            let changed = parcels.upsert(|p| p.code.set("c1".to_owned()), |p| p.address.set("Bern")).await.unwrap();
            assert_eq!((changed.id, changed.number, changed.address.as_str(), changed.version), (before[0].id, 1, "Bern", 2));
            let made = parcels.upsert(|p| p.code.set("new".to_owned()), |p| (p.address.set("Biel"), p.number.set(9))).await.unwrap();
            assert_eq!((made.code.as_deref(), made.address.as_str(), made.number, made.version), (Some("new"), "Biel", 9, 1));
            let same = parcels.upsert(|p| p.code.set("new".to_owned()), |_| ()).await.unwrap();
            assert_eq!((same.id, same.version, same.address.as_str()), (made.id, 1, "Biel"), "it stays as it is");
            let by_two = parcels.upsert(|p| (p.number.set(9), p.sent.set(false)), |p| p.sent.set(true)).await.unwrap();
            assert_eq!((by_two.id, by_two.sent), (made.id, true));
            let code = |code: &str| Upsert::<Parcel>::by(|p| p.code.set(code.to_owned()));
            let rows = parcels.upsert_many([code("c2").set(|p| p.sent.set(true)), code("third"), code("third").set(|p| p.number.set(7))]);
            let rows = rows.await.unwrap();
            assert_eq!((rows[0].id, rows[0].sent), (before[1].id, true));
            assert_eq!((rows[1].id, rows[2].number), (rows[2].id, 7));
            assert_eq!(parcels.count().await.unwrap(), 4);

            let error = parcels.upsert(|p| p.sent.set(true), |p| p.number.set(0)).await.unwrap_err();
            assert!(error.is_conflict() && error.message().contains("Several rows"), "{error:?}");
            let error = parcels.upsert(|_| (), |p| p.number.set(0)).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("at least one value"), "{error:?}");
            let error = parcels.upsert_many([code("fourth"), code("c1").set(|p| p.address.set("x".repeat(21)))]).await.unwrap_err();
            assert!(error.message().starts_with("Row 2: "), "{error:?}");
            assert_eq!(error.field("address"), Some("must have at most 20 characters"));
            assert_eq!(parcels.count().await.unwrap(), 4, "all or none");
            let taken = parcels.upsert_many([code("fourth"), code("c2").set(|p| p.code.set("c1".to_owned()))]).await.unwrap_err();
            assert!(taken.is_conflict() && taken.message().starts_with("Row 2: "), "{taken:?}");
            assert_eq!(parcels.count().await.unwrap(), 4, "all or none");
            let taken = parcels.upsert(|p| p.number.set(77), |p| p.code.set("c1".to_owned())).await.unwrap_err();
            assert_eq!(taken.field("code"), Some("already exists"));
        }).await;
    }

    async fn an_upsert_asks_the_rights_of_what_it_comes_to(world: World) {
        permit(&world, "1", "cid", "Bern").await;
        accounts(&world, &[("a", 5, "Ann")]).await;
        world.for_(&ann()).run(async {
            let permits = repo::<Permit>();
            assert!(permits.upsert(|p| p.plate.set("1"), |p| p.holder.set("ann")).await.unwrap_err().is_forbidden());
            assert_eq!(permits.upsert(|p| p.plate.set("1"), |_| ()).await.unwrap().holder, "cid", "it may be seen");
            assert!(permits.upsert(|p| p.plate.set("2"), |p| p.town.set("Bern")).await.unwrap_err().is_forbidden());
            let own = permits.upsert(|p| (p.plate.set("2"), p.town.set("Bern")), |p| (p.holder.set("ann"), p.note.set("x".to_owned())));
            assert_eq!(own.await.unwrap().plate, "2");
            let refused = repo::<Account>().upsert(|a| a.id.set("a"), |a| a.balance.set(-1)).await.unwrap_err();
            assert!(refused.is_invalid(), "the hooks run: {refused:?}");
        }).await;
        // Who may not see rows is told which one it was, and cannot ask by anything else.
        world.nobody().run(async {
            let mine = repo::<Letter>().upsert(|l| l.number.set(5), |l| l.text.set("Dear")).await.unwrap();
            assert_eq!((mine.number, mine.version, mine.text.as_str()), (5, 1, ""));
            let new = Letter { number: 6, text: "Dear".into(), ..Letter::blank() };
            let many = repo::<Letter>().insert_many([new]).await.unwrap();
            assert_eq!((many[0].number, many[0].version, many[0].text.as_str()), (6, 1, ""));
            let again = repo::<Letter>().upsert(|l| l.number.set(5), |_| ()).await.unwrap();
            assert_eq!((again.number, again.version, again.text.as_str()), (5, 1, ""));
            assert!(repo::<Letter>().upsert(|l| l.text.set("Dear"), |_| ()).await.unwrap_err().is_invalid());
            assert!(repo::<Letter>().update_many(|l| l.text.eq("Dear"), |l| l.text.set("")).await.unwrap_err().is_invalid());
            assert!(repo::<Letter>().delete_many(|l| l.number.eq(5)).await.unwrap_err().is_unauthenticated());
        }).await;
    }

    async fn an_upsert_makes_no_row_without_a_value_that_it_was_looked_for_by(world: World) {
        world.backend().run(repo::<Parcel>().insert(Parcel { number: 1, weight: 7, ..Parcel::blank() })).await.unwrap();
        world.for_(&ann()).run(async {
            let parcels = repo::<Parcel>();
            assert_eq!(parcels.upsert(|p| p.weight.set(7), |p| p.sent.set(true)).await.unwrap().number, 1, "it is there");
            for _ in 0..2 {
                let refused = parcels.upsert(|p| (p.number.set(2), p.weight.set(9)), |p| p.sent.set(true)).await.unwrap_err();
                assert!(refused.is_forbidden() && refused.message().contains("\"weight\" of parcels"), "{refused:?}");
            }
            assert_eq!(parcels.count().await.unwrap(), 1);
            // What it has anyway nobody needs to write.
            for _ in 0..2 {
                parcels.upsert(|p| (p.number.set(2), p.weight.set(0)), |p| p.number.set(2)).await.unwrap();
            }
            assert_eq!(parcels.count().await.unwrap(), 2);
        }).await;
        world.backend().run(repo::<Parcel>().upsert(|p| p.weight.set(9), |_| ())).await.unwrap();
    }

    async fn a_batch_is_done_as_a_whole_and_each_part_is_guarded(world: World) {
        let before = parcels(&world, 3).await;
        accounts(&world, &[("a", 5, "Ann")]).await;
        world.for_(&ann()).run(async {
            let mut batch = Batch::new();
            let one = batch.repo::<Parcel>().insert(parcel(10));
            let two = batch.repo::<Parcel>().insert_many([parcel(11), parcel(12)]);
            let changed = batch.repo::<Account>().update("a", |a| a.holder.set(" trimmed "));
            let sent = batch.repo::<Parcel>().update_many(|p| p.number.gte(10), |p| p.sent.set(true));
            batch.repo::<Parcel>().delete(before[0].id);
            let gone = batch.repo::<Parcel>().delete_many(|p| p.number.eq(2));
            let upserted = batch.repo::<Parcel>().upsert_many([Upsert::<Parcel>::by(|p| p.code.set("c10".to_owned()))]);
            let mut done = batch.run().await.unwrap();
            let one = done.record(one).unwrap();
            assert_eq!((one.number, one.sent), (10, false), "as it was then");
            assert_eq!(done.records(two).unwrap().iter().map(|parcel| parcel.number).collect::<Vec<_>>(), [11, 12]);
            assert_eq!(done.record(changed).unwrap().holder, "trimmed");
            assert_eq!((done.count(sent).unwrap(), done.count(gone).unwrap()), (3, 1));
            let upserted = done.records(upserted).unwrap();
            assert_eq!((upserted[0].id, upserted[0].sent), (one.id, true));
        }).await;
        let numbers = || async { stored(&world).await.iter().map(|parcel| parcel.number).collect::<Vec<_>>() };
        assert_eq!(numbers().await, [3, 10, 11, 12]);

        let happened = events(&world).await;
        type Last = fn(&mut Batch);
        let refused: [(Last, u16); 7] = [
            (|batch| { batch.repo::<Parcel>().insert(parcel(10)); }, 409),
            (|batch| { batch.repo::<Parcel>().insert(parcel(100_001)); }, 400),
            (|batch| { batch.repo::<Event>().insert(Event::blank()); }, 403),
            (|batch| { batch.repo::<Parcel>().delete(Uuid::from_u128(1)); }, 404),
            (|batch| { batch.repo::<Account>().update("a", |a| a.holder.set("refused")); }, 403),
            (|batch| { batch.repo::<Parcel>().delete_many(|_| Filter::all()); }, 400),
            (|batch| { batch.repo::<Parcel>().update_many(|p| p.secret.is_null(), |p| p.sent.set(true)); }, 400),
        ];
        for (last, status) in refused {
            let mut batch = Batch::new();
            batch.repo::<Parcel>().insert(parcel(20));
            batch.repo::<Account>().update("a", |a| a.balance.set(6));
            last(&mut batch);
            let error = world.for_(&ann()).run(batch.run()).await.unwrap_err();
            assert_eq!(error.status(), status, "{error:?}");
            assert!(error.message().starts_with("Operation 3: "), "{error:?}");
            assert_eq!((numbers().await, events(&world).await), (vec![3, 10, 11, 12], happened.clone()));
        }
        // What may not be written is passed over, ids are not changed, and a stale version is a conflict.
        world.for_(&ann()).run(async {
            let (id, other) = (before[2].id, Uuid::from_u128(7));
            let mut batch = Batch::new();
            let kept = batch.repo::<Parcel>().update(id, |p| (p.id.set(other), p.weight.set(8), p.address.set("Bern")));
            let kept = batch.run().await.unwrap().record(kept).unwrap();
            assert_eq!((kept.id, kept.weight, kept.address.as_str(), kept.version), (id, 0, "Bern", 2));
            let mut batch = Batch::new();
            batch.repo::<Parcel>().update(id, |p| (p.version.set(1), p.address.set("Biel")));
            assert_eq!(batch.run().await.unwrap_err().code(), Some("stale_version"));
            let mut empty = Batch::new().run().await.unwrap();
            let mut batch = Batch::new();
            assert!(empty.record(batch.repo::<Parcel>().insert(parcel(1))).unwrap_err().is_internal());
        }).await;
        // The server's own code may do in a batch what it may do alone.
        world.backend().run(async {
            let mut batch = Batch::new();
            batch.repo::<Event>().insert(Event { what: "by hand".into(), ..Event::blank() });
            let moved = batch.repo::<Parcel>().update(before[2].id, |p| (p.id.set(Uuid::from_u128(7)), p.secret.set("s".to_owned())));
            let moved = batch.run().await.unwrap().record(moved).unwrap();
            assert_eq!((moved.id, moved.secret.as_deref()), (Uuid::from_u128(7), Some("s")));
        }).await;
    }

    async fn only_chosen_fields_are_validated_and_what_was_said_of_others_stays(world: World) {
        use tests::entities::Article;
        world.for_(&ann()).run(async {
            let mut sample = Record::<Sample>::new();
            sample.email = Some("nowhere".into());
            sample.even = 3;
            assert!(sample.validate_fields(|s| (s.number, s.text)).await.is_ok());
            assert!(sample.errors().is_empty());
            let error = sample.validate_fields(|s| (s.even, s.text)).await.unwrap_err();
            assert_eq!((error.field("even"), error.fields().len()), (Some("must be even"), 1));
            sample.email = Some("ann@example.org".into());
            assert!(sample.validate_fields(|s| s.email).await.is_ok());
            assert_eq!(sample.error(|s| s.even), Some("must be even"), "nobody has asked again");
            sample.even = 4;
            assert!(sample.validate_fields(|s| s.even).await.is_ok());
            assert!(sample.errors().is_empty());
            let mut question = Record::from(Article { title: "?what".into(), ..Article::blank() });
            assert!(question.validate_fields(|a| a.published).await.is_ok());
            let error = question.validate_fields(|a| (a.published, a.title)).await.unwrap_err();
            assert_eq!(error.field("title"), Some("is a question"), "the entity's own validation is asked about it");
        }).await;
    }

    async fn only_trusted_code_changes_an_id(world: World) {
        accounts(&world, &[("a", 5, "Ann"), ("b", 5, "Bob")]).await;
        let one = parcels(&world, 2).await.remove(0);
        world.for_(&admin()).run(async {
            let mut account = repo::<Account>().find_id("a").await.unwrap();
            account.id = "z".into();
            account.balance = 6;
            account.save().await.unwrap();
            assert_eq!((account.id.as_str(), account.balance), ("a", 6), "what may not be written keeps its value");
        }).await;
        world.backend().run(async {
            let mut account = repo::<Account>().find_id("a").await.unwrap();
            account.id = "b".into();
            assert!(account.save().await.unwrap_err().is_conflict());
            account.id = String::new();
            let error = account.save().await.unwrap_err();
            assert_eq!(error.field("id"), Some("must not be empty"));
            account.id = "z".into();
            account.save().await.unwrap();
            account.balance = 7;
            account.save().await.unwrap();
            assert!(repo::<Account>().find_id("a").await.unwrap_err().is_not_found());
            assert_eq!(repo::<Account>().find_id("z").await.unwrap().balance, 7);
            let new = Uuid::from_u128(5);
            let moved = repo::<Parcel>().update(one.id, |p| p.id.set(new)).await.unwrap();
            assert_eq!((moved.id, moved.version, moved.code.as_deref()), (new, 2, Some("c1")));
            assert_eq!(repo::<Parcel>().update_many(|p| p.id.eq(new), |p| p.id.set(one.id)).await.unwrap(), 1);
            let error = repo::<Parcel>().update_many(|p| p.id.eq(one.id), |p| p.id.set(Uuid::nil())).await.unwrap_err();
            assert_eq!(error.field("id"), Some("must not be empty"));
            assert_eq!(repo::<Parcel>().find_id(one.id).await.unwrap().number, 1);
        }).await;
    }
}

/// The prelude's `all`, where a variable has its name.
fn all_rows() -> isoform::AllRows {
    all()
}

#[tokio::test]
async fn the_limit_of_rows_holds_for_every_bulk_write_where_it_is_called_directly() {
    let world = World::new(tests::Way::Direct).await;
    parcels(&world, 4).await;
    accounts(&world, &[("a", 0, "A"), ("b", 0, "B"), ("c", 0, "C"), ("d", 0, "D")]).await;
    let context = Context::api(&world.database).with_identity(bob()).with_row_limit(3);
    context
        .run(async {
            let (parcels, accounts) = (repo::<Parcel>(), repo::<Account>());
            let code = |number: i32| Upsert::<Parcel>::by(|p| p.code.set(format!("c{number}")));
            let too_many = |error: Error| assert!(error.is_invalid() && error.message().contains("the 3"), "{error:?}");
            too_many(parcels.insert_many((5..9).map(parcel)).await.unwrap_err());
            too_many(parcels.upsert_many((1..5).map(code)).await.unwrap_err());
            too_many(parcels.update_many(|_| all(), |p| p.sent.set(true)).await.unwrap_err());
            too_many(parcels.delete_many(|_| all()).await.unwrap_err());
            too_many(accounts.update_many(|_| all(), |a| a.holder.set("X")).await.unwrap_err());
            too_many(accounts.delete_many(|_| all()).await.unwrap_err());
            let mut batch = Batch::new();
            batch.repo::<Parcel>().insert_many((5..7).map(parcel));
            batch.repo::<Parcel>().update_many(|p| p.number.lte(2), |p| p.sent.set(true));
            too_many(batch.run().await.unwrap_err());
            assert_eq!((parcels.count().await.unwrap(), accounts.count().await.unwrap()), (4, 4));
            assert_eq!(Parcel::query().filter(|p| p.sent.eq(true)).count().await.unwrap(), 0);

            assert_eq!(parcels.insert_many((5..8).map(parcel)).await.unwrap().len(), 3);
            assert_eq!(parcels.upsert_many((1..4).map(code)).await.unwrap().len(), 3);
            assert_eq!(parcels.update_many(|p| p.number.lte(3), |p| p.sent.set(true)).await.unwrap(), 3);
            assert_eq!(parcels.delete_many(|p| p.number.lte(3)).await.unwrap(), 3);
            assert_eq!(accounts.update_many(|a| a.id.gt("a"), |a| a.holder.set("X")).await.unwrap(), 3);
            assert_eq!(accounts.delete_many(|a| a.id.gt("a")).await.unwrap(), 3);
            let mut batch = Batch::new();
            batch.repo::<Parcel>().insert(parcel(1));
            batch.repo::<Parcel>().update_many(|p| p.number.lte(4), |p| p.sent.set(true));
            batch.run().await.unwrap();
        })
        .await;
}

#[tokio::test]
async fn a_row_that_a_hook_takes_out_of_the_filter_is_passed_over() {
    use isoform_server::Database;
    mod chain {
        use isoform::prelude::*;
        /// To close one closes the next one.
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "links", allow(crud = true), hooks)]
        pub struct Link {
            #[field(id)]
            pub id: i32,
            pub closed: bool,
            pub saves: i32,
        }
        #[hooks]
        impl Hooks for Link {
            async fn saved(link: &mut Record<Self>, e: &mut LifecycleEvent<Self>) -> Result<()> {
                if !e.is_new() && link.id % 2 == 1 {
                    repo::<Link>()
                        .update_many(|l| l.id.eq(link.id + 1), |l| (l.closed.set(true), l.saves.set(9)))
                        .await?;
                }
                Ok(())
            }
            async fn deleted(link: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
                let next = link.id + link.id % 2;
                repo::<Link>().delete_many(|l| l.id.eq(next)).await.map(drop)
            }
        }
    }
    use chain::Link;
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
    database.ensure_schema(&[Link::meta()]).await.unwrap();
    database
        .context()
        .run(async {
            let links = repo::<Link>();
            links.insert_many((1..=600).map(|id| Link { id, closed: false, saves: 0 })).await.unwrap();
            let closed =
                links.update_many(|l| l.closed.eq(false), |l| (l.closed.set(true), l.saves.set(1))).await.unwrap();
            assert_eq!(closed, 300, "each other one was closed by the one before it");
            assert_eq!(Link::query().filter(|l| l.saves.eq(9) & l.closed.eq(true)).count().await.unwrap(), 300);
            assert_eq!(
                links.delete_many(|_| all()).await.unwrap(),
                300,
                "each other one was deleted by the one before it"
            );
            assert_eq!(links.count().await.unwrap(), 0);
        })
        .await;
}
