//! Ids of several fields as they are on the wire.

use serde_json::json;
use tests::raw::Ask;
use tests::{Way, World, ann};

/// Two lines of one order, and one of another.
async fn world() -> World {
    let world = World::new(Way::InProcess).await;
    let rows = json!([
        {"orderId": 7, "product": "tea", "amount": 1},
        {"orderId": 7, "product": "a/b %41 ü", "amount": 2},
        {"orderId": 8, "product": "tea", "amount": 3},
    ]);
    world.post("/api/order-lines").json(&rows).send().await.ok(201);
    world
}

#[tokio::test]
async fn an_address_has_the_values_joined_by_commas() {
    let world = world().await;
    for path in ["7,tea", "7%2Ctea", "7%2ctea"] {
        let row = world.get(&format!("/api/order-lines/{path}")).send().await;
        assert_eq!(
            row.ok(200),
            json!({"orderId": 7, "product": "tea", "amount": 1, "note": null, "version": 1}),
            "{path}"
        );
        assert_eq!(row.header("etag"), "\"1\"");
    }
    let odd = "/api/order-lines/7%2Ca%2Fb%20%2541%20%C3%BC";
    assert_eq!(world.get(odd).send().await.ok(200)["amount"], 2);
    let changed = world.put("/api/order-lines/8%2Ctea").json(&json!({"amount": 4})).send().await.ok(200);
    assert_eq!((&changed["orderId"], &changed["amount"], &changed["version"]), (&json!(8), &json!(4), &json!(2)));
    world
        .put("/api/order-lines/8%2Ctea")
        .header("if-match", "\"1\"")
        .json(&json!({"amount": 5}))
        .send()
        .await
        .refused(412);
    assert_eq!(world.delete(odd).send().await.status, 204);
    world.get(odd).send().await.refused(404);
    assert_eq!(world.get("/api/order-lines?__action=count").send().await.ok(200), json!({"count": 2}));
}

#[tokio::test]
async fn what_cannot_be_an_id_is_that_of_no_row() {
    let world = world().await;
    for path in [
        "7",
        "tea",
        "7,tea,",
        "7,tea,8",
        ",",
        ",tea",
        "7,",
        "tea,7",
        "7%2C%00",
        "7;tea",
        "[7,\"tea\"]",
        "7,,tea",
        "99999999999999999999,tea",
    ] {
        let path = format!("/api/order-lines/{}", path.replace('"', "%22").replace('[', "%5B").replace(']', "%5D"));
        let change = json!({"amount": 9});
        let asks: [Ask; 3] = [world.get(&path), world.put(&path).json(&change), world.delete(&path)];
        for ask in asks {
            assert_eq!(ask.send().await.refused(404), "There is no such row in order-lines.", "{path}");
        }
    }
    world.put("/api/order-lines?__action=emptyId").json(&json!({"amount": 9})).send().await.refused(404);
    assert_eq!(world.get("/api/order-lines?amount=9&__action=count").send().await.ok(200), json!({"count": 0}));
}

#[tokio::test]
async fn the_parts_are_fields_like_any_other() {
    let world = world().await;
    let found = world.get("/api/order-lines?orderId=7&product=tea").send().await.ok(200);
    assert_eq!((found.as_array().unwrap().len(), &found[0]["amount"]), (1, &json!(1)));
    let first =
        world.get("/api/order-lines?_sort=product&_order=desc&_limit=1&_select=product,orderId").send().await.ok(200);
    assert_eq!(
        first,
        json!([{"orderId": 8, "product": "tea"}]),
        "the other field of the id goes in the same direction"
    );
    // What names the row in the address stays.
    let body = json!({"orderId": 9, "product": "other", "amount": 5});
    let kept = world.put("/api/order-lines/7%2Ctea").json(&body).send().await.ok(200);
    assert_eq!((&kept["orderId"], &kept["product"], &kept["amount"]), (&json!(7), &json!("tea"), &json!(5)));
    let many =
        world.put("/api/order-lines?orderId=7").json(&json!({"product": "same", "note": "x"})).send().await.ok(200);
    assert_eq!(many, json!({"updated": 2}));
    assert_eq!(world.get("/api/order-lines?product=same&__action=count").send().await.ok(200), json!({"count": 0}));
}

#[tokio::test]
async fn new_rows_give_each_part_without_commas_and_null() {
    let world = world().await;
    let post = async |body| world.post("/api/order-lines").json(&body).send().await;
    let answer = post(json!({"orderId": 7, "amount": 1})).await;
    answer.refused(400);
    assert_eq!(answer.field("product"), "must be given: it is a part of the id");
    let answer = post(json!({"orderId": null, "product": "x"})).await;
    answer.refused(400);
    assert_eq!(answer.field("orderId"), "must not be null");
    let answer = post(json!({"orderId": 7, "product": "a,b"})).await;
    answer.refused(400);
    assert_eq!(answer.field("product"), "must not contain a comma: it is a part of the id");
    let answer = post(json!({"orderId": 7, "product": "tea"})).await;
    answer.refused(409);
    assert_eq!(answer.field("orderId"), "already exists together with the others");
    assert_eq!(post(json!({"orderId": 0, "product": "0"})).await.ok(201)["orderId"], 0);
    assert_eq!(world.get("/api/order-lines/0,0").send().await.ok(200)["product"], "0");
}

#[tokio::test]
async fn batches_and_methods_name_rows_by_the_joined_text() {
    let world = world().await;
    let steps = json!([
        {"update": "order-lines", "id": "7,tea", "set": {"amount": 10}},
        {"delete": "order-lines", "id": "8,tea"},
        {"upsertMany": "order-lines", "rows": [{"where": {"orderId": 7, "product": "tea"}, "set": {"note": "hot"}}]},
    ]);
    let done = world.post("/api/$batch").json(&steps).send().await.ok(200);
    assert_eq!((&done[0]["amount"], &done[1], &done[2][0]["note"]), (&json!(10), &json!(null), &json!("hot")));
    for id in [json!("7"), json!(7), json!(["7", "tea"]), json!(null), json!("7,tea,"), json!({"orderId": 7})] {
        let step = json!([{"delete": "order-lines", "id": id}]);
        world.post("/api/$batch").json(&step).send().await.refused_echoing(404, "order-lines");
    }
    let call = async |id: serde_json::Value| {
        let row_info = json!({"data": {"note": "cold"}, "isNewRow": false, "wasChanged": true, "id": id});
        world.post("/api/order-lines/oneMore").by(&ann()).json(&json!({"args": [], "rowInfo": row_info})).send().await
    };
    let answer = call(json!("7,tea")).await.ok(200);
    assert_eq!((&answer["result"], &answer["rowInfo"]["id"]), (&json!("7,tea"), &json!("7,tea")));
    assert_eq!(
        (&answer["rowInfo"]["data"]["amount"], &answer["rowInfo"]["data"]["note"]),
        (&json!(11), &json!("cold"))
    );
    call(json!("8,tea")).await.refused(404);
    for id in [json!("7"), json!(["7", "tea"]), json!(7), json!("x,tea")] {
        let message = call(id).await.refused(400);
        assert!(message.starts_with("rowInfo.id must be"), "{message}");
    }
}

#[tokio::test]
async fn an_id_of_one_field_is_taken_as_it_is() {
    let world = World::new(Way::InProcess).await;
    for id in ["a,b", "a%2Cb", "50%", "ü/ß"] {
        world.post("/api/stickers").json(&json!({"id": id, "text": id})).send().await.ok(201);
        let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert_eq!(world.get(&format!("/api/stickers/{path}")).send().await.ok(200)["text"], id);
        let step = json!([{"update": "stickers", "id": id, "set": {"text": "new"}}]);
        assert_eq!(world.post("/api/$batch").json(&step).send().await.ok(200)[0]["id"], id);
    }
}
