//! The command line.

use crate::error::Error;
use crate::test::Step;

/// What was asked for.
#[derive(Debug, PartialEq)]
pub enum Command {
    /// Print the help text.
    Help,
    /// Install what any command needs.
    Setup,
    /// Run the application.
    Serve(ServeOptions),
    /// Check and test everything, or a part of it.
    Test(TestOptions),
    /// Run the benchmarks, with arguments of their own.
    Bench(Vec<String>),
}

/// How the application is run.
#[derive(Debug, Default, PartialEq)]
pub struct ServeOptions {
    /// As it ships, instead of rebuilt at every edit.
    pub release: bool,
    /// The server fills its database with examples.
    pub demo_data: bool,
}

/// What is tested.
#[derive(Debug, Default, PartialEq)]
pub struct TestOptions {
    /// Only these steps; none means all.
    pub only: Vec<Step>,
    /// Only tests whose name contains one of these; none means all.
    pub filters: Vec<String>,
}

/// Reads a command line, without the name of the program.
///
/// # Errors
/// [`Error::Usage`] names the argument that was not understood.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, Error> {
    let mut arguments = arguments.into_iter();
    let Some(command) = arguments.next() else {
        return Ok(Command::Help);
    };
    if command == "bench" {
        return Ok(Command::Bench(arguments.collect()));
    }
    let rest: Vec<String> = arguments.collect();
    if rest.iter().any(|one| is_help(one)) {
        return Ok(Command::Help);
    }
    match command.as_str() {
        "serve" => serve(rest).map(Command::Serve),
        "test" => test(rest).map(Command::Test),
        "setup" => match rest.first() {
            None => Ok(Command::Setup),
            Some(extra) => Err(unknown("setup", extra)),
        },
        name if is_help(name) => Ok(Command::Help),
        other => Err(Error::Usage(format!("there is no command `{other}`"))),
    }
}

fn is_help(argument: &str) -> bool {
    matches!(argument, "help" | "-h" | "--help")
}

fn serve(arguments: Vec<String>) -> Result<ServeOptions, Error> {
    let mut options = ServeOptions::default();
    for argument in arguments {
        match argument.as_str() {
            "--release" => options.release = true,
            "--demo-data" => options.demo_data = true,
            other => return Err(unknown("serve", other)),
        }
    }
    Ok(options)
}

fn test(arguments: Vec<String>) -> Result<TestOptions, Error> {
    let mut options = TestOptions::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        if argument == "--only" {
            let name = arguments.next().unwrap_or_default();
            options.only.push(step(&name)?);
        } else if let Some(name) = argument.strip_prefix("--only=") {
            options.only.push(step(name)?);
        } else if argument.starts_with('-') {
            return Err(unknown("test", &argument));
        } else {
            options.filters.push(argument);
        }
    }
    Ok(options)
}

fn step(name: &str) -> Result<Step, Error> {
    Step::named(name).ok_or_else(|| {
        let names: Vec<_> = Step::ALL.iter().map(|step| step.name()).collect();
        let names = names.join(", ");
        Error::Usage(format!("--only takes one of {names}, not `{name}`"))
    })
}

fn unknown(command: &str, argument: &str) -> Error {
    Error::Usage(format!("`{command}` does not know `{argument}`"))
}

/// The help text.
pub fn help() -> String {
    let steps: String = Step::ALL.iter().map(|step| format!("    {:<12} {}\n", step.name(), step.purpose())).collect();
    format!(
        "\
cargo xtask serve [--release] [--demo-data]
    Run the application and rebuild it at every edit; --release: as it ships, without rebuilding.
    --demo-data is handed to the server.

cargo xtask test [--only STEP]... [NAME]...
    Check and test everything. --only takes one step, and may be repeated; with a NAME only tests
    whose name contains it are run, and none of the checks. The steps:
{steps}
cargo xtask bench [ARGUMENT]...
    Run the benchmarks: servers under load, then what a repository does with many rows. The arguments are theirs;
    `data-plane` as the first runs the second alone, with `--only items` or the like it is left out.

cargo xtask setup
    Only install what the others need. They do so too, each for what it needs itself."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, Error> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    fn message(line: &str) -> String {
        parsed(line).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn no_command_and_help_show_the_help_text() {
        for line in ["", "help", "--help", "-h", "serve --help", "test -h"] {
            assert_eq!(parsed(line), Ok(Command::Help), "{line}");
        }
    }

    #[test]
    fn an_unknown_command_is_named_and_comes_with_the_help_text() {
        let message = message("deploy");
        assert!(message.contains("`deploy`"), "{message}");
        assert!(message.contains("cargo xtask serve"), "{message}");
    }

    #[test]
    fn serve_takes_its_options_in_any_order() {
        let both = ServeOptions { release: true, demo_data: true };
        assert_eq!(parsed("serve --demo-data --release"), Ok(Command::Serve(both)));
        assert_eq!(parsed("serve"), Ok(Command::Serve(ServeOptions::default())));
    }

    #[test]
    fn an_unknown_option_is_an_error_and_not_ignored() {
        for line in ["serve --relase", "test --onyl fmt", "setup now"] {
            assert!(matches!(parsed(line), Err(Error::Usage(_))), "{line}");
        }
    }

    #[test]
    fn test_takes_steps_and_filters() {
        let expected = TestOptions { only: vec![Step::Format, Step::Suite], filters: vec!["stale_save".to_owned()] };
        assert_eq!(parsed("test --only fmt stale_save --only=suite"), Ok(Command::Test(expected)));
    }

    #[test]
    fn a_wrong_step_is_answered_with_the_right_ones() {
        for line in ["test --only tests", "test --only"] {
            let message = message(line);
            assert!(message.contains("fmt, clippy, clippy-wasm, wasm"), "{message}");
        }
    }

    #[test]
    fn the_arguments_of_bench_are_left_alone() {
        let arguments = vec!["--help".to_owned(), "-n".to_owned(), "3".to_owned()];
        assert_eq!(parsed("bench --help -n 3"), Ok(Command::Bench(arguments)));
    }
}
