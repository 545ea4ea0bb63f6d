//! Decimals, times of day, durations, bytes, lists and types of one's own: as exact and as ordered in the table as in Rust.

use isoform::filter::{Comparison, wire};
use isoform::prelude::*;
use isoform::{AnyRecord as _, Condition, FieldValue as _, Value, json};
use serde_json::json;
use tests::entities::Color;
use tests::entities_fields::{Length, Measure, Voucher};
use tests::{Way, World, promises};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

fn named(name: &str) -> Record<Measure> {
    let mut measure = Record::<Measure>::new();
    measure.name = name.into();
    measure
}

async fn names(query: Query<Measure>) -> Vec<String> {
    query.await.unwrap().iter().map(|measure| measure.name.clone()).collect()
}

promises! {
    async fn a_row_comes_back_as_it_was_written(world: World) {
        world.nobody().run(async {
            let mut new = named("all");
            new.amount = decimal("-9223372036854.775808");
            new.opens = time("23:59:59.999999");
            new.takes = TimeDelta::microseconds(-90_061_000_001);
            new.lasts = std::time::Duration::from_micros(1_500_001);
            new.data = (0..=255).collect();
            new.tags = vec!["a".into(), String::new(), "ü \"'\\".into()];
            new.sizes = vec![decimal("0.1"), decimal("1000000")];
            new.colors = vec![Color::DarkBlue, Color::Red];
            new.length = Length(180);
            new.amount_or = Some(decimal("0.000001"));
            new.opens_or = Some(NaiveTime::MIN);
            new.takes_or = Some(TimeDelta::zero());
            new.data_or = Some(Vec::new());
            new.tags_or = Some(Vec::new());
            new.ratios = vec![0.1, -1e300];
            new.days = vec![None, NaiveDate::from_ymd_opt(2020, 2, 29)];
            let written = (*new).clone();
            let stored = repo::<Measure>().insert(new).await.unwrap();
            let read = repo::<Measure>().find_id(stored.id).await.unwrap();
            assert_eq!(*read, Measure { id: stored.id, ..written });
            assert_eq!(Measure::query().await.unwrap(), [read]);
        }).await;
    }

    async fn nothing_and_what_a_new_record_has_come_back_too(world: World) {
        world.nobody().run(async {
            let stored = repo::<Measure>().insert(named("blank")).await.unwrap();
            let read = repo::<Measure>().find_id(stored.id).await.unwrap();
            assert_eq!((read.amount, read.opens, read.takes), (Decimal::ZERO, NaiveTime::MIN, TimeDelta::zero()));
            assert_eq!((read.data.len(), read.tags.len(), read.length), (0, 0, Length(0)));
            assert_eq!((read.amount_or, &read.data_or, &read.tags_or), (None, &None, &None));
        }).await;
    }

    async fn decimals_are_ordered_as_numbers_and_equal_however_they_are_written(world: World) {
        world.nobody().run(async {
            for amount in ["10", "9.99", "-10", "0.1", "-9.5", "0.100001"] {
                let mut new = named(amount);
                new.amount = decimal(amount);
                repo::<Measure>().insert(new).await.unwrap();
            }
            let ordered = names(Measure::query().order_by(|m| m.amount.asc())).await;
            assert_eq!(ordered, ["-10", "-9.5", "0.1", "0.100001", "9.99", "10"]);
            assert_eq!(names(Measure::query().filter(|m| m.amount.eq(decimal("10.000")))).await, ["10"]);
            assert_eq!(names(Measure::query().filter(|m| m.amount.gt(decimal("0.1")))).await, ["0.100001", "10", "9.99"]);
            let between = |m: tests::entities_fields::MeasureFields| {
                m.amount.gt(decimal("0.1000005")) & m.amount.lte(decimal("9.99"))
            };
            assert_eq!(names(Measure::query().filter(between)).await, ["0.100001", "9.99"]);
            let some = [decimal("10.0"), decimal("-9.50"), decimal("0.1000005")];
            assert_eq!(names(Measure::query().filter(|m| m.amount.in_(some))).await, ["-9.5", "10"]);
        }).await;
    }

    async fn a_number_that_the_table_cannot_hold_is_refused_and_never_rounded(world: World) {
        world.nobody().run(async {
            for (amount, problem) in [
                ("0.0000001", "must have at most 6 digits after the point"),
                ("9223372036855", "must be between -9223372036854 and 9223372036854"),
            ] {
                let mut new = named("wrong");
                new.amount = decimal(amount);
                new.save().await.unwrap_err();
                assert_eq!(new.error(|m| m.amount), Some(problem));
            }
            let mut long = named("long");
            long.takes = TimeDelta::MAX;
            long.save().await.unwrap_err();
            assert_eq!(long.error(|m| m.takes), Some("must be shorter than 292,271 years"));
            assert_eq!(repo::<Measure>().count().await.unwrap(), 0);
        }).await;
    }

    async fn a_list_with_an_item_that_could_not_be_read_again_is_refused(world: World) {
        world.nobody().run(async {
            let mut new = named("list");
            new.ratios = vec![0.5, f64::NAN];
            new.save().await.unwrap_err();
            assert_eq!(new.error(|m| m.ratios), Some("must be a finite number (item 2)"));
            let mut new = named("list");
            new.days = vec![NaiveDate::from_ymd_opt(12020, 1, 1)];
            new.save().await.unwrap_err();
            assert_eq!(new.error(|m| m.days), Some("must be in the years 0 to 9999 (item 1)"));
        }).await;
    }

    async fn what_is_required_is_not_an_empty_list_and_not_no_bytes(world: World) {
        world.nobody().run(async {
            let mut new = Record::<Voucher>::new();
            new.shops.clear();
            new.stamp.clear();
            new.save().await.unwrap_err();
            assert_eq!((new.error(|v| v.shops), new.error(|v| v.stamp)), (Some("is required"), Some("is required")));
            new.shops.push("north".into());
            new.stamp.push(1);
            new.save().await.unwrap();
            assert_eq!(new.worth, Decimal::ONE);
        }).await;
    }

    async fn limits_of_decimals_are_exact(world: World) {
        world.nobody().run(async {
            for (price, problem) in [
                ("0.01", None),
                ("0.009999", Some("must be at least 0.01")),
                ("1000.000000", None),
                ("1000.000001", Some("must be at most 1000")),
            ] {
                let mut new = named("price");
                new.price = Some(decimal(price));
                assert_eq!(new.save().await.is_ok(), problem.is_none(), "{price}");
                assert_eq!(new.error(|m| m.price), problem, "{price}");
            }
        }).await;
    }

    async fn no_two_rows_have_the_same_number_however_it_is_written(world: World) {
        world.nobody().run(async {
            let mut first = named("first");
            first.code = Some(decimal("1.50"));
            first.save().await.unwrap();
            let mut second = named("second");
            second.code = Some(decimal("1.5"));
            let error = second.save().await.unwrap_err();
            assert_eq!((error.status(), second.error(|m| m.code)), (409, Some("already exists")));
        }).await;
    }

    async fn a_type_of_ones_own_is_compared_and_changed_as_what_it_is_stored_as(world: World) {
        world.nobody().run(async {
            for length in [5, 100, 20] {
                let mut new = named(&length.to_string());
                new.length = Length(length);
                new.save().await.unwrap();
            }
            assert_eq!(names(Measure::query().filter(|m| m.length.gte(Length(20))).order_by(|m| m.length.desc())).await, ["100", "20"]);
            let mut five = Measure::query().filter(|m| m.length.eq(Length(5))).first().await.unwrap().unwrap();
            five.length = Length(6);
            five.save().await.unwrap();
            assert_eq!(names(Measure::query().filter(|m| m.length.lt(Length(7)))).await, ["5"]);
        }).await;
    }
}

async fn world() -> World {
    World::new(Way::InProcess).await
}

#[tokio::test]
async fn each_type_has_its_form_on_the_wire() {
    let world = world().await;
    let sent = json!({
        "name": "wire", "amount": "12.50", "opens": "13:45", "takes": "PT90M", "data": "AAEC/w==",
        "tags": ["a", "b"], "sizes": [1, "2.50", 0.1], "colors": ["navy"], "length": 3,
    });
    let written = json!({
        "name": "wire", "amount": "12.5", "opens": "13:45:00", "takes": "PT1H30M", "data": "AAEC/w==",
        "tags": ["a", "b"], "sizes": ["1", "2.5", "0.1"], "colors": ["navy"], "length": 3, "amountOr": null, "tagsOr": null,
    });
    let inserted = world.post("/api/measures").json(&sent).send().await.ok(201);
    let id = inserted["id"].as_str().unwrap();
    let read = world.get(&format!("/api/measures/{id}")).send().await.ok(200);
    let listed = world.get("/api/measures").send().await.ok(200);
    let put = world.put(&format!("/api/measures/{id}")).json(&sent).send().await.ok(200);
    for row in [&inserted, &read, &listed[0], &put] {
        for (field, value) in written.as_object().unwrap() {
            assert_eq!(&row[field], value, "{field}");
        }
    }
    // A decimal may come as a number of JSON; what binary fractions make of 0.1 + 0.2 is no sum of money.
    let numbers = [(json!(3), "3"), (json!(19.99), "19.99"), (json!(-0.5), "-0.5"), (json!("7"), "7")];
    for (number, written) in numbers {
        let row = world.put(&format!("/api/measures/{id}")).json(&json!({"amount": number})).send().await.ok(200);
        assert_eq!(row["amount"], written);
    }
    let odd = world.put(&format!("/api/measures/{id}")).json(&json!({"amount": 0.1 + 0.2})).send().await;
    odd.refused(400);
    assert_eq!(odd.field("amount"), "must have at most 6 digits after the point");
    for query in [
        "amount=7.00",
        "opens=13:45",
        "takes=PT1H30M",
        "data=AAEC/w%3D%3D",
        "amount.in=%5B7,%221%22%5D",
        "data.in=%5B%22AAEC/w==%22%5D",
    ] {
        let found = world.get(&format!("/api/measures?{query}")).send().await.ok(200);
        assert_eq!(found.as_array().unwrap().len(), 1, "{query}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_a_400_at_its_field() {
    let world = world().await;
    let good = world.post("/api/measures").json(&json!({"name": "good", "tags": ["a"]})).send().await.ok(201);
    let uri = format!("/api/measures/{}", good["id"].as_str().unwrap());
    let wrong = [
        ("amount", vec![json!("x"), json!("1e3"), json!("1_000"), json!(true), json!([]), json!("1,5"), json!("NaN")]),
        ("opens", vec![json!("24:00"), json!("1 pm"), json!(13), json!("2020-01-01T13:45:00Z"), json!({})]),
        ("lasts", vec![json!("-PT1S"), json!("1")]),
        ("takes", vec![json!("1:30"), json!("P1M"), json!(90), json!("PT"), json!("P1Y")]),
        ("data", vec![json!([1, 2]), json!("Zh=="), json!("ä"), json!("Z"), json!("Zm 9"), json!(1)]),
        ("tags", vec![json!("a"), json!({}), json!([1]), json!(["a", null]), json!([["a"]]), json!(["\u{0}"])]),
        ("sizes", vec![json!(["x"]), json!([true])]),
        ("colors", vec![json!(["red", "purple"])]),
        ("length", vec![json!(-1), json!("x"), json!(1.5)]),
    ];
    for (field, values) in wrong {
        for value in values {
            for answer in [
                world.post("/api/measures").json(&json!({field: value})).send().await,
                world.put(&uri).json(&json!({field: value})).send().await,
            ] {
                answer.refused(400);
                assert!(answer.field(field).starts_with("must "), "{field} {value}: {answer:?}");
            }
        }
    }
    for field in ["amount", "opens", "takes", "data", "tags", "sizes", "colors", "length"] {
        let answer = world.put(&uri).json(&json!({field: null})).send().await;
        answer.refused(400);
        assert_eq!(answer.field(field), "must not be null");
    }
    for query in ["amount=x", "opens.gt=25:00", "takes=x", "data=x", "tags=a", "tags.contains=a", "tags.in=%5B%5D"] {
        world.get(&format!("/api/measures?{query}")).send().await.refused(400);
    }
    let item = world.put(&uri).json(&json!({"sizes": ["1", "x"]})).send().await;
    assert_eq!(item.field("sizes"), "must be a decimal number such as 12.5 (item 2)");
    assert_eq!(world.get(&uri).send().await.ok(200), good);
}

/// Values of a field and things to ask it: what is likely to go wrong.
fn pools() -> Vec<(usize, usize, Vec<Value>, Vec<Value>)> {
    let fields = Measure::FIELDS;
    let numbers =
        ["0", "-1", "1", "1.000001", "0.999999", "-0.5", "10", "9", "9223372036854.775807", "-9223372036854.775808"];
    let unstorable = ["1.0000005", "-1.0000001", "0.0000001", "99999999999999999999", "-99999999999999999999"];
    let decimals = |list: &[&str]| -> Vec<Value> { list.iter().map(|text| decimal(text).to_value()).collect() };
    let (numbers, unstorable) = (decimals(&numbers), decimals(&unstorable));
    let times = ["00:00:00", "00:00:00.000001", "09:00:00", "10:00:00", "10:00:00.5", "23:59:59.999999"];
    let times: Vec<Value> = times.iter().map(|text| time(text).to_value()).collect();
    let micros = [0, 1, -1, 60_000_000, -60_000_000, i64::MAX, i64::MIN + 1, 86_400_000_000];
    let durations: Vec<Value> = micros.iter().map(|micros| TimeDelta::microseconds(*micros).to_value()).collect();
    let more: Vec<Value> =
        durations.iter().cloned().chain([TimeDelta::MAX.to_value(), TimeDelta::MIN.to_value()]).collect();
    let bytes: [&[u8]; 7] = [b"", b"\0", b"a", b"ab", b"b", b"\xff", b"\xff\0"];
    let bytes: Vec<Value> = bytes.iter().map(|bytes| bytes.to_vec().to_value()).collect();
    vec![
        (fields.amount.index(), fields.amount_or.index(), numbers.clone(), [numbers, unstorable].concat()),
        (fields.opens.index(), fields.opens_or.index(), times.clone(), times),
        (fields.takes.index(), fields.takes_or.index(), durations, more),
        (fields.data.index(), fields.data_or.index(), bytes.clone(), bytes),
    ]
}

#[tokio::test]
async fn a_filter_answers_in_memory_as_in_the_database_and_over_the_wire() {
    let world = world().await;
    let meta = Measure::meta();
    for (plain, optional, stored, asked) in pools() {
        let backend = world.backend();
        let rows = backend
            .run(async {
                for row in Measure::query().await.unwrap() {
                    repo::<Measure>().delete(row.id).await.unwrap();
                }
                for value in &stored {
                    for or in [Value::Null, value.clone()] {
                        let mut new = named("row");
                        isoform::AnyRecord::set(&mut new, plain, value.clone()).unwrap();
                        isoform::AnyRecord::set(&mut new, optional, or).unwrap();
                        new.save().await.unwrap();
                    }
                }
                Measure::query().await.unwrap()
            })
            .await;
        assert_eq!(rows.len(), stored.len() * 2);
        let mut conditions: Vec<Condition> = Vec::new();
        for field in [plain, optional] {
            let field_type = meta.field(field).field_type;
            for value in &asked {
                for how in [Comparison::Eq, Comparison::Gt, Comparison::Gte, Comparison::Lt, Comparison::Lte] {
                    conditions.push(Condition::compare(field, field_type, how, value.clone()));
                }
            }
            for pair in asked.windows(2) {
                conditions.push(Condition::In(field, pair.to_vec()));
            }
            conditions.push(Condition::Null(field));
        }
        let negated: Vec<_> = conditions.iter().cloned().map(Condition::negate).collect();
        let (mut some, mut none) = (0, 0);
        for condition in conditions.into_iter().chain(negated) {
            let mut in_memory: Vec<_> =
                rows.iter().filter(|row| condition.matches(&|field| row.get(field))).map(|row| row.id).collect();
            in_memory.sort_unstable();
            let query = Measure::query().matching(isoform::Filter::from_condition(condition.clone()));
            let mut found: Vec<_> = world.backend().run(query.all()).await.unwrap().iter().map(|row| row.id).collect();
            found.sort_unstable();
            assert_eq!(in_memory, found, "{condition:?}");
            if found.is_empty() {
                none += 1
            } else {
                some += 1
            }
            let sent = json!({"where": wire::to_json(meta, &condition)});
            let answer = world.post("/api/measures?__action=get").json(&sent).send().await.ok(200);
            let mut over_http: Vec<Uuid> =
                answer.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect();
            over_http.sort_unstable();
            // A duration beyond what can be stored has no text of its own.
            if !sent.to_string().contains("106751991DT") {
                assert_eq!(over_http, found, "{sent}");
            }
        }
        assert!(some > 20 && none > 5, "the questions tell nothing: {some} {none}");
        // And the order is that of the comparisons.
        let order = world.get(&format!("/api/measures?_sort={}", meta.field(plain).wire)).send().await.ok(200);
        let values: Vec<_> = order
            .as_array()
            .unwrap()
            .iter()
            .map(|row| json::from_json(meta.field(plain).field_type, &row[meta.field(plain).wire]).unwrap())
            .collect();
        assert!(
            values.windows(2).all(|pair| isoform::filter::eval::compare(&pair[0], &pair[1]).unwrap().is_le()),
            "{values:?}"
        );
    }
}

#[tokio::test]
async fn decimals_and_durations_are_whole_numbers_in_the_table_so_that_sums_are_exact() {
    let world = world().await;
    world
        .backend()
        .run(async {
            for amount in ["0.1", "0.2", "-0.05"] {
                let mut new = named(amount);
                new.amount = decimal(amount);
                new.takes = TimeDelta::milliseconds(1500);
                new.opens = time("07:30:00");
                new.save().await.unwrap();
            }
        })
        .await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    let (amount, takes, opens): (i64, i64, String) =
        sqlx::query_as("SELECT SUM(amount), SUM(takes), MIN(opens) FROM measures").fetch_one(&pool).await.unwrap();
    assert_eq!((amount, takes, opens.as_str()), (250_000, 4_500_000, "07:30:00.000000"));
    let isoform::FieldType::Scalar(scalar) = Measure::FIELDS.amount.meta().field_type else { panic!("a scalar") };
    assert_eq!((scalar.read)(isoform::value::Stored::Int(amount)), Some(decimal("0.25").to_value()));
}

#[tokio::test]
async fn a_column_of_each_type_can_be_added_to_a_table_that_has_rows() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("CREATE TABLE measures (id blob PRIMARY KEY, name text NOT NULL)").execute(&pool).await.unwrap();
    sqlx::query("INSERT INTO measures VALUES (?, 'old')")
        .bind(Uuid::from_u128(1).as_bytes().to_vec())
        .execute(&pool)
        .await
        .unwrap();
    pool.close().await;
    let database = isoform_server::Database::connect(&url).await.unwrap();
    let api = isoform_server::Api::new(database.clone()).entities(tests::entities_fields::all());
    api.ensure_schema().await.unwrap();
    let old = database.context().run(async { repo::<Measure>().find_id(Uuid::from_u128(1)).await.unwrap() }).await;
    assert_eq!((old.name.as_str(), old.amount, old.opens), ("old", Decimal::ZERO, NaiveTime::MIN));
    assert_eq!((old.data.len(), old.tags.len(), old.takes, old.length), (0, 0, TimeDelta::zero(), Length(0)));
    // Nothing is said of columns that are as they should be.
    assert_eq!(api.ensure_schema().await.unwrap(), Vec::<String>::new());
}
