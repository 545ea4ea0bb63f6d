//! Cells: as values, and as JSON without a detour.

use isoform::aggregate::{Aggregation, Function, Measure, OVERFLOW};
use isoform::meta::{EntityMeta, FieldMask, FieldMeta, RelationMeta, Rule};
use isoform::value::{Stored, StoredAs};
use isoform::{Error, FieldType, Result, Row, Value, json};
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};
use uuid::Uuid;

fn decode<'r, T: Decode<'r, Sqlite>>(cell: SqliteValueRef<'r>) -> Result<T, String> {
    T::decode(cell).map_err(|error| error.to_string())
}

/// A whole row, with all columns of the entity; what is no column is null.
pub(super) fn row(row: &SqliteRow, meta: &EntityMeta) -> Result<Row> {
    let mut positions = 0..;
    let cell = |field: &FieldMeta| {
        let Some(position) = field.has_column().then(|| positions.next()).flatten() else { return Ok(Value::Null) };
        field_at(row, position, meta, field)
    };
    meta.fields.iter().map(cell).collect()
}

/// The value of a field, from a place in the row.
fn field_at(row: &SqliteRow, position: usize, meta: &EntityMeta, field: &FieldMeta) -> Result<Value> {
    let cell = row.try_get_raw(position).map_err(Error::internal)?;
    if cell.is_null() {
        return Ok(Value::Null);
    }
    if is_computed(meta, field) && is_beyond(row.try_get_raw(position).map_err(Error::internal)?, field.field_type) {
        return if field.nullable { Ok(Value::Null) } else { Err(beyond(meta, field)) };
    }
    value(cell, field.field_type).map_err(|problem| unfit(meta, field.name, &problem))
}

/// Does the database compute the field? What was written has passed the field's type.
const fn is_computed(meta: &EntityMeta, field: &FieldMeta) -> bool {
    !field.is_written() || !meta.has_table()
}

/// Is a cell, which is not null, no value of a type that counts in whole numbers, or no finite number? SQLite goes on in floating
/// point where whole numbers do not suffice, and would be read as the nearest one.
fn is_beyond(cell: SqliteValueRef<'_>, field_type: FieldType) -> bool {
    let is_real = cell.type_info().name() == "REAL";
    match field_type {
        FieldType::Int32 => is_real || decode::<i64>(cell).is_ok_and(|n| i32::try_from(n).is_err()),
        FieldType::Int64 => is_real,
        FieldType::Scalar(scalar) => is_real && scalar.stored_as == StoredAs::Int,
        FieldType::Float => decode::<f64>(cell).is_ok_and(|n| !n.is_finite()),
        _ => false,
    }
}

/// What is computed for a row is no value of the field, which cannot be null either.
fn beyond(meta: &EntityMeta, field: &FieldMeta) -> Error {
    tracing::warn!(
        field = format!("{}.{}", meta.rust_name, field.name),
        "a row has a computed value that is beyond its type; as an `Option` it would be null there"
    );
    // Whoever may not see a field is not told its name.
    let what = if matches!(field.api_read, Rule::Everyone) { field.wire } else { "a field" };
    Error::invalid(format!("{}: {what} of a row is computed to be beyond what can be counted.", meta.key))
        .with_code(OVERFLOW)
}

/// The values that a row is related to: its own, or those of the row in between, which stand behind its fields.
pub(super) fn key(row: &SqliteRow, values: &[Value], relation: &RelationMeta) -> Result<Vec<Value>> {
    let Some(through) = relation.through else {
        return Ok(relation.keys.iter().filter_map(|(_, other)| values.get(*other).cloned()).collect());
    };
    let (fields, owner) = (relation.target().columns().iter().count(), (through.entity)());
    let keys = relation.keys.iter().enumerate();
    keys.map(|(position, (_, other))| field_at(row, fields + position, owner, owner.field(*other))).collect()
}

/// The values of some fields, given with their place in the row.
pub(super) fn values(row: &SqliteRow, meta: &EntityMeta, fields: impl Iterator<Item = (usize, usize)>) -> Result<Row> {
    fields.map(|(position, field)| field_at(row, position, meta, meta.field(field))).collect()
}

fn unfit(meta: &EntityMeta, field: &str, problem: &str) -> Error {
    Error::internal(format!("{}.{field}: what is stored cannot be read: {problem}", meta.table))
}

/// A cell that is not null, as a value of a type.
pub(super) fn value(cell: SqliteValueRef<'_>, field_type: FieldType) -> Result<Value, String> {
    Ok(match field_type {
        FieldType::Bool => Value::Bool(decode::<i64>(cell)? != 0),
        FieldType::Int32 | FieldType::Int64 => Value::Int(decode(cell)?),
        FieldType::Float => Value::Float(decode(cell)?),
        FieldType::Uuid => Value::Uuid(uuid(decode(cell)?)?),
        FieldType::DateTime => Value::DateTime(json::parse_date_time(decode(cell)?).ok_or("not a time")?),
        FieldType::Date => Value::Date(json::parse_date(decode(cell)?).ok_or("not a date")?),
        FieldType::Json | FieldType::List(_) => {
            Value::Json(Box::new(serde_json::from_str(decode(cell)?).map_err(|error| error.to_string())?))
        }
        FieldType::Text | FieldType::Enum(_) => Value::Text(decode(cell)?),
        FieldType::Scalar(scalar) => {
            let stored = match scalar.stored_as {
                StoredAs::Int => Stored::Int(decode(cell)?),
                StoredAs::Text => Stored::Text(decode(cell)?),
                StoredAs::Bytes => Stored::Bytes(decode(cell)?),
            };
            (scalar.read)(stored).ok_or_else(|| format!("not {}", scalar.describe))?
        }
    })
}

/// 16 bytes, or the text that other programs write.
fn uuid(bytes: &[u8]) -> Result<Uuid, String> {
    Uuid::from_slice(bytes).or_else(|_| Uuid::try_parse_ascii(bytes)).map_err(|error| error.to_string())
}

/// A row with the fields of a mask, as a JSON object.
pub(super) fn write_row(row: &SqliteRow, meta: &EntityMeta, fields: FieldMask, out: &mut Vec<u8>) -> Result<()> {
    write_part(row, meta, fields, fields, out)
}

/// As [`write_row`], of a row that has more fields than are written.
pub(super) fn write_part(
    row: &SqliteRow,
    meta: &EntityMeta,
    fields: FieldMask,
    present: FieldMask,
    out: &mut Vec<u8>,
) -> Result<()> {
    let mut separator = b'{';
    let present = meta.fields.iter().enumerate().filter(|(index, _)| present.contains(*index));
    for (position, (index, field)) in present.enumerate() {
        if !fields.contains(index) {
            continue;
        }
        out.push(separator);
        separator = b',';
        json::write_name(field, out);
        let cell = row.try_get_raw(position).map_err(Error::internal)?;
        if cell.is_null() {
            out.extend_from_slice(b"null");
        } else if is_computed(meta, field)
            && is_beyond(row.try_get_raw(position).map_err(Error::internal)?, field.field_type)
        {
            if !field.nullable {
                return Err(beyond(meta, field));
            }
            out.extend_from_slice(b"null");
        } else {
            write(cell, field.field_type, out).map_err(|problem| unfit(meta, field.name, &problem))?;
        }
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(())
}

fn write(cell: SqliteValueRef<'_>, field_type: FieldType, out: &mut Vec<u8>) -> Result<(), String> {
    match field_type {
        FieldType::Text | FieldType::Enum(_) => json::write_text(decode(cell)?, out),
        FieldType::Int32 | FieldType::Int64 => json::write_integer(decode(cell)?, out),
        FieldType::Json | FieldType::List(_) => out.extend_from_slice(decode::<&str>(cell)?.as_bytes()),
        FieldType::DateTime => {
            let text: &str = decode(cell)?;
            match own_time(text) {
                Some(trimmed) => {
                    out.push(b'"');
                    out.extend_from_slice(trimmed.as_bytes());
                    out.extend_from_slice(b"Z\"");
                }
                None => json::write_json(&Value::DateTime(json::parse_date_time(text).ok_or("not a time")?), out),
            }
        }
        other => json::write_json(&value(cell, other)?, out),
    }
    Ok(())
}

/// A time as this module stores it, as the wire spells it: without `Z`, and without microseconds where there are none.
fn own_time(text: &str) -> Option<&str> {
    let digits = text.strip_suffix('Z').filter(|digits| digits.len() == 26 && digits.is_ascii())?;
    Some(digits.strip_suffix("000").unwrap_or(digits))
}

/// A group: its fields, then what was computed.
pub(super) fn group(row: &SqliteRow, meta: &EntityMeta, asked: &Aggregation) -> Result<Row> {
    let keys = asked.groups.iter().map(|field| (meta.field(*field).name, Ok(meta.field(*field).field_type), None));
    let measures = asked.measures.iter().map(|measure| {
        let name = measure.field().map_or("count", |field| meta.field(field).name);
        (name, measure.result(meta), Some(*measure))
    });
    let cell = |(index, (name, field_type, measure)): (usize, (&str, Result<FieldType>, Option<Measure>))| {
        let cell = row.try_get_raw(index).map_err(Error::internal)?;
        if cell.is_null() {
            return Ok(Value::Null);
        }
        let field_type = field_type?;
        if is_beyond(row.try_get_raw(index).map_err(Error::internal)?, field_type) {
            return Err(asked.overflow(meta));
        }
        let value = match (measure, field_type) {
            // Computed of the positions in the declaration.
            (Some(Measure::Of(Function::Min | Function::Max, _)), FieldType::Enum(variants)) => {
                let position = decode::<i64>(cell).map_err(|problem| unfit(meta, name, &problem))?;
                let variant = usize::try_from(position).ok().and_then(|position| variants.get(position));
                variant.map(|variant| Value::Text(variant.value.into())).ok_or_else(|| "no variant".to_owned())
            }
            (_, field_type) => value(cell, field_type),
        };
        value.map_err(|problem| unfit(meta, name, &problem))
    };
    keys.chain(measures).enumerate().map(cell).collect()
}
