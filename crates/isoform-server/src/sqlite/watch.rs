//! Connections whose statements are watched: what takes too long, or what nobody waits for any longer, is stopped, and what
//! was slow is logged.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

use crate::database::StatementLimits;

/// SQLite asks after so many of its virtual machine's instructions whether to go on: a comparison of long texts is one of them, and
/// takes its time, so they are not too many. A `COMMIT` or a `ROLLBACK` has far fewer, so neither is stopped in the middle.
const INSTRUCTIONS: i32 = 1_000;

/// No statement is to be stopped.
const NEVER: u64 = u64::MAX;

/// Times are told in microseconds from here, so that SQLite's thread reads one number.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(NEVER)
}

/// A connection, and until when it may be busy with what it is asked.
pub(super) struct Watched {
    connection: SqliteConnection,
    limits: StatementLimits,
    /// When what it does is stopped. SQLite's thread asks this.
    until: Arc<AtomicU64>,
    asked: Option<Asked>,
}

/// A statement under way.
struct Asked {
    text: Arc<str>,
    since: Instant,
}

impl Watched {
    pub async fn open(options: &SqliteConnectOptions, limits: StatementLimits) -> Result<Self, sqlx::Error> {
        let mut connection = options.connect().await?;
        let until = Arc::new(AtomicU64::new(NEVER));
        let asked = until.clone();
        LazyLock::force(&START);
        let goes_on = move || match asked.load(Ordering::Relaxed) {
            NEVER => true,
            until => micros(START.elapsed()) < until,
        };
        connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, goes_on);
        Ok(Self { connection, limits, until, asked: None })
    }

    /// A statement is about to begin.
    pub fn begin(&mut self, text: &Arc<str>) {
        let since = Instant::now();
        let until = self.limits.time.and_then(|time| since.duration_since(*START).checked_add(time));
        self.until.store(until.map_or(NEVER, micros), Ordering::Relaxed);
        self.asked = Some(Asked { text: text.clone(), since });
    }

    /// The statement has ended, after so many rows.
    pub fn end(&mut self, rows: u64) {
        self.until.store(NEVER, Ordering::Relaxed);
        let Some(Asked { text, since }) = self.asked.take() else { return };
        let time = since.elapsed();
        if self.limits.slow.is_some_and(|slow| time >= slow) {
            let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(target: "isoform::slow", ms, rows, sql = &*text, "a slow statement");
        }
    }

    /// Is a statement under way, or may it be?
    pub const fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Nobody waits any longer for what is under way, or for what it has changed.
    pub fn give_up(&self) {
        self.until.store(0, Ordering::Relaxed);
    }

    /// What comes may take its time, and is not logged.
    pub fn unlimited(&mut self) -> &mut SqliteConnection {
        self.until.store(NEVER, Ordering::Relaxed);
        &mut self.connection
    }

    /// Waits until nothing is under way any more.
    ///
    /// # Errors
    /// Where the connection does not answer.
    pub async fn quiet(&mut self) -> Result<(), sqlx::Error> {
        // Answered once the statements before it have ended.
        let answered = self.connection.ping().await;
        self.until.store(NEVER, Ordering::Relaxed);
        self.asked = None;
        answered
    }
}

impl Deref for Watched {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}
