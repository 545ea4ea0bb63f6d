//! What a repository talks to: a database, or another server.

use std::sync::Arc;

use crate::aggregate::Aggregation;

#[cfg(not(target_arch = "wasm32"))]
pub use crate::context::after_commit::AfterCommit;
use crate::filter::Condition;
use crate::future::BoxFuture;
use crate::meta::{Direction, EntityMeta, FieldMask, RelationMeta};
use crate::relation::OrderBy;
#[cfg(not(target_arch = "wasm32"))]
use crate::sql::{RowShape, Sql};
use crate::value::{Row, Value};
use crate::{Error, Result};

/// Which rows, in what order, and how many of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Find {
    /// Which rows.
    pub filter: Condition,
    /// In what order; empty is the entity's own.
    pub order: OrderBy,
    /// How many rows at most.
    pub limit: Option<u64>,
    /// How many rows are passed over first.
    pub offset: u64,
    /// Which related rows are loaded along.
    pub include: Vec<Include>,
    /// Which lazy fields are loaded along.
    pub with: FieldMask,
    /// Only what stands behind these values of the order's fields. The order is complete then
    /// ([`EntityMeta::complete_order`]) and has no field of JSON, and the offset is 0.
    pub after: Option<Row>,
}

/// A relation that is loaded along, for all rows together: which of the related rows, in what order, and how many for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Include {
    /// The relation.
    pub relation: &'static RelationMeta,
    /// What of it; its limit and offset are those of each single row.
    pub find: Find,
}

impl Default for Find {
    fn default() -> Self {
        Self {
            filter: Condition::All,
            order: Vec::new(),
            limit: None,
            offset: 0,
            include: Vec::new(),
            with: FieldMask::NONE,
            after: None,
        }
    }
}

impl Find {
    /// The rows that fulfil a condition.
    #[must_use]
    pub fn matching(filter: Condition) -> Self {
        Self { filter, ..Self::default() }
    }

    /// The order, where it is one of fields alone.
    #[must_use]
    pub fn order_of_fields(&self) -> Option<Vec<(usize, Direction)>> {
        self.order.iter().map(|(key, direction)| Some((key.field()?, *direction))).collect()
    }

    /// The fields that are not read: the lazy ones that are not loaded along, unless the order needs them.
    #[must_use]
    pub fn left_out(&self, meta: &EntityMeta) -> FieldMask {
        let lazy = meta.lazy_fields();
        if lazy.is_empty() {
            return lazy;
        }
        lazy.without(self.with).without(self.order.iter().filter_map(|(key, _)| key.field()).collect())
    }

    /// At most so many rows.
    #[must_use]
    pub const fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }
}

/// A related row: the values that it is related to, and its own.
pub type RelatedRow = (Vec<Value>, Row);

/// A database.
///
/// Its operations are not guarded and run no hooks: that is done once, above it, for every provider.
pub trait DataProvider: Send + Sync + 'static {
    /// What people call it, in messages about what it cannot do.
    fn name(&self) -> &'static str;

    /// Rows, with all fields.
    fn find<'a>(&'a self, meta: &'static EntityMeta, find: &'a Find) -> BoxFuture<'a, Result<Vec<Row>>>;

    /// Rows as JSON objects with the fields of a mask, one after the other with commas between them, written cell by
    /// cell. Answers how many there are.
    fn find_json<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        fields: FieldMask,
        out: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<u64>>;

    /// The rows that are related to some others, given by the values of the relation's own fields; each with the values that
    /// it is related to. Limit and offset are for each of those by itself; `between` holds of the rows in between. Of all
    /// together at most so many are answered.
    fn find_related<'a>(
        &'a self,
        relation: &'static RelationMeta,
        keys: &'a [Vec<Value>],
        find: &'a Find,
        between: &'a Condition,
        at_most: Option<u64>,
    ) -> BoxFuture<'a, Result<Vec<RelatedRow>>>;

    /// Rows with the fields of a mask alone, in the order of their declaration.
    fn find_fields<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        fields: FieldMask,
    ) -> BoxFuture<'a, Result<Vec<Row>>>;

    /// As [`DataProvider::find_json`], but not more than `size` rows are written. Where there are more, answers the values of
    /// the order's fields in the last row that was written; the order is complete.
    fn find_page<'a>(
        &'a self,
        meta: &'static EntityMeta,
        find: &'a Find,
        size: u64,
        fields: FieldMask,
        out: &'a mut Vec<u8>,
    ) -> BoxFuture<'a, Result<Option<Row>>>;

    /// How many rows fulfil a condition.
    fn count<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>>;

    /// What was asked of each group of rows: the fields of the group, then the measures, in the order of the question.
    ///
    /// # Errors
    /// 400 where a sum is too large for its type; where the provider has no aggregates.
    fn aggregate<'a>(&'a self, meta: &'static EntityMeta, asked: &'a Aggregation) -> BoxFuture<'a, Result<Vec<Row>>> {
        let _ = (meta, asked);
        crate::future::ready(Err(Error::invalid(format!("{} has no aggregates.", self.name()))))
    }

    /// Inserts a row, given as its values.
    fn insert<'a>(&'a self, meta: &'static EntityMeta, row: &'a [Value]) -> BoxFuture<'a, Result<()>>;

    /// Inserts rows, given as their values, in as few statements as the database allows. Where one fails, those before it may be
    /// there: all or none needs a transaction.
    fn insert_many<'a>(&'a self, meta: &'static EntityMeta, rows: &'a [Row]) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for row in rows {
                self.insert(meta, row).await?;
            }
            Ok(())
        })
    }

    /// Inserts a row whose id the database counts up, whatever is in its place. Answers the id.
    fn insert_numbered<'a>(&'a self, meta: &'static EntityMeta, row: &'a [Value]) -> BoxFuture<'a, Result<i64>> {
        let _ = row;
        let refused = format!("{} does not count ids up: give {} an id of another kind.", self.name(), meta.key);
        crate::future::ready(Err(Error::internal(refused)))
    }

    /// Sets fields of the rows that fulfil a condition, and counts up their version. Answers how many there were.
    fn update<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<u64>>;

    /// As [`DataProvider::update`], in a transaction that is undone where the answer is more than `most`: then it need not have
    /// changed them all, and answers any such number.
    fn update_at_most<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
        most: u64,
    ) -> BoxFuture<'a, Result<u64>> {
        let _ = most;
        self.update(meta, filter, set)
    }

    /// As [`DataProvider::update`], for the one row whose id the condition names; answers the row as it is then.
    fn update_returning<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        set: &'a [(usize, Value)],
    ) -> BoxFuture<'a, Result<Option<Row>>>;

    /// Deletes the rows that fulfil a condition. Answers how many there were.
    fn delete<'a>(&'a self, meta: &'static EntityMeta, filter: &'a Condition) -> BoxFuture<'a, Result<u64>>;

    /// As [`DataProvider::delete`], in a transaction that is undone where the answer is more than `most`: then it need not have
    /// deleted them all, and answers any such number.
    fn delete_at_most<'a>(
        &'a self,
        meta: &'static EntityMeta,
        filter: &'a Condition,
        most: u64,
    ) -> BoxFuture<'a, Result<u64>> {
        let _ = most;
        self.delete(meta, filter)
    }

    /// Does a row that consists of these values fulfil a condition, whether it is in the table or not?
    ///
    /// # Errors
    /// Where the provider cannot tell.
    fn holds<'a>(
        &'a self,
        meta: &'static EntityMeta,
        row: &'a [Value],
        condition: &'a Condition,
    ) -> BoxFuture<'a, Result<bool>> {
        let _ = (row, condition);
        let refused = format!("{}: {} does not tell whether a row fulfils such a condition.", meta.key, self.name());
        crate::future::ready(Err(Error::internal(refused)))
    }

    /// The rows that SQL of the application's own answers.
    ///
    /// # Errors
    /// Where the provider has no SQL; where the rows are not as they were said to be.
    #[cfg(not(target_arch = "wasm32"))]
    fn fetch_sql<'a>(&'a self, sql: &'a Sql, shape: &'a RowShape) -> BoxFuture<'a, Result<Vec<Row>>> {
        let _ = (sql, shape);
        crate::future::ready(Err(Error::internal(format!("{} has no SQL.", self.name()))))
    }

    /// How many rows SQL of the application's own has changed.
    ///
    /// # Errors
    /// Where the provider has no SQL.
    #[cfg(not(target_arch = "wasm32"))]
    fn execute_sql<'a>(&'a self, sql: &'a Sql) -> BoxFuture<'a, Result<u64>> {
        let _ = sql;
        crate::future::ready(Err(Error::internal(format!("{} has no SQL.", self.name()))))
    }

    /// A transaction, which begins with its first operation and is undone where it is dropped without a commit. Of a transaction it
    /// is a part: what the part has written can be undone by itself, and is committed with the whole. From its first
    /// operation to its end nothing else goes on in the transaction.
    ///
    /// # Errors
    /// Where the provider has none.
    fn transaction(&self) -> Result<Arc<dyn Transaction>>;

    /// As [`DataProvider::transaction`], for the write of one row: most of them read it by its id and write it, so that several may go in
    /// step. What else is done in it is done as in any.
    ///
    /// # Errors
    /// As [`DataProvider::transaction`].
    fn transaction_of_row(&self, write: RowWrite) -> Result<Arc<dyn Transaction>> {
        let _ = write;
        self.transaction()
    }

    /// In what the tables that are there do not match the entities, and cannot be made to. Nothing is changed.
    #[cfg(not(target_arch = "wasm32"))]
    fn schema_differences<'a>(
        &'a self,
        entities: &'a [&'static EntityMeta],
    ) -> BoxFuture<'a, Result<Vec<crate::schema::Difference>>> {
        let _ = entities;
        crate::future::ready(Ok(Vec::new()))
    }

    /// Creates what is missing of tables and columns. Answers what it did, a sentence each.
    fn ensure_schema<'a>(&'a self, entities: &'a [&'static EntityMeta]) -> BoxFuture<'a, Result<Vec<String>>>;
}

/// The write of one row: what a transaction is about.
#[derive(Clone, Copy, Debug)]
pub struct RowWrite {
    /// The entity.
    pub meta: &'static EntityMeta,
    /// Is the row a new one?
    pub is_new: bool,
}

impl PartialEq for RowWrite {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.meta, other.meta) && self.is_new == other.is_new
    }
}

impl Eq for RowWrite {}

impl std::hash::Hash for RowWrite {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (std::ptr::from_ref(self.meta), self.is_new).hash(state);
    }
}

/// A data provider whose operations become visible together, or not at all.
pub trait Transaction: DataProvider {
    /// Makes everything visible.
    fn commit(&self) -> BoxFuture<'_, Result<()>>;

    /// Undoes everything.
    fn rollback(&self) -> BoxFuture<'_, ()>;

    /// Whoever ran it is gone: everything is undone as soon as nothing is under way in it, even where a task that was spawned
    /// inside still holds on to it.
    fn give_up(&self);

    /// How many writes have succeeded in it so far, or may have.
    fn writes(&self) -> u64;

    /// Room for what is to be done once it has committed: see [`Context::after_commit`](crate::Context::after_commit).
    #[cfg(not(target_arch = "wasm32"))]
    fn after_commit(&self) -> &AfterCommit;

    /// The next write is the last operation: it may be committed in one go with it. Where it fails nothing is committed.
    fn next_write_commits(&self);

    /// The transaction as what its operations are for.
    fn into_provider(self: Arc<Self>) -> Arc<dyn DataProvider>;
}
