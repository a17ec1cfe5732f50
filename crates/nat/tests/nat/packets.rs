//! Packets as a caller without a stack would send them, and what comes back in words.

use std::net::{IpAddr, SocketAddr};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    Icmpv4Packet, Icmpv4Repr, Icmpv6Packet, Icmpv6Repr, IpProtocol, IpRepr, Ipv4Packet, Ipv6Packet,
    TcpControl, TcpPacket, TcpRepr, TcpSeqNumber, UdpPacket, UdpRepr,
};

fn ip(
    src: IpAddr,
    dst: IpAddr,
    protocol: IpProtocol,
    hops: u8,
    len: usize,
    body: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let repr = IpRepr::new(src.into(), dst.into(), protocol, len, hops);
    let mut bytes = vec![0; repr.buffer_len()];
    repr.emit(&mut bytes[..], &ChecksumCapabilities::default());
    body(&mut bytes[repr.header_len()..]);
    bytes
}

pub(crate) fn udp(from: SocketAddr, to: SocketAddr, data: &[u8]) -> Vec<u8> {
    udp_hops(from, to, 64, data)
}

pub(crate) fn udp_hops(from: SocketAddr, to: SocketAddr, hops: u8, data: &[u8]) -> Vec<u8> {
    let repr = UdpRepr { src_port: from.port(), dst_port: to.port() };
    ip(from.ip(), to.ip(), IpProtocol::Udp, hops, 8 + data.len(), |bytes| {
        repr.emit(
            &mut UdpPacket::new_unchecked(bytes),
            &from.ip().into(),
            &to.ip().into(),
            data.len(),
            |room| room.copy_from_slice(data),
            &ChecksumCapabilities::default(),
        );
    })
}

pub(crate) fn ping(from: IpAddr, to: IpAddr, hops: u8, ident: u16, seq_no: u16, data: &[u8]) -> Vec<u8> {
    let checksums = ChecksumCapabilities::default();
    match (from, to) {
        (IpAddr::V4(_), _) => {
            let echo = Icmpv4Repr::EchoRequest { ident, seq_no, data };
            ip(from, to, IpProtocol::Icmp, hops, echo.buffer_len(), |bytes| {
                echo.emit(&mut Icmpv4Packet::new_unchecked(bytes), &checksums);
            })
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            let echo = Icmpv6Repr::EchoRequest { ident, seq_no, data };
            ip(from, to, IpProtocol::Icmpv6, hops, echo.buffer_len(), |bytes| {
                echo.emit(&src, &dst, &mut Icmpv6Packet::new_unchecked(bytes), &checksums);
            })
        }
        _ => panic!("two families"),
    }
}

pub(crate) struct Tcp<'a> {
    pub control: TcpControl,
    pub seq: u32,
    pub ack: Option<u32>,
    pub scale: Option<u8>,
    pub data: &'a [u8],
}

pub(crate) const SYN: Tcp<'static> =
    Tcp { control: TcpControl::Syn, seq: 1000, ack: None, scale: None, data: &[] };

pub(crate) fn tcp(from: SocketAddr, to: SocketAddr, tcp: &Tcp<'_>) -> Vec<u8> {
    let repr = TcpRepr {
        src_port: from.port(),
        dst_port: to.port(),
        control: tcp.control,
        seq_number: TcpSeqNumber(tcp.seq as i32),
        ack_number: tcp.ack.map(|ack| TcpSeqNumber(ack as i32)),
        window_len: 64240,
        window_scale: tcp.scale,
        max_seg_size: (tcp.control == TcpControl::Syn).then_some(1460),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: tcp.data,
    };
    ip(from.ip(), to.ip(), IpProtocol::Tcp, 64, repr.buffer_len(), |bytes| {
        let mut packet = TcpPacket::new_unchecked(bytes);
        repr.emit(&mut packet, &from.ip().into(), &to.ip().into(), &ChecksumCapabilities::default());
    })
}

/// What a packet says, for assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Udp { from: SocketAddr, to: SocketAddr, data: Vec<u8> },
    Reset { from: SocketAddr, to: SocketAddr },
    SynAck { from: SocketAddr, to: SocketAddr, seq: u32, mss: u16 },
    Syn { from: SocketAddr, to: SocketAddr, seq: u32 },
    Segment { from: SocketAddr, to: SocketAddr, seq: u32, data: usize },
    Icmp { from: IpAddr, to: IpAddr, kind: u8, code: u8, rest: Vec<u8> },
    Part { len: usize },
}

/// Reads a packet with another stack's eyes; wrong checksums are a panic.
pub(crate) fn read(bytes: &[u8]) -> Said {
    let (src, dst, protocol, payload): (IpAddr, IpAddr, IpProtocol, &[u8]) = match bytes[0] >> 4 {
        4 => {
            let packet = Ipv4Packet::new_checked(bytes).unwrap();
            assert!(packet.verify_checksum(), "an IPv4 checksum");
            if packet.more_frags() || packet.frag_offset() != 0 {
                return Said::Part { len: bytes.len() };
            }
            let header = usize::from(packet.header_len());
            (packet.src_addr().into(), packet.dst_addr().into(), packet.next_header(), &bytes[header..])
        }
        _ => {
            let packet = Ipv6Packet::new_checked(bytes).unwrap();
            if packet.next_header() == IpProtocol::Ipv6Frag {
                return Said::Part { len: bytes.len() };
            }
            (packet.src_addr().into(), packet.dst_addr().into(), packet.next_header(), &bytes[40..])
        }
    };
    match protocol {
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(payload).unwrap();
            assert!(udp.verify_checksum(&src.into(), &dst.into()));
            let (from, to) = (SocketAddr::new(src, udp.src_port()), SocketAddr::new(dst, udp.dst_port()));
            Said::Udp { from, to, data: udp.payload().to_vec() }
        }
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(payload).unwrap();
            assert!(tcp.verify_checksum(&src.into(), &dst.into()));
            let (from, to) = (SocketAddr::new(src, tcp.src_port()), SocketAddr::new(dst, tcp.dst_port()));
            let seq = tcp.seq_number().0 as u32;
            let repr =
                TcpRepr::parse(&tcp, &src.into(), &dst.into(), &ChecksumCapabilities::default()).unwrap();
            match () {
                () if tcp.rst() => Said::Reset { from, to },
                () if tcp.syn() && tcp.ack() => {
                    Said::SynAck { from, to, seq, mss: repr.max_seg_size.unwrap_or_default() }
                }
                () if tcp.syn() => Said::Syn { from, to, seq },
                () => Said::Segment { from, to, seq, data: tcp.payload().len() },
            }
        }
        _ => {
            match (src, dst) {
                (IpAddr::V6(src), IpAddr::V6(dst)) => {
                    assert!(Icmpv6Packet::new_checked(payload).unwrap().verify_checksum(&src, &dst));
                }
                _ => assert!(Icmpv4Packet::new_checked(payload).unwrap().verify_checksum()),
            }
            Said::Icmp { from: src, to: dst, kind: payload[0], code: payload[1], rest: payload[4..].to_vec() }
        }
    }
}
