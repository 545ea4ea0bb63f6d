//! Aggregates: guarded as lists are.

use super::ask::guarded;
use super::computed;
use crate::aggregate::Aggregation;
use crate::context::{Context, Scope};
use crate::guard;
use crate::meta::EntityMeta;
use crate::provider::Find;
use crate::value::Row;
use crate::{Error, Result};

/// What is computed of each group of rows: the fields of the group, then the measures. Without groups it is one row.
///
/// # Errors
/// 400 for what the asker may not see, for what makes no sense, for too many groups and for a sum that is too large; 401, 403.
pub async fn aggregate(context: &Context, meta: &'static EntityMeta, mut asked: Aggregation) -> Result<Vec<Row>> {
    if asked.groups.is_empty() {
        // One row has no order and no pages.
        (asked.limit, asked.offset) = (None, 0);
    }
    let Aggregation { filter, limit, .. } = asked;
    let (Find { filter, .. }, readable) = guarded(context, meta, Find { filter, limit, ..Find::default() })?;
    asked.filter = filter;
    guard::asks_only(meta, readable, asked.fields())?;
    computed::asks_columns(meta, asked.fields())?;
    asked.check(meta)?;
    let mut unlimited = false;
    if context.scope() == Scope::Api {
        asked.check_size()?;
        unlimited = limit.is_none() && !asked.groups.is_empty();
    }
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
