//! Transactions about one row each that wait for the writing connection at the same time: hooks and handlers run in them, and they share commits.

use std::sync::Mutex;
use std::time::Duration;

use futures::future::join_all;
use isoform::handlers::{Create, Handlers, Next, Update};
use isoform::prelude::*;
use isoform_server::{Api, Database, StatementLimits};
use serde_json::json;
use tests::entities_in_step::{Lap, Mark, runs};
use tests::slow_log::SlowLog;
use tests::{Way, World};
use tokio::sync::oneshot;

/// Runs futures that all have to wait for the writing connection.
async fn held<T>(context: &Context, futures: impl IntoIterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let (go, wait) = oneshot::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let holder = context.transaction(async |_| {
        // What it changes is another number than what those change that wait.
        repo::<Mark>().insert_many([-1, -2, -3].map(|lap| Mark { lap, ..Mark::blank() })).await?;
        begun.send(()).unwrap();
        let _ = wait.await;
        Ok(())
    });
    let lets_go = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        go.send(()).unwrap();
    };
    let waiting = async {
        has_begun.await.unwrap();
        futures::join!(join_all(futures), lets_go).0
    };
    let (held, all) = futures::join!(holder, waiting);
    held.unwrap();
    all
}

fn lap(number: i64, note: &str, plan: &str) -> Lap {
    Lap { number, runner: None, plan: plan.into(), note: format!("{note} {number}"), count: 0 }
}

fn body(number: i64, note: &str, plan: &str) -> serde_json::Value {
    json!({"number": number, "plan": plan, "note": format!("{note} {number}")})
}

async fn laps(context: &Context) -> Vec<(i64, i64)> {
    context.run(Lap::query().all()).await.unwrap().iter().map(|lap| (lap.number, lap.count)).collect()
}

async fn marks(context: &Context) -> Vec<(i64, i64)> {
    let marks = context.run(Mark::query().filter(|mark| mark.lap.gte(0)).all()).await.unwrap();
    let mut marks: Vec<_> = marks.iter().map(|mark| (mark.lap, mark.count)).collect();
    marks.sort_unstable();
    marks
}

/// A world whose statements are all logged, with handlers.
async fn logged(handlers: Handlers) -> World {
    let mut world = World::new(Way::InProcess).await;
    let limits = StatementLimits { slow: Some(Duration::ZERO), ..StatementLimits::default() };
    world.database = Database::connect_with(&format!("sqlite://{}", world.file().display()), limits).await.unwrap();
    let api = Api::new(world.database.clone()).entities(tests::entities::all()).handlers(handlers);
    world.router = api.into_router().unwrap();
    world
}

fn idle() -> Handlers {
    Handlers::new()
        .before::<Create, Lap>(async |_| Ok(Next::Continue))
        .after::<Create, Lap>(async |_, _| Ok(()))
        .before::<Update, Lap>(async |_| Ok(Next::Continue))
        .after::<Update, Lap>(async |_, _| Ok(()))
}

#[tokio::test]
async fn transactions_with_hooks_that_wait_at_the_same_time_share_their_commits() {
    for (note, handlers) in [("share", Handlers::new()), ("share with handlers", idle())] {
        let world = logged(handlers).await;
        let context = world.backend();
        let log = SlowLog::default();
        let _guard = tracing::subscriber::set_default(log.clone());
        let post = |n: i64| world.post("/api/laps").json(&body(n, note, "")).send();
        for (n, answer) in (1..).zip(held(&context, (1..=40).map(post)).await) {
            assert_eq!(answer.ok(201)["count"], 1, "{n}");
        }
        assert_eq!(laps(&context).await, (1..=40).map(|n| (n, 1)).collect::<Vec<_>>());
        assert_eq!((runs(note, "saving"), runs(note, "saved")), (40, 40), "each hook has run once for each");
        assert!(log.of("INSERT").contains(&16), "{:?}", log.of("INSERT"));
        assert!((1..10).contains(&log.of("COMMIT").len()), "{:?}", log.of("COMMIT"));
        let put = |n: i64| world.put(&format!("/api/laps/{n}")).json(&json!({"plan": "on"})).send();
        for (n, answer) in (1..).zip(held(&context, (1..=40).map(put)).await) {
            let answer = answer.ok(200);
            assert_eq!((&answer["count"], &answer["number"]), (&json!(2), &json!(n)));
        }
        assert_eq!(laps(&context).await, (1..=40).map(|n| (n, 2)).collect::<Vec<_>>());
        assert!(log.of("UPDATE").contains(&16), "{:?}", log.of("UPDATE"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_changes_of_the_same_row_by_its_hook_none_is_lost() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    context.run(repo::<Lap>().insert_many((1..=3).map(|n| lap(n, "lost", ""))).into_future()).await.unwrap();
    let context = &context;
    let save = |n: i64| async move {
        let mut lap = context.run(repo::<Lap>().find_id(n % 3 + 1)).await?;
        lap.plan = format!("{n}");
        context.run(lap.save()).await
    };
    let put = |n: i64| world.put(&format!("/api/laps/{}", n % 3 + 1)).json(&json!({"plan": format!("put {n}")})).send();
    for answer in held(context, (0..60).map(put)).await {
        answer.ok(200);
    }
    assert_eq!(laps(context).await, [(1, 21), (2, 21), (3, 21)]);
    // Trusted code that had read its rows before overwrites what came in between, as ever.
    for saved in held(context, (0..6).map(save)).await {
        saved.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_hook_refuses_is_undone_and_the_others_are_kept() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let plan = |n: i64| match n % 8 {
        3 => "fail",
        5 => "invalid",
        _ => "",
    };
    let post = |n: i64| world.post("/api/laps").json(&body(n, "refuse", plan(n))).send();
    for (n, answer) in (1..).zip(held(&context, (1..=64).map(post)).await) {
        let expected = match plan(n) {
            "fail" => 403,
            "invalid" => 400,
            _ => 201,
        };
        assert_eq!(answer.status, expected, "{n}: {answer:?}");
    }
    let kept: Vec<_> = (1..=64).filter(|n| plan(*n).is_empty()).map(|n| (n, 1)).collect();
    assert_eq!(laps(&context).await, kept);
    assert_eq!(runs("refuse", "saved"), 56, "of what goes on alone no hook runs again");
    let put = |n: i64| {
        let plan = if n % 4 == 0 { "fail" } else { "on" };
        world.put(&format!("/api/laps/{n}")).json(&json!({"plan": plan})).send()
    };
    for (n, answer) in (1..).zip(held(&context, (1..=64).map(put)).await) {
        let expected = if !plan(n).is_empty() {
            404
        } else if n % 4 == 0 {
            403
        } else {
            200
        };
        assert_eq!(answer.status, expected, "{n}: {answer:?}");
    }
    let kept = |n: &i64| plan(*n).is_empty();
    let kept: Vec<_> = (1..=64).filter(kept).map(|n| (n, if n % 4 == 0 { 1 } else { 2 })).collect();
    assert_eq!(laps(&context).await, kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_is_only_ones_own_error() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let post = |n: i64| {
        let mut lap = body(n, "own", "");
        lap["runner"] = json!(format!("runner {}", n % 20));
        world.post("/api/laps").json(&lap).send()
    };
    for (n, answer) in (1..).zip(held(&context, (1..=32).map(post)).await) {
        assert_eq!(answer.status, if n <= 20 { 201 } else { 409 }, "{n}: {answer:?}");
    }
    assert_eq!(laps(&context).await.len(), 20);
    // The first of a group too.
    let post = |n: i64| {
        let mut lap = body(n, "own", "");
        lap["runner"] = json!(if n == 101 { "runner 1".into() } else { format!("runner {n}") });
        world.post("/api/laps").json(&lap).send()
    };
    for (n, answer) in (101..).zip(held(&context, (101..118).map(post)).await) {
        assert_eq!(answer.status, if n == 101 { 409 } else { 201 }, "{n}: {answer:?}");
    }
    context.run(repo::<Lap>().delete_many(|lap| lap.number.gt(100))).await.unwrap();
    let put = |n: i64| world.put(&format!("/api/laps/{n}")).json(&json!({"runner": "the same"})).send();
    let answers = held(&context, (1..=16).map(put)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 15);
    assert_eq!(laps(&context).await.iter().map(|(_, count)| count).sum::<i64>(), 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_asks_about_other_rows_finds_its_own_as_it_was_written() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let post = |n: i64| {
        let plan = if n % 3 == 0 { "mark" } else { "" };
        world.post("/api/laps").json(&body(n, "ask", plan)).send()
    };
    held(&context, (1..=48).map(post)).await.into_iter().for_each(|answer| drop(answer.ok(201)));
    assert_eq!(marks(&context).await, (1..=16).map(|n| (n * 3, 1)).collect::<Vec<_>>());
    let put = |n: i64| world.put(&format!("/api/laps/{n}")).json(&json!({"note": format!("ask {n} again")})).send();
    held(&context, (1..=48).map(put)).await.into_iter().for_each(|answer| drop(answer.ok(200)));
    let marked = (1..=16).flat_map(|n| [(n * 3, 1), (n * 3, 2)]);
    assert_eq!(marks(&context).await, marked.collect::<Vec<_>>());
    assert_eq!(laps(&context).await, (1..=48).map(|n| (n, 2)).collect::<Vec<_>>());
    assert_eq!(runs("ask", "saved"), 96);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hook_that_takes_its_time_lets_the_others_go() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let ended = Mutex::new(Vec::new());
    let ended = &ended;
    let post = |n: i64| {
        let post = world.post("/api/laps").json(&body(n, "time", if n == 2 { "sleep" } else { "" }));
        async move {
            post.send().await.ok(201);
            ended.lock().unwrap().push(n);
        }
    };
    held(&context, (1..=16).map(post)).await;
    assert_eq!(ended.lock().unwrap().last(), Some(&2), "the others have not waited for it");
    assert_eq!(laps(&context).await.len(), 16);
    assert_eq!(runs("time", "saved"), 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_the_same_row_as_a_slow_hook_has_their_turn() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    context.run(repo::<Lap>().insert_many((1..=3).map(|n| lap(n, "linger", ""))).into_future()).await.unwrap();
    let put = |n: i64| world.put(&format!("/api/laps/{}", 1 + n % 3 / 2)).json(&json!({"plan": "linger"})).send();
    for (n, answer) in (0..).zip(held(&context, (0..15).map(put)).await) {
        assert_eq!(answer.status, 200, "{n}: {answer:?}");
    }
    assert_eq!(laps(&context).await, [(1, 11), (2, 6), (3, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_that_wait_for_one_another_all_come_to_their_end() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    context.run(repo::<Lap>().insert_many((1..=16).map(|n| lap(n, "wait", ""))).into_future()).await.unwrap();
    let put = |n: i64| world.put(&format!("/api/laps/{n}")).json(&json!({"plan": "remember"})).send();
    for (n, answer) in (1..).zip(held(&context, (1..=16).map(put)).await) {
        assert_eq!(answer.status, 200, "{n}: {answer:?}");
    }
    assert_eq!(laps(&context).await, (1..=16).map(|n| (n, 2)).collect::<Vec<_>>());
    assert_eq!(runs("wait", "saving"), 32);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_given_up_while_others_come_to_their_end_has_written_nothing() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let context = &context;
    let save = |n: i64| {
        let context = context.clone();
        let plan = if n == 2 { "late" } else { "" };
        let save = async move { context.run(repo::<Lap>().insert(lap(n, "end", plan))).await };
        let patience = Duration::from_millis(if n == 1 { 75 } else { 10_000 });
        async move { tokio::time::timeout(patience, save).await.ok().map(|saved| saved.is_ok()) }
    };
    let saved = held(context, (1..=8).map(save)).await;
    let told: Vec<_> = (1..).zip(&saved).filter(|(_, saved)| saved.is_some()).map(|(n, _)| (n, 1)).collect();
    assert!(saved.iter().flatten().all(|saved| *saved), "{saved:?}");
    assert_eq!(laps(context).await, told, "who was not told has written nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_computes_knows_only_of_what_came_before() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let post = |n: i64| world.post("/api/rounds").json(&json!({"number": n, "season": 1})).send();
    let answers = held(&context, (1..=32).map(post)).await;
    let mut counted: Vec<_> = answers.into_iter().map(|answer| answer.ok(201)["of"].as_i64().unwrap()).collect();
    counted.sort_unstable();
    assert_eq!(counted, (1..=32).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_given_up_takes_nobody_along() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let context = &context;
    let save = |n: i64| {
        let context = context.clone();
        let plan = if n % 4 == 0 { "sleep" } else { "" };
        let save = async move { context.run(repo::<Lap>().insert(lap(n, "given up", plan))).await };
        async move {
            if n % 4 == 0 {
                tokio::time::timeout(Duration::from_millis(200), save).await.ok()
            } else {
                Some(save.await)
            }
        }
    };
    for (n, saved) in (1..).zip(held(context, (1..=32).map(save)).await) {
        assert_eq!(saved.map(|saved| saved.is_ok()), (n % 4 != 0).then_some(true), "{n}");
    }
    assert_eq!(laps(context).await, (1..=32).filter(|n| n % 4 != 0).map(|n| (n, 1)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_makes_an_answer_of_an_error_keeps_nothing_of_what_failed() {
    let handlers = Handlers::new().before::<Create, Lap>(async |_| Ok(Next::Continue)).after::<Create, Lap>(
        async |request, outcome| {
            if outcome.is_err() {
                *outcome = Ok(request.item.clone());
            }
            Ok(())
        },
    );
    let world = World::handled(Way::Direct, tests::entities::all(), handlers).await;
    let context = world.backend();
    let plan = |n: i64| if n % 5 == 0 { "fail" } else { "" };
    let post = |n: i64| world.post("/api/laps").json(&body(n, "keep", plan(n))).send();
    held(&context, (1..=40).map(post)).await.into_iter().for_each(|answer| drop(answer.ok(201)));
    assert_eq!(laps(&context).await, (1..=40).filter(|n| n % 5 != 0).map(|n| (n, 1)).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_comes_together_each_row_is_counted_as_often_as_it_was_answered() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let rows = 8;
    context.run(repo::<Lap>().insert_many((1..=rows).map(|n| lap(n, "chance", ""))).into_future()).await.unwrap();
    let plans = ["", "on", "fail", "mark", "invalid", "push"];
    let put = |n: i64| {
        let mut seed = u64::try_from(n).unwrap().wrapping_mul(0x9E37_79B9_7F4A_7C15);
        seed ^= seed >> 29;
        let (row, plan) = (i64::try_from(seed % 8).unwrap() + 1, plans[usize::try_from(seed / 8 % 6).unwrap()]);
        let put = world.put(&format!("/api/laps/{row}")).json(&json!({"plan": plan}));
        async move { (row, plan, put.send().await.status) }
    };
    let mut expected: Vec<_> = (1..=rows).map(|n| (n, 1)).collect();
    for round in 0..4 {
        for (row, plan, status) in held(&context, (round * 100..round * 100 + 100).map(put)).await {
            let allowed: &[u16] = match plan {
                "fail" => &[403, 503],
                "invalid" => &[400, 503],
                // Of a row that the hook of another one has changed meanwhile nothing is written, and it can be tried again.
                _ => &[200, 503],
            };
            assert!(allowed.contains(&status), "{plan}: {status}");
            if status == 200 {
                expected[usize::try_from(row - 1).unwrap()].1 += 1;
                if plan == "push" {
                    expected[usize::try_from(row % 8).unwrap()].1 += 100;
                }
            }
        }
        assert_eq!(laps(&context).await, expected);
    }
}
