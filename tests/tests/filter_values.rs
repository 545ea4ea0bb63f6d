//! Filters as values: stored as JSON, read back, combined, and answered in memory as in the database.

use isoform::filter::{Comparison, TextMatch};
use isoform::prelude::*;
use isoform::{Condition, Entity, EntityMeta, FieldType, FieldValue as _, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tests::entities::Sample;
use tests::entities_fields::Measure;
use tests::entities_filters::{Invoice, Payer};
use tests::{Way, World};

/// A few values of each type, so that questions find something.
fn values(field_type: FieldType) -> Vec<Value> {
    let times = ["1970-01-01T00:00:00Z", "2020-02-29T12:00:00.000001Z"];
    match field_type {
        FieldType::Text => ["", "a", "A", "ab", "%", "b_", "ä", "it's"].map(|text| text.to_owned().to_value()).into(),
        FieldType::Bool => vec![Value::Bool(true), Value::Bool(false)],
        FieldType::Int32 => [-5, 0, 7].map(Value::Int).into(),
        FieldType::Int64 => [0, 7, (1 << 53) + 1].map(Value::Int).into(),
        FieldType::Float => [-0.5, 0.0, 0.1, 1e300].map(Value::Float).into(),
        FieldType::Uuid => [0, 7, u128::MAX].map(|id| Value::Uuid(Uuid::from_u128(id))).into(),
        FieldType::DateTime => times.map(|time| time.parse::<DateTime<Utc>>().unwrap().to_value()).into(),
        FieldType::Date => ["1970-01-01", "2020-02-29"].map(|day| day.parse::<NaiveDate>().unwrap().to_value()).into(),
        FieldType::Enum(variants) => variants.iter().map(|one| Value::Text(one.value.into())).collect(),
        FieldType::Scalar(_) if field_type == Decimal::TYPE => {
            ["-1.5", "0", "0.000001", "12"].map(|text| text.parse::<Decimal>().unwrap().to_value()).into()
        }
        FieldType::Scalar(_) if field_type == NaiveTime::TYPE => {
            ["00:00:00", "13:45:00.5"].map(|text| text.parse::<NaiveTime>().unwrap().to_value()).into()
        }
        FieldType::Scalar(_) if field_type == TimeDelta::TYPE => {
            [0, 90_000_001].map(|n| TimeDelta::microseconds(n).to_value()).into()
        }
        FieldType::Scalar(_) => [vec![], vec![0_u8, 255], vec![1]].map(|bytes| bytes.to_value()).into(),
        FieldType::Json | FieldType::List(_) => Vec::new(),
    }
}

/// The fields that rows differ in: a unique one cannot have few values.
fn fields(meta: &'static EntityMeta) -> Vec<usize> {
    let plain = |index: &usize| {
        let field = meta.field(*index);
        !meta.ids.contains(index) && !field.unique && field.validators.is_empty()
    };
    (0..meta.fields.len()).filter(plain).collect()
}

fn leaf(meta: &'static EntityMeta) -> BoxedStrategy<Condition> {
    let comparison = select(vec![Comparison::Eq, Comparison::Gt, Comparison::Gte, Comparison::Lt, Comparison::Lte]);
    let how = select(vec![TextMatch::Contains, TextMatch::StartsWith, TextMatch::EndsWith]);
    let comparable: Vec<_> =
        fields(meta).into_iter().filter(|field| !meta.field(*field).field_type.is_json()).collect();
    let texts: Vec<_> = comparable.iter().copied().filter(|field| meta.field(*field).field_type.is_text()).collect();
    let one = |field: usize| select(values(meta.field(field).field_type));
    prop_oneof![
        6 => (select(comparable.clone()), comparison).prop_flat_map(move |(field, comparison)| {
            one(field).prop_map(move |value| Condition::compare(field, meta.field(field).field_type, comparison, value))
        }),
        3 => select(comparable).prop_flat_map(move |field| vec(one(field), 1..3).prop_map(move |list| Condition::In(field, list))),
        2 => (select(texts), how, select(vec!["", "a", "B", "%", "_", "'"])).prop_map(|(field, how, text)| Condition::Text(field, how, text.into())),
        2 => select(fields(meta)).prop_map(Condition::Null),
    ]
    .boxed()
}

/// What closures can build.
fn condition(meta: &'static EntityMeta) -> BoxedStrategy<Condition> {
    leaf(meta)
        .prop_recursive(3, 16, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.and(other)),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| one.or(other)),
                inner.prop_map(Condition::negate),
            ]
        })
        .boxed()
}

fn row(meta: &'static EntityMeta) -> BoxedStrategy<Vec<(usize, Value)>> {
    let cells = fields(meta).into_iter().filter(|field| !meta.field(*field).field_type.is_json()).map(|field| {
        let value = select(values(meta.field(field).field_type));
        let value = if meta.field(field).nullable {
            prop_oneof![3 => value, 1 => Just(Value::Null)].boxed()
        } else {
            value.boxed()
        };
        value.prop_map(move |value| (field, value)).boxed()
    });
    cells.collect::<Vec<_>>().boxed()
}

/// Rows in a database, in memory, and filters that are asked of both.
fn check<E: isoform::Stored>(cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new(Way::Direct));
    let old = std::cell::RefCell::new(Vec::<Record<E>>::new());
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let result =
        TestRunner::new(config).run(&(vec(row(E::meta()), 5), vec(condition(E::meta()), 12)), |(rows, conditions)| {
            let trusted = world.backend();
            let filled = trusted.transaction(async |_| {
                for mut record in old.take() {
                    record.delete().await?;
                }
                let mut all = Vec::new();
                for cells in rows {
                    let mut entity = E::blank();
                    for (field, value) in cells {
                        entity.set(field, value).unwrap();
                    }
                    all.push(repo::<E>().insert(entity).await?);
                }
                Ok(all)
            });
            let all = runtime.block_on(filled).unwrap();
            for condition in conditions {
                let filter = Filter::<E>::from_condition(condition);
                let in_memory = all.iter().filter(|record| filter.matches(record).unwrap()).count() as u64;
                let count = |filter: &Filter<E>| {
                    runtime.block_on(world.backend().run(E::query().matching(filter.clone()).count())).unwrap()
                };
                prop_assert_eq!(in_memory, count(&filter), "{:?}", &filter);
                let stored = filter.to_json().unwrap().to_string();
                let read = Filter::<E>::from_json(&serde_json::from_str(&stored).unwrap());
                let read = read.map_err(|error| TestCaseError::fail(format!("{error}: {stored}")))?;
                prop_assert_eq!(&read, &filter, "{}", &stored);
                prop_assert_eq!(read.to_json().unwrap().to_string(), stored);
                prop_assert_eq!(count(&!read.clone()), count(&!filter));
            }
            old.replace(all);
            Ok(())
        });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn plain_fields_are_answered_in_memory_as_in_the_database_and_read_back_as_they_were() {
    check::<Sample>(60);
}

#[test]
fn further_types_are_answered_in_memory_as_in_the_database_and_read_back_as_they_were() {
    check::<Measure>(60);
}

#[test]
fn filters_are_stored_combined_and_read_back() {
    let open = Invoice::filter(|i| i.paid.eq(false) & i.payer_id.in_(["ann", "bob"]));
    let recent = Invoice::by_year(2024) & Invoice::numbered(vec![1, 2]) & Invoice::between(1, None);
    let of_known = Invoice::filter(|i| i.payer.known.eq(true));
    for filter in
        [open.clone(), recent.clone(), of_known.clone(), (open & !recent) | of_known, Filter::all(), Filter::nothing()]
    {
        let json = filter.to_json().unwrap();
        assert_eq!(Filter::<Invoice>::from_json(&json).unwrap(), filter, "{json}");
    }
    let json = (Invoice::by_year(2024) & Invoice::filter(|i| i.id.gt(3))).to_json().unwrap();
    assert_eq!(json, json!({"$custom$byYear": 2024, "id.gt": 3}));
    let one: Filter<Invoice> = Filter::from_json(&json!({"id": 1, "paid": true})).unwrap();
    assert_eq!(one, Invoice::filter(|i| i.paid.eq(true) & i.id.eq(1)), "in any order");
    assert_ne!(one, Invoice::filter(|i| i.paid.eq(true) & i.id.eq(2)));
    assert_ne!(one, Invoice::filter(|i| i.paid.eq(true) | i.id.eq(1)));
}

#[test]
fn what_cannot_be_read_stored_or_answered_is_said() {
    let wrong = |json| Filter::<Invoice>::from_json(&json).unwrap_err().message().to_owned();
    assert_eq!(wrong(json!({"colour": 1})), "\"colour\" is not a field of invoices.");
    assert!(wrong(json!({"paid": "maybe"})).starts_with("The filter \"paid\""), "{}", wrong(json!({"paid": "maybe"})));
    assert!(wrong(json!({"id.near": 1})).contains("Unknown operator \"near\""));
    assert!(wrong(json!([])).contains("JSON object"));
    assert_eq!(wrong(json!({"$custom$byMonth": 1})), "\"$custom$byMonth\" is not a filter of invoices.");
    let by_sql = Filter::<Invoice>::sql(sql!("1 = 1"));
    assert!(by_sql.to_json().unwrap_err().message().contains("custom filter"));
    assert!((!by_sql.clone() & Filter::all()).to_json().is_err());
    let extra = Sample::filter(|s| s.extra.eq(isoform::Json::default()));
    assert!(extra.to_json().unwrap_err().message().contains("\"extra\""));
    let across = Payer::filter(|p| p.invoices.any(|_| by_sql.clone()));
    assert!(across.to_json().is_err());
    for filter in [by_sql, Invoice::own(), Invoice::filter(|i| i.payer.known.eq(true))] {
        assert!(filter.matches(&Invoice::blank()).unwrap_err().is_invalid());
    }
}

#[test]
fn the_values_that_a_filter_pins_are_known() {
    let pins = |filter: Filter<Sample>| filter.values_of(|s| s.number);
    assert_eq!(pins(Sample::filter(|s| s.number.eq(1) & s.flag.eq(true))), Some(vec![1]));
    assert_eq!(pins(Sample::filter(|s| s.number.in_([1, 2]) & s.number.in_([2, 3]))), Some(vec![2]), "both hold");
    assert_eq!(pins(Sample::filter(|s| s.number.in_([1, 2]) | s.number.in_([2, 3]))), Some(vec![1, 2, 3]));
    assert_eq!(pins(Sample::filter(|s| s.number.eq(1) | s.flag.eq(true))), None, "a way around it");
    assert_eq!(pins(Sample::filter(|s| s.number.gt(1))), None);
    assert_eq!(pins(Sample::filter(|s| s.number.ne(1))), None);
    assert_eq!(pins(Sample::filter(|s| !(s.number.eq(1) | s.flag.eq(true)))), None);
    assert_eq!(pins(Sample::filter(|s| s.number.gt(0) & s.number.eq(1))), Some(vec![1]));
    assert_eq!(pins(Filter::all()), None);
    assert_eq!(pins(Filter::nothing()), Some(vec![]), "no row has any");
    let or_null = Sample::filter(|s| s.number_or.in_([Some(1), None]));
    assert_eq!(
        or_null.values_of(|s| s.number_or).map(|list| list.contains(&None) && list.contains(&Some(1))),
        Some(true)
    );
}

#[tokio::test]
async fn trusted_code_reads_filters_over_hidden_fields_and_relations_alike() {
    use tests::entities_related_values::{Buyer, all};
    let world = tests::World::with(tests::Way::Direct, all()).await;
    let by_relation = || Filter::<Buyer>::from_json(&json!({"written.any": {"id": 1}}));
    world
        .backend()
        .run(async {
            for json in [json!({"debt": 1}), json!({"written.any": {"clerk": "x"}}), json!({"written.$count.gt": 0})] {
                let filter = Filter::<Buyer>::from_json(&json).unwrap();
                assert_eq!(Buyer::query().filter(|_| filter.clone()).count().await.unwrap(), 0, "{json}");
            }
        })
        .await;
    assert!(world.for_(&tests::ann()).run(async { by_relation() }).await.unwrap_err().is_invalid());
    assert!(world.for_(&tests::admin()).run(async { by_relation() }).await.is_ok());
}
