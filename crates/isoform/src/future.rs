//! Futures that are `Send` on both sides, so that the same call fits a Leptos resource, an axum handler and a spawned task.

use std::future::Future;
use std::pin::Pin;

/// A boxed future that is `Send`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A boxed future that is ready at once.
#[must_use]
pub fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

/// Boxes a future of the browser, which has one thread, as one that is `Send`.
#[cfg(target_arch = "wasm32")]
pub fn browser<'a, T: 'a>(future: impl Future<Output = T> + 'a) -> BoxFuture<'a, T> {
    Box::pin(send_wrapper::SendWrapper::new(future))
}
