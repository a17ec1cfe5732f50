//! Writing packets. What is too large for the link is cut into fragments here, and only here.

use std::net::{IpAddr, SocketAddr};

use super::{Packet, Segment, Sum, protocol, put_u16, transport, u16_at};

/// How many hops a packet of ours may go; the caller's link is the only one.
const HOPS: u8 = 64;

/// A whole IP packet. Addresses of two families give nothing.
pub(crate) fn ip_packet(src: IpAddr, dst: IpAddr, protocol: u8, id: u16, payload: &[u8]) -> Option<Vec<u8>> {
    let mut packet = header(src, dst, protocol, payload.len())?;
    if src.is_ipv4() {
        put_u16(&mut packet, 4, id);
        seal(&mut packet);
    }
    packet.extend_from_slice(payload);
    Some(packet)
}

/// A header for that many octets, without identification and checksum.
fn header(src: IpAddr, dst: IpAddr, protocol: u8, length: usize) -> Option<Vec<u8>> {
    let mut header = Vec::with_capacity(40 + length);
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let total = u16::try_from(length + 20).ok()?;
            header.extend_from_slice(&[0x45, 0]);
            header.extend_from_slice(&total.to_be_bytes());
            header.extend_from_slice(&[0, 0, 0, 0, HOPS, protocol, 0, 0]);
            header.extend_from_slice(&src.octets());
            header.extend_from_slice(&dst.octets());
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            header.extend_from_slice(&[0x60, 0, 0, 0]);
            header.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
            // neighbour discovery is believed from one link only, RFC 4861 §6.1
            let hops = if protocol == protocol::ICMPV6 { 255 } else { HOPS };
            header.extend_from_slice(&[protocol, hops]);
            header.extend_from_slice(&src.octets());
            header.extend_from_slice(&dst.octets());
        }
        _ => return None,
    }
    Some(header)
}

/// Puts the checksum into an IPv4 header of 20 octets.
fn seal(packet: &mut [u8]) {
    put_u16(packet, 10, 0);
    let sum = Sum::default().add(packet.get(..20).unwrap_or_default()).finish();
    put_u16(packet, 10, sum);
}

/// The octets of a transport with their checksum at this offset. A UDP checksum of zero would mean none (RFC 768).
pub(super) fn with_checksum(
    src: IpAddr,
    dst: IpAddr,
    protocol: u8,
    at: usize,
    mut payload: Vec<u8>,
) -> Vec<u8> {
    let sum = transport(src, dst, protocol, &payload).finish();
    let sum = if sum == 0 && protocol == protocol::UDP { 0xffff } else { sum };
    put_u16(&mut payload, at, sum);
    payload
}

/// A UDP datagram in one packet, whatever its size.
pub(crate) fn udp_packet(src: SocketAddr, dst: SocketAddr, id: u16, data: &[u8]) -> Option<Vec<u8>> {
    let mut payload = Vec::with_capacity(8 + data.len());
    payload.extend_from_slice(&src.port().to_be_bytes());
    payload.extend_from_slice(&dst.port().to_be_bytes());
    payload.extend_from_slice(&u16::try_from(data.len() + 8).ok()?.to_be_bytes());
    payload.extend_from_slice(&[0, 0]);
    payload.extend_from_slice(data);
    let payload = with_checksum(src.ip(), dst.ip(), protocol::UDP, 6, payload);
    ip_packet(src.ip(), dst.ip(), protocol::UDP, id, &payload)
}

/// The reset that a segment without a connection earns, RFC 9293 §3.10.7.1. A reset earns none.
pub(crate) fn tcp_reset(packet: &Packet<'_>, segment: &Segment, id: u16) -> Option<Vec<u8>> {
    if segment.rst {
        return None;
    }
    let (seq, ack, flags) = match segment.ack {
        Some(ack) => (ack, 0, 0x04),
        None => (0, segment.seq.wrapping_add(segment.len), 0x14),
    };
    let mut payload = Vec::with_capacity(20);
    payload.extend_from_slice(&segment.dst_port.to_be_bytes());
    payload.extend_from_slice(&segment.src_port.to_be_bytes());
    payload.extend_from_slice(&seq.to_be_bytes());
    payload.extend_from_slice(&ack.to_be_bytes());
    payload.extend_from_slice(&[0x50, flags, 0, 0, 0, 0, 0, 0]);
    let payload = with_checksum(packet.dst, packet.src, protocol::TCP, 16, payload);
    ip_packet(packet.dst, packet.src, protocol::TCP, id, &payload)
}

/// Cuts a packet with a header of 20 or 40 octets into parts no larger than the link's MTU; one of IPv4 may be a part itself. One
/// that fits stays as it is.
pub(crate) fn fragments(packet: Vec<u8>, mtu: usize, id: u32) -> Vec<Vec<u8>> {
    if packet.len() <= mtu {
        return vec![packet];
    }
    let is_v4 = packet.first().is_some_and(|first| first >> 4 == 4);
    let (header_len, added) = if is_v4 { (20, 0) } else { (40, 8) };
    let Some((header, payload)) = packet.split_at_checked(header_len) else { return Vec::new() };
    let room = mtu.saturating_sub(header_len + added) & !7;
    if room == 0 {
        return Vec::new();
    }
    let pieces = payload.chunks(room).count();
    let before = if is_v4 { u16_at(header, 6).unwrap_or_default() & 0x3fff } else { 0 };
    let part = |(at, piece): (usize, &[u8])| {
        let (offset, more) = (u16::try_from(at * room).unwrap_or(u16::MAX), at + 1 < pieces);
        let mut part = header.to_vec();
        let length = u16::try_from(piece.len() + added).unwrap_or(u16::MAX);
        if is_v4 {
            put_u16(&mut part, 2, length + 20);
            put_u16(&mut part, 6, before.saturating_add(offset / 8) | if more { 0x2000 } else { 0 });
            seal(&mut part);
        } else {
            put_u16(&mut part, 4, length);
            let next = part.get_mut(6).map(|next| std::mem::replace(next, 44)).unwrap_or_default();
            part.extend_from_slice(&[next, 0]);
            part.extend_from_slice(&(offset | u16::from(more)).to_be_bytes());
            part.extend_from_slice(&id.to_be_bytes());
        }
        part.extend_from_slice(piece);
        part
    };
    payload.chunks(room).enumerate().map(part).collect()
}
