//! How many functions of the application a question runs.

use std::sync::atomic::{AtomicUsize, Ordering};

use isoform::QueryLimits;
use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as Json, json};
use tests::{Way, World, ann};

/// Something in a row of such things.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "stones", allow(crud = true), order_by(id))]
pub struct Stone {
    #[field(id)]
    pub id: i64,
    pub before: Option<i64>,
    #[relation(before, on_delete = unwatched)]
    pub previous: ToOne<Stone>,
    #[relation(Stone::before)]
    pub next: ToMany<Stone>,
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[filters]
impl Stone {
    /// All but one.
    pub async fn but(id: i64) -> Result<Filter<Self>> {
        RUNS.fetch_add(1, Ordering::SeqCst);
        Ok(Stone::filter(|s| s.id.ne(id)))
    }
}

async fn with(calls: usize) -> World {
    let queries = QueryLimits { calls, ..QueryLimits::default() };
    let world = World::limited(Way::InProcess, entities![Stone], Limits { queries, ..Limits::default() }).await;
    world.backend().run(repo::<Stone>().insert(Stone { id: 1, ..Stone::blank() })).await.unwrap();
    world
}

/// So many calls in one filter, which differ by their arguments.
fn different(count: usize) -> Json {
    json!({"OR": (0..count).map(|n| json!({"$custom$but": n})).collect::<Vec<_>>()})
}

async fn count(world: &World, filter: Json) -> tests::raw::Answer {
    world.post("/api/stones?__action=count").by(&ann()).json(&json!({ "where": filter })).send().await
}

/// One test, as the runs are counted.
#[tokio::test]
async fn a_question_runs_so_many_custom_filters_and_equal_ones_once() {
    for calls in [20, 2] {
        let world = with(calls).await;
        let runs = || RUNS.swap(0, Ordering::SeqCst);
        runs();
        assert_eq!(count(&world, different(calls)).await.ok(200)["count"], 1);
        assert_eq!(runs(), calls);
        let past = count(&world, different(calls + 1)).await.refused(400);
        let says = format!("{} custom filters are called, with all that is included; {calls} are allowed.", calls + 1);
        assert_eq!(past, says);
        assert_eq!(runs(), 0, "and none has run");
        // The same call is one, wherever it stands.
        let equal = json!({"OR": vec![json!({"$custom$but": 7}); 190], "previous.$custom$but": 7, "id": 1});
        count(&world, equal).await.ok(200);
        assert_eq!(runs(), 1);
        // What is included counts along.
        let ask = async |there: usize| {
            let include = json!({"next": {"where": different(there)}});
            let body = json!({"where": {"$custom$but": 9}, "include": include});
            world.post("/api/stones?__action=get").by(&ann()).json(&body).send().await
        };
        ask(calls - 1).await.ok(200);
        assert!(ask(calls).await.refused(400).contains("with all that is included"));
        runs();
        // The same where nothing is on the wire, and in bulk writes.
        let many =
            |count: usize| (0..count).fold(Stone::filter(|s| s.id.gt(0)), |all, n| all & Stone::but(n as i64 + 5));
        let limits = QueryLimits { calls, ..QueryLimits::default() };
        let direct = Context::api(&world.database).with_identity(Some(ann())).with_query_limits(limits);
        direct
            .run(async {
                assert_eq!(Stone::query().matching(many(calls)).count().await.unwrap(), 1);
                assert!(Stone::query().matching(many(calls + 1)).count().await.unwrap_err().is_invalid());
                assert!(repo::<Stone>().delete_many(|_| many(calls + 1)).await.unwrap_err().is_invalid());
                assert!(Stone::query().filter(|s| s.next.any(|_| many(calls + 1))).await.unwrap_err().is_invalid());
            })
            .await;
        let trusted = world.backend().run(Stone::query().matching(many(calls + 1)).count()).await;
        assert_eq!(trusted.unwrap(), 1, "trusted code asks for what it wants");
        runs();
    }
}
