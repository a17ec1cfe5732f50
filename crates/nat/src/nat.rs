//! One session's NAT: what comes in finds its flow here.

mod admit;
mod closed;
mod datagram;
mod echo;
mod error;
mod questions;
mod stream;
mod streams;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use openras_ppp::Machine;

pub use self::admit::Full;
pub use self::closed::Closed;
pub(crate) use self::datagram::Mapping;
pub(crate) use self::echo::Pings;
use self::questions::Questions;
pub(crate) use self::stream::Stream;
use crate::bounds::{Bucket, Queue};
use crate::config::{Config, V4, V6};
use crate::fragments::{Fragments, Reassembly};
use crate::order::{End, FlowId, Input, Order};
use crate::reach::Reach;
use crate::router::{Advertised, Heard, Router, of_the_link};
use crate::stack::Stack;
use crate::stats::{Dropped, Open, Stats};
use crate::table::{Key, Kind, Table};
use crate::wire::{self, Bad, Packet, protocol};

/// Orders that may wait to be taken before packets of the caller are dropped.
const ORDERS: usize = 4096;

/// The NAT of one caller. See the crate's front page for how it is driven.
#[derive(Debug)]
pub struct Nat {
    config: Config,
    reach: Reach,
    stack: Stack,
    table: Table,
    queue: Queue,
    fragments: Fragments,
    questions: Questions,
    orders: VecDeque<Order>,
    /// Octets inside of `orders`.
    order_bytes: usize,
    /// Octets the buffers of all streams may come to.
    reserved: usize,
    new_flows: Bucket,
    errors: Bucket,
    stats: Stats,
    /// What the reach rules closed.
    closed: closed::Places,
    /// The identification of the next IPv4 packet that is not TCP.
    ident: u16,
    /// The last port a connection from outside came from.
    port: u16,
    /// The one of a link with IPv6.
    router: Option<Router>,
    /// The stream that has the line, and how many segments it has had in its turn.
    turn: Option<(FlowId, usize)>,
    /// Whose turn it is on the line: the queue's, else a stream's.
    queue_first: bool,
    /// What smoltcp answers at once.
    reply: Vec<u8>,
}

impl Nat {
    /// A session that begins now. The seed makes sequence numbers and hashes; no two sessions may share one.
    #[must_use]
    pub fn new(now: Instant, config: Config, reach: Reach, seed: [u8; 32]) -> Self {
        let word = |at: usize| {
            seed.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |eight| u64::from_le_bytes(*eight))
        };
        let caps = config.caps;
        let [.., a, b] = seed;
        Self {
            stack: Stack::new(now, config.stream_mtu(), word(0)),
            table: Table::new(word(8)),
            queue: Queue::new(caps.queue),
            fragments: Fragments::new(caps.fragments, config.times.fragment),
            questions: Questions::new(caps.questions, config.times.question),
            orders: VecDeque::new(),
            order_bytes: 0,
            reserved: 0,
            new_flows: Bucket::new(now, caps.new_flows, caps.new_flows.saturating_mul(2)),
            errors: Bucket::new(now, caps.errors, caps.errors.saturating_mul(2)),
            stats: Stats::default(),
            closed: closed::Places::default(),
            ident: u16::from_le_bytes([a, b]),
            port: 0,
            router: router(now, &config),
            turn: None,
            queue_first: true,
            reply: Vec::new(),
            config,
            reach,
        }
    }

    /// What it was given.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What it has counted.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Flows open now.
    #[must_use]
    pub fn flows(&self) -> usize {
        self.table.len()
    }

    /// Flows open now, by kind.
    #[must_use]
    pub fn open(&self) -> Open {
        Open { questions: self.questions.len(), ..self.table.open() }
    }

    /// Octets its buffers, queues, orders and fragments may hold now: never more than [`Caps::memory`](crate::Caps).
    /// The state of a flow itself, about one KiB, is not in it.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.reserved + self.queue.bytes() + self.order_bytes + self.fragments.memory()
    }

    fn memory_left(&self) -> usize {
        self.config.caps.memory.saturating_sub(self.memory())
    }

    /// New rules, or new addresses of this machine: flows they close are ended, and counted as [`Dropped::Reach`]. Gives how
    /// many destinations of flows that was.
    pub fn set_reach(&mut self, now: Instant, reach: Reach) -> usize {
        self.reach = reach;
        let mut count = 0;
        let ids: Vec<_> = self.table.ids().collect();
        for id in ids {
            let closed = match self.table.get_mut(id).map(|flow| &mut flow.kind) {
                Some(Kind::Stream(stream)) => {
                    stream.target.is_some_and(|to| self.reach.allows(to.ip(), Some(to.port())).is_err())
                }
                Some(Kind::Mapping(mapping)) => {
                    let gone = mapping.keep(|to| self.reach.allows(to.ip(), Some(to.port())).is_ok());
                    (0..gone).for_each(|_| self.stats.drop(Dropped::Reach));
                    count += gone;
                    false
                }
                Some(Kind::Pings(_)) | None => false,
            };
            if closed {
                self.stats.drop(Dropped::Reach);
                count += 1;
                self.abort(now, id, End::Reach);
            }
        }
        count
    }

    /// The addresses of the link, where one protocol has come up or gone beside the other: flows of addresses that stay go on,
    /// the others are gone.
    pub fn set_addresses(&mut self, now: Instant, v4: Option<V4>, v6: Option<V6>) {
        let known = self.config.v6;
        (self.config.v4, self.config.v6) = (v4, v6);
        if v6 != known {
            self.router = router(now, &self.config);
        }
        let gone = |key: &Key| match key {
            Key::Tcp { caller, .. } | Key::Udp { caller } => !self.config.is_caller(caller.ip()),
            Key::Ping { caller, .. } => !self.config.is_caller(*caller),
        };
        let ids = self.table.ids().filter(|id| self.table.get(*id).is_some_and(|flow| gone(&flow.key)));
        let ids: Vec<_> = ids.collect();
        ids.into_iter().for_each(|id| self.remove(id, End::Outside));
    }

    /// Whether [`Nat::poll_packet`] may have something.
    #[must_use]
    pub fn has_packets(&self) -> bool {
        !self.queue.is_empty() || self.table.has_ready()
    }

    /// The next packet for the caller, put into `out`; false: there is none now. To be asked for only when the line can
    /// take it: TCP segments are made here, each connection in its turn, and beside them what waits in the queue.
    pub fn poll_packet(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let queue_first = std::mem::replace(&mut self.queue_first, false);
        let found = if queue_first && self.next_queued(out) {
            true
        } else if self.next_segment(now, out) {
            self.queue_first = true;
            true
        } else {
            self.next_queued(out)
        };
        if found {
            self.stats.packets_out += 1;
            self.stats.bytes_out += out.len() as u64;
        }
        found
    }

    fn next_queued(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(packet) = self.queue.pop() else { return false };
        out.clear();
        out.extend_from_slice(&packet);
        true
    }

    fn order(&mut self, order: Order) {
        self.order_bytes += payload(&order);
        self.orders.push_back(order);
    }

    /// Puts a packet of ours into the queue, cut to what the link carries.
    fn send(&mut self, packet: Option<Vec<u8>>) {
        let Some(packet) = packet else { return };
        let id = u32::from(self.next_ident());
        let parts = wire::fragments(packet, self.config.mtu(), id);
        if parts.iter().map(Vec::len).sum::<usize>() > self.memory_left() {
            return self.stats.drop(Dropped::Memory);
        }
        if !self.queue.push(parts) {
            self.stats.drop(Dropped::Queue);
        }
    }

    fn next_ident(&mut self) -> u16 {
        self.ident = self.ident.wrapping_add(1);
        self.ident
    }

    /// A packet as it came from the caller's link.
    fn packet(&mut self, now: Instant, bytes: &[u8]) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += bytes.len() as u64;
        if bytes.len() > self.config.mru {
            return self.stats.drop(Dropped::Giant);
        }
        if self.orders.len() >= ORDERS {
            return self.stats.drop(Dropped::Orders);
        }
        let packet = match wire::parse(bytes) {
            Ok(packet) => packet,
            Err(bad) => return self.bad(bad),
        };
        if self.is_local(now, &packet) {
            return;
        }
        if !self.config.is_caller(packet.src) {
            return self.stats.drop(Dropped::Spoofed);
        }
        if !is_destination(packet.dst) || self.config.is_caller(packet.dst) {
            return self.stats.drop(Dropped::Destination);
        }
        let Some(part) = packet.fragment else { return self.transport(now, &packet) };
        match self.fragments.add(now, &packet, part, self.memory_left()) {
            Reassembly::Whole(bytes) => match wire::parse(&bytes) {
                // a part inside of a part
                Ok(whole) if whole.fragment.is_some() => self.bad(Bad::Malformed),
                Ok(whole) => self.transport(now, &Packet { hops: packet.hops, whole_only: false, ..whole }),
                Err(bad) => self.bad(bad),
            },
            Reassembly::Waiting => {}
            Reassembly::Dropped => self.stats.drop(Dropped::Fragment),
        }
    }

    /// Whether a packet was for the link alone; it is dealt with then.
    fn is_local(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let heard = match &mut self.router {
            Some(router) => router.hear_parsed(now, packet),
            None if of_the_link(packet) => Heard::Nothing,
            None => Heard::Elsewhere,
        };
        match heard {
            Heard::Elsewhere => return false,
            Heard::Answer(answer) => self.send(Some(answer)),
            Heard::Nothing => self.stats.drop(Dropped::Destination),
            Heard::TooOften => self.stats.drop(Dropped::Quiet),
        }
        true
    }

    fn bad(&mut self, bad: Bad) {
        self.stats.drop(match bad {
            Bad::Malformed | Bad::SourceRoute => Dropped::Malformed,
            Bad::Checksum => Dropped::Checksum,
        });
    }

    /// A whole packet of the caller to a possible destination.
    fn transport(&mut self, now: Instant, packet: &Packet<'_>) {
        let result = match (packet.protocol, packet.src) {
            (protocol::TCP, _) => self.tcp(now, packet),
            (protocol::UDP, _) => self.udp(now, packet),
            (protocol::ICMP, IpAddr::V4(_)) | (protocol::ICMPV6, IpAddr::V6(_)) => self.icmp(now, packet),
            _ => {
                self.stats.drop(Dropped::Protocol);
                self.complain(now, packet, wire::IcmpError::Protocol);
                Ok(())
            }
        };
        if let Err(bad) = result {
            self.bad(bad);
        }
    }

    /// Whether a packet ends at our side of the link, where hops do not matter.
    fn is_for_gateway(&self, packet: &Packet<'_>) -> bool {
        self.config.gateway(packet.dst) == Some(packet.dst)
    }

    /// Whether a packet may go on to other hosts. If not it is counted, and the caller is told.
    fn may_go(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        if self.is_for_gateway(packet) || packet.hops > 1 {
            return true;
        }
        self.stats.drop(Dropped::Hops);
        self.complain(now, packet, wire::IcmpError::TimeExceeded);
        false
    }

    /// What has run out by now.
    fn expire(&mut self, now: Instant) {
        for _ in 0..self.fragments.expire(now) {
            self.stats.drop(Dropped::Fragment);
        }
        self.questions.expire(now);
        let advertisement = self.router.as_mut().and_then(|router| router.due(now));
        self.send(advertisement);
        while let Some(id) = self.table.due(now) {
            match self.table.get(id).map(|flow| &flow.kind) {
                Some(Kind::Stream(_)) => self.look_at(now, id),
                Some(Kind::Mapping(mapping)) => self.rest(now, id, mapping.until),
                Some(Kind::Pings(pings)) => self.rest(now, id, pings.until),
                None => {}
            }
        }
    }

    /// A flow without connection ends when its time has come.
    fn rest(&mut self, now: Instant, id: FlowId, until: Instant) {
        if until > now {
            self.table.schedule(id, until);
        } else {
            self.remove(id, End::TimedOut);
        }
    }

    fn remove(&mut self, id: FlowId, end: End) {
        let Some(flow) = self.table.remove(id) else { return };
        if let Kind::Stream(stream) = &flow.kind {
            self.reserved = self.reserved.saturating_sub(stream.reserved());
        }
        self.order(Order::Closed(id, end));
    }

    /// The caller's end of a mapping or of pings.
    fn caller_of(&self, id: FlowId) -> Option<SocketAddr> {
        match self.table.get(id)?.key {
            Key::Udp { caller } => Some(caller),
            Key::Ping { caller, ident } => Some(SocketAddr::new(caller, ident)),
            Key::Tcp { .. } => None,
        }
    }
}

impl Machine for Nat {
    type Input<'a> = Input<'a>;
    type Output = Order;

    fn handle(&mut self, now: Instant, input: Input<'_>) {
        self.expire(now);
        match input {
            Input::Packet(bytes) => self.packet(now, bytes),
            Input::Connected(flow) => self.connected(now, flow),
            Input::Refused(flow, refusal) => self.refused(now, flow, refusal),
            Input::Ended(flow) => self.ended(now, flow),
            Input::Failed(flow) => self.abort(now, flow, End::Outside),
            Input::Datagram { flow, from, data } => self.datagram(flow, from, data),
            Input::Pong { flow, from, sequence, data } => self.pong(flow, from, sequence, data),
            Input::Undelivered { flow, to, length, trouble } => {
                self.undelivered(now, flow, to, length, trouble);
            }
            Input::Unanswered { flow, to, sequence, trouble } => {
                self.unanswered(now, flow, to, sequence, trouble);
            }
            Input::Answer(question, answer) => self.answer(question, answer),
            Input::Tick => {}
        }
    }

    fn poll_output(&mut self) -> Option<Order> {
        let Some(order) = self.orders.pop_front() else {
            // an idle session holds no room for what it once had to say
            self.orders.shrink_to(64);
            return None;
        };
        self.order_bytes = self.order_bytes.saturating_sub(payload(&order));
        Some(order)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let router = self.router.as_ref().and_then(Router::timeout);
        [self.table.deadline(), self.fragments.deadline(), self.questions.deadline(), router]
            .into_iter()
            .flatten()
            .min()
    }
}

/// The router that a link has, if it has IPv6.
fn router(now: Instant, config: &Config) -> Option<Router> {
    let V6 { link_local, prefix, gateway } = config.v6()?;
    let mtu = u32::try_from(config.mtu()).unwrap_or(u32::MAX);
    let says = Advertised { link_local, prefix, resolver: Some(gateway), mtu };
    Some(Router::new(now, says, config.caps.errors))
}

/// Octets inside of an order.
fn payload(order: &Order) -> usize {
    match order {
        Order::Datagram { data, .. } | Order::Ping { data, .. } => data.len(),
        Order::Question { message, .. } => message.len(),
        _ => 0,
    }
}

/// Whether an address can be the destination of a flow at all: one host, and not of this link alone.
fn is_destination(to: IpAddr) -> bool {
    let to = to.to_canonical();
    let local = match to {
        IpAddr::V4(to) => to.is_broadcast(),
        IpAddr::V6(to) => to.is_unicast_link_local(),
    };
    !to.is_unspecified() && !to.is_multicast() && !local
}
