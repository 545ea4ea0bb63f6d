//! Values on the wire: how each field type reads and writes JSON, and reads the text of an address.

mod time;
mod typed;

use std::num::IntErrorKind;

use serde_json::Value as JsonValue;
use uuid::Uuid;

use crate::meta::{EntityMeta, FieldMask, FieldMeta};
use crate::record::AnyRecord;
use crate::validate::Message;
use crate::value::{FieldType, Value, ValueError};

pub(crate) use time::years_fit;
pub use time::{format_date, format_date_time, format_micros, parse_date, parse_date_time};
pub(crate) use time::{format_time, format_time_micros, parse_time};
pub use typed::{Unfit, typed};

/// Whole numbers beyond this travel as text: JavaScript cannot hold them.
const SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// Reads a JSON value for a field of a type. `null` is [`Value::Null`]; whether the field takes it is the field's affair.
///
/// # Errors
/// A sentence that says what would be right.
pub fn from_json(field_type: FieldType, json: &JsonValue) -> Result<Value, ValueError> {
    let wrong = || ValueError::expected(field_type);
    match (field_type, json) {
        (_, JsonValue::Null) => Ok(Value::Null),
        (FieldType::Json, json) => Ok(Value::Json(Box::new(json.clone()))),
        (FieldType::List(item_type), JsonValue::Array(_)) => list(*item_type, json),
        (FieldType::Scalar(scalar), JsonValue::Number(n)) if scalar.is_number => from_text(field_type, &number_text(n)),
        (FieldType::Bool, JsonValue::Bool(b)) => Ok(Value::Bool(*b)),
        (FieldType::Int32 | FieldType::Int64, JsonValue::Number(n)) => {
            integer(field_type, n.as_i64().or_else(|| whole(n.as_f64()?)))
        }
        (FieldType::Float, JsonValue::Number(n)) => {
            n.as_f64().filter(|n| n.is_finite()).map(Value::Float).ok_or_else(wrong)
        }
        (_, JsonValue::String(text)) => from_text(field_type, text),
        _ => Err(wrong()),
    }
}

/// A list, each item written as its type writes it.
fn list(item_type: FieldType, json: &JsonValue) -> Result<Value, ValueError> {
    let items = crate::value::read_list(item_type, json)?;
    Ok(Value::Json(Box::new(items.iter().map(to_json).collect())))
}

/// A number of JSON in its shortest form: what was written, for so many digits as a floating point number keeps.
fn number_text(n: &serde_json::Number) -> String {
    n.as_i64().map_or_else(|| format_float(n.as_f64().unwrap_or(f64::NAN)), |n| n.to_string())
}

/// A float that is a whole number, as JavaScript writes large ones (`1e3`).
fn whole(n: f64) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "checked: a whole number within the safe range"
    )]
    (n.fract() == 0.0 && n.abs() <= SAFE_INTEGER as f64).then_some(n as i64)
}

fn integer(field_type: FieldType, n: Option<i64>) -> Result<Value, ValueError> {
    match n {
        Some(n) if field_type != FieldType::Int32 || i32::try_from(n).is_ok() => Ok(Value::Int(n)),
        Some(_) => Err(ValueError::beyond(field_type)),
        None => Err(ValueError::expected(field_type)),
    }
}

/// Reads the text of an address, a form or a JSON string for a field of a type.
///
/// # Errors
/// A sentence that says what would be right.
pub fn from_text(field_type: FieldType, text: &str) -> Result<Value, ValueError> {
    let wrong = || ValueError::expected(field_type);
    if text.contains('\0') {
        return Err(ValueError(Message::Nul.english().into()));
    }
    match field_type {
        FieldType::Text => Ok(Value::Text(text.into())),
        FieldType::Bool => match text {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(wrong()),
        },
        FieldType::Int32 | FieldType::Int64 => match text.trim().parse::<i64>() {
            Err(error) if matches!(error.kind(), IntErrorKind::PosOverflow | IntErrorKind::NegOverflow) => {
                Err(ValueError::beyond(field_type))
            }
            read => integer(field_type, read.ok()),
        },
        FieldType::Float => parse_float(text.trim()).filter(|n| n.is_finite()).map(Value::Float).ok_or_else(wrong),
        FieldType::Uuid if text.is_empty() => Ok(Value::Uuid(Uuid::nil())),
        FieldType::Uuid => Uuid::parse_str(text).map(Value::Uuid).map_err(|_| wrong()),
        FieldType::DateTime => parse_date_time(text).map(Value::DateTime).ok_or_else(wrong),
        FieldType::Date => parse_date(text).map(Value::Date).ok_or_else(wrong),
        FieldType::Enum(variants) => {
            let known = variants.iter().any(|variant| variant.value == text);
            known.then(|| Value::Text(text.into())).ok_or_else(wrong)
        }
        FieldType::Json => serde_json::from_str(text).map(|json| Value::Json(Box::new(json))).map_err(|_| wrong()),
        FieldType::List(item_type) => {
            serde_json::from_str(text).map_err(|_| wrong()).and_then(|json| list(*item_type, &json))
        }
        FieldType::Scalar(scalar) => (scalar.parse)(text).ok_or_else(wrong),
    }
}

/// A floating point number, as people and JSON write it.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A floating point number, as people and JSON write it: the browser's own reading costs no tables in the wasm.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    let written = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = f64::try_from(wasm_bindgen::JsValue::from_str(text)).ok()?;
    (written && !number.is_nan()).then_some(number)
}

/// A floating point number as text.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn format_float(n: f64) -> String {
    n.to_string()
}

/// A floating point number as text.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn format_float(n: f64) -> String {
    js_sys::Number::from(n).to_string_with_radix(10).map(String::from).unwrap_or_default()
}

/// JSON as text. Unlike its `Display` this brings no indented form along.
#[must_use]
pub fn write(json: &JsonValue) -> String {
    serde_json::to_string(json).unwrap_or_default()
}

/// Takes a member out of an object; null where there is none.
pub(crate) fn take(object: &mut serde_json::Map<String, JsonValue>, name: &str) -> JsonValue {
    object.get_mut(name).map(JsonValue::take).unwrap_or_default()
}

/// Takes an object out of an object; an empty one where there is none.
pub(crate) fn take_object(
    object: &mut serde_json::Map<String, JsonValue>,
    name: &str,
) -> serde_json::Map<String, JsonValue> {
    match take(object, name) {
        JsonValue::Object(inner) => inner,
        _ => serde_json::Map::new(),
    }
}

/// What a message calls a piece of JSON.
#[must_use]
pub const fn kind(json: &JsonValue) -> &'static str {
    match json {
        JsonValue::Null => "null",
        JsonValue::Bool(_) => "true or false",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a text",
        JsonValue::Array(_) => "an array",
        JsonValue::Object(_) => "an object",
    }
}

/// What serde says about JSON that does not fit a type, for people: without what it tells about the program.
#[must_use]
pub fn problem(text: &str) -> String {
    let (found, expected) = text.split_once(", expected ").map_or((text, None), |(found, rest)| (found, Some(rest)));
    let named = ["missing field", "unknown field", "unknown variant", "duplicate field"];
    if named.iter().any(|start| found.starts_with(start)) {
        return found.chars().take(100).collect();
    }
    let wanted = match expected.map(|expected| expected.split(' ').next().unwrap_or_default()) {
        Some("u8") => "a whole number from 0 to 255",
        Some("u16" | "u32" | "u64" | "u128" | "usize") => "a whole number that is not negative",
        Some("i8" | "i16" | "i32" | "i64" | "i128" | "isize") => "a whole number",
        Some("f32" | "f64") => "a number",
        Some("struct") => "an object",
        _ => match expected.unwrap_or(text) {
            "a map" => "an object",
            "a sequence" => "an array",
            "a string" | "str" => "a text",
            "a boolean" => "true or false",
            types if ["struct", "enum", "variant", "::"].iter().any(|word| types.contains(word)) => "another form",
            _ if expected.is_none() => return text.chars().take(100).collect(),
            other => other,
        },
    };
    format!("{wanted} is expected")
}

/// Writes a value as JSON.
pub fn write_json(value: &Value, out: &mut Vec<u8>) {
    let quoted = |text: &str, out: &mut Vec<u8>| {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    };
    // Writing to a Vec cannot fail, hence the ignored results.
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(n) => write_integer(*n, out),
        Value::Float(n) => {
            let _ = serde_json::to_writer(out, n);
        }
        Value::Text(text) => write_text(text, out),
        Value::Uuid(id) => quoted(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()), out),
        Value::DateTime(time) => quoted(&format_date_time(time), out),
        Value::Date(date) => quoted(&format_date(*date), out),
        Value::Json(json) => {
            let _ = serde_json::to_writer(out, json);
        }
        Value::Scalar(scalar) => write_text(&scalar.to_text(), out),
    }
}

/// Writes a whole number: as a number within ±2⁵³, as text beyond.
pub fn write_integer(n: i64, out: &mut Vec<u8>) {
    let unsafe_in_javascript = !(-SAFE_INTEGER..=SAFE_INTEGER).contains(&n);
    if unsafe_in_javascript {
        out.push(b'"');
    }
    let _ = serde_json::to_writer(&mut *out, &n);
    if unsafe_in_javascript {
        out.push(b'"');
    }
}

/// Writes a text as a JSON string.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, text);
}

/// A value as [`serde_json::Value`].
#[must_use]
pub fn to_json(value: &Value) -> JsonValue {
    match value {
        Value::Null => JsonValue::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) if (-SAFE_INTEGER..=SAFE_INTEGER).contains(n) => (*n).into(),
        Value::Int(n) => n.to_string().into(),
        Value::Float(n) => (*n).into(),
        Value::Json(json) => (**json).clone(),
        other => to_text(other).into(),
    }
}

/// A value as the text of an address: what [`from_text`] reads.
#[must_use]
pub fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(n) => format_float(*n),
        Value::Text(text) => text.clone(),
        Value::Uuid(id) => id.to_string(),
        Value::DateTime(time) => format_date_time(time),
        Value::Date(date) => format_date(*date),
        Value::Json(json) => write(json),
        Value::Scalar(scalar) => scalar.to_text(),
    }
}

/// Writes a row as a JSON object with the fields of a mask.
pub fn write_row(meta: &EntityMeta, fields: FieldMask, row: &[Value], out: &mut Vec<u8>) {
    let mut separator = b'{';
    for (index, (field, value)) in meta.fields.iter().zip(row).enumerate() {
        // What is not loaded is not known, and not null.
        if !fields.contains(index) || (field.lazy && value.is_null()) {
            continue;
        }
        out.push(separator);
        separator = b',';
        write_name(field, out);
        write_json(value, out);
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// A record as a JSON object with the fields of a mask and what is loaded of its relations. A record that several are
/// related to is written for each of them: `left` says how many may still be written. Answers whether they were enough.
pub fn write_record(record: &dyn AnyRecord, fields: FieldMask, left: &mut u64, out: &mut Vec<u8>) -> bool {
    let Some(fewer) = left.checked_sub(1) else { return false };
    *left = fewer;
    let meta = record.meta();
    write_row(meta, fields.without(record.state().hidden()), &record.row(), out);
    for relation in meta.relations {
        let Some(related) = record.related(relation.index) else { continue };
        let empty = out.ends_with(b"{}");
        out.pop();
        if !empty {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(relation.wire.as_bytes());
        out.extend_from_slice(b"\":");
        if relation.many {
            out.push(b'[');
        }
        for (position, one) in related.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            if !write_record(*one, one.meta().all_fields(), left, out) {
                return false;
            }
        }
        match (relation.many, related.is_empty()) {
            (true, _) => out.push(b']'),
            (false, true) => out.extend_from_slice(b"null"),
            (false, false) => {}
        }
        out.push(b'}');
    }
    true
}

/// Writes the name of a field with its colon. Names on the wire are Rust's: nothing in them needs escaping.
pub fn write_name(field: &FieldMeta, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(field.wire.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A row as a JSON object with the fields of a mask.
pub fn row_to_json(
    meta: &EntityMeta,
    fields: FieldMask,
    get: impl Fn(usize) -> Value,
) -> serde_json::Map<String, JsonValue> {
    let mut row = serde_json::Map::new();
    for (index, field) in meta.fields.iter().enumerate().filter(|(index, _)| fields.contains(*index)) {
        let value = get(index);
        if !(field.lazy && value.is_null()) {
            row.insert(field.wire.to_owned(), to_json(&value));
        }
    }
    row
}
