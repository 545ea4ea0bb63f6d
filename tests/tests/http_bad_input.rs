//! What the server must survive: each as bytes on the wire, with the status, a message that helps, and nothing told.

use std::time::Duration;

use axum::body::Body;
use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as Json, json};
use tests::entities::{self, Account, Article, Event, Sample};
use tests::raw::Answer;
use tests::todo::{Counter, Todo};
use tests::{Way, World, admin, ann, bearer, bob};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn world() -> World {
    World::new(Way::InProcess).await
}

async fn article(world: &World) -> Record<Article> {
    let new = Article {
        title: "Ann's draft".into(),
        owner: "ann".into(),
        secret: Some("hidden".into()),
        note: Some("for admins".into()),
        ..Article::blank()
    };
    world.backend().run(repo::<Article>().insert(new)).await.unwrap()
}

async fn todo(world: &World) -> Record<Todo> {
    let new = Todo {
        title: "Ann's own".into(),
        owner: "ann".into(),
        secret: Some("hidden".into()),
        rank: 3,
        ..Todo::blank()
    };
    world.backend().run(repo::<Todo>().insert(new)).await.unwrap()
}

async fn stored(world: &World, id: Uuid) -> Record<Todo> {
    world.backend().run(repo::<Todo>().find_id(id)).await.unwrap()
}

async fn counter(world: &World) {
    world
        .backend()
        .run(repo::<Counter>().insert(Counter { id: 1, count: 5, name: "one".into(), version: 0 }))
        .await
        .unwrap();
}

/// How many rows there are in all, so that nothing can have been written unseen.
async fn rows(world: &World) -> u64 {
    let count = async {
        let samples =
            repo::<Sample>().count().await? + repo::<Article>().count().await? + repo::<Account>().count().await?;
        Ok::<_, Error>(
            samples
                + repo::<Event>().count().await?
                + repo::<Todo>().count().await?
                + repo::<Counter>().count().await?,
        )
    };
    world.backend().run(count).await.unwrap()
}

async fn still_serving(world: &World) {
    let answer = world.post("/api/samples").json(&json!({"text": "afterwards"})).send().await;
    let id = answer.ok(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(world.get(&format!("/api/samples/{id}")).send().await.ok(200)["text"], "afterwards");
    assert_eq!(world.delete(&format!("/api/samples/{id}")).send().await.status, 204);
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

// Unknown names

#[tokio::test]
async fn an_unknown_entity_is_a_404_that_names_it() {
    let world = world().await;
    for uri in ["/api/unicorns", "/api/unicorns/1", "/api/Samples", "/api/unicorns?__action=count"] {
        assert!(world.get(uri).send().await.refused(404).contains("There is no entity"));
    }
    for uri in ["/api", "/api/", "/api/samples/", "/api/samples/1/2", "/api/samples/1/2/3", "/api/samples/1/"] {
        let answer = world.get(uri).send().await;
        assert_eq!(answer.status, 404, "{uri}: {answer:?}");
        answer.refused(404);
    }
    let long = "x".repeat(7_000);
    world.get(&format!("/api/{long}")).send().await.refused_echoing(404, &long);
}

#[tokio::test]
async fn an_unknown_field_is_a_400_that_names_it() {
    let world = world().await;
    for uri in [
        "/api/samples?unicorn=1",
        "/api/samples?unicorn.gt=1",
        "/api/samples?_sort=unicorn",
        "/api/samples?_sort=text,unicorn",
        "/api/samples?_select=text,unicorn",
        "/api/samples?__action=count&unicorn=1",
        "/api/samples?text_or=x&unicorn=1",
        "/api/samples?NOT=%7B%22unicorn%22%3A1%7D",
    ] {
        let message = world.get(uri).send().await.refused_echoing(400, "text_or");
        assert!(message.contains("is not a field of samples"), "{uri}: {message}");
    }
    let id = todo(&world).await.id;
    for answer in [
        world.post("/api/samples").json(&json!({"text": "a", "unicorn": 1})).send().await,
        world.post("/api/samples").json(&json!([{"text": "a"}, {"unicorn": 1}])).send().await,
        world
            .post("/api/samples?__action=get")
            .json(&json!({"where": {"OR": [{"text": "a"}, {"unicorn": 1}]}}))
            .send()
            .await,
        world.put(&format!("/api/todos/{id}")).by(&ann()).json(&json!({"unicorn": 1})).send().await,
        world
            .post("/api/todos/toggleCompleted")
            .by(&ann())
            .json(&json!({"args": [], "rowInfo": {"data": {"unicorn": 1}, "id": id, "wasChanged": true}}))
            .send()
            .await,
    ] {
        assert!(answer.refused(400).contains("\"unicorn\" is not a field"), "{answer:?}");
    }
    assert_eq!(rows(&world).await, 1, "nothing was written");
    let long = "x".repeat(200_000);
    let answer = world.post("/api/samples").json(&json!({long.as_str(): 1})).send().await;
    answer.refused(400);
}

#[tokio::test]
async fn an_unknown_operator_is_a_400_that_names_the_known_ones() {
    let world = world().await;
    for key in ["number.like", "number.", "number.GT", "number.gt.lt", "text.regex", "text. contains", "number.$gt"] {
        let answer = world.get(&format!("/api/samples?{}=1", encoded(key))).send().await;
        assert!(answer.refused(400).contains("Operators: ne, gt"), "{key}: {answer:?}");
        let answer = world.post("/api/samples?__action=count").json(&json!({"where": {key: 1}})).send().await;
        assert!(answer.refused(400).contains("Unknown operator"), "{key}: {answer:?}");
    }
    for key in ["number.contains", "at.startsWith", "color.endsWith", "flag.notContains"] {
        let answer = world.get(&format!("/api/samples?{key}=1")).send().await;
        assert!(answer.refused(400).contains("needs a field of text"), "{key}: {answer:?}");
    }
    world.get("/api/samples?extra=1").send().await.refused(400);
    assert_eq!(world.get("/api/samples?extraOr.null=true").send().await.ok(200), json!([]));
}

#[tokio::test]
async fn an_unknown_parameter_is_a_400_that_names_it() {
    let world = world().await;
    for uri in ["/api/samples?_unicorn=1", "/api/samples?__unicorn", "/api/samples?_limits=3", "/api/samples?_=1"] {
        assert!(world.get(uri).send().await.refused(400).contains("Unknown parameter"), "{uri}");
    }
    let id = todo(&world).await.id;
    for (method, uri) in [
        ("GET", format!("/api/todos/{id}?title=x")),
        ("PUT", format!("/api/todos/{id}?title=x")),
        ("DELETE", format!("/api/todos/{id}?title=x")),
        ("POST", "/api/todos?title=x".into()),
        ("POST", "/api/todos/toggleCompleted?title=x".into()),
        ("POST", "/api/todos/toggleCompleted?_unicorn=x".into()),
        ("POST", "/api/todos?_unicorn=x".into()),
    ] {
        let answer = world.ask(method, &uri).by(&ann()).json(&json!({})).send().await;
        let message = answer.refused(400);
        assert!(
            message.contains("parameter") && (message.contains("title") || message.contains("unicorn")),
            "{method} {uri}: {message}"
        );
    }
    let answer = world.post("/api/samples?__action=get").json(&json!({"where": {}, "unicorn": 1})).send().await;
    assert!(answer.refused(400).contains("unicorn"));
}

#[tokio::test]
async fn an_unknown_action_or_method_says_so() {
    let world = world().await;
    for method in ["GET", "POST", "PUT", "DELETE"] {
        let answer = world.ask(method, "/api/samples?__action=unicorn").json(&json!({})).send().await;
        assert!(answer.refused(400).contains("Unknown __action \"unicorn\""), "{answer:?}");
    }
    for uri in ["/api/samples?__action=", "/api/samples?__action=Count", "/api/samples?__action=get%20"] {
        world.get(uri).send().await.refused(400);
    }
    for name in ["unicorn", "toggle_completed", "ToggleCompleted", "save", "delete", "title"] {
        let answer = world.post(&format!("/api/todos/{name}")).by(&ann()).json(&json!({"args": []})).send().await;
        assert!(answer.refused(404).contains(&format!("todos has no method \"{name}\"")), "{answer:?}");
    }
    let id = todo(&world).await.id;
    world.post(&format!("/api/todos/{id}")).by(&ann()).json(&json!({"title": "changed"})).send().await.refused(404);
}

#[tokio::test]
async fn a_path_says_which_http_methods_it_does_not_take() {
    let world = world().await;
    let id = todo(&world).await.id;
    for (method, uri) in [
        ("PUT", "/api/todos".to_owned()),
        ("DELETE", "/api/todos".to_owned()),
        ("PATCH", "/api/todos".to_owned()),
        ("PATCH", format!("/api/todos/{id}")),
        ("OPTIONS", format!("/api/todos/{id}")),
        ("TRACE", "/api/todos".to_owned()),
        ("BREW", "/api/todos".to_owned()),
        ("POST", "/api/me".to_owned()),
        ("DELETE", "/api/me".to_owned()),
        ("PUT", "/api/todos?__action=count".to_owned()),
    ] {
        let answer = world.ask(method, &uri).by(&ann()).json(&json!({"title": "changed"})).send().await;
        assert_eq!(answer.status, 405, "{method} {uri}: {answer:?}");
        answer.refused(405);
    }
    assert_eq!(stored(&world, id).await.version, 1);
}

// Ids

#[tokio::test]
async fn a_malformed_id_is_the_404_of_an_absent_row() {
    let world = world().await;
    let id = todo(&world).await.id;
    counter(&world).await;
    let absent = world.get(&format!("/api/todos/{}", Uuid::from_u128(9))).send().await.refused(404);
    let uuid = id.to_string();
    for bad in [
        "1",
        "x",
        "%00",
        "..",
        "%2e%2e%2f",
        "%20",
        "%F0%9F%A6%84",
        "1%2C2",
        "null",
        "undefined",
        &uuid[..35],
        &encoded(&format!("{uuid}'--")),
    ] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = world
                .ask(method, &format!("/api/todos/{bad}"))
                .by(&ann())
                .json(&json!({"title": "changed"}))
                .send()
                .await;
            assert_eq!(answer.status, 404, "{method} {bad}: {answer:?}");
            assert_eq!(answer.refused(404), absent);
        }
    }
    for bad in ["x", "1.5", "1e3", "99999999999", "-99999999999999999999999", "0x1", "+", "--1", "1;2", "1%00"] {
        for method in ["GET", "PUT", "DELETE"] {
            let answer = world.ask(method, &format!("/api/counters/{bad}")).json(&json!({"count": 1})).send().await;
            assert_eq!(answer.status, 404, "{method} {bad}: {answer:?}");
            answer.refused(404);
        }
    }
    for bad in ["%zz", "%", "%f", "%ff", "%ED%A0%80"] {
        let answer = world.get(&format!("/api/todos/{bad}")).send().await;
        assert!(matches!(answer.status, 400 | 404), "{bad}: {answer:?}");
        answer.refused(answer.status);
        let answer = world.get(&format!("/api/{bad}")).send().await;
        answer.refused(answer.status);
    }
    // A method gets its id in the body.
    for (bad, status) in
        [(json!("x"), 400), (json!(1), 400), (json!({}), 400), (json!([id]), 400), (json!(null), 404), (json!(""), 404)]
    {
        let row_info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": bad});
        let answer = world
            .post("/api/todos/toggleCompleted")
            .by(&ann())
            .json(&json!({"args": [], "rowInfo": row_info}))
            .send()
            .await;
        assert_eq!(answer.status, status, "{bad}: {answer:?}");
        answer.refused(status);
    }
    assert_eq!(stored(&world, id).await.version, 1);
}

// Values

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

// Bodies

#[tokio::test]
async fn a_body_may_be_as_large_as_the_limit_and_not_a_byte_larger() {
    let limits = Limits { body: 4_096, ..Limits::default() };
    let world = World::limited(Way::InProcess, entities::all(), limits).await;
    let body = |size: usize| {
        let head = r#"{"text": "x""#;
        format!("{head}{}}}", " ".repeat(size - head.len() - 1))
    };
    let id = world.post("/api/samples").text("application/json", &body(4_096)).send().await.ok(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let uris = [
        ("POST", "/api/samples".to_owned()),
        ("PUT", format!("/api/samples/{id}")),
        ("POST", "/api/samples?__action=get".to_owned()),
        ("POST", "/api/todos/add".to_owned()),
    ];
    for (method, uri) in &uris {
        let answer = world.ask(method, uri).text("application/json", &body(4_097)).send().await;
        assert!(answer.refused(413).contains("4096 bytes"), "{answer:?}");
        // A length that lies, or none at all, changes nothing.
        let chunks = futures::stream::iter(
            body(100_000)
                .into_bytes()
                .chunks(1_000)
                .map(|part| Ok::<_, std::io::Error>(part.to_vec()))
                .collect::<Vec<_>>(),
        );
        let answer = world
            .ask(method, uri)
            .header("content-type", "application/json")
            .body(Body::from_stream(chunks))
            .send()
            .await;
        answer.refused(413);
    }
    let default = self::world().await;
    let answer = default.post("/api/samples").text("application/json", &body((1 << 20) + 1)).send().await;
    answer.refused(413);
    default.post("/api/samples").text("application/json", &body(1 << 20)).send().await.ok(201);
    assert_eq!(rows(&world).await, 1);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400() {
    let world = world().await;
    let id = todo(&world).await.id;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_object = format!("{}1{}", "{\"OR\":".repeat(50_000), "}".repeat(50_000));
    let bad = [
        "",
        " ",
        "x",
        "{",
        "}",
        "{\"text\"}",
        "{\"text\":}",
        "{text: 1}",
        "{'text': 'a'}",
        "{\"text\": \"a\"} x",
        "{\"text\": \"a\",}",
        "text=a",
        "\u{feff}{}",
        "{\"text\": \"\\ud800\"}",
        "{\"text\": \"\\udc00\\ud800\"}",
        "{\"text\": \"\\x00\"}",
        "{\"text\": \"a\nb\"}",
        "{\"number\": 01}",
        "{\"ratio\": NaN}",
        "{\"ratio\": Infinity}",
        "{\"ratio\": 1e999}",
        "{\"number\": 0x10}",
        "{\"text\": undefined}",
        &deep,
        &deep_object,
    ];
    for text in bad {
        for (method, uri) in [
            ("POST", "/api/samples".to_owned()),
            ("POST", "/api/samples?__action=get".to_owned()),
            ("POST", "/api/samples?__action=count".to_owned()),
            ("PUT", format!("/api/todos/{id}")),
            ("POST", "/api/todos/toggleCompleted".to_owned()),
        ] {
            let answer = world.ask(method, &uri).by(&ann()).text("application/json", text).send().await;
            let shown: String = text.chars().take(40).collect();
            assert_eq!(answer.status, 400, "{method} {uri} {shown:?}: {answer:?}");
            answer.refused(400);
        }
    }
    let invalid = b"{\"text\": \"\xff\xfe\"}".to_vec();
    let answer =
        world.post("/api/samples").header("content-type", "application/json").body(Body::from(invalid)).send().await;
    answer.refused(400);
    for other in ["1", "\"text\"", "null", "true", "[1]", "[[]]", "[{}, 1]", "[null]"] {
        world.post("/api/samples").text("application/json", other).send().await.refused(400);
    }
    for other in ["1", "\"text\"", "null", "true", "[]", "[{}]"] {
        let answer = world.put(&format!("/api/todos/{id}")).by(&ann()).text("application/json", other).send().await;
        assert!(answer.refused(400).contains("must be a JSON object"), "{answer:?}");
        world.post("/api/todos/add").text("application/json", other).send().await.refused(400);
        world.post("/api/samples?__action=get").text("application/json", other).send().await.refused(400);
    }
    assert_eq!(rows(&world).await, 1);
}

#[tokio::test]
async fn json_that_is_as_deep_as_the_parser_goes_is_refused_without_harm() {
    let world = world().await;
    for depth in [9, 20, 120, 127] {
        let nested = (0..depth).fold(json!({"number": 1}), |inner, _| json!({"OR": inner}));
        let answer = world.post("/api/samples?__action=get").json(&json!({"where": nested})).send().await;
        answer.refused(400);
        let nested = (0..depth).fold(json!({"number": 1}), |inner, _| json!({"NOT": [inner]}));
        let answer = world.post("/api/samples?__action=count").json(&json!({"where": nested})).send().await;
        answer.refused(400);
    }
    let nested = (0..100).fold(json!([]), |inner, _| json!([inner]));
    world.post("/api/samples").json(&json!({"extra": nested})).send().await.refused(400);
    world.post("/api/todos/add").json(&json!({"args": [nested]})).send().await.refused(400);
}

#[tokio::test]
async fn a_body_that_does_not_say_it_is_json_is_a_415() {
    let world = world().await;
    let id = todo(&world).await.id;
    let body = json!({"title": "By another type"}).to_string();
    let uris = [
        ("POST", "/api/todos".to_owned()),
        ("PUT", format!("/api/todos/{id}")),
        ("POST", "/api/todos?__action=get".to_owned()),
        ("POST", "/api/todos/completeAll".to_owned()),
        ("POST", "/api/todos/toggleCompleted".to_owned()),
    ];
    let root = Identity::new("ann", "Ann").role("admin");
    for (method, uri) in &uris {
        for kind in [
            "text/plain",
            "text/plain; charset=utf-8",
            "text/plain;application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/json-seq",
            "application/jsonp",
            "text/json",
            "application/xml",
            "",
            "json",
            "*/*",
            "text/plain, application/json",
        ] {
            let answer = world.ask(method, uri).by(&root).text(kind, &body).send().await;
            assert_eq!(answer.status, 415, "{method} {uri} {kind}: {answer:?}");
            assert!(answer.refused(415).contains("application/json"));
        }
        let answer = world.ask(method, uri).by(&root).body(Body::from(body.clone())).send().await;
        assert!(answer.refused(415).contains("says nothing"), "{answer:?}");
    }
    assert_eq!(rows(&world).await, 1);
    assert!(!stored(&world, id).await.completed);
    for kind in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        " application/json ",
    ] {
        world.post("/api/todos").by(&ann()).text(kind, &body).send().await.ok(201);
    }
}

// Forged requests

#[tokio::test]
async fn what_another_sites_page_sends_changes_nothing() {
    let world = world().await;
    let id = todo(&world).await.id;
    counter(&world).await;
    let row_info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": id});
    let requests = [
        ("POST", "/api/todos".to_owned(), json!({"title": "Forged"})),
        ("PUT", format!("/api/todos/{id}"), json!({"title": "Forged"})),
        ("DELETE", format!("/api/todos/{id}"), json!({})),
        ("POST", "/api/todos/toggleCompleted".to_owned(), json!({"args": [], "rowInfo": row_info})),
        ("POST", "/api/todos/add".to_owned(), json!({"args": [1]})),
        ("PUT", "/api/counters/1".to_owned(), json!({"count": 6})),
        ("DELETE", "/api/counters/1".to_owned(), json!({})),
    ];
    let forged: [&[(&str, &str)]; 10] = [
        &[("origin", "https://evil.test")],
        &[("origin", "null")],
        &[("origin", "http://app.test.evil.test")],
        &[("origin", "http://app.test:8080")],
        &[("origin", "http://evil.test/app.test")],
        &[("origin", "app.test")],
        &[("origin", "")],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "http://app.test"), ("sec-fetch-site", "cross-site")],
        &[("origin", "http://sub.app.test"), ("sec-fetch-site", "same-site")],
    ];
    for (method, uri, body) in &requests {
        for headers in forged {
            let ask = headers
                .iter()
                .fold(world.ask(method, uri).by(&ann()).json(body), |ask, (name, value)| ask.header(name, value));
            let answer = ask.send().await;
            assert_eq!(answer.status, 403, "{method} {uri} {headers:?}: {answer:?}");
            answer.refused(403);
            assert_eq!(answer.json()["code"], "foreign_origin");
        }
    }
    assert_eq!(rows(&world).await, 2);
    assert_eq!(stored(&world, id).await.version, 1);
    let own: [&[(&str, &str)]; 4] = [
        &[("origin", "http://app.test"), ("sec-fetch-site", "same-origin")],
        &[("origin", "https://app.test")],
        &[("sec-fetch-site", "none")],
        &[],
    ];
    for headers in own {
        let ask = world.put("/api/counters/1").json(&json!({"name": "own"}));
        headers.iter().fold(ask, |ask, (name, value)| ask.header(name, value)).send().await.ok(200);
    }
    assert_eq!(
        world
            .get("/api/todos")
            .header("origin", "https://evil.test")
            .header("sec-fetch-site", "cross-site")
            .send()
            .await
            .status,
        200
    );
    assert_eq!(
        world
            .get("/api/todos")
            .header("origin", "https://evil.test")
            .send()
            .await
            .header("access-control-allow-origin"),
        ""
    );
}

#[tokio::test]
async fn nothing_is_changed_by_get() {
    let world = world().await;
    let id = todo(&world).await.id;
    counter(&world).await;
    let before = rows(&world).await;
    let body = json!({"title": "By GET", "args": [], "set": {"completed": true}, "where": "all"});
    for method in ["GET", "HEAD"] {
        for uri in [
            "/api/todos/toggleCompleted".to_owned(),
            "/api/todos/completeAll".to_owned(),
            "/api/todos/add?args=[1]".replace('[', "%5B"),
            format!("/api/todos/{id}"),
            "/api/todos".to_owned(),
            "/api/todos?__action=deleteMany".to_owned(),
            "/api/todos?__action=updateMany".to_owned(),
            format!("/api/todos/{id}?__action=delete"),
            format!("/api/todos/{id}?_method=DELETE"),
        ] {
            let answer =
                world.ask(method, &uri).by(&ann()).header("x-http-method-override", "DELETE").json(&body).send().await;
            assert!(answer.status < 500, "{answer:?}");
        }
    }
    assert_eq!(rows(&world).await, before);
    let now = stored(&world, id).await;
    assert_eq!((now.version, now.completed, now.title.as_str()), (1, false, "Ann's own"));
}

// Addresses

#[tokio::test]
async fn a_malformed_query_string_is_a_400() {
    let world = world().await;
    for query in [
        "%zz",
        "text=%zz",
        "text=%",
        "text=%4",
        "text=a%2",
        "%=1",
        "text=%ff",
        "text=%C3%28",
        "text=%ED%A0%80",
        "text=%F8%88%80%80%80",
        "_sort=%zz",
    ] {
        for uri in [
            format!("/api/samples?{query}"),
            format!("/api/samples/{}?{query}", Uuid::nil()),
            format!("/api/samples?__action=count&{query}"),
        ] {
            let answer = world.get(&uri).send().await;
            assert_eq!(answer.status, 400, "{uri}: {answer:?}");
            assert!(answer.refused(400).contains("malformed"), "{answer:?}");
        }
        world.post(&format!("/api/samples?{query}")).json(&json!({})).send().await.refused(400);
        world.post(&format!("/api/todos/add?{query}")).json(&json!({"args": [1]})).send().await.refused(400);
    }
    assert_eq!(rows(&world).await, 0);
    for (query, status) in [
        ("&&", 200),
        ("=", 400),
        ("=1", 400),
        ("text", 200),
        ("text=", 200),
        ("text==", 200),
        ("text=a+b", 200),
        ("text=%00", 400),
        ("?text=1", 400),
    ] {
        let answer = world.get(&format!("/api/samples?{query}")).send().await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn limits_and_pages_are_whole_numbers_in_their_bounds() {
    let world = world().await;
    for number in 0..3 {
        world.post("/api/samples").json(&json!({"number": number})).send().await.ok(201);
    }
    for wrong in
        ["0", "-1", "1001", "99999999999999999999999", "x", "1.5", "1e3", "", "%20", "1;DROP", "0x10", "NaN", "null"]
    {
        let answer = world.get(&format!("/api/samples?_limit={wrong}")).send().await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        assert!(answer.refused(400).contains("_limit must be a whole number from 1 to 1000"), "{answer:?}");
    }
    let count =
        async |query: &str| world.get(&format!("/api/samples?{query}")).send().await.ok(200).as_array().unwrap().len();
    assert_eq!(count("_limit=1000").await, 3);
    assert_eq!(count("_limit=2&_page=0").await, 2);
    assert_eq!(count("_limit=2&_page=-7").await, 2);
    assert_eq!(count("_limit=2&_page=2").await, 1);
    assert_eq!(count("_limit=1&_page=9223372036854775807").await, 0);
    assert_eq!(count("_limit=1&_page=4000000000").await, 0);
    for wrong in [
        "9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "x",
        "1.5",
        "",
        "-x",
        "-",
        "--1",
    ] {
        let answer = world.get(&format!("/api/samples?_limit=1000&_page={wrong}")).send().await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.refused(400);
    }
    assert!(world.get("/api/samples?_page=2").send().await.refused(400).contains("_page needs _limit"));
    for wrong in
        ["_sort=number&_order=up", "_sort=number&_order=DESC", "_sort=number,", "_sort=,", "_sort=number%20desc"]
    {
        world.get(&format!("/api/samples?{wrong}")).send().await.refused(400);
    }
    let many = ["number"; 9].join(",");
    assert!(world.get(&format!("/api/samples?_sort={many}")).send().await.refused(400).contains("more than 8"));
}

// Expensive questions

#[tokio::test]
async fn a_filter_that_asks_too_much_is_refused_and_one_at_the_limit_is_answered() {
    let world = world().await;
    world.post("/api/samples").json(&json!({"number": 1, "text": "x".repeat(1000)})).send().await.ok(201);
    let ask =
        async |filter: Json| world.post("/api/samples?__action=count").json(&json!({ "where": filter })).send().await;
    let many = |count: usize| (0..count).map(|number| json!({"number.gte": number})).collect::<Vec<_>>();
    assert_eq!(ask(json!({"OR": many(200)})).await.ok(200)["count"], 1);
    assert!(ask(json!({"OR": many(201)})).await.refused(400).contains("200 are allowed"));
    assert!(ask(json!({"NOT": many(201)})).await.refused(400).contains("200 are allowed"));
    assert!(ask(json!({"number": vec![1; 201]})).await.refused(400).contains("200 are allowed"));
    ask(json!({"OR": many(20_000)})).await.refused(400);
    ask(json!({"OR": (0..20_000).map(|_| json!([])).collect::<Vec<_>>()})).await;
    let deep = |depth: usize| (0..depth).fold(json!({"number": 1}), |inner, _| json!({"OR": [inner, {"number": 2}]}));
    assert_eq!(ask(deep(8)).await.ok(200)["count"], 1);
    assert!(ask(deep(9)).await.refused(400).contains("nested more than 8 deep"));
    assert_eq!(ask(json!({"number.in": (0..1000).collect::<Vec<_>>()})).await.ok(200)["count"], 1);
    assert!(ask(json!({"number.in": (0..1001).collect::<Vec<_>>()})).await.refused(400).contains("1000 are allowed"));
    ask(json!({"number.in": [(0..1001).collect::<Vec<_>>()]})).await.refused(400);
    for operator in ["contains", "startsWith", "endsWith", "notContains"] {
        let key = format!("text.{operator}");
        let expected = u64::from(operator != "notContains");
        assert_eq!(ask(json!({key.as_str(): "x".repeat(1000)})).await.ok(200)["count"], expected);
        assert!(ask(json!({key.as_str(): "x".repeat(1001)})).await.refused(400).contains("1000 characters"));
        assert_eq!(ask(json!({key.as_str(): "%_\\é".repeat(250)})).await.ok(200)["count"], 1 - expected);
    }
    // The same in the address.
    let query = vec!["number=1"; 201].join("&");
    assert!(world.get(&format!("/api/samples?{query}")).send().await.refused(400).contains("200 are allowed"));
    let nested = encoded(&deep(8).to_string());
    world.get(&format!("/api/samples?NOT={nested}")).send().await.refused(400);
    let first = encoded(&json!(many(150)).to_string());
    let both = world
        .post(&format!("/api/samples?__action=count&NOT={first}"))
        .json(&json!({"where": {"OR": many(150)}}))
        .send()
        .await;
    assert!(both.refused(400).contains("200 are allowed"));
    still_serving(&world).await;
}

#[tokio::test]
async fn an_insert_of_too_many_rows_is_refused_before_any_is_written() {
    let world = World::limited(Way::InProcess, entities::all(), Limits { rows: 5, ..Limits::default() }).await;
    world.post("/api/samples").json(&json!([{}, {}, {}, {}, {}])).send().await.ok(201);
    assert!(
        world.post("/api/samples").json(&json!([{}, {}, {}, {}, {}, {}])).send().await.refused(400).contains("6 rows")
    );
    assert_eq!(rows(&world).await, 5);
}

// What a writer may not write

#[tokio::test]
async fn what_a_writer_may_not_write_is_ignored_and_the_stored_value_is_answered() {
    let world = world().await;
    let before = todo(&world).await;
    let uri = format!("/api/todos/{}", before.id);
    let forged = json!({
        "title": "Allowed title", "rank": 99, "secret": "overwritten", "createdAt": "1999-01-01T00:00:00.000Z",
        "id": "00000000-0000-0000-0000-000000000001",
    });
    let answer = world.put(&uri).by(&ann()).json(&forged).send().await.ok(200);
    assert_eq!(
        (&answer["title"], &answer["rank"], &answer["id"]),
        (&json!("Allowed title"), &json!(3), &json!(before.id))
    );
    assert_eq!(answer["createdAt"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), before.created_at);
    assert_eq!(answer["version"], 2);
    assert!(answer.get("secret").is_none());
    let now = stored(&world, before.id).await;
    assert_eq!((now.secret.as_deref(), now.rank, now.created_at), (Some("hidden"), 3, before.created_at));
    // Not even their type is looked at.
    let nonsense = json!({"rank": "x", "secret": [], "createdAt": null, "title": "Another title"});
    world.put(&uri).by(&ann()).json(&nonsense).send().await.ok(200);
    // A new row starts with what is declared.
    let new = json!({"title": "A new one", "rank": 99, "secret": "mine", "createdAt": "1999-01-01T00:00:00.000Z", "version": 77});
    let made = world.post("/api/todos").by(&ann()).json(&new).send().await.ok(201);
    assert_eq!((&made["rank"], &made["version"], &made["owner"]), (&json!(0), &json!(1), &json!("ann")));
    assert!(made["createdAt"].as_str().unwrap() > "2020");
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(stored(&world, id).await.secret, None);
    for version in [json!(null), json!("x"), json!([]), json!("")] {
        let new = json!({"title": "A new one", "version": version, "createdAt": null, "rank": null});
        assert_eq!(world.post("/api/todos").by(&ann()).json(&new).send().await.ok(201)["version"], 1);
    }
    // Through a method as well.
    let row_info = json!({"data": {"title": "By a method", "rank": 99, "secret": "x", "createdAt": null}, "isNewRow": false, "wasChanged": true, "id": before.id});
    let answer = world
        .post("/api/todos/toggleCompleted")
        .by(&ann())
        .json(&json!({"args": [], "rowInfo": row_info}))
        .send()
        .await
        .ok(200);
    assert_eq!(
        (&answer["rowInfo"]["data"]["rank"], &answer["rowInfo"]["data"]["title"]),
        (&json!(3), &json!("By a method"))
    );
    assert!(answer["rowInfo"]["data"].get("secret").is_none());
    assert_eq!(stored(&world, before.id).await.secret.as_deref(), Some("hidden"));
}

#[tokio::test]
async fn an_empty_text_for_what_is_no_text_is_absent() {
    let world = world().await;
    let row = json!({"number": "", "flag": "", "at": "", "day": "", "ratio": "", "big": "", "color": "", "id": "", "numberOr": "", "lucky": "", "text": ""});
    let made = world.post("/api/samples").json(&row).send().await.ok(201);
    assert_eq!(
        (&made["number"], &made["color"], &made["lucky"], &made["numberOr"]),
        (&json!(0), &json!("green"), &json!(7), &Json::Null)
    );
    let uri = format!("/api/samples/{}", made["id"].as_str().unwrap());
    world.put(&uri).json(&json!({"number": 4, "text": "kept"})).send().await.ok(200);
    let kept = world.put(&uri).json(&json!({"number": "", "text": ""})).send().await.ok(200);
    assert_eq!((&kept["number"], &kept["text"]), (&json!(4), &json!("")));
}

#[tokio::test]
async fn the_row_of_another_is_the_404_of_an_absent_one() {
    let world = world().await;
    let id = article(&world).await.id;
    let absent = Uuid::from_u128(7);
    let row_info = |id: Uuid| json!({"data": {"title": "Mine now"}, "isNewRow": false, "wasChanged": true, "id": id});
    for (method, uri, body) in [
        ("GET", "/api/articles/ID", Json::Null),
        ("PUT", "/api/articles/ID", json!({"title": "Mine now"})),
        ("PUT", "/api/articles/ID", json!({"title": "no"})),
        ("PUT", "/api/articles/ID", json!({"version": 1})),
        ("POST", "/api/articles/publish", Json::Null),
    ] {
        let answer = async |id: Uuid| {
            let body =
                if uri.ends_with("publish") { json!({"args": ["!"], "rowInfo": row_info(id)}) } else { body.clone() };
            world.ask(method, &uri.replace("ID", &id.to_string())).by(&bob()).json(&body).send().await
        };
        let (other, none) = (answer(id).await, answer(absent).await);
        other.refused(404);
        assert_eq!((other.status, &other.text), (none.status, &none.text), "{method} {uri}: not told apart");
    }
    let delete = world.delete(&format!("/api/articles/{id}")).by(&bob()).send().await;
    let absent = world.delete(&format!("/api/articles/{absent}")).by(&bob()).send().await;
    assert_eq!((delete.refused(403), delete.status), (absent.refused(403), absent.status));
    assert_eq!(world.get(&format!("/api/articles?id={id}")).by(&bob()).send().await.ok(200), json!([]));
    assert_eq!(world.get("/api/articles?__action=count").by(&bob()).send().await.ok(200)["count"], 0);
    let now = world.backend().run(repo::<Article>().find_id(id)).await.unwrap();
    assert_eq!((now.title.as_str(), now.version), ("Ann's draft", 1));
}

#[tokio::test]
async fn who_may_not_ask_at_all_is_told_that_whatever_they_ask() {
    let world = world().await;
    for uri in [
        "/api/accounts",
        "/api/accounts?unicorn=1",
        "/api/accounts?balance=x",
        "/api/accounts?__action=count&unicorn=1",
        "/api/accounts/1",
        "/api/accounts?_sort=unicorn",
    ] {
        let answer = world.get(uri).send().await;
        assert_eq!(answer.status, 401, "{uri}: {answer:?}");
        assert_eq!(answer.refused(401), "Sign in first.");
    }
    for uri in ["/api/logs", "/api/logs?unicorn=1", "/api/logs/x"] {
        let answer = world.get(uri).by(&admin()).send().await;
        assert_eq!(answer.status, 403, "{uri}: {answer:?}");
        answer.refused(403);
    }
    for (method, uri) in
        [("POST", "/api/logs"), ("PUT", "/api/logs/x"), ("DELETE", "/api/logs/x"), ("POST", "/api/events")]
    {
        let answer = world.ask(method, uri).by(&admin()).json(&json!({"unicorn": 1})).send().await;
        assert_eq!(answer.status, 403, "{method} {uri}: {answer:?}");
    }
    world.post("/api/todos").json(&json!({"title": "By nobody"})).send().await.refused(401);
    world.post("/api/todos/completeAll").json(&json!({"args": []})).send().await.refused(401);
    world.post("/api/todos/completeAll").by(&ann()).json(&json!({"args": []})).send().await.refused(403);
    world
        .post("/api/todos/toggleCompleted")
        .json(&json!({"args": [], "rowInfo": {"isNewRow": true}}))
        .send()
        .await
        .refused(401);
}

#[tokio::test]
async fn a_hidden_field_answers_as_one_that_is_not_there() {
    let world = world().await;
    article(&world).await;
    let same = async |ask: &dyn Fn(&str) -> tests::raw::Ask| {
        let (hidden, absent) = (ask("secret").by(&admin()).send().await, ask("unicor").by(&admin()).send().await);
        assert_eq!(hidden.status, 400, "{hidden:?}");
        assert_eq!(hidden.text.replace("secret", "unicor"), absent.text);
    };
    for query in [
        "F=x",
        "F.null=true",
        "F.contains=x",
        "F.in=%5B1%5D",
        "F.like=x",
        "F.gt=null",
        "_sort=F",
        "_sort=F&_order=up",
        "_select=F",
        "_select=id,F",
        "title=x&F=1",
        "__action=count&F=x",
    ] {
        same(&|name| world.get(&format!("/api/articles?{}", query.replace('F', name)))).await;
    }
    for filter in [
        r#"{"F": "hidden"}"#,
        r#"{"F": 1}"#,
        r#"{"F.like": 1}"#,
        r#"{"OR": [{"title": "x"}, {"F.contains": "h"}]}"#,
        r#"{"NOT": {"F": []}}"#,
        r#"{"F.in": 1}"#,
    ] {
        for action in ["get", "count"] {
            same(&|name| {
                let filter: Json = serde_json::from_str(&filter.replace('F', name)).unwrap();
                world.post(&format!("/api/articles?__action={action}")).json(&json!({"where": filter}))
            })
            .await;
        }
    }
}

#[tokio::test]
async fn an_owner_that_changes_in_the_write_that_it_judges_is_judged_before_and_after() {
    let world = world().await;
    let id = todo(&world).await.id;
    let uri = format!("/api/todos/{id}");
    let row_info =
        |data: Json| json!({"args": [], "rowInfo": {"data": data, "isNewRow": false, "wasChanged": true, "id": id}});
    // Bob takes it: what is stored does not pass.
    world.put(&uri).by(&bob()).json(&json!({"owner": "bob"})).send().await.refused(403);
    world
        .post("/api/todos/toggleCompleted")
        .by(&bob())
        .json(&row_info(json!({"owner": "bob"})))
        .send()
        .await
        .refused(403);
    world.delete(&uri).by(&bob()).send().await.refused(403);
    // Ann gives it away: what results does not pass.
    world.put(&uri).by(&ann()).json(&json!({"owner": "bob"})).send().await.refused(403);
    world
        .post("/api/todos/toggleCompleted")
        .by(&ann())
        .json(&row_info(json!({"owner": "bob"})))
        .send()
        .await
        .refused(403);
    // Nor by saying that it is new, or another one.
    let new = json!({"args": [], "rowInfo": {"data": {"id": id, "title": "Mine now", "owner": "bob"}, "isNewRow": true, "wasChanged": true, "id": id}});
    world.post("/api/todos/toggleCompleted").by(&bob()).json(&new).send().await.refused(409);
    let other = json!({"args": [], "rowInfo": {"data": {"id": Uuid::from_u128(1), "owner": "bob"}, "isNewRow": false, "wasChanged": false, "id": id}});
    world.post("/api/todos/toggleCompleted").by(&bob()).json(&other).send().await.refused(403);
    world.post("/api/todos").by(&bob()).json(&json!({"id": id, "title": "Mine now"})).send().await.refused(409);
    let now = stored(&world, id).await;
    assert_eq!((now.owner.as_str(), now.title.as_str(), now.version, now.completed), ("ann", "Ann's own", 1, false));
    assert_eq!(rows(&world).await, 1);
}

// Versions

#[tokio::test]
async fn a_stale_version_is_a_409_and_an_absent_one_is_as_stored() {
    let world = world().await;
    let id = todo(&world).await.id;
    counter(&world).await;
    for (uri, field, values) in [
        (format!("/api/todos/{id}"), "title", ["one", "two", "three"]),
        ("/api/counters/1".to_owned(), "name", ["one!", "two", "three"]),
    ] {
        let put = async |body: Json| world.put(&uri).by(&ann()).json(&body).send().await;
        assert_eq!(put(json!({field: values[0], "version": 1})).await.ok(200)["version"], 2);
        let stale = put(json!({field: values[1], "version": 1})).await;
        stale.refused(409);
        assert_eq!(stale.json()["code"], "stale_version");
        for never in [json!(99), json!(-1), json!("1"), json!(0)] {
            put(json!({field: values[1], "version": never})).await.refused(409);
        }
        for wrong in [json!("x"), json!(1.5), json!({}), json!([2])] {
            put(json!({field: values[1], "version": wrong})).await.refused(400);
        }
        assert_eq!(
            put(json!({field: values[1], "version": "2"})).await.ok(200)["version"],
            3,
            "a text where it could be too large"
        );
        assert_eq!(put(json!({field: values[2]})).await.ok(200)["version"], 4);
        for absent in [json!(null), json!("")] {
            put(json!({field: values[0], "version": absent})).await.ok(200);
        }
    }
    let row_info = json!({"data": {"title": "Unsaved", "version": 1}, "isNewRow": false, "wasChanged": true, "id": id});
    let stale = world
        .post("/api/todos/toggleCompleted")
        .by(&ann())
        .json(&json!({"args": [], "rowInfo": row_info}))
        .send()
        .await;
    stale.refused(409);
    let absent = Uuid::from_u128(5);
    world
        .put(&format!("/api/todos/{absent}"))
        .by(&ann())
        .json(&json!({"version": 1, "title": "none"}))
        .send()
        .await
        .refused(404);
    world.put("/api/counters/7").json(&json!({"version": 1, "count": 1})).send().await.refused(404);
}

#[tokio::test]
async fn if_match_holds_or_is_a_412() {
    let world = world().await;
    let id = todo(&world).await.id;
    counter(&world).await;
    for (uri, field) in [(format!("/api/todos/{id}"), "title"), ("/api/counters/1".to_owned(), "name")] {
        let one = world.get(&uri).send().await;
        one.ok(200);
        assert_eq!(one.header("etag"), "\"1\"");
        let put = async |etag: &str, text: &str| {
            world.put(&uri).by(&ann()).header("if-match", etag).json(&json!({field: text})).send().await
        };
        let changed = put("\"1\"", "second").await;
        changed.ok(200);
        assert_eq!(changed.header("etag"), "\"2\"");
        for stale in [
            "\"1\"",
            "\"3\"",
            "\"\"",
            "\"x\"",
            "x",
            "2",
            "W/\"2\"",
            "",
            "\"1\", \"3\"",
            "\"99999999999999999999\"",
            "*, \"2\"",
        ] {
            let answer = put(stale, "third").await;
            assert_eq!(answer.status, 412, "{stale}: {answer:?}");
            answer.refused(412);
            assert_eq!(world.delete(&uri).by(&ann()).header("if-match", stale).send().await.status, 412, "{stale}");
        }
        put("*", "third").await.ok(200);
        put("\"3\"", "fourth").await.ok(200);
        assert_eq!(world.get(&uri).send().await.header("etag"), "\"4\"");
        // The body's own version is compared as well.
        let both = world
            .put(&uri)
            .by(&ann())
            .header("if-match", "\"4\"")
            .json(&json!({field: "fifth", "version": 1}))
            .send()
            .await;
        assert!(matches!(both.status, 409 | 412), "{both:?}");
        // With nothing to change too.
        let nothing = world.put(&uri).by(&ann()).header("if-match", "\"1\"").json(&json!({})).send().await;
        nothing.refused(412);
        assert_eq!(world.delete(&uri).by(&ann()).header("if-match", "\"4\"").send().await.status, 204);
        put("*", "gone").await.refused(404);
    }
}

// SQL

const HOSTILE: [&str; 12] = [
    "'; DROP TABLE samples; --",
    "\"; DROP TABLE samples; --",
    "' OR '1'='1",
    "\" OR \"\"=\"",
    "1; DELETE FROM samples",
    "1 OR 1=1",
    "') UNION SELECT name, sql FROM sqlite_master --",
    "`; --",
    "\\'; --",
    "%' ESCAPE '%",
    "number) OR (1=1",
    "/**/x'||(SELECT 1)||'",
];

#[tokio::test]
async fn sql_in_a_value_is_a_value() {
    let world = world().await;
    for text in HOSTILE {
        let made = world
            .post("/api/samples")
            .json(&json!({"text": text, "renamed": text, "extra": {"tags": [text], "depth": 1}}))
            .send()
            .await
            .ok(201);
        assert_eq!((&made["text"], &made["extra"]["tags"][0]), (&json!(text), &json!(text)));
        let uri = format!("/api/samples/{}", made["id"].as_str().unwrap());
        assert_eq!(world.put(&uri).json(&json!({"textOr": text})).send().await.ok(200)["textOr"], text);
        for (key, value) in [
            ("text", json!(text)),
            ("text.contains", json!(text)),
            ("text.startsWith", json!(text)),
            ("text.endsWith", json!(text)),
            ("text.in", json!([text])),
            ("renamed", json!(text)),
        ] {
            let found = world
                .post("/api/samples?__action=get")
                .json(&json!({"where": {key: value, "textOr.null": false, "id": made["id"]}}))
                .send()
                .await;
            assert_eq!(found.ok(200).as_array().unwrap().len(), 1, "{key} {text}");
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let found = world.get(&format!("/api/samples?{key}={}", encoded(&value))).send().await.ok(200);
            assert_eq!(found.as_array().unwrap().iter().filter(|row| row["text"] == text).count(), 1, "{key} {text}");
        }
        for key in ["number", "flag", "at", "day", "key", "color", "ratio", "big", "number.gt", "id"] {
            world.get(&format!("/api/samples?{key}={}", encoded(text))).send().await.refused(400);
        }
        for method in ["GET", "PUT", "DELETE"] {
            world.ask(method, &format!("/api/samples/{}", encoded(text))).json(&json!({})).send().await.refused(404);
        }
        let handle = json!({"handle": text});
        world.put(&uri).json(&handle).send().await.ok(200);
        let twice = world.post("/api/samples").json(&handle).send().await;
        assert_eq!(
            (twice.refused_echoing(409, text), twice.field("handle")),
            ("Handle already exists".into(), "already exists".into())
        );
    }
    assert_eq!(rows(&world).await, HOSTILE.len() as u64);
    // As an id that is a text, too.
    for text in HOSTILE {
        world
            .post("/api/accounts")
            .by(&ann())
            .json(&json!({"id": text, "holder": text, "balance": 0}))
            .send()
            .await
            .ok(201);
        let uri = format!("/api/accounts/{}", encoded(text));
        assert_eq!(world.get(&uri).by(&ann()).send().await.ok(200)["id"], text);
        assert_eq!(world.put(&uri).by(&ann()).json(&json!({"holder": "Ann"})).send().await.ok(200)["holder"], "Ann");
        assert_eq!(world.get("/api/accounts?__action=count&holder=Ann").by(&ann()).send().await.ok(200)["count"], 1);
        assert_eq!(world.delete(&uri).by(&ann()).send().await.status, 204);
    }
    still_serving(&world).await;
}

#[tokio::test]
async fn sql_in_a_name_is_an_unknown_name() {
    let world = world().await;
    world.post("/api/samples").json(&json!({"text": "there"})).send().await.ok(201);
    for text in HOSTILE {
        let name = encoded(text);
        for (uri, status) in [
            (format!("/api/{name}"), 404),
            (format!("/api/samples?{name}=1"), 400),
            (format!("/api/samples?text.{name}=1"), 400),
            (format!("/api/samples?_sort={name}"), 400),
            (format!("/api/samples?_sort=text,{name}"), 400),
            (format!("/api/samples?_sort=text&_order={name}"), 400),
            (format!("/api/samples?_select={name}"), 400),
            (format!("/api/samples?_limit={name}"), 400),
            (format!("/api/samples?_limit=1&_page={name}"), 400),
            (format!("/api/samples?__action={name}"), 400),
            (format!("/api/samples?_{name}=1"), 400),
            (format!("/api/samples?text.null={name}"), 400),
        ] {
            let answer = world.get(&uri).send().await;
            assert_eq!(answer.status, status, "{uri}: {answer:?}");
            answer.refused_echoing(status, text);
        }
        for (uri, body, status) in [
            ("/api/samples".to_owned(), json!({text: 1}), 400),
            ("/api/samples?__action=get".to_owned(), json!({"where": {text: 1}}), 400),
            ("/api/samples?__action=get".to_owned(), json!({"where": {format!("text.{text}"): 1}}), 400),
            ("/api/samples?__action=get".to_owned(), json!({text: 1}), 400),
            ("/api/samples?__action=get".to_owned(), json!({"where": text}), 400),
            (format!("/api/samples?__action={name}"), json!({}), 400),
            (format!("/api/todos/{name}"), json!({"args": []}), 404),
            ("/api/todos/add".to_owned(), json!({"args": [text]}), 400),
            ("/api/todos/add".to_owned(), json!({"args": text}), 400),
        ] {
            let answer = world.post(&uri).by(&ann()).json(&body).send().await;
            assert_eq!(answer.status, status, "{uri} {body}: {answer:?}");
            answer.refused_echoing(status, text);
        }
    }
    assert_eq!(rows(&world).await, 1);
    still_serving(&world).await;
}

#[tokio::test]
async fn every_text_that_can_be_sent_comes_back_as_it_was() {
    let world = world().await;
    for text in [
        "",
        " ",
        "%",
        "_",
        "\\",
        "'",
        "\"",
        "\n\r\t",
        "\u{1}\u{7f}",
        "ünï",
        "\u{202e}abc",
        "\u{feff}",
        "👩‍👩‍👧",
        "\u{ffff}",
        "\u{10ffff}",
        "null",
        "true",
        "e\u{301}",
    ] {
        let made = world
            .post("/api/samples")
            .json(&json!({"text": text, "extra": {"tags": [text], "depth": 1}}))
            .send()
            .await
            .ok(201);
        let uri = format!("/api/samples/{}", made["id"].as_str().unwrap());
        let one = world.get(&uri).send().await.ok(200);
        assert_eq!((&one["text"], &one["extra"]["tags"][0]), (&json!(text), &json!(text)));
        let found = world.get(&format!("/api/samples?text={}", encoded(text))).send().await.ok(200);
        assert_eq!(found.as_array().unwrap().len(), 1, "{text:?}");
        assert_eq!(found[0], one);
        assert_eq!(world.delete(&uri).send().await.status, 204);
    }
}

// Panics

fn in_the_log(answer: &Answer) -> String {
    let message = answer.refused(500);
    let id = message.rsplit(' ').next().unwrap().trim_end_matches('.');
    id.parse::<Uuid>().unwrap_or_else(|_| panic!("an id: {message}"));
    assert!(!answer.text.contains("1234"));
    id.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_hook_is_a_500_with_an_id_and_leaves_no_trace() {
    let world = world().await;
    world
        .backend()
        .run(repo::<Account>().insert(Account { id: "a".into(), balance: 5, holder: "Ann".into() }))
        .await
        .unwrap();
    let before = rows(&world).await;
    let mut ids = std::collections::HashSet::new();
    for number in 0..20 {
        let new = json!({"id": format!("p{number}"), "holder": "panic", "balance": 1});
        ids.insert(in_the_log(&world.post("/api/accounts").by(&ann()).json(&new).send().await));
        let several = json!([{"id": format!("q{number}"), "holder": "fine"}, new]);
        ids.insert(in_the_log(&world.post("/api/accounts").by(&ann()).json(&several).send().await));
        ids.insert(in_the_log(
            &world.put("/api/accounts/a").by(&ann()).json(&json!({"holder": "panic", "balance": 99})).send().await,
        ));
    }
    assert_eq!(ids.len(), 60, "each has an id of its own");
    assert_eq!(rows(&world).await, before, "nothing was written");
    assert_eq!(world.get("/api/accounts/a").by(&ann()).send().await.ok(200)["balance"], 5);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_method_is_a_500_with_an_id_and_leaves_no_trace() {
    let world = world().await;
    let id = article(&world).await.id;
    let call = json!({"args": [], "rowInfo": {"data": {}, "isNewRow": false, "wasChanged": false, "id": id}});
    let explode = async || world.post("/api/articles/explode").by(&ann()).json(&call).send().await;
    for _ in 0..20 {
        in_the_log(&explode().await);
    }
    let many = futures::future::join_all((0..20).map(|_| explode())).await;
    many.iter().for_each(|answer| drop(in_the_log(answer)));
    let now = world.backend().run(repo::<Article>().find_id(id)).await.unwrap();
    assert_eq!((now.title.as_str(), now.version), ("Ann's draft", 1));
    still_serving(&world).await;
    world.get("/api/articles").by(&ann()).send().await.ok(200);
}

// Sockets

/// Sends bytes to a world's socket as they are.
async fn connect(world: &World) -> TcpStream {
    let address = world.base().trim_start_matches("http://").trim_end_matches("/api");
    TcpStream::connect(address).await.unwrap()
}

async fn answer_to(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_string(&mut text))
        .await
        .expect("an answer in time")
        .unwrap();
    text
}

async fn socket(limits: Limits) -> World {
    World::limited(Way::Socket, entities::all(), limits).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_in_the_middle_of_its_body_writes_nothing() {
    let world = socket(Limits::default()).await;
    for sent in ["[", "[{\"text\": \"a\"}", "[{\"text\": \"a\"}, {\"text\""] {
        let mut stream = connect(&world).await;
        let head = format!(
            "POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{sent}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
        drop(stream);
        // Or only its sending half.
        let mut stream = connect(&world).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let text = answer_to(&mut stream).await;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 400"), "{text}");
    }
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_goes_away_in_the_middle_of_a_write_leaves_all_or_nothing() {
    let world = socket(Limits::default()).await;
    let batch: Vec<Json> =
        (0..400).map(|number| json!({"id": format!("w{number}"), "holder": "Ann", "balance": number})).collect();
    let body = json!(batch).to_string();
    let mut undone = 0;
    for wait in [0, 1, 2, 5, 10, 20, 40] {
        let mut stream = connect(&world).await;
        let head = format!(
            "POST /api/accounts HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            bearer(&ann()),
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        drop(stream);
        // Whoever comes next waits for whatever is still going on.
        world
            .backend()
            .run(repo::<Account>().insert(Account { id: "next".into(), balance: 0, holder: "x".into() }))
            .await
            .unwrap();
        world.backend().run(repo::<Account>().delete("next")).await.unwrap();
        let accounts = world.backend().run(Account::query().filter(|a| a.id.starts_with("w")).count()).await.unwrap();
        assert!(accounts == 0 || accounts == 400, "{accounts} of 400");
        if accounts == 0 {
            undone += 1;
        } else {
            world
                .backend()
                .transaction(async |_| {
                    for mut account in Account::query().filter(|a| a.id.starts_with("w")).await? {
                        account.balance = 0;
                        account.save().await?;
                        account.delete().await?;
                    }
                    Ok(())
                })
                .await
                .unwrap();
        }
    }
    assert!(undone > 0, "some clients left before the end");
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_in_time_is_a_408() {
    let world = socket(Limits { time: Duration::from_millis(300), ..Limits::default() }).await;
    for attempt in 0..5 {
        let mut stream = connect(&world).await;
        let head = "POST /api/samples HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        if attempt > 0 {
            stream.write_all(b"{\"text\": ").await.unwrap();
        }
        let text = answer_to(&mut stream).await;
        assert!(text.starts_with("HTTP/1.1 408"), "{text}");
        assert!(text.contains("\"message\":"), "{text}");
    }
    // One byte now and then does not help.
    let mut stream = connect(&world).await;
    let head = "POST /api/samples HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let (mut reading, mut writing) = stream.into_split();
    let drip = tokio::spawn(async move {
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if writing.write_all(b" ").await.is_err() {
                break;
            }
        }
    });
    let mut text = vec![0; 20];
    tokio::time::timeout(Duration::from_secs(3), reading.read_exact(&mut text)).await.expect("in time").unwrap();
    assert!(text.starts_with(b"HTTP/1.1 408"), "{text:?}");
    drip.abort();
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_http_do_not_disturb_others() {
    let world = socket(Limits::default()).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00"[..],
        b"GET\r\n\r\n",
        b"GET /api/samples\r\n\r\n",
        b"GET /api/samples HTTP/9.9\r\n\r\n",
        b"GET /api/sam\x00ples HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /api/samples HTTP/1.1\r\nhost\r\n\r\n",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: -1\r\n\r\n{}",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/samples HTTP/1.1\r\nhost: x\r\ncontent-type: \xff\xfe\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}",
    ] {
        let mut stream = connect(&world).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await.expect("the connection ends");
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&answer));
    }
    assert_eq!(rows(&world).await, 0);
    still_serving(&world).await;
}
