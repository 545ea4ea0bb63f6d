//! The `items` entity served by Isoform, for `bench` to load beside the others.
//!
//! To be filled in once the framework stands: read [`benches::ServerFlags`], open the database at
//! `--db`, make the schema, serve `Item` (key `items`, instance method `toggle`) on `--port`, and
//! call [`benches::ServerFlags::announce_ready`]. Until then it ends at once and `bench` leaves
//! Isoform's columns empty.

fn main() {}
