//! The caller, the line, the NAT and the outside, driven together.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use openras_nat::{Config, End, FlowId, Input, Nat, Order, Reach, Refusal, Target, V4, V6};
use openras_ppp::Machine;
use smoltcp::iface::{Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::wire::{HardwareAddress, IpCidr};

use crate::line::{Quality, Way};

pub(crate) const CALLER: &str = "10.64.0.2";
pub(crate) const GATEWAY: &str = "10.64.0.1";
pub(crate) const CALLER6: &str = "fd64:0:0:1::2";
pub(crate) const GATEWAY6: &str = "fd64::1";

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub(crate) fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[allow(clippy::disallowed_methods)] // the one beginning of time of these tests
pub(crate) fn t0() -> Instant {
    Instant::now()
}

pub(crate) fn config() -> Config {
    let mut config = Config::new(V4 { caller: CALLER.parse().unwrap(), gateway: GATEWAY.parse().unwrap() });
    config.v6 = Some(V6 {
        prefix: "fd64:0:0:1::".parse().unwrap(),
        link_local: "fe80::1".parse().unwrap(),
        gateway: GATEWAY6.parse().unwrap(),
    });
    config
}

/// The queues between the caller's stack and the line.
#[derive(Default)]
pub(crate) struct Port {
    mtu: usize,
    pub incoming: VecDeque<Vec<u8>>,
    pub outgoing: VecDeque<Vec<u8>>,
}

pub(crate) struct In(Vec<u8>);
pub(crate) struct Out<'a>(&'a mut VecDeque<Vec<u8>>);

impl RxToken for In {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut packet = vec![0; len];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Port {
    type RxToken<'a> = In;
    type TxToken<'a> = Out<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(In, Out<'_>)> {
        Some((In(self.incoming.pop_front()?), Out(&mut self.outgoing)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Out<'_>> {
        // always: smoltcp 0.14 forgets a fast retransmission, and its timer, when there is no room for it
        Some(Out(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// What a server outside does with a connection.
#[derive(Clone, Debug)]
pub(crate) enum Server {
    /// Sends everything back, and ends when the caller has.
    Echo,
    /// Sends that many octets and ends.
    Source(usize),
    /// Takes everything, and ends when the caller has.
    Sink,
    /// Takes nothing until it is told to.
    Stuck,
    /// Says no.
    No(Refusal),
    /// Never answers.
    Silent,
    /// Breaks the connection after that many octets.
    Breaks(usize),
}

/// One connection outside.
pub(crate) struct Peer {
    pub server: Server,
    pub to: Target,
    pub received: Vec<u8>,
    pub sent: usize,
    back: VecDeque<u8>,
    pub shut: bool,
    pub ended: bool,
    pub closed: Option<End>,
}

/// The octet at this place of every stream here.
pub(crate) fn octet(at: usize) -> u8 {
    (at.wrapping_mul(2_654_435_761) >> 13) as u8
}

pub(crate) struct Lab {
    pub begin: Instant,
    pub now: Instant,
    pub nat: Nat,
    pub port: Port,
    pub interface: Interface,
    pub sockets: SocketSet<'static>,
    pub up: Way,
    pub down: Way,
    pub servers: BTreeMap<u16, Server>,
    pub peers: BTreeMap<FlowId, Peer>,
    /// Orders that are not about connections, and all `Accepted`.
    pub other: Vec<Order>,
    /// Packets that are for no stack: what the test looks at.
    pub tap: Vec<Vec<u8>>,
    /// What the router said to all nodes, and when.
    pub advertised: Vec<(Instant, Vec<u8>)>,
    pub most_memory: usize,
    next_port: u16,
}

impl Lab {
    pub(crate) fn new(config: Config, quality: Quality, seed: u64) -> Self {
        Self::with_reach(config, quality, seed, Reach::default())
    }

    pub(crate) fn with_reach(config: Config, quality: Quality, seed: u64, reach: Reach) -> Self {
        let now = t0();
        let mut port = Port { mtu: config.mru.min(config.mtu), ..Port::default() };
        let mut smol = smoltcp::iface::Config::new(HardwareAddress::Ip);
        smol.random_seed = seed;
        let mut interface = Interface::new(smol, &mut port, smoltcp::time::Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(ip(CALLER).into(), 32)).unwrap();
            addresses.push(IpCidr::new(ip(CALLER6).into(), 64)).unwrap();
        });
        interface.routes_mut().add_default_ipv4_route(GATEWAY.parse().unwrap()).unwrap();
        interface.routes_mut().add_default_ipv6_route(GATEWAY6.parse().unwrap()).unwrap();
        Self {
            begin: now,
            now,
            nat: Nat::new(now, config, reach, [seed as u8; 32]),
            port,
            interface,
            sockets: SocketSet::new(vec![]),
            up: Way::new(now, quality, seed),
            down: Way::new(now, quality, seed + 1000),
            servers: BTreeMap::new(),
            peers: BTreeMap::new(),
            other: Vec::new(),
            tap: Vec::new(),
            advertised: Vec::new(),
            most_memory: 0,
            next_port: 0,
        }
    }

    fn smol_now(&self) -> smoltcp::time::Instant {
        smoltcp::time::Instant::from_micros((self.now - self.begin).as_micros() as i64)
    }

    /// The caller's program connects.
    pub(crate) fn connect(&mut self, to: SocketAddr) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 65535]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        self.next_port += 1;
        let from = if to.is_ipv4() { ip(CALLER) } else { ip(CALLER6) };
        socket.connect(self.interface.context(), to, (from, 20_000 + self.next_port)).unwrap();
        self.sockets.add(socket)
    }

    pub(crate) fn listen(&mut self, port: u16) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 65535]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.listen(port).unwrap();
        self.sockets.add(socket)
    }

    pub(crate) fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// A packet that no stack made.
    pub(crate) fn raw(&mut self, packet: &[u8]) {
        self.nat.handle(self.now, Input::Packet(packet));
        self.carry_out();
    }

    /// What the NAT has for the line, without one, and without what its router says unasked.
    pub(crate) fn packets(&mut self) -> Vec<Vec<u8>> {
        let (mut out, mut all) = (Vec::new(), Vec::new());
        while self.nat.poll_packet(self.now, &mut out) {
            if out[0] >> 4 == 6 && out[6] == 58 && out[40] == 134 && out[24] == 0xff {
                self.advertised.push((self.now, out.clone()));
            } else {
                all.push(out.clone());
            }
        }
        self.carry_out();
        all
    }

    /// Whether the NAT waits for nothing but the time its router speaks again.
    pub(crate) fn rests(&mut self) -> bool {
        self.nat.set_addresses(self.now, self.nat.config().v4, None);
        self.nat.poll_timeout().is_none()
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.nat.handle(self.now, Input::Tick);
        self.carry_out();
    }

    /// Does what the NAT orders, until it orders nothing more.
    pub(crate) fn carry_out(&mut self) {
        loop {
            self.most_memory = self.most_memory.max(self.nat.memory());
            let Some(order) = self.nat.poll_output() else { break };
            self.follow(order);
        }
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Connect { flow, to } => {
                let port = if let Target::Host(to) = to { to.port() } else { 53 };
                let server = self.servers.get(&port).cloned().unwrap_or(Server::No(Refusal::Refused));
                let input = match server {
                    Server::No(refusal) => Some(Input::Refused(flow, refusal)),
                    Server::Silent => None,
                    _ => Some(Input::Connected(flow)),
                };
                self.add_peer(flow, server, to);
                if let Some(input) = input {
                    self.nat.handle(self.now, input);
                }
                self.pump(flow);
            }
            Order::Accepted(flow) => {
                self.add_peer(flow, Server::Echo, Target::Resolver);
                self.other.push(Order::Accepted(flow));
                self.pump(flow);
            }
            Order::Readable(flow) | Order::Writable(flow) => self.pump(flow),
            Order::Shut(flow) => {
                if let Some(peer) = self.peers.get_mut(&flow) {
                    assert!(!peer.shut, "shut twice");
                    peer.shut = true;
                }
                self.pump(flow);
            }
            Order::Closed(flow, end) => match self.peers.get_mut(&flow) {
                Some(peer) => {
                    assert_eq!(peer.closed, None, "closed twice");
                    peer.closed = Some(end);
                }
                None => self.other.push(order),
            },
            order => self.other.push(order),
        }
    }

    fn add_peer(&mut self, flow: FlowId, server: Server, to: Target) {
        let peer = Peer {
            server,
            to,
            received: Vec::new(),
            sent: 0,
            back: VecDeque::new(),
            shut: false,
            ended: false,
            closed: None,
        };
        assert!(self.peers.insert(flow, peer).is_none(), "a flow's id is used again");
    }

    /// Moves octets between a connection and its server.
    pub(crate) fn pump(&mut self, flow: FlowId) {
        let Some(peer) = self.peers.get_mut(&flow).filter(|peer| peer.closed.is_none()) else { return };
        let stuck = matches!(peer.server, Server::Stuck);
        loop {
            let waiting = if stuck { &[][..] } else { self.nat.waiting(flow) };
            let count = waiting.len();
            if count == 0 {
                break;
            }
            peer.received.extend_from_slice(waiting);
            if matches!(peer.server, Server::Echo) {
                peer.back.extend(waiting);
            }
            self.nat.take(self.now, flow, count);
        }
        match peer.server {
            Server::Echo => {
                while !peer.back.is_empty() {
                    let some: Vec<u8> = peer.back.iter().copied().take(4096).collect();
                    let taken = self.nat.give(self.now, flow, &some);
                    peer.back.drain(..taken);
                    if taken < some.len() {
                        break;
                    }
                }
            }
            Server::Source(all) => {
                while peer.sent < all {
                    let some: Vec<u8> = (peer.sent..all.min(peer.sent + 4096)).map(octet).collect();
                    let taken = self.nat.give(self.now, flow, &some);
                    peer.sent += taken;
                    if taken < some.len() {
                        break;
                    }
                }
            }
            Server::Breaks(after) if peer.received.len() >= after => {
                return self.nat.handle(self.now, Input::Failed(flow));
            }
            _ => {}
        }
        let done = match peer.server {
            Server::Echo => peer.shut && peer.back.is_empty(),
            Server::Source(all) => peer.sent == all,
            Server::Sink => peer.shut,
            _ => false,
        };
        if done && !std::mem::replace(&mut peer.ended, true) {
            self.nat.handle(self.now, Input::Ended(flow));
        }
    }

    /// Moves everything as far as it goes at this moment.
    fn settle(&mut self) {
        let mut out = Vec::new();
        loop {
            let mut moved = false;
            while let Some(packet) = self.up.receive(self.now) {
                self.nat.handle(self.now, Input::Packet(&packet));
                self.carry_out();
                moved = true;
            }
            while let Some(packet) = self.down.receive(self.now) {
                if packet[9] == 6 || packet[6] == 6 {
                    self.port.incoming.push_back(packet);
                } else {
                    self.tap.push(packet);
                }
                moved = true;
            }
            let now = self.smol_now();
            let before = self.port.outgoing.len();
            self.interface.poll(now, &mut self.port, &mut self.sockets);
            moved |= self.port.outgoing.len() != before;
            while self.up.free(self.now).is_ok() {
                let Some(packet) = self.port.outgoing.pop_front() else { break };
                self.up.send(self.now, packet);
                moved = true;
            }
            while self.down.free(self.now).is_ok() {
                let found = self.nat.poll_packet(self.now, &mut out);
                self.carry_out();
                if !found {
                    break;
                }
                self.down.send(self.now, out.clone());
                moved = true;
            }
            if !moved {
                break;
            }
        }
    }

    /// To the next moment at which something can happen, but no further than `limit`.
    fn step(&mut self, limit: Instant) {
        let now = self.smol_now();
        let smol = self.interface.poll_at(now, &self.sockets).map(|at| {
            self.begin + Duration::from_micros(at.total_micros().max(0) as u64).max(self.now - self.begin)
        });
        let busy = |free: Result<(), Instant>| free.err();
        let next = [
            self.up.next(),
            self.down.next(),
            self.nat.poll_timeout(),
            smol.filter(|at| *at > self.now),
            busy(self.up.free(self.now)).filter(|_| !self.port.outgoing.is_empty()),
            busy(self.down.free(self.now)).filter(|_| self.nat.has_packets()),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(limit);
        self.now = next.clamp(self.now, limit);
        let deadline = self.nat.poll_timeout();
        self.nat.handle(self.now, Input::Tick);
        self.carry_out();
        if deadline.is_some_and(|deadline| deadline <= self.now) {
            assert!(self.nat.poll_timeout() != deadline, "a tick at the deadline moves or clears it");
        }
    }

    /// Runs until something is so; false: it was not within that time.
    pub(crate) fn until(&mut self, limit: Duration, mut so: impl FnMut(&mut Self) -> bool) -> bool {
        let limit = self.now + limit;
        for _ in 0..5_000_000 {
            self.settle();
            if so(self) {
                return true;
            }
            if self.now >= limit {
                return false;
            }
            self.step(limit);
        }
        panic!("no progress at {:?}", self.now - self.begin);
    }

    pub(crate) fn run(&mut self, time: Duration) {
        self.until(time, |_| false);
    }

    /// The one connection there is.
    pub(crate) fn peer(&mut self) -> &mut Peer {
        assert_eq!(self.peers.len(), 1);
        self.peers.values_mut().next().unwrap()
    }

    pub(crate) fn flow(&self) -> FlowId {
        *self.peers.keys().next().unwrap()
    }
}

/// A program of the caller: sends so many octets, reads everything, and ends when it has sent all.
pub(crate) struct Program {
    pub socket: SocketHandle,
    to_send: usize,
    pub sent: usize,
    pub received: Vec<u8>,
    pub reads: bool,
}

impl Program {
    pub(crate) fn new(lab: &mut Lab, to: SocketAddr, to_send: usize) -> Self {
        Self { socket: lab.connect(to), to_send, sent: 0, received: Vec::new(), reads: true }
    }

    /// Goes on; true when the other end has said everything and so has it.
    pub(crate) fn go_on(&mut self, lab: &mut Lab) -> bool {
        let socket = lab.sockets.get_mut::<tcp::Socket<'_>>(self.socket);
        while self.sent < self.to_send && socket.can_send() {
            let some: Vec<u8> = (self.sent..self.to_send.min(self.sent + 4096)).map(octet).collect();
            self.sent += socket.send_slice(&some).unwrap();
        }
        while self.reads && socket.can_recv() {
            socket.recv(|bytes| (bytes.len(), self.received.extend_from_slice(bytes))).unwrap();
        }
        if self.sent == self.to_send && socket.may_send() {
            socket.close();
        }
        !socket.may_recv() && socket.send_queue() == 0 && socket.state() != tcp::State::SynSent
    }

    pub(crate) fn state(&self, lab: &mut Lab) -> tcp::State {
        lab.socket(self.socket).state()
    }
}
