//! What handlers and hooks write: with all that hooks do, in the transaction of the operation, and undone with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isoform::handlers::{Create, Handlers, Next, Remove};
use isoform::prelude::*;
use tests::entities_handled::{Audit, Deal, Piece};
use tests::entities_hooks::{Leg, Voyage, steps};
use tests::entities_proofs::{Epitaph, Tomb, note, noted};
use tests::{Way, World, ann, promises};

/// A title that nobody else has, and that is the beginning of no other.
fn title(what: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("{what} {:04}.", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn deal(number: i64, title: &str) -> Deal {
    Deal { number, title: title.into(), ..Deal::blank() }
}

/// The deals with a title that are in the table, for whoever is not in the transaction.
async fn committed(title: &str) -> Result<u64> {
    Deal::query().filter(|d| d.title.eq(title)).count().await
}

async fn writing(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Create, Deal>(async |request| {
            let title = request.item.title.clone();
            if title.starts_with("tell") {
                // Its `saving` tells what it has around it.
                let told = repo::<Voyage>().insert(Voyage::named(&title, "tell")).await?;
                note(&title, told.seen.clone());
            } else if title.starts_with("legs") {
                repo::<Voyage>().insert(Voyage::named(&title, "legs")).await?;
            } else if title.starts_with("wrong") {
                repo::<Voyage>().insert(Voyage::named(&title, "invalid")).await?;
            } else if title.starts_with("part") {
                // A part that fails is undone by itself.
                let failed = repo::<Voyage>().insert(Voyage::named(&title, "legs, and fail")).await;
                note(&title, failed.unwrap_err().message());
            } else if title.starts_with("mail") {
                let told = title.clone();
                Context::after_commit(async move {
                    let context = Context::current()?;
                    let around = format!("{:?} {}", context.scope(), context.in_transaction());
                    note(&told, format!("before {} {around}", committed(&told).await?));
                    Ok(())
                })?;
                assert_eq!(noted(&title), [""; 0], "nothing runs before the commit");
            }
            Ok(Next::Continue)
        })
        .after::<Create, Deal>(async |request, outcome| {
            let title = request.item.title.clone();
            if title.starts_with("mail") && outcome.is_ok() {
                let told = title.clone();
                Context::after_commit(async move {
                    note(&told, format!("after {}", committed(&told).await?));
                    Ok(())
                })?;
            }
            if title.contains("fails") { Err(Error::invalid("Not like this.")) } else { Ok(()) }
        })
        .after_detached::<Create, Deal>(async |request, outcome| {
            let title = request.item.title.clone();
            if title.starts_with("mail") && outcome.is_ok() {
                let told = title.clone();
                Context::after_commit(async move {
                    note(&told, format!("detached {}", committed(&told).await?));
                    Ok(())
                })?;
            }
            Ok(())
        })
        .after::<Create, Voyage>(async |request, outcome| {
            if outcome.is_err() {
                *outcome = Ok(Record::from(Voyage::named(&request.item.name, "instead")));
            }
            Ok(())
        })
        .after::<Remove, Tomb>(
            async |request, _| {
                if request.item.id == 7 { Err(Error::invalid("Not the seventh.")) } else { Ok(()) }
            },
        );
    World::handled(way, entities![Deal, Piece, Audit, Voyage, Leg, Tomb, Epitaph], handlers).await
}

async fn counts(world: &World) -> (u64, u64, u64) {
    let counts = async {
        let (deals, voyages) = (repo::<Deal>().count().await?, repo::<Voyage>().count().await?);
        Ok::<_, Error>((deals, voyages, repo::<Leg>().count().await?))
    };
    world.backend().run(counts).await.unwrap()
}

/// What was noted once there is so much of it.
async fn notes(title: &str, count: usize) -> Vec<String> {
    let mut all = Vec::new();
    for _ in 0..300 {
        all.extend(noted(title));
        if all.len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    all.sort();
    all
}

promises! {
    in writing;

    async fn an_entity_with_hooks_that_a_handler_writes_runs_them_in_the_same_transaction(world: World) {
        let (told, legs) = (title("tell"), title("legs"));
        world.for_(&ann()).run(async {
            repo::<Deal>().insert(deal(1, &told)).await.unwrap();
            repo::<Deal>().insert(deal(2, &legs)).await.unwrap();
        }).await;
        // New, with another id than before, beside so many others, trusted and in a transaction.
        assert_eq!(noted(&told), ["true true 0 voyages true"]);
        assert_eq!(steps(&legs).last().map(String::as_str), Some("2 legs"));
        assert_eq!(counts(&world).await, (2, 2, 2));
    }

    async fn what_hooks_of_a_handlers_write_wrote_is_undone_with_the_operation(world: World) {
        let (late, again) = (title("legs fails"), title("legs"));
        world.for_(&ann()).run(async {
            let error = repo::<Deal>().insert(deal(1, &late)).await.unwrap_err();
            assert_eq!(error.message(), "Not like this.");
            assert_eq!(steps(&late).last().map(String::as_str), Some("2 legs"), "they ran");
        }).await;
        assert_eq!(counts(&world).await, (0, 0, 0));
        world.for_(&ann()).run(async {
            repo::<Deal>().insert(deal(1, &again)).await.unwrap();
            assert!(repo::<Deal>().insert(deal(1, &title("legs"))).await.unwrap_err().is_conflict());
        }).await;
        assert_eq!(counts(&world).await, (1, 1, 2), "and so where the operation itself fails");
    }

    async fn a_hook_refuses_what_a_handler_writes_and_nothing_is_written(world: World) {
        let (wrong, part) = (title("wrong"), title("part"));
        world.for_(&ann()).run(async {
            let error = repo::<Deal>().insert(deal(1, &wrong)).await.unwrap_err();
            assert_eq!((error.status(), error.message()), (400, "Name is no voyage"));
        }).await;
        assert_eq!(counts(&world).await, (0, 0, 0));
        // A handler that bears the refusal goes on, without what was refused.
        world.for_(&ann()).run(async { repo::<Deal>().insert(deal(1, &part)).await.unwrap() }).await;
        assert_eq!(noted(&part), ["Failed at last."]);
        assert_eq!(counts(&world).await, (1, 0, 0));
    }

    async fn of_an_operation_whose_error_became_a_result_nothing_is_left(world: World) {
        let name = title("mended");
        world.for_(&ann()).run(async {
            let voyage = repo::<Voyage>().insert(Voyage::named(&name, "legs, and fail")).await.unwrap();
            assert_eq!(voyage.order, "instead");
            assert_eq!(steps(&name).last().map(String::as_str), Some("2 legs"), "it had written");
        }).await;
        assert_eq!(counts(&world).await, (0, 0, 0));
    }

    async fn what_deleted_writes_is_undone_when_the_transaction_fails(world: World) {
        world.backend().run(async {
            let tomb = |id| Tomb { id, cursed: id == 3 };
            repo::<Tomb>().insert_many((1..8).map(tomb)).await.unwrap();
        }).await;
        let left = async || {
            let left = async {
                let tombs: Vec<_> = Tomb::query().await?.iter().map(|tomb| tomb.id).collect();
                let texts: Vec<_> = Epitaph::query().await?.iter().map(|one| one.text.clone()).collect();
                Ok::<_, Error>((tombs, texts))
            };
            world.backend().run(left).await.unwrap()
        };
        let all = (vec![1, 2, 3, 4, 5, 6, 7], Vec::<String>::new());
        world.for_(&ann()).run(async {
            assert_eq!(repo::<Tomb>().delete(3).await.unwrap_err().message(), "It is cursed.");
            assert_eq!(left().await, all, "by the hook itself");
            repo::<Tomb>().delete_many(|t| t.id.lt(5)).await.unwrap_err();
            assert_eq!(left().await, all, "by that of another row");
            assert_eq!(repo::<Tomb>().delete(7).await.unwrap_err().message(), "Not the seventh.");
            assert_eq!(left().await, all, "by an after handler");
            let mut batch = Batch::new();
            batch.repo::<Tomb>().delete(1);
            batch.repo::<Tomb>().delete(99);
            batch.run().await.unwrap_err();
            assert_eq!(left().await, all, "by another step of a batch");
        }).await;
        let context = world.backend();
        let failed = context.run(context.transaction(async |_| {
            repo::<Tomb>().delete(1).await?;
            assert_eq!(Epitaph::query().count().await?, 1);
            Err::<(), _>(Error::invalid("no"))
        })).await;
        assert!(failed.is_err());
        assert_eq!(left().await, all, "by whatever the transaction does next");
        world.for_(&ann()).run(async { repo::<Tomb>().delete(1).await.unwrap() }).await;
        assert_eq!(left().await, (vec![2, 3, 4, 5, 6, 7], vec!["1 was here".to_owned()]));
    }

    async fn after_commit_in_handlers_runs_after_the_commit(world: World) {
        let title = title("mail");
        world.for_(&ann()).run(async { repo::<Deal>().insert(deal(1, &title)).await.unwrap() }).await;
        assert_eq!(notes(&title, 3).await, ["after 1", "before 1 Backend false", "detached 1"]);
    }

    async fn after_commit_in_handlers_waits_for_the_whole_batch(world: World) {
        let (first, second) = (title("mail"), title("tell"));
        world.for_(&ann()).run(async {
            let mut batch = Batch::new();
            let _ = batch.repo::<Deal>().insert(deal(1, &first));
            let _ = batch.repo::<Deal>().insert(deal(2, &second));
            batch.run().await.unwrap();
        }).await;
        assert_eq!(noted(&second), ["true true 0 voyages true"]);
        assert_eq!(notes(&first, 3).await, ["after 1", "before 1 Backend false", "detached 1"]);
    }

    async fn after_commit_in_handlers_never_runs_after_a_rollback(world: World) {
        let (late, taken, step) = (title("mail fails"), title("mail"), title("mail"));
        world.for_(&ann()).run(async {
            repo::<Deal>().insert(deal(1, "x")).await.unwrap();
            repo::<Deal>().insert(deal(2, &late)).await.unwrap_err();
            assert!(repo::<Deal>().insert(deal(1, &taken)).await.unwrap_err().is_conflict());
            let mut batch = Batch::new();
            let _ = batch.repo::<Deal>().insert(deal(3, &step));
            let _ = batch.repo::<Deal>().insert(deal(1, "y"));
            batch.run().await.unwrap_err();
        }).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        for title in [late, taken, step] {
            assert_eq!(noted(&title), [""; 0], "{title}");
        }
    }
}
