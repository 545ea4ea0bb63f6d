//! Statements that take too long, that nobody waits for any longer, or that are slow.

use std::time::{Duration, Instant};

use isoform::prelude::*;
use isoform_server::{Api, Database, InProcess, Limits, StatementLimits, TOO_SLOW};
use serde_json::json;
use tests::entities::*;
use tests::slow_log::SlowLog;
use tests::{Way, World, ann};

/// So many rows of long texts that a filter can keep the database busy for minutes.
async fn fill(database: &Database) {
    let rows = (0..3000).map(|_| Sample { text: "a".repeat(900), ..Sample::blank() });
    let insert = async |_| repo::<Sample>().insert_many(rows.collect::<Vec<_>>()).await;
    database.context().transaction(insert).await.unwrap();
}

/// A filter that would.
fn endless() -> Filter<Sample> {
    let each = (0..150).map(|n| Sample::filter(|s| s.text.contains(format!("{}{n}", "a".repeat(400)))));
    each.fold(Filter::nothing(), |any, one| any | one)
}

async fn in_time<T>(future: impl Future<Output = Result<T>>) -> T {
    tokio::time::timeout(Duration::from_secs(5), future).await.expect("the writer is free").unwrap()
}

/// Gives up whatever it is after a moment.
async fn given_up<T>(future: impl Future<Output = Result<T>>) {
    assert!(tokio::time::timeout(Duration::from_millis(150), future).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_given_up_is_undone_and_the_next_one_goes_on() {
    let world = World::new(Way::Direct).await;
    fill(&world.database).await;
    let (guarded, trusted) = (world.for_(&ann()), world.backend());
    let count = async || trusted.run(Sample::query().filter(|s| s.number.eq(-1)).count()).await.unwrap();
    let update = || repo::<Sample>().update_many(|_| endless(), |s| s.number.set(-1));
    let begin = Instant::now();
    // Guarded, it is in a transaction; trusted, it is a statement alone.
    given_up(guarded.run(update())).await;
    in_time(trusted.run(repo::<Sample>().insert(Sample::blank()))).await;
    given_up(trusted.run(update())).await;
    in_time(trusted.run(repo::<Sample>().insert(Sample::blank()))).await;
    given_up(guarded.run(repo::<Sample>().delete_many(|_| endless()))).await;
    in_time(trusted.run(repo::<Sample>().insert(Sample::blank()))).await;
    // In the middle of a transaction that has written before.
    given_up(trusted.transaction(async |_| {
        repo::<Sample>().insert(Sample { number: -1, ..Sample::blank() }).await?;
        update().await
    }))
    .await;
    in_time(trusted.transaction(async |_| repo::<Sample>().insert(Sample::blank()).await)).await;
    // A part of one, with the whole.
    given_up(trusted.transaction(async |outer| {
        repo::<Sample>().insert(Sample { number: -1, ..Sample::blank() }).await?;
        outer.transaction(async |_| update().await).await
    }))
    .await;
    in_time(trusted.run(repo::<Sample>().insert(Sample::blank()))).await;
    assert_eq!(count().await, 0, "nothing of it was written");
    assert_eq!(trusted.run(repo::<Sample>().count()).await.unwrap(), 3005);
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_keeps_the_writer_from_nobody() {
    let world = World::new(Way::InProcess).await;
    fill(&world.database).await;
    let texts: Vec<_> = (0..150).map(|n| json!({"text.contains": format!("{}{n}", "a".repeat(400))})).collect();
    for _ in 0..3 {
        let body = json!({"set": {"number": -1}, "where": {"OR": texts}});
        let request = world.post("/api/samples?__action=updateMany").by(&ann()).json(&body).send();
        assert!(tokio::time::timeout(Duration::from_millis(100), request).await.is_err());
        let next = world.post("/api/samples").by(&ann()).json(&json!({"number": 1})).send();
        tokio::time::timeout(Duration::from_secs(5), next).await.expect("the writer is free").ok(201);
    }
}

/// A database whose statements may take this long, served.
async fn hasty(limits: StatementLimits) -> (Database, World) {
    let mut world = World::new(Way::InProcess).await;
    fill(&world.database).await;
    let database = Database::connect_with(&format!("sqlite://{}", world.file().display()), limits).await.unwrap();
    world.router =
        Api::new(database.clone()).entities(tests::entities::all()).limits(Limits::default()).into_router().unwrap();
    (database, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped_and_nothing_is_written() {
    let limits = StatementLimits { time: Some(Duration::from_millis(200)), slow: None };
    let (database, world) = hasty(limits).await;
    let client = Context::over(InProcess::remote(world.router.clone()));
    let begin = Instant::now();
    let error = client.run(Sample::query().filter(|_| endless()).count()).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (503, Some(TOO_SLOW)), "{error:?}");
    assert!(error.message().contains("too long"), "{error}");
    let update = || repo::<Sample>().update_many(|_| endless(), |s| s.number.set(-1));
    let error = client.run(update()).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (503, Some(TOO_SLOW)), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    let texts: Vec<_> = (0..150).map(|n| json!({"text.contains": format!("{}{n}", "a".repeat(400))})).collect();
    let answer = world.post("/api/samples?__action=count").json(&json!({"where": {"OR": texts}})).send().await;
    assert!(answer.refused(503).contains("too long"));
    // A transaction that it is in is undone whole, and the next one is not.
    let context = database.context();
    let work = context.transaction(async |_| {
        repo::<Sample>().insert(Sample { number: -1, ..Sample::blank() }).await?;
        let error = update().await.unwrap_err();
        assert_eq!(error.code(), Some(TOO_SLOW));
        Ok(())
    });
    assert!(work.await.is_err());
    let work = context.transaction(async |outer| {
        repo::<Sample>().insert(Sample { number: -1, ..Sample::blank() }).await?;
        // SQLite undoes all of it: a part is no shelter here.
        assert!(outer.transaction(async |_| update().await).await.is_err());
        repo::<Sample>().insert(Sample { number: -1, ..Sample::blank() }).await
    });
    assert!(work.await.is_err());
    // What only reads has undone nothing.
    let work = context.transaction(async |outer| {
        repo::<Sample>().insert(Sample { number: 700, ..Sample::blank() }).await?;
        let part = outer.transaction(async |_| Sample::query().filter(|_| endless()).count().await).await;
        assert_eq!(part.unwrap_err().code(), Some(TOO_SLOW));
        repo::<Sample>().insert(Sample { number: 700, ..Sample::blank() }).await
    });
    work.await.unwrap();
    let numbered = async |n: i32| context.run(Sample::query().filter(|s| s.number.eq(n)).count()).await.unwrap();
    assert_eq!((numbered(-1).await, numbered(700).await), (0, 2));
}

#[tokio::test]
async fn a_slow_statement_is_logged_with_its_text_its_time_and_rows_and_never_with_values() {
    let log = SlowLog::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let taken = || log.taken();
    let folder = tempfile::tempdir().unwrap();
    let at = |slow| StatementLimits { slow, ..StatementLimits::default() };
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let every = Database::connect_with(&url, at(Some(Duration::ZERO))).await.unwrap();
    every.ensure_schema(&[Sample::meta()]).await.unwrap();
    assert_eq!(taken(), Vec::<String>::new(), "the schema takes what it takes");
    let insert = async || repo::<Sample>().insert(Sample { text: "unspeakable".into(), ..Sample::blank() }).await;
    every.context().run(insert()).await.unwrap();
    every
        .context()
        .transaction(async |_| {
            insert().await?;
            insert().await
        })
        .await
        .unwrap();
    every.context().run(Sample::query().filter(|s| s.text.eq("unspeakable")).all()).await.unwrap();
    let update = repo::<Sample>().update_many(|s| s.text.eq("unspeakable"), |s| s.text.set("unutterable"));
    every.context().run(update).await.unwrap();
    let lines = taken();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    for (line, (rows, text)) in
        lines.iter().zip([(1, "INSERT"), (1, "INSERT"), (1, "INSERT"), (3, "SELECT"), (3, "UPDATE")])
    {
        assert!(line.starts_with("WARN ") && line.contains(" ms=") | line.contains("ms="), "{line}");
        assert!(line.contains(&format!("rows={rows}")) && line.contains(text), "{line}");
        assert!(!line.contains("unspeakable") && !line.contains("unutterable"), "{line}");
    }
    for quiet in [Some(Duration::from_secs(5)), None] {
        let database = Database::connect_with(&url, at(quiet)).await.unwrap();
        database.context().run(insert()).await.unwrap();
        assert_eq!(taken(), Vec::<String>::new());
    }
    assert_eq!(StatementLimits::default().slow, Some(Duration::from_millis(500)));
}

#[tokio::test]
async fn a_bulk_write_of_too_many_rows_touches_no_more_than_are_needed_to_know() {
    let log = SlowLog::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let every = StatementLimits { slow: Some(Duration::ZERO), ..StatementLimits::default() };
    let database = Database::connect_with(&url, every).await.unwrap();
    database.ensure_schema(&[Sample::meta()]).await.unwrap();
    let rows = (0..100).map(|number| Sample { number, ..Sample::blank() }).collect::<Vec<_>>();
    database.context().transaction(async |_| repo::<Sample>().insert_many(rows).await).await.unwrap();
    let touched = || {
        let lines = log.taken();
        let rows = |line: &String| Some(line.split_once("rows=")?.1.split(' ').next()?.parse::<u64>().unwrap());
        lines.iter().filter(|line| line.contains("UPDATE") || line.contains("DELETE")).filter_map(rows).max()
    };
    let context = Context::api(&database).with_identity(ann()).with_row_limit(10);
    context
        .run(async {
            let update = async |n: i32| repo::<Sample>().update_many(|s| s.number.lt(n), |s| s.ratio.set(1.5)).await;
            let delete = async |n: i32| repo::<Sample>().delete_many(|s| s.number.lt(n)).await;
            assert!(update(100).await.unwrap_err().message().contains("more than the 10 rows"));
            assert_eq!(touched(), Some(11));
            assert!(update(11).await.is_err());
            assert_eq!(update(10).await.unwrap(), 10);
            touched();
            assert!(delete(100).await.unwrap_err().message().contains("more than the 10 rows"));
            assert_eq!(touched(), Some(11));
            assert!(delete(11).await.is_err());
            assert_eq!(delete(10).await.unwrap(), 10);
            assert_eq!(repo::<Sample>().count().await.unwrap(), 90);
            assert_eq!(Sample::query().filter(|s| s.ratio.eq(1.5)).count().await.unwrap(), 0, "the ten are gone");
        })
        .await;
}
