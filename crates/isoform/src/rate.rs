//! How often somebody may do something: so many times in a while, everybody by themselves.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::provider::DataProvider;
use crate::{Context, Error, Result};

/// So many times in a while: that many at once, and then each as its share of the while has passed.
///
/// ```
/// use isoform::Rate;
/// let rate = Rate::per_minute(10); // ten at once, and one more every six seconds
/// assert_eq!(rate, Rate::new(10, std::time::Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    times: u32,
    period: Duration,
}

impl Rate {
    /// So many times in a while; at least once.
    #[must_use]
    pub const fn new(times: u32, period: Duration) -> Self {
        Self { times: if times == 0 { 1 } else { times }, period }
    }

    /// So many times a second.
    #[must_use]
    pub const fn per_second(times: u32) -> Self {
        Self::new(times, Duration::from_secs(1))
    }

    /// So many times a minute.
    #[must_use]
    pub const fn per_minute(times: u32) -> Self {
        Self::new(times, Duration::from_secs(60))
    }

    /// So many times an hour.
    #[must_use]
    pub const fn per_hour(times: u32) -> Self {
        Self::new(times, Duration::from_secs(3_600))
    }

    /// How much of the while one time takes.
    fn share(self) -> Duration {
        self.period / self.times
    }
}

/// Whom calls and requests are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// Somebody who is signed in, by their id.
    Identity(String),
    /// Nobody, at an address; of IPv6 at the network of one customer.
    Address(IpAddr),
    /// Nobody, from wherever.
    Nobody,
}

impl Caller {
    /// Who asks in a context.
    #[must_use]
    pub fn of(context: &Context) -> Self {
        match (context.identity(), context.client()) {
            (Some(identity), _) => Self::Identity(identity.id.clone()),
            // Whoever has one address of version 6 has 2⁶⁴ of them.
            (None, Some(IpAddr::V6(address))) if address.to_ipv4_mapped().is_none() => {
                let [a, b, c, d, ..] = address.segments();
                Self::Address(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            (None, Some(address)) => Self::Address(address.to_canonical()),
            (None, None) => Self::Nobody,
        }
    }
}

/// What is counted: something of one database, for one caller.
type Key = (usize, &'static str, Caller);

/// Counts how often everybody does something. Who has done nothing for a while is forgotten.
#[derive(Default)]
pub struct Rates(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    /// When all that was done so far is forgotten, by what and who. The database is held on to, so that no other one takes
    /// its address.
    until: HashMap<Key, (Instant, Option<Weak<dyn DataProvider>>)>,
    /// With so many, it is looked for those that can be forgotten.
    look_at: usize,
}

/// Under what somebody's doing something is counted.
fn key(context: &Context, what: &'static str) -> Key {
    let place = context.local_provider().map_or(0, |database| Arc::as_ptr(database).cast::<()>() as usize);
    (place, what, Caller::of(context))
}

/// So many are counted by themselves, and everybody else together.
const MOST: usize = 100_000;

impl Rates {
    /// Passes somebody who does not do something too often.
    ///
    /// # Errors
    /// 429, which says when to come back.
    pub fn pass(&self, context: &Context, what: &'static str, rate: Rate) -> Result<()> {
        let held = context.local_provider().map(Arc::downgrade);
        let wait = self.count(key(context, what), held, rate, Instant::now());
        wait.map_or(Ok(()), |wait| Err(too_many(wait)))
    }

    /// What somebody has done was none of it: it is not counted.
    pub fn give_back(&self, context: &Context, what: &'static str, rate: Rate) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((until, _)) = counted.until.get_mut(&key(context, what)) {
            *until = until.checked_sub(rate.share()).unwrap_or(*until);
        }
    }

    /// Counts one time; answers how long to wait where that is too often.
    fn count(&self, mut key: Key, held: Option<Weak<dyn DataProvider>>, rate: Rate, now: Instant) -> Option<Duration> {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = &mut *counted;
        if counted.until.len() >= counted.look_at.clamp(1_024, MOST) {
            counted.until.retain(|_, (until, _)| *until > now);
            counted.look_at = counted.until.len().saturating_mul(2);
        }
        if counted.until.len() >= MOST && !counted.until.contains_key(&key) {
            key.2 = Caller::Nobody;
        }
        let (until, _) = counted.until.entry(key).or_insert((now, held));
        let after = (*until).max(now) + rate.share();
        let ahead = after.duration_since(now);
        if ahead > rate.period {
            return Some(ahead.saturating_sub(rate.period));
        }
        *until = after;
        None
    }
}

/// 429 for somebody who may come back in a while.
pub(crate) fn too_many(wait: Duration) -> Error {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    Error::too_many(format!("Too many requests. Try again in {seconds} {unit}.")).with_retry_after(wait)
}

impl std::fmt::Debug for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rates")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Key {
        (0, "call", Caller::Identity("ann".into()))
    }

    #[test]
    fn so_many_pass_at_once_and_then_one_for_each_share_of_the_while() {
        let (rates, rate, start) = (Rates::default(), Rate::per_minute(3), Instant::now());
        let at = |seconds: u64| rates.count(ann(), None, rate, start + Duration::from_secs(seconds));
        assert_eq!([at(0), at(0), at(0)], [None; 3]);
        assert_eq!(at(0), Some(Duration::from_secs(20)));
        assert_eq!(at(19), Some(Duration::from_secs(1)), "what was refused is not counted");
        assert_eq!((at(20), at(20)), (None, Some(Duration::from_secs(20))));
        assert_eq!([at(200), at(200), at(200)], [None; 3]);
    }

    #[test]
    fn whoever_came_a_while_ago_is_forgotten_and_the_memory_is_bounded() {
        let (rates, rate, start) = (Rates::default(), Rate::per_second(1), Instant::now());
        let one = |number: usize, now| rates.count((0, "call", Caller::Identity(number.to_string())), None, rate, now);
        for number in 0..MOST + 10 {
            one(number, start);
        }
        let held = || rates.0.lock().map_or(0, |counted| counted.until.len());
        assert_eq!(held(), MOST + 1, "and those who came last together");
        assert!(one(MOST + 20, start).is_some());
        assert!(one(MOST + 20, start + Duration::from_secs(2)).is_none());
        assert_eq!(held(), 1);
    }
}
