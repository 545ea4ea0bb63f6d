//! Writes of many rows, over the API.

use serde_json::{Map, Value as JsonValue, json};

use super::{Remote, object, row_path, unexpected};
use crate::bulk::{Assigned, Step, UpsertRow, Which, in_step};
use crate::filter::wire;
use crate::id::Id;
use crate::json::{row_to_json, to_json};
use crate::meta::EntityMeta;
use crate::record::AnyRecord;
use crate::relation::Relate;
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

    /// Changes what is related to a row; answers how many rows that were.
    pub(crate) async fn relate(&self, meta: &EntityMeta, asked: &Relate) -> Result<u64> {
        let path = format!("{}?__action={}", row_path(meta, &asked.id)?, asked.change.wire());
        let body = json!({ "relation": asked.relation.wire, "ids": ids(asked) });
        count(meta, "changed", &self.request("POST", &path, Some(&body)).await?)
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

fn filter(meta: &EntityMeta, which: Which) -> Result<JsonValue> {
    match which {
        Which::All => Ok("all".into()),
        which @ Which::Matching(_) => Ok(wire::to_json(meta, &which.condition(meta)?).into()),
    }
}

fn assigned(meta: &EntityMeta, values: &Assigned) -> JsonValue {
    let values = values.iter().map(|(index, value)| (meta.field(*index).wire.to_owned(), to_json(value)));
    JsonValue::Object(values.collect())
}

fn upsert_rows(meta: &EntityMeta, list: &[UpsertRow]) -> JsonValue {
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

/// The ids of the rows at the other end.
fn ids(asked: &Relate) -> JsonValue {
    asked.others.iter().map(Id::to_json).collect()
}

fn rows(meta: &EntityMeta, answer: JsonValue) -> Result<Vec<Map<String, JsonValue>>> {
    match answer {
        JsonValue::Array(rows) => rows.into_iter().map(|row| object(meta, row)).collect(),
        other => Err(unexpected(meta, "rows", &other)),
    }
}

fn count(meta: &EntityMeta, of: &str, answer: &JsonValue) -> Result<u64> {
    let count = answer.get(of).and_then(JsonValue::as_u64);
    count.ok_or_else(|| Error::unavailable(format!("{}: the server did not say how many were {of}", meta.key)))
}

impl Remote {
    pub(crate) async fn batch(&self, steps: Vec<(&'static EntityMeta, Step)>) -> Result<Vec<JsonValue>> {
        let steps = steps.into_iter().enumerate().map(|(position, (meta, one))| {
            step(meta, one).map(JsonValue::Object).map_err(|error| in_step(error, position))
        });
        let body = JsonValue::Array(steps.collect::<Result<_>>()?);
        match self.request("POST", "$batch", Some(&body)).await? {
            JsonValue::Array(answers) => Ok(answers),
            other => Err(Error::unavailable(format!("$batch: the server answered {}", crate::json::kind(&other)))),
        }
    }
}

fn step(meta: &EntityMeta, step: Step) -> Result<Map<String, JsonValue>> {
    let (kind, members) = match step {
        Step::Insert(values) => ("insert", vec![("set", assigned(meta, &values))]),
        Step::InsertMany(rows) => ("insertMany", vec![("rows", rows.iter().map(|row| assigned(meta, row)).collect())]),
        Step::Update(id, set) => ("update", vec![("id", id.to_json()), ("set", assigned(meta, &set))]),
        Step::Delete(id) => ("delete", vec![("id", id.to_json())]),
        Step::UpdateMany(which, set) => {
            ("updateMany", vec![("where", filter(meta, which)?), ("set", assigned(meta, &set))])
        }
        Step::DeleteMany(which) => ("deleteMany", vec![("where", filter(meta, which)?)]),
        Step::UpsertMany(rows) => ("upsertMany", vec![("rows", upsert_rows(meta, &rows))]),
        Step::Relate(asked) => {
            let ids = ids(&asked);
            (
                asked.change.wire(),
                vec![("id", asked.id.to_json()), ("relation", asked.relation.wire.into()), ("ids", ids)],
            )
        }
    };
    let mut object = Map::new();
    object.insert(kind.to_owned(), meta.key.into());
    object.extend(members.into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok(object)
}
