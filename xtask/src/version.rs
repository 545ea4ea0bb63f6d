//! Version numbers as programs print them.

use std::fmt;

/// A version: up to three numbers, as far as it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u64,
    /// The second, or 0.
    pub minor: u64,
    /// The third, or 0.
    pub patch: u64,
}

impl Version {
    /// A version of three numbers.
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch }
    }

    /// The first version number in what `--version` printed: `wasm-bindgen 0.2.130`, `v20.20.2`,
    /// `wasm-opt version 108`, `Chromium 156.0.8078.79 built on Debian`.
    pub fn find(output: &str) -> Option<Self> {
        output.split_whitespace().find_map(Self::read)
    }

    fn read(word: &str) -> Option<Self> {
        let word = word.strip_prefix('v').unwrap_or(word);
        let mut parts = word.split('.');
        let major = parts.next()?.parse().ok()?;
        let mut next = || match parts.next() {
            Some(part) => leading_number(part),
            None => Some(0),
        };
        Some(Self::new(major, next()?, next()?))
    }
}

fn leading_number(part: &str) -> Option<u64> {
    let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
    part.get(..end)?.parse().ok()
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_each_tool_prints() {
        for (output, expected) in [
            ("cargo-leptos 0.3.10\n", Version::new(0, 3, 10)),
            ("wasm-bindgen 0.2.130 (abcdef12)", Version::new(0, 2, 130)),
            ("v20.20.2", Version::new(20, 20, 2)),
            ("wasm-opt version 108", Version::new(108, 0, 0)),
            ("wasm-opt version 132 (version_132)", Version::new(132, 0, 0)),
            ("ChromeDriver 156.0.8078.79 (a21ce95)", Version::new(156, 0, 8078)),
            ("thing 1.2.3-rc.1", Version::new(1, 2, 3)),
        ] {
            assert_eq!(Version::find(output), Some(expected), "{output}");
        }
    }

    #[test]
    fn words_and_hashes_are_no_versions() {
        for output in ["", "error: no such command", "0x12", "1.x.2", "(version_132)"] {
            assert_eq!(Version::find(output), None, "{output}");
        }
    }

    #[test]
    fn versions_are_ordered_as_numbers_not_as_text() {
        assert!(Version::new(0, 3, 10) > Version::new(0, 3, 9));
        assert!(Version::new(116, 0, 0) > Version::new(99, 9, 9));
    }
}
