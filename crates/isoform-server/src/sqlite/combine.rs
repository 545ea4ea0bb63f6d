//! Writes of one statement about one row that wait for the writing connection: those of the same text go together.
//! (Of transactions see `group.rs`.)
//!
//! A task of its own, the *server* of the line, waits for the connection on behalf of all of them, as one of those who wait for it,
//! and executes what it finds then: `BEGIN IMMEDIATE; …; …; COMMIT` is one way to SQLite's thread and one commit for up to sixteen
//! writes. So nothing hangs on the future of any of them: whoever is dropped before is passed over, and later is not missed.
//!
//! Each is answered after the commit, with what its own statement answered. Where anything fails, all of it is undone, and each is
//! executed by itself, in the order in which they came: what is wrong with one is nobody else's.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::task::Poll;

use futures::future::{self, Either};
use futures::{FutureExt as _, StreamExt as _};
use isoform::meta::EntityMeta;
use isoform::{Error, Result, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Executor as _};
use tokio::sync::{Mutex, oneshot};
use tokio::time::{Instant, Sleep};

use super::connection::{PATIENCE, busy};
use super::dialect::{self, arguments};
use super::group::{self, Apart, Candidate};
use super::writer::{Turn, Writer};
use crate::sql::Statement;

/// The most writes that one turn is for, so that a transaction does not wait long behind them: a power of two, as the sizes of
/// groups are, so that few texts are kept.
const MOST: usize = 16;

/// What a statement about one row answered.
#[derive(Default)]
pub(super) struct Written {
    pub row: Option<SqliteRow>,
    pub changed: u64,
    /// The number of the row, where it was inserted.
    pub number: i64,
}

/// The writing connection, and the single statements that wait for it.
pub(super) struct Line {
    writer: Arc<Mutex<Writer>>,
    waiting: std::sync::Mutex<Waiting>,
    apart: Apart,
}

#[derive(Default)]
struct Waiting {
    writes: VecDeque<Write>,
    /// Transactions about one row each.
    transactions: VecDeque<Candidate>,
    /// Is there a task that serves them?
    is_served: bool,
}

struct Write {
    text: Arc<str>,
    values: Vec<Value>,
    meta: &'static EntityMeta,
    since: Instant,
    answer: oneshot::Sender<Result<Written>>,
}

impl Line {
    pub fn new(writer: Writer) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)), waiting: std::sync::Mutex::default(), apart: Apart::default() }
    }

    /// The writing connection, for who takes turns by themselves.
    pub const fn writer(&self) -> &Arc<Mutex<Writer>> {
        &self.writer
    }

    /// The writing connection, where nobody has it and nobody waits for it.
    pub fn free(&self) -> Option<Turn> {
        self.writer.clone().try_lock_owned().ok().map(Turn::new)
    }

    /// Executes a statement about one row when it is its turn.
    ///
    /// # Errors
    /// As of the statement by itself; 503 where it waits too long, and was not begun.
    pub async fn write(self: &Arc<Self>, meta: &'static EntityMeta, statement: Statement<'_>) -> Result<Written> {
        let (answer, answered) = oneshot::channel();
        let values = statement.values.into_iter().map(Cow::into_owned).collect();
        let write = Write { text: statement.text, values, meta, since: Instant::now(), answer };
        self.served(|waiting| waiting.writes.push_back(write))?;
        answered
            .await
            .unwrap_or_else(|_| Err(Error::internal("nobody knows what became of a write whose server stopped")))
    }

    /// Has a transaction about one row wait for others of its kind.
    ///
    /// # Errors
    /// Outside of a runtime.
    pub fn join(self: &Arc<Self>, transaction: Candidate) -> Result<()> {
        self.served(|waiting| waiting.transactions.push_back(transaction))
    }

    /// The kinds of transactions that go alone.
    pub const fn apart(&self) -> &Apart {
        &self.apart
    }

    /// Sees to it that what waits from now on is served.
    fn served(self: &Arc<Self>, wait: impl FnOnce(&mut Waiting)) -> Result<()> {
        let runtime = tokio::runtime::Handle::try_current().map_err(Error::internal)?;
        let is_served = {
            let mut waiting = self.waiting();
            wait(&mut waiting);
            std::mem::replace(&mut waiting.is_served, true)
        };
        if !is_served {
            runtime.spawn(Service { line: self.clone(), goes_on: true }.run());
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transactions that have waited longest, where they have done so for longer than any write.
    fn next_transactions(&self) -> Vec<Candidate> {
        let mut waiting = self.waiting();
        waiting.transactions.retain(|one| !one.has_left() && !self.apart.includes(one.write));
        let writes_wait = waiting.writes.front().map(|first| first.since);
        match waiting.transactions.front() {
            Some(first) if writes_wait.is_none_or(|since| first.since <= since) => {
                Candidate::group(&mut waiting.transactions)
            }
            _ => Vec::new(),
        }
    }

    /// The first that waits, with others of the same text: as many as there are, but a power of two, and no more than so many.
    fn next_group(&self, most: usize) -> Vec<Write> {
        let mut waiting = self.waiting();
        while waiting.writes.front().is_some_and(|write| write.answer.is_closed()) {
            waiting.writes.pop_front();
        }
        let Some(text) = waiting.writes.front().map(|first| first.text.clone()) else { return Vec::new() };
        let alike = |write: &Write| write.text == text && !write.answer.is_closed();
        let size = waiting.writes.iter().filter(|write| alike(write)).take(most).count();
        let size = power_of_two(size);
        let mut group = Vec::with_capacity(size);
        let mut at = 0;
        while group.len() < size
            && let Some(write) = waiting.writes.get(at)
        {
            if alike(write) {
                group.extend(waiting.writes.remove(at));
            } else {
                at += 1;
            }
        }
        group
    }

    /// Answers those who have waited too long. Answers until when the next one is patient.
    fn expire(&self) -> Instant {
        let now = Instant::now();
        let mut waiting = self.waiting();
        while waiting.writes.front().is_some_and(|first| first.since + PATIENCE <= now) {
            waiting.writes.pop_front().map(|write| write.answer.send(Err(busy())));
        }
        while waiting.transactions.front().is_some_and(|first| first.since + PATIENCE <= now) {
            waiting.transactions.pop_front().map(|transaction| transaction.first.answer.send(Err(busy())));
        }
        let first = waiting.writes.front().map(|write| write.since);
        let first = first.into_iter().chain(waiting.transactions.front().map(|transaction| transaction.since)).min();
        first.unwrap_or(now) + PATIENCE
    }
}

/// What serves a line until nobody waits in it.
struct Service {
    line: Arc<Line>,
    goes_on: bool,
}

impl Drop for Service {
    /// Where it is stopped in the middle, with its runtime: what waits was not begun, and the next one has another server.
    fn drop(&mut self) {
        if self.goes_on {
            let mut waiting = self.line.waiting();
            waiting.is_served = false;
            for write in waiting.writes.drain(..) {
                let _ = write.answer.send(Err(busy()));
            }
            for transaction in waiting.transactions.drain(..) {
                let _ = transaction.first.answer.send(Err(busy()));
            }
        }
    }
}

/// What became of writes. They are told when SQLite's thread has the next ones, so that it has something to do meanwhile.
#[derive(Default)]
pub(super) struct Outcomes {
    writes: Vec<(Write, Result<Written>)>,
    commits: Vec<oneshot::Sender<Result<()>>>,
}

impl Outcomes {
    /// Transactions of a group are committed.
    pub fn committed(&mut self, ended: impl Iterator<Item = oneshot::Sender<Result<()>>>) {
        self.commits.extend(ended);
    }

    fn tell(&mut self) {
        for (write, outcome) in self.writes.drain(..) {
            let _ = write.answer.send(outcome);
        }
        for ended in self.commits.drain(..) {
            let _ = ended.send(Ok(()));
        }
    }
}

impl Drop for Outcomes {
    fn drop(&mut self) {
        self.tell();
    }
}

impl Service {
    async fn run(mut self) {
        let mut patience = pin!(tokio::time::sleep(PATIENCE));
        let mut outcomes = Outcomes::default();
        while self.somebody_waits() {
            let mut turn = pin!(self.line.writer.clone().lock_owned());
            let turn = match poll_fn(|cx| Poll::Ready(turn.as_mut().poll(cx))).await {
                Poll::Ready(turn) => turn,
                Poll::Pending => {
                    outcomes.tell();
                    self.attentively(turn, patience.as_mut()).await
                }
            };
            self.serve(Turn::new(turn), &mut outcomes, patience.as_mut()).await;
        }
    }

    fn somebody_waits(&mut self) -> bool {
        let mut waiting = self.line.waiting();
        self.goes_on = !waiting.writes.is_empty() || !waiting.transactions.is_empty();
        waiting.is_served = self.goes_on;
        self.goes_on
    }

    /// Executes what waits, as much as one turn is for.
    async fn serve(&self, mut turn: Turn, outcomes: &mut Outcomes, mut patience: Pin<&mut Sleep>) {
        let transactions = self.line.next_transactions();
        if !transactions.is_empty() {
            let run = pin!(group::run(&self.line, &mut turn, transactions, outcomes));
            return self.attentively(run, patience).await;
        }
        let mut most = MOST;
        loop {
            let group = self.line.next_group(most);
            if group.is_empty() {
                return;
            }
            most -= group.len();
            let written = self.attentively(pin!(together(&mut turn, &group, outcomes)), patience.as_mut()).await;
            outcomes.tell();
            if let Some(written) = written {
                outcomes.writes.extend(group.into_iter().zip(written));
                continue;
            }
            for write in group.into_iter().filter(|write| !write.answer.is_closed()) {
                let outcome = self.attentively(pin!(alone(&mut turn, &write, outcomes)), patience.as_mut()).await;
                outcomes.writes.push((write, outcome));
                outcomes.tell();
            }
        }
    }

    /// Waits for something, and meanwhile answers those who have waited too long.
    async fn attentively<T>(&self, mut future: Pin<&mut impl Future<Output = T>>, mut patience: Pin<&mut Sleep>) -> T {
        loop {
            match future::select(future.as_mut(), patience.as_mut()).await {
                Either::Left((done, _)) => return done,
                Either::Right(_) => patience.as_mut().reset(self.line.expire()),
            }
        }
    }
}

/// Executes writes of the same text. Nothing is answered, and nothing written, where each is to be executed by itself.
async fn together(turn: &mut Turn, group: &[Write], outcomes: &mut Outcomes) -> Option<Vec<Result<Written>>> {
    let first = match group {
        [] => return None,
        [only] => return Some(vec![alone(turn, only, outcomes).await]),
        [first, ..] => first,
    };
    let mut text = String::with_capacity(32 + group.len() * (first.text.len() + 3));
    text.push_str("BEGIN IMMEDIATE; ");
    repeat(&mut text, &first.text, group.len());
    text.push_str("COMMIT");
    let values = group.iter().flat_map(|write| &write.values);
    let mut begun = Begun { turn, is_open: true };
    begun.turn.expect_commit();
    let (written, end) = ask(begun.turn, &first.text, text.into(), values, outcomes).await;
    begun.turn.connection.end(written.iter().skip(1).take(group.len()).map(|one| one.changed).sum());
    if let Err(error) = &end {
        begun.undo().await;
        if written.is_empty() {
            return Some(group.iter().map(|write| Err(dialect::error(error, write.meta))).collect());
        }
        // Stopped behind the commit, where the time was over.
        if begun.turn.was_undone() {
            return None;
        }
    }
    begun.is_open = false;
    // The first answer is that of `BEGIN`.
    let mut written = written.into_iter().skip(1);
    Some(group.iter().map(|_| written.next().ok_or_else(unanswered)).collect())
}

/// Executes a write by itself.
async fn alone(turn: &mut Turn, write: &Write, outcomes: &mut Outcomes) -> Result<Written> {
    let (written, end) = ask(turn, &write.text, write.text.clone(), &write.values, outcomes).await;
    turn.connection.end(written.iter().map(|one| one.changed).sum());
    end.map_err(|error| dialect::error(&error, write.meta))?;
    written.into_iter().next().ok_or_else(unanswered)
}

/// So many of some go together: a power of two, so that few texts are kept.
pub(super) fn power_of_two(count: usize) -> usize {
    count.checked_ilog2().map_or(0, |power| 1 << power)
}

/// Writes a statement so many times, one behind the other.
pub(super) fn repeat(text: &mut String, statement: &str, times: usize) {
    for _ in 0..times {
        text.push_str(statement);
        // On a line of its own, since SQL of the application may end with a comment.
        text.push_str("\n; ");
    }
}

fn unanswered() -> Error {
    Error::internal("a statement ended without an answer")
}

/// Asks SQLite, to the end: what a statement has written is known only then. Answers what each statement answered up to an error.
///
/// Whoever calls this says to [`Watched::end`](super::watch::Watched::end) how many rows there were.
pub(super) async fn ask<'a>(
    turn: &mut Turn,
    watched: &Arc<str>,
    text: Arc<str>,
    values: impl IntoIterator<Item = &'a Value>,
    outcomes: &mut Outcomes,
) -> (Vec<Written>, Result<(), sqlx::Error>) {
    let arguments = match arguments(values) {
        Ok(arguments) => arguments,
        Err(error) => return (Vec::new(), Err(error)),
    };
    turn.connection.begin(watched);
    // Safe: as in `dialect::Bound::query`.
    let query = sqlx::query_with(AssertSqlSafe(text), arguments);
    let mut results = (&mut *turn.connection).fetch_many(query);
    let (mut written, mut row) = (Vec::new(), None);
    let end = loop {
        let next = match poll_fn(|cx| Poll::Ready(results.poll_next_unpin(cx))).await {
            Poll::Ready(next) => next,
            Poll::Pending => {
                outcomes.tell();
                results.next().await
            }
        };
        match next {
            Some(Ok(sqlx::Either::Right(one))) => row = row.or(Some(one)),
            Some(Ok(sqlx::Either::Left(done))) => written.push(Written {
                row: row.take(),
                changed: done.rows_affected(),
                number: done.last_insert_rowid(),
            }),
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        }
    };
    drop(results);
    (written, end)
}

/// A transaction of a group, which is undone where it is dropped in the middle.
pub(super) struct Begun<'a> {
    pub turn: &'a mut Turn,
    pub is_open: bool,
}

impl Begun<'_> {
    pub async fn undo(&mut self) {
        if self.is_open {
            // It fails where there is no transaction any more, or none yet.
            let _ = sqlx::query("ROLLBACK").execute(self.turn.connection.unlimited()).await;
            self.is_open = false;
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // As of any transaction: behind what is under way, and before anybody else's.
            let _ = sqlx::query("ROLLBACK").execute(&mut *self.turn.connection).now_or_never();
        }
    }
}
