//! A write that is sent again with the same key is applied once, and answered the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use isoform::Remote;
use isoform::future::BoxFuture;
use isoform::prelude::*;
use isoform::remote::{Request, Response, Transport};
use isoform_server::{Api, InProcess, Sessions};
use serde_json::{Value as Json, json};
use tests::entities_methods::{Job, JobMethods as _};
use tests::raw::Answer;
use tests::todo::Counter;
use tests::{Way, World, ann, bearer, bob};

const KEY: &str = "0b8e2e5f-3c1a-4a57-9d33-000000000001";

async fn send(world: &World, who: &Identity, key: &str, method: &str, path: &str, body: &Json) -> Answer {
    world.ask(method, path).by(who).header("idempotency-key", key).json(body).send().await
}

async fn jobs(world: &World) -> Vec<Record<Job>> {
    world.backend().run(Job::query().all()).await.unwrap()
}

async fn kept(world: &World) -> u64 {
    let count = sql!("SELECT COUNT(*) FROM isoform_answered_requests").fetch_first::<(i64,)>();
    world.backend().run(count).await.unwrap().unwrap().0.unsigned_abs()
}

async fn a_job(world: &World) -> Record<Job> {
    let new = Job { title: "A dull job".into(), owner: "ann".into(), ..Job::blank() };
    world.backend().run(repo::<Job>().insert(new)).await.unwrap()
}

#[tokio::test]
async fn a_retried_write_is_applied_once_and_answers_the_same() {
    let world = World::new(Way::InProcess).await;
    let one = a_job(&world).await;
    let path = format!("/api/jobs/{}", one.id);
    let row_info = |runs: i32| json!({"data": {"runs": runs}, "isNewRow": false, "wasChanged": true, "id": one.id});
    let writes = [
        ("POST", "/api/jobs".to_owned(), json!({"title": "One more"}), 201),
        ("POST", "/api/jobs".to_owned(), json!([{"title": "Many"}, {"title": "More"}]), 201),
        ("PUT", path.clone(), json!({"title": "A changed job", "version": 1}), 200),
        ("PUT", "/api/jobs?title=Many".to_owned(), json!({"runs": 3}), 200),
        (
            "POST",
            "/api/jobs?__action=updateMany".to_owned(),
            json!({"set": {"title": "Fewer"}, "where": {"title": "More"}}),
            200,
        ),
        (
            "POST",
            "/api/jobs?__action=upsertMany".to_owned(),
            json!([{"where": {"title": "Upserted"}, "set": {"runs": 1}}]),
            200,
        ),
        ("POST", "/api/$batch".to_owned(), json!([{"insert": "jobs", "set": {"title": "In a batch"}}]), 200),
        ("POST", "/api/jobs/run".to_owned(), json!({"args": [], "rowInfo": row_info(10)}), 200),
        ("POST", "/api/jobs/add".to_owned(), json!({"args": ["By a method"]}), 200),
        ("POST", "/api/job-reports/addSlowly".to_owned(), json!({"args": ["Without a transaction", 1]}), 200),
        ("POST", "/api/jobs?__action=deleteMany".to_owned(), json!({"where": {"title": "Fewer"}}), 200),
        ("DELETE", path, json!(null), 204),
    ];
    for (position, (method, path, body, status)) in writes.iter().enumerate() {
        let key = format!("{KEY}-{position}");
        let first = send(&world, &ann(), &key, method, path, body).await;
        assert_eq!(first.status, *status, "{first:?}");
        let after = jobs(&world).await;
        for _ in 0..2 {
            let again = send(&world, &ann(), &key, method, path, body).await;
            assert_eq!((again.status, &again.text), (first.status, &first.text), "{method} {path}");
            assert_eq!(again.headers.get("etag"), first.headers.get("etag"), "{method} {path}");
            assert_eq!(again.headers.get("content-type"), first.headers.get("content-type"));
            assert!(
                again.headers.contains_key("idempotency-replayed")
                    && !first.headers.contains_key("idempotency-replayed")
            );
        }
        assert_eq!(jobs(&world).await, after, "{method} {path}");
    }
    let titles: Vec<_> = jobs(&world).await.iter().map(|job| job.title.clone()).collect();
    assert_eq!(titles, ["By a method", "In a batch", "Many", "One more", "Upserted", "Without a transaction"]);
    assert_eq!(kept(&world).await, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_request_with_the_key_of_one_under_way_waits_for_its_answer() {
    let world = World::new(Way::InProcess).await;
    for (key, path, body) in [
        (KEY.to_owned(), "/api/job-reports/addSlowly", json!({"args": ["Slow", 200]})),
        (format!("{KEY}b"), "/api/jobs", json!({"title": "Slow too"})),
    ] {
        let (world, key, body) = (&world, &key, &body);
        let sent = (0..4).map(|_| async move { send(world, &ann(), key, "POST", path, body).await });
        let answers = futures::future::join_all(sent).await;
        assert!(answers.iter().all(|answer| answer.text == answers[0].text && answer.status < 300), "{answers:?}");
    }
    assert_eq!(jobs(&world).await.len(), 2);
}

#[tokio::test]
async fn the_key_of_another_request_is_refused() {
    let world = World::new(Way::InProcess).await;
    let insert =
        async |key: &str, title: &str| send(&world, &ann(), key, "POST", "/api/jobs", &json!({"title": title})).await;
    insert(KEY, "The first").await.ok(201);
    let other = insert(KEY, "Another").await;
    assert!(other.refused(422).contains("belongs to another request"));
    assert_eq!(other.json()["code"], "idempotency_key_reused");
    let elsewhere = send(&world, &ann(), KEY, "POST", "/api/crews", &json!({"title": "The first"})).await;
    elsewhere.refused(422);
    assert_eq!(jobs(&world).await.len(), 1);
    insert(&format!("{KEY}b"), "Another").await.ok(201);
}

#[tokio::test]
async fn the_same_key_of_somebody_else_is_another_one_and_tells_them_nothing() {
    let world = World::new(Way::InProcess).await;
    let insert =
        async |who: &Identity| send(&world, who, KEY, "POST", "/api/jobs", &json!({"title": "The same"})).await.ok(201);
    let (of_ann, of_bob) = (insert(&ann()).await, insert(&bob()).await);
    assert_ne!(of_ann["id"], of_bob["id"]);
    let nobody =
        world.post("/api/jobs").header("idempotency-key", KEY).json(&json!({"title": "The same"})).send().await;
    nobody.refused(401);
    // Whoever has got another role meanwhile is not answered what they saw before.
    send(&world, &ann().role("admin"), KEY, "POST", "/api/jobs", &json!({"title": "The same"})).await.refused(422);
}

#[tokio::test]
async fn a_write_that_was_refused_keeps_nothing_and_may_be_tried_again() {
    let world = World::new(Way::InProcess).await;
    let counter = json!({"id": 7, "name": "seven"});
    let insert = async || world.post("/api/counters").header("idempotency-key", KEY).json(&counter).send().await;
    let there = Counter { id: 7, ..Counter::blank() };
    let mut there = world.backend().run(repo::<Counter>().insert(there)).await.unwrap();
    insert().await.refused(409);
    assert_eq!(kept(&world).await, 0);
    world.backend().run(there.delete()).await.unwrap();
    insert().await.ok(201);
    let invalid = json!({"args": [], "rowInfo": {"data": {}, "isNewRow": false, "wasChanged": false, "id": a_job(&world).await.id}});
    let failing = async || send(&world, &ann(), &format!("{KEY}b"), "POST", "/api/jobs/findFault", &invalid).await;
    assert_eq!(failing().await.refused(400), failing().await.refused(400));
    assert_eq!(kept(&world).await, 1);
    assert_eq!(jobs(&world).await[0].runs, 0);
}

#[tokio::test]
async fn what_a_method_without_a_transaction_answered_is_kept_also_where_it_failed() {
    let world = World::new(Way::InProcess).await;
    let one = a_job(&world).await;
    let row_info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": one.id});
    let call = async || {
        send(&world, &ann(), KEY, "POST", "/api/jobs/saveAndFail", &json!({"args": [], "rowInfo": row_info})).await
    };
    assert_eq!(call().await.refused(400), "too late");
    let version = jobs(&world).await[0].version;
    assert_eq!(call().await.refused(400), "too late");
    assert_eq!((jobs(&world).await[0].version, version), (2, 2));
}

#[tokio::test]
async fn of_what_was_broken_off_nobody_says_that_it_was_done() {
    let world = World::new(Way::InProcess).await;
    let call = async || {
        send(&world, &ann(), KEY, "POST", "/api/job-reports/addSlowly", &json!({"args": ["Slow", 5_000]})).await
    };
    assert!(tokio::time::timeout(Duration::from_millis(500), call()).await.is_err());
    let again = call().await;
    again.refused(409);
    assert_eq!(again.json()["code"], "idempotency_key_in_use");
    assert_eq!(jobs(&world).await.len(), 1);
    // In a transaction it is undone with its key, and done the second time.
    let row_info = json!({"data": {}, "isNewRow": false, "wasChanged": false, "id": jobs(&world).await[0].id});
    let body = json!({"args": [200], "rowInfo": row_info});
    world.backend().run(repo::<Job>().update_many(|_| isoform::all(), |j| j.owner.set("ann"))).await.unwrap();
    let key = format!("{KEY}b");
    let call = async || send(&world, &ann(), &key, "POST", "/api/jobs/dawdle", &body).await;
    assert!(tokio::time::timeout(Duration::from_millis(100), call()).await.is_err());
    assert_eq!(jobs(&world).await[0].runs, 0);
    call().await.ok(200);
    assert_eq!(jobs(&world).await[0].runs, 50);
}

#[tokio::test]
async fn a_key_holds_over_restarts_and_for_a_day() {
    let world = World::new(Way::InProcess).await;
    let insert = async |world: &World| {
        let body = json!({"name": "once", "id": 1});
        world.post("/api/counters").header("idempotency-key", KEY).json(&body).send().await
    };
    let first = insert(&world).await;
    first.ok(201);
    let api = Api::new(world.database.clone()).entities(tests::entities::all());
    let mut restarted = world.clone();
    restarted.router = api.into_router().unwrap();
    assert_eq!(insert(&restarted).await.text, first.text);
    let age = async |seconds: i64| {
        let sql = sql!("UPDATE isoform_answered_requests SET kept_at = kept_at - {}", seconds);
        world.backend().run(sql.execute()).await.unwrap();
    };
    age(23 * 60 * 60).await;
    assert_eq!(insert(&restarted).await.text, first.text);
    age(2 * 60 * 60).await;
    insert(&restarted).await.refused(409);
    assert_eq!(kept(&world).await, 0, "and it is forgotten");
}

#[tokio::test]
async fn of_each_caller_only_so_many_answers_are_kept() {
    let world = World::new(Way::InProcess).await;
    let insert = async |number: usize| {
        let key = format!("{KEY}-{number}");
        send(&world, &ann(), &key, "POST", "/api/jobs", &json!({"title": format!("Job {number}")})).await.ok(201);
    };
    insert(0).await;
    // As if there had been many, each a second after the other.
    let many = sql!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
         INSERT INTO isoform_answered_requests (id, caller, asked, status, headers, body, kept_at)
         SELECT 'made ' || i, caller, asked, status, headers, body, kept_at - i FROM isoform_answered_requests, n"
    );
    world.backend().run(many.execute()).await.unwrap();
    for number in 1..=64 {
        insert(number).await;
    }
    let kept = kept(&world).await;
    assert!((1_000..1_070).contains(&kept), "{kept}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_kept_and_the_write_is_applied_once() {
    let world = World::new(Way::InProcess).await;
    let call = async || {
        send(&world, &ann(), KEY, "POST", "/api/job-reports/recite", &json!({"args": ["Long", 300_000]})).await
    };
    assert_eq!(call().await.ok(200)["data"].as_str().unwrap().len(), 300_000);
    let again = call().await;
    assert!(again.refused(409).contains("was done"));
    assert_eq!(again.json()["code"], "answer_not_kept");
    assert_eq!(jobs(&world).await.len(), 1);
}

#[tokio::test]
async fn a_key_that_somebody_else_might_choose_is_refused() {
    let world = World::new(Way::InProcess).await;
    for key in ["1", "order-1", &"x".repeat(129), "with a space inside", "mit-Umlaut-ä-und-ö-und-ü"] {
        let refused = send(&world, &ann(), key, "POST", "/api/jobs", &json!({"title": "A job"})).await;
        assert!(refused.refused(400).contains("16 to 128"), "{key}");
    }
    let twice = world.post("/api/jobs").by(&ann()).header("idempotency-key", KEY).header("idempotency-key", KEY);
    twice.json(&json!({"title": "A job"})).send().await.refused(400);
    assert_eq!(jobs(&world).await.len(), 0);
}

#[tokio::test]
async fn questions_and_writes_without_a_key_keep_nothing() {
    let world = World::new(Way::InProcess).await;
    let question = json!({"where": {}});
    for _ in 0..2 {
        send(&world, &ann(), KEY, "POST", "/api/jobs?__action=count", &question).await.ok(200);
        send(&world, &ann(), KEY, "POST", "/api/jobs?__action=get", &question).await.ok(200);
        world.get("/api/jobs").by(&ann()).header("idempotency-key", KEY).send().await.ok(200);
        world.post("/api/jobs").by(&ann()).json(&json!({"title": "A job"})).send().await.ok(201);
    }
    assert_eq!((kept(&world).await, jobs(&world).await.len()), (0, 2));
}

#[tokio::test]
async fn whoever_signs_in_again_with_a_key_gets_the_cookie_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let api = Api::new(isoform_server::Database::connect(&url).await.unwrap())
        .entities(shared::entities())
        .sessions(Sessions::default());
    api.ensure_schema().await.unwrap();
    let password_hash = isoform::password::hash("a long password").await.unwrap();
    let user =
        shared::prelude::User { id: "ann".into(), name: "Ann".into(), password_hash, ..shared::prelude::User::blank() };
    api.database().context().run(repo::<shared::prelude::User>().insert(user)).await.unwrap();
    let router = api.into_router().unwrap();
    let mut world = World::new(Way::InProcess).await;
    world.router = router;
    for _ in 0..2 {
        let sign_in = world.post("/api/session/signIn").header("idempotency-key", KEY);
        let answer =
            sign_in.json(&json!({"args": [], "fields": {"name": "ann", "password": "a long password"}})).send().await;
        assert_eq!(answer.ok(200)["result"]["id"], "ann");
        assert!(answer.headers.contains_key("set-cookie"));
    }
}

/// Loses what the server answers, a number of times, and counts what is sent.
struct Losing {
    inner: Arc<dyn Transport>,
    lost: AtomicUsize,
    sent: Arc<AtomicUsize>,
}

impl Transport for Losing {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            self.sent.fetch_add(1, Ordering::Relaxed);
            let answer = self.inner.send(request).await;
            let lose = |left: usize| left.checked_sub(1);
            match self.lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, lose) {
                Ok(_) => Err(Error::unavailable("the line is dead")),
                Err(_) => answer,
            }
        })
    }
}

fn losing(world: &World, lost: usize) -> (Context, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = sent.clone();
    let remote: Remote = InProcess::remote(world.router.clone()).header("authorization", bearer(&ann()));
    let remote = remote.wrapped(|inner| Arc::new(Losing { inner, lost: AtomicUsize::new(lost), sent: counted }));
    (Context::over(remote), sent)
}

#[tokio::test]
async fn a_client_that_gets_no_answer_asks_again_and_the_write_is_applied_once() {
    let world = World::new(Way::InProcess).await;
    let (client, sent) = losing(&world, 2);
    let new = Job { title: "A job".into(), owner: "ann".into(), ..Job::blank() };
    let mut one = client.run(repo::<Job>().insert(new)).await.unwrap();
    assert_eq!((sent.load(Ordering::Relaxed), jobs(&world).await.len()), (3, 1));
    for lost in [1, 2] {
        let (client, _) = losing(&world, lost);
        let runs = client.run(one.run()).await.unwrap();
        assert_eq!((runs, jobs(&world).await[0].runs), (i32::try_from(lost).unwrap(), i32::try_from(lost).unwrap()));
    }
    let (client, sent) = losing(&world, 1);
    assert_eq!(client.run(repo::<Job>().count()).await.unwrap(), 1, "questions are asked again too");
    assert_eq!(sent.load(Ordering::Relaxed), 2);
    let (client, sent) = losing(&world, 9);
    assert!(client.run(one.delete()).await.unwrap_err().is_unavailable());
    assert_eq!(sent.load(Ordering::Relaxed), 3, "and not without end");
}

#[tokio::test]
async fn what_was_answered_is_not_sent_again() {
    let world = World::new(Way::InProcess).await;
    let (client, sent) = losing(&world, 0);
    client.run(repo::<Job>().insert(Job { title: "no".into(), ..Job::blank() })).await.unwrap_err();
    client.run(Job::ping()).await.unwrap();
    client.run(Job::ping()).await.unwrap();
    assert_eq!(client.run(Job::ping()).await.unwrap_err().status(), 429);
    assert!(sent.load(Ordering::Relaxed) <= 4);
}
