//! What an entity is, as JSON: no more of it than the asker may know.

use isoform::describe::{Description, FieldDescription, Permission};
use isoform::prelude::*;
use serde_json::{Value as Json, json};
use tests::entities_described::{self, Album, Band, Complaint, Ledger, Song};
use tests::{Way, World, admin, ann, promises};

async fn made(way: Way) -> World {
    World::with(way, entities_described::all()).await
}

fn field<'a>(description: &'a Description, name: &str) -> Option<&'a FieldDescription> {
    description.fields.iter().find(|field| field.name == name)
}

fn names(description: &Description) -> Vec<&str> {
    description.fields.iter().map(|field| field.name.as_str()).collect()
}

fn relations(description: &Description) -> Vec<&str> {
    description.relations.iter().map(|relation| relation.name.as_str()).collect()
}

const PUBLIC: [&str; 12] =
    ["id", "title", "stars", "medium", "stage", "stages", "price", "owner", "code", "lyrics", "points", "withdrawn"];

promises! {
    in made;

    async fn an_entity_describes_its_fields_with_types_labels_and_validators(world: World) {
        let album = world.for_(&ann()).run(repo::<Album>().describe()).await.unwrap();
        assert_eq!((album.key.as_str(), album.label.as_str()), ("albums", "Albums"));
        assert_eq!((album.ids.as_slice(), album.version.as_deref()), (&["id".to_owned()][..], Some("version")));
        let json = |name: &str| serde_json::to_value(field(&album, name).unwrap()).unwrap();
        assert_eq!(json("title"), json!({
            "name": "title", "label": "Name", "type": {"kind": "text"}, "nullable": false, "help": "As printed.",
            "validators": [
                {"check": "required", "message": "name it"},
                {"check": "len", "min": 2, "max": 40},
                {"check": "pattern", "pattern": "[A-Z][a-z ]+"},
            ],
            "allowed": {"read": true, "insert": true, "update": "byRecord"},
        }));
        assert_eq!(json("stars")["validators"], json!([{"check": "range", "min": 1, "max": 5}]));
        assert_eq!(json("medium")["validators"], json!([{"check": "oneOf", "values": ["vinyl", "cd"]}]));
        assert_eq!(json("medium")["placeholder"], "cd");
        assert_eq!(json("price")["validators"], json!([{"check": "range", "min": 0.5}, {"check": "custom"}]));
        assert_eq!((&json("price")["type"], &json("price")["nullable"]), (&json!({"kind": "decimal"}), &json!(true)));
        let stage = json!({"kind": "enum", "values": [
            {"value": "planned", "label": "Planned"}, {"value": "out", "label": "In the shops"},
        ]});
        assert_eq!(json("stage")["type"], stage, "with their labels");
        assert_eq!(json("stages")["type"], json!({"kind": "list", "items": stage}));
        assert_eq!((&json("lyrics")["lazy"], &json("code")["unique"]), (&json!(true), &json!(true)));
        assert_eq!(json("points")["allowed"], json!({"read": true, "insert": false, "update": false}), "the database makes it");
    }

    async fn a_description_says_what_this_identity_may_do(world: World) {
        let may = async |context: Context| {
            let album = context.run(repo::<Album>().describe()).await.unwrap();
            serde_json::to_value(album.allowed).unwrap()
        };
        assert_eq!(may(world.nobody()).await, json!({"read": true, "insert": false, "update": false, "delete": false}));
        assert_eq!(may(world.for_(&ann())).await, json!({"read": true, "insert": true, "update": "byRecord", "delete": false}));
        assert_eq!(may(world.for_(&admin())).await, json!({"read": true, "insert": true, "update": "byRecord", "delete": true}));
        let of = async |context: Context, name: &str| {
            let album = context.run(repo::<Album>().describe()).await.unwrap();
            let allowed = field(&album, name).unwrap().allowed;
            (allowed.read, allowed.insert, allowed.update)
        };
        use Permission::{ByRecord, No, Yes};
        assert_eq!(of(world.for_(&ann()), "code").await, (Yes, No, No));
        assert_eq!(of(world.for_(&admin()), "code").await, (Yes, Yes, ByRecord));
        assert_eq!(of(world.for_(&ann()), "notes").await, (ByRecord, ByRecord, ByRecord));
        assert_eq!(of(world.for_(&ann()), "id").await, (Yes, Yes, No), "nobody changes an id");
        assert_eq!(of(world.nobody(), "title").await, (Yes, No, No));
        assert_eq!(of(world.for_(&admin()), "version").await, (Yes, No, No), "the server counts it");
    }

    async fn what_the_asker_may_not_see_is_in_no_description(world: World) {
        let nobody = world.nobody().run(repo::<Album>().describe()).await.unwrap();
        assert_eq!(names(&nobody), [&PUBLIC[..], &["bandId", "version"]].concat());
        assert_eq!(relations(&nobody), ["band", "songs"]);
        let somebody = world.for_(&ann()).run(repo::<Album>().describe()).await.unwrap();
        assert!(field(&somebody, "notes").is_some() && field(&somebody, "secret").is_none());
        assert_eq!(relations(&somebody), ["band", "songs"], "neither over a hidden key nor to what they may not read");
        let all = world.for_(&admin()).run(repo::<Album>().describe()).await.unwrap();
        assert!(field(&all, "contractId").is_some() && field(&all, "secret").is_none(), "not even for admins");
        assert_eq!(relations(&all), ["band", "contract", "songs", "contracts", "audited"]);
        let song = world.nobody().run(repo::<Song>().describe()).await.unwrap();
        assert!(field(&song, "royalties").is_none());
        // Whoever may only add rows is told what to fill in.
        let complaint = world.nobody().run(repo::<Complaint>().describe()).await.unwrap();
        assert_eq!(names(&complaint), ["id", "text"]);
        assert_eq!(field(&complaint, "text").unwrap().allowed.read, Permission::No);
        let refused = async |context: Context| context.run(repo::<Ledger>().describe()).await.unwrap_err().status();
        assert_eq!((refused(world.nobody()).await, refused(world.for_(&admin())).await), (401, 403));
    }

    async fn a_description_names_relations_with_their_keys(world: World) {
        let band = world.nobody().run(repo::<Band>().describe()).await.unwrap();
        assert_eq!(serde_json::to_value(&band.relations).unwrap(), json!([
            {"name": "albums", "label": "Albums", "many": true, "entity": "albums", "keys": [{"own": "id", "other": "bandId"}]},
            {"name": "musicians", "label": "Musicians", "many": true, "entity": "musicians", "through": "plays",
             "keys": [{"own": "id", "other": "bandId"}]},
        ]));
    }
}

#[tokio::test]
async fn trusted_code_is_told_everything() {
    let world = made(Way::Direct).await;
    let album = world.backend().run(repo::<Album>().describe()).await.unwrap();
    assert_eq!(album.fields.len(), Album::meta().fields.len());
    assert_eq!(field(&album, "secret").unwrap().allowed.update, Permission::Yes);
    assert_eq!(field(&album, "points").unwrap().allowed.update, Permission::No, "the database makes it");
    assert_eq!(album.relations.len(), 5);
}

fn keys(list: &Json) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_api_lists_the_entities_that_the_asker_may_know() {
    let world = made(Way::InProcess).await;
    for uri in ["/api", "/api/"] {
        let list = world.get(uri).send().await.ok(200);
        assert_eq!(keys(&list), ["albums", "bands", "complaints", "musicians", "plays", "songs", "verses"]);
        assert_eq!(
            list[1],
            json!({
                "key": "bands", "label": "Bands of today",
                "allowed": {"read": true, "insert": false, "update": false, "delete": false},
            })
        );
        let list = world.get(uri).by(&admin()).send().await.ok(200);
        assert_eq!(keys(&list)[3], "contracts");
        assert!(!keys(&list).contains(&"ledgers"), "nobody may do anything with them");
        assert_eq!(world.get(uri).by(&ann()).send().await.ok(200)[0]["allowed"]["update"], "byRecord");
        world.post(uri).json(&json!({})).send().await.refused(405);
        assert!(world.get(&format!("{uri}?x=1")).send().await.refused(400).contains("no parameters"));
    }
    let listed = world.for_(&admin()).run(isoform::describe_entities()).await.unwrap();
    assert_eq!(listed.len(), 8);
    let metas: Vec<_> = entities_described::all().iter().map(|entity| entity.meta).collect();
    let direct = world.backend().with_scope(Scope::Api).with_entities(metas.into()).with_identity(admin());
    assert_eq!(direct.run(isoform::describe_entities()).await.unwrap(), listed);
}

#[tokio::test]
async fn a_description_is_asked_for_by_an_action() {
    let world = made(Way::InProcess).await;
    let song = world.get("/api/songs?__action=describe").send().await.ok(200);
    assert_eq!((&song["key"], &song["fields"][0]["name"]), (&json!("songs"), &json!("id")));
    assert!(song.to_string().find("royalties").is_none());
    world.get("/api/contracts?__action=describe").send().await.refused(401);
    world.get("/api/contracts?__action=describe").by(&ann()).send().await.refused(403);
    world.get("/api/ledgers?__action=describe").by(&admin()).send().await.refused(403);
    world.get("/api/complaints?__action=describe").send().await.ok(200);
    for more in ["_limit=3", "name=x", "_sort=name", "_include=album"] {
        world.get(&format!("/api/songs?__action=describe&{more}")).send().await.refused(400);
    }
    world.post("/api/songs?__action=describe").json(&json!({})).send().await.refused(405);
    let said = world.get("/api/songs?__action=describes").send().await.refused_echoing(400, "describes");
    assert!(said.contains("Did you mean \"describe\"?"), "{said}");
}
