//! Pages by a cursor are the plain list, whatever the data and the order: mixed directions, null, enums, every type.

use isoform::meta::Direction;
use isoform::prelude::*;
use isoform::{FieldType, Id, Order};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestError, TestRunner};
use tests::entities::{Color, Sample};
use tests::entities_paging::Indexed;
use tests::{Way, World};

fn text() -> impl Strategy<Value = String> + Clone {
    select(vec!["", "a", "A", "b", "ä", "a'b", "😀", "null", "[1]"]).prop_map(str::to_owned)
}

fn float() -> impl Strategy<Value = f64> + Clone {
    let pool = vec![0.0, -0.0, 0.1, 0.1 + 0.2, 0.3, 1.0 / 3.0, 1e300, 5e-324, 9_007_199_254_740_993.0];
    prop_oneof![select(pool), any::<f64>().prop_filter("finite", |n| n.is_finite())]
}

fn time() -> impl Strategy<Value = DateTime<Utc>> + Clone {
    select(vec![
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00.001Z",
        "2020-01-01T00:00:00.000001Z",
        "0000-01-01T00:00:00Z",
    ])
    .prop_map(|text| text.parse().unwrap())
}

fn color() -> impl Strategy<Value = Color> + Clone {
    select(vec![Color::Red, Color::Green, Color::DarkBlue])
}

fn day() -> impl Strategy<Value = NaiveDate> + Clone {
    select(vec!["1970-01-01", "0999-12-31", "9999-12-31"]).prop_map(|text| text.parse().unwrap())
}

fn sample() -> impl Strategy<Value = Sample> {
    use proptest::option::of;
    let big = select(vec![0, 1, -1, i64::MAX, i64::MIN, (1 << 53) + 1]);
    let uuid = select(vec![0, 1, u128::MAX]).prop_map(Uuid::from_u128);
    let plain = (text(), any::<bool>(), 0..3_i32, big.clone(), float(), uuid.clone(), time(), day(), color());
    let optional = (of(text()), of(any::<bool>()), of(0..3_i32), of(big), of(float()), of(uuid), of(time()), of(day()));
    (plain, optional, of(color())).prop_map(|(plain, optional, color_or)| {
        let mut sample = Sample::blank();
        (sample.text, sample.flag, sample.number, sample.big) = (plain.0, plain.1, plain.2, plain.3);
        (sample.ratio, sample.key, sample.at, sample.day, sample.color) = (plain.4, plain.5, plain.6, plain.7, plain.8);
        (sample.text_or, sample.flag_or, sample.number_or, sample.big_or) =
            (optional.0, optional.1, optional.2, optional.3);
        (sample.ratio_or, sample.key_or, sample.at_or, sample.day_or) =
            (optional.4, optional.5, optional.6, optional.7);
        sample.color_or = color_or;
        sample
    })
}

/// Up to four fields in any order and direction; the id may be among them.
fn order() -> impl Strategy<Value = Vec<(usize, Direction)>> {
    let meta = Sample::meta();
    let fields: Vec<usize> = (0..=Sample::FIELDS.color_or.index())
        .filter(|field| meta.field(*field).field_type != FieldType::Json)
        .collect();
    let chosen = subsequence(fields, 0..=4).prop_shuffle();
    let directions = vec(any::<bool>(), 4);
    (chosen, directions).prop_map(|(fields, descending)| {
        let direction = |descending| if descending { Direction::Desc } else { Direction::Asc };
        fields.into_iter().zip(descending).map(|(field, descending)| (field, direction(descending))).collect()
    })
}

fn query<E: isoform::Stored>(order: &[(usize, Direction)]) -> Query<E> {
    let one = |(field, direction): &(usize, Direction)| -> Order<E> {
        let column = isoform::Column::<E, String>::at(*field);
        if *direction == Direction::Asc { column.asc() } else { column.desc() }
    };
    E::query().order_by(|_| order.iter().map(one).collect::<Vec<_>>())
}

async fn ids_by_pages<E: Entity>(query: Query<E>) -> Vec<Id> {
    let mut page = query.paginate().with_total().await.unwrap();
    let mut ids: Vec<_> = page.items.iter().map(Record::id).collect();
    while let Some(next) = page.next().await.unwrap() {
        ids.extend(next.items.iter().map(Record::id));
        assert!(ids.len() as u64 <= page.total.unwrap(), "comes to an end");
        page = next;
    }
    ids
}

/// `E` begins with the fields of a `Sample`.
fn check<E: isoform::Stored>() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new(Way::InProcess));
    let config = Config { cases: 40, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let orders = vec(order(), 4);
    let result = TestRunner::new(config).run(&(vec(sample(), 0..14), orders, 1..4_u64), |(samples, orders, size)| {
        let fill = async |_| {
            for mut row in E::query().await? {
                row.delete().await?;
            }
            for sample in samples {
                let mut row = E::blank();
                for field in 0..=Sample::FIELDS.color_or.index() {
                    row.set(field, sample.get(field)).unwrap();
                }
                repo::<E>().insert(row).await?;
            }
            Ok(())
        };
        runtime.block_on(world.backend().transaction(fill)).unwrap();
        for order in orders {
            let plain =
                async { query::<E>(&order).limit(1_000).await.unwrap().iter().map(Record::id).collect::<Vec<_>>() };
            let plain = runtime.block_on(world.nobody().run(plain));
            let last = runtime.block_on(world.nobody().run(query::<E>(&order).last())).unwrap();
            prop_assert_eq!(last.map(|row| row.id()), plain.last().cloned(), "{:?}", &order);
            for context in [world.nobody(), world.backend()] {
                let paged = runtime.block_on(context.run(ids_by_pages(query::<E>(&order).limit(size))));
                prop_assert_eq!(&paged, &plain, "{:?} by {}", &order, size);
            }
        }
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (samples, ..))) => panic!("{reason}\namong {samples:?}"),
        Err(aborted) => panic!("{aborted}"),
    }
}

#[test]
fn pages_by_a_cursor_are_the_plain_list() {
    check::<Sample>();
}

#[test]
fn pages_by_a_cursor_are_the_plain_list_where_indexes_serve_them() {
    assert!(Indexed::meta().indexes.len() > 15);
    check::<Indexed>();
}
