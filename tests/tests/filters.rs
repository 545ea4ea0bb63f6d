//! Filters mean the same everywhere: in the database, in memory, as JSON on the wire and in an address.

use isoform::filter::{Comparison, TextMatch, wire};
use isoform::prelude::*;
use isoform::{AnyRecord as _, Condition, FieldType, FieldValue as _, Filter, Value, json};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestError, TestRunner};
use tests::entities::{Color, Extra, Sample};
use tests::{Way, World};

// What is stored and asked for: small pools, so that questions find something, with what is likely to go wrong.

const TEXTS: [&str; 34] = [
    "", "a", "A", "b", "ab", "aB", "AB", "abc", "ä", "Ä", "ä%", "%", "_", "\\", "\\%", "100%", "a_b", "a%b", "'", "''",
    "\"", "é", "e\u{301}", "ß", "SS", "İ", "i", "I", "😀", "\u{ffff}", " a ", "a\nb", "null", "[\"a\"]",
];

fn text() -> impl Strategy<Value = String> + Clone {
    prop_oneof![4 => select(&TEXTS[..]).prop_map(str::to_owned), 1 => "[a-cA-C%_\\\\äÄ'\"😀]{0,5}"]
}

fn int() -> impl Strategy<Value = i32> + Clone {
    select(vec![0, 1, -1, 2, 5, 10, -10, 1000, -1000])
}

fn big() -> impl Strategy<Value = i64> + Clone {
    const SAFE: i64 = 1 << 53;
    prop_oneof![select(vec![0, 1, -1, i64::MAX, i64::MAX - 1, i64::MIN, SAFE, SAFE + 1, -SAFE - 1]), any::<i64>()]
}

fn float() -> impl Strategy<Value = f64> + Clone {
    let pool = vec![
        0.0,
        -0.0,
        1.0,
        2.0,
        0.1,
        0.2,
        0.1 + 0.2,
        0.3,
        -1.5,
        1e300,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        9_007_199_254_740_993.0,
        1e17,
        1.0 / 3.0,
    ];
    prop_oneof![3 => select(pool), 1 => any::<f64>().prop_filter("finite", |n| n.is_finite())]
}

fn uuid() -> impl Strategy<Value = Uuid> + Clone {
    select(vec![0, 1, 0xff, 1 << 127, u128::MAX]).prop_map(Uuid::from_u128)
}

fn time() -> impl Strategy<Value = DateTime<Utc>> + Clone {
    let pool = [
        "1970-01-01T00:00:00Z",
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00.001Z",
        "2020-01-01T00:00:00.000001Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "1969-12-31T23:59:59.5Z",
    ];
    select(pool.to_vec()).prop_map(|text| text.parse().unwrap())
}

fn day() -> impl Strategy<Value = NaiveDate> + Clone {
    select(vec!["1970-01-01", "2020-02-29", "0000-01-01", "9999-12-31", "0999-12-31"])
        .prop_map(|text| text.parse().unwrap())
}

fn color() -> impl Strategy<Value = Color> + Clone {
    select(vec![Color::Red, Color::Green, Color::DarkBlue])
}

fn extra() -> impl Strategy<Value = Json<Extra>> + Clone {
    (vec(text(), 0..2), 0..3_u8).prop_map(|(tags, depth)| Json(Extra { tags, depth }))
}

fn sample() -> impl Strategy<Value = Sample> {
    let plain = (text(), any::<bool>(), int(), big(), float(), uuid(), time(), day(), color(), extra());
    let optional = (
        proptest::option::of(text()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(int()),
        proptest::option::of(big()),
        proptest::option::of(float()),
        proptest::option::of(uuid()),
        proptest::option::of(time()),
        proptest::option::of(day()),
        proptest::option::of(color()),
        proptest::option::of(extra()),
    );
    (plain, optional).prop_map(|(plain, optional)| {
        let mut sample = Sample::blank();
        (sample.text, sample.flag, sample.number, sample.big, sample.ratio) =
            (plain.0, plain.1, plain.2, plain.3, plain.4);
        (sample.key, sample.at, sample.day, sample.color, sample.extra) = (plain.5, plain.6, plain.7, plain.8, plain.9);
        (sample.text_or, sample.flag_or, sample.number_or, sample.big_or, sample.ratio_or) =
            (optional.0, optional.1, optional.2, optional.3, optional.4);
        (sample.key_or, sample.at_or, sample.day_or, sample.color_or, sample.extra_or) =
            (optional.5, optional.6, optional.7, optional.8, optional.9);
        sample
    })
}

/// A field with a strategy for what it is compared with.
fn operand(column: usize) -> BoxedStrategy<Value> {
    match Sample::meta().field(column).field_type {
        FieldType::Text => text().prop_map(Value::Text).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Int32 => int().prop_map(|n| Value::Int(n.into())).boxed(),
        FieldType::Int64 => big().prop_map(Value::Int).boxed(),
        FieldType::Float => float().prop_map(Value::Float).boxed(),
        FieldType::Uuid => uuid().prop_map(Value::Uuid).boxed(),
        FieldType::DateTime => time().prop_map(Value::DateTime).boxed(),
        FieldType::Date => day().prop_map(Value::Date).boxed(),
        FieldType::Enum(variants) => {
            (0..variants.len()).prop_map(move |index| Value::Text(variants[index].value.into())).boxed()
        }
        FieldType::Json => extra().prop_map(|extra| extra.to_value()).boxed(),
        FieldType::List(_) | FieldType::Scalar(_) => unreachable!("not in Sample: see field_types.rs"),
    }
}

/// Fields that rows differ in: those from `text` to `extra_or`.
fn fields(json: bool) -> Vec<usize> {
    let meta = Sample::meta();
    let differing = Sample::FIELDS.text.index()..=Sample::FIELDS.extra_or.index();
    differing.filter(|index| json || meta.field(*index).field_type != FieldType::Json).collect()
}

fn compared(field: usize, comparison: Comparison, value: Value) -> Condition {
    Condition::compare(field, Sample::meta().field(field).field_type, comparison, value)
}

fn leaf(json: bool) -> BoxedStrategy<Condition> {
    let comparison = select(vec![Comparison::Eq, Comparison::Gt, Comparison::Gte, Comparison::Lt, Comparison::Lte]);
    let how = select(vec![TextMatch::Contains, TextMatch::StartsWith, TextMatch::EndsWith]);
    let texts: Vec<usize> =
        fields(false).into_iter().filter(|index| Sample::meta().field(*index).field_type.is_text()).collect();
    prop_oneof![
        1 => select(vec![Condition::All, Condition::Nothing]),
        8 => (select(fields(json)), comparison).prop_flat_map(|(field, comparison)| operand(field).prop_map(move |value| compared(field, comparison, value))),
        4 => select(fields(json)).prop_flat_map(|field| vec(operand(field), 0..4).prop_map(move |values| Condition::In(field, values))),
        4 => (select(texts), how, text()).prop_map(|(field, how, text)| Condition::Text(field, how, text)),
        2 => select(fields(true)).prop_map(Condition::Null),
    ]
    .boxed()
}

fn condition(json: bool) -> BoxedStrategy<Condition> {
    leaf(json)
        .prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Condition::And),
                vec(inner.clone(), 0..4).prop_map(Condition::Or),
                inner.clone().prop_map(|one| Condition::Not(Box::new(one))),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.and(other)),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.or(other)),
                inner.prop_map(Condition::negate),
            ]
        })
        .boxed()
}

/// A world with rows, asked over and over.
struct Asked {
    runtime: tokio::runtime::Runtime,
    world: World,
    rows: Vec<Record<Sample>>,
}

impl Asked {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = runtime.block_on(World::new(Way::InProcess));
        Self { runtime, world, rows: Vec::new() }
    }

    /// Other rows, every now and then.
    fn fill(&mut self, samples: Vec<Sample>) {
        let old = std::mem::take(&mut self.rows);
        let work = async |_| {
            for mut row in old {
                row.delete().await?;
            }
            let mut rows = Vec::new();
            for sample in samples {
                rows.push(repo::<Sample>().insert(sample).await?);
            }
            Ok(rows)
        };
        self.rows = self.runtime.block_on(self.world.backend().transaction(work)).unwrap();
    }

    fn in_memory(&self, condition: &Condition) -> Vec<Uuid> {
        let mut found: Vec<_> =
            self.rows.iter().filter(|row| condition.matches(&|field| row.get(field))).map(|row| row.id).collect();
        found.sort_unstable();
        found
    }

    fn in_database(&self, condition: &Condition) -> Vec<Uuid> {
        let query = Sample::query().matching(Filter::from_condition(condition.clone()));
        let (rows, count) =
            self.runtime.block_on(self.world.backend().run(async { (query.clone().all().await, query.count().await) }));
        let mut found: Vec<_> = rows.unwrap().iter().map(|row| row.id).collect();
        assert_eq!(count.unwrap(), found.len() as u64);
        found.sort_unstable();
        found
    }

    fn over_http(&self, method: &str, uri: &str, body: Option<&serde_json::Value>) -> Vec<Uuid> {
        let ask = self.world.ask(method, uri);
        let answer = self.runtime.block_on(match body {
            Some(body) => ask.json(body).send(),
            None => ask.send(),
        });
        let mut found: Vec<Uuid> =
            answer.ok(200).as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().parse().unwrap()).collect();
        found.sort_unstable();
        found
    }
}

/// Asks many conditions about many rows.
fn check(
    cases: u32,
    strategy: BoxedStrategy<Condition>,
    same: impl Fn(&Asked, &Condition) -> Result<(), TestCaseError>,
) {
    let asked = std::cell::RefCell::new(Asked::new());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let result = TestRunner::new(config).run(&(vec(sample(), 6), vec(strategy, 8)), |(samples, conditions)| {
        asked.borrow_mut().fill(samples);
        conditions.iter().try_for_each(|condition| same(&asked.borrow(), condition))
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (samples, _))) => panic!("{reason}\namong {samples:?}"),
        Err(aborted) => panic!("{aborted}"),
    }
}

#[test]
fn a_condition_answers_in_memory_as_in_the_database() {
    check(150, condition(true), |asked, condition| {
        prop_assert_eq!(asked.in_memory(condition), asked.in_database(condition), "{:?}", condition);
        Ok(())
    });
}

#[test]
fn a_condition_means_the_same_after_a_way_over_the_wire() {
    check(100, condition(false), |asked, condition| {
        let meta = Sample::meta();
        let sent = serde_json::Value::Object(wire::to_json(meta, condition)).to_string();
        let read = wire::from_json(meta, meta.all_fields(), &serde_json::from_str(&sent).unwrap());
        let read = read.map_err(|error| TestCaseError::fail(format!("{error}: {sent}")))?;
        let expected = asked.in_database(condition);
        prop_assert_eq!(&asked.in_memory(&read), &expected, "{}", &sent);
        prop_assert_eq!(&asked.in_database(&read), &expected, "{}", &sent);
        let again = serde_json::Value::Object(wire::to_json(meta, &read)).to_string();
        let read_again = wire::from_json(meta, meta.all_fields(), &serde_json::from_str(&again).unwrap()).unwrap();
        prop_assert_eq!(&asked.in_memory(&read_again), &expected, "{}", &again);
        let body = serde_json::json!({"where": serde_json::from_str::<serde_json::Value>(&sent).unwrap()});
        prop_assert_eq!(&asked.over_http("POST", "/api/samples?__action=get", Some(&body)), &expected, "{}", &sent);
        Ok(())
    });
}

/// A condition of one field as parameters of an address, as the npm client writes them.
fn address(condition: &Condition) -> Option<String> {
    let meta = Sample::meta();
    let encoded =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    Some(match condition {
        Condition::Compare(field, comparison, value) => {
            let suffix = [
                ("", Comparison::Eq),
                (".gt", Comparison::Gt),
                (".gte", Comparison::Gte),
                (".lt", Comparison::Lt),
                (".lte", Comparison::Lte),
            ];
            let suffix = suffix.iter().find(|(_, one)| one == comparison).unwrap().0;
            format!("{}{suffix}={}", meta.field(*field).wire, encoded(&json::to_text(value)))
        }
        Condition::In(field, values) => {
            let list: Vec<_> = values.iter().map(json::to_json).collect();
            format!("{}.in={}", meta.field(*field).wire, encoded(&serde_json::Value::from(list).to_string()))
        }
        Condition::Text(field, how, text) => {
            let suffix = match how {
                TextMatch::Contains => "contains",
                TextMatch::StartsWith => "startsWith",
                TextMatch::EndsWith => "endsWith",
            };
            format!("{}.{suffix}={}", meta.field(*field).wire, encoded(text))
        }
        Condition::Null(field) => format!("{}.null=true", meta.field(*field).wire),
        _ => return None,
    })
}

#[test]
fn a_condition_means_the_same_in_an_address() {
    check(100, leaf(false), |asked, condition| {
        let Some(query) = address(condition) else { return Ok(()) };
        let found = asked.over_http("GET", &format!("/api/samples?{query}"), None);
        prop_assert_eq!(found, asked.in_database(condition), "{} {:?}", query, condition);
        Ok(())
    });
}

#[test]
fn an_order_is_the_same_as_the_comparisons() {
    let asked = std::cell::RefCell::new(Asked::new());
    let config = Config { cases: 30, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&vec(sample(), 8), |samples| {
        asked.borrow_mut().fill(samples);
        let asked = asked.borrow();
        // The order of an enum is that of its declaration, which a value alone does not know.
        let is_enum = |field: &usize| matches!(Sample::meta().field(*field).field_type, isoform::FieldType::Enum(_));
        for field in fields(false).into_iter().filter(|field| !is_enum(field)) {
            let wire = Sample::meta().field(field).wire;
            let answer = asked.runtime.block_on(asked.world.get(&format!("/api/samples?_sort={wire}")).send()).ok(200);
            let value = |row: &serde_json::Value| {
                let id: Uuid = row["id"].as_str().unwrap().parse().unwrap();
                asked.rows.iter().find(|row| row.id == id).unwrap().get(field)
            };
            let values: Vec<_> = answer.as_array().unwrap().iter().map(value).collect();
            for pair in values.windows(2) {
                let order = isoform::filter::eval::compare(&pair[0], &pair[1]);
                prop_assert!(pair[1].is_null() || order.is_some_and(std::cmp::Ordering::is_le), "{}: {:?}", wire, pair);
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn null_is_neither_equal_nor_unequal_to_anything() {
    let mut asked = Asked::new();
    asked.fill(vec![Sample::blank(), Sample { number_or: Some(1), ..Sample::blank() }]);
    let one = Sample::filter(|s| s.number_or.eq(1));
    let some: Vec<_> = asked.rows.iter().filter(|row| row.number_or.is_some()).map(|row| row.id).collect();
    for (filter, expected) in [
        (one.clone(), some.clone()),
        (!one.clone(), Vec::new()),
        (!!one.clone(), some.clone()),
        (Sample::filter(|s| s.number_or.ne(2)), some.clone()),
        (Sample::filter(|s| !s.number_or.is_null()), some.clone()),
        (Sample::filter(|s| s.number_or.ne(None)), some.clone()),
        (Sample::filter(|s| s.number_or.not_in([2])), some.clone()),
        (Sample::filter(|s| s.number_or.in_([1, 2])), some),
    ] {
        assert_eq!(asked.in_database(filter.condition()), expected, "{filter:?}");
        assert_eq!(asked.in_memory(filter.condition()), expected, "{filter:?}");
    }
}
