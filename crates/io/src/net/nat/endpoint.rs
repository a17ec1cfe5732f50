//! One socket of datagrams: a UDP mapping, or all pings of one identifier.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use openras_nat::{FlowId, Input, Nat, Trouble};
use openras_ppp::Machine;
use rustix::net::{
    self, AddressFamily, Protocol, SendFlags, SocketFlags, SocketType, ipproto,
    sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery},
};
use tokio::io::{Interest, Ready as Readiness};
use tokio::net::UdpSocket;
use tokio_util::sync::ReusableBoxFuture;

use super::ready::Bell;
use super::trouble;

/// Datagrams taken before other flows have their turn.
const TURN: usize = 32;
/// The largest datagram there is.
const LARGEST: usize = 65535;
/// Octets of an echo message before its data (RFC 792, RFC 4443 §4.1).
const ECHO: usize = 8;

/// What goes over a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Udp,
    /// Echo requests, by the kernel's sockets for them (`net.ipv4.ping_group_range`).
    Ping,
}

/// A socket and what it was last told about the packets to be sent.
pub(super) struct Endpoint {
    pub(super) bell: Bell,
    kind: Kind,
    socket: Arc<UdpSocket>,
    v4: bool,
    hops: Option<u8>,
    whole: Option<bool>,
    /// Until there is a datagram or a report.
    news: ReusableBoxFuture<'static, io::Result<Readiness>>,
}

/// How a packet is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    pub(super) hops: u8,
    pub(super) whole: bool,
}

impl Endpoint {
    /// A socket for destinations of this one's family.
    pub(super) fn open(kind: Kind, to: IpAddr, bell: Bell) -> io::Result<Self> {
        let v4 = to.is_ipv4();
        let socket = open(kind, v4)?;
        trouble::ask_for(&socket, v4)?;
        let socket = Arc::new(UdpSocket::from_std(StdSocket::from(socket))?);
        bell.ring();
        let news = ReusableBoxFuture::new(news(socket.clone()));
        Ok(Self { bell, kind, socket, v4, hops: None, whole: None, news })
    }

    /// Sends one datagram.
    pub(super) fn send(
        &mut self,
        nat: &mut Nat,
        now: Instant,
        id: FlowId,
        to: SocketAddr,
        manner: Manner,
        data: &[u8],
    ) {
        if to.is_ipv4() != self.v4 {
            return self.undelivered(nat, now, id, to, data, Trouble::Network);
        }
        if self.tune(manner).is_err() {
            return self.undelivered(nat, now, id, to, data, Trouble::Host);
        }
        // a report about an earlier one stops the next one, once
        for _ in 0..2 {
            match net::sendto(&*self.socket, data, SendFlags::DONTWAIT | SendFlags::NOSIGNAL, &to) {
                Ok(_) => return,
                // as in any router, what does not fit is lost
                Err(rustix::io::Errno::AGAIN | rustix::io::Errno::NOBUFS) => return,
                Err(error) => {
                    if self.reports(nat, now, id) == 0 {
                        let Some(trouble) = trouble::unsent(&error.into()) else { return };
                        return self.undelivered(nat, now, id, to, data, trouble);
                    }
                    if error == rustix::io::Errno::MSGSIZE {
                        return;
                    }
                }
            }
        }
    }

    fn undelivered(
        &self,
        nat: &mut Nat,
        now: Instant,
        flow: FlowId,
        to: SocketAddr,
        head: &[u8],
        trouble: Trouble,
    ) {
        nat.handle(now, undelivered(self.kind, flow, to, head, trouble));
    }

    /// Sets what has changed since the last datagram.
    fn tune(&mut self, manner: Manner) -> rustix::io::Result<()> {
        let Manner { hops, whole } = manner;
        if self.hops != Some(hops) {
            if self.v4 {
                sockopt::set_ip_ttl(&*self.socket, hops.into())?;
            } else {
                sockopt::set_ipv6_unicast_hops(&*self.socket, Some(hops))?;
            }
            self.hops = Some(hops);
        }
        if self.whole != Some(whole) {
            match (self.v4, whole) {
                (true, true) => sockopt::set_ip_mtu_discover(&*self.socket, Ipv4PathMtuDiscovery::DO)?,
                (true, false) => sockopt::set_ip_mtu_discover(&*self.socket, Ipv4PathMtuDiscovery::DONT)?,
                (false, true) => sockopt::set_ipv6_mtu_discover(&*self.socket, Ipv6PathMtuDiscovery::DO)?,
                (false, false) => sockopt::set_ipv6_mtu_discover(&*self.socket, Ipv6PathMtuDiscovery::DONT)?,
            }
            self.whole = Some(whole);
        }
        Ok(())
    }

    /// Takes what has come.
    pub(super) fn work(&mut self, nat: &mut Nat, now: Instant, id: FlowId, buffer: &mut Vec<u8>) {
        let waker = self.bell.answer().clone();
        let mut cx = Context::from_waker(&waker);
        while let Poll::Ready(readiness) = self.news.poll(&mut cx) {
            self.news.set(news(self.socket.clone()));
            // fails only when the runtime ends
            let Ok(readiness) = readiness else { return };
            if readiness.is_error() {
                self.reports(nat, now, id);
            }
            if readiness.is_readable() && !self.datagrams(nat, now, id, buffer) {
                return self.bell.ring();
            }
        }
    }

    /// Passes on the reports there are; how many.
    fn reports(&self, nat: &mut Nat, now: Instant, id: FlowId) -> usize {
        let mut count = 0;
        // of a queue that has a bound of its own
        while let Ok(report) =
            self.socket.try_io(Interest::ERROR, || trouble::next(&self.socket)).or_else(|error| {
                // not told yet by the runtime; the queue is asked itself
                if count == 0 { trouble::next(&self.socket) } else { Err(error) }
            })
        {
            count += 1;
            let Some(report) = report else { continue };
            let head = report.head.get(..report.length.min(report.head.len())).unwrap_or_default();
            match self.kind {
                Kind::Udp => nat.handle(
                    now,
                    Input::Undelivered {
                        flow: id,
                        to: report.to,
                        length: report.length,
                        trouble: report.trouble,
                    },
                ),
                Kind::Ping => self.undelivered(nat, now, id, report.to, head, report.trouble),
            }
        }
        count
    }

    /// Passes on datagrams; false: there are more than may come at once.
    fn datagrams(&self, nat: &mut Nat, now: Instant, id: FlowId, buffer: &mut Vec<u8>) -> bool {
        for _ in 0..TURN {
            buffer.clear();
            buffer.reserve(LARGEST);
            match self.socket.try_recv_buf_from(buffer) {
                Ok((_, from)) => self.received(nat, now, id, from, buffer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                // a report stands in the other queue, too
                Err(_) => {}
            }
        }
        false
    }

    fn received(&self, nat: &mut Nat, now: Instant, flow: FlowId, from: SocketAddr, data: &[u8]) {
        match self.kind {
            Kind::Udp => nat.handle(now, Input::Datagram { flow, from, data }),
            Kind::Ping => {
                let Some((head, data)) = data.split_at_checked(ECHO) else { return };
                let reply = if self.v4 { 0 } else { 129 };
                if let Some(sequence) = sequence(head).filter(|_| head.first() == Some(&reply)) {
                    nat.handle(now, Input::Pong { flow, from: from.ip(), sequence, data });
                }
            }
        }
    }
}

/// That a packet did not arrive, as the NAT is told it.
pub(super) fn undelivered(
    kind: Kind,
    flow: FlowId,
    to: SocketAddr,
    head: &[u8],
    trouble: Trouble,
) -> Input<'static> {
    match kind {
        Kind::Udp => Input::Undelivered { flow, to, length: head.len(), trouble },
        Kind::Ping => Input::Unanswered { flow, to: to.ip(), sequence: sequence(head).unwrap_or(0), trouble },
    }
}

/// The number in an echo message.
fn sequence(message: &[u8]) -> Option<u16> {
    message.get(6..8).and_then(|two| two.try_into().ok()).map(u16::from_be_bytes)
}

/// An echo request; the kernel writes identifier and checksum.
pub(super) fn echo_request(v4: bool, sequence: u16, data: &[u8]) -> Vec<u8> {
    let [high, low] = sequence.to_be_bytes();
    let mut message = vec![if v4 { 8 } else { 128 }, 0, 0, 0, 0, 0, high, low];
    message.extend_from_slice(data);
    message
}

fn open(kind: Kind, v4: bool) -> io::Result<OwnedFd> {
    let family = if v4 { AddressFamily::INET } else { AddressFamily::INET6 };
    let protocol: Option<Protocol> = match (kind, v4) {
        (Kind::Udp, _) => None,
        (Kind::Ping, true) => Some(ipproto::ICMP),
        (Kind::Ping, false) => Some(ipproto::ICMPV6),
    };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = net::socket_with(family, SocketType::DGRAM, flags, protocol)?;
    let any = if v4 { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    net::bind(&socket, &SocketAddr::new(any, 0))?;
    Ok(socket)
}

/// Whether this process may ping: the system asks for a group in `net.ipv4.ping_group_range`.
#[must_use]
pub fn ping_allowed() -> bool {
    open(Kind::Ping, true).is_ok()
}

async fn news(socket: Arc<UdpSocket>) -> io::Result<Readiness> {
    socket.ready(Interest::READABLE | Interest::ERROR).await
}
