//! Tables and columns: what is missing is created, what is there stays as it is.

use std::collections::HashSet;

use isoform::meta::{EntityMeta, FieldMeta};
use isoform::{FieldType, Result};
use sea_query::{Alias, ColumnDef, Index, SqliteQueryBuilder, Table};
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::dialect::{plain_error, stored};

/// Creates what is missing; answers what it did, a sentence each.
pub(super) async fn ensure(connection: &mut SqliteConnection, entities: &[&'static EntityMeta]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for meta in entities {
        let present = columns(connection, meta.table).await?;
        if present.is_empty() {
            run(connection, create_table(meta)).await?;
            done.push(format!("created the table {} with {} columns", meta.table, meta.fields.len()));
        } else {
            for field in meta.fields.iter().filter(|field| !present.contains(field.column)) {
                run(connection, add_column(meta, field)).await?;
                done.push(format!("added the column {} to the table {}", field.column, meta.table));
            }
        }
        for field in meta.fields.iter().filter(|field| field.unique) {
            run(connection, unique_index(meta, field)).await?;
        }
    }
    Ok(done)
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<HashSet<String>> {
    let rows = sqlx::query("SELECT name FROM pragma_table_info(?)")
        .bind(table.to_owned())
        .fetch_all(connection)
        .await
        .map_err(|error| plain_error(&error))?;
    Ok(rows.iter().filter_map(|row| row.try_get(0).ok()).collect())
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
        _ => column.text(),
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
