//! The five operations as bytes.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use uuid::Uuid;

use crate::seed::{ROWS, Rows};
use crate::server::Server;

/// The two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// No rules, nobody signed in.
    Items,
    /// A signed-in owner, a length check, stamps, a version.
    Tasks,
}

/// A part of the benchmark: servers that are compared on one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// By hand, and the other framework.
    Items,
    /// By hand, with a user, rules and stamps.
    Tasks,
    /// This framework beside itself: with hooks and handlers that do nothing, and an earlier build.
    Hooks,
}

impl Part {
    /// In the order of the report.
    pub const ALL: [Self; 3] = [Self::Items, Self::Tasks, Self::Hooks];

    /// The table that is asked for.
    pub fn table(self) -> Table {
        match self {
            Self::Items | Self::Hooks => Table::Items,
            Self::Tasks => Table::Tasks,
        }
    }
}

impl Table {
    /// The table's name in the database and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Tasks => "tasks",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Self::Items => "toggle",
            Self::Tasks => "toggleCompleted",
        }
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// One row by its id.
    One,
    /// 25 of 3,500 rows, sorted, without an index.
    List,
    /// One field of one row.
    Update,
    /// An instance method that reads the row, changes it and saves it.
    Method,
    /// A new row.
    Insert,
}

impl Op {
    /// In the order of the report, which is also that of the run: what adds rows or moves them in or out of
    /// the list comes after the list.
    pub const ALL: [Self; 5] = [Self::One, Self::List, Self::Update, Self::Method, Self::Insert];

    /// The status of the right answer.
    pub fn expected_status(self) -> u16 {
        if self == Self::Insert { 201 } else { 200 }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::One => "read one",
            Self::List => "list 25 of 3,500, sorted",
            Self::Update => "update",
            Self::Method => "method: read, change, save",
            Self::Insert => "insert",
        })
    }
}

/// How many different requests there are for each row. Remult writes nothing when nothing differs, so an
/// update always brings another value than the one before it in nearly all cases.
const VARIANTS: usize = 4;

/// All requests of an operation; a connection draws from them at random.
pub fn build(server: &Server, op: Op, rows: &Rows) -> Arc<[Vec<u8>]> {
    let ids = rows.reachable();
    match op {
        Op::List => [request(server, op, Uuid::nil(), 0)].into(),
        Op::One | Op::Method => ids.map(|id| request(server, op, id, 0)).collect(),
        Op::Update => {
            ids.flat_map(|id| (0..VARIANTS).map(move |n| (id, n))).map(|(id, n)| request(server, op, id, n)).collect()
        }
        Op::Insert => (0..ROWS).map(|n| request(server, op, Uuid::nil(), n)).collect(),
    }
}

/// One request; `n` makes the written value differ.
pub fn request(server: &Server, op: Op, id: Uuid, n: usize) -> Vec<u8> {
    let table = server.subject.part.table();
    let (name, method) = (table.name(), table.method());
    match op {
        Op::One => bytes(server, "GET", &format!("/api/{name}/{id}"), ""),
        Op::List => bytes(server, "GET", &format!("/api/{name}?completed=false&_sort=title&_limit=25"), ""),
        Op::Update => {
            let body = match table {
                Table::Items => format!(r#"{{"priority":{}}}"#, 7 + n),
                Table::Tasks => format!(r#"{{"title":"a changed title {n}"}}"#),
            };
            bytes(server, "PUT", &format!("/api/{name}/{id}"), &body)
        }
        Op::Method => {
            let row_info = format!(r#"{{"data":{{"id":"{id}"}},"isNewRow":false,"wasChanged":false,"id":"{id}"}}"#);
            bytes(server, "POST", &format!("/api/{name}/{method}"), &format!(r#"{{"args":[],"rowInfo":{row_info}}}"#))
        }
        Op::Insert => {
            let priority = if table == Table::Items { "3" } else { r#""normal""# };
            let body = format!(r#"{{"title":"an added title {n:05}","completed":false,"priority":{priority}}}"#);
            bytes(server, "POST", &format!("/api/{name}"), &body)
        }
    }
}

/// A whole HTTP/1.1 request.
pub fn bytes(server: &Server, method: &str, path: &str, body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", server.addr);
    if let Some(cookie) = &server.cookie {
        let _ = write!(text, "Cookie: {cookie}\r\n");
    }
    if !body.is_empty() {
        let _ = write!(text, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}
