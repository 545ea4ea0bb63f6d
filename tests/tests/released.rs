//! What is in the released files: server bodies are in the binary and not in the wasm.

use std::path::PathBuf;

fn released(variable: &str, default: &str) -> Vec<u8> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = std::env::var_os(variable).map_or_else(|| here.join(default), PathBuf::from);
    let path = if path.is_dir() { path.join("pkg/app.wasm") } else { path };
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo leptos build --release`", path.display()))
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn bodies_of_server_hooks_and_backend_methods_are_in_the_server_and_not_in_the_wasm() {
    let server = released("ISOFORM_SERVER_BIN", "target/release/server");
    let wasm = released("ISOFORM_SITE_ROOT", "target/site");
    assert!(contains(&wasm, "is a question, not a task"), "validation runs in the browser, so that its body is there");
    let on_the_server_only = [
        ("the saving hook", "a new task belongs to whoever adds it"),
        ("a method of a record", "toggling a task"),
        ("a static method", "The name or the password is wrong."),
    ];
    for (what, text) in on_the_server_only {
        assert!(contains(&server, text), "{what} is in the server");
        assert!(!contains(&wasm, text), "{what} is not in the wasm");
    }
}
