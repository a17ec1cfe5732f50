//! Limits of time of a connection that is up: without a packet of its users, and in all. What PPP says to itself (LCP's echo,
//! negotiation) is no packet of theirs, nor is what IPv6 says about the link.

use std::time::{Duration, Instant};

use crate::config::Limits;
use crate::event::DownReason;

/// A connection's clock of limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    limits: Limits,
    /// When it came up.
    up: Option<Instant>,
    /// When a packet went last.
    last: Option<Instant>,
}

/// Whether an IP packet is of the link and not of its users: neighbour discovery (RFC 4861 §4), which a router repeats for as
/// long as the link is up. Its hop limit is 255, so nothing else reaches this link in its guise from beyond.
pub(crate) fn is_of_link(packet: &[u8]) -> bool {
    let at = |place: usize| packet.get(place).copied();
    at(0).is_some_and(|first| first >> 4 == 6)
        && (at(6), at(7)) == (Some(58), Some(255))
        && at(40).is_some_and(|kind| (133..=137).contains(&kind))
}

impl Clock {
    /// `None`: there is no limit.
    pub(crate) fn new(limits: Limits) -> Option<Self> {
        (limits != Limits::default()).then_some(Self { limits, up: None, last: None })
    }

    /// Other limits, counted from where these were.
    pub(crate) fn set(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// How things stand now: whether the connection is up, and whether a packet has gone.
    pub(crate) fn look(&mut self, now: Instant, up: bool, busy: bool) {
        if !up {
            (self.up, self.last) = (None, None);
        } else if self.up.is_none() || busy {
            self.up.get_or_insert(now);
            self.last = Some(now);
        }
    }

    fn deadlines(&self) -> (Option<Instant>, Option<Instant>) {
        let at = |from: Option<Instant>, limit: Option<Duration>| {
            from.zip(limit).and_then(|(from, limit)| from.checked_add(limit))
        };
        (at(self.last, self.limits.idle_time()), at(self.up, self.limits.session_time()))
    }

    pub(crate) fn timeout(&self) -> Option<Instant> {
        let (idle, session) = self.deadlines();
        idle.into_iter().chain(session).min()
    }

    /// The limit that has come; said once.
    pub(crate) fn check(&mut self, now: Instant) -> Option<DownReason> {
        let (idle, session) = self.deadlines();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let reason = match (due(session), due(idle)) {
            (true, _) => DownReason::SessionLimit(self.limits.session_time().unwrap_or_default()),
            (false, true) => DownReason::Idle(self.limits.idle_time().unwrap_or_default()),
            (false, false) => return None,
        };
        self.limits = Limits::default();
        Some(reason)
    }
}
