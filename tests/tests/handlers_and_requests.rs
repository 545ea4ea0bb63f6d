//! What a request tells data handlers, what they say of its answer, and how they are held against the entities at the start.

use isoform::handlers::{
    Collection, Create, Find, FindById, FindFirst, Group, Handlers, LoadRelations, Next, Remove, Update, UpdateMany,
};
use isoform::prelude::*;
use serde_json::json;
use tests::entities_handled::{Deal, Stranger, all, audit};
use tests::entities_relating::{self, Album, Mark, Marked, album};
use tests::handled::{new, numbers, told, world};
use tests::{Way, World, ann, promises};

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
    assert!(error.message().contains(&format!("handlers_and_requests.rs:{line}")), "{error}");
    assert_eq!(error.message().matches("handlers_and_requests.rs:").count(), 2, "both places: {error}");
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
    assert!(
        error.message().contains("Stranger is not served") && error.message().contains("handlers_and_requests.rs:"),
        "{error}"
    );
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

async fn deep(way: Way) -> World {
    let handlers = Handlers::new().before::<LoadRelations, Album>(async |request| {
        let mut names: Vec<_> = request.relations.iter().map(|one| one.relation.name).collect();
        names.sort_unstable();
        audit(format!("{} {} {}", request.id, names.join(" and "), request.depth())).await?;
        Ok(Next::Continue)
    });
    entities_relating::filled(World::handled(way, entities_relating::all(), handlers).await).await
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
        let world =
            World::configured(way, |api| api.entities(entities_relating::all()).handlers(naming()).name("gallery"))
                .await;
        assert_eq!(name(world.for_(&ann())).await, "gallery");
        let world = World::configured(way, |api| api.entities(entities_relating::all()).handlers(naming())).await;
        assert_eq!(name(world.for_(&ann())).await, "application", "unless it is named");
    }
    let world = World::handled(Way::Direct, entities_relating::all(), naming()).await;
    assert_eq!(name(world.for_(&ann()).with_application("gallery")).await, "gallery");
    assert_eq!(name(world.for_(&ann())).await, "application");
}
