//! Tables and columns: what is missing is created, what is there stays as it is.

pub(super) mod differences;
mod expressions;
mod indexes;
mod sources;

use isoform::meta::{EntityMeta, FieldMeta, OnDelete, Origin, RelationMeta};
use isoform::value::StoredAs;
use isoform::{Error, FieldType, Result};
use sea_query::{
    Alias, ColumnDef, Expr, ForeignKey, ForeignKeyAction, ForeignKeyCreateStatement, Index, SqliteQueryBuilder, Table,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};

use super::dialect::{plain_error, stored};

/// Creates what is missing; answers what it did, a sentence each.
pub(super) async fn ensure(connection: &mut SqliteConnection, entities: &[&'static EntityMeta]) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for meta in entities.iter().filter(|meta| meta.has_table()) {
        let present = columns(connection, meta.table).await?;
        let watched: Vec<_> = meta.relations.iter().filter(|relation| is_watched(relation, entities)).collect();
        if present.is_empty() {
            run(connection, create_table(meta, &watched)).await?;
            done.push(format!(
                "created the table {} with {} columns",
                meta.table,
                meta.fields.iter().filter(|field| field.is_stored()).count()
            ));
        } else {
            done.extend(of_no_field(meta, &present));
            let made = definition_of(connection, meta.table).await?;
            for field in meta.fields.iter().filter(|field| field.is_stored()) {
                match present.iter().find(|column| column.is(field)) {
                    Some(column) if column.generated || expression(field).is_some() => {
                        if expressions::made_otherwise(field, column, &made) {
                            expressions::make_anew(connection, meta, field, &watched).await?;
                            done.push(format!(
                                "changed the expression of {} in the table {}",
                                field.column, meta.table
                            ));
                        }
                    }
                    Some(_) => {}
                    None => {
                        run(connection, add_column(meta, field, &watched)).await?;
                        if field.kept && !field.nullable {
                            run(connection, identify(meta, field)).await?;
                        }
                        done.push(format!("added the column {} to the table {}", field.column, meta.table));
                    }
                }
            }
        }
        for relation in meta.relations.iter().filter(|relation| relation.holds_the_key()) {
            run(connection, key_index(meta, relation)).await?;
        }
        done.extend(not_watched(connection, meta, &watched).await?);
        for field in meta.fields.iter().filter(|field| field.unique) {
            if let Err(error) = run(connection, unique_index(meta, field)).await {
                done.push(not_unique(meta, field, error)?);
            }
        }
        done.extend(indexes::ensure(connection, meta).await?);
    }
    // They may be of tables that were made just now.
    for meta in entities.iter().filter(|meta| !meta.has_table()) {
        sources::look_at(connection, meta).await?;
    }
    Ok(done)
}

/// A column that is there.
struct Column {
    name: String,
    declared: String,
    /// It must be given a value.
    required: bool,
    /// It may not be null.
    not_null: bool,
    /// It is computed from others.
    generated: bool,
    /// It is in the primary key.
    key: bool,
}

impl Column {
    /// Is it the field's? SQLite compares names without case.
    fn is(&self, field: &FieldMeta) -> bool {
        self.name.eq_ignore_ascii_case(field.column)
    }
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<Vec<Column>> {
    let sql = "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND pk = 0 AND hidden = 0, hidden >= 2, pk > 0, \"notnull\" FROM pragma_table_xinfo(?)";
    let rows =
        sqlx::query(sql).bind(table.to_owned()).fetch_all(connection).await.map_err(|error| plain_error(&error))?;
    let column = |row: &SqliteRow| {
        let (name, declared) = (row.try_get(0)?, row.try_get(1)?);
        let (required, generated) = (row.try_get(2)?, row.try_get(3)?);
        Ok(Column { name, declared, required, generated, key: row.try_get(4)?, not_null: row.try_get(5)? })
    };
    rows.iter().map(column).collect::<sqlx::Result<_>>().map_err(|error| plain_error(&error))
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

/// What a column of the field holds, as [`affinity`] says it.
fn stored_class(field: &FieldMeta) -> &'static str {
    match field.field_type {
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
    }
}

/// Rows that were there before the field was unique share a value: it is said, where that does not stop the start.
fn not_unique(meta: &EntityMeta, field: &FieldMeta, error: Error) -> Result<String> {
    if error.cause().is_none_or(|cause| !cause.to_string().contains("UNIQUE")) {
        return Err(error);
    }
    Ok(format!(
        "left the column {} of the table {} without a unique index: rows share a value",
        field.column, meta.table
    ))
}

/// Each row gets an identifier of its own in a column that was added.
fn identify(meta: &EntityMeta, field: &FieldMeta) -> String {
    // Names have no quotes: the derive sees to that.
    format!("UPDATE \"{}\" SET \"{}\" = randomblob(16)", meta.table, field.column)
}

/// Columns that no field has, and need no value: they stay.
fn of_no_field(meta: &EntityMeta, present: &[Column]) -> Vec<String> {
    let known = |column: &Column| meta.fields.iter().any(|field| field.is_stored() && column.is(field));
    let unknown = present.iter().filter(|column| !column.required && !known(column));
    unknown
        .map(|column| {
            format!(
                "left the column {} of the table {}: no field of {} has it",
                column.name, meta.table, meta.rust_name
            )
        })
        .collect()
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
    if let Some(column_type) = field.column_type {
        column.custom(Alias::new(column_type));
    }
    match expression(field) {
        // What an expression gives is not known to be not null before it is asked.
        Some(expression) => {
            column.generated(Expr::cust(expression), false);
        }
        None if !field.nullable => {
            column.not_null();
        }
        None => {}
    }
    column
}

/// Can the database keep watch over a relation's key? The other table has to be there, and what the key names in it to be
/// unique.
fn is_watched(relation: &RelationMeta, entities: &[&'static EntityMeta]) -> bool {
    let (unique, target) = (relation.holds_the_key() && relation.names_one_row(), relation.target());
    unique && target.has_table() && relation.on_delete != OnDelete::Unwatched && entities.contains(&target)
}

fn foreign_key(meta: &EntityMeta, relation: &RelationMeta) -> ForeignKeyCreateStatement {
    let target = relation.target();
    let mut key = ForeignKey::create();
    key.from_tbl(Alias::new(meta.table)).to_tbl(Alias::new(target.table));
    for (own, other) in relation.keys {
        key.from_col(Alias::new(meta.field(*own).column)).to_col(Alias::new(target.field(*other).column));
    }
    key.on_delete(action(relation.on_delete));
    key.take()
}

const fn action(on_delete: OnDelete) -> ForeignKeyAction {
    match on_delete {
        OnDelete::Cascade => ForeignKeyAction::Cascade,
        OnDelete::SetNull => ForeignKeyAction::SetNull,
        OnDelete::Restrict | OnDelete::Unwatched => ForeignKeyAction::NoAction,
    }
}

const fn in_sql(on_delete: OnDelete) -> &'static str {
    match on_delete {
        OnDelete::Cascade => "CASCADE",
        OnDelete::SetNull => "SET NULL",
        OnDelete::Restrict | OnDelete::Unwatched => "NO ACTION",
    }
}

/// What is related is looked for by its key.
fn key_index(meta: &EntityMeta, relation: &RelationMeta) -> String {
    let mut index = Index::create();
    index.if_not_exists().name(format!("{}_{}_key", meta.table, relation.name)).table(Alias::new(meta.table));
    for (own, _) in relation.keys {
        index.col(Alias::new(meta.field(*own).column));
    }
    index.to_string(SqliteQueryBuilder)
}

/// SQLite cannot begin to keep watch over a column that is there, nor in another way; which one that is is said.
async fn not_watched(
    connection: &mut SqliteConnection,
    meta: &EntityMeta,
    watched: &[&RelationMeta],
) -> Result<Vec<String>> {
    if watched.is_empty() {
        return Ok(Vec::new());
    }
    let there = differences::foreign_keys(connection, meta.table).await?;
    let mut said = Vec::new();
    for relation in watched {
        let action = in_sql(relation.on_delete);
        for column in relation.keys.iter().map(|(own, _)| meta.field(*own).column) {
            let on_it = || there.iter().filter(|key| key.column.eq_ignore_ascii_case(column));
            if on_it().next().is_none() {
                said.push(format!(
                    "left the column {column} of the table {} without a foreign key: SQLite adds none to a column that is there",
                    meta.table
                ));
            } else if let (Some(key), false) = (on_it().next(), on_it().any(|key| key.on_delete == action)) {
                said.push(format!(
                    "left the foreign key of the column {column} of the table {} as it is: ON DELETE {}, where the relation {} says {action}",
                    meta.table, key.on_delete, relation.name
                ));
            }
        }
    }
    Ok(said)
}

/// What a generated column is computed by.
const fn expression(field: &FieldMeta) -> Option<&'static str> {
    match field.origin {
        Origin::Expression(expression) => Some(expression),
        Origin::Written | Origin::Database | Origin::Related(_) | Origin::Server => None,
    }
}

/// The statement that made the table, with what was added since.
async fn definition_of(connection: &mut SqliteConnection, table: &str) -> Result<String> {
    let sql = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE";
    let made = sqlx::query_scalar(sql).bind(table.to_owned()).fetch_optional(connection).await;
    made.map(Option::unwrap_or_default).map_err(|error| plain_error(&error))
}

fn drop_column(meta: &EntityMeta, field: &FieldMeta) -> String {
    let mut table = Table::alter();
    table.table(Alias::new(meta.table)).drop_column(Alias::new(field.column)).to_string(SqliteQueryBuilder)
}

fn create_table(meta: &EntityMeta, watched: &[&RelationMeta]) -> String {
    let mut table = Table::create();
    table.table(Alias::new(meta.table));
    for (index, field) in meta.fields.iter().enumerate().filter(|(_, field)| field.is_stored()) {
        let mut column = definition(field);
        if meta.ids == [index] {
            column.primary_key();
        }
        if field.auto_increment {
            // SQLite counts up in a column of exactly this type, and never gives a number twice.
            column.integer().auto_increment();
        }
        table.col(column);
    }
    if meta.ids.len() > 1 {
        let mut key = Index::create();
        for id in meta.ids {
            key.col(Alias::new(meta.field(*id).column));
        }
        table.primary_key(&mut key);
    }
    for relation in watched {
        table.foreign_key(&mut foreign_key(meta, relation));
    }
    table.to_string(SqliteQueryBuilder)
}

/// A column that rows are there without: they get the value that a new record starts with.
fn add_column(meta: &EntityMeta, field: &FieldMeta, watched: &[&RelationMeta]) -> String {
    let mut column = definition(field);
    let index = meta.fields.iter().position(|other| other.column == field.column).unwrap_or_default();
    let key = watched.iter().find_map(|relation| match relation.keys {
        [(own, other)] if *own == index => Some((relation, *other)),
        _ => None,
    });
    if let Some((relation, other)) = key.filter(|_| field.nullable) {
        let (target, action) = (relation.target(), in_sql(relation.on_delete));
        let other = target.field(other);
        // Names have no quotes: the derive sees to that.
        column.extra(format!("REFERENCES \"{}\" (\"{}\") ON DELETE {action}", target.table, other.column));
    }
    // A column with a type by hand has its default there too.
    if !field.nullable && field.is_written() && field.column_type.is_none() {
        let record = (meta.new_record)();
        column.default(sea_query::Expr::val(stored(&record.get(index))));
    }
    Table::alter().table(Alias::new(meta.table)).add_column(column).to_string(SqliteQueryBuilder)
}

fn drop_index(name: &str) -> String {
    Index::drop().if_exists().name(name).to_string(SqliteQueryBuilder)
}

fn index_name(meta: &EntityMeta, field: &FieldMeta) -> String {
    format!("{}_{}_unique", meta.table, field.column)
}

fn unique_index(meta: &EntityMeta, field: &FieldMeta) -> String {
    Index::create()
        .if_not_exists()
        .unique()
        .name(index_name(meta, field))
        .table(Alias::new(meta.table))
        .col(Alias::new(field.column))
        .to_string(SqliteQueryBuilder)
}
