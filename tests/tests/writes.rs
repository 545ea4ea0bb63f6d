//! Validation, hooks, versions and transactions.

use isoform::prelude::*;
use sqlx::Connection as _;
use tests::entities::{Account, Article, Event, Letter, Sample};
use tests::{World, admin, ann, promises};

async fn events(world: &World) -> Vec<String> {
    world.backend().run(Event::query().all()).await.unwrap().iter().map(|event| event.what.clone()).collect()
}

async fn account(world: &World, id: &str, balance: i64, holder: &str) -> Record<Account> {
    let new = Account { id: id.into(), balance, holder: holder.into() };
    world.backend().run(repo::<Account>().insert(new)).await.unwrap()
}

async fn balance(world: &World, id: &str) -> i64 {
    world.backend().run(repo::<Account>().find_id(id)).await.unwrap().balance
}

promises! {
    async fn every_validator_says_what_is_wrong_at_its_field(world: World) {
        world.nobody().run(async {
            let mut bad = Record::<Sample>::new();
            bad.text = "x".repeat(1001);
            bad.number = 1001;
            bad.email = Some("not an address".into());
            bad.link = Some("ftp://example.org".into());
            bad.code = Some("ab-1".into());
            bad.choice = Some("blue".into());
            bad.even = 3;
            bad.ratio = f64::NAN;
            let error = bad.save().await.unwrap_err();
            assert!(error.is_invalid());
            let mut fields: Vec<_> = error.fields().iter().map(|(field, _)| field.as_str()).collect();
            fields.sort_unstable();
            assert_eq!(fields, ["choice", "code", "email", "even", "link", "number", "ratio", "text"]);
            assert_eq!(error.field("text"), Some("must have at most 1000 characters"));
            assert_eq!(error.field("number"), Some("must be at most 1000"));
            assert_eq!(error.field("even"), Some("must be even"));
            assert_eq!(bad.error(|s| s.choice), Some("must be one of red, green"));
            assert_eq!(bad.errors().iter().count(), 8);
            assert!(bad.is_new(), "nothing was written");
            assert_eq!(repo::<Sample>().count().await.unwrap(), 0);
            bad.text.truncate(1000);
            (bad.number, bad.even, bad.ratio) = (-1000, 4, 1.0);
            (bad.email, bad.link, bad.code, bad.choice) = (None, None, None, None);
            bad.save().await.unwrap();
            assert!(bad.errors().is_empty());
        }).await;
    }

    async fn the_validation_of_an_entity_runs_whichever_way(world: World) {
        world.for_(&ann()).run(async {
            let mut question = Record::from(Article { title: "?what".into(), ..Article::blank() });
            let error = question.validate().await.unwrap_err();
            assert_eq!(error.field("title"), Some("is a question"));
            let error = question.save().await.unwrap_err();
            assert_eq!(error.field("title"), Some("is a question"));
            question.title = "four".into();
            assert_eq!(question.save().await.unwrap_err().field("title"), Some("must have at least 5 characters"));
        }).await;
    }

    async fn an_id_that_is_a_number_is_given_by_whoever_inserts(world: World) {
        world.nobody().run(async {
            let error = repo::<Letter>().insert(Letter { number: 0, ..Letter::blank() }).await.unwrap_err();
            assert!(error.is_invalid(), "{error:?}");
            repo::<Letter>().insert(Letter { number: 5, ..Letter::blank() }).await.unwrap();
        }).await;
        assert_eq!(world.backend().run(repo::<Letter>().count()).await.unwrap(), 1);
    }

    async fn a_day_that_could_not_be_read_again_is_refused(world: World) {
        for context in [world.nobody(), world.backend()] {
            context.run(async {
                let mut far = Record::<Sample>::new();
                far.day = NaiveDate::from_ymd_opt(12_345, 1, 2).unwrap();
                far.at = far.day.and_hms_opt(0, 0, 0).unwrap().and_utc();
                let error = far.save().await.unwrap_err();
                assert!(error.is_invalid(), "{error:?}");
                assert_eq!(error.field("day"), Some("must be in the years 0 to 9999"));
                assert_eq!(error.field("at"), Some("must be in the years 0 to 9999"));
            }).await;
        }
        assert_eq!(world.backend().run(repo::<Sample>().count()).await.unwrap(), 0);
    }

    async fn a_change_that_only_fails_at_its_commit_is_refused(world: World) {
        account(&world, "a", 1, "Ann").await;
        // Whether the other row is there is asked by SQLite at the very end.
        let other = "DROP TABLE letters; CREATE TABLE letters (number INTEGER PRIMARY KEY NOT NULL,
            text TEXT NOT NULL REFERENCES accounts DEFERRABLE INITIALLY DEFERRED, answer TEXT, version INTEGER NOT NULL)";
        let mut by_hand = sqlx::SqliteConnection::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
        sqlx::raw_sql(other).execute(&mut by_hand).await.unwrap();
        let new = Letter { number: 5, text: "a".into(), ..Letter::blank() };
        let mut letter = world.backend().run(repo::<Letter>().insert(new)).await.unwrap();
        world.for_(&admin()).run(async {
            for text in ["nowhere", "elsewhere"] {
                letter.text = text.into();
                let error = letter.save().await.unwrap_err();
                assert!(error.is_conflict(), "{error:?}");
                assert_eq!(repo::<Letter>().find_id(5).await.unwrap().text, "a");
            }
            letter.text = "a".into();
            letter.answer = Some("yes".into());
            letter.save().await.unwrap();
            assert_eq!(letter.version, 2);
        }).await;
    }

    async fn a_stale_save_is_a_conflict(world: World) {
        world.for_(&ann()).run(async {
            let new = Article { title: "First title".into(), ..Article::blank() };
            let mut one = repo::<Article>().insert(new).await.unwrap();
            let mut other = repo::<Article>().find_id(one.id).await.unwrap();
            assert_eq!(one.version, 1);
            one.title = "Second title".into();
            one.save().await.unwrap();
            assert_eq!(one.version, 2);
            other.title = "Third title".into();
            let error = other.save().await.unwrap_err();
            assert!(error.is_conflict() && error.code() == Some("stale_version"), "{error:?}");
            assert_eq!(other.title, "Third title", "what was typed is not lost");
            assert_eq!(repo::<Article>().find_id(one.id).await.unwrap().title, "Second title");
        }).await;
    }

    async fn hooks_run_in_order_inside_one_transaction(world: World) {
        world.for_(&ann()).run(async {
            let mut one = repo::<Account>().insert(Account { id: "a".into(), balance: 1, holder: "  Ann ".into() }).await.unwrap();
            assert_eq!(one.holder, "Ann", "the field's own saving hook runs");
            one.balance = 0;
            one.save().await.unwrap();
            one.delete().await.unwrap();
        }).await;
        let expected = ["inserting", "saved 1 (was 0)", "updating", "saved 0 (was 1)", "deleting", "deleted"];
        assert_eq!(events(&world).await, expected);
    }

    async fn an_error_in_any_hook_undoes_the_whole_write(world: World) {
        account(&world, "a", 5, "Ann").await;
        account(&world, "k", 0, "kept").await;
        let before = events(&world).await;
        world.for_(&ann()).run(async {
            let refused = repo::<Account>().insert(Account { id: "r".into(), balance: 0, holder: "refused".into() }).await.unwrap_err();
            assert_eq!((refused.status(), refused.code(), refused.message()), (403, Some("holder"), "not this holder"));
            let mut one = repo::<Account>().find_id("a").await.unwrap();
            one.balance = -1;
            let negative = one.save().await.unwrap_err();
            assert!(negative.is_invalid(), "saved refuses: {negative:?}");
            assert_eq!((one.balance, one.original().balance, one.is_changed()), (-1, 5, true));
            one.undo();
            one.holder = "field".into();
            let field = one.save().await.unwrap_err();
            assert_eq!(field.field("holder"), Some("is refused by the hook"));
            assert_eq!(one.error(|a| a.holder), Some("is refused by the hook"));
            one.undo();
            let full = one.delete().await.unwrap_err();
            assert_eq!(full.field("balance"), Some("is not empty"));
            assert!(!one.is_deleted());
            assert!(repo::<Account>().delete("k").await.unwrap_err().is_invalid(), "deleted refuses");
        }).await;
        assert_eq!(balance(&world, "a").await, 5);
        assert_eq!(balance(&world, "k").await, 0);
        assert_eq!(events(&world).await, before, "what the hooks wrote is undone too");
    }

    async fn a_hook_can_prevent_the_write(world: World) {
        account(&world, "a", 5, "Ann").await;
        world.for_(&ann()).run(async {
            let mut one = repo::<Account>().find_id("a").await.unwrap();
            one.holder = "prevented".into();
            one.save().await.unwrap();
            assert_eq!(one.holder, "Ann", "the record is as it is in the table");
        }).await;
        let written = world.backend().run(repo::<Account>().find_id("a")).await.unwrap();
        assert_eq!(written.holder, "Ann");
    }

    async fn a_static_method_is_one_transaction(world: World) {
        account(&world, "a", 5, "Ann").await;
        account(&world, "b", 0, "Bob").await;
        world.for_(&ann()).run(async {
            Account::transfer("a".into(), "b".into(), 3).await.unwrap();
            assert!(Account::transfer("a".into(), "b".into(), 3).await.unwrap_err().is_invalid());
            assert!(Account::transfer("nobody".into(), "b".into(), 1).await.unwrap_err().is_not_found());
        }).await;
        assert_eq!((balance(&world, "a").await, balance(&world, "b").await), (2, 3));
    }

    async fn trusted_code_passes_the_hooks_too(world: World) {
        world.backend().run(async {
            let refused = repo::<Account>().insert(Account { id: "r".into(), balance: 0, holder: "refused".into() }).await;
            assert!(refused.unwrap_err().is_forbidden());
            let mut short = Record::from(Article { title: "four".into(), owner: "ann".into(), ..Article::blank() });
            assert!(short.save().await.unwrap_err().is_invalid());
        }).await;
    }

    async fn a_deleted_row_takes_no_more_saves(world: World) {
        world.for_(&admin()).run(async {
            let mut one = repo::<Article>().insert(Article { title: "To be deleted".into(), ..Article::blank() }).await.unwrap();
            let mut same = one.clone();
            one.delete().await.unwrap();
            same.title = "Not there".into();
            assert!(same.save().await.unwrap_err().is_not_found());
            assert!(same.delete().await.unwrap_err().is_not_found());
        }).await;
    }
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_undone_and_the_next_writer_goes_on() {
    let world = World::new(tests::Way::Direct).await;
    let context = world.backend();
    for _ in 0..3 {
        let abandoned = context.transaction(async |_| {
            repo::<Sample>().insert(Record::<Sample>::new()).await?;
            std::future::pending::<()>().await;
            Ok(())
        });
        let late = tokio::time::timeout(std::time::Duration::from_millis(50), abandoned).await;
        assert!(late.is_err());
        context.run(repo::<Sample>().insert(Record::<Sample>::new())).await.unwrap();
    }
    assert_eq!(context.run(repo::<Sample>().count()).await.unwrap(), 3);
}

#[tokio::test]
async fn a_statement_that_is_given_up_leaves_a_transaction_that_can_only_be_undone() {
    let world = World::new(tests::Way::Direct).await;
    let context = world.backend();
    for polls in [1, 2] {
        let work = context.transaction(async |_| {
            let given_up = given_up_after(polls, repo::<Sample>().insert(Record::<Sample>::new())).await;
            let next = repo::<Sample>().insert(Record::<Sample>::new()).await;
            assert_eq!(next.is_ok(), given_up.is_some(), "who knows what became of the first one");
            Ok(given_up.is_some())
        });
        assert!(!matches!(work.await, Ok(false)), "nothing is half committed");
    }
    assert!(context.run(repo::<Sample>().count()).await.unwrap().is_multiple_of(2));
    context.run(repo::<Sample>().insert(Record::<Sample>::new())).await.unwrap();
}

#[tokio::test]
async fn a_task_that_outlives_its_transaction_is_told_so_and_stops_nobody() {
    let world = World::new(tests::Way::Direct).await;
    let context = world.backend();
    let (go, wait) = tokio::sync::oneshot::channel::<()>();
    let inside = context.transaction(async |_| {
        repo::<Sample>().insert(Record::<Sample>::new()).await?;
        Context::spawn(async move {
            wait.await.unwrap();
            repo::<Sample>().insert(Record::<Sample>::new()).await
        })
    });
    let task = inside.await.unwrap();
    go.send(()).unwrap();
    let error = task.await.unwrap().unwrap_err();
    assert!(error.cause().unwrap().to_string().contains("has ended"), "{error:?}");
    context.run(repo::<Sample>().insert(Record::<Sample>::new())).await.unwrap();
    assert_eq!(context.run(repo::<Sample>().count()).await.unwrap(), 2);
}

#[tokio::test]
async fn what_a_hook_makes_of_a_value_is_validated_too() {
    use shared::prelude::Task;
    let world = World::with(tests::Way::InProcess, shared::entities()).await;
    world
        .for_(&ann())
        .run(async {
            let padded = Task { title: "     a".into(), ..Task::blank() };
            let error = repo::<Task>().insert(padded).await.unwrap_err();
            assert_eq!(error.field("title"), Some("must have at least 5 characters"));
            repo::<Task>().insert(Task { title: "  five!  ".into(), ..Task::blank() }).await.unwrap();
        })
        .await;
    let titles = world.backend().run(Task::query().all()).await.unwrap();
    assert_eq!(titles.iter().map(|task| task.title.as_str()).collect::<Vec<_>>(), ["five!"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_waits_for_keeps_no_reader() {
    let world = World::new(tests::Way::Direct).await;
    let context = world.backend();
    let rows = (0..3000).map(|_| Sample { text: "a".repeat(900), ..Sample::blank() });
    let fill = context.transaction(async |_| {
        for row in rows {
            repo::<Sample>().insert(row).await?;
        }
        Ok(())
    });
    fill.await.unwrap();
    let long = || {
        let each = (0..150).map(|n| Sample::filter(|s| s.text.contains(format!("{}{n}", "a".repeat(400)))));
        Sample::query().filter(|_| each.fold(Filter::nothing(), |any, one| any | one)).count()
    };
    // More of them than there are readers, all given up at once; each would take minutes.
    let given_up = (0..8).map(|_| tokio::time::timeout(std::time::Duration::from_millis(300), context.run(long())));
    assert!(futures::future::join_all(given_up).await.iter().all(Result::is_err));
    let next = context.run(Sample::query().limit(1).all());
    let next = tokio::time::timeout(std::time::Duration::from_secs(15), next).await;
    assert_eq!(next.expect("a reader is free").unwrap().len(), 1);
}

/// Polls a future so many times, with pauses in which the database goes on, and drops it.
async fn given_up_after<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if let std::task::Poll::Ready(output) = futures::poll!(&mut future) {
            return Some(output);
        }
        tokio::time::sleep(std::time::Duration::from_micros(300)).await;
    }
    None
}

#[tokio::test]
async fn a_transaction_given_up_at_any_moment_is_whole_or_undone_and_the_next_is_its_own() {
    let world = World::new(tests::Way::Direct).await;
    let context = world.backend();
    let two_rows = || {
        context.transaction(async |_| {
            repo::<Sample>().insert(Record::<Sample>::new()).await?;
            repo::<Sample>().insert(Record::<Sample>::new()).await.map(drop)
        })
    };
    let count = async |context: &Context| context.run(repo::<Sample>().count()).await.unwrap();
    let mut finished = 0;
    for polls in (1..12).cycle().take(66) {
        finished += u32::from(given_up_after(polls, two_rows()).await.is_some_and(|done| done.is_ok()));
        assert!(count(&context).await.is_multiple_of(2), "given up after {polls} polls: half of it is there");
        // Dropped in the middle, right after: this too is undone, whatever came before it.
        let unfinished = context.transaction(async |_| {
            repo::<Sample>().insert(Record::<Sample>::new()).await?;
            std::future::pending::<Result<()>>().await
        });
        assert_eq!(given_up_after(6, unfinished).await, None);
        two_rows().await.unwrap();
    }
    assert!(finished > 0, "some came to their end");
    // Another connection sees what is there for good.
    let other = isoform_server::Database::connect(&format!("sqlite://{}", world.file().display())).await.unwrap();
    assert_eq!(count(&other.context()).await, count(&context).await);
}

#[tokio::test]
async fn what_is_missing_in_the_schema_is_created_and_said() {
    use isoform_server::Database;
    mod before {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "things", allow(crud = true))]
        pub struct Thing {
            #[field(id)]
            pub id: String,
        }
    }
    mod after {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "things", allow(crud = true))]
        pub struct Thing {
            #[field(id)]
            pub id: String,
            #[field(default = "as declared")]
            pub name: String,
            pub size: Option<i32>,
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/deep/inside/test.db", folder.path().display());
    let database = Database::connect(&url).await.unwrap();
    let said = database.ensure_schema(&[before::Thing::meta()]).await.unwrap();
    assert_eq!(said, ["created the table things with 1 columns"]);
    database.context().run(repo().insert(before::Thing { id: "old".into() })).await.unwrap();
    let said = database.ensure_schema(&[after::Thing::meta()]).await.unwrap();
    assert_eq!(said, ["added the column name to the table things", "added the column size to the table things"]);
    assert_eq!(database.ensure_schema(&[after::Thing::meta()]).await.unwrap(), Vec::<String>::new());
    let old = database.context().run(repo::<after::Thing>().find_id("old")).await.unwrap();
    assert_eq!((old.name.as_str(), old.size), ("as declared", None));
}

#[tokio::test]
async fn what_does_not_fit_the_table_is_said_at_the_start() {
    use isoform_server::Database;
    mod first {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "crates", allow(crud = true))]
        pub struct Crate {
            #[field(id)]
            pub id: String,
            pub weight: String,
            pub owner: Option<String>,
        }
    }
    mod retyped {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "crates", allow(crud = true))]
        pub struct Crate {
            #[field(id)]
            pub id: String,
            pub weight: i64,
            #[field(unique)]
            pub owner: Option<String>,
        }
    }
    mod renamed {
        use isoform::prelude::*;
        #[derive(Entity, Clone, Debug, PartialEq)]
        #[entity(key = "crates", allow(crud = true))]
        pub struct Crate {
            #[field(id)]
            pub id: String,
            pub mass: String,
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let database = Database::connect(&format!("sqlite://{}/test.db", folder.path().display())).await.unwrap();
    database.ensure_schema(&[first::Crate::meta()]).await.unwrap();
    for id in ["a", "b"] {
        let row = first::Crate { id: id.into(), weight: "heavy".into(), owner: Some("ann".into()) };
        database.context().run(repo().insert(row)).await.unwrap();
    }
    let error = database.ensure_schema(&[retyped::Crate::meta()]).await.unwrap_err();
    assert!(error.message().contains("Crate.owner is to be unique"), "{error}");
    assert!(error.message().contains("column weight"), "all differences are in one error: {error}");
    database
        .context()
        .run(async {
            let mut b = repo::<first::Crate>().find_id("b").await?;
            b.owner = None;
            b.save().await
        })
        .await
        .unwrap();
    let error = database.ensure_schema(&[retyped::Crate::meta()]).await.unwrap_err();
    assert!(!error.message().contains("unique"), "{error}");
    assert!(
        error.message().contains("column weight: it is for texts (text), the field Crate.weight for integers"),
        "{error}"
    );
    let error = database.ensure_schema(&[renamed::Crate::meta()]).await.unwrap_err();
    assert!(error.message().contains("weight") && error.message().contains("column = \"weight\""), "{error}");
}
