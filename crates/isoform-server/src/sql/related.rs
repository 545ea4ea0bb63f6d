//! Values of related rows: correlated subqueries, which an index on the key answers.

use isoform::aggregate::{Function, Measure};
use isoform::filter::RelatedTo;
use isoform::meta::{Direction, EntityMeta};
use isoform::relation::{OrderBy, OrderKey, RelatedValue, ValueOf};
use isoform::{Condition, FieldType};
use sea_query::{CaseStatement, Cond, Expr, ExprTrait as _, Func, Query, QueryStatementBuilder as _, SelectStatement};

use super::{Dialect, Other, Place, aggregate, compared, condition_at};

/// Nothing that passes the start-up is nested so deep.
const MOST_LEVELS: usize = 32;

/// What a field is declared to be of related rows, where it is. `position`: that of an enum's value in its declaration.
pub(super) fn declared<D: Dialect>(place: &Place<'_>, field: usize, position: bool) -> Option<Expr> {
    let declared = place.meta.declared_value(field)?;
    if place.level >= MOST_LEVELS {
        return Some(Expr::cust("NULL"));
    }
    let here = Place { fixed: true, ..place.clone() };
    let value = key::<D>(&here, &declared, position);
    // Of no rows, where the field cannot be null.
    let field = place.meta.field(field);
    Some(if field.nullable { value } else { Func::coalesce([value, Expr::Constant(0.into())]).into() })
}

fn key<D: Dialect>(place: &Place<'_>, key: &OrderKey, position: bool) -> Expr {
    match key {
        OrderKey::Field(field) if position => place.position::<D>(*field),
        OrderKey::Field(field) => place.column::<D>(*field),
        OrderKey::Related(value) => self::value::<D>(place, value, position),
    }
}

/// A value of the rows that those of a place are related to. Its placeholders are in the order of
/// [`Shape::related_value`](super::shape::Shape::related_value).
pub(super) fn value<D: Dialect>(place: &Place<'_>, value: &RelatedValue, position: bool) -> Expr {
    let RelatedValue { relation, of, target, between } = value;
    let other = Other::of(relation, place.level + 1, place.fixed);
    let mut select = Query::select();
    select.expr(match of {
        ValueOf::Measure(measure) => measured::<D>(&other.target, *measure, position),
        ValueOf::Key(of) => key::<D>(&other.target, of, position),
    });
    other.from(&mut select);
    other.of_row(&mut select, place, relation);
    other.narrow::<D>(&mut select, relation, target, between);
    Expr::SubQuery(None, Box::new(select.into_sub_query_statement()))
}

/// A measure; the least and the greatest value of an enum as such, or as its position.
fn measured<D: Dialect>(place: &Place<'_>, measure: Measure, position: bool) -> Expr {
    let computed = aggregate::computed::<D>(place, measure);
    match measure {
        Measure::Of(Function::Min | Function::Max, field) if !position => match place.meta.field(field).field_type {
            FieldType::Enum(variants) => {
                let positions = variants.iter().zip(0_i32..);
                let case = positions.fold(CaseStatement::new(), |case, (variant, position)| {
                    case.case(
                        computed.clone().eq(Expr::Constant(position.into())),
                        Expr::Constant(variant.value.into()),
                    )
                });
                case.into()
            }
            _ => computed,
        },
        _ => computed,
    }
}

/// What holds of a value of related rows, which is the only field of the condition.
pub(super) fn holds<D: Dialect>(place: &Place<'_>, value: &RelatedValue, condition: &Condition) -> Cond {
    let list = |all: Cond, list: &[Condition]| list.iter().fold(all, |all, one| all.add(holds::<D>(place, value, one)));
    match condition {
        Condition::All => Cond::all(),
        Condition::And(all) => list(Cond::all(), all),
        Condition::Or(any) if !any.is_empty() => list(Cond::any(), any),
        Condition::Not(inner) => holds::<D>(place, value, inner).not(),
        Condition::Null(_) | Condition::In(..) | Condition::Text(..) | Condition::Compare(..) => {
            // What has no type was refused before.
            let field_type = value.field_type().unwrap_or(FieldType::Text);
            Cond::all().add(compared::<D>(place, self::value::<D>(place, value, false), field_type, condition))
        }
        Condition::Nothing
        | Condition::Or(_)
        | Condition::Related(_)
        | Condition::RelatedTo(_)
        | Condition::Measured(_) => Cond::all().add(Expr::cust("1 = 0")),
    }
}

/// The rows in between that lead from a key to those of a place.
pub(super) fn to<D: Dialect>(place: &Place<'_>, to: &RelatedTo) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::cust("1"));
    let Some(through) = to.relation.through else {
        // Keys of the row itself were compared there.
        select.and_where(Expr::cust("1 = 0"));
        return select;
    };
    let between = Place::named((through.entity)(), "b", place.level + 1, place.fixed);
    between.from(&mut select);
    for ((_, other), value) in to.relation.keys.iter().zip(&to.key) {
        select.and_where(between.stored(*other).eq(between.value::<D>(|| value.clone())));
    }
    for (one, other) in through.keys {
        select.and_where(between.stored(*one).eq(place.outer_column(*other)));
    }
    select.cond_where(condition_at::<D>(&between, &to.between));
    select
}

/// The order that was asked for, or the entity's own, to its end: as [`EntityMeta::complete_order`].
pub(super) fn complete(meta: &EntityMeta, asked: &[(OrderKey, Direction)]) -> OrderBy {
    let fields: Option<Vec<_>> = asked.iter().map(|(key, direction)| Some((key.field()?, *direction))).collect();
    let of_fields = |order: Vec<(usize, Direction)>| {
        order.into_iter().map(|(field, direction)| (OrderKey::Field(field), direction)).collect()
    };
    match fields {
        Some(fields) if fields.is_empty() => of_fields(meta.complete_order(meta.order_by)),
        Some(fields) => of_fields(meta.complete_order(&fields)),
        None => {
            let last = asked.last().map_or(Direction::Asc, |(_, direction)| *direction);
            let named: Vec<_> = asked.iter().filter_map(|(key, _)| key.field()).collect();
            let end = meta.complete_order(&[]).into_iter().filter(|(field, _)| !named.contains(field));
            asked.iter().cloned().chain(end.map(|(field, _)| (OrderKey::Field(field), last))).collect()
        }
    }
}
