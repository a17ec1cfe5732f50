//! What is looked at in a packet before it goes to the system or comes from it.

use std::net::{Ipv4Addr, Ipv6Addr};

use smoltcp::wire::{IpProtocol, Ipv4Packet, Ipv6Packet, TcpPacket, UdpPacket};

/// IPv4's and TCP's headers without options: what an MSS leaves out (RFC 879).
const HEADERS: u16 = 40;
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

/// The port a packet goes to; `None` where it has none, or is a later part of another.
pub(super) fn port(packet: &[u8]) -> Option<u16> {
    let packet = Ipv4Packet::new_checked(packet).ok().filter(|packet| packet.frag_offset() == 0)?;
    match packet.next_header() {
        IpProtocol::Tcp => Some(TcpPacket::new_checked(packet.payload()).ok()?.dst_port()),
        IpProtocol::Udp => Some(UdpPacket::new_checked(packet.payload()).ok()?.dst_port()),
        _ => None,
    }
}

/// Makes the largest segment that a SYN allows fit the link: not every host hears that a packet was too long.
pub(super) fn clamp_mss(packet: &mut [u8], mtu: u16) {
    let most = mtu.saturating_sub(HEADERS);
    let Ok(whole) = Ipv4Packet::new_checked(&mut *packet) else { return };
    if whole.next_header() != IpProtocol::Tcp || whole.frag_offset() != 0 {
        return;
    }
    let begin = usize::from(whole.header_len());
    let end = usize::from(whole.total_len());
    let Some(segment) = packet.get_mut(begin..end) else { return };
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
    use super::*;
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{IpRepr, TcpControl, TcpRepr, TcpSeqNumber};

    fn syn(mss: Option<u16>, odd: bool) -> Vec<u8> {
        let (from, to) = (Ipv4Addr::new(10, 64, 0, 2), Ipv4Addr::new(192, 0, 2, 1));
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
        tcp.emit(&mut TcpPacket::new_unchecked(&mut packet[20..]), &from.into(), &to.into(), &checksums);
        if odd {
            // the option one octet later, behind a no-operation
            let options = packet[40..44].to_vec();
            packet[40] = 1;
            packet[41..45].copy_from_slice(&options);
            let mut tcp = TcpPacket::new_unchecked(&mut packet[20..]);
            tcp.fill_checksum(&from.into(), &to.into());
        }
        packet
    }

    fn is_right(packet: &[u8]) -> bool {
        let (from, to) = addresses(packet).unwrap();
        TcpPacket::new_checked(&packet[20..]).unwrap().verify_checksum(&from.into(), &to.into())
    }

    #[test]
    fn a_largest_segment_fits_the_link_and_the_checksum_stays_right() {
        for odd in [false, true] {
            for (said, mtu, after) in
                [(1460, 1500, 1460), (1460, 576, 536), (400, 576, 400), (65495, 1006, 966)]
            {
                let mut packet = syn(Some(said), odd);
                assert!(is_right(&packet));
                clamp_mss(&mut packet, mtu);
                assert_eq!(mss(&packet[20..]).map(|(_, mss)| mss), Some(after), "{said} {mtu} {odd}");
                assert!(is_right(&packet), "{said} {mtu} {odd}");
            }
        }
    }

    #[test]
    fn nothing_else_is_touched_and_garbage_is_no_packet() {
        let mut without = syn(None, false);
        let before = without.clone();
        clamp_mss(&mut without, 576);
        assert_eq!(without, before);
        assert_eq!(port(&before), Some(80));
        let mut chance = 7u32;
        for _ in 0..20_000 {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut packet = before.clone();
            let at = chance as usize / 7 % packet.len();
            packet[at] = (chance >> 24) as u8;
            packet.truncate(chance as usize / 3 % 100);
            clamp_mss(&mut packet, 576);
            let _ = (addresses(&packet), port(&packet));
        }
    }
}
