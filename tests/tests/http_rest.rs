//! The wire, as `docs/rest-api.md` describes it: request by request.

use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities::{Account, Article, Color, Sample};
use tests::todo::Todo;
use tests::{Way, World, admin, ann, bob};

async fn world() -> World {
    World::new(Way::InProcess).await
}

/// Ten samples, numbered from 0: even ones have a `numberOr`, texts alternate.
async fn ten() -> World {
    let world = world().await;
    let insert = async |_| {
        for number in 0..10 {
            let sample = Sample {
                number,
                text: ["Alpha", "beta", "GAMMA 100%"][number as usize % 3].into(),
                number_or: (number % 2 == 0).then_some(number),
                color: if number < 5 { Color::Red } else { Color::DarkBlue },
                flag: number > 7,
                big: i64::from(number) * 1_000_000_000_000_000_000,
                day: NaiveDate::from_ymd_opt(2020, 1, 1 + number as u32).unwrap(),
                at: format!("2020-01-0{}T00:00:00.00{number}Z", 1 + number % 5).parse().unwrap(),
                ratio: f64::from(number) / 4.0,
                ..Sample::blank()
            };
            repo::<Sample>().insert(sample).await?;
        }
        Ok(())
    };
    world.backend().transaction(insert).await.unwrap();
    world
}

fn numbers(rows: &Json) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["number"].as_i64().unwrap()).collect()
}

async fn list(world: &World, query: &str) -> Vec<i64> {
    numbers(
        &world
            .get(&format!(
                "/api/samples?{}",
                query.replace('[', "%5B").replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
            ))
            .send()
            .await
            .ok(200),
    )
}

async fn posted(world: &World, filter: Json) -> Vec<i64> {
    let counted = world.post("/api/samples?__action=count").json(&json!({"where": filter})).send().await.ok(200);
    let found = numbers(&world.post("/api/samples?__action=get").json(&json!({"where": filter})).send().await.ok(200));
    assert_eq!(counted, json!({"count": found.len()}), "{filter}");
    found
}

#[tokio::test]
async fn a_row_has_every_readable_field_in_the_spelling_of_the_wire() {
    let world = world().await;
    let row = json!({
        "id": "0190a1b2-0000-7000-8000-000000000001", "text": "ünï", "flag": true, "number": -5, "big": "9007199254740993", "ratio": 0.1,
        "key": "0190A1B2-0000-7000-8000-00000000000A", "at": "2020-01-02T03:04:05.678901Z", "day": "2020-02-29", "color": "navy",
        "extra": {"tags": ["a"], "depth": 3}, "textOr": "x", "flagOr": false, "numberOr": 1, "bigOr": 9_007_199_254_740_991_i64, "ratioOr": 3,
        "keyOr": null, "atOr": "2020-01-02T05:04:05+02:00", "dayOr": "2020-03-01T00:00:00.000Z", "colorOr": "red", "extraOr": null,
        "email": null, "link": null, "code": null, "choice": null, "even": 2, "handle": null, "lucky": 8, "renamed": "there",
    });
    let made = world.post("/api/samples").json(&row).send().await.ok(201);
    let mut expected = row.clone();
    expected["key"] = json!("0190a1b2-0000-7000-8000-00000000000a");
    expected["atOr"] = json!("2020-01-02T03:04:05.000Z");
    expected["dayOr"] = json!("2020-03-01");
    expected["ratioOr"] = json!(3.0);
    assert_eq!(made, expected);
    let uri = "/api/samples/0190a1b2-0000-7000-8000-000000000001";
    assert_eq!(world.get(uri).send().await.ok(200), expected);
    assert_eq!(world.get("/api/samples").send().await.ok(200), json!([expected]));
    assert_eq!(world.put(uri).json(&json!({})).send().await.ok(200), expected);
    let keys: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    let fields: Vec<_> = Sample::meta().fields.iter().map(|field| field.wire).collect();
    assert_eq!(keys.len(), fields.len());
    assert!(fields.iter().all(|field| keys.contains(field)));
}

#[tokio::test]
async fn a_list_filters_by_its_address() {
    let world = ten().await;
    for (query, expected) in [
        ("number=3", vec![3]),
        ("number.ne=3&number.lt=5", vec![0, 1, 2, 4]),
        ("number.gt=7", vec![8, 9]),
        ("number.gte=7", vec![7, 8, 9]),
        ("number.lt=2", vec![0, 1]),
        ("number.lte=2", vec![0, 1, 2]),
        ("number.gt=2&number.lt=5", vec![3, 4]),
        ("number.ne=1&number.ne=2&number.lt=4", vec![0, 3]),
        ("number=1&number=2", vec![]),
        ("number.in=[1,3,99]", vec![1, 3]),
        ("number.in=[]", vec![]),
        ("number.in=[1,2,[2,3]]", vec![2]),
        ("number.in=[[1,2],[2,3]]", vec![2]),
        ("numberOr.in=[null,4]", vec![1, 3, 4, 5, 7, 9]),
        ("number.in=[1,2]&number.in=[2,3]", vec![2]),
        ("numberOr.null=true", vec![1, 3, 5, 7, 9]),
        ("numberOr.null=false&number.lt=5", vec![0, 2, 4]),
        ("numberOr=null", vec![1, 3, 5, 7, 9]),
        ("numberOr.ne=null&number.lt=3", vec![0, 2]),
        ("numberOr.ne=2", vec![0, 4, 6, 8]),
        ("text=Alpha", vec![0, 3, 6, 9]),
        ("text=alpha", vec![]),
        ("text.contains=alp", vec![0, 3, 6, 9]),
        ("text.startsWith=GAM", vec![2, 5, 8]),
        ("text.startsWith=gam", vec![2, 5, 8]),
        ("text.endsWith=100%25", vec![2, 5, 8]),
        ("text.contains=%25", vec![2, 5, 8]),
        ("text.contains=_", vec![]),
        ("text.notContains=a&number.lt=9", vec![]),
        ("text.notContains=m", vec![0, 1, 3, 4, 6, 7, 9]),
        ("text.contains=a&text.contains=b", vec![1, 4, 7]),
        ("text.contains=A+1", vec![2, 5, 8]),
        ("flag=true", vec![8, 9]),
        ("color=navy&number.lt=7", vec![5, 6]),
        ("color.in=[\"red\"]&number.gt=3", vec![4]),
        ("day=2020-01-03", vec![2]),
        ("day.gte=2020-01-09", vec![8, 9]),
        ("at=2020-01-03T00:00:00.002Z", vec![2]),
        ("at.lt=2020-01-01T01:00:00%2B01:00", vec![]),
        ("at.lte=2020-01-01T01:00:00%2B01:00", vec![0]),
        ("big=9000000000000000000", vec![9]),
        ("big.in=[\"9000000000000000000\",1000000000000000000]", vec![1, 9]),
        ("ratio=0.25", vec![1]),
        ("ratio.in=[0.25,1,1.75]", vec![1, 4, 7]),
        ("OR=[{\"number\":1},{\"number\":2}]", vec![1, 2]),
        ("NOT={\"number.gt\":1}", vec![0, 1]),
    ] {
        assert_eq!(list(&world, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_list_filters_by_its_body() {
    let world = ten().await;
    for (filter, expected) in [
        (json!({}), (0..10).collect()),
        (json!({"number": 3}), vec![3]),
        (json!({"number.ne": [1, 2], "number.lt": 4}), vec![0, 3]),
        (json!({"number": []}), (0..10).collect()),
        (json!({"number": [3, 3]}), vec![3]),
        (json!({"number.in": [1, 2, [2, 3]]}), vec![2]),
        (json!({"number.in": []}), vec![]),
        (json!({"number.in": [[], [1]]}), vec![]),
        (json!({"numberOr": null}), vec![1, 3, 5, 7, 9]),
        (json!({"numberOr.ne": null}), vec![0, 2, 4, 6, 8]),
        (json!({"numberOr.null": [true, false]}), vec![]),
        (json!({"numberOr.in": [null]}), vec![1, 3, 5, 7, 9]),
        (json!({"OR": [{"number": 1}, {"number": 2}]}), vec![1, 2]),
        (json!({"OR": [{"number": 1}, {"number": 2}, [{"number": 2}, {"number": 3}]]}), vec![2]),
        (json!({"OR": [[{"number": 1}, {"number": 2}], [{"number": 2}, {"number": 3}]]}), vec![2]),
        (json!({"OR": []}), vec![]),
        (json!({"OR": [{}]}), (0..10).collect()),
        (json!({"OR": [{"number": 1}, {}]}), (0..10).collect()),
        (json!({"NOT": {"number.gt": 1}}), vec![0, 1]),
        (json!({"NOT": [{"number.gt": 4}, {"number.lt": 3}]}), vec![3, 4]),
        (json!({"NOT": {}}), vec![]),
        (json!({"NOT": {"numberOr": 2}}), vec![0, 4, 6, 8]),
        (json!({"NOT": {"OR": [{"number.gt": 1}, {"text": "Alpha"}]}}), vec![1]),
        (json!({"OR": [{"number": 1, "text": "Alpha"}, {"number.gte": 9}]}), vec![9]),
        (json!({"number.gt": 3, "OR": [{"text": "beta"}, {"flag": true}]}), vec![4, 7, 8, 9]),
        (json!({"big": "9000000000000000000"}), vec![9]),
        (json!({"text.contains": ["a", "B"]}), vec![1, 4, 7]),
    ] {
        assert_eq!(posted(&world, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn the_body_of_a_question_wins_over_its_address_key_by_key() {
    let world = ten().await;
    let ask = async |query: &str, filter: Json| {
        numbers(&world.post(&format!("/api/samples?__action=get&{query}")).json(&filter).send().await.ok(200))
    };
    assert_eq!(ask("number.gt=7", json!({})).await, [8, 9]);
    assert_eq!(ask("number.gt=7", json!({"where": {}})).await, [8, 9]);
    assert_eq!(ask("number.gt=7", json!({"where": {"number.gt": 8}})).await, [9]);
    assert_eq!(ask("number.gt=8", json!({"where": {"number.gt": 7}})).await, [8, 9], "not both");
    assert_eq!(ask("number.gt=7", json!({"where": {"number.lt": 9}})).await, [8], "other keys hold too");
    assert_eq!(ask("_sort=number&_order=desc&_limit=2&_page=2", json!({"where": {"number.lt": 5}})).await, [2, 1]);
}

#[tokio::test]
async fn a_list_is_sorted_as_asked_or_as_declared_with_the_id_last() {
    let world = ten().await;
    assert_eq!(list(&world, "").await, (0..10).collect::<Vec<_>>(), "as declared");
    assert_eq!(list(&world, "_sort=number&_order=desc&_limit=3").await, [9, 8, 7]);
    assert_eq!(list(&world, "_sort=number&_order=asc&_limit=2").await, [0, 1]);
    assert_eq!(
        list(&world, "_sort=text,number&_order=desc").await,
        [1, 4, 7, 2, 5, 8, 0, 3, 6, 9],
        "the second ascends"
    );
    assert_eq!(list(&world, "_sort=text,number&_order=asc,desc").await, [9, 6, 3, 0, 8, 5, 2, 7, 4, 1]);
    assert_eq!(list(&world, "_sort=flag,day&_order=desc,asc&_limit=3").await, [8, 9, 0]);
    assert_eq!(list(&world, "_sort=").await.len(), 10);
    let mut pages = Vec::new();
    for page in 1..=4 {
        pages.extend(list(&world, &format!("_sort=text&_limit=3&_page={page}")).await);
    }
    pages.sort_unstable();
    assert_eq!(pages, (0..10).collect::<Vec<_>>(), "pages of equal rows do not overlap");
    assert_eq!(list(&world, "_limit=3&_page=4").await, [9]);
    assert_eq!(list(&world, "_limit=3&_page=5").await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_count_counts_whatever_the_page() {
    let world = ten().await;
    let count = async |query: &str| world.get(&format!("/api/samples?__action=count&{query}")).send().await.ok(200);
    assert_eq!(count("").await, json!({"count": 10}));
    assert_eq!(count("number.gt=7").await, json!({"count": 2}));
    assert_eq!(count("number.gt=99").await, json!({"count": 0}));
    assert_eq!(count("_limit=2&_page=2&_sort=number").await, json!({"count": 10}));
    assert_eq!(world.post("/api/samples?__action=count").json(&json!({})).send().await.ok(200), json!({"count": 10}));
}

#[tokio::test]
async fn select_answers_only_the_fields_that_it_names() {
    let world = ten().await;
    let rows = world.get("/api/samples?_select=number,text&_limit=1").send().await.ok(200);
    assert_eq!(rows, json!([{"number": 0, "text": "Alpha"}]));
    let rows = world
        .post("/api/samples?__action=get&_select=text&_limit=1")
        .json(&json!({"where": {"number": 1}}))
        .send()
        .await
        .ok(200);
    assert_eq!(rows, json!([{"text": "beta"}]));
    let made = world.post("/api/samples?_select=$none").json(&json!({"number": 77})).send().await.ok(201);
    assert_eq!(made["number"], 77, "a write answers its row all the same");
    let uri = format!("/api/samples/{}?_select=$none", made["id"].as_str().unwrap());
    assert_eq!(world.put(&uri).json(&json!({"number": 78})).send().await.ok(200)["number"], 78);
}

#[tokio::test]
async fn a_list_of_more_than_a_thousand_rows_is_never_cut_silently() {
    let world = world().await;
    let insert = async |count: i32| {
        let rows = (0..count).map(|number| Sample { number: number % 1000, ..Sample::blank() });
        let work = async |_| {
            for row in rows {
                repo::<Sample>().insert(row).await?;
            }
            Ok(())
        };
        world.backend().transaction(work).await.unwrap();
    };
    insert(1000).await;
    assert_eq!(list(&world, "").await.len(), 1000);
    insert(1).await;
    let refused = world.get("/api/samples").send().await;
    assert!(refused.refused(400).contains("_limit"), "{refused:?}");
    world.post("/api/samples?__action=get").json(&json!({})).send().await.refused(400);
    assert_eq!(list(&world, "_limit=1000").await.len(), 1000);
    assert_eq!(list(&world, "_limit=1000&_page=2").await.len(), 1);
    assert_eq!(list(&world, "number.lt=999").await.len(), 1000, "the rows that are found count");
    assert_eq!(world.get("/api/samples?__action=count").send().await.ok(200)["count"], 1001);
}

#[tokio::test]
async fn an_array_is_inserted_in_its_order_and_all_or_none() {
    let world = world().await;
    let rows: Vec<_> = [5, 3, 9].map(|number| json!({"number": number})).into();
    let made = world.post("/api/samples").json(&json!(rows)).send().await.ok(201);
    assert_eq!(numbers(&made), [5, 3, 9]);
    assert_eq!(world.post("/api/samples").json(&json!([])).send().await.ok(201), json!([]));
    for last in
        [json!({"number": 5000}), json!({"number": "x"}), json!({"unicorn": 1}), json!({"id": made[0]["id"]}), json!(1)]
    {
        let answer = world.post("/api/samples").json(&json!([{"number": 1}, {"number": 2}, last])).send().await;
        assert!(matches!(answer.status, 400 | 409), "{answer:?}");
        answer.refused(answer.status);
    }
    assert_eq!(list(&world, "").await, [3, 5, 9]);
    // Hooks, rules and what they write, too.
    let accounts = json!([{"id": "a", "holder": "Ann", "balance": 1}, {"id": "b", "holder": "refused", "balance": 1}]);
    world.post("/api/accounts").by(&ann()).json(&accounts).send().await.refused(403);
    assert_eq!(world.get("/api/events").by(&ann()).send().await.ok(200), json!([]));
    assert_eq!(world.backend().run(repo::<Account>().count()).await.unwrap(), 0);
}

#[tokio::test]
async fn a_row_is_made_changed_and_deleted() {
    let world = world().await;
    let made =
        world.post("/api/todos").by(&ann()).json(&json!({"title": "Write tests", "due": "2030-01-01"})).send().await;
    assert_eq!(made.header("etag"), "\"1\"");
    let row = made.ok(201);
    assert_eq!((&row["owner"], &row["priority"], &row["completed"]), (&json!("ann"), &json!("normal"), &json!(false)));
    let uri = format!("/api/todos/{}", row["id"].as_str().unwrap());
    let changed = world.put(&uri).by(&ann()).json(&json!({"due": null, "priority": "high"})).send().await.ok(200);
    assert_eq!(
        (&changed["title"], &changed["due"], &changed["priority"]),
        (&json!("Write tests"), &Json::Null, &json!("high")),
        "what is absent stays"
    );
    assert_eq!(world.get(&uri).send().await.ok(200), changed);
    let same = world.put(&uri).by(&ann()).json(&changed).send().await.ok(200);
    assert_eq!(same, changed, "a whole record, unchanged, is no change");
    let deleted = world.delete(&uri).by(&ann()).send().await;
    assert_eq!((deleted.status, deleted.text.as_str()), (204, ""));
    world.get(&uri).send().await.refused(404);
    world.delete(&uri).by(&ann()).send().await.refused(404);
    let chosen = json!({"id": "0190a1b2-0000-7000-8000-000000000001", "title": "With an id"});
    assert_eq!(world.post("/api/todos").by(&ann()).json(&chosen).send().await.ok(201)["id"], chosen["id"]);
    let twice = world.post("/api/todos").by(&ann()).json(&chosen).send().await;
    twice.refused(409);
    assert_eq!(twice.field("id"), "already exists");
}

#[tokio::test]
async fn an_id_is_found_by_the_filter_that_the_npm_client_sends() {
    let world = world().await;
    let id = world.post("/api/todos").by(&ann()).json(&json!({"title": "One of two"})).send().await.ok(201)["id"]
        .as_str()
        .unwrap()
        .to_owned();
    world.post("/api/todos").by(&ann()).json(&json!({"title": "Two of two"})).send().await.ok(201);
    assert_eq!(world.get(&format!("/api/todos?id={id}")).send().await.ok(200)[0]["title"], "One of two");
    let body = json!({"where": {"OR": [{"id": id}, {"id": id}]}});
    assert_eq!(world.post("/api/todos?__action=get").json(&body).send().await.ok(200).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn ids_are_percent_encoded() {
    let world = world().await;
    for id in ["a b", "a/b", "a%2Fb", "a+b", "ä", "a?b", "a#b", "a,b", "a'b", ".", "me", "transfer"] {
        world.post("/api/accounts").by(&ann()).json(&json!({"id": id, "holder": "Ann"})).send().await.ok(201);
        let uri =
            format!("/api/accounts/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC));
        assert_eq!(world.get(&uri).by(&ann()).send().await.ok(200)["id"], id);
        assert_eq!(world.put(&uri).by(&ann()).json(&json!({"balance": 0})).send().await.ok(200)["id"], id);
        assert_eq!(world.delete(&uri).by(&ann()).send().await.status, 204, "{id}");
    }
}

#[tokio::test]
async fn a_method_of_a_record_takes_it_along_and_answers_it() {
    let world = world().await;
    let row = world.post("/api/todos").by(&ann()).json(&json!({"title": "Stored title"})).send().await.ok(201);
    let call = async |method: &str, args: Json, row_info: Json| {
        world
            .post(&format!("/api/todos/{method}"))
            .by(&ann())
            .json(&json!({"args": args, "rowInfo": row_info}))
            .send()
            .await
    };
    let info = |data: Json| json!({"data": data, "isNewRow": false, "wasChanged": true, "id": row["id"]});
    // As Remult's client sends it: every field of the record.
    let mut all = row.clone();
    all["title"] = json!("Unsaved title");
    let answer = call("toggleCompleted", json!([]), info(all)).await.ok(200);
    assert_eq!(answer["result"], true);
    let row_info = &answer["rowInfo"];
    assert_eq!(
        (&row_info["isNewRow"], &row_info["wasChanged"], &row_info["id"]),
        (&json!(false), &json!(false), &row["id"])
    );
    assert_eq!(
        (&row_info["data"]["title"], &row_info["data"]["completed"], &row_info["data"]["version"]),
        (&json!("Unsaved title"), &json!(true), &json!(2))
    );
    // As this project's: what is unsaved.
    let answer = call("toggleCompleted", json!([]), info(json!({"title": "Another title"}))).await.ok(200);
    assert_eq!((&answer["result"], &answer["rowInfo"]["data"]["title"]), (&json!(false), &json!("Another title")));
    // Left unsaved by the method.
    let answer = call("rename", json!(["Renamed"]), info(json!({}))).await.ok(200);
    assert!(answer.get("result").is_none(), "a method without a result leaves it out");
    assert_eq!(
        (&answer["rowInfo"]["wasChanged"], &answer["rowInfo"]["data"]["title"]),
        (&json!(true), &json!("Renamed"))
    );
    assert_eq!(answer["rowInfo"]["original"]["title"], "Another title");
    // A new record, which may carry an id.
    let id = "0190a1b2-0000-7000-8000-000000000002";
    let new = json!({"data": {"id": id, "title": "Not there yet", "owner": "ann"}, "isNewRow": true, "wasChanged": true, "id": null});
    let answer = call("rename", json!(["Still not", " there"]), new.clone()).await.ok(200);
    assert_eq!(
        (&answer["rowInfo"]["isNewRow"], &answer["rowInfo"]["data"]["title"]),
        (&json!(true), &json!("Still not there"))
    );
    let answer = call("toggleCompleted", json!([]), new).await.ok(200);
    assert_eq!((&answer["rowInfo"]["isNewRow"], &answer["rowInfo"]["id"]), (&json!(false), &json!(id)));
    assert_eq!(world.get(&format!("/api/todos/{id}")).send().await.ok(200)["completed"], true);
}

#[tokio::test]
async fn a_static_method_answers_data() {
    let world = world().await;
    let call = async |body: Json| world.post("/api/todos/add").json(&body).send().await;
    assert_eq!(call(json!({"args": [1, 2]})).await.ok(200), json!({"data": 3}));
    assert_eq!(call(json!({"args": [1]})).await.ok(200), json!({"data": 101}), "an absent argument is none");
    assert_eq!(call(json!({"args": [1, null]})).await.ok(200), json!({"data": 101}));
    assert_eq!(call(json!({"args": [1, {"_isUndefined": true}]})).await.ok(200), json!({"data": 101}));
    assert_eq!(call(json!({"args": [1.0, 2]})).await.status, 400);
    assert_eq!(
        world.post("/api/todos/completeAll").by(&admin()).json(&json!({})).send().await.ok(200),
        json!({"data": 0})
    );
    assert_eq!(world.post("/api/accounts/whoami").json(&json!({"args": []})).send().await.ok(200), json!({}));
    assert_eq!(
        world.post("/api/accounts/whoami").by(&bob()).json(&json!({"args": []})).send().await.ok(200),
        json!({"data": "bob"})
    );
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_a_400_that_names_them() {
    let world = world().await;
    let call = async |body: Json| world.post("/api/todos/add").json(&body).send().await;
    for (args, word) in [
        (json!([]), "Argument 1 (a)"),
        (json!([null]), "Argument 1 (a)"),
        (json!([{"_isUndefined": true}]), "Argument 1 (a)"),
        (json!(["1"]), "Argument 1 (a)"),
        (json!([2_147_483_648_u64]), "Argument 1 (a)"),
        (json!([1, "x"]), "Argument 2 (b)"),
        (json!([1, [2]]), "Argument 2 (b)"),
        (json!([1, 2, 3]), "takes 2 arguments"),
        (json!({}), "must be an array"),
        (json!("x"), "must be an array"),
        (json!(null), "must be an array"),
    ] {
        let answer = call(json!({"args": args})).await;
        assert!(answer.refused(400).contains(word), "{args}: {answer:?}");
    }
    call(json!({})).await.refused(400);
    let id = world
        .backend()
        .run(repo::<Article>().insert(Article { title: "Ann's draft".into(), owner: "ann".into(), ..Article::blank() }))
        .await
        .unwrap()
        .id;
    let echo = async |args: Json, row_info: Json| {
        world.post("/api/articles/echo").by(&ann()).json(&json!({"args": args, "rowInfo": row_info})).send().await
    };
    let info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": id});
    assert_eq!(
        echo(json!([[1, 2], {"tags": [], "depth": 1}]), info.clone()).await.ok(200)["result"],
        json!([[1, 2], {"tags": [], "depth": 1}])
    );
    for args in [
        json!([1, null]),
        json!([["x"], null]),
        json!([[1], 5]),
        json!([[1], {"tags": 1}]),
        json!([[1], {"depth": 1}]),
        json!([[1], {"tags": [], "depth": 300}]),
        json!([[1], {"tags": [], "depth": -1}]),
    ] {
        let answer = echo(args.clone(), info.clone()).await;
        assert!(answer.refused(400).contains("Argument"), "{args}: {answer:?}");
    }
    for wrong in [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({"data": 1}),
        json!({"data": []}),
        json!({"isNewRow": "x"}),
        json!({"wasChanged": 1, "id": id}),
    ] {
        let answer = echo(json!([[1], null]), wrong.clone()).await;
        assert!(answer.refused(400).contains("rowInfo"), "{wrong}: {answer:?}");
    }
    let missing = world.post("/api/articles/echo").by(&ann()).json(&json!({"args": [[1], null]})).send().await;
    assert!(missing.refused(400).contains("rowInfo"), "{missing:?}");
}

#[tokio::test]
async fn what_a_method_says_is_answered_as_an_error() {
    let world = world().await;
    let id = world
        .backend()
        .run(repo::<Article>().insert(Article { title: "Ann's draft".into(), owner: "ann".into(), ..Article::blank() }))
        .await
        .unwrap()
        .id;
    let call = async |method: &str| {
        let info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": id});
        world
            .post(&format!("/api/articles/{method}"))
            .by(&ann())
            .json(&json!({"args": [], "rowInfo": info}))
            .send()
            .await
    };
    let failed = call("saveAndFail").await;
    assert_eq!((failed.refused(400), &failed.json()["code"]), ("changed my mind".into(), &json!("mind")));
    let complained = call("complain").await.ok(200);
    assert_eq!(complained["rowInfo"]["modelState"], json!({"title": "is dull"}));
    let discarded = call("shout").await.ok(200);
    assert_eq!(discarded["rowInfo"]["data"]["title"], "ANN'S DRAFT");
    for hidden in ["secret", "note"] {
        assert!(discarded["rowInfo"]["data"].get(hidden).is_none());
    }
    let refused = world.post("/api/todos").by(&ann()).json(&json!({"title": "refused"})).send().await;
    assert_eq!(
        (refused.refused(400), &refused.json()["code"]),
        ("a hook refuses this title".into(), &json!("refused"))
    );
    assert_eq!(world.backend().run(repo::<Todo>().count()).await.unwrap(), 0);
}

#[tokio::test]
async fn me_answers_who_is_signed_in() {
    let world = world().await;
    assert_eq!(world.get("/api/me").send().await.ok(200), Json::Null);
    let ann = ann().role("editor").claim("theme", "dark");
    let expected = json!({"id": "ann", "name": "Ann", "roles": ["editor"], "claims": {"theme": "dark"}});
    let me = world.get("/api/me").by(&ann).send().await;
    assert_eq!(me.ok(200), expected);
    assert_eq!(me.header("cache-control"), "no-store");
}

#[tokio::test]
async fn every_answer_says_that_it_is_json_and_is_kept_nowhere() {
    let world = ten().await;
    let id = world.get("/api/samples?_limit=1").send().await.ok(200)[0]["id"].as_str().unwrap().to_owned();
    for uri in [
        "/api/samples",
        "/api/samples?__action=count",
        &format!("/api/samples/{id}"),
        "/api/samples/x",
        "/api/unicorns",
        "/api/me",
        "/api/accounts",
        "/api/a/b/c",
    ] {
        let answer = world.get(uri).send().await;
        answer.json();
        assert_eq!(
            (answer.header("cache-control"), answer.header("x-content-type-options")),
            ("no-store", "nosniff"),
            "{uri}"
        );
        let head = world.ask("HEAD", uri).send().await;
        assert_eq!((head.status, head.header("content-type")), (answer.status, "application/json"), "{uri}");
    }
}

#[tokio::test]
async fn a_row_without_a_version_has_no_etag_and_ignores_if_match() {
    let world = world().await;
    let made = world.post("/api/samples").json(&json!({})).send().await;
    assert_eq!(made.header("etag"), "");
    let uri = format!("/api/samples/{}", made.ok(201)["id"].as_str().unwrap());
    world.put(&uri).header("if-match", "\"7\"").json(&json!({"number": 1})).send().await.ok(200);
}
