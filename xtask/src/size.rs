//! How much a browser downloads: the released wasm and JavaScript, and the budget for them.

use std::path::{Path, PathBuf};

use crate::checkout::Checkout;
use crate::error::Error;
use crate::process;

/// What all of it may weigh, in bytes compressed with brotli.
///
/// It was 230,000 while the application was one page of one entity. Since it has six pages of nine entities 352,920 were
/// measured (2026-11-22): the pages' views, and what they use of relations, aggregates, pages by a cursor, batches and decimal
/// numbers. With the audit, the outbox, orders that are made and changed, deletions that are refused, a controller, and requests
/// that are repeated with a key, 390,055 were measured. All pages are in one file.
const BUDGET: u64 = 400_000;

/// Compresses each file as a server would, and prints a size per line.
const COMPRESS: &str = "\
const fs = require('fs'), zlib = require('zlib');
for (const file of process.argv.slice(1))
    console.log(zlib.brotliCompressSync(fs.readFileSync(file)).length);";

/// Prints the sizes, and compares them with the budget.
///
/// # Errors
/// When there is no release to measure, or it is over the budget.
pub fn check(checkout: &Checkout) -> Result<(), Error> {
    let package = checkout.site_package();
    let mut files = shipped(&package).unwrap_or_default();
    files.sort();
    if files.is_empty() {
        let package = package.display();
        return Err(Error::Failed(format!(
            "nothing released to measure in {package}; `cargo xtask test --only wasm` builds it"
        )));
    }
    let printed = process::output(checkout.command("node").args(["-e", COMPRESS]).args(&files));
    let compressed = printed
        .as_deref()
        .and_then(numbers)
        .ok_or_else(|| Error::Failed("`node` could not compress the released files to measure them".to_owned()))?;

    println!("{:>12} {:>12}", "bytes", "brotli");
    let mut total = Size::default();
    for (file, brotli) in files.iter().zip(compressed) {
        let raw = file.metadata().map_or(0, |file| file.len());
        let name = file.strip_prefix(&package).unwrap_or(file);
        println!("{raw:>12} {brotli:>12}  {}", name.display());
        total.raw += raw;
        total.brotli += brotli;
    }
    println!("{:>12} {:>12}  in all", total.raw, total.brotli);
    within_budget(total.brotli)
}

#[derive(Default)]
struct Size {
    raw: u64,
    brotli: u64,
}

/// The wasm and JavaScript in a directory, at any depth.
fn shipped(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(shipped(&path)?);
        } else if path.extension().is_some_and(|ext| ext == "wasm" || ext == "js") {
            files.push(path);
        }
    }
    Ok(files)
}

fn numbers(lines: &str) -> Option<Vec<u64>> {
    lines.lines().map(|line| line.trim().parse().ok()).collect()
}

fn within_budget(brotli: u64) -> Result<(), Error> {
    match brotli.checked_sub(BUDGET) {
        None | Some(0) => {
            println!("within the budget of {BUDGET} bytes brotli");
            Ok(())
        }
        Some(over) => Err(Error::Failed(format!(
            "the released wasm and JavaScript are {over} bytes over the budget of {BUDGET} bytes \
             brotli; look for a new dependency in the wasm build (`cargo tree -p browser --target \
             wasm32-unknown-unknown`)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_itself_is_allowed_and_a_byte_more_is_not() {
        assert_eq!(within_budget(BUDGET), Ok(()));
        let over = within_budget(BUDGET + 1);
        let message = over.map_or_else(|error| error.to_string(), |()| String::new());
        assert!(message.contains("1 bytes over"), "{message}");
    }

    #[test]
    fn a_size_that_is_no_number_is_not_taken_for_zero() {
        assert_eq!(numbers("12\n3\n"), Some(vec![12, 3]));
        assert_eq!(numbers("12\nError\n"), None);
    }
}
