//! How much one may ask: the same over HTTP and in a page that the server renders.

#[cfg(not(target_arch = "wasm32"))]
mod calls;

#[cfg(not(target_arch = "wasm32"))]
pub use calls::{calls, check_calls};

use super::Condition;
use crate::error::shown;
use crate::meta::EntityMeta;
use crate::relation::{OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::{Error, Result};

/// The most characters that a text operator takes.
pub const MAX_TEXT: usize = 1_000;

/// How much one question may ask, in scope `Api`. Each number has a default and can be set.
///
/// ```
/// use isoform::QueryLimits;
/// let small = QueryLimits { conditions: 20, ..QueryLimits::default() };
/// assert_eq!((small.conditions, small.sorts), (20, 8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryLimits {
    /// The most conditions of a filter: 200. More than [`MAX_CONDITIONS`] are never allowed.
    pub conditions: usize,
    /// The deepest nesting of `OR`, `NOT` and related rows: 8. More than [`MAX_DEPTH`] are never read.
    pub depth: usize,
    /// The most values of `.in`: 1,000.
    pub values: usize,
    /// The most fields of an order: 8.
    pub sorts: usize,
    /// The most rows that one request can ask for, or groups: 1,000. Queries that say nothing ask for
    /// [`default_limit`](crate::default_limit), and the npm client for 1,000: they are refused where it is less. More than
    /// [`MAX_ROWS`] are never allowed.
    pub rows: u64,
    /// The deepest nesting of included relations: 4. More than 16 are never loaded.
    pub includes: usize,
    /// The most calls of custom filters in one question with all that it includes: 20. Each is a function that the server runs. In one
    /// filter the same call counts once, and runs once.
    pub calls: usize,
}

impl QueryLimits {
    const DEFAULT: Self =
        Self { conditions: 200, depth: 8, values: 1_000, sorts: 8, rows: 1_000, includes: 4, calls: 20 };

    /// Those of the one who asks, where something is asked; else the default ones.
    #[must_use]
    pub fn current() -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        return crate::context::Context::ambient_limits().unwrap_or(Self::DEFAULT);
        #[cfg(target_arch = "wasm32")]
        Self::DEFAULT
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl QueryLimits {
    /// These, where they can be borne.
    pub(crate) fn bearable(self) -> Self {
        Self { conditions: self.conditions.min(MAX_CONDITIONS), rows: self.rows.min(MAX_ROWS), ..self }
    }
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The most conditions of a filter, whatever is set: SQL nests them one within the other, and the stack has an end.
pub const MAX_CONDITIONS: usize = 500;

/// The most rows that one request can ask for, whatever is set: a database counts as far as an `i64`, and one more is asked for.
pub const MAX_ROWS: u64 = i64::MAX.unsigned_abs() - 1;

/// The deepest nesting of `OR` and `NOT` that is read at all, whatever is set.
pub const MAX_DEPTH: usize = 48;

/// The deepest nesting of included relations that is loaded at all, whatever is set.
pub const MAX_INCLUDES: usize = 16;

/// The most included relations, at all levels together.
pub const MAX_INCLUDED: usize = 32;

/// The deepest nesting of conditions on related rows: each level can be a search for each row of the one before.
pub const MAX_RELATED_DEPTH: usize = 4;

/// Passes a filter of a bearable size.
///
/// # Errors
/// 400 that says what is too much.
pub fn check(meta: &EntityMeta, filter: &Condition) -> Result<()> {
    let limits = QueryLimits::current();
    let count = check_part(meta, filter, 0, &limits)?;
    let allowed = limits.conditions;
    if count > allowed {
        return Err(Error::invalid(format!("The filter has {count} conditions; {allowed} are allowed.")));
    }
    Ok(())
}

/// Answers how many conditions there are.
fn check_part(meta: &EntityMeta, filter: &Condition, depth: usize, limits: &QueryLimits) -> Result<usize> {
    if depth > limits.depth.min(MAX_DEPTH) {
        return Err(too_deep());
    }
    let wrong = |field: usize, problem: String| {
        Err(Error::invalid(format!("The filter on \"{}\" {problem}.", shown(meta.field(field).wire))))
    };
    match filter {
        Condition::All | Condition::Nothing | Condition::Null(_) | Condition::RelatedTo(_) | Condition::Custom(_) => {}
        #[cfg(not(target_arch = "wasm32"))]
        Condition::Sql(_) | Condition::From(_) => {}
        Condition::Compare(field, ..) | Condition::In(field, _) if meta.field(*field).field_type.is_json() => {
            return wrong(*field, "can only ask for null: it is a field of JSON".into());
        }
        Condition::Compare(..) => {}
        Condition::In(field, values) if values.len() > limits.values => {
            return wrong(*field, format!("has {} values; {} are allowed", values.len(), limits.values));
        }
        Condition::In(..) => {}
        Condition::Text(field, _, text) if text.chars().count() > MAX_TEXT => {
            return wrong(*field, format!("is longer than {MAX_TEXT} characters"));
        }
        Condition::Text(..) => {}
        Condition::Measured(_) if across(filter) > MAX_RELATED_DEPTH => {
            return Err(Error::invalid(format!("The filter goes across more than {MAX_RELATED_DEPTH} relations.")));
        }
        Condition::Measured(measured) => {
            let of = check_value(&measured.value, depth + 1, limits)?;
            // Its one field is the value: it is called by the relation here.
            return check_holds(measured.value.relation.wire, &measured.holds, limits).map(|count| of + count);
        }
        Condition::Related(related) => {
            let count = check_part(related.relation.target(), &related.target, depth + 1, limits)?;
            if across(filter) > MAX_RELATED_DEPTH {
                return Err(Error::invalid(format!("The filter goes across more than {MAX_RELATED_DEPTH} relations.")));
            }
            return Ok(count + 1);
        }
        // On the wire what holds together stands side by side, and is no nesting.
        Condition::And(list) => {
            return list.iter().try_fold(0, |sum, one| Ok(sum + check_part(meta, one, depth, limits)?));
        }
        Condition::Or(list) => {
            return list.iter().try_fold(0, |sum, one| Ok(sum + check_part(meta, one, depth + 1, limits)?));
        }
        // What stands on the wire as an operator of its own, such as `.ne`.
        Condition::Not(inner) if !matches!(**inner, Condition::And(_) | Condition::Or(_) | Condition::Not(_)) => {
            return check_part(meta, inner, depth, limits);
        }
        Condition::Not(inner) => return check_part(meta, inner, depth + 1, limits),
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
fn check_value(value: &RelatedValue, depth: usize, limits: &QueryLimits) -> Result<usize> {
    let target = value.relation.target();
    let of = match &value.of {
        ValueOf::Key(OrderKey::Related(value)) => check_value(value, depth + 1, limits)?,
        ValueOf::Key(OrderKey::Field(_)) | ValueOf::Measure(_) => 0,
    };
    Ok(of + if value.target == Condition::All { 0 } else { check_part(target, &value.target, depth + 1, limits)? })
}

/// Answers how many conditions on a value there are.
fn check_holds(name: &str, holds: &Condition, limits: &QueryLimits) -> Result<usize> {
    let wrong = |problem: String| Err(Error::invalid(format!("The filter on \"{name}\" {problem}.")));
    match holds {
        Condition::In(_, values) if values.len() > limits.values => {
            wrong(format!("has {} values; {} are allowed", values.len(), limits.values))
        }
        Condition::Text(_, _, text) if text.chars().count() > MAX_TEXT => {
            wrong(format!("is longer than {MAX_TEXT} characters"))
        }
        Condition::And(list) | Condition::Or(list) => {
            list.iter().try_fold(0, |sum, one| Ok(sum + check_holds(name, one, limits)?))
        }
        Condition::Not(inner) => check_holds(name, inner, limits),
        _ => Ok(1),
    }
}

/// Passes an order of a bearable size.
///
/// # Errors
/// 400 that says what is too much.
pub fn check_order(order: &OrderBy) -> Result<()> {
    check_sorts(order.len())?;
    let limits = QueryLimits::current();
    let mut count = 0;
    for (key, _) in order {
        let OrderKey::Related(value) = key else { continue };
        if across_value(value) > MAX_RELATED_DEPTH {
            return Err(Error::invalid(format!("The order goes across more than {MAX_RELATED_DEPTH} relations.")));
        }
        count += check_value(value, 0, &limits)?;
    }
    let allowed = limits.conditions;
    if count > allowed {
        return Err(Error::invalid(format!("The order has {count} conditions; {allowed} are allowed.")));
    }
    Ok(())
}

/// How deep a filter is read.
pub(super) fn deepest() -> usize {
    QueryLimits::current().depth.min(MAX_DEPTH)
}

/// What is said to a filter that is nested too deep.
pub(super) fn too_deep() -> Error {
    Error::invalid(format!("The filter is nested more than {} deep.", deepest()))
}

/// Passes an order of a bearable number of fields.
///
/// # Errors
/// 400 with the number.
pub fn check_sorts(count: usize) -> Result<()> {
    let allowed = QueryLimits::current().sorts;
    if count > allowed {
        return Err(Error::invalid(format!("The order has {count} fields; {allowed} are allowed.")));
    }
    Ok(())
}

/// Passes an inclusion of relations of a bearable depth.
///
/// # Errors
/// 400 with the depth.
pub fn check_includes(depth: usize) -> Result<()> {
    let allowed = QueryLimits::current().includes.min(MAX_INCLUDES);
    if depth > allowed {
        return Err(Error::invalid(format!("Relations are included more than {allowed} deep.")));
    }
    Ok(())
}
