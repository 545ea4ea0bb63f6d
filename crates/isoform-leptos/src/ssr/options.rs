//! Where the site is, and where it is served.

use std::path::{Path, PathBuf};

use leptos::config::{LeptosOptions, get_configuration};

/// The options of the site: from `cargo leptos`, else from the `Cargo.toml` of the checkout that this runs in, else by
/// default; `LEPTOS_*` in the environment counts most.
///
/// Without either of the first two the site is in `LEPTOS_SITE_ROOT`, by default `target/site`, and its scripts are
/// called `app`.
#[must_use]
pub fn options() -> LeptosOptions {
    if set("LEPTOS_OUTPUT_NAME")
        && let Ok(found) = get_configuration(None)
    {
        return found.leptos_options;
    }
    of_checkout().unwrap_or_else(by_default)
}

fn set(name: &str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty())
}

/// The options in the nearest `Cargo.toml` that has some, above where this runs.
fn of_checkout() -> Option<LeptosOptions> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().find_map(|folder| {
        let manifest = folder.join("Cargo.toml");
        let text = std::fs::read_to_string(&manifest).ok()?;
        if !text.contains("metadata.leptos]") {
            return None;
        }
        let mut options = get_configuration(manifest.to_str()).ok()?.leptos_options;
        if !set("LEPTOS_SITE_ROOT") {
            options.site_root = inside(folder, Path::new(&*options.site_root)).to_string_lossy().into();
        }
        Some(options)
    })
}

/// A path of a checkout, from where this runs.
fn inside(folder: &Path, path: &Path) -> PathBuf {
    folder.join(path)
}

fn by_default() -> LeptosOptions {
    let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let mut options = LeptosOptions::builder().output_name("app").build();
    options.site_root = text("LEPTOS_SITE_ROOT", "target/site").into();
    options.site_pkg_dir = text("LEPTOS_SITE_PKG_DIR", "pkg").into();
    if let Ok(address) = text("LEPTOS_SITE_ADDR", "").parse() {
        options.site_addr = address;
    }
    options.hash_files = text("LEPTOS_HASH_FILES", "false") == "true";
    // Without a checkout nothing reloads the page.
    options.env = if set("LEPTOS_ENV") { (&std::env::var("LEPTOS_ENV")).into() } else { leptos::config::Env::PROD };
    options
}
