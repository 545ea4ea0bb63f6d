//! What is related, on the wire: loaded records, what is included, and what is asked.

use std::sync::Arc;

use serde_json::{Map, Value as JsonValue};

use crate::filter::{Condition, Related, RelatedTo, wire};
use crate::meta::RelationMeta;
use crate::provider::Include;
use crate::record::{AnyRecord, wire_record, wire_row};
use crate::relation::{Measured, RelatedValue};
use crate::remote::include_json;

/// Records that were loaded.
type Loaded = Vec<Arc<dyn AnyRecord>>;

/// How a relation travels.
///
/// Every page has code for records and filters in general. What only relations need is reached through this, which only an
/// entity with relations points to.
pub struct Travel {
    pub(crate) rows: fn(&RelationMeta, &[&dyn AnyRecord]) -> JsonValue,
    pub(crate) read: fn(&RelationMeta, &JsonValue) -> Result<Loaded, String>,
    pub(crate) filter: fn(&Related) -> (String, JsonValue),
    pub(crate) include: fn(&Include) -> JsonValue,
    pub(crate) related_to: fn(&RelatedTo) -> (String, JsonValue),
    pub(crate) measured: fn(&Measured) -> Map<String, JsonValue>,
    /// The name of a value, and of which rows it is.
    pub(crate) key: fn(&RelatedValue) -> (String, Option<JsonValue>),
}

/// For the derive.
#[doc(hidden)]
pub static TRAVEL: Travel = Travel {
    rows,
    read,
    filter,
    include,
    related_to: wire::related_to_json,
    measured: wire::measured_to_json,
    key: wire::key_to_json,
};

/// Loaded records: an object or null, or an array.
fn rows(relation: &RelationMeta, related: &[&dyn AnyRecord]) -> JsonValue {
    let mut rows = related.iter().map(|one| JsonValue::Object(wire_row(*one)));
    if relation.many { rows.collect() } else { rows.next().unwrap_or_default() }
}

fn read(relation: &RelationMeta, json: &JsonValue) -> Result<Loaded, String> {
    let list = if relation.many { json.as_array().map_or(&[][..], Vec::as_slice) } else { std::slice::from_ref(json) };
    let objects = list.iter().filter_map(JsonValue::as_object);
    objects.map(|one| wire_record(relation.target(), one).map(Arc::from)).collect()
}

/// A key and a value of a filter object.
fn filter(related: &Related) -> (String, JsonValue) {
    let inner = wire::to_json(related.relation.target(), &related.target);
    (format!("{}.any", related.relation.wire), inner.into())
}

/// What of a relation is included, as the body of a question says it.
fn include(Include { relation, find }: &Include) -> JsonValue {
    let target = relation.target();
    let mut one = Map::new();
    if find.filter != Condition::All {
        one.insert("where".into(), wire::to_json(target, &find.filter).into());
    }
    if !find.order.is_empty() {
        let order = find.order.iter().map(|(key, direction)| wire::order_to_json(target, key, *direction));
        one.insert("sort".into(), order.collect());
    }
    for (name, number) in [("limit", find.limit), ("offset", (find.offset > 0).then_some(find.offset))] {
        if let Some(number) = number {
            one.insert(name.into(), number.into());
        }
    }
    if !find.with.is_empty() {
        one.insert("with".into(), find.with.iter().map(|field| JsonValue::from(target.field(field).wire)).collect());
    }
    if let Some(nested) = include_json(&find.include) {
        one.insert("include".into(), nested);
    }
    one.into()
}
