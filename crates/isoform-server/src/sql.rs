//! Statements, from conditions and metadata. What differs between databases is a [`Dialect`].
//!
//! sea-query writes the text, with a placeholder wherever a value goes; a walk over the same condition collects the values
//! in the same order. So the text depends on the [`Shape`] of a question alone, and is written once for each.

mod shape;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

use isoform::filter::{Comparison, TextMatch};
use isoform::meta::{Direction, EntityMeta, FieldMask};
use isoform::provider::Find;
use isoform::value::Variant;
use isoform::{Condition, FieldType, Result, Value};
use sea_query::{
    Alias, CaseStatement, Cond, Expr, ExprTrait as _, LikeExpr, NullOrdering, Order, Query, QueryBuilder,
    SelectStatement, SqlWriter as _,
};
use shape::Shape;
pub(crate) use shape::Texts;

/// How a database spells what SQL leaves open.
pub(crate) trait Dialect: 'static {
    /// Writes statements.
    fn builder() -> impl QueryBuilder;

    /// The texts that were written.
    fn texts() -> &'static Texts;

    /// Is the column one of the values of a list? The list is one bound parameter, so that there is one statement for any
    /// number of values.
    fn is_in(column: Expr, field_type: FieldType, list: Expr) -> Expr;

    /// What holds right after an update that changed a row.
    fn changed() -> Expr;

    /// The list of [`Dialect::is_in`], to be bound.
    fn list(values: &[Value]) -> Value;
}

/// A statement: its text, and the values for its placeholders in their order.
#[derive(Debug)]
pub(crate) struct Statement<'a> {
    pub text: Arc<str>,
    pub values: Vec<Cow<'a, Value>>,
}

/// What stands in the text for a value.
fn placeholder() -> Expr {
    Expr::val(0)
}

fn column(meta: &EntityMeta, field: usize) -> Alias {
    Alias::new(meta.field(field).column)
}

fn table(meta: &EntityMeta) -> Alias {
    Alias::new(meta.table)
}

/// A condition as SQL. Its placeholders are in the order of [`Shape::condition`].
fn condition<D: Dialect>(meta: &EntityMeta, one: &Condition) -> Cond {
    let list = |all: Cond, list: &[Condition]| list.iter().fold(all, |all, one| all.add(condition::<D>(meta, one)));
    match one {
        Condition::All => Cond::all(),
        Condition::And(conditions) => list(Cond::all(), conditions),
        Condition::Or(conditions) if !conditions.is_empty() => list(Cond::any(), conditions),
        Condition::Not(inner) => condition::<D>(meta, inner).not(),
        Condition::Null(field) => Cond::all().add(Expr::col(column(meta, *field)).is_null()),
        Condition::In(field, _) => {
            Cond::all().add(D::is_in(Expr::col(column(meta, *field)), meta.field(*field).field_type, placeholder()))
        }
        Condition::Text(field, ..) => {
            Cond::all().add(Expr::col(column(meta, *field)).like(LikeExpr::new("").escape('\\')))
        }
        Condition::Compare(field, comparison, _) => {
            let (left, right) = (Expr::col(column(meta, *field)), placeholder());
            Cond::all().add(match comparison {
                Comparison::Eq => left.eq(right),
                Comparison::Gt => left.gt(right),
                Comparison::Gte => left.gte(right),
                Comparison::Lt => left.lt(right),
                Comparison::Lte => left.lte(right),
            })
        }
        Condition::Nothing | Condition::Or(_) => Cond::all().add(Expr::cust("1 = 0")),
    }
}

/// The pattern that finds a text by `LIKE`.
fn pattern(how: TextMatch, text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    match how {
        TextMatch::Contains => format!("%{escaped}%"),
        TextMatch::StartsWith => format!("{escaped}%"),
        TextMatch::EndsWith => format!("%{escaped}"),
    }
}

/// Rows, with the fields of a mask in the order of the declaration.
pub(crate) fn select<'a, D: Dialect>(
    meta: &'static EntityMeta,
    find: &'a Find,
    fields: FieldMask,
) -> Result<Statement<'a>> {
    // One row by its id needs neither an order nor a limit.
    let one = find.limit == Some(1) && find.offset == 0 && pins_id(meta, &find.filter);
    let order = (!one).then_some(&*find.order);
    let limit = find.limit.filter(|_| !one).or_else(|| (find.offset > 0).then_some(i64::MAX.unsigned_abs()));
    let mut shape = Shape::new("select", meta);
    shape.fields(fields);
    shape.condition::<D>(&find.filter);
    shape.order(order);
    shape.number(limit);
    shape.offset(find.offset);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        select.from(table(meta)).columns(fields.iter().map(|index| column(meta, index)));
        if find.filter != Condition::All {
            select.cond_where(condition::<D>(meta, &find.filter));
        }
        if let Some(asked) = order {
            order_by(&mut select, meta, asked);
        }
        select.build_collect_into(D::builder(), text);
        // Not bound: SQLite looks at the value of a bound limit when it plans, and so would plan anew for each value.
        if let Some(limit) = limit {
            let _ = write!(text, " LIMIT {limit}");
        }
        if find.offset > 0 {
            let _ = text.write_str(" OFFSET ");
            text.push_param(0.into(), &D::builder());
        }
    })
}

fn pins_id(meta: &EntityMeta, filter: &Condition) -> bool {
    pinned_id(meta, filter).is_some()
}

/// The id that every row has which fulfils a condition.
fn pinned_id<'a>(meta: &EntityMeta, filter: &'a Condition) -> Option<&'a Value> {
    match filter {
        Condition::Compare(field, Comparison::Eq, value) => (*field == meta.id).then_some(value),
        Condition::And(list) => list.iter().find_map(|one| pinned_id(meta, one)),
        _ => None,
    }
}

/// The order that was asked for, or the entity's own; the id last, so that pages do not overlap.
///
/// Enums have the order of their declaration. Null is greater than everything, whatever the database thinks of it.
fn order_by(select: &mut SelectStatement, meta: &EntityMeta, asked: &[(usize, Direction)]) {
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
        let is_this = Expr::col(column.clone()).eq(Expr::Constant(variant.value.into()));
        case.case(is_this, Expr::Constant(position.into()))
    });
    case.into()
}

/// How many rows fulfil a condition.
pub(crate) fn count<'a, D: Dialect>(meta: &'static EntityMeta, filter: &'a Condition) -> Result<Statement<'a>> {
    let mut shape = Shape::new("count", meta);
    shape.condition::<D>(filter);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        select.expr(Expr::cust("COUNT(*)")).from(table(meta)).cond_where(condition::<D>(meta, filter));
        select.build_collect_into(D::builder(), text);
    })
}

/// A row with all its values.
pub(crate) fn insert<'a, D: Dialect>(meta: &'static EntityMeta, row: &'a [Value]) -> Result<Statement<'a>> {
    let written = meta.written_fields();
    let mut shape = Shape::new("insert", meta);
    row.iter().enumerate().filter(|(index, _)| written.contains(*index)).for_each(|(_, value)| shape.value(value));
    shape.statement::<D>(|text| {
        let mut insert = Query::insert();
        insert.into_table(table(meta)).columns(written.iter().map(|index| column(meta, index)));
        // The list has one value for each column.
        insert.values_panic(written.iter().map(|_| placeholder()));
        insert.build_collect_into(D::builder(), text);
    })
}

/// What an update answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// How many rows there were.
    Count,
    /// The row as it is then, with all fields, by the update itself.
    Returned,
    /// The row as it is then, with all fields, by its id, by a statement of its own.
    Read,
}

/// New values for the rows that fulfil a condition, and one more version.
pub(crate) fn update<'a, D: Dialect>(
    meta: &'static EntityMeta,
    filter: &'a Condition,
    set: &'a [(usize, Value)],
    answer: Answer,
) -> Result<Statement<'a>> {
    let columns = || meta.columns().iter().map(|index| column(meta, index));
    let read = pinned_id(meta, filter).filter(|_| answer == Answer::Read);
    let kind = match answer {
        Answer::Count => "update",
        Answer::Returned => "update returning",
        Answer::Read => "update, then the row",
    };
    let mut shape = Shape::new(kind, meta);
    shape.set(set);
    shape.condition::<D>(filter);
    shape.values(read.map(std::slice::from_ref).unwrap_or_default());
    shape.statement::<D>(|text| {
        let mut update = Query::update();
        update.table(table(meta)).cond_where(condition::<D>(meta, filter));
        update.values(set.iter().map(|(field, _)| (column(meta, *field), placeholder())));
        if let Some(version) = meta.version {
            update.value(column(meta, version), Expr::col(column(meta, version)).add(Expr::Constant(1.into())));
        }
        if answer == Answer::Returned {
            update.returning(Query::returning().columns(columns()));
        }
        update.build_collect_into(D::builder(), text);
        if read.is_some() {
            let mut select = Query::select();
            select.from(table(meta)).columns(columns());
            select.cond_where(Expr::col(column(meta, meta.id)).eq(placeholder()).and(D::changed()));
            let _ = text.write_str("; ");
            select.build_collect_into(D::builder(), text);
        }
    })
}

/// The end of the rows that fulfil a condition.
pub(crate) fn delete<'a, D: Dialect>(meta: &'static EntityMeta, filter: &'a Condition) -> Result<Statement<'a>> {
    let mut shape = Shape::new("delete", meta);
    shape.condition::<D>(filter);
    shape.statement::<D>(|text| {
        let mut delete = Query::delete();
        delete.from_table(table(meta)).cond_where(condition::<D>(meta, filter));
        delete.build_collect_into(D::builder(), text);
    })
}
