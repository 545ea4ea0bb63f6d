//! Filters as the REST API spells them: one JSON object, or the parameters of an address.

mod related;

use serde_json::{Map, Value as JsonValue};

use super::custom::{self, CUSTOM};
use super::limits;
use super::{Comparison, Condition, TextMatch};
use crate::error::shown;
use crate::json;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::value::{FieldType, Value};
use crate::{Error, Result};

pub(crate) use related::{key_to_json, measured_to_json, order_to_json, related_to_json};
pub use related::{readable_key, readable_order};

/// The rows at the other end of a relation: `"$relatedTo": {"tasks.comments": [1]}`.
const RELATED_TO: &str = "$relatedTo";

/// The fields that a filter can name: a hidden one answers as one that is not there, whatever is asked of it.
#[derive(Clone, Copy)]
struct Known<'a> {
    meta: &'a EntityMeta,
    readable: FieldMask,
}

impl Known<'_> {
    fn field(self, name: &str) -> Result<usize> {
        readable_field(self.meta, self.readable, name)
    }

    /// The relation that a key begins with, and what is behind its dot.
    fn relation(self, key: &str) -> Option<(&'static RelationMeta, Option<&str>)> {
        let (name, rest) = key.split_once('.').map_or((key, None), |(name, rest)| (name, Some(rest)));
        readable_relation(self.meta, name).ok().map(|relation| (relation, rest))
    }
}

fn target_of(relation: &RelationMeta) -> Known<'static> {
    Known { meta: relation.target(), readable: readable_target(relation) }
}

/// The fields that whoever asks may see of the entity at the other end of a relation.
#[must_use]
pub fn readable_target(relation: &RelationMeta) -> FieldMask {
    let meta = relation.target();
    match crate::Context::current() {
        Ok(context) if context.scope() == crate::Scope::Backend => meta.all_fields(),
        context => crate::guard::readable_fields(meta, context.ok().as_ref().and_then(crate::Context::identity)),
    }
}

/// The relation with this name on the wire: a hidden one answers as one that is not there, except to trusted code.
///
/// # Errors
/// 400 with the name.
pub fn readable_relation(meta: &EntityMeta, name: &str) -> Result<&'static RelationMeta> {
    let seen = |relation: &&RelationMeta| match crate::Context::current() {
        Ok(context) if context.scope() == crate::Scope::Backend => true,
        context => crate::guard::allows(&relation.api_read, context.ok().as_ref().and_then(crate::Context::identity)),
    };
    meta.relation_by_wire(name).filter(seen).ok_or_else(|| unknown_field(meta, name))
}

/// A condition on related rows: `"comments.any": {…}`, `.none`, `.all`, or one field of them, `"project.name.contains": "x"`.
fn related_condition(
    relation: &'static RelationMeta,
    rest: Option<&str>,
    object: &mut dyn FnMut(Known<'_>) -> Result<Condition>,
    field: &mut dyn FnMut(Known<'_>, &str) -> Result<Condition>,
) -> Result<Condition> {
    let target = target_of(relation);
    Ok(match rest {
        None | Some("any") => Condition::related(relation, object(target)?),
        Some("none") => Condition::related(relation, object(target)?).negate(),
        Some("all") => Condition::related(relation, object(target)?.negate()).negate(),
        Some(path) => Condition::related(relation, field(target, path)?),
    })
}

/// The field with this name on the wire, among those that the asker may see.
///
/// # Errors
/// 400 with the name.
pub fn readable_field(meta: &EntityMeta, readable: FieldMask, name: &str) -> Result<usize> {
    meta.field_by_wire(name).filter(|field| readable.contains(*field)).ok_or_else(|| unknown_field(meta, name))
}

/// Reads a filter object: `{"n": 1, "title.contains": "tax", "OR": […]}`.
///
/// # Errors
/// 400 with the name of what is unknown, of the wrong type or too large.
pub fn from_json(meta: &EntityMeta, readable: FieldMask, object: &JsonValue) -> Result<Condition> {
    let known = Known { meta, readable };
    object_condition(known, object, 0)
}

fn object_condition(known: Known<'_>, json: &JsonValue, depth: usize) -> Result<Condition> {
    if depth > limits::deepest() {
        return Err(limits::too_deep());
    }
    let Some(object) = json.as_object() else {
        return Err(Error::invalid(format!("A filter is a JSON object, not {}.", json::kind(json))));
    };
    let mut all = Condition::All;
    for (key, value) in object {
        let one = match key.as_str() {
            "OR" => or_groups(known, value, depth)?,
            RELATED_TO => each(value, |one| related::related_to(known.meta, one))?,
            "NOT" => each(value, |one| Ok(object_condition(known, one, depth + 1)?.negate()))?,
            key => key_condition(known, key, value, depth)?,
        };
        all = all.and(one);
    }
    Ok(all)
}

/// All of an array's answers, or the one answer of what is no array.
fn each(value: &JsonValue, mut answer: impl FnMut(&JsonValue) -> Result<Condition>) -> Result<Condition> {
    match value {
        JsonValue::Array(list) => list.iter().try_fold(Condition::All, |all, one| Ok(all.and(answer(one)?))),
        one => answer(one),
    }
}

/// The groups of a list: what is no array is the first, each nested array is a further one. An empty list is one group.
fn groups(list: &[JsonValue]) -> Vec<Vec<&JsonValue>> {
    let (nested, plain): (Vec<_>, Vec<_>) = list.iter().partition(|one| one.is_array());
    let plain = (nested.is_empty() || !plain.is_empty()).then_some(plain);
    plain
        .into_iter()
        .chain(nested.into_iter().filter_map(JsonValue::as_array).map(|group| group.iter().collect()))
        .collect()
}

/// `OR`: plain objects are one group, each nested array is a further one, and all groups hold.
fn or_groups(known: Known<'_>, value: &JsonValue, depth: usize) -> Result<Condition> {
    let Some(list) = value.as_array() else {
        return object_condition(known, value, depth + 1);
    };
    groups(list).into_iter().try_fold(Condition::All, |all, group| {
        let any = group
            .into_iter()
            .try_fold(Condition::Nothing, |any, one| Ok::<_, Error>(any.or(object_condition(known, one, depth + 1)?)));
        Ok(all.and(any?))
    })
}

fn key_condition(known: Known<'_>, key: &str, value: &JsonValue, depth: usize) -> Result<Condition> {
    if let Some(name) = key.strip_prefix(CUSTOM) {
        return custom::calls(known.meta, name, value);
    }
    if let Some((relation, rest)) = known.relation(key) {
        if let Some(measured) = related::Measuring::of(relation, key, rest.filter(|rest| !rest.contains(CUSTOM)))? {
            return measured.read(value, depth);
        }
        let field = &mut |target: Known<'_>, path: &str| match depth < limits::deepest() {
            true => key_condition(target, path, value, depth + 1),
            false => Err(limits::too_deep()),
        };
        return match value {
            // Each of an array's objects holds, of rows that may differ.
            JsonValue::Array(list) if matches!(rest, None | Some("any" | "none" | "all")) => {
                list.iter().try_fold(Condition::All, |all, one| Ok(all.and(key_condition(known, key, one, depth)?)))
            }
            one => related_condition(relation, rest, &mut |target| object_condition(target, one, depth + 1), field),
        };
    }
    let (field, operator) = field_and_operator(known, key)?;
    compared(key, operator, field, known.meta.field(field).field_type, value)
}

/// What an operator says of a field of a type.
fn compared(
    key: &str,
    operator: Operator,
    field: usize,
    field_type: FieldType,
    value: &JsonValue,
) -> Result<Condition> {
    if operator == Operator::In {
        return in_condition(key, field, field_type, value);
    }
    each(value, |one| {
        let typed = match (operator, one) {
            (Operator::Null, JsonValue::Bool(answer)) => return Ok(operator.null(field, *answer)),
            (Operator::Null, _) => return Err(wrong_value(key, "must be true or false")),
            (operator, JsonValue::Null) if !matches!(operator, Operator::Equal | Operator::Not) => {
                return Err(wrong_value(key, "must not be null"));
            }
            (_, one) => {
                json::from_json(operator.operand(field_type), one).map_err(|error| wrong_value(key, &error.0))?
            }
        };
        Ok(operator.condition(field_type, field, typed))
    })
}

/// Scalars are one list, each nested array is a further one, and the field is in all of them.
fn in_condition(key: &str, field: usize, field_type: FieldType, value: &JsonValue) -> Result<Condition> {
    let Some(list) = value.as_array() else {
        return Err(wrong_value(key, "must be an array"));
    };
    let one_of = |values: Vec<&JsonValue>| {
        let mut any = Condition::Nothing;
        let mut typed = Vec::with_capacity(values.len());
        for one in values {
            match json::from_json(field_type, one).map_err(|error| wrong_value(key, &error.0))? {
                Value::Null => any = Condition::Null(field),
                value => typed.push(value),
            }
        }
        Ok(if typed.is_empty() { any } else { Condition::In(field, typed).or(any) })
    };
    groups(list).into_iter().try_fold(Condition::All, |all, group| Ok(all.and(one_of(group)?)))
}

/// Reads one parameter of an address: `title.contains=tax`. `.in` is JSON, everything else text.
///
/// # Errors
/// 400 with the name of what is unknown or of the wrong type.
pub fn from_parameter(meta: &EntityMeta, readable: FieldMask, key: &str, text: &str) -> Result<Condition> {
    parameter(Known { meta, readable }, key, text, 0)
}

fn parameter(known: Known<'_>, key: &str, text: &str, depth: usize) -> Result<Condition> {
    if depth > limits::deepest() {
        return Err(limits::too_deep());
    }
    if let Some(name) = key.strip_prefix(CUSTOM) {
        let json = serde_json::from_str(text)
            .map_err(|_| wrong_value(key, "must be JSON: a text or a date stands in double quotes, %22"))?;
        return custom::calls(known.meta, name, &json);
    }
    if matches!(key, "OR" | "NOT" | RELATED_TO) {
        let json = serde_json::from_str(text).map_err(|_| wrong_value(key, "must be JSON"))?;
        let mut object = Map::new();
        object.insert(key.into(), json);
        return object_condition(known, &object.into(), 0);
    }
    if let Some((relation, rest)) = known.relation(key) {
        if let Some(measured) = related::Measuring::of(relation, key, rest.filter(|rest| !rest.contains(CUSTOM)))? {
            return measured.read_text(text, depth);
        }
        let object = &mut |target: Known<'_>| {
            let json = serde_json::from_str(text).map_err(|_| wrong_value(key, "must be a JSON object"))?;
            object_condition(target, &json, depth + 1)
        };
        return related_condition(relation, rest, object, &mut |target, path| parameter(target, path, text, depth + 1));
    }
    let (field, operator) = field_and_operator(known, key)?;
    compared_text(key, operator, field, known.meta.field(field).field_type, text)
}

/// As [`compared`], with a value of an address.
fn compared_text(key: &str, operator: Operator, field: usize, field_type: FieldType, text: &str) -> Result<Condition> {
    match operator {
        Operator::In => {
            let list =
                serde_json::from_str(text).map_err(|_| wrong_value(key, "must be a JSON array such as [1,2]"))?;
            in_condition(key, field, field_type, &list)
        }
        Operator::Null => match text {
            "true" => Ok(operator.null(field, true)),
            "false" => Ok(operator.null(field, false)),
            _ => Err(wrong_value(key, "must be true or false")),
        },
        // The npm client writes null as text; for a field of text it is a text.
        Operator::Equal | Operator::Not if text == "null" && !field_type.is_text() => {
            Ok(operator.condition(field_type, field, Value::Null))
        }
        _ => {
            let typed =
                json::from_text(operator.operand(field_type), text).map_err(|error| wrong_value(key, &error.0))?;
            Ok(operator.condition(field_type, field, typed))
        }
    }
}

fn wrong_value(key: &str, problem: &str) -> Error {
    Error::invalid(format!("The filter \"{key}\" {problem}."))
}

/// What stands on the wire for a condition in SQL, which does not travel.
#[cfg(not(target_arch = "wasm32"))]
const SQL: &str = "$sql";

/// The operators after the dot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Not,
    Compare(Comparison),
    In,
    Text(TextMatch),
    NotContains,
    Null,
}

/// Their names, in the order in which an error lists them.
const OPERATORS: [(&str, Operator); 11] = [
    ("ne", Operator::Not),
    ("gt", Operator::Compare(Comparison::Gt)),
    ("gte", Operator::Compare(Comparison::Gte)),
    ("lt", Operator::Compare(Comparison::Lt)),
    ("lte", Operator::Compare(Comparison::Lte)),
    ("in", Operator::In),
    ("contains", Operator::Text(TextMatch::Contains)),
    ("notContains", Operator::NotContains),
    ("startsWith", Operator::Text(TextMatch::StartsWith)),
    ("endsWith", Operator::Text(TextMatch::EndsWith)),
    ("null", Operator::Null),
];

impl Operator {
    fn is_text(self) -> bool {
        matches!(self, Self::Text(_) | Self::NotContains)
    }

    /// The type of what stands behind the operator.
    fn operand(self, field_type: FieldType) -> FieldType {
        if self.is_text() { FieldType::Text } else { field_type }
    }

    fn null(self, field: usize, answer: bool) -> Condition {
        if answer { Condition::Null(field) } else { Condition::Null(field).negate() }
    }

    fn condition(self, field_type: FieldType, field: usize, value: Value) -> Condition {
        match (self, value) {
            (Self::Not, value) => Condition::equals(field, value).negate(),
            (Self::Compare(comparison), value) => Condition::compare(field, field_type, comparison, value),
            (Self::Text(how), Value::Text(text)) => Condition::Text(field, how, text),
            (Self::NotContains, Value::Text(text)) => Condition::Text(field, TextMatch::Contains, text).negate(),
            (_, value) => Condition::equals(field, value),
        }
    }

    /// The operator after the name of a field: `.gt`.
    fn suffix(self) -> String {
        OPERATORS
            .iter()
            .find(|(_, operator)| *operator == self)
            .map_or_else(String::new, |(name, _)| format!(".{name}"))
    }
}

fn field_and_operator(known: Known<'_>, key: &str) -> Result<(usize, Operator)> {
    let (name, suffix) = key.split_once('.').map_or((key, None), |(name, suffix)| (name, Some(suffix)));
    let field = known.field(name)?;
    Ok((field, operator(key, name, suffix, known.meta.field(field).field_type)?))
}

/// The operator behind the name of something of a type.
fn operator(key: &str, name: &str, suffix: Option<&str>, field_type: FieldType) -> Result<Operator> {
    let operator = match suffix {
        None => Operator::Equal,
        Some(suffix) => {
            OPERATORS.iter().find(|(name, _)| *name == suffix).map(|(_, operator)| *operator).ok_or_else(|| {
                let known: Vec<_> = OPERATORS.iter().map(|(name, _)| *name).collect();
                #[cfg(not(target_arch = "wasm32"))]
                let meant = crate::did_you_mean(suffix, known.iter().copied());
                #[cfg(target_arch = "wasm32")]
                let meant = "";
                Error::invalid(format!(
                    "Unknown operator \"{}\" of \"{name}\".{meant} Operators: {}.",
                    shown(suffix),
                    known.join(", ")
                ))
            })?
        }
    };
    if operator.is_text() && !field_type.is_text() {
        return Err(Error::invalid(format!(
            "The filter \"{key}\" needs a field of text; \"{name}\" is {}.",
            field_type.describe()
        )));
    }
    if field_type.is_json() && operator != Operator::Null {
        return Err(Error::invalid(format!(
            "The filter \"{key}\": a field of JSON can only be asked for null (\"{name}.null\")."
        )));
    }
    Ok(operator)
}

/// 400 for a name that is no field of the entity.
#[must_use]
pub fn unknown_field(meta: &EntityMeta, name: &str) -> Error {
    #[cfg(not(target_arch = "wasm32"))]
    let meant = crate::did_you_mean(name, known_names(meta));
    #[cfg(target_arch = "wasm32")]
    let meant = "";
    Error::invalid(format!("\"{}\" is not a field of {}.{meant}", shown(name), meta.key))
}

/// The fields and relations of an entity that whoever asks may know of, trusted code or not: what it suggests may be told to them.
#[cfg(not(target_arch = "wasm32"))]
fn known_names(meta: &EntityMeta) -> Vec<&'static str> {
    use crate::guard::{self, Write};
    let context = crate::Context::current().ok();
    let identity = context.as_ref().and_then(crate::Context::identity);
    let mut fields = guard::readable_fields(meta, identity);
    if [Write::Insert, Write::Update].into_iter().any(|write| guard::write(meta, identity, write).is_ok()) {
        fields = fields.or(guard::writable_fields(meta, identity));
    }
    let seen = |relation: &&RelationMeta| {
        guard::allows(&relation.api_read, identity)
            && relation.keys.iter().all(|(own, _)| fields.contains(*own))
            && guard::read(relation.target(), identity).is_ok()
    };
    let relations = meta.relations.iter().filter(seen).map(|relation| relation.wire);
    fields.iter().map(|field| meta.field(field).wire).chain(relations).collect()
}

/// Writes a condition as a filter object.
#[must_use]
pub fn to_json(meta: &EntityMeta, condition: &Condition) -> Map<String, JsonValue> {
    Subject { meta, value: None }.to_json(condition)
}

/// What a condition is about: the fields of a row, or one value that has a name of its own.
#[derive(Clone, Copy)]
struct Subject<'a> {
    meta: &'a EntityMeta,
    value: Option<related::Named<'a>>,
}

impl Subject<'_> {
    fn to_json(self, condition: &Condition) -> Map<String, JsonValue> {
        let mut object = Map::new();
        self.write(condition, &mut object);
        object
    }

    fn put(self, object: &mut Map<String, JsonValue>, field: usize, operator: Operator, operand: JsonValue) {
        let (name, operand) = match self.value {
            None => (self.meta.field(field).wire, operand),
            Some(value) => (value.name, value.operand(operand)),
        };
        push(object, format!("{name}{}", operator.suffix()), operand);
    }

    fn write(self, condition: &Condition, object: &mut Map<String, JsonValue>) {
        let nested = |one: &Condition| JsonValue::Object(self.to_json(one));
        match condition {
            Condition::All => {}
            Condition::Nothing => nothing(self.meta, object),
            Condition::Compare(field, Comparison::Eq, value) => {
                self.put(object, *field, Operator::Equal, json::to_json(value));
            }
            Condition::Compare(field, comparison, value) => {
                self.put(object, *field, Operator::Compare(*comparison), json::to_json(value));
            }
            Condition::In(field, values) => {
                let list = JsonValue::Array(values.iter().map(json::to_json).collect());
                self.put(object, *field, Operator::In, JsonValue::Array(vec![list]));
            }
            Condition::Text(field, how, text) => {
                self.put(object, *field, Operator::Text(*how), text.as_str().into());
            }
            Condition::Null(field) => self.put(object, *field, Operator::Null, true.into()),
            Condition::Related(related) => {
                let (key, value) = (related.relation.travel.filter)(related);
                push(object, key, value);
            }
            Condition::RelatedTo(to) => {
                let (name, key) = (to.relation.travel.related_to)(to);
                push(object, RELATED_TO.into(), serde_json::json!({ name: key }));
            }
            Condition::Measured(measured) => {
                let all = (measured.value.relation.travel.measured)(measured);
                all.into_iter().for_each(|(key, value)| push(object, key, value));
            }
            Condition::Custom(custom) => push(object, [CUSTOM, &*custom.name].concat(), custom.arguments.clone()),
            // It does not travel: a server refuses the key, where leaving it out would find more rows.
            #[cfg(not(target_arch = "wasm32"))]
            Condition::Sql(sql) | Condition::From(sql) => push(object, SQL.into(), format!("{sql:?}").into()),
            Condition::And(list) => list.iter().for_each(|one| self.write(one, object)),
            Condition::Or(list) if list.is_empty() => nothing(self.meta, object),
            Condition::Or(list) => push(object, "OR".into(), JsonValue::Array(list.iter().map(nested).collect())),
            Condition::Not(inner) => match &**inner {
                Condition::Compare(field, Comparison::Eq, value) => {
                    self.put(object, *field, Operator::Not, json::to_json(value));
                }
                Condition::Null(field) => self.put(object, *field, Operator::Null, false.into()),
                other => push(object, "NOT".into(), nested(other)),
            },
        }
    }
}

/// An empty list of values matches nothing, whatever the field.
fn nothing(meta: &EntityMeta, object: &mut Map<String, JsonValue>) {
    let any = meta.ids.first().map_or("", |id| meta.field(*id).wire);
    let key = format!("{any}.in");
    push(object, key, JsonValue::Array(vec![JsonValue::Array(Vec::new())]));
}

/// Adds a value under a key, where each value of a key holds.
fn push(object: &mut Map<String, JsonValue>, key: String, value: JsonValue) {
    let lists = key == "OR" || key.ends_with(".in");
    match object.get_mut(&key) {
        None => {
            // `OR` and `.in` are arrays in themselves: what is added later is a further group.
            object.insert(key, value);
        }
        Some(JsonValue::Array(list)) => match value {
            JsonValue::Array(more) if key.ends_with(".in") => list.extend(more),
            value => list.push(value),
        },
        Some(first) if !lists => *first = JsonValue::Array(vec![first.take(), value]),
        Some(_) => {}
    }
}
