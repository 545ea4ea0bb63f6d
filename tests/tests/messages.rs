//! What is said of fields: by default, in words of one's own, and in another language, whoever says it.

use std::sync::Arc;

use isoform::prelude::*;
use isoform::validate::{Message, Messages};
use isoform::{AnyRecord, Stored, json};
use isoform_server::Api;
use serde_json::{Value as Json, json};
use tests::entities_messages::{Grid, Guest, Locker, Plain, Strongbox, StrongboxMethods as _, Typed, Worded, all};
use tests::{Way, World, admin, ann, promises};

async fn made(way: Way) -> World {
    World::with(way, all()).await
}

/// A validator: its field, a value that it refuses, and what it says: by default, in words of the entity's own, and both in German.
type Case = (&'static str, Json, &'static str, &'static str, &'static str, &'static str);

fn cases() -> Vec<Case> {
    vec![
        ("required", json!(" "), "is required", "say it", "fehlt", "sag es"),
        ("notNull", json!(null), "must be given", "give it", "ist anzugeben", "gib es"),
        ("len", json!("a"), "must have at least 2 characters", "has 2 to 4 letters", "ab 2 Zeichen", "2 bis 4 Zeichen"),
        (
            "len",
            json!("abcde"),
            "must have at most 4 characters",
            "has 2 to 4 letters",
            "bis 4 Zeichen",
            "2 bis 4 Zeichen",
        ),
        ("range", json!(1), "must be at least 2", "is from 2 to 4", "ab 2", "von 2 bis 4"),
        ("range", json!(5), "must be at most 4", "is from 2 to 4", "bis 4", "von 2 bis 4"),
        (
            "email",
            json!("x"),
            "must be an e-mail address such as ann@example.org",
            "is no address",
            "keine Mail",
            "keine Adresse",
        ),
        ("url", json!("x"), "must be an address such as https://example.org", "is no link", "keine URL", "kein Link"),
        ("pattern", json!("A"), "must match [a-z]+", "is not like [a-z]+", "nicht nach [a-z]+", "nicht wie [a-z]+"),
        ("oneOf", json!("c"), "must be one of a, b", "is none of a, b", "nichts von a, b", "keins von a, b"),
        ("custom", json!(4), "is not odd", "is even", "ist nicht ungerade", "ist gerade"),
        ("customAsync", json!("nobody"), "is not known", "is a stranger", "ist unbekannt", "ist fremd"),
        ("unique", json!("there"), "already exists", "is taken", "gibt es schon", "ist vergeben"),
        ("hall", json!(Uuid::from_u128(7)), "does not exist", "is no hall", "gibt es nicht", "ist kein Saal"),
    ]
}

fn german() -> Messages {
    Messages::new("de")
        .set(Message::Required, "fehlt")
        .set(Message::NotNull, "ist anzugeben")
        .set(Message::MinLength, "ab {min} Zeichen")
        .set(Message::MaxLength, "bis {max} Zeichen")
        .set(Message::Min, "ab {min}")
        .set(Message::Max, "bis {max}")
        .set(Message::Email, "keine Mail")
        .set(Message::Url, "keine URL")
        .set(Message::Pattern, "nicht nach {pattern}")
        .set(Message::OneOf, "nichts von {values}")
        .set(Message::Unique, "gibt es schon")
        .set(Message::Exists, "gibt es nicht")
        .set(Message::PartOfId, "hat ein Komma")
        .set(Message::UniqueTogether, "gibt es zusammen")
        .set(Message::Null, "ist nicht null")
        .set(Message::Empty, "ist nicht leer")
        .set(Message::NotLoaded, "ist nicht geladen")
        .set(Message::Years, "hat vier Ziffern im Jahr")
        .set(Message::Finite, "ist endlich")
        .set(Message::Nul, "hat kein NUL")
        .set(Message::Json, "passt nicht ({problem})")
        .set(Message::Item, "Nr. {item}: {problem}")
        .set(Message::NoRow, "führt nirgends hin")
        .set(Message::Own("is not odd"), "ist nicht ungerade")
        .set(Message::Own("is not known"), "ist unbekannt")
        .set(Message::Own("say it"), "sag es")
        .set(Message::Own("give it"), "gib es")
        .set(Message::Own("has {min} to {max} letters"), "{min} bis {max} Zeichen")
        .set(Message::Own("is from {min} to {max}"), "von {min} bis {max}")
        .set(Message::Own("is no address"), "keine Adresse")
        .set(Message::Own("is no link"), "kein Link")
        .set(Message::Own("is not like {pattern}"), "nicht wie {pattern}")
        .set(Message::Own("is none of {values}"), "keins von {values}")
        .set(Message::Own("is even"), "ist gerade")
        .set(Message::Own("is a stranger"), "ist fremd")
        .set(Message::Own("is taken"), "ist vergeben")
        .set(Message::Own("is no hall"), "ist kein Saal")
        .set(Message::Own("must be true or false"), "ist ja oder nein")
        .set(Message::Own("must be a whole number"), "ist eine ganze Zahl")
        .set(Message::Own("must be a whole number between -2147483648 and 2147483647"), "ist eine kleine ganze Zahl")
        .set(Message::Own("must be a number"), "ist eine Zahl")
        .set(Message::Own("must be a text"), "ist ein Text")
        .set(Message::Own("must be a UUID"), "ist eine UUID")
        .set(Message::Own("must be a time such as 2020-01-01T00:00:00.000Z"), "ist eine Zeit")
        .set(Message::Own("must be a date such as 2020-01-02"), "ist ein Tag")
        .set(Message::Own("must be a list"), "ist eine Liste")
        .set(Message::Own("must have at most 6 digits after the point"), "hat höchstens 6 Stellen")
        .set(Message::Own("must be given: an id of this type is not made by the server"), "ist zu vergeben")
        .set(Message::Own("is guessed"), "ist erraten")
        .set(Message::Own("It is guessed."), "Es ist erraten.")
}

async fn speaking() -> World {
    World::configured(Way::InProcess, |api: Api| api.entities(all()).messages(german())).await
}

fn plain() -> Plain {
    let text = || "a".to_owned();
    Plain {
        required: text(),
        not_null: Some(String::new()),
        len: "abc".into(),
        range: 3,
        custom: 3,
        one_of: text(),
        ..Plain::blank()
    }
}

fn worded() -> Worded {
    let text = || "a".to_owned();
    Worded {
        required: text(),
        not_null: Some(String::new()),
        len: "abc".into(),
        range: 3,
        custom: 3,
        one_of: text(),
        ..Worded::blank()
    }
}

/// A record with one value that is wrong.
fn with<E: Stored>(right: E, field: &str, wrong: &Json) -> Record<E> {
    let index = E::meta().field_by_wire(field).unwrap();
    let mut record = Record::from(right);
    let value = json::from_json(E::meta().field(index).field_type, wrong).unwrap();
    AnyRecord::set(&mut record, index, value).unwrap();
    record
}

/// What is said of the one field of a new record that is wrong, where it is saved.
async fn refused<E: Stored>(right: E, field: &str, wrong: &Json) -> String {
    let error = with(right, field, wrong).save().await.unwrap_err();
    assert_eq!(error.fields().len(), 1, "{error:?}");
    error.field(field).unwrap_or_default().to_owned()
}

/// What a client sends for a new record.
fn body_of<E: Stored>(right: E) -> serde_json::Map<String, Json> {
    let record = Record::from(right);
    let body = json::row_to_json(E::meta(), E::meta().all_fields(), |index| AnyRecord::get(&record, index));
    body.into_iter().filter(|(name, _)| name != "id").collect()
}

promises! {
    in made;

    async fn each_validator_says_its_default_or_a_message_of_ones_own(world: World) {
        world.for_(&ann()).run(async {
            repo::<Plain>().insert(Plain { unique: "there".into(), ..plain() }).await.unwrap();
            repo::<Worded>().insert(Worded { unique: "there".into(), ..worded() }).await.unwrap();
            for (field, wrong, default, own, ..) in cases() {
                assert_eq!(refused(plain(), field, &wrong).await, default, "{field} {wrong}");
                assert_eq!(refused(worded(), field, &wrong).await, own, "{field} {wrong}");
            }
        }).await;
    }

    async fn nobody_is_told_by_a_validator_what_they_may_not_ask(world: World) {
        world.backend().run(async {
            repo::<Locker>().insert(Locker { number: 7, ..Locker::blank() }).await.unwrap();
            repo::<Guest>().insert(Guest { code: Some("x".into()), ..Guest::blank() }).await.unwrap();
        }).await;
        let locker = || Record::from(Locker { number: 7, ..Locker::blank() });
        let coded = || Record::from(Guest { code: Some("x".into()), ..Guest::blank() });
        let placed = || Record::from(Guest { hall: Some(Uuid::from_u128(7)), ..Guest::blank() });
        world.for_(&ann()).with_identity(ann()).run(async {
            locker().validate().await.expect("they may not see the rows");
            coded().validate().await.expect("nor that field of them");
            placed().validate().await.expect("nor the rows that it leads to");
            // What they may not write is passed over, and tells nothing either.
            assert_eq!(coded().save().await.map_err(|error| error.status()), Ok(()));
            // Two of them cannot have it: the index says that to whoever saves.
            let error = locker().save().await.unwrap_err();
            assert_eq!((error.status(), error.field("number")), (409, Some("already exists")));
        }).await;
        if !world.is_direct() {
            // Who only believes to be an admin is refused by the server, and told no more.
            world.for_(&ann()).with_identity(admin()).run(async {
                locker().validate().await.unwrap();
                placed().validate().await.unwrap();
            }).await;
        }
        world.for_(&admin()).with_identity(admin()).run(async {
            let said = |asked: Result<()>| { let error = asked.unwrap_err(); (error.status(), error.message().to_owned()) };
            assert_eq!(said(locker().validate().await), (409, "Number already exists".into()));
            assert_eq!(said(coded().validate().await), (409, "Code already exists".into()));
            assert_eq!(said(placed().validate().await), (400, "Hall does not exist".into()));
        }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_validator_speaks_another_language_by_a_table() {
    let world = speaking().await;
    let right = [("plain", body_of(plain())), ("worded", body_of(worded()))];
    for (key, right) in right {
        let path = format!("/api/{key}");
        let mut there = right.clone();
        there.insert("unique".into(), "there".into());
        world.post(&path).json(&there.into()).send().await.ok(201);
        for (field, wrong, default, own, german, german_own) in cases() {
            let mut body = right.clone();
            body.insert(field.into(), wrong.clone());
            let body = Json::from(body);
            let told = async |language| {
                world.post(&path).header("accept-language", language).json(&body).send().await.field(field)
            };
            let (english, german) = if key == "plain" { (default, german) } else { (own, german_own) };
            assert_eq!(
                (told("en").await.as_str(), told("de").await.as_str()),
                (english, german),
                "{key} {field} {wrong}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_its_type_is_said_in_the_language_of_whoever_sent_it() {
    let world = speaking().await;
    for (field, wrong, german) in [
        ("text", json!(1), "ist ein Text"),
        ("text", json!("a\0"), "hat kein NUL"),
        ("text", json!(null), "ist nicht null"),
        ("flag", json!("x"), "ist ja oder nein"),
        ("small", json!(1_u64 << 40), "ist eine kleine ganze Zahl"),
        ("large", json!(1.5), "ist eine ganze Zahl"),
        ("float", json!("x"), "ist eine Zahl"),
        ("uuid", json!("x"), "ist eine UUID"),
        ("time", json!("x"), "ist eine Zeit"),
        ("day", json!("x"), "ist ein Tag"),
        ("exact", json!("0.00000001"), "hat höchstens 6 Stellen"),
        ("list", json!(1), "ist eine Liste"),
        ("list", json!([1, "x"]), "Nr. 2: ist eine ganze Zahl"),
        ("side", json!("up"), "nichts von left, right"),
        ("shape", json!({"corners": 300}), "passt nicht ("),
        ("hall", json!(Uuid::from_u128(7)), "führt nirgends hin"),
    ] {
        let body = json!({"id": 1, field: wrong});
        let told = world.post("/api/typed").header("accept-language", "de").json(&body).send().await.field(field);
        assert!(told == german || (told.starts_with(german) && german.ends_with('(')), "{field} {wrong}: {told}");
    }
    let told = world.post("/api/typed").header("accept-language", "de").json(&json!({})).send().await;
    assert_eq!(told.field("id"), "ist zu vergeben");
    let grid = json!({"row": "a,b", "column": "c"});
    assert_eq!(
        world.post("/api/grid").header("accept-language", "de").json(&grid).send().await.field("row"),
        "hat ein Komma"
    );
    let grid = json!({"row": "a", "column": "c"});
    world.post("/api/grid").json(&grid).send().await.ok(201);
    assert_eq!(
        world.post("/api/grid").header("accept-language", "de").json(&grid).send().await.field("row"),
        "gibt es zusammen"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_said_in_the_language_of_the_context() {
    let world = World::with(Way::Direct, all()).await;
    let day = NaiveDate::from_ymd_opt(12_000, 1, 1).unwrap();
    let right = || Typed { id: 1, ..Typed::blank() };
    let context = world.backend().with_messages(Arc::new(german()));
    let said = async |wrong: Record<Typed>, field: &str| {
        let mut wrong = wrong;
        let error = context.run(wrong.save()).await.unwrap_err();
        assert_eq!(wrong.state().errors().iter().count(), 1);
        error.field(field).unwrap_or_default().to_owned()
    };
    let new = |typed: Typed| Record::from(typed);
    assert_eq!(said(new(Typed { text: "\0".into(), ..right() }), "text").await, "hat kein NUL");
    assert_eq!(said(new(Typed { float: f64::NAN, ..right() }), "float").await, "ist endlich");
    assert_eq!(said(new(Typed { day, ..right() }), "day").await, "hat vier Ziffern im Jahr");
    let time = day.and_time(NaiveTime::MIN).and_utc();
    assert_eq!(said(new(Typed { time, ..right() }), "time").await, "hat vier Ziffern im Jahr");
    let exact = Decimal::new(1, 9);
    assert_eq!(said(new(Typed { exact, ..right() }), "exact").await, "hat höchstens 6 Stellen");
    let stored = context.run(async {
        repo::<Typed>().insert(right()).await?;
        repo::<Typed>().find_id(1).await
    });
    let copy = Record::from(Typed { id: 2, ..(*stored.await.unwrap()).clone() });
    assert_eq!(said(copy, "body").await, "ist nicht geladen");
    let emptied = context.run(async {
        let mut grid = repo::<Grid>().insert(Grid { row: "a".into(), column: "b".into(), text: String::new() }).await?;
        grid.row = String::new();
        grid.save().await
    });
    assert_eq!(emptied.await.unwrap_err().field("row"), Some("ist nicht leer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hooks_and_methods_say_or_return_is_translated_too() {
    let world = speaking().await;
    let german = |ask: tests::raw::Ask| ask.header("accept-language", "de");
    for name in ["both", "returned"] {
        let told = german(world.post("/api/strongboxes")).json(&json!({"name": name})).send().await;
        assert_eq!((told.status, told.field("name").as_str()), (400, "ist erraten"), "{name}: {told:?}");
    }
    let shake = |fails: bool| json!({"args": [fails], "rowInfo": {"data": {"name": "x"}, "isNewRow": true, "wasChanged": true}});
    let told = german(world.post("/api/strongboxes/shake")).json(&shake(true)).send().await;
    assert_eq!((told.field("name").as_str(), &told.json()["message"]), ("ist erraten", &json!("Es ist erraten.")));
    let told = german(world.post("/api/strongboxes/shake")).json(&shake(false)).send().await.ok(200);
    assert_eq!(told["rowInfo"]["modelState"], json!({"name": "ist erraten"}));
    // Directly.
    let direct = World::with(Way::Direct, all()).await;
    let context = direct.for_(&ann()).with_messages(Arc::new(self::german()));
    let mut strongbox = Record::from(Strongbox { name: "returned".into(), ..Strongbox::blank() });
    let error = context.run(strongbox.save()).await.unwrap_err();
    assert_eq!((error.field("name"), error.message()), (Some("ist erraten"), "Es ist erraten."));
    let error = context.run(strongbox.shake(true)).await.unwrap_err();
    assert_eq!((error.field("name"), error.message()), (Some("ist erraten"), "Es ist erraten."));
}
