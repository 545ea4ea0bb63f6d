//! Serves a router over HTTP, to clients that may be slow, silent or many.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Duration;

use axum::Router;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use isoform::{Error, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::Service;

use crate::context::ClientAddress;

/// So many connections are open at once; the next one waits until another is closed. Below 1,024, which is how many files
/// a process may have open where nobody has said otherwise.
pub const MAX_CONNECTIONS: usize = 900;

/// So long a connection may take to send the head of a request, or be silent between two.
pub const HEAD_TIME: Duration = Duration::from_secs(30);

/// So long requests that are under way when the server is to stop may take to end.
pub const STOP_TIME: Duration = Duration::from_secs(10);

/// Serves a router until `stop` is there; then takes no further connections, and ends once the requests that are under way
/// are answered, or after [`STOP_TIME`].
///
/// Unlike `axum::serve` it closes connections that do not send ([`HEAD_TIME`]) and bounds their number
/// ([`MAX_CONNECTIONS`]): without that anybody can open so many that nobody else is served. A client that asks for something large
/// and never reads it is not closed: leave that to a proxy where it matters.
///
/// ```no_run
/// # async fn example(router: axum::Router) -> isoform::Result<()> {
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await.map_err(isoform::Error::internal)?;
/// let stop = async { _ = tokio::signal::ctrl_c().await };
/// isoform_server::serve(listener, router, stop).await
/// # }
/// ```
///
/// # Errors
/// None while it runs: a connection that cannot be accepted is logged.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) -> Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let next = async {
            let permit = connections.clone().acquire_owned().await.map_err(Error::internal)?;
            Ok::<_, Error>((permit, listener.accept().await))
        };
        let (permit, accepted) = tokio::select! {
            next = next => next?,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Files may run out; they are given back.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // A connection that cannot be set to no-delay is slower, not wrong.
        let _ = stream.set_nodelay(true);
        // From this machine itself comes what a proxy passes on, from wherever.
        let peer = Some(ClientAddress(peer.ip())).filter(|peer| !peer.0.to_canonical().is_loopback());
        let service = TowerToHyperService::new(OfPeer { router: router.clone(), peer });
        let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
        tokio::spawn(served(connection, stopped.clone(), permit));
    }
    drop((listener, stopping));
    let Ok(all) = u32::try_from(MAX_CONNECTIONS) else { return Ok(()) };
    if timeout(STOP_TIME, connections.acquire_many(all)).await.is_err() {
        tracing::warn!("some connections were still open after {} seconds", STOP_TIME.as_secs());
    }
    Ok(())
}

/// A connection until its end; asked to come to one when the server is to stop.
async fn served(
    connection: http1::UpgradeableConnection<TokioIo<TcpStream>, TowerToHyperService<OfPeer>>,
    mut stopped: watch::Receiver<()>,
    permit: OwnedSemaphorePermit,
) {
    let mut connection = pin!(connection);
    // A client that breaks off is no matter, hence the ignored results.
    tokio::select! {
        _ = connection.as_mut() => {}
        // Its sender is gone.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop(permit);
}

/// The router for the requests of one connection: it tells them where they come from.
#[derive(Clone)]
struct OfPeer {
    router: Router,
    peer: Option<ClientAddress>,
}

impl Service<Request<Incoming>> for OfPeer {
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, context: &mut task::Context<'_>) -> Poll<Result<(), Infallible>> {
        <Router as Service<Request<Incoming>>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        if let Some(peer) = self.peer {
            request.extensions_mut().insert(peer);
        }
        self.router.call(request)
    }
}
