//! What a writer may not write, and what an asker may not ask.

use super::*;

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
