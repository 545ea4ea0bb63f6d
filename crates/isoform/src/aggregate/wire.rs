//! Aggregates as the REST API spells them: `{"groupBy": ["done"], "sum": ["n"]}` → `[{"done": true, "n": {"sum": 3}, "$count": 2}]`.

use serde_json::{Map, Value as JsonValue};

use super::{Aggregation, Function, GroupKey, Measure};
use crate::error::shown;
use crate::filter::wire::{self, readable_field};
use crate::filter::{Condition, limits};
use crate::json::{self, kind};
use crate::meta::{Direction, EntityMeta, FieldMask};
use crate::provider::Find;
use crate::remote::{Remote, body_of, object, parameters, unexpected};
use crate::value::{Row, Value};
use crate::{Error, Result};

/// The number of rows, in an answer.
const COUNT: &str = "$count";

/// The number of rows, in an order.
const BY_COUNT: &str = "count";

/// Reads what is to be computed, for the fields that the asker may see: functions with the fields that they are computed of, and, for
/// groups, `groupBy` and `orderBy`. The number of rows is always computed, and comes first.
///
/// # Errors
/// 400 with the name of what is unknown, malformed or too much.
pub fn from_json(
    meta: &EntityMeta,
    readable: FieldMask,
    asked: &Map<String, JsonValue>,
    in_groups: bool,
) -> Result<Aggregation> {
    let mut read = Aggregation::total(Condition::All, vec![Measure::Count]);
    for (key, value) in asked {
        match (key.as_str(), function(key)) {
            (_, Some(function)) => {
                for field in fields(meta, readable, key, value)? {
                    let measure = Measure::Of(function, field);
                    if !read.measures.contains(&measure) {
                        read.measures.push(measure);
                    }
                }
            }
            ("groupBy", _) if in_groups => read.groups = fields(meta, readable, key, value)?,
            ("orderBy", _) if in_groups => {
                let list = array(key, value)?;
                limits::check_sorts(list.len())?;
                read.order = list.iter().map(|one| order(meta, readable, one)).collect::<Result<_>>()?;
            }
            _ => {
                let more = if in_groups { ", groupBy, orderBy" } else { "" };
                return Err(Error::invalid(format!(
                    "\"{}\" has no meaning here. There are: {}{more}.",
                    shown(key),
                    function_names()
                )));
            }
        }
    }
    Ok(read)
}

fn function(name: &str) -> Option<Function> {
    Function::ALL.into_iter().find(|function| function.wire() == name)
}

fn function_names() -> String {
    Function::ALL.map(Function::wire).join(", ")
}

fn array<'a>(key: &str, value: &'a JsonValue) -> Result<&'a Vec<JsonValue>> {
    value.as_array().ok_or_else(|| Error::invalid(format!("\"{key}\" must be an array; it is {}.", kind(value))))
}

fn fields(meta: &EntityMeta, readable: FieldMask, key: &str, value: &JsonValue) -> Result<Vec<usize>> {
    let name = |one: &JsonValue| match one {
        JsonValue::String(name) => readable_field(meta, readable, name),
        other => Err(Error::invalid(format!("\"{key}\" must hold names of fields; there is {}.", kind(other)))),
    };
    array(key, value)?.iter().map(name).collect()
}

/// `{"field": "n", "operation": "sum", "isDescending": true}`
fn order(meta: &EntityMeta, readable: FieldMask, one: &JsonValue) -> Result<(GroupKey, Direction)> {
    let wrong = |what: &str| Error::invalid(format!("\"orderBy\": {what}."));
    let Some(one) = one.as_object() else {
        return Err(wrong("each must be an object such as {\"field\": \"n\", \"operation\": \"sum\"}"));
    };
    if let Some(name) = one.keys().find(|name| !["field", "operation", "isDescending"].contains(&name.as_str())) {
        return Err(wrong(&format!("\"{}\" is none of field, operation, isDescending", shown(name))));
    }
    let field = match one.get("field") {
        None | Some(JsonValue::Null) => None,
        Some(JsonValue::String(name)) => Some(readable_field(meta, readable, name)?),
        Some(other) => return Err(wrong(&format!("\"field\" must be a name, not {}", kind(other)))),
    };
    let direction = match one.get("isDescending") {
        None | Some(JsonValue::Null | JsonValue::Bool(false)) => Direction::Asc,
        Some(JsonValue::Bool(true)) => Direction::Desc,
        Some(other) => return Err(wrong(&format!("\"isDescending\" must be true or false, not {}", kind(other)))),
    };
    let key = match (one.get("operation"), field) {
        (None | Some(JsonValue::Null), Some(field)) => GroupKey::Field(field),
        (Some(JsonValue::String(name)), None) if name == BY_COUNT => GroupKey::Measure(Measure::Count),
        (Some(JsonValue::String(name)), Some(_)) if name == BY_COUNT => {
            return Err(wrong("\"count\" is of rows, and takes no field; of a field there is \"distinctCount\""));
        }
        (Some(JsonValue::String(name)), field) => {
            let function = function(name).ok_or_else(|| {
                let known = function_names();
                wrong(&format!("\"{}\" is no operation; there are count, {known}", shown(name)))
            })?;
            let field = field.ok_or_else(|| wrong(&format!("\"{name}\" needs a field")))?;
            GroupKey::Measure(Measure::Of(function, field))
        }
        (Some(other), _) => return Err(wrong(&format!("\"operation\" must be a name, not {}", kind(other)))),
        (None, None) => return Err(wrong("each needs a field or an operation")),
    };
    Ok((key, direction))
}

/// Writes what is to be computed; the filter is not among it.
#[must_use]
pub fn to_json(meta: &EntityMeta, asked: &Aggregation) -> Map<String, JsonValue> {
    let name = |field: &usize| JsonValue::from(meta.field(*field).wire);
    let mut object = Map::new();
    if !asked.groups.is_empty() {
        object.insert("groupBy".into(), asked.groups.iter().map(name).collect());
    }
    for function in Function::ALL {
        let of = |measure: &Measure| match measure {
            Measure::Of(other, field) if *other == function => Some(name(field)),
            Measure::Of(..) | Measure::Count => None,
        };
        let fields: Vec<_> = asked.measures.iter().filter_map(of).collect();
        if !fields.is_empty() {
            object.insert(function.wire().into(), fields.into());
        }
    }
    if !asked.order.is_empty() {
        let one = |(key, direction): &(GroupKey, Direction)| {
            let mut one = Map::new();
            let (field, operation) = match key {
                GroupKey::Field(field) => (Some(field), None),
                GroupKey::Measure(Measure::Count) => (None, Some(BY_COUNT)),
                GroupKey::Measure(Measure::Of(function, field)) => (Some(field), Some(function.wire())),
            };
            one.extend(field.map(|field| ("field".to_owned(), name(field))));
            one.extend(operation.map(|operation| ("operation".to_owned(), operation.into())));
            if *direction == Direction::Desc {
                one.insert("isDescending".into(), true.into());
            }
            JsonValue::Object(one)
        };
        object.insert("orderBy".into(), asked.order.iter().map(one).collect());
    }
    object
}

/// Writes a group of the answer: `{"done": true, "n": {"sum": 3}, "$count": 2}`.
pub fn write_row(meta: &EntityMeta, asked: &Aggregation, row: &[Value], out: &mut Vec<u8>) {
    let mut separator = b'{';
    let mut separate = |out: &mut Vec<u8>| {
        out.push(separator);
        separator = b',';
    };
    for (field, value) in asked.groups.iter().zip(row) {
        separate(out);
        json::write_name(meta.field(*field), out);
        json::write_json(value, out);
    }
    let measured = row.get(asked.groups.len()..).unwrap_or_default();
    let measures = || asked.measures.iter().zip(measured);
    let fields: FieldMask = asked.measures.iter().filter_map(|measure| measure.field()).collect();
    for field in fields.iter() {
        separate(out);
        json::write_name(meta.field(field), out);
        let mut inner = b'{';
        for (measure, value) in measures() {
            if let Measure::Of(function, of) = measure
                && *of == field
            {
                out.push(inner);
                inner = b',';
                json::write_text(function.wire(), out);
                out.push(b':');
                json::write_json(value, out);
            }
        }
        out.push(b'}');
    }
    if let Some((_, count)) = measures().find(|(measure, _)| **measure == Measure::Count) {
        separate(out);
        json::write_text(COUNT, out);
        out.push(b':');
        json::write_json(count, out);
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Reads a group of the answer, as it was asked for.
fn read_row(meta: &EntityMeta, asked: &Aggregation, row: &Map<String, JsonValue>) -> Result<Row> {
    let absent = JsonValue::Null;
    let read = |name: &str, field_type, json: Option<&JsonValue>| {
        json::from_json(field_type, json.unwrap_or(&absent))
            .map_err(|error| Error::unavailable(format!("{}: in an aggregate, \"{name}\" {}", meta.key, error.0)))
    };
    let key = |field: &usize| {
        let field = meta.field(*field);
        read(field.wire, field.field_type, row.get(field.wire))
    };
    let measure = |measure: &Measure| {
        let (name, json) = match measure {
            Measure::Count => (COUNT, row.get(COUNT)),
            Measure::Of(function, field) => {
                let name = meta.field(*field).wire;
                (name, row.get(name).and_then(|of| of.get(function.wire())))
            }
        };
        read(name, measure.result(meta)?, json)
    };
    asked.groups.iter().map(key).chain(asked.measures.iter().map(measure)).collect()
}

impl Remote {
    /// Groups, or one row of totals.
    pub(crate) async fn group_by(&self, meta: &EntityMeta, asked: &Aggregation, page: u64) -> Result<Vec<Row>> {
        let mut body = to_json(meta, asked);
        where_(&mut body, meta, &asked.filter);
        let paged = Find { limit: asked.limit, ..Find::default() };
        let path = format!("{}?__action=groupBy&{}", meta.key, parameters(meta, &paged, page, ""));
        match self.request("POST", path.trim_end_matches('&'), Some(&body.into())).await? {
            JsonValue::Array(rows) => rows.into_iter().map(|row| read_row(meta, asked, &object(meta, row)?)).collect(),
            other => Err(unexpected(meta, "groups", &other)),
        }
    }

    /// A list, and totals of all its pages.
    pub(crate) async fn query(
        &self,
        meta: &EntityMeta,
        find: &Find,
        page: u64,
        asked: &Aggregation,
    ) -> Result<(Vec<Map<String, JsonValue>>, Row)> {
        let mut body = body_of(meta, find);
        body.insert("aggregate".into(), to_json(meta, asked).into());
        where_(&mut body, meta, &find.filter);
        let path = format!("{}?__action=query&{}", meta.key, parameters(meta, find, page, ""));
        let answer = self.request("POST", path.trim_end_matches('&'), Some(&body.into())).await?;
        let mut answer = object(meta, answer)?;
        let items = match json::take(&mut answer, "items") {
            JsonValue::Array(items) => items,
            other => return Err(unexpected(meta, "rows", &other)),
        };
        let items = items.into_iter().map(|row| object(meta, row)).collect::<Result<_>>()?;
        Ok((items, read_row(meta, asked, &object(meta, json::take(&mut answer, "aggregates"))?)?))
    }
}

fn where_(body: &mut Map<String, JsonValue>, meta: &EntityMeta, filter: &Condition) {
    if *filter != Condition::All {
        body.insert("where".into(), wire::to_json(meta, filter).into());
    }
}
