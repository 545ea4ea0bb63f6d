//! Passwords: argon2id, off the async threads, a bounded number at once.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{Output, PasswordHash, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::{Error, Result};

/// A hash takes 19 MiB (argon2's default parameters, OWASP's recommendation), so only a few run at once.
static AT_ONCE: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, usize::from))));

/// So many more may wait for their turn: whoever comes then is told to come back.
const WAITING: usize = 64;
static IN_LINE: Semaphore = Semaphore::const_new(WAITING);

/// So many blocks (of 1 KiB) are asked for at least, whatever is used of them: glibc gives pieces of more than 32 MiB back to
/// the system at once, while smaller ones stay in its arenas, of which each thread may have its own
/// (<https://man7.org/linux/man-pages/man3/mallopt.3.html>, `M_MMAP_THRESHOLD`). What is not used takes no memory.
const AT_LEAST: usize = 33 << 10;

/// The longest password that is looked at, in bytes.
pub const MAX_LENGTH: usize = 1_024;

/// A hash of no password, so that an unknown name takes as long as a wrong password.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash_now("nobody").ok());

fn hash_now(password: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let params = Params::default();
    let output = compute(password, salt.as_salt(), Algorithm::Argon2id, Version::V0x13, params.clone());
    let failed = |error: argon2::password_hash::Error| Error::internal(error.to_string());
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().map_err(failed)?,
        salt: Some(salt.as_salt()),
        hash: Some(output.map_err(failed)?),
    };
    Ok(hash.to_string())
}

/// Is it the password of a hash?
fn verify_now(password: &str, hash: &str) -> argon2::password_hash::Result<bool> {
    let hash = PasswordHash::new(hash)?;
    let (Some(salt), Some(output)) = (hash.salt, hash.hash) else { return Ok(false) };
    let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from)?;
    let params = Params::try_from(&hash)?;
    // Compared in a time that does not tell where they differ.
    Ok(compute(password, salt, Algorithm::try_from(hash.algorithm)?, version, params)? == output)
}

fn compute(
    password: &str,
    salt: Salt<'_>,
    algorithm: Algorithm,
    version: Version,
    params: Params,
) -> argon2::password_hash::Result<Output> {
    let mut salt_bytes = [0; Salt::MAX_LENGTH];
    let salt_bytes = salt.decode_b64(&mut salt_bytes)?;
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let mut memory = Vec::with_capacity(params.block_count().max(AT_LEAST));
    memory.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(algorithm, version, params);
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt_bytes, out, &mut memory)?)
    })
}

async fn bounded<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    let busy = || Error::unavailable("Too many people are signing in just now. Try again in a moment.");
    let _in_line = IN_LINE.try_acquire().map_err(|_| busy())?;
    let permit = AT_ONCE.clone().acquire_owned().await.map_err(Error::internal)?;
    // The permit goes along: the work goes on where its client has hung up.
    let permitted = move || {
        let done = work();
        drop(permit);
        done
    };
    tokio::task::spawn_blocking(permitted).await.map_err(Error::internal)
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
        verify_now(&password, &hash).unwrap_or(false) && known
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
    if password.len() > MAX_LENGTH {
        return Ok(false);
    }
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
