//! `items`: no rules, so that an update is one statement.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, FromRow, QueryBuilder};
use uuid::Uuid;

use crate::answer::{Answer, Call, Called, ListQuery, Problem, millis};
use crate::db::{BEGIN, Db};

/// A row.
#[derive(FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    id: Uuid,
    title: String,
    completed: bool,
    priority: i64,
    #[serde(serialize_with = "millis")]
    created_at: DateTime<Utc>,
}

/// The body of an insert.
#[derive(Deserialize)]
pub struct NewItem {
    title: String,
    #[serde(default)]
    completed: bool,
    #[serde(default)]
    priority: i64,
}

/// The body of an update: what is absent stays.
#[derive(Deserialize)]
pub struct ItemPatch {
    title: Option<String>,
    completed: Option<bool>,
    priority: Option<i64>,
}

/// `GET /api/items/{id}`
pub async fn one(State(db): State<Db>, Path(id): Path<Uuid>) -> Answer<Json<Item>> {
    sqlx::query_as("SELECT id, title, completed, priority, created_at FROM items WHERE id = ?")
        .bind(id)
        .fetch_optional(&db.read)
        .await?
        .map(Json)
        .ok_or(Problem::NotFound)
}

/// `GET /api/items`
pub async fn list(State(db): State<Db>, Query(query): Query<ListQuery>) -> Answer<Json<Vec<Item>>> {
    let mut sql = QueryBuilder::new("SELECT id, title, completed, priority, created_at FROM items");
    if let Some(completed) = query.completed {
        sql.push(" WHERE completed = ").push_bind(completed);
    }
    sql.push(" ORDER BY ").push(query.sort.unwrap_or_default().columns());
    sql.push(" LIMIT ").push_bind(query.limit.unwrap_or(100));
    Ok(Json(sql.build_query_as().fetch_all(&db.read).await?))
}

/// `POST /api/items`
pub async fn insert(State(db): State<Db>, Json(new): Json<NewItem>) -> Answer<(StatusCode, Json<Item>)> {
    let item = Item {
        id: Uuid::new_v4(),
        title: new.title,
        completed: new.completed,
        priority: new.priority,
        created_at: Utc::now(),
    };
    sqlx::query("INSERT INTO items (id, title, completed, priority, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(item.id)
        .bind(&item.title)
        .bind(item.completed)
        .bind(item.priority)
        .bind(item.created_at)
        .execute(&mut *db.writer().await)
        .await?;
    Ok((StatusCode::CREATED, Json(item)))
}

/// `PUT /api/items/{id}`
pub async fn update(State(db): State<Db>, Path(id): Path<Uuid>, Json(patch): Json<ItemPatch>) -> Answer<Json<Item>> {
    sqlx::query_as(
        "UPDATE items SET title = coalesce(?, title), completed = coalesce(?, completed), \
         priority = coalesce(?, priority) WHERE id = ? \
         RETURNING id, title, completed, priority, created_at",
    )
    .bind(patch.title)
    .bind(patch.completed)
    .bind(patch.priority)
    .bind(id)
    .fetch_optional(&mut *db.writer().await)
    .await?
    .map(Json)
    .ok_or(Problem::NotFound)
}

/// `DELETE /api/items/{id}`
pub async fn delete(State(db): State<Db>, Path(id): Path<Uuid>) -> Answer<StatusCode> {
    let done = sqlx::query("DELETE FROM items WHERE id = ?").bind(id).execute(&mut *db.writer().await).await?;
    if done.rows_affected() == 0 { Err(Problem::NotFound) } else { Ok(StatusCode::NO_CONTENT) }
}

/// `POST /api/items/toggle`: reads, changes, saves.
pub async fn toggle(State(db): State<Db>, Json(call): Json<Call>) -> Answer<Json<Called<Item>>> {
    let id = call.row_info.id;
    let mut writer = db.writer().await;
    let mut tx = writer.begin_with(BEGIN).await?;
    let mut item: Item = sqlx::query_as("SELECT id, title, completed, priority, created_at FROM items WHERE id = ?")
        .bind(id)
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Problem::NotFound)?;
    item.completed = !item.completed;
    sqlx::query("UPDATE items SET completed = ? WHERE id = ?").bind(item.completed).bind(id).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Called::saved(id, item))
}
