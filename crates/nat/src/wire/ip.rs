//! Reading IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200) and the ports of TCP and UDP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Sum, protocol, transport, u16_at, u32_at};

/// Why a packet cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bad {
    /// A length, version, option or flag that contradicts the rest.
    Malformed,
    /// A checksum that is wrong.
    Checksum,
    /// It names the routers it wants to pass: a way around the rules (RFC 7126 §4.3, RFC 5095).
    SourceRoute,
}

/// Which part of a larger packet this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) id: u32,
    /// Octets of the whole before this part.
    pub(crate) offset: usize,
    pub(crate) more: bool,
}

/// An IP packet whose header is right. What it carries is not looked at yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) src: IpAddr,
    pub(crate) dst: IpAddr,
    pub(crate) protocol: u8,
    /// Time to live, hop limit.
    pub(crate) hops: u8,
    pub(crate) fragment: Option<Fragment>,
    /// Its sender wants it to arrive uncut: the bit of IPv4, a packet without fragment header in IPv6.
    pub(crate) whole_only: bool,
    pub(crate) payload: &'a [u8],
    /// The packet as it came, without what a link may have padded it with.
    pub(crate) whole: &'a [u8],
    /// The payload begins right after a header that smoltcp reads too.
    pub(crate) plain: bool,
}

/// Reads the header of a packet, and checks it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Packet<'_>, Bad> {
    let parsed = match bytes.first().map(|first| first >> 4) {
        Some(4) => v4(bytes),
        Some(6) => v6(bytes),
        _ => None,
    };
    parsed.unwrap_or(Err(Bad::Malformed))
}

/// `None` is malformed.
fn v4(bytes: &[u8]) -> Option<Result<Packet<'_>, Bad>> {
    let header_len = usize::from(bytes.first()? & 0x0f) * 4;
    let total = usize::from(u16_at(bytes, 2)?);
    if header_len < 20 || total < header_len {
        return None;
    }
    let whole = bytes.get(..total)?;
    let (header, payload) = whole.split_at_checked(header_len)?;
    if !Sum::default().add(header).is_right() {
        return Some(Err(Bad::Checksum));
    }
    if routed_by_source(header.get(20..)?)? {
        return Some(Err(Bad::SourceRoute));
    }
    let part = u16_at(header, 6)?;
    let (more, offset) = (part & 0x2000 != 0, usize::from(part & 0x1fff) * 8);
    let id = u32::from(u16_at(header, 4)?);
    Some(Ok(Packet {
        src: Ipv4Addr::from(u32_at(header, 12)?).into(),
        dst: Ipv4Addr::from(u32_at(header, 16)?).into(),
        protocol: *header.get(9)?,
        hops: *header.get(8)?,
        fragment: (more || offset != 0).then_some(Fragment { id, offset, more }),
        whole_only: part & 0x4000 != 0,
        payload,
        whole,
        plain: true,
    }))
}

/// Whether the options of an IPv4 header hold a source route; `None`: they are malformed.
fn routed_by_source(mut options: &[u8]) -> Option<bool> {
    while let Some(kind) = options.first() {
        match kind {
            0 => break,
            1 => options = options.get(1..)?,
            // loose and strict, RFC 791 §3.1
            131 | 137 => return Some(true),
            _ => {
                let length = usize::from(*options.get(1)?);
                if length < 2 {
                    return None;
                }
                options = options.get(length..)?;
            }
        }
    }
    Some(false)
}

/// How many extension headers a packet may have.
const EXTENSIONS: usize = 8;

fn v6(bytes: &[u8]) -> Option<Result<Packet<'_>, Bad>> {
    let length = usize::from(u16_at(bytes, 4)?);
    let whole = bytes.get(..40 + length)?;
    let address = |at: usize| whole.get(at..)?.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets));
    let mut packet = Packet {
        src: address(8)?.into(),
        dst: address(24)?.into(),
        protocol: *whole.get(6)?,
        hops: *whole.get(7)?,
        fragment: None,
        whole_only: true,
        payload: whole.get(40..)?,
        whole,
        plain: true,
    };
    for place in 0..=EXTENSIONS {
        let skip = match packet.protocol {
            // hop by hop, only at the very front (RFC 8200 §4.1), and destination options
            0 if place == 0 => extension(packet.payload)?,
            60 => extension(packet.payload)?,
            // a routing header that is done with is harmless
            43 if *packet.payload.get(3)? == 0 => extension(packet.payload)?,
            43 => return Some(Err(Bad::SourceRoute)),
            44 => {
                let part = u16_at(packet.payload, 2)?;
                let (more, offset) = (part & 1 != 0, usize::from(part & 0xfff8));
                let id = u32_at(packet.payload, 4)?;
                packet.protocol = *packet.payload.first()?;
                packet.payload = packet.payload.get(8..)?;
                packet.plain = false;
                packet.whole_only = false;
                // one that is whole in itself, RFC 8200 §4.5 (an atomic fragment)
                if !more && offset == 0 {
                    continue;
                }
                packet.fragment = Some(Fragment { id, offset, more });
                return Some(Ok(packet));
            }
            _ => return Some(Ok(packet)),
        };
        packet.protocol = *packet.payload.first()?;
        packet.payload = packet.payload.get(skip..)?;
        packet.plain = false;
    }
    None
}

/// The length of an extension header that says it itself.
fn extension(header: &[u8]) -> Option<usize> {
    Some(usize::from(*header.get(1)?) * 8 + 8)
}

/// What the NAT must know of a TCP segment, with its checksum right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) src_port: u16,
    pub(crate) dst_port: u16,
    pub(crate) seq: u32,
    pub(crate) ack: Option<u32>,
    pub(crate) syn: bool,
    pub(crate) rst: bool,
    /// How much of the sequence space it uses.
    pub(crate) len: u32,
}

impl Segment {
    /// Reads what a packet carries as TCP (RFC 9293 §3.1).
    pub(crate) fn parse(packet: &Packet<'_>) -> Result<Self, Bad> {
        let bytes = packet.payload;
        if !transport(packet.src, packet.dst, protocol::TCP, bytes).is_right() {
            return Err(Bad::Checksum);
        }
        Self::read(bytes).ok_or(Bad::Malformed)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let header = usize::from(bytes.get(12)? >> 4) * 4;
        let flags = *bytes.get(13)?;
        let (fin, syn, rst) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
        let data = bytes.len().checked_sub(header)?;
        let (src_port, dst_port) = (u16_at(bytes, 0)?, u16_at(bytes, 2)?);
        // two of them at once mean nothing, and ports begin at one
        if header < 20 || u8::from(fin) + u8::from(syn) + u8::from(rst) > 1 || src_port == 0 || dst_port == 0
        {
            return None;
        }
        let ack = (flags & 0x10 != 0).then(|| u32_at(bytes, 8)).flatten();
        let len = u32::try_from(data).ok()? + u32::from(fin) + u32::from(syn);
        Some(Self { src_port, dst_port, seq: u32_at(bytes, 4)?, ack, syn, rst, len })
    }
}
