//! What a program may write: messages a second, and bytes in all.

use std::time::Duration;

use tokio::time::Instant;

use super::{Fault, Limits};

/// Counts one program's messages. Allows a burst of four seconds' worth.
#[derive(Debug)]
pub(super) struct Meter {
    each: Duration,
    burst: Duration,
    bytes_left: usize,
    /// When the allowance would be whole again; as far ahead of now as it is used up.
    full: Instant,
}

impl Meter {
    pub(super) fn new(limits: &Limits, now: Instant) -> Self {
        let each = Duration::from_secs(1) / limits.messages_per_second.max(1);
        Self { each, burst: Duration::from_secs(4), bytes_left: limits.bytes, full: now }
    }

    /// One more message of `len` bytes.
    pub(super) fn count(&mut self, len: usize, now: Instant) -> Result<(), Fault> {
        self.bytes_left = self.bytes_left.checked_sub(len + 1).ok_or(Fault::TooMuch)?;
        self.full = self.full.max(now) + self.each;
        if self.full > now + self.burst { Err(Fault::Flood) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_a_flood_does_not() {
        let limits = Limits { messages_per_second: 50, ..Limits::default() };
        let mut meter = Meter::new(&limits, Instant::now());
        for _ in 0..200 {
            assert_eq!(meter.count(10, Instant::now()), Ok(()));
        }
        assert_eq!(meter.count(10, Instant::now()), Err(Fault::Flood));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(meter.count(10, Instant::now()), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_are_counted_over_the_whole_dialog() {
        let limits = Limits { bytes: 100, ..Limits::default() };
        let mut meter = Meter::new(&limits, Instant::now());
        assert_eq!(meter.count(98, Instant::now()), Ok(()));
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(meter.count(1, Instant::now()), Err(Fault::TooMuch));
    }
}
