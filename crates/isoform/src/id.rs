//! Which row: the values of the fields that are its id.

use std::fmt;

use serde_json::Value as JsonValue;

use crate::filter::{Condition, Operand};
use crate::json;
use crate::meta::EntityMeta;
use crate::value::{FieldValue, Value, ValueError};

/// The id of a row, without its type: the values of the fields that are the id, in the order of their declaration.
///
/// As text, which is what stands in addresses, several values have commas between them; none of them has one of its own.
///
/// ```
/// # use isoform::prelude::*;
/// #[derive(Entity, Clone, Debug, PartialEq)]
/// #[entity(key = "items", allow(crud = true))]
/// pub struct Item {
///     #[field(id)]
///     pub order: i64,
///     #[field(id)]
///     pub product: String,
/// }
/// let item = Record::from(Item { order: 7, product: "tea".into() });
/// assert_eq!(item.id().to_string(), "7,tea");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Id(Vec<Value>);

impl Id {
    /// The id among the values of a row, given by the positions of their fields.
    pub fn of(meta: &EntityMeta, get: impl FnMut(usize) -> Value) -> Self {
        Self(meta.ids.iter().copied().map(get).collect())
    }

    /// The id that a text stands for: what [`Id`] is written as.
    ///
    /// # Errors
    /// Where it is none, as the end of a sentence: "must …".
    pub fn from_text(meta: &EntityMeta, text: &str) -> Result<Self, ValueError> {
        // One field takes the text as it is, commas and all.
        let parts: Vec<_> = if meta.ids.len() == 1 { vec![text] } else { text.split(',').collect() };
        if parts.len() != meta.ids.len() {
            return Err(Self::expected(meta));
        }
        let values = meta.ids.iter().zip(parts).map(|(id, part)| json::from_text(meta.field(*id).field_type, part));
        values.collect::<Result<_, _>>().map(Self)
    }

    /// The id that JSON stands for: the value of one field, or the text of several.
    ///
    /// # Errors
    /// As [`Id::from_text`].
    pub fn from_json(meta: &EntityMeta, json: &JsonValue) -> Result<Self, ValueError> {
        match (meta.ids, json) {
            ([id], json) => json::from_json(meta.field(*id).field_type, json).map(|value| Self(vec![value])),
            (_, JsonValue::String(text)) => Self::from_text(meta, text),
            _ => Err(Self::expected(meta)),
        }
    }

    fn expected(meta: &EntityMeta) -> ValueError {
        let names: Vec<_> = meta.ids.iter().map(|id| meta.field(*id).wire).collect();
        ValueError(format!("must be a text with the values of {}, and commas between them", names.join(", ")))
    }

    /// The id as JSON: what [`Id::from_json`] reads.
    #[must_use]
    pub fn to_json(&self) -> JsonValue {
        match self.0.as_slice() {
            [value] => json::to_json(value),
            _ => self.to_string().into(),
        }
    }

    /// The values, in the order in which the fields are declared.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.0
    }

    /// Is one of the values left empty, so that no row has it?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().any(Value::is_empty)
    }

    /// What holds of the row with this id alone.
    #[must_use]
    pub fn condition(&self, meta: &EntityMeta) -> Condition {
        // That of another entity would be the id of many rows.
        if self.0.len() != meta.ids.len() {
            return Condition::Nothing;
        }
        let equal = meta.ids.iter().zip(&self.0).map(|(id, value)| Condition::equals(*id, value.clone()));
        equal.fold(Condition::All, Condition::and)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, value) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            f.write_str(&json::to_text(value))?;
        }
        Ok(())
    }
}

/// What says which row is meant: a value of the id's type `I`; where several fields are the id, a tuple; or the [`Id`] of a record.
///
/// ```no_run
/// # use isoform::prelude::*;
/// # #[derive(Entity, Clone, Debug, PartialEq)]
/// # #[entity(key = "items", allow(crud = true))]
/// # pub struct Item { #[field(id)] pub order: i64, #[field(id)] pub product: String, pub amount: i32 }
/// # async fn example() -> Result<()> {
/// let item = repo::<Item>().find_id((7, "tea")).await?;
/// repo::<Item>().update(item.id(), |i| i.amount.set(2)).await?;
/// # Ok(()) }
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is no id of the type `{I}`", label = "must be a `{I}`")]
pub trait IntoId<I> {
    /// The id.
    fn into_id(self) -> Id;
}

impl<T: FieldValue> IntoId<T> for T {
    fn into_id(self) -> Id {
        Id(vec![self.to_value()])
    }
}

impl<T: FieldValue> IntoId<T> for &T {
    fn into_id(self) -> Id {
        Id(vec![self.to_value()])
    }
}

impl IntoId<String> for &str {
    fn into_id(self) -> Id {
        Id(vec![Value::Text(self.into())])
    }
}

impl<I> IntoId<I> for Id {
    fn into_id(self) -> Id {
        self
    }
}

impl<I> IntoId<I> for &Id {
    fn into_id(self) -> Id {
        self.clone()
    }
}

macro_rules! tuple_id {
    ($($value:ident: $part:ident),+) => {
        impl<$($part: FieldValue, $value: Operand<$part>),+> IntoId<($($part,)+)> for ($($value,)+) {
            #[allow(non_snake_case, reason = "the type's name serves as the variable's")]
            fn into_id(self) -> Id {
                let ($($value,)+) = self;
                Id(vec![$($value.into_operand()),+])
            }
        }
    };
}
tuple_id!(A: S, B: T);
tuple_id!(A: S, B: T, C: U);
tuple_id!(A: S, B: T, C: U, D: V);
