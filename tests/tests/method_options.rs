//! What a method says about its calls, and what comes back of a record from one.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isoform::prelude::*;
use isoform_server::{Api, Database};
use serde_json::json;
use tests::entities_methods::{Crew, Job, JobMethods as _};
use tests::entities_proofs::Till;
use tests::{Way, World, ann, bob, promises};

async fn job() -> Record<Job> {
    repo::<Job>().insert(Job { title: "A dull job".into(), owner: "ann".into(), ..Job::blank() }).await.unwrap()
}

async fn stored(world: &World, id: Uuid) -> Record<Job> {
    world.backend().run(repo::<Job>().find_id(id)).await.unwrap()
}

promises! {
    async fn relations_that_the_caller_has_loaded_come_along_as_ids(world: World) {
        for (id, name) in [("a", "Alpha"), ("b", "Beta")] {
            world.backend().run(repo::<Crew>().insert(Crew { id: id.into(), name: name.into() })).await.unwrap();
        }
        world.for_(&ann()).run(async {
            let new = Job { title: "A job".into(), owner: "ann".into(), crew_id: Some("a".into()), ..Job::blank() };
            let id = repo::<Job>().insert(new).await.unwrap().id;
            let mut one = Job::query().filter(|j| j.id.eq(id)).include(|j| j.crew).first().await.unwrap().unwrap();
            assert_eq!(one.crew_of().await.unwrap(), (Some("a".into()), Some("Alpha".into())));
            assert_eq!(one.crew_id.as_deref(), Some("a"));
            one.crew_id = Some("b".into());
            assert_eq!(one.crew_of().await.unwrap(), (Some("b".into()), Some("Beta".into())), "unsaved as it is");
            assert!(one.changed(|j| j.crew_id) && one.original().crew_id.as_deref() == Some("a"));
            let mut new = Record::from(Job { title: "New".into(), owner: "ann".into(), crew_id: Some("b".into()), ..Job::blank() });
            assert_eq!(new.crew_of().await.unwrap(), (Some("b".into()), Some("Beta".into())), "of a new one too");
        }).await;
    }

    async fn the_clients_record_is_new_clean_or_changed_exactly_as_the_servers(world: World) {
        world.for_(&ann()).run(async {
            // How the method leaves it: deleted, changed, with an error; and the title that is in the table then.
            let unsaved = "As it was typed";
            for (state, deleted, changed, wrong, title) in [
                ("as it is", false, true, false, "A dull job"),
                ("saved", false, false, false, unsaved),
                ("changed", false, true, false, "A dull job"),
                ("saved and changed", false, true, false, unsaved),
                ("undone", false, false, false, "A dull job"),
                ("deleted", true, true, false, ""),
                ("wrong", false, true, true, "A dull job"),
            ] {
                let mut one = job().await;
                one.title = unsaved.into();
                one.leave(state.into()).await.unwrap();
                assert!(!one.is_new(), "{state}");
                assert_eq!((one.is_deleted(), !one.errors().is_empty()), (deleted, wrong), "{state}");
                if !deleted {
                    assert_eq!(one.is_changed(), changed, "{state}");
                    assert_eq!(one.original().title, title, "{state}");
                    assert_eq!(stored(&world, one.id).await.title, title, "{state}");
                    assert_eq!(one.runs == 77, state.ends_with("changed"), "{state}");
                }
            }
            for (state, new, wrong) in [("as it is", true, false), ("saved", false, false), ("changed", true, false), ("wrong", true, true)] {
                let mut one = Record::from(Job { title: "New".into(), owner: "ann".into(), ..Job::blank() });
                one.leave(state.into()).await.unwrap();
                assert_eq!((one.is_new(), !one.errors().is_empty(), one.title.as_str()), (new, wrong, "New"), "{state}");
            }
        }).await;
    }

    async fn errors_that_a_method_sets_arrive_at_their_fields_also_where_it_fails(world: World) {
        world.for_(&ann()).run(async {
            let mut one = job().await;
            one.title = "Typed before".into();
            let error = one.find_fault().await.unwrap_err();
            assert_eq!((error.status(), error.code()), (400, Some("faults")));
            assert_eq!((error.field("title"), error.field("runs"), error.field("secret")), (Some("is dull"), Some("are five"), None));
            assert_eq!((one.error(|j| j.title), one.error(|j| j.runs), one.error(|j| j.secret)), (Some("is dull"), Some("are five"), None));
            assert_eq!((one.title.as_str(), one.runs, one.is_changed()), ("Typed before", 0, true), "it is as it was");
            assert_eq!(stored(&world, one.id).await.runs, 0);
            let mut new = Record::from(Job { title: "New".into(), owner: "ann".into(), ..Job::blank() });
            new.find_fault().await.unwrap_err();
            assert!(new.is_new() && new.error(|j| j.title) == Some("is dull"));
            one.leave("as it is".into()).await.unwrap();
            assert!(one.errors().is_empty(), "and they go with the next call");
        }).await;
    }

    async fn a_rule_judges_the_stored_and_the_resulting_record(world: World) {
        let id = world.for_(&ann()).run(job()).await.id;
        world.for_(&bob()).run(async {
            let mut one = repo::<Job>().find_id(id).await.unwrap();
            assert!(one.run().await.unwrap_err().is_forbidden(), "as it is stored");
            one.owner = "bob".into();
            assert!(one.run().await.unwrap_err().is_forbidden(), "to claim it does not help");
        }).await;
        world.for_(&ann()).run(async {
            let mut one = repo::<Job>().find_id(id).await.unwrap();
            one.owner = "bob".into();
            assert!(one.run().await.unwrap_err().is_forbidden(), "as it would be");
            one.undo();
            assert_eq!(one.run().await.unwrap(), 1);
            let mut new = Record::from(Job { title: "New".into(), owner: "bob".into(), ..Job::blank() });
            assert!(new.run().await.unwrap_err().is_forbidden());
        }).await;
        let mut one = stored(&world, id).await;
        assert!(world.nobody().run(one.run()).await.unwrap_err().is_unauthenticated());
    }

    async fn a_method_bypasses_the_rules_of_its_entity_and_its_caller_does_not(world: World) {
        world.for_(&ann()).run(async {
            let mut one = job().await;
            one.secret = Some("not the caller's to write".into());
            one.run().await.unwrap();
            assert_eq!(stored(&world, one.id).await.secret, None);
        }).await;
    }

    async fn what_takes_longer_than_its_time_limit_is_undone(world: World) {
        world.for_(&ann()).run(async {
            let mut one = job().await;
            let begun = std::time::Instant::now();
            let error = one.dawdle(20_000).await.unwrap_err();
            assert_eq!((error.status(), error.code()), (503, Some("too_slow")), "{error:?}");
            assert!(error.message().contains("0.3 seconds") && begun.elapsed() < Duration::from_secs(10), "{error}");
            assert_eq!((one.runs, stored(&world, one.id).await.runs), (0, 0));
            one.dawdle(1).await.unwrap();
            assert_eq!(stored(&world, one.id).await.runs, 50, "and the next one has the database to itself");
        }).await;
    }

    async fn without_a_transaction_what_was_saved_stays(world: World) {
        world.for_(&ann()).run(async {
            let mut one = job().await;
            one.save_and_fail().await.unwrap_err();
            assert_eq!(stored(&world, one.id).await.runs, 60);
        }).await;
    }

    async fn methods_with_a_prefix_are_called_as_any(world: World) {
        world.for_(&ann()).run(async {
            let mut one = job().await;
            assert_eq!(one.finish().await.unwrap(), "A dull job is done");
            assert_eq!(Job::count_all().await.unwrap(), 1);
            Job::add("Another".into()).await.unwrap();
            assert_eq!(Job::count_all().await.unwrap(), 2);
        }).await;
    }
}

#[tokio::test]
async fn a_prefix_is_the_path_before_the_name() {
    let world = World::new(Way::InProcess).await;
    let call = async |path: &str| world.post(path).by(&ann()).json(&json!({"args": []})).send().await;
    assert_eq!(call("/api/job-reports/countAll").await.ok(200), json!({"data": 0}));
    call("/api/jobs/countAll").await.refused(404);
    call("/api/job-reports/add").await.refused(404);
    call("/api/job-reports/nothing").await.refused(404);
    world.get("/api/job-reports/countAll").by(&ann()).send().await.refused(404);
    world.get("/api/job-reports").by(&ann()).send().await.refused(404);
    let added = world.post("/api/jobs/add").by(&ann()).json(&json!({"args": ["Another"]})).send().await;
    assert!(added.ok(200)["data"].is_string());
}

mod clashes {
    use super::*;

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "shops", allow(read = true))]
    pub struct Shop {
        #[field(id)]
        pub id: Uuid,
    }

    #[backend(prefix = "reports")]
    impl Shop {
        /// One.
        #[allowed("admin")]
        pub async fn daily() -> Result<()> {
            Ok(())
        }

        /// Open to all.
        #[allowed(true)]
        pub async fn open() -> Result<()> {
            Ok(())
        }

        /// Open to all who are signed in.
        #[allowed(authenticated)]
        pub async fn half_open() -> Result<()> {
            Ok(())
        }

        /// Open to all, as it is meant to be.
        #[allowed(true, on_purpose)]
        pub async fn meant() -> Result<()> {
            Ok(())
        }
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "markets", allow(crud = true))]
    pub struct Market {
        #[field(id)]
        pub id: Uuid,
    }

    #[backend(prefix = "reports")]
    impl Market {
        /// Two.
        #[allowed(true)]
        pub async fn daily() -> Result<()> {
            Ok(())
        }
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "reports")]
    pub struct Report {
        #[field(id)]
        pub id: Uuid,
    }

    #[derive(Entity, Clone, Debug, PartialEq)]
    #[entity(key = "stages")]
    pub struct Stage {
        #[field(id)]
        pub id: Uuid,
    }

    #[backend(prefix = "stream")]
    impl Stage {
        /// Where the server itself is.
        #[allowed(true)]
        pub async fn begin() -> Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn prefixes_that_clash_stop_the_start_up_with_both_named() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let start = |entities: Entities| {
        let started = Api::new(database.clone()).entities(entities).into_router();
        started.map(drop).unwrap_err().to_string()
    };
    let said = start(entities![clashes::Shop, clashes::Market]);
    assert!(said.contains("Shop::daily") && said.contains("Market::daily") && said.contains("reports/daily"), "{said}");
    let said = start(entities![clashes::Shop, clashes::Report]);
    assert!(said.contains("Shop::daily") && said.contains("Report") && said.contains("\"reports\""), "{said}");
    let said = start(entities![clashes::Stage]);
    assert!(said.contains("Stage::begin") && said.contains("the API itself") && said.contains("\"stream\""), "{said}");
}

#[tokio::test]
async fn methods_that_are_open_to_more_than_their_entity_are_warned_of() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let warnings = Api::new(database.clone()).entities(entities![clashes::Shop]).warnings();
    let [open, half_open] = &*warnings else { panic!("{warnings:?}") };
    assert!(open.contains("clashes::Shop::open may be called by everybody,") && open.contains("shops"), "{open}");
    assert!(half_open.contains("Shop::half_open may be called by everybody who is signed in"), "{half_open}");
    let entities = entities![clashes::Market, Job].and(shared::entities());
    assert_eq!(Api::new(database).entities(entities).warnings(), [""; 0]);
}

/// Keeps what is logged of a kind.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Said<'a>(&'a mut String);

impl tracing::field::Visit for Said<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            *self.0 = format!("{value:?}");
        }
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::WARN
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut said = String::new();
        event.record(&mut Said(&mut said));
        self.0.lock().unwrap().push(said);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn a_warned_of_method_of_a_record_names_the_fields_that_no_rule_keeps() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let warnings = Api::new(database).entities(entities![Till]).warnings();
    let [pay] = &*warnings else { panic!("{warnings:?}") };
    assert!(
        pay.contains("Till::pay may be called by everybody who is signed in, and tills may not be changed"),
        "{pay}"
    );
    assert!(pay.contains(" It takes what they send for label: `#[field(allow_update = …)]`"), "{pay}");
}

#[tokio::test]
async fn warnings_of_the_start_are_in_the_log() {
    let database = Database::connect("sqlite::memory:").await.unwrap();
    let (log, api) = (Log::default(), Api::new(database).entities(entities![clashes::Shop, Till]));
    let warnings = api.warnings();
    let _router = tracing::subscriber::with_default(log.clone(), || api.into_router().unwrap());
    let logged = log.0.lock().unwrap().clone();
    assert_eq!((warnings.len(), logged), (3, warnings));
}
