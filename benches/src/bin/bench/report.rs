//! The figures as Markdown.

use std::fmt;

use crate::load::Sample;
use crate::requests::{Op, Part};
use crate::subject::Side;

/// All that was measured in one part.
pub struct Report {
    part: Part,
    samples: Vec<(Op, Side, Sample)>,
    /// One entry per server.
    pub memory: Vec<Memory>,
}

/// A server's resident memory, in KiB.
pub struct Memory {
    /// Whose.
    pub side: Side,
    /// After the start.
    pub idle: u64,
    /// After the load, if there was any.
    pub after: Option<u64>,
}

impl Side {
    fn title(self) -> &'static str {
        match self {
            Self::Handwritten => "by hand (axum + sqlx)",
            Self::Isoform => "Isoform",
            Self::Hooked => "with hooks and handlers",
            Self::Before => "the build before",
            Self::Remult => "Remult 3.3 (Hono)",
        }
    }
}

impl Report {
    /// An empty one.
    pub fn new(part: Part) -> Self {
        Self { part, samples: Vec::new(), memory: Vec::new() }
    }

    /// Adds a round.
    pub fn add(&mut self, op: Op, side: Side, sample: Sample) {
        self.samples.push((op, side, sample));
    }

    fn median(&self, op: Op, side: Side) -> Option<Sample> {
        let of: Vec<_> =
            self.samples.iter().filter(|(o, s, _)| (*o, *s) == (op, side)).map(|(_, _, sample)| *sample).collect();
        Sample::median(&of)
    }

    fn ratio(&self, op: Op, of: Side, to: Side) -> Option<f64> {
        Some(self.median(op, of)?.rate / self.median(op, to)?.rate)
    }

    /// Whose rate is divided by whose, and how much should come out.
    fn goals(&self) -> &'static [(Side, Side, f64)] {
        match self.part {
            Part::Items => &[(Side::Isoform, Side::Handwritten, 0.9), (Side::Isoform, Side::Remult, 4.0)],
            Part::Tasks => &[(Side::Isoform, Side::Handwritten, 0.9)],
            Part::Hooks => &[(Side::Hooked, Side::Isoform, 0.9), (Side::Isoform, Side::Before, 0.98)],
        }
    }

    fn sides(&self) -> Vec<Side> {
        let others = self.goals().iter().flat_map(|(of, to, _)| [*of, *to]).filter(|side| *side != Side::Isoform);
        std::iter::once(Side::Isoform).chain(others).collect()
    }

    fn write_rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = self.sides();
        write!(f, "| {} |", self.part.table().name())?;
        for side in &sides {
            write!(f, " {} |", side.title())?;
        }
        for (of, to, goal) in self.goals() {
            write!(f, " {} ÷ {} (≥ {goal}) |", of.title(), to.title())?;
        }
        writeln!(f)?;
        writeln!(f, "| --- |{}", " ---: |".repeat(sides.len() + self.goals().len()))?;
        for op in Op::ALL.into_iter().filter(|op| self.samples.iter().any(|(o, ..)| o == op)) {
            write!(f, "| {op} |")?;
            for side in &sides {
                match self.median(op, *side) {
                    Some(Sample { rate, p99 }) => {
                        write!(f, " {}/s, p99 {:.1} ms |", thousands(rate), p99.as_secs_f64() * 1e3)?;
                    }
                    None => write!(f, " – |")?,
                }
            }
            for (of, to, goal) in self.goals() {
                match self.ratio(op, *of, *to) {
                    Some(ratio) if ratio < *goal => write!(f, " **{ratio:.2}, too slow** |")?,
                    Some(ratio) => write!(f, " {ratio:.2} |")?,
                    None => write!(f, " – |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(f)
    }

    fn write_memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| resident memory ({}) | idle | after the run |\n| --- | ---: | ---: |",
            self.part.table().name()
        )?;
        let mib = |kib: u64| format!("{}.{} MB", kib / 1024, kib % 1024 * 10 / 1024);
        for Memory { side, idle, after } in &self.memory {
            let after = after.map_or("–".into(), mib);
            writeln!(f, "| {} | {} | {after} |", side.title(), mib(*idle))?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.samples.is_empty() {
            self.write_rates(f)?;
        }
        self.write_memory(f)
    }
}

/// A rate as `12,345`.
fn thousands(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_table_has_rates_and_ratios_and_says_what_is_too_slow() {
        let mut report = Report::new(Part::Items);
        let p99 = Duration::from_micros(1_500);
        for (side, rate) in [(Side::Handwritten, 20_000.0), (Side::Isoform, 15_000.0)] {
            report.add(Op::One, side, Sample { rate, p99 });
        }
        report.memory.push(Memory { side: Side::Isoform, idle: 12_288, after: Some(13_824) });
        let text = report.to_string();
        let row = "| read one | 15,000/s, p99 1.5 ms | 20,000/s, p99 1.5 ms | – | **0.75, too slow** | – |\n";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("| Isoform | 12.0 MB | 13.5 MB |"), "{text}");
        assert!(!text.contains("insert"), "{text}");
    }

    #[test]
    fn thousands_are_set_apart() {
        for (rate, text) in [(7.0, "7"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(thousands(rate), text);
        }
    }
}
