//! Aggregates.

use std::fmt::Write as _;

use isoform::aggregate::{Aggregation, Function, GroupKey, Measure};
use isoform::meta::{Direction, EntityMeta};
use isoform::{Condition, FieldType, Result};
use sea_query::{Expr, Func, NullOrdering, Order, Query, SelectStatement, SqlWriter as _};

use super::shape::Shape;
use super::{Dialect, Place, Statement, condition};

/// Groups: their fields, then the measures.
pub(crate) fn aggregate<'a, D: Dialect>(meta: &'static EntityMeta, asked: &'a Aggregation) -> Result<Statement<'a>> {
    let limit = asked.limit.or_else(|| (asked.offset > 0).then_some(i64::MAX.unsigned_abs()));
    let mut shape = Shape::new("aggregate", meta);
    shape.aggregation(asked);
    shape.source(meta, &asked.filter);
    shape.condition::<D>(&asked.filter);
    shape.number(limit);
    shape.offset(asked.offset);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        let place = Place::only(meta);
        place.from::<D>(&mut select, &asked.filter);
        for field in &asked.groups {
            select.expr(place.column::<D>(*field));
        }
        for measure in &asked.measures {
            select.expr(computed::<D>(&place, *measure));
        }
        if asked.groups.is_empty() && asked.measures.is_empty() {
            // One row all the same, which nobody looks at.
            select.expr(computed::<D>(&place, Measure::Count));
        }
        if asked.filter != Condition::All {
            select.cond_where(condition::<D>(meta, &asked.filter));
        }
        if !asked.groups.is_empty() {
            select.add_group_by(asked.groups.iter().map(|field| place.column::<D>(*field)));
            order_by::<D>(&mut select, &place, asked);
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
pub(super) fn computed<D: Dialect>(place: &Place<'_>, measure: Measure) -> Expr {
    let Measure::Of(function, field) = measure else { return Expr::cust("COUNT(*)") };
    let value = match (function, place.meta.field(field).field_type) {
        (Function::Min | Function::Max, FieldType::Enum(_)) => place.position::<D>(field),
        _ => place.column::<D>(field),
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
fn order_by<D: Dialect>(select: &mut SelectStatement, place: &Place<'_>, asked: &Aggregation) {
    let meta = place.meta;
    let ordered = |field: &usize| asked.order.iter().any(|(key, _)| *key == GroupKey::Field(*field));
    let rest = asked.groups.iter().filter(|field| !ordered(field));
    let rest = rest.map(|field| (GroupKey::Field(*field), Direction::Asc));
    for (key, direction) in asked.order.iter().copied().chain(rest) {
        let (order, nulls) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::Last),
            Direction::Desc => (Order::Desc, NullOrdering::First),
        };
        let (by, nullable) = match key {
            GroupKey::Field(field) => (place.position::<D>(field), meta.field(field).nullable),
            GroupKey::Measure(measure) => {
                let counts = matches!(measure, Measure::Count | Measure::Of(Function::CountDistinct, _));
                let of = measure.field().is_some_and(|field| meta.field(field).nullable);
                (computed::<D>(place, measure), of && !counts)
            }
        };
        if nullable {
            select.order_by_expr_with_nulls(by, order, nulls);
        } else {
            select.order_by_expr(by, order);
        }
    }
}
