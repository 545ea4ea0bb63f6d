//! Values that a row has through a relation: how many rows there are at the other end, their sum, or a field of the one there.

use crate::Result;
use crate::aggregate::{Function, Measure};
use crate::filter::Condition;
use crate::meta::{Direction, EntityMeta, RelationMeta};
use crate::value::FieldType;

/// A value that is computed of related rows.
#[derive(Clone, Debug, PartialEq)]
pub struct RelatedValue {
    /// The relation.
    pub relation: &'static RelationMeta,
    /// What of the rows at the other end.
    pub of: ValueOf,
    /// What holds of the rows at the other end.
    pub target: Condition,
    /// What holds of the rows in between, where the relation goes through another entity.
    pub between: Condition,
}

/// What of related rows a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueOf {
    /// Something that is computed over all of them.
    Measure(Measure),
    /// Of the one row at the other end of a relation to one.
    Key(OrderKey),
}

/// What rows are ordered by.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderKey {
    /// A field.
    Field(usize),
    /// A value of related rows.
    Related(Box<RelatedValue>),
}

/// What rows are ordered by, and in which direction; what comes first decides.
pub type OrderBy = Vec<(OrderKey, Direction)>;

/// An order by fields of the rows themselves.
#[must_use]
pub fn order_by_fields(fields: &[(usize, Direction)]) -> OrderBy {
    fields.iter().map(|(field, direction)| (OrderKey::Field(*field), *direction)).collect()
}

/// A value of related rows, and what holds of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The value.
    pub value: RelatedValue,
    /// What holds of it: a condition whose only field, 0, is the value.
    pub holds: Condition,
}

impl RelatedValue {
    /// A value of all related rows.
    #[must_use]
    pub const fn new(relation: &'static RelationMeta, of: ValueOf) -> Self {
        Self { relation, of, target: Condition::All, between: Condition::All }
    }

    /// The type of the value.
    ///
    /// # Errors
    /// 400 where the function does not take the field.
    pub fn field_type(&self) -> Result<FieldType> {
        match &self.of {
            ValueOf::Measure(measure) => measure.result(self.relation.target()),
            ValueOf::Key(key) => key.field_type(self.relation.target()),
        }
    }

    /// Is there a value even where there is no related row?
    #[must_use]
    pub const fn is_count(&self) -> bool {
        matches!(self.of, ValueOf::Measure(Measure::Count | Measure::Of(Function::CountDistinct, _)))
    }
}

impl OrderKey {
    /// The type of the value.
    ///
    /// # Errors
    /// 400 where a function does not take its field.
    pub fn field_type(&self, meta: &EntityMeta) -> Result<FieldType> {
        match self {
            Self::Field(field) => Ok(meta.field(*field).field_type),
            Self::Related(value) => value.field_type(),
        }
    }

    /// The field, where it is one of the row itself.
    #[must_use]
    pub const fn field(&self) -> Option<usize> {
        match self {
            Self::Field(field) => Some(*field),
            Self::Related(_) => None,
        }
    }
}

impl From<usize> for OrderKey {
    fn from(field: usize) -> Self {
        Self::Field(field)
    }
}

impl Condition {
    /// Something holds of a value of related rows, which is the field 0 of what holds.
    #[must_use]
    pub fn measured(value: RelatedValue, holds: Self) -> Self {
        match holds {
            Self::All | Self::Nothing => holds,
            holds => Self::Measured(Box::new(Measured { value, holds })),
        }
    }
}
