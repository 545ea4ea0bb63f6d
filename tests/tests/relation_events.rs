//! The data handlers around what is related: `AddRelation`, `SetRelation`, `RemoveRelation`.

use isoform::IntoId as _;
use isoform::handlers::{AddRelation, EventKind, Handlers, Next, RemoveRelation, SetRelation};
use isoform::prelude::*;
use tests::entities_handled::audit;
use tests::entities_relating::{Album, AlbumRelations as _, Mark, Marked, album, all, filled, mark, marks};
use tests::handled::{listening, told};
use tests::{Way, World, admin, ann, bob, promises};

async fn handled(way: Way, handlers: Handlers) -> World {
    filled(World::handled(way, all(), handlers).await).await
}

/// Notes each event but those of what is only read.
async fn listened(way: Way) -> World {
    handled(way, listening(|kind| !matches!(kind, EventKind::Find | EventKind::FindById))).await
}

promises! {
    in listened;

    async fn there_is_a_before_and_an_after_for_add_set_and_remove_relation(world: World) {
        let around = |event: &str| vec![format!("before {event}"), format!("after {event}")];
        let (one, two, three) = world.backend().run(async { (mark(1).await, mark(2).await, mark(3).await) }).await;
        world.for_(&ann()).run(async {
            let album = album(1).await;
            assert_eq!(album.marks().add(&one).await.unwrap(), 1);
            assert_eq!(told(&world).await, around("add relation"), "once, and nothing of the entity in between");
            assert_eq!(album.marks().add_many([&one, &two]).await.unwrap(), 1);
            assert_eq!(told(&world).await, around("add relation"));
            assert_eq!(album.marks().set([&two, &three]).await.unwrap(), 2);
            assert_eq!(told(&world).await, around("set relation"));
            assert_eq!(album.marks().remove(&two).await.unwrap(), 1);
            assert_eq!(told(&world).await, around("remove relation"));
            assert_eq!(album.marks().set([]).await.unwrap(), 1);
            assert_eq!(told(&world).await, around("set relation"));
        }).await;
        assert_eq!(marks(&world, 1).await, [0; 0]);
    }

    async fn a_row_that_is_inserted_and_related_runs_both_events(world: World) {
        world.for_(&ann()).run(async {
            album(1).await.marks().insert(Mark { id: 7, name: "new".into(), private: false, ..Mark::blank() }).await.unwrap();
        }).await;
        let expected = [
            "before batch", "before create", "after create", "before add relation", "after add relation", "after batch",
        ];
        assert_eq!(told(&world).await, expected);
        assert_eq!(marks(&world, 1).await, [7]);
    }

    async fn rows_in_between_that_are_asked_for_by_their_own_name_have_their_own_events(world: World) {
        world.for_(&ann()).run(async {
            repo::<Marked>().insert(Marked { album_id: 1, mark_id: 1, ..Marked::blank() }).await.unwrap();
        }).await;
        assert_eq!(told(&world).await, ["before create", "after create"]);
    }

    async fn trusted_code_that_relates_runs_no_handler(world: World) {
        world.backend().run(async {
            let album = album(1).await;
            album.marks().add(&mark(9).await).await.unwrap();
            album.marks().set([&mark(1).await]).await.unwrap();
            album.marks().remove(&mark(1).await).await.unwrap();
        }).await;
        assert_eq!(told(&world).await, [""; 0]);
    }

    async fn a_change_that_is_refused_leaves_nothing_of_its_handlers(world: World) {
        let (open, one) = world.backend().run(async { (album(1).await, mark(1).await) }).await;
        world.for_(&bob()).run(async {
            // The rule of the entity in between judges the row that would be.
            assert!(open.marks().add(&one).await.unwrap_err().is_forbidden());
        }).await;
        assert_eq!(told(&world).await, [""; 0]);
        assert_eq!(marks(&world, 1).await, [0; 0]);
    }
}

/// Answers whoever comes so far.
async fn answering(way: Way) -> World {
    let handlers = Handlers::new()
        .before_any::<AddRelation>(async |_| Ok(Next::Answer(7)))
        .before_any::<SetRelation>(async |_| Ok(Next::Answer(7)))
        .before_any::<RemoveRelation>(async |_| Ok(Next::Answer(7)));
    handled(way, handlers).await
}

promises! {
    in answering;

    async fn whom_the_guard_refuses_no_handler_answers(world: World) {
        let (open, secret) = world.backend().run(async { (album(1).await, album(3).await) }).await;
        let (one, private) = world.backend().run(async { (mark(1).await, mark(9).await) }).await;
        let each = async |album: &Record<Album>, mark: &Record<Mark>| {
            let marks = || album.marks();
            [marks().add(mark).await, marks().set([mark]).await, marks().set([]).await, marks().remove(mark).await]
        };
        world.nobody().run(async {
            assert!(each(&open, &one).await.iter().all(|one| one.as_ref().is_err_and(Error::is_unauthenticated)));
        }).await;
        world.for_(&ann()).run(async {
            assert!(each(&open, &one).await.iter().all(|one| *one == Ok(7)));
            assert!(each(&secret, &one).await.iter().all(|one| one.as_ref().is_err_and(Error::is_not_found)));
            let [add, set, none, remove] = each(&open, &private).await;
            assert!(add.unwrap_err().is_conflict() && set.unwrap_err().is_conflict());
            assert_eq!((none, remove), (Ok(7), Ok(7)), "nothing is told of what is removed");
            assert!(open.kept().add(&one).await.unwrap_err().is_invalid() && open.coded().set([]).await.unwrap_err().is_invalid());
        }).await;
        assert_eq!(marks(&world, 1).await, [0; 0]);
    }
}

/// What the handlers make of what is asked goes by the ids.
async fn changing(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<AddRelation, Album>(async |request| {
            assert!(request.is_of(|a| a.marks) && !request.is_of(|a| a.kept));
            assert_eq!((request.relation().name, request.entity().map(|entity| entity.key)), ("marks", Some("albums")));
            assert_eq!((request.id.to_string(), request.item.code.as_str()), (request.item.id.to_string(), "c0de"));
            let asked: Vec<_> = request.others.iter().map(ToString::to_string).collect();
            match asked.join(" ").as_str() {
                "1" => request.others.push(2_i64.into_id()),
                "2" => request.others = vec![9_i64.into_id()],
                "1 2" => request.id = 2_i64.into_id(),
                "1 3" => request.id = 3_i64.into_id(),
                "3" => return Ok(Next::Answer(42)),
                "4" => return Err(Error::invalid("Not four.").with_status(418).with_code("teapot")),
                "4 4" => request.others = vec!["four".to_owned().into_id()],
                "3 4" => request.others.clear(),
                _ => {}
            }
            audit(format!("{} gets {}", request.id, asked.join(" "))).await?;
            Ok(Next::Continue)
        })
        .after::<AddRelation, Album>(async |request, outcome| {
            audit(format!("{} related", outcome.as_ref().map_or(0, |count| *count))).await?;
            if let Err(error) = outcome
                && error.is_conflict()
                && request.others.len() == 3
            {
                *outcome = Ok(0);
            }
            Ok(())
        })
        .before::<SetRelation, Album>(async |request| {
            request.others.retain(|id| *id != 1_i64.into_id());
            Ok(Next::Continue)
        })
        .after::<SetRelation, Album>(async |_, outcome| {
            *outcome = outcome.clone().map(|count| count + 100);
            Ok(())
        })
        .after::<RemoveRelation, Album>(async |_, _| Err(Error::forbidden("Nothing goes.").with_code("kept")));
    handled(way, handlers).await
}

promises! {
    in changing;

    async fn what_handlers_make_of_the_ids_is_what_is_related(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(album(1).await.marks().add(&mark(1).await).await.unwrap(), 2);
            assert_eq!(marks(&world, 1).await, [1, 2], "one more than was asked for");
            assert_eq!(told(&world).await, ["1 gets 1", "2 related"]);
            assert_eq!(album(1).await.marks().add_many([&mark(1).await, &mark(2).await]).await.unwrap(), 2);
            assert_eq!(marks(&world, 2).await, [1, 2], "of another album");
            assert_eq!(album(1).await.marks().add_many([&mark(3).await, &mark(4).await]).await.unwrap(), 0);
            assert_eq!(album(1).await.marks().set([&mark(1).await, &mark(3).await]).await.unwrap(), 103);
            assert_eq!(marks(&world, 1).await, [3]);
        }).await;
    }

    async fn an_answered_number_ends_it_there(world: World) {
        let answered = world.for_(&ann()).run(async { album(1).await.marks().add(&mark(3).await).await.unwrap() }).await;
        assert_eq!((answered, marks(&world, 1).await, told(&world).await), (42, vec![], vec![]));
    }

    async fn an_error_of_a_relations_handler_aborts_with_its_own_status_and_code(world: World) {
        let error = world.for_(&ann()).run(async { album(1).await.marks().add(&mark(4).await).await.unwrap_err() }).await;
        assert_eq!((error.status(), error.code(), error.message()), (418, Some("teapot"), "Not four."));
        assert_eq!((marks(&world, 1).await, told(&world).await), (vec![], vec![]));
    }

    async fn after_is_given_the_number_or_the_error_and_may_make_one_of_the_other(world: World) {
        // For whom all rows are there the database says that one is not, after the handlers.
        let who = admin();
        world.for_(&who).run(async {
            let gone = Record::from(Mark { id: 77, name: "gone".into(), ..Mark::blank() });
            let added = album(1).await.marks().add_many([&mark(1).await, &mark(2).await, &gone]).await;
            assert_eq!(added.unwrap(), 0, "the conflict became a number");
        }).await;
        assert_eq!(marks(&world, 1).await, [0; 0], "and what was related before it was undone");
        assert_eq!(told(&world).await, ["1 gets 1 2 77", "0 related"]);
        world.for_(&ann()).run(async {
            let album = album(1).await;
            world.backend().run(async { album.marks().add(&mark(1).await).await.unwrap() }).await;
            let error = album.marks().remove(&mark(1).await).await.unwrap_err();
            assert_eq!((error.status(), error.code()), (403, Some("kept")));
            assert_eq!(marks(&world, 1).await, [1], "it is undone");
        }).await;
    }

    async fn the_guard_is_asked_again_about_what_handlers_made_of_a_relation(world: World) {
        world.for_(&ann()).run(async {
            let album = album(1).await;
            let error = album.marks().add(&mark(2).await).await.unwrap_err();
            assert!(error.is_conflict(), "a private mark: {error:?}");
            let error = album.marks().add_many([&mark(1).await, &mark(3).await]).await.unwrap_err();
            assert!(error.is_not_found(), "a secret album: {error:?}");
            let error = album.marks().add_many([&mark(4).await, &mark(4).await]).await.unwrap_err();
            assert!(error.status() >= 400, "an id of another type: {error:?}");
        }).await;
        assert_eq!((marks(&world, 1).await, marks(&world, 3).await), (vec![], vec![]));
        assert_eq!(told(&world).await, [""; 0]);
        let who = admin();
        world.for_(&who).run(async { album(1).await.marks().add(&mark(2).await).await.unwrap() }).await;
        assert_eq!(marks(&world, 1).await, [9], "whoever may reach it");
    }
}
