//! TCP towards the caller: smoltcp, one socket set a connection.
//!
//! The interface accepts every address and is shared by all connections of a session; a packet is given only the set
//! of the connection it belongs to, so its cost does not grow with the number of connections. A connection has
//! buffers only from the moment the outside has answered its SYN (decision 0019).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet, SocketStorage};
use smoltcp::phy::{Checksum, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::wire::{HardwareAddress, IpListenEndpoint};

use crate::wire;

/// One packet in, one packet out: all that an interface sees of the link at a time.
struct Link<'a> {
    mtu: usize,
    incoming: Option<&'a [u8]>,
    outgoing: Option<&'a mut Vec<u8>>,
}

struct Incoming<'a>(&'a [u8]);

struct Outgoing<'a>(&'a mut Vec<u8>);

impl RxToken for Incoming<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, write: F) -> R {
        self.0.resize(len, 0);
        write(self.0)
    }
}

impl Device for Link<'_> {
    type RxToken<'b>
        = Incoming<'b>
    where
        Self: 'b;
    type TxToken<'b>
        = Outgoing<'b>
    where
        Self: 'b;

    fn receive(&mut self, _now: smoltcp::time::Instant) -> Option<(Incoming<'_>, Outgoing<'_>)> {
        Some((Incoming(self.incoming.take()?), Outgoing(self.outgoing.take()?)))
    }

    fn transmit(&mut self, _now: smoltcp::time::Instant) -> Option<Outgoing<'_>> {
        self.outgoing.take().map(Outgoing)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        // what comes in has been checked before a connection was looked for
        capabilities.checksum.ipv4 = Checksum::Tx;
        capabilities.checksum.tcp = Checksum::Tx;
        capabilities
    }
}

/// One connection towards the caller.
pub(crate) struct Connection {
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    /// The sequence number after all that was ever sent.
    sent: Option<u32>,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").field("state", &self.socket().state()).finish_non_exhaustive()
    }
}

impl Connection {
    fn new(mut socket: Socket<'static>) -> Self {
        socket.set_congestion_control(CongestionControl::Cubic);
        // the sender outside has decided already what makes a segment
        socket.set_nagle_enabled(false);
        let mut sockets = SocketSet::new(vec![SocketStorage::EMPTY]);
        let handle = sockets.add(socket);
        Self { sockets, handle, sent: None }
    }

    pub(crate) fn socket(&self) -> &Socket<'static> {
        self.sockets.get(self.handle)
    }

    pub(crate) fn socket_mut(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// Puts an acknowledgement or a reset after all that was sent (RFC 9293 §3.10.7.4, SEQ=SND.NXT).
    ///
    /// smoltcp 0.14 steps back to what is not acknowledged when its timer runs out, and acknowledges from there. What
    /// it says then is old to a caller that has received more, which drops it unread (also RFC 9293 §3.10.7.4); two ends
    /// of that kind, each with its timer run out, never hear each other again.
    ///
    /// A reset that answers a segment at once has that segment's number instead, and keeps it.
    fn renumber(&mut self, packet: &mut [u8], answers: bool) {
        let Some((header, seq, end, reset)) = wire::sequence(packet) else { return };
        if reset && answers {
            return;
        }
        let sent = *self.sent.get_or_insert(end);
        let is_old = |number: u32| sent.wrapping_sub(number).cast_signed() > 0;
        if seq == end && is_old(seq) {
            wire::set_sequence(packet, header, sent);
        } else if !is_old(end) {
            self.sent = Some(end);
        }
    }

    /// Whether the handshake is behind it.
    pub(crate) fn stands(&self) -> bool {
        !matches!(self.socket().state(), State::Closed | State::Listen | State::SynSent | State::SynReceived)
    }

    /// Makes of a SYN what smoltcp answers with an acknowledgement, as RFC 9293 §3.10.7.4 wants it for one that comes in the
    /// midst of a connection: a segment that acknowledges what was never sent. A SYN by itself it drops, and a caller that
    /// has begun anew would wait for as long as the old connection is kept.
    pub(crate) fn question(&self, syn: &mut [u8]) {
        let (Some((tcp, ..)), Some(sent)) = (wire::sequence(syn), self.sent) else { return };
        wire::set_acknowledgement(syn, tcp, sent.wrapping_add(1 << 30));
    }

    /// Whether nothing will ever come of it again, either way.
    pub(crate) fn is_over(&self) -> bool {
        let socket = self.socket();
        // a listener that was reset listens again: nobody is at the other end
        socket.state() == State::Listen
            || (socket.state() == State::Closed && socket.remote_endpoint().is_none())
    }
}

/// The largest size of a buffer, up to this many octets, that smoltcp can announce exactly.
///
/// It announces 65535 in its SYN, unscaled, and then believes to have announced that many shifted by its window
/// scale. With 2^(16+n) - 1 octets that is never more than the buffer holds; with others a peer could write past it
/// (smoltcp 0.14, `Socket::process`, `window_end`), which ends in a panic.
pub(crate) fn fitting(octets: usize) -> usize {
    if octets <= 65535 {
        return octets;
    }
    // a power of two is one too many by one
    let bits = usize::BITS - (octets + 1).leading_zeros() - 1;
    (1_usize << bits.min(29)) - 1
}

fn buffers(octets: usize) -> Socket<'static> {
    let octets = fitting(octets);
    Socket::new(SocketBuffer::new(vec![0; octets]), SocketBuffer::new(vec![0; octets]))
}

/// When a connection wants the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// It has a packet now.
    Now,
    /// It may have one then.
    At(Instant),
    /// Something must come first.
    Never,
}

/// What all connections of a session share.
pub(crate) struct Stack {
    interface: Interface,
    begin: Instant,
    mtu: usize,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("mtu", &self.mtu).finish_non_exhaustive()
    }
}

impl Stack {
    pub(crate) fn new(begin: Instant, mtu: usize, seed: u64) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut link = Link { mtu, incoming: None, outgoing: None };
        let mut interface = Interface::new(config, &mut link, smoltcp::time::Instant::ZERO);
        interface.set_any_ip(true);
        Self { interface, begin, mtu }
    }

    fn time(&self, now: Instant) -> smoltcp::time::Instant {
        let micros = now.saturating_duration_since(self.begin).as_micros();
        smoltcp::time::Instant::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// A connection that waits for the caller's SYN to this address.
    pub(crate) fn listen(&self, to: SocketAddr, octets: usize) -> Option<Connection> {
        let mut socket = buffers(octets);
        socket.listen(IpListenEndpoint::from(to)).ok()?;
        Some(Connection::new(socket))
    }

    /// A connection to the caller, from this address.
    pub(crate) fn connect(&mut self, from: SocketAddr, to: SocketAddr, octets: usize) -> Option<Connection> {
        let mut socket = buffers(octets);
        socket.connect(self.interface.context(), to, from).ok()?;
        Some(Connection::new(socket))
    }

    /// Gives a packet to its connection. What that answers at once, it answers into `reply`.
    pub(crate) fn ingress(
        &mut self,
        now: Instant,
        connection: &mut Connection,
        packet: &[u8],
        reply: &mut Vec<u8>,
    ) {
        reply.clear();
        let mut link = Link { mtu: self.mtu, incoming: Some(packet), outgoing: Some(reply) };
        let now = self.time(now);
        self.interface.poll_ingress_single(now, &mut link, &mut connection.sockets);
        connection.renumber(reply, true);
    }

    /// The connection's next packet, put into `out`; false: it has none.
    pub(crate) fn egress(&mut self, now: Instant, connection: &mut Connection, out: &mut Vec<u8>) -> bool {
        out.clear();
        let mut link = Link { mtu: self.mtu, incoming: None, outgoing: Some(out) };
        let now = self.time(now);
        self.interface.poll_egress(now, &mut link, &mut connection.sockets);
        connection.renumber(out, false);
        !out.is_empty()
    }

    /// When a connection wants the line.
    pub(crate) fn when(&mut self, now: Instant, connection: &Connection) -> When {
        let time = self.time(now);
        match self.interface.poll_at(time, &connection.sockets) {
            None => When::Never,
            Some(at) if at <= time => When::Now,
            Some(at) => {
                let micros = u64::try_from(at.total_micros()).unwrap_or_default();
                When::At(self.begin + Duration::from_micros(micros))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fitting;

    #[test]
    fn a_buffer_holds_what_the_first_window_promises() {
        for octets in [1, 4096, 65535, 65536, 100_000, 131_071, 131_072, 262_144, 1 << 20] {
            let size = fitting(octets);
            assert!(size <= octets && size > octets / 2);
            let scale = (usize::BITS - size.leading_zeros()).saturating_sub(16);
            assert!(size <= 65535 || 65535 << scale <= size, "{octets}");
        }
        assert_eq!((fitting(131_071), fitting(131_072), fitting(65536)), (131_071, 131_071, 65535));
    }
}
