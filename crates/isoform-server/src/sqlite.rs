//! SQLite: the embedded database. Many readers, one writer.
//!
//! Reads take a connection from a pool. Writes and transactions take the one writing connection, in turn: SQLite lets
//! one write at a time anyway, and waiting here is fair and never fails, while waiting inside SQLite is neither.

mod cell;
mod connection;
mod dialect;
mod readers;
mod schema;

use std::sync::Arc;

use futures::TryStreamExt as _;
use isoform::future::BoxFuture;
use isoform::meta::{EntityMeta, FieldMask};
use isoform::provider::{DataProvider, Find, Transaction};
use isoform::{Condition, Error, Result, Row, Value};
use sqlx::{Row as _, SqliteConnection};

pub(crate) use connection::connect;
use connection::{Connections, End, Open};
use dialect::{Sqlite, query};

use crate::sql::{self, Answer, Statement};

/// SQLite, over connections of its own or over the one of an open transaction.
struct Provider<C>(C);

async fn rows(connection: &mut SqliteConnection, meta: &EntityMeta, statement: Statement<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut stream = query(statement).fetch(connection);
    while let Some(row) = stream.try_next().await.map_err(|error| dialect::error(&error, meta))? {
        rows.push(cell::row(&row, meta)?);
    }
    Ok(rows)
}

/// One row: SQLite's thread says so once, where a stream of rows says it twice.
async fn one_row(
    connection: &mut SqliteConnection,
    meta: &EntityMeta,
    statement: Statement<'_>,
) -> Result<Option<Row>> {
    let row = query(statement).fetch_optional(connection).await.map_err(|error| dialect::error(&error, meta))?;
    row.map(|row| cell::row(&row, meta)).transpose()
}

async fn execute(connection: &mut SqliteConnection, meta: &EntityMeta, statement: Statement<'_>) -> Result<u64> {
    let done = query(statement).execute(connection).await.map_err(|error| dialect::error(&error, meta))?;
    Ok(done.rows_affected())
}

impl<C: Connections> DataProvider for Provider<C> {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn find<'a>(&'a self, meta: &'static EntityMeta, find: &'a Find) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let statement = sql::select::<Sqlite>(meta, find, meta.all_fields())?;
            let mut connection = self.0.reading().await?;
            if find.limit == Some(1) {
                return Ok(one_row(&mut connection, meta, statement).await?.into_iter().collect());
            }
            rows(&mut connection, meta, statement).await
        })
    }

    fn find_json<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        fields: FieldMask,
        out: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::select::<Sqlite>(meta, find, fields)?;
            let mut connection = self.0.reading().await?;
            let mut stream = query(statement).fetch(&mut *connection);
            let mut count = 0;
            while let Some(row) = stream.try_next().await.map_err(|error| dialect::error(&error, meta))? {
                if count > 0 {
                    out.push(b',');
                }
                cell::write_row(&row, meta, fields, out)?;
                count += 1;
            }
            Ok(count)
        })
    }

    fn count<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::count::<Sqlite>(meta, filter)?;
            let mut connection = self.0.reading().await?;
            let row =
                query(statement).fetch_one(&mut *connection).await.map_err(|error| dialect::error(&error, meta))?;
            let count: i64 = row.try_get(0).map_err(Error::internal)?;
            u64::try_from(count).map_err(Error::internal)
        })
    }

    fn insert<'a>(&'a self, meta: &'static EntityMeta, row: &'a [Value]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let statement = sql::insert::<Sqlite>(meta, row)?;
            execute(&mut *self.0.writing().await?, meta, statement).await.map(drop)
        })
    }

    fn update<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::update::<Sqlite>(meta, filter, set, Answer::Count)?;
            execute(&mut *self.0.writing().await?, meta, statement).await
        })
    }

    fn update_returning<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        Box::pin(async move {
            let statement = sql::update::<Sqlite>(meta, filter, set, Answer::Rows)?;
            one_row(&mut *self.0.writing().await?, meta, statement).await
        })
    }

    fn delete<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::delete::<Sqlite>(meta, filter)?;
            execute(&mut *self.0.writing().await?, meta, statement).await
        })
    }

    fn transaction(&self) -> Result<Arc<dyn Transaction>> {
        Ok(Arc::new(Provider(self.0.begin()?)))
    }

    fn ensure_schema<'a>(&'a self, entities: &'a [&'static EntityMeta]) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { schema::ensure(&mut *self.0.writing().await?, entities).await })
    }
}

impl Transaction for Provider<Open> {
    fn commit(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.0.end(End::Commit))
    }

    fn rollback(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.0.end(End::Rollback))
    }

    fn writes(&self) -> u64 {
        self.0.writes()
    }

    fn end_unused(&self) -> bool {
        self.0.end_unused()
    }

    fn into_provider(self: Arc<Self>) -> Arc<dyn DataProvider> {
        self
    }
}
