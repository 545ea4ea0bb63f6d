//! The connections that read: opened when they are first needed, and kept.
//!
//! A pool of our own, since SQLite needs little of one: a connection to a file does not break or grow old, so nothing is
//! tested or replaced, and it is given back where it is dropped, without a task of its own.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};

use isoform::{Error, Result};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{PATIENCE, busy};
use super::dialect::plain_error;

/// Connections that read.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: std::sync::Mutex<Vec<SqliteConnection>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// As many as there are cores, but at least four.
    pub fn new(options: SqliteConnectOptions) -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        Self { options, idle: std::sync::Mutex::default(), free: Arc::new(Semaphore::new(cores.max(4))) }
    }

    /// A connection, in turn.
    ///
    /// # Errors
    /// Where the database cannot be opened, or no connection is given back in time.
    pub async fn one(self: &Arc<Self>) -> Result<Reader> {
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                let turn = tokio::time::timeout(PATIENCE, self.free.clone().acquire_owned()).await;
                turn.map_err(|_| busy())?.map_err(Error::internal)?
            }
        };
        // The one used last: its caches are warm.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await.map_err(|error| plain_error(&error))?,
        };
        Ok(Reader { connection: Some(connection), readers: self.clone(), _permit: permit })
    }
}

/// A connection that reads, given back when it is dropped.
pub(super) struct Reader {
    /// None only while it is dropped.
    connection: Option<SqliteConnection>,
    readers: Arc<Readers>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.connection {
            Some(connection) => connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.connection {
            Some(connection) => connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut idle = self.readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.connection.take());
    }
}
