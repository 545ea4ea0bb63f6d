//! Records that are written together, by an entity whose `saving_many` sees them all at once.

use super::{Way, finish, prepare, stamp_new};
use crate::bulk::in_row;
use crate::context::Context;
use crate::hooks::{EventState, Hook, running};
use crate::meta::EntityMeta;
use crate::operations::write::Reach;
use crate::record::AnyRecord;
use crate::{Error, Result, validate};

/// Writes records with their hooks, inside a transaction that fails with them: new ones in one statement where nothing needs each row.
///
/// # Errors
/// That of the first record that is wrong, with its number.
pub(in crate::operations) async fn store_many(
    inside: &Context,
    meta: &'static EntityMeta,
    records: &mut [&mut dyn AnyRecord],
    reach: Option<Reach<'_>>,
) -> Result<()> {
    let count = records.len();
    if count == 0 {
        return Ok(());
    }
    let mut numbered = Vec::with_capacity(count);
    for (position, record) in records.iter_mut().enumerate() {
        numbered.push(prepare(inside, &mut **record).await.map_err(|error| in_row(error, position, count))?);
    }
    let prevented = saving_many(meta, records).await?;
    if !prevented && together(meta, records, reach) {
        let mut rows = Vec::with_capacity(count);
        for (position, record) in records.iter_mut().enumerate() {
            let row = ready_row(inside, &mut **record, reach).await;
            rows.push(row.map_err(|error| in_row(error, position, count))?);
        }
        inside.database()?.insert_many(meta, &rows).await?;
        records.iter_mut().for_each(|record| record.mark_stored());
        return Ok(());
    }
    for (position, (record, numbered)) in records.iter_mut().zip(numbered).enumerate() {
        let way = Way { reach, is_last: false, numbered };
        let stored = finish(inside, &mut **record, way, prevented).await;
        stored.map_err(|error| in_row(error, position, count))?;
    }
    Ok(())
}

/// Can the rows go to the table in one statement? What the database makes of a row is read back after each.
fn together(meta: &EntityMeta, records: &[&mut dyn AnyRecord], reach: Option<Reach<'_>>) -> bool {
    !meta.hooks.saved
        && meta.counted_id().is_none()
        && meta.written_fields() == meta.all_fields()
        && !reach.is_some_and(|reach| reach.is_late(meta))
        && records.iter().all(|record| record.state().is_new && !record.state().is_prevented)
}

/// The row of a new record as it stands: valid, judged and stamped.
pub(in crate::operations) async fn ready_row(
    inside: &Context,
    record: &mut dyn AnyRecord,
    reach: Option<Reach<'_>>,
) -> Result<crate::Row> {
    validate::fields(record);
    validate::outcome(record)?;
    if let Some(reach) = reach {
        reach.includes(inside, record).await?;
    }
    stamp_new(record)?;
    Ok(record.row())
}

/// Runs the hook; answers whether it prevented the writes.
async fn saving_many(meta: &'static EntityMeta, records: &mut [&mut dyn AnyRecord]) -> Result<bool> {
    let Some(run) = meta.saving_many else { return Ok(false) };
    let mut event = EventState { is_new: records.iter().all(|record| record.state().is_new), ..EventState::default() };
    let entered = running::begin(meta, Hook::SavingMany, &event)?;
    let result = entered.run(run(records, &mut event)).await;
    // What was said of no record in particular.
    let said: Vec<_> = event.errors.iter().map(|(index, message)| (index, validate::own(message.to_owned()))).collect();
    let at_fields = validate::error(meta, said.iter().map(|(index, message)| (*index, message.as_str())));
    match (result, event.errors.message()) {
        (Err(error), _) if said.is_empty() => Err(error),
        (Err(error), _) => Err(error.with_fields(at_fields.fields().to_vec())),
        (Ok(()), Some(message)) => Err(Error::invalid(message).with_fields(at_fields.fields().to_vec())),
        (Ok(()), None) if !said.is_empty() => Err(at_fields),
        (Ok(()), None) => Ok(event.prevented),
    }
}
