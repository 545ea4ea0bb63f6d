//! SQL in every value and name.

use super::*;

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
