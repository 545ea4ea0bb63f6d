//! `cargo xtask test`: everything that CI checks, step by step.

use std::time::{Duration, Instant};

use crate::arguments::TestOptions;
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::size;
use crate::tools::{self, Tool, browser, npm};

/// A part of the run; the order of the variants is the order that they are run in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// The layout of the source.
    Format,
    /// Lints of the native code.
    Clippy,
    /// Lints of what runs in the browser.
    ClippyWasm,
    /// The application built as it ships.
    Wasm,
    /// What a browser downloads.
    Size,
    /// The tests beside the code.
    Unit,
    /// The tests of the parts together.
    Suite,
}

impl Step {
    /// All of them, in order.
    pub const ALL: &[Self] =
        &[Self::Format, Self::Clippy, Self::ClippyWasm, Self::Wasm, Self::Size, Self::Unit, Self::Suite];

    /// The step that `--only` means by this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.name() == name)
    }

    /// What `--only` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Format => "fmt",
            Self::Clippy => "clippy",
            Self::ClippyWasm => "clippy-wasm",
            Self::Wasm => "wasm",
            Self::Size => "size",
            Self::Unit => "test",
            Self::Suite => "suite",
        }
    }

    /// What it is for, in a line.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Format => "the source is laid out by rustfmt",
            Self::Clippy => "no warnings in the native code",
            Self::ClippyWasm => "no warnings in what runs in the browser",
            Self::Wasm => "the application is built as it ships",
            Self::Size => "what a browser downloads is within its budget",
            Self::Unit => "unit, documentation and macro tests",
            Self::Suite => "driver matrix, HTTP, npm client and browser tests",
        }
    }

    /// How long it roughly takes on two cores: first time, then after an edit.
    fn takes(self) -> &'static str {
        match self {
            Self::Format | Self::Size => "seconds",
            Self::Clippy => "3 minutes, then half a minute",
            Self::ClippyWasm => "2 minutes, then seconds",
            Self::Wasm => "7 minutes, then 2",
            Self::Unit => "5 minutes, then 1",
            Self::Suite => "3 minutes, then 1",
        }
    }

    fn tools(self) -> &'static [Tool] {
        match self {
            Self::Format | Self::Clippy => &[Tool::Components],
            Self::ClippyWasm => &[Tool::Components, Tool::WasmTarget],
            Self::Wasm => Tool::TO_RELEASE,
            Self::Size => &[Tool::Node],
            Self::Unit => &[],
            Self::Suite => &[Tool::Node, Tool::Browser],
        }
    }

    fn run(self, checkout: &Checkout, filters: &[String]) -> Result<(), Error> {
        let cargo = |line: &str| {
            let mut command = checkout.command("cargo");
            command.args(line.split_whitespace());
            command
        };
        match self {
            Self::Format => process::run(&mut cargo("fmt --all --check")),
            Self::Clippy => process::run(&mut cargo("clippy --workspace --all-targets -- -D warnings")),
            Self::ClippyWasm => process::run(&mut cargo(
                "clippy -p shared -p client -p browser -p isoform -p isoform-leptos \
                 --target wasm32-unknown-unknown -- -D warnings",
            )),
            Self::Wasm => process::run(&mut cargo("leptos build --release")),
            Self::Size => size::check(checkout),
            Self::Unit => {
                let mut command = cargo("test --workspace --exclude tests --no-fail-fast");
                process::run(filtered(&mut command, filters))
            }
            Self::Suite => {
                npm_client(checkout)?;
                let mut command = cargo("test -p tests --no-fail-fast");
                let browser = browser::find(checkout)
                    .ok_or_else(|| Error::Failed("Chromium and chromedriver are gone".into()))?;
                command
                    .env("ISOFORM_CHROMEDRIVER", browser.driver)
                    .env("ISOFORM_CHROMIUM", browser.chromium)
                    .env("ISOFORM_SITE_ROOT", checkout.site())
                    .env("ISOFORM_SERVER_BIN", checkout.server());
                process::run(filtered(&mut command, filters))
            }
        }
    }
}

fn filtered<'a>(command: &'a mut std::process::Command, filters: &[String]) -> &'a mut std::process::Command {
    if !filters.is_empty() {
        command.arg("--").args(filters);
    }
    command
}

/// The packages of the test that talks to the server with the npm client.
fn npm_client(checkout: &Checkout) -> Result<(), Error> {
    let directory = checkout.path("tests/remult");
    if directory.join("package.json").is_file() {
        npm::install_packages(checkout, &directory)
    } else {
        println!("no tests/remult/package.json: no npm packages to install");
        Ok(())
    }
}

/// Installs what the chosen steps need, runs them all, and shows how each ended.
///
/// # Errors
/// When a tool cannot be installed, or any step failed.
pub fn run(checkout: &Checkout, options: &TestOptions) -> Result<(), Error> {
    let built = checkout.server().is_file() && checkout.site_package().is_dir();
    let steps = chosen(options, built);
    if built && steps.contains(&Step::Suite) && !steps.contains(&Step::Wasm) {
        println!("The suite runs the release built before; `--only wasm` builds it anew.");
    }
    let mut tools: Vec<Tool> = Vec::new();
    for tool in steps.iter().flat_map(|step| step.tools()) {
        if !tools.contains(tool) {
            tools.push(*tool);
        }
    }
    tools::install_missing(checkout, &tools)?;

    let mut ended: Vec<(Step, Ended, Duration)> = Vec::new();
    for step in steps {
        println!("\n=== {}: {}", step.name(), step.purpose());
        println!("    takes {}", step.takes());
        let start = Instant::now();
        let not_built = ended.iter().any(|(step, ended, _)| *step == Step::Wasm && *ended == Ended::Failed);
        let end = if not_built && matches!(step, Step::Size | Step::Suite) {
            println!("skipped: there is no build to test");
            Ended::Skipped
        } else {
            match step.run(checkout, &options.filters) {
                Ok(()) => Ended::Passed,
                Err(error) => {
                    eprintln!("{}: {error}", step.name());
                    Ended::Failed
                }
            }
        };
        ended.push((step, end, start.elapsed()));
    }
    println!("\n{}", table(&ended));
    verdict(&ended)
}

/// The steps that were asked for; names of tests mean the steps that run tests, and the build when
/// there is none yet for the suite to run.
fn chosen(options: &TestOptions, built: bool) -> Vec<Step> {
    let named = |step: &Step| match (options.only.is_empty(), options.filters.is_empty()) {
        (true, true) => true,
        (true, false) => matches!(step, Step::Unit | Step::Suite),
        (false, _) => options.only.contains(step),
    };
    let suite = named(&Step::Suite);
    let needed = |step: &Step| named(step) || (suite && !built && *step == Step::Wasm);
    Step::ALL.iter().copied().filter(needed).collect()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    Passed,
    Failed,
    Skipped,
}

fn verdict(ended: &[(Step, Ended, Duration)]) -> Result<(), Error> {
    let failed: Vec<_> =
        ended.iter().filter(|(_, ended, _)| *ended != Ended::Passed).map(|(step, ..)| step.name()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let names = failed.join(", ");
    let again = failed.join(" --only ");
    Err(Error::Failed(format!("not passed: {names}; again with `cargo xtask test --only {again}`")))
}

fn table(ended: &[(Step, Ended, Duration)]) -> String {
    let mut text = String::new();
    let mut total = Duration::ZERO;
    for (step, ended, took) in ended {
        total += *took;
        let ended = match ended {
            Ended::Passed => "passed",
            Ended::Failed => "FAILED",
            Ended::Skipped => "skipped",
        };
        text += &format!("{:<12} {ended:<8} {:>10}\n", step.name(), spoken(*took));
    }
    text + &format!("{:<12} {:<8} {:>10}", "in all", "", spoken(total))
}

fn spoken(took: Duration) -> String {
    match took.as_secs() {
        0..10 => format!("{:.1} s", took.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(only: &[Step], filters: &[&str]) -> TestOptions {
        TestOptions { only: only.to_vec(), filters: filters.iter().map(|&name| name.to_owned()).collect() }
    }

    #[test]
    fn without_arguments_every_step_is_run() {
        assert_eq!(chosen(&asked(&[], &[]), true), Step::ALL);
        assert_eq!(chosen(&asked(&[], &[]), false), Step::ALL);
    }

    #[test]
    fn a_test_name_leaves_out_what_runs_no_tests() {
        let options = asked(&[], &["stale_save"]);
        assert_eq!(chosen(&options, true), [Step::Unit, Step::Suite]);
    }

    #[test]
    fn the_suite_brings_its_build_along_when_there_is_none() {
        let options = asked(&[Step::Suite], &[]);
        assert_eq!(chosen(&options, true), [Step::Suite]);
        assert_eq!(chosen(&options, false), [Step::Wasm, Step::Suite]);
    }

    #[test]
    fn steps_are_run_in_their_order_whatever_the_order_asked() {
        let options = asked(&[Step::Unit, Step::Format], &[]);
        assert_eq!(chosen(&options, true), [Step::Format, Step::Unit]);
    }

    #[test]
    fn every_step_is_found_by_the_name_it_shows() {
        for step in Step::ALL {
            assert_eq!(Step::named(step.name()), Some(*step));
        }
    }

    #[test]
    fn a_skipped_step_is_no_success() {
        let second = Duration::from_secs(1);
        let passed = (Step::Format, Ended::Passed, second);
        assert_eq!(verdict(&[passed]), Ok(()));
        for end in [Ended::Skipped, Ended::Failed] {
            let ended = verdict(&[passed, (Step::Size, end, second)]);
            let message = ended.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(message.contains("--only size"), "{message}");
        }
    }

    #[test]
    fn the_table_shows_each_step_and_the_sum() {
        let table = table(&[
            (Step::Format, Ended::Passed, Duration::from_millis(1_250)),
            (Step::Wasm, Ended::Failed, Duration::from_secs(378)),
        ]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() == 32), "{table}");
        assert!(table.contains("FAILED     6 m 18 s"), "{table}");
        assert!(table.ends_with("6 m 19 s"), "{table}");
    }
}
