//! What a session is given: addresses, sizes of packets, caps and times.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The smallest MTU there is, RFC 791 §3.2.
const LEAST_MTU: usize = 68;
/// The smallest MTU of IPv6, RFC 8200 §5.
pub(crate) const LEAST_MTU_V6: usize = 1280;

/// The IPv4 side of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V4 {
    /// What the caller was given.
    pub caller: Ipv4Addr,
    /// Our end of the link. Names are asked for here; what else is sent here goes to this machine's loopback address,
    /// if `reach` opens that.
    pub gateway: Ipv4Addr,
}

/// The IPv6 side of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V6 {
    /// The caller's 64 bits: every source in it is the caller's.
    pub prefix: Ipv6Addr,
    /// Our end of the link, a link-local address.
    pub link_local: Ipv6Addr,
    /// Our address for names and for this machine's loopback, as [`V4::gateway`]. Not in the prefix.
    pub gateway: Ipv6Addr,
}

/// What one session may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Flows of all kinds.
    pub flows: usize,
    /// New flows in a second, on average; twice that many may begin at once.
    pub new_flows: u32,
    /// ICMP errors in a second, on average.
    pub errors: u32,
    /// Octets in buffers, queues and fragments, all together.
    pub memory: usize,
    /// Octets of one direction of one TCP connection. With many connections each gets less, so that all fit into `memory`.
    pub stream: usize,
    /// Octets that wait for the line, beside what TCP sends only when the line asks for it.
    pub queue: usize,
    /// Questions the resolver has not answered yet.
    pub questions: usize,
    /// Packets being put together of fragments.
    pub fragments: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            flows: 1024,
            new_flows: 100,
            errors: 20,
            memory: 16 << 20,
            stream: 256 << 10,
            queue: 64 << 10,
            questions: 64,
            fragments: 8,
        }
    }
}

impl Caps {
    /// The caps of a line that carries so many bits a second: nothing waits longer than the line needs for about two
    /// seconds, and streams hold what it carries in four.
    #[must_use]
    pub fn for_line(bits_per_second: u32) -> Self {
        let whole = Self::default();
        let second = usize::try_from(bits_per_second / 8).unwrap_or(usize::MAX);
        Self {
            stream: second.saturating_mul(4).clamp(8 << 10, whole.stream),
            queue: second.saturating_mul(2).clamp(6 << 10, whole.queue),
            ..whole
        }
    }
}

/// How long things may last without anything happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A TCP connection that stands. RFC 5382 REQ-5: not less than 2 hours and 4 minutes.
    pub established: Duration,
    /// A TCP connection that begins or ends. RFC 5382 REQ-5: not less than 4 minutes.
    pub transitory: Duration,
    /// A TCP connection whose caller does not acknowledge what it is sent.
    pub unacknowledged: Duration,
    /// A UDP mapping. RFC 4787 REQ-5: not less than 2 minutes, 5 recommended.
    pub mapping: Duration,
    /// Pings. RFC 5508 REQ-2: not less than 60 seconds.
    pub ping: Duration,
    /// A question to the resolver.
    pub question: Duration,
    /// A packet being put together.
    pub fragment: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            established: seconds(124 * 60),
            transitory: seconds(240),
            unacknowledged: seconds(120),
            mapping: seconds(300),
            ping: seconds(60),
            question: seconds(20),
            fragment: seconds(30),
        }
    }
}

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// IPv4, if it was agreed on.
    pub v4: Option<V4>,
    /// IPv6, if it was agreed on.
    pub v6: Option<V6>,
    /// Octets of the largest packet the caller takes (its MRU).
    pub mtu: usize,
    /// Octets of the largest packet the caller may send (our MRU); larger ones are dropped.
    pub mru: usize,
    /// What it may use.
    pub caps: Caps,
    /// How long it may do nothing.
    pub times: Times,
}

impl Config {
    /// A session with IPv4 only, 1500 octets and the usual caps.
    #[must_use]
    pub fn new(v4: V4) -> Self {
        Self { v4: Some(v4), v6: None, mtu: 1500, mru: 1500, caps: Caps::default(), times: Times::default() }
    }

    /// What the link carries each way, never too little to work with.
    pub(crate) fn mtu(&self) -> usize {
        self.mtu.clamp(LEAST_MTU, 65535)
    }

    /// What TCP reckons with: its announced segment must fit one way, its own segments the other.
    pub(crate) fn stream_mtu(&self) -> usize {
        self.mtu().min(self.mru.max(LEAST_MTU))
    }

    /// IPv6 where the link can carry it.
    pub(crate) fn v6(&self) -> Option<V6> {
        self.v6.filter(|_| self.mtu() >= LEAST_MTU_V6)
    }

    /// Whether the caller may send from here.
    pub(crate) fn is_caller(&self, source: IpAddr) -> bool {
        match source {
            IpAddr::V4(source) => self.v4.is_some_and(|v4| v4.caller == source),
            IpAddr::V6(source) => self.v6().is_some_and(|v6| {
                let prefix = |address: Ipv6Addr| address.to_bits() >> 64;
                prefix(v6.prefix) == prefix(source) && source != v6.gateway
            }),
        }
    }

    /// Our address on the link in the family of this one.
    pub(crate) fn gateway(&self, family: IpAddr) -> Option<IpAddr> {
        match family {
            IpAddr::V4(_) => self.v4.map(|v4| v4.gateway.into()),
            IpAddr::V6(_) => self.v6().map(|v6| v6.gateway.into()),
        }
    }

    /// Where a packet to this address ends: ours stands for this machine's loopback address.
    pub(crate) fn final_address(&self, to: IpAddr) -> IpAddr {
        match to {
            _ if self.gateway(to) != Some(to) => to.to_canonical(),
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        }
    }

    /// The address on the link of a peer outside: what [`Config::final_address`] does, undone.
    pub(crate) fn link_address(&self, from: IpAddr, family: IpAddr) -> Option<IpAddr> {
        if from.is_loopback() {
            return self.gateway(family);
        }
        (from.is_ipv4() == family.is_ipv4()).then_some(from)
    }
}
