//! What is asked as a number, so that a question can be found again: the same in the browser and on the server.

use serde_json::{Map, Value as JsonValue};

use super::{body_of, parameters};
use crate::aggregate::{Aggregation, wire as aggregates};
use crate::filter::wire;
use crate::meta::EntityMeta;
use crate::provider::Find;

const START: u64 = 0xcbf2_9ce4_8422_2325;

fn text(start: u64, text: &str) -> u64 {
    // FNV-1a: small, and nobody gains by two questions of one page that look alike.
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Whatever the order of names in objects is: that of a map depends on what else is in a program.
fn json(value: &JsonValue) -> u64 {
    match value {
        JsonValue::Object(object) => object
            .iter()
            .map(|(name, value)| text(START, name).rotate_left(7) ^ json(value))
            .fold(START, |hash, one| hash.wrapping_add(one.wrapping_mul(one | 1))),
        JsonValue::Array(list) => list.iter().fold(START, |hash, one| hash.rotate_left(5).wrapping_mul(31) ^ json(one)),
        other => text(START, &other.to_string()),
    }
}

fn whole(meta: &EntityMeta, mut body: Map<String, JsonValue>, find: &Find, page: u64) -> u64 {
    body.insert("where".into(), wire::to_json(meta, &find.filter).into());
    text(text(json(&body.into()), meta.key), &parameters(meta, find, page, ""))
}

/// Of a question for rows.
pub(crate) fn of_find(meta: &EntityMeta, find: &Find, page: u64) -> u64 {
    whole(meta, body_of(meta, find), find, page)
}

/// Of a question for groups.
pub(crate) fn of_groups(meta: &EntityMeta, asked: &Aggregation, page: u64) -> u64 {
    let find = Find { limit: asked.limit, ..Find::matching(asked.filter.clone()) };
    whole(meta, aggregates::to_json(meta, asked), &find, page)
}
