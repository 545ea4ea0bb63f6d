//! What the server adds to filters, or makes of them: for the API, and for trusted code too.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_filters::{Delivery, Parcel, Payer, Sealed, Swapped, all as entities};
use tests::{Way, World, admin, ann, bob, promises};

async fn filled(way: Way) -> World {
    let world = World::with(way, entities()).await;
    world
        .backend()
        .run(async {
            for id in ["ann", "bob"] {
                repo::<Payer>().insert(Payer { id: id.into(), ..Payer::blank() }).await.unwrap();
            }
            for (id, payer, archived, lost) in
                [(1, "ann", false, false), (2, "ann", true, false), (3, "ann", false, true), (4, "bob", false, false)]
            {
                let one = Delivery { id, payer_id: payer.into(), archived, lost, ..Delivery::blank() };
                repo::<Delivery>().insert(one).await.unwrap();
            }
            for (id, weight) in [(1, 1), (2, 50)] {
                repo::<Parcel>()
                    .insert(Parcel { id, payer_id: "ann".into(), weight, ..Parcel::blank() })
                    .await
                    .unwrap();
            }
            for (id, answers) in [(1, None), (2, Some(1))] {
                let one = Sealed { id, text: format!("letter {id}"), answers, ..Sealed::blank() };
                repo::<Sealed>().insert(one).await.unwrap();
            }
        })
        .await;
    world
}

async fn ids(query: Query<Delivery>) -> Vec<i64> {
    query.await.unwrap().iter().map(|one| one.id).collect()
}

fn refused<T: std::fmt::Debug>(result: Result<T>) {
    let error = result.unwrap_err();
    assert!(error.is_forbidden() && error.code() == Some("whose"), "{error:?}");
}

promises! {
    in filled;

    async fn a_rule_demands_what_a_filter_is_to_pin(world: World) {
        let query = || Delivery::query();
        world.for_(&ann()).run(async {
            refused(query().await);
            refused(query().count().await);
            refused(query().filter(|d| d.payer_id.ne("ann")).await);
            refused(query().filter(|d| d.payer_id.eq("ann") | d.lost.eq(false)).await);
            refused(query().filter(|d| !d.payer_id.eq("ann")).aggregate(|d| d.id.sum()).await);
            refused(query().paginate().await);
            refused(query().last().await);
            refused(query().select(|d| (d.id,)).await);
            refused(repo::<Delivery>().update_many(|_| isoform::all(), |d| d.lost.set(true)).await);
            refused(repo::<Delivery>().delete_many(|d| d.lost.eq(true)).await);
            refused(Payer::query().filter(|p| p.deliveries.any(|_| Delivery::filter(|d| d.lost.eq(false)))).await);
            let error = query().filter(|d| d.payer_id.in_(["ann", "nobody"])).await.unwrap_err();
            assert!(error.is_invalid() && error.message() == "nobody has no deliveries", "{error:?}");
            assert_eq!(ids(query().filter(|d| d.payer_id.eq("ann"))).await, [1], "and narrows what is asked");
            assert_eq!(ids(query().filter(|d| d.payer_id.in_(["ann", "bob"]) & d.id.gt(1))).await, [4]);
            assert_eq!(ids(query().matching(Delivery::of("bob".into()))).await, [4], "what a custom filter pins is pinned");
            assert_eq!(query().filter(|d| d.payer_id.eq("ann")).count().await.unwrap(), 1);
            let pinned = Delivery::filter(|d| d.payer_id.eq("bob"));
            assert_eq!(Payer::query().filter(|p| p.deliveries.any(|_| pinned)).count().await.unwrap(), 1);
        }).await;
        world.for_(&admin()).run(async {
            assert_eq!(ids(query().filter(|d| d.payer_id.eq("ann"))).await, [1, 3], "by who asks");
        }).await;
        world.backend().run(async { assert_eq!(ids(query()).await, [1, 3, 4], "trusted code is not asked") }).await;
    }

    async fn a_row_by_its_id_passes_the_rule_too(world: World) {
        world.for_(&ann()).run(async {
            let mut one = repo::<Delivery>().find_id(1).await.unwrap();
            one.payer_id = "bob".into();
            one.save().await.unwrap();
            // A lost one is not for others, by its id as by a list.
            assert!(repo::<Delivery>().find_id(3).await.unwrap_err().is_not_found());
            assert!(repo::<Delivery>().update(3, |d| d.lost.set(false)).await.unwrap_err().is_not_found());
            assert!(repo::<Delivery>().delete(3).await.unwrap_err().is_not_found());
            let upsert = Upsert::<Delivery>::by(|d| (d.id.set(3), d.payer_id.set("ann"))).set(|d| d.lost.set(false));
            assert!(repo::<Delivery>().upsert_many([upsert]).await.unwrap_err().is_conflict(), "it is there, and not theirs");
            refused(repo::<Delivery>().upsert_many([Upsert::<Delivery>::by(|d| d.lost.set(true))]).await);
            assert_eq!(repo::<Delivery>().update_many(|d| d.payer_id.eq("ann"), |d| d.payer_id.set("bob")).await.unwrap(), 0);
            repo::<Delivery>().delete(1).await.unwrap();
        }).await;
        world.for_(&admin()).run(async { repo::<Delivery>().delete(3).await.unwrap() }).await;
        world.backend().run(async { assert_eq!(ids(Delivery::query()).await, [4]) }).await;
    }

    async fn an_included_entity_has_its_own_rule_with_the_key_pinned(world: World) {
        world.for_(&ann()).run(async {
            let payers = Payer::query().include(|p| p.deliveries).include(|p| p.parcels).await.unwrap();
            let ids = |p: &Record<Payer>| p.deliveries.iter().map(|d| d.id).collect::<Vec<_>>();
            assert_eq!(payers.iter().map(ids).collect::<Vec<_>>(), [vec![1], vec![4]]);
            assert_eq!(payers[0].parcels.iter().map(|p| p.id).collect::<Vec<_>>(), [1]);
            let payers = Payer::query().include_with(|p| p.parcels, |p| p.filter(|p| p.weight.in_([1, 50]))).await.unwrap();
            assert_eq!(payers[0].parcels.len(), 2, "a weight is said");
        }).await;
    }

    async fn a_backend_filter_holds_for_everybody(world: World) {
        world.backend().run(async {
            assert_eq!(ids(Delivery::query()).await, [1, 3, 4]);
            assert!(repo::<Delivery>().find_id(2).await.unwrap_err().is_not_found());
            assert_eq!(Delivery::query().count().await.unwrap(), 3);
            assert_eq!(repo::<Delivery>().update_many(|_| isoform::all(), |d| d.lost.set(false)).await.unwrap(), 3);
            assert_eq!(Payer::query().filter(|p| p.deliveries.any(|_| Delivery::filter(|d| d.id.eq(2)))).count().await.unwrap(), 0);
            let included = Payer::query().include(|p| p.deliveries).await.unwrap();
            assert_eq!(included.iter().map(|p| p.deliveries.len()).collect::<Vec<_>>(), [2, 1]);
            let mut one = repo::<Delivery>().find_id(1).await.unwrap();
            one.archived = true;
            one.save().await.unwrap();
            assert!(one.reload().await.unwrap_err().is_not_found(), "it may be moved out, and is gone then");
            let mut batch = Batch::new();
            batch.repo::<Delivery>().delete(2);
            assert!(batch.run().await.unwrap_err().is_not_found());
        }).await;
        world.for_(&ann()).run(async {
            assert_eq!(Delivery::query().filter(|d| d.payer_id.eq("ann")).count().await.unwrap(), 1);
            assert!(repo::<Delivery>().find_id(2).await.unwrap_err().is_not_found());
            assert!(repo::<Delivery>().delete(2).await.unwrap_err().is_not_found());
            repo::<Delivery>().update(3, |d| d.archived.set(true)).await.unwrap();
            assert!(repo::<Delivery>().find_id(3).await.unwrap_err().is_not_found());
        }).await;
    }

    async fn trusted_code_is_preprocessed_where_the_entity_says_so(world: World) {
        for context in [world.backend(), world.for_(&ann())] {
            context.run(async {
                assert_eq!(Parcel::query().count().await.unwrap(), 1);
                assert_eq!(Parcel::query().filter(|p| p.weight.in_([1, 50])).count().await.unwrap(), 2);
                assert_eq!(Parcel::query().filter(|p| p.weight.gt(20)).count().await.unwrap(), 0);
                assert!(repo::<Parcel>().find_id(2).await.unwrap_err().is_not_found());
                assert_eq!(Payer::query().filter(|p| p.parcels.any(|_| Parcel::filter(|p| p.id.eq(2)))).count().await.unwrap(), 0);
                assert_eq!(repo::<Parcel>().update_many(|_| isoform::all(), |p| p.payer_id.set("bob")).await.unwrap(), 1);
                assert_eq!(repo::<Parcel>().delete_many(|p| p.id.eq(2)).await.unwrap(), 0);
            }).await;
        }
    }

    async fn a_filter_may_be_replaced_but_an_id_stays_an_id(world: World) {
        world.backend().run(async {
            for (id, kind) in [(1, 1), (2, 2), (3, 1)] {
                repo::<Swapped>().insert(Swapped { id, kind }).await.unwrap();
            }
        }).await;
        world.nobody().run(async {
            let ids = |rows: Vec<Record<Swapped>>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
            assert_eq!(ids(Swapped::query().filter(|s| s.kind.eq(2)).await.unwrap()), [1, 3]);
            assert_eq!(ids(Swapped::query().filter(|s| s.id.in_([2, 3])).await.unwrap()), [3]);
            assert_eq!(repo::<Swapped>().find_id(3).await.unwrap().id, 3);
            assert!(repo::<Swapped>().find_id(2).await.unwrap_err().is_not_found());
            assert!(repo::<Swapped>().delete(2).await.unwrap_err().is_not_found());
            assert_eq!(repo::<Swapped>().delete_many(|s| s.id.eq(1)).await.unwrap(), 1);
            repo::<Swapped>().delete(3).await.unwrap();
        }).await;
        assert_eq!(world.backend().run(Swapped::query().count()).await.unwrap(), 1);
    }

    async fn an_id_is_required_of_those_who_have_to_say_it(world: World) {
        fn no_id<T: std::fmt::Debug>(result: Result<T>) {
            let error = result.unwrap_err();
            assert!(error.is_forbidden() && error.message().contains("by their id"), "{error:?}");
        }
        world.for_(&bob()).run(async {
            no_id(Sealed::query().await);
            no_id(Sealed::query().count().await);
            no_id(Sealed::query().filter(|s| s.id.gt(0)).await);
            no_id(Sealed::query().filter(|s| s.id.eq(1) | s.text.contains("letter")).await);
            no_id(Sealed::query().aggregate(|s| s.id.sum()).await);
            no_id(Sealed::query().paginate().await);
            no_id(repo::<Sealed>().update_many(|_| isoform::all(), |s| s.text.set("mine")).await);
            no_id(repo::<Sealed>().delete_many(|s| s.text.contains("letter")).await);
            no_id(repo::<Sealed>().upsert_many([Upsert::<Sealed>::by(|s| s.text.set("letter 1"))]).await);
            no_id(Sealed::query().filter(|s| s.id.eq(2) & s.answered.text.contains("letter")).await);
            no_id(Sealed::query().filter(|s| s.id.eq(1)).include(|s| s.answered_by).await);
            assert_eq!(Sealed::query().filter(|s| s.id.eq(2)).include(|s| s.answered).await.unwrap()[0].answered.get().unwrap().id, 1);
            assert_eq!(Sealed::query().filter(|s| s.id.in_([1, 2]) & s.text.contains("2")).count().await.unwrap(), 1);
            let mut one = repo::<Sealed>().find_id(1).await.unwrap();
            one.text = "changed".into();
            one.save().await.unwrap();
            assert_eq!(repo::<Sealed>().update_many(|s| s.id.eq(1), |s| s.text.set("again")).await.unwrap(), 1);
            repo::<Sealed>().insert(Sealed { id: 3, ..Sealed::blank() }).await.unwrap();
            repo::<Sealed>().delete(3).await.unwrap();
        }).await;
        world.for_(&admin()).run(async { assert_eq!(Sealed::query().count().await.unwrap(), 2) }).await;
        world.backend().run(async { assert_eq!(Sealed::query().count().await.unwrap(), 2) }).await;
    }
}

#[tokio::test]
async fn a_refusal_reaches_the_client_as_it_was_made() {
    let world = filled(Way::InProcess).await;
    let answer = world.get("/api/deliveries").send().await;
    assert_eq!(answer.refused(403), "Say whose deliveries: payerId=…");
    assert_eq!(answer.json()["code"], "whose");
    assert_eq!(world.get("/api/deliveries?payerId=nobody").send().await.refused(400), "nobody has no deliveries");
    assert_eq!(
        world.get("/api/deliveries?payerId=ann&payerId=bob&__action=count").send().await.ok(200),
        json!({"count": 0})
    );
    assert_eq!(
        world.get("/api/deliveries?payerId.in=%5B%22ann%22%5D&__action=count").send().await.ok(200),
        json!({"count": 1})
    );
    assert_eq!(world.get("/api/deliveries/1").send().await.ok(200)["id"], 1);
    world.get("/api/deliveries/3").send().await.refused(404);
    let sealed = world.get("/api/sealed").by(&bob()).send().await.refused(403);
    assert_eq!(sealed, "Sealed letters are asked for by their id: a filter such as id=… is missing.");
    assert_eq!(world.get("/api/sealed?id=1").by(&bob()).send().await.ok(200)[0]["id"], 1);
    assert_eq!(world.get("/api/sealed/1").by(&bob()).send().await.ok(200)["id"], 1);
}
