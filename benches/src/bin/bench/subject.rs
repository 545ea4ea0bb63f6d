//! The servers that are compared.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use benches::Result;

use crate::requests::Part;

/// A server that can be started and loaded.
pub struct Subject {
    /// In messages.
    pub name: &'static str,
    /// In which column of the report it stands.
    pub side: Side,
    /// In which part of the benchmark it takes part.
    pub part: Part,
    /// How it is started.
    program: Program,
    /// How it says that it is ready.
    pub ready: Ready,
    /// How it stores ids and times.
    pub format: Format,
    /// Who is signed in.
    pub sign_in: SignIn,
}

/// A column of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// axum and sqlx, by hand.
    Handwritten,
    /// This framework.
    Isoform,
    /// The same with five hooks and two handlers that do nothing.
    Hooked,
    /// An earlier build of the same.
    Before,
    /// The other one.
    Remult,
}

/// How a server is started.
enum Program {
    /// A binary of this package, with `--db` and `--port`.
    Bench(&'static str),
    /// An earlier build of `isoform-items`, where `--before` says.
    Before,
    /// The application's release server, configured by its environment.
    Application,
    /// `node remult/server.mjs`, with `--db` and `--port`.
    Remult,
}

/// How a server says that it is ready.
pub enum Ready {
    /// A line `ready` on its stdout.
    Line,
    /// It answers 200 to a `GET` of this path.
    Get(&'static str),
}

/// How ids and times are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As sqlx binds them: uuids as 16 bytes, times as text.
    Sqlx,
    /// As Isoform does: uuids as 16 bytes, times as text of one length.
    Isoform,
    /// As Remult does: uuids as text, times as milliseconds.
    Remult,
}

/// Where the cookie of the requests comes from.
pub enum SignIn {
    /// Nobody is signed in.
    Nobody,
    /// The session stands in the seeded table.
    Seeded,
    /// The server is asked to sign a user in, with this JSON; `GET /api/me` then tells the user's id.
    Post {
        /// Such as `/api/session/signIn`.
        path: &'static str,
        /// Such as `{"args":["name","password"]}`.
        body: &'static str,
    },
}

/// Why a server takes no part in the run.
pub struct Left(pub String);

/// Where the earlier build is.
pub static BEFORE: OnceLock<PathBuf> = OnceLock::new();

static SUBJECTS: [Subject; 8] = [
    Subject {
        name: "handwritten (items)",
        side: Side::Handwritten,
        part: Part::Items,
        program: Program::Bench("handwritten"),
        ready: Ready::Line,
        format: Format::Sqlx,
        sign_in: SignIn::Nobody,
    },
    Subject {
        name: "isoform (items)",
        side: Side::Isoform,
        part: Part::Items,
        program: Program::Bench("isoform-items"),
        ready: Ready::Line,
        format: Format::Isoform,
        sign_in: SignIn::Nobody,
    },
    Subject {
        name: "remult (items)",
        side: Side::Remult,
        part: Part::Items,
        program: Program::Remult,
        ready: Ready::Line,
        format: Format::Remult,
        sign_in: SignIn::Nobody,
    },
    Subject {
        name: "handwritten (tasks)",
        side: Side::Handwritten,
        part: Part::Tasks,
        program: Program::Bench("handwritten"),
        ready: Ready::Line,
        format: Format::Sqlx,
        sign_in: SignIn::Seeded,
    },
    Subject {
        name: "the application (tasks)",
        side: Side::Isoform,
        part: Part::Tasks,
        program: Program::Application,
        ready: Ready::Get("/api/me"),
        format: Format::Isoform,
        // The member that the application seeds.
        sign_in: SignIn::Post {
            path: "/api/session/signIn",
            body: r#"{"fields":{"name":"member","password":"member-of-the-bench"}}"#,
        },
    },
    Subject {
        name: "isoform (plain)",
        side: Side::Isoform,
        part: Part::Hooks,
        program: Program::Bench("isoform-items"),
        ready: Ready::Line,
        format: Format::Isoform,
        sign_in: SignIn::Nobody,
    },
    Subject {
        name: "isoform (hooks and handlers)",
        side: Side::Hooked,
        part: Part::Hooks,
        program: Program::Bench("isoform-hooked"),
        ready: Ready::Line,
        format: Format::Isoform,
        sign_in: SignIn::Nobody,
    },
    Subject {
        name: "isoform (before)",
        side: Side::Before,
        part: Part::Hooks,
        program: Program::Before,
        ready: Ready::Line,
        format: Format::Isoform,
        sign_in: SignIn::Nobody,
    },
];

impl Subject {
    /// The servers of a part, the yardstick first.
    pub fn all(part: Part) -> impl Iterator<Item = &'static Self> {
        SUBJECTS.iter().filter(move |subject| subject.part == part)
    }

    /// Why it cannot be started here, if so.
    pub fn left_out(&self) -> Option<Left> {
        let missing = |path: PathBuf, how: &str| {
            (!path.exists()).then(|| Left(format!("{} is not there; {how}", path.display())))
        };
        match self.program {
            Program::Bench(name) => missing(binary(name), "leave out --no-build"),
            Program::Before if BEFORE.get().is_none() => Some(Left("`--before PATH` names an earlier build".into())),
            Program::Before => {
                missing(BEFORE.get().cloned().unwrap_or_default(), "keep a build of isoform-items there")
            }
            Program::Application => missing(binary("server"), "run `cargo leptos build --release` first"),
            Program::Remult => {
                if Command::new("node").arg("--version").output().is_err() {
                    return Some(Left("there is no `node`".into()));
                }
                let native = remult().join("node_modules/better-sqlite3/build/Release/better_sqlite3.node");
                missing(native, "run `npm ci --ignore-scripts && npm run native` in benches/remult")
            }
        }
    }

    /// The command that serves this file on this port.
    pub fn command(&self, db: &Path, port: u16) -> Command {
        let flags: [OsString; 4] = ["--db".into(), db.into(), "--port".into(), port.to_string().into()];
        match self.program {
            Program::Bench(name) => {
                let mut command = Command::new(binary(name));
                command.args(flags);
                command
            }
            Program::Before => {
                let mut command = Command::new(BEFORE.get().cloned().unwrap_or_default());
                command.args(flags);
                command
            }
            Program::Application => {
                let mut command = Command::new(binary("server"));
                command
                    .current_dir(workspace())
                    .env("DATABASE_URL", format!("sqlite://{}", db.display()))
                    .env("LEPTOS_SITE_ADDR", format!("127.0.0.1:{port}"))
                    .env("LEPTOS_SITE_ROOT", "target/site")
                    .env("LEPTOS_OUTPUT_NAME", "app")
                    .env("MEMBER_PASSWORD", "member-of-the-bench")
                    .env("RUST_LOG", "warn");
                command
            }
            Program::Remult => {
                let mut command = Command::new("node");
                command.arg(remult().join("server.mjs")).args(flags).env("NODE_ENV", "production");
                command
            }
        }
    }
}

/// Builds the servers of this package beside the running binary.
pub fn build() -> Result<()> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "-p", "benches", "--bin", "handwritten", "--bin", "isoform-items", "--bin", "isoform-hooked"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.current_dir(workspace()).status()?.success() {
        return Err("the servers do not build".into());
    }
    Ok(())
}

/// A binary next to this one.
fn binary(name: &str) -> PathBuf {
    env::current_exe().unwrap_or_default().with_file_name(name)
}

/// This package: cargo says where, otherwise one stands in the workspace.
fn package() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| "benches".into(), PathBuf::from)
}

fn workspace() -> PathBuf {
    package().join("..")
}

fn remult() -> PathBuf {
    package().join("remult")
}
