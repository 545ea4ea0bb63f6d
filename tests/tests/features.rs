//! `docs/features.md` names, for each feature, the test that holds it: each of them is there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All Rust files of a test: one, or those of a folder.
fn sources(path: &Path) -> Option<String> {
    if let Ok(text) = fs::read_to_string(path.with_extension("rs")) {
        return Some(text);
    }
    let files = fs::read_dir(path).ok()?.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok());
    Some(files.collect::<Vec<_>>().join("\n"))
}

/// What stands between backticks; a backslash before a bar is the table's own.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(|name| name.replace("\\|", "|")).collect()
}

fn is_path(name: &str) -> bool {
    name.ends_with(".rs") || name.contains('/')
}

/// The files of the sources whose path ends so.
fn ends_with(folder: &Path, end: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            !path.ends_with("target") && ends_with(&path, end)
        } else {
            path.to_string_lossy().ends_with(&format!("/{end}"))
        }
    })
}

/// A file of tests, a test, a module of tests or a function with an example that must not compile, anywhere in a crate.
fn in_crate(folder: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return !path.ends_with("target") && in_crate(&path, name);
        }
        let holds = |text: String| {
            let refuses = text.contains("```compile_fail") && text.contains(&format!("fn {name}<"));
            refuses || [format!("fn {name}("), format!("mod {name} {{")].iter().any(|part| text.contains(part))
        };
        path.extension().is_some_and(|extension| extension == "rs")
            && (path.file_stem().is_some_and(|stem| stem == name) || fs::read_to_string(path).is_ok_and(holds))
    })
}

/// What of a row's last cell cannot be found.
fn missing(cell: &str) -> Vec<String> {
    let tests = root().join("tests/tests");
    let mut place: Option<PathBuf> = None;
    let mut missing = Vec::new();
    for name in quoted(cell) {
        let (file, function) =
            name.split_once("::").map_or((None, name.as_str()), |(file, function)| (Some(file), function));
        if let Some(file) = file.filter(|file| sources(&tests.join(file)).is_some()) {
            place = Some(tests.join(file));
        } else if is_path(&name) {
            if !ends_with(&root().join("crates"), &name) && !ends_with(&tests, &name) {
                missing.push(name.clone());
            }
            continue;
        } else if root().join("crates").join(&name).is_dir() {
            place = Some(root().join("crates").join(&name));
            continue;
        } else if sources(&tests.join(&name)).is_some() {
            place = Some(tests.join(&name));
            continue;
        }
        let held = place.as_ref().is_some_and(|place| {
            if place.starts_with(root().join("crates")) {
                return in_crate(place, name.rsplit("::").next().unwrap_or(&name));
            }
            sources(place).is_some_and(|text| text.contains(&format!("fn {function}(")))
        });
        if !held {
            missing.push(name.clone());
        }
    }
    missing
}

/// The rows of the tables: the feature, and what holds it.
fn rows(text: &str) -> Vec<(String, String)> {
    let cells = |line: &str| {
        let line = line.strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{0}");
        let (feature, held) = line.rsplit_once('|')?;
        Some((feature.trim().replace('\u{0}', "|"), held.trim().replace('\u{0}', "|")))
    };
    let rows = text.lines().filter_map(cells);
    rows.filter(|(feature, _)| feature != "feature" && !feature.starts_with("---")).collect()
}

#[test]
fn each_feature_names_a_test_that_is_there() {
    let rows = rows(&fs::read_to_string(root().join("docs/features.md")).unwrap());
    assert!(rows.len() > 30, "the tables are read: {}", rows.len());
    let wrong: Vec<_> = rows
        .iter()
        .filter_map(|(feature, held)| {
            let names = quoted(held);
            let missing = if names.is_empty() { vec!["(no test)".to_owned()] } else { missing(held) };
            (!missing.is_empty()).then(|| format!("{feature}: {}", missing.join(", ")))
        })
        .collect();
    assert!(wrong.is_empty(), "docs/features.md names what is not there:\n{}", wrong.join("\n"));
}

#[test]
fn a_name_that_is_not_there_is_found() {
    assert_eq!(
        missing("`features::a_name_that_is_not_there_is_found`, `each_feature_names_a_test_that_is_there`"),
        [""; 0]
    );
    assert_eq!(missing("`features::nobody_wrote_this`, `nor_this`"), ["features::nobody_wrote_this", "nor_this"]);
    assert_eq!(missing("`unwritten`"), ["unwritten"]);
    assert_eq!(missing("`sqlite/plans.rs`, `sqlite/planes.rs`"), ["sqlite/planes.rs"]);
    assert_eq!(missing("`isoform-macros`: `wrong_relations`, `wrong_relation`"), ["wrong_relation"]);
}
