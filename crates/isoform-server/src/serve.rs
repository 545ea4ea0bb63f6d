//! Serves a router over HTTP, to clients that may be slow, silent or many.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use isoform::{Error, Result};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

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
/// ([`MAX_CONNECTIONS`]): without that anybody can open so many that nobody else is served.
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
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let open = GracefulShutdown::new();
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
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Files may run out; they are given back.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        // A connection that cannot be set to no-delay is slower, not wrong.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // A client that breaks off is no matter.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop(listener);
    if timeout(STOP_TIME, open.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way after {} seconds", STOP_TIME.as_secs());
    }
    Ok(())
}
