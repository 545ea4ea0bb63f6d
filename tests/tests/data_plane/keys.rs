//! Foreign keys that name no row say which they are, to those who have written them.

use isoform::prelude::*;
use serde_json::json;
use tests::{Way, World, ann, promises};

/// Who sends and gets.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "correspondents", allow(crud = authenticated))]
pub struct Person {
    #[field(id)]
    pub id: String,
}

/// Where things lie. Some places are not for everybody.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "depots", allow(crud = authenticated), api_filter = open)]
pub struct Depot {
    #[field(id)]
    pub id: String,
    pub closed: bool,
}

fn open(_: Option<&Identity>) -> Filter<Depot> {
    Depot::filter(|d| d.closed.eq(false))
}

/// What is sent.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "letters", allow(crud = authenticated))]
pub struct Letter {
    #[field(id)]
    pub id: i64,
    pub sender: Option<String>,
    pub receiver: Option<String>,
    pub depot: Option<String>,
    pub answers: Option<i64>,
    #[relation(sender)]
    pub from: ToOne<Person>,
    #[relation(receiver)]
    pub to: ToOne<Person>,
    #[relation(depot)]
    pub at: ToOne<Depot>,
    #[relation(answers)]
    pub answered: ToOne<Letter>,
}

/// A hook puts it where there is nothing.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "lost-letters", table = "lost_letters", allow(crud = authenticated), hooks)]
pub struct Lost {
    #[field(id)]
    pub id: i64,
    pub sender: Option<String>,
    #[field(allow_update = false)]
    pub place: Option<String>,
    #[relation(sender)]
    pub from: ToOne<Person>,
    #[relation(place)]
    pub at: ToOne<Depot>,
}

#[hooks]
impl Hooks for Lost {
    async fn saving(lost: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        lost.place = Some("nowhere".into());
        Ok(())
    }
}

async fn post(way: Way) -> World {
    let world = World::with(way, entities![Person, Depot, Letter, Lost]).await;
    let fill = async {
        repo::<Person>().insert(Person { id: "ann".into() }).await?;
        repo::<Depot>().insert(Depot { id: "open".into(), closed: false }).await?;
        repo::<Depot>().insert(Depot { id: "closed".into(), closed: true }).await?;
        repo::<Letter>().insert(letter(1, "ann", "ann")).await
    };
    world.backend().run(fill).await.unwrap();
    world
}

fn letter(id: i64, sender: &str, receiver: &str) -> Letter {
    Letter { id, sender: Some(sender.into()), receiver: Some(receiver.into()), ..Letter::blank() }
}

#[track_caller]
fn names<T: std::fmt::Debug>(result: Result<T>, fields: &[&str]) {
    let error = result.unwrap_err();
    assert!(error.is_conflict() && error.code() == Some("foreign_key"), "{error:?}");
    let mut named: Vec<_> = error.fields().iter().map(|(field, _)| &**field).collect();
    named.sort_unstable();
    assert_eq!(named, fields, "{error:?}");
    assert!(error.fields().iter().all(|(_, says)| says == "names a row that is not there"), "{error:?}");
}

promises! {
    in post;

    async fn a_foreign_key_without_a_row_is_a_conflict_that_names_its_field(world: World) {
        for context in [world.for_(&ann()), world.backend()] {
            context.run(async {
                let letters = || repo::<Letter>();
                names(letters().insert(letter(2, "ann", "nobody")).await, &["receiver"]);
                names(letters().insert(letter(2, "no one", "nobody")).await, &["receiver", "sender"]);
                names(letters().insert(Letter { answers: Some(9), ..letter(2, "ann", "ann") }).await, &["answers"]);
                names(letters().insert_many([letter(2, "ann", "ann"), letter(3, "no one", "ann")]).await, &["sender"]);
                let mut one = letters().find_id(1).await.unwrap();
                one.sender = Some("nobody".into());
                names(one.save().await, &["sender"]);
                names(letters().update(1, |l| l.receiver.set(Some("nobody".to_owned()))).await, &["receiver"]);
                names(letters().update_many(|l| l.id.eq(1), |l| l.sender.set(Some("nobody".to_owned()))).await, &["sender"]);
                let upsert = Upsert::<Letter>::by(|l| l.id.set(1)).set(|l| l.sender.set(Some("nobody".to_owned())));
                names(letters().upsert_many([upsert]).await, &["sender"]);
                let upsert = Upsert::<Letter>::by(|l| l.id.set(7)).set(|l| l.sender.set(Some("nobody".to_owned())));
                names(letters().upsert_many([upsert]).await, &["sender"]);
                assert_eq!(letters().count().await.unwrap(), 1);
            }).await;
        }
    }

    async fn a_row_that_was_written_just_before_is_there(world: World) {
        world.for_(&ann()).run(async {
            let mut batch = Batch::new();
            batch.repo::<Person>().insert(Person { id: "new".into() });
            batch.repo::<Letter>().insert(letter(2, "new", "nobody"));
            let error = batch.run().await.unwrap_err();
            assert!(error.fields().iter().all(|(field, _)| field.contains("receiver")), "{error:?}");
            assert_eq!(error.fields().len(), 1, "{error:?}");
            repo::<Letter>().insert(Letter { answers: Some(5), ..letter(5, "ann", "ann") }).await.unwrap();
        }).await;
    }

    async fn a_hidden_row_is_told_as_one_that_is_not_there(world: World) {
        world.for_(&ann()).run(async {
            let at = |depot: &str| Letter { depot: Some(depot.into()), ..letter(2, "ann", "ann") };
            let (hidden, absent) = (repo::<Letter>().insert(at("closed")).await, repo::<Letter>().insert(at("gone")).await);
            let told = |error: &Error| (error.message().to_owned(), error.fields().to_vec(), error.code().map(str::to_owned));
            assert_eq!(told(&hidden.clone().unwrap_err()), told(&absent.unwrap_err()));
            names(hidden, &["depot"]);
        }).await;
    }

    async fn a_key_that_the_asker_did_not_write_is_not_named_to_them(world: World) {
        world.for_(&ann()).run(async {
            names(repo::<Lost>().insert(Lost { id: 1, sender: Some("ann".into()), ..Lost::blank() }).await, &[]);
        }).await;
        world.backend().run(async {
            names(repo::<Lost>().insert(Lost { id: 1, ..Lost::blank() }).await, &["place"]);
        }).await;
    }

    async fn a_row_that_others_need_is_a_conflict_without_a_field(world: World) {
        world.for_(&ann()).run(async { names(repo::<Person>().delete("ann").await, &[]) }).await;
        world.backend().run(async { names(repo::<Person>().delete("ann").await, &[]) }).await;
    }
}

#[tokio::test]
async fn the_wire_has_the_field_in_its_model_state() {
    let world = post(Way::InProcess).await;
    let answer = world.post("/api/letters").by(&ann()).json(&json!({"id": 2, "sender": "nobody"})).send().await;
    assert_eq!(answer.refused(409), "Sender names a row that is not there.");
    let error = answer.json();
    assert_eq!(error["modelState"], json!({"sender": "names a row that is not there"}));
    assert_eq!(error["code"], "foreign_key");
    let answer = world.put("/api/letters/1").by(&ann()).json(&json!({"receiver": "nobody"})).send().await;
    answer.refused(409);
    assert_eq!(answer.json()["modelState"], json!({"receiver": "names a row that is not there"}));
}
