//! Statements, from conditions and metadata to sea-query. What differs between databases is a [`Dialect`].

use isoform::filter::{Comparison, TextMatch};
use isoform::meta::{Direction, EntityMeta, FieldMask};
use isoform::provider::Find;
use isoform::value::Variant;
use isoform::{Condition, FieldType, Value};
use sea_query::{
    Alias, CaseStatement, Cond, DeleteStatement, Expr, ExprTrait as _, InsertStatement, LikeExpr, NullOrdering, Order,
    Query, SelectStatement, UpdateStatement,
};

/// How a database spells what SQL leaves open.
pub(crate) trait Dialect {
    /// A value, to be bound.
    fn bind(value: &Value) -> sea_query::Value;

    /// Is the column one of the values? As one bound parameter, so that there is one statement for any number of values.
    fn is_in(column: Expr, field_type: FieldType, values: &[Value]) -> Expr;
}

fn column(meta: &EntityMeta, field: usize) -> Alias {
    Alias::new(meta.field(field).column)
}

fn table(meta: &EntityMeta) -> Alias {
    Alias::new(meta.table)
}

/// A condition as SQL.
fn condition<D: Dialect>(meta: &EntityMeta, one: &Condition) -> Cond {
    let list = |all: Cond, list: &[Condition]| list.iter().fold(all, |all, one| all.add(condition::<D>(meta, one)));
    match one {
        Condition::All => Cond::all(),
        Condition::And(conditions) => list(Cond::all(), conditions),
        Condition::Or(conditions) if !conditions.is_empty() => list(Cond::any(), conditions),
        Condition::Not(inner) => condition::<D>(meta, inner).not(),
        Condition::Null(field) => Cond::all().add(Expr::col(column(meta, *field)).is_null()),
        Condition::In(field, values) => {
            Cond::all().add(D::is_in(Expr::col(column(meta, *field)), meta.field(*field).field_type, values))
        }
        Condition::Text(field, how, text) => {
            let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = match how {
                TextMatch::Contains => format!("%{escaped}%"),
                TextMatch::StartsWith => format!("{escaped}%"),
                TextMatch::EndsWith => format!("%{escaped}"),
            };
            Cond::all().add(Expr::col(column(meta, *field)).like(LikeExpr::new(pattern).escape('\\')))
        }
        Condition::Compare(field, comparison, value) => {
            let left = Expr::col(column(meta, *field));
            let right = Expr::val(D::bind(value));
            Cond::all().add(match comparison {
                Comparison::Eq => left.eq(right),
                Comparison::Gt => left.gt(right),
                Comparison::Gte => left.gte(right),
                Comparison::Lt => left.lt(right),
                Comparison::Lte => left.lte(right),
            })
        }
        // `Nothing`, and whatever is added to conditions before it is added here.
        _ => Cond::all().add(Expr::cust("1 = 0")),
    }
}

/// Rows, with the fields of a mask in the order of the declaration.
pub(crate) fn select<D: Dialect>(meta: &EntityMeta, find: &Find, fields: FieldMask) -> SelectStatement {
    let mut select = Query::select();
    select.from(table(meta));
    for (index, _) in meta.fields.iter().enumerate().filter(|(index, _)| fields.contains(*index)) {
        select.column(column(meta, index));
    }
    if find.filter != Condition::All {
        select.cond_where(condition::<D>(meta, &find.filter));
    }
    // One row by its id needs no order. Nor a limit: SQLite looks at the value of a bound limit when it plans, and so would
    // plan the commonest of all statements anew each time.
    if find.limit == Some(1) && find.offset == 0 && pins_id(meta, &find.filter) {
        return select;
    }
    order(&mut select, meta, &find.order);
    if let Some(limit) = find.limit {
        select.limit(limit);
    }
    if find.offset > 0 {
        select.offset(find.offset);
        if find.limit.is_none() {
            select.limit(i64::MAX.unsigned_abs());
        }
    }
    select
}

fn pins_id(meta: &EntityMeta, filter: &Condition) -> bool {
    match filter {
        Condition::Compare(field, Comparison::Eq, _) => *field == meta.id,
        Condition::And(list) => list.iter().any(|one| pins_id(meta, one)),
        _ => false,
    }
}

/// The order that was asked for, or the entity's own; the id last, so that pages do not overlap.
///
/// Enums have the order of their declaration. Null is greater than everything, whatever the database thinks of it.
fn order(select: &mut SelectStatement, meta: &EntityMeta, asked: &[(usize, Direction)]) {
    let asked = if asked.is_empty() { meta.order_by } else { asked };
    for (field, direction) in asked {
        let (order, nulls) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::Last),
            Direction::Desc => (Order::Desc, NullOrdering::First),
        };
        let by = match meta.field(*field).field_type {
            FieldType::Enum(variants) => declared_order(&column(meta, *field), variants),
            _ => Expr::col(column(meta, *field)),
        };
        if meta.field(*field).nullable {
            select.order_by_expr_with_nulls(by, order, nulls);
        } else {
            select.order_by_expr(by, order);
        }
    }
    if !asked.iter().any(|(field, _)| *field == meta.id) {
        select.order_by(column(meta, meta.id), Order::Asc);
    }
}

/// The position of an enum's value in its declaration; null for what is none of them.
fn declared_order(column: &Alias, variants: &[Variant]) -> Expr {
    let positions = variants.iter().zip(0_i32..);
    let case = positions.fold(CaseStatement::new(), |case, (variant, position)| {
        case.case(Expr::col(column.clone()).eq(variant.value), position)
    });
    case.into()
}

/// How many rows fulfil a condition.
pub(crate) fn count<D: Dialect>(meta: &EntityMeta, filter: &Condition) -> SelectStatement {
    let mut select = Query::select();
    select.expr(Expr::cust("COUNT(*)")).from(table(meta)).cond_where(condition::<D>(meta, filter));
    select
}

/// A row with all its values.
pub(crate) fn insert<D: Dialect>(meta: &EntityMeta, row: &[Value]) -> InsertStatement {
    let mut insert = Query::insert();
    insert.into_table(table(meta)).columns((0..meta.fields.len()).map(|index| column(meta, index)));
    // The list has one value for each column: the fields of the meta.
    insert.values_panic(row.iter().map(|value| Expr::val(D::bind(value))));
    insert
}

/// New values for the rows that fulfil a condition, and one more version.
pub(crate) fn update<D: Dialect>(meta: &EntityMeta, filter: &Condition, set: &[(usize, Value)]) -> UpdateStatement {
    let mut update = Query::update();
    update.table(table(meta)).cond_where(condition::<D>(meta, filter));
    for (field, value) in set {
        update.value(column(meta, *field), Expr::val(D::bind(value)));
    }
    if let Some(version) = meta.version {
        update.value(column(meta, version), Expr::col(column(meta, version)).add(1));
    }
    update
}

/// All columns, of the rows that a statement changed.
pub(crate) fn returning(meta: &EntityMeta) -> sea_query::ReturningClause {
    Query::returning().columns((0..meta.fields.len()).map(|index| column(meta, index)))
}

/// The end of the rows that fulfil a condition.
pub(crate) fn delete<D: Dialect>(meta: &EntityMeta, filter: &Condition) -> DeleteStatement {
    let mut delete = Query::delete();
    delete.from_table(table(meta)).cond_where(condition::<D>(meta, filter));
    delete
}
