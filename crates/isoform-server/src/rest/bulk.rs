//! Writes of many rows by one request: `updateMany`, `deleteMany`, `upsertMany`.

use axum::response::Response;
use http::{Method, StatusCode};
use isoform::filter::wire;
use isoform::meta::{EntityMeta, FieldMask};
use isoform::operations::{self, Patch};
use isoform::{Context, Error, FieldType, Id, Result, UpsertRow, Value, Which, guard, json, shown};
use serde_json::{Map, Value as JsonValue, json};

use super::Call;
use crate::body::{self, Arrived};
use crate::parameters::{self, Parameters};
use crate::respond;

/// What a request to an entity asks for, where that is neither a question nor an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    UpdateMany,
    DeleteMany,
    UpsertMany,
    EmptyId,
}

impl Call<'_> {
    /// Which bulk write the request is, if it is one.
    pub(super) fn bulk_write(&self) -> Option<Write> {
        match (&self.parts.method, parameters::action(&self.parts.uri).as_deref()) {
            (&Method::PUT, None | Some("updateMany")) | (&Method::POST, Some("updateMany")) => Some(Write::UpdateMany),
            (&Method::DELETE, None | Some("deleteMany")) | (&Method::POST, Some("deleteMany")) => {
                Some(Write::DeleteMany)
            }
            (&Method::POST, Some("upsertMany")) => Some(Write::UpsertMany),
            (&Method::PUT, Some("emptyId")) => Some(Write::EmptyId),
            _ => None,
        }
    }

    pub(super) async fn write_many(self, write: Write, body: Arrived) -> Result<Response> {
        // Who may not do it at all is told that first, whatever they send.
        let may = |write| guard::write(self.meta(), self.context.identity(), write);
        match write {
            Write::UpdateMany | Write::EmptyId => may(guard::Write::Update)?,
            Write::DeleteMany => may(guard::Write::Delete)?,
            Write::UpsertMany => may(guard::Write::Insert).or_else(|_| may(guard::Write::Update))?,
        }
        let parameters = self.parameters()?;
        parameters.for_all_rows()?;
        match write {
            Write::UpdateMany => self.update_many(&parameters, body).await,
            Write::DeleteMany => self.delete_many(&parameters, body).await,
            Write::UpsertMany => {
                parameters.without_filter()?;
                self.upsert_many(body).await
            }
            Write::EmptyId => {
                parameters.without_filter()?;
                let id = empty_id(self.meta());
                self.update(id, body).await
            }
        }
    }

    async fn update_many(self, parameters: &Parameters, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        let mut object = body::object(self.json(body)?)?;
        let (which, set) = if self.parts.method == Method::PUT {
            (Which::Matching(parameters.filter(meta, self.readable, None)?), object)
        } else {
            let (which, set) = (object.remove("where"), object.remove("set"));
            nothing_else(&object, "an update of many rows is {\"set\": {…}, \"where\": {…}}")?;
            (self.which(parameters, which)?, member(set, "set")?)
        };
        let patch = values(&self.context, meta, &set)?;
        let updated = operations::update_many(&self.context, meta, which, patch).await?;
        Ok(respond::value(&json!({ "updated": updated })))
    }

    async fn delete_many(self, parameters: &Parameters, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        let which = if self.parts.method == Method::DELETE {
            Which::Matching(parameters.filter(meta, self.readable, None)?)
        } else {
            let mut object = body::object(self.json(body)?)?;
            let which = object.remove("where");
            nothing_else(&object, "a deletion of many rows is {\"where\": {…}}")?;
            self.which(parameters, which)?
        };
        let deleted = operations::delete_many(&self.context, meta, which).await?;
        Ok(respond::value(&json!({ "deleted": deleted })))
    }

    async fn upsert_many(self, body: Arrived) -> Result<Response> {
        let meta = self.meta();
        let rows = upsert_rows(&self.context, meta, self.readable, self.json(body)?)?;
        let sent = |row: &UpsertRow| meta.all_fields().without(operations::unsent(&self.context, meta, row.sent()));
        let sent: Vec<_> = rows.iter().map(sent).collect();
        let rows = operations::upsert_many(&self.context, meta, rows).await?;
        respond::rows(StatusCode::OK, meta, |row| operations::visible(&self.context, meta, row), &sent, &rows)
    }

    /// The rows that the address and a body's `where` ask for.
    fn which(&self, parameters: &Parameters, which: Option<JsonValue>) -> Result<Which> {
        let filter = |body| parameters.filter(self.meta(), self.readable, body);
        match which {
            None => filter(None).map(Which::Matching),
            Some(JsonValue::Object(object)) => filter(Some(&object)).map(Which::Matching),
            Some(JsonValue::String(all)) if all == "all" => match filter(None)? {
                isoform::Condition::All => Ok(Which::All),
                narrower => Ok(Which::Matching(narrower)),
            },
            Some(other) => Err(wrong_where(&other)),
        }
    }
}

fn wrong_where(found: &JsonValue) -> Error {
    Error::invalid(format!("\"where\" must be an object, or \"all\"; it is {}.", json::kind(found)))
}

/// The rows that a `where` without an address asks for.
pub(super) fn which(meta: &EntityMeta, readable: FieldMask, which: Option<JsonValue>) -> Result<Which> {
    match which {
        None => Ok(Which::Matching(isoform::Condition::All)),
        Some(JsonValue::String(all)) if all == "all" => Ok(Which::All),
        Some(object @ JsonValue::Object(_)) => wire::from_json(meta, readable, &object).map(Which::Matching),
        Some(other) => Err(wrong_where(&other)),
    }
}

/// Passes an object of which everything was understood.
pub(super) fn nothing_else(object: &Map<String, JsonValue>, right: &str) -> Result<()> {
    match object.keys().next() {
        None => Ok(()),
        Some(name) => Err(Error::invalid(format!("\"{}\" has no meaning here; {right}.", shown(name)))),
    }
}

/// A member that is an object.
pub(super) fn member(json: Option<JsonValue>, name: &str) -> Result<Map<String, JsonValue>> {
    match json {
        Some(JsonValue::Object(object)) => Ok(object),
        None => Err(Error::invalid(format!("\"{name}\" is missing: an object of values by field."))),
        Some(other) => Err(Error::invalid(format!("\"{name}\" must be an object; it is {}.", json::kind(&other)))),
    }
}

/// Values that the caller may write.
pub(super) fn values(context: &Context, meta: &EntityMeta, body: &Map<String, JsonValue>) -> Result<Patch> {
    operations::read_patch(meta, body, guard::writable_fields(meta, context.identity()))
}

/// `[{"where": {"title": "a"}, "set": {"n": 2}}]`
pub(super) fn upsert_rows(
    context: &Context,
    meta: &EntityMeta,
    readable: FieldMask,
    json: JsonValue,
) -> Result<Vec<UpsertRow>> {
    let JsonValue::Array(list) = json else {
        return Err(Error::invalid(format!(
            "The rows of an upsert must be an array of {{\"where\": {{…}}, \"set\": {{…}}}}; this is {}.",
            json::kind(&json)
        )));
    };
    let count = list.len();
    let read = |(position, row): (usize, JsonValue)| {
        let row = upsert_row(context, meta, readable, row);
        row.map_err(|error| operations::in_row(error, position, count))
    };
    list.into_iter().enumerate().map(read).collect()
}

fn upsert_row(context: &Context, meta: &EntityMeta, readable: FieldMask, json: JsonValue) -> Result<UpsertRow> {
    let JsonValue::Object(mut row) = json else {
        return Err(Error::invalid(format!(
            "A row of an upsert is {{\"where\": {{…}}, \"set\": {{…}}}}, not {}.",
            json::kind(&json)
        )));
    };
    let (by, set) = (member(row.remove("where"), "where")?, row.remove("set"));
    nothing_else(&row, "a row of an upsert is {\"where\": {…}, \"set\": {…}}")?;
    let by = by.iter().map(|(name, value)| {
        let field = wire::readable_field(meta, readable, name)?;
        let value = json::from_json(meta.field(field).field_type, value);
        let value = value.map_err(|error| Error::invalid(format!("\"where\": \"{}\" {}.", shown(name), error.0)))?;
        Ok((field, value))
    });
    let by = by.collect::<Result<Patch>>()?;
    let set = set.filter(|set| !set.is_null()).map(|set| values(context, meta, &member(Some(set), "set")?));
    Ok(UpsertRow { by, set: set.transpose()? })
}

/// The id of a row that has none: the npm client cannot say it in a path. It can where several fields are the id.
fn empty_id(meta: &EntityMeta) -> Option<Id> {
    let [only] = meta.ids else { return None };
    let empty = match meta.field(*only).field_type {
        FieldType::Text => Value::Text(String::new()),
        FieldType::Int32 | FieldType::Int64 => Value::Int(0),
        _ => return None,
    };
    Some(Id::of(meta, |_| empty.clone()))
}
