//! What the servers under load share: their flags and their word that they are ready.
//!
//! `bench` (`src/bin/bench`) starts each server as a child process with `--db PATH --port N`, waits for the
//! line `ready` on its stdout, fills its tables and loads it. `handwritten` (`src/bin/handwritten`) is the
//! yardstick: axum and sqlx, written by hand. `isoform-items` and the application's own release server
//! are what is measured; `remult/server.mjs` is the other framework.

mod flags;

pub use flags::{Result, ServerFlags};
