//! The checksum of RFC 1071.

use std::net::IpAddr;

/// A sum of 16-bit words, in the machine's own order: the ones' complement sum does not care (RFC 1071 §2 B).
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// Adds octets. Only the last piece added may have a length that is odd.
    pub(crate) fn add(mut self, bytes: &[u8]) -> Self {
        let (fours, rest) = bytes.as_chunks::<4>();
        // a packet has at most 2^14 of them: 46 bits
        self.0 += fours.iter().map(|four| u64::from(u32::from_ne_bytes(*four))).sum::<u64>();
        let mut last = [0; 4];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.0 += u64::from(u32::from_ne_bytes(last));
        self
    }

    /// The checksum to put into a header whose field was zero.
    pub(crate) fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        let word = u16::try_from(sum).unwrap_or(u16::MAX);
        !u16::from_be_bytes(word.to_ne_bytes())
    }

    /// Whether octets with their checksum in place are intact.
    pub(crate) fn is_right(self) -> bool {
        self.finish() == 0
    }
}

/// The sum over a transport's pseudo header and its octets: RFC 9293 §3.1, RFC 8200 §8.1. ICMP over IPv4 has no
/// pseudo header.
pub(crate) fn transport(src: IpAddr, dst: IpAddr, protocol: u8, payload: &[u8]) -> Sum {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let sum = match (src, dst) {
        (IpAddr::V4(_), _) if protocol == super::protocol::ICMP => Sum::default(),
        (IpAddr::V4(src), IpAddr::V4(dst)) => Sum::default().add(&src.octets()).add(&dst.octets()),
        (src, dst) => Sum::default().add(&octets(src)).add(&octets(dst)),
    };
    let sum =
        if protocol == super::protocol::ICMP { sum } else { sum.add(&length).add(&[0, 0, 0, protocol]) };
    sum.add(payload)
}

fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}
