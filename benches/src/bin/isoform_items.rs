//! The `items` entity served by Isoform, for `bench` to load beside the others.

#![cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, reason = "what only the bodies of the server use")
)]

use benches::ServerFlags;
use isoform::prelude::*;
use isoform_server::{Api, Database};

/// An item: its rules need no stored row, so an update is one statement.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true))]
pub struct Item {
    /// Made on the server.
    #[field(id)]
    pub id: Uuid,
    /// A text.
    pub title: String,
    /// Is it done?
    pub completed: bool,
    /// A number.
    pub priority: i32,
    /// When it was inserted.
    #[field(created_at)]
    pub created_at: DateTime<Utc>,
}

#[backend]
impl Record<Item> {
    /// Reads, changes, saves.
    #[allowed(true)]
    pub async fn toggle(&mut self) -> Result<()> {
        self.completed = !self.completed;
        self.save().await
    }
}

#[tokio::main]
async fn main() -> benches::Result<()> {
    let flags = ServerFlags::parse()?;
    let database = Database::connect(&format!("sqlite://{}", flags.db.display())).await?;
    let api = Api::new(database).entities(entities![Item]);
    api.ensure_schema().await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", flags.port)).await?;
    ServerFlags::announce_ready();
    Ok(isoform_server::serve(listener, api.into_router()?, std::future::pending()).await?)
}
