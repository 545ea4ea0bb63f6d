//! The connections of a SQLite database: a pool for reading, one for writing, and a transaction on the latter.

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use isoform::future::BoxFuture;
use isoform::provider::DataProvider;
use isoform::{Error, Result};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous, SqliteTransactionManager,
};
use sqlx::{ConnectOptions as _, SqlStr, SqliteConnection, SqlitePool};
use sqlx_core::transaction::TransactionManager as _;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Provider;
use super::dialect::plain_error;

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
    let readers = if in_memory {
        None
    } else {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        let pool = SqlitePoolOptions::new()
            .max_connections(u32::try_from(cores.max(4)).unwrap_or(4))
            .min_connections(0)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false);
        Some(pool.connect_lazy_with(options))
    };
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
    Pooled(PoolConnection<sqlx::Sqlite>),
    Writer(OwnedMutexGuard<SqliteConnection>),
    Transaction(OwnedMutexGuard<Option<OwnedMutexGuard<SqliteConnection>>>),
}

impl Deref for Connection {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Writer(connection) => connection,
            Self::Transaction(state) => match &**state {
                Some(connection) => connection,
                None => unreachable!("a transaction hands out its connection only while it is open"),
            },
        }
    }
}

impl DerefMut for Connection {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Pooled(connection) => connection,
            Self::Writer(connection) => connection,
            Self::Transaction(state) => match &mut **state {
                Some(connection) => connection,
                None => unreachable!("a transaction hands out its connection only while it is open"),
            },
        }
    }
}

/// The connections of a database.
pub(super) struct Shared {
    /// None for a database in memory, which has one connection.
    readers: Option<SqlitePool>,
    writer: Arc<Mutex<SqliteConnection>>,
}

impl Connections for Shared {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move {
            match &self.readers {
                Some(pool) => pool.acquire().await.map(Connection::Pooled).map_err(|error| plain_error(&error)),
                None => self.writing().await,
            }
        })
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move { Ok(Connection::Writer(self.writer.clone().lock_owned().await)) })
    }

    fn begin(&self) -> Result<Open> {
        Ok(Open { writer: self.writer.clone(), state: Arc::default() })
    }
}

/// A transaction on the writing connection. It waits for its turn when it is first used.
pub(super) struct Open {
    writer: Arc<Mutex<SqliteConnection>>,
    state: Arc<Mutex<Option<OwnedMutexGuard<SqliteConnection>>>>,
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
        let Some(mut connection) = self.state.lock().await.take() else { return Ok(()) };
        let ended = match end {
            End::Commit => SqliteTransactionManager::commit(&mut connection).await,
            End::Rollback => SqliteTransactionManager::rollback(&mut connection).await,
        };
        ended.map_err(|error| {
            SqliteTransactionManager::start_rollback(&mut connection);
            plain_error(&error)
        })
    }
}

impl Connections for Open {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        self.writing()
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move {
            let mut state = self.state.clone().lock_owned().await;
            if state.is_none() {
                let mut connection = self.writer.clone().lock_owned().await;
                let begin = SqlStr::from_static("BEGIN IMMEDIATE");
                SqliteTransactionManager::begin(&mut connection, Some(begin))
                    .await
                    .map_err(|error| plain_error(&error))?;
                *state = Some(connection);
            }
            Ok(Connection::Transaction(state))
        })
    }

    fn begin(&self) -> Result<Open> {
        Err(Error::internal("a transaction inside a transaction is not supported yet"))
    }
}

impl Drop for Open {
    /// A transaction that was neither committed nor rolled back is undone before anybody else writes.
    fn drop(&mut self) {
        if let Some(mut connection) = self.state.try_lock().ok().and_then(|mut state| state.take()) {
            SqliteTransactionManager::start_rollback(&mut connection);
        }
    }
}
