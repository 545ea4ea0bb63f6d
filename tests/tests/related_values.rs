//! Values of related rows: compared, sorted by, and declared as fields; guarded as what they are computed of.

use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities_related_values::{Bill, Buyer, Kind, Line, Room, Seat, Stamp, Stamped, all};
use tests::{World, admin, ann, promises};

async fn served(way: tests::Way) -> World {
    World::with(way, all()).await
}

/// Four bills: 1 and 2 of ann, 3 of somebody hidden, 4 of nobody and without lines.
async fn shop(world: &World) {
    world
        .backend()
        .run(async {
            for (id, name, hidden, kind) in [("ann", "Zoe", false, Kind::Huge), ("x", "Abe", true, Kind::Small)] {
                let buyer = Buyer { id: id.into(), name: name.into(), hidden, kind, debt: 3, ..Buyer::blank() };
                repo::<Buyer>().insert(buyer).await?;
            }
            for (id, buyer) in [(1, Some("ann")), (2, Some("ann")), (3, Some("x")), (4, None)] {
                let bill = Bill { id, buyer_id: buyer.map(str::to_owned), clerk: Some("x".into()), ..Bill::blank() };
                repo::<Bill>().insert(bill).await?;
            }
            for (bill_id, product, price, quantity, kind, secret) in [
                (1, "t_a", 150, 2, Kind::Small, false),
                (1, "pot", 1000, 1, Kind::Large, false),
                (1, "txb", 900, 1, Kind::Large, false),
                (2, "t_c", 200, 3, Kind::Small, false),
                (3, "cup", 1200, 5, Kind::Huge, false),
                (2, "gift", 9999, 1, Kind::Huge, true),
            ] {
                let line = Line {
                    bill_id,
                    product: product.into(),
                    price: Decimal::new(price, 2),
                    quantity,
                    kind,
                    cost: Decimal::new(price / 2, 2),
                    secret,
                    ..Line::blank()
                };
                repo::<Line>().insert(line).await?;
            }
            for (id, worth) in [("paid", 1), ("sent", 10)] {
                repo::<Stamp>().insert(Stamp { id: id.into(), worth }).await?;
            }
            for (bill_id, stamp, private) in [(1, "paid", false), (1, "sent", true), (2, "paid", false)] {
                let stamped = Stamped { bill_id, stamp_id: stamp.into(), private, ..Stamped::blank() };
                repo::<Stamped>().insert(stamped).await?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

async fn ids(query: isoform::Query<Bill>) -> Vec<i64> {
    query.await.unwrap().iter().map(|bill| bill.id).collect()
}

fn money(text: &str) -> Decimal {
    text.parse().unwrap()
}

promises! {
    in served;

    async fn counts_and_sums_of_related_rows_are_compared(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let found = async |filter: Filter<Bill>| ids(Bill::query().matching(filter).order_by(|b| b.id.asc())).await;
            assert_eq!(found(Bill::filter(|b| b.lines.count().gt(1))).await, [1, 2]);
            assert_eq!(found(Bill::filter(|b| b.lines.count().eq(0))).await, [4]);
            assert_eq!(found(Bill::filter(|b| b.lines.count().ne(2))).await, [1, 3, 4]);
            assert_eq!(found(Bill::filter(|b| b.lines.count().in_([0, 3]))).await, [1, 4]);
            assert_eq!(found(Bill::filter(|b| !b.lines.count().in_([0, 3]))).await, [2, 3]);
            assert_eq!(found(Bill::filter(|b| b.lines.sum(|l| l.quantity).gte(5))).await, [3]);
            assert_eq!(found(Bill::filter(|b| b.lines.sum(|l| l.amount).lt(money("23")))).await, [1]);
            assert_eq!(found(Bill::filter(|b| b.lines.sum(|l| l.amount).is_null())).await, [4], "a sum of nothing is null");
            assert_eq!(found(Bill::filter(|b| !b.lines.sum(|l| l.amount).is_null())).await, [1, 2, 3]);
            assert_eq!(found(Bill::filter(|b| b.lines.avg(|l| l.quantity).eq(5.0))).await, [3]);
            assert_eq!(found(Bill::filter(|b| b.lines.min(|l| l.product).lt("d"))).await, [3]);
            assert_eq!(found(Bill::filter(|b| b.lines.max(|l| l.kind).gte(Kind::Large))).await, [1, 2, 3]);
            assert_eq!(found(Bill::filter(|b| b.lines.max(|l| l.kind).lt(Kind::Huge))).await, [1], "in the order of the declaration");
            assert_eq!(found(Bill::filter(|b| b.lines.count_distinct(|l| l.kind).eq(2))).await, [1, 2]);
            let of_tea = Bill::filter(|b| b.lines.filter(|l| l.product.starts_with("t_")).count().eq(1) & b.lines.count().gte(3));
            assert_eq!(found(of_tea).await, [1]);
            let both = Bill::filter(|b| b.lines.filter(|l| l.quantity.gt(1)).filter(|l| l.price.lt(money("2"))).sum(|l| l.quantity).eq(2));
            assert_eq!(found(both).await, [1]);
            let in_all = Bill::filter(|b| b.buyer.bills.count().eq(2) | b.buyer.bills.filter(|b| b.id.gt(2)).count().in_([1]));
            assert_eq!(found(in_all).await, [1, 2, 3], "over a relation to one");
            let nested = Buyer::query().filter(|b| b.bills.filter(|b| b.lines.count().gte(2)).count().eq(2)).await.unwrap();
            assert_eq!(nested.iter().map(|b| &*b.id).collect::<Vec<_>>(), ["ann"]);
            assert_eq!(found(Bill::filter(|b| b.stamps.count().eq(2))).await, [1], "many to many");
            assert_eq!(found(Bill::filter(|b| b.stamps.sum(|s| s.worth).gte(11))).await, [1]);
            assert_eq!(found(Bill::filter(|b| b.gifts.count().eq(1))).await, [2], "the relation's own filter holds");
            assert_eq!(Bill::query().filter(|b| b.lines.count().gt(1)).count().await.unwrap(), 2);
            let total = Bill::query().filter(|b| b.lines.count().gt(1)).aggregate(|b| b.id.sum()).await.unwrap();
            assert_eq!(total, Some(3));
        }).await;
    }

    async fn rows_are_sorted_by_values_of_related_rows(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            assert_eq!(ids(Bill::query().order_by(|b| b.lines.count().desc())).await, [1, 2, 3, 4]);
            assert_eq!(ids(Bill::query().order_by(|b| b.lines.sum(|l| l.amount).asc())).await, [1, 3, 2, 4], "null comes last");
            assert_eq!(ids(Bill::query().order_by(|b| b.lines.sum(|l| l.amount).desc())).await, [4, 2, 3, 1]);
            assert_eq!(ids(Bill::query().order_by(|b| b.lines.max(|l| l.kind).asc())).await, [1, 2, 3, 4]);
            let of_tea = Bill::query().order_by(|b| (b.lines.filter(|l| l.product.starts_with("t_")).sum(|l| l.quantity).asc(), b.id.desc()));
            assert_eq!(ids(of_tea).await, [1, 2, 4, 3]);
            assert_eq!(ids(Bill::query().order_by(|b| (b.buyer.name.asc(), b.id.desc()))).await, [3, 2, 1, 4]);
            assert_eq!(ids(Bill::query().order_by(|b| (b.buyer.kind.desc(), b.id.asc()))).await, [4, 1, 2, 3], "in the order of the declaration");
            assert_eq!(ids(Bill::query().order_by(|b| b.buyer.bills.count().asc())).await, [3, 1, 2, 4]);
            let page = Bill::query().order_by(|b| (b.buyer.name.asc(), b.id.desc())).limit(2).page(2);
            assert_eq!(ids(page).await, [1, 4]);
            let last = Bill::query().order_by(|b| b.lines.count().desc()).last().await.unwrap();
            assert_eq!(last.map(|b| b.id), Some(4));
            let lines = Line::query().filter(|l| l.bill_id.lt(4)).order_by(|l| (l.bill.buyer.name.desc(), l.price.asc())).await.unwrap();
            assert_eq!(lines.iter().map(|l| &*l.product).collect::<Vec<_>>(), ["t_a", "t_c", "txb", "pot", "gift", "cup"]);
            let buyers = Buyer::query()
                .order_by(|b| b.bills.count().desc())
                .include_with(|b| b.bills, |b| b.order_by(|b| b.lines.filter(|l| l.kind.eq(Kind::Large)).count().asc()).limit(2))
                .await
                .unwrap();
            let bills: Vec<Vec<_>> = buyers.iter().map(|b| b.bills.iter().map(|b| b.id).collect()).collect();
            assert_eq!(bills, [vec![2, 1], vec![3]], "for each row by itself");
            let (rows, (counted,)) = Bill::query()
                .order_by(|b| b.lines.filter(|l| l.kind.eq(Kind::Huge)).count().desc())
                .limit(1)
                .with_aggregates(|_| (count(),))
                .await
                .unwrap();
            assert_eq!((rows[0].id, counted), (3, 4));
        }).await;
    }

    async fn pages_by_a_cursor_are_of_fields_and_say_so(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let refused = Bill::query().order_by(|b| b.buyer.name.asc()).limit(2).paginate().await.unwrap_err();
            assert!(refused.is_invalid() && refused.message().contains("declare"), "{refused:?}");
            let refused = Bill::query().order_by(|b| b.lines.count().asc()).stream().try_next().await.unwrap_err();
            assert!(refused.is_invalid() && refused.message().contains("declare"), "{refused:?}");
            let page = Bill::query().order_by(|b| (b.buyer_name.asc(), b.total.desc())).limit(3).paginate().await.unwrap();
            assert_eq!(page.items.iter().map(|b| b.id).collect::<Vec<_>>(), [3, 2, 1], "declared fields make a cursor");
            let next = page.next().await.unwrap().unwrap();
            assert_eq!(next.items.iter().map(|b| b.id).collect::<Vec<_>>(), [4]);
            let mut stream = Bill::query().order_by(|b| b.largest.desc()).stream();
            let mut ids = Vec::new();
            while let Some(bill) = stream.try_next().await.unwrap() {
                ids.push(bill.id);
            }
            assert_eq!(ids, [4, 3, 2, 1]);
        }).await;
    }

    async fn a_declared_value_is_read_as_any_field(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let bills = Bill::query().order_by(|b| b.total.desc()).await.unwrap();
            let seen: Vec<_> = bills.iter().map(|b| (b.id, b.total, b.size, b.dearest_tea, b.largest)).collect();
            assert_eq!(seen, [
                (2, money("105.99"), 2, None, Some(Kind::Huge)),
                (3, money("60"), 1, None, Some(Kind::Huge)),
                (1, money("22"), 3, Some(money("1.5")), Some(Kind::Large)),
                (4, money("0"), 0, None, None),
            ]);
            let names: Vec<_> = bills.iter().map(|b| b.buyer_name.as_deref()).collect();
            assert_eq!(names, [Some("Zoe"), Some("Abe"), Some("Zoe"), None]);
            let one = repo::<Bill>().find_id(1).await.unwrap();
            assert_eq!((one.total, one.size), (money("22"), 3));
            let ids = ids(Bill::query().filter(|b| b.total.gt(money("20")) & b.size.in_([1, 3]) & b.largest.gte(Kind::Large)).order_by(|b| b.id.asc())).await;
            assert_eq!(ids, [1, 3]);
            let few = Bill::query().order_by(|b| b.buyer_name.desc()).select(|b| (b.id, b.total)).await.unwrap();
            assert_eq!(few[0], (4, money("0")));
            assert_eq!(Bill::query().aggregate(|b| b.total.sum()).await.unwrap(), Some(money("187.99")));
            assert_eq!(Bill::by_size().await.unwrap().len(), 4);
            let groups = Bill::query().group_by(|b| b.largest, |b| (b.size.sum(), count())).order_by(|b| b.largest.desc()).await.unwrap();
            assert_eq!(groups, [(None, (Some(0), 1)), (Some(Kind::Huge), (Some(3), 2)), (Some(Kind::Large), (Some(3), 1))]);
            let buyers = Buyer::query().include(|b| b.bills).order_by(|b| b.spent.desc()).await.unwrap();
            assert_eq!(buyers.iter().map(|b| b.spent).collect::<Vec<_>>(), [money("127.99"), money("60")], "a sum of sums");
            assert_eq!(buyers[0].bills.iter().map(|b| b.total).collect::<Vec<_>>(), [money("22"), money("105.99")]);
            let across = Line::query().filter(|l| l.bill.size.eq(3)).count().await.unwrap();
            assert_eq!(across, 3);
        }).await;
    }

    async fn a_declared_value_is_never_written(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let mut bill = repo::<Bill>().insert(Bill { id: 9, total: money("5"), size: 7, ..Bill::blank() }).await.unwrap();
            assert_eq!((bill.total, bill.size), (money("0"), 0), "what is sent along is passed over");
            bill.buyer_id = Some("ann".into());
            bill.total = money("8");
            bill.save().await.unwrap();
            assert_eq!((bill.total, bill.buyer_name.as_deref()), (money("0"), Some("Zoe")), "read back");
            let many = repo::<Bill>().insert_many([Bill { id: 10, ..Bill::blank() }, Bill { id: 11, ..Bill::blank() }]).await.unwrap();
            assert_eq!(many.iter().map(|b| b.size).collect::<Vec<_>>(), [0, 0]);
            let changed = repo::<Bill>().update_many(|b| b.size.eq(0), |b| b.clerk.set(Some("y".to_owned()))).await.unwrap();
            assert_eq!(changed, 4);
            assert_eq!(repo::<Bill>().delete_many(|b| b.lines.count().eq(0)).await.unwrap(), 4);
        }).await;
    }

    async fn what_is_hidden_is_neither_counted_nor_told(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let found = async |filter: Filter<Bill>| {
                Bill::query().matching(filter).order_by(|b| b.id.asc()).await.map(|all| all.iter().map(|b| b.id).collect::<Vec<_>>())
            };
            assert_eq!(found(Bill::filter(|b| b.lines.count().eq(2))).await.unwrap(), [] as [i64; 0], "a gift is not seen");
            assert_eq!(found(Bill::filter(|b| b.lines.sum(|l| l.amount).gte(money("50")))).await.unwrap(), [3]);
            assert_eq!(found(Bill::filter(|b| b.gifts.count().eq(0))).await.unwrap(), [1, 2, 3, 4]);
            assert_eq!(found(Bill::filter(|b| b.stamps.count().eq(1))).await.unwrap(), [1, 2], "nor a row in between");
            assert_eq!(ids(Bill::query().order_by(|b| b.lines.sum(|l| l.amount).desc())).await, [4, 3, 1, 2]);
            assert_eq!(ids(Bill::query().order_by(|b| (b.buyer.name.asc(), b.id.asc()))).await, [1, 2, 3, 4], "as if there was none");
            let unknown = |result: Result<Vec<i64>>, name: &str| {
                let error = result.unwrap_err();
                assert!(error.is_invalid() && error.message().contains(&format!("\"{name}\" is not a field")), "{error:?}");
            };
            unknown(found(Bill::filter(|b| b.lines.sum(|l| l.cost).gt(money("1")))).await, "cost");
            unknown(found(Bill::filter(|b| b.lines.filter(|l| l.secret.eq(true)).count().gt(0))).await, "secret");
            unknown(found(Bill::filter(|b| b.dearest_tea.gt(money("1")))).await, "dearestTea");
            unknown(found(Bill::filter(|b| b.buyer.written.count().gt(0))).await, "written");
            let sorted = async |query: isoform::Query<Bill>| query.await.map(|all| all.iter().map(|b| b.id).collect::<Vec<_>>());
            unknown(sorted(Bill::query().order_by(|b| b.buyer.debt.asc())).await, "debt");
            unknown(sorted(Bill::query().order_by(|b| b.lines.max(|l| l.cost).asc())).await, "cost");
            unknown(sorted(Bill::query().order_by(|b| b.lines.filter(|l| l.secret.eq(true)).count().asc())).await, "secret");
            let included = Buyer::query().include_with(|b| b.bills, |b| b.order_by(|b| b.lines.max(|l| l.cost).asc())).await;
            assert!(included.unwrap_err().message().contains("\"cost\" is not a field"));
            let bills = Bill::query().order_by(|b| b.id.asc()).await.unwrap();
            assert_eq!(bills[1].total, money("105.99"), "a declared value is the author's, and the same for everybody");
            assert_eq!(bills[0].dearest_tea, None, "hidden by its own rule");
        }).await;
        let nobody = world.nobody();
        let refused = nobody.run(async { Bill::query().order_by(|b| b.lines.count().asc()).await.unwrap_err() }).await;
        assert!(refused.is_unauthenticated());
    }

    async fn a_value_is_of_a_bearable_size(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let deep = |filter: Filter<Bill>| async move { Bill::query().matching(filter).await.map(drop) };
            deep(Bill::filter(|b| b.buyer.bills.filter(|b| b.buyer.bills.count().gt(0)).count().gt(0))).await.unwrap();
            let error = deep(Bill::filter(|b| b.buyer.bills.filter(|b| b.buyer.bills.filter(|b| b.lines.exists()).count().gt(0)).count().gt(0))).await;
            assert!(error.unwrap_err().message().contains("more than"));
            let error = Bill::query().order_by(|b| b.buyer.bills.filter(|b| b.buyer.bills.filter(|b| b.lines.exists()).count().gt(0)).count().asc()).await;
            assert!(error.unwrap_err().message().contains("more than"));
            let many = |count: usize| (0..count).fold(Line::filter(|l| l.quantity.eq(0)), |all, n| all | Line::filter(|l| l.product.eq(n.to_string())));
            Bill::query().order_by(|b| b.lines.filter(|_| many(199)).count().asc()).await.unwrap();
            let error = Bill::query().order_by(|b| b.lines.filter(|_| many(200)).count().asc()).await;
            assert!(error.unwrap_err().message().contains("201 conditions"), "counted in orders");
            deep(Bill::filter(|b| b.lines.filter(|_| many(198)).count().eq(1))).await.unwrap();
            let error = deep(Bill::filter(|b| b.lines.filter(|_| many(199)).count().eq(1))).await.unwrap_err();
            assert!(error.message().contains("201 conditions"), "and in filters: {error:?}");
            deep(Bill::filter(|b| b.lines.count().in_(0..1000))).await.unwrap();
            assert!(deep(Bill::filter(|b| b.lines.count().in_(0..1001))).await.unwrap_err().message().contains("1001 values"));
        }).await;
    }

    async fn an_api_filter_may_count(world: World) {
        world.nobody().run(async {
            for id in 1..3 {
                repo::<Room>().insert(Room { id, name: "a".into(), ..Room::blank() }).await.unwrap();
            }
            let seat = |id, room_id, weight| Seat { id, room_id, weight, ..Seat::blank() };
            for (id, weight) in [(1, 3), (2, 4)] {
                repo::<Seat>().insert(seat(id, 1, weight)).await.unwrap();
            }
            let refused = repo::<Seat>().insert(seat(3, 1, 5)).await.unwrap_err();
            assert!(refused.is_unauthenticated(), "too heavy, asked once it was written: {refused:?}");
            assert_eq!(Seat::query().count().await.unwrap(), 2, "and undone");
            repo::<Seat>().insert(seat(3, 1, 2)).await.unwrap();
            assert_eq!(Room::query().await.unwrap().len(), 1, "the room is full");
            assert!(repo::<Room>().find_id(1).await.unwrap_err().is_not_found());
            let many = repo::<Seat>().insert_many([seat(4, 2, 9), seat(5, 2, 2)]).await.unwrap_err();
            assert!(many.is_unauthenticated(), "together they are too heavy: {many:?}");
            assert_eq!(Seat::query().count().await.unwrap(), 3, "a late filter undoes an insert of many");
            repo::<Seat>().insert_many([seat(4, 2, 8), seat(5, 2, 2)]).await.unwrap();
        }).await;
    }
}

async fn asked(world: &World, uri: &str) -> Vec<i64> {
    let rows = world.get(uri).by(&admin()).send().await.ok(200);
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

async fn posted(world: &World, body: Json) -> Vec<i64> {
    let rows = world.post("/api/bills?__action=get").by(&admin()).json(&body).send().await.ok(200);
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn values_have_names_on_the_wire() {
    let world = World::with(tests::Way::InProcess, all()).await;
    shop(&world).await;
    assert_eq!(asked(&world, "/api/bills?lines.$count.gt=1").await, [1, 2]);
    assert_eq!(asked(&world, "/api/bills?lines.$count=0").await, [4]);
    assert_eq!(asked(&world, "/api/bills?lines.quantity.$sum.gte=5").await, [3]);
    assert_eq!(asked(&world, "/api/bills?lines.quantity.$sum.null=true").await, [4]);
    assert_eq!(asked(&world, "/api/bills?lines.$count.in=[0,3]").await, [1, 4]);
    assert_eq!(asked(&world, "/api/bills?lines.product.$min.startsWith=C").await, [3]);
    assert_eq!(asked(&world, "/api/bills?lines.kind.$max=large").await, [1]);
    assert_eq!(asked(&world, "/api/bills?buyer.bills.$count=2").await, [1, 2]);
    assert_eq!(asked(&world, r#"/api/bills?lines.$count={"where":{"quantity.gt":1},"is":1}"#.replace('"', "%22").replace('{', "%7B").replace('}', "%7D").as_str()).await, [1, 2, 3]);
    assert_eq!(asked(&world, "/api/bills?_sort=lines.amount.$sum&_order=desc").await, [4, 2, 3, 1]);
    assert_eq!(asked(&world, "/api/bills?_sort=buyer.name,id&_order=asc,desc").await, [3, 2, 1, 4]);
    assert_eq!(asked(&world, "/api/bills?_sort=buyer.bills.$count,size&_order=desc,asc").await, [4, 2, 1, 3]);
    assert_eq!(
        posted(&world, json!({"where": {"lines.$count.gte": {"where": {"product.contains": "t"}, "is": 2}}})).await,
        [1, 2]
    );
    assert_eq!(
        posted(&world, json!({"where": {"lines.$count": [1, {"where": {"kind": "huge"}, "is": 1}]}})).await,
        [3]
    );
    assert_eq!(posted(&world, json!({"where": {"NOT": {"lines.$count.in": [1, 2]}}})).await, [1, 4]);
    let sort = json!([{"by": "lines.$count", "where": {"product.startsWith": "t"}, "desc": true}, "id desc"]);
    assert_eq!(posted(&world, json!({"sort": sort})).await, [1, 2, 4, 3]);
    let rows = world.get("/api/bills?_select=id,total,size&_limit=1&_sort=id").by(&admin()).send().await.ok(200);
    assert_eq!(rows, json!([{"id": 1, "total": "22", "size": 3}]));
    let body = json!({"aggregate": {"sum": ["total"]}, "sort": ["lines.$count", "id desc"]});
    let query = world.post("/api/bills?__action=query&_limit=1").by(&admin()).json(&body).send().await.ok(200);
    assert_eq!((&query["items"][0]["id"], &query["aggregates"]["total"]["sum"]), (&json!(4), &json!("187.99")));
}

#[tokio::test]
async fn a_wrong_name_of_a_value_is_explained() {
    let world = World::with(tests::Way::InProcess, all()).await;
    for (query, said) in [
        ("lines.$number=1", "$count"),
        ("lines.price.$total=1", "$sum"),
        ("lines.nothing.$sum=1", "\"nothing\" is not a field"),
        ("lines.cost.$sum=1", "\"cost\" is not a field"),
        ("lines.product.$sum=1", "takes a number"),
        ("lines.$count.above=1", "Unknown operator"),
        ("lines.$count=many", "whole number"),
        ("lines.$count.contains=1", "needs a field of text"),
        ("lines.shouted.$max=A", "computed after"),
        ("_sort=lines.price", "several rows"),
        ("_sort=lines.$count.gt", "no meaning in an order"),
        ("_sort=nothing.name", "\"nothing\" is not a field"),
        ("_sort=buyer.debt", "\"debt\" is not a field"),
        ("_sort=buyer.written.$count", "\"written\" is not a field"),
        ("_sort=lines.shouted.$max", "computed after"),
        ("_sort=buyer.bills.$count&_cursor=", "declare"),
    ] {
        let message = world.get(&format!("/api/bills?{query}")).by(&ann()).send().await.refused_echoing(400, query);
        assert!(message.contains(said), "{query}: {message}");
    }
    for (body, said) in [
        (json!({"where": {"lines.$count": {"of": {}, "is": 1}}}), "\"where\" and \"is\""),
        (json!({"where": {"lines.$count": {"where": {"quantity": 1}}}}), "\"is\""),
        (json!({"where": {"lines.$count": {"where": {"cost": 1}, "is": 1}}}), "\"cost\" is not a field"),
        (json!({"sort": "id"}), "must be an array"),
        (json!({"sort": [{"by": "id", "where": {}}]}), "chooses the rows"),
        (json!({"sort": [{"where": {}}]}), "\"by\" says"),
        (json!({"sort": [{"by": "lines.$count", "down": true}]}), "none of by"),
    ] {
        let answer = world.post("/api/bills?__action=get").by(&ann()).json(&body).send().await;
        let message = answer.refused_echoing(400, "down");
        assert!(message.contains(said), "{body}: {message}");
    }
    let counted = world.post("/api/bills?__action=count").by(&ann()).json(&json!({"sort": []})).send().await;
    assert!(counted.refused(400).contains("\"sort\" has no meaning"));
    let deep = format!("/api/lines?_sort={}name", "bill.buyer.bills.".repeat(3));
    world.get(&deep).by(&ann()).send().await.refused_echoing(400, &deep);
}
