//! UDP, ping, names and what is said about them by ICMP.

use std::net::SocketAddr;
use std::time::Duration;

use openras_nat::{Dropped, End, FlowId, Input, Order, Reach, Trouble};
use openras_ppp::Machine;

use crate::lab::{CALLER, CALLER6, GATEWAY, GATEWAY6, Lab, at, config, ip};
use crate::line::GOOD;
use crate::packets::{Said, ping, read, udp, udp_hops};

fn lab() -> Lab {
    Lab::new(config(), GOOD, 1)
}

fn said(lab: &mut Lab) -> Vec<Said> {
    lab.packets().iter().map(|packet| read(packet)).collect()
}

/// The one order there is about a datagram.
fn datagram(lab: &mut Lab) -> (FlowId, SocketAddr, u8, Vec<u8>) {
    let orders = std::mem::take(&mut lab.other);
    let [Order::Datagram { flow, to, hops, data, .. }] = &orders[..] else { panic!("{orders:?}") };
    (*flow, *to, *hops, data.clone())
}

fn answer(lab: &mut Lab, flow: FlowId, from: &str, data: &[u8]) {
    lab.nat.handle(lab.now, Input::Datagram { flow, from: at(from), data });
    lab.carry_out();
}

const PAIRS: [(&str, &str, &str); 2] = [
    ("10.64.0.2:4000", "192.0.43.8:7", "198.41.0.4:7"),
    ("[fd64:0:0:1::2]:4000", "[2606:4700::1]:7", "[2606:4700::2]:7"),
];

#[test]
fn one_mapping_serves_every_destination_of_a_port() {
    for (caller, first, second) in PAIRS {
        let mut lab = lab();
        lab.raw(&udp(at(caller), at(first), b"one"));
        let (flow, to, hops, data) = datagram(&mut lab);
        assert_eq!((to, hops, &data[..]), (at(first), 63, &b"one"[..]));
        lab.raw(&udp(at(caller), at(second), b"two"));
        assert_eq!(datagram(&mut lab).0, flow);
        // another port is another mapping
        let mut other = at(caller);
        other.set_port(4001);
        lab.raw(&udp(other, at(second), b"three"));
        assert_ne!(datagram(&mut lab).0, flow);

        answer(&mut lab, flow, first, b"yes");
        let expected = Said::Udp { from: at(first), to: at(caller), data: b"yes".to_vec() };
        assert_eq!(said(&mut lab), [expected]);
        assert_eq!((lab.nat.flows(), lab.nat.stats().mappings), (2, 2));
    }
}

#[test]
fn only_addresses_that_were_asked_may_answer() {
    let mut lab = lab();
    let (caller, first, second) = PAIRS[0];
    lab.raw(&udp(at(caller), at(first), b"one"));
    let (flow, ..) = datagram(&mut lab);
    answer(&mut lab, flow, second, b"I was not asked");
    assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Unasked)), (0, 1));
    // another port of the same host may, RFC 4787 REQ-8 (address-dependent filtering)
    answer(&mut lab, flow, "192.0.43.8:9999", b"from another port");
    answer(&mut lab, flow, "[::ffff:192.0.43.8]:9998", b"as a dual socket says it");
    let from: Vec<_> = said(&mut lab)
        .into_iter()
        .map(|said| if let Said::Udp { from, .. } = said { from } else { panic!("{said:?}") })
        .collect();
    assert_eq!(from, [at("192.0.43.8:9999"), at("192.0.43.8:9998")]);
}

#[test]
fn a_mapping_ends_when_its_caller_is_silent() {
    let mut lab = lab();
    let (caller, first, _) = PAIRS[0];
    lab.raw(&udp(at(caller), at(first), b"one"));
    let (flow, ..) = datagram(&mut lab);
    lab.pass(Duration::from_secs(299));
    lab.raw(&udp(at(caller), at(first), b"two"));
    assert_eq!(datagram(&mut lab).0, flow);
    lab.pass(Duration::from_secs(299));
    // what comes in keeps nothing open, RFC 4787 REQ-6
    answer(&mut lab, flow, first, b"still there");
    assert_eq!((lab.nat.flows(), said(&mut lab).len()), (1, 1));
    lab.pass(Duration::from_secs(2));
    assert_eq!(lab.other, [Order::Closed(flow, End::TimedOut)]);
    assert_eq!((lab.nat.flows(), lab.rests()), (0, true));
    answer(&mut lab, flow, first, b"too late");
    assert_eq!(said(&mut lab).len(), 0);
}

#[test]
fn large_datagrams_are_cut_and_put_together() {
    for (caller, first, _) in PAIRS {
        let mut lab = lab();
        lab.raw(&udp(at(caller), at(first), b"one"));
        let (flow, ..) = datagram(&mut lab);
        // from outside: parts that fit the link
        let data: Vec<u8> = (0..5000).map(crate::lab::octet).collect();
        answer(&mut lab, flow, first, &data);
        let parts = lab.packets();
        assert!(parts.len() == 4 && parts.iter().all(|part| part.len() <= 1500));
        assert!(parts.iter().all(|part| matches!(read(part), Said::Part { .. })));
        // the same parts from the caller's side, with its address in place of the outside's
        let turned: Vec<_> = parts.iter().map(|part| turn_around(part)).collect();
        for part in turned.iter().rev() {
            lab.raw(part);
        }
        let (_, to, _, received) = datagram(&mut lab);
        // ports are turned around by nobody: the caller's port is now the outside's
        assert_eq!((to.ip(), to.port()), (at(first).ip(), 4000));
        assert!(received == data);
        assert_eq!(lab.nat.memory(), 0);
    }
}

/// Swaps source and destination; no checksum changes by that.
fn turn_around(packet: &[u8]) -> Vec<u8> {
    let (at, len) = if packet[0] >> 4 == 4 { (12, 4) } else { (8, 16) };
    let mut turned = packet.to_vec();
    let (a, b) = turned[at..at + 2 * len].split_at_mut(len);
    a.swap_with_slice(b);
    turned
}

#[test]
fn what_goes_wrong_outside_is_told_as_icmp() {
    let cases = [
        (Trouble::Port, (3, 3), (1, 4), 0),
        (Trouble::Host, (3, 1), (1, 3), 0),
        (Trouble::Network, (3, 0), (1, 0), 0),
        (Trouble::Prohibited, (3, 13), (1, 1), 0),
        (Trouble::TooBig(1400), (3, 4), (2, 0), 1400_u16),
        (Trouble::TimeExceeded(ip("198.41.0.9")), (11, 0), (3, 0), 0),
    ];
    for (caller, first, _) in PAIRS {
        for (trouble, v4, v6, rest) in cases {
            let mut lab = lab();
            lab.raw(&udp(at(caller), at(first), b"one"));
            let (flow, to, ..) = datagram(&mut lab);
            lab.nat.handle(lab.now, Input::Undelivered { flow, to, length: 3, trouble });
            let told = said(&mut lab);
            let [Said::Icmp { from, to, kind, code, rest: quoted }] = &told[..] else { panic!("{told:?}") };
            let is_v4 = to.is_ipv4();
            assert_eq!((*kind, *code), if is_v4 { v4 } else { v6 });
            assert_eq!(*to, at(caller).ip());
            assert_eq!(u16::from_be_bytes([quoted[2], quoted[3]]), rest);
            let expected = match trouble {
                Trouble::Port => at(first).ip(),
                Trouble::TimeExceeded(router) if is_v4 => router,
                _ => ip(if is_v4 { GATEWAY } else { GATEWAY6 }),
            };
            assert_eq!(*from, expected, "{trouble:?}");
            // what is quoted lets the caller find its socket: addresses and ports as it wrote them
            let inner = &quoted[4..];
            let ports = if is_v4 { 20 } else { 40 };
            let sent = udp(at(caller), at(first), b"one");
            let addresses = if is_v4 { 12..20 } else { 8..40 };
            assert_eq!(
                (&inner[addresses.clone()], &inner[ports..ports + 6]),
                (&sent[addresses], &sent[ports..ports + 6])
            );
        }
    }
}

/// A socket of a mapping hears errors about whatever it is said to have sent: only what the caller has sent is told.
#[test]
fn errors_about_what_the_caller_has_not_sent_are_dropped() {
    for (caller, first, second) in PAIRS {
        let mut lab = lab();
        lab.raw(&udp(at(caller), at(first), b"one"));
        let (flow, to, ..) = datagram(&mut lab);
        let mut port = to;
        port.set_port(8);
        for to in [at(second), port] {
            lab.nat.handle(lab.now, Input::Undelivered { flow, to, length: 3, trouble: Trouble::Port });
        }
        lab.raw(&ping(at(caller).ip(), at(first).ip(), 9, 77, 5, b"hello"));
        let orders = std::mem::take(&mut lab.other);
        let [Order::Ping { flow, .. }] = orders[..] else { panic!("{orders:?}") };
        let (to, trouble) = (at(second).ip(), Trouble::Host);
        lab.nat.handle(lab.now, Input::Unanswered { flow, to, sequence: 5, trouble });
        assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Unasked)), (0, 3));
    }
}

#[test]
fn pings_go_out_and_their_answers_come_back() {
    for (caller, to) in [(CALLER, "192.0.43.8"), (CALLER6, "2606:4700::1")] {
        let mut lab = lab();
        lab.raw(&ping(ip(caller), ip(to), 9, 77, 5, b"hello"));
        let orders = std::mem::take(&mut lab.other);
        let [Order::Ping { flow, to: asked, sequence: 5, hops: 8, data, .. }] = &orders[..] else {
            panic!("{orders:?}")
        };
        assert_eq!((*asked, &data[..]), (ip(to), &b"hello"[..]));
        lab.nat.handle(lab.now, Input::Pong { flow: *flow, from: ip(to), sequence: 5, data: b"hello" });
        let told = said(&mut lab);
        let [Said::Icmp { from, kind, rest, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((*from, *kind), (ip(to), if to.contains(':') { 129 } else { 0 }));
        assert_eq!(rest[..], *b"\x00\x4d\x00\x05hello");
        // another host asked with the same identifier, as some systems do
        let other = if to.contains(':') { "2606:4700::2" } else { "192.0.43.9" };
        lab.raw(&ping(ip(caller), ip(other), 9, 77, 6, b"you?"));
        assert_eq!((lab.other.len(), lab.nat.flows()), (1, 1));
        for from in [to, other] {
            lab.nat.handle(lab.now, Input::Pong { flow: *flow, from: ip(from), sequence: 6, data: b"me" });
        }
        assert_eq!(said(&mut lab).len(), 2);
        // one that nobody was asked for
        lab.nat.handle(lab.now, Input::Pong { flow: *flow, from: ip("1.1.1.1"), sequence: 5, data: b"x" });
        assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Unasked)), (0, 1));
        // a router on the way
        let trouble = Trouble::TimeExceeded(ip("198.41.0.9"));
        lab.nat.handle(lab.now, Input::Unanswered { flow: *flow, to: ip(to), sequence: 5, trouble });
        let told = said(&mut lab);
        let [Said::Icmp { kind, rest, .. }] = &told[..] else { panic!("{told:?}") };
        let header = if to.contains(':') { 40 } else { 20 };
        assert_eq!(*kind, if to.contains(':') { 3 } else { 11 });
        assert_eq!(rest[4 + header + 4..4 + header + 8], [0, 77, 0, 5]);
        lab.pass(Duration::from_secs(61));
        assert_eq!(lab.nat.flows(), 0);
    }
}

#[test]
fn our_end_of_the_link_answers_pings_itself() {
    for (caller, gateway) in [(CALLER, GATEWAY), (CALLER6, GATEWAY6), ("fe80::99", "fe80::1")] {
        let mut lab = lab();
        lab.raw(&ping(ip(caller), ip(gateway), 1, 3, 4, b"here?"));
        let told = said(&mut lab);
        let [Said::Icmp { from, to, rest, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!((*from, *to, &rest[..]), (ip(gateway), ip(caller), &b"\0\x03\0\x04here?"[..]));
        assert!(lab.other.is_empty() && lab.nat.flows() == 0);
    }
}

#[test]
fn hops_run_out_here() {
    let (caller, first, _) = PAIRS[0];
    for hops in [0, 1] {
        let mut lab = lab();
        lab.raw(&udp_hops(at(caller), at(first), hops, b"traceroute"));
        let told = said(&mut lab);
        let [Said::Icmp { from, kind: 11, code: 0, .. }] = &told[..] else { panic!("{told:?}") };
        assert_eq!(*from, ip(GATEWAY));
        assert!(lab.other.is_empty());
        assert_eq!(lab.nat.stats().dropped(Dropped::Hops), 1);
    }
    let mut lab = lab();
    lab.raw(&udp_hops(at(caller), at(first), 2, b"traceroute"));
    assert_eq!(datagram(&mut lab).2, 1);
}

#[test]
fn what_the_rules_close_is_told_as_prohibited() {
    let mut lab = Lab::with_reach(config(), GOOD, 1, Reach::parse(["192.0.43.8:7"]).unwrap());
    let (caller, open, closed) = PAIRS[0];
    lab.raw(&udp(at(caller), at(open), b"x"));
    datagram(&mut lab);
    lab.raw(&udp(at(caller), at(closed), b"x"));
    lab.raw(&ping(ip(CALLER), ip("192.0.43.8"), 64, 1, 1, b"x"));
    let told = said(&mut lab);
    assert!(
        matches!(told[..], [Said::Icmp { kind: 3, code: 13, .. }, Said::Icmp { kind: 3, code: 13, .. }]),
        "{told:?}"
    );
    assert!(lab.other.is_empty());
    assert_eq!(lab.nat.stats().dropped(Dropped::Reach), 2);
}

#[test]
fn errors_are_few_in_a_second() {
    let mut lab = lab();
    for port in 1000..1200 {
        lab.raw(&udp_hops(SocketAddr::new(ip(CALLER), port), at(PAIRS[0].1), 1, b"x"));
    }
    assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Quiet)), (40, 160));
    lab.pass(Duration::from_secs(1));
    for port in 1000..1200 {
        lab.raw(&udp_hops(SocketAddr::new(ip(CALLER), port), at(PAIRS[0].1), 1, b"x"));
    }
    assert_eq!(said(&mut lab).len(), 20);
}

#[test]
fn names_are_asked_of_the_resolver() {
    for (caller, gateway) in [("10.64.0.2:1030", "10.64.0.1:53"), ("[fd64:0:0:1::2]:1030", "[fd64::1]:53")] {
        let mut lab = lab();
        lab.raw(&udp(at(caller), at(gateway), b"a question of its size"));
        let orders = std::mem::take(&mut lab.other);
        let [Order::Question { question, message }] = &orders[..] else { panic!("{orders:?}") };
        assert_eq!(message, b"a question of its size");
        lab.nat.handle(lab.now, Input::Answer(*question, b"an answer"));
        let expected = Said::Udp { from: at(gateway), to: at(caller), data: b"an answer".to_vec() };
        assert_eq!(said(&mut lab), [expected]);
        // an answer counts once, and only in time
        lab.nat.handle(lab.now, Input::Answer(*question, b"an answer"));
        assert_eq!(said(&mut lab).len(), 0);
        lab.raw(&udp(at(caller), at(gateway), b"a question of its size"));
        let orders = std::mem::take(&mut lab.other);
        let [Order::Question { question, .. }] = &orders[..] else { panic!("{orders:?}") };
        lab.pass(Duration::from_secs(20));
        lab.nat.handle(lab.now, Input::Answer(*question, b"late"));
        assert_eq!((said(&mut lab).len(), lab.rests()), (0, true));
    }
}

#[test]
fn new_rules_forget_whom_they_close() {
    let mut lab = lab();
    let (caller, first, second) = PAIRS[0];
    lab.raw(&udp(at(caller), at(first), b"one"));
    let (flow, ..) = datagram(&mut lab);
    lab.raw(&udp(at(caller), at(second), b"two"));
    datagram(&mut lab);
    lab.nat.set_reach(lab.now, Reach::default().with_host([at(first).ip()]));
    answer(&mut lab, flow, first, b"x");
    answer(&mut lab, flow, second, b"x");
    assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Unasked)), (1, 1));
}

/// Datagrams come faster than the line carries them: what waits is bounded, the rest is counted.
#[test]
fn a_flood_from_outside_meets_the_queue() {
    let mut lab = lab();
    let (caller, first, _) = PAIRS[0];
    lab.raw(&udp(at(caller), at(first), b"one"));
    let (flow, ..) = datagram(&mut lab);
    for _ in 0..1000 {
        answer(&mut lab, flow, first, &[7; 1000]);
    }
    assert!(lab.nat.memory() <= 64 << 10);
    let dropped = lab.nat.stats().dropped(Dropped::Queue);
    assert_eq!(lab.packets().len() as u64 + dropped, 1000);
    assert!(dropped > 900);
}

/// Who looks for the largest packet that fits is told, and others are cut on their way.
#[test]
fn who_wants_no_cutting_is_obeyed() {
    let mut v4 = udp(at(PAIRS[0].0), at(PAIRS[0].1), b"x");
    let mut cut = v4.clone();
    // the bit is in 0x40 of octet 6, and in the checksum
    for (packet, wanted) in [(&mut v4, 0x40), (&mut cut, 0)] {
        let sum = u16::from_be_bytes([packet[10], packet[11]]);
        let was = packet[6];
        packet[6] = wanted;
        let sum = sum.wrapping_add(u16::from(was) << 8).wrapping_sub(u16::from(wanted) << 8);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    let v6 = udp(at(PAIRS[1].0), at(PAIRS[1].1), b"x");
    for (packet, expected) in [(v4, true), (cut, false), (v6, true)] {
        let mut lab = lab();
        lab.raw(&packet);
        assert!(
            matches!(lab.other[..], [Order::Datagram { whole, .. }] if whole == expected),
            "{:?}",
            lab.other
        );
    }
}
