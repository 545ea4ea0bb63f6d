//! How often one caller may call, and how much of theirs is under way at once.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use isoform::Rate;
use isoform::prelude::*;
use isoform_server::{ClientAddress, Limits};
use serde_json::json;
use tests::entities::all;
use tests::entities_methods::Job;
use tests::{Way, World, ann, bob, promises};

promises! {
    async fn a_method_is_called_so_often_by_each_identity(world: World) {
        for who in [ann(), bob()] {
            world.for_(&who).run(async {
                Job::ping().await.unwrap();
                Job::ping().await.unwrap();
                let error = Job::ping().await.unwrap_err();
                assert_eq!((error.status(), error.kind()), (429, isoform::ErrorKind::TooMany));
                assert!(error.message().contains("Try again in 1800 seconds"), "{error}");
                Job::count_all().await.unwrap();
            }).await;
        }
        world.backend().run(async {
            for _ in 0..5 {
                Job::ping().await.unwrap();
            }
        }).await;
    }
}

async fn ping(world: &World, from: Option<&str>) -> tests::raw::Answer {
    let ask = world.post("/api/job-reports/ping").json(&json!({"args": []}));
    match from {
        Some(from) => ask.extension(ClientAddress(from.parse::<IpAddr>().unwrap())).send().await,
        None => ask.send().await,
    }
}

#[tokio::test]
async fn nobody_is_counted_by_their_address_and_else_all_together() {
    let world = World::new(Way::InProcess).await;
    for from in [Some("203.0.113.7"), Some("203.0.113.8"), Some("2001:db8::1"), None] {
        ping(&world, from).await.ok(200);
        ping(&world, from).await.ok(200);
        let refused = ping(&world, from).await;
        refused.refused(429);
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1_790..=1_800).contains(&wait), "{wait}");
    }
    ping(&world, Some("2001:db8::2")).await.refused(429);
    ping(&world, Some("::ffff:203.0.113.7")).await.refused(429);
    ping(&world, Some("2001:db8:0:1::1")).await.ok(200);
}

#[tokio::test]
async fn an_api_may_be_asked_so_often_by_each_identity() {
    let limits = Limits { rate: Some(Rate::per_hour(3)), ..Limits::default() };
    let world = World::limited(Way::InProcess, all(), limits).await;
    let ask = async |who: &Identity| world.get("/api/jobs").by(who).send().await;
    for _ in 0..3 {
        ask(&ann()).await.ok(200);
    }
    assert_eq!(ask(&ann()).await.headers.get("retry-after").map(|wait| wait.to_str().unwrap()), Some("1200"));
    ask(&ann()).await.refused(429);
    ask(&bob()).await.ok(200);
    world.post("/api/$batch").by(&ann()).json(&json!([])).send().await.refused(429);
}

async fn lingering(world: &World, who: &Identity, name: &str, count: usize, milliseconds: u64) -> Vec<Result<u32>> {
    let calls = (0..count).map(|_| async { world.for_(who).run(Job::linger(name.into(), milliseconds)).await });
    futures::future::join_all(calls).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_caller_has_so_many_requests_under_way_and_others_are_not_kept_waiting() {
    let world = World::limited(Way::InProcess, all(), Limits { at_once: Some(2), ..Limits::default() }).await;
    let begun = Instant::now();
    let greedy = async { (lingering(&world, &ann(), "greedy", 8, 200).await, begun.elapsed()) };
    let modest = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        (lingering(&world, &bob(), "modest", 1, 1).await, begun.elapsed())
    };
    let ((greedy, long), (modest, short)) = futures::join!(greedy, modest);
    assert!(greedy.iter().all(|most| *most.as_ref().unwrap() <= 2), "{greedy:?}");
    assert!(long >= Duration::from_millis(800), "four times two of them: {long:?}");
    assert!(modest[0].is_ok() && short < long, "{short:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_wait_for_their_turn_and_more_are_refused() {
    let world = World::limited(Way::InProcess, all(), Limits { at_once: Some(1), ..Limits::default() }).await;
    let answers = lingering(&world, &ann(), "patient", 20, 20).await;
    let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert_eq!(refused.len(), 3, "one goes and sixteen wait: {answers:?}");
    assert!(refused.iter().all(|error| error.status() == 429));
    assert!(lingering(&world, &ann(), "patient", 1, 1).await[0].is_ok(), "and then they may come again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_goes_away_waits_no_longer() {
    let world = World::limited(Way::InProcess, all(), Limits { at_once: Some(1), ..Limits::default() }).await;
    let (router, who) = (world.clone(), ann());
    let first = tokio::spawn(async move { lingering(&router, &who, "gone", 5, 60_000).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    first.abort();
    let _ = first.await;
    let after = tokio::time::timeout(Duration::from_secs(10), lingering(&world, &ann(), "after", 1, 1)).await;
    assert!(after.unwrap()[0].is_ok());
}
