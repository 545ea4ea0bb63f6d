//! A relation that is always included, to rows that refuse to be asked for so.

use isoform::prelude::*;
use serde_json::json;
use tests::{World, admin, ann, promises};

/// It always brings along what hangs on it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "trees", allow(crud = true), order_by(id))]
pub struct Tree {
    #[field(id)]
    pub id: i64,
    #[relation(Apple::tree, include)]
    pub apples: ToMany<Apple>,
    #[relation(Leaf::tree, include)]
    pub leaves: ToMany<Leaf>,
    #[relation(through = Leaf, Leaf::tree, Leaf::apple, include)]
    pub shaded: ToMany<Apple>,
}

/// Only admins may ask for many.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "apples", allow(crud = true), api_preprocess_filter = of_few, order_by(id))]
pub struct Apple {
    #[field(id)]
    pub id: i64,
    pub tree: i64,
}

async fn of_few(filter: Filter<Apple>) -> Result<Filter<Apple>> {
    if Identity::current().is_ok_and(|who| who.has_role("admin")) || filter.values_of(|a| a.id).is_some() {
        Ok(filter)
    } else {
        Err(Error::forbidden("Say which apples: id=…").with_code("which"))
    }
}

/// Whoever is no admin names it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "leaves", allow(crud = true), api_require_id = is_no_admin, order_by(id))]
pub struct Leaf {
    #[field(id)]
    pub id: i64,
    pub tree: i64,
    pub apple: i64,
}

fn is_no_admin(who: &Identity) -> bool {
    !who.has_role("admin")
}

/// What it brings along cannot be asked for at all: that is the server's own mistake.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stumps", allow(crud = true))]
pub struct Stump {
    #[field(id)]
    pub id: i64,
    #[relation(Beetle::stump, include)]
    pub beetles: ToMany<Beetle>,
}

/// See [`Stump`].
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "beetles", allow(crud = true), api_preprocess_filter = broken)]
pub struct Beetle {
    #[field(id)]
    pub id: i64,
    pub stump: i64,
}

async fn broken(_: Filter<Beetle>) -> Result<Filter<Beetle>> {
    Err(Error::internal("the beetles have eaten it"))
}

async fn garden(way: tests::Way) -> World {
    let world = World::with(way, entities![Tree, Apple, Leaf, Stump, Beetle]).await;
    let fill = async {
        repo::<Tree>().insert(Tree { id: 1, ..Tree::blank() }).await?;
        repo::<Apple>().insert(Apple { id: 1, tree: 1 }).await?;
        repo::<Leaf>().insert(Leaf { id: 1, tree: 1, apple: 1 }).await
    };
    world.backend().run(fill).await.unwrap();
    world
}

promises! {
    in garden;

    async fn to_whom_it_is_refused_it_is_not_loaded_and_the_rows_are_there(world: World) {
        world.for_(&ann()).run(async {
            let trees = Tree::query().await.unwrap();
            assert_eq!(trees.len(), 1);
            assert!(!trees[0].apples.is_loaded() && !trees[0].leaves.is_loaded() && !trees[0].shaded.is_loaded());
            assert!(!repo::<Tree>().find_id(1).await.unwrap().apples.is_loaded());
            assert_eq!(Tree::query().paginate().await.unwrap().items.len(), 1);
        }).await;
        for context in [world.for_(&admin()), world.backend()] {
            let trees = context.run(Tree::query().all()).await.unwrap();
            assert_eq!((trees[0].apples.len(), trees[0].leaves.len(), trees[0].shaded.len()), (1, 1, 1));
        }
    }

    async fn who_names_it_is_told_why_it_is_refused(world: World) {
        world.for_(&ann()).run(async {
            let error = Tree::query().include(|t| t.apples).await.unwrap_err();
            assert!(error.is_forbidden() && error.code() == Some("which"), "{error:?}");
            let error = Tree::query().include(|t| t.leaves).await.unwrap_err();
            assert!(error.is_forbidden() && error.message().contains("by their id"), "{error:?}");
            assert!(Tree::query().include(|t| t.shaded).await.unwrap_err().is_forbidden());
            let few = Tree::query().include_with(|t| t.apples, |a| a.filter(|a| a.id.eq(1))).await.unwrap();
            assert_eq!(few[0].apples.len(), 1);
        }).await;
    }

    async fn what_fails_by_the_servers_own_fault_is_no_refusal(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(Stump::query().await.unwrap_err().status(), 500);
        }).await;
    }
}

#[tokio::test]
async fn on_the_wire_it_is_not_there() {
    let world = garden(tests::Way::InProcess).await;
    assert_eq!(world.get("/api/trees").by(&ann()).send().await.ok(200), json!([{"id": 1}]));
    assert_eq!(world.get("/api/trees/1").by(&ann()).send().await.ok(200), json!({"id": 1}));
    assert_eq!(world.get("/api/trees?_include=apples").by(&ann()).send().await.refused(403), "Say which apples: id=…");
}
