//! The data handlers around what is related: `AddRelation`, `SetRelation`, `RemoveRelation`; and what a request tells handlers.

use std::sync::{Arc, Mutex};

use isoform::future::BoxFuture;
use isoform::handlers::{
    AddRelation, Batch, Create, CreateMany, Find, Handlers, LoadRelations, Next, Remove, RemoveMany, RemoveRelation,
    SetRelation, UpsertMany,
};
use isoform::prelude::*;
use isoform::remote::{Request, Response, Transport};
use isoform::{Batch as Writes, IntoId as _};
use isoform_server::InProcess;
use serde_json::json;
use tests::entities_handled::{Audit, audit};
use tests::entities_relating::{Album, AlbumRelations as _, Loose, Mark, Marked, all};
use tests::{Way, World, admin, ann, bearer, bob, promises};

/// Albums 1, 2, and 3, which is secret; marks 1 to 4, and 9, which is private.
async fn filled(world: World) -> World {
    let fill = async {
        for (id, secret) in [(1, false), (2, false), (3, true)] {
            repo::<Album>()
                .insert(Album { id, title: format!("album {id}"), secret, code: "c0de".into(), ..Album::blank() })
                .await?;
        }
        let mark = |id: i64| Mark { id, name: format!("mark {id}"), private: id == 9, ..Mark::blank() };
        repo::<Mark>().insert_many([mark(1), mark(2), mark(3), mark(4), mark(9)]).await
    };
    world.backend().run(fill).await.unwrap();
    world
}

async fn plain(way: Way) -> World {
    filled(World::with(way, all()).await).await
}

async fn handled(way: Way, handlers: Handlers) -> World {
    filled(World::handled(way, all(), handlers).await).await
}

async fn album(id: i64) -> Record<Album> {
    repo::<Album>().find_id(id).await.unwrap()
}

async fn mark(id: i64) -> Record<Mark> {
    repo::<Mark>().find_id(id).await.unwrap()
}

/// An album that is no longer there.
async fn deleted() -> Record<Album> {
    let mut album = repo::<Album>().insert(Album { id: 5, ..Album::blank() }).await.unwrap();
    let gone = album.clone();
    album.delete().await.unwrap();
    gone
}

/// The marks of an album, as they are in the table.
async fn marks(world: &World, album: i64) -> Vec<i64> {
    let of_it = async { Marked::query().filter(|m| m.album_id.eq(album)).order_by(|m| m.mark_id.asc()).await.unwrap() };
    world.backend().run(of_it).await.iter().map(|marked| marked.mark_id).collect()
}

/// What handlers have noted; then it is forgotten.
async fn told(world: &World) -> Vec<String> {
    let all = async {
        let all = Audit::query().await.unwrap();
        repo::<Audit>().delete_many(|_| isoform::all()).await.unwrap();
        all
    };
    world.backend().run(all).await.iter().map(|audit| audit.entry.clone()).collect()
}

/// Notes each event, its relation and its ids.
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
        Create CreateMany UpsertMany Remove RemoveMany Batch AddRelation SetRelation RemoveRelation);
    handled(way, handlers).await
}

promises! {
    in listening;

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

promises! {
    in plain;

    async fn the_result_is_the_number_of_relations_changed(world: World) {
        world.for_(&ann()).run(async {
            let (album, one, two, three) = (album(1).await, mark(1).await, mark(2).await, mark(3).await);
            assert_eq!(album.marks().add(&one).await.unwrap(), 1);
            assert_eq!(album.marks().add(&one).await.unwrap(), 0);
            assert_eq!(album.marks().add_many([&one, &two, &two]).await.unwrap(), 1);
            assert_eq!(album.marks().add_many([]).await.unwrap(), 0);
            assert_eq!(album.marks().set([&two, &three]).await.unwrap(), 2, "one went, one came");
            assert_eq!(album.marks().set([&two, &three]).await.unwrap(), 0);
            assert_eq!(album.marks().remove_many([&one, &two, &three]).await.unwrap(), 2);
            assert_eq!(album.marks().remove(&three).await.unwrap(), 0);
        }).await;
        world.for_(&ann()).run(async { album(2).await.marks().add(&mark(1).await).await.unwrap() }).await;
        let by = world.backend().run(async { Marked::query().first().await.unwrap().unwrap().by.clone() }).await;
        assert_eq!(by, "ann", "hooks of the entity in between run as ever");
    }

    async fn the_row_whose_relation_it_is_has_to_be_there_for_the_asker(world: World) {
        let (secret, one) = world.backend().run(async { (album(3).await, mark(1).await) }).await;
        world.backend().run(async { secret.marks().add(&one).await.unwrap() }).await;
        let gone = world.backend().run(deleted()).await;
        world.for_(&ann()).run(async {
            for album in [&secret, &gone] {
                let marks = || album.marks();
                for absent in [marks().add(&one).await, marks().remove(&one).await, marks().set([]).await, marks().set([&one]).await] {
                    assert!(absent.as_ref().is_err_and(Error::is_not_found), "{absent:?}");
                }
            }
        }).await;
        assert_eq!(marks(&world, 3).await, [1], "nothing of it is changed");
        world.for_(&admin()).run(async { assert_eq!(secret.marks().remove(&one).await.unwrap(), 1) }).await;
    }

    async fn rows_at_the_other_end_are_reached_or_absent(world: World) {
        let (private, one) = world.backend().run(async { (mark(9).await, mark(1).await) }).await;
        let gone = Record::from(Mark { id: 77, ..Mark::blank() });
        world.for_(&ann()).run(async {
            let album = album(1).await;
            for other in [&private, &gone] {
                for refused in [album.marks().add(other).await, album.marks().set([&one, other]).await] {
                    let error = refused.unwrap_err();
                    assert_eq!((error.status(), error.code()), (409, Some("foreign_key")), "{error:?}");
                }
            }
            assert_eq!(album.marks().remove(&gone).await.unwrap(), 0);
            album.marks().add(&mark(2).await).await.unwrap();
            assert!(album.marks().set([&one, &private]).await.unwrap_err().is_conflict());
        }).await;
        assert_eq!(marks(&world, 1).await, [2], "what was removed before it is back");
        let who = admin();
        world.for_(&who).run(async {
            assert!(album(1).await.marks().set([&one, &gone]).await.unwrap_err().is_conflict());
        }).await;
        assert_eq!(marks(&world, 1).await, [2], "also for whom all rows are there");
    }

    async fn a_row_is_there_also_where_nobody_keeps_watch_over_its_key(world: World) {
        let (secret, one, two) = world.backend().run(async { (album(3).await, mark(1).await, mark(2).await) }).await;
        let gone = world.backend().run(deleted()).await;
        world.for_(&ann()).run(async {
            let album = album(1).await;
            assert_eq!(album.loose().add_many([&one, &two]).await.unwrap(), 2);
            assert_eq!(album.loose().add(&one).await.unwrap(), 0);
            assert_eq!(album.loose().set([&two]).await.unwrap(), 1);
            for album in [&secret, &gone] {
                assert!(album.loose().add(&one).await.unwrap_err().is_not_found());
                assert!(album.loose().set([&one]).await.unwrap_err().is_not_found());
                assert!(album.loose().remove(&one).await.unwrap_err().is_not_found());
            }
        }).await;
        assert_eq!(world.backend().run(Loose::query().count()).await.unwrap(), 1);
    }

    async fn a_relation_that_is_hidden_or_goes_by_a_hidden_key_is_unknown(world: World) {
        let one = world.backend().run(mark(1)).await;
        world.for_(&ann()).run(async {
            let album = album(1).await;
            for refused in [album.coded().add(&one).await, album.kept().set([&one]).await, album.coded().remove(&one).await] {
                let error = refused.unwrap_err();
                assert!(error.is_invalid() && error.message().contains("is not a field of albums"), "{error:?}");
            }
        }).await;
        world.for_(&admin()).run(async {
            let album = album(1).await;
            assert_eq!(album.coded().add(&one).await.unwrap(), 1);
            assert_eq!(album.kept().add(&one).await.unwrap(), 1);
        }).await;
    }

    async fn a_hook_of_the_entity_in_between_may_refuse_and_hidden_fields_are_not_told(world: World) {
        let add = async || album(2).await.marks().add_many([&mark(1).await, &mark(4).await]).await;
        let error = world.for_(&ann()).run(add()).await.unwrap_err();
        assert_eq!((error.status(), error.fields().len()), (400, 0), "{error:?}");
        assert!(!error.message().contains("secret reason"), "{error:?}");
        let who = admin();
        let error = world.for_(&who).run(add()).await.unwrap_err();
        assert!(error.status() == 400 && error.message().contains("secret reason"), "{error:?}");
        assert_eq!(marks(&world, 2).await, [0; 0], "all or none");
    }

    async fn relating_is_a_part_of_a_batch(world: World) {
        world.for_(&ann()).run(async {
            let mut batch = Writes::new();
            let _ = batch.repo::<Album>().insert(Album { id: 6, ..Album::blank() });
            batch.run().await.unwrap();
            let album = album(6).await;
            let refused = album.marks().insert(Mark { id: 7, name: "mark 1".into(), private: false, ..Mark::blank() }).await;
            assert!(refused.unwrap_err().is_conflict());
            let refused = album.marks().insert(Mark { id: 8, name: "a private one".into(), private: true, ..Mark::blank() }).await;
            assert!(refused.is_err(), "nobody puts a row out of their reach");
        }).await;
        assert_eq!(marks(&world, 6).await, [0; 0]);
        world.backend().run(async { assert_eq!(Mark::query().filter(|m| m.id.in_([7, 8])).count().await.unwrap(), 0) }).await;
    }
}

async fn deep(way: Way) -> World {
    let handlers = Handlers::new().before::<LoadRelations, Album>(async |request| {
        let mut names: Vec<_> = request.relations.iter().map(|one| one.relation.name).collect();
        names.sort_unstable();
        audit(format!("{} {} {}", request.id, names.join(" and "), request.depth())).await?;
        Ok(Next::Continue)
    });
    handled(way, handlers).await
}

promises! {
    in deep;

    async fn a_request_for_relations_carries_them_with_their_depth(world: World) {
        world.backend().run(async {
            repo::<Marked>().insert(Marked { album_id: 1, mark_id: 1, ..Marked::blank() }).await.unwrap();
        }).await;
        world.for_(&ann()).run(async {
            let mut one = album(1).await;
            one.load_relations(|a| a.include(|a| a.marks)).await.unwrap();
            assert_eq!(told(&world).await, ["1 marks 1"]);
            one.load_relations(|a| a.include_with(|a| a.marks, |m| m.include(|m| m.albums))).await.unwrap();
            assert_eq!(told(&world).await, ["1 marks 2"]);
            assert_eq!(one.marks.get(0).unwrap().albums.get(0).unwrap().id, 1);
            one.load_relations(|a| {
                a.include(|a| a.photos).include_with(|a| a.marks, |m| m.include_with(|m| m.albums, |a| a.include(|a| a.photos)))
            }).await.unwrap();
            assert_eq!(told(&world).await, ["1 marks and photos 3"]);
        }).await;
    }
}

#[tokio::test]
async fn a_request_over_rest_carries_relations_with_their_depth() {
    let world = deep(Way::InProcess).await;
    let asked = "/api/albums/1?__action=loadRelations&_include=marks.albums.photos,photos";
    assert_eq!(world.get(asked).by(&ann()).send().await.ok(200), json!({"marks": [], "photos": []}));
    assert_eq!(told(&world).await, ["1 marks and photos 3"]);
}

/// Notes which requests carry a key.
struct Noting {
    inner: Arc<dyn Transport>,
    keys: Arc<Mutex<Vec<bool>>>,
}

impl Transport for Noting {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        self.keys.lock().unwrap().push(request.headers.iter().any(|(name, _)| name == "idempotency-key"));
        self.inner.send(request)
    }
}

#[tokio::test]
async fn a_change_of_a_relation_that_no_answer_came_to_may_be_sent_again() {
    let world = plain(Way::InProcess).await;
    let keys = Arc::new(Mutex::new(Vec::new()));
    let noted = keys.clone();
    let remote = InProcess::remote(world.router.clone()).header("authorization", bearer(&ann()));
    let remote = remote.wrapped(|inner| Arc::new(Noting { inner, keys: noted }));
    Context::over(remote)
        .run(async {
            let mut album = album(1).await;
            album.load_relations(|a| a.include(|a| a.marks)).await.unwrap();
            let one = mark(1).await;
            album.marks().add(&one).await.unwrap();
            album.marks().set([]).await.unwrap();
            album.marks().remove(&one).await.unwrap();
        })
        .await;
    assert_eq!(*keys.lock().unwrap(), [false, false, false, true, true, true]);
}

/// Says which application it is.
fn naming() -> Handlers {
    Handlers::new().before::<Find, Mark>(async |request| {
        let mark = Mark { id: 1, name: request.application().to_owned(), private: false, ..Mark::blank() };
        Ok(Next::Answer(isoform::handlers::Collection::of(vec![Record::from(mark)])))
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_carries_the_application() {
    let name = async |context: Context| context.run(async { Mark::query().await.unwrap()[0].name.clone() }).await;
    for way in [Way::InProcess, Way::Socket] {
        let world = World::configured(way, |api| api.entities(all()).handlers(naming()).name("gallery")).await;
        assert_eq!(name(world.for_(&ann())).await, "gallery");
        let world = World::configured(way, |api| api.entities(all()).handlers(naming())).await;
        assert_eq!(name(world.for_(&ann())).await, "application", "unless it is named");
    }
    let world = World::handled(Way::Direct, all(), naming()).await;
    assert_eq!(name(world.for_(&ann()).with_application("gallery")).await, "gallery");
    assert_eq!(name(world.for_(&ann())).await, "application");
}

#[tokio::test]
async fn relations_are_changed_over_rest() {
    let world = plain(Way::InProcess).await;
    let change = async |action: &str, body: serde_json::Value| {
        world.post(&format!("/api/albums/1?__action={action}")).by(&ann()).json(&body).send().await
    };
    assert_eq!(change("addRelation", json!({"relation": "marks", "ids": [1, 2]})).await.ok(200), json!({"changed": 2}));
    assert_eq!(change("addRelation", json!({"relation": "marks", "ids": ["2"]})).await.ok(200), json!({"changed": 0}));
    assert_eq!(change("setRelation", json!({"relation": "marks", "ids": [2, 3]})).await.ok(200), json!({"changed": 2}));
    assert_eq!(
        change("removeRelation", json!({"relation": "marks", "ids": [3, 4]})).await.ok(200),
        json!({"changed": 1})
    );
    assert_eq!(marks(&world, 1).await, [2]);
    let steps = json!([
        {"insert": "marks", "set": {"id": 7, "name": "new"}},
        {"addRelation": "albums", "id": 1, "relation": "marks", "ids": [7]},
        {"removeRelation": "albums", "id": 1, "relation": "marks", "ids": [2]},
        {"setRelation": "albums", "id": 2, "relation": "marks", "ids": [1, 7]},
    ]);
    let done = world.post("/api/$batch").by(&ann()).json(&steps).send().await.ok(200);
    assert_eq!(done[1], json!({"changed": 1}));
    assert_eq!((&done[2], &done[3]), (&json!({"changed": 1}), &json!({"changed": 2})));
    assert_eq!((marks(&world, 1).await, marks(&world, 2).await), (vec![7], vec![1, 7]));
    let steps = json!([
        {"setRelation": "albums", "id": 1, "relation": "marks", "ids": []},
        {"addRelation": "albums", "id": 3, "relation": "marks", "ids": [1]},
    ]);
    let message = world.post("/api/$batch").by(&ann()).json(&steps).send().await.refused(404);
    assert!(message.starts_with("Operation 2: "), "{message}");
    assert_eq!(marks(&world, 1).await, [7], "all or none");
    // The same request once more is the same answer.
    let again = async || {
        let ask = world.post("/api/albums/1?__action=addRelation").by(&ann());
        let ask = ask.header("idempotency-key", "0123456789abcdef0123");
        ask.json(&json!({"relation": "marks", "ids": [4]})).send().await.ok(200)
    };
    assert_eq!((again().await, again().await), (json!({"changed": 1}), json!({"changed": 1})));
}

#[tokio::test]
async fn what_is_wrong_with_a_change_of_a_relation_is_said() {
    let world = plain(Way::InProcess).await;
    let ask = |id: &str, action: &str| world.post(&format!("/api/albums/{id}?__action={action}"));
    let good = json!({"relation": "marks", "ids": [1]});
    for action in ["addRelation", "setRelation", "removeRelation"] {
        for id in ["3", "77", "x", "1,2"] {
            ask(id, action).by(&ann()).json(&good).send().await.refused(404);
        }
        assert_eq!(marks(&world, 3).await, [0; 0]);
        ask("1", action).json(&good).send().await.refused(401);
        for (body, said) in [
            (json!({"relation": "mark", "ids": [1]}), "marks"),
            (json!({"relation": "kept", "ids": [1]}), "is not a field"),
            (json!({"relation": "coded", "ids": [1]}), "is not a field"),
            (json!({"relation": "title", "ids": [1]}), "is not a field"),
            (json!({"relation": "photos", "ids": [1]}), "no entity in between"),
            (json!({"relation": 1, "ids": [1]}), "\"relation\" must be the name"),
            (json!({"ids": [1]}), "\"relation\" must be the name"),
            (json!({"relation": "marks"}), "\"ids\" must be an array of ids of marks"),
            (json!({"relation": "marks", "ids": 1}), "\"ids\" must be an array of ids of marks"),
            (json!({"relation": "marks", "ids": [1, "x"]}), "\"ids\": number 2 must be"),
            (json!({"relation": "marks", "ids": [[1]]}), "\"ids\": number 1 must be"),
            (json!({"relation": "marks", "ids": [null]}), "\"ids\": number 1"),
            (json!({"relation": "marks", "ids": [1], "where": {}}), "\"where\" has no meaning here"),
            (json!([1]), "object"),
        ] {
            let message = ask("1", action).by(&ann()).json(&body).send().await.refused(400);
            assert!(message.contains(said), "{body}: {message}");
        }
        let many: Vec<_> = (1..=10_001).collect();
        let message =
            ask("1", action).by(&ann()).json(&json!({"relation": "marks", "ids": many})).send().await.refused(400);
        assert!(message.contains("10001 rows are more than the 10000"), "{message}");
        world.get(&format!("/api/albums/1?__action={action}")).by(&ann()).send().await.refused(405);
        world
            .post(&format!("/api/albums/1?__action={action}&_limit=1"))
            .by(&ann())
            .json(&good)
            .send()
            .await
            .refused(400);
        world
            .post(&format!("/api/albums/1?__action={action}&title=x"))
            .by(&ann())
            .json(&good)
            .send()
            .await
            .refused(400);
    }
    let foreign = ask("1", "addRelation").by(&ann()).json(&json!({"relation": "marks", "ids": [1, 9]})).send().await;
    foreign.refused(409);
    assert_eq!(foreign.json()["code"], "foreign_key");
    let refused = ask("1", "addRelation").by(&bob()).json(&good).send().await;
    refused.refused(403);
    let message = ask("1", "addRelations").by(&ann()).json(&good).send().await.refused_echoing(404, "1");
    assert!(!message.is_empty());
    let forged = ask("1", "addRelation").by(&ann()).header("origin", "https://evil.test").json(&good).send().await;
    forged.refused(403);
    assert_eq!(marks(&world, 1).await, [0; 0]);
}
