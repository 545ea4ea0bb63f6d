//! Conditions that ask for more than a row's own fields: what holds of related rows anyway is added, custom filters become what
//! they answer, and what the asker may not ask is refused.

use super::answers::{Asked, once};
use super::include::key;
use super::{computed, nesting, prefilter, raw};
use crate::aggregate::{Aggregation, Measure, OVERFLOW};
use crate::context::{Context, Scope};
use crate::filter::wire::unknown_field;
use crate::filter::{CUSTOM, Comparison, Condition, Custom, Related, RelatedTo};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask, RelationMeta, Through};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::relation::declared::{filter_of, found_by};
use crate::relation::{Measured, OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::value::{Row, Value};
use crate::{Error, Result, guard, shown};

/// What of the rows at the other end of a relation can be seen.
pub(super) struct Sight {
    /// The fields.
    pub readable: FieldMask,
    /// What the relation's declaration says of the rows.
    pub declared: Condition,
}

/// The relation's declared filter holds always; in scope `Api` its keys, the entity at the other end and the one in between are
/// to be seen.
///
/// # Errors
/// 400 where the relation is hidden, 401 and 403 where an entity is.
pub(super) async fn sight(context: &Context, meta: &EntityMeta, relation: &'static RelationMeta) -> Result<Sight> {
    let target = relation.target();
    let declared = trusted(context, target, filter_of(relation)?).await?;
    Ok(Sight { readable: readable_across(context, meta, relation)?, declared })
}

/// The fields that can be seen at the other end of a relation.
///
/// # Errors
/// As [`sight`].
pub(super) fn readable_across(context: &Context, meta: &EntityMeta, relation: &RelationMeta) -> Result<FieldMask> {
    let target = relation.target();
    if context.scope() == Scope::Backend {
        return Ok(target.all_fields());
    }
    let identity = context.identity();
    // Who may not see the rows at all is told that, where they may know of the relation.
    if guard::allows(&relation.api_read, identity) {
        guard::read(target, identity)?;
        relation.through.map_or(Ok(()), |through| guard::read((through.entity)(), identity))?;
    }
    may_know(context, meta, relation)?;
    Ok(guard::readable_fields(target, identity))
}

/// Passes whoever may know of a relation, in scope `Api`. Whoever may not see a key is not told by the relation what it is.
///
/// # Errors
/// 400, as of a relation that is not there.
pub(super) fn may_know(context: &Context, meta: &EntityMeta, relation: &RelationMeta) -> Result<()> {
    let (identity, target) = (context.identity(), relation.target());
    let sees = |meta: &EntityMeta, field: usize| guard::readable_fields(meta, identity).contains(field);
    let holder = relation.through.map_or(target, |through| (through.entity)());
    let keys = || relation.keys.iter().all(|(own, other)| sees(meta, *own) && sees(holder, *other));
    let joined = |through: Through| through.keys.iter().all(|(one, other)| sees(holder, *one) && sees(target, *other));
    if guard::allows(&relation.api_read, identity) && keys() && relation.through.is_none_or(joined) {
        return Ok(());
    }
    Err(unknown_field(meta, relation.wire))
}

/// A condition as somebody asks it of rows of an entity, who is guarded in scope `Api`: what holds of related rows anyway is
/// added, and custom filters become what they answer.
///
/// # Errors
/// 400 where a field or a relation is hidden, for SQL in scope `Api` and for wrong arguments; 401 and 403 where an entity at the
/// other end is hidden; what a custom filter answers.
pub(super) fn asked<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    condition: Condition,
) -> BoxFuture<'a, Result<Condition>> {
    if !condition.asks_elsewhere() {
        return crate::future::ready(Ok(condition));
    }
    Box::pin(async move {
        Ok(match condition {
            Condition::Related(related) => Condition::Related(Box::new(asked_across(context, meta, *related).await?)),
            Condition::RelatedTo(to) => asked_to(context, *to).await?,
            Condition::Measured(measured) => {
                let Measured { value, holds } = *measured;
                Condition::Measured(Box::new(Measured { value: asked_value(context, meta, value).await?, holds }))
            }
            Condition::Custom(call) => custom(context, meta, &call).await?,
            Condition::Sql(_) | Condition::From(_) if context.scope() == Scope::Api => {
                return Err(Error::invalid(format!(
                    "{}: only trusted code asks by SQL. Put it into a custom filter, with `#[filters]`.",
                    meta.key
                )));
            }
            Condition::Sql(sql) => {
                raw::names_columns(&sql)?;
                Condition::Sql(sql)
            }
            Condition::From(sql) => {
                raw::names_columns(&sql)?;
                Condition::From(sql)
            }
            // What a custom filter answers may be several conditions: they stand beside the others, where arguments are looked for.
            Condition::And(list) => each(context, meta, list).await?.into_iter().fold(Condition::All, Condition::and),
            Condition::Or(list) => Condition::Or(each(context, meta, list).await?),
            Condition::Not(inner) => asked(context, meta, *inner).await?.negate(),
            other => other,
        })
    })
}

async fn each(context: &Context, meta: &'static EntityMeta, mut list: Vec<Condition>) -> Result<Vec<Condition>> {
    for one in &mut list {
        *one = asked(context, meta, std::mem::replace(one, Condition::All)).await?;
    }
    Ok(list)
}

/// What is asked of related rows, with what holds of them anyway.
async fn asked_across(context: &Context, meta: &EntityMeta, related: Related) -> Result<Related> {
    let Related { relation, target, between } = related;
    let sight = sight(context, meta, relation).await?;
    asks(relation.target(), &sight, target.fields())?;
    let (target, between) = narrowed(context, relation, sight, target, between).await?;
    Ok(Related { relation, target, between })
}

/// The rows that another one is related to, with what holds of those in between.
async fn asked_to(context: &Context, to: RelatedTo) -> Result<Condition> {
    let sight = sight(context, to.owner, to.relation).await?;
    let between = match to.relation.through.map(|through| (through.entity)()) {
        Some(through) => {
            let keys = std::slice::from_ref(&to.key);
            prefilter::applied(context, through, super::include::of_keys(to.relation, through, keys)).await?
        }
        None => Condition::All,
    };
    Ok(found_by(to, between).and(sight.declared))
}

/// The rows at the other end of a relation, and those in between, with all that holds of them.
async fn narrowed(
    context: &Context,
    relation: &'static RelationMeta,
    sight: Sight,
    target: Condition,
    between: Condition,
) -> Result<(Condition, Condition)> {
    let target = asked(context, relation.target(), target).await?;
    let target = prefilter::applied(context, relation.target(), target).await?.and(sight.declared);
    let between = match relation.through {
        Some(through) => prefilter::applied(context, (through.entity)(), between).await?,
        None => between,
    };
    Ok((target, between))
}

/// An order as somebody asks for it.
///
/// # Errors
/// As [`asked`].
pub(super) async fn order(context: &Context, meta: &'static EntityMeta, mut order: OrderBy) -> Result<OrderBy> {
    for (key, _) in &mut order {
        if let OrderKey::Related(value) = key {
            **value = asked_value(context, meta, (**value).clone()).await?;
        }
    }
    Ok(order)
}

fn asks(meta: &EntityMeta, sight: &Sight, fields: FieldMask) -> Result<()> {
    guard::asks_only(meta, sight.readable, fields)?;
    computed::asks_columns(meta, fields)
}

fn asked_value<'a>(
    context: &'a Context,
    meta: &'static EntityMeta,
    value: RelatedValue,
) -> BoxFuture<'a, Result<RelatedValue>> {
    Box::pin(async move {
        let RelatedValue { relation, of, target, between } = value;
        let sight = sight(context, meta, relation).await?;
        let there = relation.target();
        let of_fields = |field: Option<usize>| field.into_iter().collect();
        let of = match of {
            ValueOf::Measure(measure) => {
                asks(there, &sight, of_fields(measure.field()))?;
                measure.result(there)?;
                ValueOf::Measure(measure)
            }
            ValueOf::Key(OrderKey::Field(field)) => {
                asks(there, &sight, of_fields(Some(field)))?;
                ValueOf::Key(OrderKey::Field(field))
            }
            ValueOf::Key(OrderKey::Related(value)) => {
                ValueOf::Key(OrderKey::Related(Box::new(asked_value(context, there, *value).await?)))
            }
        };
        asks(there, &sight, target.fields())?;
        let (target, between) = narrowed(context, relation, sight, target, between).await?;
        Ok(RelatedValue { relation, of, target, between })
    })
}

/// A condition of the application's own, such as an `api_filter`: nobody is asked whether it may be asked.
///
/// # Errors
/// What a custom filter answers.
pub(super) async fn trusted(context: &Context, meta: &'static EntityMeta, condition: Condition) -> Result<Condition> {
    if condition.asks_elsewhere() {
        asked(&context.with_scope(Scope::Backend), meta, condition).await
    } else {
        Ok(condition)
    }
}

/// The condition that a function of the application answers, in trusted code.
///
/// # Errors
/// What the function answers; where functions ask for each other without an end.
pub(super) async fn made(
    context: &Context,
    meta: &'static EntityMeta,
    what: &str,
    work: BoxFuture<'static, Result<Condition>>,
) -> Result<Condition> {
    let trusted = context.with_scope(Scope::Backend);
    // What it asks for is a question of its own, and so is each that it asks by itself.
    let work = async {
        let condition = trusted.unknowing().run(work).await?;
        asked(&trusted.remembering(), meta, condition).await
    };
    nesting::within(|| format!("{}: {what} asks for filters that ask for filters", meta.key), work).await
}

/// As [`made`], of a function that makes another condition of one; asked the same in one question it runs once.
pub(super) async fn preprocessed_once(
    context: &Context,
    meta: &'static EntityMeta,
    what: &'static str,
    condition: Condition,
    preprocess: impl FnOnce(Condition) -> Result<BoxFuture<'static, Result<Condition>>>,
) -> Result<Condition> {
    let asked = || Asked::Preprocess(what, condition.clone());
    once(context, meta, asked, async { made(context, meta, what, preprocess(condition.clone())?).await }).await
}

/// The condition that a custom filter answers.
async fn custom(context: &Context, meta: &'static EntityMeta, call: &Custom) -> Result<Condition> {
    let Some(filter) = meta.custom_filter(&call.name) else {
        return Err(Error::invalid(format!("\"{CUSTOM}{}\" is not a filter of {}.", shown(&call.name), meta.key)));
    };
    if context.scope() == Scope::Api {
        // Who may write rows but not see them is not told by a filter what is in them.
        guard::read(meta, context.identity())?;
    }
    let ask = async { made(context, meta, filter.wire, filter.call(call)?).await };
    once(context, meta, || Asked::Call(call.clone()), ask).await
}

/// Does a record fulfil a condition? What it says of related rows the database is asked.
///
/// # Errors
/// Where the database cannot be asked.
pub(super) async fn holds(context: &Context, condition: &Condition, record: &dyn AnyRecord) -> Result<bool> {
    if !condition.asks_elsewhere() {
        return Ok(condition.matches(&|index| record.get(index)));
    }
    if condition.asks_by_sql() {
        return context.database()?.holds(record.meta(), &record.row(), condition).await;
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
                let find = Find::matching(target).limit(1);
                let there = match key(record, relation) {
                    Some(key) => {
                        let found =
                            context.database()?.find_related(relation, &[key], &find, &between, Some(1)).await?;
                        !found.is_empty()
                    }
                    None => false,
                };
                if there { Condition::All } else { Condition::Nothing }
            }
            Condition::RelatedTo(to) => {
                let RelatedTo { owner: _, relation, key, between } = *to;
                let meta = record.meta();
                let find = Find::matching(Id::of(meta, |field| record.get(field)).condition(meta)).limit(1);
                let found = context.database()?.find_related(relation, &[key], &find, &between, Some(1)).await?;
                if found.is_empty() { Condition::Nothing } else { Condition::All }
            }
            Condition::Measured(measured) => {
                let value = value_of(context, &measured.value, record).await?;
                holds_of(record.meta(), &measured.holds, &value)
            }
            Condition::And(all) => Condition::And(each_answered(context, all, record).await?),
            Condition::Or(any) => Condition::Or(each_answered(context, any, record).await?),
            Condition::Not(inner) => Condition::Not(Box::new(answered(context, *inner, record).await?)),
            other => other,
        })
    })
}

async fn each_answered(context: &Context, mut list: Vec<Condition>, record: &dyn AnyRecord) -> Result<Vec<Condition>> {
    for one in &mut list {
        *one = answered(context, std::mem::replace(one, Condition::All), record).await?;
    }
    Ok(list)
}

/// What a condition on a value says: true, false, or neither, which null can never be told apart from.
fn holds_of(meta: &EntityMeta, holds: &Condition, value: &Value) -> Condition {
    let get = |_| value.clone();
    if holds.matches(&get) {
        Condition::All
    } else if holds.clone().negate().matches(&get) {
        Condition::Nothing
    } else {
        let first = meta.ids.first().copied().unwrap_or_default();
        Condition::Compare(first, Comparison::Eq, Value::Null)
    }
}

/// What holds of some rows and of no others: by the values of the last field of the id, for each of the others.
fn these<'a>(meta: &EntityMeta, rows: impl Iterator<Item = &'a Row>) -> Condition {
    /// So many conditions may stand in a row: a database takes only so many, one within the other.
    const MOST: usize = 200;
    let Some((last, others)) = meta.ids.split_last() else { return Condition::Nothing };
    let value = |row: &Row, field: &usize| row.get(*field).cloned().unwrap_or(Value::Null);
    let mut groups: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    for row in rows {
        let key: Vec<_> = others.iter().map(|field| value(row, field)).collect();
        match groups.iter_mut().rfind(|(other, _)| *other == key) {
            Some((_, values)) => values.push(value(row, last)),
            None => groups.push((key, vec![value(row, last)])),
        }
    }
    let group = |(key, values): (Vec<Value>, Vec<Value>)| {
        let equal = others.iter().zip(key).map(|(field, value)| Condition::equals(*field, value));
        equal.fold(Condition::In(*last, values), Condition::and)
    };
    let mut all: Vec<_> = groups.into_iter().map(group).collect();
    while all.len() > 1 {
        all = all.chunks(MOST).map(|part| Condition::Or(part.to_vec())).collect();
    }
    all.pop().unwrap_or(Condition::Nothing)
}

/// A value of the rows that a record as it would be written is related to.
fn value_of<'a>(
    context: &'a Context,
    value: &'a RelatedValue,
    record: &'a dyn AnyRecord,
) -> BoxFuture<'a, Result<Value>> {
    Box::pin(async move {
        let RelatedValue { relation, of, target, between } = value;
        let there = relation.target();
        let none = if value.is_count() { Value::Int(0) } else { Value::Null };
        let Some(key) = key(record, relation) else { return Ok(none) };
        let database = context.database()?;
        let limit = matches!(of, ValueOf::Key(_)).then_some(1);
        let find = Find { limit, ..Find::matching(target.clone()) };
        let rows = database.find_related(relation, &[key], &find, between, limit).await?;
        match of {
            ValueOf::Measure(Measure::Count) => Ok(Value::Int(rows.len().try_into().unwrap_or(i64::MAX))),
            ValueOf::Measure(measure) => {
                let asked = Aggregation::total(these(there, rows.iter().map(|(_, row)| row)), vec![*measure]);
                match database.aggregate(there, &asked).await {
                    // As in a statement: a sum that cannot be counted is null.
                    Err(error) if error.code() == Some(OVERFLOW) => Ok(none),
                    computed => Ok(computed?.pop().and_then(|row| row.into_iter().next()).unwrap_or(none)),
                }
            }
            ValueOf::Key(of) => {
                let Some((_, row)) = rows.into_iter().next() else { return Ok(none) };
                match of {
                    OrderKey::Field(field) => Ok(row.into_iter().nth(*field).unwrap_or(none)),
                    OrderKey::Related(value) => {
                        let mut related = (there.new_record)();
                        related.set_stored(row, FieldMask::NONE)?;
                        value_of(context, value, &*related).await
                    }
                }
            }
        }
    })
}
