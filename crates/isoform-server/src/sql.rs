//! Statements, from conditions and metadata. What differs between databases is a [`Dialect`].
//!
//! sea-query writes the text, with a placeholder wherever a value goes; a walk over the same condition collects the values
//! in the same order. So the text depends on the [`Shape`] of a question alone, and is written once for each.

mod aggregate;
mod bounded;
mod fragment;
mod keyset;
mod related;
mod shape;
mod source;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::Arc;

pub(crate) use aggregate::aggregate;
pub(crate) use fragment::{holds, statement};
use isoform::filter::{Comparison, Related, TextMatch};
use isoform::meta::{Direction, EntityMeta, FieldMask, RelationMeta};
use isoform::provider::Find;
use isoform::relation::OrderKey;
use isoform::value::Variant;
use isoform::{Condition, FieldType, Result, Row, Value};
use sea_query::{
    Alias, BinOper, CaseStatement, Cond, Expr, ExprTrait as _, LikeExpr, NullOrdering, Order, OrderedStatement,
    OverStatement as _, Query, QueryBuilder, SelectStatement, SqlWriter as _, WindowStatement,
};
use shape::Shape;
pub(crate) use shape::Texts;
use source::read_from;
pub(crate) use source::text as text_of_source;

/// How a database spells what SQL leaves open.
pub(crate) trait Dialect: 'static {
    /// The most values that one statement binds.
    const MOST_VALUES: usize;

    /// Writes statements.
    fn builder() -> impl QueryBuilder;

    /// The texts that were written.
    fn texts() -> &'static Texts;

    /// Is the column one of the values of a list? The list is one bound parameter, so that there is one statement for any
    /// number of values.
    fn is_in(column: Expr, field_type: FieldType, list: Expr) -> Expr;

    /// What tells the rows of every table apart, whatever its key.
    const ROW: &'static str;

    /// The sum of whole numbers, exact however large it is on the way, and null of none. `beyond`: what it is where it is larger than an
    /// `i64`, or where one of the numbers is.
    fn sum(number: Expr, beyond: Expr) -> Expr;

    /// A number that is larger than every whole number, by which one that cannot be counted is told.
    fn infinity() -> Expr;

    /// What holds right after an update that changed a row.
    fn changed() -> Expr;

    /// The list of [`Dialect::is_in`], to be bound.
    fn list(values: &[Value]) -> Value;

    /// A value as it is stored, to stand in the text itself: what an entity declares is static.
    fn constant(value: &Value) -> sea_query::Value;
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

/// A table in a statement: what its columns are called by.
#[derive(Clone)]
pub(crate) struct Place<'a> {
    meta: &'a EntityMeta,
    /// The name that the statement gives the table, where there are several.
    name: Option<String>,
    /// How deep in questions about related rows.
    level: usize,
    /// Do values stand in the text? So they do in what an entity declares, since it is the same wherever it stands.
    fixed: bool,
}

impl<'a> Place<'a> {
    /// The only table of a statement.
    pub const fn only(meta: &'a EntityMeta) -> Self {
        Self { meta, name: None, level: 0, fixed: false }
    }

    fn named(meta: &'a EntityMeta, kind: &str, level: usize, fixed: bool) -> Self {
        // No table has a quote in its name.
        Self { meta, name: Some(format!("'{kind}{level}")), level, fixed }
    }

    /// A value of a condition.
    fn value<D: Dialect>(&self, value: impl FnOnce() -> Value) -> Expr {
        if self.fixed { Expr::Constant(D::constant(&value())) } else { placeholder() }
    }

    /// The value of a field: its column, or what it is declared to be of related rows.
    pub fn column<D: Dialect>(&self, field: usize) -> Expr {
        related::declared::<D>(self, field, false).unwrap_or_else(|| self.stored(field))
    }

    /// What rows are ordered by, for a field: the value, or the position of an enum's in its declaration.
    fn position<D: Dialect>(&self, field: usize) -> Expr {
        if let Some(declared) = related::declared::<D>(self, field, true) {
            return declared;
        }
        match self.meta.field(field).field_type {
            FieldType::Enum(variants) => declared_order(&self.stored(field), variants),
            _ => self.stored(field),
        }
    }

    /// The column of the table.
    fn stored(&self, field: usize) -> Expr {
        match &self.name {
            Some(name) => Expr::col((Alias::new(name.as_str()), column(self.meta, field))),
            None => Expr::col(column(self.meta, field)),
        }
    }

    /// The column, for a question within: there a table of the same name may stand nearer.
    fn outer_column(&self, field: usize) -> Expr {
        let table = self.name.as_deref().unwrap_or(self.meta.table);
        Expr::col((Alias::new(table), column(self.meta, field)))
    }

    fn from<D: Dialect>(&self, select: &mut SelectStatement, condition: &Condition) {
        let name = self.name.as_deref().unwrap_or(self.meta.table);
        read_from::<D>(select, self, name, condition);
    }
}

/// A condition as SQL. Its placeholders are in the order of [`Shape::condition`].
fn condition<D: Dialect>(meta: &EntityMeta, one: &Condition) -> Cond {
    condition_at::<D>(&Place::only(meta), one)
}

fn condition_at<D: Dialect>(place: &Place<'_>, one: &Condition) -> Cond {
    let list = |all: Cond, list: &[Condition]| list.iter().fold(all, |all, one| all.add(condition_at::<D>(place, one)));
    match one {
        // What is read from stands behind `FROM`.
        Condition::All | Condition::From(_) => Cond::all(),
        Condition::And(conditions) => list(Cond::all(), conditions),
        Condition::Or(conditions) if !conditions.is_empty() => list(Cond::any(), conditions),
        Condition::Not(inner) => condition_at::<D>(place, inner).not(),
        Condition::Related(related) => Cond::all().add(Expr::exists(exists::<D>(place, related))),
        Condition::RelatedTo(to) => Cond::all().add(Expr::exists(related::to::<D>(place, to))),
        Condition::Measured(measured) => related::holds::<D>(place, &measured.value, &measured.holds),
        Condition::Sql(sql) => Cond::all()
            .add(Expr::cust_with_exprs(format!("({})", hole::<D>()), [fragment::expr::<D>(sql, Some(place))])),
        // It has become what it answers. Unknown finds nothing, and its negation finds nothing either.
        Condition::Custom(_) => Cond::all().add(Expr::cust("NULL")),
        Condition::Nothing | Condition::Or(_) => Cond::all().add(Expr::cust("1 = 0")),
        Condition::Null(field)
        | Condition::In(field, _)
        | Condition::Text(field, ..)
        | Condition::Compare(field, ..) => {
            let field_type = place.meta.field(*field).field_type;
            Cond::all().add(compared::<D>(place, place.column::<D>(*field), field_type, one))
        }
    }
}

/// What a condition on one field says, of a value of its type.
fn compared<D: Dialect>(place: &Place<'_>, left: Expr, field_type: FieldType, one: &Condition) -> Expr {
    match one {
        Condition::Null(_) => left.is_null(),
        Condition::In(_, values) => D::is_in(left, field_type, place.value::<D>(|| D::list(values))),
        Condition::Text(_, how, text) if place.fixed => {
            let pattern = place.value::<D>(|| Value::Text(pattern(*how, text)));
            left.binary(BinOper::Like, pattern.binary(BinOper::Escape, Expr::Constant('\\'.into())))
        }
        Condition::Text(..) => left.like(LikeExpr::new("").escape('\\')),
        Condition::Compare(_, comparison, value) => {
            let right = place.value::<D>(|| value.clone());
            match comparison {
                Comparison::Eq => left.eq(right),
                Comparison::Gt => left.gt(right),
                Comparison::Gte => left.gte(right),
                Comparison::Lt => left.lt(right),
                Comparison::Lte => left.lte(right),
            }
        }
        _ => Expr::cust("1 = 0"),
    }
}

/// The first placeholder of an expression's own text.
fn hole<D: Dialect>() -> String {
    let (mark, numbered) = D::builder().placeholder();
    if numbered { format!("{mark}1") } else { mark.to_owned() }
}

/// The related rows of which something holds.
fn exists<D: Dialect>(place: &Place<'_>, related: &Related) -> SelectStatement {
    let other = Other::of(related.relation, place.level + 1, place.fixed);
    let mut select = Query::select();
    select.expr(Expr::cust("1"));
    other.from::<D>(&mut select, &related.target, &related.between);
    other.of_row(&mut select, place, related.relation);
    other.narrow::<D>(&mut select, related.relation, &related.target, &related.between);
    select
}

/// The tables at the other end of a relation.
struct Other {
    target: Place<'static>,
    between: Option<Place<'static>>,
}

impl Other {
    fn of(relation: &RelationMeta, level: usize, fixed: bool) -> Self {
        let between = relation.through.map(|through| Place::named((through.entity)(), "b", level, fixed));
        Self { target: Place::named(relation.target(), "r", level, fixed), between }
    }

    /// The tables, joined.
    fn from<D: Dialect>(&self, select: &mut SelectStatement, target: &Condition, between: &Condition) {
        self.target.from::<D>(select, target);
        if let Some(place) = &self.between {
            place.from::<D>(select, between);
        }
    }

    /// The columns that are equal to the relation's own fields.
    fn keys(&self, relation: &RelationMeta) -> Vec<Expr> {
        let place = self.between.as_ref().unwrap_or(&self.target);
        relation.keys.iter().map(|(_, other)| place.stored(*other)).collect()
    }

    /// Those alone that a row is related to.
    fn of_row(&self, select: &mut SelectStatement, row: &Place<'_>, relation: &RelationMeta) {
        for (own, key) in relation.keys.iter().zip(self.keys(relation)) {
            select.and_where(key.eq(row.outer_column(own.0)));
        }
    }

    /// Those alone of which something holds, each with its row in between.
    fn narrow<D: Dialect>(
        &self,
        select: &mut SelectStatement,
        relation: &RelationMeta,
        target: &Condition,
        between: &Condition,
    ) {
        if let (Some(through), Some(place)) = (relation.through, &self.between) {
            for (one, other) in through.keys {
                select.and_where(place.stored(*one).eq(self.target.stored(*other)));
            }
        }
        select.cond_where(condition_at::<D>(&self.target, target));
        if let Some(place) = &self.between {
            select.cond_where(condition_at::<D>(place, between));
        }
    }
}

/// What is asked of related rows.
pub(crate) struct RelatedRows<'a> {
    pub relation: &'static RelationMeta,
    /// The values of the relation's own fields.
    pub keys: &'a [Vec<Value>],
    pub find: &'a Find,
    /// What holds of the rows in between.
    pub between: &'a Condition,
    /// Of all together.
    pub at_most: Option<u64>,
}

/// Related rows: all fields of the target in the order of their declaration, null for those that are left out, then those of the row in between that they are
/// related to.
pub(crate) fn related<'a, D: Dialect>(asked: &RelatedRows<'a>) -> Result<Statement<'a>> {
    let RelatedRows { relation, keys, find, between, at_most } = *asked;
    let meta = relation.target();
    // Rows for each of the others: numbered, where their number is limited.
    let part = (find.limit.is_some() || find.offset > 0).then(|| {
        // A database counts as far as an i64.
        let most = i64::MAX.unsigned_abs();
        let last = find.limit.map_or(most, |limit| find.offset.saturating_add(limit));
        (Ord::min(find.offset, most), Ord::min(last, most))
    });
    let mut shape = Shape::new("related", meta);
    shape.relation(relation);
    // A window stands before the rows that it is over, an order behind their conditions.
    shape.order::<D>(part.map(|_| &*find.order));
    shape.sources(relation, &find.filter, between);
    let single = if let [_] = relation.keys { Some(keys.iter().flatten().cloned().collect::<Vec<_>>()) } else { None };
    match &single {
        Some(list) => shape.owned(D::list(list)),
        None => shape.keys(keys),
    }
    shape.condition::<D>(&find.filter);
    if relation.through.is_some() {
        shape.condition::<D>(between);
    }
    shape.order::<D>(part.is_none().then_some(&*find.order));
    shape.number(part.map(|(offset, _)| offset));
    shape.number(part.map(|(_, last)| last));
    shape.number(at_most);
    let left_out = find.left_out(meta);
    shape.fields(left_out);
    shape.statement::<D>(|text| {
        let other = Other::of(relation, 0, false);
        let mut select = Query::select();
        for index in meta.columns().iter() {
            // Null stands for what is not loaded.
            let value = if left_out.contains(index) { Expr::cust("NULL") } else { other.target.column::<D>(index) };
            select.expr_as(value, column(meta, index));
        }
        let key_columns = other.keys(relation);
        let between_keys = || key_columns.iter().enumerate().filter(|_| relation.through.is_some());
        for (position, key) in between_keys() {
            select.expr_as(key.clone(), Alias::new(format!("_key{position}")));
        }
        other.from::<D>(&mut select, &find.filter, between);
        let one_of = match (single.is_some(), key_columns.as_slice(), relation.keys) {
            (true, [key], [(_, field)]) => {
                let owner = other.between.as_ref().unwrap_or(&other.target).meta;
                Cond::all().add(D::is_in(key.clone(), owner.field(*field).field_type, placeholder()))
            }
            _ => keys.iter().fold(Cond::any(), |any, _| {
                any.add(key_columns.iter().fold(Cond::all(), |all, key| all.add(key.clone().eq(placeholder()))))
            }),
        };
        select.cond_where(one_of);
        other.narrow::<D>(&mut select, relation, &find.filter, between);
        let whole = match part {
            None => {
                order_by::<D>(&mut select, &other.target, &find.order);
                select
            }
            Some((offset, last)) => {
                let mut window = WindowStatement::new();
                for key in &key_columns {
                    window.add_partition_by(key.clone());
                }
                order_by::<D>(&mut window, &other.target, &find.order);
                select.expr_window_as(Expr::cust("ROW_NUMBER()"), window, Alias::new("_number"));
                let mut numbered = Query::select();
                numbered.columns(meta.columns().iter().map(|index| column(meta, index)));
                numbered.columns(between_keys().map(|(position, _)| Alias::new(format!("_key{position}"))));
                numbered.from_subquery(select, Alias::new("numbered"));
                numbered.and_where(Expr::cust(format!("_number > {offset} AND _number <= {last}")));
                numbered.order_by(Alias::new("_number"), Order::Asc);
                numbered
            }
        };
        whole.build_collect_into(D::builder(), text);
        if let Some(at_most) = at_most {
            let _ = write!(text, " LIMIT {at_most}");
        }
    })
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
    if let Some(after) = &find.after {
        return keyset::select::<D>(meta, find, after, fields);
    }
    // One row by its id needs neither an order nor a limit. Only a table of its own has each id once.
    let one = find.limit == Some(1) && find.offset == 0 && meta.has_table() && pins_id(meta, &find.filter);
    let order = (!one).then_some(&*find.order);
    let limit = find.limit.filter(|_| !one).or_else(|| (find.offset > 0).then_some(i64::MAX.unsigned_abs()));
    let mut shape = Shape::new("select", meta);
    shape.fields(fields);
    shape.source(meta, &find.filter);
    shape.condition::<D>(&find.filter);
    shape.order::<D>(order);
    shape.number(limit);
    shape.offset(find.offset);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        Place::only(meta).from::<D>(&mut select, &find.filter);
        columns::<D>(&mut select, &Place::only(meta), fields);
        if find.filter != Condition::All {
            select.cond_where(condition::<D>(meta, &find.filter));
        }
        if let Some(asked) = order {
            order_by::<D>(&mut select, &Place::only(meta), asked);
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

/// The fields of a mask, in the order of the declaration.
fn columns<D: Dialect>(select: &mut SelectStatement, place: &Place<'_>, fields: FieldMask) {
    for field in fields.iter() {
        match related::declared::<D>(place, field, false) {
            Some(declared) => select.expr_as(declared, column(place.meta, field)),
            None => select.expr(place.stored(field)),
        };
    }
}

/// Is it about one row?
pub(crate) fn pins_id(meta: &EntityMeta, filter: &Condition) -> bool {
    meta.ids.iter().all(|id| equal_to(*id, filter).is_some())
}

/// The id of the row that it is about, where it is about one.
pub(crate) fn pinned_id(meta: &EntityMeta, filter: &Condition) -> Option<Vec<Value>> {
    meta.ids.iter().map(|id| equal_to(*id, filter).cloned()).collect()
}

/// The value that a field has in every row which fulfils a condition.
fn equal_to(wanted: usize, filter: &Condition) -> Option<&Value> {
    match filter {
        Condition::Compare(field, Comparison::Eq, value) => (*field == wanted).then_some(value),
        Condition::And(list) => list.iter().find_map(|one| equal_to(wanted, one)),
        _ => None,
    }
}

/// The order that was asked for, or the entity's own; the id last, so that pages do not overlap.
///
/// Enums have the order of their declaration. Null is greater than everything, whatever the database thinks of it.
fn order_by<D: Dialect>(select: &mut impl OrderedStatement, place: &Place<'_>, asked: &[(OrderKey, Direction)]) {
    let meta = place.meta;
    for (key, direction) in related::complete(meta, asked) {
        let (order, nulls) = match direction {
            Direction::Asc => (Order::Asc, NullOrdering::Last),
            Direction::Desc => (Order::Desc, NullOrdering::First),
        };
        let (by, nullable) = match &key {
            OrderKey::Field(field) => (place.position::<D>(*field), meta.field(*field).nullable),
            OrderKey::Related(value) => (related::value::<D>(place, value, true), true),
        };
        if nullable {
            select.order_by_expr_with_nulls(by, order, nulls);
        } else {
            select.order_by_expr(by, order);
        }
    }
}

/// The position of an enum's value in its declaration; null for what is none of them.
fn declared_order(column: &Expr, variants: &[Variant]) -> Expr {
    let positions = variants.iter().zip(0_i32..);
    let case = positions.fold(CaseStatement::new(), |case, (variant, position)| {
        let is_this = column.clone().eq(Expr::Constant(variant.value.into()));
        case.case(is_this, Expr::Constant(position.into()))
    });
    case.into()
}

/// How many rows fulfil a condition.
pub(crate) fn count<'a, D: Dialect>(meta: &'static EntityMeta, filter: &'a Condition) -> Result<Statement<'a>> {
    let mut shape = Shape::new("count", meta);
    shape.source(meta, filter);
    shape.condition::<D>(filter);
    shape.statement::<D>(|text| {
        let mut select = Query::select();
        select.expr(Expr::cust("COUNT(*)")).cond_where(condition::<D>(meta, filter));
        Place::only(meta).from::<D>(&mut select, filter);
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

/// Rows with all their values, but for what nobody writes.
pub(crate) fn insert_many<'a, D: Dialect>(meta: &'static EntityMeta, rows: &'a [Row]) -> Result<Statement<'a>> {
    let written = meta.written_fields();
    let mut shape = Shape::new("insert many", meta);
    shape.number(Some(rows.len() as u64));
    for row in rows {
        row.iter().enumerate().filter(|(index, _)| written.contains(*index)).for_each(|(_, value)| shape.value(value));
    }
    shape.statement::<D>(|text| {
        let mut insert = Query::insert();
        insert.into_table(table(meta)).columns(written.iter().map(|index| column(meta, index)));
        for _ in rows {
            insert.values_panic(written.iter().map(|_| placeholder()));
        }
        insert.build_collect_into(D::builder(), text);
    })
}

/// Rows in parts, each for one statement. A part's length is a power of two, so that there are few texts, however many rows.
pub(crate) fn parts<'a, D: Dialect>(meta: &EntityMeta, mut rows: &'a [Row]) -> impl Iterator<Item = &'a [Row]> {
    /// More are hardly faster, and their text is longer than it is worth keeping.
    const MOST_ROWS: usize = 512;
    let most = (D::MOST_VALUES / meta.fields.len().max(1)).clamp(1, MOST_ROWS);
    std::iter::from_fn(move || {
        let length = rows.len().min(most).checked_ilog2().map(|power| 1 << power)?;
        let (part, rest) = rows.split_at_checked(length)?;
        rows = rest;
        Some(part)
    })
}

/// What an update answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// How many rows there were.
    Count,
    /// How many rows there were, where they are no more than so many; else one more than that, and no others are changed.
    CountTo(u64),
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
    let id = || meta.ids.iter().map(|id| equal_to(*id, filter)).collect::<Option<Vec<_>>>();
    let read = if answer == Answer::Read { id() } else { None };
    let kind = match answer {
        Answer::Count => "update",
        Answer::CountTo(_) => "update so many",
        Answer::Returned => "update returning",
        Answer::Read => "update, then the row",
    };
    let mut shape = Shape::new(kind, meta);
    shape.set(set);
    shape.condition::<D>(filter);
    read.iter().flatten().for_each(|value| shape.value(value));
    let most = if let Answer::CountTo(most) = answer { Some(most) } else { None };
    bounded::shape::<D>(&mut shape, meta, most);
    shape.statement::<D>(|text| {
        let mut update = Query::update();
        update.table(table(meta)).cond_where(bounded::rows::<D>(meta, filter, most));
        update.values(set.iter().map(|(field, _)| (column(meta, *field), placeholder())));
        if let Some(version) = meta.version {
            update.value(column(meta, version), Expr::col(column(meta, version)).add(Expr::Constant(1.into())));
        }
        if answer == Answer::Returned {
            let columns = meta.columns().iter().map(|index| Place::only(meta).column::<D>(index));
            update.returning(Query::returning().exprs(columns));
        }
        update.build_collect_into(D::builder(), text);
        if read.is_some() {
            let mut select = Query::select();
            select.from(table(meta));
            self::columns::<D>(&mut select, &Place::only(meta), meta.columns());
            for id in meta.ids {
                select.and_where(Expr::col(column(meta, *id)).eq(placeholder()));
            }
            select.and_where(D::changed());
            let _ = text.write_str("; ");
            select.build_collect_into(D::builder(), text);
        }
    })
}

/// The end of the rows that fulfil a condition; of no more than one above `most`.
pub(crate) fn delete<'a, D: Dialect>(
    meta: &'static EntityMeta,
    filter: &'a Condition,
    most: Option<u64>,
) -> Result<Statement<'a>> {
    let mut shape = Shape::new("delete", meta);
    shape.condition::<D>(filter);
    bounded::shape::<D>(&mut shape, meta, most);
    shape.statement::<D>(|text| {
        let mut delete = Query::delete();
        delete.from_table(table(meta)).cond_where(bounded::rows::<D>(meta, filter, most));
        delete.build_collect_into(D::builder(), text);
    })
}
