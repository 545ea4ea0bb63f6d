//! Values of related rows: correlated subqueries, which an index on the key answers.

use isoform::aggregate::{Function, Measure};
use isoform::filter::RelatedTo;
use isoform::meta::{Direction, EntityMeta};
use isoform::relation::{OrderBy, OrderKey, RelatedValue, ValueOf};
use isoform::value::StoredAs;
use isoform::{Condition, FieldType};
use sea_query::{
    CaseStatement, Cond, Expr, ExprTrait as _, Func, Query, QueryStatementBuilder as _, SelectStatement, UnionType,
};

use super::{Dialect, Other, Place, aggregate, compared, condition_at};

/// What a sum is that is too large to be counted.
#[derive(Clone, Copy)]
enum Beyond {
    Null,
    /// More than everything: where a field cannot be null, whoever reads it is told.
    Infinity,
}

/// Nothing that passes the start-up is nested so deep.
const MOST_LEVELS: usize = 32;

/// What a field is declared to be of related rows, where it is. `position`: that of an enum's value in its declaration.
pub(super) fn declared<D: Dialect>(place: &Place<'_>, field: usize, position: bool) -> Option<Expr> {
    let declared = place.meta.declared_value(field)?;
    if place.level >= MOST_LEVELS {
        return Some(Expr::cust("NULL"));
    }
    let here = Place { fixed: true, ..place.clone() };
    if place.meta.field(field).nullable {
        return Some(key::<D>(&here, &declared, position, Beyond::Null));
    }
    // Of no rows, where the field cannot be null.
    let value = key::<D>(&here, &declared, position, Beyond::Infinity);
    Some(Func::coalesce([value, Expr::Constant(0.into())]).into())
}

fn key<D: Dialect>(place: &Place<'_>, key: &OrderKey, position: bool, beyond: Beyond) -> Expr {
    match key {
        OrderKey::Field(field) if position => place.position::<D>(*field),
        OrderKey::Field(field) => place.column::<D>(*field),
        OrderKey::Related(value) => value_or::<D>(place, value, position, beyond),
    }
}

/// A value of the rows that those of a place are related to. Its placeholders are in the order of
/// [`Shape::related_value`](super::shape::Shape::related_value).
pub(super) fn value<D: Dialect>(place: &Place<'_>, value: &RelatedValue, position: bool) -> Expr {
    value_or::<D>(place, value, position, Beyond::Null)
}

fn value_or<D: Dialect>(place: &Place<'_>, value: &RelatedValue, position: bool, beyond: Beyond) -> Expr {
    let RelatedValue { relation, of, target, between } = value;
    let other = Other::of(relation, place.level + 1, place.fixed);
    let summed = match of {
        ValueOf::Measure(Measure::Of(Function::Sum, field)) => Some(*field),
        _ => None,
    };
    let whole = summed.filter(|field| is_whole(other.target.meta.field(*field).field_type));
    // What is computed of related rows itself is computed once for each row, though the sum names it several times.
    let computed = whole.filter(|field| other.target.meta.declared_value(*field).is_some());
    let mut select = Query::select();
    match (of, whole) {
        (_, Some(field)) if computed.is_some() => {
            select.expr_as(other.target.column::<D>(field), SUMMED);
        }
        (_, Some(field)) => {
            select.expr(D::sum(other.target.column::<D>(field), beyond.expr::<D>()));
        }
        (ValueOf::Measure(measure), None) => {
            select.expr(measured::<D>(&other.target, *measure, position));
        }
        (ValueOf::Key(of), None) => {
            select.expr(key::<D>(&other.target, of, position, beyond));
        }
    }
    other.from::<D>(&mut select, target, between);
    other.of_row(&mut select, place, relation);
    other.narrow::<D>(&mut select, relation, target, between);
    if computed.is_some() {
        select = sum_of::<D>(select, beyond);
    }
    Expr::SubQuery(None, Box::new(select.into_sub_query_statement()))
}

/// What the numbers are called that are summed.
const SUMMED: &str = "summed";

/// The sum of numbers that are selected.
fn sum_of<D: Dialect>(mut numbers: SelectStatement, beyond: Beyond) -> SelectStatement {
    // No row: with it the numbers are not put into the sum again as they were written, each time that it names them.
    let mut none = Query::select();
    none.expr(Expr::cust("NULL")).and_where(Expr::cust("1 = 0"));
    numbers.union(UnionType::All, none);
    let mut sum = Query::select();
    sum.expr(D::sum(Expr::col(SUMMED), beyond.expr::<D>())).from_subquery(numbers, "numbers");
    sum
}

impl Beyond {
    fn expr<D: Dialect>(self) -> Expr {
        match self {
            Self::Null => Expr::cust("NULL"),
            Self::Infinity => D::infinity(),
        }
    }
}

/// Is the sum of such values one of whole numbers?
fn is_whole(field_type: FieldType) -> bool {
    match field_type {
        FieldType::Int32 | FieldType::Int64 => true,
        FieldType::Scalar(scalar) => scalar.stored_as == StoredAs::Int,
        _ => false,
    }
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
        | Condition::Measured(_)
        | Condition::Custom(_)
        | Condition::Sql(_)
        | Condition::From(_) => Cond::all().add(Expr::cust("1 = 0")),
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
    between.from::<D>(&mut select, &to.between);
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
