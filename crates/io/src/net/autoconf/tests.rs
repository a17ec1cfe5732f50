use super::*;

const IDENTIFIER: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 7];
const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// An advertisement as the wire has it.
fn advertisement(from: Ipv6Addr, hops: u8, lifetime: u16, options: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![134, 0, 0, 0, 64, 0];
    body.extend(lifetime.to_be_bytes());
    body.extend([0; 8]);
    body.extend(options.concat());
    let to = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    let mut packet = vec![0; 40 + body.len()];
    let mut ip = Ipv6Packet::new_unchecked(&mut packet[..]);
    ip.set_version(6);
    ip.set_payload_len(u16::try_from(body.len()).unwrap());
    ip.set_next_header(IpProtocol::Icmpv6);
    ip.set_hop_limit(hops);
    ip.set_src_addr(from);
    ip.set_dst_addr(to);
    ip.payload_mut().copy_from_slice(&body);
    Icmpv6Packet::new_unchecked(ip.payload_mut()).fill_checksum(&from, &to);
    packet
}

fn prefix(text: &str, length: u8, flags: u8, valid: u32) -> Vec<u8> {
    let mut option = vec![3, 4, length, flags];
    option.extend(valid.to_be_bytes());
    option.extend(valid.to_be_bytes());
    option.extend([0; 4]);
    option.extend(text.parse::<Ipv6Addr>().unwrap().octets());
    option
}

fn server(text: &str, seconds: u32) -> Vec<u8> {
    let mut option = vec![25, 3, 0, 0];
    option.extend(seconds.to_be_bytes());
    option.extend(text.parse::<Ipv6Addr>().unwrap().octets());
    option
}

fn addresses(link: &Autoconf) -> Vec<String> {
    link.addresses().map(|one| one.to_string()).collect()
}

#[test]
fn three_solicitations_go_and_then_nobody_is_asked() {
    let begin = Instant::now();
    let mut link = Autoconf::new(IDENTIFIER, begin);
    let mut sent = Vec::new();
    while let Some(at) = link.timeout() {
        sent.extend(link.due(at).0.map(|packet| (at - begin, packet)));
    }
    let times: Vec<u64> = sent.iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(times, [0, 4, 8]);
    assert!(!link.is_asking());
    // RFC 4861 §4.1: link-local to all routers, hop limit 255, no option where there is no link-layer address
    let expected =
        "6000000000083aff fe800000000000000000000000000007 ff020000000000000000000000000002 85007d3000000000";
    let hex: String = sent[0].1.iter().map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(hex[..96], expected.replace(' ', "")[..96]);
    assert!(
        Icmpv6Packet::new_unchecked(&sent[0].1[40..]).verify_checksum(&link_local(IDENTIFIER), &ALL_ROUTERS)
    );
}

#[test]
fn an_advertisement_gives_address_router_mtu_and_name_server_until_it_runs_out() {
    let begin = Instant::now();
    let mut link = Autoconf::new(IDENTIFIER, begin);
    link.due(begin);
    let said = advertisement(
        ROUTER,
        255,
        1800,
        &[
            &[5, 1, 0, 0, 0, 0, 5, 0x78],
            &prefix("fd12:3456::", 64, 0x40, 3600),
            &server("fd12:3456::1", 3600),
        ],
    );
    assert_eq!(link.handle(&said, begin), Heard::Changed);
    assert_eq!(addresses(&link), ["fd12:3456::7"]);
    assert_eq!((link.router(), link.mtu()), (Some(ROUTER), Some(1400)));
    assert_eq!(link.servers().collect::<Vec<_>>(), ["fd12:3456::1".parse::<Ipv6Addr>().unwrap()]);
    // asked again at half of the shortest time, and what is said again counts anew
    let half = begin + Duration::from_secs(900);
    assert_eq!(link.timeout(), Some(half));
    assert!(link.due(half).0.is_some());
    assert_eq!(link.handle(&said, half), Heard::Same);
    assert_eq!(link.timeout(), Some(half + Duration::from_secs(900)));
    // nobody answers any more: each goes when its time is over
    let mut changes = Vec::new();
    while let Some(at) = link.timeout() {
        if link.due(at).1 {
            changes.push(((at - half).as_secs(), link.router().is_some(), addresses(&link).len()));
        }
    }
    assert_eq!(changes, [(1800, false, 1), (3600, false, 0)]);
}

#[test]
fn a_router_takes_back_what_it_said() {
    let now = Instant::now();
    let mut link = Autoconf::new(IDENTIFIER, now);
    link.handle(&advertisement(ROUTER, 255, 1800, &[&prefix("fd12::", 64, 0x40, 3600)]), now);
    assert_eq!(
        link.handle(&advertisement(ROUTER, 255, 0, &[&prefix("fd12::", 64, 0x40, 0)]), now),
        Heard::Changed
    );
    assert_eq!((addresses(&link).len(), link.router()), (0, None));
}

#[test]
fn what_is_not_of_this_link_or_no_network_for_hosts_is_not_believed() {
    let now = Instant::now();
    let good = prefix("fd12::", 64, 0x40, 3600);
    let far = Ipv6Addr::new(0xfd12, 0, 0, 0, 0, 0, 0, 1);
    let mut broken = advertisement(ROUTER, 255, 1800, &[&good]);
    broken[60] ^= 1;
    let same = [
        advertisement(ROUTER, 254, 1800, &[&good]),
        advertisement(far, 255, 1800, &[&good]),
        advertisement(ROUTER, 255, 1800, &[&good, &[3, 0]]),
        advertisement(ROUTER, 255, 1800, &[&good, &[3, 4, 64]]),
        broken,
    ];
    for packet in same {
        let mut link = Autoconf::new(IDENTIFIER, now);
        assert_eq!(link.handle(&packet, now), Heard::Same);
        assert_eq!((addresses(&link).len(), link.router()), (0, None));
    }
    let networks =
        ["fe80::", "ff02::", "::", "::ffff:0:0", "fec0::"].map(|text| prefix(text, 64, 0x40, 3600));
    let others = [prefix("fd12::", 56, 0x40, 3600), prefix("fd12::", 64, 0x80, 3600)];
    for option in networks.iter().chain(&others) {
        let mut link = Autoconf::new(IDENTIFIER, now);
        link.handle(&advertisement(ROUTER, 255, 1800, &[option]), now);
        assert_eq!(addresses(&link).len(), 0);
    }
    // however many there are
    let many: Vec<Vec<u8>> = (0..30).map(|n| prefix(&format!("fd12:{n}::"), 64, 0x40, 3600)).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let mut link = Autoconf::new(IDENTIFIER, now);
    link.handle(&advertisement(ROUTER, 255, 1800, &many), now);
    assert_eq!(addresses(&link).len(), ADDRESSES);
}

/// Any octets: nothing panics, and nothing grows.
#[test]
fn any_octets_are_taken() {
    use rand_chacha::rand_core::{Rng, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
    let now = Instant::now();
    let mut link = Autoconf::new(IDENTIFIER, now);
    let good = advertisement(ROUTER, 255, 1800, &[&prefix("fd12::", 64, 0x40, 3600), &server("fd12::1", 60)]);
    for _ in 0..20_000 {
        let mut packet = good.clone();
        for _ in 0..1 + random.next_u32() % 4 {
            let at = random.next_u32() as usize % packet.len();
            packet[at] = random.next_u32() as u8;
        }
        packet.truncate(random.next_u32() as usize % (packet.len() + 1));
        // as one whose checksum is right
        if packet.len() > 44 {
            let ip = Ipv6Packet::new_unchecked(&packet[..]);
            let (from, to) = (ip.src_addr(), ip.dst_addr());
            let length = u16::try_from(packet.len() - 40).unwrap();
            packet[4..6].copy_from_slice(&length.to_be_bytes());
            Icmpv6Packet::new_unchecked(&mut packet[40..]).fill_checksum(&from, &to);
        }
        link.handle(&packet, now);
        assert!(link.addresses().count() <= ADDRESSES && link.servers().count() <= SERVERS);
    }
}
