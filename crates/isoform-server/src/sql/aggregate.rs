//! Aggregates.

use std::fmt::Write as _;

use isoform::aggregate::{Aggregation, Function, GroupKey, Measure};
use isoform::meta::{Direction, EntityMeta};
use isoform::{Condition, FieldType, Result};
use sea_query::{Expr, Func, NullOrdering, Order, Query, SelectStatement, SqlWriter as _};

use super::shape::Shape;
use super::{Dialect, Statement, column, condition, declared_order, table};

/// Groups: their fields, then the measures.
pub(crate) fn aggregate<'a, D: Dialect>(meta: &'static EntityMeta, asked: &'a Aggregation) -> Result<Statement<'a>> {
    let limit = asked.limit.or_else(|| (asked.offset > 0).then_some(i64::MAX.unsigned_abs()));
    let mut shape = Shape::new("aggregate", meta);
    shape.aggregation(asked);
    shape.condition::<D>(&asked.filter);
    shape.number(limit);
    shape.offset(asked.offset);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        select.from(table(meta));
        for field in &asked.groups {
            select.column(column(meta, *field));
        }
        for measure in &asked.measures {
            select.expr(computed(meta, *measure));
        }
        if asked.groups.is_empty() && asked.measures.is_empty() {
            // One row all the same, which nobody looks at.
            select.expr(computed(meta, Measure::Count));
        }
        if asked.filter != Condition::All {
            select.cond_where(condition::<D>(meta, &asked.filter));
        }
        if !asked.groups.is_empty() {
            select.group_by_columns(asked.groups.iter().map(|field| column(meta, *field)));
            order_by(&mut select, meta, asked);
        }
        select.build_collect_into(D::builder(), text);
        if let Some(limit) = limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        if asked.offset > 0 {
            let _ = text.write_str(" OFFSET ");
            text.push_param(0.into(), &D::builder());
        }
    })
}

/// A measure as SQL. The least and the greatest value of an enum are positions in its declaration.
fn computed(meta: &EntityMeta, measure: Measure) -> Expr {
    let Measure::Of(function, field) = measure else { return Expr::cust("COUNT(*)") };
    let value = match (function, meta.field(field).field_type) {
        (Function::Min | Function::Max, FieldType::Enum(variants)) => {
            declared_order(&Expr::col(column(meta, field)), variants)
        }
        _ => Expr::col(column(meta, field)),
    };
    let call = match function {
        Function::Sum => Func::sum(value),
        Function::Avg => Func::avg(value),
        Function::Min => Func::min(value),
        Function::Max => Func::max(value),
        Function::CountDistinct => Func::count_distinct(value),
    };
    call.into()
}

/// The order that was asked for, then by the fields of the groups, so that pages do not overlap. Null is greater than everything.
fn order_by(select: &mut SelectStatement, meta: &EntityMeta, asked: &Aggregation) {
    let ordered = |field: &usize| asked.order.iter().any(|(key, _)| *key == GroupKey::Field(*field));
    let rest = asked.groups.iter().filter(|field| !ordered(field));
    let rest = rest.map(|field| (GroupKey::Field(*field), Direction::Asc));
    for (key, direction) in asked.order.iter().copied().chain(rest) {
        let (order, nulls) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::Last),
            Direction::Desc => (Order::Desc, NullOrdering::First),
        };
        let (by, nullable) = match key {
            GroupKey::Field(field) => {
                let by = match meta.field(field).field_type {
                    FieldType::Enum(variants) => declared_order(&Expr::col(column(meta, field)), variants),
                    _ => Expr::col(column(meta, field)),
                };
                (by, meta.field(field).nullable)
            }
            GroupKey::Measure(measure) => {
                let counts = matches!(measure, Measure::Count | Measure::Of(Function::CountDistinct, _));
                let of = measure.field().is_some_and(|field| meta.field(field).nullable);
                (computed(meta, measure), of && !counts)
            }
        };
        if nullable {
            select.order_by_expr_with_nulls(by, order, nulls);
        } else {
            select.order_by_expr(by, order);
        }
    }
}
