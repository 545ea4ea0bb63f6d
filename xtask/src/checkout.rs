//! Where things are, and the environment that every child gets.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::Error;
use crate::manifest;
use crate::version::Version;

/// A checkout of the repository.
pub struct Checkout {
    root: PathBuf,
    target: PathBuf,
    manifest: String,
}

impl Checkout {
    /// The checkout that cargo runs this in.
    ///
    /// # Errors
    /// When run outside of one.
    pub fn find() -> Result<Self, Error> {
        let here = env::current_dir().map_err(|cause| Error::Failed(format!("no working directory: {cause}")))?;
        let start = env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| here.clone(), PathBuf::from);
        let root = start
            .ancestors()
            .find(|directory| directory.join("xtask/Cargo.toml").is_file())
            .ok_or_else(|| Error::Failed("run this inside of a checkout".to_owned()))?
            .to_owned();
        let target = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
            .into_iter()
            .find_map(|name| env::var_os(name).filter(|value| !value.is_empty()))
            .map_or_else(|| root.join("target"), |named| here.join(named));
        let manifest = read(&root.join("Cargo.toml"))?;
        Ok(Self { root, target, manifest })
    }

    /// A path in the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path in cargo's target directory, wherever that is.
    pub fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// Where this project keeps tools of its own: in the target directory, beside nobody else's.
    pub fn tools(&self) -> PathBuf {
        self.target("tools")
    }

    /// The address that the application listens at.
    pub fn address(&self) -> String {
        let named = env::var("LEPTOS_SITE_ADDR").ok();
        named.unwrap_or_else(|| self.setting("site-addr", "127.0.0.1:3000"))
    }

    /// The directory with the application's static files, as cargo-leptos builds it.
    pub fn site(&self) -> PathBuf {
        self.path(&self.setting("site-root", "target/site"))
    }

    /// The directory with the application's wasm and JavaScript.
    pub fn site_package(&self) -> PathBuf {
        self.site().join(self.setting("site-pkg-dir", "pkg"))
    }

    /// The released server.
    pub fn server(&self) -> PathBuf {
        let name = self.setting("bin-package", "server");
        self.target("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// The version of a package in `Cargo.lock`.
    ///
    /// # Errors
    /// When the package is not there.
    pub fn locked_version(&self, package: &str) -> Result<Version, Error> {
        let lock = read(&self.path("Cargo.lock"))?;
        manifest::locked_version(&lock, package)
            .ok_or_else(|| Error::Failed(format!("Cargo.lock has no package `{package}`")))
    }

    fn setting(&self, key: &str, otherwise: &str) -> String {
        manifest::setting(&self.manifest, key).unwrap_or(otherwise).to_owned()
    }

    /// A program to be run in the checkout, with the project's own tools first on its PATH.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("PATH", self.search_path()).env("CARGO_TARGET_DIR", &self.target);
        // What cargo told *this* process about itself; to a child's build scripts it would be a
        // change that they rebuild for.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_about_this_package) {
                command.env_remove(name);
            }
        }
        command
    }

    /// The file that a program name stands for, on the PATH that children get.
    pub fn which(&self, program: &str) -> Option<PathBuf> {
        let file = format!("{program}{}", env::consts::EXE_SUFFIX);
        env::split_paths(&self.search_path()).map(|directory| directory.join(&file)).find(|path| is_executable(path))
    }

    fn search_path(&self) -> OsString {
        let before = [self.tools().join("bin"), self.tools().join("npm/node_modules/.bin")];
        let given = env::var_os("PATH").unwrap_or_default();
        let cargo =
            env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")));
        let directories = before
            .into_iter()
            .filter(|directory| directory.is_dir())
            .chain(env::split_paths(&given))
            .chain(cargo.map(|home| home.join("bin")));
        env::join_paths(directories).unwrap_or(given.clone())
    }
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|cause| Error::file(path, &cause))
}

fn is_about_this_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || matches!(name, "CARGO_MANIFEST_DIR" | "CARGO_MANIFEST_PATH" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME")
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_not_told_about_the_package_that_runs_them() {
        assert!(is_about_this_package("CARGO_PKG_VERSION"));
        assert!(is_about_this_package("CARGO_MANIFEST_DIR"));
        assert!(!is_about_this_package("CARGO_HOME"));
        assert!(!is_about_this_package("CARGO_TARGET_DIR"));
    }
}
