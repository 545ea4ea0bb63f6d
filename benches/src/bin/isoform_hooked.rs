//! The `items` entity as in `isoform_items.rs`, with five hooks, and a handler before and one after each operation that is measured, all of
//! which do nothing: what they cost by themselves.

#![cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, reason = "what only the bodies of the server use")
)]

use benches::ServerFlags;
use isoform::handlers::{Create, Find, FindById, Handlers, Next, Update};
use isoform::prelude::*;
use isoform_server::{Api, Database};

/// An item with all hooks.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true), hooks)]
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

#[hooks]
impl Hooks for Item {
    async fn validation(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }

    async fn saving(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }

    async fn saved(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }

    async fn deleting(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }

    async fn deleted(_: &mut Record<Self>, _: &mut LifecycleEvent<Self>) -> Result<()> {
        Ok(())
    }
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

fn handlers() -> Handlers {
    Handlers::new()
        .before::<FindById, Item>(async |_| Ok(Next::Continue))
        .after::<FindById, Item>(async |_, _| Ok(()))
        .before::<Find, Item>(async |_| Ok(Next::Continue))
        .after::<Find, Item>(async |_, _| Ok(()))
        .before::<Create, Item>(async |_| Ok(Next::Continue))
        .after::<Create, Item>(async |_, _| Ok(()))
        .before::<Update, Item>(async |_| Ok(Next::Continue))
        .after::<Update, Item>(async |_, _| Ok(()))
}

#[tokio::main]
async fn main() -> benches::Result<()> {
    let flags = ServerFlags::parse()?;
    let database = Database::connect(&format!("sqlite://{}", flags.db.display())).await?;
    let api = Api::new(database).entities(entities![Item]).handlers(handlers());
    api.ensure_schema().await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", flags.port)).await?;
    ServerFlags::announce_ready();
    Ok(isoform_server::serve(listener, api.into_router()?, std::future::pending()).await?)
}
