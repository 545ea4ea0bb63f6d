//! What a backend method says about its calls, and what keeps it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use super::Method;
use crate::context::{Context, Scope};
use crate::future::BoxFuture;
use crate::rate::{Rate, Rates};
use crate::{Error, Result};

/// What a backend method says about its calls, behind its rule in `#[allowed(…)]` or for all methods in `#[backend(…)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Does it run in one transaction?
    pub transaction: bool,
    /// The path before its name, where that is not the entity's key.
    pub prefix: Option<&'static str>,
    /// What takes longer is undone and answers 503.
    pub time_limit: Option<Duration>,
    /// How often somebody may call it.
    pub rate: Option<Rate>,
    /// Is it meant that more may call it than may change the entity?
    pub on_purpose: bool,
}

impl Options {
    /// Options as the macro writes them: milliseconds, and calls in seconds.
    #[doc(hidden)]
    #[must_use]
    pub const fn of(
        transaction: bool,
        prefix: Option<&'static str>,
        time_limit: Option<u64>,
        rate: Option<(u32, u64)>,
        on_purpose: bool,
    ) -> Self {
        Self {
            transaction,
            prefix,
            time_limit: match time_limit {
                Some(milliseconds) => Some(Duration::from_millis(milliseconds)),
                None => None,
            },
            rate: match rate {
                Some((times, seconds)) => Some(Rate::new(times, Duration::from_secs(seconds))),
                None => None,
            },
            on_purpose,
        }
    }
}

/// The code of the error of a method that took longer than its `time_limit`.
const TOO_SLOW: &str = "too_slow";

tokio::task_local! {
    /// What is done before the body of the method that is called.
    static FIRST: Mutex<Option<BoxFuture<'static, Result<()>>>>;
}

/// Does something that calls a method, and `first` before its body begins: once, and not at all where the guard refuses the call. An
/// error of it is that of the call.
pub async fn beginning_with<T>(first: BoxFuture<'static, Result<()>>, call: impl Future<Output = T>) -> T {
    FIRST.scope(Mutex::new(Some(first)), call).await
}

/// Has the body of a method begun: has the guard passed its call?
#[derive(Default)]
pub(crate) struct Begun(AtomicBool);

impl Begun {
    /// The body begins now.
    ///
    /// # Errors
    /// That of what is to be done before.
    pub async fn now(&self) -> Result<()> {
        self.0.store(true, Ordering::Relaxed);
        let first = |first: &Mutex<Option<_>>| first.lock().unwrap_or_else(PoisonError::into_inner).take();
        match FIRST.try_with(first).ok().flatten() {
            Some(first) => first.await,
            None => Ok(()),
        }
    }
}

/// Runs a guarded call of a method, trusted, within what it says about its calls. One that finds no row before its body has `begun` is not counted.
///
/// # Errors
/// 429 where it is called too often, 503 where it takes too long, and the call's own; whatever it wrote is undone then.
pub(crate) async fn limited<T, F>(
    context: &Context,
    method: &'static Method,
    begun: &Begun,
    call: impl FnOnce(Context) -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    /// Of all databases in this process.
    static CALLS: LazyLock<Rates> = LazyLock::new(Rates::default);
    let Options { transaction, time_limit, rate, .. } = method.options;
    if let Some(rate) = rate {
        CALLS.pass(context, method.path, rate)?;
    }
    let trusted = context.with_scope(Scope::Backend);
    let call = |inside: Context| {
        let call = call(inside);
        async move {
            // Within the transaction: a commit is never cut off.
            let Some(limit) = time_limit else { return call.await };
            let late = |_| {
                let message =
                    format!("{} took longer than {} seconds and was undone.", method.wire, limit.as_secs_f64());
                Err(Error::unavailable(message).with_code(TOO_SLOW))
            };
            tokio::time::timeout(limit, call).await.unwrap_or_else(late)
        }
    };
    let outcome = if transaction { trusted.transaction(call).await } else { trusted.run(call(trusted.clone())).await };
    if let (Some(rate), Err(error)) = (rate, &outcome)
        && error.is_not_found()
        && !begun.0.load(Ordering::Relaxed)
    {
        CALLS.give_back(context, method.path, rate);
    }
    outcome
}
