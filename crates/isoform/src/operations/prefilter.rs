//! What holds of an entity's rows anyway: the filters that it declares.

use super::resolve::{preprocessed_once, trusted};
use crate::backend::Args;
use crate::context::{Context, Scope};
use crate::filter::{Among, Condition, Preprocess};
use crate::meta::{EntityMeta, Source};
use crate::{Error, Result, guard};

/// The rows that the API may touch at all: nobody is to put a row beyond them.
///
/// # Errors
/// What a custom filter answers.
pub(super) async fn reach(context: &Context, meta: &'static EntityMeta) -> Result<Condition> {
    trusted(context, meta, guard::api_filter(meta, context.identity())).await
}

/// The rows that there are for whoever asks the API, whatever they ask.
///
/// # Errors
/// What a custom filter answers.
pub(super) async fn there(context: &Context, meta: &'static EntityMeta) -> Result<Condition> {
    let mut condition = reach(context, meta).await?;
    if let Some(backend) = meta.filters.backend {
        condition = condition.and(trusted(context, meta, backend(context.identity())).await?);
    }
    Ok(condition)
}

/// What is asked for, with all that holds anyway; in scope `Api` what holds for the API too.
///
/// # Errors
/// 403 where the id has to be said and is not; what a function of the application answers.
pub(super) async fn applied(context: &Context, meta: &'static EntityMeta, asked: Condition) -> Result<Condition> {
    let filters = &meta.filters;
    let mut condition = asked;
    if context.scope() == Scope::Api {
        says_its_id(context, meta, &condition)?;
        if let Some(preprocess) = filters.api_preprocess {
            condition = preprocessed(context, meta, "api_preprocess_filter", preprocess, condition).await?;
        }
        condition = condition.and(reach(context, meta).await?);
    }
    if let Source::Function(function) = meta.source
        && function.arguments.is_empty()
    {
        let body = |_| (function.body)(Args::new(Vec::new()));
        condition = condition.and(preprocessed_once(context, meta, "its function", Condition::All, body).await?);
    }
    if let Some(preprocess) = filters.backend_preprocess {
        condition = preprocessed(context, meta, "backend_preprocess_filter", preprocess, condition).await?;
    }
    if let Some(backend) = filters.backend {
        condition = condition.and(trusted(context, meta, backend(context.identity())).await?);
    }
    Ok(condition)
}

/// What a function makes of a condition. Whatever it answers, a row that was asked for by its id is that one or none.
async fn preprocessed(
    context: &Context,
    meta: &'static EntityMeta,
    what: &'static str,
    preprocess: Preprocess,
    condition: Condition,
) -> Result<Condition> {
    let pinned: Vec<_> = meta.ids.iter().map(|id| (*id, condition.pinned(*id))).collect();
    let mut made = preprocessed_once(context, meta, what, condition, |condition| Ok(preprocess(condition))).await?;
    if pinned.iter().any(|(_, values)| values.is_none()) {
        return Ok(made);
    }
    for (id, values) in pinned {
        let values: Vec<_> = values.unwrap_or_default().into_iter().filter(|value| !value.is_null()).collect();
        let asked = Among::new(&values);
        if made.pinned(id).is_none_or(|made| !made.iter().all(|value| asked.contains(value))) {
            made = made.and(Condition::In(id, values));
        }
    }
    Ok(made)
}

/// What holds beside a condition that is not to be replaced, such as an id.
///
/// # Errors
/// As [`applied`].
pub(super) async fn beside(context: &Context, meta: &'static EntityMeta, asked: &Condition) -> Result<Condition> {
    if looks_at_filters(meta) {
        return applied(context, meta, asked.clone()).await;
    }
    applied(context, meta, Condition::All).await
}

/// May functions of the application be asked about a question for rows of the entity, whatever is asked?
pub(super) fn asks_functions(meta: &EntityMeta) -> bool {
    let filters = &meta.filters;
    meta.api_filter.is_some()
        || filters.backend.is_some()
        || filters.api_preprocess.is_some()
        || filters.backend_preprocess.is_some()
        || matches!(meta.source, Source::Function(_))
}

/// Does the entity look at what it is asked?
pub(super) fn looks_at_filters(meta: &EntityMeta) -> bool {
    let filters = &meta.filters;
    filters.api_preprocess.is_some()
        || filters.backend_preprocess.is_some()
        || !matches!(filters.require_id, crate::meta::Rule::Nobody)
}

/// Passes a question that names the id of its rows, where it has to.
fn says_its_id(context: &Context, meta: &EntityMeta, asked: &Condition) -> Result<()> {
    if !guard::allows(&meta.filters.require_id, context.identity()) {
        return Ok(());
    }
    let Some(missing) = meta.ids.iter().find(|id| asked.pinned(**id).is_none()) else { return Ok(()) };
    Err(Error::forbidden(format!(
        "{} are asked for by their id: a filter such as {}=… is missing.",
        meta.label,
        meta.field(*missing).wire
    )))
}
