use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn internet() -> Reach {
    Reach::default()
        .with_host([ip("198.41.0.4"), ip("2001:500:2::c"), ip("192.168.1.10")])
        .with_callers([Net::new(ip("44.0.0.0"), 16).unwrap(), Net::new(ip("2a00:1::"), 64).unwrap()])
}

#[test]
fn the_internet_is_open_and_nothing_else() {
    let cases = [
        ("8.8.8.8", None),
        ("1.1.1.1", None),
        ("99.255.255.255", None),
        ("100.63.255.255", None),
        ("100.128.0.0", None),
        ("172.15.255.255", None),
        ("172.32.0.0", None),
        ("2606:4700::1111", None),
        ("0.0.0.0", Some(Why::Unspecified)),
        ("0.1.2.3", Some(Why::Private)),
        ("10.255.255.255", Some(Why::Private)),
        ("100.64.0.0", Some(Why::Private)),
        ("100.127.255.255", Some(Why::Private)),
        ("127.0.0.1", Some(Why::Loopback)),
        ("127.255.255.254", Some(Why::Loopback)),
        ("169.254.169.254", Some(Why::LinkLocal)),
        ("172.16.0.1", Some(Why::Private)),
        ("172.31.255.255", Some(Why::Private)),
        ("192.168.0.1", Some(Why::Private)),
        ("198.19.0.1", Some(Why::Reserved)),
        ("224.0.0.1", Some(Why::Multicast)),
        ("239.255.255.255", Some(Why::Multicast)),
        ("240.0.0.1", Some(Why::Reserved)),
        ("255.255.255.255", Some(Why::Broadcast)),
        ("198.41.0.4", Some(Why::Host)),
        ("44.0.3.4", Some(Why::Caller)),
        ("::", Some(Why::Unspecified)),
        ("::1", Some(Why::Loopback)),
        ("fc00::1", Some(Why::Private)),
        ("fdff::1", Some(Why::Private)),
        ("fe80::1", Some(Why::LinkLocal)),
        ("febf::1", Some(Why::LinkLocal)),
        ("fec0::1", Some(Why::Private)),
        ("ff02::1", Some(Why::Multicast)),
        ("2001:db8::1", Some(Why::Reserved)),
        ("4000::1", Some(Why::Reserved)),
        ("2001:500:2::c", Some(Why::Host)),
        ("2a00:1::99", Some(Why::Caller)),
        // every way to write a closed IPv4 address in an IPv6 one
        ("::ffff:127.0.0.1", Some(Why::Loopback)),
        ("::ffff:192.168.1.1", Some(Why::Private)),
        ("::ffff:198.41.0.4", Some(Why::Host)),
        ("::ffff:8.8.8.8", None),
        ("64:ff9b::10.1.2.3", Some(Why::Private)),
        ("64:ff9b::198.41.0.4", Some(Why::Host)),
        ("64:ff9b::0.0.0.0", Some(Why::Unspecified)),
        ("64:ff9b::8.8.8.8", None),
        ("64:ff9b:1::8.8.8.8", Some(Why::Reserved)),
        ("2002:7f00:1::1", Some(Why::Loopback)),
        ("2002:c0a8:101::1", Some(Why::Private)),
        ("2002:808:808::1", None),
        ("2001:0:1:2:3:4:3f57:fefe", Some(Why::Private)),
        ("2001:2::1", Some(Why::Reserved)),
        ("2001:2:1::1", None),
        ("2001:1f::1", Some(Why::Reserved)),
        ("2001:20::1", None),
        ("2606:4700::5efe:a00:1", Some(Why::Private)),
    ];
    let reach = internet();
    for (to, expected) in cases {
        assert_eq!(reach.allows(ip(to), Some(80)).err(), expected, "{to}");
        assert_eq!(reach.allows(ip(to), None).err(), expected, "{to}, a ping");
    }
}

#[test]
fn a_network_opens_what_it_names() {
    let reach = Reach::parse(["192.168.7.0/24:22,443", "127.0.0.1:8080", "[fd00:7::/48]:80-90", "10.9.9.9"])
        .unwrap()
        .with_host([ip("192.168.7.5")]);
    for (to, port, expected) in [
        ("192.168.7.1", Some(22), None),
        ("192.168.7.5", Some(443), None),
        ("::ffff:192.168.7.1", Some(22), None),
        ("192.168.7.1", Some(23), Some(Why::Port)),
        ("192.168.7.1", None, Some(Why::Port)),
        ("192.168.8.1", Some(22), Some(Why::Private)),
        ("127.0.0.1", Some(8080), None),
        ("127.0.0.1", Some(8081), Some(Why::Port)),
        ("127.0.0.2", Some(8080), Some(Why::Loopback)),
        ("fd00:7::1", Some(85), None),
        ("fd00:7::1", Some(91), Some(Why::Port)),
        ("10.9.9.9", Some(1), None),
        ("10.9.9.9", None, None),
        ("8.8.8.8", Some(53), Some(Why::Unlisted)),
    ] {
        assert_eq!(reach.allows(ip(to), port).err(), expected, "{to} {port:?}");
    }
}

#[test]
fn no_word_opens_what_is_no_destination() {
    let all = Reach::parse(["0.0.0.0/0", "::/0"]).unwrap();
    assert_eq!(all.allows(ip("127.0.0.1"), Some(1)), Ok(()));
    assert_eq!(all.allows(ip("0.0.0.0"), Some(1)), Err(Why::Unspecified));
    assert_eq!(all.allows(ip("::"), Some(1)), Err(Why::Unspecified));
    assert_eq!(all.allows(ip("::ffff:0.0.0.0"), Some(1)), Err(Why::Unspecified));
    assert_eq!(all.allows(ip("224.0.0.1"), Some(1)), Err(Why::Multicast));
    assert_eq!(all.allows(ip("ff05::2"), Some(1)), Err(Why::Multicast));
    assert_eq!(all.allows(ip("255.255.255.255"), Some(1)), Err(Why::Broadcast));
    assert_eq!(Reach::parse([""; 0]).unwrap().allows(ip("8.8.8.8"), Some(1)), Err(Why::Unlisted));
}

#[test]
fn words_that_mean_nothing_are_named() {
    for word in [
        "Internet",
        "",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0.0.5/24",
        "fd00::1/64",
        "10.0.0.0/8:",
        "10.0.0.0/8:0",
        "10.0.0.0/8:22,",
        "10.0.0.0/8:90-80",
        "10.0.0.0/8:70000",
        "10.0.0.0/8:ssh",
        "[fd00::/8",
        "[fd00::/8]22",
        "::ffff:10.0.0.1",
        "example.org",
        "internet ",
    ] {
        let bad = Reach::parse([word]).unwrap_err();
        assert_eq!(bad.word, word);
        assert!(!bad.to_string().is_empty());
    }
}

/// An independent statement of what rule 16 closes.
fn is_public_v4(to: Ipv4Addr) -> bool {
    let [a, b, ..] = to.octets();
    !(to.is_private()
        || to.is_loopback()
        || to.is_link_local()
        || to.is_multicast()
        || to.is_broadcast()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b)))
}

fn any_v4() -> impl Strategy<Value = Ipv4Addr> {
    prop_oneof![
        any::<u32>().prop_map(Ipv4Addr::from_bits),
        // as many within the closed networks and at their edges as elsewhere
        (
            prop::sample::select(vec![
                0x0000_0000_u32,
                0x0a00_0000,
                0x6440_0000,
                0x7f00_0000,
                0xa9fe_0000,
                0xac10_0000,
                0xc0a8_0000,
                0xe000_0000,
                0xffff_ff00,
                0xc629_0004,
                0x2c00_0000,
            ]),
            0_u32..0x0020_0000,
            any::<bool>()
        )
            .prop_map(|(net, more, below)| Ipv4Addr::from_bits(if below {
                net.wrapping_sub(more % 256)
            } else {
                net.wrapping_add(more)
            })),
    ]
}

/// The IPv6 forms of an IPv4 address.
fn forms(v4: Ipv4Addr) -> [Ipv6Addr; 3] {
    let bits = u128::from(v4.to_bits());
    [
        v4.to_ipv6_mapped(),
        Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | bits),
        Ipv6Addr::from_bits((0x2002_u128 << 112) | (bits << 80) | 1),
    ]
}

fn any_v6() -> impl Strategy<Value = Ipv6Addr> {
    prop_oneof![
        any::<u128>().prop_map(Ipv6Addr::from_bits),
        (
            prop::sample::select(vec![
                0_u128,
                0xfc00 << 112,
                0xfe80 << 112,
                0xfec0 << 112,
                0xff00 << 112,
                0x2a00_0001 << 96
            ]),
            any::<u64>()
        )
            .prop_map(|(net, low)| Ipv6Addr::from_bits(net | u128::from(low))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn ten_thousand_destinations_and_closed_stays_closed(v4 in any_v4(), v6 in any_v6(), port in any::<Option<u16>>()) {
        let reach = internet();
        let host = [Ipv4Addr::new(198, 41, 0, 4)];
        let closed = !is_public_v4(v4) || host.contains(&v4) || v4.octets()[..2] == [44, 0];
        let verdict = reach.allows(v4.into(), port);
        if closed {
            prop_assert!(verdict.is_err(), "{} is open", v4);
        }
        for form in forms(v4) {
            prop_assert!(!closed || reach.allows(form.into(), port).is_err(), "{} is open", form);
        }
        let first = v6.segments()[0];
        let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || v6.is_multicast();
        let small = v6.to_bits() <= 1;
        let other = v6.segments()[..4] == [0x2a00, 1, 0, 0];
        if local || small || other {
            prop_assert!(reach.allows(v6.into(), port).is_err(), "{} is open", v6);
        }
        // with no word at all, nothing is open
        let none = Reach::parse([""; 0]).unwrap();
        prop_assert!(none.allows(v4.into(), port).is_err() && none.allows(v6.into(), port).is_err());
        // and what is public is open: a list that closes everything would pass the rest
        let reserved = matches!(v4.octets(), [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _]);
        prop_assert!(closed || reserved || verdict.is_ok(), "{} is closed", v4);
    }
}
