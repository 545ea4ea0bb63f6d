//! Requests that another site's page sends.

use super::*;

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
