//! Backend methods and the guard: what they go past, what they do not, and what a refused call leaves behind.

use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities_proofs::{Till, TillMethods as _, Vault, VaultMethods as _, all};
use tests::raw::Answer;
use tests::{Way, World, ann, bob, promises};

async fn filled(way: Way) -> World {
    let world = World::with(way, all()).await;
    let vault = |id, owner: &str, closed| Vault { id, owner: owner.into(), closed, gold: 10 };
    let insert = repo::<Vault>().insert_many([vault(1, "ann", false), vault(2, "bob", false), vault(3, "ann", true)]);
    world.backend().run(insert).await.unwrap();
    world
}

async fn gold(world: &World) -> Vec<i64> {
    let all = world.backend().run(Vault::query().all()).await.unwrap();
    all.iter().map(|vault| vault.gold).collect()
}

/// A vault as its owner has it: nobody else reads them.
async fn held(world: &World, id: i64) -> Record<Vault> {
    world.backend().run(repo::<Vault>().find_id(id)).await.unwrap()
}

fn stated(till: &Till) -> (i64, i64, &str) {
    (till.cash, till.limit, &till.label)
}

promises! {
    in filled;

    async fn of_what_is_sent_along_the_fields_are_taken_that_their_rules_let_the_caller_write(world: World) {
        let insert = repo::<Till>().insert(Till { id: 1, cash: 10, limit: 50, label: "old".into() });
        world.backend().run(insert).await.unwrap();
        let banker = bob().role("banker");
        for (who, limit) in [(ann(), 50), (banker, 900)] {
            world.for_(&who).run(async {
                let mut till = repo::<Till>().find_id(1).await.unwrap();
                assert!(!till.can_update());
                assert!(repo::<Till>().update(1, |t| t.label.set("x")).await.unwrap_err().is_forbidden());
                let label = format!("of {}", who.id);
                (till.cash, till.limit, till.label) = (1_000_000, 900, label.clone());
                let before = world.backend().run(repo::<Till>().find_id(1)).await.unwrap().cash;
                assert_eq!(till.pay(5).await.unwrap(), before + 5);
                assert_eq!(stated(&till), (before + 5, limit, label.as_str()));
                let stored = world.backend().run(repo::<Till>().find_id(1)).await.unwrap();
                assert_eq!(stored, till, "nobody may update a till, and what has no rule is saved all the same");
            }).await;
        }
        // A new one.
        world.for_(&ann()).run(async {
            let new = || Till { id: 2, cash: 1_000_000, limit: 900, label: "new".into() };
            assert!(repo::<Till>().insert(new()).await.unwrap_err().is_forbidden());
            let mut till = Record::from(new());
            assert_eq!(till.pay(5).await.unwrap(), 5);
            assert_eq!((till.is_new(), stated(&till)), (false, (5, 0, "new")));
        }).await;
        let stored = world.backend().run(repo::<Till>().find_id(2)).await.unwrap();
        assert_eq!(stated(&stored), (5, 0, "new"));
    }

    async fn what_a_method_does_not_save_is_not_saved(world: World) {
        world.backend().run(repo::<Till>().insert(Till { id: 1, ..Till::blank() })).await.unwrap();
        world.for_(&bob().role("banker")).run(async {
            let mut till = repo::<Till>().find_id(1).await.unwrap();
            till.label = "x".into();
            assert_eq!((till.look().await.unwrap(), till.is_changed()), (0, true));
        }).await;
        assert_eq!(world.backend().run(repo::<Till>().find_id(1)).await.unwrap().label, "");
    }

    async fn a_method_bypasses_the_allow_rules_of_its_entity(world: World) {
        let mut vault = held(&world, 1).await;
        world.for_(&ann()).run(async {
            assert!(Vault::query().await.unwrap_err().is_forbidden(), "who calls may not read them");
            assert!(repo::<Vault>().delete(1).await.unwrap_err().is_forbidden());
            assert!(repo::<Vault>().update_many(|v| v.id.eq(1), |v| v.owner.set("x")).await.unwrap_err().is_forbidden());
            assert_eq!(vault.deposit(5).await.unwrap(), 15, "nor write them, and nobody their gold");
        }).await;
        assert_eq!(gold(&world).await, [15, 10, 10]);
    }

    async fn a_method_bypasses_the_api_filter_of_its_entity_and_its_caller_does_not(world: World) {
        let (mut vault, mut closed) = (held(&world, 1).await, held(&world, 3).await);
        world.for_(&ann()).run(async {
            assert_eq!(Vault::all_gold().await.unwrap(), 30);
            vault.move_to(3).await.unwrap();
            assert!(closed.deposit(1).await.unwrap_err().is_not_found(), "which row it is called on is the caller's word");
        }).await;
        assert_eq!(gold(&world).await, [0, 10, 20]);
    }

    async fn its_allowed_is_judged_on_the_stored_and_the_resulting_record(world: World) {
        let mut vault = held(&world, 2).await;
        world.for_(&ann()).run(async {
            assert!(vault.deposit(1).await.unwrap_err().is_forbidden(), "the stored one");
            vault.owner = "ann".into();
            assert!(vault.deposit(1).await.unwrap_err().is_forbidden(), "whatever it is to become");
        }).await;
        let mut own = held(&world, 2).await;
        world.for_(&bob()).run(async {
            own.owner = "ann".into();
            assert!(own.deposit(1).await.unwrap_err().is_forbidden(), "the resulting one");
            own.undo();
            assert_eq!(own.deposit(1).await.unwrap(), 11);
        }).await;
        assert!(world.nobody().run(own.deposit(1)).await.unwrap_err().is_unauthenticated());
        assert_eq!(gold(&world).await, [10, 11, 10]);
    }

    async fn a_call_that_finds_no_row_is_not_counted(world: World) {
        let (mut vault, mut closed, mut absent) = (held(&world, 1).await, held(&world, 3).await, held(&world, 1).await);
        absent.id = 99;
        absent = Record::from((*absent).clone());
        world.backend().run(absent.save()).await.unwrap();
        world.backend().run(repo::<Vault>().delete(99)).await.unwrap();
        world.for_(&ann()).run(async {
            for _ in 0..3 {
                assert!(absent.knock().await.unwrap_err().is_not_found());
                assert!(closed.knock().await.unwrap_err().is_not_found());
            }
            vault.knock().await.unwrap();
            absent.knock().await.unwrap_err();
            vault.knock().await.unwrap();
            assert_eq!(vault.knock().await.unwrap_err().status(), 429, "what has run is counted");
        }).await;
    }

    async fn a_404_of_the_method_itself_is_counted(world: World) {
        world.backend().run(repo::<Vault>().update(1, |v| v.gold.set(-1))).await.unwrap();
        let mut vault = held(&world, 1).await;
        world.for_(&ann()).run(async {
            assert!(vault.knock().await.unwrap_err().is_not_found());
            assert!(vault.knock().await.unwrap_err().is_not_found());
            assert_eq!(vault.knock().await.unwrap_err().status(), 429);
        }).await;
    }
}

const KEY: &str = "0b8e2e5f-3c1a-4a57-9d33-000000000001";

async fn melt(world: &World, who: Option<&Identity>, id: i64, data: &Json) -> Answer {
    let row_info = json!({"data": data, "isNewRow": false, "wasChanged": data != &json!({}), "id": id});
    let post = world.post("/api/vaults/melt").header("idempotency-key", KEY);
    let post = post.json(&json!({"args": [], "rowInfo": row_info}));
    match who {
        Some(who) => post.by(who).send().await,
        None => post.send().await,
    }
}

async fn kept(world: &World) -> i64 {
    let count = sql!("SELECT COUNT(*) FROM isoform_answered_requests").fetch_first::<(i64,)>();
    world.backend().run(count).await.unwrap().unwrap().0
}

#[tokio::test]
async fn a_method_without_a_transaction_claims_no_key_before_the_guard_has_passed() {
    let world = filled(Way::InProcess).await;
    let nothing = json!({});
    melt(&world, None, 1, &nothing).await.refused(401);
    melt(&world, Some(&bob()), 1, &nothing).await.refused(403);
    melt(&world, Some(&ann()), 99, &nothing).await.refused(404);
    melt(&world, Some(&ann()), 3, &nothing).await.refused(404);
    melt(&world, Some(&ann()), 1, &json!({"owner": "bob"})).await.refused(403);
    melt(&world, Some(&ann()), 1, &json!({"nonsense": 1})).await.refused_echoing(400, "nonsense");
    assert_eq!(kept(&world).await, 0, "they did nothing");
    // So the key is free for what is right, and that is done once.
    for _ in 0..2 {
        let answer = melt(&world, Some(&ann()), 1, &nothing).await.ok(200);
        assert_eq!(answer["result"], 9);
    }
    assert_eq!((gold(&world).await, kept(&world).await), (vec![9, 10, 10], 1));
}

#[tokio::test]
async fn what_a_method_without_a_transaction_refuses_itself_is_kept() {
    let world = filled(Way::InProcess).await;
    world.backend().run(repo::<Vault>().update(1, |v| v.gold.set(0))).await.unwrap();
    for _ in 0..2 {
        assert_eq!(melt(&world, Some(&ann()), 1, &json!({})).await.refused(403), "There is no gold left.");
    }
    assert_eq!(gold(&world).await, [-1, 10, 10], "it was done, and only once");
}
