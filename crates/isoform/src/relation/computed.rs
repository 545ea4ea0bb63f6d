//! The typed shell of values of related rows: `o.items.count().gt(3)`, `o.items.sum(|i| i.price).desc()`, `t.project.name.asc()`.

use std::marker::PhantomData;

use super::link::{ManyLink, Path, Via};
use super::value::{OrderBy, OrderKey, RelatedValue, ValueOf};
use crate::aggregate::{Averaged, Function, Measure, Numeric, Ordered};
use crate::entity::{Column, Entity, IntoOrder};
use crate::filter::{Comparison, Condition, Filter, Operand};
use crate::meta::Direction;
use crate::value::{FieldType, FieldValue, Value};

/// Some of the related rows, in a closure: `o.items.filter(|i| i.paid.eq(true))`, of which a value can be computed.
pub struct RelatedRows<P, T, const R: usize> {
    condition: Condition,
    link: PhantomData<fn() -> (P, T)>,
}

/// A value of type `A` that is computed of related rows, over the way `P`: it is compared, and rows are ordered by it. `ZERO`
/// says that a declared field may take it for 0 where it is null.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "items", allow(crud = true))]
/// # pub struct Item { #[field(id)] pub id: Uuid, pub order_id: Uuid, pub price: i32, pub paid: bool }
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "orders", allow(crud = true))]
/// pub struct Order {
///     #[field(id)]
///     pub id: Uuid,
///     #[relation(Item::order_id)]
///     pub items: ToMany<Item>,
///     #[field(related = |o| o.items.sum(|i| i.price))]
///     pub total: i64,
/// }
/// # async fn example() -> Result<()> {
/// let large = Order::query()
///     .filter(|o| o.items.count().gt(3) & o.items.filter(|i| i.paid.eq(false)).sum(|i| i.price).gte(100))
///     .order_by(|o| (o.items.max(|i| i.price).desc(), o.total.asc()))
///     .await?;
/// # Ok(()) }
/// ```
pub struct Computed<P, A, const ZERO: bool = false> {
    value: RelatedValue,
    types: PhantomData<fn() -> (P, A)>,
}

impl<P: Path, T: Entity, const R: usize> RelatedRows<P, T, R> {
    /// Only those of which this holds too.
    #[must_use]
    pub fn filter(mut self, build: impl FnOnce(T::Fields) -> Filter<T>) -> Self {
        self.condition = self.condition.and(T::filter(build).into_condition());
        self
    }

    fn computed<A, const ZERO: bool>(self, measure: Measure) -> Computed<P, A, ZERO> {
        let relation = &P::End::meta().relations[R];
        let value = RelatedValue { target: self.condition, ..RelatedValue::new(relation, ValueOf::Measure(measure)) };
        Computed { value, types: PhantomData }
    }
}

macro_rules! measures {
    ($($(#[$docs:meta])* $name:ident<$of:ident>($function:ident) -> $answer:ty, $zero:literal;)+) => {
        impl<P: Path, T: Entity, const R: usize> RelatedRows<P, T, R> {
            /// How many there are.
            #[must_use]
            pub fn count(self) -> Computed<P, i64> {
                self.computed(Measure::Count)
            }

            $(
                $(#[$docs])*
                #[must_use]
                pub fn $name<C: $of>(self, of: impl FnOnce(T::Fields) -> Column<T, C>) -> Computed<P, $answer, $zero> {
                    self.computed(Measure::Of(Function::$function, of(T::FIELDS).index()))
                }
            )+
        }

        impl<P: Path, T: Entity, const R: usize> ManyLink<P, T, R> {
            /// Some of the related rows, of which a value can be computed.
            #[must_use]
            pub fn filter(self, build: impl FnOnce(T::Fields) -> Filter<T>) -> RelatedRows<P, T, R> {
                RelatedRows { condition: T::filter(build).into_condition(), link: PhantomData }
            }

            fn every(self) -> RelatedRows<P, T, R> {
                RelatedRows { condition: Condition::All, link: PhantomData }
            }

            /// How many there are.
            #[must_use]
            pub fn count(self) -> Computed<P, i64> {
                self.every().count()
            }

            $(
                $(#[$docs])*
                #[must_use]
                pub fn $name<C: $of>(self, of: impl FnOnce(T::Fields) -> Column<T, C>) -> Computed<P, $answer, $zero> {
                    self.every().$name(of)
                }
            )+
        }
    };
}
measures! {
    /// The sum of a field of theirs; null of no values.
    sum<Numeric>(Sum) -> Option<C::Sum>, true;
    /// The arithmetic mean of a field of theirs; null of no values.
    avg<Averaged>(Avg) -> Option<f64>, false;
    /// The least value of a field of theirs; null of no values.
    min<Ordered>(Min) -> Option<C::Plain>, false;
    /// The greatest value of a field of theirs; null of no values.
    max<Ordered>(Max) -> Option<C::Plain>, false;
    /// How many different values a field of theirs has, null left out.
    count_distinct<Ordered>(CountDistinct) -> i64, false;
}

impl<P: Path, A: FieldValue, const ZERO: bool> Computed<P, A, ZERO> {
    fn holds(self, condition: Condition) -> Filter<P::Root> {
        Filter::from_condition(P::wrap(Condition::measured(self.value, condition)))
    }

    fn compare(self, comparison: Comparison, value: Value) -> Filter<P::Root> {
        // The plain type: an enum has the order of its declaration.
        let field_type: FieldType = A::TYPE;
        self.holds(Condition::compare(0, field_type, comparison, value))
    }

    /// The value equals another; `eq(None)` asks for null.
    pub fn eq(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.holds(Condition::equals(0, value.into_operand()))
    }

    /// The value does not equal another; null does not equal anything, and is not found.
    pub fn ne(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.holds(Condition::equals(0, value.into_operand()).negate())
    }

    /// Greater than another.
    pub fn gt(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.compare(Comparison::Gt, value.into_operand())
    }

    /// Greater than another, or equal.
    pub fn gte(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.compare(Comparison::Gte, value.into_operand())
    }

    /// Less than another.
    pub fn lt(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.compare(Comparison::Lt, value.into_operand())
    }

    /// Less than another, or equal.
    pub fn lte(self, value: impl Operand<A>) -> Filter<P::Root> {
        self.compare(Comparison::Lte, value.into_operand())
    }

    /// One of some values.
    pub fn in_<V: Operand<A>>(self, values: impl IntoIterator<Item = V>) -> Filter<P::Root> {
        let values = values.into_iter().map(Operand::into_operand).filter(|value: &Value| !value.is_null());
        let values: Vec<_> = values.collect();
        self.holds(if values.is_empty() { Condition::Nothing } else { Condition::In(0, values) })
    }

    /// There is no value: no related row has one.
    #[must_use]
    pub fn is_null(self) -> Filter<P::Root> {
        self.holds(Condition::Null(0))
    }

    /// Rows with small values first.
    #[must_use]
    pub fn asc(self) -> RelatedOrder<P::Root> {
        RelatedOrder::new(P::reach(OrderKey::Related(Box::new(self.value))), Direction::Asc)
    }

    /// Rows with large values first; null is greater than everything.
    #[must_use]
    pub fn desc(self) -> RelatedOrder<P::Root> {
        RelatedOrder::new(P::reach(OrderKey::Related(Box::new(self.value))), Direction::Desc)
    }
}

/// A value of related rows and a direction, in an order.
pub struct RelatedOrder<E> {
    key: OrderKey,
    direction: Direction,
    entity: PhantomData<fn() -> E>,
}

impl<E> RelatedOrder<E> {
    const fn new(key: OrderKey, direction: Direction) -> Self {
        Self { key, direction, entity: PhantomData }
    }
}

impl<E> IntoOrder<E> for RelatedOrder<E> {
    fn into_order(self) -> OrderBy {
        vec![(self.key, self.direction)]
    }
}

impl<P: Path, T: Entity, const R: usize, C: FieldValue> Column<Via<P, T, R>, C> {
    fn key(self) -> OrderKey {
        <Via<P, T, R>>::reach(OrderKey::Field(self.index()))
    }

    /// Rows whose related row has a small value first; those without one come last.
    #[must_use]
    pub fn asc(self) -> RelatedOrder<P::Root> {
        RelatedOrder::new(self.key(), Direction::Asc)
    }

    /// Rows whose related row has a large value first; those without one come first.
    #[must_use]
    pub fn desc(self) -> RelatedOrder<P::Root> {
        RelatedOrder::new(self.key(), Direction::Desc)
    }
}

/// What a field of type `T` can be declared to be: `#[field(related = |o| o.items.count())]`.
#[diagnostic::on_unimplemented(
    message = "a field of type `{T}` cannot be `{Self}`",
    label = "is of another type",
    note = "counts are `i64`; sums of whole numbers are `i64` or `Option<i64>`, others of their field's type; averages are `Option<f64>`; \
            what is least, greatest or of one related row is an `Option`, since there may be none"
)]
pub trait DeclaredAs<E, T> {
    /// The value without its type.
    fn declared(self) -> OrderKey;
}

impl<P: Path, A: FieldValue, const ZERO: bool> DeclaredAs<P::Root, A> for Computed<P, A, ZERO> {
    fn declared(self) -> OrderKey {
        P::reach(OrderKey::Related(Box::new(self.value)))
    }
}

impl<P: Path, A: FieldValue> DeclaredAs<P::Root, A> for Computed<P, Option<A>, true>
where
    Option<A>: FieldValue,
{
    fn declared(self) -> OrderKey {
        P::reach(OrderKey::Related(Box::new(self.value)))
    }
}

impl<P: Path, T: Entity, const R: usize, C: FieldValue> DeclaredAs<P::Root, Option<C>> for Column<Via<P, T, R>, C> {
    fn declared(self) -> OrderKey {
        self.key()
    }
}

impl<P: Path, T: Entity, const R: usize, C: FieldValue> DeclaredAs<P::Root, Option<C>>
    for Column<Via<P, T, R>, Option<C>>
where
    Option<C>: FieldValue,
{
    fn declared(self) -> OrderKey {
        self.key()
    }
}

/// The value of related rows that a field is declared to be: for the derive.
#[doc(hidden)]
#[must_use]
pub fn declared<E: Entity, T, D: DeclaredAs<E, T>>(build: impl FnOnce(E::Fields) -> D) -> OrderKey {
    build(E::FIELDS).declared()
}
