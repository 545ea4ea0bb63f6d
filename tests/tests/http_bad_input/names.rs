//! Names that nobody knows: of entities, fields, operators, methods.

use super::*;

#[tokio::test]
async fn an_unknown_entity_is_a_404_that_names_it() {
    let world = world().await;
    for uri in ["/api/unicorns", "/api/unicorns/1", "/api/Samples", "/api/unicorns?__action=count"] {
        assert!(world.get(uri).send().await.refused(404).contains("There is no entity"));
    }
    for uri in ["/api//", "/api/samples/", "/api/samples/1/2", "/api/samples/1/2/3", "/api/samples/1/"] {
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
