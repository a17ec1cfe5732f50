//! Callers that are turned away cost nothing to send, so a stranger could fill the log and the audit record with them,
//! and with that the disk: of more than a person could read only so many are told, and how many were not.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// So many of a port are told at once.
const BURST: u32 = 100;
/// After that, one in this time.
const EACH: Duration = Duration::from_millis(500);

/// What was told of each port. Ports are the configuration's own, so the map has a bound.
#[derive(Default)]
pub(crate) struct Flood(HashMap<String, Told>);

struct Told {
    left: u32,
    /// When `left` was counted last.
    at: Instant,
    untold: u64,
}

impl Flood {
    /// Whether one more is told, and how many before it were not.
    pub(crate) fn tell(&mut self, port: &str, now: Instant) -> Option<u64> {
        if !self.0.contains_key(port) {
            self.0.insert(port.to_owned(), Told { left: BURST, at: now, untold: 0 });
        }
        let told = self.0.get_mut(port)?;
        let rested = now.saturating_duration_since(told.at).as_millis() / EACH.as_millis();
        if let Ok(rested @ 1..) = u32::try_from(rested.min(u128::from(BURST))) {
            told.left = told.left.saturating_add(rested).min(BURST);
            told.at = now;
        }
        if told.left == 0 {
            told.untold += 1;
            return None;
        }
        told.left -= 1;
        Some(std::mem::take(&mut told.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_by_its_number_and_costs_no_other_port() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        let told = (0..10_000).filter(|_| flood.tell("a", now).is_some()).count();
        assert_eq!(told, 100);
        assert_eq!(flood.tell("b", now), Some(0));
        assert_eq!(flood.tell("a", now + EACH / 2), None);
        assert_eq!(flood.tell("a", now + EACH), Some(9_901), "none is forgotten");
        assert_eq!(flood.tell("a", now + EACH), None);
        let later = now + EACH * 1_000;
        assert_eq!((0..1_000).filter(|_| flood.tell("a", later).is_some()).count(), 100);
    }
}
