//! What a question includes: `_include=project,items.product`, or the same as JSON with a choice for each.

use isoform::filter::{limits, wire};
use isoform::meta::{EntityMeta, FieldMask};
use isoform::provider::{Find, Include};
use isoform::{Context, Error, Result, json, operations, shown};
use serde_json::Value as JsonValue;

/// Reads a list of relations, nested ones behind a dot.
///
/// # Errors
/// 400 with the name of what is unknown.
pub(crate) fn from_list(meta: &EntityMeta, list: &str) -> Result<Vec<Include>> {
    let mut includes = Vec::new();
    for path in list.split(',').filter(|path| !path.is_empty()) {
        add(meta, &mut includes, path, 1)?;
    }
    Ok(includes)
}

fn add(meta: &EntityMeta, includes: &mut Vec<Include>, path: &str, depth: usize) -> Result<()> {
    limits::check_includes(depth)?;
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let relation = wire::readable_relation(meta, name)?;
    let at = includes.iter().position(|include| include.relation == relation).unwrap_or_else(|| {
        includes.push(Include { relation, find: Find::default() });
        includes.len() - 1
    });
    match (rest, includes.get_mut(at)) {
        (Some(rest), Some(include)) => add(relation.target(), &mut include.find.include, rest, depth + 1),
        _ => Ok(()),
    }
}

/// Reads an object of relations: `{"items": {"where": {…}, "sort": ["price desc"], "limit": 3, "include": {…}}, "project": true}`.
///
/// # Errors
/// 400 with the name of what is unknown or wrong.
pub(crate) fn from_json(meta: &EntityMeta, json: &JsonValue) -> Result<Vec<Include>> {
    nested(meta, json, 1)
}

fn nested(meta: &EntityMeta, json: &JsonValue, depth: usize) -> Result<Vec<Include>> {
    limits::check_includes(depth)?;
    let Some(object) = json.as_object() else {
        return Err(Error::invalid(format!("\"include\" must be an object of relations; it is {}.", json::kind(json))));
    };
    let mut includes = Vec::new();
    for (name, chosen) in object {
        let relation = wire::readable_relation(meta, name)?;
        let find = match chosen {
            JsonValue::Bool(true) => Find::default(),
            JsonValue::Bool(false) => continue,
            chosen => choice(relation.target(), wire::readable_target(relation), name, chosen, depth)?,
        };
        includes.push(Include { relation, find });
    }
    Ok(includes)
}

fn choice(meta: &EntityMeta, readable: FieldMask, name: &str, json: &JsonValue, depth: usize) -> Result<Find> {
    let wrong = |what: &str| Error::invalid(format!("\"include\" of \"{}\": {what}.", shown(name)));
    let Some(object) = json.as_object() else {
        return Err(wrong(&format!("must be true or an object; it is {}", json::kind(json))));
    };
    let number = |json: &JsonValue| json.as_u64().filter(|number| i64::try_from(*number).is_ok());
    let mut find = Find::default();
    for (key, value) in object {
        match key.as_str() {
            "where" => find.filter = wire::from_json(meta, readable, value)?,
            "sort" => {
                let order = wire::readable_order(meta, readable, value);
                find.order = order.map_err(|error| {
                    let message = format!("\"include\" of \"{}\": {}", shown(name), error.message());
                    if error.is_invalid() { error.with_message(message) } else { error }
                })?;
            }
            "limit" => {
                let limit = number(value).filter(|limit| *limit > 0);
                find.limit = Some(limit.ok_or_else(|| wrong("\"limit\" must be a whole number from 1"))?);
            }
            "offset" => find.offset = number(value).ok_or_else(|| wrong("\"offset\" must be a whole number"))?,
            "with" => {
                let judged = Context::current().map_or(FieldMask::NONE, |context| operations::judged(&context, meta));
                let list = value.as_array().ok_or_else(|| wrong("\"with\" must be an array such as [\"body\"]"))?;
                let readable = readable.or(judged);
                let field = |one: &JsonValue| wire::readable_field(meta, readable, one.as_str().unwrap_or_default());
                find.with = list.iter().map(field).collect::<Result<_>>()?;
            }
            "include" => find.include = nested(meta, value, depth + 1)?,
            other => {
                let other = shown(other);
                return Err(wrong(&format!("\"{other}\" is none of where, sort, limit, offset, with, include")));
            }
        }
    }
    Ok(find)
}
