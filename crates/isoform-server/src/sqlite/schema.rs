//! Tables and columns: what is missing is created, what is there stays as it is.

use isoform::meta::{EntityMeta, FieldMeta};
use isoform::value::StoredAs;
use isoform::{Error, FieldType, Result};
use sea_query::{Alias, ColumnDef, Index, SqliteQueryBuilder, Table};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::dialect::{plain_error, stored};

/// Creates what is missing; answers what it did, a sentence each.
pub(super) async fn ensure(connection: &mut SqliteConnection, entities: &[&'static EntityMeta]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for meta in entities {
        let present = columns(connection, meta.table).await?;
        forgotten(meta, &present)?;
        if present.is_empty() {
            run(connection, create_table(meta)).await?;
            done.push(format!("created the table {} with {} columns", meta.table, meta.fields.len()));
        } else {
            for field in meta.fields {
                match present.iter().find(|column| column.name == field.column) {
                    Some(column) => done.extend(of_another_type(meta, field, column)),
                    None => {
                        run(connection, add_column(meta, field)).await?;
                        done.push(format!("added the column {} to the table {}", field.column, meta.table));
                    }
                }
            }
        }
        for field in meta.fields.iter().filter(|field| field.unique) {
            run(connection, unique_index(meta, field)).await.map_err(|error| not_unique(meta, field, error))?;
        }
    }
    Ok(done)
}

/// A column that is there.
struct Column {
    name: String,
    declared: String,
    /// It must be given a value.
    required: bool,
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<Vec<Column>> {
    let sql = "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND pk = 0 FROM pragma_table_info(?)";
    let rows =
        sqlx::query(sql).bind(table.to_owned()).fetch_all(connection).await.map_err(|error| plain_error(&error))?;
    let column =
        |row: &SqliteRow| Ok(Column { name: row.try_get(0)?, declared: row.try_get(1)?, required: row.try_get(2)? });
    rows.iter().map(column).collect::<sqlx::Result<_>>().map_err(|error| plain_error(&error))
}

/// A column that no field has any more, and that must be given a value, makes every insert fail.
fn forgotten(meta: &EntityMeta, present: &[Column]) -> Result<()> {
    let known = |column: &Column| meta.fields.iter().any(|field| field.column == column.name);
    match present.iter().find(|column| column.required && !known(column)) {
        None => Ok(()),
        Some(Column { name, .. }) => Err(Error::invalid(format!(
            "The table {} has a column {name} that no field of {} has, and that must not be null: nothing could be inserted. Where \
             a field was renamed, say #[field(column = \"{name}\")]; else drop the column.",
            meta.table, meta.rust_name
        ))),
    }
}

/// What SQLite makes of a declared type: <https://www.sqlite.org/datatype3.html#determination_of_column_affinity>.
fn affinity(declared: &str) -> &'static str {
    let declared = declared.to_ascii_uppercase();
    let has = |names: &[&str]| names.iter().any(|name| declared.contains(name));
    match () {
        () if has(&["INT"]) => "integers",
        () if has(&["CHAR", "CLOB", "TEXT"]) => "texts",
        () if declared.is_empty() || has(&["BLOB"]) => "bytes",
        () if has(&["REAL", "FLOA", "DOUB"]) => "floating point numbers",
        () => "numbers",
    }
}

/// A column of another type stays as it is, and is said.
fn of_another_type(meta: &EntityMeta, field: &FieldMeta, column: &Column) -> Option<String> {
    let stored = match field.field_type {
        FieldType::Bool => "numbers",
        FieldType::Int32 | FieldType::Int64 => "integers",
        FieldType::Float => "floating point numbers",
        FieldType::Uuid => "bytes",
        FieldType::Text
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Enum(_)
        | FieldType::Json
        | FieldType::List(_) => "texts",
        FieldType::Scalar(scalar) => match scalar.stored_as {
            StoredAs::Int => "integers",
            StoredAs::Text => "texts",
            StoredAs::Bytes => "bytes",
        },
    };
    let there = affinity(&column.declared);
    (there != stored).then(|| {
        format!(
            "left the column {} of the table {} as it is: it is for {there}, the field for {stored}",
            column.name, meta.table
        )
    })
}

/// Rows that were there before the field was unique.
fn not_unique(meta: &EntityMeta, field: &FieldMeta, error: Error) -> Error {
    if error.cause().is_none_or(|cause| !cause.to_string().contains("UNIQUE")) {
        return error;
    }
    let message = format!(
        "{}.{} is to be unique, but rows of the table {} share a value of {}: change those first.",
        meta.rust_name, field.name, meta.table, field.column
    );
    Error::invalid(message)
}

async fn run(connection: &mut SqliteConnection, sql: String) -> Result<()> {
    // Safe: sea-query quotes every name, and the names come from static metadata.
    sqlx::query(AssertSqlSafe(sql)).execute(connection).await.map(drop).map_err(|error| plain_error(&error))
}

fn definition(field: &FieldMeta) -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new(field.column));
    match field.field_type {
        FieldType::Bool => column.boolean(),
        FieldType::Int32 => column.integer(),
        FieldType::Int64 => column.big_integer(),
        FieldType::Float => column.double(),
        FieldType::Uuid => column.custom(Alias::new("blob")),
        FieldType::Text
        | FieldType::DateTime
        | FieldType::Date
        | FieldType::Enum(_)
        | FieldType::Json
        | FieldType::List(_) => column.text(),
        FieldType::Scalar(scalar) => match scalar.stored_as {
            StoredAs::Int => column.big_integer(),
            StoredAs::Text => column.text(),
            StoredAs::Bytes => column.custom(Alias::new("blob")),
        },
    };
    if !field.nullable {
        column.not_null();
    }
    column
}

fn create_table(meta: &EntityMeta) -> String {
    let mut table = Table::create();
    table.table(Alias::new(meta.table));
    for (index, field) in meta.fields.iter().enumerate() {
        let mut column = definition(field);
        if index == meta.id {
            column.primary_key();
        }
        table.col(column);
    }
    table.to_string(SqliteQueryBuilder)
}

/// A column that rows are there without: they get the value that a new record starts with.
fn add_column(meta: &EntityMeta, field: &FieldMeta) -> String {
    let mut column = definition(field);
    if !field.nullable {
        let record = (meta.new_record)();
        let index = meta.fields.iter().position(|other| other.column == field.column).unwrap_or_default();
        column.default(sea_query::Expr::val(stored(&record.get(index))));
    }
    Table::alter().table(Alias::new(meta.table)).add_column(column).to_string(SqliteQueryBuilder)
}

fn unique_index(meta: &EntityMeta, field: &FieldMeta) -> String {
    Index::create()
        .if_not_exists()
        .unique()
        .name(format!("{}_{}_unique", meta.table, field.column))
        .table(Alias::new(meta.table))
        .col(Alias::new(field.column))
        .to_string(SqliteQueryBuilder)
}
