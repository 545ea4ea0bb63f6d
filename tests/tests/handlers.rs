//! Data handlers: what runs before and after the operations that the API is asked for.

use std::time::Duration;

use isoform::handlers::{
    Collection, Count, Create, CreateMany, Describe, Find, FindById, FindFirst, FindLast, Group, Handlers,
    LoadRelations, Next, Remove, RemoveMany, RunBatch, Update, UpdateMany, UpsertMany,
};
use isoform::prelude::*;
use isoform::{Batch as Writes, Upsert};
use serde_json::json;
use tests::entities_handled::{Audit, Deal, Piece, Stranger, all, audit};
use tests::{Way, World, ann, promises};

async fn world(way: Way, handlers: Handlers) -> World {
    let world = World::handled(way, all(), handlers).await;
    let deal = |number, archived, closed| Deal {
        number,
        title: format!("deal {number}"),
        amount: number * 10,
        archived,
        closed,
        secret: "s3cret".into(),
        ..Deal::blank()
    };
    world
        .backend()
        .run(async {
            repo::<Deal>()
                .insert_many([deal(1, false, false), deal(2, false, false), deal(3, true, false), deal(4, false, true)])
                .await?;
            let piece = |id, deal| Piece { id, deal, name: format!("piece {id}"), cost: 7 };
            repo::<Piece>().insert_many([piece(1, 1), piece(2, 1), piece(3, 2)]).await
        })
        .await
        .unwrap();
    world
}

async fn audits(world: &World) -> Vec<String> {
    let all = world.backend().run(async { Audit::query().await.unwrap() }).await;
    all.iter().map(|audit| audit.entry.clone()).collect()
}

async fn stored(world: &World, number: i64) -> Option<Record<Deal>> {
    world.backend().run(async { Deal::query().filter(|d| d.number.eq(number)).first().await.unwrap() }).await
}

fn numbers(deals: &[Record<Deal>]) -> Vec<i64> {
    deals.iter().map(|deal| deal.number).collect()
}

fn new(number: i64) -> Deal {
    Deal { number, title: "new".into(), amount: 5, ..Deal::blank() }
}

mod every_event {
    use super::*;

    /// Says what ran, before and after, for each event.
    async fn listening(way: Way) -> World {
        macro_rules! listening {
            ($handlers:expr; $($event:ident)+) => {
                $handlers$(
                    .before_any::<$event>(async |request| {
                        audit(format!("before {}", request.kind())).await?;
                        Ok(Next::Continue)
                    })
                    .after_any::<$event>(async |request, outcome| {
                        let ended = if outcome.is_ok() { "after" } else { "failed" };
                        audit(format!("{ended} {}", request.kind())).await
                    })
                )+
            };
        }
        let handlers = listening!(Handlers::new();
            Create CreateMany FindById Find FindFirst FindLast LoadRelations Describe Count Group Update UpdateMany
            UpsertMany Remove RemoveMany RunBatch);
        world(way, handlers).await
    }

    async fn told(world: &World) -> Vec<String> {
        let told = audits(world).await;
        world.backend().run(async { repo::<Audit>().delete_many(|_| all_of()).await.unwrap() }).await;
        told
    }

    fn all_of() -> isoform::AllRows {
        isoform::all()
    }

    promises! {
        in listening;

        async fn there_is_a_before_and_an_after_for_each_operation(world: World) {
            let ran = async |context: Context, names: &[&str], work: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
                context.run(work).await;
                let expected: Vec<String> =
                    names.iter().flat_map(|name| [format!("before {name}"), format!("after {name}")]).collect();
                assert_eq!(told(&world).await, expected);
            };
            let who = || world.for_(&ann());
            ran(who(), &["create"], Box::pin(async { repo::<Deal>().insert(new(10)).await.map(drop).unwrap() })).await;
            ran(who(), &["create many"], Box::pin(async { repo::<Deal>().insert_many([new(11), new(12)]).await.map(drop).unwrap() })).await;
            ran(who(), &["create many"], Box::pin(async { assert_eq!(repo::<Deal>().insert_many([new(13)]).select_none().await.unwrap(), 1) })).await;
            ran(who(), &["find by id"], Box::pin(async { assert_eq!(repo::<Deal>().find_id(10).await.unwrap().title, "new") })).await;
            ran(who(), &["find"], Box::pin(async { assert_eq!(Deal::query().await.unwrap().len(), 7) })).await;
            ran(who(), &["find"], Box::pin(async { assert_eq!(Deal::query().limit(2).select(|d| d.number).await.unwrap(), [1, 2]) })).await;
            ran(who(), &["find"], Box::pin(async {
                let page = Deal::query().limit(2).paginate().with_total().await.unwrap();
                assert_eq!((numbers(&page.items), page.total, page.has_next()), (vec![1, 2], Some(7), true));
            })).await;
            ran(who(), &["find first"], Box::pin(async { assert_eq!(Deal::query().first().await.unwrap().unwrap().number, 1) })).await;
            ran(who(), &["find last"], Box::pin(async { assert_eq!(Deal::query().last().await.unwrap().unwrap().number, 13) })).await;
            ran(who(), &["count"], Box::pin(async { assert_eq!(repo::<Deal>().count().await.unwrap(), 7) })).await;
            ran(who(), &["group"], Box::pin(async {
                assert_eq!(Deal::query().filter(|d| d.number.lt(3)).aggregate(|d| d.amount.sum()).await.unwrap(), Some(30));
            })).await;
            ran(who(), &["describe"], Box::pin(async { assert_eq!(repo::<Deal>().describe().await.unwrap().key, "deals") })).await;
            ran(who(), &["update many"], Box::pin(async {
                assert_eq!(repo::<Deal>().update_many(|d| d.number.gt(11), |d| d.title.set("x")).await.unwrap(), 2);
            })).await;
            ran(who(), &["upsert many"], Box::pin(async {
                let row = Upsert::<Deal>::by(|d| d.number.set(13)).set(|d| d.title.set("y"));
                assert_eq!(repo::<Deal>().upsert_many([row]).await.unwrap().first().unwrap().title, "y");
            })).await;
            ran(who(), &["remove"], Box::pin(async { assert!(repo::<Deal>().delete(12).await.unwrap()) })).await;
            ran(who(), &["remove many"], Box::pin(async { assert_eq!(repo::<Deal>().delete_many(|d| d.number.gt(10)).await.unwrap(), 2) })).await;
            ran(who(), &["find by id", "update"], Box::pin(async {
                repo::<Deal>().update(10, |d| d.title.set("z")).await.map(drop).unwrap();
            })).await;
        }

        async fn each_step_of_a_batch_runs_the_handlers_of_its_event(world: World) {
            world.for_(&ann()).run(async {
                let mut batch = Writes::new();
                let _ = batch.repo::<Deal>().insert(new(10));
                let _ = batch.repo::<Deal>().update(1, |d| d.title.set("z"));
                batch.repo::<Deal>().delete(2);
                batch.run().await.unwrap();
            }).await;
            let expected =
                ["before batch", "before create", "after create", "before update", "after update", "before remove", "after remove", "after batch"];
            assert_eq!(told(&world).await, expected);
        }

        async fn an_included_relation_and_a_loaded_one_run_the_handlers_of_their_entity(world: World) {
            world.for_(&ann()).run(async {
                let deals = Deal::query().filter(|d| d.number.lt(3)).include(|d| d.pieces).await.unwrap();
                let pieces: Vec<_> = deals.iter().flat_map(|deal| &deal.pieces).map(|piece| piece.id).collect();
                assert_eq!(pieces, [1, 2, 3]);
            }).await;
            assert_eq!(told(&world).await, ["before find", "before find", "after find", "after find"]);
            world.for_(&ann()).run(async {
                let mut deal = repo::<Deal>().find_id(1).await.unwrap();
                deal.load_relations(|d| d.include(|d| d.pieces)).await.unwrap();
                assert_eq!(deal.pieces.iter().count(), 2);
            }).await;
            let expected = ["before find by id", "after find by id", "before load relations", "before find", "after find", "after load relations"];
            assert_eq!(told(&world).await, expected);
        }

        async fn trusted_code_runs_no_handler(world: World) {
            world.backend().run(async {
                repo::<Deal>().insert(new(10)).await.unwrap();
                Deal::query().include(|d| d.pieces).await.unwrap();
                repo::<Deal>().delete(10).await.unwrap();
            }).await;
            assert_eq!(told(&world).await, [""; 0]);
        }

        async fn an_after_handler_is_given_the_error(world: World) {
            world.for_(&ann()).run(async {
                repo::<Deal>().find_id(99).await.unwrap_err();
            }).await;
            assert_eq!(told(&world).await, ["before find by id", "failed find by id"], "a read has no transaction");
            world.for_(&ann()).run(async {
                assert!(repo::<Deal>().insert(new(1)).await.unwrap_err().is_conflict());
            }).await;
            assert_eq!(told(&world).await, [""; 0], "what handlers write is undone with the operation");
        }

        async fn the_guard_stands_before_the_handlers(world: World) {
            let refused = |error: Error| assert!(error.is_unauthenticated(), "{error}");
            world.nobody().run(async {
                refused(Deal::query().await.unwrap_err());
                refused(repo::<Deal>().insert(new(10)).await.unwrap_err());
                refused(repo::<Deal>().delete(1).await.unwrap_err());
            }).await;
            world.for_(&ann()).run(async {
                assert!(Deal::query().filter(|d| d.secret.eq("s3cret")).await.unwrap_err().is_invalid());
                assert!(repo::<Deal>().delete(4).await.unwrap_err().is_not_found());
                assert!(repo::<Deal>().update_many(|d| d.secret.eq("x"), |d| d.title.set("x")).await.unwrap_err().is_invalid());
            }).await;
            assert_eq!(told(&world).await, [""; 0]);
        }
    }
}

async fn changing(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Create, Deal>(async |request| {
            if request.item.title == "refused" {
                return Err(Error::invalid("Not this one.").with_status(418).with_code("teapot"));
            }
            if request.item.title == "answered" {
                return Ok(Next::Answer(Record::from(Deal { title: "never stored".into(), ..new(77) })));
            }
            if request.item.title == "sneaky" {
                request.item.total = 1;
            } else {
                request.item.total = request.item.amount * 2;
                request.trust(|d| d.total);
            }
            request.item.title.push('!');
            Ok(Next::Continue)
        })
        .after::<Create, Deal>(async |request, outcome| {
            if let Err(error) = outcome
                && error.is_conflict()
                && request.item.title == "instead!"
            {
                *outcome = repo::<Deal>().find_id(request.item.number).await;
            } else if let Ok(deal) = outcome
                && deal.title == "refused later!"
            {
                return Err(Error::forbidden("Later.").with_code("later"));
            }
            Ok(())
        })
        .before::<Find, Deal>(async |request| {
            request.query.filter_trusted(|d| d.archived.eq(false) & d.secret.ne("x"));
            request.query.order_by(|d| d.number.desc());
            Ok(Next::Continue)
        })
        .after::<Find, Deal>(async |request, outcome| {
            let found = outcome.as_mut().map_err(|error| error.clone())?;
            for deal in &mut found.items {
                assert!(deal.secret == "s3cret" || deal.number > 9, "handlers see rows as they are");
                deal.title = format!("{} of {}", deal.title, request.identity().map_or("", |who| &who.name));
            }
            found.total = found.total.map(|total| total + 100);
            Ok(())
        })
        .before::<Update, Deal>(async |request| {
            if request.item.changed(|d| d.amount) {
                let before = request.item.original().amount;
                audit(format!("{} -> {}", before, request.item.amount)).await?;
                request.item.total = request.item.amount * 2;
                request.trust(|d| d.total);
            }
            if request.item.title == "sneaky" {
                request.item.secret = "told".into();
            }
            if request.item.title == "close" {
                request.item.closed = true;
            }
            Ok(Next::Continue)
        })
        .before::<FindById, Deal>(async |request| {
            if request.id.to_string() == "500" {
                let mut deal = Record::from(Deal { secret: "handlers know".into(), ..new(500) });
                deal.title = "made up".into();
                return Ok(Next::Answer(deal));
            }
            if request.id.to_string() == "501" {
                request.id = Record::from(new(1)).id();
            }
            if request.id.to_string() == "502" {
                request.id = Record::from(new(4)).id();
            }
            Ok(Next::Continue)
        })
        .before::<UpdateMany, Deal>(async |request| {
            request.rows.filter(|d| d.number.ne(2));
            let title = request.set.get(|d| d.title)?;
            request.set.set(|d| d.title.set(format!("{}?", title.unwrap_or_default())));
            Ok(Next::Continue)
        })
        .before::<CreateMany, Deal>(async |request| {
            request.items.retain(|item| item.amount > 0);
            for item in &mut request.items {
                item.total = 9;
            }
            request.trust(|d| d.total);
            Ok(Next::Continue)
        })
        .before::<UpsertMany, Deal>(async |_| Ok(Next::Continue))
        .after::<Count, Deal>(async |_, outcome| {
            *outcome = Ok(42);
            Ok(())
        })
        .before::<Remove, Deal>(async |request| {
            if request.item.amount == 10 {
                return Ok(Next::Answer(Some(chrono::DateTime::UNIX_EPOCH)));
            }
            Ok(Next::Continue)
        })
        .after::<Remove, Deal>(async |request, outcome| {
            let when = outcome.as_ref().map_err(Clone::clone)?;
            assert!(
                when.is_some_and(|when| when > chrono::DateTime::UNIX_EPOCH),
                "remove's result is the time of deletion"
            );
            audit(format!("removed {}", request.id)).await
        })
        .after::<Find, Piece>(async |_, outcome| {
            let found = outcome.as_mut().map_err(|error| error.clone())?;
            found.items.retain(|piece| piece.id != 2);
            found.items.push(Record::from(Piece { id: 9, deal: 1, name: "put in".into(), cost: 3 }));
            Ok(())
        });
    world(way, handlers).await
}

promises! {
    in changing;

    async fn changing_the_request_feeds_the_operation(world: World) {
        world.for_(&ann()).run(async {
            let deal = repo::<Deal>().insert(new(10)).await.unwrap();
            assert_eq!((deal.title.as_str(), deal.total), ("new!", 10));
            let mut deal = Deal::query().filter(|d| d.number.eq(10)).await.unwrap().remove(0);
            deal.amount = 50;
            deal.save().await.unwrap();
            assert_eq!(deal.total, 100);
        }).await;
        assert_eq!(stored(&world, 10).await.unwrap().total, 100);
        assert_eq!(audits(&world).await, ["5 -> 50"]);
    }

    async fn the_query_can_be_changed(world: World) {
        let deals = world.for_(&ann()).run(async { Deal::query().order_by(|d| d.number.asc()).await.unwrap() }).await;
        assert_eq!(numbers(&deals), [2, 1], "narrowed by what the asker need not see, and in another order");
    }

    async fn an_answer_ends_it_there(world: World) {
        world.for_(&ann()).run(async {
            let deal = repo::<Deal>().insert(Deal { title: "answered".into(), ..new(10) }).await.unwrap();
            assert_eq!((deal.number, deal.title.as_str()), (77, "never stored"));
            repo::<Deal>().delete(1).await.unwrap();
        }).await;
        assert!(stored(&world, 10).await.is_none() && stored(&world, 77).await.is_none());
        assert!(stored(&world, 1).await.is_some(), "nothing was deleted");
        assert_eq!(audits(&world).await, [""; 0], "and the after handler was skipped");
    }

    async fn an_error_aborts_with_its_own_status_and_code(world: World) {
        let error = world.for_(&ann()).run(async {
            repo::<Deal>().insert(Deal { title: "refused".into(), ..new(10) }).await.unwrap_err()
        }).await;
        assert_eq!((error.status(), error.code(), error.message()), (418, Some("teapot"), "Not this one."));
        assert!(stored(&world, 10).await.is_none());
    }

    async fn an_after_handler_may_turn_an_error_into_a_result(world: World) {
        let deal = world.for_(&ann()).run(async {
            repo::<Deal>().insert(Deal { title: "instead".into(), ..new(1) }).await.unwrap()
        }).await;
        assert_eq!(deal.title, "deal 1");
    }

    async fn an_after_handler_may_raise_an_error_and_nothing_is_written(world: World) {
        let error = world.for_(&ann()).run(async {
            repo::<Deal>().insert(Deal { title: "refused later".into(), ..new(10) }).await.unwrap_err()
        }).await;
        assert_eq!((error.status(), error.code()), (403, Some("later")));
        assert!(stored(&world, 10).await.is_none());
    }

    async fn an_after_handler_changes_and_replaces_the_result(world: World) {
        world.for_(&ann()).run(async {
            let deals = Deal::query().filter(|d| d.number.eq(1)).await.unwrap();
            assert_eq!(deals.first().unwrap().title, "deal 1 of Ann");
            assert!(!deals.first().unwrap().is_changed());
            assert_eq!(repo::<Deal>().count().await.unwrap(), 42);
            let page = Deal::query().limit(1).paginate().with_total().await.unwrap();
            assert_eq!((numbers(&page.items), page.total), (vec![2], Some(102)), "its total when asked for");
            assert_eq!(numbers(&page.next().await.unwrap().unwrap().items), [1]);
        }).await;
        assert_eq!(stored(&world, 1).await.unwrap().title, "deal 1");
    }

    async fn what_a_handler_answers_shows_no_hidden_field(world: World) {
        world.for_(&ann()).run(async {
            let deal = repo::<Deal>().find_id(500).await.unwrap();
            assert_eq!((deal.title.as_str(), deal.secret.as_str()), ("made up", ""));
            let deals = Deal::query().filter(|d| d.number.eq(1)).include(|d| d.pieces).await.unwrap();
            let deal = deals.first().unwrap();
            assert_eq!(deal.secret, "");
            let pieces: Vec<_> = deal.pieces.iter().map(|piece| (piece.id, piece.cost)).collect();
            assert_eq!(pieces, [(1, 0), (9, 0)], "one was taken out, one put in, and no cost is told");
        }).await;
    }

    async fn the_id_can_be_changed_but_not_beyond_the_filter(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(repo::<Deal>().find_id(501).await.unwrap().number, 1);
            assert!(repo::<Deal>().find_id(502).await.unwrap_err().is_not_found(), "4 is closed");
        }).await;
    }

    async fn the_guard_is_asked_again_about_what_handlers_changed(world: World) {
        world.for_(&ann()).run(async {
            let sneaky = Deal { title: "sneaky".into(), ..new(10) };
            let error = repo::<Deal>().insert(sneaky).await.unwrap_err();
            assert!(error.is_forbidden() && error.message().contains("total"), "{error}");
            let error = repo::<Deal>().update(1, |d| d.title.set("sneaky")).await.unwrap_err();
            assert!(error.is_forbidden(), "{error}");
            let error = repo::<Deal>().update(1, |d| d.title.set("close")).await.unwrap_err();
            assert!(error.is_forbidden(), "a row is not put out of reach: {error}");
        }).await;
        assert!(stored(&world, 10).await.is_none());
        let one = stored(&world, 1).await.unwrap();
        assert_eq!((one.secret.as_str(), one.closed), ("s3cret", false));
    }

    async fn what_the_asker_may_not_write_stays_unwritten(world: World) {
        world.for_(&ann()).run(async {
            let deal = repo::<Deal>().insert(Deal { total: 1_000, ..new(10) }).await.unwrap();
            assert_eq!(deal.total, 10, "the handler's");
            let deal = repo::<Deal>().update(2, |d| (d.title.set("x"), d.total.set(1_000))).await.unwrap();
            assert_eq!((deal.title.as_str(), deal.total), ("x", 0));
        }).await;
    }

    async fn writes_of_many_rows_have_handlers_of_their_own(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(repo::<Deal>().update_many(|d| d.number.lt(4), |d| d.title.set("many")).await.unwrap(), 2);
            let rows = repo::<Deal>().insert_many([new(10), Deal { amount: 0, ..new(11) }, new(12)]).await.unwrap();
            let rows: Vec<_> = rows.iter().map(|deal| (deal.number, deal.total)).collect();
            assert_eq!(rows, [(10, 9), (12, 9)]);
        }).await;
        assert_eq!(stored(&world, 1).await.unwrap().title, "many?");
        assert_eq!(stored(&world, 2).await.unwrap().title, "deal 2");
        assert!(stored(&world, 11).await.is_none());
    }

    async fn a_removal_answers_the_time_of_it(world: World) {
        world.for_(&ann()).run(async { repo::<Deal>().delete(2).await.unwrap() }).await;
        assert_eq!(audits(&world).await, ["removed 2"]);
    }
}

mod which_runs {
    use super::*;

    async fn ranked(way: Way) -> World {
        let handlers = Handlers::new()
            .before_any::<Create>(async |request| {
                audit(format!("any {}", request.entity().map_or("", |entity| entity.key))).await?;
                Ok(Next::Continue)
            })
            .before::<Create, Deal>(async |_| {
                audit("deal").await?;
                Ok(Next::Continue)
            })
            .after_any::<Create>(async |_, _| audit("after any").await)
            .before_any::<Update>(async |_| {
                audit("any").await?;
                Ok(Next::Continue)
            })
            .before::<Update, Deal>(async |_| {
                audit("deal").await?;
                Ok(Next::Continue)
            })
            .chain::<Update, Deal>();
        world(way, handlers).await
    }

    promises! {
        in ranked;

        async fn the_handler_of_an_entity_wins_over_the_one_for_all(world: World) {
            world.for_(&ann()).run(async {
                repo::<Deal>().insert(new(10)).await.unwrap();
                repo::<Piece>().insert(Piece { id: 10, ..Piece::blank() }).await.unwrap();
            }).await;
            assert_eq!(audits(&world).await, ["deal", "after any", "any pieces", "after any"]);
        }

        async fn a_chain_runs_both_the_general_one_first(world: World) {
            world.for_(&ann()).run(async { repo::<Deal>().update(1, |d| d.title.set("x")).await.map(drop).unwrap() }).await;
            assert_eq!(audits(&world).await, ["any", "deal"]);
        }
    }
}

mod what_goes_wrong {
    use super::*;

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
}

mod detached {
    use super::*;

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
}

#[tokio::test]
async fn a_handler_sees_the_request_and_says_something_of_the_answer() {
    let handlers = Handlers::new()
        .before::<Create, Deal>(async |request| {
            let asked = request.header("X-Asked").unwrap_or_default().to_owned();
            let role = request.identity().is_some_and(|who| who.has_role("admin"));
            request
                .set_header("x-answered", &format!("{asked} {role} {}", request.entity().map_or("", |one| one.key)))?;
            request.set_status(202)?;
            Ok(Next::Continue)
        })
        .after::<Find, Deal>(async |request, _| request.set_header("x-depth", &request.query.depth().to_string()));
    let world = world(Way::InProcess, handlers).await;
    let body = json!({"number": 10, "title": "x"});
    let answer = world.post("/api/deals").by(&tests::admin()).header("x-asked", "yes").json(&body).send().await;
    assert_eq!(answer.header("x-answered"), "yes true deals");
    answer.ok(202);
    let answer = world.post("/api/deals").by(&ann()).json(&body).send().await;
    answer.refused_echoing(409, "number");
    let answer = world.get("/api/deals?_include=pieces&_limit=1").by(&ann()).send().await;
    assert_eq!(answer.header("x-depth"), "1");
}

#[tokio::test]
async fn the_wire_stays_as_it_is() {
    let handlers = Handlers::new()
        .after_any::<Find>(async |_, _| Ok(()))
        .after_any::<FindById>(async |_, _| Ok(()))
        .after_any::<FindFirst>(async |_, _| Ok(()))
        .after_any::<Create>(async |_, _| Ok(()))
        .after_any::<Update>(async |_, _| Ok(()))
        .after_any::<UpdateMany>(async |_, _| Ok(()))
        .after_any::<Group>(async |_, _| Ok(()))
        .after_any::<Remove>(async |_, _| Ok(()));
    let (with, without) = (world(Way::InProcess, handlers).await, world(Way::InProcess, Handlers::new()).await);
    let asked = [
        ("GET", "/api/deals", None),
        ("GET", "/api/deals?_select=title,number&_limit=1", None),
        ("GET", "/api/deals?_include=pieces", None),
        ("GET", "/api/deals?_cursor=&_limit=2&_total=true", None),
        ("GET", "/api/deals?__action=first&_sort=number&_order=desc", None),
        ("GET", "/api/deals/1", None),
        ("GET", "/api/deals/1?_include=pieces", None),
        ("GET", "/api/deals/4", None),
        ("POST", "/api/deals", Some(json!({"number": 10, "title": "x", "total": 7, "secret": "y"}))),
        ("PUT", "/api/deals/10", Some(json!({"title": "y", "total": 7, "version": 1}))),
        ("PUT", "/api/deals/10", Some(json!({"title": "z", "version": 1}))),
        ("PUT", "/api/deals/10", Some(json!({"title": "much longer than twenty letters"}))),
        ("PUT", "/api/deals?number.gt=9", Some(json!({"title": "z"}))),
        ("POST", "/api/deals?__action=groupBy", Some(json!({"groupBy": ["archived"], "sum": ["amount"]}))),
        ("DELETE", "/api/deals/10", None),
        ("DELETE", "/api/deals/10", None),
    ];
    for (method, address, body) in asked {
        let ask = async |world: &World| {
            let ask = world.ask(method, address).by(&ann());
            let ask = match &body {
                Some(body) => ask.json(body),
                None => ask,
            };
            let answer = ask.send().await;
            (answer.status, answer.header("etag").to_owned(), answer.text)
        };
        assert_eq!(ask(&with).await, ask(&without).await, "{method} {address}");
    }
}

#[tokio::test]
async fn two_handlers_for_the_same_event_and_entity_stop_the_start() {
    let handlers = || {
        Handlers::new().before::<Create, Deal>(async |_| Ok(Next::Continue)).after::<Create, Deal>(async |_, _| Ok(()))
    };
    assert!(handlers().for_entities(&all()).is_ok(), "before and after are two");
    let twice = handlers().before::<Create, Deal>(async |_| Ok(Next::Continue));
    let line = line!() - 1;
    let error = twice.for_entities(&all()).unwrap_err();
    assert!(error.message().contains("before create of deals"), "{error}");
    assert!(error.message().contains(&format!("handlers.rs:{line}")), "{error}");
    assert_eq!(error.message().matches("handlers.rs:").count(), 2, "both places: {error}");
    let database = world(Way::Direct, Handlers::new()).await.database;
    let error = isoform_server::Api::new(database).entities(all()).handlers(twice).into_router().unwrap_err();
    assert!(error.message().contains("Two handlers"), "{error}");
    let twice = Handlers::new()
        .after_any::<Find>(async |_, _| Ok(()))
        .and(Handlers::new().after_any::<Find>(async |_, _| Ok(())));
    assert!(twice.for_entities(&all()).unwrap_err().message().contains("find of *"));
}

#[tokio::test]
async fn a_handler_for_an_entity_that_is_not_served_stops_the_start() {
    let handlers = Handlers::new().before::<Create, Stranger>(async |_| Ok(Next::Continue));
    let error = handlers.for_entities(&all()).unwrap_err();
    assert!(error.message().contains("Stranger is not served") && error.message().contains("handlers.rs:"), "{error}");
    let error = Handlers::new().chain::<Create, Deal>().for_entities(&all()).unwrap_err();
    assert!(error.message().contains("there is no handler"), "{error}");
}

#[tokio::test]
async fn rendered_pages_run_them_too() {
    // A page asks in its request's context, in scope `Api`, without HTTP.
    let handlers = Handlers::new().before::<Find, Deal>(async |_| {
        Ok(Next::Answer(Collection::of(vec![Record::from(Deal { secret: "known".into(), ..new(5) })])))
    });
    let world = world(Way::Direct, handlers).await;
    let deals = world.for_(&ann()).run(async { Deal::query().await.unwrap() }).await;
    assert_eq!((numbers(&deals), deals.first().unwrap().secret.as_str()), (vec![5], ""));
}
