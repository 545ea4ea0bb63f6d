//! Custom filters: named functions with arguments, which the server makes filters of, wherever they are asked by.

use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::json;
use tests::entities_filters::{Bound, Drop, Invoice, Payer, Span, all};
use tests::{Way, World, admin, ann, bob, promises};

async fn filled(way: Way) -> World {
    let world = World::limited(way, all(), Limits::default()).await;
    world
        .backend()
        .run(async {
            for (id, known) in [("ann", true), ("bob", false)] {
                repo::<Payer>().insert(Payer { id: id.into(), known, ..Payer::blank() }).await.unwrap();
            }
            for (id, payer, year) in [(1, "ann", 2023), (2, "bob", 2024), (3, "ann", 2024), (4, "ann", 2024)] {
                let issued = format!("{year}-06-01T00:00:00Z").parse().unwrap();
                let clerk = (id < 3).then(|| "ann".to_owned());
                let one = Invoice { id, payer_id: payer.into(), issued, clerk, hidden: id == 4, ..Invoice::blank() };
                repo::<Invoice>().insert(one).await.unwrap();
                repo::<Bound>().insert(Bound { id: id * 50, invoice_id: id, ..Bound::blank() }).await.unwrap();
            }
        })
        .await;
    world
}

async fn ids(filter: Filter<Invoice>) -> Vec<i64> {
    Invoice::query().matching(filter).await.unwrap().iter().map(|one| one.id).collect()
}

promises! {
    in filled;

    async fn a_call_with_arguments_of_any_number_is_answered_by_the_server(world: World) {
        world.for_(&bob()).run(async {
            assert_eq!(ids(Invoice::by_year(2024)).await, [2, 3], "and `api_filter` holds beside it");
            assert_eq!(ids(Invoice::between(2, None)).await, [2, 3]);
            assert_eq!(ids(Invoice::between(1, Some(2))).await, [1, 2]);
            assert_eq!(ids(Invoice::numbered(vec![3, 1, 4])).await, [1, 3]);
            assert_eq!(ids(Invoice::numbered(vec![])).await, [0; 0]);
            assert_eq!(ids(Invoice::within(Span { from: 2, to: 9 })).await, [2, 3], "one filter may answer another");
            assert_eq!(ids(Invoice::of_known()).await, [1, 3], "it may ask for other rows");
            assert_eq!(ids(Invoice::every()).await, [1, 2, 3]);
        }).await;
        assert_eq!(world.backend().run(ids(Invoice::by_year(2024))).await, [2, 3, 4], "trusted code asks by it too");
    }

    async fn it_is_asked_for_whoever_asks_and_may_use_what_they_do_not_see(world: World) {
        assert_eq!(world.for_(&ann()).run(ids(Invoice::own())).await, [1, 2]);
        assert_eq!(world.for_(&bob()).run(ids(Invoice::own())).await, [0; 0]);
        world.nobody().run(async {
            assert!(Invoice::query().matching(Invoice::own()).await.unwrap_err().is_unauthenticated());
            assert!(Invoice::query().filter(|i| i.clerk.eq("ann")).await.unwrap_err().is_invalid());
        }).await;
    }

    async fn it_combines_with_others_and_stands_inside_or_and_not(world: World) {
        world.for_(&ann()).run(async {
            let paid = || Invoice::filter(|i| i.paid.eq(true));
            assert_eq!(ids(Invoice::by_year(2024) & Invoice::own() & !paid()).await, [2]);
            assert_eq!(ids(!Invoice::by_year(2024)).await, [1]);
            assert_eq!(ids(Invoice::by_year(2023) | Invoice::filter(|i| i.id.eq(3))).await, [1, 3]);
            assert_eq!(ids(!(Invoice::by_year(2023) | paid())).await, [2, 3]);
            assert_eq!(ids(Invoice::between(1, None) & Invoice::between(0, Some(2))).await, [1, 2], "two calls of one");
            assert_eq!(ids(Invoice::numbered(vec![1, 2]) & Invoice::numbered(vec![2, 3])).await, [2]);
            assert_eq!(ids(Invoice::numbered(vec![1]) | Invoice::numbered(vec![3])).await, [1, 3]);
        }).await;
    }

    async fn it_is_asked_of_related_rows(world: World) {
        world.for_(&ann()).run(async {
            let payers = async |query: Query<Payer>| query.await.unwrap().iter().map(|one| one.id.clone()).collect::<Vec<_>>();
            assert_eq!(payers(Payer::query().filter(|p| p.invoices.any(|_| Invoice::by_year(2023)))).await, ["ann"]);
            assert_eq!(payers(Payer::query().filter(|p| p.invoices.none(|_| Invoice::by_year(2023)))).await, ["bob"]);
            assert_eq!(payers(Payer::query().filter(|p| p.invoices.any(|_| Invoice::numbered(vec![4])))).await, [""; 0], "hidden ones stay hidden");
            assert_eq!(payers(Payer::query().filter(|p| p.invoices.all(|_| Invoice::by_year(2024)))).await, ["bob"]);
            let included = Payer::query().include_with(|p| p.invoices, |i| i.matching(Invoice::by_year(2024))).await.unwrap();
            assert_eq!(included.iter().map(|p| p.invoices.len()).collect::<Vec<_>>(), [1, 1]);
        }).await;
    }

    async fn whatever_takes_a_filter_takes_it(world: World) {
        world.for_(&ann()).run(async {
            let query = || Invoice::query().matching(Invoice::by_year(2024));
            assert_eq!(query().count().await.unwrap(), 2);
            assert_eq!(query().last().await.unwrap().unwrap().id, 3);
            assert_eq!(query().select(|i| (i.id,)).await.unwrap(), [(2,), (3,)]);
            assert_eq!(query().aggregate(|i| i.id.sum()).await.unwrap(), Some(5));
            let page = query().limit(1).paginate().await.unwrap();
            assert_eq!(page.next().await.unwrap().unwrap().items[0].id, 3);
            let mut stream = query().stream();
            assert_eq!(stream.try_next().await.unwrap().unwrap().id, 2);
            assert_eq!(repo::<Invoice>().update_many(|_| Invoice::by_year(2024), |i| i.paid.set(true)).await.unwrap(), 2);
            assert_eq!(repo::<Invoice>().delete_many(|_| Invoice::own() & Invoice::by_year(2024)).await.unwrap(), 1);
        }).await;
        let left = world.backend().run(Invoice::query().order_by(|i| i.id.asc()).all()).await.unwrap();
        assert_eq!(left.iter().map(|i| (i.id, i.paid)).collect::<Vec<_>>(), [(1, false), (3, true), (4, false)]);
    }

    async fn what_it_refuses_is_told_and_one_without_an_end_ends(world: World) {
        world.for_(&ann()).run(async {
            let error = Invoice::query().matching(Invoice::refused("why not".into())).await.unwrap_err();
            assert!(error.is_forbidden() && error.message() == "refused: why not", "{error:?}");
            assert!(Invoice::query().matching(Invoice::endless()).await.unwrap_err().is_internal());
            let two_hundred = (0..200).fold(Filter::nothing(), |any, _| any | Invoice::by_year(2024));
            assert_eq!(Invoice::query().matching(two_hundred.clone()).count().await.unwrap(), 2);
            let error = Invoice::query().matching(two_hundred | Invoice::own()).count().await.unwrap_err();
            assert!(error.message().contains("200 are allowed"), "{error:?}");
        }).await;
    }

    async fn who_does_not_see_the_rows_does_not_ask_by_it(world: World) {
        world.backend().run(async { repo::<Drop>().insert(Drop { id: 1, text: "secret".into(), seen: false }).await.unwrap() }).await;
        let set = || repo::<Drop>().update_many(|_| Drop::about("secret".into()), |d| d.seen.set(true));
        let error = world.for_(&bob()).run(async { set().await.unwrap_err() }).await;
        assert!(error.is_forbidden(), "{error:?}");
        assert_eq!(world.for_(&admin()).run(async { set().await.unwrap() }).await, 1);
    }

    async fn an_api_filter_may_be_one(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(Bound::query().count().await.unwrap(), 1);
            assert!(repo::<Bound>().find_id(150).await.unwrap_err().is_not_found());
            assert!(repo::<Bound>().insert(Bound { id: 100, ..Bound::blank() }).await.unwrap_err().is_forbidden());
            repo::<Bound>().insert(Bound { id: 99, invoice_id: 3, ..Bound::blank() }).await.unwrap();
            assert_eq!(repo::<Bound>().update_many(|_| isoform::all(), |b| b.invoice_id.set(1)).await.unwrap(), 2);
            assert_eq!(Bound::query().filter(|b| b.invoice.payer_id.eq("ann")).count().await.unwrap(), 2);
        }).await;
    }
}

#[tokio::test]
async fn on_the_wire_it_is_a_name_with_arguments() {
    let world = filled(Way::InProcess).await;
    let post = async |filter: serde_json::Value| {
        let asked = world.post("/api/invoices?__action=get").by(&ann()).json(&json!({ "where": filter }));
        let rows = asked.send().await.ok(200);
        rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(post(json!({"$custom$byYear": 2024})).await, [2, 3]);
    assert_eq!(post(json!({"$custom$byYear": {"year": 2024}})).await, [2, 3], "by the argument's name");
    assert_eq!(post(json!({"$custom$byYear": [2024, 2023]})).await, [0; 0], "an array is several calls");
    assert_eq!(post(json!({"$custom$numbered": {"$an array": [1, 3]}})).await, [1, 3]);
    assert_eq!(post(json!({"$custom$numbered": [{"$an array": [1, 3]}, {"$an array": [3]}]})).await, [3]);
    assert_eq!(post(json!({"$custom$between": {"from": 2, "upTo": 2}})).await, [2]);
    assert_eq!(post(json!({"$custom$between": {"from": 2}})).await, [2, 3]);
    assert_eq!(post(json!({"$custom$between": {"$an array": [1, 1]}})).await, [1]);
    assert_eq!(post(json!({"$custom$within": {"from": 2, "to": 2}})).await, [2]);
    assert_eq!(post(json!({"$custom$within": {"span": {"from": 2, "to": 2}}})).await, [2]);
    assert_eq!(post(json!({"$custom$own": {}, "OR": [{"id": 2}, {"$custom$byYear": 2023}]})).await, [1, 2]);
    assert_eq!(post(json!({"NOT": {"$custom$own": {}}})).await, [] as [i64; 0], "the clerk of the others is null");
    assert_eq!(post(json!({"payer.invoices.any": {"$custom$byYear": 2023}})).await, [1, 3]);
    let get = async |query: &str| world.get(&format!("/api/invoices?{query}")).by(&ann()).send().await;
    assert_eq!(get("$custom$byYear=2023&__action=count").await.ok(200), json!({"count": 1}));
    assert_eq!(
        get("%24custom%24numbered=%7B%22%24an%20array%22%3A%5B1%2C3%5D%7D&__action=count").await.ok(200),
        json!({"count": 2})
    );
    let bounds = world.get("/api/bounds?invoice.$custom$byYear=2023&__action=count").send().await.ok(200);
    assert_eq!(bounds, json!({"count": 1}));
}

#[tokio::test]
async fn wrong_names_and_arguments_are_refused_with_both() {
    let world = filled(Way::InProcess).await;
    let refused = async |filter: serde_json::Value| {
        let asked = world.post("/api/invoices?__action=get").by(&ann()).json(&json!({ "where": filter }));
        asked.send().await.refused(400)
    };
    assert_eq!(refused(json!({"$custom$byMonth": 1})).await, "\"$custom$byMonth\" is not a filter of invoices.");
    assert_eq!(refused(json!({"$custom$": 1})).await, "\"$custom$\" is not a filter of invoices.");
    let told = refused(json!({"$custom$byYear": "soon"})).await;
    assert!(
        told.starts_with("The filter \"$custom$byYear\" takes {\"year\": …}. Argument 1 (year) does not fit"),
        "{told}"
    );
    let told = refused(json!({"$custom$byYear": {"month": 1}})).await;
    assert!(told.starts_with("The filter \"$custom$byYear\" takes {\"year\": …}."), "{told}");
    let told = refused(json!({"$custom$between": {"upTo": 1}})).await;
    assert!(told.contains("takes {\"from\": …, \"upTo\": …}. Argument 1 (from)"), "{told}");
    for wrong in [json!({"from": 1, "to": 2}), json!(1), json!({"$an array": [1, 2, 3]}), json!(null)] {
        let told = refused(json!({"$custom$between": wrong})).await;
        assert_eq!(told, "The filter \"$custom$between\" takes {\"from\": …, \"upTo\": …}.");
    }
    assert_eq!(refused(json!({"$custom$own": 1})).await, "The filter \"$custom$own\" takes no arguments: {}.");
    assert_eq!(refused(json!({"$sql": "1 = 1"})).await, "\"$sql\" is not a field of invoices.");
    let told = world.get("/api/invoices?$custom$byYear=soon").send().await.refused(400);
    assert_eq!(told, "The filter \"$custom$byYear\" must be JSON: a text or a date stands in double quotes, %22.");
    let endless = world.get("/api/invoices?$custom$endless={}").by(&admin()).send().await;
    assert!(endless.refused(500).contains("in the log"), "{endless:?}");
}
