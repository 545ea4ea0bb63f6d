//! Aggregates: guarded as lists are.

use super::ask::guarded;
use super::{computed, handled};
use crate::aggregate::Aggregation;
use crate::context::{Context, Scope};
use crate::filter::Condition;
use crate::guard;
use crate::meta::EntityMeta;
use crate::provider::Find;
use crate::value::Row;
use crate::{Error, Result};

/// What is computed of each group of rows: the fields of the group, then the measures. Without groups it is one row.
///
/// # Errors
/// 400 for what the asker may not see, for what makes no sense, for too many groups and for a sum that is too large; 401, 403.
pub async fn aggregate(context: &Context, meta: &'static EntityMeta, asked: Aggregation) -> Result<Vec<Row>> {
    if let Some(handled) = handled::group(context, meta, &asked) {
        return handled.await;
    }
    computed_of(context, meta, asked, Condition::All).await
}

/// As [`aggregate`], without handlers; `beside` is the server's word.
pub(super) async fn computed_of(
    context: &Context,
    meta: &'static EntityMeta,
    mut asked: Aggregation,
    beside: Condition,
) -> Result<Vec<Row>> {
    asked = passed(context, meta, asked).await?;
    asked.filter = asked.filter.and(beside);
    let unlimited = context.scope() == Scope::Api && asked.limit.is_none() && !asked.groups.is_empty();
    let most = context.query_limits().rows;
    if unlimited {
        // Never cut silently: one group more than is allowed.
        asked.limit = Some(most.saturating_add(1));
    }
    let rows = context.database()?.aggregate(meta, &asked).await?;
    if unlimited && rows.len() as u64 > most {
        return Err(Error::invalid(format!(
            "There are more than {most} groups. Ask for a part of them with a limit and a page, or for fewer rows by a filter."
        )));
    }
    Ok(rows)
}

/// Guards what is asked.
pub(super) async fn passed(
    context: &Context,
    meta: &'static EntityMeta,
    mut asked: Aggregation,
) -> Result<Aggregation> {
    if asked.groups.is_empty() {
        // One row has no order and no pages.
        (asked.limit, asked.offset) = (None, 0);
    }
    let Aggregation { filter, limit, .. } = asked;
    let (Find { filter, .. }, readable) = guarded(context, meta, Find { filter, limit, ..Find::default() }).await?;
    asked.filter = filter;
    guard::asks_only(meta, readable, asked.fields())?;
    computed::asks_columns(meta, asked.fields())?;
    asked.check(meta)?;
    if context.scope() == Scope::Api {
        asked.check_size()?;
    }
    Ok(asked)
}
