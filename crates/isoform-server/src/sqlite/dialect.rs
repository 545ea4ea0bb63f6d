//! What is SQLite's own: how values are bound, and what its errors mean.

use chrono::{DateTime, Utc};
use isoform::{EntityMeta, Error, FieldType, Value};
use sea_query::{Expr, ExprTrait as _};

use crate::sql::Dialect;

/// The dialect.
pub(super) struct Sqlite;

/// Times are stored as text of one length, so that their order is the order of time.
const TIME: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";

pub(super) fn time_text(time: &DateTime<Utc>) -> String {
    time.format(TIME).to_string()
}

impl Dialect for Sqlite {
    fn bind(value: &Value) -> sea_query::Value {
        match value {
            Value::Null => sea_query::Value::String(None),
            Value::Bool(b) => (*b).into(),
            Value::Int(n) => (*n).into(),
            Value::Float(n) => (*n).into(),
            Value::Text(text) => text.clone().into(),
            Value::Uuid(id) => id.as_bytes().to_vec().into(),
            Value::DateTime(time) => time_text(time).into(),
            Value::Date(date) => date.to_string().into(),
            Value::Json(json) => json.to_string().into(),
            other => unreachable!("every kind of value is bound: {other:?}"),
        }
    }

    fn is_in(column: Expr, field_type: FieldType, values: &[Value]) -> Expr {
        let list: Vec<serde_json::Value> = values
            .iter()
            .map(|value| match value {
                Value::Uuid(id) => id.simple().to_string().into(),
                Value::DateTime(time) => time_text(time).into(),
                Value::Int(n) => (*n).into(),
                Value::Json(json) => json.to_string().into(),
                other => isoform::json::to_json(other),
            })
            .collect();
        // JSON has no bytes: UUIDs travel as hexadecimal digits. JSON's truth values come out as 0 and 1, as they are stored.
        let inner = if field_type == FieldType::Uuid { "unhex(value)" } else { "value" };
        let list = serde_json::Value::from(list).to_string();
        let mut values = sea_query::Query::select();
        values.expr(Expr::cust(inner)).from(sea_query::Func::cust("json_each").arg(list).into_table());
        column.in_subquery(values.take())
    }
}

/// A function as something to select from.
trait IntoTable {
    fn into_table(self) -> sea_query::TableRef;
}

impl IntoTable for sea_query::FunctionCall {
    fn into_table(self) -> sea_query::TableRef {
        sea_query::TableRef::FunctionCall(self, "list".into())
    }
}

/// What an error means for whoever asked.
pub(super) fn error(error: &sqlx::Error, meta: &EntityMeta) -> Error {
    let Some(database) = error.as_database_error() else { return plain_error(error) };
    match database.kind() {
        sqlx::error::ErrorKind::UniqueViolation => {
            // "UNIQUE constraint failed: tasks.title": the only place where SQLite says which column it was.
            let columns = database.message().rsplit(": ").next().unwrap_or_default();
            let column = columns.split(", ").next().and_then(|name| name.rsplit('.').next()).unwrap_or_default();
            let field = meta.fields.iter().find(|field| field.column == column);
            let named = |field: &isoform::meta::FieldMeta| {
                Error::conflict(format!("{} already exists", field.label))
                    .with_fields(vec![(field.wire.into(), "already exists".into())])
            };
            field.map_or_else(|| Error::conflict("This already exists."), named)
        }
        sqlx::error::ErrorKind::ForeignKeyViolation => {
            Error::conflict(format!("Other rows depend on this one of {}, or it on a row that is not there.", meta.key))
        }
        _ => plain_error(error),
    }
}

/// What an error means where no entity is at hand.
pub(super) fn plain_error(error: &sqlx::Error) -> Error {
    let busy = matches!(error, sqlx::Error::PoolTimedOut)
        || error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .is_some_and(|code| matches!(&*code, "5" | "6" | "261" | "517"));
    if busy {
        return Error::unavailable("The database is busy. Try again.");
    }
    Error::internal(error.to_string())
}
