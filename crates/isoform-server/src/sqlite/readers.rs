//! The connections that read: opened when they are first needed, and kept.
//!
//! A pool of our own, since SQLite needs little of one: a connection to a file does not break or grow old, so nothing is
//! tested or replaced, and it is given back where it is dropped, without a task of its own. What sqlx's pool does not do:
//! a question that nobody waits for any longer is interrupted, and its connection handed out again only when it is quiet.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use isoform::{Error, Result};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::patiently;
use super::dialect::plain_error;

/// SQLite asks after so many of its virtual machine's instructions, well below a millisecond's, whether to go on.
const INSTRUCTIONS: i32 = 5_000;

/// Connections that read.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: std::sync::Mutex<Vec<Interruptible>>,
    free: Arc<Semaphore>,
}

/// A connection, and whether what it does is to be given up.
struct Interruptible {
    connection: SqliteConnection,
    abandoned: Arc<AtomicBool>,
}

impl Interruptible {
    async fn open(options: &SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let mut connection = options.connect().await?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let asked = abandoned.clone();
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || !asked.load(Ordering::Relaxed));
        Ok(Self { connection, abandoned })
    }
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
            Err(_) => patiently(self.free.clone().acquire_owned()).await?.map_err(Error::internal)?,
        };
        // The one used last: its caches are warm.
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Interruptible::open(&self.options).await.map_err(|error| plain_error(&error))?,
        };
        Ok(Reader { held: Some((connection, permit)), readers: self.clone(), asking: false })
    }

    fn give_back(&self, connection: Interruptible) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}

/// A connection that reads, given back when it is dropped.
pub(super) struct Reader {
    /// None only while it is dropped.
    held: Option<(Interruptible, OwnedSemaphorePermit)>,
    readers: Arc<Readers>,
    /// Is a statement under way?
    pub asking: bool,
}

impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.held {
            Some((held, _)) => &held.connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.held {
            Some((held, _)) => &mut held.connection,
            None => unreachable!("a reader has its connection until it is dropped"),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some((mut held, permit)) = self.held.take() else { return };
        if !self.asking {
            return self.readers.give_back(held);
        }
        held.abandoned.store(true, Ordering::Relaxed);
        // Without a runtime there is nobody to wait for it: it is closed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let readers = self.readers.clone();
            runtime.spawn(async move {
                // Answered once the statement before it has ended.
                if held.connection.ping().await.is_ok() {
                    held.abandoned.store(false, Ordering::Relaxed);
                    readers.give_back(held);
                }
                drop(permit);
            });
        }
    }
}
