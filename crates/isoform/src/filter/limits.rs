//! How much one may ask: the same over HTTP and in a page that the server renders.

use super::Condition;
use crate::error::shown;
use crate::meta::EntityMeta;
use crate::relation::{OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::{Error, Result};

/// The most characters that a text operator takes.
pub const MAX_TEXT: usize = 1_000;

/// The most conditions of a filter.
pub const MAX_CONDITIONS: usize = 200;

/// The deepest nesting of `OR` and `NOT`.
pub const MAX_DEPTH: usize = 8;

/// The most values of `.in`.
pub const MAX_IN: usize = 1_000;

/// The deepest nesting of included relations.
pub const MAX_INCLUDES: usize = 4;

/// The most included relations, at all levels together.
pub const MAX_INCLUDED: usize = 32;

/// The deepest nesting of conditions on related rows: each level can be a search for each row of the one before.
pub const MAX_RELATED_DEPTH: usize = 4;

/// The most fields of an order.
pub const MAX_SORTS: usize = 8;

/// Passes a filter of a bearable size.
///
/// # Errors
/// 400 that says what is too much.
pub fn check(meta: &EntityMeta, filter: &Condition) -> Result<()> {
    let count = check_part(meta, filter, 0)?;
    if count > MAX_CONDITIONS {
        return Err(Error::invalid(format!("The filter has {count} conditions; {MAX_CONDITIONS} are allowed.")));
    }
    Ok(())
}

/// Answers how many conditions there are.
fn check_part(meta: &EntityMeta, filter: &Condition, depth: usize) -> Result<usize> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    let wrong = |field: usize, problem: String| {
        Err(Error::invalid(format!("The filter on \"{}\" {problem}.", shown(meta.field(field).wire))))
    };
    match filter {
        Condition::All | Condition::Nothing | Condition::Null(_) | Condition::RelatedTo(_) => {}
        Condition::Compare(field, ..) | Condition::In(field, _) if meta.field(*field).field_type.is_json() => {
            return wrong(*field, "can only ask for null: it is a field of JSON".into());
        }
        Condition::Compare(..) => {}
        Condition::In(field, values) if values.len() > MAX_IN => {
            return wrong(*field, format!("has {} values; {MAX_IN} are allowed", values.len()));
        }
        Condition::In(..) => {}
        Condition::Text(field, _, text) if text.chars().count() > MAX_TEXT => {
            return wrong(*field, format!("is longer than {MAX_TEXT} characters"));
        }
        Condition::Text(..) => {}
        Condition::Related(_) | Condition::Measured(_) if across(filter) > MAX_RELATED_DEPTH => {
            return Err(Error::invalid(format!("The filter goes across more than {MAX_RELATED_DEPTH} relations.")));
        }
        Condition::Measured(measured) => {
            let of = check_value(&measured.value, depth + 1)?;
            // Its one field is the value: it is called by the relation here.
            return check_holds(measured.value.relation.wire, &measured.holds).map(|count| of + count);
        }
        Condition::Related(related) => {
            return check_part(related.relation.target(), &related.target, depth + 1).map(|count| count + 1);
        }
        // On the wire what holds together stands side by side, and is no nesting.
        Condition::And(list) => return list.iter().try_fold(0, |sum, one| Ok(sum + check_part(meta, one, depth)?)),
        Condition::Or(list) => return list.iter().try_fold(0, |sum, one| Ok(sum + check_part(meta, one, depth + 1)?)),
        // What stands on the wire as an operator of its own, such as `.ne`.
        Condition::Not(inner) if !matches!(**inner, Condition::And(_) | Condition::Or(_) | Condition::Not(_)) => {
            return check_part(meta, inner, depth);
        }
        Condition::Not(inner) => return check_part(meta, inner, depth + 1),
    }
    Ok(1)
}

/// How many relations a condition goes across, one behind the other.
fn across(filter: &Condition) -> usize {
    match filter {
        Condition::Related(related) => 1 + across(&related.target),
        Condition::Measured(measured) => across_value(&measured.value),
        Condition::And(list) | Condition::Or(list) => list.iter().map(across).max().unwrap_or_default(),
        Condition::Not(inner) => across(inner),
        _ => 0,
    }
}

fn across_value(value: &RelatedValue) -> usize {
    let of = match &value.of {
        ValueOf::Key(OrderKey::Related(value)) => across_value(value),
        ValueOf::Key(OrderKey::Field(_)) | ValueOf::Measure(_) => 0,
    };
    1 + of.max(across(&value.target))
}

/// Answers how many conditions a value has on its rows.
fn check_value(value: &RelatedValue, depth: usize) -> Result<usize> {
    let target = value.relation.target();
    let of = match &value.of {
        ValueOf::Key(OrderKey::Related(value)) => check_value(value, depth + 1)?,
        ValueOf::Key(OrderKey::Field(_)) | ValueOf::Measure(_) => 0,
    };
    Ok(of + if value.target == Condition::All { 0 } else { check_part(target, &value.target, depth + 1)? })
}

/// Answers how many conditions on a value there are.
fn check_holds(name: &str, holds: &Condition) -> Result<usize> {
    let wrong = |problem: String| Err(Error::invalid(format!("The filter on \"{name}\" {problem}.")));
    match holds {
        Condition::In(_, values) if values.len() > MAX_IN => {
            wrong(format!("has {} values; {MAX_IN} are allowed", values.len()))
        }
        Condition::Text(_, _, text) if text.chars().count() > MAX_TEXT => {
            wrong(format!("is longer than {MAX_TEXT} characters"))
        }
        Condition::And(list) | Condition::Or(list) => {
            list.iter().try_fold(0, |sum, one| Ok(sum + check_holds(name, one)?))
        }
        Condition::Not(inner) => check_holds(name, inner),
        _ => Ok(1),
    }
}

/// Passes an order of a bearable size.
///
/// # Errors
/// 400 that says what is too much.
pub fn check_order(order: &OrderBy) -> Result<()> {
    check_sorts(order.len())?;
    let mut count = 0;
    for (key, _) in order {
        let OrderKey::Related(value) = key else { continue };
        if across_value(value) > MAX_RELATED_DEPTH {
            return Err(Error::invalid(format!("The order goes across more than {MAX_RELATED_DEPTH} relations.")));
        }
        count += check_value(value, 0)?;
    }
    if count > MAX_CONDITIONS {
        return Err(Error::invalid(format!("The order has {count} conditions; {MAX_CONDITIONS} are allowed.")));
    }
    Ok(())
}

/// What is said to a filter that is nested too deep.
pub(super) fn too_deep() -> Error {
    Error::invalid(format!("The filter is nested more than {MAX_DEPTH} deep."))
}

/// Passes an order of a bearable number of fields.
///
/// # Errors
/// 400 with the number.
pub fn check_sorts(count: usize) -> Result<()> {
    if count > MAX_SORTS {
        return Err(Error::invalid(format!("The order has {count} fields; {MAX_SORTS} are allowed.")));
    }
    Ok(())
}
