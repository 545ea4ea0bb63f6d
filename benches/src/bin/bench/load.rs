//! The load: 16 connections, each sending its next request when the last is answered.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::Result;
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::seed::Rng;

const CONNECTIONS: u64 = 16;

/// What one round gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Answers a second.
    pub rate: f64,
    /// The time within which 99 of 100 requests were answered.
    pub p99: Duration,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}/s, p99 {:.1} ms", self.rate, self.p99.as_secs_f64() * 1e3)
    }
}

impl Sample {
    fn of(mut times: Vec<Duration>, elapsed: Duration) -> Result<Self> {
        times.sort_unstable();
        let p99 = times.get(times.len().saturating_sub(1) * 99 / 100).ok_or("no request was answered")?;
        Ok(Self { rate: count(times.len()) / elapsed.as_secs_f64(), p99: *p99 })
    }

    /// The middle rate and the middle p99 of some rounds.
    pub fn median(samples: &[Self]) -> Option<Self> {
        let mut rates: Vec<_> = samples.iter().map(|s| s.rate).collect();
        let mut p99s: Vec<_> = samples.iter().map(|s| s.p99).collect();
        rates.sort_unstable_by(f64::total_cmp);
        p99s.sort_unstable();
        let middle = samples.len() / 2;
        Some(Self { rate: *rates.get(middle)?, p99: *p99s.get(middle)? })
    }
}

fn count(n: usize) -> f64 {
    u32::try_from(n).map_or(f64::INFINITY, f64::from)
}

/// Loads a server for a while with requests drawn at random.
///
/// # Errors
/// When a connection fails or an answer has another status.
pub async fn run(addr: SocketAddr, requests: &Arc<[Vec<u8>]>, status: u16, duration: Duration) -> Result<Sample> {
    let mut connections = Vec::new();
    for n in 0..CONNECTIONS {
        connections.push((Connection::open(addr).await?, Rng::new(n)));
    }
    let start = Instant::now();
    let mut tasks: JoinSet<Result<Vec<Duration>>> = JoinSet::new();
    for (mut connection, mut rng) in connections {
        let requests = Arc::clone(requests);
        tasks.spawn(async move {
            let mut times = Vec::with_capacity(1 << 15);
            let mut sent = Instant::now();
            while sent - start < duration {
                let request = requests.get(rng.below(requests.len())).ok_or("no request")?;
                connection.send(request).await?.expect_status(status)?;
                let answered = Instant::now();
                times.push(answered - sent);
                sent = answered;
            }
            Ok(times)
        });
    }
    let mut times = Vec::new();
    while let Some(task) = tasks.join_next().await {
        times.extend(task??);
    }
    Sample::of(times, start.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p99_leaves_one_of_a_hundred_out() -> Result<()> {
        let times = (1..=100).rev().map(Duration::from_millis).collect();
        let sample = Sample::of(times, Duration::from_secs(2))?;
        assert_eq!(sample.to_string(), "50/s, p99 99.0 ms");
        assert!(Sample::of(Vec::new(), Duration::from_secs(1)).is_err());
        Ok(())
    }

    #[test]
    fn the_median_round_counts() {
        let of = |rate| Sample { rate, p99: Duration::ZERO };
        assert_eq!(Sample::median(&[of(9.0), of(1.0), of(5.0)]), Some(of(5.0)));
        assert_eq!(Sample::median(&[]), None);
    }
}
