//! `cargo xtask serve`: the application, rebuilt at every edit or as it ships.

use crate::arguments::ServeOptions;
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::tools::{self, Tool};

/// Installs what is missing and becomes cargo-leptos.
///
/// # Errors
/// When a tool cannot be installed or cargo-leptos not started.
pub fn run(checkout: &Checkout, options: &ServeOptions) -> Result<(), Error> {
    let tools = if options.release { Tool::TO_RELEASE } else { Tool::TO_WATCH };
    tools::install_missing(checkout, tools)?;

    let mut command = checkout.command("cargo");
    command.args(arguments(options));
    let takes = if options.release {
        "about 6 minutes the first time"
    } else {
        "about 4 minutes the first time, and seconds after an edit"
    };
    println!("\nBuilding ({takes}), then serving on http://{}", checkout.address());
    println!("Ctrl-C ends it.\n");
    process::become_command(&mut command)
}

fn arguments(options: &ServeOptions) -> Vec<&'static str> {
    let mut arguments = match options.release {
        true => vec!["leptos", "serve", "--release"],
        false => vec!["leptos", "watch"],
    };
    if options.demo_data {
        arguments.extend(["--", "--demo-data"]);
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_data_is_an_argument_of_the_server_not_of_cargo_leptos() {
        let options = ServeOptions { release: true, demo_data: true };
        let expected = ["leptos", "serve", "--release", "--", "--demo-data"];
        assert_eq!(arguments(&options), expected);
    }

    #[test]
    fn without_release_edits_are_watched() {
        assert_eq!(arguments(&ServeOptions::default()), ["leptos", "watch"]);
    }
}
