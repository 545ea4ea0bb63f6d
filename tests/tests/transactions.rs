//! Transactions in transactions, and statements that take too long or are given up.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use isoform::prelude::*;
use tests::entities::*;
use tests::{Way, World};

fn refused() -> Error {
    Error::conflict("not this one")
}

fn named(text: &str) -> Record<Sample> {
    Record::from(Sample { text: text.into(), ..Sample::blank() })
}

async fn insert(text: &str) -> Result<()> {
    repo::<Sample>().insert(named(text)).await.map(drop)
}

/// What stands in the table, as another connection sees it.
async fn texts(world: &World) -> Vec<String> {
    let rows = world.backend().run(Sample::query().order_by(|s| s.text.asc()).all()).await.unwrap();
    rows.iter().map(|row| row.text.clone()).collect()
}

#[tokio::test]
async fn a_part_that_fails_is_undone_and_the_rest_is_committed() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let work = context.transaction(async |outer| {
        insert("before").await?;
        let part: Result<()> = outer.transaction(async |_| insert("part").await.and(Err(refused()))).await;
        assert_eq!(part.unwrap_err().message(), "not this one");
        assert_eq!(repo::<Sample>().count().await?, 1, "it is undone already");
        insert("after").await?;
        outer.transaction(async |_| insert("kept").await).await
    });
    work.await.unwrap();
    assert_eq!(texts(&world).await, ["after", "before", "kept"]);
}

#[tokio::test]
async fn what_a_part_has_kept_is_undone_with_the_whole() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let work = context.transaction(async |outer| {
        outer.transaction(async |_| insert("kept").await).await?;
        Err::<(), _>(refused())
    });
    assert!(work.await.unwrap_err().is_conflict());
    assert!(texts(&world).await.is_empty());
}

#[tokio::test]
async fn a_part_may_be_the_first_the_last_and_the_only_one() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    // The first statement of all is refused, in a part: what comes is committed.
    context.run(repo::<Sample>().insert(Sample { handle: Some("taken".into()), ..Sample::blank() })).await.unwrap();
    let work = context.transaction(async |outer| {
        let taken = async |_| repo::<Sample>().insert(Sample { handle: Some("taken".into()), ..Sample::blank() }).await;
        assert!(outer.transaction(taken).await.unwrap_err().is_conflict());
        insert("first").await
    });
    work.await.unwrap();
    // A part that fails is the last thing of all.
    let work = context.transaction(async |outer| {
        insert("second").await?;
        let part: Result<()> = outer.transaction(async |_| insert("undone").await.and(Err(refused()))).await;
        assert!(part.is_err());
        Ok(())
    });
    work.await.unwrap();
    context.transaction(async |outer| outer.transaction(async |_| insert("third").await).await).await.unwrap();
    let nothing = context.transaction(async |outer| {
        let part: Result<()> = outer.transaction(async |_| insert("undone").await.and(Err(refused()))).await;
        assert!(part.is_err());
        Ok(())
    });
    nothing.await.unwrap();
    assert_eq!(texts(&world).await, ["", "first", "second", "third"]);
}

/// Inserts a row at each level, and fails at those that are named.
fn nested(
    context: Context,
    depth: usize,
    failing: &'static [usize],
) -> isoform::future::BoxFuture<'static, Result<()>> {
    Box::pin(async move {
        if depth > 8 {
            return Ok(());
        }
        let level = async |inside: Context| {
            insert(&format!("{depth} before")).await?;
            // Whatever became of the parts within: what they have written is there or not, and this goes on.
            let _ = nested(inside, depth + 1, failing).await;
            insert(&format!("{depth} behind")).await?;
            if failing.contains(&depth) { Err(refused()) } else { Ok(()) }
        };
        context.transaction(level).await
    })
}

#[tokio::test]
async fn parts_have_parts_eight_deep_and_each_is_undone_by_itself() {
    for (failing, kept) in [
        (&[][..], (1..=8).collect::<Vec<_>>()),
        (&[8], (1..=7).collect()),
        (&[5, 7], (1..=4).collect()),
        (&[2], vec![1]),
    ] {
        let world = World::new(Way::Direct).await;
        nested(world.backend(), 1, failing).await.unwrap();
        let expected: Vec<_> =
            kept.iter().flat_map(|depth| [format!("{depth} before"), format!("{depth} behind")]).collect();
        assert_eq!(texts(&world).await, expected, "where {failing:?} fail");
    }
}

#[tokio::test]
async fn a_failed_save_leaves_the_transaction_usable() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let work = context.transaction(async |_| {
        repo::<Account>().insert(Account { id: "a".into(), balance: 1, holder: "Ann".into() }).await?;
        // Its hook `saved` refuses, after the row and what other hooks have written was there.
        let mut account = repo::<Account>().find_id("a").await?;
        account.balance = -1;
        assert!(account.save().await.unwrap_err().is_invalid());
        assert_eq!(repo::<Account>().find_id("a").await?.balance, 1);
        account.balance = 2;
        account.save().await
    });
    work.await.unwrap();
    let account = context.run(repo::<Account>().find_id("a")).await.unwrap();
    assert_eq!(account.balance, 2);
    let events = context.run(Event::query().all()).await.unwrap();
    let written: Vec<_> = events.iter().map(|event| event.what.as_str()).collect();
    assert_eq!(
        written,
        ["inserting", "saved 1 (was 0)", "updating", "saved 2 (was 1)"],
        "what its hooks wrote is undone too"
    );
}

#[tokio::test]
async fn a_part_that_is_given_up_at_any_moment_is_undone_and_the_rest_goes_on() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let mut rows = 0;
    for polls in (1..14).cycle().take(78) {
        let work = context.transaction(async |outer| {
            insert("before").await?;
            let part = outer.transaction(async |_| {
                insert("part").await?;
                Sample::query().limit(1).all().await?;
                insert("part").await
            });
            let kept = given_up_after(polls, part).await.is_some();
            insert("behind").await?;
            Ok(kept)
        });
        rows += if work.await.unwrap() { 4 } else { 2 };
        assert_eq!(context.run(repo::<Sample>().count()).await.unwrap(), rows, "given up after {polls} polls");
    }
}

/// Polls a future so many times, with pauses in which the database goes on, and drops it.
async fn given_up_after<F: Future>(polls: u32, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    for _ in 0..polls {
        if let std::task::Poll::Ready(output) = futures::poll!(&mut future) {
            return Some(output);
        }
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
    None
}

#[tokio::test]
async fn parts_at_the_same_time_go_one_after_the_other() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let work = context.transaction(async |outer| {
        let part = async |name: &'static str, fails: bool| {
            let write = async |_| {
                insert(name).await?;
                tokio::time::sleep(Duration::from_millis(5)).await;
                insert(name).await?;
                if fails { Err(refused()) } else { Ok(()) }
            };
            outer.transaction(write).await
        };
        let (a, b, c, d) = futures::join!(part("a", false), part("b", true), part("c", false), insert("d"));
        assert!(a.is_ok() && b.is_err() && c.is_ok() && d.is_ok());
        Ok(())
    });
    work.await.unwrap();
    assert_eq!(texts(&world).await, ["a", "a", "c", "c", "d"]);
}

#[tokio::test]
async fn a_task_that_outlives_a_transaction_that_was_given_up_keeps_the_writer_from_nobody() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    for nested in [false, true] {
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let task = Arc::new(Mutex::new(None));
        let kept = task.clone();
        let work = async |_| {
            insert("undone").await?;
            let late = async move {
                insert("undone").await?;
                wait.await.unwrap();
                insert("never").await
            };
            *kept.lock().unwrap() = Some(Context::spawn(late)?);
            std::future::pending::<Result<()>>().await
        };
        let whole = context.transaction(async |outer| {
            insert("undone").await?;
            if nested { outer.transaction(work).await } else { work(outer).await }
        });
        assert!(tokio::time::timeout(Duration::from_millis(60), whole).await.is_err());
        let next = context.run(insert("next"));
        tokio::time::timeout(Duration::from_secs(3), next).await.expect("the writer is free").unwrap();
        go.send(()).unwrap();
        let task = task.lock().unwrap().take().unwrap();
        assert!(task.await.unwrap().unwrap_err().cause().unwrap().to_string().contains("has ended"));
    }
    assert_eq!(texts(&world).await, ["next", "next"]);
}

#[tokio::test]
async fn who_would_wait_for_themselves_is_told_so() {
    let world = World::new(Way::Direct).await;
    let context = world.backend();
    let work = context.transaction(async |outer| {
        insert("before").await?;
        let whole = outer.clone();
        let part = outer.transaction(async |_| {
            insert("part").await?;
            whole.transaction(async |_| insert("never").await).await
        });
        let error = part.await.unwrap_err();
        assert!(error.cause().unwrap().to_string().contains("only the part's own context"), "{error:?}");
        insert("behind").await
    });
    work.await.unwrap();
    assert_eq!(texts(&world).await, ["before", "behind"]);
}
