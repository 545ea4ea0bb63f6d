//! Connecting to a database by its address.

use std::sync::Arc;
use std::time::Duration;

use isoform::provider::DataProvider;
use isoform::{Context, EntityMeta, Error, Result};

use crate::sqlite;

/// The code of the error of a statement that had taken too long.
pub const TOO_SLOW: &str = "too_slow";

/// How long one statement may take.
///
/// ```
/// use isoform_server::StatementLimits;
/// let patient = StatementLimits { time: None, ..StatementLimits::default() }; // for a script that reads everything
/// assert_eq!(StatementLimits::default().time, Some(std::time::Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementLimits {
    /// What takes longer is stopped, and answers 503 with the code [`TOO_SLOW`]: 10 seconds. With a statement that writes goes
    /// its whole transaction. What [`Database::ensure_schema`] does is never stopped.
    pub time: Option<Duration>,
    /// What takes longer is logged as a warning of the target `isoform::slow`, with the text of the statement (`sql`), how long it
    /// took (`ms`) and how many rows it had (`rows`), never with its values: 500 milliseconds.
    pub slow: Option<Duration>,
}

impl Default for StatementLimits {
    fn default() -> Self {
        Self { time: Some(Duration::from_secs(10)), slow: Some(Duration::from_millis(500)) }
    }
}

/// What becomes of the start where tables do not match their entities: a column of another type, one that may be null and must not
/// be, another key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SchemaCheck {
    /// It stops, with one error that lists all differences.
    #[default]
    Refuse,
    /// It goes on, and each difference is a warning in the log.
    Warn,
}

/// A database that entities live in.
///
/// ```no_run
/// # async fn example() -> isoform::Result<()> {
/// let database = isoform_server::Database::connect("sqlite://data/app.db").await?;
/// let context = isoform::Context::backend(&database); // trusted: for scripts and tests
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Database(Arc<dyn DataProvider>);

impl Database {
    /// Connects to a database; a SQLite file that is not there is created, with its folder.
    ///
    /// Addresses: `sqlite://path/to/file.db` (relative to the working directory; `sqlite:///…` is absolute),
    /// `sqlite::memory:`. SQLite takes `?synchronous=FULL` to survive a loss of power; the default `NORMAL` survives a
    /// killed process.
    ///
    /// # Errors
    /// Where the address is not understood, or the database cannot be opened; the message says which.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, StatementLimits::default()).await
    }

    /// As [`Database::connect`], with other limits for each statement, of trusted code too.
    ///
    /// # Errors
    /// As of [`Database::connect`].
    pub async fn connect_with(url: &str, limits: StatementLimits) -> Result<Self> {
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => Ok(Self(sqlite::connect(url, limits).await?)),
            other => Err(Error::invalid(format!(
                "DATABASE_URL starts with \"{other}:\"; this version knows sqlite://path/to/file.db."
            ))),
        }
    }

    /// What it is, for the layers above.
    #[must_use]
    pub fn provider(&self) -> Arc<dyn DataProvider> {
        self.0.clone()
    }

    /// Holds the tables against the entities, and creates what is missing of tables and columns. Answers what it did, a sentence each.
    ///
    /// # Errors
    /// Where the database refuses; 400 for what an entity declares of related rows and never ends, and where tables do not match:
    /// one error that lists all differences. Nothing was changed then.
    pub async fn ensure_schema(&self, entities: &[&'static EntityMeta]) -> Result<Vec<String>> {
        self.ensure_schema_with(entities, SchemaCheck::Refuse).await
    }

    /// As [`Database::ensure_schema`], where differences may be said only: each is a sentence of the answer then, and a warning in
    /// the log.
    ///
    /// # Errors
    /// As [`Database::ensure_schema`].
    pub async fn ensure_schema_with(
        &self,
        entities: &[&'static EntityMeta],
        check: SchemaCheck,
    ) -> Result<Vec<String>> {
        entities.iter().try_for_each(|entity| entity.check_relations())?;
        let differences = self.0.schema_differences(entities).await?;
        if check == SchemaCheck::Refuse && !differences.is_empty() {
            let list: Vec<_> = differences.iter().map(|difference| format!("\n- {difference}")).collect();
            return Err(Error::invalid(format!(
                "Tables do not match their entities. Nothing was changed. (`SchemaCheck::Warn` starts all the same.){}",
                list.concat()
            )));
        }
        for difference in &differences {
            tracing::warn!("schema: {difference}");
        }
        let mut said: Vec<_> = differences.iter().map(ToString::to_string).collect();
        let done = self.0.ensure_schema(entities).await?;
        for sentence in &done {
            tracing::info!("schema: {sentence}");
        }
        said.extend(done);
        Ok(said)
    }

    /// A trusted context on this database, for nobody: for scripts, tests and start-up.
    #[must_use]
    pub fn context(&self) -> Context {
        Context::backend(self.provider())
    }
}

impl From<&Database> for Arc<dyn DataProvider> {
    fn from(database: &Database) -> Self {
        database.provider()
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Database").field(&self.0.name()).finish()
    }
}
