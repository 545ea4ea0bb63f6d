//! The repository: the same operations, whichever way they go.

use isoform::prelude::*;
use tests::entities::{Color, Extra, Sample};
use tests::{World, promises};

fn sample(number: i32, text: &str) -> Record<Sample> {
    let mut sample = Record::<Sample>::new();
    sample.number = number;
    sample.text = text.into();
    sample
}

async fn numbers(query: Query<Sample>) -> Vec<i32> {
    query.await.unwrap().iter().map(|sample| sample.number).collect()
}

promises! {
    async fn a_row_comes_back_as_it_was_written(world: World) {
        world.nobody().run(async {
            let mut new = sample(-12, "Grüße, “quotes” \\ % _ ' \" \u{202e}rtl 🦀\n\ttab");
            new.flag = true;
            new.big = i64::MAX;
            new.ratio = -0.1;
            new.key = Uuid::from_u128(42);
            new.at = isoform::json::parse_date_time("2024-02-29T12:34:56.123456Z").unwrap();
            new.day = NaiveDate::from_ymd_opt(1999, 12, 31).unwrap();
            new.color = Color::DarkBlue;
            new.extra = Json(Extra { tags: vec!["a".into(), "ü".into()], depth: 3 });
            new.text_or = Some(String::new());
            new.big_or = Some(i64::MIN);
            new.day_or = Some(NaiveDate::from_ymd_opt(1, 1, 1).unwrap());
            new.color_or = Some(Color::Red);
            new.extra_or = Some(Json(Extra::default()));
            new.email = Some("ann@example.org".into());
            new.link = Some("https://example.org/a?b=c".into());
            new.code = Some("AB-12".into());
            new.choice = Some("green".into());
            new.renamed = "elsewhere".into();
            let written = (*new).clone();
            let stored = repo::<Sample>().insert(new).await.unwrap();
            assert!(!stored.id.is_nil() && !stored.is_new() && !stored.is_changed());
            let read = repo::<Sample>().find_id(stored.id).await.unwrap();
            assert_eq!(*read, Sample { id: stored.id, ..written });
            assert_eq!(read, stored);
            let listed = Sample::query().await.unwrap();
            assert_eq!(listed, [stored]);
        }).await;
    }

    async fn a_new_record_has_the_declared_defaults(world: World) {
        world.nobody().run(async {
            let new = Record::<Sample>::new();
            assert_eq!((new.lucky, new.color, new.text_or.clone()), (7, Color::Green, None));
            let stored = repo::<Sample>().insert(new).await.unwrap();
            assert_eq!(stored.lucky, 7);
        }).await;
    }

    async fn every_operator_finds_what_it_names(world: World) {
        world.nobody().run(async {
            for (number, text) in [(1, "Alpha"), (2, "beta"), (3, "Gamma 100%"), (4, "delta_x"), (5, "épsilon")] {
                let mut new = sample(number, text);
                new.number_or = (number > 2).then_some(number);
                new.color = if number % 2 == 0 { Color::Red } else { Color::DarkBlue };
                repo::<Sample>().insert(new).await.unwrap();
            }
            let q = Sample::query;
            assert_eq!(numbers(q().filter(|s| s.number.eq(3))).await, [3]);
            assert_eq!(numbers(q().filter(|s| s.number.ne(3))).await, [1, 2, 4, 5]);
            assert_eq!(numbers(q().filter(|s| s.number.gt(3))).await, [4, 5]);
            assert_eq!(numbers(q().filter(|s| s.number.gte(3))).await, [3, 4, 5]);
            assert_eq!(numbers(q().filter(|s| s.number.lt(3))).await, [1, 2]);
            assert_eq!(numbers(q().filter(|s| s.number.lte(3))).await, [1, 2, 3]);
            assert_eq!(numbers(q().filter(|s| s.number.in_([1, 5, 9]))).await, [1, 5]);
            assert_eq!(numbers(q().filter(|s| s.number.not_in([1, 5, 9]))).await, [2, 3, 4]);
            assert_eq!(numbers(q().filter(|s| s.number.in_::<i32>([]))).await, [0; 0]);
            assert_eq!(numbers(q().filter(|s| s.text.contains("ET"))).await, [2]);
            assert_eq!(numbers(q().filter(|s| s.text.contains("0%"))).await, [3], "a percent sign is itself");
            assert_eq!(numbers(q().filter(|s| s.text.contains("_"))).await, [4], "an underscore is itself");
            assert_eq!(numbers(q().filter(|s| s.text.starts_with("AL"))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.text.ends_with("MMA 100%"))).await, [3]);
            assert_eq!(numbers(q().filter(|s| s.text.contains("é"))).await, [5]);
            assert_eq!(numbers(q().filter(|s| s.number_or.is_null())).await, [1, 2]);
            assert_eq!(numbers(q().filter(|s| !s.number_or.is_null())).await, [3, 4, 5]);
            assert_eq!(numbers(q().filter(|s| s.number_or.eq(None))).await, [1, 2]);
            assert_eq!(numbers(q().filter(|s| s.number_or.eq(4))).await, [4]);
            assert_eq!(numbers(q().filter(|s| s.number_or.ne(4))).await, [3, 5], "as in SQL, null is not unequal");
            assert_eq!(numbers(q().filter(|s| s.color.eq(Color::Red) & s.number.gt(2))).await, [4]);
            assert_eq!(numbers(q().filter(|s| s.color.eq(Color::Red) | s.number.eq(1))).await, [1, 2, 4]);
            assert_eq!(numbers(q().filter(|s| !(s.color.eq(Color::Red) | s.number.eq(1)))).await, [3, 5]);
            assert_eq!(numbers(q().filter(|s| (s.number.eq(1) | s.number.eq(2)) & (s.number.eq(2) | s.number.eq(3)))).await, [2]);
            assert_eq!(numbers(q().filter(|s| !s.number.eq(1) & !s.number.eq(2))).await, [3, 4, 5]);
            assert_eq!(q().filter(|s| s.number.gt(3)).count().await.unwrap(), 2);
            assert_eq!(repo::<Sample>().count().await.unwrap(), 5);
        }).await;
    }

    async fn values_of_every_type_can_be_asked_for(world: World) {
        world.nobody().run(async {
            let mut one = sample(1, "x");
            (one.key, one.big, one.ratio, one.flag) = (Uuid::from_u128(7), i64::MAX, 0.5, true);
            one.at = isoform::json::parse_date_time("2024-02-29T12:34:56.5Z").unwrap();
            one.day = NaiveDate::from_ymd_opt(2024, 2, 29).unwrap();
            let one = repo::<Sample>().insert(one).await.unwrap();
            repo::<Sample>().insert(sample(2, "y")).await.unwrap();
            let q = Sample::query;
            assert_eq!(numbers(q().filter(|s| s.key.eq(one.key))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.key.in_([one.key, Uuid::from_u128(9)]))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.id.in_([one.id]))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.big.eq(i64::MAX))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.big.in_([i64::MAX, 5]))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.ratio.gt(0.25))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.flag.eq(true))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.flag.in_([true]))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.at.eq(one.at))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.at.gt(one.at - chrono::Duration::microseconds(1)))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.at.in_([one.at]))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.day.gte(one.day))).await, [1]);
            assert_eq!(numbers(q().filter(|s| s.color.in_([Color::Green]))).await, [1, 2]);
        }).await;
    }

    async fn rows_come_in_the_order_that_was_asked_for_and_by_pages(world: World) {
        world.nobody().run(async {
            for (number, text) in [(3, "b"), (1, "b"), (2, "a"), (5, "a"), (4, "c")] {
                repo::<Sample>().insert(sample(number, text)).await.unwrap();
            }
            let q = Sample::query;
            assert_eq!(numbers(q()).await, [1, 2, 3, 4, 5], "the entity's own order");
            assert_eq!(numbers(q().order_by(|s| s.number.desc())).await, [5, 4, 3, 2, 1]);
            assert_eq!(numbers(q().order_by(|s| (s.text.asc(), s.number.desc()))).await, [5, 2, 3, 1, 4]);
            assert_eq!(numbers(q().limit(2)).await, [1, 2]);
            assert_eq!(numbers(q().page(2).limit(2)).await, [3, 4]);
            assert_eq!(numbers(q().page(3).limit(2)).await, [5]);
            assert_eq!(numbers(q().page(4).limit(2)).await, [0; 0]);
            assert_eq!(q().order_by(|s| s.number.desc()).first().await.unwrap().unwrap().number, 5);
            assert!(q().filter(|s| s.number.gt(9)).first().await.unwrap().is_none());
            assert_eq!(q().page(2).limit(2).count().await.unwrap(), 5, "a count knows no pages");
            let beyond = q().page(u64::MAX).limit(1000).await.unwrap_err();
            assert!(beyond.is_invalid(), "{beyond:?}");
        }).await;
    }

    async fn enums_compare_as_they_are_declared(world: World) {
        use tests::entities::Color;
        world.nobody().run(async {
            for color in [Color::Red, Color::Green, Color::DarkBlue] {
                repo::<Sample>().insert(Sample { color, ..Sample::blank() }).await.unwrap();
            }
            let colors = async |query: Query<Sample>| {
                let found = query.order_by(|s| s.color.asc()).await.unwrap();
                found.iter().map(|sample| sample.color).collect::<Vec<_>>()
            };
            let filtered = |filter: Filter<Sample>| Sample::query().filter(|_| filter);
            assert_eq!(colors(filtered(Sample::filter(|s| s.color.gt(Color::Red)))).await, [Color::Green, Color::DarkBlue]);
            assert_eq!(colors(filtered(Sample::filter(|s| s.color.lte(Color::Green)))).await, [Color::Red, Color::Green]);
            assert_eq!(colors(filtered(Sample::filter(|s| s.color.gte(Color::DarkBlue)))).await, [Color::DarkBlue]);
            assert_eq!(colors(filtered(Sample::filter(|s| s.color.lt(Color::Red)))).await, []);
        }).await;
    }

    async fn the_first_row_of_a_page_is_that_pages(world: World) {
        world.nobody().run(async {
            for number in 1..=5 {
                repo::<Sample>().insert(Sample { number, ..Sample::blank() }).await.unwrap();
            }
            let first = async |query: Query<Sample>| query.first().await.unwrap().map(|sample| sample.number);
            assert_eq!(first(Sample::query()).await, Some(1));
            assert_eq!(first(Sample::query().page(2).limit(2)).await, Some(3));
            assert_eq!(first(Sample::query().page(9).limit(2)).await, None);
        }).await;
    }

    async fn enums_sort_as_they_are_declared_and_null_is_greater_than_everything(world: World) {
        world.nobody().run(async {
            for (number, color, or) in [(1, Color::DarkBlue, None), (2, Color::Red, Some(5)), (3, Color::Green, Some(4))] {
                let mut new = sample(number, "x");
                (new.color, new.number_or) = (color, or);
                repo::<Sample>().insert(new).await.unwrap();
            }
            let q = Sample::query;
            assert_eq!(numbers(q().order_by(|s| s.color.asc())).await, [2, 3, 1]);
            assert_eq!(numbers(q().order_by(|s| s.color.desc())).await, [1, 3, 2]);
            assert_eq!(numbers(q().order_by(|s| s.number_or.asc())).await, [3, 2, 1]);
            assert_eq!(numbers(q().order_by(|s| s.number_or.desc())).await, [1, 2, 3]);
        }).await;
    }

    async fn a_record_is_saved_reloaded_undone_and_deleted(world: World) {
        world.nobody().run(async {
            let mut one = sample(1, "first");
            assert!(one.is_new() && one.is_changed() && one.changed(|s| s.text));
            one.save().await.unwrap();
            assert!(!one.is_new() && !one.is_changed());
            one.text = "second".into();
            assert!(one.changed(|s| s.text) && !one.changed(|s| s.number));
            assert_eq!(one.original().text, "first");
            one.undo();
            assert_eq!((one.text.as_str(), one.is_changed()), ("first", false));
            one.text = "third".into();
            one.save().await.unwrap();
            let id = one.id;
            repo::<Sample>().update(id, |s| (s.text.set("fourth"), s.number.set(9))).await.unwrap();
            one.text = "lost".into();
            one.reload().await.unwrap();
            assert_eq!((one.text.as_str(), one.number, one.is_changed()), ("fourth", 9, false));
            one.delete().await.unwrap();
            assert!(one.is_deleted());
            assert!(repo::<Sample>().find_id(id).await.unwrap_err().is_not_found());
            assert!(one.reload().await.unwrap_err().is_not_found());
            assert!(repo::<Sample>().delete(id).await.unwrap_err().is_not_found());
            assert!(repo::<Sample>().update(id, |s| s.number.set(1)).await.unwrap_err().is_not_found());
        }).await;
    }

    async fn a_value_that_must_be_unique_is_a_conflict_at_its_field(world: World) {
        world.nobody().run(async {
            let mut one = sample(1, "x");
            one.handle = Some("same".into());
            one.save().await.unwrap();
            let mut two = sample(2, "y");
            two.handle = Some("same".into());
            let error = two.save().await.unwrap_err();
            assert!(error.is_conflict());
            assert_eq!(error.field("handle"), Some("already exists"));
            assert_eq!(two.error(|s| s.handle), Some("already exists"));
            assert!(two.is_new());
            two.handle = Some("other".into());
            two.save().await.unwrap();
            two.handle = Some("same".into());
            assert!(two.save().await.unwrap_err().is_conflict());
        }).await;
    }

    async fn many_writers_and_readers_at_once_lose_nothing(world: World) {
        let context = world.nobody();
        let stored = context.run(repo::<Sample>().insert(sample(0, "counter"))).await.unwrap();
        let tasks = (0..24).map(|number| {
            let context = context.clone();
            let id = stored.id;
            tokio::spawn(async move {
                context.run(async move {
                    repo::<Sample>().insert(sample(number + 1, "new")).await?;
                    repo::<Sample>().find_id(id).await?;
                    repo::<Sample>().update(id, |s| s.number.set(100 + number)).await
                }).await
            })
        });
        for task in futures::future::join_all(tasks).await {
            task.unwrap().unwrap();
        }
        assert_eq!(context.run(repo::<Sample>().count()).await.unwrap(), 25);
    }
}

#[tokio::test]
async fn a_guarded_query_without_a_limit_answers_a_page_of_100_and_a_trusted_one_everything() {
    for way in [tests::Way::Direct, tests::Way::InProcess] {
        let world = World::new(way).await;
        world
            .backend()
            .transaction(async |_| {
                for number in 0..130 {
                    repo::<Sample>().insert(sample(number, "x")).await?;
                }
                Ok(())
            })
            .await
            .unwrap();
        assert_eq!(world.nobody().run(Sample::query().all()).await.unwrap().len(), 100);
        assert_eq!(world.backend().run(Sample::query().all()).await.unwrap().len(), 130);
    }
}
