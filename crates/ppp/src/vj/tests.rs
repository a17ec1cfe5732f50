use proptest::prelude::*;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}

/// One connection, packet by packet: IP, how it goes out, and what that is.
const VECTORS: [(&str, Packet, &str); 6] = [
    (
        "45 00 00 28 00 01 00 00 40 06 f9 7b c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 e8 00 00 13 88 50 10 20 00 f2 f9 00 00",
        Packet::Uncompressed,
        "45 00 00 28 00 01 00 00 40 00 f9 7b c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 e8 00 00 13 88 50 10 20 00 f2 f9 00 00",
    ),
    (
        "45 00 00 29 00 02 00 00 40 06 f9 79 c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 e8 00 00 13 88 50 18 20 00 91 f0 00 00 61",
        Packet::Compressed,
        "10 91 f0 61",
    ),
    (
        "45 00 00 29 00 03 00 00 40 06 f9 78 c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 e9 00 00 13 89 50 18 20 00 90 ee 00 00 62",
        Packet::Compressed,
        "1b 90 ee 62",
    ),
    (
        "45 00 00 2a 00 04 00 00 40 06 f9 76 c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 ea 00 00 13 89 50 18 20 00 8f 88 00 00 63 64",
        Packet::Compressed,
        "1f 8f 88 63 64",
    ),
    (
        "45 00 00 2a 00 05 00 00 40 06 f9 75 c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 ec 00 00 13 89 50 10 20 00 8d 8c 00 00 65 66",
        Packet::Compressed,
        "0f 8d 8c 65 66",
    ),
    (
        "45 00 00 28 00 09 00 00 40 06 f9 73 c0 a8 00 01 c0 a8 00 02 04 00 00 17 00 00 03 ee 00 00 14 b5 50 10 1f 40 f2 86 00 00",
        Packet::Compressed,
        "2e f2 86 00 ff 40 00 01 2c 02 04",
    ),
];

fn arrives(decompressor: &mut Decompressor, kind: Packet, wire: &[u8]) -> Result<Vec<u8>, Tossed> {
    let mut out = Vec::new();
    match kind {
        Packet::Ip => Ok(wire.to_vec()),
        Packet::Uncompressed => {
            out.extend_from_slice(wire);
            decompressor.uncompressed(&mut out).map(|()| out)
        }
        Packet::Compressed => decompressor.compressed(wire, &mut out).map(|()| out),
    }
}

#[test]
fn the_published_vectors_both_ways() {
    let (mut compressor, mut decompressor) = (Compressor::new(15, true), Decompressor::new(15));
    for (ip, kind, wire) in VECTORS {
        let mut out = Vec::new();
        let ip = hex(ip);
        assert_eq!((compressor.compress(&ip, &mut out), &out), (kind, &hex(wire)));
        assert_eq!(arrives(&mut decompressor, kind, &out), Ok(ip));
    }
}

/// A packet of a made-up connection, with good checksums.
#[derive(Clone, Copy, Debug)]
struct Tcp {
    port: u16,
    id: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    window: u16,
    urgent: u16,
    ttl: u8,
    options: usize,
    data: usize,
}

fn sum(octets: &[u8]) -> u32 {
    octets.chunks(2).map(|two| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low))).sum()
}

fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

impl Tcp {
    fn packet(&self) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(self.port.to_be_bytes());
        tcp.extend(80u16.to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledgement.to_be_bytes());
        tcp.extend([((5 + self.options as u8) << 4), self.flags]);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0, 0]);
        tcp.extend(self.urgent.to_be_bytes());
        tcp.extend(vec![1; self.options * 4]);
        tcp.extend((0..self.data).map(|at| (at as u8) ^ (self.id as u8)));
        let mut ip = vec![0x45, 0];
        ip.extend((20 + tcp.len() as u16).to_be_bytes());
        ip.extend(self.id.to_be_bytes());
        ip.extend([0x40, 0, self.ttl, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        let sum_of_tcp = sum(&ip[12..20]) + 6 + tcp.len() as u32 + sum(&tcp);
        tcp[16..18].copy_from_slice(&checksum(sum_of_tcp));
        let of_ip = checksum(sum(&ip));
        ip[10..12].copy_from_slice(&of_ip);
        ip.extend(tcp);
        ip
    }
}

fn tcp(port: u16) -> Tcp {
    Tcp {
        port,
        id: 1,
        sequence: 1000,
        acknowledgement: 5000,
        flags: 0x10,
        window: 8192,
        urgent: 0,
        ttl: 64,
        options: 0,
        data: 0,
    }
}

fn kind(compressor: &mut Compressor, packet: &Tcp) -> Packet {
    compressor.compress(&packet.packet(), &mut Vec::new())
}

#[test]
fn what_is_no_plain_tcp_goes_as_it_is() {
    let mut compressor = Compressor::new(15, true);
    for flags in [0x02, 0x12, 0x11, 0x14, 0x00, 0x08] {
        assert_eq!(kind(&mut compressor, &Tcp { flags, ..tcp(1) }), Packet::Ip, "{flags:x}");
    }
    let mut fragment = tcp(1).packet();
    fragment[6] = 0x20;
    let mut udp = tcp(1).packet();
    udp[9] = 17;
    let mut padded = tcp(1).packet();
    padded.push(0);
    let mut six = tcp(1).packet();
    six[0] = 0x65;
    for packet in [fragment, udp, padded, six, tcp(1).packet()[..39].to_vec(), vec![0x45], vec![]] {
        assert_eq!(compressor.compress(&packet, &mut Vec::new()), Packet::Ip, "{packet:x?}");
    }
}

#[test]
fn what_cannot_be_said_in_changes_goes_whole() {
    let base = Tcp { data: 10, ..tcp(1) };
    for (name, next) in [
        ("time to live", Tcp { ttl: 63, ..base }),
        ("options", Tcp { options: 3, ..base }),
        ("ECN", Tcp { flags: 0x50, sequence: 1010, ..base }),
        ("urgent pointer without URG", Tcp { urgent: 5, sequence: 1010, ..base }),
        ("acknowledged backwards", Tcp { acknowledgement: 4999, ..base }),
        ("sequence backwards", Tcp { sequence: 999, ..base }),
        ("too far", Tcp { sequence: 1000 + 0x10000, ..base }),
        ("a repetition", base),
        ("looks like echoed", Tcp { sequence: 1003, window: 1, urgent: 1, flags: 0x30, ..base }),
        (
            "looks like one-way",
            Tcp { sequence: 1003, acknowledgement: 5001, window: 1, urgent: 1, flags: 0x30, ..base },
        ),
    ] {
        let mut compressor = Compressor::new(15, true);
        kind(&mut compressor, &base);
        assert_eq!(kind(&mut compressor, &Tcp { id: 2, ..next }), Packet::Uncompressed, "{name}");
    }
}

#[test]
fn an_urgent_bit_does_not_stay_behind() {
    let (mut compressor, mut decompressor) = (Compressor::new(15, true), Decompressor::new(15));
    let urgent = Tcp { flags: 0x30, urgent: 3, data: 4, ..tcp(1) };
    let after = Tcp { id: 2, flags: 0x10, sequence: 1004, data: 4, ..urgent };
    for packet in [urgent, after, Tcp { id: 3, sequence: 1008, ..after }] {
        let mut out = Vec::new();
        let kind = compressor.compress(&packet.packet(), &mut out);
        assert_eq!(arrives(&mut decompressor, kind, &out), Ok(packet.packet()));
    }
}

#[test]
fn slots_are_shared_out_and_named_when_they_change() {
    let mut compressor = Compressor::new(2, true);
    for port in [1, 2, 3] {
        assert_eq!(kind(&mut compressor, &tcp(port)), Packet::Uncompressed);
    }
    let next = |port| Tcp { id: 2, acknowledgement: 5001, ..tcp(port) };
    let mut out = Vec::new();
    assert_eq!(compressor.compress(&next(1).packet(), &mut out), Packet::Compressed);
    assert_eq!(out[..2], [0x44, 0], "another slot than before is named");
    out.clear();
    compressor.compress(&Tcp { id: 3, acknowledgement: 5002, ..tcp(1) }.packet(), &mut out);
    assert_eq!(out[0], 0x04, "the same is not");
    // a fourth takes the place of the one not used for longest
    assert_eq!(kind(&mut compressor, &tcp(4)), Packet::Uncompressed);
    assert_eq!(kind(&mut compressor, &next(3)), Packet::Compressed);
    assert_eq!(kind(&mut compressor, &next(2)), Packet::Uncompressed);
    let mut always = Compressor::new(2, false);
    kind(&mut always, &tcp(1));
    out.clear();
    always.compress(&next(1).packet(), &mut out);
    assert_eq!(out[..2], [0x44, 0]);
}

#[test]
fn an_end_that_has_256_slots_makes_us_keep_16_headers() {
    let mut compressor = Compressor::new(255, true);
    for port in 1..=300 {
        let mut out = Vec::new();
        assert_eq!(compressor.compress(&tcp(port).packet(), &mut out), Packet::Uncompressed);
        assert!(out[9] <= DEFAULT_MAX_SLOT, "slot {}", out[9]);
    }
}

#[test]
fn after_a_loss_packets_are_dropped_until_a_slot_is_named() {
    let (mut compressor, mut decompressor) = (Compressor::new(15, true), Decompressor::new(15));
    let mut wire = Vec::new();
    for (port, acknowledgement) in [(1, 0), (2, 0), (1, 1), (1, 2), (2, 1), (2, 2)] {
        let mut out = Vec::new();
        let packet =
            Tcp { id: 1 + acknowledgement as u16, acknowledgement: 5000 + acknowledgement, ..tcp(port) };
        let kind = compressor.compress(&packet.packet(), &mut out);
        wire.push((kind, out));
    }
    assert!(arrives(&mut decompressor, wire[0].0, &wire[0].1).is_ok());
    assert!(arrives(&mut decompressor, wire[1].0, &wire[1].1).is_ok());
    // the third, which names slot 0, is damaged on the line
    decompressor.lost();
    assert_eq!(arrives(&mut decompressor, wire[3].0, &wire[3].1), Err(Tossed));
    assert!(arrives(&mut decompressor, wire[4].0, &wire[4].1).is_ok(), "names slot 1");
    assert!(arrives(&mut decompressor, wire[5].0, &wire[5].1).is_ok());
}

#[test]
fn slots_we_have_not_got_are_refused() {
    let mut decompressor = Decompressor::new(15);
    for (kind, wire) in [
        (Packet::Compressed, vec![]),
        (Packet::Compressed, vec![0]),
        (Packet::Compressed, vec![0x40]),
        (Packet::Compressed, vec![0x40, 200, 0, 0]),
        (Packet::Compressed, vec![0x40, 3, 0, 0]),
        (Packet::Uncompressed, vec![]),
        (Packet::Uncompressed, vec![0; 20]),
    ] {
        assert_eq!(arrives(&mut decompressor, kind, &wire), Err(Tossed), "{wire:x?}");
    }
    let mut far = tcp(1).packet();
    far[9] = 16;
    assert_eq!(arrives(&mut decompressor, Packet::Uncompressed, &far), Err(Tossed));
}

fn some_packets() -> impl Strategy<Value = Vec<Tcp>> {
    let step = (
        (0u16..4, prop_oneof![3 => Just(1u16), 1 => any::<u16>()]),
        prop_oneof![3 => 0u32..3000, 1 => any::<u32>()],
        prop_oneof![3 => 0u32..3000, 1 => any::<u32>()],
        prop_oneof![4 => Just(0x10u8), 4 => Just(0x18), 1 => Just(0x30), 1 => Just(0x11), 1 => Just(0x50)],
        prop_oneof![3 => Just(0u16), 1 => any::<u16>()],
        prop_oneof![2 => Just(0usize), 3 => 1usize..40],
        any::<bool>(),
        prop_oneof![9 => Just(0usize), 1 => 0usize..5],
    );
    proptest::collection::vec(step, 1..40).prop_map(|steps| {
        let mut connections = [tcp(1000), tcp(1001), tcp(1002), tcp(1003)];
        let mut all = Vec::new();
        for ((port, id), sequence, acknowledged, flags, window, data, follows, options) in steps {
            let one = &mut connections[usize::from(port)];
            one.id = one.id.wrapping_add(id);
            // as TCP does it, or anyhow
            let sent = if follows { one.data as u32 } else { sequence };
            one.sequence = one.sequence.wrapping_add(sent);
            one.acknowledgement = one.acknowledgement.wrapping_add(if follows { 0 } else { acknowledged });
            one.window = one.window.wrapping_add(window);
            (one.flags, one.data, one.options) = (flags, data, options);
            one.urgent = if flags & 0x20 != 0 { sequence as u16 } else { one.urgent };
            all.push(*one);
        }
        all
    })
}

/// What TCP sends: on its way forward, each connection some distance from the others, and nothing echoed. However many of them are
/// lost, the sums of what is left differ then: 16 bits cannot tell more apart, and of random changes two are soon alike.
fn some_talk() -> impl Strategy<Value = Vec<Tcp>> {
    let step = (0u16..4, 0u32..4, any::<bool>(), prop_oneof![2 => Just(0usize), 3 => 1usize..40]);
    proptest::collection::vec(step, 1..40).prop_map(|steps| {
        let mut connections = [0, 1, 2, 3].map(|n| {
            let one = tcp(1000 + n);
            Tcp { sequence: one.sequence + u32::from(n) * 0x4000, ..one }
        });
        let mut all = Vec::new();
        for (port, acknowledged, push, data) in steps {
            let one = &mut connections[usize::from(port)];
            one.id = one.id.wrapping_add(1);
            one.sequence += one.data as u32;
            one.acknowledgement += 64 * acknowledged;
            (one.flags, one.data) = (if push { 0x18 } else { 0x10 }, data);
            all.push(*one);
        }
        all
    })
}

proptest! {
    #[test]
    fn whatever_is_sent_arrives(packets in some_packets(), max_slot in 0u8..5, omits: bool) {
        let (mut compressor, mut decompressor) = (Compressor::new(max_slot, omits), Decompressor::new(max_slot));
        for packet in packets {
            let mut out = Vec::new();
            let packet = packet.packet();
            let kind = compressor.compress(&packet, &mut out);
            let wire = if kind == Packet::Ip { &packet } else { &out };
            prop_assert!(wire.len() <= packet.len());
            prop_assert_eq!(arrives(&mut decompressor, kind, wire), Ok(packet));
        }
    }

    /// Lost frames, told or not told: what is delivered was sent, but for IP's identification, which no checksum of TCP's covers
    /// and only fragments need.
    #[test]
    fn a_damaged_stream_never_delivers_a_wrong_packet(
        packets in some_talk(), lost in proptest::collection::vec(0u8..6, 40), told: bool,
    ) {
        let (mut compressor, mut decompressor) = (Compressor::new(3, true), Decompressor::new(3));
        let mut sent = std::collections::HashSet::new();
        let told_apart = |packet: &[u8]| [&packet[..4], &packet[6..10], &packet[12..]].concat();
        for (packet, lost) in packets.iter().zip(lost) {
            let mut out = Vec::new();
            let packet = packet.packet();
            let kind = compressor.compress(&packet, &mut out);
            sent.insert(told_apart(&packet));
            if lost == 0 {
                if told {
                    decompressor.lost();
                }
                continue;
            }
            let wire = if kind == Packet::Ip { &packet } else { &out };
            if let Ok(arrived) = arrives(&mut decompressor, kind, wire) {
                prop_assert!(sent.contains(&told_apart(&arrived)), "never sent: {arrived:x?}");
            }
        }
    }

    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(
        (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..60)), 0..20,
    )) {
        let (mut compressor, mut decompressor) = (Compressor::new(15, true), Decompressor::new(15));
        arrives(&mut decompressor, Packet::Uncompressed, &hex(VECTORS[0].2)).unwrap();
        for (compressed, wire) in noise {
            let kind = if compressed { Packet::Compressed } else { Packet::Uncompressed };
            let _ = arrives(&mut decompressor, kind, &wire);
            compressor.compress(&wire, &mut Vec::new());
        }
    }
}
