//! Functions of the application that ask for what asks a function of the application: where that leads in a circle it has an end.

use crate::{Error, Result};

tokio::task_local! {
    /// How many of them stand around this one.
    static AROUND: u8;
}

/// So many may.
const MOST: u8 = 8;

/// Does work that asks a function of the application, and may be asked for by one. `what` says of it, where there are too many
/// around each other, what does this over and over.
///
/// # Errors
/// 500 where functions ask for each other without an end; as the work.
pub(super) async fn within<T>(what: impl FnOnce() -> String, work: impl Future<Output = Result<T>>) -> Result<T> {
    let around = AROUND.try_with(|around| *around).unwrap_or_default();
    if around >= MOST {
        return Err(Error::internal(format!("{}, {MOST} times over: does it ask for itself?", what())));
    }
    AROUND.scope(around + 1, work).await
}
