//! Bodies that are too large, or no JSON, or do not say so.

use super::*;

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
