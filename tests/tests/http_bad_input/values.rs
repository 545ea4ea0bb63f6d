//! Values of the wrong type, and values that break a rule.

use super::*;

fn wrong_values() -> Vec<(&'static str, Vec<Json>)> {
    vec![
        ("text", vec![json!(1), json!(true), json!([]), json!({}), json!("\u{0}")]),
        ("flag", vec![json!(1), json!("yes"), json!("TRUE"), json!([]), json!({})]),
        (
            "number",
            vec![
                json!(1.5),
                json!("x"),
                json!(2_147_483_648_i64),
                json!(-2_147_483_649_i64),
                json!(true),
                json!([1]),
                json!("1.0"),
                json!(1e300),
            ],
        ),
        (
            "big",
            vec![
                json!(1.5),
                json!("9223372036854775808"),
                json!(9_223_372_036_854_775_808_u64),
                json!("x"),
                json!(false),
                json!({}),
            ],
        ),
        (
            "ratio",
            vec![json!("x"), json!("NaN"), json!("inf"), json!("-Infinity"), json!("1e400"), json!(true), json!([])],
        ),
        ("key", vec![json!("x"), json!(1), json!("00000000-0000-0000-0000-00000000000"), json!([])]),
        (
            "at",
            vec![
                json!("x"),
                json!("2020-13-01T00:00:00Z"),
                json!("2020-01-01"),
                json!(0),
                json!("+12020-01-01T00:00:00Z"),
                json!("2020-01-01T25:00:00Z"),
            ],
        ),
        ("day", vec![json!("x"), json!("2020-02-30"), json!("01/02/2020"), json!(20_200_101), json!("12020-01-01")]),
        ("color", vec![json!("Red"), json!("purple"), json!("dark_blue"), json!(0), json!([])]),
        (
            "extra",
            vec![
                json!(1),
                json!("x"),
                json!({"tags": 1, "depth": 0}),
                json!({"tags": [], "depth": 300}),
                json!({"tags": []}),
            ],
        ),
    ]
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_a_400_at_its_field() {
    let world = world().await;
    let good = world.post("/api/samples").json(&json!({"text": "good"})).send().await.ok(201);
    let id = good["id"].as_str().unwrap();
    for (field, values) in wrong_values() {
        for value in values {
            for name in [field.to_owned(), format!("{field}Or")] {
                let row = json!({name.as_str(): value});
                for answer in [
                    world.post("/api/samples").json(&row).send().await,
                    world.post("/api/samples").json(&json!([{"text": "first"}, row])).send().await,
                    world.put(&format!("/api/samples/{id}")).json(&row).send().await,
                ] {
                    assert_eq!(answer.status, 400, "{row}: {answer:?}");
                    answer.refused(400);
                    assert!(answer.field(&name).len() > 5, "{row}");
                }
            }
        }
    }
    assert_eq!(rows(&world).await, 1);
    assert_eq!(world.get(&format!("/api/samples/{id}")).send().await.ok(200), good);
}

#[tokio::test]
async fn a_filter_of_the_wrong_type_is_a_400_that_names_it() {
    let world = world().await;
    for (field, values) in wrong_values() {
        for value in values.into_iter().filter(|value| field != "extra" && !value.is_array()) {
            for key in [field.to_owned(), format!("{field}.gte"), format!("{field}Or.ne")] {
                let answer =
                    world.post("/api/samples?__action=get").json(&json!({"where": {key.as_str(): value}})).send().await;
                assert_eq!(answer.status, 400, "{key} {value}: {answer:?}");
                assert!(answer.refused(400).contains(&key), "{answer:?}");
                if let Some(text) = value.as_str() {
                    let answer = world.get(&format!("/api/samples?{key}={}", encoded(text))).send().await;
                    assert_eq!(answer.status, 400, "{key} {value}: {answer:?}");
                    assert!(answer.refused(400).contains(&key), "{answer:?}");
                }
            }
            let answer = world
                .post("/api/samples?__action=get")
                .json(&json!({"where": {format!("{field}.in"): [value]}}))
                .send()
                .await;
            assert_eq!(answer.status, 400, "{field}.in {value}: {answer:?}");
            answer.refused(400);
        }
    }
    for wrong in [
        json!({"number.in": 1}),
        json!({"number.in": "[1]"}),
        json!({"number.in": {}}),
        json!({"number.in": [[[1]]]}),
        json!({"number.null": "true"}),
        json!({"number.null": 1}),
        json!({"number.gt": null}),
        json!({"text.contains": null}),
        json!({"text.contains": 1}),
        json!({"OR": 1}),
        json!({"OR": [1]}),
        json!({"OR": ["x"]}),
        json!({"NOT": 1}),
        json!({"NOT": [null]}),
        json!([]),
        json!("all"),
        json!(1),
        json!(null),
        json!("1=1"),
    ] {
        for action in ["get", "count"] {
            let answer =
                world.post(&format!("/api/samples?__action={action}")).json(&json!({"where": wrong})).send().await;
            assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
            answer.refused(400);
        }
    }
    for uri in [
        "number.in=1",
        "number.in=x",
        "number.in=[",
        "number.in=[1,]",
        "number.null=1",
        "number=",
        "flag=",
        "number=1,2",
        "OR=x",
        "OR=1",
        "NOT=[1]",
    ] {
        let answer = world.get(&format!("/api/samples?{}", uri.replace('[', "%5B"))).send().await;
        assert_eq!(answer.status, 400, "{uri}: {answer:?}");
        answer.refused(400);
    }
}

#[tokio::test]
async fn null_for_what_is_not_nullable_is_a_400_at_its_field() {
    let world = world().await;
    let id = world.post("/api/samples").json(&json!({"text": "good"})).send().await.ok(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for field in
        ["text", "flag", "number", "big", "ratio", "key", "at", "day", "color", "extra", "even", "lucky", "renamed"]
    {
        for answer in [
            world.post("/api/samples").json(&json!({field: null})).send().await,
            world.put(&format!("/api/samples/{id}")).json(&json!({field: null})).send().await,
        ] {
            assert_eq!(answer.status, 400, "{field}: {answer:?}");
            answer.refused(400);
            assert!(answer.field(field).contains("null"), "{answer:?}");
        }
    }
    for field in ["textOr", "flagOr", "numberOr", "keyOr", "atOr", "dayOr", "colorOr", "extraOr"] {
        assert_eq!(
            world.put(&format!("/api/samples/{id}")).json(&json!({field: null})).send().await.ok(200)[field],
            Json::Null
        );
    }
    world.post("/api/samples").json(&json!({"id": null})).send().await.refused(400);
    assert_eq!(rows(&world).await, 1);
}

#[tokio::test]
async fn a_title_that_is_too_short_is_a_400_with_model_state() {
    let world = world().await;
    let id = todo(&world).await.id;
    let row_info = json!({"data": {"title": "no"}, "isNewRow": false, "wasChanged": true, "id": id});
    for answer in [
        world.post("/api/todos").by(&ann()).json(&json!({"title": "no"})).send().await,
        world.post("/api/todos").by(&ann()).json(&json!([{"title": "long enough"}, {"title": "no"}])).send().await,
        world.put(&format!("/api/todos/{id}")).by(&ann()).json(&json!({"title": "no"})).send().await,
        world
            .post("/api/todos/toggleCompleted")
            .by(&ann())
            .json(&json!({"args": [], "rowInfo": row_info}))
            .send()
            .await,
    ] {
        let message = answer.refused(400);
        assert!(message.contains("must have at least 3 characters"), "{answer:?}");
        assert_eq!(answer.field("title"), "must have at least 3 characters");
    }
    for (title, problem) in [("", "required"), ("   ", "required"), (&*"x".repeat(101), "at most 100")] {
        let answer = world.post("/api/todos").by(&ann()).json(&json!({"title": title})).send().await;
        answer.refused(400);
        assert!(answer.field("title").contains(problem) || title.trim().is_empty(), "{answer:?}");
    }
    let left_out = world.post("/api/todos").by(&ann()).json(&json!({})).send().await;
    left_out.refused(400);
    left_out.field("title");
    // In one statement too.
    counter(&world).await;
    let answer = world.put("/api/counters/1").json(&json!({"count": 1001})).send().await;
    answer.refused(400);
    assert_eq!(answer.field("count"), "must be at most 1000");
    assert_eq!(rows(&world).await, 2);
    assert_eq!(stored(&world, id).await.version, 1);
}

#[tokio::test]
async fn several_wrong_fields_are_all_told_at_once() {
    let world = world().await;
    let wrong = json!({"number": 1.5, "flag": "x", "color": "purple"});
    let answer = world.post("/api/samples").json(&wrong).send().await;
    answer.refused(400);
    assert_eq!(answer.json()["modelState"].as_object().unwrap().len(), 3);
    let wrong = json!({"number": 2000, "email": "x", "choice": "purple", "even": 1});
    let answer = world.post("/api/samples").json(&wrong).send().await;
    answer.refused(400);
    assert_eq!(answer.json()["modelState"].as_object().unwrap().len(), 4);
}
