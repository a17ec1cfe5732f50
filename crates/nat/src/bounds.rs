//! What keeps a session small: the queue to its line, and how often things may happen.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Packets that wait for the line. TCP's are not among them: they are made when the line asks.
#[derive(Debug)]
pub(crate) struct Queue {
    packets: VecDeque<Vec<u8>>,
    bytes: usize,
    most: usize,
}

impl Queue {
    pub(crate) fn new(most: usize) -> Self {
        Self { packets: VecDeque::new(), bytes: 0, most }
    }

    /// Puts all of them in, or none: half of a datagram's fragments are of no use.
    pub(crate) fn push(&mut self, packets: Vec<Vec<u8>>) -> bool {
        let more: usize = packets.iter().map(Vec::len).sum();
        if packets.is_empty() || self.bytes + more > self.most {
            return false;
        }
        self.bytes += more;
        self.packets.extend(packets);
        true
    }

    pub(crate) fn pop(&mut self) -> Option<Vec<u8>> {
        let packet = self.packets.pop_front()?;
        self.bytes -= packet.len();
        Some(packet)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// So many a second on average, and so many at once.
#[derive(Debug)]
pub struct Bucket {
    per_second: u32,
    burst: u32,
    left: u32,
    since: Instant,
}

impl Bucket {
    /// A full one: `per_second` on average, `burst` at once.
    #[must_use]
    pub fn new(now: Instant, per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, left: burst, since: now }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, now: Instant) -> bool {
        self.refill(now);
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => return false,
        }
        true
    }

    fn refill(&mut self, now: Instant) {
        if self.per_second == 0 {
            return;
        }
        let each = Duration::from_secs(1) / self.per_second;
        let passed = now.saturating_duration_since(self.since);
        let more = u32::try_from(passed.as_nanos() / each.as_nanos().max(1)).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(more).min(self.burst);
        // what is left of the time counts for the next one, unless the bucket is full
        self.since = match each.checked_mul(more) {
            Some(used) if self.left < self.burst => self.since + used,
            _ => now,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_takes_all_parts_or_none() {
        let mut queue = Queue::new(100);
        assert!(queue.push(vec![vec![1; 40], vec![2; 40]]));
        assert!(!queue.push(vec![vec![3; 10], vec![4; 11]]));
        assert_eq!(queue.bytes(), 80);
        assert!(queue.push(vec![vec![5; 20]]));
        assert_eq!(queue.pop().unwrap().len(), 40);
        assert_eq!(queue.bytes(), 60);
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        #[allow(clippy::disallowed_methods)] // the beginning of time of this test
        let t0 = Instant::now();
        let mut bucket = Bucket::new(t0, 10, 20);
        assert_eq!((0..50).filter(|_| bucket.take(t0)).count(), 20);
        let at = |millis| t0 + Duration::from_millis(millis);
        assert!(!bucket.take(at(99)));
        assert!(bucket.take(at(100)));
        assert!(!bucket.take(at(199)));
        assert!(bucket.take(at(200)));
        assert_eq!((0..50).filter(|_| bucket.take(at(1200))).count(), 10);
        assert_eq!((0..50).filter(|_| bucket.take(at(99_000))).count(), 20);
    }
}
