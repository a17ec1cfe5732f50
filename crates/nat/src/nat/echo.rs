//! Pings: RFC 5508 §3.1, and those to our own end of the link, which are answered here.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Nat;
use crate::order::{FlowId, Order};
use crate::stats::Dropped;
use crate::table::{Key, Kind};
use crate::wire::{Bad, Echo, IcmpError, Packet, echo_reply, intact};

/// Destinations of one identifier that may answer; the oldest is forgotten.
const PEERS: usize = 16;

/// All echo requests of one identifier.
#[derive(Debug)]
pub(crate) struct Pings {
    /// Whom the caller has asked, and who may answer; the latest last. Some callers use one identifier for everything.
    peers: Vec<IpAddr>,
    pub(super) until: Instant,
}

impl Pings {
    /// Whether the caller has asked there.
    pub(super) fn has(&self, peer: IpAddr) -> bool {
        self.peers.contains(&peer)
    }

    fn add(&mut self, to: IpAddr) {
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
    pub(super) fn icmp(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Bad> {
        if !intact(packet) {
            return Err(Bad::Checksum);
        }
        let Some(echo) = Echo::parse(packet) else {
            self.stats.drop(Dropped::Protocol);
            return Ok(());
        };
        if self.is_for_gateway(packet) {
            let id = self.next_ident();
            self.send(echo_reply(packet.dst, packet.src, id, echo));
            return Ok(());
        }
        if !self.may_go(now, packet) {
            return Ok(());
        }
        let to = self.config.final_address(packet.dst);
        if !self.may_reach(to, None) {
            self.complain(now, packet, IcmpError::Prohibited);
            return Ok(());
        }
        self.ping(now, packet, echo, to);
        Ok(())
    }

    fn ping(&mut self, now: Instant, packet: &Packet<'_>, echo: Echo<'_>, to: IpAddr) {
        if echo.data.len() > self.memory_left() {
            return self.stats.drop(Dropped::Memory);
        }
        let until = now + self.config.times.ping;
        let key = Key::Ping { caller: packet.src, ident: echo.ident };
        let flow = match self.table.find(&key) {
            Some(flow) => flow,
            None => {
                if let Err(full) = self.admit(now) {
                    return self.stats.drop(full.dropped());
                }
                self.stats.pings += 1;
                self.table.insert(key, Kind::Pings(Pings { peers: Vec::new(), until }))
            }
        };
        if let Some(Kind::Pings(pings)) = self.table.get_mut(flow).map(|flow| &mut flow.kind) {
            pings.add(to);
            pings.until = until;
        }
        self.table.schedule(flow, until);
        let hops = packet.hops.saturating_sub(1).max(1);
        self.order(Order::Ping {
            flow,
            to,
            sequence: echo.sequence,
            hops,
            whole: packet.whole_only,
            data: echo.data.to_vec(),
        });
    }

    /// An echo reply from outside.
    pub(super) fn pong(&mut self, flow: FlowId, from: IpAddr, sequence: u16, data: &[u8]) {
        let asked = match self.table.get(flow).map(|flow| &flow.kind) {
            Some(Kind::Pings(pings)) => pings.peers.contains(&from.to_canonical()),
            _ => false,
        };
        // the caller's address, and in place of its port the identifier of its pings
        let caller =
            self.caller_of(flow).filter(|caller| asked && caller.is_ipv4() == from.to_canonical().is_ipv4());
        let Some(caller) = caller else { return self.stats.drop(Dropped::Unasked) };
        let id = self.next_ident();
        let echo = Echo { ident: SocketAddr::port(&caller), sequence, data };
        self.send(echo_reply(from.to_canonical(), caller.ip(), id, echo));
    }
}
