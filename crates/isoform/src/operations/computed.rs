//! What nobody writes: fields that the database makes, and fields that the server computes.

use super::{nesting, not_found};
use crate::context::{Context, Scope};
use crate::meta::{EntityMeta, FieldMask};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::value::Row;
use crate::{Error, Result};

/// Fills in what the server computes of rows, as far as it is among the fields of a mask. Trusted, as hooks are.
pub(super) async fn fill_in(
    context: &Context,
    meta: &'static EntityMeta,
    fields: FieldMask,
    rows: &mut [Row],
) -> Result<()> {
    let wanted = meta.server_fields().and(fields);
    if wanted.is_empty() {
        return Ok(());
    }
    let trusted = context.with_scope(Scope::Backend);
    let work = async {
        for row in rows {
            let mut record = (meta.new_record)();
            record.set_stored(row.clone(), FieldMask::NONE)?;
            for index in wanted.iter() {
                let value = trusted.run(record.run_server_expression(index)).await?;
                if let Some(cell) = row.get_mut(index) {
                    *cell = value;
                }
            }
        }
        Ok(())
    };
    let what = || format!("{}: a `server_expression` asks for rows whose expressions ask for rows", meta.key);
    nesting::within(what, work).await
}

/// Reads what the database makes of a record that was written, and computes what the server makes of that.
pub(super) async fn read_back(context: &Context, record: &mut dyn AnyRecord) -> Result<()> {
    let meta = record.meta();
    let made = meta.database_fields();
    let mut row = record.row();
    // What was not loaded is null in it; an expression sees it nevertheless.
    let computes = !meta.server_fields().is_empty();
    let missing = |index: &usize| computes && row.get(*index).is_some_and(crate::Value::is_null);
    let unloaded: FieldMask = meta.lazy_fields().iter().filter(missing).collect();
    if !made.or(unloaded).is_empty() {
        let written = Find::matching(record.id().condition(meta)).limit(1);
        let stored = context.database()?.find(meta, &written).await?.pop().ok_or_else(|| not_found(meta))?;
        for (index, value) in stored.into_iter().enumerate().filter(|(index, _)| made.or(unloaded).contains(*index)) {
            if made.contains(index) {
                set(record, index, value.clone())?;
            }
            if let Some(cell) = row.get_mut(index) {
                *cell = value;
            }
        }
    }
    fill_in(context, meta, meta.all_fields(), std::slice::from_mut(&mut row)).await?;
    for (index, value) in row.into_iter().enumerate().filter(|(index, _)| meta.server_fields().contains(*index)) {
        set(record, index, value)?;
    }
    Ok(())
}

fn set(record: &mut dyn AnyRecord, index: usize, value: crate::Value) -> Result<()> {
    let name = record.meta().field(index).name;
    record.set(index, value).map_err(|error| Error::internal(format!("{name}: {}", error.0)))
}

/// Passes a question that names only columns.
///
/// # Errors
/// 400 with the field's name.
pub(super) fn asks_columns(meta: &EntityMeta, asked: FieldMask) -> Result<()> {
    match asked.and(meta.server_fields()).iter().next() {
        None => Ok(()),
        Some(index) => Err(Error::invalid(format!(
            "\"{}\" is computed after the rows were found: one cannot filter or sort by it.",
            meta.field(index).wire
        ))),
    }
}
