//! Counters: plain numbers, read by whoever owns the NAT.

use crate::table::Key;

/// Why a packet, a flow or a datagram went no further. Each is counted in [`Stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dropped {
    /// A header, length or flag that contradicts the rest; a source route.
    Malformed,
    /// A checksum that is wrong.
    Checksum,
    /// Larger than the link's maximum receive unit.
    Giant,
    /// The source is not the address the caller was given (defence rule 16).
    Spoofed,
    /// A broadcast, a multicast or another destination no flow can have.
    Destination,
    /// Closed by the reach rules.
    Reach,
    /// A protocol that is neither TCP, UDP nor ICMP, or an ICMP message that is not for us.
    Protocol,
    /// It ran out of hops here.
    Hops,
    /// A fragment that overlaps, came too late, or was one too many.
    Fragment,
    /// A TCP segment that belongs to no connection.
    Stray,
    /// The session has as many flows as it may have.
    Flows,
    /// Flows were begun faster than the session may.
    Rate,
    /// The session's memory is used up.
    Memory,
    /// The line is slower than what comes for it.
    Queue,
    /// The owner has not taken its orders.
    Orders,
    /// From outside, and nobody here asked for it.
    Unasked,
    /// An error message, where there had been enough of them in this second.
    Quiet,
}

impl Dropped {
    /// Every reason, in the order of [`Stats::dropped`].
    pub const ALL: [Self; 17] = [
        Self::Malformed,
        Self::Checksum,
        Self::Giant,
        Self::Spoofed,
        Self::Destination,
        Self::Reach,
        Self::Protocol,
        Self::Hops,
        Self::Fragment,
        Self::Stray,
        Self::Flows,
        Self::Rate,
        Self::Memory,
        Self::Queue,
        Self::Orders,
        Self::Unasked,
        Self::Quiet,
    ];

    /// One word for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Checksum => "checksum",
            Self::Giant => "giant",
            Self::Spoofed => "spoofed",
            Self::Destination => "destination",
            Self::Reach => "reach",
            Self::Protocol => "protocol",
            Self::Hops => "hops",
            Self::Fragment => "fragment",
            Self::Stray => "stray",
            Self::Flows => "flows",
            Self::Rate => "rate",
            Self::Memory => "memory",
            Self::Queue => "queue",
            Self::Orders => "orders",
            Self::Unasked => "unasked",
            Self::Quiet => "quiet",
        }
    }
}

/// What a session has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Packets the caller sent, whatever became of them.
    pub packets_in: u64,
    /// Their octets.
    pub bytes_in: u64,
    /// Packets for the caller, taken by the line.
    pub packets_out: u64,
    /// Their octets.
    pub bytes_out: u64,
    /// TCP connections begun by the caller or from outside.
    pub streams: u64,
    /// UDP mappings begun.
    pub mappings: u64,
    /// Echo mappings begun.
    pub pings: u64,
    /// Questions for the resolver.
    pub questions: u64,
    /// By [`Dropped`], in its order; [`Stats::dropped`] reads it.
    pub drops: [u64; Dropped::ALL.len()],
}

/// Flows of a session that are open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// TCP connections.
    pub streams: usize,
    /// UDP mappings.
    pub mappings: usize,
    /// Echo mappings.
    pub pings: usize,
    /// Questions the resolver has not answered yet.
    pub questions: usize,
}

impl Open {
    /// The sum of several sessions, of which one was this and is that.
    #[must_use]
    pub fn moved(&self, was: &Self, is: &Self) -> Self {
        let moved = |sum: usize, was, is| sum.saturating_add(is).saturating_sub(was);
        Self {
            streams: moved(self.streams, was.streams, is.streams),
            mappings: moved(self.mappings, was.mappings, is.mappings),
            pings: moved(self.pings, was.pings, is.pings),
            questions: moved(self.questions, was.questions, is.questions),
        }
    }

    /// The number of its kind.
    pub(crate) fn of(&mut self, key: &Key) -> &mut usize {
        match key {
            Key::Tcp { .. } => &mut self.streams,
            Key::Udp { .. } => &mut self.mappings,
            Key::Ping { .. } => &mut self.pings,
        }
    }
}

impl Stats {
    /// How often something was dropped for this reason.
    #[must_use]
    pub fn dropped(&self, why: Dropped) -> u64 {
        self.drops.get(why as usize).copied().unwrap_or_default()
    }

    /// Adds what another session has done.
    pub fn add(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.packets_in, other.packets_in),
            (&mut self.bytes_in, other.bytes_in),
            (&mut self.packets_out, other.packets_out),
            (&mut self.bytes_out, other.bytes_out),
            (&mut self.streams, other.streams),
            (&mut self.mappings, other.mappings),
            (&mut self.pings, other.pings),
            (&mut self.questions, other.questions),
        ] {
            *mine = mine.wrapping_add(theirs);
        }
        self.drops.iter_mut().zip(other.drops).for_each(|(mine, theirs)| *mine = mine.wrapping_add(theirs));
    }

    /// What has come together since it was as the earlier one.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut drops = self.drops;
        drops.iter_mut().zip(earlier.drops).for_each(|(now, then)| *now = now.wrapping_sub(then));
        Self {
            packets_in: self.packets_in.wrapping_sub(earlier.packets_in),
            bytes_in: self.bytes_in.wrapping_sub(earlier.bytes_in),
            packets_out: self.packets_out.wrapping_sub(earlier.packets_out),
            bytes_out: self.bytes_out.wrapping_sub(earlier.bytes_out),
            streams: self.streams.wrapping_sub(earlier.streams),
            mappings: self.mappings.wrapping_sub(earlier.mappings),
            pings: self.pings.wrapping_sub(earlier.pings),
            questions: self.questions.wrapping_sub(earlier.questions),
            drops,
        }
    }

    pub(crate) fn drop(&mut self, why: Dropped) {
        if let Some(count) = self.drops.get_mut(why as usize) {
            *count += 1;
        }
    }
}
