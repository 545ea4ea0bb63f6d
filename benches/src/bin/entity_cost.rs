//! What one more entity costs: bytes of wasm (brotli) and seconds of a cold native check.
//!
//! Generates a crate with one and with 51 entities of ten fields, each of which is queried, changed, saved and deleted in the
//! browser, and compares. `cargo run --release -p benches --bin entity-cost`; needs `wasm-bindgen`, `wasm-opt` and `node`, as
//! `cargo xtask setup` installs them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use benches::Result;

/// How many entities are added.
const MORE: usize = 50;

fn main() -> Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let folder = target.join("entity-cost");
    let (mut sizes, mut times) = (Vec::new(), Vec::new());
    for count in [1, 1 + MORE] {
        let project = folder.join("project");
        generate(&root, &project, count)?;
        times.push(check(&project, &folder)?);
        sizes.push(size(&root, &project, &folder)?);
        eprintln!(
            "{count} entities: {:.2} s to check, {} bytes brotli",
            times[times.len() - 1],
            sizes[sizes.len() - 1]
        );
    }
    let (bytes, seconds) = ((sizes[1] - sizes[0]) / MORE, (times[1] - times[0]) / f64::from(u32::try_from(MORE)?));
    println!("| one more entity of ten fields | adds | goal |\n| --- | ---: | ---: |");
    println!("| wasm, brotli | {bytes} bytes | ≤ 4,096 bytes |");
    println!("| cold native check | {seconds:.3} s | ≤ 0.3 s |");
    Ok(())
}

fn generate(root: &Path, project: &Path, count: usize) -> Result<()> {
    fs::create_dir_all(project.join("src"))?;
    fs::write(
        project.join("Cargo.toml"),
        format!(
            "[package]\nname = \"generated\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n\
             [dependencies]\nisoform = {{ path = \"{}\" }}\nwasm-bindgen = \"=0.2.130\"\nwasm-bindgen-futures = \"0.4\"\n\n\
             [profile.release]\nopt-level = \"z\"\nlto = \"fat\"\ncodegen-units = 1\npanic = \"abort\"\n\n[workspace]\n",
            root.join("crates/isoform").display()
        ),
    )?;
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock"))?;
    let mut code = String::from("use isoform::prelude::*;\nuse wasm_bindgen::prelude::wasm_bindgen;\n");
    for n in 0..count {
        write!(
            code,
            "#[derive(Entity, Clone, Debug, PartialEq)]
             #[entity(key = \"things{n}\", allow(crud = authenticated), order_by(name))]
             pub struct Thing{n} {{
                 #[field(id)] pub id: Uuid,
                 #[field(required, len(min = 2, max = {max}), label = \"Name of {n}\")] pub name: String,
                 pub done: bool,
                 #[field(range(min = 0, max = {max}))] pub amount{n}: i32,
                 pub total: i64,
                 pub price{n}: f64,
                 pub due: Option<NaiveDate>,
                 #[field(help = \"Help for {n}\")] pub note{n}: Option<String>,
                 #[field(created_at)] pub created_at: DateTime<Utc>,
                 #[field(version)] pub version: i64,
             }}
             #[wasm_bindgen]
             pub async fn use{n}(text: String) -> Option<String> {{
                 let rows = Thing{n}::query().filter(|t| t.name.contains(text) & t.amount{n}.gt({n})).await.ok()?;
                 for mut row in rows {{
                     row.name.push('!');
                     row.price{n} += 1.5;
                     row.save().await.ok()?;
                     if row.done {{ row.delete().await.ok()?; }}
                 }}
                 let mut new = Record::<Thing{n}>::new();
                 new.note{n} = Some(\"new\".into());
                 new.save().await.err().map(|error| error.to_string())
             }}\n",
            max = 100 + n,
        )?;
    }
    fs::write(project.join("src/lib.rs"), code)?;
    Ok(())
}

fn run(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Seconds to check the crate anew, its dependencies being checked already.
fn check(project: &Path, target: &Path) -> Result<f64> {
    let check = |cold: bool| -> Result<f64> {
        if cold {
            fs::write(project.join("src/lib.rs"), fs::read_to_string(project.join("src/lib.rs"))? + "\n")?;
        }
        let start = Instant::now();
        run(Command::new("cargo")
            .arg("check")
            .current_dir(project)
            .env("CARGO_TARGET_DIR", target)
            .env("CARGO_INCREMENTAL", "0"))?;
        Ok(start.elapsed().as_secs_f64())
    };
    check(false)?;
    let mut runs = [check(true)?, check(true)?, check(true)?];
    runs.sort_by(f64::total_cmp);
    Ok(runs[1])
}

/// Bytes of the released wasm, as brotli sends it.
fn size(root: &Path, project: &Path, target: &Path) -> Result<usize> {
    run(Command::new("cargo")
        .args(["build", "--release", "--target", "wasm32-unknown-unknown"])
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target))?;
    let (built, bound) = (target.join("wasm32-unknown-unknown/release/generated.wasm"), target.join("bound"));
    run(Command::new("wasm-bindgen").arg(built).args(["--target", "web", "--out-dir"]).arg(&bound))?;
    let (input, output) = (bound.join("generated_bg.wasm"), bound.join("small.wasm"));
    let ours = root.join("target/tools/npm/node_modules/.bin/wasm-opt");
    let wasm_opt = if ours.exists() { ours } else { "wasm-opt".into() };
    run(Command::new(wasm_opt).arg("-Oz").arg("--all-features").arg(input).arg("-o").arg(&output))?;
    let script = "process.stdout.write(String(require('zlib').brotliCompressSync(require('fs').readFileSync(process.argv[1])).length))";
    Ok(run(Command::new("node").args(["-e", script]).arg(&output))?.trim().parse()?)
}
