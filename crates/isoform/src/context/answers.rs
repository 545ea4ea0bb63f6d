//! How answers are told: the language of validators, and what sees each error on its way out and may change it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;

use super::{Context, Scope};
use crate::future::BoxFuture;
use crate::validate::Messages;
use crate::{Error, Result};

/// Sees an error, and answers the one that is told instead.
pub type ErrorHook = Arc<dyn Fn(Error, Context) -> BoxFuture<'static, Result<Error>> + Send + Sync>;

/// So long may it take.
const MOST: Duration = Duration::from_secs(5);

impl Context {
    /// The same context, in which validators speak another language.
    #[must_use]
    pub fn with_messages(&self, messages: impl Into<Option<Arc<Messages>>>) -> Self {
        let messages = messages.into();
        self.with(|inner| inner.messages = messages)
    }

    /// What validators say, where that is not English.
    #[must_use]
    pub fn messages(&self) -> Option<&Messages> {
        self.0.messages.as_deref()
    }

    /// An error in the language of whoever asks.
    #[must_use]
    pub fn translated(&self, error: Error) -> Error {
        match self.messages() {
            Some(messages) if !error.is_internal() => messages.translated(error),
            _ => error,
        }
    }

    /// The same context, whose errors are seen by a function on their way out: what `Api::on_error` sets.
    #[must_use]
    pub fn with_error_hook(&self, hook: ErrorHook) -> Self {
        self.with(|inner| inner.error_hook = Some(hook))
    }

    /// The error that is told instead of one that is on its way out. Where the function fails itself that is an internal one.
    pub async fn error_out(&self, error: Error) -> Error {
        let Some(hook) = &self.0.error_hook else { return error };
        let context = self.outside().with_scope(Scope::Backend);
        let asked = async { context.run(hook(error.clone(), context.clone())).await };
        let failed = match tokio::time::timeout(MOST, AssertUnwindSafe(asked).catch_unwind()).await {
            Ok(Ok(Ok(changed))) => return changed,
            Ok(Ok(Err(own))) => own.cause().map_or_else(|| own.to_string(), ToString::to_string),
            Ok(Err(_)) => "it panicked".to_owned(),
            Err(_) => "it took too long".to_owned(),
        };
        let cause = error.cause().map(ToString::to_string).unwrap_or_default();
        Error::internal(format!("the function of `on_error` failed: {failed}; it was asked about: {error} {cause}"))
    }
}
