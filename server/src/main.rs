//! The application's server: connect, register, serve.

mod handlers;
mod identity;
mod seed;

use client::{App, shell};
use isoform::Result;
use isoform_leptos::Pages as _;
use isoform_server::{Api, Database, Sessions};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    log_to_terminal();
    match serve().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            let cause = error.cause().map(|cause| format!(" ({cause})")).unwrap_or_default();
            eprintln!("The server cannot run: {error}{cause}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<()> {
    let database = Database::connect(&env_or("DATABASE_URL", "sqlite://data/app.db")).await?;
    let origin = std::env::var("PUBLIC_ORIGIN").ok();
    let secure = origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
    let mut api = Api::new(database.clone())
        .entities(shared::entities())
        .sessions(Sessions::default().secure(secure))
        .identity(identity::of_session)
        .handlers(handlers::handlers());
    if let Some(origin) = origin {
        api = api.allow_origin(origin);
    }
    api.ensure_schema().await?;
    let demo_data = std::env::args().any(|argument| argument == "--demo-data");
    database.context().run(seed::seed(demo_data)).await?;

    let router = api.pages(shell, App).into_router()?;
    let address = isoform_leptos::options().site_addr;
    let taken = |error| {
        let hint = "choose another by LEPTOS_SITE_ADDR=127.0.0.1:4000";
        isoform::Error::unavailable(format!("{address} cannot be listened on: {error}; {hint}"))
    };
    let listener = tokio::net::TcpListener::bind(address).await.map_err(taken)?;
    tracing::info!("serving on http://{address}");
    isoform_server::serve(listener, router, asked_to_stop()).await
}

fn env_or(name: &str, default: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| default.to_owned())
}

fn log_to_terminal() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| "info,tower_sessions_core=error".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_target(false).init();
}

/// Ctrl-C, or the signal with which services are stopped.
async fn asked_to_stop() {
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => _ = signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}
