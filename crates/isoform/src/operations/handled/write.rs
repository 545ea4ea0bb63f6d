//! Writes of one row around which handlers run.

use std::sync::OnceLock;

use super::many::stored;
use super::{Handled, Trusted, is_of, may_write, written};
use crate::Result;
use crate::context::{Context, Scope};
use crate::guard::{self, Write};
use crate::handlers::{Any, Create, Existing, Item, Remove, Update};
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask};
use crate::operations::body::accepted;
use crate::operations::bulk::what_is_set;
use crate::operations::write::{Part, Updated, apply, compare_version, delete_as, insert_as, update_directly};
use crate::operations::{Patch, load, permitted, prefilter};
use crate::record::AnyRecord;
use crate::value::Value;

/// A new row.
pub(in crate::operations) fn create<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    patch: &Patch,
) -> Handled<'a, Box<dyn AnyRecord>> {
    let chain = context.handled::<Create>(meta)?;
    let patch = patch.clone();
    Some(Box::pin(async move {
        let (item, _) = permitted::new_record(context, meta, patch)?;
        guard::write_record(context.identity(), Write::Insert, &*item)?;
        let sent = vec![what_is_set(&*item)];
        let operation = async |part: Context, trusted: Trusted, asked: Item<Any>| {
            is_of(meta, &*asked.item)?;
            let (values, trusted) = new_values(&part, meta, trusted.part(what_is_set(&*asked.item)))?;
            insert_as(&part, meta, values, trusted, Part::Given).await
        };
        let asked = async |_| Ok((Item { item }, sent));
        written(context, Some(meta), chain, asked, operation, |record| is_of(meta, &**record)).await
    }))
}

/// The values of a new record: the asker's, where they may write them, and the server's.
pub(super) fn new_values(
    context: &Context,
    meta: &'static EntityMeta,
    (mut values, mut trusted): (Patch, Patch),
) -> Result<(Patch, Patch)> {
    // What the server keeps was given when the record was made.
    trusted.extend(values.extract_if(.., |(field, _)| meta.field(*field).kept));
    let (_, permitted) = permitted::new_record(context, meta, values.clone())?;
    may_write(context, meta, &values, guard::writable_fields(meta, context.identity()).and(permitted))?;
    Ok((values, trusted))
}

/// A change of a row.
pub(in crate::operations) fn update<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    id: &Id,
    patch: &Patch,
) -> Handled<'a, Box<dyn AnyRecord>> {
    let chain = context.handled::<Update>(meta)?;
    let (id, mut patch) = (id.clone(), patch.clone());
    Some(Box::pin(async move {
        let identity = context.identity();
        let version: Patch = patch.extract_if(.., |(field, _)| meta.version == Some(*field)).collect();
        // The row, and how much had been written then.
        let loaded = OnceLock::new();
        let asked = async |inside: Context| {
            let rows = prefilter::beside(context, meta, &id.condition(meta)).await?;
            let mut item = load(&inside.with_scope(Scope::Backend), meta, &id, rows).await?;
            let _ = loaded.set((item.copy(), inside.writes()));
            guard::write_record(identity, Write::Update, &*item)?;
            compare_version(context, &*item, &version)?;
            permitted::retain(context, &*item, &mut patch);
            apply(&mut *item, patch.clone())?;
            guard::write_record(identity, Write::Update, &*item)?;
            Ok((Item { item }, vec![patch]))
        };
        let operation = async |part: Context, trusted: Trusted, asked: Item<Any>| {
            is_of(meta, &*asked.item)?;
            let item = &*asked.item;
            // What was sent is written, changed or not, as it would be without a handler.
            let sent: FieldMask = trusted.sent.iter().flatten().map(|(field, _)| *field).collect();
            let written = item.changed_fields().or(sent);
            let (mut values, trusted) = trusted.part(written.iter().map(|field| (field, item.get(field))).collect());
            let writable = match item.as_stored() {
                Some(stored) => guard::writable_of(identity, &*stored),
                // A record of the handler's own is in no table.
                None if item.state().is_new => FieldMask::NONE,
                None => guard::writable_of(identity, item),
            };
            may_write(context, meta, &values, writable.without(meta.id_fields()))?;
            values.extend(version.iter().cloned());
            let id = item.original_id();
            let as_it_is = |(row, writes): &(Box<dyn AnyRecord>, _)| part.writes() == *writes && row.id() == id;
            let loaded = loaded.get().filter(|loaded| as_it_is(loaded)).map(|(row, _)| row.copy());
            match update_directly(&part, meta, &id, (values, trusted), Part::Given, loaded).await? {
                Updated::Record(record) => Ok(record),
                Updated::Row(row) => stored(meta, row),
            }
        };
        written(context, Some(meta), chain, asked, operation, |record| is_of(meta, &**record)).await
    }))
}

/// The end of a row.
pub(in crate::operations) fn remove<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    id: &Id,
    version: Option<&Value>,
) -> Handled<'a, Option<chrono::DateTime<chrono::Utc>>> {
    let chain = context.handled::<Remove>(meta)?;
    let (id, version) = (id.clone(), version.cloned());
    Some(Box::pin(async move {
        let asked = async |inside: Context| {
            let rows = prefilter::beside(context, meta, &id.condition(meta)).await?;
            let item = load(&inside.with_scope(Scope::Backend), meta, &id, rows).await?;
            guard::write_record(context.identity(), Write::Delete, &*item)?;
            let seen = meta.version.filter(|version| accepted(context, meta).contains(*version));
            compare_version(context, &*item, &seen.zip(version.clone()).into_iter().collect())?;
            Ok((Existing { id: id.clone(), item }, Vec::new()))
        };
        let operation = async |part: Context, _, asked: Existing<Any>| {
            Ok(delete_as(&part, meta, &asked.id, version.clone()).await?.then(chrono::Utc::now))
        };
        written(context, Some(meta), chain, asked, operation, |_| Ok(())).await
    }))
}
