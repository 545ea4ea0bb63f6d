//! In what tables that are there do not match the entities, and cannot be made to: looked at before anything is changed.

use isoform::meta::{EntityMeta, FieldMeta, RelationMeta};
use isoform::schema::Difference;
use isoform::{FieldType, Result};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::super::dialect::plain_error;
use super::{Column, affinity, columns, expression, is_watched, stored_class};

/// What stands in the way, of all entities.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    entities: &[&'static EntityMeta],
) -> Result<Vec<Difference>> {
    let mut found = Vec::new();
    for meta in entities.iter().filter(|meta| meta.has_table()) {
        let present = columns(connection, meta.table).await?;
        if present.is_empty() {
            continue;
        }
        let mut table = Table { meta, found: &mut found };
        table.forgotten(&present);
        table.keys(connection, &present).await?;
        for (index, field) in meta.fields.iter().enumerate().filter(|(_, field)| field.is_stored()) {
            match present.iter().find(|column| column.is(field)) {
                Some(column) => table.column(connection, index, field, column).await?,
                None => table.missing(connection, field).await?,
            }
        }
        for relation in meta.relations.iter().filter(|relation| is_watched(relation, entities)) {
            table.refers(connection, relation).await?;
        }
    }
    Ok(found)
}

/// One table and its entity.
struct Table<'a> {
    meta: &'static EntityMeta,
    found: &'a mut Vec<Difference>,
}

impl Table<'_> {
    fn differs(&mut self, column: Option<&str>, found: impl Into<String>, expected: impl Into<String>, remedy: String) {
        self.found.push(Difference {
            table: self.meta.table.into(),
            column: column.map(str::to_owned),
            found: found.into(),
            expected: expected.into(),
            remedy,
        });
    }

    /// `Task.title`
    fn name(&self, field: &FieldMeta) -> String {
        format!("{}.{}", self.meta.rust_name, field.name)
    }

    /// A column that no field has any more, and that must be given a value, makes every insert fail.
    fn forgotten(&mut self, present: &[Column]) {
        let known = |column: &Column| self.meta.fields.iter().any(|field| field.is_stored() && column.is(field));
        let forgotten: Vec<_> = present.iter().filter(|column| column.required && !known(column)).collect();
        for Column { name, .. } in forgotten {
            let expected = format!("and no field of {} has it: nothing could be inserted", self.meta.rust_name);
            let remedy = format!("Where a field was renamed, say #[field(column = \"{name}\")]; else drop the column.");
            self.differs(Some(name), "it must not be null", expected, remedy);
        }
    }

    /// A table whose key are other columns than the entity's id takes other rows than the entity has.
    async fn keys(&mut self, connection: &mut SqliteConnection, present: &[Column]) -> Result<()> {
        let meta = self.meta;
        let there: Vec<_> = present.iter().filter(|column| column.key).map(|column| column.name.as_str()).collect();
        let wanted: Vec<_> = meta.ids.iter().map(|id| meta.field(*id).column).collect();
        if same(&there, &wanted) {
            return self.counted(present);
        }
        if unique_over(connection, meta.table, &wanted).await? {
            return Ok(());
        }
        let found = if there.is_empty() {
            "it has no primary key".to_owned()
        } else {
            format!("its primary key is {}", there.join(", "))
        };
        let expected = format!("the id of {} is {}", meta.rust_name, wanted.join(", "));
        let remedy = format!(
            "Make the table anew with PRIMARY KEY ({}), or add a unique index over that; or say which fields are the id.",
            wanted.join(", ")
        );
        self.differs(None, found, expected, remedy);
        Ok(())
    }

    /// SQLite counts up in a column of exactly one type.
    fn counted(&mut self, present: &[Column]) -> Result<()> {
        let Some(field) = self.meta.counted_id().map(|id| self.meta.field(id)) else { return Ok(()) };
        if let Some(column) = present.iter().find(|column| column.is(field))
            && !column.declared.eq_ignore_ascii_case("integer")
        {
            let found = format!("its type is {}", declared(column));
            let expected = format!("and {} is counted up by the database", self.name(field));
            let remedy = "Make the table anew with this column as `integer PRIMARY KEY AUTOINCREMENT`, or leave `auto_increment` out.";
            self.differs(Some(&column.name), found, expected, remedy.into());
        }
        Ok(())
    }

    async fn column(
        &mut self,
        connection: &mut SqliteConnection,
        index: usize,
        field: &FieldMeta,
        column: &Column,
    ) -> Result<()> {
        let name = self.name(field);
        if column.generated || expression(field).is_some() {
            match (expression(field), column.generated) {
                (Some(_), false) => {
                    let remedy = "Drop the column, or name another by `column`: drop the column only if its values are of no use.";
                    self.differs(
                        Some(&column.name),
                        "it holds values",
                        format!("and {name} computes them"),
                        remedy.into(),
                    );
                }
                (None, true) if field.is_written() => {
                    let remedy = "Drop the column, or say `db_read_only`.";
                    self.differs(
                        Some(&column.name),
                        "the database computes it",
                        format!("and {name} is written"),
                        remedy.into(),
                    );
                }
                _ => {}
            }
            return Ok(());
        }
        self.of_another_type(field, column);
        if !column.key && !self.meta.ids.contains(&index) {
            self.nullability(connection, field, column).await?;
        }
        if field.unique
            && !unique_over(connection, self.meta.table, &[field.column]).await?
            && shares_values(connection, self.meta.table, &column.name).await?
        {
            let remedy = format!("Change the rows that share a value of {} first.", column.name);
            self.differs(Some(&column.name), "rows share a value", format!("and {name} is to be unique"), remedy);
        }
        Ok(())
    }

    fn of_another_type(&mut self, field: &FieldMeta, column: &Column) {
        // Whoever names the type by hand knows what it is.
        if field.column_type.is_some() {
            return;
        }
        let (there, stored) = (affinity(&column.declared), stored_class(field));
        // A truth value is 0 or 1 in either.
        let fits = there == stored || (matches!(field.field_type, FieldType::Bool) && there == "integers");
        if !fits {
            let expected = format!("the field {} for {stored}", self.name(field));
            let usual = match stored {
                "integers" => "bigint",
                "texts" => "text",
                "bytes" => "blob",
                "floating point numbers" => "double",
                _ => "boolean",
            };
            let remedy = format!(
                "Convert the column ({usual} would be right), or change the field's type; where the values fit, say #[field(column_type = \
                 \"{}\")].",
                column.declared.to_ascii_lowercase()
            );
            self.differs(Some(&column.name), format!("it is for {there} ({})", declared(column)), expected, remedy);
        }
    }

    async fn nullability(
        &mut self,
        connection: &mut SqliteConnection,
        field: &FieldMeta,
        column: &Column,
    ) -> Result<()> {
        let name = self.name(field);
        if field.nullable && column.not_null && field.is_written() {
            let remedy = "Make the table anew with a column that may be null, or the field one that is no `Option`.";
            self.differs(Some(&column.name), "it must not be null", format!("and {name} may be"), remedy.into());
        }
        if !field.nullable && !column.not_null && has_null(connection, self.meta.table, &column.name).await? {
            let remedy = "Fill those rows, or make the field an `Option`.";
            self.differs(
                Some(&column.name),
                "rows have null in it",
                format!("and {name} is never null"),
                remedy.into(),
            );
        }
        Ok(())
    }

    /// All rows get the same value in a column that is added.
    async fn missing(&mut self, connection: &mut SqliteConnection, field: &FieldMeta) -> Result<()> {
        let is_filled = field.nullable || field.kept || !field.is_written();
        if field.unique && !is_filled && has_several_rows(connection, self.meta.table).await? {
            let expected = format!("and {} is to be unique: all rows would get the same value", self.name(field));
            let remedy = "Make the field an `Option`, or add and fill the column yourself.";
            self.differs(Some(field.column), "it is missing in a table with rows", expected, remedy.into());
        }
        Ok(())
    }

    /// A foreign key to another table refuses what the entity refers to.
    async fn refers(&mut self, connection: &mut SqliteConnection, relation: &RelationMeta) -> Result<()> {
        let target = relation.target();
        let keys = foreign_keys(connection, self.meta.table).await?;
        for (own, _) in relation.keys {
            let column = self.meta.field(*own).column;
            let on_it: Vec<_> = keys.iter().filter(|key| key.column.eq_ignore_ascii_case(column)).collect();
            let leads_there = on_it.iter().any(|key| key.table.eq_ignore_ascii_case(target.table));
            if let (Some(other), false) = (on_it.first(), leads_there) {
                let found = format!("its foreign key leads to the table {}", other.table);
                let expected = format!("the relation {}.{} to {}", self.meta.rust_name, relation.name, target.table);
                let remedy = "Make the table anew with the right key, or without one.";
                self.differs(Some(column), found, expected, remedy.into());
            }
        }
        Ok(())
    }
}

fn declared(column: &Column) -> String {
    if column.declared.is_empty() { "it has no type".into() } else { column.declared.to_ascii_lowercase() }
}

fn same(some: &[&str], others: &[&str]) -> bool {
    some.len() == others.len() && some.iter().all(|one| others.iter().any(|other| one.eq_ignore_ascii_case(other)))
}

/// A foreign key's column, and the table that it leads to.
pub(super) struct ForeignKeyThere {
    pub column: String,
    pub table: String,
    pub on_delete: String,
}

pub(super) async fn foreign_keys(connection: &mut SqliteConnection, table: &str) -> Result<Vec<ForeignKeyThere>> {
    let sql = "SELECT \"from\", \"table\", on_delete FROM pragma_foreign_key_list(?)";
    let found: Vec<(String, String, String)> =
        sqlx::query_as(sql).bind(table.to_owned()).fetch_all(connection).await.map_err(|error| plain_error(&error))?;
    Ok(found.into_iter().map(|(column, table, on_delete)| ForeignKeyThere { column, table, on_delete }).collect())
}

/// Is there a key or an index by which no two rows have the same values in exactly these columns?
async fn unique_over(connection: &mut SqliteConnection, table: &str, wanted: &[&str]) -> Result<bool> {
    let sql = "SELECT made.name, part.name FROM pragma_index_list(?) AS made, pragma_index_info(made.name) AS part \
               WHERE made.\"unique\" AND NOT made.partial";
    let parts: Vec<(String, Option<String>)> = sqlx::query_as(sql)
        .bind(table.to_owned())
        .fetch_all(&mut *connection)
        .await
        .map_err(|error| plain_error(&error))?;
    let of = |index: &str| -> Vec<&str> {
        parts.iter().filter(|(name, _)| name == index).map(|(_, part)| part.as_deref().unwrap_or_default()).collect()
    };
    if parts.iter().any(|(index, _)| same(&of(index), wanted)) {
        return Ok(true);
    }
    // A key that is the number of the row has no index.
    let present = columns(connection, table).await?;
    let key: Vec<_> = present.iter().filter(|column| column.key).map(|column| column.name.as_str()).collect();
    Ok(same(&key, wanted))
}

async fn is_there(connection: &mut SqliteConnection, sql: String) -> Result<bool> {
    // Safe: names are of this database and of static metadata, and quoted.
    let found = sqlx::query(AssertSqlSafe(sql)).fetch_optional(connection).await;
    Ok(found.map_err(|error| plain_error(&error))?.is_some())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn has_null(connection: &mut SqliteConnection, table: &str, column: &str) -> Result<bool> {
    is_there(connection, format!("SELECT 1 FROM {} WHERE {} IS NULL LIMIT 1", quoted(table), quoted(column))).await
}

async fn has_several_rows(connection: &mut SqliteConnection, table: &str) -> Result<bool> {
    is_there(connection, format!("SELECT 1 FROM {} LIMIT 1 OFFSET 1", quoted(table))).await
}

async fn shares_values(connection: &mut SqliteConnection, table: &str, column: &str) -> Result<bool> {
    let (table, column) = (quoted(table), quoted(column));
    let sql = format!("SELECT 1 FROM {table} WHERE {column} IS NOT NULL GROUP BY {column} HAVING COUNT(*) > 1 LIMIT 1");
    is_there(connection, sql).await
}
