//! A caller that floods, lies and damages.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use openras_nat::fuzz::fuzz_packets;
use openras_nat::{Caps, Dropped, Input, Order, Refusal};
use openras_ppp::Machine;
use smoltcp::wire::TcpControl;

use crate::lab::{CALLER, Lab, Program, Server, at, config, ip, octet};
use crate::line::{Dice, GOOD};
use crate::packets::{SYN, Said, Tcp, ping, read, tcp, udp};

const SERVER: &str = "192.0.43.8:80";

#[test]
fn what_is_no_packet_of_the_caller_is_dropped_and_counted() {
    let good = udp(at("10.64.0.2:1"), at(SERVER), b"data");
    let spoil = |place: usize| {
        let mut packet = good.clone();
        packet[place] ^= 0x40;
        packet
    };
    let other =
        |from: &str| udp(at(from), at(if from.starts_with('[') { "[2606:4700::1]:1" } else { SERVER }), b"x");
    let to = |to: &str| {
        udp(at(if to.starts_with('[') { "[fd64:0:0:1::2]:1" } else { "10.64.0.2:1" }), at(to), b"x")
    };
    let mut protocol = good.clone();
    protocol[9] = 47;
    let sum = u16::from_be_bytes([protocol[10], protocol[11]]) - (47 - 17);
    protocol[10..12].copy_from_slice(&sum.to_be_bytes());
    let cases = [
        (vec![], Dropped::Malformed),
        (vec![0x45], Dropped::Malformed),
        (good[..27].to_vec(), Dropped::Malformed),
        (spoil(0), Dropped::Malformed),
        (spoil(12), Dropped::Checksum),
        (spoil(30), Dropped::Checksum),
        (udp(at("10.64.0.2:1"), at(SERVER), &[0; 1473]), Dropped::Giant),
        (other("10.64.0.3:1"), Dropped::Spoofed),
        (other("127.0.0.1:1"), Dropped::Spoofed),
        (other("0.0.0.0:1"), Dropped::Spoofed),
        (other("10.64.0.1:1"), Dropped::Spoofed),
        (other("[fd64:0:0:2::2]:1"), Dropped::Spoofed),
        (other("[2606:4700::2]:1"), Dropped::Spoofed),
        (other("[fe80::5]:1"), Dropped::Destination),
        (to("255.255.255.255:67"), Dropped::Destination),
        (to("224.0.0.251:5353"), Dropped::Destination),
        (to("0.0.0.0:80"), Dropped::Destination),
        (to("10.64.0.2:80"), Dropped::Destination),
        (to("[ff02::fb]:5353"), Dropped::Destination),
        (to("[fe80::1]:80"), Dropped::Destination),
        (to("[::]:80"), Dropped::Destination),
        (to("[fd64:0:0:1::77]:80"), Dropped::Destination),
        (protocol, Dropped::Protocol),
    ];
    for (packet, why) in cases {
        let mut lab = Lab::new(config(), GOOD, 1);
        lab.raw(&packet);
        let all: u64 = lab.nat.stats().drops.iter().sum();
        assert_eq!((lab.nat.stats().dropped(why), all), (1, 1), "{why:?} {packet:02x?}");
        assert!(lab.other.is_empty() && lab.nat.flows() == 0 && lab.nat.memory() <= 1500);
    }
}

/// Parts that come together to another part are no datagram: its ports would be what somebody put in their place.
#[test]
fn a_part_inside_of_a_part_is_dropped() {
    let mut lab = Lab::new(config(), GOOD, 1);
    let whole = udp(at("[fd64:0:0:1::2]:1"), at("[2606:4700::1]:7"), b"datagram");
    let inner = [&[17, 0, 0, 8, 0, 0, 0, 9][..], &whole[40..]].concat();
    for (offset, more, data) in [(0_u8, 1, &inner[..16]), (16, 0, &inner[16..])] {
        let mut part = whole[..40].to_vec();
        part[4..7].copy_from_slice(&[0, 8 + data.len() as u8, 44]);
        part.extend([44, 0, 0, offset | more, 0, 0, 0, 5]);
        part.extend_from_slice(data);
        lab.raw(&part);
    }
    assert_eq!(lab.nat.stats().dropped(Dropped::Malformed), 1, "{:?}", lab.nat.stats());
    assert!(lab.other.is_empty() && lab.nat.flows() == 0);
}

/// A hundred thousand flows meet caps with a counted reason; the connections that stood do not notice.
#[test]
fn a_hundred_thousand_flows_meet_the_caps() {
    let mut config = config();
    config.caps = Caps { new_flows: 1000, memory: 4 << 20, ..Caps::default() };
    let caps = config.caps;
    let mut lab = Lab::new(config, GOOD, 1);
    lab.servers.insert(80, Server::Echo);
    lab.servers.insert(81, Server::Silent);
    let mut program = Program::new(&mut lab, at(SERVER), 50_000);
    assert!(lab.until(Duration::from_secs(1), |lab| program.go_on(lab) || program.received.len() > 1000));
    let mut dice = Dice::new(5);
    let mut answers = 0;
    for count in 0..100_000_u32 {
        let bits = dice.roll();
        let to = SocketAddr::new(IpAddr::from([8, (bits >> 8) as u8, (bits >> 16) as u8, 8]), 81);
        let from = SocketAddr::new(ip(CALLER), 1 + (bits >> 24) as u16 % 60_000);
        match count % 3 {
            0 => lab.raw(&tcp(from, to, &SYN)),
            1 => lab.raw(&udp(from, to, &[1; 100])),
            _ => lab.raw(&ping(from.ip(), to.ip(), 64, from.port(), 1, &[1; 100])),
        }
        assert!(lab.nat.memory() <= caps.memory && lab.nat.flows() <= caps.flows);
        lab.other.clear();
        if count % 1000 == 0 {
            lab.now += Duration::from_millis(100);
            answers += lab.packets().len();
        }
    }
    let stats = *lab.nat.stats();
    let dropped =
        stats.dropped(Dropped::Rate) + stats.dropped(Dropped::Flows) + stats.dropped(Dropped::Memory);
    let begun = stats.streams + stats.mappings + stats.pings;
    // what was not begun anew was counted, or belonged to a mapping there was
    assert!(dropped > 80_000 && begun < 2_000, "{begun} begun, {stats:?}");
    assert!(answers < 20_000);
    assert!(lab.until(Duration::from_secs(60), |lab| program.go_on(lab)), "{}", program.received.len());
    assert!(program.received.iter().copied().eq((0..50_000).map(octet)));
}

/// smoltcp takes the first window for a scaled one. With a buffer of an unlucky size, what lies beyond it would be
/// written past its end: `stack::fitting` makes that impossible.
#[test]
fn data_past_the_window_is_cut_off() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Stuck);
    let (from, to) = (at("10.64.0.2:999"), at(SERVER));
    lab.raw(&tcp(from, to, &Tcp { scale: Some(7), ..SYN }));
    let [Said::SynAck { seq, .. }] = lab.packets().iter().map(|packet| read(packet)).collect::<Vec<_>>()[..]
    else {
        panic!("no answer")
    };
    let send = |lab: &mut Lab, offset: u32, data: &[u8]| {
        let ack = Some(seq.wrapping_add(1));
        let segment = Tcp { control: TcpControl::None, seq: 1001 + offset, ack, scale: None, data };
        lab.raw(&tcp(from, to, &segment));
    };
    send(&mut lab, 0, &[]);
    // past the buffer, and within what the first window would be with its scale
    send(&mut lab, 150_000, &[1; 700]);
    for offset in 0..400 {
        send(&mut lab, offset * 700, &[1; 700]);
    }
    let flow = lab.flow();
    let waiting = lab.nat.waiting(flow).len();
    assert!(waiting > 65535 && waiting <= 262_143, "{waiting}");
}

/// A caller that has forgotten its connection begins anew from the same port: it hears where the old one stands, resets
/// it, and its next SYN begins (RFC 9293 §3.10.7.4). A SYN that nobody answers would have it wait for two hours.
#[test]
fn a_caller_that_begins_anew_hears_of_its_old_connection() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::Stuck);
    let (from, to) = (at("10.64.0.2:999"), at(SERVER));
    lab.raw(&tcp(from, to, &SYN));
    let [Said::SynAck { seq: first, .. }] = said(&mut lab)[..] else { panic!("no answer") };
    let ack = Some(first.wrapping_add(1));
    lab.raw(&tcp(from, to, &Tcp { control: TcpControl::None, seq: 1001, ack, ..SYN }));
    lab.run(Duration::from_secs(5));
    for seq in [900_000, 1000] {
        let syn = Tcp { seq, ..SYN };
        lab.raw(&tcp(from, to, &syn));
        let heard = said(&mut lab);
        assert!(
            matches!(heard[..], [Said::Segment { seq, data: 0, .. }] if Some(seq) == ack),
            "{seq}: {heard:?}"
        );
        lab.run(Duration::from_secs(2));
    }
    let reset = Tcp { control: TcpControl::Rst, seq: 1001, ..SYN };
    lab.raw(&tcp(from, to, &reset));
    assert_eq!(lab.nat.flows(), 0);
    lab.raw(&tcp(from, to, &Tcp { seq: 900_000, ..SYN }));
    assert!(matches!(said(&mut lab)[..], [Said::SynAck { .. }]));
}

/// Every cap of memory is one: connections that are full, fragments and queues together.
#[test]
fn memory_never_passes_its_cap() {
    let mut config = config();
    config.caps = Caps { memory: 600_000, new_flows: 10_000, ..Caps::default() };
    let mut lab = Lab::new(config, GOOD, 1);
    lab.servers.insert(80, Server::Stuck);
    for port in 1000..3000 {
        lab.raw(&tcp(SocketAddr::new(ip(CALLER), port), at(SERVER), &SYN));
        lab.raw(&udp(SocketAddr::new(ip(CALLER), port), at("192.0.43.8:7"), &[1; 1400]));
    }
    assert!(lab.most_memory <= 600_000, "{}", lab.most_memory);
    // the least buffers there are, and a connection each as long as there are any
    assert!(
        lab.nat.stats().streams >= 60 && lab.nat.stats().dropped(Dropped::Memory) > 1000,
        "{:?}",
        lab.nat.stats()
    );
}

/// What is cut for a link of small packets grows by a header each, and counts with them.
#[test]
fn parts_count_as_what_they_are() {
    let mut config = config();
    config.mtu = 68;
    config.caps = Caps { memory: 7000, queue: 1 << 20, ..Caps::default() };
    let mut lab = Lab::new(config, GOOD, 1);
    lab.raw(&udp(at("10.64.0.2:1"), at("192.0.43.8:7"), b"x"));
    let [Order::Datagram { flow, .. }] = lab.other[..] else { panic!("{:?}", lab.other) };
    for size in [6000, 4000] {
        let data = vec![1; size];
        lab.nat.handle(lab.now, Input::Datagram { flow, from: at("192.0.43.8:7"), data: &data });
        assert!(lab.nat.memory() <= 7000, "{}", lab.nat.memory());
    }
    assert_eq!((lab.nat.stats().dropped(Dropped::Memory), lab.packets().len()), (1, 84));
}

/// An owner that takes no orders stops the session, and not the machine.
#[test]
fn orders_nobody_takes_are_bounded() {
    let mut lab = Lab::new(config(), GOOD, 1);
    for count in 0..50_000_u32 {
        let packet = udp(at("10.64.0.2:7"), at(SERVER), &count.to_be_bytes());
        lab.nat.handle(lab.now, Input::Packet(&packet));
    }
    assert!(lab.nat.stats().dropped(Dropped::Orders) > 45_000);
    let mut orders = 0;
    while let Some(order) = lab.nat.poll_output() {
        assert!(matches!(order, Order::Datagram { .. }));
        orders += 1;
    }
    assert!(orders <= 4096);
    lab.raw(&udp(at("10.64.0.2:7"), at(SERVER), b"on"));
    assert_eq!(lab.other.len(), 1);
}

/// A caller that says the same SYN over and over, and a world that refuses, leave nothing behind.
#[test]
fn a_thousand_refusals_leave_nothing_behind() {
    let mut lab = Lab::new(config(), GOOD, 1);
    lab.servers.insert(80, Server::No(Refusal::Refused));
    for port in 1000..2000 {
        lab.raw(&tcp(SocketAddr::new(ip(CALLER), port), at(SERVER), &SYN));
        assert!(matches!(
            lab.packets().iter().map(|packet| read(packet)).collect::<Vec<_>>()[..],
            [Said::Reset { .. }]
        ));
        lab.pass(Duration::from_millis(20));
    }
    assert_eq!((lab.nat.flows(), lab.nat.memory(), lab.rests()), (0, 0, true));
}

/// Stories made of dice: the same for the same number. `OPENRAS_STORIES` asks for more of them.
#[test]
fn no_story_breaks_a_promise() {
    let count = std::env::var("OPENRAS_STORIES").map_or(600, |count| count.parse().unwrap());
    for seed in 0..count {
        let mut dice = Dice::new(seed);
        let length = dice.roll() % 4000;
        let data: Vec<u8> = (0..length).map(|_| (dice.roll() >> 32) as u8).collect();
        if std::panic::catch_unwind(|| fuzz_packets(&data)).is_err() {
            panic!("story {seed}");
        }
    }
}

fn said(lab: &mut Lab) -> Vec<Said> {
    lab.packets().iter().map(|packet| read(packet)).collect()
}
