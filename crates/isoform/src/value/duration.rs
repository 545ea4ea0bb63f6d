//! Lengths of time: ISO 8601 on the wire, microseconds in the table.

use std::cmp::Ordering;
use std::time::Duration;

use chrono::TimeDelta;

use super::scalar::{ordered, scalar_field};
use super::{FieldType, FieldValue, Scalar, ScalarType, ScalarValue, Stored, StoredAs, Value, ValueError};

const DURATION: ScalarType = ScalarType {
    name: "duration",
    describe: "a duration such as PT1H30M",
    stored_as: StoredAs::Int,
    is_number: false,
    is_summed: true,
    input: "text",
    parse: |text| parse(text.trim()).map(|duration| duration.to_value()),
    read: |cell| match cell {
        Stored::Int(micros) => Some(TimeDelta::microseconds(micros).to_value()),
        _ => None,
    },
};

scalar_field!(TimeDelta, DURATION, value => to_the_microsecond(*value), Self::zero());

/// As a [`TimeDelta`] that is not negative.
impl FieldValue for Duration {
    const TYPE: FieldType = TimeDelta::TYPE;
    const CONVERTS: bool = true;

    fn to_value(&self) -> Value {
        // What is longer than a `TimeDelta` can be is refused when it is to be stored.
        TimeDelta::from_std(*self).unwrap_or(TimeDelta::MAX).to_value()
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        TimeDelta::from_value(value)?.to_std().map_err(|_| ValueError("must not be negative".into()))
    }

    fn blank() -> Self {
        Self::ZERO
    }
}

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn to_the_microsecond(duration: TimeDelta) -> TimeDelta {
    duration.num_microseconds().map_or(duration, TimeDelta::microseconds)
}

/// `P1DT2H30M4.5S`, also negative. A day has 24 hours; years and months have no length.
fn parse(text: &str) -> Option<TimeDelta> {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (days, times) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((days, times)) => (days, times),
        None => (text.strip_prefix('P')?, ""),
    };
    if days.is_empty() && times.is_empty() {
        return None;
    }
    let mut total = 0;
    parts(days, &[('W', 7 * DAY), ('D', DAY)], sign, &mut total)?;
    parts(times, &[('H', HOUR), ('M', MINUTE), ('S', SECOND)], sign, &mut total)?;
    Some(TimeDelta::microseconds(total))
}

/// Adds up numbers with their units, each unit at most once, in this order.
fn parts(mut text: &str, mut units: &[(char, i64)], sign: i64, total: &mut i64) -> Option<()> {
    while !text.is_empty() {
        let end = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, rest) = text.split_at(end);
        let at = units.iter().position(|(unit, _)| rest.starts_with(*unit))?;
        let length = units[at].1;
        units = &units[at + 1..];
        text = &rest[1..];
        let (whole, fraction) = match number.split_once(['.', ',']) {
            Some((whole, fraction)) if length == SECOND => (digits(whole)?, micros(fraction)?),
            Some(_) => return None,
            None => (digits(number)?, 0),
        };
        // With the sign all along: the least duration has no positive counterpart.
        let part = whole.checked_mul(sign)?.checked_mul(length)?.checked_add(fraction.checked_mul(sign)?)?;
        *total = total.checked_add(part)?;
    }
    Some(())
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The digits behind the point of a second, to the microsecond.
fn micros(text: &str) -> Option<i64> {
    let kept = text.get(..text.len().min(6))?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits(kept).map(|number| number * 10_i64.pow(6 - u32::try_from(kept.len()).unwrap_or(6))))
        .flatten()
}

fn format(duration: TimeDelta) -> String {
    let micros = duration.num_microseconds().unwrap_or(if duration < TimeDelta::zero() { i64::MIN } else { i64::MAX });
    let mut rest = micros.unsigned_abs();
    let mut text = String::from(if micros < 0 { "-P" } else { "P" });
    let mut part = |length: i64| {
        let length = length.unsigned_abs();
        let count = rest / length;
        rest %= length;
        count
    };
    let (days, hours, minutes, seconds, fraction) = (part(DAY), part(HOUR), part(MINUTE), part(SECOND), part(1));
    let mut push = |before: &str, count: u64, unit: char| {
        if count > 0 {
            text.push_str(before);
            text.push_str(&count.to_string());
            text.push(unit);
        }
        count > 0
    };
    push("", days, 'D');
    let mut separator = "T";
    for (count, unit) in [(hours, 'H'), (minutes, 'M')] {
        if push(separator, count, unit) {
            separator = "";
        }
    }
    if fraction > 0 {
        // With a digit in front, which is taken away, the zeros behind the point are kept.
        let digits = (fraction + SECOND.unsigned_abs()).to_string();
        text.push_str(separator);
        text.push_str(&seconds.to_string());
        text.push('.');
        text.push_str(digits.get(1..).unwrap_or_default().trim_end_matches('0'));
        text.push('S');
    } else if seconds > 0 || micros == 0 {
        text.push_str(separator);
        text.push_str(&seconds.to_string());
        text.push('S');
    }
    text
}

impl ScalarValue for TimeDelta {
    fn scalar_type(&self) -> &'static ScalarType {
        &DURATION
    }

    fn to_text(&self) -> String {
        format(*self)
    }

    fn compare(&self, other: &Scalar) -> Option<Ordering> {
        ordered(self, other)
    }

    fn stored(&self) -> Stored {
        let beyond = if *self < Self::zero() { -1e30 } else { 1e30 };
        self.num_microseconds().map_or(Stored::Between(beyond), Stored::Int)
    }

    fn storable(&self) -> Result<(), String> {
        let problem = || "must be shorter than 292,271 years".to_owned();
        self.num_microseconds().map(drop).ok_or_else(problem)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{ScalarValue as _, format, parse};

    #[test]
    fn a_duration_is_read_and_written() {
        for (text, written) in [
            ("PT1H30M", "PT1H30M"),
            ("PT90M", "PT1H30M"),
            ("P1D", "P1D"),
            ("PT26H", "P1DT2H"),
            ("P1WT1S", "P7DT1S"),
            ("PT0S", "PT0S"),
            ("P0D", "PT0S"),
            ("-PT0.5S", "-PT0.5S"),
            ("PT1.000001S", "PT1.000001S"),
            ("PT1,25S", "PT1.25S"),
            ("PT0.0000019S", "PT0.000001S"),
            ("+P2DT3H4M5.060S", "P2DT3H4M5.06S"),
            ("-P106751991DT4H54.775808S", "-P106751991DT4H54.775808S"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1DT",
            "1H",
            "P1Y",
            "P1M",
            "PT1",
            "PTH",
            "PT1M1H",
            "PT1H1H",
            "P1.5D",
            "PT1.S",
            "PT.5",
            "PT-1S",
            "pt1s",
            "P1D ",
            "PT1e3S",
            "PT9223372036855S",
            "P1DäT1S",
            "PTäS",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_that_cannot_be_counted_in_microseconds_is_not_stored() {
        assert!(TimeDelta::MAX.storable().is_err() && TimeDelta::MIN.storable().is_err());
        assert_eq!(TimeDelta::microseconds(i64::MAX).storable(), Ok(()));
    }
}
