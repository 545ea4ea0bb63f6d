//! Chromium and the chromedriver that goes with it, for the tests of the pages.

use std::env;
use std::path::PathBuf;

use super::{Found, system};
use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;
use crate::version::Version;

pub(super) const BY_HAND: &str = "`apt-get install chromium chromium-driver` as root on Debian; \
     elsewhere Chromium or Chrome with the chromedriver of the same major version, both on the \
     PATH, or named by ISOFORM_CHROMIUM and ISOFORM_CHROMEDRIVER";

const CHROMIUM: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const DRIVER: &[&str] = &["chromedriver"];

/// Where the two programs are.
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// What drives it.
    pub driver: PathBuf,
}

/// The browser to test with: the one that the environment names, or the first on the PATH.
pub fn find(checkout: &Checkout) -> Option<Browser> {
    let find = |variable: &str, names: &[&str]| {
        let named = env::var_os(variable).map(PathBuf::from);
        named.or_else(|| names.iter().find_map(|name| checkout.which(name)))
    };
    Some(Browser { chromium: find("ISOFORM_CHROMIUM", CHROMIUM)?, driver: find("ISOFORM_CHROMEDRIVER", DRIVER)? })
}

pub(super) fn look(checkout: &Checkout) -> Found {
    let Some(browser) = find(checkout) else {
        return Found::Missing;
    };
    let version = |path: &PathBuf| {
        let printed = process::output(checkout.command(path).arg("--version"));
        printed.as_deref().and_then(Version::find)
    };
    pair(version(&browser.chromium), version(&browser.driver))
}

/// The driver drives the browser of its own major version only.
fn pair(chromium: Option<Version>, driver: Option<Version>) -> Found {
    match (chromium, driver) {
        (Some(chromium), Some(driver)) if chromium.major == driver.major => Found::Ready(chromium.to_string()),
        (Some(chromium), Some(driver)) => Found::Unfit(format!(
            "Chromium {chromium} is there with chromedriver {driver}; they must be of one major \
             version"
        )),
        (None, _) => Found::Unfit("a Chromium that does not run is there".to_owned()),
        (_, None) => Found::Unfit("a chromedriver that does not run is there".to_owned()),
    }
}

pub(super) fn install(checkout: &Checkout) -> Result<(), Error> {
    let packages: &[&str] = if system::is_ubuntu() {
        &["chromium-browser", "chromium-chromedriver"]
    } else {
        &["chromium", "chromium-driver"]
    };
    system::install(checkout, packages, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_of_another_major_version_is_unfit() {
        let chromium = Some(Version::new(156, 0, 8078));
        let same = Some(Version::new(156, 0, 1));
        let other = Some(Version::new(155, 0, 8078));
        assert!(matches!(pair(chromium, same), Found::Ready(_)));
        assert!(matches!(pair(chromium, other), Found::Unfit(_)));
    }

    #[test]
    fn a_program_that_does_not_run_is_named() {
        let works = Some(Version::new(156, 0, 0));
        let named = |found, name: &str| matches!(found, Found::Unfit(why) if why.contains(name));
        assert!(named(pair(None, works), "Chromium"));
        assert!(named(pair(works, None), "chromedriver"));
    }
}
