//! Inputs that are bound to a field: label, type, limits, help and errors come from the entity.

mod check;
mod choice;
mod frame;
mod reference;
mod text;

use std::marker::PhantomData;

use isoform::{FieldType, FieldValue};

pub use check::CheckField;
pub use choice::SelectField;
pub use reference::ReferenceField;
pub use text::{DateField, NumberField, TextField};

use crate::field::{AnyField, Field};

/// The kinds of inputs.
pub mod kind {
    /// A text.
    #[derive(Clone, Copy, Debug)]
    pub struct Text;
    /// A number.
    #[derive(Clone, Copy, Debug)]
    pub struct Number;
    /// A day or a time.
    #[derive(Clone, Copy, Debug)]
    pub struct Date;
    /// Yes or no.
    #[derive(Clone, Copy, Debug)]
    pub struct Check;
    /// One of several.
    #[derive(Clone, Copy, Debug)]
    pub struct Choice;
    /// The key of a related row.
    #[derive(Clone, Copy, Debug)]
    pub struct Reference;
}

/// A field that fits a kind of input: each [`Field`] whose type does turns into one.
pub struct FieldFor<K> {
    field: AnyField,
    kind: PhantomData<fn() -> K>,
}

impl<K> FieldFor<K> {
    const fn new(field: AnyField) -> Self {
        Self { field, kind: PhantomData }
    }
}

impl<K> Clone for FieldFor<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for FieldFor<K> {}

impl<K> std::fmt::Debug for FieldFor<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.field.fmt(f)
    }
}

/// A field whose type is not known fits as far as its value can be written as text.
impl<K> From<AnyField> for FieldFor<K> {
    fn from(field: AnyField) -> Self {
        Self::new(field)
    }
}

macro_rules! fits {
    ($($kind:ident: $($value:ty),+;)+) => {$($(
        impl From<Field<$value>> for FieldFor<kind::$kind> {
            fn from(field: Field<$value>) -> Self {
                Self::new(field.any())
            }
        }
        impl From<Field<Option<$value>>> for FieldFor<kind::$kind> {
            fn from(field: Field<Option<$value>>) -> Self {
                Self::new(field.any())
            }
        }
    )+)+};
}

fits! {
    Text: String, isoform::prelude::Uuid, isoform::prelude::TimeDelta, std::time::Duration;
    Number: i32, i64, f64, isoform::prelude::Decimal;
    Date: isoform::prelude::NaiveDate, isoform::prelude::DateTime<isoform::prelude::Utc>, isoform::prelude::NaiveTime;
    Check: bool;
}

/// A list is edited as a text with an item per line.
impl<T: FieldValue> From<Field<Vec<T>>> for FieldFor<kind::Text>
where
    Vec<T>: FieldValue,
{
    fn from(field: Field<Vec<T>>) -> Self {
        Self::new(field.any())
    }
}

impl<T: FieldValue> From<Field<T>> for FieldFor<kind::Choice> {
    fn from(field: Field<T>) -> Self {
        const {
            assert!(
                matches!(T::TYPE, FieldType::Enum(_) | FieldType::Text),
                "a SelectField is for an enum with #[derive(FieldEnum)], or for a text with `one_of`"
            );
        }
        Self::new(field.any())
    }
}

/// Whatever its type: what is chosen is told by its text.
impl<T: FieldValue> From<Field<T>> for FieldFor<kind::Reference> {
    fn from(field: Field<T>) -> Self {
        Self::new(field.any())
    }
}
