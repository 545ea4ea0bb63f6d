//! Ids that are none.

use super::*;

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
