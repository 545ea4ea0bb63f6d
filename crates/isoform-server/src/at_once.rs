//! How many requests of one caller are under way at once: nobody holds the whole server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use isoform::{Caller, Context, Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many times as many as are under way may wait for their turn.
const WAITING: usize = 16;

/// Who has requests under way, and how many.
pub(crate) struct AtOnce {
    most: usize,
    callers: Arc<Mutex<Callers>>,
}

type Callers = HashMap<Caller, (Arc<Semaphore>, usize)>;

/// A request that is under way.
pub(crate) struct UnderWay {
    caller: Caller,
    callers: Arc<Mutex<Callers>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.permit = None;
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, count)) = callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

impl AtOnce {
    /// So many requests at once; without a number as many as there are.
    pub fn new(most: Option<usize>) -> Option<Self> {
        most.map(|most| Self { most: most.max(1), callers: Arc::default() })
    }

    /// Waits until a request of a context's caller may go on. Whoever is not known is not counted: they are many.
    ///
    /// # Errors
    /// 429 where many wait already.
    pub async fn turn(&self, context: &Context) -> Result<Option<UnderWay>> {
        let caller = Caller::of(context);
        if caller == Caller::Nobody {
            return Ok(None);
        }
        let (semaphore, count) = {
            let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = callers.entry(caller.clone());
            let (semaphore, count) = entry.or_insert_with(|| (Arc::new(Semaphore::new(self.most)), 0));
            *count += 1;
            (semaphore.clone(), *count)
        };
        // From here on whatever happens is counted back.
        let mut under_way = UnderWay { caller, callers: self.callers.clone(), permit: None };
        if count > self.most.saturating_mul(WAITING + 1) {
            let message = format!("{count} of your requests are under way. Wait for some of them.");
            return Err(Error::too_many(message).with_retry_after(Duration::from_secs(1)));
        }
        under_way.permit = Some(semaphore.acquire_owned().await.map_err(Error::internal)?);
        Ok(Some(under_way))
    }
}
