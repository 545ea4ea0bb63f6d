//! What is said of a text that is no value of its field.

use super::own;
use crate::meta::{Check, FieldMeta};
use crate::value::{FieldType, ValueError};

/// What is said of a text that is no value of its field. Of a number it tells the field's own limits, where it has any, and not those of its type.
///
/// In a table of messages it is found by its English text, `Message::Own("must be a whole number between {min} and {max}")`: "between", "from {min}"
/// and "up to {max}", each of "a whole number" and of "a number".
#[must_use]
pub fn unread(field: &FieldMeta, error: ValueError) -> String {
    let whole = match field.field_type {
        FieldType::Int32 | FieldType::Int64 => true,
        FieldType::Float => false,
        // A decimal says more of itself: how it is written, and how many digits it has.
        _ => return own(error.0),
    };
    let range = field.validators.iter().find_map(|validator| match &validator.check {
        Check::Range { min, max } => Some((min.as_ref(), max.as_ref())),
        _ => None,
    });
    let (min, max) = range.unwrap_or_default();
    let text = match (min, max, whole) {
        (None, None, _) => return own(error.0),
        (Some(_), Some(_), true) => "must be a whole number between {min} and {max}",
        (Some(_), None, true) => "must be a whole number from {min}",
        (None, Some(_), true) => "must be a whole number up to {max}",
        (Some(_), Some(_), false) => "must be a number between {min} and {max}",
        (Some(_), None, false) => "must be a number from {min}",
        (None, Some(_), false) => "must be a number up to {max}",
    };
    let mut said = own(text.to_owned());
    for (name, limit) in [("{min}", min), ("{max}", max)] {
        if let Some(limit) = limit {
            said = said.replace(name, &limit.to_string());
        }
    }
    said
}
