//! Bad input: spoofed, giant, too many, and 10,000 places that are closed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

/// An address that `internet` does not include, by construction.
fn closed_place(random: &mut ChaCha8Rng, host: &[Ipv4Addr]) -> Ipv4Addr {
    let low = random.next_u32();
    let within = |net: [u8; 4], length: u32| {
        let net = u32::from(Ipv4Addr::from(net));
        Ipv4Addr::from(net | (low & (u32::MAX >> length)))
    };
    match random.next_u32() % 14 {
        0 => within([0, 0, 0, 0], 8),
        1 => within([10, 0, 0, 0], 8),
        2 => within([100, 64, 0, 0], 10),
        3 => within([127, 0, 0, 0], 8),
        4 => within([169, 254, 0, 0], 16),
        5 => within([172, 16, 0, 0], 12),
        6 => within([192, 168, 0, 0], 16),
        7 => within([192, 0, 2, 0], 24),
        8 => within([198, 18, 0, 0], 15),
        9 => within([224, 0, 0, 0], 4),
        10 => within([240, 0, 0, 0], 4),
        11 => Ipv4Addr::BROADCAST,
        12 => GATEWAY,
        _ => host[low as usize % host.len()],
    }
}

/// Defence rule 16. Public addresses of this machine are among them, and the gateway, which is its loopback.
#[tokio::test]
async fn of_ten_thousand_closed_places_none_gets_a_socket() {
    let host = [Ipv4Addr::new(93, 184, 216, 34), Ipv4Addr::new(5, 9, 9, 9)];
    let caps = Caps { errors: 1_000_000, new_flows: 1_000_000, ..Caps::default() };
    let mut nat = up(Settings { host: Host::fixed(host.map(IpAddr::from)), caps, ..settings(&["internet"]) });
    let mut random = ChaCha8Rng::seed_from_u64(16);
    let mut resets = 0;
    for n in 0..10_000u32 {
        let to = closed_place(&mut random, &host);
        let port = u16::try_from(random.next_u32() % 65535 + 1).unwrap();
        // names and pings of the gateway are our own answers
        let (port, kind) = if to == GATEWAY && port == 53 { (54, n % 2) } else { (port, n % 3) };
        let kind = if to == GATEWAY { kind % 2 } else { kind };
        let from = 1024 + u16::try_from(n % 60_000).unwrap();
        nat.send(match kind {
            0 => syn(from, (to, port)),
            1 => udp(from, (to, port), b"hello"),
            _ => ping(to),
        });
        for packet in now_there(&mut nat).await {
            resets += usize::from(packet[9] == 6 && packet[33] & 4 != 0);
        }
        assert_eq!((held(&nat), nat.flows()), ((0, 0), 0), "{to}:{port}, kind {kind}");
    }
    let stats = nat.stats();
    assert_eq!((stats.streams, stats.mappings, stats.pings), (0, 0, 0));
    assert_eq!(stats.dropped(Dropped::Reach) + stats.dropped(Dropped::Destination), 10_000, "{stats:?}");
    assert!(resets > 1000, "{resets} resets");
}

#[tokio::test]
async fn spoofed_and_giant_packets_are_dropped_and_counted() {
    let mut nat = up(settings(&["127.0.0.0/8"]));
    nat.send(packet(Ipv4Addr::new(10, 64, 0, 3), GATEWAY, 17, &[0; 20]));
    nat.send(udp(4000, (GATEWAY, 7), &[0; 1473]));
    nat.send(vec![0x45; 16_384]);
    nat.send(vec![]);
    assert_eq!(now_there(&mut nat).await, Vec::<Vec<u8>>::new());
    let stats = nat.stats();
    let counted = [Dropped::Spoofed, Dropped::Giant, Dropped::Malformed].map(|why| stats.dropped(why));
    assert_eq!((counted, held(&nat)), ([1, 2, 1], (0, 0)));
}

/// One caller's flood meets its caps; another's connection goes on beside it.
#[tokio::test]
async fn a_hundred_thousand_flows_meet_the_cap_and_others_do_not_notice() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let word = format!("127.0.0.1:{port}");
    let other = Call::new(settings(&[&word])).await;
    let mut stream = other.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    let sink = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let sink_at = sink.local_addr().unwrap().port();
    let caps = Caps { flows: 200, new_flows: 1_000_000, ..Caps::default() };
    let mut flood = up(Settings { caps, ..settings(&[&format!("127.0.0.1:{sink_at}")]) });
    for n in 0..100_000u32 {
        // ports of sources and destinations, so that each is a flow of its own
        let from = u16::try_from(n % 60_000 + 1024).unwrap();
        if n % 2 == 0 {
            flood.send(udp(from, (GATEWAY, sink_at), b"x"));
        } else {
            flood.send(syn(from, (GATEWAY, sink_at)));
        }
        if n % 5000 == 0 {
            assert!(held(&flood).0 <= 200 && flood.flows() <= 200);
            drop(now_there(&mut flood).await);
            let mut word = [0; 5];
            stream.write_all(b"hello").await.unwrap();
            socket.read_exact(&mut word).await.unwrap();
            socket.write_all(&word).await.unwrap();
            stream.read_exact(&mut word).await.unwrap();
            assert_eq!(&word, b"hello");
        }
    }
    let stats = flood.stats();
    assert!(stats.dropped(Dropped::Flows) > 30_000, "{stats:?}");
    flood.down();
    assert_eq!(flood.stats().dropped(Dropped::Flows), stats.dropped(Dropped::Flows));
}
