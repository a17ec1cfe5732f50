//! Whether one more flow may begin.

use std::fmt;
use std::time::Instant;

use super::Nat;
use crate::order::End;
use crate::stack;
use crate::stats::Dropped;
use crate::table::Kind;

/// The least octets of one direction of a stream.
const LEAST_STREAM: usize = 4 << 10;

/// Why a flow could not begin: a cap of the session, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// [`Caps::flows`](crate::Caps::flows).
    Flows,
    /// [`Caps::new_flows`](crate::Caps::new_flows).
    Rate,
    /// [`Caps::memory`](crate::Caps::memory).
    Memory,
    /// The caller has no address of that family.
    Family,
}

impl Full {
    pub(super) fn dropped(self) -> Dropped {
        match self {
            Self::Flows => Dropped::Flows,
            Self::Rate => Dropped::Rate,
            Self::Memory => Dropped::Memory,
            Self::Family => Dropped::Destination,
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flows => "the caller has as many flows as a session may have; some must end first",
            Self::Rate => "the caller begins flows faster than a session may; try again in a second",
            Self::Memory => "the caller's flows use all the memory a session may have; some must end first",
            Self::Family => "the caller has no address of this family",
        })
    }
}

impl std::error::Error for Full {}

impl Nat {
    /// Whether one more flow may begin now. The rate is asked first: what comes after may look at every flow.
    pub(super) fn admit(&mut self, now: Instant) -> Result<(), Full> {
        if !self.new_flows.take(now) {
            return Err(Full::Rate);
        }
        if self.table.len() < self.config.caps.flows || self.make_room() {
            return Ok(());
        }
        Err(Full::Flows)
    }

    /// Octets for each direction of a new stream. Half of the memory is shared out by the number of flows there may
    /// be, so that the last of them gets something; of the other half each takes a part of what is left.
    pub(super) fn stream_size(&mut self) -> Result<usize, Full> {
        let caps = self.config.caps;
        let others = caps.flows.saturating_sub(self.table.len() + 1);
        let left = self.memory_left();
        let spare = left.saturating_sub(others.saturating_mul(2 * LEAST_STREAM).min(caps.memory / 2));
        let wanted = (spare / 64).clamp(LEAST_STREAM, caps.stream.max(LEAST_STREAM));
        let size = stack::fitting(wanted);
        if 2 * size > left && !(self.make_room() && 2 * size <= self.memory_left()) {
            return Err(Full::Memory);
        }
        Ok(size)
    }

    /// Ends the connections that only wait for late packets.
    fn make_room(&mut self) -> bool {
        let waiting = |id: &_| match self.table.get(*id).map(|flow| &flow.kind) {
            Some(Kind::Stream(stream)) => stream.only_waits(),
            _ => false,
        };
        let ids: Vec<_> = self.table.ids().filter(waiting).collect();
        for id in &ids {
            self.remove(*id, End::Finished);
        }
        !ids.is_empty()
    }
}
