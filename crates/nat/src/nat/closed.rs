//! What the reach rules closed to the caller, for whoever asks why something does not work: the first few places of a
//! session, each once.

use std::net::IpAddr;

use super::Nat;
use crate::reach::Why;

/// Places remembered in a session; a caller that scans a network is in the counters only.
const MOST: usize = 32;

/// A place the caller wanted to reach and may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The final destination.
    pub to: IpAddr,
    /// Its port; pings have none.
    pub port: Option<u16>,
    /// The rule.
    pub why: Why,
}

/// The places of a session.
#[derive(Debug, Default)]
pub(super) struct Places {
    known: Vec<Closed>,
    /// How many of them have been told.
    told: usize,
}

impl Nat {
    /// Whether a flow may go there; a place that is closed is counted and remembered.
    pub(super) fn may_reach(&mut self, to: IpAddr, port: Option<u16>) -> bool {
        let Err(why) = self.reach.allows(to, port) else { return true };
        self.stats.drop(crate::stats::Dropped::Reach);
        let closed = Closed { to, port, why };
        let known = &mut self.closed.known;
        if known.len() < MOST && !known.contains(&closed) {
            known.push(closed);
        }
        false
    }

    /// The next place the reach rules have closed to the caller, each once and no more than 32 in a session.
    pub fn poll_closed(&mut self) -> Option<Closed> {
        let next = self.closed.known.get(self.closed.told).copied()?;
        self.closed.told += 1;
        Some(next)
    }
}
