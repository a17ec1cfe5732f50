//! What went wrong outside, told to the caller by ICMP: RFC 4787 REQ-12, RFC 5508 §4.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Nat;
use crate::order::{FlowId, Trouble};
use crate::stats::Dropped;
use crate::table::Kind;
use crate::wire::{IcmpError, error, quote_echo, quote_udp};

impl Nat {
    /// A datagram of the caller's did not arrive.
    pub(super) fn undelivered(
        &mut self,
        now: Instant,
        flow: FlowId,
        to: SocketAddr,
        length: usize,
        trouble: Trouble,
    ) {
        let Some(Kind::Mapping(mapping)) = self.table.get(flow).map(|flow| &flow.kind) else { return };
        // RFC 5508 REQ-4: about what was sent, and nothing else
        if !mapping.has(SocketAddr::new(to.ip().to_canonical(), to.port())) {
            return self.stats.drop(Dropped::Unasked);
        }
        let Some(caller) = self.caller_of(flow) else { return };
        let Some(peer) = self.config.link_address(to.ip().to_canonical(), caller.ip()) else { return };
        let quoted = quote_udp(caller, SocketAddr::new(peer, to.port()), length);
        self.tell(now, caller.ip(), peer, trouble, &quoted);
    }

    /// An echo request of the caller's did not arrive.
    pub(super) fn unanswered(
        &mut self,
        now: Instant,
        flow: FlowId,
        to: IpAddr,
        sequence: u16,
        trouble: Trouble,
    ) {
        let Some(Kind::Pings(pings)) = self.table.get(flow).map(|flow| &flow.kind) else { return };
        if !pings.has(to.to_canonical()) {
            return self.stats.drop(Dropped::Unasked);
        }
        let Some(caller) = self.caller_of(flow) else { return };
        let Some(peer) = self.config.link_address(to.to_canonical(), caller.ip()) else { return };
        let quoted = quote_echo(caller.ip(), peer, caller.port(), sequence);
        self.tell(now, caller.ip(), peer, trouble, &quoted);
    }

    fn tell(&mut self, now: Instant, caller: IpAddr, peer: IpAddr, trouble: Trouble, quoted: &[u8]) {
        let Some(gateway) = self.config.gateway(caller) else { return };
        if !self.errors.take(now) {
            return self.stats.drop(Dropped::Quiet);
        }
        let on_link = |from: IpAddr| self.config.link_address(from.to_canonical(), caller);
        let (from, what) = match trouble {
            // who listens nowhere says so itself
            Trouble::Port => (peer, IcmpError::Port),
            Trouble::Host => (gateway, IcmpError::Host),
            Trouble::Network => (gateway, IcmpError::Network),
            Trouble::Prohibited => (gateway, IcmpError::Prohibited),
            Trouble::TooBig(mtu) => (gateway, IcmpError::TooBig(mtu)),
            Trouble::TimeExceeded(router) => (on_link(router).unwrap_or(gateway), IcmpError::TimeExceeded),
        };
        let id = self.next_ident();
        self.send(error(from, caller, id, what, quoted));
    }
}
