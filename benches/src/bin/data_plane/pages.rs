//! Paging deep into a million rows, and going through all of them.
//!
//! Page 30,000 by the paginator beside page 1, directly and over the API in the same process, by an order that is distinct and
//! by one of five values; the same page by counting rows, for comparison. Before that a stream over all rows, with the most
//! memory that the process has had until then. Linux tells that; elsewhere it is left out.

use std::time::{Duration, Instant};

use benches::Result;
use isoform::prelude::*;
use isoform_server::InProcess;

use crate::entities::Item;
use crate::place::{ITEMS, Place, median};

/// So many are on a page.
const SIZE: u64 = 25;
/// The deep page.
const DEEP: u64 = 30_000;
/// Each page is asked for so many times.
const TIMES: usize = 301;

/// Measures both.
pub async fn run(place: &Place) -> Result<()> {
    let database = &place.database;
    let direct = Context::api(database);
    let over_http = Context::over(InProcess::remote(place.api.clone()));

    println!("| {ITEMS} rows | seconds | MB resident at most | goal |\n| --- | ---: | ---: | ---: |");
    for (way, context) in [("trusted", &database.context()), ("guarded", &direct), ("over the API", &over_http)] {
        let start = Instant::now();
        let rows = context.run(stream()).await?;
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(rows, ITEMS, "every row comes");
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

/// The most memory that was resident so far.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kilobytes.map_or_else(|| "?".into(), |kilobytes| format!("{:.0}", kilobytes / 1024.0))
}
