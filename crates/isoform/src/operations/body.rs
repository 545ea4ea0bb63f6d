//! What the body of a request says of fields.

use serde_json::{Map, Value as JsonValue};

use super::Patch;
use crate::context::Context;
use crate::guard;
use crate::meta::{EntityMeta, FieldMask};
use crate::validate::{Message, said};
use crate::value::{Value, ValueError};
use crate::{Result, json, validate};

/// Reads the fields of a body, by their names on the wire.
///
/// What this identity may not write is passed over, unread. `""` is absent, unless the type of the field reads it.
///
/// # Errors
/// 400 with a message at each field that is unknown or whose value does not fit.
pub fn read_patch(meta: &EntityMeta, body: &Map<String, JsonValue>, writable: FieldMask) -> Result<Patch> {
    let mut patch = Vec::with_capacity(body.len());
    let mut wrong = Vec::new();
    for (name, value) in body {
        let index = meta.field_by_wire(name).ok_or_else(|| crate::filter::wire::unknown_field(meta, name))?;
        let field = meta.field(index);
        let empty = value.as_str() == Some("") && !field.field_type.reads_nothing();
        let absent = empty || (value.is_null() && meta.version == Some(index));
        if absent || !writable.contains(index) {
            continue;
        }
        let fitting = json::from_json(field.field_type, value);
        let fitting = if field.converts { fitting.and_then(|value| as_declared(meta, index, value)) } else { fitting };
        match fitting {
            Ok(Value::Null) if !field.nullable => wrong.push((index, said(Message::Null).to_owned())),
            Ok(value) => patch.push((index, value)),
            Err(error) => wrong.push((index, validate::own(error.0))),
        }
    }
    if wrong.is_empty() {
        Ok(patch)
    } else {
        Err(validate::error(meta, wrong.iter().map(|(index, message)| (*index, message.as_str()))))
    }
}

/// A value as the field's Rust type writes it: only that type knows what fits.
fn as_declared(meta: &EntityMeta, index: usize, value: Value) -> Result<Value, ValueError> {
    let mut record = (meta.new_record)();
    record.set(index, value)?;
    Ok(record.get(index))
}

/// The fields that an identity can send at all: the version too, which is compared and not written. Whoever sees it of no row
/// could ask by it what it is.
pub(super) fn accepted(context: &Context, meta: &EntityMeta) -> FieldMask {
    let mut accepted = guard::writable_fields(meta, context.identity());
    let sees = |version: &usize| guard::of_every_row(&meta.field(*version).api_read, context.identity()) != Some(false);
    if let Some(version) = meta.version.filter(sees) {
        accepted.insert(version);
    }
    accepted
}
