//! The connections of a SQLite database: a pool for reading, and one for writing.

use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use isoform::future::BoxFuture;
use isoform::provider::{DataProvider, RowWrite};
use isoform::{EntityMeta, Error, Result, Value};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::Provider;
use super::combine::Line;
use super::group::Told;
use super::readers::{Reader, Readers};
use super::transaction::{InTransaction, Open};
use super::watch::Watched;
use super::writer::{Turn, Writer, in_turn};
use crate::database::StatementLimits;
use crate::sql::Statement;

/// Opens a database; what is missing of the file and its folder is created.
pub(crate) async fn connect(url: &str, limits: StatementLimits) -> Result<Arc<dyn DataProvider>> {
    let (address, synchronous) = synchronous(url)?;
    let options = SqliteConnectOptions::from_str(&address)
        .map_err(|error| Error::invalid(format!("DATABASE_URL \"{url}\": {error}")))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(Duration::from_secs(5))
        // A rollback must always find room in the queue of SQLite's thread; what is not used takes no memory.
        .command_buffer_size(1 << 16)
        // As many rows as a list has at most: whoever reads them is woken once, not after every 50.
        .row_buffer_size(1024)
        .disable_statement_logging();
    let in_memory = address.contains(":memory:");
    let cannot = |error: sqlx::Error| Error::invalid(format!("The database \"{url}\" cannot be opened: {error}"));
    if !in_memory && let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::invalid(format!("The folder {} cannot be created: {error}", folder.display())))?;
    }
    let writer = Writer::open(&options, limits).await.map_err(cannot)?;
    let readers = (!in_memory).then(|| Arc::new(Readers::new(options, limits)));
    Ok(Arc::new(Provider(Shared { readers, line: Arc::new(Line::new(writer)) })))
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

    /// How to execute one statement about one row.
    fn single(&self) -> BoxFuture<'_, Result<Single>>;

    /// A transaction that begins with its first operation; of a transaction a part.
    fn begin(&self, write: Option<RowWrite>) -> Open;

    /// May what is asked go in step with what other transactions ask?
    fn goes_in_step(&self) -> bool {
        false
    }

    /// Asks a statement about the row with this id in step with other transactions, where that may be.
    fn in_step<'a>(
        &'a self,
        meta: &'static EntityMeta,
        id: Vec<Value>,
        statement: Statement<'a>,
        writes: bool,
    ) -> BoxFuture<'a, Result<Step<'a>>> {
        let _ = (meta, id, writes);
        isoform::future::ready(Ok(Step::Alone(statement)))
    }
}

/// What became of a statement that might go in step with others.
pub(super) enum Step<'a> {
    Done(Told),
    /// Nothing: it is executed by itself.
    Alone(Statement<'a>),
}

/// How one statement about one row is executed.
pub(super) enum Single {
    /// By a connection.
    By(Connection),
    /// Together with others that wait for the writing connection.
    Together(Arc<Line>),
}

impl Single {
    /// A statement that is a transaction of its own.
    pub(super) fn of(line: &Arc<Line>) -> Self {
        line.free().map_or_else(|| Self::Together(line.clone()), |turn| Self::By(Connection::Writer(turn)))
    }
}

/// A connection for one operation.
pub(super) enum Connection {
    Reader(Reader),
    Writer(Turn),
    Transaction(InTransaction),
}

impl Connection {
    /// Gives back what has written. Whoever waits for it asks first, so that SQLite's thread has something to do while
    /// this task goes on to its answer.
    pub(super) async fn release(self) {
        let is_free = match self {
            Self::Reader(_) => false,
            Self::Writer(_) => true,
            Self::Transaction(ref connection) => connection.has_ended(),
        };
        drop(self);
        if is_free {
            tokio::task::yield_now().await;
        }
    }
}

impl Connection {
    /// SQLite's own connection, and who watches over it.
    pub(super) fn watched(&mut self) -> &mut Watched {
        match self {
            Self::Reader(connection) => connection,
            Self::Writer(turn) => &mut turn.connection,
            Self::Transaction(connection) => connection.watched(),
        }
    }
}

/// The connections of a database.
pub(super) struct Shared {
    /// None for a database in memory, which has one connection.
    readers: Option<Arc<Readers>>,
    line: Arc<Line>,
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
        Box::pin(async move { Ok(Connection::Writer(in_turn(self.line.writer()).await?)) })
    }

    fn single(&self) -> BoxFuture<'_, Result<Single>> {
        Box::pin(std::future::ready(Ok(Single::of(&self.line))))
    }

    fn begin(&self, write: Option<RowWrite>) -> Open {
        Open::new(self.line.clone(), write)
    }
}

/// How long an operation waits for its turn. With SQLite's own patience it is less than a request may take, so that a write
/// that is answered by 503 was not begun.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for one's turn, but not for ever.
pub(super) async fn patiently<T>(turn: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, turn).await.map_err(|_| busy())
}

/// What is said to whoever has waited too long.
pub(super) fn busy() -> Error {
    Error::unavailable("The database is busy. Try again.")
}
