//! Ids of several fields, and ids of any text.

use isoform::prelude::*;
use isoform_server::Database;
use tests::entities_ids::{
    Booking, Class, Holder, Line, LineMethods as _, LineRelations as _, Remark, RemarkRelations as _, Seat, Sticker,
};
use tests::{World, admin, ann, promises};

fn line(order_id: i64, product: &str, amount: i32) -> Line {
    Line { order_id, product: product.into(), amount, ..Line::blank() }
}

/// Lines of two orders, some with the same product.
async fn lines(world: &World) {
    let new = [line(2, "tea", 3), line(1, "tea", 1), line(1, "coffee", 2), line(2, "milk", 4)];
    world.nobody().run(repo::<Line>().insert_many(new).into_future()).await.unwrap();
}

fn seat(hall: Uuid, number: i32) -> Seat {
    Seat { hall, number, price: number, ..Seat::blank() }
}

fn shown(lines: &[Record<Line>]) -> Vec<(i64, &str, i32)> {
    lines.iter().map(|line| (line.order_id, line.product.as_str(), line.amount)).collect()
}

promises! {
    async fn a_row_is_meant_by_all_fields_of_its_id(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let tea = repo::<Line>().find_id((1, "tea")).await.unwrap();
            assert_eq!((tea.order_id, tea.amount, tea.id().to_string().as_str()), (1, 1, "1,tea"));
            assert_eq!(repo::<Line>().find_id(tea.id()).await.unwrap(), tea);
            for id in [(1, "milk"), (3, "tea"), (0, "")] {
                assert!(repo::<Line>().find_id(id).await.unwrap_err().is_not_found(), "{id:?}");
                assert!(repo::<Line>().delete(id).await.unwrap_err().is_not_found(), "{id:?}");
                let update = repo::<Line>().update(id, |l| l.amount.set(9)).await;
                assert!(update.unwrap_err().is_not_found(), "{id:?}");
            }
            let mut tea = repo::<Line>().update((1, "tea"), |l| l.amount.set(5)).await.unwrap();
            assert_eq!((tea.amount, tea.version), (5, 2));
            tea.amount = 6;
            tea.save().await.unwrap();
            tea.amount = 7;
            tea.reload().await.unwrap();
            assert_eq!((tea.amount, tea.version), (6, 3));
            repo::<Line>().delete((2, "tea".to_owned())).await.unwrap();
            let all = Line::query().await.unwrap();
            assert_eq!(shown(&all), [(1, "coffee", 2), (1, "tea", 6), (2, "milk", 4)], "by the id, without an order");
            tea.delete().await.unwrap();
            assert!(tea.is_deleted());
            assert!(tea.reload().await.unwrap_err().is_not_found());
            assert_eq!(repo::<Line>().count().await.unwrap(), 2);
        }).await;
        // Without the guard too.
        world.backend().run(async {
            let other = Record::from(Sticker { id: "1".into(), text: String::new() });
            assert!(repo::<Line>().delete(other.id()).await.unwrap_err().is_not_found(), "an id of another entity");
            let mut milk = repo::<Line>().find_id((2, "milk")).await.unwrap();
            milk.note = Some("fresh".into());
            milk.save().await.unwrap();
            repo::<Line>().delete((1, "coffee")).await.unwrap();
            let all = Line::query().await.unwrap();
            assert_eq!(shown(&all), [(2, "milk", 4)]);
            assert_eq!(all[0].note.as_deref(), Some("fresh"));
        }).await;
    }

    async fn an_id_that_is_there_is_a_conflict_that_names_its_fields(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let error = repo::<Line>().insert(line(1, "tea", 9)).await.unwrap_err();
            assert!(error.is_conflict(), "{error}");
            assert_eq!(error.message(), "Order id, Product already exist together");
            assert_eq!(error.field("orderId"), Some("already exists together with the others"));
            assert!(error.field("product").is_some() && error.fields().len() == 2);
            repo::<Line>().insert(line(3, "tea", 9)).await.unwrap();
            repo::<Line>().insert(line(1, "milk", 9)).await.unwrap();
        }).await;
    }

    async fn a_stale_save_is_a_conflict_with_an_id_of_several_fields_too(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let mut one = repo::<Line>().find_id((1, "tea")).await.unwrap();
            let mut other = one.clone();
            one.amount = 7;
            one.save().await.unwrap();
            other.amount = 8;
            assert!(other.save().await.unwrap_err().is_conflict());
            assert_eq!(repo::<Line>().find_id((1, "tea")).await.unwrap().amount, 7);
        }).await;
    }

    async fn a_part_of_an_id_is_given_unless_it_says_how_it_is_made(world: World) {
        world.nobody().run(async {
            let error = repo::<Line>().insert(line(1, "", 1)).await.unwrap_err();
            assert_eq!(error.field("product"), Some("must be given: it is a part of the id"));
            let error = repo::<Booking>().insert(Booking::blank()).await.unwrap_err();
            assert_eq!(error.field("room"), Some("must be given: it is a part of the id"), "{error}");
            // 0 is a value like any other.
            repo::<Line>().insert(line(0, "tea", 1)).await.unwrap();
            assert_eq!(repo::<Line>().find_id((0, "tea")).await.unwrap().amount, 1);
            let made = repo::<Seat>().insert(seat(Uuid::nil(), 0)).await.unwrap();
            assert!(!made.hall.is_nil());
            let given = repo::<Seat>().insert(seat(made.hall, 1)).await.unwrap();
            assert_eq!(given.hall, made.hall);
            assert_eq!(repo::<Seat>().find_id((made.hall, 0, Class::Second)).await.unwrap().name, "Second 0");
        }).await;
    }

    async fn a_part_of_an_id_has_no_comma_and_no_id_means_another_row(world: World) {
        world.nobody().run(async {
            let error = repo::<Line>().insert(line(1, "tea,green", 1)).await.unwrap_err();
            assert_eq!(error.field("product"), Some("must not contain a comma: it is a part of the id"));
            let error = repo::<Line>().insert_many([line(1, "tea", 1), line(1, ",", 1)]).await.unwrap_err();
            assert!(error.message().starts_with("Row 2: Product must not contain a comma"), "{error}");
            repo::<Line>().insert(line(1, "tea", 1)).await.unwrap();
            assert!(repo::<Line>().find_id((1, "tea,green")).await.unwrap_err().is_not_found());
        }).await;
        world.backend().run(async {
            let mut tea = repo::<Line>().find_id((1, "tea")).await.unwrap();
            tea.product = "tea,".into();
            assert!(tea.save().await.unwrap_err().field("product").is_some());
            tea.product = String::new();
            assert_eq!(tea.save().await.unwrap_err().field("product"), Some("must not be empty"));
        }).await;
    }

    async fn any_other_letter_can_be_in_an_id(world: World) {
        world.nobody().run(async {
            for text in ["a/b", "50%", "%2C", "ä ö ü", "日本", "a+b", "a&b=c", "?", "#", "\"'", "\\", "a;b", " x "] {
                let made = repo::<Line>().insert(line(1, text, 1)).await.unwrap();
                assert_eq!(made.id().to_string(), format!("1,{text}"));
                let mut found = repo::<Line>().find_id((1, text)).await.unwrap();
                assert_eq!(found.product, text);
                found.amount = 2;
                found.save().await.unwrap();
                assert_eq!(found.one_more().await.unwrap(), format!("1,{text}"));
                repo::<Line>().delete((1, text)).await.unwrap();

                repo::<Sticker>().insert(Sticker { id: text.into(), text: text.into() }).await.unwrap();
                assert_eq!(repo::<Sticker>().find_id(text).await.unwrap().text, text);
                repo::<Sticker>().delete(text).await.unwrap();
            }
            assert_eq!(repo::<Line>().count().await.unwrap(), 0);
            // An id of one field is never taken apart.
            for text in ["a,b", ",", "1,tea"] {
                repo::<Sticker>().insert(Sticker { id: text.into(), text: text.into() }).await.unwrap();
                assert_eq!(repo::<Sticker>().find_id(text).await.unwrap().id, text);
            }
        }).await;
    }

    async fn orders_pages_and_streams_are_completed_by_the_whole_id(world: World) {
        let halls = [Uuid::now_v7(), Uuid::now_v7()];
        let seats: Vec<_> = (0..30).map(|n| Seat {
            price: n / 10,
            class: if n % 4 < 2 { Class::First } else { Class::Second },
            ..seat(halls[usize::from(n % 2 == 0)], n / 4)
        }).collect();
        world.backend().run(repo::<Seat>().insert_many(seats).into_future()).await.unwrap();
        world.for_(&ann()).run(async {
            let key = |seat: &Record<Seat>| (seat.hall, seat.number, seat.class as u8);
            let queries = [
                Seat::query(),
                Seat::query().order_by(|s| s.price.asc()),
                Seat::query().order_by(|s| s.class.desc()),
                Seat::query().order_by(|s| (s.number.desc(), s.hall.asc())),
                Seat::query().order_by(|s| (s.class.asc(), s.number.desc(), s.hall.asc(), s.price.asc())),
                Seat::query().order_by(|s| s.hall.asc()),
            ];
            for query in queries {
                let list: Vec<_> = query.clone().limit(100).await.unwrap().iter().map(key).collect();
                assert_eq!(list.len(), 30);
                let mut page = Some(query.clone().limit(7).paginate().await.unwrap());
                let mut paged = Vec::new();
                while let Some(one) = page {
                    paged.extend(one.items.iter().map(key));
                    page = one.next().await.unwrap();
                }
                assert_eq!(paged, list, "{query:?}");
                assert_eq!(query.last().await.unwrap().as_ref().map(key), list.last().copied());
            }
            let mut stream = Seat::query().stream();
            let mut streamed = Vec::new();
            while let Some(seat) = stream.try_next().await.unwrap() {
                streamed.push(key(&seat));
            }
            let by_id = Seat::query().order_by(|s| (s.hall.asc(), s.number.asc(), s.class.asc())).await.unwrap();
            assert_eq!(streamed, by_id.iter().map(key).collect::<Vec<_>>());
        }).await;
    }

    async fn many_rows_are_written_by_ids_of_several_fields(world: World) {
        let hall = Uuid::now_v7();
        world.for_(&ann()).run(async {
            // More than are read at once.
            let seats: Vec<_> = (0..1100).map(|number| Seat { hall, number: number / 2, price: 1, class: if number % 2 == 0 {
                Class::First
            } else {
                Class::Second
            }, ..Seat::blank() }).collect();
            let made = repo::<Seat>().insert_many(seats).select_none().await.unwrap();
            assert_eq!(made, 1100);
            let changed = repo::<Seat>().update_many(|s| s.price.eq(1), |s| s.price.set(2)).await.unwrap();
            assert_eq!(changed, 1100);
            assert_eq!(Seat::query().filter(|s| s.changes.eq(2) & s.twice.eq(4)).count().await.unwrap(), 1100);
            let deleted = repo::<Seat>().delete_many(|s| s.number.lt(520)).await.unwrap();
            assert_eq!(deleted, 1040);
            assert_eq!(repo::<Seat>().count().await.unwrap(), 60);
        }).await;
        lines(&world).await;
        world.nobody().run(async {
            let upserts = [(1, "tea"), (9, "jam")].map(|(order, product)| {
                Upsert::<Line>::by(|l| (l.order_id.set(order), l.product.set(product))).set(|l| l.amount.set(50))
            });
            let rows = repo::<Line>().upsert_many(upserts).await.unwrap();
            assert_eq!(shown(&rows), [(1, "tea", 50), (9, "jam", 50)]);
            assert_eq!(repo::<Line>().count().await.unwrap(), 5);

            let mut batch = Batch::new();
            let changed = batch.repo::<Line>().update((2, "tea"), |l| l.amount.set(60));
            batch.repo::<Line>().delete((9, "jam"));
            let mut done = batch.run().await.unwrap();
            assert_eq!(done.record(changed).unwrap().amount, 60);
            assert_eq!(repo::<Line>().count().await.unwrap(), 4);
            let mut batch = Batch::new();
            batch.repo::<Line>().delete((2, "tea"));
            batch.repo::<Line>().delete((2, "jam"));
            let error = batch.run().await.unwrap_err();
            assert!(error.is_not_found() && error.message().starts_with("Operation 2"), "{error}");
            assert_eq!(repo::<Line>().count().await.unwrap(), 4);
        }).await;
    }

    async fn a_method_finds_its_record_by_all_fields_of_the_id(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let mut tea = repo::<Line>().find_id((2, "tea")).await.unwrap();
            tea.note = Some("unsaved".into());
            assert_eq!(tea.one_more().await.unwrap(), "2,tea");
            assert_eq!((tea.amount, tea.is_changed()), (4, false));
            let stored = repo::<Line>().find_id((2, "tea")).await.unwrap();
            assert_eq!((stored.amount, stored.note.as_deref()), (4, Some("unsaved")));
            assert_eq!(repo::<Line>().find_id((1, "tea")).await.unwrap().amount, 1);
            tea.delete().await.unwrap();
            assert!(tea.one_more().await.unwrap_err().is_not_found());

            let mut new = Record::from(line(5, "new", 1));
            assert_eq!(new.one_more().await.unwrap(), "5,new");
            assert!(!new.is_new());
        }).await;
    }

    async fn only_trusted_code_changes_a_part_of_an_id(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let mut coffee = repo::<Line>().find_id((1, "coffee")).await.unwrap();
            coffee.amount = 20;
            coffee.product = "cocoa".into();
            coffee.save().await.unwrap();
            assert_eq!((coffee.product.as_str(), coffee.amount), ("coffee", 20), "the id stays");
            coffee.exchange("cocoa".into()).await.unwrap();
            assert_eq!(coffee.id().to_string(), "1,cocoa");
            assert!(repo::<Line>().find_id((1, "coffee")).await.unwrap_err().is_not_found());
            let error = coffee.exchange("tea".into()).await.unwrap_err();
            assert!(error.is_conflict() && error.field("product").is_some(), "{error}");
            assert_eq!(shown(&Line::query().await.unwrap()), [(1, "cocoa", 20), (1, "tea", 1), (2, "milk", 4), (2, "tea", 3)]);
        }).await;
    }

    async fn rules_filters_and_hooks_hold_for_the_row_that_is_meant(world: World) {
        let hall = Uuid::now_v7();
        world.backend().run(async {
            let secret = Seat { secret: true, ..seat(hall, 1) };
            let sold = Seat { sold: true, ..seat(hall, 2) };
            let dear = Seat { price: 2000, ..seat(hall, 3) };
            repo::<Seat>().insert_many([secret, sold, dear, seat(hall, 4)]).await.unwrap();
        }).await;
        world.for_(&ann()).run(async {
            let id = |number: i32| (hall, number, Class::Second);
            let seats = repo::<Seat>();
            assert!(seats.find_id(id(1)).await.unwrap_err().is_not_found());
            assert!(seats.delete(id(1)).await.unwrap_err().is_not_found());
            assert!(seats.delete(id(2)).await.unwrap_err().is_forbidden());
            assert!(seats.update(id(2), |s| s.price.set(1)).await.unwrap_err().is_forbidden());
            assert!(seats.delete(id(3)).await.unwrap_err().field("price").is_some());
            let changed = seats.update(id(4), |s| s.price.set(7)).await.unwrap();
            assert_eq!((changed.changes, changed.twice, changed.name.as_str()), (2, 14, "Second 4"));
            assert!(seats.find_id((hall, 4, Class::First)).await.unwrap_err().is_not_found());
            seats.delete(id(4)).await.unwrap();
            let hidden = seats.insert(seat(hall, 1)).await.unwrap_err();
            assert!(hidden.is_conflict(), "{hidden}");
        }).await;
        assert_eq!(world.backend().run(repo::<Seat>().count()).await.unwrap(), 3);
    }

    async fn relations_to_an_id_of_several_fields_are_watched_and_included(world: World) {
        lines(&world).await;
        world.nobody().run(async {
            let tea = repo::<Line>().find_id((1, "tea")).await.unwrap();
            let remark = |text: &str| Remark { text: text.into(), ..Remark::blank() };
            tea.remarks().insert(remark("hot")).await.unwrap();
            tea.remarks().insert(remark("black")).await.unwrap();
            let other = repo::<Line>().find_id((2, "tea")).await.unwrap();
            other.remarks().insert(remark("green")).await.unwrap();
            let lost = Remark { order_id: 1, product: "jam".into(), ..remark("lost") };
            assert!(repo::<Remark>().insert(lost).await.unwrap_err().is_conflict(), "there is no such line");

            let lines = Line::query().include(|l| l.remarks).await.unwrap();
            let texts = |line: &Record<Line>| line.remarks.iter().map(|remark| remark.text.clone()).collect::<Vec<_>>();
            assert_eq!(lines.iter().map(texts).collect::<Vec<_>>(), [
                vec![], vec!["black".to_owned(), "hot".into()], vec![], vec!["green".into()],
            ]);
            let remarks = Remark::query().include(|r| r.line).await.unwrap();
            let amounts: Vec<_> = remarks.iter().map(|remark| remark.line.get().unwrap().amount).collect();
            assert_eq!(amounts, [1, 3, 1]);
            assert_eq!(remarks[0].line().await.unwrap().unwrap().id().to_string(), "1,tea");
            let by = Remark::query().filter(|r| r.line.amount.gt(2)).await.unwrap();
            assert_eq!(by.iter().map(|remark| remark.text.as_str()).collect::<Vec<_>>(), ["green"]);
            let with = Line::query().filter(|l| l.remarks.any(|r| r.text.eq("hot"))).await.unwrap();
            assert_eq!(shown(&with), [(1, "tea", 1)]);

            repo::<Line>().delete((1, "tea")).await.unwrap();
            assert_eq!(repo::<Remark>().count().await.unwrap(), 1, "the remarks go with their line");
        }).await;
    }

    async fn a_key_of_several_fields_does_not_tell_of_rows_out_of_reach(world: World) {
        let hall = Uuid::now_v7();
        let seats = [Seat { secret: true, ..seat(hall, 1) }, seat(hall, 2)];
        world.backend().run(repo::<Seat>().insert_many(seats).into_future()).await.unwrap();
        let holder = |name: &str, number: i32| Holder { name: name.into(), hall: Some(hall), number, ..Holder::blank() };
        world.for_(&ann()).run(async {
            let absent = repo::<Holder>().insert(holder("Ada", 9)).await.unwrap_err();
            let secret = repo::<Holder>().insert(holder("Ada", 1)).await.unwrap_err();
            assert!(absent.is_conflict() && absent.message() == secret.message(), "{absent} {secret}");
            let both = repo::<Holder>().insert_many([holder("Ada", 2), holder("Bob", 1)]).await;
            assert!(both.unwrap_err().is_conflict());
            let mut ada = repo::<Holder>().insert(holder("Ada", 2)).await.unwrap();
            ada.number = 1;
            assert!(ada.save().await.unwrap_err().is_conflict());
            ada.undo();
            ada.hall = None;
            ada.save().await.unwrap();
            // A key with null in it is none.
            ada.number = 1;
            ada.save().await.unwrap();
        }).await;
        world.backend().run(repo::<Holder>().insert(holder("Cem", 1))).await.unwrap();
    }

    async fn many_rows_get_a_part_of_a_key_where_each_then_has_a_row_in_reach(world: World) {
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let seats = [seat(one, 1), seat(one, 2), seat(one, 3), seat(other, 1), Seat { secret: true, ..seat(other, 2) }, seat(other, 3)];
        world.backend().run(repo::<Seat>().insert_many(seats).into_future()).await.unwrap();
        let holder = |name: &str, hall| Holder { name: name.into(), hall: Some(hall), number: 1, ..Holder::blank() };
        let numbers = async || Holder::query().await.unwrap().iter().map(|h| h.number).collect::<Vec<_>>();
        world.for_(&ann()).run(async {
            let holders = repo::<Holder>();
            holders.insert_many([holder("Ada", one), holder("Bob", other)]).await.unwrap();
            let both = holders.update_many(|h| h.name.in_(["Ada", "Bob"]), |h| h.number.set(2)).await;
            assert!(both.unwrap_err().is_conflict(), "Bob's would be out of reach");
            assert_eq!(numbers().await, [1, 1]);
            assert_eq!(holders.update_many(|h| h.name.eq("Ada"), |h| h.number.set(2)).await.unwrap(), 1);
            assert_eq!(holders.update_many(|h| h.name.in_(["Ada", "Bob"]), |h| h.number.set(3)).await.unwrap(), 2);
            assert_eq!(numbers().await, [3, 3]);
        }).await;
    }

    async fn a_day_and_a_uuid_can_be_an_id_together(world: World) {
        let (day, room) = (NaiveDate::from_ymd_opt(2030, 1, 2).unwrap(), Uuid::now_v7());
        world.for_(&admin()).run(async {
            let new = Booking { by: "Ann".into(), day, room };
            let made = repo::<Booking>().insert(new).await.unwrap();
            assert_eq!(made.id().to_string(), format!("2030-01-02,{room}"));
            let mut found = repo::<Booking>().find_id((day, room)).await.unwrap();
            found.by = "Bob".into();
            found.save().await.unwrap();
            let next = day.succ_opt().unwrap();
            assert!(repo::<Booking>().find_id((next, room)).await.unwrap_err().is_not_found());
            assert_eq!(repo::<Booking>().find_id((day, room)).await.unwrap().by, "Bob");
        }).await;
    }
}

#[tokio::test]
async fn a_table_with_another_key_stops_the_start() {
    mod before {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "places", allow(crud = true))]
        pub struct Place {
            #[field(id)]
            pub street: String,
            pub number: i32,
        }
    }
    mod after {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "places", allow(crud = true))]
        pub struct Place {
            #[field(id)]
            pub street: String,
            #[field(id)]
            pub number: i32,
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
    database.ensure_schema(&[before::Place::meta()]).await.unwrap();
    let error = database.ensure_schema(&[after::Place::meta()]).await.unwrap_err();
    assert!(error.message().contains("its primary key is street, the id of Place is street, number"), "{error}");
    assert!(database.ensure_schema(&[before::Place::meta()]).await.unwrap().is_empty());
}
