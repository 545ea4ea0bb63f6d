//! What somebody says of a record, or sees of an order, does not lead to rows that are not theirs.

use isoform::prelude::*;
use serde_json::json;
use tests::{Way, World, ann, bob};

/// Coins are in it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "safes", allow(read = authenticated, insert = is_own), api_filter = own)]
pub struct Safe {
    #[field(id)]
    pub id: String,
    pub owner: String,
    #[relation(Coin::safe_id)]
    pub coins: ToMany<Coin>,
}

/// In a safe.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "coins")]
pub struct Coin {
    #[field(id)]
    pub id: i64,
    #[field(index)]
    pub safe_id: String,
    pub worth: i64,
}

fn is_own(who: &Identity, safe: &Record<Safe>) -> bool {
    safe.owner == who.id
}

fn own(who: Option<&Identity>) -> Filter<Safe> {
    who.map_or_else(Filter::nothing, |who| Safe::filter(|s| s.owner.eq(&who.id)))
}

#[backend]
impl Record<Safe> {
    /// What is in it.
    #[allowed(is_own)]
    pub async fn worth(&mut self) -> Result<Vec<i64>> {
        Ok(self.coins().await?.iter().map(|coin| coin.worth).collect())
    }
}

/// Who offers most comes first; how much is the bidder's own business.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "bids", allow(read = authenticated), order_by(price desc))]
pub struct Bid {
    #[field(id)]
    pub id: i64,
    pub owner: String,
    #[field(api_read = is_bidder)]
    pub price: i64,
    pub item: i64,
    #[relation(item = Lot::id)]
    pub lot: ToOne<Lot>,
}

fn is_bidder(who: &Identity, bid: &Record<Bid>) -> bool {
    bid.owner == who.id
}

/// What is bid for.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lots", allow(read = authenticated))]
pub struct Lot {
    #[field(id)]
    pub id: i64,
    #[relation(Bid::item)]
    pub bids: ToMany<Bid>,
}

#[tokio::test]
async fn a_new_record_with_the_id_of_a_row_has_nothing_of_its_related_rows() {
    for way in [Way::InProcess, Way::Socket] {
        let world = World::with(way, entities![Safe, Coin]).await;
        world
            .backend()
            .run(async {
                repo::<Safe>().insert(Safe { id: "s1".into(), owner: "bob".into(), ..Safe::blank() }).await.unwrap();
                repo::<Coin>().insert(Coin { id: 1, safe_id: "s1".into(), worth: 77 }).await.unwrap();
            })
            .await;
        let asked = |row: serde_json::Value| json!({"args": [], "rowInfo": row});
        let claimed = asked(json!({"isNewRow": true, "wasChanged": true, "data": {"id": "s1", "owner": "ann"}}));
        let answer = world.post("/api/safes/worth").by(&ann()).json(&claimed).send().await.ok(200);
        assert_eq!(answer["result"], json!([]));
        world.post("/api/safes/worth").by(&ann()).json(&asked(json!({"id": "s1"}))).send().await.refused(404);
        let answer = world.post("/api/safes/worth").by(&bob()).json(&asked(json!({"id": "s1"}))).send().await.ok(200);
        assert_eq!(answer["result"], json!([77]));
    }
}

#[tokio::test]
async fn the_order_of_rows_does_not_tell_what_is_hidden_in_them() {
    for way in [Way::Direct, Way::InProcess, Way::Socket] {
        let world = World::with(way, entities![Bid, Lot]).await;
        world
            .backend()
            .run(async {
                repo::<Lot>().insert(Lot { id: 1, ..Lot::blank() }).await.unwrap();
                for (id, owner, price) in [(1, "ann", 500), (2, "bob", 777), (3, "ann", 1)] {
                    repo::<Bid>()
                        .insert(Bid { id, owner: owner.into(), price, item: 1, ..Bid::blank() })
                        .await
                        .unwrap();
                }
                let all = Bid::query().await.unwrap();
                assert_eq!(all.iter().map(|bid| bid.id).collect::<Vec<_>>(), [2, 1, 3], "trusted code sees the price");
            })
            .await;
        world
            .for_(&ann())
            .run(async {
                let ids = |bids: &[Record<Bid>]| bids.iter().map(|bid| bid.id).collect::<Vec<_>>();
                assert_eq!(ids(&Bid::query().await.unwrap()), [1, 2, 3]);
                assert_eq!(ids(&Bid::query().limit(2).await.unwrap()), [1, 2]);
                let lot = Lot::query().include(|l| l.bids).first().await.unwrap().unwrap();
                assert_eq!(lot.bids.iter().map(|bid| bid.id).collect::<Vec<_>>(), [1, 2, 3]);
                assert!(Bid::query().order_by(|b| b.price.asc()).await.unwrap_err().is_invalid());
            })
            .await;
    }
}
