//! Ids of several fields, ids of odd texts, and what the client includes by itself.

use serde_json::{Value as Json, json};
use tests::{Way, World};

use super::{Steps, build};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remults_client_knows_ids_of_several_fields_and_includes() {
    build().await;
    let world = World::new(Way::Socket).await;
    let mut steps = Steps::of(&world, "shop_client").await;

    new_rows_have_all_parts(&mut steps);
    rows_are_meant_by_all_parts(&mut steps);
    many_are_written_and_asked_for(&mut steps);
    odd_and_empty_ids(&mut steps);
    includes(&mut steps);
    includes_by_several_fields(&mut steps);

    assert!(steps.0.is_empty(), "steps that nobody looked at: {:?}", steps.0);
}

/// What a step has asked the server for.
#[track_caller]
fn asks(steps: &Steps, step: &str, expected: &[&str]) {
    assert_eq!(steps.0[step]["asked"], json!(expected), "{step}");
}

fn new_rows_have_all_parts(steps: &mut Steps) {
    steps.answers("compound: insert", json!([7, "tea", 1, 1, "7,tea", false]));
    steps.answers("compound: insert several", json!([[8, "tea", 2], [7, "milk", 3], [0, "tea", 4]]));
    let error = steps.is_refused("compound: insert what is there", 409, "Order id, Product already exist together");
    assert_eq!(error["modelState"]["product"], "already exists together with the others");
    for (step, field, message) in [
        ("a comma", "product", "must not contain a comma: it is a part of the id"),
        ("an empty part", "product", "must be given: it is a part of the id"),
        ("a null part", "orderId", "must not be null"),
    ] {
        let error = steps.is_refused(&format!("compound: insert with {step}"), 400, message);
        assert_eq!(error["modelState"], json!({field: message}));
    }
}

fn rows_are_meant_by_all_parts(steps: &mut Steps) {
    steps.answers("compound: find", json!([[0, "tea", 4], [7, "milk", 3], [7, "tea", 1], [8, "tea", 2]]));
    asks(steps, "compound: by id", &["GET /order-lines?orderId=7&product=tea"]);
    steps.answers("compound: by id", json!([7, "tea", 1]));
    steps.answers("compound: by an id with 0", json!([0, "tea", 4]));
    steps.answers("compound: by an id that is not there", Json::Null);
    asks(steps, "compound: update", &["put /order-lines/7,tea"]);
    steps.answers("compound: update", json!([7, "tea", 10]));
    steps.answers("compound: update an id with 0", json!([0, "tea", 40]));
    steps.answers("compound: update by its fields", json!([8, "tea", 20]));
    steps.is_refused("compound: update what is not there", 404, "no such row");
    steps.answers("compound: save", json!([7, "milk", 30, 2]));
    steps.answers("compound: save with another id", json!([7, "milk", 31]));
    steps.answers("compound: method", json!(["7,tea", 7, "tea", 11, "unsaved"]));
    steps.answers("compound: method that changes the id", json!([[8, "jam", 20], [8, "jam", 20], null]));
    steps.answers("compound: method of a new one", json!(["9,new", false]));
}

fn many_are_written_and_asked_for(steps: &mut Steps) {
    steps.answers("compound: upsert", json!([[7, "tea", 70], [10, "ink", 1]]));
    steps.answers("compound: update many", json!(2));
    steps.answers("compound: delete", json!([[0, "tea", 40], [7, "milk", 31], [7, "tea", 5], [8, "jam", 20]]));
    steps.is_refused("compound: delete what is not there", 404, "no such row");
    steps.answers("compound: sorted", json!([[7, "milk", 31], [8, "jam", 20]]));
    steps.answers(
        "compound: group",
        json!([
            {"orderId": 0, "amount": {"sum": 40}, "$count": 1},
            {"orderId": 7, "amount": {"sum": 36}, "$count": 2},
            {"orderId": 8, "amount": {"sum": 20}, "$count": 1},
        ]),
    );
}

fn odd_and_empty_ids(steps: &mut Steps) {
    steps.answers("odd ids of several fields", json!([]));
    steps.answers("odd ids", json!([]));
    steps.answers("an empty id: insert", json!(36));
    steps.answers("an empty id: find", Json::Null);
    asks(steps, "an empty id: update", &["put /stickers?__action=emptyId"]);
    steps.is_refused("an empty id: update", 404, "no such row");
    steps.answers("an empty id: delete", json!(1));
    steps.is_refused("id 0: insert", 400, "Id must be given");
    steps.answers("id 0: find", Json::Null);
    steps.is_refused("id 0: update", 404, "no such row");
    steps.answers("a null id", Json::Null);
}

fn includes(steps: &mut Steps) {
    let to_one = "GET /buyers?id.in=[\"a/b\",\"b,b\",\"gone\"]&_limit=1000&_page=1";
    asks(steps, "include: to one", &["GET /deals", to_one]);
    let with_buyers =
        json!([["pen", "Ada"], ["ink", "Bob"], ["pad", "Ada"], ["lost", null], ["left", null], ["cap", "Ada"]]);
    steps.answers("include: to one", with_buyers);
    let to_many = "GET /deals?buyerId.in=[\"a/b\",\"b,b\",\"ç\"]&_limit=1000&_page=1";
    asks(steps, "include: to many", &["GET /buyers", to_many]);
    steps.answers("include: to many", json!([["Ada", ["pen", "pad", "cap"]], ["Bob", ["ink"]], ["Cem", []]]));
    steps.answers("include: filtered, sorted and limited", json!([["Ada", ["pad"]], ["Bob", ["ink"]], ["Cem", []]]));
    steps.answers("include: nested", json!([[3, 3, 3]]));
    steps.answers("include: by id", json!(["ink", "Bob"]));
    steps.answers("include: a relation by itself", json!([3, ["pad"], "a/b"]));
    asks(steps, "include: many", &["GET /deals?number.gte=1000", "post /buyers?_limit=1000&_page=1&__action=get"]);
    steps.answers("include: many", json!(true));
    asks(steps, "select", &["GET /deals?number.lt=3&_select=number,what"]);
    steps.answers("select", json!([{"number": 1, "what": "pen"}, {"number": 2, "what": "ink"}]));
}

fn includes_by_several_fields(steps: &mut Steps) {
    let lines = ["GET /remarks", "GET /order-lines?orderId=7&product=tea", "GET /order-lines?orderId=8&product=jam"];
    asks(steps, "include: to one by several fields", &lines);
    let with_lines = json!([["black", 7, "tea", 5], ["hot", 7, "tea", 5], ["sweet", 8, "jam", 20]]);
    steps.answers("include: to one by several fields", with_lines);
    let with_remarks = json!([[0, "tea", []], [7, "milk", []], [7, "tea", ["black", "hot"]], [8, "jam", ["sweet"]]]);
    steps.answers("include: to many by several fields", with_remarks);
    steps.is_refused("include: a key that is not there", 409, "rows that are not there");
}
