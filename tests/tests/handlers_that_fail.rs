//! Data handlers that fail, that take too long, and that run once everything is over.

use std::time::Duration;

use isoform::Batch as Writes;
use isoform::handlers::{Count, Create, Find, FindById, Group, Handlers, Next, Remove};
use isoform::prelude::*;
use sqlx::Connection as _;
use tests::entities_handled::{Deal, Piece, audit};
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

/// Reads whose handlers panic or take their time, before or after, as whoever asks wants it.
async fn failing_reads(way: Way) -> World {
    async fn fail(context: &Context, when: &str) {
        let wanted = context.identity().map_or("", |who| &who.id);
        assert_ne!(wanted, format!("panic {when}"), "the handler's own words");
        if wanted == format!("slow {when}") {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }
    macro_rules! fail {
        ($handlers:expr; $($event:ident)+) => {
            $handlers$(
                .before::<$event, Deal>(async |request| {
                    fail(&request.context, "before").await;
                    Ok(Next::Continue)
                })
                .after_any::<$event>(async |request, _| {
                    fail(&request.context, "after").await;
                    Ok(())
                })
            )+
        };
    }
    let handlers = fail!(Handlers::new(); Find FindById Count Group).time_limit(Duration::from_millis(100));
    world(way, handlers).await
}

promises! {
    in failing_reads;

    async fn a_panic_or_a_time_out_around_a_read_is_that_requests_500_and_the_next_one_goes_on(world: World) {
        let asked = async |who: &str| world.for_(&Identity::new(who, who)).run(async {
            let group = Deal::query().aggregate(|d| d.amount.sum()).await.map(|sum| sum.unwrap_or_default());
            [
                Deal::query().await.map(|deals| deals.len() as i64),
                repo::<Deal>().find_id(2).await.map(|deal| deal.number),
                Deal::query().count().await.map(|count| count as i64),
                group,
            ]
        }).await;
        for wanted in ["panic before", "panic after", "slow before", "slow after"] {
            for answer in asked(wanted).await {
                let error = answer.unwrap_err();
                assert_eq!(error.status(), 500, "{wanted}: {error}");
                assert!(!error.message().contains("words"), "{wanted}: {error}");
            }
            assert_eq!(asked("ann").await, [Ok(3), Ok(2), Ok(3), Ok(60)], "after {wanted}");
        }
    }
}

async fn panicking_later(way: Way) -> World {
    let handlers = Handlers::new()
        .after_any_detached::<Create>(async |_, _| panic!("the handler's own words"))
        .after_detached::<Create, Deal>(async |request, outcome| {
            audit(format!("{} {}", request.item.number, outcome.is_ok())).await?;
            panic!("the handler's own words")
        })
        .chain::<Create, Deal>();
    world(way, handlers).await
}

promises! {
    in panicking_later;

    async fn a_panic_in_a_detached_handler_is_nobodys_error(world: World) {
        world.for_(&ann()).run(async {
            repo::<Piece>().insert(Piece { id: 9, deal: 1, ..Piece::blank() }).await.unwrap();
            repo::<Deal>().insert(new(10)).await.unwrap();
            until(&world, &["10 true"]).await;
            repo::<Deal>().insert(new(11)).await.unwrap();
            until(&world, &["10 true", "11 true"]).await;
            assert_eq!(Deal::query().count().await.unwrap(), 5, "the process goes on");
        }).await;
    }
}

/// Waits until handlers have noted this.
async fn until(world: &World, expected: &[&str]) {
    let begun = std::time::Instant::now();
    loop {
        let noted = audits(world).await;
        if noted == expected {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{noted:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Whether its deal is there is asked of a piece by SQLite at the very end.
async fn failing_commits(way: Way) -> World {
    let handlers = Handlers::new()
        .after::<Create, Piece>(async |request, outcome| {
            assert!(outcome.is_ok(), "{} was written so far", request.item.id);
            Ok(())
        })
        .after_detached::<Create, Piece>(async |request, outcome| {
            audit(format!("{} {}", request.item.id, outcome.is_ok())).await
        });
    let world = world(way, handlers).await;
    let late = "DROP TABLE pieces; CREATE TABLE pieces (id INTEGER PRIMARY KEY NOT NULL,
        deal INTEGER NOT NULL REFERENCES deals (number) DEFERRABLE INITIALLY DEFERRED, name TEXT NOT NULL, cost INTEGER NOT NULL)";
    let mut by_hand = sqlx::SqliteConnection::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    sqlx::raw_sql(late).execute(&mut by_hand).await.unwrap();
    world
}

promises! {
    in failing_commits;

    async fn a_detached_handler_is_not_told_of_success_where_the_commit_fails(world: World) {
        world.for_(&ann()).run(async {
            let piece = |id, deal| Piece { id, deal, name: "x".into(), ..Piece::blank() };
            let error = repo::<Piece>().insert(piece(8, 99)).await.unwrap_err();
            assert!(error.is_conflict(), "{error}");
            repo::<Piece>().insert(piece(9, 1)).await.unwrap();
            until(&world, &["9 true"]).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            until(&world, &["9 true"]).await;
            assert_eq!(Piece::query().count().await.unwrap(), 1);
        }).await;
    }
}
