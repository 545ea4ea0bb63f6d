//! Cursors: where a page ends, as a text that clients hand back and do not read.
//!
//! It is the base64 of a JSON array: a fingerprint of the question, then the values of the order's fields as in an address.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::Value as JsonValue;

use crate::filter::{Condition, wire};
use crate::json;
use crate::meta::{Direction, EntityMeta};
use crate::value::{Row, Value};
use crate::{Error, Result};

/// What a cursor belongs to: an entity, a filter and an order.
pub(super) struct Question {
    meta: &'static EntityMeta,
    order: Vec<(usize, Direction)>,
    fingerprint: String,
}

impl Question {
    /// The filter is the one that was asked for, without what the guard adds; the order is complete.
    pub fn new(meta: &'static EntityMeta, filter: &Condition, order: Vec<(usize, Direction)>) -> Self {
        let mut hash = Fnv::new();
        hash.write(meta.key.as_bytes());
        for (field, direction) in &order {
            hash.write(meta.field(*field).wire.as_bytes());
            hash.write(&[*direction as u8]);
        }
        hash.write(JsonValue::Object(wire::to_json(meta, filter)).to_string().as_bytes());
        Self { meta, order, fingerprint: format!("{:016x}", hash.0) }
    }

    /// The cursor behind a row with these values of the order's fields.
    pub fn cursor(&self, values: &[Value]) -> String {
        let text = |value: &Value| if value.is_null() { JsonValue::Null } else { json::to_text(value).into() };
        let parts = std::iter::once(JsonValue::from(self.fingerprint.as_str())).chain(values.iter().map(text));
        BASE64.encode(JsonValue::from_iter(parts).to_string())
    }

    /// The values of a cursor.
    ///
    /// # Errors
    /// 400 where it is none of this question.
    pub fn read(&self, cursor: &str) -> Result<Row> {
        self.values(cursor).ok_or_else(|| {
            Error::invalid(format!(
                "The cursor is not one of this question to {}: it belongs to one entity, filter and order. Begin with an \
                 empty one.",
                self.meta.key
            ))
        })
    }

    fn values(&self, cursor: &str) -> Option<Row> {
        let parts: Vec<Option<String>> = serde_json::from_slice(&BASE64.decode(cursor).ok()?).ok()?;
        let (fingerprint, values) = parts.split_first()?;
        if fingerprint.as_ref() != Some(&self.fingerprint) || values.len() != self.order.len() {
            return None;
        }
        let value = |(text, (field, _)): (&Option<String>, &(usize, Direction))| {
            let field = self.meta.field(*field);
            match text {
                Some(text) => json::from_text(field.field_type, text).ok(),
                None => field.nullable.then_some(Value::Null),
            }
        };
        values.iter().zip(&self.order).map(value).collect()
    }
}

/// FNV-1a: the same on every server and in every version of Rust. It guards nothing, but tells apart what is mixed up.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// A part, and where it ends.
    fn write(&mut self, part: &[u8]) {
        for byte in part.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
