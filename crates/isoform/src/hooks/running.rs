//! Hooks that are running inside of each other: none goes round in circles.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{EventState, Hook};
use crate::future::BoxFuture;
use crate::id::Id;
use crate::meta::EntityMeta;
use crate::{Error, Result};

/// So many hooks run inside of each other at most: rows that save other rows may be as many as the table has.
const DEEPEST: usize = 16;

/// A hook that is running, and what it runs in.
struct Running {
    meta: &'static EntityMeta,
    id: Id,
    hook: Hook,
    outer: Option<Arc<Self>>,
}

thread_local! {
    /// The hook whose future is being polled.
    static CURRENT: RefCell<Option<Arc<Running>>> = const { RefCell::new(None) };
}

/// The future of a hook, which knows the hooks that it runs in.
pub(crate) struct Within<'a> {
    running: Arc<Running>,
    future: BoxFuture<'a, Result<()>>,
}

/// A hook of the record that an event is about.
///
/// # Errors
/// Where it is running for this record already, or too deep in others; names them all.
pub(crate) fn begin(meta: &'static EntityMeta, hook: Hook, event: &EventState) -> Result<Entered> {
    let id = if event.is_new { &event.id } else { &event.original_id };
    let outer = CURRENT.with_borrow(Clone::clone);
    let running = Running { meta, id: id.clone(), hook, outer };
    let mut depth = 0;
    let mut next = running.outer.as_deref();
    while let Some(one) = next {
        depth += 1;
        let same = one.hook == hook && one.meta == meta && one.id == running.id && !running.id.is_empty();
        if same || depth >= DEEPEST {
            return Err(round(&running, same));
        }
        next = one.outer.as_deref();
    }
    Ok(Entered(Arc::new(running)))
}

/// A hook that may run.
pub(crate) struct Entered(Arc<Running>);

impl Entered {
    /// Its future.
    pub fn run(self, future: BoxFuture<'_, Result<()>>) -> Within<'_> {
        Within { running: self.0, future }
    }
}

#[cold]
fn round(running: &Running, same: bool) -> Error {
    let mut chain = Vec::new();
    let mut next = Some(running);
    while let Some(one) = next {
        chain.push(format!("`{}` of {} {}", one.hook.name(), one.meta.key, one.id));
        next = one.outer.as_deref();
    }
    let mut text = String::new();
    let (hook, key) = (running.hook.name(), running.meta.key);
    let _ = if same {
        write!(
            text,
            "the hook `{hook}` of {key} makes itself run again for the same record: it saves that record, or something that does. "
        )
    } else {
        write!(text, "the hook `{hook}` of {key} runs in {DEEPEST} others already: they save each other's records. ")
    };
    chain.reverse();
    let _ = write!(
        text,
        "Change the record that the hook is given instead of saving it. They ran in this order: {}",
        chain.join(", ")
    );
    Error::internal(text)
}

/// What was being polled before is so again, also where a hook panics.
struct Restored(Option<Arc<Running>>);

impl Drop for Restored {
    fn drop(&mut self) {
        CURRENT.set(self.0.take());
    }
}

impl Future for Within<'_> {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let _restored = Restored(CURRENT.replace(Some(self.running.clone())));
        self.future.as_mut().poll(context)
    }
}
