//! The router's part of IPv6 on a link of two: a caller learns its prefix, the MTU and the resolver (RFC 4861, RFC
//! 8106), and finds us at our link-local address.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use super::Nat;
use crate::stats::Dropped;
use crate::wire::{Echo, Packet, Router, advertisement, echo_reply, intact, protocol};

/// All nodes, all routers.
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
/// Router solicitation.
const SOLICITATION: u8 = 133;

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
            self.advertise(now, v6.link_local, if src.is_unspecified() { ALL_NODES } else { src });
        } else if dst == v6.link_local
            && let Some(echo) = Echo::parse(packet)
        {
            self.send(echo_reply(packet.dst, packet.src, 0, echo));
        } else {
            self.stats.drop(Dropped::Destination);
        }
        true
    }

    fn advertise(&mut self, now: Instant, from: Ipv6Addr, to: Ipv6Addr) {
        let Some(v6) = self.config.v6() else { return };
        if !self.errors.take(now) {
            return self.stats.drop(Dropped::Quiet);
        }
        let mtu = u32::try_from(self.config.mtu()).unwrap_or(u32::MAX);
        let router = Router { prefix: Some(v6.prefix), mtu, resolver: Some(v6.gateway) };
        self.send(advertisement(from, to, router));
    }
}
