//! `cargo xtask bench`: the benchmarks, side by side with other frameworks.

use std::path::{Path, PathBuf};

use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::tools::npm;

/// The benchmark of what a repository does with many rows, in one process.
const DATA_PLANE: &str = "data-plane";

/// Installs the npm packages of what is compared with, and runs the benchmarks in release mode: servers under load, then what
/// a repository does with many rows. `data-plane` as the first argument runs the second alone; `--only` the first.
///
/// # Errors
/// The benchmarks' own exit code.
pub fn run(checkout: &Checkout, arguments: &[String]) -> Result<(), Error> {
    if let Some((DATA_PLANE, rest)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return release(checkout, DATA_PLANE, rest);
    }
    let packages = packages_under(&checkout.path("benches"));
    if checkout.which("npm").is_none() && !packages.is_empty() {
        println!("npm is not there: comparisons that need Node are left out");
    } else {
        for directory in packages {
            // A comparison that cannot be installed is the benchmarks' to leave out.
            if let Err(error) = npm::install_packages(checkout, &directory) {
                println!("{}: {error}; going on without", directory.display());
            }
        }
    }
    release(checkout, "bench", arguments)?;
    if arguments.iter().any(|argument| argument == "--only") {
        return Ok(());
    }
    release(checkout, DATA_PLANE, &[])
}

fn release(checkout: &Checkout, binary: &str, arguments: &[String]) -> Result<(), Error> {
    let mut command = checkout.command("cargo");
    command.args(["run", "--release", "-p", "benches", "--bin", binary, "--"]);
    process::run(command.args(arguments))
}

/// The directories here, one and two levels down that have a `package.json`.
fn packages_under(directory: &Path) -> Vec<PathBuf> {
    let mut level = vec![directory.to_owned()];
    let mut packages = Vec::new();
    for _ in 0..3 {
        packages.extend(level.iter().filter(|directory| directory.join("package.json").is_file()).cloned());
        level = level.iter().flat_map(|parent| directories_in(parent)).collect();
    }
    packages.sort();
    packages
}

fn directories_in(parent: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir() && !path.ends_with("node_modules")).collect()
}
