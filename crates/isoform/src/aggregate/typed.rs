//! The typed shell: what closures build of columns, and how answers become Rust types again.

use std::marker::PhantomData;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{Function, GroupKey, Measure};
use crate::entity::{Column, Order};
use crate::meta::Direction;
use crate::value::{FieldType, FieldValue, Value, ValueError};

/// Something that is computed over rows, of type `A`: `o.amount.sum()`, or [`count()`].
pub struct Aggregate<E, A> {
    measure: Measure,
    read: fn(Value) -> Result<A, ValueError>,
    entity: PhantomData<fn() -> E>,
}

impl<E, A> Clone for Aggregate<E, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, A> Copy for Aggregate<E, A> {}

impl<E, A> Aggregate<E, A> {
    const fn new(measure: Measure, read: fn(Value) -> Result<A, ValueError>) -> Self {
        Self { measure, read, entity: PhantomData }
    }

    /// What is computed, without its type.
    #[must_use]
    pub const fn measure(self) -> Measure {
        self.measure
    }

    /// Groups with small values first.
    #[must_use]
    pub const fn asc(self) -> GroupOrder<E> {
        GroupOrder { key: GroupKey::Measure(self.measure), direction: Direction::Asc, entity: PhantomData }
    }

    /// Groups with large values first, null before everything.
    #[must_use]
    pub const fn desc(self) -> GroupOrder<E> {
        GroupOrder { key: GroupKey::Measure(self.measure), direction: Direction::Desc, entity: PhantomData }
    }
}

fn counted(value: Value) -> Result<u64, ValueError> {
    u64::try_from(i64::from_value(value)?).map_err(|_| ValueError::expected(FieldType::Int64))
}

/// How many rows there are: `|o| (o.customer, count())`.
#[must_use]
pub fn count<E>() -> Aggregate<E, u64> {
    Aggregate::new(Measure::Count, counted)
}

/// A field type with sums: numbers and durations, and `Option` of them.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` have no sum",
    label = "sums need a field of type i32, i64, f64, Decimal, TimeDelta, Duration, or Option of one of these"
)]
pub trait Numeric: FieldValue {
    /// The type of a sum, which is null of no values.
    type Sum: FieldValue;
}

impl Numeric for i32 {
    type Sum = i64;
}
impl Numeric for i64 {
    type Sum = Self;
}
impl Numeric for f64 {
    type Sum = Self;
}
impl<T: Numeric> Numeric for Option<T> {
    type Sum = T::Sum;
}

impl Numeric for Decimal {
    type Sum = Self;
}
impl Numeric for TimeDelta {
    type Sum = Self;
}
impl Numeric for Duration {
    type Sum = Self;
}

/// A field type with averages: `i32`, `i64`, `f64`, and `Option` of them.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` have no average",
    label = "averages need a field of type i32, i64, f64, or Option of one of these"
)]
pub trait Averaged: Numeric {}
impl Averaged for i32 {}
impl Averaged for i64 {}
impl Averaged for f64 {}
impl<T: Averaged> Averaged for Option<T> {}

/// A field type whose values can be compared and told apart, so that there are a least and a greatest one and groups of equal ones:
/// everything but JSON. Enums have the order of their declaration; `derive(FieldEnum)` implements it for them.
#[diagnostic::on_unimplemented(
    message = "values of `{Self}` are not compared",
    label = "groups, min, max and count_distinct need a field whose values can be compared: JSON is none"
)]
pub trait Ordered: FieldValue {
    /// The type without `Option`.
    type Plain: FieldValue;
}

macro_rules! ordered {
    ($($plain:ty),+) => { $( impl Ordered for $plain { type Plain = Self; } )+ };
}
ordered!(String, bool, i32, i64, f64, Uuid, DateTime<Utc>, NaiveDate, NaiveTime, TimeDelta, Duration, Decimal);

impl<T: Ordered> Ordered for Option<T> {
    type Plain = T::Plain;
}

impl<E, T: FieldValue> Column<E, T> {
    /// The sum, `None` of no values. That of `i32` and `i64` is an `i64`.
    ///
    /// ```no_run
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub amount: i32, pub customer: String }
    /// # async fn example() -> Result<()> {
    /// let total: Option<i64> = Order::query().aggregate(|o| o.amount.sum()).await?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn sum(self) -> Aggregate<E, Option<T::Sum>>
    where
        T: Numeric,
    {
        Aggregate::new(Measure::Of(Function::Sum, self.index()), Option::from_value)
    }

    /// The arithmetic mean of the values that are not null, `None` of no values.
    #[must_use]
    pub fn avg(self) -> Aggregate<E, Option<f64>>
    where
        T: Averaged,
    {
        Aggregate::new(Measure::Of(Function::Avg, self.index()), Option::from_value)
    }
}

impl<E, T: FieldValue> Column<E, T> {
    /// The least value, `None` of no values.
    #[must_use]
    pub fn min(self) -> Aggregate<E, Option<T::Plain>>
    where
        T: Ordered,
    {
        Aggregate::new(Measure::Of(Function::Min, self.index()), Option::from_value)
    }

    /// The greatest value, `None` of no values.
    #[must_use]
    pub fn max(self) -> Aggregate<E, Option<T::Plain>>
    where
        T: Ordered,
    {
        Aggregate::new(Measure::Of(Function::Max, self.index()), Option::from_value)
    }

    /// How many different values there are, null left out.
    #[must_use]
    pub fn count_distinct(self) -> Aggregate<E, u64>
    where
        T: Ordered,
    {
        Aggregate::new(Measure::Of(Function::CountDistinct, self.index()), counted)
    }
}

/// Values of an answer, in the order in which they were asked for.
pub type Answered = std::vec::IntoIter<Value>;

fn next<T>(values: &mut Answered, read: fn(Value) -> Result<T, ValueError>) -> Result<T, ValueError> {
    read(values.next().unwrap_or(Value::Null))
}

/// One aggregate, a tuple of several, or `()` for none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "not an aggregate",
    note = "write `count()`, `o.amount.sum()`, `avg()`, `min()`, `max()`, `count_distinct()`, or a tuple of them"
)]
pub trait IntoAggregates<E>: Send + 'static {
    /// What is answered.
    type Output: Send + 'static;

    /// What is computed.
    fn measures(&self) -> Vec<Measure>;

    /// The answer.
    ///
    /// # Errors
    /// Where a value does not fit.
    fn read(&self, values: &mut Answered) -> Result<Self::Output, ValueError>;
}

impl<E: 'static, A: Send + 'static> IntoAggregates<E> for Aggregate<E, A> {
    type Output = A;

    fn measures(&self) -> Vec<Measure> {
        vec![self.measure]
    }

    fn read(&self, values: &mut Answered) -> Result<A, ValueError> {
        next(values, self.read)
    }
}

impl<E> IntoAggregates<E> for () {
    type Output = ();

    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    fn read(&self, _: &mut Answered) -> Result<(), ValueError> {
        Ok(())
    }
}

/// The fields that groups are made by: one column, or a tuple of several.
#[diagnostic::on_unimplemented(
    message = "groups cannot be made by `{Self}`",
    label = "not a field whose values can be compared",
    note = "write `|o| o.customer`, or a tuple: `|o| (o.customer, o.status)`"
)]
pub trait GroupKeys<E>: Send + 'static {
    /// The values that the rows of a group have in common.
    type Output: Send + 'static;

    /// The fields.
    fn fields(&self) -> Vec<usize>;

    /// The values.
    ///
    /// # Errors
    /// Where a value does not fit.
    fn read(&self, values: &mut Answered) -> Result<Self::Output, ValueError>;
}

impl<E: 'static, T: Ordered> GroupKeys<E> for Column<E, T> {
    type Output = T;

    fn fields(&self) -> Vec<usize> {
        vec![self.index()]
    }

    fn read(&self, values: &mut Answered) -> Result<T, ValueError> {
        next(values, T::from_value)
    }
}

/// What groups are ordered by, and in which direction: `o.amount.sum().desc()`, or `o.customer.asc()`.
pub struct GroupOrder<E> {
    key: GroupKey,
    direction: Direction,
    entity: PhantomData<fn() -> E>,
}

/// One order of groups, or a tuple of several: `|o| (count().desc(), o.customer.asc())`.
pub trait IntoGroupOrder<E> {
    /// The orders, the first one first.
    fn into_group_order(self) -> Vec<(GroupKey, Direction)>;
}

impl<E> IntoGroupOrder<E> for GroupOrder<E> {
    fn into_group_order(self) -> Vec<(GroupKey, Direction)> {
        vec![(self.key, self.direction)]
    }
}

impl<E> IntoGroupOrder<E> for Order<E> {
    fn into_group_order(self) -> Vec<(GroupKey, Direction)> {
        vec![(GroupKey::Field(self.index), self.direction)]
    }
}

macro_rules! tuples {
    ($($name:ident),+) => {
        impl<E, $($name: IntoAggregates<E>),+> IntoAggregates<E> for ($($name,)+) {
            type Output = ($($name::Output,)+);

            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn measures(&self) -> Vec<Measure> {
                let ($($name,)+) = self;
                [$($name.measures()),+].concat()
            }

            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn read(&self, values: &mut Answered) -> Result<Self::Output, ValueError> {
                let ($($name,)+) = self;
                Ok(($($name.read(values)?,)+))
            }
        }

        impl<E, $($name: GroupKeys<E>),+> GroupKeys<E> for ($($name,)+) {
            type Output = ($($name::Output,)+);

            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn fields(&self) -> Vec<usize> {
                let ($($name,)+) = self;
                [$($name.fields()),+].concat()
            }

            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn read(&self, values: &mut Answered) -> Result<Self::Output, ValueError> {
                let ($($name,)+) = self;
                Ok(($($name.read(values)?,)+))
            }
        }

        impl<E, $($name: IntoGroupOrder<E>),+> IntoGroupOrder<E> for ($($name,)+) {
            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn into_group_order(self) -> Vec<(GroupKey, Direction)> {
                let ($($name,)+) = self;
                [$($name.into_group_order()),+].concat()
            }
        }
    };
}
tuples!(A);
tuples!(A, B);
tuples!(A, B, C);
tuples!(A, B, C, D);
tuples!(A, B, C, D, F);
tuples!(A, B, C, D, F, G);
tuples!(A, B, C, D, F, G, H);
tuples!(A, B, C, D, F, G, H, I);
