//! Which application it is that somebody asks.

use super::Context;

/// What an application is called that says nothing of it.
pub(super) const UNNAMED: &str = "application";

impl Context {
    /// The same context in an application of this name. A server says so of its requests: `Api::name`.
    #[must_use]
    pub fn with_application(&self, name: &'static str) -> Self {
        self.with(|inner| inner.application = name)
    }

    /// The name of the application; `application`, where it has said none.
    #[must_use]
    pub fn application(&self) -> &'static str {
        self.0.application
    }
}
