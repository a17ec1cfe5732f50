//! The stack itself: interface, sockets, the two packet queues, and who waits for what.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use openras_ppp::Negotiated;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::wire::{HardwareAddress, IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket};
use tokio::time::Instant;

use super::FarEnd;
use crate::net::MAX_PACKET;
use crate::net::autoconf::Autoconf;

mod addresses;

/// Packets that may wait in each direction.
const QUEUE: usize = 128;
/// Bytes of each buffer of a TCP connection. Of 128 KiB, smoltcp 0.14 would let a peer write past the end: it takes
/// the first window it announces for a scaled one, which only 2^(16+n) - 1 bytes can hold.
const BUFFER: usize = 128 * 1024 - 1;
/// The most TCP connections at once, half-open and ending ones included.
const SOCKETS: usize = 256;
/// How long a peer may leave our bytes unacknowledged.
const UNACKED: smoltcp::time::Duration = smoltcp::time::Duration::from_secs(60);
/// The smallest MTU we work with (RFC 791 §3.2).
const LEAST_MTU: usize = 68;

/// Both queues between the driver and the interface.
struct Queues {
    mtu: usize,
    incoming: VecDeque<Vec<u8>>,
    outgoing: VecDeque<Vec<u8>>,
}

struct Incoming(Vec<u8>);

struct Outgoing<'a>(&'a mut VecDeque<Vec<u8>>);

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        let mut packet = vec![0; len];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Queues {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _now: smoltcp::time::Instant) -> Option<(Incoming, Outgoing<'_>)> {
        // an answer may go past the mark that stops the sockets, but not far
        if self.outgoing.len() >= 2 * QUEUE {
            return None;
        }
        Some((Incoming(self.incoming.pop_front()?), Outgoing(&mut self.outgoing)))
    }

    fn transmit(&mut self, _now: smoltcp::time::Instant) -> Option<Outgoing<'_>> {
        (self.outgoing.len() < QUEUE).then_some(Outgoing(&mut self.outgoing))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        capabilities
    }
}

/// A port that is listened on.
#[derive(Default)]
struct Listener {
    /// Waiting for the end of their handshake. They exist only from the SYN on.
    opening: Vec<SocketHandle>,
    ready: VecDeque<SocketHandle>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Down,
    Up { remote: Option<Ipv4Addr>, v4: bool, v6: bool },
    Gone,
}

pub(super) struct Stack {
    begin: Instant,
    far_end: FarEnd,
    interface: Interface,
    pub(super) sockets: SocketSet<'static>,
    queues: Queues,
    link: Link,
    listeners: BTreeMap<u16, Listener>,
    /// Connections nobody holds any more.
    ending: Vec<SocketHandle>,
    tcp_sockets: usize,
    next_number: u16,
    /// The driver, waiting for a packet and for room.
    packet_waker: Option<Waker>,
    room_waker: Option<Waker>,
    up_wakers: Vec<Waker>,
    /// The addresses we were given, and the servers for names.
    v4: Option<Ipv4Addr>,
    v4_name_servers: Vec<Ipv4Addr>,
    /// The longest packet of the link.
    link_mtu: usize,
    /// Our interface identifier, and what a router at the other end says.
    identifier: Option<[u8; 8]>,
    autoconf: Option<Autoconf>,
}

/// Random enough for initial sequence numbers that only the other end of this link sees.
fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn interface(queues: &mut Queues) -> Interface {
    let mut config = Config::new(HardwareAddress::Ip);
    config.random_seed = seed();
    Interface::new(config, queues, smoltcp::time::Instant::ZERO)
}

impl Stack {
    pub(super) fn new(begin: Instant, far_end: FarEnd) -> Self {
        let mut queues = Queues { mtu: 1500, incoming: VecDeque::new(), outgoing: VecDeque::new() };
        Self {
            begin,
            far_end,
            interface: interface(&mut queues),
            sockets: SocketSet::new(Vec::new()),
            queues,
            link: Link::Down,
            listeners: BTreeMap::new(),
            ending: Vec::new(),
            tcp_sockets: 0,
            next_number: (seed() >> 16) as u16,
            packet_waker: None,
            room_waker: None,
            up_wakers: Vec::new(),
            link_mtu: 1500,
            v4: None,
            v4_name_servers: Vec::new(),
            identifier: None,
            autoconf: None,
        }
    }

    /// Takes what was agreed. Connections whose address stays go on.
    pub(super) fn up(&mut self, negotiated: &Negotiated) {
        let wanted = usize::from(negotiated.link.send_mru);
        self.link_mtu = if wanted == 0 { 1500 } else { wanted.clamp(LEAST_MTU, MAX_PACKET) };
        self.v4 = negotiated.ipv4.map(|v4| v4.local);
        self.v4_name_servers = negotiated.ipv4.iter().flat_map(|v4| v4.dns).flatten().collect();
        self.begin_ipv6(negotiated.ipv6.map(|(local, _)| local), self.far_end == FarEnd::Gateway);
        let remote = negotiated.ipv4.map(|v4| v4.remote).filter(|remote| !remote.is_unspecified());
        self.set_addresses(remote);
        self.link = Link::Up { remote, v4: self.v4.is_some(), v6: self.identifier.is_some() };
        self.up_wakers.drain(..).for_each(Waker::wake);
    }

    /// The link has gone: connections are broken off.
    pub(super) fn down(&mut self) {
        self.break_off(Link::Down);
    }

    /// As [`down`](Self::down), for ever.
    pub(super) fn gone(&mut self) {
        self.break_off(Link::Gone);
        self.up_wakers.drain(..).for_each(Waker::wake);
        for listener in self.listeners.values_mut() {
            listener.waker.take().into_iter().for_each(Waker::wake);
        }
    }

    fn break_off(&mut self, link: Link) {
        if self.link == Link::Gone {
            return;
        }
        self.link = link;
        self.autoconf = None;
        self.interface.update_ip_addrs(|addresses| addresses.clear());
        self.queues.incoming = VecDeque::new();
        self.queues.outgoing = VecDeque::new();
        for (_, socket) in self.sockets.iter_mut() {
            if let smoltcp::socket::Socket::Tcp(socket) = socket {
                socket.abort();
            }
        }
        self.room_waker.take().into_iter().for_each(Waker::wake);
        self.up_wakers.drain(..).for_each(Waker::wake);
    }

    /// What a socket needs to begin something.
    pub(super) fn context(&mut self) -> &mut smoltcp::iface::Context {
        self.interface.context()
    }

    /// Wakes this task when the link comes or goes.
    pub(super) fn wake_on_change(&mut self, cx: &Context<'_>) {
        if !self.up_wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.up_wakers.push(cx.waker().clone());
        }
    }

    pub(super) fn poll_up(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.link {
            Link::Up { .. } => Poll::Ready(Ok(())),
            Link::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            Link::Down => {
                self.wake_on_change(cx);
                Poll::Pending
            }
        }
    }

    /// Whether packets to this family can go.
    pub(super) fn check(&self, address: IpAddr) -> io::Result<()> {
        match self.link {
            Link::Up { v4, v6, .. } if if address.is_ipv4() { v4 } else { v6 } => Ok(()),
            Link::Up { .. } => Err(io::ErrorKind::Unsupported.into()),
            Link::Down | Link::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.queues.incoming.len() < QUEUE || !matches!(self.link, Link::Up { .. }) {
            return Poll::Ready(());
        }
        self.room_waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// A packet from the link; one that cannot come from there is dropped, as is one too many.
    pub(super) fn receive(&mut self, packet: Vec<u8>) {
        let Link::Up { remote, .. } = self.link else { return };
        if self.queues.incoming.len() >= QUEUE || self.far_end == FarEnd::Host && is_forged(&packet, remote) {
            return;
        }
        if self.advertised(&packet, Instant::now()) {
            return;
        }
        if let Some(port) = syn_port(&packet) {
            self.open_for(port);
        }
        self.queues.incoming.push_back(packet);
    }

    /// A socket for the connection that is about to come in.
    fn open_for(&mut self, port: u16) {
        let Some(listener) = self.listeners.get_mut(&port) else { return };
        if self.tcp_sockets >= SOCKETS {
            return;
        }
        let mut socket = tcp_socket();
        if socket.listen(port).is_ok() {
            self.tcp_sockets += 1;
            listener.opening.push(self.sockets.add(socket));
        }
    }

    /// The next packet for the link, and whether the queue held the sockets back.
    pub(super) fn next_packet(&mut self, cx: &mut Context<'_>) -> Option<(Vec<u8>, bool)> {
        let was_full = self.queues.outgoing.len() >= QUEUE;
        match self.queues.outgoing.pop_front() {
            Some(packet) => Some((packet, was_full)),
            None => {
                self.packet_waker = Some(cx.waker().clone());
                None
            }
        }
    }

    pub(super) fn number(&mut self) -> u16 {
        self.next_number = self.next_number.wrapping_add(1);
        self.next_number
    }

    pub(super) fn connect(&mut self, address: IpAddr, port: u16) -> io::Result<SocketHandle> {
        self.check(address)?;
        if self.tcp_sockets >= SOCKETS {
            return Err(io::Error::other("too many connections"));
        }
        // the dynamic ports, RFC 6335 §6
        let local = 49152 | self.number();
        let mut socket = tcp_socket();
        socket
            .connect(self.interface.context(), (address, port), local)
            .map_err(|_| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
        self.tcp_sockets += 1;
        Ok(self.sockets.add(socket))
    }

    pub(super) fn listen(&mut self, port: u16) -> io::Result<()> {
        if port == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        match self.listeners.entry(port) {
            std::collections::btree_map::Entry::Occupied(_) => Err(io::ErrorKind::AddrInUse.into()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Listener::default());
                Ok(())
            }
        }
    }

    pub(super) fn poll_accept(&mut self, port: u16, cx: &mut Context<'_>) -> Poll<Option<SocketHandle>> {
        let Some(listener) = self.listeners.get_mut(&port) else { return Poll::Ready(None) };
        if let Some(handle) = listener.ready.pop_front() {
            return Poll::Ready(Some(handle));
        }
        if self.link == Link::Gone {
            return Poll::Ready(None);
        }
        listener.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(super) fn stop_listening(&mut self, port: u16) {
        let Some(listener) = self.listeners.remove(&port) else { return };
        for handle in listener.opening.into_iter().chain(listener.ready) {
            self.sockets.get_mut::<tcp::Socket<'_>>(handle).abort();
            self.ending.push(handle);
        }
    }

    /// Nobody holds this connection any more: it ends on its own.
    pub(super) fn release(&mut self, handle: SocketHandle) {
        self.sockets.get_mut::<tcp::Socket<'_>>(handle).close();
        self.ending.push(handle);
    }

    /// Does all there is to do now; says when there is more without an event.
    pub(super) fn turn(&mut self, now: Instant) -> Option<Duration> {
        let soliciting = self.solicit(now);
        let micros = now.duration_since(self.begin).as_micros();
        let now = smoltcp::time::Instant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX));
        self.allow_silence();
        self.interface.poll(now, &mut self.queues, &mut self.sockets);
        self.accept();
        self.sweep();
        if !self.queues.outgoing.is_empty() {
            self.packet_waker.take().into_iter().for_each(Waker::wake);
        } else if self.queues.outgoing.capacity() > 0 {
            self.queues.outgoing = VecDeque::new();
        }
        if self.queues.incoming.len() < QUEUE {
            self.room_waker.take().into_iter().for_each(Waker::wake);
        }
        if self.queues.incoming.is_empty() && self.queues.incoming.capacity() > 0 {
            self.queues.incoming = VecDeque::new();
        }
        // with a full queue the driver's next packet is what wakes us
        if self.queues.outgoing.len() >= QUEUE {
            return None;
        }
        let delay = self.interface.poll_delay(now, &self.sockets);
        delay.map(|delay| Duration::from_micros(delay.total_micros())).into_iter().chain(soliciting).min()
    }

    /// A connection may be silent for as long as it likes, unless the other end owes us an acknowledgement: smoltcp's limit of
    /// time counts both.
    fn allow_silence(&mut self) {
        for (_, socket) in self.sockets.iter_mut() {
            if let smoltcp::socket::Socket::Tcp(socket) = socket {
                use tcp::State::{CloseWait, Established, FinWait2};
                let silent = matches!(socket.state(), Established | CloseWait | FinWait2);
                socket.set_timeout((!silent || socket.send_queue() > 0).then_some(UNACKED));
            }
        }
    }

    fn accept(&mut self) {
        let all_read = self.queues.incoming.is_empty();
        let Self { listeners, sockets, ending, .. } = self;
        for listener in listeners.values_mut() {
            let ready = &mut listener.ready;
            listener.opening.retain(|&handle| match sockets.get::<tcp::Socket<'_>>(handle).state() {
                // its SYN was a repetition, or no SYN to us at all
                tcp::State::Listen if all_read => {
                    sockets.get_mut::<tcp::Socket<'_>>(handle).abort();
                    ending.push(handle);
                    false
                }
                tcp::State::Listen | tcp::State::SynReceived => true,
                tcp::State::Closed => {
                    ending.push(handle);
                    false
                }
                _ => {
                    ready.push_back(handle);
                    false
                }
            });
            if !listener.ready.is_empty() {
                listener.waker.take().into_iter().for_each(Waker::wake);
            }
        }
    }

    fn sweep(&mut self) {
        let Self { sockets, ending, tcp_sockets, .. } = self;
        ending.retain(|&handle| {
            let socket = sockets.get_mut::<tcp::Socket<'_>>(handle);
            if socket.state() == tcp::State::FinWait2 {
                // all of ours has arrived, and nobody would read what still comes
                socket.abort();
            }
            let over = matches!(socket.state(), tcp::State::Closed | tcp::State::TimeWait);
            if over {
                sockets.remove(handle);
                *tcp_sockets = tcp_sockets.saturating_sub(1);
            }
            !over
        });
    }
}

fn tcp_socket() -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
    let mut socket = tcp::Socket::new(buffer(), buffer());
    socket.set_timeout(Some(UNACKED));
    socket.set_nagle_enabled(false);
    // one link, and nobody else on it; said here because a feature that another crate asks for changes the default
    socket.set_congestion_control(tcp::CongestionControl::None);
    socket
}

/// An IPv4 packet whose source is not the address the other end has (defence rule 16).
fn is_forged(packet: &[u8], remote: Option<Ipv4Addr>) -> bool {
    let Ok(packet) = Ipv4Packet::new_checked(packet) else { return false };
    packet.version() == 4 && remote.is_some_and(|remote| packet.src_addr() != remote)
}

/// The port of a TCP connection that begins with this packet.
fn syn_port(packet: &[u8]) -> Option<u16> {
    let payload = match packet.first()? >> 4 {
        4 => {
            let packet = Ipv4Packet::new_checked(packet).ok()?;
            (packet.next_header() == IpProtocol::Tcp).then(|| packet.payload())?
        }
        6 => {
            let packet = Ipv6Packet::new_checked(packet).ok()?;
            (packet.next_header() == IpProtocol::Tcp).then(|| packet.payload())?
        }
        _ => return None,
    };
    let segment = TcpPacket::new_checked(payload).ok()?;
    (segment.syn() && !segment.ack()).then(|| segment.dst_port())
}
