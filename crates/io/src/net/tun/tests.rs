//! Real devices, in a network of this test's own. Where that is not allowed the tests say SKIP.

use std::future::poll_fn;
use std::path::Path;
use std::time::Duration;

use openras_nat::Reach;
use openras_ppp::event::{Ipv4, LinkOptions};
use tokio::io::ReadBuf;
use tokio::net::UdpSocket;
use tokio::time::timeout;

use super::super::IpPort;
use super::super::autoconf::{Autoconf, Heard};
use super::super::nat::{Host, Prefix};
use super::*;

/// It ends a test that hangs.
const LONG: Duration = Duration::from_secs(120);

/// Runs a test in a network namespace of its own: this program again, in `unshare`. `false`: this process is not in it.
fn in_a_network_of_its_own(test: &str) -> bool {
    if std::env::var_os("OPENRAS_TUN_TEST").is_some() {
        return true;
    }
    let may = may_make() && Path::new("/dev/net/tun").exists();
    let unshared = |program: &std::ffi::OsStr| {
        let mut command = std::process::Command::new("unshare");
        command.arg("--net").arg(program);
        command
    };
    if !may || !unshared("true".as_ref()).status().is_ok_and(|status| status.success()) {
        println!("SKIP: no network devices are allowed here");
        return false;
    }
    let program = std::env::current_exe().unwrap();
    let ran = unshared(program.as_os_str())
        .args(["--exact", test, "--nocapture"])
        .env("OPENRAS_TUN_TEST", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && text.contains("1 passed"),
        "{text}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    false
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn agreed(local: [u8; 4], remote: [u8; 4], send_mru: u16) -> Negotiated {
    let (local, remote) = (local.into(), remote.into());
    Negotiated {
        ipv4: Some(Ipv4 { local, remote, dns: [None; 2], nbns: [None; 2] }),
        link: LinkOptions { send_mru, ..LinkOptions::default() },
        ..Negotiated::default()
    }
}

async fn packet(port: &mut impl IpPort) -> Vec<u8> {
    let mut memory = vec![0; MAX_PACKET];
    let mut buf = ReadBuf::new(&mut memory);
    let came = poll_fn(|cx| port.poll_recv(cx, &mut buf));
    timeout(LONG, came).await.expect("a packet");
    buf.filled().to_vec()
}

/// An echo of the system's own making: what it sent, back from where it went.
fn turned(packet: &[u8]) -> Vec<u8> {
    let mut back = packet.to_vec();
    back[12..16].copy_from_slice(&packet[16..20]);
    back[16..20].copy_from_slice(&packet[12..16]);
    let (here, there) = (packet[20..22].to_vec(), packet[22..24].to_vec());
    back[20..22].copy_from_slice(&there);
    back[22..24].copy_from_slice(&here);
    back
}

/// The same of IPv6.
fn turned_of_ipv6(packet: &[u8]) -> Vec<u8> {
    let ends = [&packet[24..40], &packet[8..24], &packet[42..44], &packet[40..42]].concat();
    [&packet[..8], &ends[..], &packet[44..]].concat()
}

/// A datagram of no octets, without UDP's checksum.
fn udp(from: [u8; 4], to: [u8; 4], port: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0];
    packet.extend([from, to].concat());
    packet.extend([0, 7]);
    packet.extend(port.to_be_bytes());
    packet.extend([0, 8, 0, 0]);
    smoltcp::wire::Ipv4Packet::new_unchecked(&mut packet[..]).fill_checksum();
    packet
}

#[test]
fn a_dials_device_has_the_address_that_was_given_and_is_gone_with_the_call() {
    if !in_a_network_of_its_own(
        "net::tun::tests::a_dials_device_has_the_address_that_was_given_and_is_gone_with_the_call",
    ) {
        return;
    }
    runtime().block_on(async {
        let mut dial = TunDial::new(Vec::new()).unwrap();
        let name = dial.name().to_owned();
        assert!(is_there(&name));
        dial.up(&agreed([10, 64, 0, 2], [10, 64, 0, 1], 1006));
        assert_eq!(dial.tun.as_ref().unwrap().mtu().unwrap(), 1006);
        let made = nix::net::if_::if_nametoindex(name.as_str()).unwrap();
        dial.up(&agreed([10, 64, 0, 2], [10, 64, 0, 1], 1006));
        let still = nix::net::if_::if_nametoindex(name.as_str()).unwrap();
        assert_eq!(made, still, "it is the same device when IPv6 comes up as well");
        let socket = UdpSocket::bind("10.64.0.2:0").await.unwrap();
        socket.send_to(b"there and back", "10.64.0.1:7").await.unwrap();
        let sent = packet(&mut dial).await;
        assert_eq!(sent.get(28..), Some(&b"there and back"[..]));
        dial.send(turned(&sent));
        let mut memory = [0; 100];
        let got = timeout(LONG, socket.recv_from(&mut memory)).await.unwrap().unwrap();
        assert_eq!(got, (14, "10.64.0.1:7".parse().unwrap()));
        // what is for another address of this machine, or for hosts behind it, the other end has no business with
        let lan =
            std::process::Command::new("ip").args(["addr", "add", "192.168.7.1/24", "dev", "lo"]).status();
        if lan.is_ok_and(|status| status.success()) {
            let lan = UdpSocket::bind("192.168.7.1:0").await.unwrap();
            dial.send(udp([10, 64, 0, 1], [192, 168, 7, 1], lan.local_addr().unwrap().port()));
            dial.send(udp([10, 64, 0, 1], [10, 64, 0, 2], socket.local_addr().unwrap().port()));
            timeout(LONG, socket.recv_from(&mut memory)).await.unwrap().unwrap();
            assert!(lan.try_recv_from(&mut memory).is_err(), "it was carried to another address");
        }
        dial.down();
        assert!(!is_there(&name), "address and routes went with it");
        for (local, remote) in
            [([127, 0, 0, 5], [10, 0, 0, 1]), ([224, 0, 0, 5], [10, 0, 0, 1]), ([10, 0, 0, 2], [255; 4])]
        {
            dial.up(&agreed(local, remote, 0));
            assert!(!is_there(&name), "{local:?} {remote:?}");
        }
        // and up again, as after another negotiation
        dial.up(&agreed([10, 64, 0, 3], [10, 64, 0, 1], 0));
        assert!(UdpSocket::bind("10.64.0.3:0").await.is_ok());
    });
}

#[test]
fn callers_share_a_device_and_none_goes_where_reach_is_closed_or_speaks_for_another() {
    if !in_a_network_of_its_own(
        "net::tun::tests::callers_share_a_device_and_none_goes_where_reach_is_closed_or_speaks_for_another",
    ) {
        return;
    }
    runtime().block_on(async {
        let device = TunDevice::open("rastest", Ipv4Addr::new(10, 64, 0, 1), 24).unwrap();
        let reach = Reach::parse(["10.64.0.1:7"]).unwrap();
        let host = Host::fixed([]);
        let port = || TunPort::new(device.clone(), host.clone(), reach.clone());
        let (mut alice, mut bob) = (port(), port());
        alice.up(&agreed([10, 64, 0, 1], [10, 64, 0, 2], 1500));
        bob.up(&agreed([10, 64, 0, 1], [10, 64, 0, 3], 1500));
        let socket = UdpSocket::bind("10.64.0.1:7").await.unwrap();
        // the system finds each caller by its address
        socket.send_to(b"to bob", "10.64.0.3:9").await.unwrap();
        socket.send_to(b"to alice", "10.64.0.2:9").await.unwrap();
        let (to_alice, to_bob) = (packet(&mut alice).await, packet(&mut bob).await);
        assert_eq!((to_alice.get(28..), to_bob.get(28..)), (Some(&b"to alice"[..]), Some(&b"to bob"[..])));
        alice.send(turned(&to_alice));
        let mut memory = [0; 100];
        let got = timeout(LONG, socket.recv_from(&mut memory)).await.unwrap().unwrap();
        assert_eq!(got, (8, "10.64.0.2:9".parse().unwrap()));
        // alice as bob; a port that is closed; another network; a stub
        alice.send(turned(&to_bob));
        let mut closed = turned(&to_alice);
        closed[23] = 8;
        alice.send(closed);
        let mut elsewhere = turned(&to_alice);
        elsewhere[16] = 192;
        smoltcp::wire::Ipv4Packet::new_unchecked(&mut elsewhere[..]).fill_checksum();
        alice.send(elsewhere);
        alice.send(vec![0x45; 10]);
        let counted = device.counts().read();
        assert_eq!((counted.sent, counted.forged, counted.closed), (1, 2, 2));
        let octets = (to_alice.len() + to_bob.len()) as u64;
        assert_eq!(
            (counted.sent_octets, counted.given, counted.given_octets),
            (to_alice.len() as u64, 2, octets)
        );
        // one who has gone gets nothing more, and nobody else gets it
        bob.down();
        let before = counted.unknown;
        socket.send_to(b"to bob", "10.64.0.3:9").await.unwrap();
        let deadline = tokio::time::Instant::now() + LONG;
        while device.counts().read().unknown == before {
            assert!(tokio::time::Instant::now() < deadline, "it was not counted");
            tokio::task::yield_now().await;
        }
    });
}

/// A caller that has come up with this address of IPv4, IPv6 too, and what its router has told it.
async fn with_ipv6(port: &mut TunPort, last: u8, send_mru: u16) -> Ipv6Addr {
    let (ours, theirs) = ([0, 0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0, 0x99]);
    let ipv4 = agreed([10, 64, 0, 1], [10, 64, 0, last], send_mru);
    port.up(&ipv4);
    port.up(&Negotiated { ipv6: Some((ours, theirs)), ..ipv4 });
    let now = tokio::time::Instant::now();
    let mut caller = Autoconf::new(theirs, now);
    let (solicitation, _) = caller.due(now);
    port.send(solicitation.unwrap());
    assert_eq!(caller.handle(&packet(port).await, now), Heard::Changed);
    assert_eq!((caller.mtu(), caller.servers().count()), (Some(send_mru.into()), 0));
    caller.addresses().next().unwrap()
}

#[test]
fn a_callers_ipv6_is_a_network_of_its_own_and_what_is_too_long_for_its_line_is_told() {
    if !in_a_network_of_its_own(
        "net::tun::tests::a_callers_ipv6_is_a_network_of_its_own_and_what_is_too_long_for_its_line_is_told",
    ) {
        return;
    }
    runtime().block_on(async {
        let device = TunDevice::open("rastest", Ipv4Addr::new(10, 64, 0, 1), 24).unwrap();
        let own: Ipv6Addr = "fd00:0:0:40::1".parse().unwrap();
        if let Err(error) = device.lead_ipv6(own, 58) {
            println!("SKIP: no IPv6 here: {error}");
            return;
        }
        assert!(!device.lead_ipv6(own, 58).expect("it leads there already"));
        let other = TunDevice::open("rastest2", Ipv4Addr::new(10, 65, 0, 1), 24).unwrap();
        let error = other.lead_ipv6(own, 58).expect_err("it leads elsewhere");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        drop(other);
        let reach = Reach::parse(["[fd00:0:0:40::1]:7"]).unwrap();
        let host = Host::fixed([]);
        let port = |prefix: &str| {
            let prefix = Prefix { prefix: prefix.parse().unwrap(), gateway: own };
            let mut port = TunPort::new(device.clone(), host.clone(), reach.clone());
            port.set_prefix(Some(prefix));
            port
        };
        let (mut alice, mut bob) = (port("fd00:0:0:41::"), port("fd00:0:0:42::"));
        let at_alice = with_ipv6(&mut alice, 2, 1500).await;
        let at_bob = with_ipv6(&mut bob, 3, 1280).await;
        assert_eq!(at_alice, "fd00:0:0:41::99".parse::<Ipv6Addr>().unwrap());
        let socket = UdpSocket::bind((own, 7)).await.unwrap();
        socket.send_to(b"to bob", (at_bob, 9)).await.unwrap();
        socket.send_to(b"to alice", (at_alice, 9)).await.unwrap();
        let (to_alice, to_bob) = (packet(&mut alice).await, packet(&mut bob).await);
        assert_eq!((to_alice.get(48..), to_bob.get(48..)), (Some(&b"to alice"[..]), Some(&b"to bob"[..])));
        let mut memory = [0; 100];
        // the kernel may take a moment to take what comes for a new address
        let begun = tokio::time::Instant::now();
        let got = loop {
            alice.send(turned_of_ipv6(&to_alice));
            match timeout(Duration::from_millis(50), socket.recv_from(&mut memory)).await {
                Ok(got) => break got.unwrap(),
                Err(_) => assert!(begun.elapsed() < LONG, "nothing comes from alice"),
            }
        };
        assert_eq!(got, (8, (at_alice, 9).into()));
        // alice as bob; a port that is closed; bob himself; what is of the link alone
        alice.send(turned_of_ipv6(&to_bob));
        let mut closed = turned_of_ipv6(&to_alice);
        closed[43] = 8;
        alice.send(closed.clone());
        closed[24..40].copy_from_slice(&at_bob.octets());
        alice.send(closed.clone());
        closed[8..24].copy_from_slice(&"fe80::99".parse::<Ipv6Addr>().unwrap().octets());
        alice.send(closed);
        let counted = device.counts().read();
        assert_eq!((counted.forged, counted.closed, counted.link, counted.lost), (1, 2, 1, 0));
        // the system's sender hears what bob's line takes, and then sends no more than that
        let ipv4 = UdpSocket::bind("10.64.0.1:0").await.unwrap();
        for (socket, to) in [(&socket, (at_bob, 9).into()), (&ipv4, "10.64.0.3:9".parse().unwrap())] {
            let to: std::net::SocketAddr = to;
            let before = device.counts().read().long;
            socket.send_to(&[7; 1400], to).await.unwrap();
            // it is too long: no packet comes of it
            let begun = tokio::time::Instant::now();
            while device.counts().read().long == before {
                let none = timeout(Duration::from_millis(20), packet(&mut bob)).await;
                assert!(none.is_err() && begun.elapsed() < LONG, "{to}: {none:?}");
            }
            socket.send_to(&[7; 1400], to).await.unwrap();
            let (first, second) = (packet(&mut bob).await, packet(&mut bob).await);
            assert!(first.len() <= 1280 && second.len() <= 1280, "{to}: {} {}", first.len(), second.len());
            assert!(first.len() + second.len() > 1400, "{to}");
        }
    });
}
