//! Requests by a program that is no browser.

use super::{Request, Response, Transport};
use crate::future::BoxFuture;
use crate::{Error, Result};

pub(super) struct Http {
    client: reqwest::Client,
}

impl Default for Http {
    fn default() -> Self {
        let client = reqwest::Client::builder().cookie_store(true).timeout(std::time::Duration::from_secs(60)).build();
        // Only a broken TLS set-up makes the builder fail, and none is asked for.
        Self { client: client.unwrap_or_default() }
    }
}

impl Transport for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let method = reqwest::Method::from_bytes(request.method.as_bytes()).map_err(Error::internal)?;
            let mut builder = self.client.request(method, &request.url);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            if let Some(body) = request.body {
                builder = builder.header("content-type", "application/json").body(body);
            }
            let away = |error: reqwest::Error| Error::unavailable(format!("The server cannot be reached: {error}"));
            let response = builder.send().await.map_err(away)?;
            let status = response.status().as_u16();
            let body = response.bytes().await.map_err(away)?.to_vec();
            Ok(Response { status, body })
        })
    }
}
