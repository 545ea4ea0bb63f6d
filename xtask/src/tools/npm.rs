//! Node.js, and what comes through npm.

use std::path::Path;

use super::{Found, system};
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::version::Version;

pub(super) const NODE_BY_HAND: &str = "Node.js 18 or newer with npm, by your system's packages \
     (`apt-get install nodejs npm`, `brew install node`) or from nodejs.org";
pub(super) const WASM_OPT_BY_HAND: &str =
    "`npm install --global binaryen@132`; not Debian's binaryen 108, which miscompiles";

const OLDEST_NODE: u64 = 18;
/// binaryen 108 exits with 0 and miscompiles; 116 is the oldest known not to.
const OLDEST_WASM_OPT: u64 = 116;
const BINARYEN: &str = "binaryen@132";

pub(super) fn look_for_node(checkout: &Checkout) -> Found {
    if checkout.which("npm").is_none() {
        return Found::Missing;
    }
    let printed = process::output(checkout.command("node").arg("--version"));
    at_least(OLDEST_NODE, printed.as_deref())
}

pub(super) fn install_node(checkout: &Checkout) -> Result<(), Error> {
    system::install(checkout, &["nodejs", "npm"], &["--no-install-recommends"])
}

pub(super) fn look_for_wasm_opt(checkout: &Checkout) -> Found {
    let Some(path) = checkout.which("wasm-opt") else {
        return Found::Missing;
    };
    let printed = process::output(checkout.command(path).arg("--version"));
    at_least(OLDEST_WASM_OPT, printed.as_deref())
}

pub(super) fn install_wasm_opt(checkout: &Checkout) -> Result<(), Error> {
    let prefix = checkout.tools().join("npm");
    std::fs::create_dir_all(&prefix).map_err(|cause| Error::file(&prefix, &cause))?;
    let mut command = npm(checkout)?;
    command.args(["install", "--no-save", "--no-audit", "--no-fund", "--prefix"]);
    process::run(command.arg(&prefix).arg(BINARYEN))
}

/// Installs the packages of a directory with a `package.json`, unless they are installed already.
///
/// # Errors
/// When npm is not there or does not succeed.
pub fn install_packages(checkout: &Checkout, directory: &Path) -> Result<(), Error> {
    let lock = directory.join("package-lock.json");
    let installed = directory.join("node_modules/.package-lock.json");
    if is_newer(&installed, &lock) {
        println!("{}: npm packages are installed", directory.display());
        return Ok(());
    }
    let install = if lock.is_file() { "ci" } else { "install" };
    let mut command = npm(checkout)?;
    command.args([install, "--no-audit", "--no-fund"]);
    println!("in {}:", directory.display());
    process::run(command.current_dir(directory))
}

fn npm(checkout: &Checkout) -> Result<std::process::Command, Error> {
    let path = checkout.which("npm");
    let path = path.ok_or_else(|| Error::Failed("npm is not there".to_owned()))?;
    Ok(checkout.command(path))
}

fn at_least(oldest: u64, printed: Option<&str>) -> Found {
    match printed.and_then(Version::find) {
        Some(version) if version.major >= oldest => Found::Ready(version.to_string()),
        Some(version) => Found::Unfit(format!("{version} is there, {oldest} or newer is needed")),
        None => Found::Missing,
    }
}

fn is_newer(file: &Path, than: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified());
    matches!((modified(file), modified(than)), (Ok(file), Ok(than)) if file >= than)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasm_opt_that_miscompiles_is_unfit() {
        let look = |printed| at_least(OLDEST_WASM_OPT, Some(printed));
        assert!(matches!(look("wasm-opt version 108"), Found::Unfit(_)));
        assert!(matches!(look("wasm-opt version 116"), Found::Ready(_)));
        assert!(matches!(look("wasm-opt version 132 (version_132)"), Found::Ready(_)));
    }

    #[test]
    fn what_prints_no_version_is_missing() {
        assert_eq!(at_least(OLDEST_NODE, None), Found::Missing);
        assert_eq!(at_least(OLDEST_NODE, Some("oops")), Found::Missing);
    }
}
