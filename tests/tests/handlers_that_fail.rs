//! Data handlers that fail, that take too long, and that run once everything is over.

use std::time::Duration;

use isoform::Batch as Writes;
use isoform::handlers::{Create, Find, Handlers, Next, Remove};
use isoform::prelude::*;
use tests::entities_handled::{Deal, audit};
use tests::handled::{audits, new, stored, world};
use tests::{Way, World, ann, promises};

async fn failing(way: Way) -> World {
    let handlers = Handlers::new()
        .time_limit(Duration::from_millis(200))
        .before::<Create, Deal>(async |request| {
            audit("written before it fails").await?;
            match request.item.title.as_str() {
                "panic" => panic!("the handler's own words"),
                "slow" => tokio::time::sleep(Duration::from_secs(60)).await,
                _ => {}
            }
            Ok(Next::Continue)
        })
        .after::<Create, Deal>(async |request, _| match request.item.title.as_str() {
            "panic later" => panic!("the handler's own words"),
            _ => Ok(()),
        })
        .before::<Find, Deal>(async |_| {
            // What a handler asks fires none, whatever scope it asks in.
            let api = Context::current()?.with_scope(isoform::Scope::Api);
            api.run(async { Deal::query().await }).await?;
            Ok(Next::Continue)
        });
    world(way, handlers).await
}

promises! {
    in failing;

    async fn a_panic_or_a_time_out_is_that_requests_500_and_nothing_else(world: World) {
        for title in ["panic", "panic later", "slow"] {
            let error = world.for_(&ann()).run(async {
                repo::<Deal>().insert(Deal { title: title.into(), ..new(10) }).await.unwrap_err()
            }).await;
            assert_eq!(error.status(), 500, "{title}: {error}");
            assert!(!error.message().contains("words"), "{error}");
            assert!(stored(&world, 10).await.is_none(), "{title}");
            assert_eq!(audits(&world).await, [""; 0], "{title}");
        }
        world.for_(&ann()).run(async { repo::<Deal>().insert(new(10)).await.map(drop).unwrap() }).await;
        assert_eq!(audits(&world).await, ["written before it fails"], "the next one goes on");
    }

    async fn a_handler_does_not_call_itself(world: World) {
        assert_eq!(world.for_(&ann()).run(async { Deal::query().await.unwrap().len() }).await, 3);
    }
}

async fn telling(way: Way) -> World {
    let handlers = Handlers::new()
        .after_detached::<Create, Deal>(async |request, outcome| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(!request.context.in_transaction());
            let told = if outcome.is_ok() { "stored" } else { "not stored" };
            audit(format!("{} {told}", request.item.number)).await
        })
        .after::<Remove, Deal>(async |_, _| Err(Error::invalid("It stays.")));
    world(way, handlers).await
}

promises! {
    in telling;

    async fn a_detached_handler_delays_nobody(world: World) {
        let begun = std::time::Instant::now();
        world.for_(&ann()).run(async {
            repo::<Deal>().insert(new(10)).await.unwrap();
            repo::<Deal>().insert(new(10)).await.unwrap_err();
        }).await;
        assert_eq!(audits(&world).await, [""; 0]);
        while audits(&world).await.len() < 2 {
            assert!(begun.elapsed() < Duration::from_secs(10), "they run all the same");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let mut told = audits(&world).await;
        told.sort();
        assert_eq!(told, ["10 not stored", "10 stored"]);
    }

    async fn a_detached_handler_is_not_told_of_what_was_undone(world: World) {
        world.for_(&ann()).run(async {
            let mut batch = Writes::new();
            let _ = batch.repo::<Deal>().insert(new(10));
            batch.repo::<Deal>().delete(1);
            batch.run().await.unwrap_err();
        }).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(audits(&world).await, [""; 0]);
        assert!(stored(&world, 10).await.is_none());
    }
}
