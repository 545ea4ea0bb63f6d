//! The system's own packages: Debian's and Ubuntu's, when run as root or with a sudo that does not
//! ask. Elsewhere a person decides.

use std::process::Command;

use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;

/// Installs packages with apt-get.
pub(super) fn install(checkout: &Checkout, packages: &[&str], options: &[&str]) -> Result<(), Error> {
    if checkout.which("apt-get").is_none() {
        return Err(Error::Failed("this system has no apt-get to install it with".to_owned()));
    }
    // The lists may be old, and an update that fails (one source of many) need not matter.
    let mut update = apt_get(checkout)?;
    if let Err(error) = process::run(update.args(["update", "-qq"])) {
        println!("{error}; trying with the package lists that are there");
    }
    let mut install = apt_get(checkout)?;
    install.args(["install", "-y", "-qq"]).args(options);
    process::run(install.args(packages))
}

/// Sees to it that programs are there that are called as their package is.
pub(super) fn ensure_programs(checkout: &Checkout, programs: &[&str]) -> Result<(), Error> {
    let missing = |program: &&str| checkout.which(program).is_none();
    let missing: Vec<&str> = programs.iter().copied().filter(missing).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" and ");
    println!("{names}: needed to build it, and not there");
    install(checkout, &missing, &["--no-install-recommends"])
        .map_err(|error| Error::Failed(format!("{names}: not there, and {error}")))
}

/// Whether browsers are packaged as Ubuntu does it.
pub(super) fn is_ubuntu() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release.lines().any(|line| line == "ID=ubuntu")
}

fn apt_get(checkout: &Checkout) -> Result<Command, Error> {
    let settings = ["DEBIAN_FRONTEND=noninteractive", "apt-get"];
    if succeeds(checkout, &["id", "-u"]).is_some_and(|id| id.trim() == "0") {
        let mut command = checkout.command("env");
        command.args(settings);
        return Ok(command);
    }
    if succeeds(checkout, &["sudo", "-n", "true"]).is_some() {
        let mut command = checkout.command("sudo");
        command.args(["-n", "env"]).args(settings);
        return Ok(command);
    }
    Err(Error::Failed("installing it with apt-get takes root, and sudo asks for a password".to_owned()))
}

fn succeeds(checkout: &Checkout, words: &[&str]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    process::output(checkout.command(program).args(arguments))
}
