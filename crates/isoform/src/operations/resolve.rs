//! Conditions on related rows: what holds there anyway is added, and what the asker may not ask is refused.

use super::computed;
use crate::aggregate::{Aggregation, Measure};
use crate::context::{Context, Scope};
use crate::filter::wire::unknown_field;
use crate::filter::{Comparison, Condition, Related, RelatedTo};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::provider::Find;
use crate::record::AnyRecord;
use crate::relation::declared::{each, filter_of, found_by, known};
use crate::relation::{OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::value::{Row, Value};
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
    let declared = filter_of(relation)?;
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
    let related = |Related { relation, target, between }: Related| {
        let sight = sight(context, meta, relation)?;
        asks(relation.target(), &sight, target.fields())?;
        let target = asked(context, relation.target(), target)?;
        Ok(Related { relation, target: target.and(sight.target), between: between.and(sight.between) })
    };
    let to = |to: RelatedTo| {
        let sight = sight(context, to.owner, to.relation)?;
        Ok(found_by(to, sight.between).and(sight.target))
    };
    each(condition, &related, &to, &|value| asked_value(context, meta, value))
}

/// An order as somebody asks for it.
///
/// # Errors
/// As [`asked`].
pub(super) fn order(context: &Context, meta: &EntityMeta, order: OrderBy) -> Result<OrderBy> {
    let one = |(key, direction)| {
        Ok(match key {
            OrderKey::Field(_) => (key, direction),
            OrderKey::Related(value) => (OrderKey::Related(Box::new(asked_value(context, meta, *value)?)), direction),
        })
    };
    order.into_iter().map(one).collect()
}

fn asks(meta: &EntityMeta, sight: &Sight, fields: FieldMask) -> Result<()> {
    guard::asks_only(meta, sight.readable, fields)?;
    computed::asks_columns(meta, fields)
}

fn asked_value(context: &Context, meta: &EntityMeta, value: RelatedValue) -> Result<RelatedValue> {
    let RelatedValue { relation, of, target, between } = value;
    let sight = sight(context, meta, relation)?;
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
            ValueOf::Key(OrderKey::Related(Box::new(asked_value(context, there, *value)?)))
        }
    };
    asks(there, &sight, target.fields())?;
    let target = asked(context, there, target)?.and(sight.target);
    Ok(RelatedValue { relation, of, target, between: between.and(sight.between) })
}

/// A condition of the application's own, such as an `api_filter`: nobody is asked whether it may be asked.
pub(super) fn trusted(condition: Condition) -> Condition {
    if condition.asks_elsewhere() { known(condition).unwrap_or(Condition::Nothing) } else { condition }
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
                let find = Find::matching(target).limit(1);
                let there = match key(relation, record) {
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
        Condition::Compare(meta.ids.first().copied().unwrap_or_default(), Comparison::Eq, Value::Null)
    }
}

/// Nothing is related to what has no key.
fn key(relation: &RelationMeta, record: &dyn AnyRecord) -> Option<Vec<Value>> {
    let key: Vec<_> = relation.keys.iter().map(|(own, _)| record.get(*own)).collect();
    (!key.iter().any(Value::is_null)).then_some(key)
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
        let Some(key) = key(relation, record) else { return Ok(none) };
        let database = context.database()?;
        let limit = matches!(of, ValueOf::Key(_)).then_some(1);
        let find = Find { limit, ..Find::matching(target.clone()) };
        let rows = database.find_related(relation, &[key], &find, between, limit).await?;
        match of {
            ValueOf::Measure(Measure::Count) => Ok(Value::Int(rows.len().try_into().unwrap_or(i64::MAX))),
            ValueOf::Measure(measure) => {
                let asked = Aggregation::total(these(there, rows.iter().map(|(_, row)| row)), vec![*measure]);
                let computed = database.aggregate(there, &asked).await?.pop();
                Ok(computed.and_then(|row| row.into_iter().next()).unwrap_or(none))
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
