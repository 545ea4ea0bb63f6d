//! Several writes, of several entities, in one transaction.

use super::insert::{insert_patches, insert_patches_as};
use super::upsert::upsert_many_with;
use super::{delete_many, given, may_write, update_many_with};
use crate::bulk::{Step, in_step};
use crate::context::{Context, Scope};
use crate::guard::{self, Write};
use crate::handlers::Create;
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::operations::store::{remove_inside, store_inside};
use crate::operations::write::{apply, delete_id, insert, update_patch};
use crate::operations::{Patch, handled, load, permitted, prefilter, relate};
use crate::value::Row;
use crate::{Error, Result};

/// What came of one step of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Done {
    /// A row as it is in the table now.
    Row(Row),
    /// Rows as they are in the table now, in the order in which they were given.
    Rows(Vec<Row>),
    /// So many rows were changed or deleted, or are related or no longer.
    Count(u64),
    /// A row was deleted. Where a hook has kept it, it is a count: 0.
    Deleted,
}

impl Done {
    const fn rows(&self) -> u64 {
        match self {
            Self::Row(_) | Self::Deleted => 1,
            Self::Rows(rows) => rows.len() as u64,
            Self::Count(count) => *count,
        }
    }
}

/// How many rows a step is given: what it finds by itself is counted once it has.
const fn given_rows(step: &Step) -> u64 {
    match step {
        Step::Insert(_) | Step::Update(..) | Step::Delete(_) => 1,
        Step::InsertMany(rows) => rows.len() as u64,
        Step::UpsertMany(rows) => rows.len() as u64,
        Step::Relate(asked) => asked.others.len() as u64,
        Step::UpdateMany(..) | Step::DeleteMany(_) => 0,
    }
}

/// Does several things in their order, in one transaction: each is guarded, in scope `Api`, as it would be alone. Answers what came
/// of each.
///
/// # Errors
/// That of the first step that fails, with its number; nothing is done then. `told` makes of it what may be told about the entity.
pub async fn batch(
    context: &Context,
    steps: Vec<(&'static EntityMeta, Step)>,
    told: &(dyn Fn(&'static EntityMeta, Error) -> Error + Sync),
) -> Result<Vec<Done>> {
    match handled::batch(context, &steps, told) {
        Some(handled) => handled.await,
        None => run(context, steps, Vec::new(), told).await,
    }
}

/// As [`batch`], without the handlers of a batch. What those have `put` among the values for stored rows, where there is anything, is not
/// passed over: a row that does not let the asker write it refuses.
pub(in crate::operations) async fn run(
    context: &Context,
    steps: Vec<(&'static EntityMeta, Step)>,
    put: Vec<Vec<Patch>>,
    told: &(dyn Fn(&'static EntityMeta, Error) -> Error + Sync),
) -> Result<Vec<Done>> {
    given(context, steps.len(), "batch")?;
    let bearable = |rows: u64| match context.row_limit().filter(|limit| rows > *limit) {
        Some(limit) => Err(Error::invalid(format!("Together these are more than the {limit} rows of one batch."))),
        None => Ok(()),
    };
    let work = async |inside: Context| {
        let mut all = Vec::with_capacity(steps.len());
        let (mut rows, mut put) = (0, put.into_iter());
        for (position, (meta, step)) in steps.into_iter().enumerate() {
            let put = put.next().unwrap_or_default();
            let given = given_rows(&step);
            // What is too much is not done first.
            bearable(rows + given)?;
            let done = one(&inside, meta, step, put).await;
            let done = done.map_err(|error| in_step(told(meta, error), position))?;
            rows += done.rows().max(given);
            bearable(rows)?;
            all.push(done);
        }
        Ok(all)
    };
    context.transaction(work).await
}

async fn one(context: &Context, meta: &'static EntityMeta, step: Step, mut put: Vec<Patch>) -> Result<Done> {
    match step {
        Step::Insert(mut values) if context.handled::<Create>(meta).is_some() => {
            guard::write(meta, context.identity(), Write::Insert)?;
            may_write(context, meta, &mut values);
            Ok(Done::Row(insert(context, meta, values).await?.row()))
        }
        Step::Insert(values) => {
            let record = insert_patches_as(context, meta, vec![values], Vec::new()).await?.pop();
            record.map(|record| Done::Row(record.row())).ok_or_else(|| Error::internal("an insert answered no row"))
        }
        Step::InsertMany(rows) => {
            let records = insert_patches(context, meta, rows).await?;
            Ok(Done::Rows(records.iter().map(|record| record.row()).collect()))
        }
        Step::Update(id, set) => {
            if let Some(put) = put.pop() {
                let rows = prefilter::beside(context, meta, &id.condition(meta)).await?;
                let stored = load(&context.with_scope(Scope::Backend), meta, &id, rows).await?;
                permitted::may_put(context, &*stored, &put)?;
            }
            update(context, meta, &id, set).await.map(Done::Row)
        }
        Step::Delete(id) => {
            let deleted = delete(context, meta, &id).await?;
            Ok(if deleted { Done::Deleted } else { Done::Count(0) })
        }
        Step::UpdateMany(which, set) => {
            update_many_with(context, meta, which, set, put.pop().unwrap_or_default()).await.map(Done::Count)
        }
        Step::DeleteMany(which) => delete_many(context, meta, which).await.map(Done::Count),
        Step::UpsertMany(rows) => upsert_many_with(context, meta, rows, put).await.map(Done::Rows),
        // Large, and no part of what other steps are.
        Step::Relate(asked) => Box::pin(relate(context, meta, asked)).await.map(Done::Count),
    }
}

async fn update(context: &Context, meta: &'static EntityMeta, id: &Id, set: Patch) -> Result<Row> {
    if context.scope() == Scope::Api {
        return update_patch(context, meta, id, set).await;
    }
    let mut record = load(context, meta, id, prefilter::beside(context, meta, &id.condition(meta)).await?).await?;
    apply(&mut *record, set)?;
    store_inside(context, &mut *record, None, false).await?;
    Ok(record.row())
}

async fn delete(context: &Context, meta: &'static EntityMeta, id: &Id) -> Result<bool> {
    if context.scope() == Scope::Api {
        return delete_id(context, meta, id).await;
    }
    let mut record = load(context, meta, id, prefilter::beside(context, meta, &id.condition(meta)).await?).await?;
    remove_inside(context, &mut *record).await?;
    Ok(record.state().is_deleted)
}
