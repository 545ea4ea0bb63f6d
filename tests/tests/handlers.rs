//! Data handlers: what runs before and after the operations that the API is asked for.

use isoform::handlers::{
    Count, Create, CreateMany, Find, FindById, Handlers, Next, Remove, Update, UpdateMany, UpsertMany,
};
use isoform::prelude::*;
use isoform::{Batch as Writes, Upsert};
use tests::entities_handled::{Deal, Piece, audit};
use tests::handled::{audits, listening, new, numbers, stored, told, world};
use tests::{Way, World, ann, promises};

mod every_event {
    use super::*;

    async fn listened(way: Way) -> World {
        world(way, listening(|_| true)).await
    }

    promises! {
        in listened;

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
