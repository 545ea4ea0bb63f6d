//! The connections of a SQLite database: a pool for reading, one for writing, and a transaction on the latter.

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use isoform::future::BoxFuture;
use isoform::provider::DataProvider;
use isoform::{Error, Result};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous, SqliteTransactionManager};
use sqlx::{ConnectOptions as _, SqlStr, SqliteConnection};
use sqlx_core::transaction::TransactionManager as _;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Provider;
use super::dialect::plain_error;
use super::readers::{Reader, Readers};

/// Opens a database; what is missing of the file and its folder is created.
pub(crate) async fn connect(url: &str) -> Result<Arc<dyn DataProvider>> {
    let (address, synchronous) = synchronous(url)?;
    let options = SqliteConnectOptions::from_str(&address)
        .map_err(|error| Error::invalid(format!("DATABASE_URL \"{url}\": {error}")))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging();
    let in_memory = address.contains(":memory:");
    let cannot = |error: sqlx::Error| Error::invalid(format!("The database \"{url}\" cannot be opened: {error}"));
    if !in_memory && let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::invalid(format!("The folder {} cannot be created: {error}", folder.display())))?;
    }
    let writer = options.connect().await.map_err(cannot)?;
    let readers = (!in_memory).then(|| Arc::new(Readers::new(options)));
    let writer = Arc::new(Mutex::new(writer));
    Ok(Arc::new(Provider(Shared { readers, writer })))
}

/// Takes `synchronous=…` out of an address: sqlx does not know it.
fn synchronous(url: &str) -> Result<(String, SqliteSynchronous)> {
    let (address, parameters) = url.split_once('?').unwrap_or((url, ""));
    let (own, others): (Vec<_>, Vec<_>) =
        parameters.split('&').partition(|parameter| parameter.starts_with("synchronous="));
    let synchronous =
        match own.first().map(|parameter| parameter["synchronous=".len()..].to_ascii_uppercase()).as_deref() {
            None | Some("NORMAL") => SqliteSynchronous::Normal,
            Some("FULL") => SqliteSynchronous::Full,
            Some("OFF") => SqliteSynchronous::Off,
            Some(other) => return Err(Error::invalid(format!("synchronous={other} is not NORMAL, FULL or OFF."))),
        };
    let others = others.join("&");
    Ok((if others.is_empty() { address.to_owned() } else { format!("{address}?{others}") }, synchronous))
}

/// Where operations get their connection from.
pub(super) trait Connections: Send + Sync + 'static {
    /// A connection to read by.
    fn reading(&self) -> BoxFuture<'_, Result<Connection>>;

    /// A connection to write by.
    fn writing(&self) -> BoxFuture<'_, Result<Connection>>;

    /// A transaction that begins with its first operation.
    fn begin(&self) -> Result<Open>;
}

/// A connection for one operation.
pub(super) enum Connection {
    Reader(Reader),
    Writer(OwnedMutexGuard<SqliteConnection>),
    Transaction(OwnedMutexGuard<Stage>),
}

impl Deref for Connection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(connection) => connection,
            Self::Transaction(stage) => match &**stage {
                Stage::Begun(begun) => &begun.connection,
                Stage::Unused | Stage::Ended => {
                    unreachable!("a transaction hands out its connection only while it is open")
                }
            },
        }
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(connection) => connection,
            Self::Transaction(stage) => match &mut **stage {
                Stage::Begun(begun) => &mut begun.connection,
                Stage::Unused | Stage::Ended => {
                    unreachable!("a transaction hands out its connection only while it is open")
                }
            },
        }
    }
}

/// The connections of a database.
pub(super) struct Shared {
    /// None for a database in memory, which has one connection.
    readers: Option<Arc<Readers>>,
    writer: Arc<Mutex<SqliteConnection>>,
}

impl Connections for Shared {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move {
            match &self.readers {
                Some(readers) => readers.one().await.map(Connection::Reader),
                None => self.writing().await,
            }
        })
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move { Ok(Connection::Writer(self.writer.clone().lock_owned().await)) })
    }

    fn begin(&self) -> Result<Open> {
        Ok(Open { writer: self.writer.clone(), stage: Arc::default(), writes: AtomicU64::new(0) })
    }
}

/// A transaction on the writing connection. It waits for its turn when it is first used.
pub(super) struct Open {
    writer: Arc<Mutex<SqliteConnection>>,
    stage: Arc<Mutex<Stage>>,
    writes: AtomicU64,
}

/// How far a transaction is.
#[derive(Default)]
pub(super) enum Stage {
    /// Nothing was asked of it yet.
    #[default]
    Unused,
    Begun(Begun),
    /// Committed or undone. A task that was spawned inside may still hold on to it.
    Ended,
}

/// The writing connection while a transaction is open on it. Where that is neither committed nor rolled back, whoever drops
/// this undoes it before anybody else writes.
pub(super) struct Begun {
    connection: OwnedMutexGuard<SqliteConnection>,
    ended: bool,
}

/// How a transaction ends.
#[derive(Clone, Copy)]
pub(super) enum End {
    Commit,
    Rollback,
}

impl Open {
    /// Ends the transaction, if it ever began.
    pub(super) async fn end(&self, end: End) -> Result<()> {
        let mut stage = self.stage.lock().await;
        let Stage::Begun(open) = &mut *stage else {
            *stage = Stage::Ended;
            return Ok(());
        };
        // A commit that nobody waits for any longer makes sqlx pass over the next rollback, which it takes for this one's:
        // so it has to come, by `Begun`'s drop, and the connection stays in its place while this waits.
        let ended = match end {
            End::Commit => SqliteTransactionManager::commit(&mut open.connection).await,
            End::Rollback => SqliteTransactionManager::rollback(&mut open.connection).await,
        };
        open.ended = ended.is_ok();
        *stage = Stage::Ended;
        ended.map_err(|error| plain_error(&error))
    }

    pub(super) fn end_unused(&self) -> bool {
        let stage = self.stage.try_lock();
        stage.is_ok_and(|mut stage| {
            let unused = matches!(*stage, Stage::Unused);
            if unused {
                *stage = Stage::Ended;
            }
            unused
        })
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    async fn connection(&self) -> Result<Connection> {
        let mut stage = self.stage.clone().lock_owned().await;
        match *stage {
            Stage::Begun(_) => {}
            Stage::Ended => {
                return Err(Error::internal(
                    "this transaction has ended: what goes on after it needs a context of its own, outside of it",
                ));
            }
            Stage::Unused => {
                let mut connection = self.writer.clone().lock_owned().await;
                let begin = SqlStr::from_static("BEGIN IMMEDIATE");
                SqliteTransactionManager::begin(&mut connection, Some(begin))
                    .await
                    .map_err(|error| plain_error(&error))?;
                *stage = Stage::Begun(Begun { connection, ended: false });
            }
        }
        Ok(Connection::Transaction(stage))
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.ended {
            SqliteTransactionManager::start_rollback(&mut self.connection);
        }
    }
}

impl Connections for Open {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(self.connection())
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        Box::pin(self.connection())
    }

    fn begin(&self) -> Result<Open> {
        Err(Error::internal("a transaction is a part of the open one and does not begin by itself"))
    }
}
