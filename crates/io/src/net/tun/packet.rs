//! What is looked at in a packet before it goes to the system or comes from it.

use std::net::{Ipv4Addr, Ipv6Addr};

use smoltcp::wire::{IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket};

/// TCP's kind of option that says the largest segment, and its length.
const MSS: [u8; 2] = [2, 4];

/// Source and destination of a whole IPv4 packet.
pub(super) fn addresses(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let packet = Ipv4Packet::new_checked(packet).ok().filter(|packet| packet.version() == 4)?;
    Some((packet.src_addr(), packet.dst_addr()))
}

/// The same of IPv6.
pub(super) fn addresses_of_ipv6(packet: &[u8]) -> Option<(Ipv6Addr, Ipv6Addr)> {
    let packet = Ipv6Packet::new_checked(packet).ok().filter(|packet| packet.version() == 6)?;
    Some((packet.src_addr(), packet.dst_addr()))
}

/// Makes the largest segment that a SYN allows fit the link: not every host hears that a packet was too long.
pub(super) fn clamp_mss(packet: &mut [u8], mtu: u16) {
    let Some((segment, headers)) = segment(packet) else { return };
    let most = mtu.saturating_sub(headers);
    let Ok(tcp) = TcpPacket::new_checked(&mut *segment) else { return };
    if !tcp.syn() {
        return;
    }
    let (checksum, header) = (tcp.checksum(), usize::from(tcp.header_len()));
    let Some((at, before)) = segment.get(..header).and_then(mss) else { return };
    if before <= most {
        return;
    }
    let [high, low] = most.to_be_bytes();
    if let Some(place) = segment.get_mut(at..at + 2) {
        place.copy_from_slice(&[high, low]);
    }
    // an option may begin at an odd place: its octets then count the other way round
    let (old, new) = match at % 2 {
        0 => (before, most),
        _ => (before.swap_bytes(), most.swap_bytes()),
    };
    TcpPacket::new_unchecked(segment).set_checksum(changed(checksum, old, new));
}

/// The TCP of a packet, from its first octet on, and what an MSS leaves out: IP's and TCP's headers without options (RFC 879,
/// RFC 8200 §8.3).
fn segment(packet: &mut [u8]) -> Option<(&mut [u8], u16)> {
    if let Ok(whole) = Ipv4Packet::new_checked(&*packet)
        && whole.version() == 4
    {
        let is_tcp = whole.next_header() == IpProtocol::Tcp && whole.frag_offset() == 0;
        let place = usize::from(whole.header_len())..usize::from(whole.total_len());
        return Some((packet.get_mut(place).filter(|_| is_tcp)?, 40));
    }
    let whole = Ipv6Packet::new_checked(&*packet).ok().filter(|whole| whole.version() == 6)?;
    let is_tcp = whole.next_header() == IpProtocol::Tcp;
    let end = whole.total_len();
    Some((packet.get_mut(40..end).filter(|_| is_tcp)?, 60))
}

/// Where a header says its largest segment, and what.
fn mss(header: &[u8]) -> Option<(usize, u16)> {
    let mut at = 20;
    loop {
        match header.get(at..)? {
            [0, ..] | [] => return None,
            [1, ..] => at += 1,
            [kind, length, high, low, ..] if [*kind, *length] == MSS => {
                return Some((at + 2, u16::from_be_bytes([*high, *low])));
            }
            [_, length @ 2..=40, ..] => at += usize::from(*length),
            _ => return None,
        }
    }
}

/// A checksum after one word of what it covers has changed (RFC 1624, equation 3).
fn changed(checksum: u16, old: u16, new: u16) -> u16 {
    let mut sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    // it never exceeds 16 bits here
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{IpRepr, TcpControl, TcpRepr, TcpSeqNumber};

    const IPV4: [IpAddr; 2] =
        [IpAddr::V4(Ipv4Addr::new(10, 64, 0, 2)), IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))];
    const IPV6: [IpAddr; 2] = [
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 1, 0, 0, 0, 2)),
        IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    ];

    /// Octets of the header of IP.
    fn header(from: IpAddr) -> usize {
        if from.is_ipv4() { 20 } else { 40 }
    }

    fn syn([from, to]: [IpAddr; 2], mss: Option<u16>, odd: bool) -> Vec<u8> {
        let tcp = TcpRepr {
            src_port: 4000,
            dst_port: 80,
            control: TcpControl::Syn,
            seq_number: TcpSeqNumber(77),
            ack_number: None,
            window_len: 65535,
            window_scale: Some(7),
            max_seg_size: mss,
            sack_permitted: true,
            sack_ranges: [None; 3],
            timestamp: None,
            payload: &[],
        };
        let checksums = ChecksumCapabilities::default();
        let ip = IpRepr::new(from.into(), to.into(), IpProtocol::Tcp, tcp.buffer_len(), 64);
        let mut packet = vec![0; ip.buffer_len()];
        ip.emit(&mut packet[..], &checksums);
        let begin = header(from);
        tcp.emit(&mut TcpPacket::new_unchecked(&mut packet[begin..]), &from.into(), &to.into(), &checksums);
        if odd {
            // the option one octet later, behind a no-operation
            let at = begin + 20;
            let options = packet[at..at + 4].to_vec();
            packet[at] = 1;
            packet[at + 1..at + 5].copy_from_slice(&options);
            let mut tcp = TcpPacket::new_unchecked(&mut packet[begin..]);
            tcp.fill_checksum(&from.into(), &to.into());
        }
        packet
    }

    fn is_right(packet: &[u8], [from, to]: [IpAddr; 2]) -> bool {
        let tcp = TcpPacket::new_checked(&packet[header(from)..]).unwrap();
        tcp.verify_checksum(&from.into(), &to.into())
    }

    #[test]
    fn a_largest_segment_fits_the_link_and_the_checksum_stays_right() {
        let v4 = [(1460, 1500, 1460), (1460, 576, 536), (400, 576, 400), (65495, 1006, 966)];
        let v6 = [(1440, 1500, 1440), (1460, 1280, 1220), (400, 1280, 400), (65495, 1500, 1440)];
        for (ends, said, mtu, after) in
            v4.map(|(a, b, c)| (IPV4, a, b, c)).into_iter().chain(v6.map(|(a, b, c)| (IPV6, a, b, c)))
        {
            for odd in [false, true] {
                let mut packet = syn(ends, Some(said), odd);
                assert!(is_right(&packet, ends));
                clamp_mss(&mut packet, mtu);
                let found = mss(&packet[header(ends[0])..]).map(|(_, mss)| mss);
                assert_eq!(found, Some(after), "{said} {mtu} {odd}");
                assert!(is_right(&packet, ends), "{said} {mtu} {odd}");
            }
        }
    }

    #[test]
    fn nothing_else_is_touched_and_garbage_is_no_packet() {
        for ends in [IPV4, IPV6] {
            let mut without = syn(ends, None, false);
            let before = without.clone();
            clamp_mss(&mut without, 576);
            assert_eq!(without, before);
            let mut chance = 7u32;
            for _ in 0..20_000 {
                chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let mut packet = before.clone();
                let at = chance as usize / 7 % packet.len();
                packet[at] = (chance >> 24) as u8;
                packet.truncate(chance as usize / 3 % 100);
                clamp_mss(&mut packet, 576);
                let _ = (addresses(&packet), addresses_of_ipv6(&packet));
            }
        }
    }
}
