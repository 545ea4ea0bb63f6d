//! SQL of the application's own: as a condition inside a statement, and by itself. And the question whether a row fulfils a
//! condition that need not be in the table.

use std::borrow::Cow;

use isoform::meta::FieldMask;
use isoform::sql::{Part, Sql};
use isoform::{Condition, EntityMeta, Result, Value};
use sea_query::{Alias, Expr, Query, QueryBuilder as _, SqlWriterValues};

use super::shape::Shape;
use super::source::rows;
use super::{Dialect, Place, Statement, column, condition, placeholder, related, table};

/// SQL as an expression. Columns of the entity whose place it is are those of the row there; each other column is one of a table
/// that the SQL names itself.
pub(super) fn expr<D: Dialect>(sql: &Sql, place: Option<&Place<'_>>) -> Expr {
    let part = |part: &Part| match part {
        Part::Text(text) => Expr::cust(*text),
        Part::Table(meta) if meta.has_table() => Expr::col(table(meta)),
        Part::Table(meta) => Expr::cust(rows(meta, 0)),
        Part::Name(meta, field) => Expr::col(column(meta, *field)),
        Part::Qualified(meta, field) => {
            let own = Place::only(meta);
            let place = place.filter(|place| place.meta == *meta).unwrap_or(&own);
            related::declared::<D>(place, *field, false).unwrap_or_else(|| place.outer_column(*field))
        }
        Part::Value(value) => place.map_or_else(placeholder, |place| place.value::<D>(|| value.clone())),
    };
    // The parts one after the other; none of their text is read for placeholders.
    let (mark, numbered) = D::builder().placeholder();
    let hole = |position: usize| if numbered { format!("{mark}{}", position + 1) } else { mark.to_owned() };
    let holes: Vec<_> = (0..sql.parts().len()).map(hole).collect();
    Expr::cust_with_exprs(holes.join(" "), sql.parts().iter().map(part))
}

/// SQL by itself.
pub(crate) fn statement<D: Dialect>(sql: &Sql) -> Statement<'_> {
    let (placeholder, numbered) = D::builder().placeholder();
    let mut writer = SqlWriterValues::new(placeholder, numbered);
    D::builder().prepare_expr(&expr::<D>(sql, None), &mut writer);
    let (text, _) = writer.into_parts();
    Statement { text: text.into(), values: sql.values().map(Cow::Borrowed).collect() }
}

/// One row where a row of these values, one for each field, fulfils a condition.
pub(crate) fn holds<'a, D: Dialect>(
    meta: &'static EntityMeta,
    row: &'a [Value],
    filter: &'a Condition,
) -> Result<Statement<'a>> {
    let columns: FieldMask = meta.columns().iter().filter(|index| meta.field(*index).is_stored()).collect();
    let mut shape = Shape::new("holds", meta);
    row.iter().enumerate().filter(|(index, _)| columns.contains(*index)).for_each(|(_, value)| shape.value(value));
    shape.condition::<D>(filter);
    shape.statement::<D>(|text| {
        let mut values = Query::select();
        for index in columns.iter() {
            values.expr_as(placeholder(), column(meta, index));
        }
        let mut select = Query::select();
        select.expr(Expr::cust("1")).from_subquery(values.take(), Alias::new(meta.table));
        select.cond_where(condition::<D>(meta, filter));
        select.build_collect_into(D::builder(), text);
    })
}
