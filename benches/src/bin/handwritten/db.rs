//! The database: one pool that reads, one connection that writes.

use std::path::Path;
use std::sync::Arc;
use std::thread::available_parallelism;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection, SqlitePool};
use tokio::sync::{Mutex, MutexGuard};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS items (
        id BLOB PRIMARY KEY NOT NULL,
        title TEXT NOT NULL,
        completed BOOLEAN NOT NULL,
        priority INTEGER NOT NULL,
        created_at TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS tasks (
        id BLOB PRIMARY KEY NOT NULL,
        title TEXT NOT NULL,
        completed BOOLEAN NOT NULL,
        priority TEXT NOT NULL,
        due TEXT,
        owner TEXT NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        version INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS audit (
        id BLOB PRIMARY KEY NOT NULL,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        entity TEXT NOT NULL,
        \"row\" TEXT NOT NULL,
        failure TEXT
    );
    CREATE INDEX IF NOT EXISTS audit_at ON audit (at DESC);
    CREATE INDEX IF NOT EXISTS audit_entity_at ON audit (entity, at DESC);
    CREATE TABLE IF NOT EXISTS users (
        id TEXT PRIMARY KEY NOT NULL,
        name TEXT NOT NULL,
        roles TEXT NOT NULL,
        password_hash TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS sessions (
        id TEXT PRIMARY KEY NOT NULL,
        data TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    );
";

/// The two ways to the file.
#[derive(Clone)]
pub struct Db {
    /// Any number of readers.
    pub read: SqlitePool,
    /// The one writer: who waits for it waits in a queue, not in SQLite's busy handler.
    write: Arc<Mutex<SqliteConnection>>,
}

/// Starts a transaction that holds the write lock from its start: what it reads cannot change before it writes.
pub const BEGIN: &str = "BEGIN IMMEDIATE";

impl Db {
    /// Opens the file and makes the tables that are missing.
    pub async fn open(path: &Path) -> sqlx::Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true);
        let mut write = options.connect().await?;
        sqlx::raw_sql(SCHEMA).execute(&mut write).await?;
        let cores = available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(4));
        let read = SqlitePoolOptions::new()
            .max_connections(cores.max(4))
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        Ok(Self { read, write: Arc::new(Mutex::new(write)) })
    }

    /// Waits for the one writer.
    pub async fn writer(&self) -> MutexGuard<'_, SqliteConnection> {
        self.write.lock().await
    }
}
