//! To a name that nobody knows the nearest one is suggested, among those that whoever asks may know.

use isoform::prelude::*;
use serde_json::json;
use tests::raw::Ask;
use tests::{Way, World, admin, ann, entities_related};

async fn world() -> World {
    World::new(Way::InProcess).await
}

async fn message(ask: Ask, status: u16) -> String {
    let answer = ask.send().await;
    assert_eq!(answer.status, status, "{answer:?}");
    answer.json()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_nearest_field_is_suggested_wherever_one_is_named() {
    let world = world().await;
    let title = "\"titel\" is not a field of todos. Did you mean \"title\"?";
    for query in ["titel=x", "titel.contains=x", "_sort=titel", "_select=id,titel", "NOT=%7B%22titel%22%3A1%7D"] {
        assert_eq!(message(world.get(&format!("/api/todos?{query}")), 400).await, title, "{query}");
    }
    let body = json!({"titel": "abc"});
    assert_eq!(message(world.post("/api/todos").by(&ann()).json(&body), 400).await, title);
    let posted = json!({"where": {"OR": [{"created_at": 1}]}});
    let said = message(world.post("/api/todos?__action=get").json(&posted), 400).await;
    assert_eq!(said, "\"created_at\" is not a field of todos. Did you mean \"createdAt\"?");
    let far = message(world.get("/api/todos?unicorn=1"), 400).await;
    assert_eq!(far, "\"unicorn\" is not a field of todos.");
}

#[tokio::test]
async fn a_hidden_name_is_never_suggested() {
    let world = world().await;
    // Nobody sees it through the API, whoever they are.
    for wrong in ["secre", "secert", "Secret", "secret"] {
        let said = message(world.get(&format!("/api/todos?{wrong}=x")).by(&admin()), 400).await;
        assert_eq!(said, format!("\"{wrong}\" is not a field of todos."));
    }
    // Admins see it.
    let margin = |who: &Identity| message(world.get("/api/lines?margn=1").by(who), 400);
    assert_eq!(margin(&ann()).await, "\"margn\" is not a field of lines.");
    assert_eq!(margin(&admin()).await, "\"margn\" is not a field of lines. Did you mean \"margin\"?");
    // Whoever may write what they may not read knows what they write.
    let letter = message(world.post("/api/letters").json(&json!({"txet": "a"})), 400).await;
    assert_eq!(letter, "\"txet\" is not a field of letters. Did you mean \"text\"?");
}

#[tokio::test]
async fn what_is_related_is_suggested_to_whoever_may_see_it() {
    let world = World::with(Way::InProcess, entities_related::all()).await;
    let said =
        async |query: &str, who: &Identity| message(world.get(&format!("/api/purchases?{query}")).by(who), 400).await;
    let relation = "\"custmer\" is not a field of purchases. Did you mean \"customer\"?";
    assert_eq!(said("_include=custmer", &ann()).await, relation);
    assert_eq!(said("custmer.name=x", &ann()).await, relation);
    assert_eq!(said("customer.nmae=x", &ann()).await, "\"nmae\" is not a field of customers. Did you mean \"name\"?");
    assert_eq!(said("customer.credi=1", &ann()).await, "\"credi\" is not a field of customers.");
    assert_eq!(
        said("customer.credi=1", &admin()).await,
        "\"credi\" is not a field of customers. Did you mean \"credit\"?"
    );
    // The name of a relation where a field is wanted is not suggested for itself.
    assert!(!said("_sort=customer", &ann()).await.contains("\"customer\"?"));
}

#[tokio::test]
async fn operators_parameters_actions_and_filters_are_suggested() {
    let world = world().await;
    for (query, says) in [
        ("title.contain=x", "Unknown operator \"contain\" of \"title\". Did you mean \"contains\"?"),
        ("title.startswith=x", "Unknown operator \"startswith\" of \"title\". Did you mean \"startsWith\"?"),
        ("_limt=3", "Unknown parameter \"_limt\". Did you mean \"_limit\"?"),
        ("__action=groupby", "Unknown __action \"groupby\". Did you mean \"groupBy\"?"),
        ("$custom$titeld=%221%22", "\"$custom$titeld\" is not a filter of todos. Did you mean \"titled\"?"),
        ("_whatever=3", "Unknown parameter \"_whatever\"."),
    ] {
        let said = message(world.get(&format!("/api/todos?{query}")), 400).await;
        assert!(said.starts_with(says), "{said}");
        assert_eq!(said.contains("Did you mean"), says.contains("Did you mean"), "{said}");
    }
}

#[tokio::test]
async fn entities_and_methods_are_suggested_to_whoever_may_use_them() {
    let world = world().await;
    assert_eq!(message(world.get("/api/todo"), 404).await, "There is no entity \"todo\". Did you mean \"todos\"?");
    assert_eq!(message(world.get("/api/acounts"), 404).await, "There is no entity \"acounts\".");
    let known = message(world.get("/api/acounts").by(&ann()), 404).await;
    assert_eq!(known, "There is no entity \"acounts\". Did you mean \"accounts\"?");
    // What nobody may do anything with.
    assert_eq!(message(world.get("/api/log").by(&admin()), 404).await, "There is no entity \"log\".");
    let batch = json!([{"delete": "todoes", "id": 1}]);
    assert!(message(world.post("/api/$batch").json(&batch), 404).await.ends_with("Did you mean \"todos\"?"));
    let method = |name: &str, who: &Identity| {
        message(world.post(&format!("/api/todos/{name}")).by(who).json(&json!({"args": []})), 404)
    };
    let said = method("togleCompleted", &ann()).await;
    assert_eq!(said, "todos has no method \"togleCompleted\". Did you mean \"toggleCompleted\"?");
    assert_eq!(method("completAll", &ann()).await, "todos has no method \"completAll\".");
    assert!(method("completAll", &admin()).await.ends_with("Did you mean \"completeAll\"?"));
}

#[tokio::test]
async fn an_empty_name_in_a_path_is_a_404_of_json() {
    let world = world().await;
    for path in [
        "/api//",
        "/api///",
        "/api//todos",
        "/api//todos/1",
        "/api/todos//",
        "/api/todos//1",
        "/api/todos/1//",
        "/api/todos/1/2//",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = world.ask(method, path).send().await;
            assert_eq!(answer.status, 404, "{method} {path}: {answer:?}");
            answer.refused(404);
        }
    }
}
