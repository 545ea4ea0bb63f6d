//! Paging deep into a million rows, and going through all of them: `cargo run --release -p benches --bin deep-pages`.
//!
//! Page 30,000 by the paginator beside page 1, directly and over the API in the same process, by an order that is distinct and
//! by one of five values; the same page by counting rows, for comparison. Before that a stream over all rows, with the most
//! memory that the process has had until then. Linux tells that; elsewhere it is left out.

#![cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, reason = "what only the bodies of the server use")
)]

use std::time::{Duration, Instant};

use benches::Result;
use isoform::prelude::*;
use isoform_server::{Api, Database, InProcess};

/// So many rows there are.
const ROWS: u32 = 1_000_000;
/// So many are on a page.
const SIZE: u64 = 25;
/// The deep page.
const DEEP: u64 = 30_000;
/// Each page is asked for so many times.
const TIMES: usize = 301;

/// One of a million.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "items", allow(crud = true))]
pub struct Item {
    /// Random.
    #[field(id)]
    pub id: Uuid,
    /// A text.
    pub title: String,
    /// Is it done?
    pub completed: bool,
    /// 0 to 4.
    #[field(index)]
    pub priority: i32,
    /// A second each.
    #[field(index, created_at)]
    pub created_at: DateTime<Utc>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::temp_dir().join(format!("isoform-deep-pages-{}.db", std::process::id()));
    let _removed = Removed(file.clone());
    let address = format!("sqlite://{}", file.display());
    let database = Database::connect(&address).await?;
    let api = Api::new(database.clone()).entities(entities![Item]);
    api.ensure_schema().await?;
    fill(&address).await?;
    let direct = Context::api(&database);
    let over_http = Context::over(InProcess::remote(api.into_router()?));

    println!("| {ROWS} rows | seconds | MB resident at most | goal |\n| --- | ---: | ---: | ---: |");
    for (way, context) in [("trusted", &database.context()), ("guarded", &direct), ("over the API", &over_http)] {
        let start = Instant::now();
        let rows = context.run(stream()).await?;
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(rows, ROWS, "every row comes");
        println!("| stream, {way} | {seconds:.1} | {} | ≤ 60 |", resident());
    }

    println!("\n| page of {SIZE} | page 1 | page {DEEP} | ÷ | goal | page {DEEP} by counting |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let distinct: fn() -> Query<Item> = || Item::query().order_by(|i| i.created_at.desc()).limit(SIZE);
    let few: fn() -> Query<Item> = || Item::query().order_by(|i| i.priority.asc()).limit(SIZE);
    for (way, context) in [("directly", &direct), ("over the API", &over_http)] {
        for (order, query) in [("distinct", distinct), ("five values", few)] {
            let (first, deep, counted) = context.run(pages(query)).await?;
            let ratio = deep.as_secs_f64() / first.as_secs_f64();
            println!("| {order}, {way} | {first:.1?} | {deep:.1?} | {ratio:.2} | ≤ 1.2 | {counted:.1?} |");
        }
    }
    Ok(())
}

/// The file is gone however this ends.
struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", self.0.display()));
        }
    }
}

async fn fill(address: &str) -> Result<()> {
    let pool = sqlx::SqlitePool::connect(address).await?;
    let sql = "INSERT INTO items (id, title, completed, priority, created_at) \
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) \
        SELECT randomblob(16), 'Item ' || i, i % 2, i % 5, strftime('%Y-%m-%dT%H:%M:%S.000000Z', 1700000000 + i, 'unixepoch') FROM n";
    sqlx::query(sql).bind(ROWS).execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn stream() -> isoform::Result<u32> {
    let mut items = Item::query().stream();
    let mut count = 0;
    while items.try_next().await?.is_some() {
        count += 1;
    }
    Ok(count)
}

/// How long the first page takes, a deep one, and a deep one by counting rows: medians, asked for in turn.
async fn pages(query: fn() -> Query<Item>) -> isoform::Result<(Duration, Duration, Duration)> {
    let before = query().page(DEEP - 1).paginate().await?;
    let (mut first, mut deep, mut counted) = (Vec::new(), Vec::new(), Vec::new());
    for time in 0..TIMES {
        let start = Instant::now();
        let page = query().paginate().await?;
        first.push(start.elapsed());
        assert_eq!(page.items.len() as u64, SIZE, "a whole page");
        let start = Instant::now();
        let page = before.next().await?;
        deep.push(start.elapsed());
        assert_eq!(page.map_or(0, |page| page.items.len()) as u64, SIZE, "a whole page");
        if time % 20 == 0 {
            let start = Instant::now();
            query().page(DEEP).await?;
            counted.push(start.elapsed());
        }
    }
    Ok((median(first), median(deep), median(counted)))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The most memory that was resident so far.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or_else(|| "?".into(), |kilobytes| format!("{:.0}", kilobytes / 1024.0))
}
