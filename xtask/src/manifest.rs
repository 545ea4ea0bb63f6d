//! The few facts that are read from `Cargo.lock` and the root `Cargo.toml`, so that each is written
//! down in one place only.

use crate::version::Version;

/// The version of a package in the text of a `Cargo.lock`; the newest, if there are several.
pub fn locked_version(lock: &str, package: &str) -> Option<Version> {
    lock.split("[[package]]")
        .skip(1)
        .filter(|block| setting(block, "name") == Some(package))
        .filter_map(|block| setting(block, "version").and_then(Version::find))
        .max()
}

/// The value of the first `key = "value"` line.
pub fn setting<'a>(toml: &'a str, key: &str) -> Option<&'a str> {
    toml.lines().find_map(|line| {
        let value = line.trim().strip_prefix(key)?.trim_start();
        let value = value.strip_prefix('=')?.trim_start().strip_prefix('"')?;
        value.split_once('"').map(|(value, _)| value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"
version = 4

[[package]]
name = "wasm-bindgen-futures"
version = "0.4.80"

[[package]]
name = "wasm-bindgen"
version = "0.2.130"
source = "registry"
dependencies = [
 "wasm-bindgen-macro",
]

[[package]]
name = "twice"
version = "1.9.0"

[[package]]
name = "twice"
version = "1.10.0"
"#;

    #[test]
    fn a_locked_version_is_that_of_the_whole_name() {
        let found = locked_version(LOCK, "wasm-bindgen");
        assert_eq!(found, Some(Version::new(0, 2, 130)));
        assert_eq!(locked_version(LOCK, "wasm"), None);
    }

    #[test]
    fn of_two_locked_versions_the_newer_counts() {
        let found = locked_version(LOCK, "twice");
        assert_eq!(found, Some(Version::new(1, 10, 0)));
    }

    #[test]
    fn a_setting_is_read_with_and_without_spaces_around_it() {
        let toml = "site-root-x = \"no\"\n  site-root=\"target/site\" # comment\nbin = true";
        assert_eq!(setting(toml, "site-root"), Some("target/site"));
        assert_eq!(setting(toml, "bin"), None);
        assert_eq!(setting(toml, "site-addr"), None);
    }

    #[test]
    fn this_checkout_says_what_xtask_asks_of_it() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let read = |file| std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_default();
        let lock = read("Cargo.lock");
        assert!(locked_version(&lock, "wasm-bindgen").is_some());
        let toml = read("Cargo.toml");
        for key in ["site-root", "site-pkg-dir", "site-addr", "bin-package"] {
            assert!(setting(&toml, key).is_some(), "{key}");
        }
    }
}
