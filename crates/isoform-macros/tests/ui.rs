//! What the macros accept, and what they say to what they refuse.

#[test]
fn what_is_right_compiles_and_what_is_wrong_is_explained_at_its_token() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/pass/*.rs");
    cases.compile_fail("tests/fail/*.rs");
}
