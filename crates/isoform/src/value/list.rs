//! Lists: a column of JSON whose items are values of one type.

use serde_json::Value as JsonValue;

use super::{FieldType, FieldValue, Value, ValueError};
use crate::json;

impl<T: FieldValue> FieldValue for Vec<T> {
    const TYPE: FieldType = FieldType::List(&T::TYPE);
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        Value::Json(Box::new(self.iter().map(|item| json::to_json(&item.to_value())).collect()))
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        let items = items(value, T::TYPE)?.into_iter().enumerate();
        items.map(|(at, item)| T::from_value(item).map_err(|error| of_item(at, &error))).collect()
    }

    fn blank() -> Self {
        Self::new()
    }
}

/// The items of a list, each as a value of the type.
fn items(value: Value, item_type: FieldType) -> Result<Vec<Value>, ValueError> {
    match value {
        Value::Json(json) => read(item_type, &json),
        Value::Null => Err(ValueError::null()),
        _ => Err(ValueError("must be a list".into())),
    }
}

/// Reads the items of a JSON array.
pub(crate) fn read(item_type: FieldType, json: &JsonValue) -> Result<Vec<Value>, ValueError> {
    let JsonValue::Array(items) = json else { return Err(ValueError("must be a list".into())) };
    let item = |(at, item)| json::from_json(item_type, item).map_err(|error| of_item(at, &error));
    items.iter().enumerate().map(item).collect()
}

fn of_item(at: usize, error: &ValueError) -> ValueError {
    ValueError(format!("{} (item {})", error.0, at + 1))
}
