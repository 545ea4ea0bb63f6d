//! Times of day.

use std::cmp::Ordering;

use chrono::{NaiveTime, Timelike as _};

use super::scalar::{ordered, scalar_field};
use super::{FieldType, FieldValue, Scalar, ScalarType, ScalarValue, Stored, StoredAs, Value, ValueError};
use crate::json::{format_time, format_time_micros, parse_time};

const TIME: ScalarType = ScalarType {
    name: "time",
    describe: "a time of day such as 13:45:00",
    stored_as: StoredAs::Text,
    is_number: false,
    is_summed: false,
    input: "time",
    parse: |text| parse_time(text).map(|time| time.to_value()),
    read: |cell| match cell {
        Stored::Text(text) => parse_time(&text).map(|time| time.to_value()),
        _ => None,
    },
};

scalar_field!(NaiveTime, TIME, value => to_the_microsecond(*value), Self::MIN);

/// A leap second, which is no time of every day, is the microsecond before the next minute.
fn to_the_microsecond(time: NaiveTime) -> NaiveTime {
    let nanos = time.nanosecond().min(999_999_999) / 1000 * 1000;
    time.with_nanosecond(nanos).unwrap_or(time)
}

impl ScalarValue for NaiveTime {
    fn scalar_type(&self) -> &'static ScalarType {
        &TIME
    }

    fn to_text(&self) -> String {
        format_time(*self)
    }

    fn compare(&self, other: &Scalar) -> Option<Ordering> {
        ordered(self, other)
    }

    fn stored(&self) -> Stored {
        Stored::Text(format_time_micros(*self))
    }
}
