//! Validators: what they refuse, what they say, and in which language.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use isoform::prelude::*;
use isoform::validate::{Message, Messages};
use isoform_server::Api;
use serde_json::json;
use tests::entities_hooks::{ASKED, Club, Lodge, Mate, Member, PLATES, Plate};
use tests::{Way, World, admin, ann, promises};

/// What is said of one field of a member, where nothing else is wrong.
async fn said(change: impl FnOnce(&mut Member), field: &str) -> String {
    let mut member = Member::right("ann");
    change(&mut member);
    let error = repo::<Member>().insert(member).await.unwrap_err();
    assert_eq!((error.status(), error.fields().len()), (400, 1), "{error:?}");
    error.field(field).unwrap_or_default().to_owned()
}

promises! {
    async fn each_validator_has_a_message(world: World) {
        world.for_(&ann()).run(async {
            assert_eq!(said(|m| m.name = " ".repeat(3), "name").await, "is required");
            assert_eq!(said(|m| m.name = "a".into(), "name").await, "must have at least 2 characters");
            assert_eq!(said(|m| m.name = "a".repeat(10), "name").await, "must have at most 9 characters");
            assert_eq!(said(|m| m.age = 16, "age").await, "must be at least 18");
            assert_eq!(said(|m| m.age = 100, "age").await, "must be at most 99");
            assert_eq!(said(|m| m.age = 19, "age").await, "must be even");
            assert_eq!(said(|m| m.mail = Some("x".into()), "mail").await, "must be an e-mail address such as ann@example.org");
            assert_eq!(said(|m| m.site = Some("x".into()), "site").await, "must be an address such as https://example.org");
            assert_eq!(said(|m| m.code = Some("x".into()), "code").await, "must match [A-Z]{2}[0-9]+");
            assert_eq!(said(|m| m.color = Some("x".into()), "color").await, "must be one of red, blue");
            assert_eq!(said(|m| m.motto = None, "motto").await, "must be given");
            assert_eq!(said(|m| m.club = Some(Uuid::now_v7()), "club").await, "does not exist");
            assert_eq!(said(|m| m.second = Some(Uuid::now_v7()), "second").await, "is no club");
            repo::<Member>().insert(Member::right("ann")).await.unwrap();
        }).await;
    }

    async fn not_null_takes_an_empty_text(world: World) {
        world.for_(&ann()).run(async {
            let mut member = repo::<Member>().insert(Member::right("ann")).await.unwrap();
            assert_eq!(member.motto.as_deref(), Some(""));
            member.motto = None;
            assert_eq!(member.save().await.unwrap_err().field("motto"), Some("must be given"));
            let cleared = repo::<Member>().update_many(|m| m.name.eq("ann"), |m| m.motto.set(None::<String>)).await;
            assert_eq!(cleared.unwrap_err().field("motto"), Some("must be given"));
        }).await;
    }

    async fn what_is_not_unique_is_409_at_its_field(world: World) {
        world.for_(&ann()).run(async {
            repo::<Member>().insert(Member { badge: Some(7), ..Member::right("ann") }).await.unwrap();
            let error = repo::<Member>().insert(Member { badge: Some(7), ..Member::right("bob") }).await.unwrap_err();
            assert_eq!((error.status(), error.field("badge")), (409, Some("already exists")));
            assert_eq!(error.message(), "Badge already exists");
            // With a message of its own.
            let mut bob = repo::<Member>().insert(Member::right("bob")).await.unwrap();
            bob.name = "ann".into();
            let error = bob.save().await.unwrap_err();
            assert_eq!((error.status(), error.field("name")), (409, Some("is taken")));
            assert_eq!(bob.error(|m| m.name), Some("is taken"));
            // What is there already is its own.
            bob.undo();
            bob.age = 30;
            bob.save().await.unwrap();
        }).await;
    }

    async fn what_is_not_unique_is_said_before_the_hooks_run(world: World) {
        world.for_(&ann()).run(async {
            // The hooks of other worlds are counted in the same place.
            let text = Uuid::new_v4().simple().to_string()[..5].to_owned();
            let saved = || PLATES.lock().unwrap().iter().filter(|plate| **plate == text).count();
            let plate = || Plate { text: text.clone(), ..Plate::blank() };
            repo::<Plate>().insert(plate()).await.unwrap();
            assert_eq!(saved(), 1);
            let error = repo::<Plate>().insert(plate()).await.unwrap_err();
            assert_eq!((error.status(), error.message()), (409, "Text already exists"));
            // Beside what else is wrong it is one of several.
            let answer = world.post("/api/plates").by(&ann()).json(&json!({"text": text, "city": "Rome"})).send().await;
            let told = answer.json();
            assert_eq!(answer.status, 400);
            assert_eq!(told["modelState"], json!({"text": "already exists", "city": "must have at most 3 characters"}));
            assert_eq!(saved(), 1, "no hook has run for what was refused");
        }).await;
    }

    async fn what_is_unique_and_exists_is_asked_where_the_record_is(world: World) {
        world.for_(&ann()).run(async {
            let club = repo::<Club>().insert(Club::blank()).await.unwrap();
            repo::<Member>().insert(Member { club: Some(club.id), ..Member::right("ann") }).await.unwrap();
            let mut member = Record::from(Member { club: Some(Uuid::now_v7()), ..Member::right("ann") });
            let error = member.validate().await.unwrap_err();
            assert_eq!(error.status(), 400);
            assert_eq!(member.error(|m| m.name), Some("is taken"));
            assert_eq!(member.error(|m| m.club), Some("does not exist"));
            member.club = Some(club.id);
            assert_eq!(member.validate().await.unwrap_err().status(), 409);
            // A form asks about what was filled in.
            member.validate_fields(|m| m.club).await.unwrap();
            assert!(member.validate_fields(|m| (m.name, m.club)).await.is_err());
            member.name = "bob".into();
            member.validate().await.unwrap();
        }).await;
    }

    async fn a_key_to_a_row_out_of_reach_is_answered_as_one_to_none(world: World) {
        let secret = world.backend().run(async {
            repo::<Lodge>().insert(Lodge { secret: true, ..Lodge::blank() }).await.unwrap()
        }).await;
        for lodge in [secret.id, Uuid::now_v7()] {
            let body = json!({"lodge": lodge});
            let answer = world.post("/api/mates").by(&ann()).json(&body).send().await;
            assert_eq!(answer.status, 400, "{}", answer.text);
            assert_eq!(answer.json(), json!({"message": "Lodge does not exist", "modelState": {"lodge": "does not exist"}}));
            let error = world.for_(&ann()).run(async {
                let mut mate = Record::from(Mate { lodge: Some(lodge), ..Mate::blank() });
                mate.validate().await.unwrap_err()
            }).await;
            assert_eq!(error.field("lodge"), Some("does not exist"));
        }
        world.for_(&admin()).run(async {
            repo::<Mate>().insert(Mate { lodge: Some(secret.id), ..Mate::blank() }).await.unwrap();
        }).await;
    }

    async fn an_async_validator_asks_repositories_and_sees_the_unsaved_record(world: World) {
        world.for_(&ann()).run(async {
            repo::<Club>().insert(Club { banned: Some("rude".into()), ..Club::blank() }).await.unwrap();
            assert_eq!(said(|m| m.name = "rude".into(), "name").await, "is rude");
            // It sees the age that is not saved.
            let mut member = repo::<Member>().insert(Member { age: 60, ..Member::right("rude") }).await.unwrap();
            member.age = 40;
            assert_eq!(member.save().await.unwrap_err().field("name"), Some("is rude"));
            assert!(ASKED.load(Ordering::SeqCst) > 0);
            // Many rows are asked about too, whatever else they have.
            let many = repo::<Member>().insert_many([Member::right("bob"), Member::right("rude2")]).await;
            many.unwrap();
            let changed = repo::<Member>().update_many(|m| m.age.eq(60), |m| m.age.set(30)).await.unwrap_err();
            assert_eq!(changed.field("name"), Some("is rude"));
        }).await;
    }
}

fn german() -> Messages {
    Messages::new("de")
        .set(Message::Required, "fehlt")
        .set(Message::MinLength, "braucht mindestens {min} und höchstens {max} Zeichen")
        .set(Message::Max, "ist größer als {max}")
        .set(Message::OneOf, "ist keines von {values}")
        .set(Message::Exists, "gibt es nicht")
        .set(Message::Unique, "gibt es schon")
        .set(Message::Own("is taken"), "ist vergeben")
        .set(Message::Own("must be even"), "muss gerade sein")
        .set(Message::Own("is rude"), "ist unhöflich")
}

async fn speaking() -> World {
    let configure = |api: Api| {
        let french = Messages::new("fr").set(Message::Required, "est requis");
        api.entities(tests::entities::all()).messages(german()).messages(french)
    };
    World::configured(Way::InProcess, configure).await
}

/// What is said to a browser that accepts these languages.
async fn told(world: &World, languages: &str, body: serde_json::Value, field: &str) -> String {
    let ask = world.post("/api/members").by(&ann()).header("accept-language", languages);
    ask.json(&body).send().await.field(field)
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_in_the_language_that_is_accepted() {
    let world = speaking().await;
    let empty = json!({"age": 20, "motto": ""});
    for (accepted, message) in [
        ("de", "fehlt"),
        ("de-AT,en;q=0.5", "fehlt"),
        ("nl, de;q=0.7, fr;q=0.9", "est requis"),
        ("en-US, de;q=0.9", "is required"),
        ("nl", "is required"),
        ("de;q=0", "is required"),
        ("*;q=x,;;,", "is required"),
    ] {
        assert_eq!(told(&world, accepted, empty.clone(), "name").await, message, "{accepted}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_have_the_limits_in_them_and_own_ones_are_translated() {
    let world = speaking().await;
    let member = |name: &str, age: i32| json!({"name": name, "age": age, "motto": "", "color": "red"});
    let say = async |body: serde_json::Value, field: &str| told(&world, "de", body, field).await;
    assert_eq!(say(member("a", 20), "name").await, "braucht mindestens 2 und höchstens 9 Zeichen");
    assert_eq!(say(member("ann", 100), "age").await, "ist größer als 99");
    assert_eq!(say(member("ann", 19), "age").await, "muss gerade sein");
    let mut color = member("ann", 20);
    color["color"] = "pink".into();
    assert_eq!(say(color, "color").await, "ist keines von red, blue");
    let mut club = member("ann", 20);
    club["club"] = Uuid::now_v7().to_string().into();
    assert_eq!(say(club, "club").await, "gibt es nicht");
    // What the table does not have is said in English.
    assert_eq!(say(member("aaaaaaaaaa", 20), "name").await, "must have at most 9 characters");
    world
        .backend()
        .run(async {
            repo::<Club>().insert(Club { banned: Some("rude".into()), ..Club::blank() }).await.unwrap();
            repo::<Member>().insert(Member { badge: Some(7), ..Member::right("ann") }).await.unwrap();
        })
        .await;
    assert_eq!(say(member("rude", 20), "name").await, "ist unhöflich");
    assert_eq!(say(member("ann", 20), "name").await, "ist vergeben", "also where the database found it");
    let mut badge = member("bob", 20);
    badge["badge"] = 7.into();
    assert_eq!(say(badge, "badge").await, "gibt es schon");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_says_what_it_reads() {
    let world = speaking().await;
    let ann = ann().claim("language", "de");
    let answer =
        world.post("/api/members").by(&ann).header("accept-language", "fr").json(&json!({"age": 20})).send().await;
    assert_eq!(answer.field("name"), "fehlt");
    let english = ann.claim("language", "en");
    let answer =
        world.post("/api/members").by(&english).header("accept-language", "fr").json(&json!({"age": 20})).send().await;
    assert_eq!(answer.field("name"), "is required");
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_code_speaks_the_language_of_its_context() {
    let world = World::new(Way::Direct).await;
    let context = world.backend().with_messages(Arc::new(german()));
    let error = context.run(async { repo::<Member>().insert(Member::blank()).await }).await.unwrap_err();
    assert_eq!(error.field("name"), Some("fehlt"));
}
