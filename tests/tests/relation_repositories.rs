//! The repositories of relations: many to many, and what the server adds by itself; and what relations refuse.

use std::sync::atomic::Ordering;

use isoform::prelude::*;
use isoform_server::{Api, Database};
use serde_json::json;
use tests::entities_related_values::{
    Bill, BillRelations as _, Deed, DeedRelations as _, Door, DoorRelations as _, Egg, Hen, Key, Line, Mirror, RUSTED,
    Seal, Stamp, Stamped, all,
};
use tests::{World, admin, ann, bob, promises};

async fn served(way: tests::Way) -> World {
    World::with(way, all()).await
}

/// Two bills and three stamps, none of which is on a bill; and a line that is a gift.
async fn desk(world: &World) {
    world
        .backend()
        .run(async {
            for id in [1, 2] {
                repo::<Bill>().insert(Bill { id, ..Bill::blank() }).await?;
            }
            for (id, worth) in [("paid", 1), ("sent", 10), ("late", 100)] {
                repo::<Stamp>().insert(Stamp { id: id.into(), worth }).await?;
            }
            let line = |product: &str, secret| Line { bill_id: 1, product: product.into(), secret, ..Line::blank() };
            repo::<Line>().insert_many([line("tea", false), line("gift", true)]).await?;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

async fn bill(id: i64) -> Record<Bill> {
    repo::<Bill>().find_id(id).await.unwrap()
}

async fn stamp(id: &str) -> Record<Stamp> {
    repo::<Stamp>().find_id(id).await.unwrap()
}

async fn stamps(bill: &Record<Bill>) -> Vec<String> {
    let stamps = bill.stamps().query().order_by(|s| s.worth.asc()).await.unwrap();
    stamps.iter().map(|s| s.id.clone()).collect()
}

promises! {
    in served;

    async fn rows_are_related_and_no_longer(world: World) {
        desk(&world).await;
        world.for_(&ann()).run(async {
            let (one, two, paid, sent, late) = (bill(1).await, bill(2).await, stamp("paid").await, stamp("sent").await, stamp("late").await);
            one.stamps().add(&paid).await.unwrap();
            one.stamps().add(&paid).await.unwrap();
            assert_eq!(Stamped::query().count().await.unwrap(), 1, "once is enough");
            one.stamps().add(&late).await.unwrap();
            two.stamps().add(&late).await.unwrap();
            assert_eq!(stamps(&one).await, ["paid", "late"]);
            assert_eq!(one.stamps().await.unwrap().len(), 2);
            assert_eq!(one.stamps().count().await.unwrap(), 2);
            let dear = one.stamps().query().filter(|s| s.worth.gt(5)).aggregate(|s| s.worth.sum()).await.unwrap();
            assert_eq!(dear, Some(100));
            let page = one.stamps().query().order_by(|s| s.worth.desc()).limit(1).paginate().await.unwrap();
            assert_eq!(page.next().await.unwrap().unwrap().items[0].id, "paid");
            one.stamps().remove(&paid).await.unwrap();
            one.stamps().remove(&paid).await.unwrap();
            assert_eq!((stamps(&one).await, stamps(&two).await), (vec!["late".to_owned()], vec!["late".to_owned()]));
            let before = Stamped::query().filter(|s| s.bill_id.eq(1)).first().await.unwrap().unwrap().id;
            one.stamps().set([&sent, &late]).await.unwrap();
            assert_eq!((stamps(&one).await, stamps(&two).await.len()), (vec!["sent".to_owned(), "late".to_owned()], 1));
            let kept = Stamped::query().filter(|s| s.bill_id.eq(1) & s.stamp_id.eq("late")).first().await.unwrap().unwrap();
            assert_eq!(kept.id, before, "what stays keeps its row in between");
            one.stamps().set([]).await.unwrap();
            assert_eq!((stamps(&one).await.len(), stamps(&two).await.len()), (0, 1));
            let made = one.stamps().insert(Stamp { id: "new".into(), worth: 7 }).await.unwrap();
            assert_eq!((made.worth, stamps(&one).await), (7, vec!["new".to_owned()]));
            let unsaved = Record::<Stamp>::new();
            assert!(one.stamps().add(&unsaved).await.unwrap_err().message().contains("save the record first"));
            let unsaved = Record::<Bill>::new();
            assert_eq!(unsaved.stamps().await.unwrap().len(), 0);
        }).await;
    }

    async fn the_entity_in_between_says_who_may(world: World) {
        desk(&world).await;
        world.backend().run(async {
            let private = Stamped { bill_id: 1, stamp_id: "late".into(), private: true, ..Stamped::blank() };
            repo::<Stamped>().insert(private).await.unwrap();
        }).await;
        world.for_(&bob()).run(async {
            let one = bill(1).await;
            assert!(one.stamps().add(&stamp("paid").await).await.unwrap_err().is_forbidden());
            let made = one.stamps().insert(Stamp { id: "forged".into(), worth: 7 }).await;
            assert!(made.unwrap_err().is_forbidden());
            assert!(repo::<Stamp>().find_id("forged").await.unwrap_err().is_not_found(), "both or neither");
            assert_eq!(stamps(&one).await, [] as [&str; 0], "a private row in between is not seen");
        }).await;
        world.for_(&ann()).run(async {
            let one = bill(1).await;
            one.stamps().set([&stamp("paid").await]).await.unwrap();
            one.stamps().remove(&stamp("late").await).await.unwrap();
            assert!(bob_is_refused(&world).await);
        }).await;
        world.for_(&admin()).run(async {
            assert_eq!(stamps(&bill(1).await).await, ["paid", "late"], "what is not seen is not removed");
        }).await;
        assert!(world.nobody().run(async { Record::<Bill>::new().stamps().query().count().await }).await.unwrap_err().is_unauthenticated());
    }

    async fn nothing_is_added_by_whoever_may_not_write_the_keys(world: World) {
        desk(&world).await;
        let add = async || {
            let deed = repo::<Deed>().find_id(1).await?;
            deed.seals().add(&stamp("paid").await).await?;
            deed.seals().query().count().await
        };
        world.backend().run(repo::<Deed>().insert(Deed { id: 1, ..Deed::blank() })).await.unwrap();
        let refused = world.for_(&ann()).run(add()).await.unwrap_err();
        assert!(refused.is_forbidden() && refused.message().contains("\"stampId\" of seals"), "{refused:?}");
        assert_eq!(world.backend().run(Seal::query().count()).await.unwrap(), 0);
        assert_eq!(world.for_(&admin()).run(add()).await.unwrap(), 1);
        assert_eq!(world.for_(&ann()).run(add()).await.unwrap(), 1, "it is there");
    }

    async fn the_server_adds_a_relations_own_filter(world: World) {
        desk(&world).await;
        world.for_(&ann()).run(async {
            let one = bill(1).await;
            assert_eq!(one.gifts().await.unwrap().len(), 0, "it asks about a field that the asker may not see, and a row of that kind");
            assert_eq!(one.lines().await.unwrap().len(), 1);
        }).await;
        world.for_(&admin()).run(async {
            let one = bill(1).await;
            let gifts = one.gifts().query().select(|l| (l.id, l.product)).await.unwrap();
            assert_eq!(gifts.iter().map(|(_, product)| product.as_str()).collect::<Vec<_>>(), ["gift"]);
            assert_eq!(one.buyer().await.unwrap(), None);
        }).await;
    }

    async fn what_is_always_included_is_not_where_it_may_not_be_seen(world: World) {
        world.nobody().run(async {
            repo::<Door>().insert(Door { id: 1, ..Door::blank() }).await.unwrap();
            repo::<Key>().insert(Key { id: 1, door_id: 1 }).await.unwrap();
            let door = repo::<Door>().find_id(1).await.unwrap();
            assert!(!door.keys.is_loaded() && !door.others.is_loaded(), "at the other end, and in between");
            assert!(door.keys().await.unwrap_err().is_unauthenticated());
            assert!(door.others().await.unwrap_err().is_unauthenticated());
            assert!(Door::query().include(|d| d.keys).await.unwrap_err().is_unauthenticated());
        }).await;
        let doors = world.backend().run(async { Door::query().await.unwrap() }).await;
        assert_eq!((doors[0].keys.len(), doors[0].others.len()), (1, 1));
    }

    async fn at_most_so_many_relations_are_included(world: World) {
        world.nobody().run(async {
            repo::<Door>().insert(Door { id: 1, next: Some(1), ..Door::blank() }).await.unwrap();
            // Four, each with four, is twenty; each of three of those sixteen with four is thirty-two.
            let four = |q: isoform::Query<Door>| q.include(|d| d.a).include(|d| d.b).include(|d| d.c).include(|d| d.d);
            let full = |q: isoform::Query<Door>| {
                q.include_with(|d| d.a, four).include_with(|d| d.b, four).include_with(|d| d.c, four).include_with(|d| d.d, four)
            };
            let last = move |q: isoform::Query<Door>| {
                q.include_with(|d| d.a, four).include_with(|d| d.b, four).include(|d| d.c).include_with(|d| d.d, four)
            };
            let more = |q| full(q).include_with(|d| d.a, last);
            let doors = more(Door::query()).await.unwrap();
            assert!(doors[0].a.get().unwrap().d.get().unwrap().d.is_loaded());
            let error = more(Door::query()).include_with(|d| d.b, |q| four(q).include_with(|d| d.a, |q| q.include(|d| d.a))).await;
            assert!(error.unwrap_err().message().contains("More than 32"));
        }).await;
    }
}

async fn bob_is_refused(world: &World) -> bool {
    let context = world.for_(&bob());
    let refused = context.run(async { bill(1).await.stamps().remove(&stamp("paid").await).await }).await;
    refused.is_err_and(|error| error.is_forbidden())
}

#[tokio::test]
async fn what_is_related_to_a_row_has_a_name_on_the_wire() {
    let world = World::with(tests::Way::InProcess, all()).await;
    desk(&world).await;
    world.for_(&ann()).run(async { bill(1).await.stamps().add(&stamp("late").await).await.unwrap() }).await;
    let asked = async |key: &str, name: &str, values: serde_json::Value| {
        let body = json!({"where": {"$relatedTo": {name: values}}});
        world.post(&format!("/api/{key}?__action=count")).by(&ann()).json(&body).send().await
    };
    assert_eq!(asked("stamps", "bills.stamps", json!([1])).await.ok(200), json!({"count": 1}));
    assert_eq!(asked("stamps", "bills.stamps", json!([2])).await.ok(200), json!({"count": 0}));
    assert_eq!(asked("lines", "bills.gifts", json!([1])).await.ok(200), json!({"count": 0}));
    assert_eq!(asked("lines", "bills.lines", json!([null])).await.ok(200), json!({"count": 0}));
    for (key, name) in [
        ("stamps", "bills.lines"),
        ("bills", "buyers.written"),
        ("bills", "nothing.bills"),
        ("bills", "bills"),
        ("bills", "buyers.debt"),
    ] {
        let message = asked(key, name, json!([1])).await.refused_echoing(400, name);
        assert_eq!(message, format!("\"{name}\" is not a relation to {key}."));
    }
    for values in [json!([1, 2]), json!([]), json!(1), json!(["x"])] {
        asked("stamps", "bills.stamps", values).await.refused(400);
    }
}

#[tokio::test]
async fn what_is_not_selected_is_not_computed() {
    let world = World::with(tests::Way::InProcess, all()).await;
    world.nobody().run(async { repo::<Door>().insert(Door { id: 13, ..Door::blank() }).await.unwrap() }).await;
    RUSTED.store(true, Ordering::Relaxed);
    for uri in ["_cursor=&", "_include=a&", "_cursor=&_include=a&", ""] {
        let answer = world.get(&format!("/api/doors?{uri}_select=id")).send().await;
        assert!(answer.ok(200).to_string().contains("13"), "{uri}");
        world.get(&format!("/api/doors?{uri}_select=id,creaks")).send().await.refused(400);
    }
}

#[tokio::test]
async fn what_leads_back_to_itself_stops_the_start_up() {
    for (entities, said) in [
        (entities![Mirror], "Mirror: the filter of the relation `behind` to Mirror asks across this relation itself"),
        (entities![Hen, Egg], "the field `generations` of Hen is computed of itself"),
    ] {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        let api = Api::new(database).entities(entities);
        let error = api.ensure_schema().await.unwrap_err();
        assert!(error.message().contains(said), "{error:?}");
        let error = api.into_router().unwrap_err();
        assert!(error.message().contains(said), "{error:?}");
    }
}

#[tokio::test]
async fn what_leads_back_to_itself_is_refused_when_it_is_asked() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    for context in [database.context(), Context::api(&database)] {
        let asked = context.run(async { Mirror::query().filter(|m| m.behind.exists()).await }).await;
        assert!(asked.unwrap_err().is_internal());
    }
}
