//! What is installed, why, and how: each tool is looked for, installed when it is missing, and
//! looked for again. Nothing of the user's own is overwritten: where another version of a tool is
//! on the PATH, this project's goes to the target directory.

pub mod browser;
mod by_cargo;
pub mod npm;
mod system;
mod toolchain;

use crate::checkout::Checkout;
use crate::error::Error;

/// Something that a command needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tool {
    /// rustfmt and clippy.
    Components,
    /// The standard library for wasm.
    WasmTarget,
    /// cargo-leptos.
    CargoLeptos,
    /// wasm-bindgen's command line, of the version in `Cargo.lock`.
    WasmBindgen,
    /// Node.js and npm.
    Node,
    /// wasm-opt, of binaryen.
    WasmOpt,
    /// Chromium and chromedriver.
    Browser,
}

/// What looking for a tool found.
#[derive(Debug, PartialEq)]
enum Found {
    /// It is there; its version, for people.
    Ready(String),
    /// It is there, and of no use; why, for people.
    Unfit(String),
    /// It is not there.
    Missing,
}

impl Tool {
    /// All of them; each after those that it is installed with.
    pub const ALL: &[Self] = &[
        Self::Components,
        Self::WasmTarget,
        Self::CargoLeptos,
        Self::WasmBindgen,
        Self::Node,
        Self::WasmOpt,
        Self::Browser,
    ];

    /// What building and watching the application needs.
    pub const TO_WATCH: &[Self] = &[Self::WasmTarget, Self::CargoLeptos, Self::WasmBindgen];

    /// What building the application as it ships needs.
    pub const TO_RELEASE: &[Self] =
        &[Self::WasmTarget, Self::CargoLeptos, Self::WasmBindgen, Self::Node, Self::WasmOpt];

    fn name(self) -> &'static str {
        match self {
            Self::Components => "rustfmt and clippy",
            Self::WasmTarget => "Rust for wasm32-unknown-unknown",
            Self::CargoLeptos => "cargo-leptos",
            Self::WasmBindgen => "wasm-bindgen",
            Self::Node => "Node.js and npm",
            Self::WasmOpt => "wasm-opt",
            Self::Browser => "Chromium and chromedriver",
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Components => "checks the layout of the source and warns of mistakes",
            Self::WasmTarget => "compiles what runs in the browser",
            Self::CargoLeptos => "builds browser and server parts together and serves them",
            Self::WasmBindgen => "connects the wasm with the browser; must be as in Cargo.lock",
            Self::Node => "runs wasm-opt and the tests of the npm client",
            Self::WasmOpt => "makes the released wasm small",
            Self::Browser => "runs the tests of the pages",
        }
    }

    fn takes(self) -> &'static str {
        match self {
            Self::Components | Self::WasmTarget | Self::WasmOpt => "seconds",
            Self::CargoLeptos => "8 minutes on two cores; seconds with cargo-binstall",
            Self::WasmBindgen => "2 minutes on two cores",
            Self::Node | Self::Browser => "half a minute",
        }
    }

    /// What a person can do where this program cannot.
    fn by_hand(self, checkout: &Checkout) -> String {
        match self {
            Self::Components => toolchain::COMPONENTS_BY_HAND.to_owned(),
            Self::WasmTarget => toolchain::TARGET_BY_HAND.to_owned(),
            Self::CargoLeptos => by_cargo::LEPTOS_BY_HAND.to_owned(),
            Self::WasmBindgen => by_cargo::bindgen_by_hand(checkout),
            Self::Node => npm::NODE_BY_HAND.to_owned(),
            Self::WasmOpt => npm::WASM_OPT_BY_HAND.to_owned(),
            Self::Browser => browser::BY_HAND.to_owned(),
        }
    }

    fn look(self, checkout: &Checkout) -> Found {
        match self {
            Self::Components => toolchain::look_for_components(checkout),
            Self::WasmTarget => toolchain::look_for_target(checkout),
            Self::CargoLeptos => by_cargo::look_for_leptos(checkout),
            Self::WasmBindgen => by_cargo::look_for_bindgen(checkout),
            Self::Node => npm::look_for_node(checkout),
            Self::WasmOpt => npm::look_for_wasm_opt(checkout),
            Self::Browser => browser::look(checkout),
        }
    }

    /// `beside`: another version is there, which stays.
    fn install(self, checkout: &Checkout, beside: bool) -> Result<(), Error> {
        match self {
            Self::Components => toolchain::install_components(checkout),
            Self::WasmTarget => toolchain::install_target(checkout),
            Self::CargoLeptos => by_cargo::install_leptos(checkout, beside),
            Self::WasmBindgen => by_cargo::install_bindgen(checkout, beside),
            Self::Node => npm::install_node(checkout),
            Self::WasmOpt => npm::install_wasm_opt(checkout),
            Self::Browser => browser::install(checkout),
        }
    }

    fn ensure(self, checkout: &Checkout) -> Result<(), Error> {
        let name = self.name();
        let beside = match self.look(checkout) {
            Found::Ready(version) => {
                println!("{name}: {version}");
                return Ok(());
            }
            Found::Unfit(why) => {
                println!("{name}: {why}");
                true
            }
            Found::Missing => false,
        };
        println!("\n--- installing {name} ({})", self.purpose());
        println!("    takes {}", self.takes());
        let why = match self.install(checkout, beside) {
            Err(error) => error.to_string(),
            Ok(()) => match self.look(checkout) {
                Found::Ready(version) => {
                    println!("{name}: {version}, installed\n");
                    return Ok(());
                }
                Found::Unfit(why) => format!("installed, and still: {why}"),
                Found::Missing => "installed, and still not to be found".to_owned(),
            },
        };
        println!("{name}: {why}");
        Err(Error::Failed(format!("* {name}: {why}\n  for: {}\n  by hand: {}", self.purpose(), self.by_hand(checkout))))
    }
}

/// Sees to it that all of these tools are there.
///
/// # Errors
/// Names every tool that could not be installed, what it is for, and what one can do by hand.
pub fn install_missing(checkout: &Checkout, tools: &[Tool]) -> Result<(), Error> {
    let failed: Vec<String> =
        tools.iter().filter_map(|tool| tool.ensure(checkout).err()).map(|error| error.to_string()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!(
        "could not be installed:\n{}\n\nSteps that do without can be run by name: \
         `cargo xtask test --only test`, for example.",
        failed.join("\n")
    )))
}
