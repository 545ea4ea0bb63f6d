//! The values that a filter pins: those that a field of the rows which it finds can only have.

use std::collections::HashSet;

use super::{Comparison, Condition, Filter};
use crate::entity::{Column, Entity};
use crate::json;
use crate::value::{FieldValue, Value};

/// Values of one field, to be asked whether a value is among them: a filter can have so many that a look at each would be long.
pub(crate) struct Among(HashSet<Vec<u8>>);

impl Among {
    pub fn new<'a>(values: impl IntoIterator<Item = &'a Value>) -> Self {
        Self(values.into_iter().map(text).collect())
    }

    pub fn contains(&self, value: &Value) -> bool {
        self.0.contains(&text(value))
    }

    /// Was the value none of them?
    fn insert(&mut self, value: &Value) -> bool {
        self.0.insert(text(value))
    }
}

/// A value as text: values cannot be hashed, and those of one field are equal where their texts are.
fn text(value: &Value) -> Vec<u8> {
    let mut text = Vec::with_capacity(24);
    match value {
        // There are two zeros, which are equal.
        Value::Float(zero) if *zero == 0.0 => json::write_json(&Value::Float(0.0), &mut text),
        value => json::write_json(value, &mut text),
    }
    text
}

impl Condition {
    /// The values that a field can only have in rows which fulfil the condition; none where it can have any. Asked of
    /// equalities, `in` and null, and what joins them; what is negated, or asks for more, pins nothing.
    #[must_use]
    pub fn pinned(&self, field: usize) -> Option<Vec<Value>> {
        match self {
            Self::Compare(own, Comparison::Eq, value) if *own == field => Some(vec![value.clone()]),
            Self::In(own, values) if *own == field => Some(values.clone()),
            Self::Null(own) if *own == field => Some(vec![Value::Null]),
            Self::Nothing => Some(Vec::new()),
            // What holds of both is among the values of both.
            Self::And(list) => list.iter().filter_map(|one| one.pinned(field)).reduce(|mut values, others| {
                let others = Among::new(&others);
                values.retain(|value| others.contains(value));
                values
            }),
            Self::Or(list) => {
                let (mut values, mut seen) = (Vec::new(), Among::new([]));
                for one in list {
                    values.extend(one.pinned(field)?.into_iter().filter(|value| seen.insert(value)));
                }
                Some(values)
            }
            _ => None,
        }
    }
}

impl<E: Entity> Filter<E> {
    /// The values that a field can only have in the rows that the filter finds, or `None` where it can have any.
    ///
    /// Equalities and `in` pin a field, and so does an `or` each part of which does. What is negated pins nothing, nor does a
    /// condition on related rows; a custom filter has become what it answered where a function is given a filter.
    ///
    /// ```
    /// # use isoform::prelude::*;
    /// # #[derive(Entity, Clone, Debug, PartialEq)]
    /// # #[entity(key = "orders", allow(crud = true))]
    /// # pub struct Order { #[field(id)] pub id: Uuid, pub customer: String, pub paid: bool }
    /// let filter = Order::filter(|o| o.paid.ne(true) & (o.customer.in_(["1", "2"]) | o.customer.eq("3")));
    /// assert_eq!(filter.values_of(|o| o.customer), Some(vec!["1".to_owned(), "2".into(), "3".into()]));
    /// assert_eq!(filter.values_of(|o| o.paid), None);
    /// ```
    #[must_use]
    pub fn values_of<T: FieldValue>(&self, field: impl FnOnce(E::Fields) -> Column<E, T>) -> Option<Vec<T>> {
        let values = self.condition().pinned(field(E::FIELDS).index())?;
        // What the field's type does not take, no row has.
        Some(values.into_iter().filter_map(|value| T::from_value(value).ok()).collect())
    }
}
