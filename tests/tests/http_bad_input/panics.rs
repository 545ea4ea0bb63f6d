//! Panics in hooks and methods.

use super::*;

fn in_the_log(answer: &Answer) -> String {
    let message = answer.refused(500);
    let id = message.rsplit(' ').next().unwrap().trim_end_matches('.');
    id.parse::<Uuid>().unwrap_or_else(|_| panic!("an id: {message}"));
    assert!(!answer.text.contains("swordfish"));
    id.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_hook_is_a_500_with_an_id_and_leaves_no_trace() {
    let world = world().await;
    world
        .backend()
        .run(repo::<Account>().insert(Account { id: "a".into(), balance: 5, holder: "Ann".into() }))
        .await
        .unwrap();
    let before = rows(&world).await;
    let mut ids = std::collections::HashSet::new();
    for number in 0..20 {
        let new = json!({"id": format!("p{number}"), "holder": "panic", "balance": 1});
        ids.insert(in_the_log(&world.post("/api/accounts").by(&ann()).json(&new).send().await));
        let several = json!([{"id": format!("q{number}"), "holder": "fine"}, new]);
        ids.insert(in_the_log(&world.post("/api/accounts").by(&ann()).json(&several).send().await));
        ids.insert(in_the_log(
            &world.put("/api/accounts/a").by(&ann()).json(&json!({"holder": "panic", "balance": 99})).send().await,
        ));
    }
    assert_eq!(ids.len(), 60, "each has an id of its own");
    assert_eq!(rows(&world).await, before, "nothing was written");
    assert_eq!(world.get("/api/accounts/a").by(&ann()).send().await.ok(200)["balance"], 5);
    still_serving(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_in_a_method_is_a_500_with_an_id_and_leaves_no_trace() {
    let world = world().await;
    let id = article(&world).await.id;
    let call = json!({"args": [], "rowInfo": {"data": {}, "isNewRow": false, "wasChanged": false, "id": id}});
    let explode = async || world.post("/api/articles/explode").by(&ann()).json(&call).send().await;
    for _ in 0..20 {
        in_the_log(&explode().await);
    }
    let many = futures::future::join_all((0..20).map(|_| explode())).await;
    many.iter().for_each(|answer| drop(in_the_log(answer)));
    let now = world.backend().run(repo::<Article>().find_id(id)).await.unwrap();
    assert_eq!((now.title.as_str(), now.version), ("Ann's draft", 1));
    still_serving(&world).await;
    world.get("/api/articles").by(&ann()).send().await.ok(200);
}
