//! What is looked at in a packet that passes from a caller to a device of the system, or from there to it.

use std::net::IpAddr;

use crate::wire::{self, IcmpError, Packet, protocol, u16_at};

/// What decides whether a packet may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passing {
    /// Its source.
    pub from: IpAddr,
    /// Its destination.
    pub to: IpAddr,
    /// The port it goes to; `None` where it has none, or is a later part of another.
    pub port: Option<u16>,
}

/// Reads a packet; `None`: its header is not right, or it names the routers it wants to pass.
#[must_use]
pub fn passing(packet: &[u8]) -> Option<Passing> {
    let packet = wire::parse(packet).ok()?;
    let ported = matches!(packet.protocol, protocol::TCP | protocol::UDP) && is_first(&packet);
    let port = if ported { u16_at(packet.payload, 2) } else { None };
    Some(Passing { from: packet.src, to: packet.dst, port })
}

fn is_first(packet: &Packet<'_>) -> bool {
    packet.fragment.is_none_or(|part| part.offset == 0)
}

/// A packet before a link of so many octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It fits.
    Whole(Vec<u8>),
    /// It was cut, as its sender allows (RFC 791 §3.2).
    Parts(Vec<Vec<u8>>),
    /// It is too long, and this goes back to its sender, where one may be told (RFC 1191, RFC 8201).
    TooLong(Option<Vec<u8>>),
}

/// Makes a packet fit a link with this MTU.
#[must_use]
pub fn fit(packet: Vec<u8>, mtu: u16) -> Fit {
    if packet.len() <= usize::from(mtu) {
        return Fit::Whole(packet);
    }
    let error = match wire::parse(&packet) {
        // options would have to be looked at one by one
        Ok(read) if !read.whole_only && read.whole.first() == Some(&0x45) => {
            let whole = read.whole.to_vec();
            return Fit::Parts(wire::fragments(whole, mtu.into(), 0));
        }
        // in its receiver's name: our address is one of the system's own, and it believes nothing that comes in from there
        Ok(read) if may_be_told(&read) => {
            wire::error(read.dst, read.src, 0, IcmpError::TooBig(mtu), read.whole)
        }
        _ => None,
    };
    Fit::TooLong(error)
}

/// Whether an error about a packet may be sent: RFC 1122 §3.2.2, RFC 4443 §2.4(e).
fn may_be_told(packet: &Packet<'_>) -> bool {
    let kind = packet.payload.first().copied().unwrap_or_default();
    let is_error = match packet.protocol {
        protocol::ICMP => !matches!(kind, 0 | 8),
        protocol::ICMPV6 => kind < 128,
        _ => false,
    };
    let host = |address: IpAddr| !address.is_unspecified() && !address.is_multicast();
    is_first(packet) && !is_error && host(packet.src) && host(packet.dst)
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn datagram(from: &str, to: &str, octets: usize) -> Vec<u8> {
        let end = |text: &str| text.parse::<SocketAddr>().unwrap();
        let data: Vec<u8> = (0..octets).map(|n| (n % 251) as u8).collect();
        wire::udp_packet(end(from), end(to), 7, &data).unwrap()
    }

    #[test]
    fn a_packet_tells_its_ends_and_its_port() {
        for (from, to) in [("10.64.0.2:5", "192.0.2.1:53"), ("[fd00::2]:5", "[2001:db8::1]:53")] {
            let mut packet = datagram(from, to, 3000);
            let read = passing(&packet).unwrap();
            let ip = |text: &str| text.parse::<SocketAddr>().unwrap().ip();
            assert_eq!((read.from, read.to, read.port), (ip(from), ip(to), Some(53)));
            for (n, part) in wire::fragments(packet.clone(), 1280, 9).into_iter().enumerate() {
                assert_eq!(passing(&part).unwrap().port, (n == 0).then_some(53), "{from} {n}");
            }
            packet.truncate(100);
            assert_eq!(passing(&packet), None, "a stub");
        }
        assert_eq!(passing(&[]), None);
    }

    /// The parts together, as their receiver puts them: their offsets and whether more follow.
    fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
        let mut data = Vec::new();
        for (n, part) in parts.iter().enumerate() {
            let read = wire::parse(part).unwrap();
            let piece = read.fragment.unwrap();
            assert_eq!((piece.offset, piece.more), (data.len(), n + 1 < parts.len()));
            data.extend_from_slice(read.payload);
        }
        data
    }

    #[test]
    fn what_may_be_cut_is_and_a_part_is_cut_into_smaller_parts() {
        let packet = datagram("192.0.2.1:53", "10.64.0.2:5", 3000);
        assert_eq!(fit(packet.clone(), 3028), Fit::Whole(packet.clone()));
        let payload = packet[20..].to_vec();
        let Fit::Parts(parts) = fit(packet, 1500) else { panic!("it is one packet") };
        assert_eq!((parts.len(), whole(&parts)), (3, payload.clone()));
        let smaller: Vec<_> = parts
            .into_iter()
            .flat_map(|part| match fit(part, 576) {
                Fit::Parts(parts) => parts,
                Fit::Whole(part) => vec![part],
                Fit::TooLong(_) => panic!("it may be cut"),
            })
            .collect();
        assert!(smaller.len() == 7 && smaller.iter().all(|part| part.len() <= 576), "{}", smaller.len());
        assert_eq!(whole(&smaller), payload);
    }

    /// A packet of IPv4 that may not be cut.
    fn whole_only(packet: &mut [u8]) {
        packet[6] = 0x40;
        packet[10..12].fill(0);
        let sum = wire::Sum::default().add(&packet[..20]).finish();
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }

    #[test]
    fn the_sender_of_what_may_not_be_cut_is_told_the_mtu() {
        let mut v4 = datagram("192.0.2.1:53", "10.64.0.2:5", 1400);
        whole_only(&mut v4);
        let v6 = datagram("[2001:db8::1]:53", "[fd00::2]:5", 1400);
        for (packet, mtu, kind, at) in [(v4, 576, (3, 4), 20), (v6, 1280, (2, 0), 40)] {
            let Fit::TooLong(Some(error)) = fit(packet.clone(), mtu) else { panic!("{packet:?}") };
            let (read, sent) = (wire::parse(&error).unwrap(), wire::parse(&packet).unwrap());
            assert!(wire::intact(&read));
            assert_eq!((read.src, read.dst), (sent.dst, sent.src));
            assert_eq!((error[at], error[at + 1]), kind);
            assert_eq!(error[at + 6..at + 8], mtu.to_be_bytes());
            assert!(packet.starts_with(&error[at + 8..]), "what it is about is quoted");
            // and nothing is said about that
            let mut error = error.clone();
            if at == 20 {
                whole_only(&mut error);
            }
            assert_eq!(fit(error, 128), Fit::TooLong(None));
        }
        assert_eq!(fit(vec![0x45; 600], 576), Fit::TooLong(None), "garbage");
    }
}
