//! Relations: included, asked about, written through, and guarded at every level.

use isoform::prelude::*;
use serde_json::json;
use tests::entities_related::{
    Customer, CustomerRelations as _, Drawer, Item, Label, Labelled, Page, PageRelations as _, Place, Purchase,
    PurchaseRelations as _, Sheet, Ticket, all,
};
use tests::{World, admin, ann, promises};

/// Two customers, one of them hidden, with three orders and their items; and an order of nobody's.
async fn shop(world: &World) {
    world
        .backend()
        .run(async {
            for (id, hidden) in [("ann", false), ("secret", true)] {
                let name = format!("Customer {id}");
                repo::<Customer>()
                    .insert(Customer { id: id.into(), name, hidden, credit: 7, ..Customer::blank() })
                    .await?;
            }
            let orders = [(1, Some("ann")), (2, Some("ann")), (3, Some("secret")), (4, None)];
            for (id, customer) in orders {
                let customer_id = customer.map(str::to_owned);
                let purchase = Purchase { id, customer_id, note: format!("order {id}"), ..Purchase::blank() };
                let purchase = repo::<Purchase>().insert(purchase).await?;
                for (product, price) in
                    [("tea", 5), ("pot", 120), ("cup", 12)].into_iter().take(4 - usize::try_from(id).unwrap())
                {
                    purchase.items().insert(Item { product: product.into(), price, ..Item::blank() }).await?;
                }
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

fn products<'a>(items: impl IntoIterator<Item = &'a Record<Item>>) -> Vec<&'a str> {
    items.into_iter().map(|item| item.product.as_str()).collect()
}

async fn served(way: tests::Way) -> World {
    World::with(way, all()).await
}

promises! {
    in served;

    async fn what_is_included_comes_along_at_every_level(world: World) {
        shop(&world).await;
        let orders = world.for_(&admin()).run(async {
            Purchase::query().include(|p| p.customer).include(|p| p.items).order_by(|p| p.id.asc()).await.unwrap()
        }).await;
        let names: Vec<_> = orders.iter().map(|o| o.customer.get().map(|c| c.name.as_str())).collect();
        assert_eq!(names, [Some("Customer ann"), Some("Customer ann"), Some("Customer secret"), None]);
        let items: Vec<_> = orders.iter().map(|o| products(&o.items)).collect();
        assert_eq!(items, [vec!["pot", "cup", "tea"], vec!["pot", "tea"], vec!["tea"], vec![]], "in the entity's own order");
        assert!(orders[3].items.is_loaded() && orders[3].customer.is_loaded() && !orders[0].expensive.is_loaded());
        assert!(!orders[0].is_changed(), "what is loaded changes nothing of the row");
        let customers = world.for_(&ann()).run(async {
            Customer::query()
                .include_with(|c| c.purchases, |p| p.order_by(|p| p.id.desc()).include_with(|p| p.items, |i| i.limit(1)))
                .await
                .unwrap()
        }).await;
        let ids: Vec<_> = customers[0].purchases.iter().map(|p| (p.id, products(&p.items))).collect();
        assert_eq!(ids, [(2, vec!["pot"]), (1, vec!["pot"])]);
    }

    async fn pages_streams_and_the_last_row_include_too(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let query = || Purchase::query().include(|p| p.items).order_by(|p| p.id.asc());
            let page = query().limit(2).paginate().await.unwrap();
            assert_eq!(page.items.iter().map(|p| p.items.len()).collect::<Vec<_>>(), [3, 2]);
            let next = page.next().await.unwrap().unwrap();
            assert_eq!(next.items.iter().map(|p| p.items.len()).collect::<Vec<_>>(), [1, 0]);
            let mut stream = query().stream();
            let mut lens = Vec::new();
            while let Some(one) = stream.try_next().await.unwrap() {
                lens.push(one.items.len());
            }
            assert_eq!(lens, [3, 2, 1, 0]);
            let (rows, (counted,)) = query().limit(1).with_aggregates(|_| (count(),)).await.unwrap();
            assert_eq!((rows[0].items.len(), counted), (3, 4));
            let orders_of_ann = Purchase::query().filter(|p| p.customer.name.contains("ann")).aggregate(|p| p.id.sum()).await.unwrap();
            assert_eq!(orders_of_ann, Some(3));
            let last = Purchase::query().include(|p| p.items).filter(|p| p.id.lt(4)).last().await.unwrap().unwrap();
            assert_eq!((last.id, last.items.len()), (3, 1));
        }).await;
    }

    async fn an_include_has_its_own_filter_order_and_page_for_each_row(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let orders = Purchase::query()
                .include_with(|p| p.items, |i| i.filter(|i| i.product.ne("cup")).order_by(|i| i.product.desc()).limit(1).page(2))
                .include(|p| p.expensive)
                .order_by(|p| p.id.asc())
                .await
                .unwrap();
            let items: Vec<_> = orders.iter().map(|o| products(&o.items)).collect();
            assert_eq!(items, [vec!["pot"], vec!["pot"], vec![], vec![]]);
            let expensive: Vec<_> = orders.iter().map(|o| products(&o.expensive)).collect();
            assert_eq!(expensive, [vec!["pot"], vec!["pot"], vec![], vec![]], "the relation's own filter holds");
        }).await;
    }

    async fn filters_go_across_relations(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let ids = async |filter: Filter<Purchase>| {
                let found = Purchase::query().matching(filter).order_by(|p| p.id.asc()).await.unwrap();
                found.iter().map(|p| p.id).collect::<Vec<_>>()
            };
            assert_eq!(ids(Purchase::filter(|p| p.customer.name.contains("ANN"))).await, [1, 2]);
            assert_eq!(ids(Purchase::filter(|p| p.customer.name.ne("Customer ann"))).await, [3], "none has no other name");
            assert_eq!(ids(Purchase::filter(|p| !p.customer.name.eq("Customer ann"))).await, [3, 4]);
            assert_eq!(ids(Purchase::filter(|p| p.customer.id.in_(["ann"]))).await, [1, 2]);
            assert_eq!(ids(Purchase::filter(|p| p.customer.exists())).await, [1, 2, 3]);
            assert_eq!(ids(Purchase::filter(|p| p.items.any(|i| i.price.lt(20) & i.product.eq("cup")))).await, [1]);
            assert_eq!(ids(Purchase::filter(|p| p.items.none(|i| i.product.eq("pot")))).await, [3, 4]);
            assert_eq!(ids(Purchase::filter(|p| p.items.all(|i| i.price.lt(100)))).await, [3, 4]);
            assert_eq!(ids(Purchase::filter(|p| p.expensive.any(|i| i.price.lt(200)))).await, [1, 2]);
            assert_eq!(ids(Purchase::filter(|p| p.note.eq("order 2") | p.customer.name.contains("secret"))).await, [2, 3]);
            let customers = Customer::query().filter(|c| c.purchases.any(|p| p.items.any(|i| i.product.eq("cup")))).await.unwrap();
            assert_eq!(customers.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["ann"]);
            let items = Item::query().filter(|i| i.purchase.customer.name.contains("secret")).count().await.unwrap();
            assert_eq!(items, 1);
        }).await;
    }

    async fn what_nobody_writes_is_there_in_related_rows_too(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let order = Purchase::query().filter(|p| p.id.eq(2)).include(|p| p.items).first().await.unwrap().unwrap();
            let made: Vec<_> = order.items.iter().map(|i| (i.twice, i.shouted.as_str())).collect();
            assert_eq!(made, [(240, "POT"), (10, "TEA")]);
            let page = Item::query().order_by(|i| i.price.asc()).limit(1).paginate().await.unwrap();
            assert_eq!((page.items[0].twice, page.items[0].shouted.as_str()), (10, "TEA"));
            let chosen = Item::query().order_by(|i| i.twice.desc()).limit(1).select(|i| (i.product, i.twice, i.shouted)).await.unwrap();
            assert_eq!(chosen, [("pot".to_owned(), 240, "POT".to_owned())]);
            assert_eq!(Purchase::query().filter(|p| p.items.any(|i| i.twice.gt(200))).count().await.unwrap(), 2);
            let sum: Option<i64> = Item::query().filter(|i| i.purchase_id.eq(2)).aggregate(|i| i.twice.sum()).await.unwrap();
            assert_eq!(sum, Some(250));
            let error = Purchase::query().filter(|p| p.items.any(|i| i.shouted.eq("TEA"))).await.unwrap_err();
            assert!(error.is_invalid() && error.message().contains("\"shouted\" is computed"), "{error:?}");
            let changed = repo::<Item>().update_many(|i| i.product.eq("tea"), |i| i.price.set(6)).await.unwrap();
            assert_eq!(changed, 3);
            let item = Item::query().filter(|i| i.product.eq("tea")).first().await.unwrap().unwrap();
            assert_eq!((item.price, item.twice), (6, 12));
        }).await;
    }

    async fn many_rows_are_written_with_what_the_database_makes(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let new = (0..3).map(|n| Item { purchase_id: 4, product: format!("p{n}"), price: n, ..Item::blank() });
            let items = repo::<Item>().insert_many(new.collect::<Vec<_>>()).await.unwrap();
            assert_eq!(items.iter().map(|i| (i.twice, i.shouted.as_str())).collect::<Vec<_>>(), [(0, "P0"), (2, "P1"), (4, "P2")]);
            let gone = repo::<Item>().delete_many(|i| i.purchase.id.eq(4) & i.twice.lt(4)).await.unwrap();
            assert_eq!(gone, 2);
        }).await;
    }

    async fn a_relation_does_not_tell_a_key_that_is_hidden(world: World) {
        shop(&world).await;
        let sold = async || Customer::query().filter(|c| c.sold.any(|p| p.id.eq(1))).count().await;
        let included = async || Customer::query().include(|c| c.sold).await;
        for error in [world.for_(&ann()).run(sold()).await.unwrap_err(), world.for_(&ann()).run(included()).await.unwrap_err()] {
            assert!(error.message().contains("\"sold\" is not a field of customers"), "{error:?}");
        }
        assert_eq!(world.for_(&admin()).run(sold()).await.unwrap(), 0);
        assert!(world.for_(&admin()).run(included()).await.unwrap().iter().all(|c| c.sold.is_loaded()));
    }

    async fn a_row_that_cannot_be_computed_is_not_written(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let before = repo::<Item>().count().await.unwrap();
            let new = || Item { purchase_id: 1, product: "unspeakable".into(), ..Item::blank() };
            assert!(repo::<Item>().insert(new()).await.is_err());
            assert!(repo::<Item>().insert_many(vec![new()]).await.is_err());
            let mut tea = Item::query().filter(|i| i.product.eq("tea")).first().await.unwrap().unwrap();
            tea.product = "unspeakable".into();
            assert!(tea.save().await.is_err());
            assert_eq!(repo::<Item>().count().await.unwrap(), before);
            assert_eq!(Item::query().filter(|i| i.product.eq("unspeakable")).count().await.unwrap(), 0);
        }).await;
    }

    async fn an_upsert_sees_what_the_server_computes(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let upserted = repo::<Item>().upsert(|i| (i.purchase_id.set(3), i.product.set("tea")), |i| i.price.set(7)).await.unwrap();
            assert_eq!((upserted.twice, upserted.shouted.as_str()), (14, "TEA"));
            let same = repo::<Item>().upsert(|i| (i.purchase_id.set(3), i.product.set("tea")), |_| ()).await.unwrap();
            assert_eq!((same.price, same.shouted.as_str()), (7, "TEA"));
        }).await;
    }

    async fn a_tree_is_related_to_itself(world: World) {
        world.backend().run(async {
            for (id, parent) in [("root", None), ("a", Some("root")), ("b", Some("root")), ("a1", Some("a"))] {
                let page = Page { id: id.into(), parent_id: parent.map(str::to_owned), ..Page::blank() };
                repo::<Page>().insert(page).await.unwrap();
            }
        }).await;
        world.nobody().run(async {
            let roots = Page::query()
                .filter(|p| p.parent_id.is_null())
                .include_with(|p| p.children, |c| c.include(|c| c.children).include(|c| c.parent))
                .await
                .unwrap();
            let children: Vec<_> = roots[0].children.iter().map(|c| (c.id.as_str(), c.children.len())).collect();
            assert_eq!(children, [("a", 1), ("b", 0)]);
            assert_eq!(roots[0].children.get(0).unwrap().parent.get().unwrap().id, "root");
            let of_root = Page::query().filter(|p| p.parent.parent.id.eq("root")).await.unwrap();
            assert_eq!(of_root.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["a1"]);
            let with_leaf = Page::query().filter(|p| p.children.any(|c| c.id.eq("a1"))).await.unwrap();
            assert_eq!(with_leaf.iter().map(|p| p.id.as_str()).collect::<Vec<_>>(), ["a"]);
            let a1 = repo::<Page>().find_id("a1").await.unwrap();
            assert_eq!(a1.parent().await.unwrap().unwrap().id, "a");
            assert!(roots[0].parent().await.unwrap().is_none());
        }).await;
    }

    async fn many_to_many_goes_through_an_entity_and_its_guard(world: World) {
        world.backend().run(async {
            for id in ["x", "y"] {
                repo::<Page>().insert(Page { id: id.into(), ..Page::blank() }).await.unwrap();
            }
            for id in ["red", "green", "blue"] {
                repo::<Label>().insert(Label { id: id.into() }).await.unwrap();
            }
            for (page, label, secret) in [("x", "red", false), ("x", "blue", true), ("y", "red", false), ("y", "green", false)] {
                let one = Labelled { page_id: page.into(), label_id: label.into(), secret, ..Labelled::blank() };
                repo::<Labelled>().insert(one).await.unwrap();
            }
        }).await;
        let labels = async || {
            let pages = Page::query().include(|p| p.labels).order_by(|p| p.id.asc()).await.unwrap();
            pages.iter().map(|p| p.labels.iter().map(|l| l.id.clone()).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        let blue = async || Page::query().filter(|p| p.labels.any(|l| l.id.eq("blue"))).count().await.unwrap();
        assert_eq!(world.nobody().run(labels()).await, [vec!["red"], vec!["green", "red"]]);
        assert_eq!(world.nobody().run(blue()).await, 0, "what is secret in between cannot be asked about");
        assert_eq!(world.backend().run(labels()).await, [vec!["blue", "red"], vec!["green", "red"]]);
        assert_eq!(world.backend().run(blue()).await, 1);
        let one = world.nobody().run(Page::query().include_with(|p| p.labels, |l| l.limit(1)).all()).await.unwrap();
        assert_eq!(one.iter().map(|p| p.labels.len()).collect::<Vec<_>>(), [1, 1]);
    }

    async fn several_fields_relate_and_a_relation_can_always_be_included(world: World) {
        shop(&world).await;
        world.backend().run(async {
            for number in [1, 2] {
                repo::<Place>().insert(Place { hall: "A".into(), number, ..Place::blank() }).await.unwrap();
            }
            for (hall, number, customer) in [("A", Some(2), "ann"), ("B", Some(2), "ann"), ("A", None, "secret")] {
                let ticket = Ticket { customer_id: customer.into(), hall: hall.into(), number, ..Ticket::blank() };
                repo::<Ticket>().insert(ticket).await.unwrap();
            }
        }).await;
        world.for_(&admin()).run(async {
            let tickets = Ticket::query().include(|t| t.place).order_by(|t| (t.hall.asc(), t.number.asc())).await.unwrap();
            let places: Vec<_> = tickets.iter().map(|t| t.place.get().map(|p| p.number)).collect();
            assert_eq!(places, [Some(2), None, None]);
            let names: Vec<_> = tickets.iter().map(|t| t.customer.get().unwrap().id.as_str()).collect();
            assert_eq!(names, ["ann", "secret", "ann"], "included without being named");
            assert_eq!(Ticket::query().filter(|t| t.place.number.eq(2)).count().await.unwrap(), 1);
        }).await;
    }

    async fn what_is_always_included_is_left_out_where_it_may_not_be_asked_for(world: World) {
        for context in [world.nobody(), world.for_(&ann()), world.for_(&admin())] {
            assert!(context.run(Drawer::query().all()).await.unwrap().is_empty(), "nor does it fail without rows");
        }
        world.backend().run(async {
            let place = repo::<Place>().insert(Place { hall: "A".into(), ..Place::blank() }).await.unwrap();
            let (place_id, own_place_id) = (Some(place.id), Some(place.id));
            let drawer = Drawer { id: 1, owner: "ann".into(), place_id, own_place_id, top_id: Some(1), ..Drawer::blank() };
            repo::<Drawer>().insert(drawer).await.unwrap();
            repo::<Sheet>().insert(Sheet { id: 1, drawer_id: 1 }).await.unwrap();
        }).await;
        let loaded = async || {
            let d = repo::<Drawer>().find_id(1).await.unwrap();
            [d.place.is_loaded(), d.own_place.is_loaded(), d.sheets.is_loaded(), d.top.is_loaded(), d.drafts.is_loaded()]
        };
        assert_eq!(world.nobody().run(loaded()).await, [false, false, false, true, false]);
        assert_eq!(world.for_(&ann()).run(loaded()).await, [false, false, false, true, false], "not every drawer is hers");
        assert_eq!(world.for_(&admin()).run(loaded()).await, [true, false, false, true, false]);
        assert_eq!(world.backend().run(loaded()).await, [true; 5]);
        world.for_(&ann()).run(async {
            assert!(Drawer::query().include(|d| d.place).await.unwrap_err().is_invalid(), "who asks for it is told");
            assert!(Drawer::query().include(|d| d.sheets).await.unwrap_err().is_forbidden());
        }).await;
    }

    async fn what_is_hidden_stays_hidden_through_relations(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let orders = Purchase::query().include(|p| p.customer).order_by(|p| p.id.asc()).await.unwrap();
            let seen: Vec<_> = orders.iter().map(|o| o.customer.get().map(|c| (c.id.as_str(), c.credit))).collect();
            assert_eq!(seen, [Some(("ann", 0)), Some(("ann", 0)), None, None], "a hidden row is none, a hidden field is blank");
            assert_eq!(Purchase::query().filter(|p| p.customer.exists()).count().await.unwrap(), 2);
            assert_eq!(Purchase::query().filter(|p| p.customer.name.contains("secret")).count().await.unwrap(), 0);
            assert_eq!(Purchase::query().filter(|p| p.customer.none(|c| c.name.contains("secret"))).count().await.unwrap(), 4);
            let hidden_field = Purchase::query().filter(|p| p.customer.credit.gt(1)).await.unwrap_err();
            assert!(hidden_field.is_invalid() && hidden_field.message().contains("\"credit\" is not a field of customers"), "{hidden_field:?}");
            let hidden_relation = Purchase::query().include(|p| p.audited).await.unwrap_err();
            assert!(hidden_relation.message().contains("\"audited\" is not a field of purchases"), "{hidden_relation:?}");
            let asked = Purchase::query().filter(|p| p.audited.exists()).await.unwrap_err();
            assert!(asked.message().contains("\"audited\" is not a field of purchases"), "{asked:?}");
            let within = Purchase::query().include_with(|p| p.customer, |c| c.filter(|c| c.credit.gt(1))).await.unwrap_err();
            assert!(within.is_invalid(), "{within:?}");
        }).await;
        let nobody = world.nobody().run(Page::query().include(|p| p.children).all()).await;
        assert!(nobody.is_ok());
        let error = world.nobody().run(Purchase::query().include(|p| p.items).all()).await.unwrap_err();
        assert_eq!(error.status(), 401);
        let audited = world.for_(&admin()).run(Purchase::query().filter(|p| p.audited.exists()).count()).await.unwrap();
        assert_eq!(audited, 3);
    }

    async fn nobody_writes_out_of_a_reach_that_is_defined_by_a_relation(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let own = Ticket { customer_id: "ann".into(), hall: "A".into(), ..Ticket::blank() };
            let mut ticket = repo::<Ticket>().insert(own).await.unwrap();
            ticket.customer_id = "secret".into();
            let error = ticket.save().await.unwrap_err();
            // The same as for a customer that is not there.
            assert_eq!(error.status(), 409, "{error:?}");
            let others = Ticket { customer_id: "secret".into(), hall: "A".into(), ..Ticket::blank() };
            assert_eq!(repo::<Ticket>().insert(others).await.unwrap_err().status(), 409);
            ticket.undo();
            ticket.hall = "B".into();
            ticket.save().await.unwrap();
        }).await;
        let all = world.backend().run(Ticket::query().all()).await.unwrap();
        assert_eq!(all.iter().map(|t| (t.customer_id.as_str(), t.hall.as_str())).collect::<Vec<_>>(), [("ann", "B")]);
    }

    async fn the_repository_of_a_relation_knows_its_key(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let order = repo::<Purchase>().find_id(1).await.unwrap();
            let item = order.items().insert(Item { product: "spoon".into(), price: 1, purchase_id: 2, ..Item::blank() }).await.unwrap();
            assert_eq!(item.purchase_id, 1, "the relation's key, whatever was given");
            assert_eq!(order.items().count().await.unwrap(), 4);
            let cheap = order.items().query().filter(|i| i.price.lt(10)).order_by(|i| i.product.asc()).await.unwrap();
            assert_eq!(products(&cheap), ["spoon", "tea"]);
            assert_eq!(products(&order.expensive().await.unwrap()), ["pot"]);
            assert_eq!(order.customer().await.unwrap().unwrap().id, "ann");
            let customer = repo::<Customer>().find_id("ann").await.unwrap();
            assert_eq!(customer.purchases().count().await.unwrap(), 2);
            assert_eq!(Record::<Customer>::new().purchases().query().filter(|p| p.id.gt(0)).count().await.unwrap(), 0);
            let error = Record::<Customer>::new().purchases().insert(Purchase { id: 9, ..Purchase::blank() }).await.unwrap_err();
            assert!(error.is_invalid(), "{error:?}");
        }).await;
    }

    async fn the_database_keeps_watch_over_keys(world: World) {
        shop(&world).await;
        world.for_(&admin()).run(async {
            let lost = repo::<Item>().insert(Item { purchase_id: 99, ..Item::blank() }).await.unwrap_err();
            assert!(lost.is_conflict(), "{lost:?}");
            repo::<Customer>().delete("ann").await.unwrap();
            assert_eq!(repo::<Purchase>().find_id(1).await.unwrap().customer_id, None, "set to null");
            repo::<Purchase>().delete(1).await.unwrap();
            assert_eq!(Item::query().filter(|i| i.purchase_id.eq(1)).count().await.unwrap(), 0, "deleted along");
            let ticket = Ticket { customer_id: "secret".into(), hall: "A".into(), ..Ticket::blank() };
            repo::<Ticket>().insert(ticket).await.unwrap();
            let held = repo::<Customer>().delete("secret").await.unwrap_err();
            assert_eq!(held.message(), "Other rows depend on what is to be deleted of customers.");
            let held = repo::<Customer>().delete_many(|c| c.id.eq("secret")).await.unwrap_err();
            assert!(held.is_conflict() && held.message().starts_with("Other rows depend"), "{held:?}");
        }).await;
    }

    async fn a_record_keeps_what_was_loaded_when_it_is_saved(world: World) {
        shop(&world).await;
        world.for_(&ann()).run(async {
            let mut order = Purchase::query().filter(|p| p.id.eq(1)).include(|p| p.customer).include(|p| p.items).first().await.unwrap().unwrap();
            order.note = "changed".into();
            order.save().await.unwrap();
            assert_eq!(order.items.len(), 3);
            assert_eq!(order.customer.get().unwrap().id, "ann");
            order.customer_id = None;
            order.save().await.unwrap();
            assert!(!order.customer.is_loaded(), "it is another relation now");
        }).await;
    }
}

promises! {
    async fn an_entity_without_relations_is_asked_as_before(world: World) {
        assert!(world.backend().run(tests::entities::Sample::query().all()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn includes_and_filters_on_the_wire() {
    let world = World::with(tests::Way::InProcess, all()).await;
    shop(&world).await;
    let rows = world.get("/api/purchases?_include=customer,items.purchase&id=2").by(&ann()).send().await.ok(200);
    assert_eq!(rows[0]["customer"], json!({"id": "ann", "name": "Customer ann", "hidden": false}));
    assert_eq!(rows[0]["items"][0]["product"], "pot");
    assert_eq!(rows[0]["items"][0]["purchase"]["note"], "order 2");
    let one = world.get("/api/purchases/4?_include=customer,items").by(&ann()).send().await.ok(200);
    assert_eq!((&one["customer"], &one["items"]), (&json!(null), &json!([])));
    let body = json!({"where": {"customer.name.contains": "ann"}, "include": {
        "items": {"where": {"price.gt": 4}, "sort": ["price", "product desc"], "limit": 2, "include": {"purchase": true}}, "customer": false,
    }});
    let rows =
        world.post("/api/purchases?__action=get&_sort=id&_select=id").by(&ann()).json(&body).send().await.ok(200);
    assert_eq!(rows[0]["items"][1]["product"], "cup");
    assert_eq!(rows[0]["items"][1]["purchase"]["id"], 1);
    assert!(rows[0].get("customer").is_none() && rows[0].get("note").is_none());
    for (filter, ids) in [
        ("customer.name=Customer ann", vec![1, 2]),
        ("items.any={\"product\":\"cup\"}", vec![1]),
        ("items.none={\"product\":\"pot\"}", vec![3, 4]),
        ("items.all={\"price.lt\":100}", vec![3, 4]),
        ("customer={}", vec![1, 2]),
        ("customer.purchases.items.product=cup", vec![1, 2]),
    ] {
        let (name, value) = filter.split_once('=').unwrap();
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        let rows = world.get(&format!("/api/purchases?_sort=id&{name}={value}")).by(&ann()).send().await.ok(200);
        let found: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(found, ids, "{filter}");
    }
    for (wrong, message) in [
        ("_include=nothing", "\"nothing\" is not a field of purchases."),
        ("_include=audited", "\"audited\" is not a field of purchases."),
        ("_include=note", "\"note\" is not a field of purchases."),
        ("_include=items.purchase.items.purchase.items", "Relations are included more than 4 deep."),
        ("customer.credit=1", "\"credit\" is not a field of customers."),
        ("customer.credit=x", "\"credit\" is not a field of customers."),
        ("audited.any=1", "\"audited\" is not a field of purchases."),
        ("customer.any=1", "A filter is a JSON object, not a number."),
        ("_sort=customer", "\"customer\" is not a field of purchases. Did you mean \"customerId\"?"),
    ] {
        let told = world.get(&format!("/api/purchases?{wrong}")).by(&ann()).send().await.refused_echoing(400, wrong);
        assert_eq!(told, message, "{wrong}");
    }
    for (include, message) in [
        (json!({"items": {"limit": 0}}), "\"include\" of \"items\": \"limit\" must be a whole number from 1."),
        (json!({"items": {"limit": 1001}}), "1001 rows of \"items\" for each row; at most 1000 can be included."),
        (
            json!({"items": {"what": 1}}),
            "\"include\" of \"items\": \"what\" is none of where, sort, limit, offset, with, include.",
        ),
        (json!({"items": 1}), "\"include\" of \"items\": must be true or an object; it is a number."),
        (json!([]), "\"include\" must be an object of relations; it is an array."),
    ] {
        let asked = world.post("/api/purchases?__action=get").by(&ann()).json(&json!({"include": include}));
        assert_eq!(asked.send().await.refused_echoing(400, "items"), message);
    }
    // A deep filter ends at the limit.
    let deep = (0..9).fold(json!({"id": 1}), |inner, level| {
        if level % 2 == 0 { json!({"purchase.any": inner}) } else { json!({"items.any": inner}) }
    });
    let asked = world.post("/api/items?__action=get").by(&ann()).json(&json!({"where": deep}));
    assert_eq!(asked.send().await.refused(400), "The filter is nested more than 8 deep.");
}

#[tokio::test]
async fn what_trusted_code_loads_leaves_the_server_only_for_whom_it_is() {
    let world = World::with(tests::Way::InProcess, all()).await;
    shop(&world).await;
    for (who, sees) in [(ann(), false), (admin(), true)] {
        let answer = world.post("/api/purchases/everything").by(&who).json(&json!({"args": []})).send().await.ok(200);
        let first = &answer["data"][0]["data"];
        assert_eq!(first["items"].as_array().unwrap().len(), 3, "{answer}");
        assert_eq!(first.get("audited").is_some(), sees, "{answer}");
    }
}

#[tokio::test]
async fn no_answer_is_larger_than_it_may_be() {
    let world = World::with(tests::Way::InProcess, all()).await;
    world
        .backend()
        .run(async {
            repo::<Page>().insert(Page { id: "root".into(), ..Page::blank() }).await.unwrap();
            let child = |n| Page { id: format!("p{n}"), parent_id: Some("root".into()), ..Page::blank() };
            repo::<Page>().insert_many((0..400).map(child).collect::<Vec<_>>()).await.unwrap();
        })
        .await;
    let asked = world.get("/api/pages?parentId=root&_limit=200&_include=parent.children").send().await.ok(200);
    assert_eq!(asked[199]["parent"]["children"].as_array().unwrap().len(), 400);
    let told = world.get("/api/pages?parentId=root&_limit=1000&_include=parent.children").send().await.refused(400);
    assert_eq!(told, "More than 100000 rows would be answered, with all that is included: include fewer of each.");
    let deep = format!("/api/pages?{}id=x", "parent.".repeat(5_000));
    assert_eq!(world.get(&deep).send().await.refused(400), "The filter is nested more than 8 deep.");
    let across = format!("/api/pages?{}id=x", "parent.".repeat(5));
    assert_eq!(world.get(&across).send().await.refused(400), "The filter goes across more than 4 relations.");
    world.get(&format!("/api/pages?{}id=x", "parent.".repeat(4))).send().await.ok(200);
}

#[tokio::test]
async fn any_number_of_rows_is_included_by_several_fields() {
    let world = World::with(tests::Way::Direct, all()).await;
    world
        .backend()
        .run(async {
            let numbers = 1..=1_100;
            let place = |number| Place { hall: "A".into(), number, ..Place::blank() };
            repo::<Place>().insert_many(numbers.clone().map(place).collect::<Vec<_>>()).await.unwrap();
            repo::<Customer>().insert(Customer { id: "ann".into(), ..Customer::blank() }).await.unwrap();
            let ticket = |number| Ticket {
                customer_id: "ann".into(),
                hall: "A".into(),
                number: Some(number),
                ..Ticket::blank()
            };
            repo::<Ticket>().insert_many(numbers.map(ticket).collect::<Vec<_>>()).await.unwrap();
            let tickets = Ticket::query().include(|t| t.place).await.unwrap();
            assert_eq!(tickets.len(), 1_100);
            assert!(tickets.iter().all(|t| t.place.get().map(|p| p.number) == t.number));
        })
        .await;
}
