//! ICMP: RFC 792, RFC 4443; the router's part of neighbour discovery, RFC 4861.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::build::with_checksum;
use super::{Packet, ip_packet, protocol, transport, u16_at};

/// An echo request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Echo<'a> {
    pub(crate) ident: u16,
    pub(crate) sequence: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Echo<'a> {
    /// Reads an ICMP message as an echo request; `None`: it is another one. Its checksum must be right already.
    pub(crate) fn parse(packet: &Packet<'a>) -> Option<Self> {
        let request = if packet.src.is_ipv4() { 8 } else { 128 };
        let bytes = packet.payload;
        if *bytes.first()? != request || *bytes.get(1)? != 0 {
            return None;
        }
        Some(Self { ident: u16_at(bytes, 4)?, sequence: u16_at(bytes, 6)?, data: bytes.get(8..)? })
    }
}

/// The protocol number of ICMP in this family.
fn number(address: IpAddr) -> u8 {
    if address.is_ipv4() { protocol::ICMP } else { protocol::ICMPV6 }
}

/// Whether the checksum of an ICMP message is right.
pub(crate) fn intact(packet: &Packet<'_>) -> bool {
    transport(packet.src, packet.dst, number(packet.src), packet.payload).is_right()
}

fn message(src: IpAddr, dst: IpAddr, id: u16, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let bytes = with_checksum(src, dst, number(src), 2, bytes);
    ip_packet(src, dst, number(src), id, &bytes)
}

/// The answer to an echo request.
pub(crate) fn echo_reply(src: IpAddr, dst: IpAddr, id: u16, echo: Echo<'_>) -> Option<Vec<u8>> {
    let mut bytes = vec![if src.is_ipv4() { 0 } else { 129 }, 0, 0, 0];
    bytes.extend_from_slice(&echo.ident.to_be_bytes());
    bytes.extend_from_slice(&echo.sequence.to_be_bytes());
    bytes.extend_from_slice(echo.data);
    message(src, dst, id, bytes)
}

/// What went wrong with a packet on its way, as ICMP says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IcmpError {
    Network,
    Host,
    Port,
    Protocol,
    /// Somebody's rules forbid it.
    Prohibited,
    /// It is larger than this, and may not be cut.
    TooBig(u16),
    TimeExceeded,
}

impl IcmpError {
    /// Type, code and the second half of the rest of the header.
    fn v4(self) -> (u8, u8, u16) {
        match self {
            Self::Network => (3, 0, 0),
            Self::Host => (3, 1, 0),
            Self::Protocol => (3, 2, 0),
            Self::Port => (3, 3, 0),
            Self::TooBig(mtu) => (3, 4, mtu),
            Self::Prohibited => (3, 13, 0),
            Self::TimeExceeded => (11, 0, 0),
        }
    }

    fn v6(self) -> (u8, u8, u16) {
        match self {
            Self::Network => (1, 0, 0),
            Self::Prohibited => (1, 1, 0),
            Self::Host => (1, 3, 0),
            Self::Port => (1, 4, 0),
            Self::TooBig(mtu) => (2, 0, mtu),
            Self::TimeExceeded => (3, 0, 0),
            // "unrecognized Next Header", pointing at the field of a plain header
            Self::Protocol => (4, 1, 6),
        }
    }
}

/// An error about the packet that is quoted: all of it that RFC 1812 §4.3.2.3 (576 octets) and RFC 4443 §3.1 (1280)
/// leave room for.
pub(crate) fn error(src: IpAddr, dst: IpAddr, id: u16, error: IcmpError, quoted: &[u8]) -> Option<Vec<u8>> {
    let ((kind, code, rest), room) =
        if src.is_ipv4() { (error.v4(), 576 - 28) } else { (error.v6(), 1280 - 48) };
    let mut bytes = vec![kind, code, 0, 0, 0, 0];
    bytes.extend_from_slice(&rest.to_be_bytes());
    bytes.extend_from_slice(quoted.get(..room).unwrap_or(quoted));
    message(src, dst, id, bytes)
}

/// What a router says about its link, RFC 4861 §4.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Advertisement {
    /// The prefix to take an address from, where there is one: 64 bits.
    pub(crate) prefix: Option<Ipv6Addr>,
    pub(crate) mtu: u32,
    /// Where to ask for names, RFC 8106.
    pub(crate) resolver: Option<Ipv6Addr>,
}

/// How long a host may believe what it is told: two hours, within which it is told again several times.
const LIFETIME: [u8; 4] = 7200_u32.to_be_bytes();

/// A router advertisement from our link-local address.
pub(crate) fn advertisement(src: Ipv6Addr, dst: Ipv6Addr, router: Advertisement) -> Option<Vec<u8>> {
    // type, code, checksum, hop limit, flags, lifetime of the router in seconds, reachable time, retransmission time
    let mut bytes = vec![134, 0, 0, 0, 64, 0, 0x1c, 0x20, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(&[5, 1, 0, 0]);
    bytes.extend_from_slice(&router.mtu.to_be_bytes());
    if let Some(prefix) = router.prefix {
        // an address may be made of it, and it is not on the link: everything goes to us
        bytes.extend_from_slice(&[3, 4, 64, 0x40]);
        bytes.extend_from_slice(&LIFETIME);
        bytes.extend_from_slice(&LIFETIME);
        bytes.extend_from_slice(&[0; 4]);
        let prefix = Ipv6Addr::from_bits(prefix.to_bits() >> 64 << 64);
        bytes.extend_from_slice(&prefix.octets());
    }
    if let Some(resolver) = router.resolver {
        bytes.extend_from_slice(&[25, 3, 0, 0]);
        bytes.extend_from_slice(&LIFETIME);
        bytes.extend_from_slice(&resolver.octets());
    }
    message(src.into(), dst.into(), 0, bytes)
}

/// A packet as a caller may have sent it, for an error about something whose packet is long gone: header, ports and
/// lengths are as they were.
pub(crate) fn quote_udp(from: SocketAddr, to: SocketAddr, length: usize) -> Vec<u8> {
    let mut udp = Vec::with_capacity(8);
    udp.extend_from_slice(&from.port().to_be_bytes());
    udp.extend_from_slice(&to.port().to_be_bytes());
    let total = u16::try_from(length + 8).unwrap_or(u16::MAX);
    udp.extend_from_slice(&total.to_be_bytes());
    udp.extend_from_slice(&[0, 0]);
    ip_packet(from.ip(), to.ip(), protocol::UDP, 0, &udp).unwrap_or_default()
}

/// The same of an echo request.
pub(crate) fn quote_echo(from: IpAddr, to: IpAddr, ident: u16, sequence: u16) -> Vec<u8> {
    let mut bytes = vec![if from.is_ipv4() { 8 } else { 128 }, 0, 0, 0];
    bytes.extend_from_slice(&ident.to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    message(from, to, 0, bytes).unwrap_or_default()
}
