//! Bytes: base64 on the wire.

use std::cmp::Ordering;

use super::scalar::{ordered, scalar_field};
use super::{FieldType, FieldValue, Scalar, ScalarType, ScalarValue, Stored, StoredAs, Value, ValueError};

const BYTES: ScalarType = ScalarType {
    name: "bytes",
    describe: "bytes in base64",
    stored_as: StoredAs::Bytes,
    is_number: false,
    is_summed: false,
    input: "text",
    parse: |text| decode(text).map(|bytes| Value::Scalar(bytes.into())),
    read: |cell| match cell {
        Stored::Bytes(bytes) => Some(Value::Scalar(bytes.into())),
        _ => None,
    },
};

scalar_field!(Vec<u8>, BYTES, value => value.clone(), Self::new());

impl ScalarValue for Vec<u8> {
    fn scalar_type(&self) -> &'static ScalarType {
        &BYTES
    }

    fn to_text(&self) -> String {
        encode(self)
    }

    fn compare(&self, other: &Scalar) -> Option<Ordering> {
        ordered(self, other)
    }

    fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    fn stored(&self) -> Stored {
        Stored::Bytes(self.clone())
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or_default());
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            let known = place <= chunk.len();
            text.push(if known { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    text
}

/// Base64 as RFC 4648 has it. The padding may be missing.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = match text.strip_suffix("==").or_else(|| text.strip_suffix('=')) {
        Some(digits) if text.len().is_multiple_of(4) => digits,
        Some(_) => return None,
        None => text,
    };
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for digit in chunk {
            let value = ALPHABET.iter().zip(0_u32..).find(|(one, _)| *one == digit)?.1;
            bits = bits << 6 | value;
        }
        bits <<= 6 * (4 - chunk.len());
        let all = bits.to_be_bytes();
        let whole = all.get(1..chunk.len())?;
        // A digit alone is no byte, and bits beyond the last byte are none of it.
        if chunk.len() == 1 || all.get(chunk.len()..)?.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(whole);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn bytes_are_read_and_written() {
        for (bytes, text) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (&[0, 255, 254, 251], "AP/++w=="),
        ] {
            assert_eq!(encode(bytes), text);
            assert_eq!(decode(text).as_deref(), Some(bytes), "{text}");
            assert_eq!(decode(text.trim_end_matches('=')).as_deref(), Some(bytes), "{text}");
        }
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), Some(all));
    }

    #[test]
    fn what_is_no_base64_is_refused() {
        for text in ["Z", "Zh==", "Zm9=", "Zg=", "Z===", "Zm 9", "Zm9v\n", "=", "====", "Zg==Zg==", "Zm9-", "ä"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
