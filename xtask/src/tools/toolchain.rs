//! Parts of the Rust toolchain that `rust-toolchain.toml` names.

use std::path::Path;

use super::Found;
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;

pub(super) const COMPONENTS_BY_HAND: &str = "`rustup component add rustfmt clippy` in the checkout";
pub(super) const TARGET_BY_HAND: &str = "`rustup target add wasm32-unknown-unknown` in the checkout; without rustup, the package of \
     your system for Rust's wasm target";

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn look_for_components(checkout: &Checkout) -> Found {
    let there = |name| process::output(checkout.command("cargo").args([name, "--version"]));
    match (there("fmt"), there("clippy")) {
        (Some(_), Some(version)) => Found::Ready(version.trim().to_owned()),
        _ => Found::Missing,
    }
}

pub(super) fn install_components(checkout: &Checkout) -> Result<(), Error> {
    rustup(checkout, &["component", "add", "rustfmt", "clippy"])
}

pub(super) fn look_for_target(checkout: &Checkout) -> Found {
    let mut rustc = checkout.command("rustc");
    let directory = process::output(rustc.args(["--print", "target-libdir", "--target", TARGET]));
    match directory {
        Some(directory) if Path::new(directory.trim()).is_dir() => Found::Ready("there".to_owned()),
        _ => Found::Missing,
    }
}

pub(super) fn install_target(checkout: &Checkout) -> Result<(), Error> {
    rustup(checkout, &["target", "add", TARGET])
}

fn rustup(checkout: &Checkout, arguments: &[&str]) -> Result<(), Error> {
    if checkout.which("rustup").is_none() {
        return Err(Error::Failed("rustup is not there".to_owned()));
    }
    process::run(checkout.command("rustup").args(arguments))
}
