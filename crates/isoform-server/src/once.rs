//! `Idempotency-Key`: a write that is sent again with the same key is applied once, and answered the same.
//!
//! The answer is kept in a table, written by the last statement of the write's own transaction.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use isoform::backend::beginning_with;
use isoform::prelude::*;
use isoform::{Caller, ErrorKind, Scope};
use serde_json::{Map, Value as JsonValue};
use sha2::{Digest as _, Sha256};

use crate::body::Arrived;
use crate::context::caught;
use crate::{parameters, respond};

/// A request that changed something, as a row. No API reaches it.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(
    key = "answered_requests",
    table = "isoform_answered_requests",
    label = "Answered requests",
    index(caller, kept_at)
)]
pub(crate) struct AnsweredRequest {
    /// A hash of the key and of who sent it. The key itself is not kept, so that the other hashes tell nothing.
    #[field(id)]
    id: String,
    /// A hash of who sent it.
    #[field(api_read = false)]
    caller: String,
    /// A hash of the key and of what was asked for.
    #[field(api_read = false)]
    asked: String,
    /// What was answered: 0 while nothing was.
    status: i32,
    /// Headers of the answer, as JSON.
    #[field(api_read = false)]
    headers: String,
    /// The body of the answer; none where it was too long to be kept.
    #[field(api_read = false)]
    body: Option<String>,
    /// When, in seconds since 1970.
    #[field(index)]
    kept_at: i64,
}

/// The entity of the table.
pub(crate) fn entity() -> &'static EntityMeta {
    AnsweredRequest::meta()
}

/// So long an answer is kept, in seconds: a day.
const KEPT: i64 = 24 * 60 * 60;
/// So many answers are kept of each caller: the last ones.
const MOST: u64 = 1_000;
/// A longer answer is not kept.
const LONGEST: usize = 256 << 10;
/// The name of the header.
const NAME: &str = "idempotency-key";
/// How long a key may be. A short one somebody else might have chosen too.
const LENGTH: std::ops::RangeInclusive<usize> = 16..=128;

/// A request that is to be applied once.
pub(crate) struct Asked {
    id: String,
    caller: String,
    asked: String,
    session: Option<tower_sessions::Session>,
}

/// The parts of a hash, told apart by their lengths.
fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Asked {
    /// The key of a request that changes something, where it has one.
    ///
    /// # Errors
    /// 400 for a key that is none.
    pub fn of(parts: &Parts, context: &Context, body: &Arrived) -> Result<Option<Self>> {
        let Some(key) = parts.headers.get(NAME) else { return Ok(None) };
        if only_asks(parts) {
            return Ok(None);
        }
        let one = parts.headers.get_all(NAME).iter().count() == 1;
        let key = key.as_bytes();
        if !one || !LENGTH.contains(&key.len()) || !key.iter().all(u8::is_ascii_graphic) {
            return Err(Error::invalid(format!(
                "Idempotency-Key is one text of {} to {} letters, digits and signs that nobody else chooses, such as a UUID.",
                LENGTH.start(),
                LENGTH.end()
            )));
        }
        let identity = context.identity();
        let caller = format!("{:?}", Caller::of(context));
        // Rules judge by all of it: who has become somebody else under the same name asks for something else.
        let rights = identity.map(|identity| {
            let mut roles = identity.roles.clone();
            roles.sort_unstable();
            serde_json::json!([roles, identity.claims, identity.server_claims]).to_string()
        });
        let rights = rights.unwrap_or_default();
        let if_match = parts.headers.get(header::IF_MATCH).map(HeaderValue::as_bytes).unwrap_or_default();
        let (method, path) = (parts.method.as_str().as_bytes(), parts.uri.to_string());
        let asked = [key, method, path.as_bytes(), if_match, rights.as_bytes(), body.bytes()];
        Ok(Some(Self {
            id: hash(&[b"id", key, caller.as_bytes()]),
            caller: hash(&[b"caller", caller.as_bytes()]),
            asked: hash(&asked),
            session: parts.extensions.get::<tower_sessions::Session>().cloned(),
        }))
    }
}

/// Does a request change nothing?
fn only_asks(parts: &Parts) -> bool {
    const QUESTIONS: [&str; 8] = ["get", "count", "groupBy", "query", "first", "last", "loadRelations", "describe"];
    match parts.method {
        Method::PUT | Method::DELETE => false,
        Method::POST => parameters::action(&parts.uri).is_some_and(|action| QUESTIONS.contains(&&*action)),
        _ => true,
    }
}

/// The requests with a key that are under way, and how often one came.
#[derive(Default)]
pub(crate) struct Once {
    under_way: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    count: AtomicU32,
}

/// A request with a key in its turn.
struct Turn<'a> {
    once: &'a Once,
    id: &'a str,
    lock: Arc<tokio::sync::Mutex<()>>,
    guard: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.guard = None;
        let mut under_way = self.once.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        // The map's and this one: nobody waits.
        if Arc::strong_count(&self.lock) <= 2 {
            under_way.remove(self.id);
        }
    }
}

impl Once {
    async fn turn<'a>(&'a self, id: &'a str) -> Turn<'a> {
        let lock = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.entry(id.to_owned()).or_default().clone()
        };
        let mut turn = Turn { once: self, id, lock, guard: None };
        turn.guard = Some(turn.lock.clone().lock_owned().await);
        turn
    }

    /// Does what a request asks for, unless that was done: then answers what was answered. `together` says whether the work can be
    /// undone, and so be committed with its answer.
    ///
    /// # Errors
    /// The work's; 409 where nobody knows whether it was done, 422 where the key belongs to another request.
    pub async fn answer<F>(
        &self,
        context: &Context,
        asked: &Asked,
        together: bool,
        work: impl FnOnce(Context) -> F,
    ) -> Result<Response>
    where
        F: Future<Output = Result<Response>>,
    {
        let _turn = self.turn(&asked.id).await;
        let trusted = context.with_scope(Scope::Backend);
        if let Some(kept) = trusted.run(found(asked)).await? {
            return answered(&kept, asked);
        }
        let answer = if together {
            in_one_transaction(context, asked, work).await
        } else {
            claimed_first(context, asked, work).await
        };
        if self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(64)
            && let Err(error) = trusted.run(forget(&asked.caller)).await
        {
            tracing::warn!(%error, "old answers could not be forgotten");
        }
        answer
    }
}

/// The work and its answer, both or neither.
async fn in_one_transaction<F>(context: &Context, asked: &Asked, work: impl FnOnce(Context) -> F) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let taken = AtomicBool::new(false);
    let both = async |inside: Context| {
        let (answer, row) = kept(asked, work(inside.clone()).await?).await?;
        if asked.keeps() {
            let insert = inside.with_scope(Scope::Backend).run(repo::<AnsweredRequest>().insert(row)).await;
            insert.inspect_err(|error| taken.store(error.is_conflict(), Ordering::Relaxed))?;
        }
        Ok(answer)
    };
    let answer = context.transaction(both).await;
    if taken.load(Ordering::Relaxed) {
        // Another server did the same meanwhile, and this one's work is undone.
        let kept = context.with_scope(Scope::Backend).run(found(asked)).await?;
        return kept.map_or_else(|| Err(unknown()), |kept| answered(&kept, asked));
    }
    answer
}

/// The work, which cannot be undone, with the claim before its body begins, then its answer. What the guard refuses has claimed nothing.
async fn claimed_first<F>(context: &Context, asked: &Asked, work: impl FnOnce(Context) -> F) -> Result<Response>
where
    F: Future<Output = Result<Response>>,
{
    let trusted = context.with_scope(Scope::Backend);
    let claimed = Arc::new(Mutex::new(None));
    let (place, row, own) = (claimed.clone(), asked.row(), trusted.clone());
    let claim = Box::pin(async move {
        let claim = own.run(repo::<AnsweredRequest>().insert(row)).await;
        let claim = claim.map_err(|error| if error.is_conflict() { unknown() } else { error })?;
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
        Ok(())
    });
    // A panic is an answer too: whatever was done is done.
    let worked = caught(beginning_with(claim, work(context.clone()))).await;
    let claimed = claimed.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(mut claim) = claimed else { return worked };
    if !asked.keeps() {
        trusted.run(claim.delete()).await?;
        return worked;
    }
    let worked = match worked {
        Ok(response) => response,
        // It is answered and kept as it leaves the server.
        Err(error) => respond::error(&context.error_out(error).await),
    };
    let (answer, row) = kept(asked, worked).await?;
    *claim = row;
    trusted.run(claim.save()).await?;
    Ok(answer)
}

impl Asked {
    /// A request that has not been answered.
    fn row(&self) -> AnsweredRequest {
        AnsweredRequest {
            id: self.id.clone(),
            caller: self.caller.clone(),
            asked: self.asked.clone(),
            kept_at: now(),
            ..AnsweredRequest::blank()
        }
    }

    /// Is the answer all that came of it? A cookie would not be answered again: who signs in twice is signed in.
    fn keeps(&self) -> bool {
        self.session.as_ref().is_none_or(|session| !session.is_modified())
    }
}

fn now() -> i64 {
    Utc::now().timestamp()
}

/// What was answered to a request, where it was.
async fn found(asked: &Asked) -> Result<Option<Record<AnsweredRequest>>> {
    let row = AnsweredRequest::query().filter(|r| r.id.eq(&asked.id)).first().await?;
    match row {
        Some(mut old) if old.kept_at <= now() - KEPT => {
            old.delete().await?;
            Ok(None)
        }
        row => Ok(row),
    }
}

/// An answer, and the row that keeps it.
async fn kept(asked: &Asked, answer: Response) -> Result<(Response, AnsweredRequest)> {
    let (parts, body) = answer.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(Error::internal)?;
    let text = if bytes.len() > LONGEST { None } else { String::from_utf8(bytes.to_vec()).ok() };
    let headers: Map<String, JsonValue> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.into())))
        .collect();
    let row = AnsweredRequest {
        status: i32::from(parts.status.as_u16()),
        headers: JsonValue::Object(headers).to_string(),
        body: text,
        ..asked.row()
    };
    Ok((Response::from_parts(parts, Body::from(bytes)), row))
}

/// What was answered, once more.
fn answered(kept: &AnsweredRequest, asked: &Asked) -> Result<Response> {
    if kept.asked != asked.asked {
        let message = "This Idempotency-Key belongs to another request: each write has one of its own.";
        return Err(Error::invalid(message).with_status(422).with_code("idempotency_key_reused"));
    }
    let Ok(status @ 100..) = u16::try_from(kept.status) else { return Err(unknown()) };
    let Some(body) = kept.body.clone() else {
        let message = "This was done, and its answer was too long to be kept.";
        return Err(Error::new(ErrorKind::Conflict, message).with_code("answer_not_kept"));
    };
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = StatusCode::from_u16(status).map_err(Error::internal)?;
    let headers: Map<String, JsonValue> = serde_json::from_str(&kept.headers).map_err(Error::internal)?;
    *answer.headers_mut() = headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse().ok()?, HeaderValue::from_str(value.as_str()?).ok()?)))
        .collect::<HeaderMap>();
    answer.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(answer)
}

/// 409 for a request of which nobody knows what became.
fn unknown() -> Error {
    let message = "A request with this Idempotency-Key is under way, or was broken off: look whether it was done.";
    Error::conflict(message).with_code("idempotency_key_in_use")
}

/// Forgets what is old, and of a caller all but the last answers.
async fn forget(caller: &str) -> Result<()> {
    let old = now() - KEPT;
    repo::<AnsweredRequest>().delete_many(|r| r.kept_at.lte(old)).await?;
    let own = AnsweredRequest::query().filter(|r| r.caller.eq(caller)).order_by(|r| r.kept_at.desc());
    if let Some(last) = own.page(MOST + 1).limit(1).await?.pop() {
        repo::<AnsweredRequest>().delete_many(|r| r.caller.eq(caller) & r.kept_at.lte(last.kept_at)).await?;
    }
    Ok(())
}
