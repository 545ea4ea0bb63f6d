//! Running children: shown as they would be typed, and never asked to read from a terminal.

use std::process::{Command, ExitStatus, Stdio};

use crate::error::Error;

/// Runs a command to its end, its output going where ours goes.
///
/// # Errors
/// [`Error::Child`] with the code that it ended with; [`Error::Failed`] when it could not be started.
pub fn run(command: &mut Command) -> Result<(), Error> {
    let line = line(command);
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status().map_err(|cause| not_started(&line, &cause))?;
    finished(line, status)
}

/// What a command prints, if it can be run and succeeds.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(printed)
}

/// Puts a command in the place of this process, so that its signals and its exit code are ours.
///
/// # Errors
/// Only when the command could not be started; otherwise this does not return.
#[cfg(unix)]
pub fn become_command(command: &mut Command) -> Result<(), Error> {
    use std::os::unix::process::CommandExt;
    let line = line(command);
    println!("$ {line}");
    Err(not_started(&line, &command.exec()))
}

/// Runs a command to its end; the console sends Ctrl-C to both.
///
/// # Errors
/// As [`run`].
#[cfg(not(unix))]
pub fn become_command(command: &mut Command) -> Result<(), Error> {
    run(command)
}

fn not_started(line: &str, cause: &std::io::Error) -> Error {
    Error::Failed(format!("`{line}` could not be started: {cause}"))
}

fn finished(command: String, status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let code = status.code().unwrap_or_else(|| killed(status));
    Err(Error::Child { command, code: u8::try_from(code).unwrap_or(1) })
}

/// What a shell reports for a child that a signal ended.
#[cfg(unix)]
fn killed(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.signal().map_or(1, |signal| 128 + signal)
}

#[cfg(not(unix))]
fn killed(_: ExitStatus) -> i32 {
    1
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| quoted(&word.to_string_lossy())).collect();
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=@:,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("cargo");
        command.args(["test", "-p", "tests", "--", "it's here"]);
        assert_eq!(line(&command), r"cargo test -p tests -- 'it'\''s here'");
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_fails_or_is_killed_passes_its_code_on() {
        for (script, expected) in [("exit 7", 7), ("kill -TERM $$", 143)] {
            let ended = run(Command::new("sh").args(["-c", script]));
            let code = ended.map_err(|error| error.exit_code());
            assert_eq!(code, Err(expected), "{script}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let ended = run(&mut Command::new("no-such-program"));
        let message = ended.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(message.contains("`no-such-program`"), "{message}");
    }
}
