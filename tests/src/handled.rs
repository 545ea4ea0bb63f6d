//! Deals around which data handlers run, and handlers that note what runs.

use isoform::handlers::{self, Event as _, EventKind, Handlers, Next};
use isoform::prelude::*;

use crate::entities_handled::{Audit, Deal, Piece, all, audit};
use crate::{Way, World};

/// A world of four deals with pieces, around which handlers run: the third is archived, the fourth closed and out of reach.
pub async fn world(way: Way, handlers: Handlers) -> World {
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

/// A deal that is not there yet.
pub fn new(number: i64) -> Deal {
    Deal { number, title: "new".into(), amount: 5, ..Deal::blank() }
}

/// The deal with a number, as it is in the table.
pub async fn stored(world: &World, number: i64) -> Option<Record<Deal>> {
    world.backend().run(async { Deal::query().filter(|d| d.number.eq(number)).first().await.unwrap() }).await
}

pub fn numbers(deals: &[Record<Deal>]) -> Vec<i64> {
    deals.iter().map(|deal| deal.number).collect()
}

/// What handlers have noted.
pub async fn audits(world: &World) -> Vec<String> {
    let all = world.backend().run(async { Audit::query().await.unwrap() }).await;
    all.iter().map(|audit| audit.entry.clone()).collect()
}

/// As [`audits`]; then it is forgotten.
pub async fn told(world: &World) -> Vec<String> {
    let told = audits(world).await;
    world.backend().run(async { repo::<Audit>().delete_many(|_| isoform::all()).await.unwrap() }).await;
    told
}

macro_rules! listening {
    ($($event:ident)+) => {
        const HEARD: &[EventKind] = &[$(handlers::$event::KIND),+];

        /// Notes in the audit what runs before and after each event that is to be heard.
        pub fn listening(heard: fn(EventKind) -> bool) -> Handlers {
            Handlers::new()$(
                .before_any::<handlers::$event>(async move |request| {
                    if heard(request.kind()) {
                        audit(format!("before {}", request.kind())).await?;
                    }
                    Ok(Next::Continue)
                })
                .after_any::<handlers::$event>(async move |request, outcome| {
                    let ended = if outcome.is_ok() { "after" } else { "failed" };
                    if heard(request.kind()) { audit(format!("{ended} {}", request.kind())).await } else { Ok(()) }
                })
            )+
        }
    };
}

listening! {
    Create CreateMany FindById Find FindFirst FindLast LoadRelations Describe Count Group Update UpdateMany UpsertMany
    Remove RemoveMany AddRelation SetRelation RemoveRelation RunBatch
}

const _: () = assert!(HEARD.len() == EventKind::ALL.len(), "there is an event that nobody listens to");
