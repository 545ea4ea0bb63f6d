//! Decimal numbers: exact in Rust, on the wire and in the table, where they are whole numbers of millionths.

use std::cmp::Ordering;

use rust_decimal::Decimal;

use super::scalar::{ordered, scalar_field};
use super::{FieldType, FieldValue, Scalar, ScalarType, ScalarValue, Stored, StoredAs, Value, ValueError};
use crate::meta::Number;

/// So many digits after the point are stored.
const DIGITS: u32 = 6;

const DECIMAL: ScalarType = ScalarType {
    name: "decimal",
    describe: "a decimal number such as 12.5",
    stored_as: StoredAs::Int,
    is_number: true,
    is_summed: true,
    input: "text",
    parse,
    read: |cell| match cell {
        Stored::Int(millionths) => Some(Decimal::new(millionths, DIGITS).normalize().to_value()),
        _ => None,
    },
};

scalar_field!(Decimal, DECIMAL, value => *value, Self::ZERO);

fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // What else `from_str_exact` reads, such as `1_000`, is no number on the wire.
    let written = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && digits.bytes().any(|byte| byte.is_ascii_digit())
        && digits.bytes().filter(|byte| *byte == b'.').count() <= 1;
    if !written {
        return None;
    }
    Decimal::from_str_exact(text).ok().map(|decimal| decimal.to_value())
}

/// As the table has it: a whole number of millionths.
fn millionths(decimal: &Decimal) -> Result<i64, String> {
    let decimal = decimal.normalize();
    let missing = DIGITS
        .checked_sub(decimal.scale())
        .ok_or_else(|| format!("must have at most {DIGITS} digits after the point"))?;
    let millionths = decimal.mantissa().checked_mul(10_i128.pow(missing)).and_then(|all| i64::try_from(all).ok());
    millionths.ok_or_else(|| {
        let most = i64::MAX / 10_i64.pow(DIGITS);
        format!("must be between -{most} and {most}")
    })
}

/// A number that no row holds: it lies between two that can be stored, or beyond them all.
fn between(decimal: &Decimal) -> Stored {
    let negative = decimal.is_sign_negative();
    Stored::Between(match millionths(&decimal.trunc_with_scale(DIGITS)) {
        #[expect(clippy::cast_precision_loss, reason = "neighbours are told apart up to four milliards and a half")]
        Ok(whole) => whole as f64 + if negative { -0.5 } else { 0.5 },
        Err(_) if negative => -1e30,
        Err(_) => 1e30,
    })
}

impl ScalarValue for Decimal {
    fn scalar_type(&self) -> &'static ScalarType {
        &DECIMAL
    }

    fn to_text(&self) -> String {
        self.normalize().to_string()
    }

    fn compare(&self, other: &Scalar) -> Option<Ordering> {
        ordered(self, other)
    }

    fn compare_number(&self, limit: Number) -> Option<Ordering> {
        let limit = match limit {
            Number::Int(n) => Self::from(n),
            Number::Float(n) => Self::try_from(n).ok()?,
        };
        Some(self.cmp(&limit))
    }

    fn stored(&self) -> Stored {
        millionths(self).map_or_else(|_| between(self), Stored::Int)
    }

    fn storable(&self) -> Result<(), String> {
        millionths(self).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{DECIMAL, Decimal, FieldValue as _, ScalarValue as _, Stored, Value, parse};

    fn decimal(text: &str) -> Option<Decimal> {
        parse(text).and_then(|value| Decimal::from_value(value).ok())
    }

    #[test]
    fn a_decimal_is_read_and_written() {
        for (text, written) in [
            ("12.50", "12.5"),
            ("0.1", "0.1"),
            ("-0.000001", "-0.000001"),
            ("+3", "3"),
            (" 7 ", "7"),
            (".5", "0.5"),
            ("-0", "0"),
            ("9223372036854.775807", "9223372036854.775807"),
            ("79228162514264337593543950335", "79228162514264337593543950335"),
        ] {
            assert_eq!(decimal(text).map(|decimal| decimal.to_text()).as_deref(), Some(written), "{text}");
        }
        for text in ["", "x", "1_000", "1e3", "1,5", "--1", "1.2.3", ".", "NaN", "79228162514264337593543950336"] {
            assert_eq!(decimal(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_stored_comes_back() {
        for text in ["0", "12.5", "-0.000001", "9223372036854.775807", "-9223372036854.775808"] {
            let stored = decimal(text).map(|decimal| decimal.stored());
            assert_eq!(stored.and_then(DECIMAL.read), parse(text), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_stored_lies_between_its_neighbours() {
        for (text, stored, problem) in [
            ("1.0000005", 1_000_000.5, "must have at most 6 digits after the point"),
            ("-1.00000001", -1_000_000.5, "must have at most 6 digits after the point"),
            ("9223372036854.775808", 1e30, "must be between -9223372036854 and 9223372036854"),
            ("-9223372036855", -1e30, "must be between -9223372036854 and 9223372036854"),
        ] {
            let decimal = decimal(text).unwrap_or_default();
            assert_eq!(decimal.stored(), Stored::Between(stored), "{text}");
            assert_eq!(decimal.storable(), Err(problem.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_decimal_is_equal_however_many_zeros_it_has() {
        assert_eq!(parse("1.50"), parse("1.5"));
        assert_ne!(parse("1.50"), parse("1.51"));
        assert_ne!(parse("1.50"), Some(Value::Null));
    }
}
