//! Aggregates on the wire, as `docs/rest-api.md` describes them.

use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities::Sample;
use tests::entities_aggregates::{Sale, Status};
use tests::raw::Answer;
use tests::{Way, World, admin, ann};

/// Four sales that everybody sees, one that admins see.
async fn world() -> World {
    let world = World::new(Way::InProcess).await;
    let sales = [
        ("ann", Status::Sent, 1),
        ("ann", Status::Placed, 2),
        ("bob", Status::Placed, 4),
        ("cy", Status::Paid, 8),
        ("cy", Status::Cancelled, 1000),
    ];
    let insert = async {
        for (customer, status, pieces) in sales {
            let mut sale = Sale { customer: customer.into(), status, pieces, ..Sale::blank() };
            sale.cents = i64::from(pieces) * 1_000_000_000_000_000;
            sale.weight = f64::from(pieces) / 4.0;
            sale.day = (pieces > 1).then(|| NaiveDate::from_ymd_opt(2024, 5, 1 + pieces as u32 % 30).unwrap());
            sale.rebate = (pieces > 2).then_some(i64::from(pieces));
            repo::<Sale>().insert(sale).await.unwrap();
        }
    };
    world.backend().run(insert).await;
    world
}

async fn asked(world: &World, action: &str, body: &Json) -> Answer {
    world.post(&format!("/api/sales?__action={action}")).by(&ann()).json(body).send().await
}

async fn groups(world: &World, body: Json) -> Json {
    asked(world, "groupBy", &body).await.ok(200)
}

#[track_caller]
fn says(answer: &Answer, part: &str) {
    let message = answer.refused_echoing(400, part);
    assert!(message.contains(part), "{part:?} in {message:?}");
}

#[tokio::test]
async fn nothing_asked_for_is_the_number_of_rows() {
    let world = world().await;
    assert_eq!(groups(&world, json!({})).await, json!([{"$count": 4}]));
    assert_eq!(groups(&world, json!({"where": {"customer": "nobody"}})).await, json!([{"$count": 0}]));
    assert_eq!(groups(&world, json!({"groupBy": [], "sum": [], "orderBy": []})).await, json!([{"$count": 4}]));
    let by_admin = world.post("/api/sales?__action=groupBy").by(&admin()).json(&json!({})).send().await.ok(200);
    assert_eq!(by_admin, json!([{"$count": 5}]));
}

#[tokio::test]
async fn each_field_holds_what_was_computed_of_it() {
    let world = world().await;
    let all = groups(
        &world,
        json!({"sum": ["pieces", "rebate"], "avg": ["pieces"], "min": ["day", "status"], "max": ["day", "status", "weight"],
               "distinctCount": ["customer", "rebate"]}),
    )
    .await;
    let expected = json!([{
        "pieces": {"sum": 15, "avg": 3.75}, "rebate": {"sum": 12, "distinctCount": 2}, "day": {"min": "2024-05-03", "max": "2024-05-09"},
        "status": {"min": "placed", "max": "sent"}, "weight": {"max": 2.0}, "customer": {"distinctCount": 3}, "$count": 4,
    }]);
    assert_eq!(all, expected);
    let none =
        groups(&world, json!({"sum": ["pieces"], "avg": ["weight"], "min": ["day"], "where": {"pieces.gt": 99}}));
    let expected = json!([{"pieces": {"sum": null}, "weight": {"avg": null}, "day": {"min": null}, "$count": 0}]);
    assert_eq!(none.await, expected);
    let large = groups(&world, json!({"sum": ["cents"], "max": ["cents"]})).await;
    assert_eq!(large, json!([{"cents": {"sum": "15000000000000000", "max": 8_000_000_000_000_000_i64}, "$count": 4}]));
}

#[tokio::test]
async fn groups_are_sorted_and_paged() {
    let world = world().await;
    let body = json!({"groupBy": ["customer"], "sum": ["pieces"],
        "orderBy": [{"field": "pieces", "operation": "sum", "isDescending": true}, {"operation": "count"}]});
    let (ann, bob, cy) = (
        json!({"customer": "ann", "pieces": {"sum": 3}, "$count": 2}),
        json!({"customer": "bob", "pieces": {"sum": 4}, "$count": 1}),
        json!({"customer": "cy", "pieces": {"sum": 8}, "$count": 1}),
    );
    assert_eq!(groups(&world, body.clone()).await, json!([cy, bob, ann]));
    assert_eq!(asked(&world, "groupBy&_limit=2", &body).await.ok(200), json!([cy, bob]));
    assert_eq!(asked(&world, "groupBy&_limit=2&_page=2", &body).await.ok(200), json!([ann]));
    assert_eq!(
        asked(&world, "groupBy&_limit=2&_page=2", &json!({})).await.ok(200),
        json!([{"$count": 4}]),
        "one row has no pages"
    );
    let sorted =
        async |order: Json| groups(&world, json!({"groupBy": ["customer"], "sum": ["pieces"], "orderBy": order})).await;
    assert_eq!(sorted(json!([{"operation": "count"}])).await, json!([bob, cy, ann]));
    assert_eq!(sorted(json!([{"operation": "count", "isDescending": true}])).await, json!([ann, bob, cy]));
    assert_eq!(sorted(json!([{"field": "customer", "isDescending": true}])).await, json!([cy, bob, ann]));
    assert_eq!(
        sorted(json!([{"field": "customer", "isDescending": false, "operation": null}])).await,
        json!([ann, bob, cy])
    );
    let statuses = json!({"groupBy": ["status"], "orderBy": [{"field": "status"}]});
    let expected =
        json!([{"status": "placed", "$count": 2}, {"status": "paid", "$count": 1}, {"status": "sent", "$count": 1}]);
    assert_eq!(groups(&world, statuses).await, expected);
    let nulls = json!({"groupBy": ["rebate"], "orderBy": [{"field": "rebate"}]});
    let expected = json!([{"rebate": 4, "$count": 1}, {"rebate": 8, "$count": 1}, {"rebate": null, "$count": 2}]);
    assert_eq!(groups(&world, nulls).await, expected);
}

#[tokio::test]
async fn the_filter_may_stand_in_the_address_and_in_the_body() {
    let world = world().await;
    let ask = async |filter: &str, body: Json| asked(&world, &format!("groupBy&{filter}"), &body).await.ok(200);
    assert_eq!(ask("customer=ann", json!({})).await, json!([{"$count": 2}]));
    assert_eq!(
        ask("customer=ann&pieces.gt=1", json!({"sum": ["pieces"]})).await,
        json!([{"pieces": {"sum": 2}, "$count": 1}])
    );
    assert_eq!(ask("customer=ann", json!({"where": {"pieces.gt": 1}})).await, json!([{"$count": 1}]));
    assert_eq!(
        ask("customer=ann", json!({"where": {"customer": "cy"}})).await,
        json!([{"$count": 1}]),
        "the body wins"
    );
    let or = json!({"where": {"OR": [{"customer": "bob"}, {"pieces": 8}]}, "max": ["customer"]});
    assert_eq!(groups(&world, or).await, json!([{"customer": {"max": "cy"}, "$count": 2}]));
}

#[tokio::test]
async fn a_list_comes_with_aggregates_over_all_its_pages() {
    let world = world().await;
    let body = json!({"aggregate": {"sum": ["pieces"]}, "where": {"pieces.gt": 1}});
    let answer =
        asked(&world, "query&_limit=2&_page=2&_sort=pieces&_order=desc&_select=customer,pieces", &body).await.ok(200);
    let expected =
        json!({"items": [{"customer": "ann", "pieces": 2}], "aggregates": {"pieces": {"sum": 14}, "$count": 3}});
    assert_eq!(answer, expected);
    let all = asked(&world, "query", &json!({})).await.ok(200);
    assert_eq!((all["items"].as_array().unwrap().len(), &all["aggregates"]), (4, &json!({"$count": 4})));
    assert!(all["items"][0].get("secret").is_none() && all["items"][0].get("margin").is_none(), "{all}");
    let in_the_address = asked(&world, "query&customer=cy&_limit=1", &json!({"aggregate": {}})).await.ok(200);
    assert_eq!(in_the_address["aggregates"], json!({"$count": 1}));
    says(
        &asked(&world, "query", &json!({"aggregate": {"groupBy": ["customer"]}})).await,
        "\"groupBy\" has no meaning here",
    );
    says(&asked(&world, "query", &json!({"sum": ["pieces"]})).await, "\"sum\" has no meaning here");
    says(&asked(&world, "query", &json!({"aggregate": []})).await, "\"aggregate\" must be an object; it is an array");
    says(
        &asked(&world, "query", &json!({"aggregate": {"sum": ["secret"]}})).await,
        "\"secret\" is not a field of sales",
    );
    says(&asked(&world, "query&_page=2", &json!({})).await, "_page needs _limit");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_name() {
    let world = world().await;
    for (body, part) in [
        (json!({"unicorn": ["pieces"]}), "\"unicorn\" has no meaning here"),
        (json!({"sum": "pieces"}), "\"sum\" must be an array; it is a text"),
        (json!({"sum": null}), "\"sum\" must be an array; it is null"),
        (json!({"groupBy": [1]}), "\"groupBy\" must hold names of fields; there is a number"),
        (json!({"groupBy": ["unicorn"]}), "\"unicorn\" is not a field of sales"),
        (json!({"groupBy": ["sold_at_utc"]}), "\"sold_at_utc\" is not a field of sales"),
        (json!({"groupBy": ["customer", "customer"]}), "name \"customer\" twice"),
        (json!({"groupBy": ["customer"], "max": ["customer"]}), "Groups are made by \"customer\""),
        (json!({"groupBy": ["tags"]}), "Groups cannot be made by \"tags\": it is JSON"),
        (json!({"sum": ["customer"]}), "\"sum\" takes a number; \"customer\" is a text"),
        (json!({"avg": ["paid"]}), "\"avg\" takes a number; \"paid\" is true or false"),
        (json!({"max": ["tags"]}), "\"max\" takes what can be compared; \"tags\" is JSON"),
        (json!({"distinctCount": ["tags"]}), "\"distinctCount\" takes what can be compared"),
        (json!({"orderBy": {"field": "customer"}}), "\"orderBy\" must be an array; it is an object"),
        (json!({"orderBy": ["customer"]}), "each must be an object"),
        (json!({"orderBy": [{}]}), "needs a field or an operation"),
        (json!({"orderBy": [{"field": "customer"}]}), "ordered by \"customer\", but are not made by it"),
        (json!({"orderBy": [{"field": "customer", "operation": "sum"}]}), "\"sum\" takes a number"),
        (json!({"orderBy": [{"field": "pieces", "operation": "median"}]}), "\"median\" is no operation"),
        (json!({"orderBy": [{"field": "pieces", "operation": "count"}]}), "takes no field"),
        (json!({"orderBy": [{"operation": "sum"}]}), "\"sum\" needs a field"),
        (
            json!({"orderBy": [{"operation": "count", "isDescending": "desc"}]}),
            "\"isDescending\" must be true or false",
        ),
        (json!({"orderBy": [{"operation": 1}]}), "\"operation\" must be a name"),
        (json!({"orderBy": [{"field": ["n"]}]}), "\"field\" must be a name"),
        (json!({"orderBy": [{"field": "pieces", "direction": "desc"}]}), "\"direction\" is none of"),
        (json!({"where": []}), "\"where\" must be an object"),
        (json!([]), "must be a JSON object"),
    ] {
        says(&asked(&world, "groupBy", &body).await, part);
    }
}

#[tokio::test]
async fn a_hidden_field_answers_as_one_that_is_not_there() {
    let world = world().await;
    for name in ["secret", "margin", "hidden"] {
        for body in [
            json!({"groupBy": [name]}),
            json!({"sum": [name]}),
            json!({"avg": ["pieces", name]}),
            json!({"min": [name]}),
            json!({"max": [name]}),
            json!({"distinctCount": [name]}),
            json!({"groupBy": ["customer"], "orderBy": [{"field": name}]}),
            json!({"groupBy": ["customer"], "orderBy": [{"field": name, "operation": "sum"}]}),
            json!({"where": {name: 1}}),
        ] {
            let hidden = asked(&world, "groupBy", &body).await;
            let absent = serde_json::from_str(&body.to_string().replace(name, "unicorn")).unwrap();
            let absent = asked(&world, "groupBy", &absent).await;
            assert_eq!((hidden.status, absent.status), (400, 400), "{body}");
            assert_eq!(hidden.text, absent.text.replace("unicorn", name), "{body}");
        }
    }
}

#[tokio::test]
async fn rights_come_first_and_only_post_asks() {
    let world = world().await;
    for action in ["groupBy", "query"] {
        let uri = format!("/api/sales?__action={action}");
        world.post(&uri).json(&json!({"sum": ["unicorn"]})).send().await.refused(401);
        world.get(&uri).by(&ann()).send().await.refused(405);
        world.put(&uri).by(&ann()).json(&json!({})).send().await.refused(405);
        world.post(&uri).by(&ann()).send().await.refused(415);
    }
    for parameter in ["_sort=pieces", "_order=desc", "_select=pieces"] {
        says(&asked(&world, &format!("groupBy&{parameter}"), &json!({})).await, "have no meaning here");
    }
    says(
        &asked(&world, "groupBy&_limit=1001", &json!({"groupBy": ["customer"]})).await,
        "_limit must be a whole number from 1 to 1000",
    );
}

#[tokio::test]
async fn a_question_has_a_bounded_size() {
    let world = World::new(Way::InProcess).await;
    let orders = |count: usize| json!({"groupBy": ["flag"], "orderBy": vec![json!({"operation": "count"}); count]});
    let ask = async |body: Json| world.post("/api/samples?__action=groupBy").json(&body).send().await;
    ask(orders(8)).await.ok(200);
    says(&ask(orders(9)).await, "The order has 9 fields; 8 are allowed");
    let names: Vec<_> =
        Sample::meta().fields.iter().map(|field| field.wire).filter(|name| !name.starts_with("extra")).collect();
    ask(json!({"groupBy": names[..8]})).await.ok(200);
    says(&ask(json!({"groupBy": names[..9]})).await, "made by 9 fields; 8 are allowed");
    let measured =
        |more: usize| json!({"min": names, "max": names, "distinctCount": names[..63 - 2 * names.len() + more]});
    assert_eq!(names.len(), 27);
    ask(measured(0)).await.ok(200);
    says(&ask(measured(1)).await, "There are 65 aggregates; 64 are allowed");
    let repeated = json!({"min": vec!["number"; 500]});
    assert_eq!(ask(repeated).await.ok(200), json!([{"number": {"min": null}, "$count": 0}]));
}
