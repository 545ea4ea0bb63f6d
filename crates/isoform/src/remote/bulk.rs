//! Writes of many rows, over the API.

use serde_json::{Map, Value as JsonValue, json};

use super::{Remote, object, unexpected};
use crate::bulk::{Assigned, UpsertRow, Which};
use crate::filter::wire;
use crate::json::{row_to_json, to_json};
use crate::meta::EntityMeta;
use crate::record::AnyRecord;
use crate::{Error, Result, validate};

impl Remote {
    pub(crate) async fn insert_many(
        &self,
        meta: &EntityMeta,
        records: &[&dyn AnyRecord],
    ) -> Result<Vec<Map<String, JsonValue>>> {
        rows(meta, self.request("POST", meta.key, Some(&new_rows(meta, records))).await?)
    }

    pub(crate) async fn insert_many_counted(&self, meta: &EntityMeta, records: &[&dyn AnyRecord]) -> Result<u64> {
        let path = format!("{}?_select=$count", meta.key);
        count(meta, "inserted", &self.request("POST", &path, Some(&new_rows(meta, records))).await?)
    }

    pub(crate) async fn update_many(&self, meta: &EntityMeta, which: Which, set: &Assigned) -> Result<u64> {
        validate::values(meta, set)?;
        let body = json!({ "set": assigned(meta, set), "where": filter(meta, which)? });
        count(meta, "updated", &self.bulk(meta, "updateMany", &body).await?)
    }

    pub(crate) async fn delete_many(&self, meta: &EntityMeta, which: Which) -> Result<u64> {
        let body = json!({ "where": filter(meta, which)? });
        count(meta, "deleted", &self.bulk(meta, "deleteMany", &body).await?)
    }

    pub(crate) async fn upsert_many(
        &self,
        meta: &EntityMeta,
        list: Vec<UpsertRow>,
    ) -> Result<Vec<Map<String, JsonValue>>> {
        let body = upsert_rows(meta, &list);
        rows(meta, self.bulk(meta, "upsertMany", &body).await?)
    }

    async fn bulk(&self, meta: &EntityMeta, action: &str, body: &JsonValue) -> Result<JsonValue> {
        self.request("POST", &format!("{}?__action={action}", meta.key), Some(body)).await
    }
}

/// What was set of new records: the server has the declared defaults itself.
fn new_rows(meta: &EntityMeta, records: &[&dyn AnyRecord]) -> JsonValue {
    let row = |record: &&dyn AnyRecord| {
        let fields = record.changed_fields().without(record.state().hidden);
        JsonValue::Object(row_to_json(meta, fields, |index| record.get(index)))
    };
    records.iter().map(row).collect()
}

pub(super) fn filter(meta: &EntityMeta, which: Which) -> Result<JsonValue> {
    match which {
        Which::All => Ok("all".into()),
        which @ Which::Matching(_) => Ok(wire::to_json(meta, &which.condition(meta)?).into()),
    }
}

pub(super) fn assigned(meta: &EntityMeta, values: &Assigned) -> JsonValue {
    let values = values.iter().map(|(index, value)| (meta.field(*index).wire.to_owned(), to_json(value)));
    JsonValue::Object(values.collect())
}

pub(super) fn upsert_rows(meta: &EntityMeta, list: &[UpsertRow]) -> JsonValue {
    let row = |row: &UpsertRow| {
        let mut object = Map::new();
        object.insert("where".into(), assigned(meta, &row.by));
        if let Some(set) = &row.set {
            object.insert("set".into(), assigned(meta, set));
        }
        JsonValue::Object(object)
    };
    list.iter().map(row).collect()
}

pub(super) fn rows(meta: &EntityMeta, answer: JsonValue) -> Result<Vec<Map<String, JsonValue>>> {
    match answer {
        JsonValue::Array(rows) => rows.into_iter().map(|row| object(meta, row)).collect(),
        other => Err(unexpected(meta, "rows", &other)),
    }
}

pub(super) fn count(meta: &EntityMeta, of: &str, answer: &JsonValue) -> Result<u64> {
    let count = answer.get(of).and_then(JsonValue::as_u64);
    count.ok_or_else(|| Error::unavailable(format!("{}: the server did not say how many were {of}", meta.key)))
}
