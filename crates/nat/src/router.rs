//! The router's part of IPv6 on a link of two: a caller learns its prefix, the MTU and the resolver (RFC 4861, RFC
//! 8106), and finds us at our link-local address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::bounds::Bucket;
use crate::wire::{self, Advertisement, Echo, Packet, advertisement, echo_reply, intact, protocol};

/// All nodes, all routers.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Router solicitation.
const SOLICITATION: u8 = 133;
/// How long who has just come up is given to ask by itself: RFC 4861 §10, MAX_INITIAL_RTR_ADVERT_INTERVAL.
const FIRST: Duration = Duration::from_secs(16);
/// The time between two advertisements that nobody asked for: the most RFC 4861 §6.2.1 allows, a quarter of what they say
/// lasts. A kernel asks only when its link comes up, and would forget all of it after that. No chance is added to it: that is
/// for links with several routers.
const INTERVAL: Duration = Duration::from_secs(1800);

/// What the router of a link tells its one caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advertised {
    /// Our address on the link, a link-local one.
    pub link_local: Ipv6Addr,
    /// The caller's 64 bits: it may have any address in them.
    pub prefix: Ipv6Addr,
    /// Where it is to ask for names; `None`: IPCP has told it.
    pub resolver: Option<Ipv6Addr>,
    /// Octets of the largest packet of the link, 1280 or more (RFC 8200 §5).
    pub mtu: u32,
}

/// What a packet of the caller is to the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is for somebody beyond the link.
    Elsewhere,
    /// It is answered by this one.
    Answer(Vec<u8>),
    /// It is for the link alone, and nothing is to be done about it.
    Nothing,
    /// It would be answered, did the caller not ask so often.
    TooOften,
}

/// The router at our end of a caller's link.
#[derive(Debug)]
pub struct Router {
    says: Advertised,
    /// When it speaks again without being asked.
    next: Option<Instant>,
    answers: Bucket,
}

/// Whether a packet is of the link alone: from an address that is good there only, or from none to all that are there (RFC 4291
/// §2.5.6, RFC 4861 §6.1.1). On a link without router it is dropped, and nobody lies who sends it.
#[must_use]
pub fn is_of_the_link(packet: &[u8]) -> bool {
    wire::parse(packet).is_ok_and(|packet| of_the_link(&packet))
}

pub(crate) fn of_the_link(packet: &Packet<'_>) -> bool {
    let (IpAddr::V6(src), IpAddr::V6(dst)) = (packet.src, packet.dst) else { return false };
    // a caller may not have an address yet when it solicits
    src.is_unicast_link_local() || src.is_unspecified() && dst.octets().starts_with(&[0xff, 0x02])
}

impl Router {
    /// For a link that has just come up; `answers` are those in a second, on average.
    #[must_use]
    pub fn new(now: Instant, says: Advertised, answers: u32) -> Self {
        let answers = Bucket::new(now, answers, answers.saturating_mul(2));
        Self { says, next: now.checked_add(FIRST), answers }
    }

    /// What it tells.
    #[must_use]
    pub fn says(&self) -> Advertised {
        self.says
    }

    /// A packet of the caller's.
    pub fn hear(&mut self, now: Instant, packet: &[u8]) -> Heard {
        wire::parse(packet).map_or(Heard::Elsewhere, |packet| self.hear_parsed(now, &packet))
    }

    pub(crate) fn hear_parsed(&mut self, now: Instant, packet: &Packet<'_>) -> Heard {
        let (IpAddr::V6(src), IpAddr::V6(dst), true) = (packet.src, packet.dst, of_the_link(packet)) else {
            return Heard::Elsewhere;
        };
        let icmp = packet.protocol == protocol::ICMPV6 && packet.fragment.is_none();
        if !icmp || !intact(packet) {
            return Heard::Nothing;
        }
        let own = self.says.link_local;
        // RFC 4861 §6.1.1: a hop limit of 255 proves that it comes from this link
        let solicits = packet.payload.first() == Some(&SOLICITATION) && packet.hops == 255;
        let answer = if solicits && (dst == ALL_ROUTERS || dst == own) {
            if !self.answers.take(now) {
                return Heard::TooOften;
            }
            // nobody else is on the link to hear one that is sent to all: so it is enough for a while
            self.next = now.checked_add(INTERVAL);
            self.advertisement(if src.is_unspecified() { ALL_NODES } else { src })
        } else {
            Echo::parse(packet)
                .filter(|_| dst == own && !src.is_unspecified())
                .and_then(|echo| echo_reply(packet.dst, packet.src, 0, echo))
        };
        answer.map_or(Heard::Nothing, Heard::Answer)
    }

    /// The advertisement that is due (RFC 4861 §6.2.4).
    pub fn due(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.next.filter(|at| *at <= now)?;
        self.next = now.checked_add(INTERVAL);
        self.advertisement(ALL_NODES)
    }

    /// When the next one is due.
    #[must_use]
    pub fn timeout(&self) -> Option<Instant> {
        self.next
    }

    fn advertisement(&self, to: Ipv6Addr) -> Option<Vec<u8>> {
        let Advertised { link_local, prefix, resolver, mtu } = self.says;
        advertisement(link_local, to, Advertisement { prefix: Some(prefix), mtu, resolver })
    }
}
