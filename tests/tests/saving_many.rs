//! `saving_many`: one call for all rows that are written together.

use isoform::prelude::*;
use tests::entities_hooks::{Crate, Package, calls, steps};
use tests::{ann, promises};

promises! {
    async fn ten_thousand_new_rows_are_one_call(world: World) {
        world.for_(&ann()).run(async {
            let place = format!("insert{}", Uuid::now_v7());
            let rows = (0..10_000).map(|number| Package::to(&place, number + 100));
            assert_eq!(repo::<Package>().insert_many(rows).select_none().await.unwrap(), 10_000);
            assert_eq!(calls(&place), [10_000]);
            let labelled = Package::query().filter(|p| p.label.eq(&place) & p.version.eq(1)).count().await.unwrap();
            assert_eq!(labelled, 10_000, "what the hook sets is written");
        }).await;
    }

    async fn rows_that_are_changed_together_are_one_call(world: World) {
        world.for_(&ann()).run(async {
            let place = format!("update{}", Uuid::now_v7());
            repo::<Package>().insert_many((100..200).map(|number| Package::to(&place, number))).await.unwrap();
            calls(&place);
            let changed = repo::<Package>().update_many(|p| p.place.eq(&place) & p.number.lt(150), |p| p.number.set(5)).await.unwrap();
            assert_eq!(changed, 50);
            assert_eq!(calls(&place), [50]);
            let again = format!("re:{place}");
            let rows = Package::query().filter(|p| p.label.eq(&again) & p.number.eq(5) & p.version.eq(2)).count().await.unwrap();
            assert_eq!(rows, 50);
        }).await;
    }

    async fn an_array_and_a_batch_are_one_call_each(world: World) {
        let place = format!("array{}", Uuid::now_v7());
        let row = |number: i64| serde_json::json!({"place": place, "number": number});
        let answer = world.post("/api/packages").by(&ann()).json(&serde_json::json!([row(100), row(101)])).send().await;
        assert_eq!(answer.json()[1]["label"], place, "{}", answer.text);
        assert_eq!(calls(&place), [2]);
        world.for_(&ann()).run(async {
            let mut batch = Batch::new();
            batch.repo::<Package>().insert_many((100..103).map(|number| Package::to(&place, number)));
            batch.repo::<Package>().update_many(|p| p.place.eq(&place), |p| p.number.set(7));
            batch.run().await.unwrap();
        }).await;
        assert_eq!(calls(&place), [3, 5]);
    }

    async fn a_single_row_goes_there_where_there_is_no_saving(world: World) {
        world.for_(&ann()).run(async {
            let place = format!("one{}", Uuid::now_v7());
            let mut package = repo::<Package>().insert(Package::to(&place, 100)).await.unwrap();
            assert_eq!(package.label, place);
            package.number = 101;
            package.save().await.unwrap();
            let upsert = Upsert::<Package>::by(|p| (p.place.set(&place), p.number.set(102)));
            repo::<Package>().upsert_many([upsert]).await.unwrap();
            assert_eq!(calls(&place), [1, 1, 1]);
        }).await;
    }

    async fn where_there_are_both_single_rows_go_to_saving_and_many_to_saving_many(world: World) {
        world.for_(&ann()).run(async {
            let name = format!("crates{}", Uuid::now_v7());
            let row = |number| Crate { number, after: name.clone(), ..Crate::blank() };
            assert_eq!(repo::<Crate>().insert(row(1)).await.unwrap().by, "saving");
            let many = repo::<Crate>().insert_many([row(2), row(3)]).await.unwrap();
            assert!(many.iter().all(|one| one.by == "saving_many 2" && one.id > 0), "{many:?}");
            // Counted up and with `saved`, each is written by itself, and `saved` ran for it.
            let ran = steps(&name);
            assert_eq!(ran, ["saved 1 true", "saved 2 true", "saved 3 true"]);
        }).await;
    }

    async fn what_is_wrong_with_one_row_says_which_and_nothing_is_written(world: World) {
        world.for_(&ann()).run(async {
            let rows = |wrong: i64| [100, 101, wrong].map(|number| Package::to("x", number));
            let error = repo::<Package>().insert_many(rows(13)).await.unwrap_err();
            assert_eq!((error.status(), error.message()), (400, "Row 3: Number brings bad luck"));
            assert_eq!(error.field("number"), Some("brings bad luck"));
            // What the hook makes of a row is validated.
            let error = repo::<Package>().insert_many(rows(14)).await.unwrap_err();
            assert_eq!(error.message(), "Row 3: Number must be at most 1000000");
            // What is wrong with none in particular.
            let error = repo::<Package>().insert_many([Package::to("nowhere", 1)]).await.unwrap_err();
            assert_eq!((error.status(), error.field("place")), (400, Some("is no place")));
            assert_eq!(repo::<Package>().count().await.unwrap(), 0);
        }).await;
    }

    async fn what_it_prevents_is_not_written(world: World) {
        world.for_(&ann()).run(async {
            repo::<Package>().insert_many([Package::to("prevented", 100), Package::to("prevented", 101)]).await.unwrap();
            assert_eq!(repo::<Package>().count().await.unwrap(), 0);
        }).await;
    }
}
