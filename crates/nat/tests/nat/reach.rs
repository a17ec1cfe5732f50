//! What `reach` closes stays closed, seen from the caller's side: ten thousand generated destinations.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use openras_nat::{Dropped, Order, Reach, Target};
use proptest::prelude::*;

use crate::lab::{CALLER, CALLER6, Lab, Server, config, ip};
use crate::line::GOOD;
use crate::packets::{SYN, ping, tcp, udp};

fn destination() -> impl Strategy<Value = IpAddr> {
    let nets = vec![
        0x0a00_0000_u32,
        0x7f00_0000,
        0xa9fe_0000,
        0xac10_0000,
        0xc0a8_0000,
        0x6440_0000,
        0,
        0xe000_0000,
        0xffff_fff0,
    ];
    let v4 = prop_oneof![
        any::<u32>(),
        (prop::sample::select(nets), 0_u32..0x2_0000).prop_map(|(net, host)| net.wrapping_add(host))
    ];
    let v6 = prop_oneof![
        any::<u128>(),
        any::<u128>().prop_map(|bits| (bits >> 7) | (0xfc_u128 << 120)),
        any::<u64>().prop_map(|low| (0xfe80_u128 << 112) | u128::from(low)),
        any::<u32>().prop_map(|v4| (0xffff_u128 << 32) | u128::from(v4)),
        any::<u32>().prop_map(|v4| (0x0064_ff9b_u128 << 96) | u128::from(v4)),
        any::<u32>().prop_map(|v4| (0x2002_u128 << 112) | (u128::from(v4) << 80)),
        any::<u8>().prop_map(u128::from),
        (0x2000_u128..0x3fff, any::<u64>()).prop_map(|(net, low)| (net << 112) | u128::from(low)),
    ];
    prop_oneof![
        v4.prop_map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits))),
        v6.prop_map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// 500 × 20: no order ever names a destination that the rules close, by TCP, UDP or ping.
    #[test]
    fn ten_thousand_destinations(all in prop::collection::vec((destination(), 1_u16..), 20)) {
        let reach = Reach::default().with_host([ip("8.8.8.8"), ip("2606:4700::1")]);
        let mut lab = Lab::with_reach(config(), GOOD, 1, reach.clone());
        for port in [53, 80] {
            lab.servers.insert(port, Server::Silent);
        }
        let gateways = [ip("10.64.0.1"), ip("fd64::1")];
        let (mut sent, mut open) = (0, 0);
        for (to, port) in all.into_iter().filter(|(to, _)| !gateways.contains(to)) {
            let from = SocketAddr::new(ip(if to.is_ipv4() { CALLER } else { CALLER6 }), 1000 + sent);
            let before = *lab.nat.stats();
            lab.raw(&tcp(from, SocketAddr::new(to, port), &SYN));
            lab.raw(&udp(from, SocketAddr::new(to, port), b"x"));
            lab.raw(&ping(from.ip(), to, 64, 1000 + sent, 1, b"x"));
            let after = *lab.nat.stats();
            let flows = after.streams + after.mappings + after.pings - before.streams - before.mappings - before.pings;
            let shut = [Dropped::Reach, Dropped::Destination].map(|why| after.dropped(why) - before.dropped(why));
            prop_assert_eq!(flows + shut.iter().sum::<u64>(), 3, "{} {}", to, port);
            let allowed = reach.allows(to, Some(port)).is_ok() && !to.to_canonical().is_loopback();
            prop_assert_eq!(flows > 0, allowed && flows == 3, "{} {}", to, port);
            open += u64::from(flows > 0);
            sent += 1;
            // so that no cap decides
            lab.pass(Duration::from_secs(1));
        }
        let named = lab.other.iter().filter_map(|order| match order {
            Order::Datagram { to, .. } => Some((to.ip(), Some(to.port()))),
            Order::Ping { to, .. } => Some((*to, None)),
            _ => None,
        });
        let connected = lab.peers.values().map(|peer| match peer.to {
            Target::Host(to) => (to.ip(), Some(to.port())),
            Target::Resolver => panic!("nobody asked for it"),
        });
        let mut count = 0;
        for (to, port) in named.chain(connected) {
            prop_assert_eq!(reach.allows(to, port), Ok(()), "{} {:?}", to, port);
            prop_assert_eq!(to, to.to_canonical());
            count += 1;
        }
        prop_assert_eq!(count, open * 3);
    }
}
