//! The router's part of IPv6 on a link of two: a caller learns its prefix, the MTU and the resolver (RFC 4861, RFC
//! 8106), and finds us at our link-local address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use super::Nat;
use crate::stats::Dropped;
use crate::wire::{Echo, Packet, Router, advertisement, echo_reply, intact, protocol};

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

impl Nat {
    /// Whether a packet was for the link alone; it is dealt with then.
    pub(super) fn local(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let (Some(v6), IpAddr::V6(src), IpAddr::V6(dst)) = (self.config.v6(), packet.src, packet.dst) else {
            return false;
        };
        // the caller may not have an address yet when it solicits
        let solicits_nameless = src.is_unspecified() && dst == ALL_ROUTERS;
        if !solicits_nameless && !src.is_unicast_link_local() {
            return false;
        }
        let icmp = packet.protocol == protocol::ICMPV6 && packet.fragment.is_none();
        if !icmp || !intact(packet) {
            self.stats.drop(Dropped::Destination);
            return true;
        }
        // RFC 4861 §6.1.1: a hop limit of 255 proves that it comes from this link
        let solicits = packet.payload.first() == Some(&SOLICITATION) && packet.hops == 255;
        if solicits && (dst == ALL_ROUTERS || dst == v6.link_local) {
            self.advertise_to(now, v6.link_local, if src.is_unspecified() { ALL_NODES } else { src });
        } else if dst == v6.link_local
            && let Some(echo) = Echo::parse(packet)
        {
            self.send(echo_reply(packet.dst, packet.src, 0, echo));
        } else {
            self.stats.drop(Dropped::Destination);
        }
        true
    }

    /// When an advertisement of a link that has just come up is due; a link without IPv6 has none.
    pub(super) fn first_advertisement(&self, now: Instant) -> Option<Instant> {
        self.config.v6().and_then(|_| now.checked_add(FIRST))
    }

    /// The advertisement that is due (RFC 4861 §6.2.4).
    pub(super) fn advertise_unasked(&mut self, now: Instant) {
        if self.advertises.is_none_or(|at| at > now) {
            return;
        }
        self.advertises = now.checked_add(INTERVAL);
        if let Some(v6) = self.config.v6() {
            self.advertise(v6.link_local, ALL_NODES);
        }
    }

    /// Answers a solicitation. Nobody else is on the link to hear one that is sent to all, so it is enough for a while.
    fn advertise_to(&mut self, now: Instant, from: Ipv6Addr, to: Ipv6Addr) {
        if !self.errors.take(now) {
            return self.stats.drop(Dropped::Quiet);
        }
        self.advertises = now.checked_add(INTERVAL);
        self.advertise(from, to);
    }

    fn advertise(&mut self, from: Ipv6Addr, to: Ipv6Addr) {
        let Some(v6) = self.config.v6() else { return };
        let mtu = u32::try_from(self.config.mtu()).unwrap_or(u32::MAX);
        let router = Router { prefix: Some(v6.prefix), mtu, resolver: Some(v6.gateway) };
        self.send(advertisement(from, to, router));
    }
}
