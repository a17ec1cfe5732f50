//! The body of a fuzz target, and what must always be so.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use openras_ppp::Machine;

use crate::wire::{self, protocol};
use crate::{Caps, Config, FlowId, Input, Nat, Order, QuestionId, Reach, Refusal, Trouble, V4, V6};

const CALLER: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);
const CALLER6: Ipv6Addr = Ipv6Addr::new(0xfd64, 0, 0, 1, 0, 0, 0, 2);
const CAPS: Caps = Caps {
    flows: 12,
    new_flows: 500,
    errors: 10,
    // enough for windows that are scaled
    memory: 24 << 20,
    stream: 140_000,
    queue: 8 << 10,
    questions: 4,
    fragments: 4,
};

/// Reads its input as a story: packets that are nonsense, packets that are nearly right, what an outside may say, and
/// time. Never panics but for a broken promise.
///
/// # Panics
/// When the NAT breaks one of its promises: caps, one `Closed` a flow and nothing after it, packets that fit the link
/// and are well formed, a timeout that moves.
pub fn fuzz_packets(data: &[u8]) {
    let mut story = Story::new(data);
    while let Some(op) = story.byte() {
        match op % 32 {
            0 => story.nonsense(),
            1 => story.datagram(),
            2 => story.echo(),
            3 => story.fragment(),
            4..=9 => story.outside(),
            10..=13 => story.stream(),
            14..=18 => story.pull(),
            19..=29 => story.segment(),
            _ => story.wait(),
        }
        story.check();
    }
    story.end();
}

/// What the caller knows of its latest connection: enough to send segments that are nearly right.
#[derive(Clone, Copy)]
struct Seen {
    caller: SocketAddr,
    peer: SocketAddr,
    seq: u32,
    ack: u32,
}

struct Story<'a> {
    data: &'a [u8],
    now: Instant,
    nat: Nat,
    live: BTreeSet<FlowId>,
    gone: BTreeSet<FlowId>,
    questions: Vec<QuestionId>,
    seen: Option<Seen>,
}

#[allow(clippy::disallowed_methods)] // the beginning of a story's time
fn begin() -> Instant {
    Instant::now()
}

impl<'a> Story<'a> {
    fn new(data: &'a [u8]) -> Self {
        let mut config = Config::new(V4 { caller: CALLER, gateway: Ipv4Addr::new(10, 64, 0, 1) });
        config.v6 = Some(V6 {
            prefix: CALLER6,
            link_local: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
            gateway: Ipv6Addr::new(0xfd64, 0, 0, 0, 0, 0, 0, 1),
        });
        config.caps = CAPS;
        let now = begin();
        let nat = Nat::new(now, config, Reach::default(), [3; 32]);
        let (live, gone) = (BTreeSet::new(), BTreeSet::new());
        Self { data, now, nat, live, gone, questions: Vec::new(), seen: None }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.data.split_first()?;
        self.data = rest;
        Some(*first)
    }

    fn next(&mut self) -> u8 {
        self.byte().unwrap_or_default()
    }

    fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.data.split_at_checked(count).unwrap_or((self.data, &[]));
        self.data = rest;
        taken
    }

    fn handle(&mut self, input: Input<'_>) {
        self.nat.handle(self.now, input);
        assert!(self.nat.poll_timeout().is_none_or(|at| at > self.now), "a timer that has run out stands");
        self.follow();
    }

    fn follow(&mut self) {
        while let Some(order) = self.nat.poll_output() {
            match order {
                Order::Connect { flow, .. } => assert!(self.live.insert(flow) && !self.gone.contains(&flow)),
                Order::Datagram { flow, .. } | Order::Ping { flow, .. } => {
                    assert!(!self.gone.contains(&flow), "an order about a flow that is gone");
                    self.live.insert(flow);
                }
                Order::Question { question, .. } => self.questions.push(question),
                Order::Accepted(flow) | Order::Readable(flow) | Order::Writable(flow) | Order::Shut(flow) => {
                    assert!(self.live.contains(&flow), "an order about a flow that is not there");
                }
                Order::Closed(flow, _) => {
                    assert!(self.live.remove(&flow), "closed twice");
                    self.gone.insert(flow);
                }
            }
        }
        assert_eq!(self.nat.flows(), self.live.len(), "every flow is known to its owner");
    }

    fn nonsense(&mut self) {
        let count = usize::from(self.next()) / 4;
        let packet = self.bytes(count);
        self.handle(Input::Packet(packet));
    }

    fn addresses(&mut self) -> (IpAddr, IpAddr) {
        let choice = self.next();
        let host = choice >> 5;
        let v4: IpAddr = match host {
            0 => Ipv4Addr::new(10, 64, 0, 1).into(),
            1 => Ipv4Addr::LOCALHOST.into(),
            _ => Ipv4Addr::new(8, 8, 8, host).into(),
        };
        let v6: IpAddr = match host {
            0 => Ipv6Addr::new(0xfd64, 0, 0, 0, 0, 0, 0, 1).into(),
            1 => Ipv6Addr::LOCALHOST.into(),
            _ => Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0, 0, u16::from(host)).into(),
        };
        if choice & 1 == 0 { (CALLER.into(), v4) } else { (CALLER6.into(), v6) }
    }

    fn packet(&mut self, src: IpAddr, dst: IpAddr, protocol: u8, at: usize, mut payload: Vec<u8>) {
        wire::put_u16(&mut payload, at, 0);
        let sum = wire::transport(src, dst, protocol, &payload).finish();
        wire::put_u16(&mut payload, at, sum);
        if let Some(packet) = wire::ip_packet(src, dst, protocol, 7, &payload) {
            self.handle(Input::Packet(&packet));
        }
    }

    /// A TCP segment, of a new connection or near to where the latest one is.
    fn segment(&mut self) {
        let choice = self.next();
        let flags = match choice & 7 {
            0 => 0x02,
            1 => 0x11,
            2 => 0x14,
            3 => self.next(),
            _ => 0x10,
        };
        let seen = match self.seen.filter(|_| choice & 0x80 != 0) {
            Some(seen) => seen,
            None => {
                let (src, dst) = self.addresses();
                let (caller, peer) = (1000 + u16::from(choice >> 5), 80);
                let seen = Seen {
                    caller: SocketAddr::new(src, caller),
                    peer: SocketAddr::new(dst, peer),
                    seq: 5000,
                    ack: 0,
                };
                self.seen = Some(seen);
                seen
            }
        };
        // usually right, sometimes a little or far off
        let off = |step: u8| match step {
            0..=199 => 0,
            200..=239 => u32::from(step).wrapping_sub(220),
            _ => u32::from(step - 239) * 16_383,
        };
        let seq = seen.seq.wrapping_add(off(self.next()));
        let ack = seen.ack.wrapping_add(off(self.next()));
        let count = usize::from(self.next()) * 6;
        let scale = self.next();
        let mut payload = Vec::new();
        payload.extend_from_slice(&seen.caller.port().to_be_bytes());
        payload.extend_from_slice(&seen.peer.port().to_be_bytes());
        payload.extend_from_slice(&seq.to_be_bytes());
        payload.extend_from_slice(&ack.to_be_bytes());
        let window = if choice & 0x40 == 0 { 0xff } else { scale };
        if flags == 2 {
            payload.extend_from_slice(&[0x60, flags, window, 0, 0, 0, 0, 0, 1, 3, 3, scale]);
        } else {
            payload.extend_from_slice(&[0x50, flags, window, 0, 0, 0, 0, 0]);
            payload.resize(payload.len() + count, 0x55);
        }
        if let Some(seen) = self.seen.as_mut().filter(|_| choice & 0x20 != 0) {
            let more = u32::try_from(count).unwrap_or_default();
            seen.seq = seq.wrapping_add(if flags == 2 { 1 } else { more });
        }
        self.packet(seen.caller.ip(), seen.peer.ip(), protocol::TCP, 16, payload);
    }

    fn datagram(&mut self) {
        let (src, dst) = self.addresses();
        let (port, to, count) =
            (u16::from(self.next()), if self.next() & 1 == 0 { 53 } else { 7 }, self.next());
        let data = &vec![7; usize::from(count) * 5];
        let (from, to) = (SocketAddr::new(src, port), SocketAddr::new(dst, to));
        if let Some(packet) = wire::udp_packet(from, to, 1, data) {
            self.handle(Input::Packet(&packet));
        }
    }

    fn echo(&mut self) {
        let (src, dst) = self.addresses();
        let (kind, number) = if src.is_ipv4() { (8, protocol::ICMP) } else { (128, protocol::ICMPV6) };
        let mut payload = vec![kind, 0, 0, 0, 0, self.next(), 0, 1];
        payload.resize(8 + usize::from(self.next()), 1);
        self.packet(src, dst, number, 2, payload);
    }

    fn fragment(&mut self) {
        let (src, dst) = self.addresses();
        let size = usize::from(self.next()) * 20;
        let (from, to) = (SocketAddr::new(src, 4000), SocketAddr::new(dst, 7));
        let Some(whole) = wire::udp_packet(from, to, u16::from(self.next() & 7), &vec![9; size]) else {
            return;
        };
        let parts = wire::fragments(whole, 1300, u32::from(self.next() & 7));
        let mut which = self.next();
        for mut part in parts {
            if which & 1 == 0 {
                if which & 0x10 != 0 && src.is_ipv6() {
                    wire::put_u16(&mut part, 42, u16::from(which) * 8);
                }
                self.handle(Input::Packet(&part));
            }
            which >>= 1;
        }
    }

    /// Some flow: one that lives, or one that has gone.
    fn flow(&mut self) -> Option<FlowId> {
        let choice = usize::from(self.next());
        let from = if choice < 240 || self.gone.is_empty() { &self.live } else { &self.gone };
        from.iter().nth(choice % from.len().max(1)).copied()
    }

    fn outside(&mut self) {
        let Some(flow) = self.flow() else { return };
        let (src, dst) = self.addresses();
        let count = usize::from(self.next()) * 20;
        let data = vec![1; count];
        let trouble = match count % 3 {
            0 => Trouble::Port,
            1 => Trouble::TooBig(1280),
            _ => Trouble::TimeExceeded(src),
        };
        match self.next() % 12 {
            0..=4 => self.handle(Input::Connected(flow)),
            5 => self.handle(Input::Refused(flow, if count == 0 { Refusal::Refused } else { Refusal::Host })),
            6 => self.handle(Input::Ended(flow)),
            7 => self.handle(Input::Failed(flow)),
            8 => self.handle(Input::Datagram { flow, from: SocketAddr::new(dst, 7), data: &data }),
            9 => self.handle(Input::Pong { flow, from: dst, sequence: 1, data: &data }),
            10 => {
                let to = SocketAddr::new(dst, 7);
                self.handle(Input::Undelivered { flow, to, length: count, trouble });
                self.handle(Input::Unanswered { flow, to: dst, sequence: 1, trouble });
            }
            _ => match self.questions.pop() {
                Some(question) => self.handle(Input::Answer(question, &data)),
                None => {
                    if let Ok(flow) = self.nat.inbound(self.now, SocketAddr::new(src, 80)) {
                        assert!(self.live.insert(flow) && !self.gone.contains(&flow));
                    }
                    self.follow();
                }
            },
        }
    }

    fn stream(&mut self) {
        let Some(flow) = self.flow() else { return };
        let count = usize::from(self.next()) * 600;
        if self.next() & 1 == 0 {
            let waiting = self.nat.waiting(flow).len();
            self.nat.take(self.now, flow, count);
            assert!(
                self.nat.waiting(flow).len() >= waiting.saturating_sub(count),
                "more was taken than was said"
            );
        } else {
            let room = self.nat.room(flow);
            let given = self.nat.give(self.now, flow, &vec![2; count]);
            assert_eq!(given, count.min(room), "what there is room for is taken");
        }
        self.follow();
    }

    fn pull(&mut self) {
        let mut out = Vec::new();
        for _ in 0..self.next() {
            let found = self.nat.poll_packet(self.now, &mut out);
            self.follow();
            if !found {
                assert!(!self.nat.has_packets(), "packets that do not come");
                break;
            }
            assert!(out.len() <= 1500, "a packet larger than the link");
            let packet = wire::parse(&out);
            assert!(packet.is_ok(), "a malformed packet: {out:02x?}");
            let Ok(packet) = packet else { return };
            let ours = packet.dst == IpAddr::V4(CALLER)
                || matches!(packet.dst, IpAddr::V6(to) if to.segments().first_chunk() == Some(&[0xfd64, 0, 0, 1]))
                || matches!(packet.dst, IpAddr::V6(to) if to.is_unicast_link_local() || to.is_multicast());
            assert!(ours, "a packet for somebody else: {}", packet.dst);
            if packet.protocol == protocol::TCP {
                let segment = wire::Segment::parse(&packet);
                assert!(segment.is_ok(), "a malformed segment: {out:02x?}");
                let Ok(segment) = segment else { return };
                if let Some(seen) = &mut self.seen {
                    seen.ack = segment.seq.wrapping_add(segment.len);
                    seen.seq = segment.ack.unwrap_or(seen.seq);
                    seen.caller = SocketAddr::new(packet.dst, segment.dst_port);
                    seen.peer = SocketAddr::new(packet.src, segment.src_port);
                }
            }
        }
    }

    fn wait(&mut self) {
        let step = u64::from(self.next());
        self.now += Duration::from_millis(step * step * step / 64);
        if step & 1 == 0
            && let Some(at) = self.nat.poll_timeout()
        {
            self.now = self.now.max(at);
        }
        self.handle(Input::Tick);
    }

    fn check(&self) {
        assert!(self.nat.memory() <= CAPS.memory, "{} octets held", self.nat.memory());
        assert!(self.nat.flows() <= CAPS.flows, "{} flows", self.nat.flows());
    }

    /// Whatever was begun ends by itself when nothing more happens, and then nothing is held.
    fn end(&mut self) {
        let mut out = Vec::new();
        for _ in 0..10_000 {
            while self.nat.poll_packet(self.now, &mut out) {
                self.follow();
            }
            self.follow();
            let quiet = (self.nat.flows(), self.nat.memory(), self.nat.open().questions) == (0, 0, 0);
            let Some(at) = self.nat.poll_timeout().filter(|_| !quiet) else { break };
            self.now = self.now.max(at);
            self.handle(Input::Tick);
        }
        assert_eq!((self.nat.flows(), self.nat.memory()), (0, 0), "something is left");
        // the router of a link with IPv6 speaks for ever
        let v4 = self.nat.config().v4;
        self.nat.set_addresses(self.now, v4, None);
        assert_eq!(self.nat.poll_timeout(), None);
    }
}
