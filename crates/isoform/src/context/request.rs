//! What a context knows of the request over HTTP that it is for.

use std::net::IpAddr;
use std::sync::Arc;

use super::Context;
use crate::handlers::Exchange;
use crate::session::Session;

/// What a context knows of the request over HTTP that it is for: of what comes another way nothing.
#[derive(Clone, Default)]
pub struct OfRequest {
    /// The address that it comes from. By it those are counted who are not signed in.
    pub client: Option<IpAddr>,
    /// Its session.
    pub session: Option<Arc<dyn Session>>,
    /// What handlers see of it, and say of its answer.
    pub exchange: Option<Arc<Exchange>>,
}

impl Context {
    /// The same context for a request.
    #[must_use]
    pub fn with_request(&self, request: OfRequest) -> Self {
        self.with(|inner| inner.request = request)
    }

    /// The address that the request comes from, where it is known.
    #[must_use]
    pub fn client(&self) -> Option<IpAddr> {
        self.0.request.client
    }

    /// The session of the request.
    #[must_use]
    pub fn session(&self) -> Option<&Arc<dyn Session>> {
        self.0.request.session.as_ref()
    }

    pub(crate) fn exchange(&self) -> Option<&Arc<Exchange>> {
        self.0.request.exchange.as_ref()
    }
}
