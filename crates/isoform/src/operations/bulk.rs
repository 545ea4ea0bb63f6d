//! Writes of many rows: one statement where nothing needs the rows, else row by row, in one transaction.

mod batch;
mod insert;
mod upsert;

pub(super) use batch::run as run_batch;
pub use batch::{Done, batch};
pub use insert::insert_bodies;
pub(crate) use insert::insert_records;
pub(super) use insert::{how_many, insert_patches_as, what_is_set};
pub use upsert::upsert_many;
pub(super) use upsert::{Beside, upsert_counted, upsert_many_as};

use super::store::{remove_inside, store_inside, store_many, was_written};
use super::write::{Reach, apply, stamp, untold, update_needs_row};
use super::{Patch, load};
use super::{ask, handled, kept_from, permitted, prefilter, question, references};
use crate::bulk::Which;
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard::{self, Write};
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask, FieldRole};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::relation::order_by_fields;
use crate::value::Value;
use crate::{Error, Result, validate};

/// Sets fields of the rows that a filter finds; answers how many there were, without those that a hook has kept as they are.
///
/// # Errors
/// 400 for an empty filter, for what the asker may not ask about, for a value that does not fit, and for too many rows; 401, 403
/// where one of the rows may not be changed so; 409. Nothing is changed then.
pub async fn update_many(context: &Context, meta: &'static EntityMeta, which: Which, patch: Patch) -> Result<u64> {
    update_many_with(context, meta, which, patch, Patch::new()).await
}

/// As [`update_many`], with what handlers of a batch have put among the values.
async fn update_many_with(
    context: &Context,
    meta: &'static EntityMeta,
    which: Which,
    patch: Patch,
    put: Patch,
) -> Result<u64> {
    match handled::update_many(context, meta, &which, &patch, &put) {
        Some(handled) => handled.await,
        None => {
            update_many_as(context, meta, which, patch, Added { filter: Condition::All, set: Patch::new(), put }).await
        }
    }
}

/// What the server adds to a bulk write.
pub(super) struct Added {
    /// Only such rows.
    pub filter: Condition,
    /// Values for them.
    pub set: Patch,
    /// What of the asker's values handlers have put there: a row that does not let the asker write it refuses.
    pub put: Patch,
}

/// As [`update_many`], without handlers.
pub(super) async fn update_many_as(
    context: &Context,
    meta: &'static EntityMeta,
    which: Which,
    mut patch: Patch,
    added: Added,
) -> Result<u64> {
    let mut rows = Rows::guarded(context, meta, which, Write::Update).await?;
    rows.filter = rows.filter.and(added.filter);
    if rows.guarded {
        may_write(context, meta, &mut patch);
        patch.retain(|(index, _)| !meta.ids.contains(index));
    }
    let written = meta.written_fields();
    let mut trusted = added.set;
    for values in [&mut patch, &mut trusted] {
        values.retain(|(index, _)| {
            written.contains(*index) && !matches!(meta.field(*index).role, FieldRole::Version | FieldRole::UpdatedAt)
        });
    }
    let mut needs_rows =
        if rows.guarded { update_needs_row(meta, &rows.api_filter, &patch) } else { meta.hooks_around_save() };
    needs_rows |= !trusted.is_empty() && update_needs_row(meta, &rows.api_filter, &trusted);
    if needs_rows {
        return rows.update_each(context, meta, &patch, &trusted, &added.put).await;
    }
    patch.extend(trusted);
    validate::values(meta, &patch)?;
    if patch.is_empty() {
        return context.database()?.count(meta, &rows.filter).await;
    }
    stamp(meta, &mut patch);
    let updated = match rows.limit {
        None => context.database()?.update(meta, &rows.filter, &patch).await,
        Some(limit) => {
            let work = async |inside: Context| {
                rows.bearable(inside.database()?.update_at_most(meta, &rows.filter, &patch, limit).await?)
            };
            context.transaction(work).await
        }
    };
    match updated {
        Err(error) => Err(references::named_in(error, context, meta, &patch).await),
        updated => updated,
    }
}

/// Deletes the rows that a filter finds; answers how many there were, without those that a hook has kept.
///
/// # Errors
/// 400 for an empty filter, for what the asker may not ask about, for too many rows and where a hook refuses; 401, 403 where one of
/// the rows may not be deleted; 409 where other rows need one. Nothing is deleted then.
pub async fn delete_many(context: &Context, meta: &'static EntityMeta, which: Which) -> Result<u64> {
    match handled::remove_many(context, meta, &which) {
        Some(handled) => handled.await,
        None => delete_many_as(context, meta, which, Condition::All).await,
    }
}

/// As [`delete_many`], without handlers; `beside` is the server's word.
pub(super) async fn delete_many_as(
    context: &Context,
    meta: &'static EntityMeta,
    which: Which,
    beside: Condition,
) -> Result<u64> {
    let mut rows = Rows::guarded(context, meta, which, Write::Delete).await?;
    rows.filter = rows.filter.and(beside);
    if meta.hooks.around_delete() || (rows.guarded && guard::needs_record(meta, Write::Delete)) {
        return rows.delete_each(context, meta).await;
    }
    let deleted = match rows.limit {
        None => context.database()?.delete(meta, &rows.filter).await,
        Some(limit) => {
            let work = async |inside: Context| {
                rows.bearable(inside.database()?.delete_at_most(meta, &rows.filter, limit).await?)
            };
            context.transaction(work).await
        }
    };
    deleted.map_err(|error| references::needed(error, meta))
}

/// What an identity may not write is passed over.
pub(super) fn may_write(context: &Context, meta: &EntityMeta, patch: &mut Patch) {
    let writable = guard::writable_fields(meta, context.identity());
    patch.retain(|(index, _)| writable.contains(*index));
}

/// Passes as many rows as one bulk write may be given.
pub(super) fn given(context: &Context, count: usize, what: &str) -> Result<()> {
    match context.row_limit() {
        Some(limit) if count as u64 > limit => {
            Err(Error::invalid(format!("{count} rows are more than the {limit} of one {what}.")))
        }
        _ => Ok(()),
    }
}

/// Records that `saving_many` sees at once.
#[derive(Default)]
struct Together {
    records: Vec<Box<dyn AnyRecord>>,
    /// What was written of each.
    written: Vec<FieldMask>,
    /// What they keep from the asker.
    kept: FieldMask,
}

impl Together {
    /// Answers how many were written.
    async fn store(&mut self, inside: &Context, meta: &'static EntityMeta, reach: Option<Reach<'_>>) -> Result<u64> {
        let (mut records, written) = (std::mem::take(&mut self.records), std::mem::take(&mut self.written));
        let mut all: Vec<&mut dyn AnyRecord> = Vec::with_capacity(records.len());
        for record in &mut records {
            all.push(&mut **record);
        }
        let Err(error) = store_many(inside, meta, &mut all, reach).await else {
            return Ok(records.iter().filter(|record| was_written(&***record)).count() as u64);
        };
        let written: Vec<_> = records.iter().map(|record| &**record).zip(written).collect();
        Err(untold(references::named(error, inside, meta, &written).await, meta, self.kept))
    }
}

/// The rows of a bulk write.
pub(super) struct Rows {
    /// Is the write judged, or trusted?
    guarded: bool,
    /// What the caller asked for, within the API's filter.
    filter: Condition,
    api_filter: Condition,
    /// How many there may be.
    limit: Option<u64>,
}

impl Rows {
    /// The rows that somebody may be speaking of, in scope `Api`; in scope `Backend` whatever is asked for.
    pub(super) async fn guarded(
        context: &Context,
        meta: &'static EntityMeta,
        which: Which,
        write: Write,
    ) -> Result<Self> {
        meta.writable()?;
        let guarded = context.scope() == Scope::Api;
        if guarded {
            guard::write(meta, context.identity(), write)?;
        }
        let find = Find::matching(which.condition(meta)?);
        let asked = question::guarded(context, meta, ask::readable(context, meta), find, None).await?.filter;
        let api_filter = if guarded { prefilter::reach(context, meta).await? } else { Condition::All };
        let filter = prefilter::applied(context, meta, asked).await?;
        Ok(Self { guarded, filter, api_filter, limit: context.row_limit() })
    }

    fn bearable(&self, count: u64) -> Result<u64> {
        match self.limit {
            Some(limit) if count > limit => Err(Error::invalid(format!(
                "The filter finds more than the {limit} rows of one bulk write. Narrow it, and go in several steps."
            ))),
            _ => Ok(count),
        }
    }

    /// Is the write of this record allowed?
    fn judge(&self, context: &Context, write: Write, record: &dyn AnyRecord) -> Result<()> {
        if self.guarded { guard::write_record(context.identity(), write, record) } else { Ok(()) }
    }

    /// The ids of all of them, as they are at the start.
    async fn ids(&self, inside: &Context, meta: &'static EntityMeta) -> Result<Vec<Id>> {
        /// So many rows are in memory at once.
        const STEP: usize = 500;
        let mut ids: Vec<Id> = Vec::new();
        let mut find =
            Find { order: order_by_fields(&meta.complete_order(&[])), ..Find::matching(self.filter.clone()) }
                .limit(STEP as u64);
        loop {
            find.after = ids.last().map(|last| last.values().to_vec());
            let found = inside.database()?.find(meta, &find).await?;
            let count = found.len();
            ids.extend(found.iter().map(|row| Id::of(meta, |index| row.get(index).cloned().unwrap_or(Value::Null))));
            self.bearable(ids.len() as u64)?;
            if count < STEP {
                return Ok(ids);
            }
        }
    }

    /// One of them as it is now; none where a hook has changed or deleted it since.
    async fn one(&self, inside: &Context, meta: &'static EntityMeta, id: &Id) -> Result<Option<Box<dyn AnyRecord>>> {
        match load(inside, meta, id, self.filter.clone()).await {
            Ok(record) => Ok(Some(record)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn update_each(
        &self,
        context: &Context,
        meta: &'static EntityMeta,
        patch: &Patch,
        trusted: &Patch,
        put: &Patch,
    ) -> Result<u64> {
        /// So many records are given to `saving_many` at once.
        const TOGETHER: usize = 10_000;
        let reach = Some(Reach { asker: context, filter: &self.api_filter });
        let work = async |inside: Context| {
            let mut changed = 0;
            // All rows get the same values, so a reference of one field is asked about once.
            let mut passed = FieldMask::NONE;
            let mut together = Together::default();
            for id in self.ids(&inside, meta).await? {
                let Some(mut record) = self.one(&inside, meta, &id).await? else { continue };
                self.judge(context, Write::Update, &*record)?;
                let (mut patch, mut kept) = (patch.clone(), FieldMask::NONE);
                if self.guarded {
                    permitted::may_put(context, &*record, put)?;
                    permitted::retain(context, &*record, &mut patch);
                    kept = kept_from(context, &*record);
                }
                apply(&mut *record, patch)?;
                self.judge(context, Write::Update, &*record)?;
                let written = record.changed_fields().without(passed);
                if self.guarded && !written.is_empty() {
                    references::reachable(context, &inside, meta, &[(&*record, written)]).await?;
                    passed = passed.or(references::the_same_in_each_row(meta, written));
                }
                apply(&mut *record, trusted.clone())?;
                if meta.hooks.saving_many {
                    together.records.push(record);
                    together.written.push(written);
                    together.kept = together.kept.or(kept);
                    if together.records.len() == TOGETHER {
                        changed += together.store(&inside, meta, reach).await?;
                    }
                    continue;
                }
                if let Err(error) = store_inside(&inside, &mut *record, reach, false).await {
                    let error = references::named(error, &inside, meta, &[(&*record, written)]).await;
                    return Err(untold(error, meta, kept));
                }
                changed += u64::from(was_written(&*record));
            }
            changed += together.store(&inside, meta, reach).await?;
            Ok(changed)
        };
        context.with_scope(Scope::Backend).transaction(work).await
    }

    async fn delete_each(&self, context: &Context, meta: &'static EntityMeta) -> Result<u64> {
        let work = async |inside: Context| {
            let mut deleted = 0;
            for id in self.ids(&inside, meta).await? {
                let Some(mut record) = self.one(&inside, meta, &id).await? else { continue };
                self.judge(context, Write::Delete, &*record)?;
                let kept = if self.guarded { kept_from(context, &*record) } else { FieldMask::NONE };
                remove_inside(&inside, &mut *record).await.map_err(|error| untold(error, meta, kept))?;
                // Where a hook has prevented it the row is still there.
                deleted += u64::from(record.state().is_deleted);
            }
            Ok(deleted)
        };
        context.with_scope(Scope::Backend).transaction(work).await
    }
}
