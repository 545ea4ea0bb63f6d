//! Relations in closures: `|t| t.project.name.eq("x")`, `|p| p.tasks.any(|t| t.done.eq(true))`.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::entity::{Column, Entity};
use crate::filter::{Condition, Filter};
use crate::meta::RelationMeta;
use crate::value::FieldValue;

use super::value::{OrderKey, RelatedValue, ValueOf};

/// A way from an entity to one whose columns are asked about: an entity itself, or [`Via`] a relation.
pub trait Path: Send + Sync + 'static {
    /// Where it starts: the entity whose rows are asked for.
    type Root: Entity;

    /// Where it ends: the entity whose columns these are.
    type End: Entity;

    /// The condition on rows of the root, from one on rows of the end.
    #[must_use]
    fn wrap(condition: Condition) -> Condition;

    /// What rows of the root are ordered by, from what rows of the end are.
    #[must_use]
    fn reach(key: OrderKey) -> OrderKey;
}

impl<E: Entity> Path for E {
    type Root = E;
    type End = E;

    fn wrap(condition: Condition) -> Condition {
        condition
    }

    fn reach(key: OrderKey) -> OrderKey {
        key
    }
}

/// The way over a relation of the entity where another way ends, by its position.
pub struct Via<P, T, const R: usize>(PhantomData<fn() -> (P, T)>);

impl<P: Path, T: Entity, const R: usize> Path for Via<P, T, R> {
    type Root = P::Root;
    type End = T;

    fn wrap(condition: Condition) -> Condition {
        P::wrap(match P::End::meta().relations.get(R) {
            Some(relation) => Condition::related(relation, condition),
            None => Condition::Nothing,
        })
    }

    fn reach(key: OrderKey) -> OrderKey {
        P::reach(match P::End::meta().relations.get(R) {
            Some(relation) => OrderKey::Related(Box::new(RelatedValue::new(relation, ValueOf::Key(key)))),
            None => key,
        })
    }
}

/// The columns of an entity, over a way: for the derive.
#[doc(hidden)]
pub trait Fixed: Copy + 'static {
    /// There is only one value of it.
    const FIXED: &'static Self;
}

/// A relation in a closure: what [`Query::include`](crate::Query::include) is told.
pub trait Relation<E> {
    /// The entity at the other end.
    type Target: Entity;

    /// The relation.
    fn meta(self) -> &'static RelationMeta;
}

/// A relation to one record, in a closure. It derefs to the columns of the entity at the other end.
pub struct OneLink<P, T, const R: usize>(PhantomData<fn() -> (P, T)>);

/// A relation to several records, in a closure.
pub struct ManyLink<P, T, const R: usize>(PhantomData<fn() -> (P, T)>);

macro_rules! links {
    ($($name:ident),+) => { $(
        impl<P, T, const R: usize> $name<P, T, R> {
            /// The only value: for the derive.
            #[doc(hidden)]
            pub const NEW: Self = Self(PhantomData);
        }

        impl<P, T, const R: usize> Clone for $name<P, T, R> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<P, T, const R: usize> Copy for $name<P, T, R> {}

        impl<E: Entity, T: Entity, const R: usize> Relation<E> for $name<E, T, R> {
            type Target = T;

            fn meta(self) -> &'static RelationMeta {
                &E::meta().relations[R]
            }
        }

        impl<P: Path, T: Entity, const R: usize> $name<P, T, R> {
            fn has(condition: Condition) -> Filter<P::Root> {
                Filter::from_condition(<Via<P, T, R>>::wrap(condition))
            }

            /// There is a related record of which this holds.
            pub fn any(self, build: impl FnOnce(T::Fields) -> Filter<T>) -> Filter<P::Root> {
                Self::has(T::filter(build).into_condition())
            }

            /// There is no related record of which this holds.
            pub fn none(self, build: impl FnOnce(T::Fields) -> Filter<T>) -> Filter<P::Root> {
                !self.any(build)
            }

            /// There is no related record of which this does not hold: true where there is none at all.
            pub fn all(self, build: impl FnOnce(T::Fields) -> Filter<T>) -> Filter<P::Root> {
                !Self::has(T::filter(build).into_condition().negate())
            }

            /// There is a related record.
            #[must_use]
            pub fn exists(self) -> Filter<P::Root> {
                Self::has(Condition::All)
            }
        }
    )+ };
}
links!(OneLink, ManyLink);

impl<P: Path, T: Entity, const R: usize> Deref for OneLink<P, T, R> {
    type Target = T::FieldsVia<Via<P, T, R>>;

    fn deref(&self) -> &Self::Target {
        <T::FieldsVia<Via<P, T, R>> as Fixed>::FIXED
    }
}

/// A field whose values can be equal to those of a field of type `B`: of the same type, whether or not either may be null.
#[diagnostic::on_unimplemented(
    message = "a field of type `{Self}` cannot refer to one of type `{B}`",
    label = "holds a `{Self}`, the other field a `{B}`"
)]
pub trait RefersTo<B> {}
impl<T: FieldValue> RefersTo<T> for T {}
impl<T: FieldValue> RefersTo<T> for Option<T> {}
impl<T: FieldValue> RefersTo<Option<T>> for T {}

/// The positions of two fields that are equal in related rows: for the derive.
#[doc(hidden)]
#[must_use]
pub const fn joined<A, X, B, Y>(one: Column<A, X>, other: Column<B, Y>) -> (usize, usize)
where
    X: RefersTo<Y>,
    B: crate::controller::Stored,
{
    (one.index(), other.index())
}
