//! TCP: connections of the caller to the outside, and of the outside to the caller.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::stream::{Phase, Stream};
use super::{Full, Nat};
use crate::order::{End, FlowId, Order, Refusal, Target};
use crate::stack::When;
use crate::stats::Dropped;
use crate::table::{Key, Kind};
use crate::wire::{Bad, IcmpError, Packet, Segment, error, ip_packet, parse, protocol, tcp_reset};

/// Where names are asked for.
pub(super) const DNS: u16 = 53;
/// When a connection that had nothing to send is asked again, if it thinks it has.
const AGAIN: Duration = Duration::from_millis(10);
/// Octets of [`Caps::stream`](crate::Caps) that give a stream one segment more in its turn.
const SEGMENTS: usize = 32 << 10;
/// The first of the dynamic ports, RFC 6335 §6.
const DYNAMIC: u16 = 49152;

impl Nat {
    pub(super) fn tcp(&mut self, now: Instant, packet: &Packet<'_>) -> Result<(), Bad> {
        let segment = Segment::parse(packet)?;
        let caller = SocketAddr::new(packet.src, segment.src_port);
        let peer = SocketAddr::new(packet.dst, segment.dst_port);
        let key = Key::Tcp { caller, peer };
        let begins = segment.syn && segment.ack.is_none();
        if let Some(id) = self.table.find(&key) {
            // a new connection from the same port may come while the old one waits for late packets
            let over = begins && self.table.stream(id).is_some_and(|stream| stream.only_waits());
            if !over {
                self.segment(now, id, packet, &segment);
                return Ok(());
            }
            self.remove(id, End::Finished);
        }
        if !self.may_go(now, packet) {
            return Ok(());
        }
        if begins {
            self.begin(now, key, packet, &segment);
        } else {
            self.stats.drop(Dropped::Stray);
            self.reset(packet, &segment);
        }
        Ok(())
    }

    fn reset(&mut self, packet: &Packet<'_>, segment: &Segment) {
        let id = self.next_ident();
        self.send(tcp_reset(packet, segment, id));
    }

    /// A SYN without a connection.
    fn begin(&mut self, now: Instant, key: Key, packet: &Packet<'_>, segment: &Segment) {
        let to = SocketAddr::new(self.config.final_address(packet.dst), segment.dst_port);
        let resolver = self.is_for_gateway(packet) && segment.dst_port == DNS;
        if !resolver && !self.may_reach(to.ip(), Some(to.port())) {
            return self.reset(packet, segment);
        }
        let size = match self.admit(now).and_then(|()| self.stream_size()) {
            Ok(size) => size,
            Err(full) => {
                self.stats.drop(full.dropped());
                // too fast: its repeat comes when there is time for it
                if full != Full::Rate {
                    self.reset(packet, segment);
                }
                return;
            }
        };
        let phase = Phase::Asking { syn: plain(packet) };
        let stream = Stream::new(now, phase, (!resolver).then_some(to), size);
        self.reserved += stream.reserved();
        self.stats.streams += 1;
        let flow = self.table.insert(key, Kind::Stream(Box::new(stream)));
        self.table.schedule(flow, now + self.config.times.transitory);
        self.order(Order::Connect { flow, to: if resolver { Target::Resolver } else { Target::Host(to) } });
    }

    /// A segment of a connection.
    fn segment(&mut self, now: Instant, id: FlowId, packet: &Packet<'_>, segment: &Segment) {
        let Some(stream) = self.table.stream(id) else { return };
        if !matches!(stream.phase, Phase::Asking { .. }) {
            stream.heard = now;
            stream.moved = now;
        }
        match &mut stream.phase {
            Phase::Asking { .. } if segment.rst => return self.remove(id, End::Reset),
            // said again, or again with other numbers by a caller that has begun anew
            Phase::Asking { syn } if segment.syn && segment.ack.is_none() => *syn = plain(packet),
            Phase::Asking { .. } => return,
            Phase::Calling(connection) | Phase::Open(connection) => {
                let anew = segment.syn && segment.ack.is_none() && connection.stands();
                if anew {
                    let mut syn = rebuilt(packet);
                    connection.question(&mut syn);
                    self.stack.ingress(now, connection, &syn, &mut self.reply);
                } else if packet.plain {
                    self.stack.ingress(now, connection, packet.whole, &mut self.reply);
                } else {
                    self.stack.ingress(now, connection, &plain(packet), &mut self.reply);
                }
            }
        }
        self.flush_reply();
        self.look_at(now, id);
    }

    /// Sends what smoltcp had to say at once.
    fn flush_reply(&mut self) {
        if !self.reply.is_empty() {
            let reply = std::mem::take(&mut self.reply);
            self.send(Some(reply));
        }
    }

    /// Says what has changed about a stream, and notes when it wants the line and when it ends.
    pub(super) fn look_at(&mut self, now: Instant, id: FlowId) {
        let Some(stream) = self.table.stream(id) else { return };
        let news = stream.news();
        let until = stream.until(&self.config.times);
        if news.accepted {
            self.order(Order::Accepted(id));
        }
        if news.readable {
            self.order(Order::Readable(id));
        }
        if news.writable {
            self.order(Order::Writable(id));
        }
        if news.shut {
            self.order(Order::Shut(id));
        }
        if let Some(end) = news.over {
            return self.remove(id, end);
        }
        if until <= now {
            return self.abort(now, id, End::TimedOut);
        }
        let Some(Kind::Stream(stream)) = self.table.get(id).map(|flow| &flow.kind) else { return };
        match stream.when(now, &mut self.stack) {
            When::Now => {
                self.table.make_ready(id);
                self.table.schedule(id, until);
            }
            When::At(at) => self.table.schedule(id, at.min(until)),
            When::Never => self.table.schedule(id, until),
        }
    }

    /// The outside has answered the caller's SYN.
    pub(super) fn connected(&mut self, now: Instant, id: FlowId) {
        let Some(Key::Tcp { peer, .. }) = self.table.get(id).map(|flow| flow.key) else { return };
        let Some(stream) = self.table.stream(id) else { return };
        let size = stream.size;
        let Phase::Asking { syn } = &mut stream.phase else { return };
        let syn = std::mem::take(syn);
        let Some(mut connection) = self.stack.listen(peer, size) else {
            return self.remove(id, End::Outside);
        };
        self.stack.ingress(now, &mut connection, &syn, &mut self.reply);
        if let Some(stream) = self.table.stream(id) {
            stream.phase = Phase::Open(connection);
            stream.heard = now;
            stream.moved = now;
        }
        self.flush_reply();
        self.look_at(now, id);
    }

    /// The outside has not answered, or has said no.
    pub(super) fn refused(&mut self, now: Instant, id: FlowId, refusal: Refusal) {
        let Some(stream) = self.table.stream(id) else { return };
        let Phase::Asking { syn } = &mut stream.phase else { return };
        let syn = std::mem::take(syn);
        self.remove(id, End::Outside);
        let Ok(packet) = parse(&syn) else { return };
        match refusal {
            Refusal::Refused => {
                if let Ok(segment) = Segment::parse(&packet) {
                    self.reset(&packet, &segment);
                }
            }
            Refusal::Network => self.complain(now, &packet, IcmpError::Network),
            Refusal::Host => self.complain(now, &packet, IcmpError::Host),
        }
    }

    /// The outside will send nothing more.
    pub(super) fn ended(&mut self, now: Instant, id: FlowId) {
        let Some(stream) = self.table.stream(id) else { return };
        stream.ended = true;
        stream.moved = now;
        self.look_at(now, id);
    }

    /// Breaks a connection: the caller gets a reset.
    pub(super) fn abort(&mut self, now: Instant, id: FlowId, end: End) {
        let Some(stream) = self.table.stream(id) else { return };
        let mut out = Vec::new();
        let said = match &mut stream.phase {
            Phase::Asking { syn } => {
                out = std::mem::take(syn);
                false
            }
            Phase::Calling(connection) | Phase::Open(connection) => {
                connection.socket_mut().abort();
                self.stack.egress(now, connection, &mut out)
            }
        };
        self.remove(id, end);
        if said {
            self.send(Some(out));
        } else if let Ok(packet) = parse(&out)
            && let Ok(segment) = Segment::parse(&packet)
        {
            self.reset(&packet, &segment);
        }
    }

    /// The next segment of the stream whose turn it is.
    pub(super) fn next_segment(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        while let Some(id) = self.table.next_ready() {
            let Some(stream) = self.table.stream(id) else { continue };
            let Some(connection) = stream.connection_mut() else { continue };
            let found = self.stack.egress(now, connection, out);
            self.look_at(now, id);
            if found {
                self.go_on(id);
                return true;
            }
            // one that wants the line and has nothing for it must not be asked for ever
            self.table.put_off(id, now + AGAIN);
        }
        false
    }

    /// Lets a stream keep the line for some segments: who reads them is woken once for all. On a slow line each stream
    /// has one at a time.
    fn go_on(&mut self, id: FlowId) {
        let most = (self.config.caps.stream / SEGMENTS).clamp(1, 8);
        let had = self.turn.filter(|(last, _)| *last == id).map_or(1, |(_, had)| had + 1);
        if had < most {
            self.turn = Some((id, had));
            self.table.go_first(id);
        } else {
            self.turn = None;
        }
    }

    /// Begins a connection from outside to the caller, who sees it coming from our end of the link. It stands when
    /// [`Order::Accepted`] comes, and has failed when [`Order::Closed`] comes instead.
    ///
    /// # Errors
    /// Which cap it met; counted.
    pub fn inbound(&mut self, now: Instant, to: SocketAddr) -> Result<FlowId, Full> {
        let result = self.call(now, to);
        if let Err(full) = result {
            self.stats.drop(full.dropped());
        }
        result
    }

    fn call(&mut self, now: Instant, to: SocketAddr) -> Result<FlowId, Full> {
        let gateway =
            self.config.gateway(to.ip()).filter(|_| self.config.is_caller(to.ip()) && to.port() != 0);
        let gateway = gateway.ok_or(Full::Family)?;
        self.admit(now)?;
        let size = self.stream_size()?;
        let key = (0..=u16::MAX - DYNAMIC).find_map(|_| {
            self.port = self.port.wrapping_add(1);
            let key = Key::Tcp { caller: to, peer: SocketAddr::new(gateway, DYNAMIC | self.port) };
            self.table.find(&key).is_none().then_some(key)
        });
        let Some(key @ Key::Tcp { peer, .. }) = key else { return Err(Full::Flows) };
        let connection = self.stack.connect(peer, to, size).ok_or(Full::Family)?;
        let stream = Stream::new(now, Phase::Calling(connection), None, size);
        self.reserved += stream.reserved();
        self.stats.streams += 1;
        let id = self.table.insert(key, Kind::Stream(Box::new(stream)));
        self.look_at(now, id);
        Ok(id)
    }

    /// Octets from the caller that the outside has not taken: the first of them, in one piece. More may follow after
    /// [`Nat::take`].
    pub fn waiting(&mut self, id: FlowId) -> &[u8] {
        let connection = self.table.stream(id).and_then(|stream| stream.connection_mut());
        connection.and_then(|connection| connection.socket_mut().peek(usize::MAX).ok()).unwrap_or_default()
    }

    /// The outside has taken this many of [`Nat::waiting`]'s octets: the caller may send as many more.
    pub fn take(&mut self, now: Instant, id: FlowId, octets: usize) {
        let Some(stream) = self.table.stream(id) else { return };
        let Some(connection) = stream.connection_mut() else { return };
        let socket = connection.socket_mut();
        // refused only where there is nothing to take
        let _ = socket.recv(|waiting| (octets.min(waiting.len()), ()));
        if socket.recv_queue() == 0 {
            stream.readable = false;
        }
        stream.moved = now;
        self.look_at(now, id);
    }

    /// Octets that [`Nat::give`] would take now.
    #[must_use]
    pub fn room(&self, id: FlowId) -> usize {
        let Some(Kind::Stream(stream)) = self.table.get(id).map(|flow| &flow.kind) else { return 0 };
        let socket = stream.connection().map(|connection| connection.socket());
        socket
            .filter(|socket| socket.may_send())
            .map_or(0, |socket| socket.send_capacity() - socket.send_queue())
    }

    /// Gives octets from the outside to the caller; how many there was room for. If not for all, [`Order::Writable`] comes
    /// when there is room again.
    pub fn give(&mut self, now: Instant, id: FlowId, octets: &[u8]) -> usize {
        let Some(stream) = self.table.stream(id) else { return 0 };
        let Some(connection) = stream.connection_mut() else { return 0 };
        let was_empty = connection.socket().send_queue() == 0;
        let taken = connection.socket_mut().send_slice(octets).unwrap_or_default();
        if was_empty {
            // the time to acknowledge begins now, not when the caller was last heard
            stream.heard = now;
        }
        stream.starved |= taken < octets.len();
        stream.moved = now;
        self.look_at(now, id);
        taken
    }
}

impl Nat {
    /// As [`Nat::give`] without a copy: `read` puts octets from the outside where the caller's connection keeps them, and
    /// says how many. False: there is no room, `read` was not called, and [`Order::Writable`] comes when there is.
    pub fn fill(&mut self, now: Instant, id: FlowId, read: impl FnOnce(&mut [u8]) -> usize) -> bool {
        let Some(stream) = self.table.stream(id) else { return false };
        let Some(connection) = stream.connection_mut() else { return false };
        let socket = connection.socket_mut();
        let was_empty = socket.send_queue() == 0;
        let mut filled = None;
        // refused only where nothing can be sent yet, or any more
        let _ = socket.send(|room| {
            if room.is_empty() {
                return (0, ());
            }
            let octets = read(room).min(room.len());
            filled = Some(octets);
            (octets, ())
        });
        match filled {
            None => {
                stream.starved = true;
                return false;
            }
            Some(0) => return true,
            Some(_) => {}
        }
        if was_empty {
            stream.heard = now;
        }
        stream.moved = now;
        self.look_at(now, id);
        true
    }
}

/// A TCP packet as smoltcp can read it.
fn plain(packet: &Packet<'_>) -> Vec<u8> {
    if packet.plain { packet.whole.to_vec() } else { rebuilt(packet) }
}

/// The same with the plainest header there is.
fn rebuilt(packet: &Packet<'_>) -> Vec<u8> {
    ip_packet(packet.src, packet.dst, protocol::TCP, 0, packet.payload).unwrap_or_default()
}

impl Nat {
    /// Tells the caller by ICMP what went wrong with its packet, if it may be told so much.
    pub(super) fn complain(&mut self, now: Instant, packet: &Packet<'_>, what: IcmpError) {
        let Some(gateway) = self.config.gateway(packet.src) else { return };
        if !self.errors.take(now) {
            return self.stats.drop(Dropped::Quiet);
        }
        let id = self.next_ident();
        self.send(error(gateway, packet.src, id, what, packet.whole));
    }
}
