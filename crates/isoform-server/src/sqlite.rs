//! SQLite: the embedded database. Many readers, one writer.
//!
//! Reads take a connection from a pool. Writes and transactions take the one writing connection, in turn: SQLite lets
//! one write at a time anyway, and waiting here is fair and never fails, while waiting inside SQLite is neither.

mod cell;
mod combine;
mod connection;
mod dialect;
mod group;
#[cfg(test)]
mod plans;
mod raw;
mod readers;
mod savepoints;
mod schema;
mod transaction;
mod watch;
mod writer;

use std::borrow::Cow;
use std::sync::Arc;

use futures::{TryStreamExt as _, future};
use isoform::aggregate::{Aggregation, OVERFLOW};
use isoform::future::BoxFuture;
use isoform::meta::{EntityMeta, FieldMask, RelationMeta};
use isoform::provider::{DataProvider, Find, RelatedRow, RowWrite, Transaction};
use isoform::sql::{RowShape, Sql};
use isoform::{Condition, Error, Result, Row, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor as _, Row as _};
use transaction::Open;

use combine::Written;
pub(crate) use connection::connect;
use connection::{Connection, Connections, Single, Step};
use dialect::{Bound, Sqlite};

use crate::sql::{self, Answer, Statement};

/// SQLite, over connections of its own or over the one of an open transaction.
struct Provider<C>(C);

impl Connection {
    /// All rows that a statement answers, each handed to a function.
    async fn rows(
        &mut self,
        meta: &EntityMeta,
        statement: Statement<'_>,
        mut each: impl FnMut(&SqliteRow) -> Result<()>,
    ) -> Result<()> {
        let bound = Bound::new(statement)?;
        let around = self.begin(&bound.text);
        let mut stream = bound.query(around).fetch(&mut **self.watched());
        let (mut wrong, mut count) = (Ok(()), 0);
        let end = loop {
            match stream.try_next().await {
                Ok(Some(row)) => {
                    count += 1;
                    wrong = wrong.and_then(|()| each(&row));
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(stream);
        self.done(end, count, meta).and(wrong)
    }

    /// The first row that a statement answers: SQLite's thread says so once, where a stream of rows says it twice.
    async fn one_row(&mut self, meta: &EntityMeta, statement: Statement<'_>) -> Result<Option<SqliteRow>> {
        let bound = Bound::new(statement)?;
        let around = self.begin(&bound.text);
        let row = bound.query(around).fetch_optional(&mut **self.watched()).await;
        let count = u64::from(matches!(row, Ok(Some(_))));
        self.done(row, count, meta)
    }

    /// Was the write undone that a statement by itself has just made?
    fn was_undone(&self) -> bool {
        matches!(self, Self::Writer(writer) if writer.was_undone())
    }

    /// What a statement changed.
    async fn execute(&mut self, meta: &EntityMeta, bound: Bound) -> Result<Written> {
        let around = self.begin(&bound.text);
        let mut results = (**self.watched()).fetch_many(bound.query(around));
        let mut written = Written::default();
        let end = loop {
            match results.try_next().await {
                // `BEGIN`, `COMMIT` and what is said of savepoints change no row, and leave SQLite's count as it is.
                Ok(Some(sqlx::Either::Left(done))) => {
                    (written.changed, written.number) = (done.rows_affected(), done.last_insert_rowid());
                }
                Ok(Some(sqlx::Either::Right(_))) => {}
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(results);
        self.done(end, written.changed, meta).map(|()| written)
    }

    /// A statement is about to begin. Answers what stands before and behind it.
    fn begin(&mut self, text: &Arc<str>) -> (Cow<'static, str>, &'static str) {
        self.watched().begin(text);
        match self {
            Self::Transaction(connection) => connection.begin(),
            Self::Reader(_) | Self::Writer(_) => (Cow::Borrowed(""), ""),
        }
    }

    /// Takes note of how a statement ended, after so many rows.
    fn done<T>(&mut self, result: Result<T, sqlx::Error>, rows: u64, meta: &EntityMeta) -> Result<T> {
        self.watched().end(rows);
        if let Self::Transaction(connection) = self {
            connection.done(&result);
        }
        result.map_err(|error| dialect::error(&error, meta))
    }
}

impl<C: Connections> Provider<C> {
    /// The id of the one row that a statement with this condition is about, where it may go in step with those of other transactions.
    fn in_step(&self, meta: &EntityMeta, filter: &Condition) -> Option<Vec<Value>> {
        if !self.goes_in_step(meta) || filter.asks_elsewhere() {
            return None;
        }
        sql::pinned_id(meta, filter)
    }

    /// May a statement about one row go in step? What the database makes of a row may depend on other rows.
    fn goes_in_step(&self, meta: &EntityMeta) -> bool {
        self.0.goes_in_step() && meta.has_table() && meta.database_fields().is_empty()
    }

    /// How many rows a statement changed.
    async fn write(&self, meta: &EntityMeta, statement: Statement<'_>) -> Result<u64> {
        let bound = Bound::new(statement)?;
        let mut connection = self.0.writing().await?;
        let written = connection.execute(meta, bound).await;
        connection.release().await;
        written.map(|written| written.changed)
    }

    /// As [`Provider::write`], of a statement about one row.
    async fn write_one(&self, meta: &'static EntityMeta, statement: Statement<'_>) -> Result<Written> {
        match self.0.single().await? {
            Single::By(mut connection) => {
                let written = connection.execute(meta, Bound::new(statement)?).await;
                connection.release().await;
                written
            }
            Single::Together(line) => line.write(meta, statement).await,
        }
    }

    /// As [`Provider::write`]: what a condition says may be about one row, or about many.
    async fn write_where(
        &self,
        meta: &'static EntityMeta,
        filter: &Condition,
        statement: Statement<'_>,
    ) -> Result<u64> {
        if sql::pins_id(meta, filter) {
            self.write_one(meta, statement).await.map(|written| written.changed)
        } else {
            self.write(meta, statement).await
        }
    }
}

impl<C: Connections> DataProvider for Provider<C> {
    fn name(&self) -> &'static str {
        "SQLite"
    }

    fn find<'a>(&'a self, meta: &'static EntityMeta, find: &'a Find) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let mut statement = sql::select::<Sqlite>(meta, find, meta.columns())?;
            if let Some(id) = self.in_step(meta, &find.filter).filter(|_| find.limit == Some(1) && find.offset == 0) {
                match self.0.in_step(meta, id, statement, false).await? {
                    Step::Done(told) => return Ok(told.row.into_iter().collect()),
                    Step::Alone(same) => statement = same,
                }
            }
            let mut connection = self.0.reading().await?;
            if find.limit == Some(1) {
                let row = connection.one_row(meta, statement).await?;
                drop(connection);
                return row.iter().map(|row| cell::row(row, meta)).collect();
            }
            let mut rows = Vec::new();
            let keep = |row: &SqliteRow| cell::row(row, meta).map(|row| rows.push(row));
            connection.rows(meta, statement, keep).await?;
            Ok(rows)
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
            let mut count = 0;
            let write = |row: &SqliteRow| {
                if count > 0 {
                    out.push(b',');
                }
                count += 1;
                cell::write_row(row, meta, fields, out)
            };
            self.0.reading().await?.rows(meta, statement, write).await?;
            Ok(count)
        })
    }

    fn find_related<'a>(
        &'a self,
        relation: &'static RelationMeta,
        keys: &'a [Vec<Value>],
        find: &'a Find,
        between: &'a Condition,
        at_most: Option<u64>,
    ) -> BoxFuture<'a, Result<Vec<RelatedRow>>> {
        Box::pin(async move {
            let meta = relation.target();
            let statement = sql::related::<Sqlite>(&sql::RelatedRows { relation, keys, find, between, at_most })?;
            let mut rows = Vec::new();
            let keep = |row: &SqliteRow| {
                let values = cell::row(row, meta)?;
                rows.push((cell::key(row, &values, relation)?, values));
                Ok(())
            };
            self.0.reading().await?.rows(meta, statement, keep).await?;
            Ok(rows)
        })
    }

    fn find_fields<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        fields: FieldMask,
    ) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let statement = sql::select::<Sqlite>(meta, find, fields)?;
            let mut rows = Vec::new();
            let keep =
                |row: &SqliteRow| cell::values(row, meta, fields.iter().enumerate()).map(|values| rows.push(values));
            self.0.reading().await?.rows(meta, statement, keep).await?;
            Ok(rows)
        })
    }

    fn find_page<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        size: u64,
        fields: FieldMask,
        out: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        Box::pin(async move {
            let ordered = || find.order.iter().filter_map(|(key, _)| key.field());
            let present = fields.or(ordered().collect());
            let statement = sql::select::<Sqlite>(meta, find, present)?;
            let place = |field: usize| (present.iter().take_while(|other| *other < field).count(), field);
            let (mut count, mut last) = (0, Vec::new());
            let write = |row: &SqliteRow| {
                count += 1;
                if count > size {
                    return Ok(());
                }
                if count > 1 {
                    out.push(b',');
                }
                if count == size {
                    last = cell::values(row, meta, ordered().map(place))?;
                }
                cell::write_part(row, meta, fields, present, out)
            };
            self.0.reading().await?.rows(meta, statement, write).await?;
            Ok((count > size).then_some(last))
        })
    }

    fn count<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::count::<Sqlite>(meta, filter)?;
            let mut counted = 0_i64;
            let read = |row: &SqliteRow| {
                counted = row.try_get(0).map_err(Error::internal)?;
                Ok(())
            };
            self.0.reading().await?.rows(meta, statement, read).await?;
            u64::try_from(counted).map_err(Error::internal)
        })
    }

    fn aggregate<'a>(&'a self, meta: &'static EntityMeta, asked: &'a Aggregation) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let statement = sql::aggregate::<Sqlite>(meta, asked)?;
            let mut rows = Vec::new();
            let keep = |row: &SqliteRow| cell::group(row, meta, asked).map(|row| rows.push(row));
            let read = self.0.reading().await?.rows(meta, statement, keep).await;
            read.map_err(|error| if error.code() == Some(OVERFLOW) { asked.overflow(meta) } else { error })?;
            Ok(rows)
        })
    }

    fn insert<'a>(&'a self, meta: &'static EntityMeta, row: &'a [Value]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut statement = sql::insert::<Sqlite>(meta, row)?;
            if self.goes_in_step(meta) {
                let id = meta.ids.iter().filter_map(|id| row.get(*id).cloned()).collect();
                match self.0.in_step(meta, id, statement, true).await? {
                    Step::Done(_) => return Ok(()),
                    Step::Alone(same) => statement = same,
                }
            }
            self.write_one(meta, statement).await.map(drop)
        })
    }

    fn insert_many<'a>(&'a self, meta: &'static EntityMeta, rows: &'a [Row]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut parts = sql::parts::<Sqlite>(meta, rows);
            let mut bound = || parts.next().map(|part| Bound::new(sql::insert_many::<Sqlite>(meta, part)?)).transpose();
            let mut next = bound()?;
            let mut connection = self.0.writing().await?;
            while let Some(part) = next {
                // While SQLite's thread writes a part, the next one is made here.
                let (written, made) = future::join(connection.execute(meta, part), future::lazy(|_| bound())).await;
                written?;
                next = made?;
            }
            connection.release().await;
            Ok(())
        })
    }

    fn insert_numbered<'a>(&'a self, meta: &'static EntityMeta, row: &'a [Value]) -> BoxFuture<'a, Result<i64>> {
        Box::pin(async move {
            // SQLite counts up where the id is null.
            let mut row = row.to_vec();
            if let Some(id) = meta.counted_id().and_then(|id| row.get_mut(id)) {
                *id = Value::Null;
            }
            let statement = sql::insert::<Sqlite>(meta, &row)?;
            self.write_one(meta, statement).await.map(|written| written.number)
        })
    }

    fn update<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let mut statement = sql::update::<Sqlite>(meta, filter, set, Answer::Count)?;
            let moves = set.iter().any(|(field, _)| meta.ids.contains(field));
            if let Some(id) = self.in_step(meta, filter).filter(|_| !moves) {
                match self.0.in_step(meta, id, statement, true).await? {
                    Step::Done(told) => return Ok(told.changed),
                    Step::Alone(same) => statement = same,
                }
            }
            self.write_where(meta, filter, statement).await
        })
    }

    fn update_at_most<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
        most: u64,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::update::<Sqlite>(meta, filter, set, Answer::CountTo(most))?;
            self.write(meta, statement).await
        })
    }

    fn update_returning<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<Option<Row>>> {
        Box::pin(async move {
            let update = |answer| sql::update::<Sqlite>(meta, filter, set, answer);
            let returned = update(Answer::Returned)?;
            let mut connection = match self.0.single().await? {
                Single::By(connection) => connection,
                Single::Together(line) => {
                    let row = line.write(meta, returned).await?.row;
                    return row.map(|row| cell::row(&row, meta)).transpose();
                }
            };
            let alone = matches!(connection, Connection::Writer(_));
            let mut row = connection.one_row(meta, if alone { returned } else { update(Answer::Read)? }).await?;
            // SQLite answers a returned row before it commits, and sqlx keeps to itself that it then could not.
            if row.is_some() && connection.was_undone() {
                // Nothing was written; this one says why.
                row = connection.one_row(meta, update(Answer::Read)?).await?;
            }
            connection.release().await;
            row.map(|row| cell::row(&row, meta)).transpose()
        })
    }

    fn delete<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::delete::<Sqlite>(meta, filter, None)?;
            self.write_where(meta, filter, statement).await
        })
    }

    fn delete_at_most<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        most: u64,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            let statement = sql::delete::<Sqlite>(meta, filter, Some(most))?;
            self.write(meta, statement).await
        })
    }

    fn holds<'a>(
        &'a self,
        meta: &'static EntityMeta,
        row: &'a [Value],
        condition: &'a Condition,
    ) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let statement = sql::holds::<Sqlite>(meta, row, condition)?;
            Ok(self.0.reading().await?.one_row(meta, statement).await?.is_some())
        })
    }

    fn fetch_sql<'a>(&'a self, sql: &'a Sql, shape: &'a RowShape) -> BoxFuture<'a, Result<Vec<Row>>> {
        Box::pin(async move {
            let statement = sql::statement::<Sqlite>(sql);
            let mut rows = Vec::new();
            let keep = |row: &SqliteRow| raw::row(row, shape).map(|row| rows.push(row));
            let mut connection = if sql.only_reads() { self.0.reading().await? } else { self.0.writing().await? };
            let read = connection.rows(raw::entity(sql), statement, keep).await;
            connection.release().await;
            read.map(|()| rows)
        })
    }

    fn execute_sql<'a>(&'a self, sql: &'a Sql) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move { self.write(raw::entity(sql), sql::statement::<Sqlite>(sql)).await })
    }

    fn transaction(&self) -> Result<Arc<dyn Transaction>> {
        Ok(Arc::new(Provider(self.0.begin(None))))
    }

    fn transaction_of_row(&self, write: RowWrite) -> Result<Arc<dyn Transaction>> {
        Ok(Arc::new(Provider(self.0.begin(Some(write)))))
    }

    fn schema_differences<'a>(
        &'a self,
        entities: &'a [&'static EntityMeta],
    ) -> BoxFuture<'a, Result<Vec<isoform::schema::Difference>>> {
        Box::pin(
            async move { schema::differences::find(self.0.writing().await?.watched().unlimited(), entities).await },
        )
    }

    fn ensure_schema<'a>(&'a self, entities: &'a [&'static EntityMeta]) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move { schema::ensure(self.0.writing().await?.watched().unlimited(), entities).await })
    }
}

impl Transaction for Provider<Open> {
    fn commit(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.0.commit())
    }

    fn rollback(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.rollback())
    }

    fn give_up(&self) {
        self.0.give_up();
    }

    fn writes(&self) -> u64 {
        self.0.writes()
    }

    fn next_write_commits(&self) {
        self.0.next_write_commits();
    }

    fn after_commit(&self) -> &isoform::provider::AfterCommit {
        self.0.after_commit()
    }

    fn into_provider(self: Arc<Self>) -> Arc<dyn DataProvider> {
        self
    }
}
