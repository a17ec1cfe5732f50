//! UDP: mappings that do not depend on the destination (RFC 4787 REQ-1), filters that do on its address (REQ-8).

use std::net::SocketAddr;
use std::time::Instant;

use super::Nat;
use super::streams::DNS;
use crate::order::{FlowId, Order};
use crate::stats::Dropped;
use crate::table::{Key, Kind};
use crate::wire::{Bad, IcmpError, Packet, protocol, transport, u16_at, udp_packet};

/// Destinations of one mapping that may answer; the oldest is forgotten.
const PEERS: usize = 64;

/// One port of the caller.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// Whom the caller has sent to, and who may answer; the latest last.
    peers: Vec<SocketAddr>,
    pub(super) until: Instant,
}

impl Mapping {
    /// Forgets the peers that are not wanted; gives how many those were.
    pub(super) fn keep(&mut self, wanted: impl Fn(&SocketAddr) -> bool) -> usize {
        let before = self.peers.len();
        self.peers.retain(wanted);
        before - self.peers.len()
    }

    /// Whether the caller has sent there.
    pub(super) fn has(&self, peer: SocketAddr) -> bool {
        self.peers.contains(&peer)
    }

    fn add(&mut self, to: SocketAddr) {
        // most datagrams go where the last one went
        if self.peers.last() == Some(&to) {
            return;
        }
        self.peers.retain(|peer| *peer != to);
        if self.peers.len() >= PEERS {
            self.peers.remove(0);
        }
        self.peers.push(to);
    }
}

impl Nat {
    pub(super) fn udp(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Bad> {
        let bytes = packet.payload;
        let (src_port, dst_port, length, data) = ports(bytes).ok_or(Bad::Malformed)?;
        let whole = bytes.get(..length).ok_or(Bad::Malformed)?;
        // none at all is allowed in IPv4 only (RFC 768, RFC 8200 §8.1)
        let unchecked = packet.src.is_ipv4() && u16_at(bytes, 6) == Some(0);
        if !unchecked && !transport(packet.src, packet.dst, protocol::UDP, whole).is_right() {
            return Err(Bad::Checksum);
        }
        let caller = SocketAddr::new(packet.src, src_port);
        if self.is_for_gateway(packet) && dst_port == DNS {
            self.ask(now, caller, SocketAddr::new(packet.dst, dst_port), data);
            return Ok(());
        }
        if !self.may_go(now, packet) {
            return Ok(());
        }
        let to = SocketAddr::new(self.config.final_address(packet.dst), dst_port);
        let key = Key::Udp { caller };
        let known = self.table.find(&key);
        if !self.may_reach(to.ip(), Some(to.port())) {
            self.complain(now, packet, IcmpError::Prohibited);
            return Ok(());
        }
        if data.len() > self.memory_left() {
            self.stats.drop(Dropped::Memory);
            return Ok(());
        }
        let flow = match known {
            Some(flow) => flow,
            None => match self.admit(now) {
                Ok(()) => self.map(key, now),
                Err(full) => {
                    self.stats.drop(full.dropped());
                    return Ok(());
                }
            },
        };
        let until = now + self.config.times.mapping;
        if let Some(Kind::Mapping(mapping)) = self.table.get_mut(flow).map(|flow| &mut flow.kind) {
            mapping.add(to);
            mapping.until = until;
        }
        self.table.schedule(flow, until);
        let hops = packet.hops.saturating_sub(1).max(1);
        self.order(Order::Datagram { flow, to, hops, whole: packet.whole_only, data: data.to_vec() });
        Ok(())
    }

    fn map(&mut self, key: Key, now: Instant) -> FlowId {
        self.stats.mappings += 1;
        self.table.insert(key, Kind::Mapping(Box::new(Mapping { peers: Vec::new(), until: now })))
    }

    /// A datagram from outside.
    pub(super) fn datagram(&mut self, flow: FlowId, from: SocketAddr, data: &[u8]) {
        let from = SocketAddr::new(from.ip().to_canonical(), from.port());
        let asked = match self.table.get(flow).map(|flow| &flow.kind) {
            Some(Kind::Mapping(mapping)) => mapping.peers.iter().any(|peer| peer.ip() == from.ip()),
            _ => false,
        };
        let Some(caller) = self.caller_of(flow).filter(|_| asked) else {
            return self.stats.drop(Dropped::Unasked);
        };
        let Some(source) = self.config.link_address(from.ip(), caller.ip()) else {
            return self.stats.drop(Dropped::Unasked);
        };
        let id = self.next_ident();
        self.send(udp_packet(SocketAddr::new(source, from.port()), caller, id, data));
    }
}

/// Ports, length and data of a datagram; what a packet carries beyond its length is ignored.
fn ports(bytes: &[u8]) -> Option<(u16, u16, usize, &[u8])> {
    let (src, dst) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?);
    let length = usize::from(u16_at(bytes, 4)?);
    let data = bytes.get(8..length)?;
    (src != 0 && dst != 0).then_some((src, dst, length, data))
}
