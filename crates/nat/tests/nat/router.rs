//! What the router of the link says, asked and unasked (RFC 4861 §6.2).

use std::time::{Duration, Instant};

use openras_nat::{Caps, Dropped, V4};
use openras_ppp::Machine;

use crate::lab::{CALLER, GATEWAY, Lab, config, ip};
use crate::line::GOOD;
use crate::packets::{Said, ping, read};

fn lab() -> Lab {
    Lab::new(config(), GOOD, 1)
}

fn said(lab: &mut Lab) -> Vec<Said> {
    lab.packets().iter().map(|packet| read(packet)).collect()
}

fn solicitation() -> Vec<u8> {
    let mut solicitation = ping(ip("fe80::99"), ip("ff02::2"), 255, 0, 0, b"");
    // the same checksum: from type 128 to 133
    solicitation[40] = 133;
    let sum = u16::from_be_bytes([solicitation[42], solicitation[43]]);
    solicitation[42..44].copy_from_slice(&(sum - 0x500).to_be_bytes());
    solicitation
}

/// Lets the time pass from one timeout to the next; gives when the router spoke, in seconds from the begin.
fn speaks(lab: &mut Lab, time: Duration) -> Vec<u64> {
    let end = lab.now + time;
    lab.advertised.clear();
    while let Some(at) = lab.nat.poll_timeout().filter(|at| *at <= end) {
        lab.pass(at - lab.now);
        assert_eq!(lab.packets(), Vec::<Vec<u8>>::new());
    }
    lab.pass(end - lab.now);
    let begin = lab.begin;
    lab.advertised.iter().map(|(at, _): &(Instant, _)| (*at - begin).as_secs()).collect()
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_caller_learns_its_prefix_and_the_resolver() {
    let mut lab = lab();
    let mut solicitation = solicitation();
    lab.raw(&solicitation);
    let told = said(&mut lab);
    let [Said::Icmp { from, to, kind: 134, code: 0, rest }] = &told[..] else { panic!("{told:?}") };
    assert_eq!((*from, *to), (ip("fe80::1"), ip("fe80::99")));
    let prefix = "fd64:0:0:1::".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let resolver = "fd64::1".parse::<std::net::Ipv6Addr>().unwrap().octets();
    let holds = |octets: &[u8]| rest.windows(16).any(|window| window == octets);
    assert!(holds(&prefix) && holds(&resolver));
    // one that came from further away is none
    solicitation[7] = 254;
    lab.raw(&solicitation);
    assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Destination)), (0, 1));
}

/// A kernel asks when its link comes up and never again; what it was told lasts two hours.
#[test]
fn a_caller_that_asks_once_keeps_what_it_was_told() {
    let mut lab = lab();
    lab.pass(Duration::from_secs(2));
    lab.raw(&solicitation());
    assert_eq!(said(&mut lab).len(), 1);
    let times = speaks(&mut lab, 24 * HOUR);
    assert_eq!(times.first(), Some(&1802), "it was told at 2 s");
    assert_eq!(times.len(), 48, "{times:?}");
    assert!(times.windows(2).all(|two| two[1] - two[0] == 1800), "{times:?}");
    // each says it all anew, to all nodes
    for (_, packet) in &lab.advertised {
        let Said::Icmp { from, to, kind: 134, code: 0, rest } = read(packet) else { panic!("{packet:?}") };
        assert_eq!((from, to, packet[7]), (ip("fe80::1"), ip("ff02::1"), 255));
        assert_eq!(rest[2..4], 7200_u16.to_be_bytes(), "the router's lifetime");
        assert_eq!(rest[20..22], [3, 4], "the prefix");
        assert_eq!(rest[24..32], [0, 0, 0x1c, 0x20, 0, 0, 0x1c, 0x20], "its lifetimes");
    }
    // an answer puts the next one off
    lab.pass(Duration::from_secs(600));
    let asked = (lab.now - lab.begin).as_secs();
    lab.raw(&solicitation());
    assert_eq!(said(&mut lab).len(), 1);
    assert_eq!(speaks(&mut lab, HOUR), [asked + 1800, asked + 3600]);
}

/// Its solicitation may have been lost, and some never send one.
#[test]
fn who_does_not_ask_is_told_soon() {
    assert_eq!(speaks(&mut lab(), HOUR), [16, 1816]);
}

/// IPv6 comes up after IPv4, and goes.
#[test]
fn a_link_without_ipv6_has_no_router() {
    let mut v4 = config();
    let v6 = v4.v6.take();
    let mut lab = Lab::new(v4.clone(), GOOD, 1);
    assert_eq!((speaks(&mut lab, HOUR).len(), lab.nat.poll_timeout()), (0, None));
    // a caller that asks for one lies about nothing
    lab.raw(&solicitation());
    let dropped = |what| lab.nat.stats().dropped(what);
    assert_eq!((dropped(Dropped::Destination), dropped(Dropped::Spoofed)), (1, 0));
    let addresses = Some(V4 { caller: CALLER.parse().unwrap(), gateway: GATEWAY.parse().unwrap() });
    lab.nat.set_addresses(lab.now, addresses, v6);
    assert_eq!(speaks(&mut lab, HOUR), [3616, 5416]);
    lab.nat.set_addresses(lab.now, addresses, None);
    assert_eq!((speaks(&mut lab, HOUR).len(), lab.nat.poll_timeout()), (0, None));
    // nor has one whose packets are too small for it (RFC 8200 §5)
    let mut small = config();
    small.mtu = 576;
    assert_eq!(speaks(&mut Lab::new(small, GOOD, 1), HOUR), []);
}

/// What a caller may ask for in a second does not hold up what is due, and a line that takes nothing keeps little.
#[test]
fn a_flood_of_solicitations_does_not_silence_it() {
    let mut few = config();
    few.caps = Caps { errors: 0, ..few.caps };
    let mut lab = Lab::new(few, GOOD, 1);
    for _ in 0..100 {
        lab.raw(&solicitation());
    }
    assert_eq!((said(&mut lab).len(), lab.nat.stats().dropped(Dropped::Quiet)), (0, 100));
    assert_eq!(speaks(&mut lab, HOUR), [16, 1816]);
    // nobody takes them
    for _ in 0..10_000 {
        lab.pass(HOUR);
    }
    assert!(lab.nat.memory() <= lab.nat.config().caps.queue, "{}", lab.nat.memory());
}
