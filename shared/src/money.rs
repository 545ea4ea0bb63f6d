//! Numbers as people read them, the same on pages and in mails.

use isoform::prelude::*;

/// Money in words: `€1,234.50`.
#[must_use]
pub fn money(amount: Decimal) -> String {
    let text = format!("{:.2}", amount.abs().round_dp(2));
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let sign = if amount.is_sign_negative() && !amount.is_zero() { "−" } else { "" };
    format!("{sign}€{}.{cents}", grouped(whole))
}

/// Digits in groups of three: `1,234`.
#[must_use]
pub fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Decimal, money};

    #[test]
    fn money_in_words() {
        let of = |cents| money(Decimal::new(cents, 2));
        assert_eq!([of(0), of(5), of(123_450), of(-123_456_789)], ["€0.00", "€0.05", "€1,234.50", "−€1,234,567.89"]);
        assert_eq!(money(Decimal::from(7)), "€7.00");
    }
}
