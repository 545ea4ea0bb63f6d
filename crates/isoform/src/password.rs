//! Passwords: argon2id, off the async threads, a bounded number at once.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::Argon2;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// A hash takes 19 MiB (argon2's default parameters, OWASP's recommendation), so only a few run at once.
static AT_ONCE: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from)));

/// The longest password that is looked at, in bytes.
pub const MAX_LENGTH: usize = 1_024;

/// A hash of no password, so that an unknown name takes as long as a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody").ok());

fn hash_now(password: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|error| Error::internal(error.to_string()))
}

async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let _permit = AT_ONCE.acquire().await.map_err(Error::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

/// Hashes a password, to be stored.
///
/// # Errors
/// 400 where it is longer than [`MAX_LENGTH`].
pub async fn hash(password: &str) -> Result<String> {
    if password.len() > MAX_LENGTH {
        return Err(Error::invalid(format!("A password has at most {MAX_LENGTH} bytes.")));
    }
    let password = password.to_owned();
    bounded(move || hash_now(&password)).await?
}

/// Is this the password of a stored hash? Where there is no such user, pass `None`: it takes as long.
///
/// # Errors
/// Only where the process ends.
pub async fn verify(password: &str, stored: Option<&str>) -> Result<bool> {
    if password.len() > MAX_LENGTH {
        return Ok(false);
    }
    let (password, stored) = (password.to_owned(), stored.map(str::to_owned));
    bounded(move || {
        let known = stored.is_some();
        let hash = stored.or_else(|| NOBODY.clone()).unwrap_or_default();
        let matches = PasswordHash::new(&hash)
            .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        known && matches
    })
    .await
}

/// So many wrong passwords for one name are looked at within [`WINDOW`].
pub const ATTEMPTS: u32 = 10;

/// How long wrong passwords are counted.
pub const WINDOW: Duration = Duration::from_secs(60);

/// Wrong passwords by name, and since when they are counted. At most this many names are remembered.
static FAILED: LazyLock<Mutex<HashMap<String, (Instant, u32)>>> = LazyLock::new(Mutex::default);
const REMEMBERED: usize = 10_000;

/// As [`verify`], for whoever signs in under a name: after [`ATTEMPTS`] wrong passwords within [`WINDOW`] nothing is
/// looked at until the window has passed.
///
/// # Errors
/// 429 after too many wrong passwords.
pub async fn verify_sign_in(name: &str, password: &str, stored: Option<&str>) -> Result<bool> {
    let name = name.chars().take(100).collect::<String>();
    if !may_try(&name, Instant::now()) {
        let seconds = WINDOW.as_secs();
        return Err(Error::too_many(format!("Too many wrong passwords. Try again in {seconds} seconds.")));
    }
    let right = verify(password, stored).await?;
    if right {
        FAILED.lock().unwrap_or_else(PoisonError::into_inner).remove(&name);
    }
    Ok(right)
}

/// Counts a try before it is looked at, so that many at once count too.
fn may_try(name: &str, now: Instant) -> bool {
    let mut failed = FAILED.lock().unwrap_or_else(PoisonError::into_inner);
    if failed.len() >= REMEMBERED {
        failed.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
    }
    if failed.len() >= REMEMBERED && !failed.contains_key(name) {
        // Made-up names must not keep anybody else from signing in: the oldest makes room.
        let oldest = failed.iter().min_by_key(|(_, (since, _))| *since).map(|(name, _)| name.clone());
        oldest.map(|name| failed.remove(&name));
    }
    let (since, tries) = failed.entry(name.to_owned()).or_insert((now, 0));
    if now.duration_since(*since) >= WINDOW {
        (*since, *tries) = (now, 0);
    }
    *tries += 1;
    *tries <= ATTEMPTS
}
