//! What a repository does with many rows, beside the same by hand: `cargo run --release -p benches --bin data-plane`.
//!
//! ```text
//! data-plane [--rounds N] [--only include|groups|insert|pages]
//! ```
//!
//! Both sides work in one process, on one file, in turn; the median of the rounds counts. Over the API both answer the same
//! bytes through an axum router, so that nothing but the servers' own work differs. By hand means sqlx with prepared statements,
//! as somebody would write it who knows the tables.

#![cfg_attr(
    target_arch = "wasm32",
    allow(dead_code, unused_imports, reason = "what only the bodies of the server use")
)]

mod entities;
mod groups;
mod hand;
mod include;
mod insert;
mod pages;
mod place;

use benches::Result;
use place::Place;

#[tokio::main]
async fn main() -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: the figures mean nothing. Use `cargo run --release`.");
    }
    let options = Options::parse(std::env::args().skip(1))?;
    let place = Place::make(options.wants("groups") || options.wants("pages")).await?;
    // First: the most memory that was resident counts there.
    if options.wants("pages") {
        pages::run(&place).await?;
    }
    println!(
        "\n| ratio of rates to by hand | by hand | Isoform | Isoform ÷ by hand | goal |\n| --- | ---: | ---: | ---: | ---: |"
    );
    if options.wants("include") {
        include::run(&place, options.rounds).await?;
    }
    if options.wants("groups") {
        groups::run(&place, options.rounds).await?;
    }
    if options.wants("insert") {
        insert::run(&place, options.rounds).await?;
    }
    Ok(())
}

/// What is measured, and how often.
struct Options {
    rounds: usize,
    only: Option<String>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut options = Self { rounds: 15, only: None };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
                "--only" => match value()? {
                    part if ["include", "groups", "insert", "pages"].contains(&part.as_str()) => {
                        options.only = Some(part);
                    }
                    other => return Err(format!("--only {other}: include, groups, insert or pages").into()),
                },
                other => {
                    return Err(format!("{other} is not known: --rounds N, --only include|groups|insert|pages").into());
                }
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}
