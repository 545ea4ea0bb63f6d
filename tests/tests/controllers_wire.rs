//! Controllers, as they are on the wire.

use isoform::prelude::*;
use isoform_server::{Api, Database};
use serde_json::json;
use tests::entities_controllers::{Visit, Visitor};
use tests::{Way, World, admin, ann};

async fn world() -> World {
    World::new(Way::Direct).await
}

async fn visitors(world: &World) -> u64 {
    world.backend().run(repo::<Visitor>().count()).await.unwrap()
}

fn fields() -> serde_json::Value {
    json!({ "email": "a@b.cd", "password": "long enough", "repeated": "long enough" })
}

#[tokio::test]
async fn fields_go_there_and_come_back() {
    let world = world().await;
    let body = json!({ "args": ["Dr"], "fields": fields() });
    let answer = world.post("/api/visit/enter").json(&body).send().await.ok(200);
    let fields = json!({ "email": "a@b.cd", "password": "", "repeated": "", "greeting": "Welcome, Dr a@b.cd" });
    assert_eq!(answer, json!({ "result": 1, "fields": fields }));
    let answer = world.post("/api/visit/fill").json(&json!({ "fields": self::fields() })).by(&admin()).send().await;
    let answer = answer.ok(200);
    assert_eq!((&answer["fields"]["discount"], &answer["fields"]["score"]), (&json!(20), &json!(null)));
    assert!(answer.get("result").is_none(), "a method without a result leaves it out: {answer}");
}

#[tokio::test]
async fn fields_that_are_left_out_have_their_defaults() {
    let world = world().await;
    let body = json!({ "args": [["100"]], "fields": { "firstDay": "2026-03-01", "rate": "" } });
    let answer = world.post("/api/report/compute").json(&body).by(&admin()).send().await.ok(200);
    assert_eq!((&answer["fields"]["total"], &answer["fields"]["step"]), (&json!("19"), &json!(1)));
    let refused = world.post("/api/report/next").json(&json!({})).by(&ann()).send().await;
    refused.refused(400);
    assert_eq!(refused.field("firstDay"), "is required");
}

#[tokio::test]
async fn messages_stand_at_fields_that_the_caller_may_see() {
    let world = world().await;
    let body = json!({ "fields": fields() });
    let answer = world.post("/api/visit/frown").json(&body).send().await.ok(200);
    assert_eq!(answer["modelState"], json!({ "email": "looks odd" }));
    let refused = world.post("/api/visit/refuse").json(&body).send().await;
    assert_eq!(refused.refused(403), "Nobody is let in.");
    assert_eq!(refused.json()["modelState"], json!({ "email": "is not on the list" }));
}

#[tokio::test]
async fn a_password_is_not_sent_back() {
    let world = world().await;
    let body = json!({ "fields": fields() });
    let answer = world.post("/api/visit/frown").json(&body).send().await.ok(200);
    assert_eq!(answer["fields"], json!({ "email": "a@b.cd", "greeting": "" }), "not what the method left");
    let body = json!({ "args": ["Dr"], "fields": fields() });
    let answer = world.post("/api/visit/enter").json(&body).send().await.ok(200);
    assert_eq!(answer["fields"]["password"], "", "but that it was cleared");
}

#[tokio::test]
async fn what_is_wrong_reaches_no_method() {
    let world = world().await;
    let enter = async |fields: serde_json::Value| {
        let body = json!({ "args": ["Dr"], "fields": fields });
        world.post("/api/visit/enter").json(&body).send().await
    };
    let refused = enter(json!({ "email": "nobody", "password": "short", "repeated": "other" })).await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.field("email"), "must be an e-mail address such as ann@example.org");
    assert_eq!(refused.field("repeated"), "is not the same");
    for (email, message) in [(json!(5), "must be a text"), (json!(null), "must not be null"), (json!(["a"]), "must be")]
    {
        let refused = enter(json!({ "email": email, "password": "long enough", "repeated": "long enough" })).await;
        assert!(refused.status == 400 && refused.field("email").starts_with(message), "{refused:?}");
    }
    let refused = enter(json!({ "emial": "a@b.cd" })).await;
    assert!(refused.refused_echoing(400, "emial").contains("Did you mean \"email\""), "{refused:?}");
    let refused = enter(json!({ "scor": 5 })).await;
    assert!(!refused.refused_echoing(400, "scor").contains("score"), "a hidden name is not suggested: {refused:?}");
    assert!(enter(json!([])).await.refused(400).contains("\"fields\" must be an object"));
    let many = json!({ "args": ["Dr", 2], "fields": fields() });
    assert!(world.post("/api/visit/enter").json(&many).send().await.refused(400).contains("there are more"));
    let none = json!({ "fields": fields() });
    assert!(world.post("/api/visit/enter").json(&none).send().await.refused(400).contains("(title) is missing"));
    let args = json!({ "args": {}, "fields": fields() });
    assert!(world.post("/api/visit/enter").json(&args).send().await.refused(400).contains("\"args\" must be an array"));
    assert_eq!(visitors(&world).await, 0);
}

#[tokio::test]
async fn forged_fields_are_passed_over() {
    let world = world().await;
    let mut forged = fields();
    for (name, value) in [("greeting", json!("forged")), ("score", json!(9)), ("discount", json!(50))] {
        forged[name] = value;
    }
    let answer = world.post("/api/visit/echo").json(&json!({ "fields": forged })).by(&ann()).send().await.ok(200);
    assert_eq!(answer["result"], json!(["", 0, 0, null]));
    forged["score"] = json!("not even a number");
    world.post("/api/visit/echo").json(&json!({ "fields": forged })).by(&ann()).send().await.ok(200);
}

#[tokio::test]
async fn who_may_not_call_is_told_that_before_anything_else() {
    let world = world().await;
    let wrong = json!({ "args": 5, "fields": { "firstDay": "never" } });
    let wrong_fields = json!({ "fields": { "firstDay": "never" } });
    world.post("/api/report/close").json(&wrong_fields).send().await.refused(401);
    world.post("/api/report/close").json(&wrong_fields).by(&ann()).send().await.refused(403);
    world.post("/api/report/compute").json(&wrong_fields).send().await.refused(401);
    world.post("/api/report/never").json(&wrong_fields).by(&admin()).send().await.refused(403);
    world.post("/api/report/close").json(&wrong).by(&admin()).send().await.refused(400);
}

#[tokio::test]
async fn a_controller_has_no_rows() {
    let world = world().await;
    for answer in [
        world.get("/api/visit").send().await,
        world.post("/api/visit").json(&fields()).send().await,
        world.post("/api/visit?__action=get").json(&json!({})).send().await,
        world.post("/api/visit?__action=deleteMany").json(&json!({ "where": "all" })).send().await,
        world.put("/api/visit?email=a").json(&fields()).send().await,
        world.delete("/api/visit?email=a").send().await,
        world.get("/api/visit/enter").send().await,
        world.get("/api/visit/1").send().await,
        world.put("/api/visit/1").json(&fields()).send().await,
        world.delete("/api/visit/1").send().await,
    ] {
        assert!(answer.refused(404).contains("visit is a controller"), "{answer:?}");
    }
    let batch = json!([{ "insert": "visit", "set": fields() }]);
    let refused = world.post("/api/$batch").json(&batch).by(&admin()).send().await;
    assert!(matches!(refused.status, 400 | 404) && refused.text.contains("visit"), "{refused:?}");
    assert_eq!(visitors(&world).await, 0);
}

#[tokio::test]
async fn an_unknown_method_is_answered_with_the_nearest() {
    let world = world().await;
    let refused = world.post("/api/visit/entr").json(&json!({})).send().await;
    assert!(refused.refused_echoing(404, "entr").contains("Did you mean \"enter\""), "{refused:?}");
    let refused = world.post("/api/report/clos").json(&json!({})).by(&ann()).send().await;
    assert!(!refused.refused_echoing(404, "clos").contains("close"), "not one that is not theirs to call: {refused:?}");
    let refused = world.get("/api/visi").send().await;
    assert!(!refused.refused_echoing(404, "visi").contains("\"visit\""), "it is no entity: {refused:?}");
}

#[tokio::test]
async fn a_method_has_the_prefix_that_it_says() {
    let (world, who) = (world().await, Identity::new(Uuid::new_v4().to_string(), "Eve"));
    let body = json!({ "fields": fields() });
    let answer = world.post("/api/doors/knock").json(&body).by(&who).send().await.ok(200);
    assert_eq!(answer["fields"]["greeting"], "Who is there?");
    world.post("/api/visit/knock").json(&body).by(&who).send().await.refused_echoing(404, "knock");
}

#[tokio::test]
async fn a_call_that_is_repeated_with_its_key_is_done_once() {
    let world = world().await;
    let body = json!({ "args": ["Dr"], "fields": fields() });
    let call = || {
        world
            .post("/api/visit/enter")
            .json(&body)
            .by(&ann())
            .header("idempotency-key", "a-key-that-nobody-else-chooses")
            .send()
    };
    let (first, second) = (call().await.ok(200), call().await.ok(200));
    assert_eq!((first, visitors(&world).await), (second, 1));
}

#[tokio::test]
async fn a_static_method_of_a_controller_takes_no_fields() {
    let world = world().await;
    let answer = world.post("/api/visit/count").json(&json!({ "args": [] })).by(&ann()).send().await.ok(200);
    assert_eq!(answer, json!({ "data": 0 }));
}

#[tokio::test]
async fn it_is_called_as_safely_as_anything_else() {
    let world = world().await;
    let body = json!({ "args": ["Dr"], "fields": fields() });
    let foreign = world.post("/api/visit/enter").json(&body).header("origin", "https://evil.test").send().await;
    foreign.refused(403);
    let text = world.post("/api/visit/enter").text("text/plain", &body.to_string()).send().await;
    text.refused(415);
    assert_eq!(visitors(&world).await, 0);
}

mod paths {
    use super::*;

    #[derive(Controller, Clone, PartialEq)]
    #[controller(key = "visitors")]
    pub struct Door {
        pub open: bool,
    }

    #[derive(Controller, Clone, PartialEq)]
    #[controller(key = "gate")]
    pub struct Gate {
        pub open: bool,
    }

    #[derive(Controller, Clone, PartialEq)]
    #[controller(key = "gate")]
    pub struct Portal {
        pub open: bool,
    }

    #[derive(Controller, Clone, PartialEq)]
    #[controller(key = "doors")]
    pub struct Doors {
        pub open: bool,
    }

    #[derive(Controller, Clone, PartialEq)]
    #[controller(key = "hatch")]
    pub struct Hatch {
        pub open: bool,
    }

    #[backend]
    impl Record<Hatch> {
        #[allowed(true)]
        pub async fn close(&mut self) -> Result<()> {
            Ok(())
        }
    }

    #[backend]
    impl Hatch {
        #[allowed(true)]
        pub async fn close() -> Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn two_things_with_one_path_stop_the_start_up_with_both_named() {
    use paths::{Door, Gate, Hatch, Portal};
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}", folder.path().join("t.db").display())).await.unwrap();
    let starts = |entities: Entities| Api::new(database.clone()).entities(entities).into_router().map(drop);
    let told = |entities: Entities| starts(entities).unwrap_err().message().to_owned();
    assert_eq!(told(entities![Visitor, Door]), "Visitor and Door have one key: \"visitors\".");
    assert_eq!(told(entities![Door, Visitor]), "Visitor and Door have one key: \"visitors\".");
    assert_eq!(told(entities![Gate, Portal]), "Gate and Portal have one key: \"gate\".");
    assert_eq!(told(entities![Gate].and(entities![Gate])), "Gate is registered twice.");
    assert_eq!(told(entities![Hatch]), "Hatch::close and Hatch::close have one path: hatch/close.");
    assert!(
        told(entities![Visit, paths::Doors]).contains("Visit")
            && told(entities![Visit, paths::Doors]).contains("Doors")
    );
    starts(entities![Visitor, Gate]).unwrap();
}

#[tokio::test]
async fn a_controller_makes_no_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}", folder.path().join("t.db").display())).await.unwrap();
    let api = Api::new(database).entities(entities![paths::Gate]);
    let done = api.ensure_schema().await.unwrap();
    assert!(done.iter().all(|sentence| !sentence.contains("gate")), "{done:?}");
}
