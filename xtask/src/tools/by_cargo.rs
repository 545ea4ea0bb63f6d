//! Tools written in Rust, built by `cargo install`.

use std::process::Command;

use super::{Found, system};
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::version::Version;

/// The newest that the pinned Rust builds; any other 0.3 will do.
const LEPTOS: &str = "0.3.10";

pub(super) const LEPTOS_BY_HAND: &str = "`cargo install cargo-leptos --version 0.3.10 --locked` \
     (it needs a C compiler, make and perl), or `cargo binstall cargo-leptos@0.3.10`";

pub(super) fn bindgen_by_hand(checkout: &Checkout) -> String {
    let version = checkout.locked_version("wasm-bindgen");
    let version = version.map_or_else(|_| "THE-ONE-IN-CARGO.LOCK".to_owned(), |v| v.to_string());
    format!("`cargo install wasm-bindgen-cli --version {version} --no-default-features`")
}

pub(super) fn look_for_leptos(checkout: &Checkout) -> Found {
    let fits = |version: Version| version.major == 0 && version.minor == 3;
    look(checkout, "cargo-leptos", fits, "0.3")
}

pub(super) fn look_for_bindgen(checkout: &Checkout) -> Found {
    match checkout.locked_version("wasm-bindgen") {
        Ok(locked) => {
            let needed = locked.to_string();
            look(checkout, "wasm-bindgen", |version| version == locked, &needed)
        }
        Err(error) => Found::Unfit(error.to_string()),
    }
}

fn look(checkout: &Checkout, program: &str, fits: impl Fn(Version) -> bool, needed: &str) -> Found {
    let Some(path) = checkout.which(program) else {
        return Found::Missing;
    };
    let printed = process::output(checkout.command(path).arg("--version"));
    match printed.as_deref().and_then(Version::find) {
        Some(version) if fits(version) => Found::Ready(version.to_string()),
        Some(version) => Found::Unfit(format!("{version} is there, {needed} is needed")),
        None => Found::Unfit(format!("one that does not run is there, {needed} is needed")),
    }
}

pub(super) fn install_leptos(checkout: &Checkout, beside: bool) -> Result<(), Error> {
    if checkout.which("cargo-binstall").is_some() {
        let mut command = checkout.command("cargo");
        let name = format!("cargo-leptos@{LEPTOS}");
        // What it would compile itself, the lines below compile sooner.
        command.args(["binstall", "-y", "--disable-strategies", "compile", &name]);
        match process::run(into_place(&mut command, checkout, beside)) {
            Ok(()) => return Ok(()),
            Err(error) => println!("{error}; building it instead"),
        }
    }
    // It brings its own OpenSSL, which is built with these.
    system::ensure_programs(checkout, &["make", "perl"])?;
    let mut command = cargo_install(checkout, beside);
    // Without the feature it would download the other tools from elsewhere by itself.
    let arguments = ["cargo-leptos", "--version", LEPTOS, "--locked"];
    command.args(arguments).args(["--features", "no_downloads"]);
    process::run(&mut command)
}

pub(super) fn install_bindgen(checkout: &Checkout, beside: bool) -> Result<(), Error> {
    let version = checkout.locked_version("wasm-bindgen")?.to_string();
    let mut command = cargo_install(checkout, beside);
    let arguments = ["wasm-bindgen-cli", "--version", &version];
    process::run(command.args(arguments).arg("--no-default-features"))
}

/// `cargo install`, for compiling soon over running fast, with a target directory that a second
/// run (or one after an interruption) finds again.
fn cargo_install(checkout: &Checkout, beside: bool) -> Command {
    let mut command = checkout.command("cargo");
    command
        .arg("install")
        .arg("--target-dir")
        .arg(checkout.target("tools-build"))
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");
    into_place(&mut command, checkout, beside);
    command
}

/// Where cargo puts programs, or, beside another version, among this project's own tools.
fn into_place<'a>(command: &'a mut Command, checkout: &Checkout, beside: bool) -> &'a mut Command {
    if beside {
        command.arg("--root").arg(checkout.tools());
    }
    command
}
