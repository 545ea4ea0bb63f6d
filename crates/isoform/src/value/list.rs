//! Lists: a column of JSON whose items are values of one type.

use std::cmp::Ordering;

use serde_json::Value as JsonValue;

use super::{FieldType, FieldValue, Scalar, ScalarType, ScalarValue, Stored, StoredAs, Value, ValueError};
use crate::validate::Message;
use crate::{json, validate};

impl<T: FieldValue> FieldValue for Vec<T> {
    const TYPE: FieldType = FieldType::List(&T::TYPE);
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        written(&self.iter().map(FieldValue::to_value).collect::<Vec<_>>())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        let items = items(value, T::TYPE)?.into_iter().enumerate();
        items.map(|(at, item)| T::from_value(item).map_err(|error| of_item(at, &error))).collect()
    }

    fn blank() -> Self {
        Self::new()
    }
}

/// A list as JSON, where each item has a form that is read again.
fn written(items: &[Value]) -> Value {
    let unfit = |(at, item): (usize, &Value)| match item {
        // What its own column could not hold has a text all the same.
        Value::Scalar(_) => None,
        item => validate::storable(item).err().map(|problem| of_item(at, &ValueError(problem))),
    };
    match items.iter().enumerate().find_map(unfit) {
        Some(problem) => Value::Scalar(Unfit(problem.0).into()),
        None => Value::Json(Box::new(items.iter().map(json::to_json).collect())),
    }
}

/// A list with an item that JSON does not know, such as the number NaN. It is never stored.
#[derive(Debug)]
struct Unfit(String);

const UNFIT: ScalarType = ScalarType {
    name: "unfit",
    describe: "a list",
    stored_as: StoredAs::Text,
    is_number: false,
    is_summed: false,
    input: "text",
    parse: |_| None,
    read: |_| None,
};

impl ScalarValue for Unfit {
    fn scalar_type(&self) -> &'static ScalarType {
        &UNFIT
    }

    fn to_text(&self) -> String {
        self.0.clone()
    }

    fn compare(&self, _: &Scalar) -> Option<Ordering> {
        None
    }

    fn stored(&self) -> Stored {
        Stored::Text(self.0.clone())
    }

    fn storable(&self) -> Result<(), String> {
        Err(self.0.clone())
    }
}

/// The items of a list, each as a value of the type.
fn items(value: Value, item_type: FieldType) -> Result<Vec<Value>, ValueError> {
    match value {
        Value::Json(json) => read(item_type, &json),
        Value::Null => Err(ValueError::null()),
        Value::Scalar(scalar) => Err(ValueError(scalar.storable().err().unwrap_or_else(|| "must be a list".into()))),
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
    let problem = validate::own(error.0.clone());
    ValueError(validate::filled(None, Message::Item, &[("{item}", &(at + 1)), ("{problem}", &problem)]))
}
