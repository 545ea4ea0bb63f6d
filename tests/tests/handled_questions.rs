//! What before handlers make of questions, seen in what is answered; and that a handler which changes nothing changes nothing.

use isoform::handlers::{
    Count, Describe, Find, FindById, FindFirst, FindLast, Group, Handlers, LoadRelations, Next, Update,
};
use isoform::prelude::*;
use serde_json::json;
use tests::entities_handled::{self, Audit, Deal, Piece};
use tests::entities_proofs::{Asked, Book, Part, Placed, Shelf, Vault, noted};
use tests::{Way, World, ann, promises};

async fn deals(world: &World) {
    let deal = |number, amount| Deal { number, title: format!("deal {number}"), amount, ..Deal::blank() };
    let piece = |id, deal| Piece { id, deal, name: format!("piece {id}"), cost: 1 };
    let insert = async {
        repo::<Deal>().insert_many([deal(1, 30), deal(2, 10), deal(3, 20)]).await?;
        repo::<Piece>().insert_many([piece(1, 1), piece(2, 1), piece(3, 2)]).await
    };
    world.backend().run(insert).await.unwrap();
}

/// What is changed is told by who asks.
async fn changed(way: Way) -> World {
    let handlers = Handlers::new().before::<Find, Deal>(async |request| {
        match request.identity().map_or("", |who| &*who.id) {
            "filter" => request.query.filter(|d| d.amount.gt(15)),
            "another filter" => request.query.replace_filter(|d| d.number.eq(2)),
            "sort" => request.query.order_by(|d| d.amount.asc()),
            "page" => (request.query.find.limit, request.query.find.offset) = (Some(1), 1),
            "properties" => request.query.select(|d| (d.number, d.amount)),
            "include" => request.query.include_with(|d| d.pieces, |p| p.filter(|p| p.id.ne(2))),
            "exclude" => request.query.find.include.clear(),
            _ => {}
        }
        Ok(Next::Continue)
    });
    let world = World::handled(way, entities_handled::all(), handlers).await;
    deals(&world).await;
    world
}

async fn asked(world: &World, who: &str) -> Vec<Record<Deal>> {
    let who = Identity::new(who, who);
    world.for_(&who).run(async { Deal::query().filter(|d| d.number.lt(9)).await.unwrap() }).await
}

fn numbers(deals: &[Record<Deal>]) -> Vec<i64> {
    deals.iter().map(|deal| deal.number).collect()
}

promises! {
    in changed;

    async fn a_before_find_handler_changes_the_filter(world: World) {
        assert_eq!(numbers(&asked(&world, "nothing").await), [1, 2, 3]);
        assert_eq!(numbers(&asked(&world, "filter").await), [1, 3]);
        assert_eq!(numbers(&asked(&world, "another filter").await), [2]);
    }

    async fn a_before_find_handler_changes_the_sort(world: World) {
        assert_eq!(numbers(&asked(&world, "sort").await), [2, 3, 1]);
    }

    async fn a_before_find_handler_changes_the_page(world: World) {
        assert_eq!(numbers(&asked(&world, "page").await), [2]);
    }

    async fn a_before_find_handler_changes_the_properties(world: World) {
        let titles = |deals: Vec<Record<Deal>>| deals.iter().map(|deal| (deal.title.clone(), deal.amount)).collect::<Vec<_>>();
        assert_eq!(titles(asked(&world, "nothing").await).first().unwrap(), &("deal 1".to_owned(), 30));
        assert_eq!(titles(asked(&world, "properties").await).first().unwrap(), &(String::new(), 30));
        let wire = world.get("/api/deals").by(&Identity::new("properties", "")).send().await.ok(200);
        assert_eq!(wire[0], json!({"number": 1, "amount": 30}));
    }

    async fn a_before_find_handler_changes_the_include(world: World) {
        let pieces = |deals: Vec<Record<Deal>>| {
            deals.iter().flat_map(|deal| deal.pieces.iter().map(|piece| piece.id).collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        assert!(!asked(&world, "nothing").await.first().unwrap().pieces.is_loaded());
        assert_eq!(pieces(asked(&world, "include").await), [1, 3]);
        let found = async |who: &str| {
            let context = world.for_(&Identity::new(who, who));
            context.run(async { Deal::query().include(|d| d.pieces).await.unwrap() }).await
        };
        assert_eq!(pieces(found("nothing").await), [1, 2, 3]);
        assert_eq!(pieces(found("exclude").await), [0; 0]);
    }
}

macro_rules! quiet {
    ($($event:ident)+) => {
        Handlers::new()$(
            .before_any::<$event>(async |_| Ok(Next::Continue))
            .after_any::<$event>(async |_, _| Ok(()))
        )+
    };
}

async fn quietly(way: Way) -> World {
    let handlers = quiet!(Find FindById FindFirst FindLast Count Group LoadRelations Update Describe);
    let all = entities_handled::all().and(entities![Asked, Part, Shelf, Book, Placed, Vault]);
    let world = World::handled(way, all, handlers).await;
    deals(&world).await;
    world
}

promises! {
    in quietly;

    async fn custom_filters_and_prefilters_run_once_for_a_handled_question(world: World) {
        let text = Uuid::now_v7().to_string();
        let row = |id| Asked { id, text: text.clone(), ..Asked::blank() };
        world.backend().run(async {
            repo::<Asked>().insert_many([row(1), row(2)]).await.unwrap();
            repo::<Part>().insert(Part { id: 1, text: text.clone() }).await.unwrap();
        }).await;
        let about = || Asked::query().matching(Asked::about(text.clone()));
        let once = ["filter", "prefilter"];
        world.for_(&ann()).run(async {
            assert_eq!(about().await.unwrap().len(), 2);
            assert_eq!(noted(&text), once, "find");
            assert_eq!(about().first().await.unwrap().unwrap().id, 1);
            assert_eq!(noted(&text), once, "first");
            assert_eq!(about().last().await.unwrap().unwrap().id, 2);
            assert_eq!(noted(&text), once, "last");
            assert_eq!(about().count().await.unwrap(), 2);
            assert_eq!(noted(&text), once, "count");
            assert_eq!(about().limit(1).paginate().await.unwrap().items.len(), 1);
            assert_eq!(noted(&text), once, "a page");
            assert_eq!(about().aggregate(|a| a.id.sum()).await.unwrap(), Some(3));
            assert_eq!(noted(&text), once, "group");
            // Twice the same in one question is once too.
            let twice = Asked::query().matching(Asked::about(text.clone()) & Asked::about(text.clone()));
            assert_eq!(twice.await.unwrap().len(), 2);
            assert_eq!(noted(&text), once);
        }).await;
    }

    async fn custom_filters_and_prefilters_run_once_for_a_handled_include(world: World) {
        let text = Uuid::now_v7().to_string();
        world.backend().run(async {
            repo::<Asked>().insert(Asked { id: 1, text: text.clone(), ..Asked::blank() }).await.unwrap();
            repo::<Part>().insert(Part { id: 1, text: text.clone() }).await.unwrap();
        }).await;
        world.for_(&ann()).run(async {
            let parts = |query: Query<Part>| query.matching(Part::about(text.clone()));
            let found = Asked::query().include_with(|a| a.parts, parts).await.unwrap();
            assert_eq!(found.first().unwrap().parts.len(), 1);
            let told = noted(&text);
            assert_eq!(told, ["filter of parts", "prefilter of parts"], "{told:?}");
            let mut one = repo::<Asked>().find_id(1).await.unwrap();
            one.load_relations(|a| a.include_with(|a| a.parts, |query| query.matching(Part::about(text.clone())))).await.unwrap();
            assert_eq!(noted(&text), ["filter of parts", "prefilter of parts"]);
        }).await;
    }

    async fn rows_that_belong_to_many_parents_are_with_each_of_them(world: World) {
        shelve(&world).await;
        world.for_(&ann()).run(async {
            assert_eq!(shelved().await, [(1, vec![1, 2, 3], Some(1)), (2, vec![2, 3], Some(1)), (3, vec![3, 1], None)]);
        }).await;
    }
}

async fn shelve(world: &World) {
    let book = |id| Book { id, title: format!("book {id}") };
    let shelf = |id| Shelf { id, best: (id < 3).then_some(1), ..Shelf::blank() };
    let placed = |(shelf, book)| Placed { shelf, book, ..Placed::blank() };
    let insert = async {
        repo::<Book>().insert_many([1, 2, 3].map(book)).await?;
        repo::<Shelf>().insert_many([1, 2, 3].map(shelf)).await?;
        repo::<Placed>().insert_many([(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 1), (3, 3)].map(placed)).await
    };
    world.backend().run(insert).await.unwrap();
}

/// The shelves with their books, those of the third from the end, and their best one.
async fn shelved() -> Vec<(i64, Vec<i64>, Option<i64>)> {
    let all = Shelf::query().include(|s| s.books).include(|s| s.best_book).await.unwrap();
    let books = |shelf: &Record<Shelf>| {
        let books = shelf.books.iter().map(|book| book.id);
        let books: Vec<_> = if shelf.id == 3 { books.rev().collect() } else { books.collect() };
        (shelf.id, books, shelf.best_book.get().map(|book| book.id))
    };
    all.iter().map(books).collect()
}

async fn rearranged(way: Way) -> World {
    let handlers = Handlers::new().after::<Find, Book>(async |_, outcome| {
        let found = outcome.as_mut().map_err(|error| error.clone())?;
        found.items.retain(|book| book.id != 2);
        found.items.reverse();
        for book in &mut found.items {
            book.title.push('!');
        }
        Ok(())
    });
    let world = World::handled(way, entities![Shelf, Book, Placed, Vault], handlers).await;
    shelve(&world).await;
    world
}

promises! {
    in rearranged;

    async fn what_a_handler_rearranges_stays_with_its_parents(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(shelved().await, [(1, vec![3, 1], Some(1)), (2, vec![3], Some(1)), (3, vec![1, 3], None)]);
            let shelves = Shelf::query().include(|s| s.books).await.unwrap();
            assert!(shelves.iter().flat_map(|shelf| &shelf.books).all(|book| book.title.ends_with('!')));
        }).await;
    }
}

#[tokio::test]
async fn a_quiet_update_handler_leaves_versions_as_they_are_without_one() {
    let with = quietly(Way::InProcess).await;
    let without = World::with(Way::InProcess, entities_handled::all()).await;
    deals(&without).await;
    let writes = [
        ("/api/deals/1", json!({"title": "deal 1"})),
        ("/api/deals/1", json!({"title": "deal 1", "amount": 31, "total": 9})),
        ("/api/deals/1", json!({"title": "deal 1", "version": 3})),
        ("/api/deals/1", json!({"title": "deal 1", "version": 3})),
        ("/api/deals/1", json!({"version": 4})),
        ("/api/deals/1", json!({})),
        ("/api/deals/1", json!({"total": 3})),
        ("/api/deals/1", json!({"title": "much longer than twenty letters"})),
    ];
    for (number, (path, body)) in writes.iter().enumerate() {
        let put = async |world: &World| {
            let answer = world.put(path).by(&ann()).json(body).send().await;
            (answer.status, answer.header("etag").to_owned(), answer.text)
        };
        let (one, other) = (put(&with).await, put(&without).await);
        assert_eq!(one, other, "{number}");
    }
    let version = with.get("/api/deals/1").by(&ann()).send().await.ok(200)["version"].clone();
    assert_eq!(version, 4, "three writes of values");
}

#[tokio::test]
async fn relations_of_a_row_that_is_not_there_are_answered_as_without_a_handler() {
    let with = quietly(Way::InProcess).await;
    let all = entities_handled::all().and(entities![Shelf, Book, Placed, Vault]);
    let without = World::with(Way::InProcess, all).await;
    for world in [&with, &without] {
        let closed = Deal { number: 9, title: "closed".into(), closed: true, ..Deal::blank() };
        world.backend().run(repo::<Deal>().insert(closed)).await.unwrap();
    }
    let load = async |world: &World, id: &str, include: serde_json::Value, who: Option<&Identity>| {
        let post = world.post(&format!("/api/deals/{id}?__action=loadRelations"));
        let post =
            who.map_or_else(|| world.post(&format!("/api/deals/{id}?__action=loadRelations")), |who| post.by(who));
        let answer = post.json(&json!({"include": include})).send().await;
        (answer.status, answer.text)
    };
    for id in ["1", "99", "9", "x", "0"] {
        for include in
            [json!({"pieces": true}), json!({}), json!({"pieces": {"where": {"cost": 1}}}), json!({"nothing": true})]
        {
            for who in [Some(&ann()), None] {
                let (one, other) =
                    (load(&with, id, include.clone(), who).await, load(&without, id, include.clone(), who).await);
                if id == "1" {
                    continue;
                }
                assert_eq!(one, other, "{id} {include}");
            }
        }
    }
    assert_eq!(load(&with, "99", json!({"pieces": true}), Some(&ann())).await.0, 404);
    // What is refused to the asker is refused whether or not the row is there.
    for world in [&with, &without] {
        for path in ["/api/shelves/1?__action=loadRelations", "/api/shelves/99?__action=loadRelations"] {
            let behind = json!({"include": {"behind": true}});
            world.post(path).by(&ann()).json(&behind).send().await.refused(403);
        }
    }
}

/// Nobody but admins is told of pieces, deals have another label, and of the audit something fails for bob.
async fn described(way: Way) -> World {
    let handlers = Handlers::new()
        .before::<Describe, Piece>(async |request| {
            let is_admin = request.identity().is_some_and(|who| who.has_role("admin"));
            if is_admin { Ok(Next::Continue) } else { Err(Error::forbidden("Of no interest.")) }
        })
        .after::<Describe, Deal>(async |_, outcome| {
            let said = outcome.as_mut().map_err(|error| error.clone())?;
            said.label = "Bargains".into();
            Ok(())
        })
        .after::<Describe, Audit>(async |_, _| Err(Error::unavailable("Not now.")));
    World::handled(way, entities_handled::all(), handlers).await
}

#[tokio::test]
async fn a_describe_handler_is_asked_for_the_list_of_entities_too() {
    let world = described(Way::InProcess).await;
    let list = world.get("/api").by(&ann()).send().await.ok(200);
    let said = |list: &serde_json::Value| {
        let one =
            |one: &serde_json::Value| format!("{} {}", one["key"].as_str().unwrap(), one["label"].as_str().unwrap());
        list.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(said(&list), ["deals Bargains"]);
    world.get("/api/pieces?__action=describe").by(&ann()).send().await.refused(403);
    world.get("/api").by(&tests::admin()).send().await.refused(503);
    let nobody = world.get("/api").send().await.ok(200);
    assert_eq!(nobody, json!([]), "who may do nothing with an entity reaches no handler");
}
