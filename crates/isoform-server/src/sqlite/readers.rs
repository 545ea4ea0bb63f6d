//! The connections that read: opened when they are first needed, and kept.
//!
//! A pool of our own, since SQLite needs little of one: a connection to a file does not break or grow old, so nothing is
//! tested or replaced, and it is given back where it is dropped, without a task of its own. What sqlx's pool does not do:
//! a question that nobody waits for any longer is interrupted, and its connection handed out again only when it is quiet.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, PoisonError};

use isoform::{Error, Result};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::patiently;
use super::dialect::plain_error;
use super::watch::Watched;
use crate::database::StatementLimits;

/// Connections that read.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    limits: StatementLimits,
    idle: std::sync::Mutex<Vec<Watched>>,
    free: Arc<Semaphore>,
}

impl Readers {
    /// As many as there are cores, but at least four.
    pub fn new(options: SqliteConnectOptions, limits: StatementLimits) -> Self {
        let cores = std::thread::available_parallelism().map_or(4, usize::from);
        Self { options, limits, idle: std::sync::Mutex::default(), free: Arc::new(Semaphore::new(cores.max(4))) }
    }

    /// A connection, in turn.
    ///
    /// # Errors
    /// Where the database cannot be opened, or no connection is given back in time.
    pub async fn one(self: &Arc<Self>) -> Result<Reader> {
        let permit = match self.free.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => patiently(self.free.clone().acquire_owned()).await?.map_err(Error::internal)?,
        };
        // The one used last: its caches are warm.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Watched::open(&self.options, self.limits).await.map_err(|error| plain_error(&error))?,
        };
        Ok(Reader { held: Some((connection, permit)), readers: self.clone() })
    }

    fn give_back(&self, connection: Watched) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// A connection that reads, given back when it is dropped.
pub(super) struct Reader {
    /// None only while it is dropped.
    held: Option<(Watched, OwnedSemaphorePermit)>,
    readers: Arc<Readers>,
}

impl Deref for Reader {
    type Target = Watched;

    fn deref(&self) -> &Watched {
        match &self.held {
            Some((held, _)) => held,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Watched {
        match &mut self.held {
            Some((held, _)) => held,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some((mut held, permit)) = self.held.take() else { return };
        if !held.is_asking() {
            return self.readers.give_back(held);
        }
        held.give_up();
        // Without a runtime there is nobody to wait for it: it is closed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let readers = self.readers.clone();
            runtime.spawn(async move {
                if held.quiet().await.is_ok() {
                    readers.give_back(held);
                }
                drop(permit);
            });
        }
    }
}
