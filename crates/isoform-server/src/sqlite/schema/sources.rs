//! What entities are read from that have no table of their own: it is looked at, and left as it is.

use isoform::meta::{EntityMeta, Source};
use isoform::{Error, Result};
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _, SqliteConnection, Statement as _};

use crate::sql;

/// Passes where everything is there that is read.
///
/// # Errors
/// Names what is missing.
pub(super) async fn look_at(connection: &mut SqliteConnection, meta: &EntityMeta) -> Result<()> {
    let (from, named) = match meta.source {
        // What a function answers is not known before it is asked.
        Source::Table | Source::Function(_) | Source::Nothing => return Ok(()),
        Source::View => (format!("\"{}\"", meta.table), format!("the view \"{}\"", meta.table)),
        Source::Sql(parts) => (format!("({})", sql::text_of_source(parts, 0)), "its SQL".to_owned()),
    };
    let wrong = |problem: String| Error::invalid(format!("{} is read from {named}: {problem}.", meta.rust_name));
    // Safe: what the application says of its own entities, with names without quotes.
    let text = AssertSqlSafe(format!("SELECT * FROM {from}")).into_sql_str();
    let statement = connection.prepare(text).await.map_err(|error| match error.as_database_error() {
        Some(refused) => wrong(refused.message().to_owned()),
        None => super::plain_error(&error),
    })?;
    let there: Vec<_> = statement.columns().iter().map(sqlx::Column::name).collect();
    let is_there = |name: &str| there.iter().any(|other| other.eq_ignore_ascii_case(name));
    let columns = meta.columns().iter().map(|field| meta.field(field).column);
    let missing: Vec<_> = columns.filter(|name| !is_there(name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(wrong(format!("it has no column {}; there are {}", missing.join(", "), there.join(", "))))
}
