//! The connection that writes: one for a database, which operations take in turn.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use isoform::{Error, Result};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::connection::patiently;
use super::watch::Watched;
use crate::database::StatementLimits;

/// The connection that writes.
pub(super) struct Writer {
    pub connection: Watched,
    undone: Arc<AtomicBool>,
}

impl Writer {
    pub async fn open(options: &SqliteConnectOptions, limits: StatementLimits) -> Result<Self, sqlx::Error> {
        // The statements of groups are kept too.
        let options = options.clone().statement_cache_capacity(256);
        let mut connection = Watched::open(&options, limits).await?;
        let undone = Arc::new(AtomicBool::new(false));
        let (commits, rolls_back) = (undone.clone(), undone.clone());
        let mut handle = connection.lock_handle().await?;
        handle.set_commit_hook(move || {
            commits.store(false, Ordering::Relaxed);
            true
        });
        handle.set_rollback_hook(move || rolls_back.store(true, Ordering::Relaxed));
        drop(handle);
        Ok(Self { connection, undone })
    }

    /// Did the last transaction, or the last statement that was one by itself, end by being undone? A commit that fails is.
    pub fn was_undone(&self) -> bool {
        self.undone.load(Ordering::Relaxed)
    }

    /// The next transaction counts as undone until it is committed.
    pub fn expect_commit(&self) {
        self.undone.store(true, Ordering::Relaxed);
    }
}

/// The writing connection, for as long as somebody has it.
///
/// Where it is dropped while a statement is under way nobody waits for that any longer: it is stopped, and the next one has their
/// turn when SQLite has come to an end with it and with the `ROLLBACK` that may stand behind it. So nobody else's is ever stopped.
pub(super) struct Turn {
    writer: Option<OwnedMutexGuard<Writer>>,
    /// Who has lent it, and has it again afterwards.
    lender: Option<oneshot::Sender<OwnedMutexGuard<Writer>>>,
}

impl Turn {
    pub const fn new(writer: OwnedMutexGuard<Writer>) -> Self {
        Self { writer: Some(writer), lender: None }
    }

    /// Lends it to somebody who waits for it, and waits until they have ended; so nobody else comes in between.
    ///
    /// # Errors
    /// Where it is lost, with the runtime of whoever had it.
    pub async fn lend(&mut self, to: oneshot::Sender<Self>) -> Result<()> {
        let Some(writer) = self.writer.take() else { return Err(Error::internal(UNTIL_DROPPED)) };
        let (lender, back) = oneshot::channel();
        drop(to.send(Self { writer: Some(writer), lender: Some(lender) }));
        self.writer = Some(back.await.map_err(Error::internal)?);
        Ok(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else { return };
        let lender = self.lender.take();
        let give_back = |writer| lender.map(|lender| lender.send(writer));
        if !writer.connection.is_asking() {
            drop(give_back(writer));
            return;
        }
        // Without a runtime there is nobody to wait for it: it goes on to its end, before anything else.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            writer.connection.give_up();
            runtime.spawn(async move {
                let _ = writer.connection.quiet().await;
                drop(give_back(writer));
            });
        }
    }
}

const UNTIL_DROPPED: &str = "whoever has the writing connection has it until it is dropped";

impl Deref for Turn {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        match &self.writer {
            Some(writer) => writer,
            None => unreachable!("{UNTIL_DROPPED}"),
        }
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Writer {
        match &mut self.writer {
            Some(writer) => writer,
            None => unreachable!("{UNTIL_DROPPED}"),
        }
    }
}

/// The writing connection, when it is free.
pub(super) async fn in_turn(writer: &Arc<Mutex<Writer>>) -> Result<Turn> {
    if let Ok(free) = writer.clone().try_lock_owned() {
        return Ok(Turn::new(free));
    }
    patiently(writer.clone().lock_owned()).await.map(Turn::new)
}
