//! The same by hand: structs, prepared statements, and a router that answers them.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use benches::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use sqlx::{FromRow, QueryBuilder, Sqlite, SqlitePool};
use uuid::Uuid;

/// An order with its lines.
#[derive(FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    id: i64,
    note: String,
    #[serde(serialize_with = "millis")]
    created_at: DateTime<Utc>,
    /// Its lines.
    #[sqlx(skip)]
    pub lines: Vec<Line>,
}

/// A line with its product.
#[derive(FromRow, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    id: i64,
    order_id: i64,
    product_id: i64,
    quantity: i64,
    price: i64,
    /// What was ordered.
    #[sqlx(skip)]
    pub product: Option<Product>,
}

/// Something to order.
#[derive(Clone, FromRow, Serialize)]
pub struct Product {
    id: i64,
    name: String,
}

/// One group of the items.
#[derive(FromRow, Serialize)]
pub struct Group {
    priority: i64,
    sum: Option<i64>,
    avg: Option<f64>,
    count: i64,
}

fn millis<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Serves what is measured over the API.
pub fn router(pool: SqlitePool) -> Router {
    Router::new()
        .route("/api/orders", get(|State(pool): State<SqlitePool>| async move { json(orders(&pool).await) }))
        .route("/api/items", post(|State(pool): State<SqlitePool>| async move { json(groups(&pool).await) }))
        .with_state(pool)
}

fn json<T: Serialize>(answer: Result<T>) -> Response {
    match answer {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => (axum::http::StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A hundred orders with their lines, and these with their products: three statements.
pub async fn orders(pool: &SqlitePool) -> Result<Vec<Order>> {
    let mut orders: Vec<Order> =
        sqlx::query_as("SELECT id, note, created_at FROM orders ORDER BY id LIMIT ?").bind(100).fetch_all(pool).await?;
    let sql = "SELECT id, order_id, product_id, quantity, price FROM lines WHERE order_id IN (";
    let mut lines: Vec<Line> = among(sql, orders.iter().map(|order| order.id), ") ORDER BY id", pool).await?;
    let mut wanted: Vec<_> = lines.iter().map(|line| line.product_id).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let products: Vec<Product> =
        among("SELECT id, name FROM products WHERE id IN (", wanted.into_iter(), ")", pool).await?;
    let products: HashMap<_, _> = products.into_iter().map(|product| (product.id, product)).collect();
    let places: HashMap<_, _> = orders.iter().enumerate().map(|(at, order)| (order.id, at)).collect();
    for mut line in lines.drain(..) {
        line.product = products.get(&line.product_id).cloned();
        if let Some(order) = places.get(&line.order_id).and_then(|at| orders.get_mut(*at)) {
            order.lines.push(line);
        }
    }
    Ok(orders)
}

async fn among<T>(before: &str, ids: impl Iterator<Item = i64>, behind: &str, pool: &SqlitePool) -> Result<Vec<T>>
where
    T: for<'r> FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
{
    let mut sql = QueryBuilder::<Sqlite>::new(before);
    let mut list = sql.separated(", ");
    for id in ids {
        list.push_bind(id);
    }
    sql.push(behind);
    Ok(sql.build_query_as().fetch_all(pool).await?)
}

/// Sums, averages and counts of a million items, by their priority.
pub async fn groups(pool: &SqlitePool) -> Result<Vec<Group>> {
    let sql = "SELECT priority, SUM(amount) AS sum, AVG(amount) AS avg, COUNT(*) AS count FROM items \
               GROUP BY priority ORDER BY priority";
    Ok(sqlx::query_as(sql).fetch_all(pool).await?)
}

/// An item to insert.
#[derive(Clone)]
pub struct Item {
    /// Random.
    pub id: Uuid,
    /// A text.
    pub title: String,
    /// Is it done?
    pub completed: bool,
    /// 0 to 4.
    pub priority: i32,
    /// 0 to 999.
    pub amount: i64,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// Inserts items as multi-row `VALUES`, so many to a statement.
pub async fn insert(pool: &SqlitePool, items: &[Item], chunk: usize) -> Result<()> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    for chunk in items.chunks(chunk) {
        let mut sql =
            QueryBuilder::<Sqlite>::new("INSERT INTO items (id, title, completed, priority, amount, created_at) ");
        sql.push_values(chunk, |mut row, item| {
            row.push_bind(item.id)
                .push_bind(&item.title)
                .push_bind(item.completed)
                .push_bind(item.priority)
                .push_bind(item.amount)
                .push_bind(item.created_at);
        });
        sql.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}
