//! What a contributor runs: `cargo xtask serve`, `test`, `bench` and `setup`.
//!
//! Each command installs what it needs and is missing, says so, and then calls the same `cargo`,
//! `cargo leptos` and `npm` that one would call by hand.
//!
//! * [`arguments`]: the command line
//! * [`serve`], [`test`], [`bench`]: the commands
//! * [`tools`]: what is installed, why and how
//! * [`checkout`]: where things are, and the environment of every child
//! * [`process`]: running children
//! * [`manifest`], [`version`], [`size`]: reading Cargo's files, version numbers, and the release's size

mod arguments;
mod bench;
mod checkout;
mod error;
mod manifest;
mod process;
mod serve;
mod size;
mod test;
mod tools;
mod version;

use std::process::ExitCode;

use arguments::Command;
use checkout::Checkout;
use error::Error;
use tools::Tool;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run() -> Result<(), Error> {
    let command = arguments::parse(std::env::args().skip(1))?;
    if matches!(command, Command::Help) {
        println!("{}", arguments::help());
        return Ok(());
    }
    let checkout = Checkout::find()?;
    match command {
        Command::Help => Ok(()),
        Command::Setup => tools::install_missing(&checkout, Tool::ALL),
        Command::Serve(options) => serve::run(&checkout, &options),
        Command::Test(options) => test::run(&checkout, &options),
        Command::Bench(arguments) => bench::run(&checkout, &arguments),
    }
}
