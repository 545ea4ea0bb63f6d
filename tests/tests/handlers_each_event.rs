//! What handlers may do, of each event: answer instead, abort, replace, mend and raise; and what of a request they may change.

use isoform::handlers::{
    AddRelation, Collection, Count, Create, CreateMany, Describe, Event, EventKind, Find, FindById, FindFirst,
    FindLast, Group, Handlers, LoadRelations, Next, Remove, RemoveMany, RemoveRelation, RunBatch, SetRelation, Update,
    UpdateMany, UpsertMany,
};
use isoform::operations::Done;
use isoform::prelude::*;
use isoform::{Batch as Writes, Id, IntoId as _, Upsert, Value};
use tests::entities_handled::{self, Deal, Piece, audit};
use tests::entities_relating::{self, Album, AlbumRelations as _, Mark, Marked};
use tests::handled::{audits, new, numbers, told};
use tests::{Way, World, promises};

/// The identity that wants handlers to do something.
fn who(wants: &str) -> Identity {
    Identity::new(wants, wants)
}

fn wants(context: &Context) -> &str {
    context.identity().map_or("", |who| &who.id)
}

fn early() -> Error {
    Error::invalid("Not so early.").with_status(418).with_code("early")
}

fn late() -> Error {
    Error::invalid("Too late.").with_status(419).with_code("late")
}

/// A deal that is in no table.
fn made() -> Record<Deal> {
    Record::from(Deal { number: 77, title: "made up".into(), secret: "s3cret".into(), ..Deal::blank() })
}

/// The second deal, with its pieces.
async fn second() -> Result<Record<Deal>> {
    let found = Deal::query().filter(|d| d.number.eq(2)).include(|d| d.pieces).first().await?;
    found.ok_or_else(|| Error::internal("it is there"))
}

async fn described() -> Result<isoform::describe::Description> {
    let mut described = repo::<Deal>().describe().await?;
    described.label = "77".into();
    Ok(described)
}

fn nowhere() -> Id {
    99_i64.into_id()
}

/// Handlers around events of an entity. What they answer of their own is told by `77`; what spoils the request lets the operation fail.
macro_rules! each {
    ($handlers:expr, $before:ident, $after:ident, $detached:ident;
        $($event:ident($($entity:ident)?) => $answer:expr, spoilt by |$request:ident| $spoil:expr;)+) => {
        $handlers$(
            .$before::<$event $(, $entity)?>(async |$request| {
                match wants(&$request.context) {
                    "answer" => return Ok(Next::Answer($answer)),
                    "refuse" => return Err(early()),
                    "mend" => $spoil,
                    _ => {}
                }
                Ok(Next::Continue)
            })
            .$after::<$event $(, $entity)?>(async |request, outcome| {
                match wants(&request.context) {
                    "replace" => {
                        assert!(outcome.is_ok(), "{}", request.kind());
                        *outcome = Ok($answer);
                    }
                    "mend" => {
                        // A description cannot be made to fail.
                        assert!(outcome.is_err() || $event::KIND == EventKind::Describe);
                        *outcome = Ok($answer);
                    }
                    "raise" => return Err(late()),
                    wants @ ("answer" | "refuse") => audit(format!("after {} of {wants}", request.kind())).await?,
                    _ => {}
                }
                Ok(())
            })
            .$detached::<$event $(, $entity)?>(async |request, _| {
                match wants(&request.context) {
                    wants @ ("answer" | "refuse") => audit(format!("detached {} of {wants}", request.kind())).await,
                    _ => Ok(()),
                }
            })
        )+
    };
}

async fn filled(way: Way, handlers: Handlers) -> World {
    let all = entities_handled::all().and(entities![Album, Mark, Marked, entities_relating::Loose]);
    let world =
        World::handled(way, all.and(entities![entities_relating::Coded, entities_relating::Photo]), handlers).await;
    let insert = async {
        let deal = |number: i64| Deal { number, title: format!("deal {number}"), amount: number * 10, ..Deal::blank() };
        repo::<Deal>().insert_many([1, 2, 3].map(deal)).await?;
        let piece = |id, deal| Piece { id, deal, name: format!("piece {id}"), cost: 7 };
        repo::<Piece>().insert_many([piece(1, 1), piece(2, 1), piece(77, 2)]).await?;
        repo::<Album>().insert(Album { id: 1, title: "one".into(), ..Album::blank() }).await?;
        let mark = |id: i64| Mark { id, name: format!("mark {id}"), ..Mark::blank() };
        repo::<Mark>().insert_many([1, 2].map(mark)).await
    };
    world.backend().run(insert).await.unwrap();
    world
}

async fn obliging(way: Way) -> World {
    let handlers = each! {
        Handlers::new(), before, after, after_detached;
        Create(Deal) => made(), spoilt by |request| request.item.number = 1;
        CreateMany(Deal) => vec![made()], spoilt by |request| request.items[0].number = 1;
        FindById(Deal) => made(), spoilt by |request| request.id = nowhere();
        Find(Deal) => Collection::of(vec![made()]), spoilt by |request| request.query.filter(|d| d.secret.eq("x"));
        FindFirst(Deal) => Some(made()), spoilt by |request| request.query.filter(|d| d.secret.eq("x"));
        FindLast(Deal) => Some(made()), spoilt by |request| request.query.filter(|d| d.secret.eq("x"));
        LoadRelations(Deal) => second().await?, spoilt by |request| request.id = nowhere();
        Describe(Deal) => described().await?, spoilt by |_request| ();
        Count(Deal) => 77, spoilt by |request| request.rows.filter(|d| d.secret.eq("x"));
        Group(Deal) => vec![vec![Value::Int(77), Value::Int(77)]], spoilt by |request| request.rows.filter(|d| d.secret.eq("x"));
        Update(Deal) => made(), spoilt by |request| request.item.title = "much longer than twenty letters".into();
        UpdateMany(Deal) => 77, spoilt by |request| request.set.set(|d| d.title.set("much longer than twenty letters"));
        UpsertMany(Deal) => vec![made()], spoilt by |request| request.rows[0].by.clear();
        Remove(Deal) => None, spoilt by |request| request.id = nowhere();
        RemoveMany(Deal) => 77, spoilt by |request| request.rows.filter(|d| d.secret.eq("x"));
    };
    let handlers = each! {
        handlers, before, after, after_detached;
        AddRelation(Album) => 77, spoilt by |request| request.id = nowhere();
        SetRelation(Album) => 77, spoilt by |request| request.id = nowhere();
        RemoveRelation(Album) => 77, spoilt by |request| request.id = nowhere();
    };
    let handlers = each! {
        handlers, before_any, after_any, after_any_detached;
        RunBatch() => vec![Done::Count(77)], spoilt by |request| request.steps.clear();
    };
    filled(way, handlers).await
}

/// Asks for what an event is about, and tells what was answered.
async fn ask(world: &World, event: EventKind) -> Result<String> {
    let known = async || world.backend().run(async { repo::<Deal>().find_id(1).await.unwrap() }).await;
    let album = async || world.backend().run(async { repo::<Album>().find_id(1).await.unwrap() }).await;
    let mark = async || world.backend().run(async { repo::<Mark>().find_id(1).await.unwrap() }).await;
    let all = |deals: Vec<Record<Deal>>| format!("{:?}", numbers(&deals));
    let end = |deal: Option<Record<Deal>>| deal.map_or_else(String::new, |deal| deal.number.to_string());
    Ok(match event {
        EventKind::Create => repo::<Deal>().insert(new(10)).await?.number.to_string(),
        EventKind::CreateMany => all(repo::<Deal>().insert_many([new(20), new(21)]).await?),
        EventKind::FindById => repo::<Deal>().find_id(1).await?.number.to_string(),
        EventKind::Find => all(Deal::query().filter(|d| d.number.lt(3)).await?),
        EventKind::FindFirst => end(Deal::query().first().await?),
        EventKind::FindLast => end(Deal::query().filter(|d| d.number.lt(4)).last().await?),
        EventKind::LoadRelations => {
            let mut deal = known().await;
            deal.load_relations(|d| d.include(|d| d.pieces)).await?;
            format!("{:?}", deal.pieces.iter().map(|piece| piece.id).collect::<Vec<_>>())
        }
        EventKind::Describe => repo::<Deal>().describe().await?.label,
        EventKind::Count => Deal::query().filter(|d| d.number.lt(4)).count().await?.to_string(),
        EventKind::Group => {
            let sum = Deal::query().filter(|d| d.number.lt(4)).aggregate(|d| d.amount.sum()).await?;
            sum.map_or_else(String::new, |sum| sum.to_string())
        }
        EventKind::Update => {
            let mut deal = known().await;
            deal.title.push('!');
            deal.save().await?;
            deal.number.to_string()
        }
        EventKind::UpdateMany => {
            repo::<Deal>().update_many(|d| d.number.lt(3), |d| d.title.set("many")).await?.to_string()
        }
        EventKind::UpsertMany => {
            let row = Upsert::<Deal>::by(|d| d.number.set(30)).set(|d| d.title.set("upsert"));
            all(repo::<Deal>().upsert_many([row]).await?)
        }
        EventKind::Remove => repo::<Deal>().delete(1).await?.to_string(),
        EventKind::RemoveMany => repo::<Deal>().delete_many(|d| d.number.lt(3)).await?.to_string(),
        EventKind::AddRelation => album().await.marks().add(&mark().await).await?.to_string(),
        EventKind::SetRelation => album().await.marks().set([&mark().await]).await?.to_string(),
        EventKind::RemoveRelation => album().await.marks().remove(&mark().await).await?.to_string(),
        EventKind::RunBatch => {
            let mut batch = Writes::new();
            let changed = batch.repo::<Deal>().update_many(|d| d.number.lt(3), |d| d.title.set("batch"));
            batch.run().await?.count(changed)?.to_string()
        }
        other => panic!("{other} is asked by nothing"),
    })
}

/// What an event answers by itself, and what its handlers answer of their own.
fn answers(event: EventKind) -> (&'static str, &'static str) {
    match event {
        EventKind::Create => ("10", "77"),
        EventKind::CreateMany => ("[20, 21]", "[77]"),
        EventKind::FindById | EventKind::FindFirst | EventKind::Update => ("1", "77"),
        EventKind::Find => ("[1, 2]", "[77]"),
        EventKind::FindLast | EventKind::Count => ("3", "77"),
        EventKind::LoadRelations => ("[1, 2]", "[77]"),
        EventKind::Describe => ("Deals", "77"),
        EventKind::Group => ("60", "77"),
        EventKind::UpsertMany => ("[30]", "[77]"),
        EventKind::Remove => ("true", "false"),
        EventKind::UpdateMany | EventKind::RemoveMany | EventKind::RunBatch => ("2", "77"),
        _ => ("1", "77"),
    }
}

/// All that an operation could have written.
async fn tables(world: &World) -> (Vec<(i64, String)>, u64) {
    let both = async {
        let deals = Deal::query().order_by(|d| d.number.asc()).await?;
        let deals = deals.iter().map(|deal| (deal.number, deal.title.clone())).collect();
        Ok::<_, Error>((deals, repo::<Marked>().count().await?))
    };
    world.backend().run(both).await.unwrap()
}

/// Relates the album and its mark, so that something can be undone of it.
async fn related(world: &World, event: EventKind) {
    if event == EventKind::RemoveRelation {
        let row = Marked { album_id: 1, mark_id: 1, ..Marked::blank() };
        world.backend().run(async { repo::<Marked>().insert(row).await.map(drop) }).await.ok();
    }
}

/// In a world of its own for each event, what is answered where handlers are wanted to do something; and whether anything was written.
async fn of_each(world: &World, way: Way, wanted: &str, check: impl Fn(EventKind, Result<String>, bool)) {
    // The world of the promise is that of the first.
    let mut world = world.clone();
    for event in EventKind::ALL {
        related(&world, *event).await;
        let before = tables(&world).await;
        let answer = world.for_(&who(wanted)).run(ask(&world, *event)).await;
        let is_written = tables(&world).await != before;
        check(*event, answer, is_written);
        if is_written {
            world = obliging(way).await;
        }
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(audits(&world).await, [""; 0], "{wanted}");
}

fn writes(event: EventKind) -> bool {
    !matches!(
        event,
        EventKind::FindById
            | EventKind::Find
            | EventKind::FindFirst
            | EventKind::FindLast
            | EventKind::LoadRelations
            | EventKind::Describe
            | EventKind::Count
            | EventKind::Group
    )
}

promises! {
    in obliging;

    async fn each_event_goes_on_where_nothing_is_wanted(world: World) {
        of_each(&world, world.way(), "nothing", |event, answer, is_written| {
            assert_eq!((answer, is_written), (Ok(answers(event).0.into()), writes(event)), "{event}");
        }).await;
    }

    async fn of_each_event_an_answer_ends_it_there(world: World) {
        of_each(&world, world.way(), "answer", |event, answer, is_written| {
            assert_eq!((answer, is_written), (Ok(answers(event).1.into()), false), "{event}");
        }).await;
    }

    async fn of_each_event_an_error_before_aborts_it(world: World) {
        of_each(&world, world.way(), "refuse", |event, answer, is_written| {
            let error = answer.unwrap_err();
            assert_eq!((error.status(), error.code(), is_written), (418, Some("early"), false), "{event}");
        }).await;
    }

    async fn of_each_event_an_after_handler_replaces_the_result(world: World) {
        of_each(&world, world.way(), "replace", |event, answer, is_written| {
            assert_eq!((answer, is_written), (Ok(answers(event).1.into()), writes(event)), "{event}");
        }).await;
    }

    async fn of_each_event_an_after_handler_makes_a_result_of_an_error(world: World) {
        of_each(&world, world.way(), "mend", |event, answer, is_written| {
            assert_eq!((answer, is_written), (Ok(answers(event).1.into()), false), "{event}");
        }).await;
    }

    async fn of_each_event_an_after_handler_raises_an_error_and_nothing_is_written(world: World) {
        of_each(&world, world.way(), "raise", |event, answer, is_written| {
            let error = answer.unwrap_err();
            assert_eq!((error.status(), error.code(), is_written), (419, Some("late"), false), "{event}");
        }).await;
    }
}

/// Changes parts of requests, as whoever asks wants it.
async fn changing(way: Way) -> World {
    macro_rules! changed {
        ($handlers:expr; $($event:ident)+) => {
            $handlers$(
                .before::<$event, Deal>(async |request| {
                    match wants(&request.context) {
                        "filter" => request.query.filter(|d| d.amount.gt(15)),
                        "trusted filter" => request.query.filter_trusted(|d| d.secret.ne("s3cret") & d.amount.gt(15)),
                        "another filter" => request.query.replace_filter(|d| d.number.eq(2)),
                        "sort" => request.query.order_by(|d| d.amount.desc()),
                        "page" => (request.query.find.limit, request.query.find.offset) = (Some(2), 1),
                        "properties" => request.query.select(|d| (d.number, d.amount)),
                        "include" => request.query.include(|d| d.pieces),
                        _ => {}
                    }
                    Ok(Next::Continue)
                })
            )+
        };
    }
    let handlers = changed!(Handlers::new(); FindById FindFirst FindLast)
        .before::<Count, Deal>(async |request| {
            match wants(&request.context) {
                "filter" => request.rows.filter(|d| d.amount.gt(15)),
                "trusted filter" => request.rows.filter_trusted(|d| d.secret.ne("s3cret") & d.amount.gt(15)),
                "another filter" => request.rows.replace(Deal::filter(|d| d.number.eq(2)).into_condition()),
                _ => {}
            }
            Ok(Next::Continue)
        })
        .before::<Group, Deal>(async |request| {
            match wants(&request.context) {
                "filter" => request.rows.filter(|d| d.amount.gt(15)),
                "trusted filter" => request.rows.filter_trusted(|d| d.secret.ne("s3cret") & d.amount.gt(15)),
                "another filter" => request.rows.replace(Deal::filter(|d| d.number.eq(2)).into_condition()),
                "sort" => request.question.order.iter_mut().for_each(|(_, way)| *way = isoform::meta::Direction::Desc),
                "page" => (request.question.limit, request.question.offset) = (Some(1), 1),
                "measures" => request.question.measures.truncate(1),
                _ => {}
            }
            Ok(Next::Continue)
        })
        .before::<RemoveMany, Deal>(async |request| {
            match wants(&request.context) {
                "filter" => request.rows.filter(|d| d.amount.gt(15)),
                "trusted filter" => request.rows.filter_trusted(|d| d.secret.ne("s3cret") & d.amount.gt(15)),
                "another filter" => request.rows.replace(Deal::filter(|d| d.number.eq(2)).into_condition()),
                _ => {}
            }
            Ok(Next::Continue)
        });
    filled(way, handlers).await
}

promises! {
    in changing;

    async fn the_question_by_id_can_be_changed_in_all_its_parts(world: World) {
        let asked = async |wanted: &str, id: i64| world.for_(&who(wanted)).run(async { repo::<Deal>().find_id(id).await }).await;
        assert_eq!(asked("nothing", 1).await.unwrap().title, "deal 1");
        for filter in ["filter", "trusted filter", "another filter"] {
            assert!(asked(filter, 1).await.unwrap_err().is_not_found(), "{filter}");
            assert_eq!(asked(filter, 2).await.unwrap().number, 2, "{filter}");
        }
        let deal = asked("properties", 2).await.unwrap();
        assert_eq!((deal.title.as_str(), deal.amount), ("", 20));
        assert_eq!(asked("include", 2).await.unwrap().pieces.get(0).unwrap().id, 77);
        assert_eq!(asked("page", 2).await.unwrap_err().status(), 404, "behind it there is none");
    }

    async fn the_questions_for_the_first_and_the_last_row_can_be_changed_in_all_their_parts(world: World) {
        let asked = async |wanted: &str| world.for_(&who(wanted)).run(async {
            (Deal::query().first().await.unwrap().unwrap(), Deal::query().last().await.unwrap().unwrap())
        }).await;
        let ends = async |wanted: &str| {
            let (first, last) = asked(wanted).await;
            (first.number, last.number)
        };
        assert_eq!(ends("nothing").await, (1, 3));
        assert_eq!(ends("filter").await, (2, 3));
        assert_eq!(ends("trusted filter").await, (2, 3));
        assert_eq!(ends("another filter").await, (2, 2));
        assert_eq!(ends("sort").await, (3, 1));
        assert_eq!(ends("page").await, (1, 3), "they are the ends, whatever the page");
        let (first, last) = asked("properties").await;
        assert_eq!((first.title.as_str(), first.amount, last.title.as_str(), last.amount), ("", 10, "", 30));
        let (first, last) = asked("include").await;
        assert_eq!((first.pieces.len(), last.pieces.len()), (2, 0));
        assert!(last.pieces.is_loaded() && !asked("nothing").await.0.pieces.is_loaded());
    }

    async fn the_rows_that_are_counted_can_be_changed(world: World) {
        let asked = async |wanted: &str| world.for_(&who(wanted)).run(async {
            Deal::query().filter(|d| d.number.ne(3)).count().await.unwrap()
        }).await;
        assert_eq!(asked("nothing").await, 2);
        for filter in ["filter", "trusted filter", "another filter"] {
            assert_eq!(asked(filter).await, 1, "{filter}");
        }
    }

    async fn the_groups_can_be_changed_in_all_their_parts(world: World) {
        let asked = async |wanted: &str| world.for_(&who(wanted)).run(async {
            let groups = Deal::query().group_by(|d| d.number, |d| d.amount.sum()).order_by(|d| d.number.asc());
            groups.await.map(|groups| groups.into_iter().map(|(number, sum)| (number, sum.unwrap())).collect::<Vec<_>>())
        }).await;
        assert_eq!(asked("nothing").await.unwrap(), [(1, 10), (2, 20), (3, 30)]);
        assert_eq!(asked("filter").await.unwrap(), [(2, 20), (3, 30)]);
        assert_eq!(asked("trusted filter").await.unwrap(), [(2, 20), (3, 30)]);
        assert_eq!(asked("another filter").await.unwrap(), [(2, 20)]);
        assert_eq!(asked("sort").await.unwrap(), [(3, 30), (2, 20), (1, 10)]);
        assert_eq!(asked("page").await.unwrap(), [(2, 20)]);
        assert_eq!(asked("measures").await.unwrap_err().status(), 500, "not what is computed: the asker reads that");
    }

    async fn the_rows_that_are_removed_can_be_changed(world: World) {
        let asked = async |wanted: &str| world.for_(&who(wanted)).run(async {
            repo::<Deal>().delete_many(|d| d.number.ne(3)).await.unwrap()
        }).await;
        let left = async || world.backend().run(async { numbers(&Deal::query().await.unwrap()) }).await;
        assert_eq!((asked("another filter").await, left().await), (1, vec![1, 3]));
        assert_eq!((asked("trusted filter").await, left().await), (0, vec![1, 3]));
        assert_eq!((asked("filter").await, left().await), (0, vec![1, 3]));
        assert_eq!((asked("nothing").await, left().await), (1, vec![3]));
    }
}

/// Tells what handlers of groups see, and answers by it.
async fn grouping(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Group, Deal>(async |request| {
            let measures = request.question.measures.iter().map(|measure| match measure {
                isoform::aggregate::Measure::Count => "count".to_owned(),
                isoform::aggregate::Measure::Of(function, field) => {
                    format!("{} {}", function.wire(), Deal::meta().field(*field).name)
                }
            });
            audit(measures.collect::<Vec<_>>().join(", ")).await?;
            if wants(&request.context) == "answer" {
                let numbered = (1..).zip(&request.question.measures).map(|(number, _)| Value::Int(number));
                return Ok(Next::Answer(vec![numbered.collect()]));
            }
            Ok(Next::Continue)
        })
        .after::<Group, Deal>(async |request, outcome| {
            let width = request.question.groups.len() + request.question.measures.len();
            assert!(outcome.as_ref().is_ok_and(|groups| groups.iter().all(|group| group.len() == width)));
            Ok(())
        });
    filled(way, handlers).await
}

promises! {
    in grouping;

    async fn handlers_see_one_question_for_groups_however_it_is_asked(world: World) {
        world.for_(&who("nothing")).run(async {
            assert_eq!(Deal::query().aggregate(|d| d.amount.sum()).await.unwrap(), Some(60));
            assert_eq!(told(&world).await, ["count, sum amount"]);
            let asked = Deal::query().aggregate(|d| (d.amount.max(), d.number.sum(), count(), d.amount.sum(), d.number.sum()));
            assert_eq!(asked.await.unwrap(), (Some(30), Some(6), 3, Some(60), Some(6)));
            assert_eq!(told(&world).await, ["count, sum number, sum amount, max amount"]);
            let groups = Deal::query().filter(|d| d.number.lt(3)).group_by(|d| d.archived, |d| (d.amount.min(), d.amount.sum()));
            assert_eq!(groups.await.unwrap(), [(false, (Some(10), Some(30)))]);
            assert_eq!(told(&world).await, ["count, sum amount, min amount"]);
            let (deals, sum) = Deal::query().limit(1).with_aggregates(|d| d.amount.sum()).await.unwrap();
            assert_eq!((numbers(&deals), sum, told(&world).await), (vec![1], Some(60), vec!["count, sum amount".to_owned()]));
        }).await;
        world.for_(&who("answer")).run(async {
            assert_eq!(Deal::query().aggregate(|d| (d.amount.max(), d.number.sum())).await.unwrap(), (Some(3), Some(2)));
            assert_eq!(Deal::query().aggregate(|_| count()).await.unwrap(), 1);
        }).await;
    }
}

async fn ranked(way: Way) -> World {
    let handlers = Handlers::new()
        .before_any::<Update>(async |_| {
            audit("before, any").await?;
            Ok(Next::Continue)
        })
        .before::<Update, Deal>(async |_| {
            audit("before, own").await?;
            Ok(Next::Continue)
        })
        .after_any::<Update>(async |_, outcome| {
            let deal = outcome.as_mut().map_err(|error| error.clone())?;
            deal.set(Deal::FIELDS.title.index(), Value::Text("any".into()))
                .map_err(|error| Error::internal(error.0))?;
            audit("after, any").await
        })
        .after::<Update, Deal>(async |_, outcome| {
            let deal = outcome.as_mut().map_err(|error| error.clone())?;
            deal.title.push_str(", own");
            audit("after, own").await
        })
        .after_any_detached::<Update>(async |_, outcome| {
            // The other one waits for it.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            audit(format!("detached, any {}", outcome.is_ok())).await
        })
        .after_detached::<Update, Deal>(async |_, outcome| {
            audit(format!("detached, own {}", outcome.as_ref().map_or("", |deal| deal.title.as_str()))).await
        })
        .chain::<Update, Deal>()
        .after_any_detached::<Create>(async |request, outcome| {
            let number = outcome.as_ref().map_or(Value::Null, |record| record.get(0));
            audit(format!("{} {number:?}", request.entity().map_or("", |entity| entity.key))).await
        });
    filled(way, handlers).await
}

/// What was noted once there is so much of it.
async fn noted(world: &World, count: usize) -> Vec<String> {
    for _ in 0..500 {
        if audits(world).await.len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    told(world).await
}

promises! {
    in ranked;

    async fn a_chain_runs_the_general_one_first_before_after_and_detached(world: World) {
        let title = world.for_(&who("ann")).run(async { repo::<Deal>().update(1, |d| d.title.set("x")).await.unwrap().title.clone() }).await;
        assert_eq!(title, "any, own", "each is given what the one before has made of it");
        let expected = ["before, any", "before, own", "after, any", "after, own", "detached, any true", "detached, own any, own"];
        assert_eq!(noted(&world, 6).await, expected);
    }

    async fn a_detached_handler_for_all_is_told_of_each_entity(world: World) {
        world.for_(&who("ann")).run(async {
            repo::<Deal>().insert(new(10)).await.unwrap();
            assert_eq!(noted(&world, 1).await, ["deals Int(10)"]);
            repo::<Piece>().insert(Piece { id: 9, deal: 1, ..Piece::blank() }).await.unwrap();
            assert_eq!(noted(&world, 1).await, ["pieces Int(9)"]);
            repo::<Piece>().insert(Piece { id: 9, deal: 1, ..Piece::blank() }).await.unwrap_err();
            assert_eq!(noted(&world, 1).await, ["pieces Null"], "and of what failed");
        }).await;
    }
}
