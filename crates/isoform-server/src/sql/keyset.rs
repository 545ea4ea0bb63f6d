//! What stands behind a row in an order, so that an index finds it.
//!
//! One disjoint branch for each field of the order, joined by `UNION ALL`: equal in all fields before it, and behind in this
//! one. Each is a range of an index on the fields, and the database merges them in order. One `OR` over the same would be a
//! scan of everything that is equal in the first field, or a sort. Where no declared index begins with the first field each
//! branch would be a scan of its own: there it is one `OR`, one scan as for the first page.

use std::borrow::Cow;
use std::fmt::Write as _;

use isoform::filter::Comparison;
use isoform::meta::{Direction, EntityMeta, FieldMask};
use isoform::provider::Find;
use isoform::value::StoredAs;
use isoform::{Condition, Error, FieldType, Result, Value};
use sea_query::{Alias, Expr, NullOrdering, Order, Query, SelectStatement, UnionType};

use super::shape::Shape;
use super::{Dialect, Place, Statement, column, condition, table};

/// The rows behind some values of the order's fields, with the fields of a mask in the order of the declaration.
pub(super) fn select<D: Dialect>(
    meta: &'static EntityMeta,
    find: &Find,
    after: &[Value],
    fields: FieldMask,
) -> Result<Statement<'static>> {
    let order = find.order_of_fields().ok_or_else(|| Error::internal("a cursor is made of fields"))?;
    let mut branches = behind(meta, &order, after);
    if !is_served(meta, &order) {
        branches = vec![not_before(meta, &order, after).and(Condition::Or(branches))];
    }
    let branches: Vec<_> = branches.into_iter().map(|branch| branch.and(find.filter.clone())).collect();
    // What parts are ordered by has to be among what they answer.
    let fields = fields.or(order.iter().map(|(field, _)| *field).collect());
    let mut shape = Shape::new("select behind", meta);
    shape.fields(fields);
    shape.order::<D>(Some(&find.order));
    shape.number(find.limit);
    shape.number(Some(branches.len() as u64));
    branches.iter().for_each(|branch| shape.condition::<D>(branch));
    let statement = shape.statement::<D>(|text| {
        let mut parts = branches.iter().map(|branch| part::<D>(meta, &order, branch, fields));
        // The id is the last field of the order and always has a branch.
        let mut select = parts.next().unwrap_or_default();
        select.unions(parts.map(|part| (UnionType::All, part)));
        order_by(&mut select, meta, &order);
        select.build_collect_into(D::builder(), text);
        if let Some(limit) = find.limit {
            let _ = write!(text, " LIMIT {limit}");
        }
    })?;
    let values = statement.values.into_iter().map(|value| Cow::Owned(value.into_owned())).collect();
    Ok(Statement { text: statement.text, values })
}

/// One branch, with the positions of enums in their declaration behind the fields.
fn part<D: Dialect>(
    meta: &EntityMeta,
    order: &[(usize, Direction)],
    branch: &Condition,
    fields: FieldMask,
) -> SelectStatement {
    let mut select = Query::select();
    let place = Place::only(meta);
    select.from(table(meta));
    super::columns::<D>(&mut select, &place, fields);
    for (field, _) in order {
        if matches!(meta.field(*field).field_type, FieldType::Enum(_)) {
            select.expr_as(place.position::<D>(*field), position(*field));
        }
    }
    select.cond_where(condition::<D>(meta, branch));
    select
}

/// The name of an enum's position in its declaration: none that a column can have.
fn position(field: usize) -> Alias {
    Alias::new(format!("'{field}"))
}

/// As [`super::order_by`], by what the parts answer.
fn order_by(select: &mut SelectStatement, meta: &EntityMeta, order: &[(usize, Direction)]) {
    for (field, direction) in order {
        let (order, nulls) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::Last),
            Direction::Desc => (Order::Desc, NullOrdering::First),
        };
        let by = match meta.field(*field).field_type {
            FieldType::Enum(_) => Expr::col(position(*field)),
            _ => Expr::col(column(meta, *field)),
        };
        if meta.field(*field).nullable {
            select.order_by_expr_with_nulls(by, order, nulls);
        } else {
            select.order_by_expr(by, order);
        }
    }
}

/// Does an index begin with the first field of an order? Enums are ordered by their position, which no index knows.
fn is_served(meta: &EntityMeta, order: &[(usize, Direction)]) -> bool {
    let begins = |index: &[(usize, Direction)], first: usize| index.first().is_some_and(|(field, _)| *field == first);
    order.first().is_some_and(|(first, _)| {
        let field = meta.field(*first);
        let indexed =
            meta.ids.first() == Some(first) || field.unique || meta.indexes.iter().any(|index| begins(index, *first));
        indexed && !matches!(field.field_type, FieldType::Enum(_))
    })
}

/// What holds of each row behind the values and is a range of the first field, for an index that nobody has declared here.
fn not_before(meta: &EntityMeta, order: &[(usize, Direction)], after: &[Value]) -> Condition {
    match (order.first(), after.first()) {
        (Some((field, direction)), Some(value)) => {
            let is_enum = matches!(meta.field(*field).field_type, FieldType::Enum(_));
            match direction {
                _ if is_enum || value.is_null() => Condition::All,
                Direction::Asc if meta.field(*field).nullable => Condition::All,
                Direction::Asc => Condition::Compare(*field, Comparison::Gte, value.clone()),
                Direction::Desc => Condition::Compare(*field, Comparison::Lte, value.clone()),
            }
        }
        _ => Condition::All,
    }
}

/// The branches, of which each row behind the values fulfils exactly one.
fn behind(meta: &EntityMeta, order: &[(usize, Direction)], after: &[Value]) -> Vec<Condition> {
    let mut branches = Vec::new();
    let mut equal = Condition::All;
    for ((field, direction), value) in order.iter().zip(after) {
        let ranges = strictly_behind(meta, *field, *direction, value);
        branches.extend(ranges.into_iter().map(|range| equal.clone().and(range)));
        equal = equal.and(Condition::equals(*field, value.clone()));
    }
    // First what stands first.
    branches.reverse();
    branches
}

/// What stands behind a value of one field: null is greater than everything.
fn strictly_behind(meta: &EntityMeta, field: usize, direction: Direction, value: &Value) -> Vec<Condition> {
    let null = || meta.field(field).nullable.then_some(Condition::Null(field));
    let comparison = match (direction, value) {
        (Direction::Asc, Value::Null) => return Vec::new(),
        (Direction::Desc, Value::Null) => return null().map(|_| not_null(meta, field)).into_iter().collect(),
        (Direction::Asc, _) => Comparison::Gt,
        (Direction::Desc, _) => Comparison::Lt,
    };
    let range = match (meta.field(field).field_type, value) {
        (FieldType::Enum(variants), Value::Text(text)) => {
            let at = variants.iter().position(|variant| variant.value == text);
            let behind = variants.iter().enumerate().filter(|(other, _)| comparison.holds(Some(*other).cmp(&at)));
            let listed: Vec<_> = behind.map(|(_, variant)| Value::Text(variant.value.into())).collect();
            if listed.is_empty() { None } else { Some(Condition::In(field, listed)) }
        }
        _ => Some(Condition::Compare(field, comparison, value.clone())),
    };
    let null = if direction == Direction::Asc { null() } else { None };
    // Turned round with the rest: what stands first comes last.
    null.into_iter().chain(range).collect()
}

/// Every value but null, as a range: SQLite does not take `IS NOT NULL` for one, and would go through all nulls first.
fn not_null(meta: &EntityMeta, field: usize) -> Condition {
    let least = match meta.field(field).field_type {
        FieldType::Bool | FieldType::Int32 | FieldType::Int64 => Value::Int(i64::MIN),
        FieldType::Float => Value::Float(f64::MIN),
        FieldType::Uuid => Value::Uuid(uuid::Uuid::nil()),
        // Stored as texts.
        FieldType::Text | FieldType::DateTime | FieldType::Date => Value::Text(String::new()),
        FieldType::Scalar(scalar) => match scalar.stored_as {
            StoredAs::Int => Value::Int(i64::MIN),
            StoredAs::Text => Value::Text(String::new()),
            StoredAs::Bytes => return Condition::Null(field).negate(),
        },
        // The first is ordered by its position, which no index knows; nothing is ordered by the others.
        FieldType::Enum(_) | FieldType::Json | FieldType::List(_) => return Condition::Null(field).negate(),
    };
    Condition::Compare(field, Comparison::Gte, least)
}
