//! What is done once a transaction has committed: mail, messages, whatever cannot be undone.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures::FutureExt as _;

use super::{CURRENT, Context, Scope};
use crate::future::BoxFuture;
use crate::provider::Transaction;
use crate::{Error, Result};

type Work = BoxFuture<'static, Result<()>>;

/// What is to be done once a transaction has committed. A transaction nobody leaves anything with has nothing of it but room.
#[derive(Default)]
pub struct AfterCommit(OnceLock<Mutex<Option<Vec<Work>>>>);

impl AfterCommit {
    fn add(&self, mut more: Vec<Work>) -> Result<()> {
        let list = self.0.get_or_init(|| Mutex::new(Some(Vec::new())));
        match list.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(list) => {
                list.append(&mut more);
                Ok(())
            }
            None => Err(Error::internal(
                "the transaction has ended already: what is to be done after it must be said inside of it, before it ends",
            )),
        }
    }

    /// Has nobody left anything here?
    pub(super) fn is_empty(&self) -> bool {
        self.0.get().is_none()
    }

    /// All that was left here. From now on nobody leaves anything.
    pub(super) fn take(&self) -> Vec<Work> {
        match self.0.set(Mutex::new(None)) {
            Ok(()) => Vec::new(),
            Err(_) => {
                let list = self.0.get().map(|list| list.lock().unwrap_or_else(PoisonError::into_inner).take());
                list.flatten().unwrap_or_default()
            }
        }
    }
}

impl std::fmt::Debug for AfterCommit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AfterCommit").finish_non_exhaustive()
    }
}

impl Context {
    /// Does something once the open transaction has committed, and never where it is undone: mail, messages, calls of other servers.
    ///
    /// Of a part of a transaction it is done once the whole has committed, and not where the part was undone. Without a transaction
    /// it is done at once. It runs in a task of its own, one after the other in the order in which they were said: no answer waits for it, and
    /// it runs to its end also where whoever asked has gone away. Its context is trusted, outside of the transaction, with the same
    /// identity. An error or a panic in it is logged and hurts nobody.
    ///
    /// It is lost where the process ends first. What must not be lost is a row of a table that is written in the transaction; then this is
    /// what looks for such rows.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true), hooks)]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub customer: String }
    /// # async fn send_mail(_: String) -> Result<()> { Ok(()) }
    /// #[hooks]
    /// impl Hooks for Order {
    ///     async fn saved(order: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
    ///         let customer = order.customer.clone();
    ///         Context::after_commit(async move { send_mail(customer).await })
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// Where there is no context, or its transaction has ended already.
    pub fn after_commit(work: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        let context = Self::current()?;
        let outside = context.outside().with_scope(Scope::Backend);
        let work: Work = Box::pin(CURRENT.scope(outside, work));
        match &context.0.transaction {
            Some(open) => open.provider.after_commit().add(vec![work]),
            None => {
                let runtime = tokio::runtime::Handle::try_current().map_err(Error::internal)?;
                runtime.spawn(run(vec![work]));
                Ok(())
            }
        }
    }
}

/// Commits a transaction, or a part of `outer`, and sees to what was left with it.
pub(super) async fn commit(open: Arc<dyn Transaction>, outer: Option<&Arc<dyn Transaction>>) -> Result<()> {
    let work = open.after_commit().take();
    if work.is_empty() {
        return open.commit().await;
    }
    if let Some(outer) = outer {
        open.commit().await?;
        return outer.after_commit().add(work);
    }
    // Whoever waits for the commit may go away while it is under way.
    let (tell, told) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let committed = open.commit().await;
        let is_there = committed.is_ok();
        let _ = tell.send(committed);
        if is_there {
            run(work).await;
        }
    });
    told.await.map_err(|_| Error::internal("the task that committed a transaction is gone"))?
}

async fn run(work: Vec<Work>) {
    for one in work {
        match AssertUnwindSafe(one).catch_unwind().await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(
                cause = error.cause().map(tracing::field::display),
                "what was to be done after a commit failed: {error}"
            ),
            Err(_) => tracing::error!("what was to be done after a commit panicked"),
        }
    }
}
