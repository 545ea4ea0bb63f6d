//! A page without a browser, and a server that answers the same to everything.

use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use any_spawner::{CustomExecutor, Executor, PinnedFuture, PinnedLocalFuture};
use isoform::future::BoxFuture;
use isoform::prelude::*;
use isoform::remote::{Remote, Request, Response, Transport};
use leptos::prelude::*;
use serde_json::Value as Json;

/// Keeps what a page spawns until the test runs it.
struct Kept;

thread_local! {
    static SPAWNED: RefCell<Vec<PinnedLocalFuture<()>>> = const { RefCell::new(Vec::new()) };
}

impl CustomExecutor for Kept {
    fn spawn(&self, _: PinnedFuture<()>) {}

    fn spawn_local(&self, future: PinnedLocalFuture<()>) {
        SPAWNED.with_borrow_mut(|spawned| spawned.push(future));
    }

    fn poll_local(&self) {}
}

/// A server that answers the same to everything.
struct Server {
    status: u16,
    answer: Json,
    asked: Arc<Mutex<Vec<(String, Json)>>>,
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let body = request.body.map(|body| serde_json::from_str(&body).unwrap_or_default());
        self.asked.lock().unwrap_or_else(|_| panic!("asked")).push((request.url, body.unwrap_or_default()));
        let response = Response { status: self.status, body: self.answer.to_string().into_bytes() };
        Box::pin(async move { Ok(response) })
    }
}

type Asked = Arc<Mutex<Vec<(String, Json)>>>;

/// Runs in a page whose server answers so.
pub fn page<T>(status: u16, answer: Json, build: impl FnOnce(Context, &dyn Fn() -> Vec<(String, Json)>) -> T) -> T {
    let _ = Executor::init_custom_executor(Kept);
    let asked = Asked::default();
    let server = Server { status, answer, asked: asked.clone() };
    let context = Context::over(Remote::new("https://example.org/api", Arc::new(server)));
    let seen = move || asked.lock().unwrap_or_else(|_| panic!("asked")).clone();
    context.clone().enter(|| Owner::new().with(|| build(context.clone(), &seen)))
}

/// Runs what the page has spawned to its end.
pub fn finish(context: &Context) {
    for future in SPAWNED.take() {
        futures::executor::block_on(context.run(SendAnyway(future)));
    }
}

/// A test has one thread.
struct SendAnyway(PinnedLocalFuture<()>);

impl Future for SendAnyway {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        self.0.as_mut().poll(cx)
    }
}
