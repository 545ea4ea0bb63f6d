//! The yardstick: the server that someone who knows axum and sqlx would write by hand for the two tables.
//!
//! `items` has no rules. `tasks` has a signed-in user, an owner, a length check, stamps and a version.
//! Statements are prepared once per connection (sqlx's cache), readers have a pool of their own, and writes
//! go through one connection.

mod answer;
mod db;
mod items;
mod tasks;
mod user;

use axum::Router;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use benches::{Result, ServerFlags};
use db::Db;

#[tokio::main]
async fn main() -> Result<()> {
    let flags = ServerFlags::parse()?;
    let db = Db::open(&flags.db).await?;
    let app = Router::new()
        .route("/api/items", get(items::list).post(items::insert))
        .route("/api/items/{id}", get(items::one).put(items::update).delete(items::delete))
        .route("/api/items/toggle", post(items::toggle))
        .route("/api/tasks", get(tasks::list).post(tasks::insert))
        .route("/api/tasks/{id}", get(tasks::one).put(tasks::update).delete(tasks::delete))
        .route("/api/tasks/toggleCompleted", post(tasks::toggle_completed))
        .with_state(db);
    let listener = tokio::net::TcpListener::bind(flags.addr()).await?;
    ServerFlags::announce_ready();
    // A connection that cannot be set to no-delay is slower, not wrong.
    let listener = listener.tap_io(|io| {
        io.set_nodelay(true).ok();
    });
    axum::serve(listener, app).await?;
    Ok(())
}
