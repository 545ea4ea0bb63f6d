//! Writes of many rows, and batches, as they are on the wire.

use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as Json, json};
use tests::entities::{self, Article};
use tests::entities_bulk::Parcel;
use tests::raw::Answer;
use tests::{Way, World, admin, ann, bob};

async fn world() -> World {
    World::new(Way::InProcess).await
}

/// Parcels with the numbers 1 to 4.
async fn four() -> World {
    let world = world().await;
    let rows: Json = (1..=4).map(|number| json!({"number": number, "code": format!("c{number}")})).collect();
    world.post("/api/parcels").json(&rows).send().await.ok(201);
    world
}

async fn all(world: &World) -> Vec<(i32, bool)> {
    let all = world.backend().run(Parcel::query().all()).await.unwrap();
    all.iter().map(|parcel| (parcel.number, parcel.sent)).collect()
}

async fn numbers(world: &World) -> Vec<i32> {
    all(world).await.iter().map(|(number, _)| *number).collect()
}

async fn sent(world: &World) -> Vec<i32> {
    all(world).await.iter().filter(|(_, sent)| *sent).map(|(number, _)| *number).collect()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn many_rows_are_updated_by_the_filter_of_the_address_or_of_the_body() {
    let world = four().await;
    let put = async |query: &str, set: Json| world.put(&format!("/api/parcels?{query}")).json(&set).send().await;
    assert_eq!(put("number.lte=2", json!({"sent": true})).await.ok(200), json!({"updated": 2}));
    assert_eq!(sent(&world).await, [1, 2]);
    let list = encoded("[1,4]");
    let by_name =
        put(&format!("number.in={list}&__action=updateMany"), json!({"sent": true, "weight": 7, "id": ""})).await;
    assert_eq!(by_name.ok(200), json!({"updated": 2}));
    assert_eq!(sent(&world).await, [1, 2, 4]);
    let post = async |query: &str, body: Json| {
        world.post(&format!("/api/parcels?__action=updateMany{query}")).json(&body).send().await
    };
    let either = json!({"set": {"sent": false}, "where": {"OR": [{"number": 1}, {"number": 4}]}});
    assert_eq!(post("", either).await.ok(200), json!({"updated": 2}));
    assert_eq!(sent(&world).await, [2]);
    // The body wins per key; what it does not name counts too.
    let both = json!({"set": {"sent": true}, "where": {"number.gte": 3}});
    assert_eq!(post("&number.gte=1&number.lte=3", both).await.ok(200), json!({"updated": 1}));
    assert_eq!(sent(&world).await, [2, 3]);
    assert_eq!(post("&number=1", json!({"set": {"sent": true}})).await.ok(200), json!({"updated": 1}));
    assert_eq!(post("&number=1", json!({"set": {"sent": false}, "where": "all"})).await.ok(200), json!({"updated": 1}));
    assert_eq!(sent(&world).await, [2, 3], "what the address asks for holds beside \"all\"");
    assert_eq!(
        post("&_select=$none", json!({"set": {"sent": true}, "where": "all"})).await.ok(200),
        json!({"updated": 4})
    );
    assert_eq!(
        post("", json!({"set": {}, "where": "all"})).await.ok(200),
        json!({"updated": 4}),
        "and nothing is changed"
    );
    let versions = world.backend().run(Parcel::query().all()).await.unwrap();
    assert_eq!(versions.iter().map(|parcel| (parcel.version, parcel.weight)).max(), Some((7, 0)));
}

#[tokio::test]
async fn many_rows_are_deleted_by_the_filter_of_the_address_or_of_the_body() {
    let world = four().await;
    assert_eq!(world.delete("/api/parcels?number=1").send().await.ok(200), json!({"deleted": 1}));
    let by_name = world.delete("/api/parcels?number=2&__action=deleteMany").send().await;
    assert_eq!(by_name.ok(200), json!({"deleted": 1}));
    let post = async |body: Json| world.post("/api/parcels?__action=deleteMany").json(&body).send().await;
    assert_eq!(post(json!({"where": {"NOT": {"number": 4}}})).await.ok(200), json!({"deleted": 1}));
    assert_eq!(numbers(&world).await, [4]);
    assert_eq!(post(json!({"where": "all"})).await.ok(200), json!({"deleted": 1}));
    assert_eq!(post(json!({"where": "all"})).await.ok(200), json!({"deleted": 0}));
}

#[tokio::test]
async fn what_could_be_for_every_row_by_mistake_is_refused() {
    let world = four().await;
    let empty = |answer: Answer| assert!(answer.refused(400).contains("filter is empty"), "{answer:?}");
    empty(world.put("/api/parcels").json(&json!({"sent": true})).send().await);
    empty(world.put("/api/parcels?__action=updateMany").json(&json!({"sent": true})).send().await);
    empty(world.delete("/api/parcels").send().await);
    empty(world.delete("/api/parcels?__action=deleteMany&").send().await);
    for filter in
        [json!({}), json!({"OR": [{}, {"number": 1}]}), json!({"NOT": {"number.in": []}}), json!({"number": []})]
    {
        empty(world.post("/api/parcels?__action=deleteMany").json(&json!({ "where": filter })).send().await);
        let update = json!({"where": filter, "set": {"sent": true}});
        empty(world.post("/api/parcels?__action=updateMany").json(&update).send().await);
    }
    empty(world.post("/api/parcels?__action=deleteMany").json(&json!({})).send().await);
    for (query, name) in
        [("_limit=1", "_limit"), ("_sort=number", "_sort"), ("_limit=1&_page=2", "_limit"), ("_page=2", "_page")]
    {
        let refused = world.delete(&format!("/api/parcels?number.gt=0&{query}")).send().await;
        assert!(refused.refused(400).contains(name), "{refused:?}");
    }
    assert_eq!(numbers(&world).await, [1, 2, 3, 4]);
    assert_eq!(sent(&world).await, Vec::<i32>::new());
}

#[tokio::test]
async fn what_is_malformed_is_refused_with_what_would_be_right() {
    let world = four().await;
    let refused = async |action: &str, body: Json, says: &str| {
        let answer = world.post(&format!("/api/parcels?__action={action}")).json(&body).send().await;
        assert!(answer.refused(400).contains(says), "{says}: {answer:?}");
    };
    refused("updateMany", json!({"where": "all"}), "\"set\" is missing").await;
    refused("updateMany", json!({"where": "all", "set": [1]}), "\"set\" must be an object; it is an array").await;
    refused("updateMany", json!({"where": "everything", "set": {}}), "\"where\" must be an object, or \"all\"").await;
    refused("updateMany", json!({"where": {"unicorn": 1}, "set": {}}), "\"unicorn\" is not a field").await;
    refused("updateMany", json!({"where": {"secret": "x"}, "set": {}}), "\"secret\" is not a field").await;
    refused("updateMany", json!({"where": "all", "set": {"unicorn": 1}}), "\"unicorn\" is not a field").await;
    refused("updateMany", json!({"where": "all", "set": {}, "limit": 3}), "\"limit\" has no meaning here").await;
    refused("deleteMany", json!({"where": "all", "set": {}}), "\"set\" has no meaning here").await;
    refused("deleteMany", json!([1]), "must be a JSON object").await;
    refused("upsertMany", json!({"where": {"number": 1}}), "must be an array").await;
    refused("upsertMany", json!([1]), "not a number").await;
    refused("upsertMany", json!([{"set": {"number": 1}}]), "\"where\" is missing").await;
    refused("upsertMany", json!([{"where": {}}]), "at least one value").await;
    refused(
        "upsertMany",
        json!([{"where": {"number": 1}}, {"where": {"number": "x"}}]),
        "Row 2: \"where\": \"number\" must",
    )
    .await;
    refused("upsertMany", json!([{"where": {"number.gt": 1}}]), "\"number.gt\" is not a field").await;
    refused("upsertMany", json!([{"where": {"secret": "x"}}]), "\"secret\" is not a field").await;
    refused("upsertMany", json!([{"where": {"number": 1}, "what": 1}]), "\"what\" has no meaning here").await;
    refused("upsertMany&number=1", json!([{"where": {"number": 1}}]), "\"number\" has no meaning here").await;
    refused("destroyMany", json!({}), "Unknown __action \"destroyMany\"").await;
    let wrong = json!({"where": "all", "set": {"number": "x", "address": "x".repeat(21)}});
    let wrong = world.post("/api/parcels?__action=updateMany").json(&wrong).send().await;
    wrong.refused(400);
    assert!(wrong.field("number").starts_with("must be a whole number"));
    world.post("/api/parcels?__action=deleteMany").text("text/plain", "{\"where\":\"all\"}").send().await.refused(415);
    world.ask("PATCH", "/api/parcels").json(&json!({})).send().await.refused(405);
    world.put("/api/parcels?__action=count").json(&json!({})).send().await.refused(405);
    world.get("/api/parcels?__action=deleteMany").send().await.refused(400);
    assert_eq!(numbers(&world).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn rows_are_upserted_in_their_order() {
    let world = four().await;
    let rows = json!([
        {"where": {"code": "c2"}, "set": {"sent": true, "weight": 9}},
        {"where": {"code": "new"}, "set": {"number": 5}},
        {"where": {"code": "c1"}},
        {"where": {"code": "c3"}, "set": null},
    ]);
    let rows = world.post("/api/parcels?__action=upsertMany").json(&rows).send().await.ok(200);
    let shown: Vec<_> =
        rows.as_array().unwrap().iter().map(|row| json!([row["number"], row["sent"], row["version"]])).collect();
    assert_eq!(shown, [json!([2, true, 2]), json!([5, false, 1]), json!([1, false, 1]), json!([3, false, 1])]);
    assert!(rows[0].get("secret").is_none());
    assert_eq!(numbers(&world).await, [1, 2, 3, 4, 5]);
    assert_eq!(world.post("/api/parcels?__action=upsertMany").json(&json!([])).send().await.ok(200), json!([]));
}

#[tokio::test]
async fn an_insert_of_many_can_answer_only_how_many() {
    let world = world().await;
    let three = json!([{"number": 1}, {"number": 2}, {}]);
    let counted = world.post("/api/parcels?_select=$count").json(&three).send().await;
    assert_eq!(counted.ok(201), json!({"inserted": 3}));
    let rows = world.post("/api/parcels?_select=$none").json(&json!([{"number": 7}])).send().await.ok(201);
    assert_eq!(rows[0]["number"], 7, "the npm client empties its record otherwise");
    let wrong = world.post("/api/parcels").json(&json!([{"number": 8}, {"number": "x"}])).send().await;
    assert!(wrong.refused(400).starts_with("Row 2: "));
    assert_eq!(world.backend().run(repo::<Parcel>().count()).await.unwrap(), 4);
}

#[tokio::test]
async fn the_row_whose_id_is_empty_is_changed_by_emptyid() {
    let world = world().await;
    let empty = async |key: &str, body: Json| {
        world.put(&format!("/api/{key}?__action=emptyId")).by(&ann()).json(&body).send().await
    };
    empty("accounts", json!({"holder": "Ann"})).await.refused(404);
    empty("parcels", json!({"sent": true})).await.refused(404);
    // Such rows come from elsewhere.
    use sqlx::Connection as _;
    let mut by_hand = sqlx::SqliteConnection::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    let rows = "INSERT INTO accounts (id, balance, holder) VALUES ('', 1, 'x'), ('a', 1, 'x');
        INSERT INTO counters (id, count, name, version) VALUES (0, 1, 'x', 1), (1, 1, 'x', 1)";
    sqlx::raw_sql(rows).execute(&mut by_hand).await.unwrap();
    assert_eq!(
        empty("accounts", json!({"holder": "Ann"})).await.ok(200),
        json!({"id": "", "balance": 1, "holder": "Ann"})
    );
    assert_eq!(empty("counters", json!({"name": "zero"})).await.ok(200)["name"], "zero");
    let stale = empty("counters", json!({"name": "again", "version": 1})).await;
    stale.refused(409);
    let others = world.get("/api/counters?id=1").send().await.ok(200);
    assert_eq!(others[0]["name"], "x");
    assert_eq!(world.delete("/api/accounts?id=").by(&ann()).send().await.status, 400, "its balance is not zero");
    empty("accounts", json!({"balance": 0})).await.ok(200);
    assert_eq!(world.delete("/api/accounts?id=").by(&ann()).send().await.ok(200), json!({"deleted": 1}));
}

#[tokio::test]
async fn the_limit_of_rows_holds_on_the_wire_and_nothing_is_written_past_it() {
    let world = World::limited(Way::InProcess, entities::all(), Limits { rows: 3, ..Limits::default() }).await;
    let rows = |range: std::ops::RangeInclusive<i32>| range.map(|number| json!({"number": number})).collect::<Json>();
    let upserts = |range: std::ops::RangeInclusive<i32>| {
        range.map(|number| json!({"where": {"number": number}})).collect::<Json>()
    };
    let send = async |path: &str, body: Json| world.post(path).json(&body).send().await;
    assert!(send("/api/parcels", rows(1..=4)).await.refused(400).contains("4 rows are more than the 3"));
    send("/api/parcels", rows(1..=3)).await.ok(201);
    assert!(send("/api/parcels?__action=upsertMany", upserts(1..=4)).await.refused(400).contains("4 rows"));
    send("/api/parcels?__action=upsertMany", upserts(2..=4)).await.ok(200);
    assert!(send("/api/parcels?__action=deleteMany", json!({"where": "all"})).await.refused(400).contains("3 rows"));
    let update = |least: i32| json!({"where": {"number.gte": least}, "set": {"sent": true}});
    send("/api/parcels?__action=updateMany", update(1)).await.refused(400);
    assert_eq!(sent(&world).await, Vec::<i32>::new());
    assert_eq!(send("/api/parcels?__action=updateMany", update(2)).await.ok(200), json!({"updated": 3}));
    let insert = json!({"insert": "parcels", "set": {}});
    send("/api/$batch", json!([insert, insert, insert, insert])).await.refused(400);
    let together = json!([insert, {"updateMany": "parcels", "where": {"number.gte": 2}, "set": {"sent": false}}]);
    assert!(send("/api/$batch", together).await.refused(400).contains("3 rows of one batch"));
    assert_eq!(sent(&world).await, [2, 3, 4]);
    send("/api/$batch", json!([insert, insert, insert])).await.ok(200);
}

#[tokio::test]
async fn a_batch_answers_what_came_of_each_operation() {
    let world = four().await;
    let rows = world.get("/api/parcels").send().await.ok(200);
    let (first, second) = (&rows[0]["id"], &rows[1]["id"]);
    let steps = json!([
        {"insert": "parcels", "set": {"number": 9, "secret": "x"}},
        {"insertMany": "parcels", "rows": [{"number": 10}, {"number": 11}]},
        {"update": "parcels", "id": first, "set": {"sent": true, "version": 1}},
        {"delete": "parcels", "id": second},
        {"updateMany": "parcels", "where": {"number.gte": 9}, "set": {"address": "Bern"}},
        {"deleteMany": "parcels", "where": {"number": 10}},
        {"upsertMany": "parcels", "rows": [{"where": {"number": 11}, "set": {"sent": true}}]},
        {"insert": "accounts", "set": {"id": "a", "holder": " Ann "}},
    ]);
    let answers = world.post("/api/$batch").by(&ann()).json(&steps).send().await.ok(200);
    assert_eq!(answers.as_array().unwrap().len(), 8);
    assert_eq!((&answers[0]["number"], &answers[0]["version"], answers[0].get("secret")), (&json!(9), &json!(1), None));
    assert_eq!((&answers[1][0]["number"], &answers[1][1]["number"]), (&json!(10), &json!(11)));
    assert_eq!((&answers[2]["sent"], &answers[2]["version"]), (&json!(true), &json!(2)));
    assert_eq!(answers[3], Json::Null);
    assert_eq!((&answers[4], &answers[5]), (&json!({"updated": 3}), &json!({"deleted": 1})));
    assert_eq!((&answers[6][0]["sent"], &answers[6][0]["address"]), (&json!(true), &json!("Bern")));
    assert_eq!(answers[7], json!({"id": "a", "balance": 0, "holder": "Ann"}));
    assert_eq!(numbers(&world).await, [1, 3, 4, 9, 11]);
    assert_eq!(world.post("/api/$batch").json(&json!([])).send().await.ok(200), json!([]));
}

#[tokio::test]
async fn a_batch_that_cannot_be_done_says_which_operation_and_does_nothing() {
    let world = four().await;
    let good = json!({"insert": "parcels", "set": {"number": 9}});
    let refused = async |step: Json, status: u16, says: &str| {
        let answer = world.post("/api/$batch").by(&ann()).json(&json!([good, step])).send().await;
        assert!(answer.refused(status).starts_with("Operation 2: "), "{answer:?}");
        assert!(answer.text.contains(&says.replace('"', "\\\"")), "{says}: {answer:?}");
        answer
    };
    refused(json!(1), 400, "must be an object").await;
    refused(json!({}), 400, "must say what to do, one of insert, insertMany").await;
    refused(json!({"insert": "parcels", "delete": "parcels"}), 400, "two things").await;
    refused(json!({"insert": 1, "set": {}}), 400, "must be the name of an entity; it is a number").await;
    refused(json!({"insert": "unicorns", "set": {}}), 404, "no entity \"unicorns\"").await;
    refused(json!({"insert": "parcels"}), 400, "\"set\" is missing").await;
    refused(json!({"insert": "parcels", "set": {}, "id": 1}), 400, "\"id\" has no meaning here").await;
    refused(json!({"insertMany": "parcels", "rows": {}}), 400, "\"rows\" must be an array").await;
    refused(json!({"update": "parcels", "set": {}}), 404, "no such row").await;
    refused(json!({"delete": "parcels", "id": "x"}), 404, "no such row").await;
    refused(json!({"updateMany": "parcels", "set": {}}), 400, "filter is empty").await;
    refused(json!({"deleteMany": "parcels", "where": {"secret": 1}}), 400, "\"secret\" is not a field").await;
    refused(json!({"upsertMany": "parcels", "rows": [{"where": {}}]}), 400, "at least one value").await;
    refused(json!({"insert": "logs", "set": {}}), 403, "not allowed").await;
    refused(json!({"insert": "events", "set": {}}), 403, "not allowed").await;
    let taken = refused(json!({"insert": "parcels", "set": {"code": "c1"}}), 409, "already exists").await;
    assert_eq!(taken.field("code"), "already exists");
    let wrong =
        refused(json!({"insertMany": "parcels", "rows": [{}, {"address": "x".repeat(21)}]}), 400, "Row 2").await;
    assert_eq!(wrong.field("address"), "must have at most 20 characters");
    let panics = json!({"insert": "accounts", "set": {"id": "p", "holder": "panic"}});
    world.post("/api/$batch").by(&ann()).json(&json!([good, panics])).send().await.refused(500);
    assert_eq!(numbers(&world).await, [1, 2, 3, 4]);

    let ask = |body: &Json| world.post("/api/$batch").json(body);
    ask(&json!({"insert": "parcels"})).send().await.refused(400);
    ask(&json!([good])).header("origin", "https://evil.test").send().await.refused(403);
    world.post("/api/$batch").text("text/plain", "[]").send().await.refused(415);
    world.get("/api/$batch").send().await.refused(405);
    let nobody = ask(&json!([good, {"delete": "accounts", "id": "a"}])).send().await;
    nobody.refused(401);
    assert_eq!(numbers(&world).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_conflict_on_a_hidden_field_is_not_told_by_a_bulk_write_or_a_batch() {
    let world = world().await;
    let taken =
        Article { title: "Taken by root".into(), owner: "ann".into(), note: Some("n".into()), ..Article::blank() };
    world.backend().run(repo::<Article>().insert(taken)).await.unwrap();
    let new = json!({"title": "Another one", "note": "n"});
    let told = world.post("/api/articles").by(&admin()).json(&json!([new, new])).send().await;
    assert_eq!((told.refused(409), told.field("note")), ("Row 1: Note already exists".into(), "already exists".into()));
    // Ann may not write it, so hers are inserted; and she cannot ask by it either.
    world
        .post("/api/$batch")
        .by(&ann())
        .json(&json!([{"insertMany": "articles", "rows": [new, new]}]))
        .send()
        .await
        .ok(200);
    let asked = json!([{"where": {"note": "n"}, "set": {"title": "Found by its note"}}]);
    world.post("/api/articles?__action=upsertMany").by(&ann()).json(&asked).send().await.refused(400);
    let asked = json!([{"upsertMany": "articles", "rows": asked}]);
    world.post("/api/$batch").by(&bob()).json(&asked).send().await.refused(400);
}
