//! Requests by the browser's `fetch`.

use gloo_net::http::{Method, RequestBuilder};

use super::{Request, Response, Transport};
use crate::future::{BoxFuture, browser};
use crate::{Error, Result};

pub(super) struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        browser(async move {
            let method = match request.method {
                "POST" => Method::POST,
                "PUT" => Method::PUT,
                "DELETE" => Method::DELETE,
                _ => Method::GET,
            };
            let mut builder = RequestBuilder::new(&request.url).method(method);
            for (name, value) in &request.headers {
                builder = builder.header(name, value);
            }
            let built = match request.body {
                Some(body) => builder.header("content-type", "application/json").body(body),
                None => builder.build(),
            };
            let away = |_| Error::unavailable("The server cannot be reached. Check the connection and try again.");
            let response = built.map_err(away)?.send().await.map_err(away)?;
            let body = response.binary().await.map_err(away)?;
            Ok(Response { status: response.status(), body })
        })
    }
}
