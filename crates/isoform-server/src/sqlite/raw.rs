//! What SQL of the application's own answers.

use isoform::sql::{RowShape, Sql};
use isoform::value::StoredAs;
use isoform::{Entity, EntityMeta, Error, FieldType, Result, Row, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{Column as _, Row as _, TypeInfo as _, ValueRef as _};

use super::cell;

/// What stands for an entity in errors of SQL that names none.
#[derive(Entity, Clone, PartialEq)]
#[entity(key = "sql")]
struct Unnamed {
    #[field(id)]
    id: i64,
}

/// The entity that SQL is about, as far as errors say that.
pub(super) fn entity(sql: &Sql) -> &'static EntityMeta {
    sql.entity().unwrap_or_else(Unnamed::meta)
}

/// A row, as it was said to be.
pub(super) fn row(row: &SqliteRow, shape: &RowShape) -> Result<Row> {
    match shape {
        RowShape::Columns(types) if types.len() == row.len() => {
            types.iter().enumerate().map(|(position, field_type)| value(row, position, *field_type)).collect()
        }
        RowShape::Columns(types) => Err(Error::internal(format!(
            "the answer has {} columns; {} were asked for, by the type of its rows",
            row.len(),
            types.len()
        ))),
        RowShape::Entity(meta) => {
            let field = |field: &isoform::meta::FieldMeta| {
                if !field.has_column() {
                    return Ok(Value::Null);
                }
                let position = row.columns().iter().position(|column| column.name() == field.column);
                let position = position.ok_or_else(|| {
                    let rust_name = meta.rust_name;
                    Error::internal(format!(
                        "the answer has no column \"{}\" for {rust_name}: select `sql::columns::<{rust_name}>()`",
                        field.column
                    ))
                })?;
                value(row, position, field.field_type)
            };
            meta.fields.iter().map(field).collect()
        }
    }
}

/// A cell, of the type that was asked for: SQLite would make a number of any text.
fn value(row: &SqliteRow, position: usize, field_type: FieldType) -> Result<Value> {
    let cell = row.try_get_raw(position).map_err(Error::internal)?;
    if cell.is_null() {
        return Ok(Value::Null);
    }
    let name = || format!("column {} of the answer (\"{}\")", position + 1, row.columns()[position].name());
    let class = cell.type_info().name().to_owned();
    if !classes(field_type).contains(&class.as_str()) {
        return Err(Error::internal(format!("{} is {class} and not {}", name(), field_type.describe())));
    }
    // A whole number is a number too.
    if field_type == FieldType::Float && class == "INTEGER" {
        return cell::value(cell, FieldType::Int64)
            .map(as_float)
            .map_err(|problem| Error::internal(format!("{}: {problem}", name())));
    }
    cell::value(cell, field_type).map_err(|problem| Error::internal(format!("{}: {problem}", name())))
}

#[expect(clippy::cast_precision_loss, reason = "as SQL makes a floating point number of a whole one")]
fn as_float(value: Value) -> Value {
    if let Value::Int(n) = value { Value::Float(n as f64) } else { value }
}

/// The storage classes in which a value of a type is.
fn classes(field_type: FieldType) -> &'static [&'static str] {
    match field_type {
        FieldType::Bool | FieldType::Int32 | FieldType::Int64 => &["INTEGER", "BOOLEAN"],
        FieldType::Float => &["REAL", "INTEGER"],
        FieldType::Uuid => &["BLOB", "TEXT"],
        FieldType::Text
        | FieldType::Enum(_)
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Json
        | FieldType::List(_) => &["TEXT"],
        FieldType::Scalar(scalar) => match scalar.stored_as {
            StoredAs::Int => &["INTEGER"],
            StoredAs::Text => &["TEXT"],
            StoredAs::Bytes => &["BLOB"],
        },
    }
}
