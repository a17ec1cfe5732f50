//! Packets as bytes: only what a NAT must read and write of IPv4, IPv6, TCP, UDP and ICMP.
//!
//! TCP beyond its ports and flags is smoltcp's affair ([`crate::stack`]).

mod build;
mod checksum;
mod icmp;
mod ip;
mod sequence;
#[cfg(test)]
mod tests;

pub(crate) use build::{fragments, ip_packet, tcp_reset, udp_packet};
pub(crate) use checksum::{Sum, transport};
pub(crate) use icmp::{
    Advertisement, Echo, IcmpError, advertisement, echo_reply, error, intact, quote_echo, quote_udp,
};
pub(crate) use ip::{Bad, Fragment, Packet, Segment, parse};
pub(crate) use sequence::{sequence, set_acknowledgement, set_sequence};

/// The protocol numbers of an IP header that the NAT knows.
pub(crate) mod protocol {
    pub(crate) const ICMP: u8 = 1;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const ICMPV6: u8 = 58;
}

/// Two octets in network order at this offset.
pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|two| u16::from_be_bytes(*two))
}

/// Four octets in network order at this offset.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|four| u32::from_be_bytes(*four))
}

/// Puts two octets in network order at this offset; outside the slice nothing happens.
pub(crate) fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = value.to_be_bytes();
    }
}
