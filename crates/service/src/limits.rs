//! The one limit engine (defence rules 6, 8 and 12): how many callers may be unauthenticated, how long wrong tries
//! and failed modules wait. No clock, no disk, no lock that is held while anything waits: times are arguments, and
//! what is kept has a cap. What must outlive the service is kept by the user store, which asks here what to keep.

mod backoff;
mod gate;
mod growth;
mod tries;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use backoff::Backoff;
pub(crate) use gate::{Gate, Pass, Refused, Room};
pub(crate) use growth::doubling;
pub(crate) use tries::{Booking, Factor, HORIZON, Kept, MEMORY, Standing, Tries};

/// The limits all calls of a service share.
#[derive(Default)]
pub(crate) struct Limits {
    gate: Gate,
    modules: Mutex<Backoff>,
}

impl Limits {
    /// Lets an unauthenticated caller in, if there is room. The pass is held until the caller has passed or is gone.
    pub(crate) fn enter(&self, room: &Room<'_>) -> Result<Pass, Refused> {
        self.gate.enter(room)
    }

    /// Callers that are unauthenticated now.
    pub(crate) fn unauthenticated(&self) -> usize {
        self.gate.count()
    }

    /// How long a module is still closed to a source.
    pub(crate) fn module_wait(&self, module: &str, source: &str, now: Instant) -> Option<Duration> {
        self.modules().wait(module, source, now)
    }

    /// A module crashed or did not answer in a dialog with this source.
    pub(crate) fn module_failed(&self, module: &str, source: &str, now: Instant) -> Duration {
        self.modules().failed(module, source, now)
    }

    /// A module came to a verdict with this source.
    pub(crate) fn module_worked(&self, module: &str, source: &str) {
        self.modules().worked(module, source);
    }

    fn modules(&self) -> MutexGuard<'_, Backoff> {
        self.modules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
