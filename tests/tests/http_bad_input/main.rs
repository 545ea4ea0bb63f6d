//! What the server must survive: each as bytes on the wire, with the status, a message that helps, and nothing told.

mod addresses;
mod bodies;
mod expensive;
mod forged;
mod ids;
mod names;
mod panics;
mod rights;
mod sockets;
mod sql;
mod values;
mod versions;

use std::time::Duration;

use axum::body::Body;
use isoform::prelude::*;
use isoform_server::Limits;
use serde_json::{Value as Json, json};
use tests::entities::{self, Account, Article, Event, Sample};
use tests::raw::Answer;
use tests::todo::{Counter, Todo};
use tests::{Way, World, admin, ann, bearer, bob};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn world() -> World {
    World::new(Way::InProcess).await
}

async fn article(world: &World) -> Record<Article> {
    let new = Article {
        title: "Ann's draft".into(),
        owner: "ann".into(),
        secret: Some("hidden".into()),
        note: Some("for admins".into()),
        ..Article::blank()
    };
    world.backend().run(repo::<Article>().insert(new)).await.unwrap()
}

async fn todo(world: &World) -> Record<Todo> {
    let new = Todo {
        title: "Ann's own".into(),
        owner: "ann".into(),
        secret: Some("hidden".into()),
        rank: 3,
        ..Todo::blank()
    };
    world.backend().run(repo::<Todo>().insert(new)).await.unwrap()
}

async fn stored(world: &World, id: Uuid) -> Record<Todo> {
    world.backend().run(repo::<Todo>().find_id(id)).await.unwrap()
}

async fn counter(world: &World) {
    world
        .backend()
        .run(repo::<Counter>().insert(Counter { id: 1, count: 5, name: "one".into(), version: 0 }))
        .await
        .unwrap();
}

/// How many rows there are in all, so that nothing can have been written unseen.
async fn rows(world: &World) -> u64 {
    let count = async {
        let samples =
            repo::<Sample>().count().await? + repo::<Article>().count().await? + repo::<Account>().count().await?;
        Ok::<_, Error>(
            samples
                + repo::<Event>().count().await?
                + repo::<Todo>().count().await?
                + repo::<Counter>().count().await?,
        )
    };
    world.backend().run(count).await.unwrap()
}

async fn still_serving(world: &World) {
    let answer = world.post("/api/samples").json(&json!({"text": "afterwards"})).send().await;
    let id = answer.ok(201)["id"].as_str().unwrap().to_owned();
    assert_eq!(world.get(&format!("/api/samples/{id}")).send().await.ok(200)["text"], "afterwards");
    assert_eq!(world.delete(&format!("/api/samples/{id}")).send().await.status, 204);
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
