//! Stale versions and preconditions.

use super::*;

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
