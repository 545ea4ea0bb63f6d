//! Indexes that entities declare: for filters, and for orders whose pages are read by a cursor.

use isoform::Result;
use isoform::meta::{Direction, EntityMeta};
use sea_query::{Alias, Index, IndexOrder, SqliteQueryBuilder};
use sqlx::SqliteConnection;

use super::super::dialect::plain_error;
use super::run;

/// Creates those that are missing; answers which, a sentence each.
pub(super) async fn ensure(connection: &mut SqliteConnection, meta: &EntityMeta) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for index in meta.indexes {
        let order = meta.complete_order(index);
        let name = name(meta, index);
        if exists(connection, &name).await? {
            continue;
        }
        run(connection, create(meta, &name, &order)).await?;
        let columns: Vec<_> = order.iter().map(|(field, _)| meta.field(*field).column).collect();
        done.push(format!("created an index on {} of the table {}", columns.join(", "), meta.table));
    }
    Ok(done)
}

/// A name that says what it is of, so that an index that is declared otherwise is another one.
fn name(meta: &EntityMeta, index: &[(usize, Direction)]) -> String {
    let part = |(field, direction): &(usize, Direction)| match direction {
        Direction::Asc => meta.field(*field).column.to_owned(),
        Direction::Desc => format!("{}_desc", meta.field(*field).column),
    };
    let parts: Vec<_> = index.iter().map(part).collect();
    format!("{}_{}_index", meta.table, parts.join("_"))
}

async fn exists(connection: &mut SqliteConnection, name: &str) -> Result<bool> {
    let found = sqlx::query("SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = ?").bind(name.to_owned());
    Ok(found.fetch_optional(connection).await.map_err(|error| plain_error(&error))?.is_some())
}

fn create(meta: &EntityMeta, name: &str, order: &[(usize, Direction)]) -> String {
    let mut index = Index::create();
    index.if_not_exists().name(name).table(Alias::new(meta.table));
    for (field, direction) in order {
        let direction = match direction {
            Direction::Asc => IndexOrder::Asc,
            Direction::Desc => IndexOrder::Desc,
        };
        index.col((Alias::new(meta.field(*field).column), direction));
    }
    index.to_string(SqliteQueryBuilder)
}
