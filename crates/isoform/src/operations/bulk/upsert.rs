//! The row that has some values: changed where it is there, made where it is not.

use super::{given, may_write};
use crate::bulk::{UpsertRow, in_row};
use crate::context::{Context, Scope};
use crate::filter::{Condition, limits};
use crate::guard::{self, Write};
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::Patch;
use crate::operations::store::{store_inside, was_written};
use crate::operations::write::{Reach, apply, untold};
use crate::operations::{computed, handled, kept_from, permitted, prefilter, references};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::value::Row;
use crate::{Error, Result};

/// Changes or makes rows, all or none; answers them in the same order, as they are in the table then.
///
/// # Errors
/// 400 where there are no values to find a row by, for what the asker may not ask about and for what does not fit; 401, 403; 409
/// where several rows have the values, or another one has what must be unique. Nothing is written then.
pub async fn upsert_many(context: &Context, meta: &'static EntityMeta, list: Vec<UpsertRow>) -> Result<Vec<Row>> {
    upsert_many_with(context, meta, list, Vec::new()).await
}

/// As [`upsert_many`], with what handlers of a batch have put among the values of each row.
pub(super) async fn upsert_many_with(
    context: &Context,
    meta: &'static EntityMeta,
    list: Vec<UpsertRow>,
    put: Vec<Patch>,
) -> Result<Vec<Row>> {
    match handled::upsert_many(context, meta, &list, &put) {
        Some(handled) => handled.await,
        None => upsert_many_as(context, meta, list, Beside { put, ..Beside::default() }).await,
    }
}

/// What handlers say of each row, where they do.
#[derive(Default)]
pub(in crate::operations) struct Beside {
    /// Values of the server.
    pub trusted: Vec<Patch>,
    /// What of the asker's values handlers have put there: a row that does not let the asker write it refuses.
    pub put: Vec<Patch>,
}

/// As [`upsert_many`], without handlers.
pub(in crate::operations) async fn upsert_many_as(
    context: &Context,
    meta: &'static EntityMeta,
    list: Vec<UpsertRow>,
    beside: Beside,
) -> Result<Vec<Row>> {
    upsert_counted(context, meta, list, beside).await.map(|(rows, _)| rows)
}

/// As [`upsert_many_as`]; answers how many of the rows were made too.
pub(in crate::operations) async fn upsert_counted(
    context: &Context,
    meta: &'static EntityMeta,
    list: Vec<UpsertRow>,
    beside: Beside,
) -> Result<(Vec<Row>, u64)> {
    meta.writable()?;
    let guarded = context.scope() == Scope::Api;
    let identity = context.identity();
    if guarded {
        // Whether it is the one or the other shows later; who may do neither is told so first.
        guard::write(meta, identity, Write::Insert).or_else(|_| guard::write(meta, identity, Write::Update))?;
    }
    let count = list.len();
    given(context, count, "upsert")?;
    let api_filter = if guarded { prefilter::reach(context, meta).await? } else { Condition::All };
    let upsert = Upsert { context, meta, guarded, api_filter, is_last: count == 1 && !context.in_transaction() };
    let work = async |inside: Context| {
        let (mut rows, mut made) = (Vec::with_capacity(count), 0);
        let (mut trusted, mut put) = (beside.trusted.into_iter(), beside.put.into_iter());
        for (position, row) in list.into_iter().enumerate() {
            let beside = (trusted.next().unwrap_or_default(), put.next().unwrap_or_default());
            let one = upsert.one(&inside, row, beside).await;
            let (row, is_new) = one.map_err(|error| in_row(error, position, count))?;
            made += u64::from(is_new);
            rows.push(row);
        }
        Ok((rows, made))
    };
    context.with_scope(Scope::Backend).transaction(work).await
}

struct Upsert<'a> {
    /// Who asks.
    context: &'a Context,
    meta: &'static EntityMeta,
    guarded: bool,
    api_filter: Condition,
    /// Does the transaction end with it?
    is_last: bool,
}

impl Upsert<'_> {
    /// The row, and whether it was made. Beside what is asked there are values of the server, and what handlers have put among the asker's.
    async fn one(&self, inside: &Context, row: UpsertRow, (trusted, put): (Patch, Patch)) -> Result<(Row, bool)> {
        let meta = self.meta;
        let asked = row.condition(meta)?;
        computed::asks_columns(meta, asked.fields())?;
        if self.guarded {
            guard::asks_only(meta, guard::readable_fields(meta, self.context.identity()), asked.fields())?;
            limits::check(meta, &asked)?;
        }
        let rows = prefilter::beside(&inside.with_scope(self.context.scope()), meta, &asked).await?;
        let find = Find::matching(asked.and(rows)).limit(2);
        let mut found = inside.database()?.find(meta, &find).await?;
        computed::fill_in(inside, meta, meta.all_fields(), &mut found).await?;
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(Error::conflict(format!(
                "Several rows of {} have these values; an upsert finds one, by fields that are unique together.",
                meta.key
            ))),
            (Some(stored), None) => match row.set {
                None if trusted.is_empty() => Ok((stored, false)),
                set => Ok((self.update(inside, stored, set.unwrap_or_default(), (trusted, put)).await?, false)),
            },
            (None, _) => self.insert(inside, row, (trusted, put)).await,
        }
    }

    /// Passes a write that the caller may do.
    fn judge(&self, write: Write, record: &dyn AnyRecord) -> Result<()> {
        if !self.guarded {
            return Ok(());
        }
        guard::write(self.meta, self.context.identity(), write)?;
        guard::write_record(self.context.identity(), write, record)
    }

    /// The row, and whether hooks let it be written.
    async fn store(
        &self,
        inside: &Context,
        record: &mut dyn AnyRecord,
        written: FieldMask,
        trusted: Patch,
    ) -> Result<(Row, bool)> {
        if self.guarded {
            references::reachable(self.context, inside, self.meta, &[(&*record, written)]).await?;
        }
        apply(record, trusted)?;
        let reach = Reach { asker: self.context, filter: &self.api_filter };
        if let Err(error) = store_inside(inside, &mut *record, Some(reach), self.is_last).await {
            return Err(references::named(error, inside, self.meta, &[(&*record, written)]).await);
        }
        Ok((record.row(), was_written(record)))
    }

    async fn update(
        &self,
        inside: &Context,
        stored: Row,
        mut set: Patch,
        (trusted, put): (Patch, Patch),
    ) -> Result<Row> {
        let mut record = (self.meta.new_record)();
        record.set_stored(stored, FieldMask::NONE)?;
        if self.guarded {
            may_write(self.context, self.meta, &mut set);
            set.retain(|(index, _)| !self.meta.ids.contains(index));
        }
        self.judge(Write::Update, &*record)?;
        let mut kept = FieldMask::NONE;
        if self.guarded {
            permitted::may_put(self.context, &*record, &put)?;
            permitted::retain(self.context, &*record, &mut set);
            kept = kept_from(self.context, &*record);
        }
        apply(&mut *record, set)?;
        self.judge(Write::Update, &*record)?;
        let written = record.changed_fields();
        let stored = self.store(inside, &mut *record, written, trusted).await;
        stored.map(|(row, _)| row).map_err(|error| untold(error, self.meta, kept))
    }

    /// Passes a new record that has the values it was looked for by: without one that may not be written it would be another.
    fn has(&self, record: &dyn AnyRecord, written: FieldMask, by: &Patch) -> Result<()> {
        match by.iter().find(|(index, value)| !written.contains(*index) && record.get(*index) != *value) {
            None => Ok(()),
            Some((index, _)) => {
                let (meta, identity) = (self.meta, self.context.identity());
                let what = format!("set \"{}\" of {}, by which no row was found", meta.field(*index).wire, meta.key);
                Err(guard::refusal(identity, &what))
            }
        }
    }

    /// The row, and whether it was made.
    async fn insert(&self, inside: &Context, row: UpsertRow, (trusted, put): (Patch, Patch)) -> Result<(Row, bool)> {
        let by = row.by;
        let mut values = by.clone();
        values.extend(row.set.unwrap_or_default());
        let (mut record, written) = if self.guarded {
            may_write(self.context, self.meta, &mut values);
            let (record, written) = permitted::new_record(self.context, self.meta, values)?;
            self.has(&*record, written, &by)?;
            handled::may_write(self.context, self.meta, &put, written)?;
            (record, written)
        } else {
            let written = references::fields(&values);
            let mut record = (self.meta.new_record)();
            apply(&mut *record, values)?;
            (record, written)
        };
        self.judge(Write::Insert, &*record)?;
        self.store(inside, &mut *record, written, trusted).await
    }
}
