//! What anybody may know of a running call without asking it: its counters and its condition.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use openras_engine::Snapshot;
use openras_engine::server::Condition;
use openras_ppp::Stats;

/// How many counters there are.
const COUNTERS: usize = 12;
/// A condition that is not known.
const UNKNOWN: u8 = u8::MAX;

/// Published by the driver after each input, read by whoever likes. Nobody ever waits for the other; a reader may
/// find one counter a packet ahead of another.
#[derive(Debug)]
pub struct Gauge {
    /// The counters of the machine's running PPP.
    now: [AtomicU64; COUNTERS],
    /// Those of its earlier ones: a callback has two.
    before: [AtomicU64; COUNTERS],
    condition: AtomicU8,
}

/// What a [`Gauge`] shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Counters of the call; they only grow.
    pub stats: Stats,
    /// What an administrator sees of a port; `None` before its driver runs, and for a dial.
    pub condition: Option<Condition>,
}

impl Default for Gauge {
    fn default() -> Self {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        Self { now: zeros(), before: zeros(), condition: AtomicU8::new(UNKNOWN) }
    }
}

impl Gauge {
    /// How things stand.
    pub fn read(&self) -> Reading {
        let mut counters = [0; COUNTERS];
        for (counter, (now, before)) in counters.iter_mut().zip(self.now.iter().zip(&self.before)) {
            *counter = now.load(Ordering::Relaxed).wrapping_add(before.load(Ordering::Relaxed));
        }
        let condition = condition(self.condition.load(Ordering::Relaxed));
        Reading { stats: stats(counters), condition }
    }

    /// Shows a machine's snapshot. Called by one driver only.
    pub(super) fn publish(&self, snapshot: &Snapshot) {
        let number = snapshot.condition.map_or(UNKNOWN, |condition| {
            // there are seven
            u8::try_from(condition.mprapi()).unwrap_or(UNKNOWN)
        });
        self.condition.store(number, Ordering::Relaxed);
        let counters = counters(&snapshot.stats);
        let began_anew = counters.iter().zip(&self.now).any(|(new, now)| *new < now.load(Ordering::Relaxed));
        if began_anew {
            for (now, before) in self.now.iter().zip(&self.before) {
                before.fetch_add(now.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
        for (new, now) in counters.iter().zip(&self.now) {
            now.store(*new, Ordering::Relaxed);
        }
    }
}

fn counters(stats: &Stats) -> [u64; COUNTERS] {
    [
        stats.bytes_received,
        stats.frames_received,
        stats.fcs_errors,
        stats.aborts,
        stats.runts,
        stats.overflows,
        stats.bad_headers,
        stats.bytes_sent,
        stats.frames_sent,
        stats.packets_received,
        stats.packets_sent,
        stats.packets_dropped,
    ]
}

fn stats(counters: [u64; COUNTERS]) -> Stats {
    let [
        bytes_received,
        frames_received,
        fcs_errors,
        aborts,
        runts,
        overflows,
        bad_headers,
        bytes_sent,
        frames_sent,
        packets_received,
        packets_sent,
        packets_dropped,
    ] = counters;
    Stats {
        bytes_received,
        frames_received,
        fcs_errors,
        aborts,
        runts,
        overflows,
        bad_headers,
        bytes_sent,
        frames_sent,
        packets_received,
        packets_sent,
        packets_dropped,
    }
}

fn condition(number: u8) -> Option<Condition> {
    use Condition::{
        Authenticated, Authenticating, CallingBack, Disconnected, Initializing, Listening, NonOperational,
    };
    let all =
        [NonOperational, Disconnected, CallingBack, Listening, Authenticating, Authenticated, Initializing];
    all.into_iter().find(|condition| condition.mprapi() == u32::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gauge_shows_what_was_published_and_counters_go_on_over_a_second_ppp() {
        let gauge = Gauge::default();
        assert_eq!(gauge.read(), Reading::default());
        let stats = counters(&Stats::default());
        let first: [u64; COUNTERS] = std::array::from_fn(|n| n as u64 + 10);
        assert_eq!(stats, [0; COUNTERS]);
        let show =
            |counters, condition| gauge.publish(&Snapshot { stats: super::stats(counters), condition });
        show(first, Some(Condition::Authenticating));
        let reading = gauge.read();
        assert_eq!(counters(&reading.stats), first);
        assert_eq!(reading.condition, Some(Condition::Authenticating));
        // the line is hung up for a callback, then another PPP begins
        show([0; COUNTERS], Some(Condition::CallingBack));
        assert_eq!(counters(&gauge.read().stats), first, "nothing is lost meanwhile");
        show([1; COUNTERS], Some(Condition::Authenticated));
        assert_eq!(counters(&gauge.read().stats), first.map(|n| n + 1));
    }

    #[test]
    fn every_condition_comes_through() {
        let gauge = Gauge::default();
        for number in 0..7 {
            let shown = condition(number);
            gauge.publish(&Snapshot { condition: shown, ..Snapshot::default() });
            assert_eq!(gauge.read().condition.map(Condition::mprapi), Some(u32::from(number)));
        }
        assert_eq!(condition(UNKNOWN), None);
    }
}
