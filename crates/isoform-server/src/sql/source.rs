//! What stands behind `FROM`: a table, a view, or a `SELECT` of the entity's own.

use isoform::meta::{EntityMeta, Source, SqlPart};
use isoform::sql::Sql;
use isoform::{Condition, Error, Result};
use sea_query::{Alias, Expr, Func, Query, SelectStatement};

use super::{Dialect, Place, column, fragment, table};

/// So deep can a `SELECT` be read from another one.
const DEEPEST: usize = 16;

/// Reads the rows of a place, of which a condition is asked, under a name. Its placeholders are in the order of `Shape::source`.
pub(super) fn read_from<D: Dialect>(
    select: &mut SelectStatement,
    place: &Place<'_>,
    name: &str,
    condition: &Condition,
) {
    let meta = place.meta;
    match meta.source {
        Source::Table | Source::View if name == meta.table => {
            select.from(table(meta));
        }
        Source::Table | Source::View => {
            select.from_as(table(meta), Alias::new(name));
        }
        Source::Sql(parts) => subquery(select, Expr::cust(text(parts, 0)), name),
        Source::Function(_) => match given(meta, condition) {
            Ok(Some(sql)) => {
                let outside = Place { fixed: place.fixed, ..Place::only(meta) };
                subquery(select, fragment::expr::<D>(sql, Some(&outside)), name);
            }
            Ok(None) | Err(_) => nothing(select, meta, name),
        },
        Source::Nothing => nothing(select, meta, name),
    }
}

/// sea-query has no `FROM (text)`; a function without a name is written so.
fn subquery(select: &mut SelectStatement, sql: Expr, name: &str) {
    select.from_function(Func::cust("").arg(sql), Alias::new(name));
}

/// No row, with all columns.
fn nothing(select: &mut SelectStatement, meta: &EntityMeta, name: &str) {
    let mut none = Query::select();
    for field in meta.columns().iter() {
        none.expr_as(Expr::cust("NULL"), column(meta, field));
    }
    select.from_subquery(none.and_where(Expr::cust("1 = 0")).take(), Alias::new(name));
}

/// The SQL that an entity's function has answered for the arguments in a condition; none, where no row is asked for.
///
/// # Errors
/// 400 where there are no arguments, where there are several, and where they are only a part of what is asked.
pub(super) fn given<'a>(meta: &EntityMeta, condition: &'a Condition) -> Result<Option<&'a Sql>> {
    let Source::Function(function) = meta.source else { return Ok(None) };
    let mut found: Option<&Sql> = None;
    let list = if let Condition::And(list) = condition { list.as_slice() } else { std::slice::from_ref(condition) };
    for one in list {
        match one {
            Condition::From(sql) if found.is_some_and(|found| *found != **sql) => {
                return Err(Error::invalid(format!("{}: arguments are given twice, and differ.", meta.key)));
            }
            Condition::From(sql) => found = Some(sql),
            other if holds_one(other) => {
                return Err(Error::invalid(format!(
                    "{}: arguments are for all rows that are asked for; they cannot stand under \"OR\" or \"NOT\".",
                    meta.key
                )));
            }
            _ => {}
        }
    }
    if found.is_none() && !list.contains(&Condition::Nothing) {
        return Err(Error::invalid(format!(
            "{} is asked with its arguments, as the filter \"$custom${}\": {}.",
            meta.key,
            function.wire,
            function.wanted()
        )));
    }
    Ok(found)
}

/// Is there such SQL in it? What is asked across a relation is about other rows.
fn holds_one(condition: &Condition) -> bool {
    match condition {
        Condition::From(_) => true,
        Condition::And(list) | Condition::Or(list) => list.iter().any(holds_one),
        Condition::Not(inner) => holds_one(inner),
        _ => false,
    }
}

/// A `SELECT`, with the names of tables and columns.
pub(crate) fn text(parts: &[SqlPart], depth: usize) -> String {
    // No name has a quote in it: the derive sees to that.
    let part = |part: &SqlPart| match part {
        SqlPart::Text(text) => (*text).to_owned(),
        SqlPart::Field(meta, field) => {
            let meta = meta();
            format!("\"{}\".\"{}\"", meta.table, meta.field(*field).column)
        }
        SqlPart::Rows(meta) => rows(meta(), depth),
    };
    parts.iter().map(part).collect()
}

/// What the rows of an entity are read from, in a `SELECT` of somebody else.
pub(super) fn rows(meta: &EntityMeta, depth: usize) -> String {
    match meta.source {
        // Whoever reads from what is read from it never comes to an end: the database says that there is no such table.
        Source::Sql(parts) if depth < DEEPEST => format!("({}) AS \"{}\"", text(parts, depth + 1), meta.table),
        _ => format!("\"{}\"", meta.table),
    }
}
