//! Values of related rows on the wire: `items.$count.gt`, `items.price.$sum.gte`, and orders by them, `project.name`.

use serde_json::{Map, Value as JsonValue, json};

use super::{
    Operator, Subject, compared, compared_text, object_condition, operator, readable_field, readable_relation,
    target_of, wrong_value,
};
use crate::aggregate::{Function, Measure};
use crate::error::shown;
use crate::filter::limits::MAX_RELATED_DEPTH;
use crate::filter::{Condition, RelatedTo};
use crate::json::{from_json, to_json as value_to_json};
use crate::meta::{Direction, EntityMeta, FieldMask, RelationMeta};
use crate::relation::{Measured, OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::value::FieldType;
use crate::{Error, Result};

/// How many rows there are.
const COUNT: &str = "$count";

/// A key that compares something which is computed of related rows.
pub(super) struct Measuring<'k> {
    relation: &'static RelationMeta,
    measure: Measure,
    key: &'k str,
    operator: Operator,
    field_type: FieldType,
}

/// What is computed by the part of a key behind a relation, and what stands behind that.
fn measure<'k>(relation: &RelationMeta, rest: Option<&'k str>) -> Result<Option<(Measure, Option<&'k str>)>> {
    let split = |text: &'k str| text.split_once('.').map_or((text, None), |(one, rest)| (one, Some(rest)));
    let Some((first, rest)) = rest.map(split) else { return Ok(None) };
    if first == COUNT {
        return Ok(Some((Measure::Count, rest)));
    }
    let (field, function, rest) = match rest.map(split) {
        _ if first.starts_with('$') => (None, first, rest),
        // `project.tasks.$count`: that of another relation.
        Some((function, rest)) if function.starts_with('$') && function != COUNT => (Some(first), function, rest),
        _ => return Ok(None),
    };
    let known = Function::ALL.into_iter().find(|known| function.strip_prefix('$') == Some(known.wire()));
    let (Some(known), Some(field)) = (known, field) else {
        let names: Vec<_> = Function::ALL.iter().map(|one| format!("${}", one.wire())).collect();
        return Err(Error::invalid(format!(
            "\"{}\" computes nothing here: write \"{}.{COUNT}\", or one of {} behind a field.",
            shown(function),
            relation.wire,
            names.join(", ")
        )));
    };
    let field = target_of(relation).field(field)?;
    Ok(Some((Measure::Of(known, field), rest)))
}

impl<'k> Measuring<'k> {
    /// What a key compares, where it names something to compute.
    ///
    /// # Errors
    /// 400 with what is unknown.
    pub fn of(relation: &'static RelationMeta, key: &'k str, rest: Option<&'k str>) -> Result<Option<Self>> {
        let Some((measure, suffix)) = measure(relation, rest)? else { return Ok(None) };
        let field_type = measure.result(relation.target())?;
        let name = suffix.and_then(|suffix| key.strip_suffix(suffix)).map_or(key, |name| name.trim_end_matches('.'));
        let operator = operator(key, name, suffix, field_type)?;
        Ok(Some(Self { relation, measure, key, operator, field_type }))
    }

    fn condition(&self, target: Condition, holds: Condition) -> Condition {
        let value = RelatedValue { target, ..RelatedValue::new(self.relation, ValueOf::Measure(self.measure)) };
        Condition::measured(value, holds)
    }

    /// `3`, or `{"where": {…}, "is": 3}`: of which rows.
    pub fn read(&self, value: &JsonValue, depth: usize) -> Result<Condition> {
        match value {
            JsonValue::Array(list) if list.iter().any(JsonValue::is_object) => {
                list.iter().try_fold(Condition::All, |all, one| Ok(all.and(self.read(one, depth)?)))
            }
            JsonValue::Object(chosen) => {
                if let Some(other) = chosen.keys().find(|key| !matches!(key.as_str(), "where" | "is")) {
                    let problem = format!("has \"where\" and \"is\", not \"{}\"", shown(other));
                    return Err(wrong_value(self.key, &problem));
                }
                let target = match chosen.get("where") {
                    Some(filter) => object_condition(target_of(self.relation), filter, depth + 1)?,
                    None => Condition::All,
                };
                let Some(is) = chosen.get("is") else {
                    return Err(wrong_value(self.key, "has no \"is\": what the value is compared with"));
                };
                Ok(self.condition(target, compared(self.key, self.operator, 0, self.field_type, is)?))
            }
            one => Ok(self.condition(Condition::All, compared(self.key, self.operator, 0, self.field_type, one)?)),
        }
    }

    /// As [`Measuring::read`], in an address.
    pub fn read_text(&self, text: &str, depth: usize) -> Result<Condition> {
        if text.starts_with('{') {
            let json = serde_json::from_str(text)
                .map_err(|_| wrong_value(self.key, "must be a value, or JSON with \"where\" and \"is\""))?;
            return self.read(&json, depth);
        }
        Ok(self.condition(Condition::All, compared_text(self.key, self.operator, 0, self.field_type, text)?))
    }
}

/// What rows are ordered by, by its name on the wire, among what the asker may see: `title`, `project.name`, `items.$count`,
/// `items.price.$sum`.
///
/// # Errors
/// 400 with the name of what is unknown.
pub fn readable_key(meta: &EntityMeta, readable: FieldMask, name: &str) -> Result<OrderKey> {
    key(meta, readable, name, 0)
}

fn key(meta: &EntityMeta, readable: FieldMask, name: &str, depth: usize) -> Result<OrderKey> {
    let Some((first, rest)) = name.split_once('.') else {
        return readable_field(meta, readable, name).map(OrderKey::Field);
    };
    if depth >= MAX_RELATED_DEPTH {
        return Err(Error::invalid(format!("The order goes across more than {MAX_RELATED_DEPTH} relations.")));
    }
    let relation = readable_relation(meta, first)?;
    let of = match measure(relation, Some(rest))? {
        Some((measure, None)) => {
            measure.result(relation.target())?;
            ValueOf::Measure(measure)
        }
        Some((_, Some(more))) => {
            return Err(Error::invalid(format!("\"{}\" has no meaning in an order.", shown(more))));
        }
        None if relation.many => {
            return Err(Error::invalid(format!(
                "\"{first}\" are several rows: order by \"{first}.{COUNT}\", or by something computed of a field, such as \
                 \"{}.$max\".",
                shown(name)
            )));
        }
        None => {
            let there = target_of(relation);
            ValueOf::Key(key(there.meta, there.readable, rest, depth + 1)?)
        }
    };
    Ok(OrderKey::Related(Box::new(RelatedValue::new(relation, of))))
}

/// An order as a body says it: `["title desc", {"by": "items.$count", "where": {…}, "desc": true}]`.
///
/// # Errors
/// 400 with the name of what is unknown or wrong.
pub fn readable_order(meta: &EntityMeta, readable: FieldMask, json: &JsonValue) -> Result<OrderBy> {
    let wrong = |what: &str| Error::invalid(format!("\"sort\": {what}."));
    let list = json.as_array().ok_or_else(|| wrong("must be an array such as [\"title desc\"]"))?;
    let one = |one: &JsonValue| {
        let Some(object) = one.as_object() else {
            let text = one.as_str().ok_or_else(|| wrong("holds texts such as \"title desc\""))?;
            let (name, direction) = text.split_once(' ').unwrap_or((text, "asc"));
            let direction = match direction {
                "asc" => Direction::Asc,
                "desc" => Direction::Desc,
                _ => return Err(wrong("the direction is asc or desc")),
            };
            return Ok((readable_key(meta, readable, name)?, direction));
        };
        let (mut by, mut filter, mut direction) = (None, None, Direction::Asc);
        for (name, value) in object {
            match (name.as_str(), value) {
                ("by", JsonValue::String(name)) => by = Some(readable_key(meta, readable, name)?),
                ("where", value) => filter = Some(value),
                ("desc", JsonValue::Bool(desc)) => direction = if *desc { Direction::Desc } else { Direction::Asc },
                (other, _) => {
                    let other = shown(other);
                    return Err(wrong(&format!("\"{other}\" is none of by (a text), where, desc (true or false)")));
                }
            }
        }
        let by = by.ok_or_else(|| wrong("\"by\" says by what"))?;
        Ok((filter.map_or(Ok(by.clone()), |filter| of_those(by, filter))?, direction))
    };
    list.iter().map(one).collect()
}

/// The value of those related rows alone of which a filter holds.
fn of_those(key: OrderKey, filter: &JsonValue) -> Result<OrderKey> {
    let nothing = || {
        Error::invalid("\"sort\": \"where\" chooses the rows that something is computed of, such as \"items.$count\".")
    };
    let OrderKey::Related(mut value) = key else { return Err(nothing()) };
    match value.of {
        ValueOf::Measure(_) => value.target = object_condition(target_of(value.relation), filter, 0)?,
        ValueOf::Key(inner) => value.of = ValueOf::Key(of_those(inner, filter)?),
    }
    Ok(OrderKey::Related(value))
}

/// A value with a name of its own, and of which rows it is.
#[derive(Clone, Copy)]
pub(super) struct Named<'a> {
    pub name: &'a str,
    chosen: Option<&'a JsonValue>,
}

impl Named<'_> {
    /// What the value is compared with.
    pub fn operand(self, operand: JsonValue) -> JsonValue {
        match self.chosen {
            Some(filter) => json!({ "where": filter, "is": operand }),
            None => operand,
        }
    }
}

/// The name of what is of related rows, and of which of them.
pub(crate) fn key_to_json(value: &RelatedValue) -> (String, Option<JsonValue>) {
    let (relation, target) = (value.relation.wire, value.relation.target());
    match &value.of {
        ValueOf::Measure(measure) => {
            let name = match measure {
                Measure::Count => format!("{relation}.{COUNT}"),
                Measure::Of(function, field) => {
                    format!("{relation}.{}.${}", target.field(*field).wire, function.wire())
                }
            };
            let chosen = (value.target != Condition::All).then(|| super::to_json(target, &value.target).into());
            (name, chosen)
        }
        ValueOf::Key(OrderKey::Field(field)) => (format!("{relation}.{}", target.field(*field).wire), None),
        ValueOf::Key(OrderKey::Related(inner)) => {
            let (name, chosen) = key_to_json(inner);
            (format!("{relation}.{name}"), chosen)
        }
    }
}

/// The rows at the other end of a relation of another entity: `{"tasks.comments": [1]}`.
pub(super) fn related_to(meta: &EntityMeta, json: &JsonValue) -> Result<Condition> {
    let wrong = || {
        Error::invalid(format!(
            "The filter \"{}\" is an object such as {{\"tasks.comments\": [1]}}: a relation, and the values of its key.",
            super::RELATED_TO
        ))
    };
    let object = json.as_object().ok_or_else(wrong)?;
    object.iter().try_fold(Condition::All, |all, (name, key)| {
        let values = key.as_array().ok_or_else(wrong)?;
        // Another entity's name, a hidden relation and one that leads elsewhere are all none of this entity's.
        let unknown = || Error::invalid(format!("\"{}\" is not a relation to {}.", shown(name), meta.key));
        let (owner, relation) = name.split_once('.').ok_or_else(unknown)?;
        let owner = crate::Context::current()?.entity(owner).ok_or_else(unknown)?;
        let relation = readable_relation(owner, relation).map_err(|_| unknown())?;
        if relation.target() != meta {
            return Err(unknown());
        }
        if values.len() != relation.keys.len() {
            return Err(wrong());
        }
        let fields = relation.keys.iter().map(|(own, _)| owner.field(*own).field_type);
        let value = |(field_type, value)| {
            from_json(field_type, value)
                .map_err(|error| wrong_value(&format!("{}.{name}", super::RELATED_TO), &error.0))
        };
        let key = fields.zip(values).map(value).collect::<Result<_>>()?;
        Ok(all.and(Condition::related_to(owner, relation, key)))
    })
}

/// See [`related_to`].
pub(crate) fn related_to_json(to: &RelatedTo) -> (String, JsonValue) {
    (format!("{}.{}", to.owner.key, to.relation.wire), to.key.iter().map(value_to_json).collect())
}

/// A condition on a value of related rows.
pub(crate) fn measured_to_json(measured: &Measured) -> Map<String, JsonValue> {
    let (name, chosen) = key_to_json(&measured.value);
    let value = Some(Named { name: &name, chosen: chosen.as_ref() });
    Subject { meta: measured.value.relation.target(), value }.to_json(&measured.holds)
}

/// One of an order, as a body says it.
pub(crate) fn order_to_json(meta: &EntityMeta, key: &OrderKey, direction: Direction) -> JsonValue {
    let (name, chosen) = match key {
        OrderKey::Field(field) => (meta.field(*field).wire.to_owned(), None),
        OrderKey::Related(value) => (value.relation.travel.key)(value),
    };
    let desc = direction == Direction::Desc;
    match chosen {
        Some(filter) => json!({ "by": name, "where": filter, "desc": desc }),
        None if desc => format!("{name} desc").into(),
        None => name.into(),
    }
}
