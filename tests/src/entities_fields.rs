//! The further types of fields.

use isoform::prelude::*;
use isoform::{FieldType, FieldValue, Value, ValueError};

use crate::entities::Color;

pub fn all() -> Entities {
    entities![Measure]
}

/// Every type of field that is not in `Sample`.
#[derive(Entity, Clone, Debug, PartialEq)]
#[entity(key = "measures", allow(crud = true), order_by(name))]
pub struct Measure {
    #[field(id)]
    pub id: Uuid,
    pub name: String,
    pub amount: Decimal,
    pub opens: NaiveTime,
    pub takes: TimeDelta,
    pub data: Vec<u8>,
    pub tags: Vec<String>,
    pub sizes: Vec<Decimal>,
    pub colors: Vec<Color>,
    pub length: Length,
    pub amount_or: Option<Decimal>,
    pub opens_or: Option<NaiveTime>,
    pub takes_or: Option<TimeDelta>,
    pub data_or: Option<Vec<u8>>,
    pub tags_or: Option<Vec<String>>,
    #[field(range(min = 0.01, max = 1000))]
    pub price: Option<Decimal>,
    #[field(unique)]
    pub code: Option<Decimal>,
}

/// A type of one's own: centimetres, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length(pub i64);

impl FieldValue for Length {
    const TYPE: FieldType = i64::TYPE;
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        self.0.to_value()
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        match i64::from_value(value)? {
            length @ 0.. => Ok(Self(length)),
            _ => Err(ValueError("must not be negative".into())),
        }
    }

    fn blank() -> Self {
        Self(0)
    }
}
