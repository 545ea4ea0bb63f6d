//! Connecting to a database by its address.

use std::sync::Arc;

use isoform::provider::DataProvider;
use isoform::{Context, EntityMeta, Error, Result};

use crate::sqlite;

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
        let scheme = url.split(':').next().unwrap_or_default();
        match scheme {
            "sqlite" => Ok(Self(sqlite::connect(url).await?)),
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

    /// Creates what is missing of the tables and columns of entities. Answers what it did, a sentence each.
    ///
    /// # Errors
    /// Where the database refuses; 400 for what an entity declares of related rows and never ends.
    pub async fn ensure_schema(&self, entities: &[&'static EntityMeta]) -> Result<Vec<String>> {
        entities.iter().try_for_each(|entity| entity.check_relations())?;
        self.0.ensure_schema(entities).await
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
