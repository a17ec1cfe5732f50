//! One direction of a line on virtual time: so many bits a second, a delay, losses, packets that overtake others.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A small generator, the same for the same seed.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.roll() % 100 < chance
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Quality {
    pub bits_per_second: u64,
    pub delay: Duration,
    /// Percent of packets.
    pub lost: u64,
    pub late: u64,
}

pub(crate) const GOOD: Quality =
    Quality { bits_per_second: 100_000_000, delay: Duration::from_millis(1), lost: 0, late: 0 };

pub(crate) struct Way {
    pub quality: Quality,
    dice: Dice,
    busy_until: Instant,
    arrivals: BTreeMap<(Instant, u64), Vec<u8>>,
    count: u64,
}

impl Way {
    pub(crate) fn new(now: Instant, quality: Quality, seed: u64) -> Self {
        Self { quality, dice: Dice::new(seed), busy_until: now, arrivals: BTreeMap::new(), count: 0 }
    }

    /// Whether it can take a packet now; else when.
    pub(crate) fn free(&self, now: Instant) -> Result<(), Instant> {
        if self.busy_until <= now { Ok(()) } else { Err(self.busy_until) }
    }

    pub(crate) fn send(&mut self, now: Instant, packet: Vec<u8>) {
        let bits = packet.len() as u64 * 8;
        let time = Duration::from_nanos(bits * 1_000_000_000 / self.quality.bits_per_second);
        self.busy_until = self.busy_until.max(now) + time;
        if self.dice.percent(self.quality.lost) {
            return;
        }
        let mut at = self.busy_until + self.quality.delay;
        if self.dice.percent(self.quality.late) {
            at += time * 3 + self.quality.delay;
        }
        self.count += 1;
        self.arrivals.insert((at, self.count), packet);
    }

    pub(crate) fn receive(&mut self, now: Instant) -> Option<Vec<u8>> {
        let entry = self.arrivals.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.arrivals.first_key_value().map(|((at, _), _)| *at)
    }
}
