//! Scalars: types whose code is only where they are used. What handles values calls through [`ScalarValue`].

use std::any::Any;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::{FieldValue, Value, ValueError};
use crate::meta::Number;

/// How a scalar type is stored and travels.
#[derive(Clone, Copy)]
pub struct ScalarType {
    /// Its name: no two types have the same.
    pub name: &'static str,
    /// What a message calls a value of this type: "a time of day such as 13:45:00".
    pub describe: &'static str,
    /// What its column holds.
    pub stored_as: StoredAs,
    /// Is it a number, which JSON may write as one, and which has a `range`?
    pub is_number: bool,
    /// Is the sum of the numbers in its column the sum of the values?
    pub is_summed: bool,
    /// The `type` of the HTML input.
    pub input: &'static str,
    /// Reads a text of the wire, an address or a form.
    pub parse: fn(&str) -> Option<Value>,
    /// Reads a cell.
    pub read: fn(Stored) -> Option<Value>,
}

impl PartialEq for ScalarType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for ScalarType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a column of scalars holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoredAs {
    /// Whole numbers that have the order of the values, and the sum.
    Int,
    /// Texts that have the order of the values.
    Text,
    /// Bytes that have the order of the values.
    Bytes,
}

/// A scalar as a cell holds it.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// A whole number.
    Int(i64),
    /// What lies between two whole numbers, or beyond them all. It is asked about and never stored.
    Between(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// A value of a scalar type.
pub trait ScalarValue: Any + fmt::Debug + Send + Sync {
    /// Its type.
    fn scalar_type(&self) -> &'static ScalarType;

    /// Its text on the wire: what [`ScalarType::parse`] reads.
    fn to_text(&self) -> String;

    /// Its order with a value of the same type; none with one of another.
    fn compare(&self, other: &Scalar) -> Option<Ordering>;

    /// Its order with the limit of a `range`, where it is a number.
    fn compare_number(&self, limit: Number) -> Option<Ordering> {
        let _ = limit;
        None
    }

    /// Is it what a field holds that nobody has filled in?
    fn is_empty(&self) -> bool {
        false
    }

    /// Its cell: what [`ScalarType::read`] reads.
    fn stored(&self) -> Stored;

    /// Passes a value that can be stored and read again.
    ///
    /// # Errors
    /// What is wrong with it: "must …".
    fn storable(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A value of some scalar type.
#[derive(Clone)]
pub struct Scalar(Arc<dyn ScalarValue>);

impl Scalar {
    /// The value with its type, if it is of this one.
    #[must_use]
    pub fn get<T: ScalarValue>(&self) -> Option<&T> {
        (&*self.0 as &dyn Any).downcast_ref()
    }
}

impl<T: ScalarValue> From<T> for Scalar {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl std::ops::Deref for Scalar {
    type Target = dyn ScalarValue;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The Rust value of a cell.
pub(super) fn typed<T: ScalarValue + FieldValue>(value: Value) -> Result<T, ValueError> {
    match value {
        Value::Scalar(scalar) => scalar.get::<T>().cloned().ok_or_else(|| ValueError::expected(T::TYPE)),
        Value::Null => Err(ValueError::null()),
        _ => Err(ValueError::expected(T::TYPE)),
    }
}

/// The order of two scalars of one type.
pub(super) fn ordered<T: ScalarValue + Ord>(one: &T, other: &Scalar) -> Option<Ordering> {
    other.get::<T>().map(|other| one.cmp(other))
}

/// A type as the type of a field.
macro_rules! scalar_field {
    ($rust:ty, $scalar_type:expr, $value:ident => $kept:expr, $blank:expr) => {
        impl FieldValue for $rust {
            const TYPE: FieldType = FieldType::Scalar(&$scalar_type);

            fn to_value(&self) -> Value {
                let $value = self;
                Value::Scalar(Scalar::from($kept))
            }

            fn from_value(value: Value) -> Result<Self, ValueError> {
                crate::value::scalar::typed(value)
            }

            fn blank() -> Self {
                $blank
            }
        }
    };
}
pub(super) use scalar_field;
