//! Answers a condition in memory, as SQL does: with three values.

use std::cmp::Ordering;

use super::{Condition, TextMatch};
use crate::value::Value;

impl Condition {
    /// Does a row, given as a function from field to value, fulfil the condition?
    #[must_use]
    pub fn matches(&self, get: &dyn Fn(usize) -> Value) -> bool {
        self.evaluate(get) == Some(true)
    }

    /// True, false, or `None` for SQL's "unknown".
    fn evaluate(&self, get: &dyn Fn(usize) -> Value) -> Option<bool> {
        match self {
            Self::All => Some(true),
            Self::Nothing => Some(false),
            Self::Null(field) => Some(get(*field).is_null()),
            // Who asks this is to see to `asks_elsewhere` first; unknown lets nothing pass that a database would not.
            Self::Related(..) | Self::RelatedTo(..) | Self::Measured(..) => None,
            Self::Not(inner) => inner.evaluate(get).map(|answer| !answer),
            // False before unknown before true: what holds of all is the least, of any the greatest.
            Self::And(list) => list.iter().map(|one| one.evaluate(get)).min_by_key(rank).unwrap_or(Some(true)),
            Self::Or(list) => list.iter().map(|one| one.evaluate(get)).max_by_key(rank).unwrap_or(Some(false)),
            Self::Compare(field, comparison, value) => {
                let order = compare(&get(*field), value)?;
                Some(comparison.holds(order))
            }
            Self::In(_, values) if values.is_empty() => Some(false),
            Self::In(field, values) => {
                let value = get(*field);
                if value.is_null() {
                    None
                } else {
                    Some(values.iter().any(|one| compare(&value, one) == Some(Ordering::Equal)))
                }
            }
            Self::Text(field, how, wanted) => match get(*field) {
                Value::Text(text) => {
                    let (text, wanted) = (text.to_ascii_lowercase(), wanted.to_ascii_lowercase());
                    Some(match how {
                        TextMatch::Contains => text.contains(&wanted),
                        TextMatch::StartsWith => text.starts_with(&wanted),
                        TextMatch::EndsWith => text.ends_with(&wanted),
                    })
                }
                _ => None,
            },
        }
    }
}

const fn rank(answer: &Option<bool>) -> u8 {
    match answer {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}

/// The order of two values of one field; `None` where one is null or they cannot be compared.
#[must_use]
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    #[expect(clippy::cast_precision_loss, reason = "as SQL compares an integer with a float")]
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(a), Value::Float(b)) => (*a as f64).partial_cmp(b),
        (Value::Float(a), Value::Int(b)) => a.partial_cmp(&(*b as f64)),
        (Value::Text(a), Value::Text(b)) => Some(a.cmp(b)),
        (Value::Uuid(a), Value::Uuid(b)) => Some(a.cmp(b)),
        (Value::DateTime(a), Value::DateTime(b)) => Some(a.cmp(b)),
        (Value::Date(a), Value::Date(b)) => Some(a.cmp(b)),
        // As it is stored: as text.
        (Value::Json(a), Value::Json(b)) => Some(a.to_string().cmp(&b.to_string())),
        (Value::Scalar(a), Value::Scalar(b)) => a.compare(b),
        // Null, and values of two types. Spelled out, so that a new kind of value is not forgotten here.
        (
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Uuid(_)
            | Value::DateTime(_)
            | Value::Date(_)
            | Value::Json(_)
            | Value::Scalar(_),
            _,
        ) => None,
    }
}
