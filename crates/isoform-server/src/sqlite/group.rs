//! Transactions about one row each that wait for the writing connection: those of the same kind go in step, and share a commit.
//!
//! Each of them reads its row, lets hooks and handlers see it, writes it, and lets them see it again. Here up to sixteen do so together:
//! in each round what all of them ask next is one way to SQLite's thread, and where all are at their end there is one `COMMIT`. No two are
//! about the same row, and none asks about any other, so each finds what it would find alone.
//!
//! Whatever else happens ends the group: a statement that fails, one about other rows, a transaction that is undone once it has written,
//! one that lets the others wait. Then all is undone, and each goes on alone (`transaction.rs`): it asks once more what it has asked so far, is
//! to be told the same, and nobody above has seen anything of it.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures::future::{self, Either};
use isoform::provider::RowWrite;
use isoform::{EntityMeta, Error, Result, Row, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::cell;
use super::combine::{Begun, Line, Outcomes, Written, ask, power_of_two, repeat};
use super::connection::patiently;
use super::dialect;
use super::writer::{Turn, in_turn};

/// The most that go together: a power of two.
const MOST: usize = 16;

/// How long the others wait for one that asks nothing.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many statements of each the others wait for.
const ROUNDS: usize = 16;

/// How long transactions of a kind go alone, once one of them has failed.
const FAILED: Duration = Duration::from_secs(1);

/// How long they do, once one of them has asked about more than its row, or let the others wait: most likely hooks of this kind do so.
const UNFIT: Duration = Duration::from_secs(60);

/// A statement, with its values.
pub(super) struct Said {
    pub text: Arc<str>,
    pub values: Vec<Value>,
}

/// A statement that waits for its answer. Nothing is answered where the group has ended.
pub(super) struct Asked {
    pub said: Arc<Said>,
    pub answer: oneshot::Sender<Result<Written>>,
    pub writes: bool,
}

/// What a transaction says next. That it is undone is said by its silence: its end of the channel is dropped.
pub(super) enum Say {
    Ask(Asked),
    Commit(oneshot::Sender<Result<()>>),
    /// It goes on alone, since it asks about more than its row.
    Leave,
}

/// A transaction that waits for others, with the first that it asks.
pub(super) struct Candidate {
    pub write: RowWrite,
    pub id: Vec<Value>,
    pub first: Asked,
    pub says: mpsc::UnboundedReceiver<Say>,
    /// Where it has the connection once it goes on alone.
    pub turn: oneshot::Sender<Turn>,
    pub since: Instant,
}

impl Candidate {
    pub fn has_left(&self) -> bool {
        self.first.answer.is_closed()
    }

    /// May they go together?
    fn goes_with<'a, O: Iterator<Item = &'a Self>>(&self, others: impl Fn() -> O) -> bool {
        let is_alike = |first: &Self| first.write == self.write && first.first.said.text == self.first.said.text;
        others().next().is_none_or(is_alike) && others().all(|other| other.id != self.id)
    }

    /// Those of some who wait that go together: the first, and others; as many as there are, but a power of two, so that there are few texts.
    pub fn group(waiting: &mut VecDeque<Self>) -> Vec<Self> {
        let mut places = Vec::with_capacity(MOST);
        for (place, one) in waiting.iter().enumerate() {
            let chosen = || places.iter().filter_map(|place: &usize| waiting.get(*place));
            if one.goes_with(chosen) {
                places.push(place);
            }
            if places.len() == MOST {
                break;
            }
        }
        places.truncate(power_of_two(places.len()));
        let mut group: Vec<_> = places.into_iter().rev().filter_map(|place| waiting.remove(place)).collect();
        group.reverse();
        group
    }
}

/// The kinds of transactions that go alone, and until when.
#[derive(Default)]
pub(super) struct Apart(std::sync::Mutex<HashMap<RowWrite, Instant>>);

impl Apart {
    pub fn includes(&self, write: RowWrite) -> bool {
        let mut apart = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match apart.get(&write) {
            None => false,
            Some(until) if *until > Instant::now() => true,
            Some(_) => {
                apart.remove(&write);
                false
            }
        }
    }

    fn add(&self, write: RowWrite, time: Duration) {
        let until = Instant::now() + time;
        let mut apart = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        apart.entry(write).and_modify(|known| *known = until.max(*known)).or_insert(until);
    }
}

/// A transaction of a group.
struct Member {
    says: mpsc::UnboundedReceiver<Say>,
    turn: oneshot::Sender<Turn>,
    asks: Option<Asked>,
    at_end: Option<oneshot::Sender<Result<()>>>,
    has_written: bool,
    has_left: bool,
}

impl Member {
    /// Does it wait for an answer, for its end, or for the connection?
    const fn waits(&self) -> bool {
        self.asks.is_some() || self.at_end.is_some() || self.has_left
    }
}

/// Why a group ended.
enum Parted {
    /// Each goes on alone, and so do others of their kind for so long.
    Alone(Duration),
    /// SQLite did not even begin.
    Refused(sqlx::Error),
}

/// Runs transactions in step to their common end.
pub(super) async fn run(line: &Line, turn: &mut Turn, group: Vec<Candidate>, outcomes: &mut Outcomes) {
    let Some(write) = group.first().map(|first| first.write) else { return };
    let member = |Candidate { says, turn, first, .. }| Member {
        says,
        turn,
        asks: Some(first),
        at_end: None,
        has_written: false,
        has_left: false,
    };
    let mut members: Vec<_> = group.into_iter().map(member).collect();
    let mut open = Begun { turn, is_open: false };
    let Err(parted) = in_step(&mut open, &mut members, outcomes).await else { return };
    open.undo().await;
    drop(open);
    match parted {
        Parted::Alone(apart) => {
            line.apart().add(write, apart);
            each_alone(turn, members).await;
        }
        Parted::Refused(error) => {
            let refused = || dialect::error(&error, write.meta);
            for member in members {
                if let Some(asked) = member.asks {
                    let _ = asked.answer.send(Err(refused()));
                }
            }
        }
    }
}

/// Lends the connection to each of those who were in step, and to nobody else before all of them: what they were told still holds. Each has
/// it when it asks next, since a hook that still runs may hold what another one's waits for.
async fn each_alone(turn: &mut Turn, members: Vec<Member>) {
    let (waiting, mut busy): (Vec<_>, Vec<_>) = members.into_iter().partition(Member::waits);
    // They are told that the group has ended.
    let mut waiting: VecDeque<_> = waiting.into_iter().map(|member| member.turn).collect();
    loop {
        let Some(next) = waiting.pop_front() else {
            match heard(&mut busy).await {
                Some(next) => waiting.push_back(next),
                None => return,
            }
            continue;
        };
        let mut lent = pin!(turn.lend(next));
        let lent = loop {
            match future::select(lent.as_mut(), pin!(heard(&mut busy))).await {
                Either::Left((lent, _)) => break lent,
                Either::Right((Some(next), _)) => waiting.push_back(next),
                Either::Right((None, _)) => break lent.await,
            }
        };
        if lent.is_err() {
            return;
        }
    }
}

/// Where the next one that asks something waits for the connection; nothing, once there is none any more.
async fn heard(busy: &mut Vec<Member>) -> Option<oneshot::Sender<Turn>> {
    poll_fn(|task| {
        let mut at = 0;
        while let Some(member) = busy.get_mut(at) {
            match member.says.poll_recv(task) {
                Poll::Ready(Some(_)) => return Poll::Ready(Some(busy.remove(at).turn)),
                Poll::Ready(None) => drop(busy.remove(at)),
                Poll::Pending => at += 1,
            }
        }
        if busy.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

async fn in_step(open: &mut Begun<'_>, members: &mut Vec<Member>, outcomes: &mut Outcomes) -> Result<(), Parted> {
    for _ in 0..ROUNDS {
        round(open, members, outcomes).await?;
        let until = Instant::now() + PATIENCE;
        let is_only = members.len() == 1;
        let mut at = 0;
        while let Some(member) = members.get_mut(at) {
            if member.at_end.is_none() {
                let says = member.says.recv();
                let said = if is_only { Ok(says.await) } else { tokio::time::timeout_at(until, says).await };
                match said {
                    Ok(Some(Say::Ask(asked))) => member.asks = Some(asked),
                    Ok(Some(Say::Commit(at_end))) => member.at_end = Some(at_end),
                    Ok(Some(Say::Leave)) => {
                        member.has_left = true;
                        return Err(Parted::Alone(UNFIT));
                    }
                    // It read a row, and that was all.
                    Ok(None) if !member.has_written => {
                        members.remove(at);
                        continue;
                    }
                    Ok(None) => return Err(Parted::Alone(FAILED)),
                    Err(_) => return Err(Parted::Alone(UNFIT)),
                }
            }
            at += 1;
        }
        if members.iter().all(|member| member.asks.is_none()) {
            return commit(open, members, outcomes).await;
        }
    }
    Err(Parted::Alone(FAILED))
}

/// Asks what all of them ask, those of the same text together.
async fn round(open: &mut Begun<'_>, members: &mut [Member], outcomes: &mut Outcomes) -> Result<(), Parted> {
    let mut asking: Vec<_> = members.iter_mut().filter(|member| member.asks.is_some()).collect();
    while let Some(text) = asking.first().and_then(|first| first.asks.as_ref()).map(|first| first.said.text.clone()) {
        let alike = |member: &&mut Member| member.asks.as_ref().is_some_and(|asked| asked.said.text == text);
        let count = asking.iter().filter(|member| alike(member)).count();
        let size = power_of_two(count);
        let mut together: Vec<_> = asking.extract_if(.., |member| alike(&&mut **member)).collect();
        asking.extend(together.split_off(size));
        execute(open, &text, &mut together, outcomes).await?;
    }
    Ok(())
}

async fn execute(
    open: &mut Begun<'_>,
    text: &Arc<str>,
    members: &mut [&mut Member],
    outcomes: &mut Outcomes,
) -> Result<(), Parted> {
    let begins = !open.is_open;
    let mut all = String::with_capacity(32 + members.len() * (text.len() + 3));
    if begins {
        all.push_str("BEGIN IMMEDIATE; ");
    }
    repeat(&mut all, text, members.len());
    let values = members.iter().filter_map(|member| member.asks.as_ref()).flat_map(|asked| &asked.said.values);
    open.is_open = true;
    let (written, end) = ask(open.turn, text, all.into(), values, outcomes).await;
    let has_begun = !begins || !written.is_empty();
    let answers = written.into_iter().skip(usize::from(begins));
    open.turn.connection.end(members.len() as u64);
    match end {
        Err(error) if !has_begun => return Err(Parted::Refused(error)),
        Err(_) => return Err(Parted::Alone(FAILED)),
        Ok(()) if answers.len() != members.len() => return Err(Parted::Alone(FAILED)),
        Ok(()) => {}
    }
    for (member, answer) in members.iter_mut().zip(answers) {
        if let Some(asked) = member.asks.take() {
            member.has_written |= asked.writes;
            let _ = asked.answer.send(Ok(answer));
        }
    }
    Ok(())
}

async fn commit(open: &mut Begun<'_>, members: &mut [Member], outcomes: &mut Outcomes) -> Result<(), Parted> {
    if members.iter().filter_map(|member| member.at_end.as_ref()).any(oneshot::Sender::is_closed) {
        // Whoever was given up has written nothing.
        return Err(Parted::Alone(FAILED));
    }
    let commit: Arc<str> = "COMMIT".into();
    let mut ends = Ends(members.iter_mut().filter_map(|member| member.at_end.take()).collect());
    open.turn.expect_commit();
    let (_, end) = ask(open.turn, &commit, commit.clone(), [], outcomes).await;
    open.turn.connection.end(0);
    if end.is_err() {
        open.undo().await;
        if open.turn.was_undone() {
            ends.0.clear();
            // They find out, and wait for the connection.
            members.iter_mut().for_each(|member| member.has_left = true);
            return Err(Parted::Alone(FAILED));
        }
    }
    open.is_open = false;
    outcomes.committed(ends.0.drain(..));
    Ok(())
}

/// Those who wait for a commit. Where it is dropped while that is under way nobody knows what became of it.
struct Ends(Vec<oneshot::Sender<Result<()>>>);

impl Drop for Ends {
    fn drop(&mut self) {
        for end in self.0.drain(..) {
            let _ = end.send(Err(Error::internal("nobody knows what became of a commit whose server stopped")));
        }
    }
}

/// What a transaction has done so far, while it is one of a group or may become one.
pub(super) struct InGroup {
    line: Arc<Line>,
    write: RowWrite,
    says: Option<mpsc::UnboundedSender<Say>>,
    turn: Option<oneshot::Receiver<Turn>>,
    id: Option<Vec<Value>>,
    pub past: Vec<Past>,
}

/// What a transaction has done.
pub(super) enum Past {
    /// It asked, as deep as a part of it is, and was told.
    Asked { said: Arc<Said>, depth: usize, told: Told, writes: bool },
    /// A part came to its end.
    Part { depth: usize, kept: bool },
}

/// What a statement about one row answered.
#[derive(Clone, PartialEq)]
pub(super) struct Told {
    pub row: Option<Row>,
    pub changed: u64,
}

impl Told {
    pub fn of(written: &Written, meta: &EntityMeta, writes: bool) -> Result<Self> {
        let row = written.row.as_ref().map(|row| cell::row(row, meta)).transpose()?;
        // Of a statement that only reads SQLite says what the last one changed that wrote.
        Ok(Self { row, changed: if writes { written.changed } else { 0 } })
    }

    /// Is the row, where there is one, that with an id?
    fn has_id(&self, meta: &EntityMeta, id: &[Value]) -> bool {
        self.row.as_ref().is_none_or(|row| meta.ids.iter().filter_map(|place| row.get(*place)).eq(id))
    }
}

impl InGroup {
    pub const fn new(line: Arc<Line>, write: RowWrite) -> Self {
        Self { line, write, says: None, turn: None, id: None, past: Vec::new() }
    }

    /// All of it, which is nothing here any more.
    pub fn take(&mut self) -> Self {
        let nothing = Self::new(self.line.clone(), self.write);
        std::mem::replace(self, nothing)
    }

    /// The others go on without it.
    fn leave(&mut self) {
        if let Some(says) = self.says.take() {
            let _ = says.send(Say::Leave);
        }
    }

    /// Leaves, and has the connection for itself: next after those whom it was in step with.
    ///
    /// # Errors
    /// 503 where it waits too long.
    pub async fn alone(&mut self) -> Result<Turn> {
        self.leave();
        if let Some(turn) = self.turn.take()
            && let Ok(turn) = patiently(turn).await?
        {
            return Ok(turn);
        }
        in_turn(self.line.writer()).await
    }

    pub const fn meta(&self) -> &'static EntityMeta {
        self.write.meta
    }

    /// Can a statement about a row be asked in step with the others?
    pub fn is_about(&self, meta: &EntityMeta, id: &[Value]) -> bool {
        let is_next = self.id.as_deref().is_none_or(|own| self.says.is_some() && own == id);
        is_next && std::ptr::eq(meta, self.write.meta)
    }

    /// Asks in step with the others; nothing where it goes on alone, and has not been asked then.
    ///
    /// # Errors
    /// 503 where it waited too long; what SQLite says where it did not begin.
    pub async fn ask(&mut self, id: &[Value], said: Arc<Said>, depth: usize, writes: bool) -> Result<Option<Told>> {
        if let Some(told) = self.told_before(&said).filter(|_| !writes && self.says.is_some()) {
            return Ok(Some(told.clone()));
        }
        let (answer, answered) = oneshot::channel();
        let asked = Asked { said: said.clone(), answer, writes };
        // Out of here for as long as nobody knows what became of it: where this is dropped, the group has lost us.
        let says = match self.says.take() {
            Some(says) => {
                if says.send(Say::Ask(asked)).is_err() {
                    return Ok(None);
                }
                says
            }
            None => {
                let (says, heard) = mpsc::unbounded_channel();
                let (turn, ours) = oneshot::channel();
                self.turn = Some(ours);
                self.id = Some(id.to_vec());
                self.line.join(Candidate {
                    write: self.write,
                    id: id.to_vec(),
                    first: asked,
                    says: heard,
                    turn,
                    since: Instant::now(),
                })?;
                says
            }
        };
        let Ok(told) = answered.await else { return Ok(None) };
        let told = Told::of(&told?, self.write.meta, writes)?;
        self.past.push(Past::Asked { said, depth, told: told.clone(), writes });
        self.says = Some(says);
        if !told.has_id(self.write.meta, id) {
            // To the database these ids are alike, so another one may be about the same row.
            self.leave();
        }
        Ok(Some(told))
    }

    /// What the same question was answered, where nothing was written since.
    fn told_before(&self, said: &Said) -> Option<&Told> {
        self.past
            .iter()
            .rev()
            .map_while(|past| match past {
                Past::Asked { writes: true, .. } => None,
                Past::Asked { said: before, told, .. } => {
                    Some((before.text == said.text && before.values == said.values).then_some(told))
                }
                Past::Part { .. } => Some(None),
            })
            .flatten()
            .next()
    }

    /// Commits in step with the others; `false` where it goes on alone, and is not committed.
    ///
    /// # Errors
    /// Where nobody knows what became of it.
    pub async fn commit(&mut self) -> Result<bool> {
        let Some(says) = self.says.take() else { return Ok(false) };
        let (at_end, ended) = oneshot::channel();
        if says.send(Say::Commit(at_end)).is_err() {
            return Ok(false);
        }
        match ended.await {
            Ok(committed) => committed.map(|()| true),
            Err(_) => Ok(false),
        }
    }

    /// Has it written, or may it have?
    pub fn has_written(&self) -> bool {
        self.past.iter().any(|past| matches!(past, Past::Asked { writes: true, .. }))
    }

    /// A part of it has ended.
    pub fn end_part(&mut self, depth: usize, kept: bool) {
        self.past.push(Past::Part { depth, kept });
        if !kept {
            // What it has written is undone by itself only where there are savepoints.
            self.says = None;
        }
    }
}
