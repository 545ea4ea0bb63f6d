//! Writes that are too many to be borne end early: which rows they are about is found first, and no more than are needed to know.

use isoform::meta::EntityMeta;
use isoform::{Condition, Value};
use sea_query::{Cond, Expr, ExprTrait as _, Query};

use super::shape::Shape;
use super::{Dialect, condition, table};

/// The rows that fulfil a condition; of no more than one above `most`.
pub(super) fn rows<D: Dialect>(meta: &EntityMeta, filter: &Condition, most: Option<u64>) -> Cond {
    let Some(most) = most.filter(|_| can::<D>(meta)) else { return condition::<D>(meta, filter) };
    let mut found = Query::select();
    found.expr(Expr::cust(D::ROW)).from(table(meta)).cond_where(condition::<D>(meta, filter));
    found.limit(most.saturating_add(1));
    Cond::all().add(Expr::cust(D::ROW).in_subquery(found.take()))
}

/// What is bound for it, behind the condition's values.
pub(super) fn shape<D: Dialect>(shape: &mut Shape<'_>, meta: &EntityMeta, most: Option<u64>) {
    // The number itself is bound: the text is the same for all.
    shape.number(most.map(|_| 1));
    if let Some(most) = most.filter(|_| can::<D>(meta)) {
        shape.owned(Value::Int(i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX)));
    }
}

/// A column of this name would stand in its place.
fn can<D: Dialect>(meta: &EntityMeta) -> bool {
    !meta.fields.iter().any(|field| field.column.eq_ignore_ascii_case(D::ROW))
}
