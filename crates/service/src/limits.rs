//! The one limit engine (defence rules 6, 8 and 12): how many callers may be unauthenticated, how long wrong tries
//! and failed modules wait. No clock, no disk, no lock that is held while anything waits: times are arguments, and
//! what is kept has a cap. What must outlive the service is kept by the user store, which asks here what to keep.

mod backoff;
mod flood;
mod gate;
mod growth;
mod place;
mod tries;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use backoff::Backoff;
use flood::Flood;
pub(crate) use gate::{Gate, Pass, Refused, Room};
pub(crate) use growth::doubling;
pub(crate) use place::place;
pub(crate) use tries::{Ahead, Booking, Factor, HORIZON, Kept, MEMORY, Standing, Tries};

/// The limits all calls of a service share.
#[derive(Default)]
pub(crate) struct Limits {
    gate: Gate,
    modules: Mutex<Backoff>,
    turned_away: Mutex<Flood>,
}

impl Limits {
    /// Lets an unauthenticated caller in, if there is room. The pass is held until the caller has passed or is gone.
    pub(crate) fn enter(&self, room: &Room<'_>) -> Result<Pass, Refused> {
        let place = room.source.map(place);
        self.gate.enter(&Room { source: place.as_deref(), ..*room })
    }

    /// Callers that are unauthenticated now.
    pub(crate) fn unauthenticated(&self) -> usize {
        self.gate.count()
    }

    /// How long a module is still closed to a source.
    pub(crate) fn module_wait(&self, module: &str, source: &str, now: Instant) -> Option<Duration> {
        self.modules().wait(module, &place(source), now)
    }

    /// A module crashed or did not answer in a dialog with this source.
    pub(crate) fn module_failed(&self, module: &str, source: &str, now: Instant) -> Duration {
        self.modules().failed(module, &place(source), now)
    }

    /// A module came to a verdict with this source.
    pub(crate) fn module_worked(&self, module: &str, source: &str) {
        self.modules().worked(module, &place(source));
    }

    /// Whether one more caller that this port turned away is put on record, and how many before it were not.
    pub(crate) fn tells_of_turned_away(&self, port: &str, now: Instant) -> Option<u64> {
        self.turned_away.lock().unwrap_or_else(PoisonError::into_inner).tell(port, now)
    }

    fn modules(&self) -> MutexGuard<'_, Backoff> {
        self.modules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Defence rule 8: an IPv6 host has 2^64 addresses.
    #[test]
    fn the_addresses_of_one_ipv6_network_share_one_sources_room_and_back_off() {
        let limits = Limits::default();
        let room = |source| Room { port: "line1", source: Some(source), of_port: 10, of_source: 1 };
        let first = limits.enter(&room("2001:db8::1")).ok();
        assert_eq!(limits.enter(&room("2001:db8::2")).err(), Some(Refused::Source(1)));
        assert!(limits.enter(&room("2001:db8:0:1::2")).is_ok());
        drop(first);
        assert!(limits.enter(&room("2001:db8::2")).is_ok());
        let now = Instant::now();
        limits.module_failed("totp", "2001:db8::1", now);
        assert!(limits.module_wait("totp", "2001:db8::2", now).is_some());
    }
}
