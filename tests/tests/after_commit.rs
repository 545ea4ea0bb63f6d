//! What is done once a transaction has committed, and never otherwise.

use std::time::Duration;

use isoform::prelude::*;
use tests::entities_hooks::{Letterbox, mail, mails};
use tests::{ann, promises};

/// Mail that was sent, once there are so many.
async fn sent(subject: &str, count: usize) -> Vec<String> {
    for _ in 0..500 {
        if mails(subject).len() >= count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    mails(subject)
}

/// Nobody sends it later either.
async fn not_sent(subject: &str) {
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(mails(subject), Vec::<String>::new());
}

fn subject(what: &str) -> String {
    format!("{what}-{}", Uuid::now_v7())
}

promises! {
    async fn it_runs_after_the_commit_trusted_and_outside_of_the_transaction(world: World) {
        let text = subject("hook");
        world.for_(&ann()).run(async { repo::<Letterbox>().insert(Letterbox::with(&text, false)).await.unwrap() }).await;
        // Who asked, and the row that is there.
        assert_eq!(sent(&text, 1).await, [format!("{text} Backend false ann 1")]);
    }

    async fn it_never_runs_after_a_rollback(world: World) {
        let text = subject("undone");
        world.for_(&ann()).run(async {
            repo::<Letterbox>().insert(Letterbox::with(&text, true)).await.unwrap_err();
            Letterbox::post(text.clone(), true).await.unwrap_err();
            let both = [Letterbox::with(&text, false), Letterbox::with(&text, true)];
            repo::<Letterbox>().insert_many(both).await.unwrap_err();
        }).await;
        not_sent(&text).await;
    }

    async fn a_method_uses_it(world: World) {
        let text = subject("method");
        world.for_(&ann()).run(async { Letterbox::post(text.clone(), false).await.unwrap() }).await;
        assert_eq!(sent(&text, 1).await, [format!("{text} Backend false ann 0")]);
    }

    async fn what_a_part_leaves_waits_for_the_whole_and_goes_with_the_part(world: World) {
        let (kept, undone, lost) = (subject("kept"), subject("undone"), subject("lost"));
        let context = world.backend();
        context.run(context.transaction(async |whole| {
            whole.transaction(async |_| repo::<Letterbox>().insert(Letterbox::with(&kept, false)).await).await?;
            whole.transaction(async |_| repo::<Letterbox>().insert(Letterbox::with(&undone, true)).await).await.unwrap_err();
            tokio::time::sleep(Duration::from_millis(50)).await;
            assert_eq!(mails(&kept), Vec::<String>::new(), "not before the whole is there");
            Ok(())
        })).await.unwrap();
        let failed = context.run(context.transaction(async |whole| {
            whole.transaction(async |_| repo::<Letterbox>().insert(Letterbox::with(&lost, false)).await).await?;
            Err::<(), _>(Error::invalid("no"))
        })).await;
        assert!(failed.is_err());
        assert_eq!(sent(&kept, 1).await.len(), 1);
        not_sent(&undone).await;
        not_sent(&lost).await;
    }

    async fn without_a_transaction_it_runs_at_once(world: World) {
        let text = subject("none");
        world.backend().run(async { Context::after_commit(mail(text.clone())).unwrap() }).await;
        assert_eq!(sent(&text, 1).await, [format!("{text} Backend false  0")]);
        // Without anything around it, there is nothing to run it in.
        assert!(Context::after_commit(async { Ok(()) }).is_err());
    }

    async fn an_error_or_a_panic_in_it_hurts_nobody(world: World) {
        let text = subject("panic");
        world.for_(&ann()).run(async { repo::<Letterbox>().insert(Letterbox::with(&text, false)).await.unwrap() }).await;
        assert_eq!(sent(&text, 1).await.len(), 1, "what comes after them runs too");
    }

    async fn no_answer_waits_for_it(world: World) {
        let (give, wait) = tokio::sync::oneshot::channel::<()>();
        let text = subject("slow");
        let context = world.backend();
        let before = text.clone();
        context.run(context.transaction(async |_| {
            Context::after_commit(async move {
                let _ = wait.await;
                mail(before).await
            })?;
            repo::<Letterbox>().insert(Letterbox::with("x", false)).await.map(drop)
        })).await.unwrap();
        assert_eq!(mails(&text), Vec::<String>::new());
        give.send(()).unwrap();
        assert_eq!(sent(&text, 1).await.len(), 1);
    }

    async fn whoever_goes_away_after_the_commit_loses_none(world: World) {
        // Given up at any moment, either the row is there and the mail was sent, or neither.
        for moment in 0..60 {
            let text = subject("away");
            let context = world.backend();
            let mut save = Box::pin(context.run(async {
                repo::<Letterbox>().insert(Letterbox::with(&text, false)).await.map(drop)
            }));
            for _ in 0..moment {
                if futures::poll!(&mut save).is_ready() {
                    break;
                }
                tokio::time::sleep(Duration::from_micros(50)).await;
            }
            drop(save);
            let there = async {
                for _ in 0..50 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Letterbox::query().filter(|l| l.text.eq(&text)).count().await.unwrap()
            };
            let rows = world.backend().run(there).await;
            let mails = if rows == 1 { sent(&text, 1).await.len() } else { mails(&text).len() };
            assert_eq!(mails as u64, rows, "at moment {moment}");
        }
    }
}
