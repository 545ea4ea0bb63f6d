//! Days in words.

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Today in UTC: all that the server knows.
pub fn today_in_utc() -> NaiveDate {
    Utc::now().date_naive()
}

/// Today in the browser's time zone.
pub fn today_here() -> NaiveDate {
    chrono::Local::now().date_naive()
}

/// A day in words: "today", "tomorrow", "yesterday", "3 Dec", and the year where it is another one.
pub fn in_words(day: NaiveDate, today: NaiveDate) -> String {
    match (day - today).num_days() {
        0 => "today".into(),
        1 => "tomorrow".into(),
        -1 => "yesterday".into(),
        _ => {
            let month = name_of_month(day.month() as usize);
            let year = if day.year() == today.year() { String::new() } else { format!(" {}", day.year()) };
            format!("{} {month}{year}", day.day())
        }
    }
}

/// A moment in words: "today, 14:05 UTC". The server does not know where the user is.
pub fn moment(at: DateTime<Utc>, today: NaiveDate) -> String {
    format!("{}, {:02}:{:02} UTC", in_words(at.date_naive(), today), at.hour(), at.minute())
}

/// A month, counted from 1: "Dec".
pub fn name_of_month(month: usize) -> &'static str {
    month.checked_sub(1).and_then(|month| MONTHS.get(month)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{in_words, moment};
    use chrono::{DateTime, Days, NaiveDate};

    #[test]
    fn days_in_words() {
        let today = NaiveDate::default();
        let on = |days| in_words(today + Days::new(days), today);
        assert_eq!([on(0), on(1), on(2), on(365)], ["today", "tomorrow", "3 Jan", "1 Jan 1971"]);
        assert_eq!(in_words(today - Days::new(1), today), "yesterday");
        assert_eq!(in_words(today - Days::new(2), today), "30 Dec 1969");
    }

    #[test]
    fn moments_in_words() {
        let at = DateTime::from_timestamp(3 * 3_600 + 5 * 60, 0).unwrap_or_default();
        assert_eq!(moment(at, NaiveDate::default()), "today, 03:05 UTC");
    }
}
