//! A transaction on the writing connection.
//!
//! It begins together with its first statement, and can be committed together with its last: each way to SQLite's thread and
//! back costs more than most statements. sqlx's own transactions take a way each for `BEGIN` and `COMMIT`; and where a commit
//! is given up while it is under way they expect a rollback from whoever gave it up, and pass over the next one otherwise.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures::FutureExt as _;
use isoform::future::BoxFuture;
use isoform::{Error, Result};
use sqlx::SqliteConnection;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::connection::{Connection, Connections, Writer, in_turn};
use super::dialect::{is_violation, plain_error};

/// A transaction. It waits for its turn when it is first used.
pub(super) struct Open {
    writer: Arc<Mutex<Writer>>,
    stage: Arc<Mutex<Stage>>,
    writes: Arc<AtomicU64>,
    next_write_commits: AtomicBool,
}

/// How far a transaction is.
enum Stage {
    /// Nothing was asked of it yet.
    Unused,
    Begun(Begun),
    /// Committed or undone. A task that was spawned inside may still hold on to it.
    Ended,
}

/// The writing connection while a transaction may be open on it. Whoever drops this before the commit undoes the transaction,
/// before anybody else writes.
struct Begun {
    connection: OwnedMutexGuard<Writer>,
    /// A statement failed in a way that leaves open what SQLite made of the transaction: it can only be undone.
    broken: bool,
    committed: bool,
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.committed {
            // Polled once the command is on its way to SQLite's thread, which does one after the other. Where there is no
            // transaction after all, the answer is an error that nobody waits for.
            let _ = sqlx::query("ROLLBACK").execute(&mut **self.connection).now_or_never();
        }
    }
}

/// The connection of a transaction, for one statement.
pub(super) struct InTransaction {
    stage: OwnedMutexGuard<Stage>,
    /// The statement begins the transaction.
    begins: bool,
    /// The statement commits the transaction.
    commits: bool,
    /// Counts the statement, where it is a write.
    writes: Option<Arc<AtomicU64>>,
    /// The statement has ended.
    done: bool,
}

impl Drop for InTransaction {
    /// Nobody knows what became of a statement that was given up.
    fn drop(&mut self) {
        if let Stage::Begun(begun) = &mut *self.stage {
            begun.broken |= !self.done;
        }
        if !self.done {
            self.count();
        }
    }
}

impl InTransaction {
    /// It has written, or may have.
    fn count(&self) {
        if let Some(writes) = &self.writes {
            writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What stands before and behind the statement.
    pub(super) const fn around(&self) -> (&'static str, &'static str) {
        (if self.begins { "BEGIN IMMEDIATE; " } else { "" }, if self.commits { "; COMMIT" } else { "" })
    }

    /// Was the transaction committed, or given up?
    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.stage, Stage::Ended)
    }

    /// Takes note of how the statement ended.
    pub(super) fn done<T>(&mut self, result: &Result<T, sqlx::Error>) {
        self.done = true;
        if result.is_ok() {
            self.count();
        }
        let Stage::Begun(begun) = &mut *self.stage else { return };
        match result {
            Ok(_) => begun.committed = self.commits,
            Err(error) => begun.broken |= self.begins || !is_violation(error),
        }
        if begun.committed {
            *self.stage = Stage::Ended;
        }
    }
}

const NOT_OPEN: &str = "a transaction hands out its connection only while it is open";

impl Deref for InTransaction {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &*self.stage {
            Stage::Begun(begun) => &begun.connection,
            Stage::Unused | Stage::Ended => unreachable!("{NOT_OPEN}"),
        }
    }
}

impl DerefMut for InTransaction {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut *self.stage {
            Stage::Begun(begun) => &mut begun.connection,
            Stage::Unused | Stage::Ended => unreachable!("{NOT_OPEN}"),
        }
    }
}

fn broken() -> Error {
    Error::internal("a statement of this transaction failed, or was given up, so it can only be undone")
}

impl Open {
    pub(super) fn new(writer: Arc<Mutex<Writer>>) -> Self {
        Self {
            writer,
            stage: Arc::new(Mutex::new(Stage::Unused)),
            writes: Arc::default(),
            next_write_commits: AtomicBool::new(false),
        }
    }

    /// Commits, if there is something to commit.
    pub(super) async fn commit(&self) -> Result<()> {
        let mut stage = self.stage.lock().await;
        let committed = match &mut *stage {
            Stage::Unused | Stage::Ended => Ok(()),
            Stage::Begun(begun) if begun.broken => Err(broken()),
            Stage::Begun(begun) => {
                // Where this is given up nobody knows what became of it.
                begun.broken = true;
                let committed = sqlx::query("COMMIT").execute(&mut **begun.connection).await;
                begun.committed = committed.is_ok();
                committed.map(drop).map_err(|error| plain_error(&error))
            }
        };
        *stage = Stage::Ended;
        drop(stage);
        tokio::task::yield_now().await;
        committed
    }

    /// Undoes everything.
    pub(super) async fn rollback(&self) {
        *self.stage.lock().await = Stage::Ended;
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    pub(super) fn next_write_commits(&self) {
        self.next_write_commits.store(true, Ordering::Relaxed);
    }

    async fn connection(&self, commits: bool, writes: Option<Arc<AtomicU64>>) -> Result<Connection> {
        let mut stage = self.stage.clone().lock_owned().await;
        match &*stage {
            Stage::Begun(begun) if begun.broken => Err(broken()),
            Stage::Begun(_) => {
                Ok(Connection::Transaction(InTransaction { stage, begins: false, commits, writes, done: false }))
            }
            Stage::Ended => Err(Error::internal(
                "this transaction has ended: what goes on after it needs a context of its own, outside of it",
            )),
            // First and last: a statement alone is a transaction of its own.
            Stage::Unused if commits => {
                *stage = Stage::Ended;
                Ok(Connection::Writer(in_turn(&self.writer).await?))
            }
            Stage::Unused => {
                let connection = in_turn(&self.writer).await?;
                *stage = Stage::Begun(Begun { connection, broken: false, committed: false });
                Ok(Connection::Transaction(InTransaction { stage, begins: true, commits, writes, done: false }))
            }
        }
    }
}

impl Connections for Open {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(self.connection(false, None))
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        let commits = self.next_write_commits.swap(false, Ordering::Relaxed);
        Box::pin(self.connection(commits, Some(self.writes.clone())))
    }

    fn begin(&self) -> Result<Self> {
        Err(Error::internal("a transaction is a part of the open one and does not begin by itself"))
    }
}
