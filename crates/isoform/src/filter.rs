//! Filters: a condition on rows, as a value.
//!
//! [`Condition`] is the dynamic core, without types; [`Filter<E>`] is the typed shell that closures build.
//! [`wire`] reads and writes them as the REST API spells them, [`eval`] answers them in memory as SQL does, [`limits`] says
//! how much one may ask.
//!
//! Conditions have SQL's three values: a comparison with null is neither true nor false, so that neither it nor
//! its negation finds the row. `eq(None)` asks for null itself.

mod custom;
pub mod eval;
pub mod limits;
mod pinned;
#[cfg(not(target_arch = "wasm32"))]
mod prefilters;
mod stored;
pub mod wire;

use std::cmp::Ordering;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

#[cfg(not(target_arch = "wasm32"))]
pub use custom::CustomFilter;
pub use custom::{ARRAY, CUSTOM, Custom, custom_filter};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use pinned::Among;
#[cfg(not(target_arch = "wasm32"))]
pub use prefilters::{Prefilters, Preprocess};

use crate::entity::Column;
use crate::meta::{EntityMeta, FieldMask, RelationMeta};
use crate::relation::{Measured, Path};
use crate::value::{FieldType, FieldValue, Value, Variant};

/// A condition on a row. Fields are positions in the entity's declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// Every row.
    All,
    /// No row.
    Nothing,
    /// The field compares so with the value, which is not null.
    Compare(usize, Comparison, Value),
    /// The field is one of the values, none of which is null.
    In(usize, Vec<Value>),
    /// The text field matches, ASCII letters compared without case.
    Text(usize, TextMatch, String),
    /// The field is null.
    Null(usize),
    /// There is a related row that fulfils the condition.
    Related(Box<Related>),
    /// The row is related to another one, which is known.
    RelatedTo(Box<RelatedTo>),
    /// Something holds of a value that is computed of related rows.
    Measured(Box<Measured>),
    /// A filter of the application's own, which the server makes of its name and arguments.
    Custom(Box<Custom>),
    /// A condition in SQL.
    #[cfg(not(target_arch = "wasm32"))]
    Sql(Box<crate::sql::Sql>),
    /// Every row that some SQL answers, which is read in the place of a table: what a function of [`Source`](crate::meta::Source)
    /// has answered.
    #[cfg(not(target_arch = "wasm32"))]
    From(Box<crate::sql::Sql>),
    /// All of these.
    And(Vec<Condition>),
    /// At least one of these.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
}

/// What is asked of related rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Related {
    /// The relation.
    pub relation: &'static RelationMeta,
    /// What holds of the row at the other end.
    pub target: Condition,
    /// What holds of the row in between, where the relation goes through another entity.
    pub between: Condition,
}

/// The row at the other end of a relation: the one that leads there.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedTo {
    /// The entity whose relation it is.
    pub owner: &'static EntityMeta,
    /// The relation, at whose other end the row is.
    pub relation: &'static RelationMeta,
    /// The values of the relation's own fields, none of which is null.
    pub key: Vec<Value>,
    /// What holds of the row in between, where the relation goes through another entity.
    pub between: Condition,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
}

impl Comparison {
    /// Does it hold of two values in this order?
    #[must_use]
    pub const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Eq => order.is_eq(),
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
        }
    }
}

/// How a text matches another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextMatch {
    /// The other is somewhere in it.
    Contains,
    /// It starts with the other.
    StartsWith,
    /// It ends with the other.
    EndsWith,
}

impl Condition {
    /// The field equals the value; null is asked for by [`Condition::Null`].
    #[must_use]
    pub fn equals(field: usize, value: Value) -> Self {
        if value.is_null() { Self::Null(field) } else { Self::Compare(field, Comparison::Eq, value) }
    }

    /// The field compares so with the value. With null nothing does; enums have the order of their declaration.
    #[must_use]
    pub fn compare(field: usize, field_type: FieldType, comparison: Comparison, value: Value) -> Self {
        match (field_type, &value) {
            (_, Value::Null) => Self::Nothing,
            (FieldType::Enum(variants), Value::Text(text)) if comparison != Comparison::Eq => {
                let position = variants.iter().position(|variant| variant.value == text);
                let holds = |(at, _): &(usize, &Variant)| comparison.holds(Some(*at).cmp(&position));
                let one_of = |(_, variant): (usize, &Variant)| Value::Text(variant.value.into());
                let found: Vec<_> = variants.iter().enumerate().filter(holds).map(one_of).collect();
                if position.is_some() && !found.is_empty() {
                    return Self::In(field, found);
                }
                // False for each of them, and unknown for null: its negation does not find null either.
                Self::In(field, variants.iter().enumerate().map(one_of).collect()).negate()
            }
            _ => Self::Compare(field, comparison, value),
        }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, one) | (one, Self::All) => one,
            (Self::Nothing, _) | (_, Self::Nothing) => Self::Nothing,
            (Self::And(mut list), Self::And(more)) => {
                list.extend(more);
                Self::And(list)
            }
            (Self::And(mut list), one) => {
                list.push(one);
                Self::And(list)
            }
            (one, Self::And(mut list)) => {
                list.insert(0, one);
                Self::And(list)
            }
            (one, other) => Self::And(vec![one, other]),
        }
    }

    /// At least one holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::Or(mut list), one) => {
                list.push(one);
                Self::Or(list)
            }
            (one, other) => Self::Or(vec![one, other]),
        }
    }

    /// It does not hold.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::All => Self::Nothing,
            Self::Nothing => Self::All,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// There is a related row that fulfils a condition.
    #[must_use]
    pub fn related(relation: &'static RelationMeta, target: Self) -> Self {
        Self::Related(Box::new(Related { relation, target, between: Self::All }))
    }

    /// The row is related to one whose relation has this key; to a key with a null nothing is.
    #[must_use]
    pub fn related_to(owner: &'static EntityMeta, relation: &'static RelationMeta, key: Vec<Value>) -> Self {
        if key.iter().any(Value::is_null) {
            return Self::Nothing;
        }
        Self::RelatedTo(Box::new(RelatedTo { owner, relation, key, between: Self::All }))
    }

    /// The fields that it asks about.
    #[must_use]
    pub fn fields(&self) -> FieldMask {
        let mut mask = FieldMask::NONE;
        self.collect_fields(&mut mask);
        mask
    }

    fn collect_fields(&self, mask: &mut FieldMask) {
        match self {
            // Which fields are the key of a relation is told by nobody but the relation.
            Self::All | Self::Nothing | Self::RelatedTo(_) => {}
            Self::Compare(field, ..) | Self::In(field, _) | Self::Text(field, ..) | Self::Null(field) => {
                mask.insert(*field);
            }
            Self::Related(related) => related.relation.keys.iter().for_each(|(own, _)| mask.insert(*own)),
            Self::Measured(measured) => measured.value.relation.keys.iter().for_each(|(own, _)| mask.insert(*own)),
            // What it asks about is the server's own business.
            Self::Custom(_) => {}
            #[cfg(not(target_arch = "wasm32"))]
            Self::Sql(_) | Self::From(_) => {}
            Self::And(list) | Self::Or(list) => list.iter().for_each(|one| one.collect_fields(mask)),
            Self::Not(inner) => inner.collect_fields(mask),
        }
    }

    /// Does it ask about more than the row's own fields, such as other rows, so that only a database can answer it?
    #[must_use]
    pub fn asks_elsewhere(&self) -> bool {
        match self {
            Self::Related(..) | Self::RelatedTo(..) | Self::Measured(..) | Self::Custom(_) => true,
            #[cfg(not(target_arch = "wasm32"))]
            Self::Sql(_) | Self::From(_) => true,
            Self::And(list) | Self::Or(list) => list.iter().any(Self::asks_elsewhere),
            Self::Not(inner) => inner.asks_elsewhere(),
            Self::All | Self::Nothing | Self::Compare(..) | Self::In(..) | Self::Text(..) | Self::Null(_) => false,
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Condition {
    /// Does it ask by SQL of the row itself?
    #[must_use]
    pub fn asks_by_sql(&self) -> bool {
        match self {
            Self::Sql(_) => true,
            Self::And(list) | Self::Or(list) => list.iter().any(Self::asks_by_sql),
            Self::Not(inner) => inner.asks_by_sql(),
            _ => false,
        }
    }
}

/// A condition on rows of one entity, built by closures: `|t| t.done.eq(false) & t.title.contains("tax")`.
///
/// Filters combine with `&`, `|` and `!`.
pub struct Filter<E> {
    condition: Condition,
    entity: PhantomData<fn() -> E>,
}

impl<E> Filter<E> {
    /// A filter of a condition whose fields are this entity's.
    #[must_use]
    pub const fn from_condition(condition: Condition) -> Self {
        Self { condition, entity: PhantomData }
    }

    /// Every row.
    #[must_use]
    pub const fn all() -> Self {
        Self::from_condition(Condition::All)
    }

    /// No row.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::from_condition(Condition::Nothing)
    }

    /// The condition itself.
    #[must_use]
    pub const fn condition(&self) -> &Condition {
        &self.condition
    }

    /// The condition itself.
    #[must_use]
    pub fn into_condition(self) -> Condition {
        self.condition
    }
}

impl<E> Clone for Filter<E> {
    fn clone(&self) -> Self {
        Self::from_condition(self.condition.clone())
    }
}

impl<E> PartialEq for Filter<E> {
    /// The same conditions. Of what holds together the order counts for nothing: JSON does not keep it.
    fn eq(&self, other: &Self) -> bool {
        stored::is_same(&self.condition, &other.condition)
    }
}

impl<E> std::fmt::Debug for Filter<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.condition.fmt(f)
    }
}

impl<E> BitAnd for Filter<E> {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self::from_condition(self.condition.and(other.condition))
    }
}

impl<E> BitOr for Filter<E> {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self::from_condition(self.condition.or(other.condition))
    }
}

impl<E> Not for Filter<E> {
    type Output = Self;
    fn not(self) -> Self {
        Self::from_condition(self.condition.negate())
    }
}

/// Something that a field of type `T` can be compared with: a `T`, a `&str` for a text, a plain value for an `Option`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` cannot be compared with `{Self}`",
    label = "must be a `{T}`"
)]
pub trait Operand<T> {
    /// The value to compare with.
    fn into_operand(self) -> Value;
}

impl<T: FieldValue> Operand<T> for T {
    fn into_operand(self) -> Value {
        self.to_value()
    }
}

impl<T: FieldValue> Operand<Option<T>> for T {
    fn into_operand(self) -> Value {
        self.to_value()
    }
}

impl<T: FieldValue> Operand<T> for &T {
    fn into_operand(self) -> Value {
        self.to_value()
    }
}

macro_rules! str_operand {
    ($($text:ty),+) => { $(
        impl Operand<$text> for &str {
            fn into_operand(self) -> Value {
                Value::Text(self.into())
            }
        }
    )+ };
}
str_operand!(String, Option<String>, crate::Lazy<String>);

/// A field type with text operators: `String` and `Option<String>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a text",
    label = "text operators need a field of type String or Option<String>"
)]
pub trait TextValue: FieldValue {}
impl TextValue for String {}
impl TextValue for Option<String> {}

/// The filter of a condition on the entity where a way ends.
fn over<P: Path>(condition: Condition) -> Filter<P::Root> {
    Filter::from_condition(P::wrap(condition))
}

impl<P: Path, T: FieldValue> Column<P, T> {
    fn compare(self, comparison: Comparison, value: Value) -> Filter<P::Root> {
        over::<P>(Condition::compare(self.index(), T::TYPE, comparison, value))
    }

    /// The field equals the value; `eq(None)` asks for null.
    pub fn eq(self, value: impl Operand<T>) -> Filter<P::Root> {
        over::<P>(Condition::equals(self.index(), value.into_operand()))
    }

    /// The field does not equal the value; rows where it is null are not found, as in SQL. `ne(None)` asks for what is not null.
    pub fn ne(self, value: impl Operand<T>) -> Filter<P::Root> {
        over::<P>(Condition::equals(self.index(), value.into_operand()).negate())
    }

    /// Greater than the value. Enums have the order of their declaration.
    pub fn gt(self, value: impl Operand<T>) -> Filter<P::Root> {
        self.compare(Comparison::Gt, value.into_operand())
    }

    /// Greater than the value, or equal.
    pub fn gte(self, value: impl Operand<T>) -> Filter<P::Root> {
        self.compare(Comparison::Gte, value.into_operand())
    }

    /// Less than the value.
    pub fn lt(self, value: impl Operand<T>) -> Filter<P::Root> {
        self.compare(Comparison::Lt, value.into_operand())
    }

    /// Less than the value, or equal.
    pub fn lte(self, value: impl Operand<T>) -> Filter<P::Root> {
        self.compare(Comparison::Lte, value.into_operand())
    }

    fn one_of<V: Operand<T>>(self, values: impl IntoIterator<Item = V>) -> Condition {
        let (null, values): (Vec<_>, Vec<_>) = values.into_iter().map(Operand::into_operand).partition(Value::is_null);
        let listed = if values.is_empty() { Condition::Nothing } else { Condition::In(self.index(), values) };
        if null.is_empty() { listed } else { listed.or(Condition::Null(self.index())) }
    }

    /// One of the values; of none of them no row is one.
    pub fn in_<V: Operand<T>>(self, values: impl IntoIterator<Item = V>) -> Filter<P::Root> {
        over::<P>(self.one_of(values))
    }

    /// None of the values.
    pub fn not_in<V: Operand<T>>(self, values: impl IntoIterator<Item = V>) -> Filter<P::Root> {
        over::<P>(self.one_of(values).negate())
    }

    /// The field is null.
    #[must_use]
    pub fn is_null(self) -> Filter<P::Root> {
        over::<P>(Condition::Null(self.index()))
    }
}

impl<P: Path, T: TextValue> Column<P, T> {
    fn matches(self, how: TextMatch, text: impl Into<String>) -> Filter<P::Root> {
        let text = text.into();
        // No stored text has one, and SQLite would take it for the end of the pattern.
        let possible = !text.contains('\0');
        over::<P>(if possible { Condition::Text(self.index(), how, text) } else { Condition::Nothing })
    }

    /// The text is somewhere in the field; ASCII letters are compared without case.
    pub fn contains(self, text: impl Into<String>) -> Filter<P::Root> {
        self.matches(TextMatch::Contains, text)
    }

    /// The field starts with the text; ASCII letters are compared without case.
    pub fn starts_with(self, text: impl Into<String>) -> Filter<P::Root> {
        self.matches(TextMatch::StartsWith, text)
    }

    /// The field ends with the text; ASCII letters are compared without case.
    pub fn ends_with(self, text: impl Into<String>) -> Filter<P::Root> {
        self.matches(TextMatch::EndsWith, text)
    }
}
