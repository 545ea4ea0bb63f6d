//! A transaction on the writing connection, and the parts that it has.
//!
//! It begins together with its first statement, and can be committed together with its last: each way to SQLite's thread and
//! back costs more than most statements. sqlx's own transactions take a way each for `BEGIN` and `COMMIT`; and where a commit
//! is given up while it is under way they expect a rollback from whoever gave it up, and pass over the next one otherwise.
//!
//! A part is a savepoint (`savepoints.rs`). From its first statement to its end it holds the stage of what it is a part of, so
//! that nothing else comes in between that would be undone with it.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::FutureExt as _;
use isoform::future::BoxFuture;
use isoform::provider::{AfterCommit, RowWrite};
use isoform::{EntityMeta, Error, Result, Value};
use sqlx::AssertSqlSafe;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::combine::{Line, Outcomes, ask};
use super::connection::{Connection, Connections, Single, Step, busy};
use super::dialect::{self, is_violation, plain_error};
use super::group::{InGroup, Past, Said, Told};
use super::savepoints::Savepoints;
use super::watch::Watched;
use super::writer::{Turn, in_turn};
use crate::sql::Statement;

/// A transaction, or a part of one. It waits for its turn when it is first used.
pub(super) struct Open {
    level: Arc<Level>,
    writes: Arc<AtomicU64>,
    next_write_commits: AtomicBool,
    after_commit: AfterCommit,
}

/// A transaction, a part of it, a part of that.
struct Level {
    within: Within,
    stage: Arc<Mutex<Stage>>,
    /// 0 is the transaction itself.
    depth: usize,
    /// Whoever ran it is gone.
    given_up: AtomicBool,
    /// The write of one row that the transaction is about, if it is.
    write: Option<RowWrite>,
}

/// What a level takes its connection from.
enum Within {
    Line(Arc<Line>),
    Outer(Arc<Level>),
}

/// How far a level is.
enum Stage {
    /// Nothing was asked of it yet.
    Unused,
    /// It goes in step with others, or did so until now.
    InGroup(InGroup),
    Whole(Whole),
    Part(Part),
    /// Committed or undone. A task that was spawned inside may still hold on to it.
    Ended,
}

/// The writing connection while a transaction may be open on it. Whoever drops this before the commit undoes the transaction,
/// before anybody else writes.
struct Whole {
    turn: Turn,
    savepoints: Savepoints,
    /// A statement failed in a way that leaves open what SQLite made of the transaction: it can only be undone.
    broken: bool,
    committed: bool,
}

impl Whole {
    fn new(turn: Turn) -> Self {
        Self { turn, savepoints: Savepoints::default(), broken: false, committed: false }
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        if !self.committed && self.savepoints.has_begun() {
            // Polled once the command is on its way to SQLite's thread, which does one after the other. Where there is no
            // transaction after all, the answer is an error that nobody waits for.
            let _ = sqlx::query("ROLLBACK").execute(&mut *self.turn.connection).now_or_never();
        }
    }
}

/// A part. Whoever drops this before it is kept undoes it, before the next statement of the transaction.
struct Part {
    outer: OwnedMutexGuard<Stage>,
    depth: usize,
    /// As of the whole. What SQLite made of it shows when it is undone: where that fails too, so does the whole.
    broken: bool,
    kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(whole) = self.outer.whole() {
            whole.savepoints.end(self.depth, self.kept);
        } else if let Some(group) = self.outer.in_group() {
            group.end_part(self.depth, self.kept);
        }
    }
}

impl Stage {
    /// The transaction that this is, or is a part of.
    fn whole(&mut self) -> Option<&mut Whole> {
        match self {
            Self::Whole(whole) => Some(whole),
            Self::Part(part) => part.outer.whole(),
            Self::Unused | Self::InGroup(_) | Self::Ended => None,
        }
    }

    /// The same, where it goes in step with others.
    fn in_group(&mut self) -> Option<&mut InGroup> {
        match self {
            Self::InGroup(group) => Some(group),
            Self::Part(part) => part.outer.in_group(),
            Self::Unused | Self::Whole(_) | Self::Ended => None,
        }
    }

    /// It goes on alone.
    fn alone(&mut self, whole: Whole) {
        match self {
            Self::Part(part) => part.outer.alone(whole),
            stage => *stage = Self::Whole(whole),
        }
    }

    fn is_broken(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.broken,
            Self::Part(part) => part.broken || part.outer.is_broken(),
            Self::Unused | Self::InGroup(_) | Self::Ended => false,
        }
    }

    /// The end, also of what this is a part of where that was given up too.
    fn end(&mut self, level: &Level) {
        if let (Self::Part(part), Within::Outer(outer)) = (&mut *self, &level.within)
            && outer.is_given_up()
        {
            part.outer.end(outer);
        }
        *self = Self::Ended;
    }

    const fn break_off(&mut self) {
        match self {
            Self::Whole(whole) => whole.broken = true,
            Self::Part(part) => part.broken = true,
            Self::Unused | Self::InGroup(_) | Self::Ended => {}
        }
    }
}

/// The connection of a transaction, for one statement.
pub(super) struct InTransaction {
    stage: OwnedMutexGuard<Stage>,
    level: Arc<Level>,
    /// The statement commits the transaction.
    commits: bool,
    /// Counts the statement, where it is a write.
    writes: Option<Arc<AtomicU64>>,
    /// The statement has begun, and not ended.
    asking: bool,
}

impl Drop for InTransaction {
    /// Nobody knows what became of a statement that was given up.
    fn drop(&mut self) {
        if self.asking {
            self.count();
            self.stage.break_off();
            // Of a part the statement goes on: stopped, it would take the whole transaction along.
            if let Stage::Whole(whole) = &*self.stage {
                whole.turn.connection.give_up();
            }
        }
        if self.level.is_given_up() {
            self.stage.end(&self.level);
        }
    }
}

impl InTransaction {
    /// It has written, or may have.
    fn count(&self) {
        if let Some(writes) = &self.writes {
            writes.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A statement is about to begin. Answers what stands before and behind it.
    pub(super) fn begin(&mut self) -> (Cow<'static, str>, &'static str) {
        self.asking = true;
        let before = self.stage.whole().map(|whole| whole.savepoints.before(self.level.depth));
        (before.unwrap_or_default(), if self.commits { "; COMMIT" } else { "" })
    }

    /// Was the transaction committed, or given up?
    pub(super) fn has_ended(&self) -> bool {
        matches!(*self.stage, Stage::Ended)
    }

    /// Takes note of how the statement ended.
    pub(super) fn done<T>(&mut self, result: &Result<T, sqlx::Error>) {
        self.asking = false;
        match result {
            Ok(_) => {
                self.count();
                if self.commits {
                    if let Some(whole) = self.stage.whole() {
                        whole.committed = true;
                    }
                    *self.stage = Stage::Ended;
                }
            }
            Err(error) if is_violation(error) => {}
            Err(_) => self.stage.break_off(),
        }
    }

    pub(super) fn watched(&mut self) -> &mut Watched {
        match self.stage.whole() {
            Some(whole) => &mut whole.turn.connection,
            None => unreachable!("a transaction hands out its connection only while it is open"),
        }
    }
}

fn broken() -> Error {
    Error::internal("a statement of this transaction failed, or was given up, so it can only be undone")
}

/// How long one waits for another part of the same transaction.
const PATIENCE: Duration = Duration::from_secs(60);

impl Level {
    /// Is whoever ran it, or what it is a part of, gone?
    fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed) || matches!(&self.within, Within::Outer(outer) if outer.is_given_up())
    }

    /// The stage, when no statement and no part is under way on it.
    async fn turn(&self) -> Result<OwnedMutexGuard<Stage>> {
        if let Ok(free) = self.stage.clone().try_lock_owned() {
            return Ok(free);
        }
        tokio::time::timeout(PATIENCE, self.stage.clone().lock_owned()).await.map_err(|_| {
            Error::internal(
                "another part of this transaction did not come to its end: parts go on one after the other, and inside of a \
                 part only its own context can be used",
            )
        })
    }

    /// The stage, with a connection; or in step with others, where that may be for what is asked next.
    async fn begun(&self, about: Option<(&EntityMeta, &[Value])>) -> Result<OwnedMutexGuard<Stage>> {
        let mut stage = self.turn().await?;
        if self.is_given_up() {
            stage.end(self);
        }
        match &*stage {
            Stage::Ended => {
                return Err(Error::internal(
                    "this transaction has ended: what goes on after it needs a context of its own, outside of it",
                ));
            }
            Stage::Unused => {
                *stage = match &self.within {
                    Within::Line(line) => self.first(line, about).await?,
                    Within::Outer(outer) => Stage::Part(Part {
                        outer: outer.begun_for_a_part(about).await?,
                        depth: self.depth,
                        broken: false,
                        kept: false,
                    }),
                };
            }
            Stage::InGroup(_) | Stage::Whole(_) | Stage::Part(_) => {}
        }
        if let Some(group) = stage.in_group()
            && !about.is_some_and(|(meta, id)| group.is_about(meta, id))
        {
            let whole = alone(group).await?;
            stage.alone(whole);
        }
        if stage.is_broken() { Err(broken()) } else { Ok(stage) }
    }

    fn begun_for_a_part<'a>(
        &'a self,
        about: Option<(&'a EntityMeta, &'a [Value])>,
    ) -> BoxFuture<'a, Result<OwnedMutexGuard<Stage>>> {
        Box::pin(self.begun(about))
    }

    async fn is_unused(&self) -> Result<bool> {
        Ok(self.depth == 0 && matches!(*self.turn().await?, Stage::Unused))
    }

    /// How a transaction begins: whoever finds the connection free has it at once.
    async fn first(&self, line: &Arc<Line>, about: Option<(&EntityMeta, &[Value])>) -> Result<Stage> {
        let write = self.write.filter(|write| about.is_some() && !line.apart().includes(*write));
        let turn = match (line.free(), write) {
            (Some(turn), _) => turn,
            (None, Some(write)) => return Ok(Stage::InGroup(InGroup::new(line.clone(), write))),
            (None, None) => in_turn(line.writer()).await?,
        };
        Ok(Stage::Whole(Whole::new(turn)))
    }
}

/// A transaction that has left its group: what it has done so far is done once more, and ends as before.
///
/// # Errors
/// 503 where something ends in another way: hooks have seen what is there no longer.
async fn alone(group: &mut InGroup) -> Result<Whole> {
    let mut whole = Whole::new(group.alone().await?);
    for past in &group.past {
        match past {
            Past::Asked { said, depth, told, writes } => {
                let text = [&*whole.savepoints.before(*depth), &*said.text].concat().into();
                let (mut answers, end) =
                    ask(&mut whole.turn, &said.text, text, &said.values, &mut Outcomes::default()).await;
                whole.turn.connection.end(1);
                end.map_err(|error| dialect::error(&error, group.meta()))?;
                let same = answers.pop().map(|last| Told::of(&last, group.meta(), *writes)).transpose()?;
                if same.as_ref() != Some(told) {
                    return Err(busy());
                }
            }
            Past::Part { depth, kept } => whole.savepoints.end(*depth, *kept),
        }
    }
    Ok(whole)
}

impl Open {
    pub(super) fn new(line: Arc<Line>, write: Option<RowWrite>) -> Self {
        Self::of(Within::Line(line), 0, Arc::default(), write)
    }

    fn of(within: Within, depth: usize, writes: Arc<AtomicU64>, write: Option<RowWrite>) -> Self {
        let stage = Arc::new(Mutex::new(Stage::Unused));
        let level = Level { within, stage, depth, given_up: AtomicBool::new(false), write };
        Self {
            level: Arc::new(level),
            writes,
            next_write_commits: AtomicBool::new(false),
            after_commit: AfterCommit::default(),
        }
    }

    pub(super) const fn after_commit(&self) -> &AfterCommit {
        &self.after_commit
    }

    /// Commits, if there is something to commit. Of a part: keeps it, for as long as the whole is kept.
    pub(super) async fn commit(&self) -> Result<()> {
        let mut stage = self.level.stage.lock().await;
        if let Stage::InGroup(group) = &mut *stage {
            let mut group = group.take();
            // Where this is given up nobody knows what became of it.
            *stage = Stage::Ended;
            match group.commit().await {
                Ok(false) if group.has_written() => *stage = Stage::Whole(alone(&mut group).await?),
                ended => return ended.map(drop),
            }
        }
        if stage.is_broken() {
            *stage = Stage::Ended;
            return Err(broken());
        }
        let committed = match &mut *stage {
            Stage::Unused | Stage::InGroup(_) | Stage::Ended => Ok(()),
            Stage::Part(part) => {
                part.kept = true;
                *stage = Stage::Ended;
                return Ok(());
            }
            Stage::Whole(whole) => {
                // Where this is given up nobody knows what became of it.
                whole.broken = true;
                let commit = AssertSqlSafe(whole.savepoints.commit().into_owned());
                let committed = sqlx::query(commit).execute(&mut *whole.turn.connection).await;
                whole.committed = committed.is_ok();
                committed.map(drop).map_err(|error| plain_error(&error))
            }
        };
        *stage = Stage::Ended;
        drop(stage);
        tokio::task::yield_now().await;
        committed
    }

    /// Undoes everything.
    pub(super) async fn rollback(&self) {
        *self.level.stage.lock().await = Stage::Ended;
    }

    /// Undoes everything as soon as nothing is under way. What is, asks when it has ended.
    pub(super) fn give_up(&self) {
        self.level.given_up.store(true, Ordering::Relaxed);
        if let Ok(mut stage) = self.level.stage.try_lock() {
            stage.end(&self.level);
        }
    }

    pub(super) fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    pub(super) fn next_write_commits(&self) {
        // A part does not know what comes after it.
        self.next_write_commits.store(self.level.depth == 0, Ordering::Relaxed);
    }

    /// The line to write in, for what is the first and the last statement: alone it is a transaction of its own, and this one
    /// has ended.
    async fn alone(&self, commits: bool) -> Result<Option<&Arc<Line>>> {
        if commits && let Within::Line(line) = &self.level.within {
            let mut stage = self.level.turn().await?;
            if matches!(*stage, Stage::Unused) {
                *stage = Stage::Ended;
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    async fn connection(&self, commits: bool, writes: Option<Arc<AtomicU64>>) -> Result<Connection> {
        let stage = self.level.begun(None).await?;
        Ok(Connection::Transaction(InTransaction { stage, level: self.level.clone(), commits, writes, asking: false }))
    }
}

impl Connections for Open {
    fn reading(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(self.connection(false, None))
    }

    fn writing(&self) -> BoxFuture<'_, Result<Connection>> {
        Box::pin(async move {
            let commits = self.next_write_commits.swap(false, Ordering::Relaxed);
            match self.alone(commits).await? {
                Some(line) => Ok(Connection::Writer(in_turn(line.writer()).await?)),
                None => self.connection(commits, Some(self.writes.clone())).await,
            }
        })
    }

    fn single(&self) -> BoxFuture<'_, Result<Single>> {
        Box::pin(async move {
            let commits = self.next_write_commits.swap(false, Ordering::Relaxed);
            match self.alone(commits).await? {
                Some(line) => Ok(Single::of(line)),
                None => self.connection(commits, Some(self.writes.clone())).await.map(Single::By),
            }
        })
    }

    fn begin(&self, _: Option<RowWrite>) -> Open {
        let outer = Within::Outer(self.level.clone());
        Self::of(outer, self.level.depth + 1, self.writes.clone(), self.level.write)
    }

    fn in_step<'a>(
        &'a self,
        meta: &'static EntityMeta,
        id: Vec<Value>,
        statement: Statement<'a>,
        writes: bool,
    ) -> BoxFuture<'a, Result<Step<'a>>> {
        Box::pin(async move {
            if writes && self.next_write_commits.load(Ordering::Relaxed) && self.level.is_unused().await? {
                // By itself it is a transaction of its own, in one way.
                return Ok(Step::Alone(statement));
            }
            let mut stage = self.level.begun(Some((meta, &id))).await?;
            let Some(group) = stage.in_group() else { return Ok(Step::Alone(statement)) };
            let values = statement.values.into_iter().map(Cow::into_owned).collect();
            let said = Arc::new(Said { text: statement.text, values });
            match group.ask(&id, said.clone(), self.level.depth, writes).await? {
                Some(told) => {
                    if writes {
                        self.writes.fetch_add(1, Ordering::Relaxed);
                        self.next_write_commits.store(false, Ordering::Relaxed);
                    }
                    Ok(Step::Done(told))
                }
                None => {
                    let values = said.values.iter().cloned().map(Cow::Owned).collect();
                    Ok(Step::Alone(Statement { text: said.text.clone(), values }))
                }
            }
        })
    }

    fn goes_in_step(&self) -> bool {
        self.level.write.is_some()
    }
}
