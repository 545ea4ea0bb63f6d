//! A record in a page that the server rendered, and in the arguments and results of backend methods: only fields
//! that the API may show, their originals included.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value as JsonValue};

use super::{AnyRecord, Record};
use crate::entity::Entity;
use crate::json;
use crate::meta::{EntityMeta, FieldMask};

/// How a record looks while it travels.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// The visible fields.
    pub data: Map<String, JsonValue>,
    /// The visible fields that differ from what is in the table, as they are there.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub original: Map<String, JsonValue>,
    #[serde(skip_serializing_if = "is_false")]
    pub is_new: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub is_deleted: bool,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub errors: Map<String, JsonValue>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Read by hand: what serde derives would be a part of every page.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut object = Map::deserialize(deserializer)?;
        Ok(Self {
            data: json::take_object(&mut object, "data"),
            original: json::take_object(&mut object, "original"),
            is_new: json::take(&mut object, "isNew") == JsonValue::Bool(true),
            is_deleted: json::take(&mut object, "isDeleted") == JsonValue::Bool(true),
            errors: json::take_object(&mut object, "errors"),
        })
    }
}

/// The visible fields of a record, and what is loaded of its relations: as a row comes over the wire.
fn visible_row(record: &dyn AnyRecord, visible: FieldMask) -> Map<String, JsonValue> {
    let meta = record.meta();
    let mut row = json::row_to_json(meta, visible, |index| record.get(index));
    for relation in meta.relations {
        let Some(related) = record.related(relation.index) else { continue };
        #[cfg(not(target_arch = "wasm32"))]
        if !may_leave(meta, relation, visible) {
            continue;
        }
        let json = (relation.travel.rows)(relation, &related);
        row.insert(relation.wire.to_owned(), json);
    }
    row
}

/// May whoever the context is for see what is related to a record with these visible fields? Trusted code loads it for itself,
/// so what `operations::resolve` would refuse to include is left out.
#[cfg(not(target_arch = "wasm32"))]
fn may_leave(meta: &EntityMeta, relation: &crate::meta::RelationMeta, visible: FieldMask) -> bool {
    use crate::guard;
    let context = crate::Context::current().ok();
    let identity = context.as_ref().and_then(crate::Context::identity);
    let sees = |meta: &EntityMeta, field: usize| guard::readable_fields(meta, identity).contains(field);
    let target = relation.target();
    let between = relation.through.map(|through| (through.entity)());
    let rows = guard::allows(&relation.api_read, identity)
        && guard::allows(&target.allow.read, identity)
        && between.is_none_or(|between| guard::allows(&between.allow.read, identity));
    // What is related tells the keys. A lazy one is visible only where it is loaded, so it is asked for by its rule.
    let shown = |own: usize| visible.contains(own) || (meta.lazy_fields().contains(own) && sees(meta, own));
    rows && relation.keys.iter().all(|(own, other)| shown(*own) && sees(between.unwrap_or(target), *other))
        && relation.through.is_none_or(|through| {
            through.keys.iter().all(|(one, other)| sees((through.entity)(), *one) && sees(target, *other))
        })
}

/// The fields of a record that may leave the server: not hidden, and readable by whoever the context is for.
pub(super) fn visible(record: &dyn AnyRecord) -> FieldMask {
    let hidden = record.state().hidden();
    #[cfg(target_arch = "wasm32")]
    return record.meta().all_fields().without(hidden);
    #[cfg(not(target_arch = "wasm32"))]
    {
        let (meta, context) = (record.meta(), crate::Context::current().ok());
        let identity = context.as_ref().and_then(crate::Context::identity);
        let readable = if hidden.is_empty() && is_whole(record) {
            crate::guard::readable_of(identity, record)
        } else if hidden.is_empty() {
            // Trusted code has found it without what a rule may look at: what the rule decides about stays here.
            crate::guard::readable_fields(meta, identity)
        } else {
            // It was judged when it was whole; now a rule might miss what is hidden.
            crate::guard::readable_fields(meta, identity).or(crate::guard::judged_fields(meta, identity))
        };
        readable.without(hidden)
    }
}

/// Is all of a record there that a rule may look at, as it is and as it is in the table? A lazy field that is null is not loaded.
#[cfg(not(target_arch = "wasm32"))]
fn is_whole(record: &dyn AnyRecord) -> bool {
    let is_there = |field: usize| !record.get(field).is_null() && !record.original(field).is_null();
    record.state().is_new || record.meta().lazy_fields().iter().all(is_there)
}

/// A related record's readable fields, as a row comes over the wire.
pub(crate) fn wire_row(record: &dyn AnyRecord) -> Map<String, JsonValue> {
    visible_row(record, visible(record))
}

/// The record of a row that came over the wire, with what came along of its relations.
pub(crate) fn wire_record(
    meta: &'static EntityMeta,
    row: &Map<String, JsonValue>,
) -> Result<Box<dyn AnyRecord>, String> {
    let mut record = (meta.new_record)();
    let mut values = record.row();
    let shown = write_fields(meta, row, |index, value| {
        if let Some(slot) = values.get_mut(index) {
            *slot = value;
        }
        Ok(())
    })?;
    for index in meta.lazy_fields().without(shown).iter() {
        if let Some(slot) = values.get_mut(index) {
            *slot = crate::Value::Null;
        }
    }
    let hidden = meta.all_fields().without(shown).without(meta.lazy_fields());
    record.set_stored(values, hidden).map_err(|error| error.to_string())?;
    relate(&mut *record, row)?;
    Ok(record)
}

pub(super) fn relate(record: &mut dyn AnyRecord, row: &Map<String, JsonValue>) -> Result<(), String> {
    for relation in record.meta().relations {
        let Some(json) = row.get(relation.wire) else { continue };
        let related = (relation.travel.read)(relation, json)?;
        record.relate(relation.index, related);
    }
    Ok(())
}

impl State {
    /// The state of a record, with the fields of a mask.
    pub fn of(record: &dyn AnyRecord, visible: FieldMask) -> Self {
        let meta = record.meta();
        let state = record.state();
        let original = if state.is_new {
            Map::new()
        } else {
            json::row_to_json(meta, visible.and(record.changed_fields()), |index| record.original(index))
        };
        let errors = state.errors.iter().filter(|(index, _)| visible.contains(*index));
        Self {
            data: visible_row(record, visible),
            original,
            is_new: state.is_new,
            is_deleted: state.is_deleted,
            errors: errors.map(|(index, message)| (meta.field(index).wire.to_owned(), message.into())).collect(),
        }
    }

    /// Replaces a record's values and state with these. What is not among them was not shown.
    ///
    /// # Errors
    /// Says which field does not fit.
    pub fn apply<E: Entity>(self, record: &mut Record<E>) -> Result<(), String> {
        let meta = E::meta();
        let mut entity = E::blank();
        let shown = write_fields(meta, &self.data, |index, value| entity.set(index, value))?;
        let hidden = meta.all_fields().without(shown).without(meta.lazy_fields());
        if !self.is_new {
            for index in meta.lazy_fields().without(shown).iter() {
                // Null stands for what is not loaded.
                let _ = entity.set(index, crate::Value::Null);
            }
        }
        record.set_stored(entity, if self.is_new { FieldMask::NONE } else { hidden });
        let mut original = if self.is_new { E::blank() } else { record.entity.clone() };
        let changed = write_fields(meta, &self.original, |index, value| original.set(index, value))?;
        relate(record, &self.data)?;
        if self.is_new || !changed.is_empty() {
            // What is loaded is the original's too, so that it is still there when the rest is undone.
            let mut loaded = record.entity.clone();
            for relation in meta.relations.iter().filter(|_| !self.is_new) {
                original.take_related(relation.index, &mut loaded);
            }
            record.original = Some(Box::new(original));
        }
        record.state.is_new = self.is_new;
        record.state.is_deleted = self.is_deleted;
        for (wire, message) in &self.errors {
            if let (Some(index), Some(message)) = (meta.field_by_wire(wire), message.as_str()) {
                record.state.errors.add(index, message);
            }
        }
        Ok(())
    }
}

/// Hands each known field of a JSON object to a function; answers which there were. Unknown names are passed over,
/// so that an older client reads a newer server.
fn write_fields(
    meta: &EntityMeta,
    object: &Map<String, JsonValue>,
    mut write: impl FnMut(usize, crate::Value) -> Result<(), crate::ValueError>,
) -> Result<FieldMask, String> {
    let mut seen = FieldMask::NONE;
    for (index, field) in meta.fields.iter().enumerate() {
        if let Some(json) = object.get(field.wire) {
            let value = json::from_json(field.field_type, json);
            value
                .and_then(|value| write(index, value))
                .map_err(|error| format!("{}.{} {}", meta.key, field.wire, error.0))?;
            seen.insert(index);
        }
    }
    Ok(seen)
}

impl<E: Entity> Record<E> {
    /// The record of a row that came over the wire.
    pub(crate) fn from_wire_row(row: Map<String, JsonValue>) -> crate::Result<Self> {
        let mut record = Self::new();
        record.set_wire_row(row)?;
        Ok(record)
    }

    /// Takes over a row that came over the wire; what was loaded of its relations stays.
    pub(crate) fn set_wire_row(&mut self, row: Map<String, JsonValue>) -> crate::Result<()> {
        State { data: row, ..State::default() }.apply(self).map_err(crate::Error::internal)
    }
}

impl<E: Entity> Serialize for Record<E> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        State::of(self, self.visible_fields()).serialize(serializer)
    }
}

thread_local! {
    /// Are the arguments of a call being read?
    static REFUSED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Reads something in which no record may be: what comes from a client does not say what is in the table, nor may it fill in
/// fields that the client may not write.
pub(crate) fn refused_within<T>(read: impl FnOnce() -> T) -> T {
    struct Restored(bool);
    impl Drop for Restored {
        // Also where reading panics.
        fn drop(&mut self) {
            REFUSED.set(self.0);
        }
    }
    let _restored = Restored(REFUSED.replace(true));
    read()
}

impl<'de, E: Entity> Deserialize<'de> for Record<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if REFUSED.get() {
            return Err(de::Error::custom(
                "a record is no argument: send its id and find it, or call a method of the record",
            ));
        }
        let state = State::deserialize(deserializer)?;
        let mut record = Self::new();
        state.apply(&mut record).map_err(de::Error::custom)?;
        Ok(record)
    }
}
