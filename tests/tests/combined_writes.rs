//! Writes that wait for the writing connection at the same time, which are executed together.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use isoform::prelude::*;
use isoform_server::{Api, Database, StatementLimits, TOO_SLOW};
use serde_json::json;
use sqlx::Connection as _;
use tests::entities_combined::{Chair, Sitter, Slow, Turnstile};
use tests::slow_log::SlowLog;
use tests::{Way, World};
use tokio::sync::oneshot;

/// A transaction that has the writing connection until it lets go.
struct Holder {
    go: oneshot::Sender<()>,
    transaction: tokio::task::JoinHandle<()>,
}

impl Holder {
    async fn of(context: &Context) -> Self {
        let (go, wait) = oneshot::channel();
        let (begun, has_begun) = oneshot::channel();
        let context = context.clone();
        let transaction = tokio::spawn(async move {
            let work = context.transaction(async move |_| {
                repo::<Turnstile>().insert(Turnstile { id: 0, passed: "the holder".into() }).await?;
                begun.send(()).unwrap();
                let _ = wait.await;
                Ok(())
            });
            work.await.unwrap();
        });
        has_begun.await.unwrap();
        Self { go, transaction }
    }

    /// Lets go once everybody has come who is on the way.
    async fn lets_go(self) {
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.go.send(()).unwrap();
        self.transaction.await.unwrap();
    }
}

/// What futures answer that all had to wait for the writing connection.
async fn held<T>(context: &Context, futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let holder = Holder::of(context).await;
    futures::join!(join_all(futures), holder.lets_go()).0
}

const fn chair(number: i64) -> Chair {
    Chair { number, guest: None, price: 0, version: 0 }
}

async fn chairs(context: &Context) -> HashMap<i64, Chair> {
    let rows = context.run(Chair::query().all()).await.unwrap();
    rows.iter().map(|chair| (chair.number, (**chair).clone())).collect()
}

async fn with_seats(context: &Context, count: i64) {
    context.run(repo::<Chair>().insert_many((1..=count).map(chair).collect::<Vec<_>>()).into_future()).await.unwrap();
}

/// A world whose statements may take this long.
async fn limited(limits: StatementLimits) -> World {
    let mut world = World::new(Way::InProcess).await;
    world.database = Database::connect_with(&format!("sqlite://{}", world.file().display()), limits).await.unwrap();
    world.router = Api::new(world.database.clone()).entities(tests::entities::all()).into_router().unwrap();
    world
}

#[tokio::test]
async fn writes_that_wait_at_the_same_time_are_executed_together_and_each_gets_its_own_answer() {
    let world = limited(StatementLimits { slow: Some(Duration::ZERO), ..StatementLimits::default() }).await;
    let context = world.backend();
    with_seats(&context, 40).await;
    let log = SlowLog::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let put = |n: i64| {
        let put = world.put(&format!("/api/chairs/{n}")).json(&json!({"price": n * 10}));
        async move { put.send().await.ok(200) }
    };
    let answers = held(&context, (1..=40).map(put)).await;
    for (n, answer) in (1..).zip(answers) {
        assert_eq!(answer, json!({"number": n, "guest": null, "price": n * 10, "version": 2}));
    }
    let statements = log.of("UPDATE");
    assert!(statements.len() <= 6, "{statements:?}");
    assert_eq!(statements.iter().sum::<u64>(), 40, "each row is counted once: {statements:?}");
    // Rows that are not there are not there for who asks for them, and for nobody else.
    let put = |n: i64| world.put(&format!("/api/chairs/{n}")).json(&json!({"price": 1})).send();
    let answers = held(&context, (31..51).map(put)).await;
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [[200; 10], [404; 10]].concat());
    // A stale version too is only one's own.
    let put = |n: i64| {
        let version = if n % 5 == 0 { 1 } else { 2 };
        world.put(&format!("/api/chairs/{n}")).json(&json!({"price": 2, "version": version})).send()
    };
    for (n, answer) in (1..21).zip(held(&context, (1..21).map(put)).await) {
        assert_eq!(answer.status, if n % 5 == 0 { 409 } else { 200 }, "{n}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_the_database_counts_belongs_to_who_inserted_the_row() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let pass = |n: i64| context.run(repo::<Turnstile>().insert(Turnstile { id: 0, passed: n.to_string() }));
    let passed = held(&context, (0..100).map(pass)).await;
    for (n, passed) in passed.into_iter().enumerate() {
        let id = passed.unwrap().id;
        let stored = context.run(repo::<Turnstile>().find_id(id)).await.unwrap();
        assert_eq!(stored.passed, n.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_is_nobody_elses_and_who_came_first_has_it() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let insert = |n: i64| {
        let guest = Some(format!("guest {}", n % 20));
        context.run(repo::<Chair>().insert(Chair { guest, ..chair(n) }))
    };
    let inserted = held(&context, (1..=32).map(insert)).await;
    for (n, inserted) in (1..).zip(inserted) {
        match inserted {
            Ok(chair) => assert!(n <= 20 && chair.number == n, "{n}: {chair:?}"),
            Err(error) => assert!(n > 20 && error.field("guest") == Some("already exists"), "{n}: {error:?}"),
        }
    }
    assert_eq!(chairs(&context).await.len(), 20);
    // A chair that is not there.
    let visit = |id: i64| context.run(repo::<Sitter>().insert(Sitter { id, chair: id, sits_on: ToOne::default() }));
    for (n, visit) in (10..).zip(held(&context, (10..26).map(visit)).await) {
        assert_eq!(visit.as_ref().err().map(Error::status), (n > 20).then_some(409), "{n}: {visit:?}");
    }
    // Changes and deletes.
    let put = |n: i64| world.put(&format!("/api/chairs/{n}")).json(&json!({"guest": "somebody"})).send();
    let statuses: Vec<_> = held(&context, (1..9).map(put)).await.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    let guarded = world.nobody();
    let delete = |n: i64| guarded.run(repo::<Chair>().delete(n));
    for (n, deleted) in (4..).zip(held(&context, (4..28).map(delete)).await) {
        let expected = if n < 10 { None } else { Some(if n <= 20 { 409 } else { 404 }) };
        assert_eq!(deleted.as_ref().err().map(Error::status), expected, "{n}: {deleted:?}");
    }
    assert_eq!(chairs(&context).await.len(), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_only_at_the_commit_fails_for_who_did_it() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    with_seats(&context, 10).await;
    let late = "DROP TABLE sitters; CREATE TABLE sitters (id INTEGER PRIMARY KEY NOT NULL,
        chair INTEGER NOT NULL REFERENCES chairs (number) DEFERRABLE INITIALLY DEFERRED)";
    let mut by_hand = sqlx::SqliteConnection::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    sqlx::raw_sql(late).execute(&mut by_hand).await.unwrap();
    let visit = |id: i64| context.run(repo::<Sitter>().insert(Sitter { id, chair: id, sits_on: ToOne::default() }));
    for (n, visit) in (2..).zip(held(&context, (2..18).map(visit)).await) {
        assert_eq!(visit.as_ref().err().map(Error::status), (n > 10).then_some(409), "{n}: {visit:?}");
    }
    assert_eq!(context.run(repo::<Sitter>().count()).await.unwrap(), 9);
    // One that is answered its row before.
    let move_on = |id: i64| world.put(&format!("/api/sitters/{id}")).json(&json!({"chair": id + 4})).send();
    for (n, moved) in (2..).zip(held(&context, (2..10).map(move_on)).await) {
        assert_eq!(moved.status, if n + 4 <= 10 { 200 } else { 409 }, "{n}: {moved:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_given_up_before_it_begins_is_not_executed() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let holder = Holder::of(&context).await;
    let insert = |n: i64| {
        let context = context.clone();
        tokio::spawn(async move { context.run(repo::<Chair>().insert(chair(n))).await })
    };
    let tasks: Vec<_> = (1..=40).map(insert).collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tasks.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
    holder.lets_go().await;
    for (n, task) in tasks.into_iter().enumerate() {
        match task.await {
            Ok(inserted) => assert!(n % 2 == 1 && inserted.is_ok(), "{n}"),
            Err(aborted) => assert!(n % 2 == 0 && aborted.is_cancelled(), "{n}"),
        }
    }
    let mut there: Vec<_> = chairs(&context).await.into_keys().collect();
    there.sort_unstable();
    assert_eq!(there, (1..=40).filter(|n| n % 2 == 0).collect::<Vec<_>>());
}

/// A number that looks like chance, of a seed.
fn chance(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % below
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_is_twice_whoever_is_given_up_and_when() {
    const HOT: i64 = 5;
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    with_seats(&context, HOT).await;
    let (next, answered, begun) = (AtomicI64::new(100), AtomicI64::new(0), AtomicI64::new(0));
    let there = Mutex::new(Vec::new());
    let one_after_the_other = async |seed: u64| {
        let mut seed = seed;
        for _ in 0..60 {
            let patience = match chance(&mut seed, 3) {
                0 => Duration::from_micros(chance(&mut seed, 3000)),
                _ => Duration::from_secs(20),
            };
            match chance(&mut seed, 8) {
                0..3 => {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let guest = Some(format!("guest {}", number / 2));
                    let insert = context.run(repo::<Chair>().insert(Chair { guest, ..chair(number) }));
                    match tokio::time::timeout(patience, insert).await {
                        Ok(Ok(chair)) => there.lock().unwrap().push(chair.number),
                        Ok(Err(error)) => assert_eq!(error.field("guest"), Some("already exists"), "{error:?}"),
                        Err(_) => {}
                    }
                }
                3..7 => {
                    begun.fetch_add(1, Ordering::Relaxed);
                    let (hot, price) = (1 + chance(&mut seed, HOT.unsigned_abs()), chance(&mut seed, 1 << 30));
                    let put = world.put(&format!("/api/chairs/{hot}")).json(&json!({"price": price})).send();
                    if let Ok(answer) = tokio::time::timeout(patience, put).await {
                        let answer = answer.ok(200);
                        assert_eq!((&answer["number"], &answer["price"]), (&json!(hot), &json!(price)));
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
                _ => {
                    let [one, other] = [0; 2].map(|_| next.fetch_add(1, Ordering::Relaxed));
                    let both = context.transaction(async |_| {
                        repo::<Chair>().insert(chair(one)).await?;
                        repo::<Chair>().insert(chair(other)).await
                    });
                    if tokio::time::timeout(patience, both).await.is_ok_and(|both| both.is_ok()) {
                        there.lock().unwrap().extend([one, other]);
                    }
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), join_all((0..32).map(one_after_the_other)))
        .await
        .expect("all come to an end");
    // Behind whatever was given up last.
    context.run(repo::<Chair>().insert(chair(99))).await.unwrap();
    let chairs = chairs(&context).await;
    let lost: Vec<_> = there.lock().unwrap().iter().copied().filter(|number| !chairs.contains_key(number)).collect();
    assert_eq!(lost, Vec::<i64>::new());
    let written: i64 = (1..=HOT).map(|hot| chairs[&hot].version - 1).sum();
    let (answered, begun) = (answered.into_inner(), begun.into_inner());
    assert!((answered..=begun).contains(&written), "{answered} were answered and {begun} begun: {written}");
    assert!(chairs.values().all(|chair| chair.number <= HOT || chair.version == 1), "nothing was inserted twice");
    // Who else has the file sees the same.
    let other = Database::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    assert_eq!(self::chairs(&other.context()).await, chairs);
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_single_writes_wait_for_each_other_in_turn() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    with_seats(&context, 100).await;
    let single = |n: i64| {
        let put = world.put(&format!("/api/chairs/{n}")).json(&json!({"price": 7}));
        async move { put.send().await.ok(200) }
    };
    let transaction = |n: i64| {
        context.transaction(async move |_| {
            let mut chair = repo::<Chair>().find_id(n).await?;
            chair.price += 1;
            chair.save().await?;
            repo::<Turnstile>().insert(Turnstile { id: 0, passed: n.to_string() }).await.map(drop)
        })
    };
    let (done, others) = (Mutex::new(false), AtomicI64::new(0));
    let goes_on = || {
        others.fetch_add(1, Ordering::Relaxed);
        !*done.lock().unwrap()
    };
    // A transaction among many writes.
    let writers = join_all((1..51).map(async |n| {
        while goes_on() {
            single(n).await;
        }
    }));
    let among = async {
        for n in 50..80 {
            transaction(n).await.unwrap();
        }
        *done.lock().unwrap() = true;
    };
    tokio::time::timeout(Duration::from_secs(30), futures::future::join(writers, among))
        .await
        .expect("all have their turn");
    assert!(others.swap(0, Ordering::Relaxed) > 100);
    // A write among many transactions.
    *done.lock().unwrap() = false;
    let writers = join_all((50..70).map(async |n| {
        while goes_on() {
            transaction(n).await.unwrap();
        }
    }));
    let among = async {
        for n in 1..31 {
            single(n).await;
        }
        *done.lock().unwrap() = true;
    };
    tokio::time::timeout(Duration::from_secs(30), futures::future::join(writers, among))
        .await
        .expect("all have their turn");
    assert!(others.into_inner() > 30);
}

#[tokio::test]
async fn who_has_waited_too_long_is_told_so_and_nothing_is_written() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let holder = Holder::of(&context).await;
    // Nothing but the clock goes on now.
    tokio::time::pause();
    let begin = tokio::time::Instant::now();
    let insert = async |n: i64, after: u64| {
        tokio::time::sleep(Duration::from_secs(after)).await;
        let error = context.run(repo::<Chair>().insert(chair(n))).await.unwrap_err();
        assert_eq!((error.status(), begin.elapsed().as_secs()), (503, 20 + after), "{error:?}");
    };
    futures::join!(insert(1, 0), insert(2, 0), insert(3, 7), insert(4, 7), insert(5, 45));
    tokio::time::resume();
    holder.lets_go().await;
    assert_eq!(chairs(&context).await.len(), 0);
    context.run(repo::<Chair>().insert(chair(6))).await.unwrap();
    assert_eq!(held(&context, (7..20).map(|n| context.run(repo::<Chair>().insert(chair(n))))).await.len(), 13);
    assert_eq!(chairs(&context).await.len(), 14);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_takes_too_long_is_stopped_alone() {
    let world = limited(StatementLimits { time: Some(Duration::from_millis(300)), slow: None }).await;
    let context = world.backend();
    let slow = |id: i64| Slow { id, steps: if id == 3 { 1 << 40 } else { 5 } };
    context.run(repo::<Slow>().insert_many((1..9).map(slow).collect::<Vec<_>>()).into_future()).await.unwrap();
    let begin = Instant::now();
    let guarded = Context::api(&world.database);
    let delete = |id: i64| guarded.run(repo::<Slow>().delete(id));
    for (id, deleted) in (1..).zip(held(&context, (1..9).map(delete)).await) {
        let code = deleted.as_ref().err().map(|error| (error.status(), error.code()));
        assert_eq!(code, (id == 3).then_some((503, Some(TOO_SLOW))), "{id}: {deleted:?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(context.run(repo::<Slow>().count()).await.unwrap(), 1);
}

#[test]
fn a_runtime_that_ends_leaves_the_writer_to_the_next() {
    let runtime = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (first, second) = (runtime(), runtime());
    let world = first.block_on(World::new(Way::Direct));
    let context = world.backend();
    for round in 0..20 {
        let ending = runtime();
        let (context, from) = (context.clone(), 1000 * (round + 1));
        ending.spawn(async move {
            join_all((from..from + 200).map(|n| context.run(repo::<Chair>().insert(chair(n))))).await;
        });
        std::thread::sleep(Duration::from_millis(3));
        let here = world.backend();
        let mine = second.spawn(async move {
            join_all((from + 500..from + 520).map(|n| here.run(repo::<Chair>().insert(chair(n))))).await
        });
        let ends = std::thread::spawn(move || ending.shutdown_timeout(Duration::from_secs(5)));
        // Who was served by the other runtime may be told that it is gone; whoever comes next is not.
        second.block_on(async {
            tokio::time::timeout(Duration::from_secs(10), mine).await.expect("nobody hangs").unwrap()
        });
        ends.join().unwrap();
        let next = world.backend();
        second
            .block_on(async {
                tokio::time::timeout(Duration::from_secs(10), next.run(repo::<Chair>().insert(chair(round + 1)))).await
            })
            .expect("the writer is free")
            .unwrap();
    }
}
