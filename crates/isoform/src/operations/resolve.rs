//! Conditions on related rows: what holds there anyway is added, and what the asker may not ask is refused.

use super::computed;
use crate::context::{Context, Scope};
use crate::filter::wire::unknown_field;
use crate::filter::{Condition, Related};
use crate::future::BoxFuture;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::{Result, guard};

/// What of the rows at the other end of a relation can be seen.
pub(super) struct Sight {
    /// The fields.
    pub readable: FieldMask,
    /// The rows at the other end.
    pub target: Condition,
    /// The rows in between.
    pub between: Condition,
}

/// The relation's declared filter holds always; in scope `Api` what the guard says of the entity at the other end, and of the
/// one in between, holds too.
///
/// # Errors
/// 400 where the relation is hidden, 401 and 403 where an entity is.
pub(super) fn sight(context: &Context, meta: &EntityMeta, relation: &'static RelationMeta) -> Result<Sight> {
    let target = relation.target();
    let declared = trusted(relation.filter.map_or(Condition::All, |filter| filter()));
    if context.scope() == Scope::Backend {
        return Ok(Sight { readable: target.all_fields(), target: declared, between: Condition::All });
    }
    let identity = context.identity();
    // Whoever may not see a key is not told by the relation what it is.
    let sees = |meta: &EntityMeta, field: usize| guard::readable_fields(meta, identity).contains(field);
    let between = relation.through.map(|through| (through.entity)());
    let keys = relation.keys.iter().all(|(own, other)| sees(meta, *own) && sees(between.unwrap_or(target), *other));
    let joined = relation.through.is_none_or(|through| {
        through.keys.iter().all(|(one, other)| sees((through.entity)(), *one) && sees(target, *other))
    });
    if !guard::allows(&relation.api_read, identity) {
        return Err(unknown_field(meta, relation.wire));
    }
    let rows = |meta: &EntityMeta| guard::read(meta, identity).map(|()| trusted(guard::api_filter(meta, identity)));
    let (rows_there, rows_between) = (rows(target)?, between.map_or(Ok(Condition::All), rows)?);
    if !keys || !joined {
        return Err(unknown_field(meta, relation.wire));
    }
    let readable = guard::readable_fields(target, identity);
    Ok(Sight { readable, target: declared.and(rows_there), between: rows_between })
}

/// A condition as somebody asks it of rows of an entity.
///
/// # Errors
/// 400 where a field or a relation is hidden, 401 and 403 where an entity at the other end is.
pub(super) fn asked(context: &Context, meta: &EntityMeta, condition: Condition) -> Result<Condition> {
    each(condition, &|Related { relation, target, between }| {
        let sight = sight(context, meta, relation)?;
        guard::asks_only(relation.target(), sight.readable, target.fields())?;
        computed::asks_columns(relation.target(), target.fields())?;
        let target = asked(context, relation.target(), target)?;
        Ok(Related { relation, target: target.and(sight.target), between: between.and(sight.between) })
    })
}

/// A condition of the application's own, such as an `api_filter`: nobody is asked whether it may be asked.
pub(super) fn trusted(condition: Condition) -> Condition {
    let added = each(condition, &|Related { relation, target, between }| {
        let declared = relation.filter.map_or(Condition::All, |filter| filter());
        Ok(Related { relation, target: trusted(target).and(trusted(declared)), between })
    });
    added.unwrap_or(Condition::Nothing)
}

/// Does a record fulfil a condition? What it says of related rows the database is asked.
///
/// # Errors
/// Where the database cannot be asked.
pub(super) async fn holds(context: &Context, condition: &Condition, record: &dyn AnyRecord) -> Result<bool> {
    if !condition.asks_elsewhere() {
        return Ok(condition.matches(&|index| record.get(index)));
    }
    let answered = answered(context, condition.clone(), record).await?;
    Ok(answered.matches(&|index| record.get(index)))
}

/// The condition with each question about related rows answered.
fn answered<'a>(
    context: &'a Context,
    condition: Condition,
    record: &'a dyn AnyRecord,
) -> BoxFuture<'a, Result<Condition>> {
    Box::pin(async move {
        Ok(match condition {
            Condition::Related(related) => {
                let Related { relation, target, between } = *related;
                let key: Vec<_> = relation.keys.iter().map(|(own, _)| record.get(*own)).collect();
                let find = Find::matching(target).limit(1);
                let there = !key.iter().any(crate::Value::is_null)
                    && !context.database()?.find_related(relation, &[key], &find, &between, Some(1)).await?.is_empty();
                if there { Condition::All } else { Condition::Nothing }
            }
            Condition::And(mut all) => {
                for one in &mut all {
                    *one = answered(context, std::mem::replace(one, Condition::All), record).await?;
                }
                Condition::And(all)
            }
            Condition::Or(mut any) => {
                for one in &mut any {
                    *one = answered(context, std::mem::replace(one, Condition::All), record).await?;
                }
                Condition::Or(any)
            }
            Condition::Not(inner) => Condition::Not(Box::new(answered(context, *inner, record).await?)),
            other => other,
        })
    })
}

/// The condition with each question about related rows replaced.
fn each(condition: Condition, replace: &dyn Fn(Related) -> Result<Related>) -> Result<Condition> {
    let list = |list: Vec<Condition>| list.into_iter().map(|one| each(one, replace)).collect::<Result<Vec<_>>>();
    Ok(match condition {
        Condition::Related(related) => Condition::Related(Box::new(replace(*related)?)),
        Condition::And(all) => Condition::And(list(all)?),
        Condition::Or(any) => Condition::Or(list(any)?),
        Condition::Not(inner) => Condition::Not(Box::new(each(*inner, replace)?)),
        other => other,
    })
}
