//! The guard of a question: what lists, included relations, aggregates and bulk writes are asked through.

use super::hidden::judged;
use super::page::seen_order;
use super::{computed, resolve};
use crate::context::{Context, Scope};
use crate::filter::limits;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::provider::Find;
use crate::{Error, Result, guard};

/// Passes what somebody asks of an entity's rows, of which they may see the fields of a mask: fields that they see, and no more than
/// one question may ask. Custom filters are answered in it and related rows guarded; what holds of the rows anyway is not in it yet.
///
/// `included`: the relation that brings the rows along, where one does.
///
/// # Errors
/// 400 for what the asker may not see and for too much; 401, 403; what a custom filter answers.
pub(super) async fn guarded(
    context: &Context,
    meta: &'static EntityMeta,
    readable: FieldMask,
    mut find: Find,
    included: Option<&RelationMeta>,
) -> Result<Find> {
    let asked = find.filter.fields().iter().chain(find.order.iter().filter_map(|(key, _)| key.field())).collect();
    // Each is a function of the application's that runs.
    let calls = limits::calls(meta, &find);
    if context.scope() == Scope::Api {
        guard::asks_only(meta, readable, asked)?;
        guard::asks_only(meta, readable.or(judged(context, meta)), find.with)?;
        limits::check(meta, &find.filter)?;
        limits::check_order(&find.order)?;
        limits::check_calls(calls)?;
        let most = context.query_limits().rows;
        if let Some(limit) = find.limit.filter(|limit| *limit > most) {
            return Err(Error::invalid(match included {
                None => format!("_limit is {limit}; at most {most} rows can be asked for at once."),
                Some(relation) => {
                    format!("{limit} rows of \"{}\" for each row; at most {most} can be included.", relation.wire)
                }
            }));
        }
    }
    computed::asks_columns(meta, asked)?;
    let remembering;
    let context = if calls > 0 && context.known().is_none() {
        remembering = context.remembering();
        &remembering
    } else {
        context
    };
    if find.filter.asks_elsewhere() {
        find.filter = resolve::asked(context, meta, find.filter).await?;
    }
    find.order = resolve::order(context, meta, seen_order(meta, find.order, readable)).await?;
    Ok(find)
}
