use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use smoltcp::wire::{Icmpv4Packet, Icmpv6Packet, IpAddress, Ipv4Packet, TcpPacket, UdpPacket};

use super::*;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn pair(v6: bool) -> (SocketAddr, SocketAddr) {
    match v6 {
        false => ("10.64.0.2:4000".parse().unwrap(), "192.0.2.1:53".parse().unwrap()),
        true => ("[fd00::2]:4000".parse().unwrap(), "[2001:db8::1]:53".parse().unwrap()),
    }
}

fn smol(address: IpAddr) -> IpAddress {
    address.into()
}

/// smoltcp, which was written by others, finds the checksums right.
#[test]
fn datagrams_are_what_another_stack_reads() {
    for (v6, size) in [(false, 0), (false, 9), (true, 0), (true, 1231)] {
        let (from, to) = pair(v6);
        let data = vec![0xa5; size];
        let packet = udp_packet(from, to, 7, &data).unwrap();
        if !v6 {
            assert!(Ipv4Packet::new_checked(&packet[..]).unwrap().verify_checksum());
        }
        let parsed = parse(&packet).unwrap();
        assert!(parsed.plain && parsed.fragment.is_none() && parsed.whole == packet);
        let udp = UdpPacket::new_checked(parsed.payload).unwrap();
        assert!(udp.verify_checksum(&smol(from.ip()), &smol(to.ip())));
        assert_eq!((udp.src_port(), udp.dst_port(), udp.payload()), (4000, 53, &data[..]));
        assert!(transport(from.ip(), to.ip(), protocol::UDP, parsed.payload).is_right());
    }
}

#[test]
fn icmp_errors_are_what_another_stack_reads() {
    let (from, to) = pair(false);
    let quoted = quote_udp(from, to, 300);
    let packet = error(address("10.64.0.1"), from.ip(), 1, IcmpError::TooBig(576), &quoted).unwrap();
    let parsed = parse(&packet).unwrap();
    let icmp = Icmpv4Packet::new_checked(parsed.payload).unwrap();
    assert!(icmp.verify_checksum());
    assert_eq!((u8::from(icmp.msg_type()), icmp.msg_code()), (3, 4));
    assert_eq!(u16_at(parsed.payload, 6), Some(576));
    let inner = parse(&parsed.payload[8..]);
    assert_eq!(inner.unwrap().dst, to.ip());

    let (from, to) = pair(true);
    let quoted = quote_udp(from, to, 0);
    let packet = error(address("fe80::1"), from.ip(), 1, IcmpError::Port, &quoted).unwrap();
    let parsed = parse(&packet).unwrap();
    let icmp = Icmpv6Packet::new_checked(parsed.payload).unwrap();
    let (IpAddr::V6(src), IpAddr::V6(dst)) = (parsed.src, parsed.dst) else { panic!("IPv6") };
    assert!(icmp.verify_checksum(&src, &dst));
    assert_eq!((u8::from(icmp.msg_type()), icmp.msg_code()), (1, 4));
}

#[test]
fn a_reset_answers_what_it_is_told_to() {
    // a SYN without a connection is acknowledged by its reset, a segment with an acknowledgement is not
    let (from, to) = pair(false);
    for (flags, ack, expected) in [(0x02_u8, 0_u32, (0_u32, Some(1001_u32))), (0x10, 77, (77, None))] {
        let mut segment = Vec::new();
        segment.extend_from_slice(&from.port().to_be_bytes());
        segment.extend_from_slice(&to.port().to_be_bytes());
        segment.extend_from_slice(&1000_u32.to_be_bytes());
        segment.extend_from_slice(&ack.to_be_bytes());
        segment.extend_from_slice(&[0x50, flags, 4, 0, 0, 0, 0, 0]);
        let segment = build::with_checksum(from.ip(), to.ip(), protocol::TCP, 16, segment);
        let bytes = ip_packet(from.ip(), to.ip(), protocol::TCP, 1, &segment).unwrap();
        let packet = parse(&bytes).unwrap();
        let read = Segment::parse(&packet).unwrap();
        assert_eq!(read.syn, flags == 2);
        let reset = tcp_reset(&packet, &read, 1).unwrap();
        let answer = parse(&reset).unwrap();
        let tcp = TcpPacket::new_checked(answer.payload).unwrap();
        assert!(tcp.verify_checksum(&smol(to.ip()), &smol(from.ip())) && tcp.rst());
        assert_eq!((tcp.seq_number().0 as u32, tcp.ack().then(|| tcp.ack_number().0 as u32)), expected);
        let again = Segment::parse(&answer).unwrap();
        assert!(tcp_reset(&answer, &again, 1).is_none(), "a reset earns none");
    }
}

#[test]
fn source_routes_and_wrong_headers_are_refused() {
    let (from, to) = pair(false);
    let good = udp_packet(from, to, 1, b"x").unwrap();
    let mut flipped = good.clone();
    flipped[8] ^= 1;
    assert_eq!(parse(&flipped).unwrap_err(), Bad::Checksum);
    assert_eq!(parse(&good[..good.len() - 1]).unwrap_err(), Bad::Malformed);
    assert_eq!(parse(&[]).unwrap_err(), Bad::Malformed);
    assert_eq!(parse(&[0x50; 40]).unwrap_err(), Bad::Malformed);
    // options of one kind, one a source route: a header of 24 octets
    for (option, bad) in [(131, Some(Bad::SourceRoute)), (137, Some(Bad::SourceRoute)), (1, None)] {
        let mut packet = good.clone();
        packet.splice(20..20, [option, 3, 4, 0]);
        if option == 1 {
            packet.splice(20..24, [1, 1, 1, 0]);
        }
        packet[0] = 0x46;
        let length = packet.len() as u16;
        put_u16(&mut packet, 2, length);
        put_u16(&mut packet, 10, 0);
        let sum = Sum::default().add(&packet[..24]).finish();
        put_u16(&mut packet, 10, sum);
        assert_eq!(parse(&packet).err(), bad);
    }
    // IPv6 with a routing header that still wants to go on, and one that is done
    for (left, bad) in [(1, Some(Bad::SourceRoute)), (0, None)] {
        let mut packet = udp_packet(pair(true).0, pair(true).1, 1, b"x").unwrap();
        packet.splice(40..40, [17, 0, 2, left, 0, 0, 0, 0]);
        packet[6] = 43;
        let length = (packet.len() - 40) as u16;
        put_u16(&mut packet, 4, length);
        assert_eq!(parse(&packet).err(), bad);
        if bad.is_none() {
            let parsed = parse(&packet).unwrap();
            assert_eq!((parsed.protocol, parsed.plain), (17, false));
        }
    }
}

#[test]
fn what_a_link_pads_is_cut_off() {
    let (from, to) = pair(false);
    let mut packet = udp_packet(from, to, 1, b"abc").unwrap();
    let length = packet.len();
    packet.extend_from_slice(&[0; 11]);
    assert_eq!(parse(&packet).unwrap().whole.len(), length);
}

proptest! {
    #[test]
    fn a_packet_stays_right_with_another_sequence_number(old: u32, new: u32, v6: bool, fill in 0_usize..9) {
        let (from, to) = pair(v6);
        let mut tcp = vec![0x0f, 0xa0, 0, 53];
        tcp.extend_from_slice(&old.to_be_bytes());
        tcp.extend_from_slice(&[0, 0, 0, 1, 0x50, 0x11, 4, 0, 0, 0, 0, 0]);
        tcp.resize(20 + fill, 7);
        let tcp = build::with_checksum(from.ip(), to.ip(), protocol::TCP, 16, tcp);
        let mut packet = ip_packet(from.ip(), to.ip(), protocol::TCP, 1, &tcp).unwrap();
        let (header, seq, end, reset) = sequence(&packet).unwrap();
        prop_assert_eq!((seq, end, reset), (old, old.wrapping_add(fill as u32 + 1), false));
        set_sequence(&mut packet, header, new);
        let parsed = parse(&packet).unwrap();
        prop_assert_eq!(Segment::parse(&parsed).unwrap().seq, new);
    }

    #[test]
    fn checksums_agree_with_another_stack(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let ours = Sum::default().add(&bytes).finish();
        prop_assert_eq!(ours, !smoltcp::wire::checksum::data(&bytes));
    }

    #[test]
    fn nothing_read_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), v6 in any::<bool>()) {
        if let Some(first) = bytes.first_mut() {
            *first = if v6 { 0x60 } else { 0x40 | (*first & 0x0f) };
        }
        if let Ok(packet) = parse(&bytes) {
            prop_assert!(packet.payload.len() <= packet.whole.len());
            let _ = Segment::parse(&packet);
            let _ = Echo::parse(&packet);
        }
    }

    #[test]
    fn fragments_fit_the_link(size in 0_usize..9000, mtu in 68_usize..1500, v6 in any::<bool>()) {
        let (from, to) = pair(v6);
        let mtu = if v6 { mtu.max(1280) } else { mtu };
        let packet = udp_packet(from, to, 3, &vec![7; size]).unwrap();
        let parts = fragments(packet.clone(), mtu, 3);
        prop_assert!(parts.iter().all(|part| part.len() <= mtu && parse(part).is_ok()));
        let carried: usize = parts.iter().map(|part| parse(part).unwrap().payload.len()).sum();
        prop_assert_eq!(carried, parse(&packet).unwrap().payload.len());
    }
}
