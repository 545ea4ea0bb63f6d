//! What is SQLite's own: how values are bound, and what its errors mean.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use isoform::aggregate::OVERFLOW;
use isoform::meta::FieldMeta;
use isoform::operations::foreign_key_conflict;
use isoform::validate::{self, Message};
use isoform::value::{Stored, StoredAs};
use isoform::{EntityMeta, Error, FieldType, Result, Value, json};
use sea_query::{Expr, ExprTrait as _, QueryBuilder, SqliteQueryBuilder};
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe};

use super::connection::busy;
use crate::database::TOO_SLOW;
use crate::sql::{Dialect, Statement, Texts};

/// The dialect.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    // SQLITE_MAX_VARIABLE_NUMBER, which is more only where somebody has built it so.
    const MOST_VALUES: usize = 32_766;

    const ROW: &'static str = "_rowid_";

    fn builder() -> impl QueryBuilder {
        SqliteQueryBuilder
    }

    fn texts() -> &'static Texts {
        static TEXTS: LazyLock<Texts> = LazyLock::new(Texts::default);
        &TEXTS
    }

    fn is_in(column: Expr, field_type: FieldType, list: Expr) -> Expr {
        // JSON has no bytes: they and UUIDs travel as hexadecimal digits. JSON's truth values come out as 0 and 1, as they are stored.
        let inner = match field_type {
            FieldType::Uuid => "unhex(value)",
            FieldType::Scalar(scalar) if scalar.stored_as == StoredAs::Bytes => "unhex(value)",
            _ => "value",
        };
        let mut values = sea_query::Query::select();
        values.expr(Expr::cust(inner)).from(sea_query::Func::cust("json_each").arg(list).into_table());
        column.in_subquery(values.take())
    }

    fn sum(number: Expr, beyond: Expr) -> Expr {
        // `SUM` fails where it overflows, and with it the statement and all other rows. So the halves of the numbers are summed by
        // themselves, and joined where that is a whole number of 64 bits. What SQLite could not compute in whole numbers is real.
        let high = Expr::cust_with_exprs("SUM(? >> 32)", [number.clone()]);
        let low = Expr::cust_with_exprs("SUM(? & 4294967295)", [number.clone()]);
        let carried = Expr::cust_with_exprs("(? + (? >> 32))", [high, low.clone()]);
        Expr::cust_with_exprs(
            "CASE WHEN SUM(? <> (? | 0)) > 0 OR ? NOT BETWEEN -2147483648 AND 2147483647 THEN ? \
             ELSE (? << 32) | (? & 4294967295) END",
            [number.clone(), number, carried.clone(), beyond, carried, low],
        )
    }

    fn infinity() -> Expr {
        Expr::cust("9e999")
    }

    fn changed() -> Expr {
        Expr::cust("changes() > 0")
    }

    fn constant(value: &Value) -> sea_query::Value {
        stored(value)
    }

    fn list(values: &[Value]) -> Value {
        let value = |value: &Value| match value {
            Value::Uuid(id) => id.simple().to_string().into(),
            Value::DateTime(time) => json::format_micros(time).into(),
            Value::Int(n) => (*n).into(),
            Value::Json(json) => json.to_string().into(),
            Value::Scalar(scalar) => match scalar.stored() {
                Stored::Int(n) => n.into(),
                Stored::Between(n) => n.into(),
                Stored::Text(text) => text.into(),
                Stored::Bytes(bytes) => hexadecimal(&bytes).into(),
            },
            other => json::to_json(other),
        };
        Value::Text(serde_json::Value::from_iter(values.iter().map(value)).to_string())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// How a value is stored.
pub(super) fn stored(value: &Value) -> sea_query::Value {
    match value {
        Value::Null => sea_query::Value::String(None),
        Value::Bool(b) => i64::from(*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Float(n) => (*n).into(),
        Value::Text(text) => text.clone().into(),
        Value::Uuid(id) => id.as_bytes().to_vec().into(),
        Value::DateTime(time) => json::format_micros(time).into(),
        Value::Date(date) => json::format_date(*date).into(),
        Value::Json(json) => json.to_string().into(),
        Value::Scalar(scalar) => match scalar.stored() {
            Stored::Int(n) => n.into(),
            Stored::Between(n) => n.into(),
            Stored::Text(text) => text.into(),
            Stored::Bytes(bytes) => bytes.into(),
        },
    }
}

/// A statement as sqlx has it.
pub(super) type Query = sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>;

/// Values as sqlx has them, as [`stored`].
///
/// # Errors
/// Where sqlx cannot encode one: of these types it can.
pub(super) fn arguments<'a>(values: impl IntoIterator<Item = &'a Value>) -> Result<SqliteArguments, sqlx::Error> {
    let values = values.into_iter();
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.size_hint().0, 0);
    for value in values {
        let added = match stored(value) {
            sea_query::Value::BigInt(n) => arguments.add(n),
            sea_query::Value::Double(n) => arguments.add(n),
            sea_query::Value::String(text) => arguments.add(text),
            sea_query::Value::Bytes(bytes) => arguments.add(bytes),
            other => unreachable!("a value is stored as a number, a text or bytes: {other:?}"),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A statement whose values are as sqlx has them.
pub(super) struct Bound {
    pub text: Arc<str>,
    arguments: SqliteArguments,
}

impl Bound {
    /// # Errors
    /// As of [`arguments`].
    pub fn new(statement: Statement<'_>) -> Result<Self> {
        let arguments = arguments(statement.values.iter().map(AsRef::as_ref)).map_err(|error| plain_error(&error))?;
        Ok(Self { text: statement.text, arguments })
    }

    /// What sqlx executes, with what stands before and behind it.
    pub fn query(self, (before, behind): (Cow<'static, str>, &'static str)) -> Query {
        let text = match (&*before, behind) {
            ("", "") => self.text,
            (before, behind) => [before, &self.text, behind].concat().into(),
        };
        // Safe: sea-query quotes every name, the names come from static metadata, and every value is bound.
        sqlx::query_with(AssertSqlSafe(text), self.arguments)
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
            let names: Vec<_> = columns.split(", ").filter_map(|name| name.rsplit('.').next()).collect();
            let fields: Vec<_> = meta.fields.iter().filter(|field| names.contains(&field.column)).collect();
            already_exists(&fields)
        }
        sqlx::error::ErrorKind::ForeignKeyViolation => foreign_key_conflict(meta),
        // Of `SUM`; which one it was SQLite does not say.
        _ if database.message() == "integer overflow" => {
            Error::invalid("A sum is larger than what can be counted.").with_code(OVERFLOW)
        }
        _ if database.message().starts_with("no such table") => Error::internal(format!(
            "{}: list its entity in `entities![…]` of the API, whose `ensure_schema` makes the table ({} was asked for)",
            database.message(),
            meta.rust_name
        )),
        _ => plain_error(error),
    }
}

/// A row with the same values in these fields is there.
fn already_exists(fields: &[&FieldMeta]) -> Error {
    let labels: Vec<_> = fields.iter().map(|field| field.label).collect();
    let (message, at_field) = match (labels.as_slice(), fields) {
        ([label], [field]) => {
            let taken = validate::taken(field);
            (format!("{label} {taken}"), taken)
        }
        ([], _) => return Error::conflict("This already exists."),
        (labels, _) => {
            (format!("{} already exist together", labels.join(", ")), validate::said(Message::UniqueTogether))
        }
    };
    Error::conflict(message).with_fields(fields.iter().map(|field| (field.wire.into(), at_field.into())).collect())
}

/// Does an error say that a row would break a rule of its table, and nothing worse?
pub(super) fn is_violation(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| !matches!(error.kind(), sqlx::error::ErrorKind::Other))
}

/// What is said where a statement had taken too long.
fn too_slow() -> Error {
    let message =
        "This took the database too long and was stopped; nothing was written. Ask for less, or narrow the filter.";
    Error::unavailable(message).with_code(TOO_SLOW)
}

/// What an error means where no entity is at hand.
pub(super) fn plain_error(error: &sqlx::Error) -> Error {
    let database = error.as_database_error();
    // Of a commit: a key that is looked at only then.
    if database.is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation) {
        return Error::conflict("Rows refer to one that is not there, so nothing was written.");
    }
    match database.and_then(sqlx::error::DatabaseError::code).as_deref() {
        Some("5" | "6" | "261" | "517") => busy(),
        // Stopped by `watch`, while somebody waits for it.
        Some("9") => too_slow(),
        _ => Error::internal(error.to_string()),
    }
}
