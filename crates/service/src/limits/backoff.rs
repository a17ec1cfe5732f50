//! Modules that fail: closed to the source in whose dialog that happened, for a growing time, and to no other
//! (defence rule 12).

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::doubling;

/// What the first failure costs, in seconds.
const FIRST: u64 = 1;
/// The longest wait, in seconds.
const LONGEST: u64 = 60;
/// So long after the last failure it is forgotten.
const MEMORY: Duration = Duration::from_secs(600);
/// Most pairs of module and source remembered.
const MOST: usize = 10_000;

/// Failures in a row by module and source.
#[derive(Default)]
pub(crate) struct Backoff(HashMap<(String, String), Failures>);

struct Failures {
    count: u32,
    last: Instant,
    until: Instant,
}

impl Backoff {
    /// How long the module is still closed to this source.
    pub(crate) fn wait(&self, module: &str, source: &str, now: Instant) -> Option<Duration> {
        let failures = self.0.get(&key(module, source))?;
        let wait = failures.until.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    /// One more failure; gives how long it closes the module.
    pub(crate) fn failed(&mut self, module: &str, source: &str, now: Instant) -> Duration {
        let key = key(module, source);
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            self.sweep(now);
        }
        let failures = self.0.entry(key).or_insert(Failures { count: 0, last: now, until: now });
        if now.saturating_duration_since(failures.last) > MEMORY {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
        let wait = Duration::from_secs(doubling(failures.count, FIRST, LONGEST));
        failures.until = now + wait;
        wait
    }

    /// A dialog came to its verdict.
    pub(crate) fn worked(&mut self, module: &str, source: &str) {
        self.0.remove(&key(module, source));
    }

    /// Forgets what is old, else the one that is over first.
    fn sweep(&mut self, now: Instant) {
        self.0.retain(|_, failures| now.saturating_duration_since(failures.last) <= MEMORY);
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, f)| f.until).map(|(key, _)| key.clone())
        {
            self.0.remove(&oldest);
        }
    }
}

fn key(module: &str, source: &str) -> (String, String) {
    (module.to_owned(), source.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn failures_close_a_module_to_their_source_for_a_growing_time_and_to_no_other() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        let waits: Vec<u64> = (0..8).map(|_| backoff.failed("m", "a", now).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(backoff.wait("m", "a", now), Some(secs(60)));
        assert_eq!(backoff.wait("m", "a", now + secs(59)), Some(secs(1)));
        assert_eq!(backoff.wait("m", "a", now + secs(60)), None);
        assert_eq!((backoff.wait("m", "b", now), backoff.wait("n", "a", now)), (None, None));
        backoff.worked("m", "a");
        assert_eq!(backoff.failed("m", "a", now), secs(1), "one that works has a clean slate");
        assert_eq!(backoff.failed("m", "a", now + secs(1000)), secs(1), "and so has one after a while");
    }

    #[test]
    fn invented_sources_do_not_fill_the_memory() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        for n in 0..MOST + 50 {
            backoff.failed("m", &format!("source {n}"), now);
        }
        assert!(backoff.0.len() <= MOST, "{}", backoff.0.len());
        backoff.failed("m", "much later", now + secs(10_000));
        assert_eq!(backoff.0.len(), 1);
    }
}
