//! Remult's own client, the npm package as it is, does what applications do against this server.
//!
//! `tests/remult/client.ts` asks and writes down what came of each step; what should have come of it stands here. Ids of several
//! fields and includes are in `shop_client.ts` and `shop`.

mod shop;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value as Json, json};
use tests::{Way, World, admin, ann, bearer, bob};
use tokio::process::Command;
use tokio::sync::OnceCell;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("remult")
}

/// Runs a program in the client's folder; answers what it printed.
async fn run(program: &str, arguments: &[&str]) -> String {
    let command = Command::new(program)
        .args(arguments)
        .current_dir(directory())
        .env("TZ", "America/New_York")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(300), command).await;
    let output = output.unwrap_or_else(|_| panic!("{program} {arguments:?} did not end within five minutes"));
    let output = output.unwrap_or_else(|error| {
        panic!("{program} cannot be started ({error}): this test needs Node.js 18 or newer with npm on PATH")
    });
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {}\n{printed}\n{complained}", output.status);
    printed
}

/// The packages, and the clients as JavaScript, once for all tests.
async fn build() {
    static BUILT: OnceCell<()> = OnceCell::const_new();
    BUILT.get_or_init(build_now).await;
}

async fn build_now() {
    run("node", &["--version"]).await;
    let installed = directory().join("node_modules/.package-lock.json");
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    if modified(&installed) < modified(&directory().join("package-lock.json")) {
        eprintln!("installing the npm packages of {} (npm ci)", directory().display());
        run("npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).await;
    }
    run("node", &["node_modules/typescript/bin/tsc", "-p", "."]).await;
}

/// What came of the steps of the client.
struct Steps(BTreeMap<String, Json>);

impl Steps {
    async fn of(world: &World, client: &str) -> Self {
        let client = format!("node_modules/.built/{client}.js");
        let who = [ann(), bob(), admin()].map(|identity| bearer(&identity));
        let printed = run("node", &[&client, world.base(), &who[0], &who[1], &who[2]]).await;
        let lines =
            printed.lines().map(|line| serde_json::from_str::<Json>(line).unwrap_or_else(|_| panic!("{printed}")));
        Self(lines.map(|line| (line["step"].as_str().unwrap().to_owned(), line)).collect())
    }

    fn take(&mut self, step: &str) -> Json {
        self.0.remove(step).unwrap_or_else(|| panic!("no step {step:?} among {:?}", self.0.keys()))
    }

    #[track_caller]
    fn answers(&mut self, step: &str, expected: Json) {
        let came = self.take(step);
        assert_eq!(came.get("value"), Some(&expected), "{step}: {came}");
    }

    /// Answers an object with at least these members.
    #[track_caller]
    fn shows(&mut self, step: &str, expected: Json) {
        let came = self.take(step);
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(came["value"].get(name), Some(value), "{step}: {name} in {came}");
        }
    }

    /// Finds, and counts, so many rows with these titles.
    #[track_caller]
    fn finds(&mut self, step: &str, titles: &[&str], count: usize) {
        self.answers(&format!("find: {step}"), json!(titles));
        self.answers(&format!("count: {step}"), json!(count));
    }

    #[track_caller]
    fn is_refused(&mut self, step: &str, status: u16, message: &str) -> Json {
        let came = self.take(step);
        assert_eq!(came["error"]["status"], status, "{step}: {came}");
        assert!(came["error"]["message"].as_str().is_some_and(|text| text.contains(message)), "{step}: {came}");
        came["error"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remults_client_works_against_this_server_as_it_is() {
    build().await;
    let world = World::new(Way::Socket).await;
    let mut steps = Steps::of(&world, "client").await;

    inserts(&mut steps);
    finds(&mut steps);
    aggregates(&mut steps);
    changes(&mut steps);
    errors_arrive(&mut steps);
    methods_are_called(&mut steps);
    rights_are_asked_for(&mut steps);
    many_are_written(&mut steps);

    assert!(steps.0.is_empty(), "steps that nobody looked at: {:?}", steps.0);
}

fn inserts(steps: &mut Steps) {
    steps.answers("insert", json!({
        "title": "Alpha", "completed": false, "priority": "high", "due": "2030-1-2", "remindAt": "2029-12-31T23:30:00.250Z",
        "estimate": 1.5, "owner": "ann", "rank": 0, "version": 1, "isNew": false, "wasChanged": false, "hasId": true, "recent": true,
    }));
    steps.answers("insert several", json!(["Gamma", "Beta 100%", "delta", "Épsilon"]));
    let error = steps.is_refused("insert several, one of them wrong", 400, "must have at least 3 characters");
    assert_eq!(error["modelState"], json!({"title": "must have at least 3 characters"}));
    steps.answers("insert without an answer", json!(1));
}

fn finds(steps: &mut Steps) {
    const ALL: [&str; 6] = ["Alpha", "Beta 100%", "Gamma", "Unanswered", "delta", "Épsilon"];
    steps.answers("find", json!(ALL));
    for (step, titles) in [
        ("equal", &["Beta 100%", "Épsilon"][..]),
        ("not equal", &ALL[1..]),
        ("not one of", &["Beta 100%", "Unanswered", "Épsilon"]),
        ("one of", &["Alpha", "Gamma"]),
        ("one of none", &[]),
        ("one of many", &["Alpha"]),
        ("greater", &["Alpha"]),
        ("between days", &["Alpha"]),
        ("on a day", &["delta"]),
        ("at a time", &["Alpha"]),
        ("contains", &["Alpha", "Gamma", "Unanswered", "delta"]),
        ("contains a percent sign", &["Beta 100%"]),
        ("does not contain", &["Épsilon"]),
        ("starts and ends", &["Alpha", "Gamma"]),
        ("or and and", &["Alpha"]),
        ("two ors", &["Gamma"]),
        ("not", &["Alpha", "Gamma", "Unanswered", "delta"]),
        ("null", &["Beta 100%", "Gamma", "Unanswered", "Épsilon"]),
        ("not null", &["Alpha", "delta"]),
        ("null or one", &["Beta 100%", "Gamma", "Unanswered", "delta"]),
        ("an enum", &["Alpha", "Beta 100%"]),
        ("quotes", &[]),
        ("sorted down", &["Épsilon", "delta", "Unanswered", "Gamma", "Beta 100%", "Alpha"]),
        ("sorted twice", &["Beta 100%", "Épsilon", "Alpha", "Gamma", "Unanswered", "delta"]),
    ] {
        steps.finds(step, titles, titles.len());
    }
    steps.finds("first page", &ALL[..2], 6);
    steps.finds("second page", &ALL[2..4], 6);
    steps.finds("third page, sorted", &["Beta 100%", "Alpha"], 6);
    steps.finds("a page of a filter", &["Unanswered", "delta"], 4);
    steps.answers("find: some fields", json!("Alpha"));
    steps.answers("count", json!(6));
    steps.answers("first", json!("Beta 100%"));
    steps.answers("first of none", Json::Null);
    steps.answers("one", json!("delta"));
    steps.shows("by id", json!({"title": "Alpha", "due": "2030-1-2", "estimate": 1.5, "isNew": false}));
    steps.answers("by an id that is not there", Json::Null);
    let open = ["Alpha", "Gamma", "Unanswered", "delta"];
    steps.answers("pages of a query", json!({"count": 4, "second": &open[2..], "all": open}));
}

fn aggregates(steps: &mut Steps) {
    steps.answers("aggregate", json!({
        "estimate": {"sum": 4.5, "avg": 1.5, "max": 3}, "title": {"min": "Alpha"}, "priority": {"min": "low", "distinctCount": 3},
        "due": {"distinctCount": 2}, "$count": 6,
    }));
    steps.answers("aggregate: a filter", json!({"estimate": {"sum": 4.5}, "$count": 2}));
    steps.answers("aggregate: no rows", json!({"estimate": {"sum": null}, "title": {"max": null}, "$count": 0}));
    steps.answers("aggregate: days", json!(["2030-1-2", "2031-6-30"]));
    steps.answers("groupBy: nothing", json!([{"$count": 6}]));
    let done = json!([
        {"completed": false, "estimate": {"sum": 4.5}, "$count": 3},
        {"completed": true, "estimate": {"sum": 0}, "$count": 2},
    ]);
    steps.answers("groupBy", done);
    let both = json!([
        {"completed": false, "priority": "normal", "title": {"max": "delta"}, "$count": 3},
        {"completed": false, "priority": "high", "title": {"max": "Alpha"}, "$count": 1},
        {"completed": true, "priority": "low", "title": {"max": "Beta 100%"}, "$count": 1},
        {"completed": true, "priority": "normal", "title": {"max": "Épsilon"}, "$count": 1},
    ]);
    steps.answers("groupBy: two fields", both);
    steps.answers("groupBy: sorted", json!(["normal", "low", "high"]));
    steps.answers("groupBy: sorted by a field", json!(["high", "normal", "low"]));
    steps.answers("groupBy: sorted by a sum", json!(["Gamma", "Alpha", "Épsilon"]));
    steps.answers("groupBy: pages", json!([["Alpha", "Beta 100%", "Gamma", "Unanswered"], ["delta", "Épsilon"]]));
    steps.answers("groupBy: days", json!(["2030-1-2", "2031-6-30"]));
    steps.answers(
        "query with aggregates",
        json!({
            "first": ["Alpha", "Gamma"], "second": ["Unanswered", "delta"], "count": 4,
            "aggregates": {"estimate": {"sum": 4.5}, "title": {"max": "delta"}, "$count": 4},
        }),
    );
    let filtered = json!({"estimate": {"avg": 2.25}, "$count": 2});
    steps.answers("query with aggregates: a filter in the body", filtered);
    steps.is_refused("aggregate: an unknown field", 400, "\"unicorn\" is not a field of todos");
}

fn changes(steps: &mut Steps) {
    steps.shows(
        "update",
        json!({"title": "Alpha!", "due": null, "priority": "high", "version": 2, "wasChanged": false}),
    );
    steps.shows("update what may not be written", json!({"estimate": 2, "rank": 0, "version": 3}));
    steps.shows("save", json!({
        "title": "Alpha", "priority": "low", "estimate": null, "rank": 0, "version": 4, "same": true, "recent": true,
        "isNew": false, "wasChanged": false,
    }));
    steps.shows(
        "save a new one",
        json!({"wasNew": true, "title": "Created", "owner": "ann", "isNew": false, "version": 1}),
    );
    let error = steps.is_refused("save a stale one", 409, "Somebody else has changed this");
    assert_eq!(error["code"], "stale_version");
    steps.shows("save with a version that holds", json!({"completed": false, "version": 6}));
    steps.answers("delete", json!(5));
    steps.is_refused("delete what is not there", 404, "no such row");
    steps.is_refused("update what is not there", 404, "no such row");
}

fn errors_arrive(steps: &mut Steps) {
    let error = steps.is_refused("wrong", 400, "must have at least 3 characters");
    assert_eq!(error["modelState"], json!({"title": "must have at least 3 characters"}));
    steps.shows(
        "wrong, at its field",
        json!({"error": "must have at least 3 characters", "typed": "no", "wasChanged": true}),
    );
    let error = steps.is_refused("refused by a hook", 400, "a hook refuses this title");
    assert_eq!(error["code"], "refused");
    let error = steps.is_refused("of the wrong type", 400, "must be one of low, normal, high");
    assert_eq!(error["modelState"], json!({"priority": "must be one of low, normal, high"}));
    for step in ["an unknown field", "a filter by an unknown field"] {
        steps.is_refused(step, 400, "\"unicorn\" is not a field of todos");
    }
    steps.is_refused("an unknown entity", 404, "There is no entity \"unicorns\"");
}

fn methods_are_called(steps: &mut Steps) {
    steps.shows("method", json!({"result": true, "title": "Unsaved title", "completed": true, "version": 7, "wasChanged": false, "stored": "Unsaved title"}));
    steps.shows(
        "method that leaves it unsaved",
        json!({"result": null, "title": "Renamed", "stored": "Unsaved title", "version": 7}),
    );
    steps.answers("method with two arguments", json!("Renamed twice"));
    steps.shows(
        "method of a new one",
        json!({"result": true, "title": "New with a method", "completed": true, "isNew": false, "stored": true}),
    );
    steps.shows("method of a wrong one", json!({"error": "must have at least 3 characters"}));
    steps.answers("static method", json!(3));
    steps.answers("static method without an argument", json!(101));
    steps.is_refused("static method that is not allowed", 403, "not allowed");
    steps.is_refused("static method with a wrong argument", 400, "Argument 1 (a)");
}

fn rights_are_asked_for(steps: &mut Steps) {
    for step in ["update", "update with its owner", "delete", "method"] {
        steps.is_refused(&format!("another's: {step}"), 403, "not allowed");
    }
    steps.answers("nobody: find", json!(6));
    for step in ["insert", "method", "static method"] {
        steps.is_refused(&format!("nobody: {step}"), 401, "Sign in first");
    }
    steps.answers("admin: static method", json!(2));
    for step in ["insert", "static method"] {
        let error = steps.is_refused(&format!("foreign page: {step}"), 403, "another site");
        assert_eq!(error["code"], "foreign_origin");
    }
    steps.answers("foreign page: find", json!(6));
}

fn many_are_written(steps: &mut Steps) {
    let row = |title: &str, completed: bool, estimate: Json, version: u64| json!([title, completed, estimate, version]);
    let inserted = [1, 2, 3].map(|n| row(&format!("Bulk {n}"), false, json!(n), 1));
    steps.answers("many: insert", json!(inserted));
    steps.answers("many: update", json!(2));
    steps.answers("many: update by a filter that is no address", json!(2));
    let one = row("Bulk 1", false, Json::Null, 2);
    let updated = json!([one, row("Bulk 2", true, Json::Null, 3), row("Bulk 3", true, json!(3), 2)]);
    steps.answers("many: updated", updated);
    let error = steps.is_refused("many: update with a wrong value", 400, "must have at least 3 characters");
    assert_eq!(error["modelState"], json!({"title": "must have at least 3 characters"}));
    steps.is_refused("many: update, refused by a hook", 400, "a hook refuses this title");
    steps.answers("many: update of none", json!(0));
    let upserted = json!([row("Bulk 3", true, json!(7), 3), row("Bulk 4", true, json!(4), 1), one]);
    steps.answers("many: upsert", upserted);
    steps.answers("many: upsert one", json!([row("Bulk 5", false, json!(5), 1)]));
    steps.is_refused("many: upsert, one of them wrong", 400, "Row 2: Title must have at least 3 characters");
    for step in ["update", "delete all", "upsert"] {
        steps.is_refused(&format!("many, another's: {step}"), 403, "not allowed");
    }
    steps.is_refused("many, nobody: delete", 401, "Sign in first");
    steps.answers("many: delete", json!(1));
    steps.answers("many: delete by a filter that is no address", json!(3));
    steps.answers("many: deleted", json!(["Bulk 4"]));
    steps.answers("many: update all", json!(true));
    steps.answers("many: delete all", json!([true, 0]));
    steps.answers("many: insert two hundred", json!(true));
}
