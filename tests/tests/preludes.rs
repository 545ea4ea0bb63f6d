//! What a file takes in by globs is not ambiguous. That it compiles is the test.

use isoform::handlers::*;
use isoform::prelude::*;
use shared::prelude::*;

fn two_writes() -> Result<Batch> {
    let mut batch = Batch::new();
    let named = |name: &str| Tag { name: name.into(), ..Tag::blank() };
    let _ = batch.repo::<Tag>().insert(named("one"));
    let _ = batch.repo::<Tag>().insert(named("two"));
    Ok(batch)
}

#[test]
fn names_of_two_globs_are_of_one_thing() {
    let handlers = Handlers::new().before_any::<RunBatch>(async |request| {
        if request.identity().is_none() {
            return Err(Error::unauthenticated());
        }
        Ok(Next::Continue)
    });
    assert!(!format!("{handlers:?}").is_empty());
    assert!(two_writes().is_ok());
}
