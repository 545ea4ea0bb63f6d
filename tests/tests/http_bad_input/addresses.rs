//! Malformed query strings, limits and pages.

use super::*;

#[tokio::test]
async fn a_malformed_query_string_is_a_400() {
    let world = world().await;
    for query in [
        "%zz",
        "text=%zz",
        "text=%",
        "text=%4",
        "text=a%2",
        "%=1",
        "text=%ff",
        "text=%C3%28",
        "text=%ED%A0%80",
        "text=%F8%88%80%80%80",
        "_sort=%zz",
    ] {
        for uri in [
            format!("/api/samples?{query}"),
            format!("/api/samples/{}?{query}", Uuid::nil()),
            format!("/api/samples?__action=count&{query}"),
        ] {
            let answer = world.get(&uri).send().await;
            assert_eq!(answer.status, 400, "{uri}: {answer:?}");
            assert!(answer.refused(400).contains("malformed"), "{answer:?}");
        }
        world.post(&format!("/api/samples?{query}")).json(&json!({})).send().await.refused(400);
        world.post(&format!("/api/todos/add?{query}")).json(&json!({"args": [1]})).send().await.refused(400);
    }
    assert_eq!(rows(&world).await, 0);
    for (query, status) in [
        ("&&", 200),
        ("=", 400),
        ("=1", 400),
        ("text", 200),
        ("text=", 200),
        ("text==", 200),
        ("text=a+b", 200),
        ("text=%00", 400),
        ("?text=1", 400),
    ] {
        let answer = world.get(&format!("/api/samples?{query}")).send().await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
}

#[tokio::test]
async fn limits_and_pages_are_whole_numbers_in_their_bounds() {
    let world = world().await;
    for number in 0..3 {
        world.post("/api/samples").json(&json!({"number": number})).send().await.ok(201);
    }
    for wrong in
        ["0", "-1", "1001", "99999999999999999999999", "x", "1.5", "1e3", "", "%20", "1;DROP", "0x10", "NaN", "null"]
    {
        let answer = world.get(&format!("/api/samples?_limit={wrong}")).send().await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        assert!(answer.refused(400).contains("_limit must be a whole number from 1 to 1000"), "{answer:?}");
    }
    let count =
        async |query: &str| world.get(&format!("/api/samples?{query}")).send().await.ok(200).as_array().unwrap().len();
    assert_eq!(count("_limit=1000").await, 3);
    assert_eq!(count("_limit=2&_page=0").await, 2);
    assert_eq!(count("_limit=2&_page=-7").await, 2);
    assert_eq!(count("_limit=2&_page=2").await, 1);
    assert_eq!(count("_limit=1&_page=9223372036854775807").await, 0);
    assert_eq!(count("_limit=1&_page=4000000000").await, 0);
    for wrong in [
        "9223372036854775809",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999",
        "x",
        "1.5",
        "",
        "-x",
        "-",
        "--1",
    ] {
        let answer = world.get(&format!("/api/samples?_limit=1000&_page={wrong}")).send().await;
        assert_eq!(answer.status, 400, "{wrong}: {answer:?}");
        answer.refused(400);
    }
    assert!(world.get("/api/samples?_page=2").send().await.refused(400).contains("_page needs _limit"));
    for wrong in
        ["_sort=number&_order=up", "_sort=number&_order=DESC", "_sort=number,", "_sort=,", "_sort=number%20desc"]
    {
        world.get(&format!("/api/samples?{wrong}")).send().await.refused(400);
    }
    let many = ["number"; 9].join(",");
    assert!(world.get(&format!("/api/samples?_sort={many}")).send().await.refused(400).contains("more than 8"));
}
