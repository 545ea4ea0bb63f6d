//! The command line.

use std::path::PathBuf;

use benches::Result;

use crate::requests::{Op, Part};

/// What to run, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How long each round of each operation lasts.
    pub seconds: f64,
    /// How many rounds; the median counts.
    pub rounds: u32,
    /// One part only.
    pub only: Option<Only>,
    /// Only the operations whose name contains this.
    pub filter: Option<String>,
    /// Whether to build the servers of this package first.
    pub build: bool,
    /// An earlier build of `isoform-items`, to be compared with this one.
    pub before: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    /// One comparison.
    Part(Part),
    /// The idle servers' memory.
    Memory,
}

impl Options {
    /// Reads the arguments.
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self> {
        let mut options = Self { seconds: 3.0, rounds: 3, only: None, filter: None, build: true, before: None };
        let mut args = args.into_iter();
        while let Some(flag) = args.next() {
            if flag == "--no-build" {
                options.build = false;
                continue;
            }
            let value = args.next().ok_or_else(|| format!("{flag}: unknown, or needs a value"))?;
            let wrong = |expected: &str| format!("{flag} {value}: expected {expected}");
            match flag.as_str() {
                "--seconds" => {
                    options.seconds = value.parse().map_err(|_| wrong("a number"))?;
                    if !(0.05..=3600.0).contains(&options.seconds) {
                        return Err(wrong("0.05 to 3600").into());
                    }
                }
                "--rounds" => {
                    options.rounds = value.parse().map_err(|_| wrong("a whole number"))?;
                    if options.rounds == 0 {
                        return Err(wrong("1 or more").into());
                    }
                }
                "--only" => {
                    options.only = Some(match value.as_str() {
                        "items" => Only::Part(Part::Items),
                        "tasks" => Only::Part(Part::Tasks),
                        "hooks" => Only::Part(Part::Hooks),
                        "memory" => Only::Memory,
                        _ => return Err(wrong("items, tasks, hooks or memory").into()),
                    });
                }
                "--filter" => {
                    if !Op::ALL.iter().any(|op| op.to_string().contains(&value)) {
                        return Err(wrong("a part of: read one, list, update, method, insert").into());
                    }
                    options.filter = Some(value);
                }
                "--before" => options.before = Some(value.into()),
                _ => {
                    let known =
                        "--seconds N --rounds N --only items|tasks|hooks|memory --filter OP --no-build --before PATH";
                    return Err(format!("unknown flag {flag}; known: {known}").into());
                }
            }
        }
        Ok(options)
    }

    /// Whether the part is to be run.
    pub fn takes(&self, part: Part) -> bool {
        match self.only {
            None => true,
            Some(Only::Part(only)) => only == part,
            Some(Only::Memory) => part != Part::Hooks,
        }
    }

    /// Whether the operation is to be measured.
    pub fn wants(&self, op: Op) -> bool {
        self.filter.as_ref().is_none_or(|part| op.to_string().contains(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &str) -> Result<Options> {
        Options::parse(args.split_whitespace().map(String::from))
    }

    #[test]
    fn the_options_are_read() -> Result<()> {
        let options = parse("--seconds 0.5 --rounds 1 --only tasks --filter list --no-build --before old")?;
        let expected = Options {
            seconds: 0.5,
            rounds: 1,
            only: Some(Only::Part(Part::Tasks)),
            filter: Some("list".into()),
            build: false,
            before: Some("old".into()),
        };
        assert_eq!(options, expected);
        assert!(options.takes(Part::Tasks) && !options.takes(Part::Hooks));
        assert!(options.wants(Op::List) && !options.wants(Op::Insert));
        Ok(())
    }

    #[test]
    fn nonsense_is_refused() {
        for args in ["--rounds 0", "--seconds -1", "--seconds NaN", "--only all", "--filter x", "--what 1", "--seconds"]
        {
            assert!(parse(args).is_err(), "{args}");
        }
    }
}
