//! Times and days on the wire: RFC 3339, digit by digit. What `chrono` brings for all formats there are would be a good
//! part of a page's wasm.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};

/// A time in RFC 3339, or as HTML's `datetime-local` writes it (taken as UTC); kept to the microsecond.
#[must_use]
pub fn parse_date_time(text: &str) -> Option<DateTime<Utc>> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()?;
    let separator = rest.one_of(b"Tt ")?;
    let (time, exact) = rest.time()?;
    let naive = date.and_time(time);
    // `datetime-local` writes no zone; a zone comes with the seconds.
    let utc = match rest.0.is_empty() {
        true if separator == b'T' => naive,
        false if exact => naive.checked_sub_signed(rest.offset()?)?,
        _ => return None,
    };
    (rest.0.is_empty() && years_fit(utc.year())).then(|| utc.and_utc())
}

/// A date as `2020-01-02`; a time's date is taken too, since JavaScript clients send one.
#[must_use]
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let mut rest = Rest(text.as_bytes());
    let date = rest.date()?;
    if rest.0.is_empty() { Some(date) } else { parse_date_time(text).map(|time| time.date_naive()) }
}

/// A time of day as `13:45`, `13:45:30` or `13:45:30.123456`; a leap second is none.
#[must_use]
pub(crate) fn parse_time(text: &str) -> Option<NaiveTime> {
    let mut rest = Rest(text.as_bytes());
    let (time, _) = rest.time()?;
    (rest.0.is_empty() && time.nanosecond() < 1_000_000_000).then_some(time)
}

/// A time of day on the wire: seconds, and milliseconds or microseconds where there are some.
#[must_use]
pub(crate) fn format_time(time: NaiveTime) -> String {
    let mut text = format_time_micros(time);
    while text.ends_with("000") {
        text.truncate(text.len() - 3);
    }
    if text.ends_with('.') {
        text.pop();
    }
    text
}

/// A time of day with six digits after the point, whatever they are: such texts sort as the times do.
#[must_use]
pub(crate) fn format_time_micros(time: NaiveTime) -> String {
    let mut text = String::with_capacity(15);
    for (part, separator) in [(time.hour(), ':'), (time.minute(), ':'), (time.second(), '.')] {
        push_digits(&mut text, part, 2);
        text.push(separator);
    }
    push_digits(&mut text, time.nanosecond() / 1000, 6);
    text
}

/// A time on the wire: milliseconds, or microseconds where there are some.
#[must_use]
pub fn format_date_time(time: &DateTime<Utc>) -> String {
    let mut text = format_micros(time);
    if text.ends_with("000Z") {
        text.truncate(text.len() - 4);
        text.push('Z');
    }
    text
}

/// A time with six digits after the point, whatever they are: such texts sort as the times do.
#[must_use]
pub fn format_micros(time: &DateTime<Utc>) -> String {
    // A leap second is the 59th with more than a second's nanoseconds.
    let second = time.second() + time.nanosecond() / 1_000_000_000;
    let micros = time.nanosecond() % 1_000_000_000 / 1000;
    let mut text = String::with_capacity(32);
    push_date(&mut text, time.date_naive());
    for (separator, part) in [('T', time.hour()), (':', time.minute()), (':', second)] {
        text.push(separator);
        push_digits(&mut text, part, 2);
    }
    text.push('.');
    push_digits(&mut text, micros, 6);
    text.push('Z');
    text
}

/// A day on the wire: `2020-01-02`.
#[must_use]
pub fn format_date(date: NaiveDate) -> String {
    let mut text = String::with_capacity(10);
    push_date(&mut text, date);
    text
}

fn push_date(text: &mut String, date: NaiveDate) {
    let year = date.year();
    if !years_fit(year) {
        text.push(if year < 0 { '-' } else { '+' });
    }
    let year = year.unsigned_abs();
    push_digits(text, year, if year < 10_000 { 4 } else { 6 });
    for part in [date.month(), date.day()] {
        text.push('-');
        push_digits(text, part, 2);
    }
}

/// The last so many digits of a number.
fn push_digits(text: &mut String, number: u32, count: u32) {
    for place in (0..count).rev() {
        text.push(char::from_digit(number / 10_u32.pow(place) % 10, 10).unwrap_or_default());
    }
}

/// Years of four digits only, so that text order is time order in every database.
pub(crate) const fn years_fit(year: i32) -> bool {
    0 <= year && year <= 9999
}

/// What is left to read of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    /// The next character, if it is one of these.
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (&next, rest) = self.0.split_first()?;
        if !wanted.contains(&next) {
            return None;
        }
        self.0 = rest;
        Some(next)
    }

    fn digit(&mut self) -> Option<u32> {
        self.one_of(b"0123456789").map(|digit| u32::from(digit - b'0'))
    }

    /// A number of two digits.
    fn two(&mut self) -> Option<u32> {
        Some(self.digit()? * 10 + self.digit()?)
    }

    /// A separator, and a number of two digits.
    fn part(&mut self, separator: u8) -> Option<u32> {
        self.one_of(&[separator])?;
        self.two()
    }

    /// `2020-01-02`
    fn date(&mut self) -> Option<NaiveDate> {
        let year = self.two()? * 100 + self.two()?;
        let (month, day) = (self.part(b'-')?, self.part(b'-')?);
        NaiveDate::from_ymd_opt(year.try_into().ok()?, month, day)
    }

    /// `03:04` or `03:04:05.678`, and whether there were seconds.
    fn time(&mut self) -> Option<(NaiveTime, bool)> {
        let (hour, minute) = (self.two()?, self.part(b':')?);
        if self.0.first() != Some(&b':') {
            return Some((NaiveTime::from_hms_opt(hour, minute, 0)?, false));
        }
        let second = self.part(b':')?;
        let mut micros = 0;
        if self.one_of(b".").is_some() {
            let mut unit = 100_000;
            micros = self.digit()? * unit;
            while let Some(digit) = self.digit() {
                unit /= 10;
                micros += digit * unit;
            }
        }
        let leap = second == 60;
        let (second, micros) = if leap { (59, micros + 1_000_000) } else { (second, micros) };
        Some((NaiveTime::from_hms_micro_opt(hour, minute, second, micros)?, true))
    }

    /// `Z` or `+02:00`
    fn offset(&mut self) -> Option<TimeDelta> {
        let sign = match self.one_of(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(TimeDelta::zero()),
        };
        let (hours, minutes) = (self.two()?, self.part(b':')?);
        (hours < 24 && minutes < 60).then(|| TimeDelta::minutes(sign * i64::from(hours * 60 + minutes)))
    }
}

#[cfg(test)]
mod tests {
    use super::{format_date, format_date_time, format_time, parse_date, parse_date_time, parse_time};
    use chrono::NaiveDate;

    fn there_and_back(text: &str) -> Option<String> {
        parse_date_time(text).as_ref().map(format_date_time)
    }

    #[test]
    fn a_time_is_read_and_written() {
        for (text, written) in [
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05.000Z"),
            ("2020-01-02t03:04:05.6z", "2020-01-02T03:04:05.600Z"),
            ("2020-01-02 03:04:05.123456789+02:00", "2020-01-02T01:04:05.123456Z"),
            ("2020-01-01T00:00:00-23:59", "2020-01-01T23:59:00.000Z"),
            ("2020-02-29T03:04", "2020-02-29T03:04:00.000Z"),
            ("2020-02-29T03:04:05.25", "2020-02-29T03:04:05.250Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:60.000Z"),
        ] {
            assert_eq!(there_and_back(text).as_deref(), Some(written), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2020-01-02",
            "2020-13-01T00:00:00Z",
            "2021-02-29T00:00:00Z",
            "2020-01-02T24:00:00Z",
            "2020-01-02T03:60",
            "2020-01-02T03:04Z",
            "2020-01-02 03:04:05",
            "2020-01-02T03:04:05.Z",
            "2020-01-02T03:04:05Z ",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "+12020-01-01T00:00:00Z",
            "2020-01-02T03:04:05+24:00",
            "2020-01-02T03:04:05+0100",
        ] {
            assert_eq!(there_and_back(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_read_and_written() {
        for (text, written) in [
            ("13:45", "13:45:00"),
            ("00:00:00", "00:00:00"),
            ("23:59:59.999999", "23:59:59.999999"),
            ("10:00:00.5", "10:00:00.500"),
            ("10:00:00.0001", "10:00:00.000100"),
        ] {
            assert_eq!(parse_time(text).map(format_time).as_deref(), Some(written), "{text}");
        }
        for text in ["", "24:00", "1:00", "13:60", "13:45:60", "13:45:00Z", "13:45 ", "13", "13:45:00."] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_read_and_written() {
        assert_eq!(parse_date("2020-02-29").map(format_date).as_deref(), Some("2020-02-29"));
        assert_eq!(parse_date("2020-02-29T23:00:00-02:00").map(format_date).as_deref(), Some("2020-03-01"));
        assert_eq!([parse_date("2021-02-29"), parse_date("2020-2-1"), parse_date("2020-02-01x")], [None; 3]);
        assert_eq!(format_date(NaiveDate::MAX), NaiveDate::MAX.to_string());
    }
}
