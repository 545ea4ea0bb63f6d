//! Values: what a cell of a row can hold, and which Rust types are stored as what.

mod bytes;
mod decimal;
mod duration;
mod lazy;
mod list;
mod scalar;
mod time;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::validate::{self, Message};

pub use lazy::Lazy;
pub(crate) use list::read as read_list;
pub use scalar::{Scalar, ScalarType, ScalarValue, Stored, StoredAs};

/// One cell of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number: `i32` and `i64`.
    Int(i64),
    /// A finite floating point number.
    Float(f64),
    /// A text, or the stored name of an enum's variant.
    Text(String),
    /// A UUID.
    Uuid(Uuid),
    /// A point in time, to the microsecond.
    DateTime(DateTime<Utc>),
    /// A day of the Gregorian calendar.
    Date(NaiveDate),
    /// Any JSON, or a list.
    Json(Box<serde_json::Value>),
    /// A value of a further type, such as a decimal number.
    Scalar(Scalar),
}

/// The values of a row, in the order of the entity's fields.
pub type Row = Vec<Value>;

impl Value {
    /// Is this [`Value::Null`]?
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Is this what a field holds that nobody has filled in: null, an empty text or the nil UUID?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Uuid(id) => id.is_nil(),
            Self::Scalar(scalar) => scalar.is_empty(),
            _ => false,
        }
    }
}

/// How a field is stored and travels, whatever Rust type it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldType {
    /// `String`
    Text,
    /// `bool`
    Bool,
    /// `i32`
    Int32,
    /// `i64`
    Int64,
    /// `f64`
    Float,
    /// `Uuid`
    Uuid,
    /// `DateTime<Utc>`
    DateTime,
    /// `NaiveDate`
    Date,
    /// An enum without fields that derives `FieldEnum`; its variants.
    Enum(&'static [Variant]),
    /// `Json<T>`
    Json,
    /// `Vec<T>`: a list of values of a type, stored as JSON
    List(&'static FieldType),
    /// A further type, such as `Decimal`
    Scalar(&'static ScalarType),
}

/// One variant of an enum field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// What is stored and sent: the variant's name in snake_case, or what `#[field_enum(value = "…")]` says.
    pub value: &'static str,
    /// What people read.
    pub label: &'static str,
}

impl FieldType {
    /// Is it stored as text that people wrote, so that text operators and `len` fit?
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Text)
    }

    /// Does an empty text stand for a value: for a text, and for no bytes?
    #[must_use]
    pub fn reads_nothing(self) -> bool {
        match self {
            Self::Scalar(scalar) => (scalar.parse)("").is_some(),
            other => other.is_text(),
        }
    }

    /// Is it stored as JSON, so that one can only ask for null?
    #[must_use]
    pub const fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::List(_))
    }

    /// What a message calls a value of this type.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Int32 | Self::Int64 => "a whole number",
            Self::Float => "a number",
            Self::Uuid => "a UUID",
            Self::DateTime => "a time such as 2020-01-01T00:00:00.000Z",
            Self::Date => "a date such as 2020-01-02",
            Self::Enum(_) => "one of the allowed values",
            Self::Json => "JSON",
            Self::List(_) => "a list",
            Self::Scalar(scalar) => scalar.describe,
        }
    }
}

/// Why a value does not fit a field: a sentence for people, without the field's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(pub String);

impl ValueError {
    /// "must be …", from the type that was wanted.
    #[must_use]
    pub fn expected(field_type: FieldType) -> Self {
        match field_type {
            FieldType::Enum(variants) => {
                let names: Vec<_> = variants.iter().map(|variant| variant.value).collect();
                Self(validate::filled(None, Message::OneOf, &[("{values}", &names.join(", "))]))
            }
            other => Self(format!("must be {}", other.describe())),
        }
    }

    /// "must be … between …": of a whole number that is too large for its type, or too small.
    #[must_use]
    pub fn beyond(field_type: FieldType) -> Self {
        Self(match field_type {
            FieldType::Int32 => "must be a whole number between -2147483648 and 2147483647".into(),
            FieldType::Int64 => "must be a whole number between -9223372036854775808 and 9223372036854775807".into(),
            other => return Self::expected(other),
        })
    }

    /// "must not be null".
    #[must_use]
    pub fn null() -> Self {
        Self("must not be null".into())
    }
}

/// A Rust type that a field of an entity can have.
///
/// Implemented for `String`, `bool`, `i32`, `i64`, `f64`, `Decimal`, [`Uuid`], `DateTime<Utc>`, [`NaiveDate`], `NaiveTime`,
/// `TimeDelta`, `std::time::Duration`, `Vec<u8>` (bytes), [`Json<T>`], enums that derive `FieldEnum`, `Vec` of each, and `Option` of each.
///
/// A type of one's own is stored as one of these:
///
/// ```
/// use isoform::prelude::*;
/// use isoform::{FieldType, FieldValue, Value, ValueError};
///
/// /// Centimetres, never negative.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// pub struct Length(i64);
///
/// impl FieldValue for Length {
///     const TYPE: FieldType = i64::TYPE;
///     const CONVERTS: bool = true; // `from_value` refuses some whole numbers
///
///     fn to_value(&self) -> Value {
///         self.0.to_value()
///     }
///
///     fn from_value(value: Value) -> Result<Self, ValueError> {
///         match i64::from_value(value)? {
///             length @ 0.. => Ok(Self(length)),
///             _ => Err(ValueError("must not be negative".into())),
///         }
///     }
///
///     fn blank() -> Self {
///         Self(0)
///     }
/// }
///
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "boards", allow(crud = true))]
/// pub struct Board {
///     #[field(id)]
///     pub id: Uuid,
///     pub length: Length,
/// }
///
/// let long = Board::filter(|b| b.length.gt(Length(200)));
/// ```
///
/// Where it is stored as a text, `impl TextValue for Own {}` gives its columns the text operators.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in a field of an entity",
    label = "not a type that can be stored",
    note = "fields are String, bool, i32, i64, f64, Uuid, DateTime<Utc>, NaiveDate, NaiveTime, TimeDelta, Duration, Decimal, Vec<u8>, an enum with #[derive(FieldEnum)], Json<T> for any serde type, Vec of one of these, or Option of one of these; a type of your own implements FieldValue"
)]
pub trait FieldValue: Sized + Clone + PartialEq + Send + Sync + 'static {
    /// How the type is stored.
    const TYPE: FieldType;
    /// May it be null?
    const NULLABLE: bool = false;
    /// Does [`FieldValue::from_value`] refuse values that `TYPE` takes, or change them? Then what a client sends is asked of it
    /// before it is stored.
    const CONVERTS: bool = false;

    /// Does its value not come with the row? Then null stands for what is not loaded: see [`Lazy`].
    const LAZY: bool = false;

    /// The value as a cell.
    fn to_value(&self) -> Value;

    /// The value of a cell.
    ///
    /// # Errors
    /// Where the cell is null or of another type.
    fn from_value(value: Value) -> Result<Self, ValueError>;

    /// What a field holds before anybody has written to it.
    fn blank() -> Self;

    /// Takes over the value of a cell: for the derive, so that a field costs it one call.
    #[doc(hidden)]
    fn assign(&mut self, value: Value) -> Result<(), ValueError> {
        *self = Self::from_value(value)?;
        Ok(())
    }
}

macro_rules! scalar {
    ($rust:ty, $field_type:expr, $blank:expr, $to:expr, $from:pat => $back:expr) => {
        impl FieldValue for $rust {
            const TYPE: FieldType = $field_type;

            fn to_value(&self) -> Value {
                #[allow(clippy::redundant_closure_call, reason = "the closure is a macro argument")]
                ($to)(self)
            }

            fn from_value(value: Value) -> Result<Self, ValueError> {
                match value {
                    $from => $back,
                    Value::Null => Err(ValueError::null()),
                    #[allow(unreachable_patterns, reason = "for some types the first arm is a guard")]
                    _ => Err(ValueError::expected(Self::TYPE)),
                }
            }

            fn blank() -> Self {
                $blank
            }
        }
    };
}

scalar!(String, FieldType::Text, Self::new(), |s: &Self| Value::Text(s.clone()), Value::Text(text) => Ok(text));
scalar!(bool, FieldType::Bool, false, |b: &Self| Value::Bool(*b), Value::Bool(b) => Ok(b));
scalar!(i64, FieldType::Int64, 0, |n: &Self| Value::Int(*n), Value::Int(n) => Ok(n));
scalar!(i32, FieldType::Int32, 0, |n: &Self| Value::Int(i64::from(*n)),
    Value::Int(n) => Self::try_from(n).map_err(|_| ValueError::beyond(FieldType::Int32)));
scalar!(Uuid, FieldType::Uuid, Self::nil(), |id: &Self| Value::Uuid(*id), Value::Uuid(id) => Ok(id));
scalar!(NaiveDate, FieldType::Date, Self::default(), |d: &Self| Value::Date(*d), Value::Date(d) => Ok(d));
scalar!(DateTime<Utc>, FieldType::DateTime, Self::UNIX_EPOCH,
    |t: &Self| Value::DateTime(t.trunc_subsecs(6)), Value::DateTime(t) => Ok(t));

impl FieldValue for f64 {
    const TYPE: FieldType = FieldType::Float;

    fn to_value(&self) -> Value {
        Value::Float(*self)
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Float(n) => Ok(n),
            #[allow(clippy::cast_precision_loss, reason = "a whole number for an f64 field is rounded as JSON does")]
            Value::Int(n) => Ok(n as Self),
            Value::Null => Err(ValueError::null()),
            _ => Err(ValueError::expected(Self::TYPE)),
        }
    }

    fn blank() -> Self {
        0.0
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    const TYPE: FieldType = T::TYPE;
    const NULLABLE: bool = true;
    const CONVERTS: bool = T::CONVERTS;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, FieldValue::to_value)
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }

    fn blank() -> Self {
        None
    }
}

/// A field that holds any serde type, stored and sent as JSON.
///
/// ```
/// use isoform::Json;
/// let tags = Json(vec!["home", "tax"]);
/// assert_eq!(tags.len(), 2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T> std::ops::Deref for Json<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> std::ops::DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> FieldValue for Json<T>
where
    T: Serialize + DeserializeOwned + Default + Clone + PartialEq + Send + Sync + 'static,
{
    const TYPE: FieldType = FieldType::Json;
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        // A type that serde cannot write (a map with keys that are no text) is stored as JSON null.
        Value::Json(Box::new(serde_json::to_value(&self.0).unwrap_or_default()))
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        let read = |json| {
            crate::json::typed(json)
                .map(Json)
                .map_err(|error| ValueError(validate::filled(None, Message::Json, &[("{problem}", &error)])))
        };
        match value {
            Value::Json(json) => read(*json),
            // JSON's null is no absence for a type that knows it, such as `Json<Option<T>>`.
            Value::Null => read(serde_json::Value::Null).map_err(|_| ValueError::null()),
            _ => Err(ValueError::expected(Self::TYPE)),
        }
    }

    fn blank() -> Self {
        Self(T::default())
    }
}

/// A field type of which one of several values is chosen: an enum with `#[derive(FieldEnum)]`, or a text with `one_of`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no choice of one of several",
    label = "must be an enum with #[derive(FieldEnum)], or a String with `one_of`"
)]
pub trait ChoiceValue: FieldValue {}
impl ChoiceValue for String {}
impl<T: ChoiceValue> ChoiceValue for Option<T> {}

/// What `#[derive(FieldEnum)]` implements for an enum without fields.
#[diagnostic::on_unimplemented(message = "`{Self}` is not an enum field", label = "add #[derive(FieldEnum)]")]
pub trait FieldEnum: Copy + PartialEq + Send + Sync + 'static {
    /// Every variant, in the order of the declaration.
    const VARIANTS: &'static [Variant];

    /// The position of this variant in [`FieldEnum::VARIANTS`].
    fn index(self) -> usize;

    /// The variant at a position.
    fn from_index(index: usize) -> Option<Self>;

    /// The variant that a new record starts with: the one marked `#[default]`, or the first.
    fn initial() -> Self;

    /// What is stored and sent.
    fn value(self) -> &'static str {
        Self::VARIANTS.get(self.index()).map_or("", |variant| variant.value)
    }

    /// What people read.
    fn label(self) -> &'static str {
        Self::VARIANTS.get(self.index()).map_or("", |variant| variant.label)
    }

    /// The variant that a stored or sent text stands for.
    fn parse(text: &str) -> Option<Self> {
        Self::VARIANTS.iter().position(|variant| variant.value == text).and_then(Self::from_index)
    }
}
