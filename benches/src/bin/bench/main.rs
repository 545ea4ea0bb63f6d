//! Loads each server with the same requests and prints the ratios as Markdown.
//!
//! ```text
//! cargo run --release -p benches --bin bench -- [--seconds N] [--rounds N] [--only items|tasks|hooks|memory] [--filter OP] [--no-build] [--before PATH]
//! ```
//!
//! For each table every server gets a fresh database with the same 10,000 rows, answers one request of each
//! kind with what it should, and is then loaded over 16 connections: operation by operation, in
//! rounds that alternate between the servers, of which the median counts. An answer with a status
//! that is not the expected one ends the run.

mod check;
mod client;
mod load;
mod options;
mod report;
mod requests;
mod seed;
mod server;
mod subject;

use std::path::Path;
use std::time::Duration;

use benches::Result;
use options::{Only, Options};
use report::{Memory, Report};
use requests::{Op, Part};
use seed::Rows;
use server::{Scratch, Server};
use subject::{Left, Subject};

// One thread: the client must leave the cores to the servers.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = Options::parse(std::env::args().skip(1))?;
    if cfg!(debug_assertions) {
        eprintln!("This is a debug build: the figures mean nothing. Use `cargo run --release`.");
    }
    if options.build {
        subject::build()?;
    }
    let scratch = Scratch::new()?;
    if let Some(before) = &options.before {
        subject::BEFORE.get_or_init(|| before.clone());
    }
    for part in Part::ALL.into_iter().filter(|part| options.takes(*part)) {
        println!("{}", run(part, &options, scratch.path()).await?);
    }
    Ok(())
}

/// Measures one part on all of its servers.
async fn run(part: Part, options: &Options, scratch: &Path) -> Result<Report> {
    let rows = Rows::generate(part.table());
    let mut report = Report::new(part);
    let mut servers = Vec::new();
    for subject in Subject::all(part) {
        match start(subject, &rows, scratch).await? {
            Ok(server) => servers.push(server),
            Err(Left(why)) => eprintln!("{}: left out: {why}", subject.name),
        }
    }
    if options.only != Some(Only::Memory) {
        for op in Op::ALL.into_iter().filter(|op| options.wants(*op)) {
            measure(op, &mut servers, &rows, options, &mut report).await?;
        }
    }
    for server in &servers {
        let after = (options.only != Some(Only::Memory)).then(|| server.resident_kib()).transpose()?;
        report.memory.push(Memory { side: server.subject.side, idle: server.idle_kib, after });
    }
    Ok(report)
}

/// Starts a server, fills its tables and sees that it does what will be measured.
async fn start(subject: &'static Subject, rows: &Rows, scratch: &Path) -> Result<Result<Server, Left>> {
    if let Some(left) = subject.left_out() {
        return Ok(Err(left));
    }
    eprintln!("{}: starting", subject.name);
    let mut server = match Server::start(subject, scratch).await? {
        Ok(server) => server,
        Err(left) => return Ok(Err(left)),
    };
    server.sign_in().await?;
    seed::fill(&server, rows).await?;
    check::answers(&server, rows).await.map_err(|e| server.blame(e))?;
    Ok(Ok(server))
}

/// Measures one operation, the servers taking turns.
async fn measure(op: Op, servers: &mut [Server], rows: &Rows, options: &Options, report: &mut Report) -> Result<()> {
    let duration = Duration::from_secs_f64(options.seconds);
    let warm_up = Duration::from_secs_f64((options.seconds / 3.0).min(1.0));
    let requests: Vec<_> = servers.iter().map(|server| requests::build(server, op, rows)).collect();
    for round in 0..=options.rounds {
        for (server, requests) in servers.iter_mut().zip(&requests) {
            let duration = if round == 0 { warm_up } else { duration };
            let sample =
                load::run(server.addr, requests, op.expected_status(), duration).await.map_err(|e| server.blame(e))?;
            if round > 0 {
                eprintln!("{op}, round {round}, {}: {sample}", server.subject.name);
                report.add(op, server.subject.side, sample);
            }
        }
    }
    Ok(())
}
