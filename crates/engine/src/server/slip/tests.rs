use proptest::prelude::*;

use super::*;
use crate::server::login::{LoginConfig, Service};
use crate::server::tests::{config, t0};

/// A packet of a TCP connection, with good checksums.
fn tcp(id: u16, sequence: u32, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 64, 0, 1, 10, 64, 0, 2];
    packet.extend([0x04, 0, 0, 80]);
    packet.extend(sequence.to_be_bytes());
    packet.extend([0, 0, 0, 9, 0x50, 0x10, 0x20, 0, 0, 0, 0, 0]);
    packet.extend(data);
    let total = u16::try_from(packet.len()).unwrap();
    packet[2..4].copy_from_slice(&total.to_be_bytes());
    packet[4..6].copy_from_slice(&id.to_be_bytes());
    let header = sum(&packet[..20], 0);
    packet[10..12].copy_from_slice(&header.to_be_bytes());
    let pseudo =
        packet[12..20].chunks(2).map(|two| u32::from(u16::from_be_bytes([two[0], two[1]]))).sum::<u32>();
    let checksum = sum(&packet[20..], pseudo + 6 + u32::from(total) - 20);
    packet[36..38].copy_from_slice(&checksum.to_be_bytes());
    packet
}

fn sum(octets: &[u8], from: u32) -> u16 {
    let word = |two: &[u8]| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low));
    let mut sum = octets.chunks(2).map(word).sum::<u32>() + from;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap()
}

fn port(service: Service) -> (Slip, Context, Instant) {
    let login = LoginConfig { slip_mtu: 1500, ..LoginConfig::default() };
    let mut cx = Context::new(crate::server::port::PortConfig { login, ..config() }, [3; 32]);
    let slip = Slip::begin(t0(), "alice", service, [10, 64, 0, 2].into(), &mut cx);
    outputs(&mut cx);
    (slip, cx, t0())
}

/// What was written, and the packets for the IP port.
fn outputs(cx: &mut Context) -> (Vec<u8>, Vec<Vec<u8>>) {
    let (mut wire, mut packets) = (Vec::new(), Vec::new());
    while let Some(output) = cx.next() {
        match output {
            CallOutput::Line(crate::LineOp::Write(bytes)) => wire.extend(bytes),
            CallOutput::Ip(packet) => packets.push(packet),
            _ => {}
        }
    }
    (wire, packets)
}

/// Equal but for the identification and the header's checksum over it.
fn same(a: &[u8], b: &[u8]) -> bool {
    let kept = |packet: &[u8]| [&packet[..4], &packet[6..10], &packet[12..]].concat();
    kept(a) == kept(b)
}

/// Datagrams of a sender as they go over the line, one by one.
fn sent(service: Service, packets: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let (mut slip, mut cx, now) = port(service);
    packets
        .iter()
        .map(|packet| {
            slip.send(now, packet, &mut cx);
            outputs(&mut cx).0
        })
        .collect()
}

fn stream(count: u32) -> Vec<Vec<u8>> {
    (0..count).map(|n| tcp(u16::try_from(n).unwrap(), 1000 + n * 8, b"\xc0\xdbdata!!")).collect()
}

#[test]
fn both_kinds_bring_every_packet_and_cslip_is_shorter() {
    let packets = stream(20);
    let mut lengths = Vec::new();
    for service in [Service::Slip, Service::Cslip] {
        let wire = sent(service, &packets).concat();
        let (mut slip, mut cx, now) = port(service);
        for part in wire.chunks(7) {
            slip.received(now, part, &mut cx);
        }
        assert_eq!(outputs(&mut cx).1, packets);
        assert_eq!(slip.stats().packets_received, 20);
        lengths.push(wire.len());
    }
    assert!(lengths[1] * 2 < lengths[0], "{lengths:?}");
}

#[test]
fn plain_slip_takes_no_compressed_packets_and_nothing_that_is_not_ip() {
    let wire = sent(Service::Cslip, &stream(3)).concat();
    let (mut slip, mut cx, now) = port(Service::Slip);
    slip.received(now, &wire, &mut cx);
    slip.received(now, b"\xc0login: \xc0\xdb\x00\xc0", &mut cx);
    slip.received(now, &[&[0xc0][..], &[0x45; 1501], &[0xc0]].concat(), &mut cx);
    assert!(outputs(&mut cx).1.is_empty());
    assert_eq!((slip.stats().bad_headers, slip.stats().aborts, slip.stats().overflows), (4, 1, 1));
}

#[test]
fn what_the_other_end_cannot_take_is_dropped_and_counted() {
    let (mut slip, mut cx, now) = port(Service::Slip);
    slip.send(now, &tcp(1, 1, &[0; 1461]), &mut cx);
    slip.send(now, &[0x60; 60], &mut cx);
    assert!(outputs(&mut cx).0.is_empty());
    assert_eq!(slip.stats().packets_dropped, 2);
    slip.send(now, &tcp(1, 1, &[0; 1460]), &mut cx);
    assert_eq!(slip.stats().packets_sent, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A line that loses, cuts and damages: what is delivered was sent, octet for octet, but for IP's identification, which
    /// no checksum covers in a compressed packet (RFC 1144 §4). One fault a datagram: two may keep 16 bits right.
    #[test]
    fn a_damaged_stream_never_delivers_a_wrong_packet(
        faults in proptest::collection::vec((0usize..40, 0u8..4, any::<prop::sample::Index>(), 1u8..=255), 0..12),
        size in 1usize..50,
    ) {
        let packets = stream(40);
        let mut wire = sent(Service::Cslip, &packets);
        let mut hurt = std::collections::BTreeSet::new();
        for (at, what, place, flip) in faults {
            if !hurt.insert(at) {
                continue;
            }
            let datagram = &mut wire[at];
            let place = place.index(datagram.len());
            match what {
                0 => datagram.clear(),
                1 => { datagram.truncate(place); }
                2 => { datagram.insert(place, flip); }
                _ => datagram[place] ^= flip,
            }
        }
        let (mut slip, mut cx, now) = port(Service::Cslip);
        for part in wire.concat().chunks(size) {
            slip.received(now, part, &mut cx);
        }
        for packet in outputs(&mut cx).1 {
            prop_assert!(packets.iter().any(|sent| same(sent, &packet)), "{packet:02x?}");
        }
    }

    #[test]
    fn noise_never_panics_nor_delivers(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
        for service in [Service::Slip, Service::Cslip] {
            let (mut slip, mut cx, now) = port(service);
            slip.received(now, &noise, &mut cx);
            prop_assert!(outputs(&mut cx).1.iter().all(|packet| is_whole(packet)));
        }
    }
}
