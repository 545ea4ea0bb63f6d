//! Where the site is, and where it is served.

use leptos::config::{Env, LeptosOptions, get_configuration};

/// The options of the site: from `cargo leptos`, else from the `Cargo.toml` of the checkout that this runs in, else by
/// default; `LEPTOS_*` in the environment counts most.
///
/// Without either of the first two the site is in `LEPTOS_SITE_ROOT`, by default `target/site`, and its scripts are
/// called as `cargo leptos` called them when this was compiled, else `app`.
#[must_use]
pub fn options() -> LeptosOptions {
    if set("LEPTOS_OUTPUT_NAME") {
        match get_configuration(None) {
            Ok(found) => return found.leptos_options,
            Err(error) => tracing::warn!("LEPTOS_* in the environment is not used: {error}"),
        }
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
            // A path of the checkout's, whichever folder of it this runs in.
            options.site_root = folder.join(&*options.site_root).to_string_lossy().into();
        }
        Some(options)
    })
}

fn by_default() -> LeptosOptions {
    let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let mut options = LeptosOptions::builder().output_name(option_env!("LEPTOS_OUTPUT_NAME").unwrap_or("app")).build();
    options.site_root = text("LEPTOS_SITE_ROOT", "target/site").into();
    options.site_pkg_dir = text("LEPTOS_SITE_PKG_DIR", "pkg").into();
    options.site_addr = text("LEPTOS_SITE_ADDR", "").parse().unwrap_or(options.site_addr);
    options.hash_files = text("LEPTOS_HASH_FILES", "false") == "true";
    // Without a checkout nothing reloads the page.
    options.env = text("LEPTOS_ENV", "PROD").parse().unwrap_or(Env::PROD);
    options
}
