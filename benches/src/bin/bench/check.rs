//! Whether a server answers what the others answer: a fast wrong answer is no figure.

use benches::Result;
use serde_json::Value;

use crate::client::Connection;
use crate::requests::{Op, Table, request};
use crate::seed::{Row, Rows};
use crate::server::Server;

/// Sends one request of each kind and looks at what comes back.
pub async fn answers(server: &Server, rows: &Rows) -> Result<()> {
    let row = rows.first().ok_or("no rows")?;

    let list = ask(server, Op::List, row).await?;
    let titles: Vec<_> = list.as_array().into_iter().flatten().filter_map(|row| row["title"].as_str()).collect();
    same(Op::List, "titles", &titles, &rows.listed())?;

    let one = ask(server, Op::One, row).await?;
    same(Op::One, "id", &one["id"], &Value::from(row.id.to_string()))?;
    same(Op::One, "title", &one["title"], &Value::from(row.title.as_str()))?;
    same(Op::One, "completed", &one["completed"], &Value::from(row.completed))?;

    let updated = ask(server, Op::Update, row).await?;
    match server.subject.part.table() {
        Table::Items => same(Op::Update, "priority", &updated["priority"], &Value::from(8))?,
        Table::Tasks => {
            same(Op::Update, "title", &updated["title"], &Value::from("a changed title 1"))?;
            same(Op::Update, "version", &updated["version"], &Value::from(2))?;
        }
    }

    // Twice, so that the row is as it was.
    for completed in [!row.completed, row.completed] {
        let called = ask(server, Op::Method, row).await?;
        let data = &called["rowInfo"]["data"];
        same(Op::Method, "completed", &data["completed"], &Value::from(completed))?;
        let stored = ask(server, Op::One, row).await?;
        same(Op::Method, "the stored row", data, &stored)?;
    }

    let inserted = ask(server, Op::Insert, row).await?;
    same(Op::Insert, "title", &inserted["title"], &Value::from("an added title 00001"))?;
    same(Op::Insert, "completed", &inserted["completed"], &Value::from(false))?;
    if server.subject.part.table() == Table::Tasks {
        same(Op::Insert, "owner", &inserted["owner"], &Value::from(server.user_id.as_str()))?;
    }
    Ok(())
}

async fn ask(server: &Server, op: Op, row: &Row) -> Result<Value> {
    let mut connection = Connection::open(server.addr).await?;
    let reply = connection.send(&request(server, op, row.id, 1)).await?;
    reply.expect_status(op.expected_status()).map_err(|e| format!("{op}: {e}"))?;
    reply.json()
}

fn same<T: PartialEq + std::fmt::Debug>(op: Op, what: &str, answered: &T, expected: &T) -> Result<()> {
    if answered == expected {
        return Ok(());
    }
    Err(format!("{op}: {what} is {answered:?} where {expected:?} was expected").into())
}
