//! Tables and columns: what is missing is created, what is there stays as it is.

mod indexes;

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
    for meta in entities {
        let present = columns(connection, meta.table).await?;
        forgotten(meta, &present)?;
        let watched: Vec<_> = meta.relations.iter().filter(|relation| is_watched(relation, entities)).collect();
        if present.is_empty() {
            run(connection, create_table(meta, &watched)).await?;
            done.push(format!(
                "created the table {} with {} columns",
                meta.table,
                meta.fields.iter().filter(|field| field.is_stored()).count()
            ));
        } else {
            done.extend(of_another_key(meta, &present));
            let made = definition_of(connection, meta.table).await?;
            for field in meta.fields.iter().filter(|field| field.is_stored()) {
                match present.iter().find(|column| column.name == field.column) {
                    Some(column) if column.generated || expression(field).is_some() => {
                        if made_otherwise(meta, field, column, &made)? {
                            run(connection, drop_index(meta, field)).await?;
                            run(connection, drop_column(meta, field)).await?;
                            run(connection, add_column(meta, field, &watched)).await?;
                            done.push(format!(
                                "changed the expression of {} in the table {}",
                                field.column, meta.table
                            ));
                        }
                    }
                    Some(column) => done.extend(of_another_type(meta, field, column)),
                    None => {
                        run(connection, add_column(meta, field, &watched)).await?;
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
            run(connection, unique_index(meta, field)).await.map_err(|error| not_unique(meta, field, error))?;
        }
        done.extend(indexes::ensure(connection, meta).await?);
    }
    Ok(done)
}

/// A column that is there.
struct Column {
    name: String,
    declared: String,
    /// It must be given a value.
    required: bool,
    /// It is computed from others.
    generated: bool,
    /// It is in the primary key.
    key: bool,
}

async fn columns(connection: &mut SqliteConnection, table: &str) -> Result<Vec<Column>> {
    let sql = "SELECT name, type, \"notnull\" AND dflt_value IS NULL AND pk = 0 AND hidden = 0, hidden >= 2, pk > 0 FROM pragma_table_xinfo(?)";
    let rows =
        sqlx::query(sql).bind(table.to_owned()).fetch_all(connection).await.map_err(|error| plain_error(&error))?;
    let column = |row: &SqliteRow| {
        let (name, declared) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Column { name, declared, required: row.try_get(2)?, generated: row.try_get(3)?, key: row.try_get(4)? })
    };
    rows.iter().map(column).collect::<sqlx::Result<_>>().map_err(|error| plain_error(&error))
}

/// A table whose key are other columns than the entity's id stays as it is, and is said: it takes other rows than the entity has.
fn of_another_key(meta: &EntityMeta, present: &[Column]) -> Option<String> {
    let there: Vec<_> = present.iter().filter(|column| column.key).map(|column| column.name.as_str()).collect();
    let wanted: Vec<_> = meta.ids.iter().map(|id| meta.field(*id).column).collect();
    let same = there.len() == wanted.len() && wanted.iter().all(|column| there.contains(column));
    (!there.is_empty() && !same).then(|| {
        format!(
            "left the primary key of the table {} as it is: {}, where the id is {}",
            meta.table,
            there.join(", "),
            wanted.join(", ")
        )
    })
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
    // Whoever names the type by hand knows what it is.
    if field.column_type.is_some() {
        return None;
    }
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
    let unique = relation.holds_the_key() && relation.names_one_row();
    unique && relation.on_delete != OnDelete::Unwatched && entities.contains(&relation.target())
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

/// What is related is looked for by its key.
fn key_index(meta: &EntityMeta, relation: &RelationMeta) -> String {
    let mut index = Index::create();
    index.if_not_exists().name(format!("{}_{}_key", meta.table, relation.name)).table(Alias::new(meta.table));
    for (own, _) in relation.keys {
        index.col(Alias::new(meta.field(*own).column));
    }
    index.to_string(SqliteQueryBuilder)
}

/// SQLite cannot begin to keep watch over a column that is there; which one that is is said.
async fn not_watched(
    connection: &mut SqliteConnection,
    meta: &EntityMeta,
    watched: &[&RelationMeta],
) -> Result<Vec<String>> {
    if watched.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT \"from\" FROM pragma_foreign_key_list(?)";
    let there: Vec<(String,)> = sqlx::query_as(sql)
        .bind(meta.table.to_owned())
        .fetch_all(connection)
        .await
        .map_err(|error| plain_error(&error))?;
    let columns = watched.iter().flat_map(|relation| relation.keys).map(|(own, _)| meta.field(*own).column);
    let unwatched = columns.filter(|column| there.iter().all(|(name,)| name != column));
    let said = |column| {
        format!(
            "left the column {column} of the table {} without a foreign key: SQLite adds none to a column that is there",
            meta.table
        )
    };
    Ok(unwatched.map(said).collect())
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

/// Is a column that is computed there computed by another expression than the field's?
fn made_otherwise(meta: &EntityMeta, field: &FieldMeta, column: &Column, made: &str) -> Result<bool> {
    let there = format!("The column {} of the table {}", column.name, meta.table);
    match (expression(field), column.generated) {
        (Some(expression), true) => Ok(!made.contains(&format!("AS ({expression})"))),
        (Some(_), false) => Err(Error::invalid(format!(
            "{there} holds values, and the field {}.{} computes them: drop the column, or name another by `column`.",
            meta.rust_name, field.name
        ))),
        // What the database makes anyhow may be read.
        (None, _) if !field.is_written() => Ok(false),
        (None, _) => Err(Error::invalid(format!(
            "{there} is computed by the database, and the field {}.{} is written: drop the column, or say `db_read_only`.",
            meta.rust_name, field.name
        ))),
    }
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
        let (target, action) = (
            relation.target(),
            match action(relation.on_delete) {
                ForeignKeyAction::Cascade => "CASCADE",
                ForeignKeyAction::SetNull => "SET NULL",
                _ => "NO ACTION",
            },
        );
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

/// What stands on a column keeps it from being dropped.
fn drop_index(meta: &EntityMeta, field: &FieldMeta) -> String {
    Index::drop().if_exists().name(index_name(meta, field)).to_string(SqliteQueryBuilder)
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
