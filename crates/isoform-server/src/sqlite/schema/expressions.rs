//! Columns that the database computes: by which expression, and how that becomes another one.

use isoform::Result;
use isoform::meta::{EntityMeta, FieldMeta, RelationMeta};
use sqlx::SqliteConnection;

use super::super::dialect::plain_error;
use super::{Column, add_column, drop_column, drop_index, expression, index_name, run};

/// Is a column that is computed there computed by another expression than the field's?
///
/// Where only one of the two is computed, `differences` has said so.
pub(super) fn made_otherwise(field: &FieldMeta, column: &Column, made: &str) -> bool {
    match (expression(field), column.generated) {
        (Some(expression), true) => {
            let definition = definition_of(made, field.column).unwrap_or_default();
            !definition.contains(&format!("AS ({expression})"))
        }
        (Some(_), false) | (None, _) => false,
    }
}

/// Makes a column by its new expression. An index on it, whoever has made it, keeps a column from being dropped; it is there
/// again afterwards.
pub(super) async fn make_anew(
    connection: &mut SqliteConnection,
    meta: &EntityMeta,
    field: &FieldMeta,
    watched: &[&RelationMeta],
) -> Result<()> {
    let indexes = indexes_on(connection, meta, field).await?;
    for (name, _) in &indexes {
        run(connection, drop_index(name)).await?;
    }
    run(connection, drop_column(meta, field)).await?;
    run(connection, add_column(meta, field, watched)).await?;
    let own = index_name(meta, field);
    // Its own comes later, where rows that share a value are explained.
    for (_, made) in indexes.into_iter().filter(|(name, _)| *name != own) {
        run(connection, made).await?;
    }
    Ok(())
}

/// The indexes on a column, with the statements that have made them.
async fn indexes_on(
    connection: &mut SqliteConnection,
    meta: &EntityMeta,
    field: &FieldMeta,
) -> Result<Vec<(String, String)>> {
    let sql = "SELECT DISTINCT made.name, made.sql FROM sqlite_schema AS made, pragma_index_info(made.name) AS part \
               WHERE made.type = 'index' AND made.sql IS NOT NULL AND made.tbl_name = ? COLLATE NOCASE AND part.name = ? COLLATE NOCASE";
    let found = sqlx::query_as(sql).bind(meta.table.to_owned()).bind(field.column.to_owned());
    found.fetch_all(connection).await.map_err(|error| plain_error(&error))
}

/// What the statement that made a table says of one of its columns.
fn definition_of<'a>(made: &'a str, column: &str) -> Option<&'a str> {
    definitions(made).into_iter().find(|definition| {
        let name = first_name(definition);
        name.eq_ignore_ascii_case(column)
    })
}

/// What stands in the outermost parentheses, divided by its commas.
fn definitions(made: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut begin, mut at) = (0_usize, 0, 0);
    while let Some(rest) = made.get(at..) {
        let Some(c) = rest.chars().next() else { break };
        match c {
            '(' => {
                depth += 1;
                if depth == 1 {
                    begin = at + 1;
                }
            }
            ')' | ',' if depth == 1 => {
                parts.extend(made.get(begin..at).map(str::trim));
                begin = at + 1;
                depth -= usize::from(c == ')');
            }
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += passed_over(rest).unwrap_or(c.len_utf8());
    }
    parts
}

/// The length of a quoted text, a quoted name or a comment, where one begins.
fn passed_over(rest: &str) -> Option<usize> {
    let (begin, end) = [("'", "'"), ("\"", "\""), ("`", "`"), ("[", "]"), ("--", "\n"), ("/*", "*/")]
        .into_iter()
        .find(|(begin, _)| rest.starts_with(begin))?;
    let inside = rest.get(begin.len()..)?;
    Some(inside.find(end).map_or(rest.len(), |at| begin.len() + at + end.len()))
}

/// The name that a definition begins with.
fn first_name(definition: &str) -> &str {
    let is_comment = definition.starts_with("--") || definition.starts_with("/*");
    if let Some(behind) = passed_over(definition).filter(|_| is_comment).and_then(|length| definition.get(length..)) {
        return first_name(behind.trim_start());
    }
    match passed_over(definition) {
        Some(length) => definition.get(1..length.saturating_sub(1)).unwrap_or_default(),
        None => definition.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_a_column_is_told_from_those_of_others() {
        let made = "CREATE TABLE \"a, (b\" ( \"id\" blob PRIMARY KEY, -- the id, (or so\n total int AS (max(\"x\", ')') + 1) VIRTUAL, \
                    [other] int AS (\"total\" * 2), `last` text DEFAULT 'it''s, (' ) STRICT";
        assert_eq!(
            definition_of(made, "TOTAL"),
            Some("-- the id, (or so\n total int AS (max(\"x\", ')') + 1) VIRTUAL")
        );
        assert_eq!(definition_of(made, "other"), Some("[other] int AS (\"total\" * 2)"));
        assert_eq!(definition_of(made, "last"), Some("`last` text DEFAULT 'it''s, ('"));
        assert_eq!(definition_of(made, "b"), None);
        assert_eq!(definition_of("", "b"), None);
    }
}
