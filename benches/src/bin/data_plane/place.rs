//! Where both sides work: a file with the rows, Isoform's connection to it, and one of sqlx.

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use benches::Result;
use isoform::prelude::*;
use isoform_server::{Api, Database};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tower::ServiceExt as _;

use crate::entities::{Item, Line, Order, Product};
use crate::hand;

/// So many items there are.
pub const ITEMS: u32 = 1_000_000;
/// So many orders, each of ten lines.
pub const ORDERS: u32 = 1_000;
/// So many products.
pub const PRODUCTS: u32 = 500;

/// The file, and who works on it.
pub struct Place {
    file: PathBuf,
    /// Isoform's.
    pub database: Database,
    /// The API of Isoform.
    pub api: Router,
    /// sqlx's.
    pub pool: SqlitePool,
    /// The API by hand.
    pub by_hand: Router,
}

impl Place {
    /// Makes the file, with or without its million rows.
    pub async fn make(million: bool) -> Result<Self> {
        let file = std::env::temp_dir().join(format!("isoform-data-plane-{}.db", std::process::id()));
        let database = Database::connect(&format!("sqlite://{}", file.display())).await?;
        let api = Api::new(database.clone()).entities(entities![Item, Order, Line, Product]);
        api.ensure_schema().await?;
        // As Isoform opens it.
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true);
        let pool = SqlitePoolOptions::new().max_connections(4).test_before_acquire(false).connect_with(options).await?;
        let place = Self { file, database, api: api.into_router()?, by_hand: hand::router(pool.clone()), pool };
        place.fill(if million { ITEMS } else { 0 }).await?;
        Ok(place)
    }

    async fn fill(&self, items: u32) -> Result<()> {
        const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)";
        const TIME: &str = "strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1700000000 + i, 'unixepoch')";
        let fills = [
            (PRODUCTS, format!("INSERT INTO products (id, name) {NUMBERS} SELECT i, 'Product ' || i FROM n")),
            (
                ORDERS,
                format!("INSERT INTO orders (id, note, created_at) {NUMBERS} SELECT i, 'Order ' || i, {TIME} FROM n"),
            ),
            (
                ORDERS * 10,
                format!(
                    "INSERT INTO lines (id, order_id, product_id, quantity, price) {NUMBERS} \
                     SELECT i, 1 + i / 10 % {ORDERS}, 1 + i * 7 % {PRODUCTS}, 1 + i % 9, 100 + i % 5000 FROM n"
                ),
            ),
            (
                items,
                format!(
                    "INSERT INTO items (id, title, completed, priority, amount, created_at) {NUMBERS} \
                     SELECT randomblob(16), 'Item ' || i, i % 2, i % 5, i % 1000, {TIME} FROM n"
                ),
            ),
        ];
        for (count, sql) in fills.into_iter().filter(|(count, _)| *count > 0) {
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(count).execute(&self.pool).await?;
        }
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
        Ok(())
    }
}

impl Drop for Place {
    /// The file is gone however this ends.
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.file.display()));
        }
    }
}

/// The body of a 200 to a request.
pub async fn answer(router: &Router, method: &str, uri: &str, body: &str) -> Result<Bytes> {
    let request = Request::builder().method(method).uri(uri).header("content-type", "application/json");
    let response = router.clone().oneshot(request.body(Body::from(body.to_owned()))?).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    if status.is_success() { Ok(body) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()) }
}

/// Does the one and the other in turn, and prints the medians.
pub async fn beside<H, I>(
    what: &str,
    goal: f64,
    rounds: usize,
    mut by_hand: impl FnMut() -> H,
    mut isoform: impl FnMut() -> I,
) -> Result<()>
where
    H: Future<Output = Result<Duration>>,
    I: Future<Output = Result<Duration>>,
{
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let (hand, own) = if round % 2 == 0 {
            let hand = by_hand().await?;
            (hand, isoform().await?)
        } else {
            let own = isoform().await?;
            (by_hand().await?, own)
        };
        if round > 0 {
            theirs.push(hand);
            ours.push(own);
        }
    }
    let (theirs, ours) = (median(theirs), median(ours));
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    let verdict = if ratio < goal { format!("**{ratio:.2}, too slow**") } else { format!("{ratio:.2}") };
    println!("| {what} | {theirs:.2?} | {ours:.2?} | {verdict} | ≥ {goal} |");
    Ok(())
}

/// How long something takes, done so many times.
pub async fn timed<T, F: Future<Output = Result<T>>>(times: u32, mut what: impl FnMut() -> F) -> Result<Duration> {
    let start = Instant::now();
    for _ in 0..times {
        std::hint::black_box(what().await?);
    }
    Ok(start.elapsed() / times)
}

/// The one in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
