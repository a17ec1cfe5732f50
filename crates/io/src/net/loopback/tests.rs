//! Two stacks, joined by a task that carries their packets.

use std::net::{Ipv4Addr, Ipv6Addr};

use openras_ppp::event::{Ipv4, LinkOptions};
use smoltcp::wire::{IpProtocol, TcpPacket};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::net::MAX_PACKET;

pub(in crate::net) const A: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 1);
pub(in crate::net) const B: Ipv4Addr = Ipv4Addr::new(10, 64, 0, 2);

fn agreed(local: Ipv4Addr, remote: Ipv4Addr, send_mru: u16) -> Negotiated {
    let identifier = |address: Ipv4Addr| [0, 0, 0, 0, 0, 0, 0, address.octets()[3]];
    Negotiated {
        ipv4: Some(Ipv4 { local, remote, dns: [None; 2], nbns: [None; 2] }),
        ipv6: Some((identifier(local), identifier(remote))),
        link: LinkOptions { send_mru, ..LinkOptions::default() },
        ..Negotiated::default()
    }
}

async fn carry(from: &Mutex<LoopbackPort>, to: &Mutex<LoopbackPort>, longest: usize) {
    loop {
        let packet = poll_fn(|cx| {
            let mut memory = vec![0; MAX_PACKET];
            let mut buf = ReadBuf::new(&mut memory);
            from.lock().unwrap().poll_recv(cx, &mut buf).map(|()| buf.filled().to_vec())
        })
        .await;
        assert!(packet.len() <= longest, "{} bytes", packet.len());
        poll_fn(|cx| to.lock().unwrap().poll_ready(cx)).await;
        to.lock().unwrap().send(packet);
        tokio::task::yield_now().await;
    }
}

/// Two stacks that are up. Aborting the task and telling it with `down` cuts the link.
pub(in crate::net) async fn pair(mru: u16) -> (LoopbackHandle, LoopbackHandle, JoinHandle<()>) {
    let ((mut a, near), (mut b, far)) = (loopback(FarEnd::Gateway), loopback(FarEnd::Host));
    let longest = usize::from(mru);
    let wire = tokio::spawn(async move {
        a.up(&agreed(A, B, mru));
        b.up(&agreed(B, A, mru));
        let (a, b) = (Mutex::new(a), Mutex::new(b));
        tokio::join!(carry(&a, &b, longest), carry(&b, &a, longest));
    });
    near.until_up().await.unwrap();
    far.until_up().await.unwrap();
    (near, far, wire)
}

fn page(size: u32) -> Vec<u8> {
    (0..size).map(|n| (n % 253) as u8).collect()
}

#[tokio::test]
async fn pings_are_answered_over_both_ip_versions() {
    let (near, _far, _wire) = pair(1500).await;
    let times = near.ping(B.into(), 3).await.unwrap();
    assert!(times.len() == 3 && times.iter().all(Option::is_some), "{times:?}");
    let link_local: Ipv6Addr = "fe80::2".parse().unwrap();
    let times = near.ping(link_local.into(), 2).await.unwrap();
    assert!(times.len() == 2 && times.iter().all(Option::is_some), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_ping_is_lost_after_five_seconds() {
    let (near, _far, _wire) = pair(1500).await;
    assert_eq!(near.ping(Ipv4Addr::new(10, 64, 0, 77).into(), 2).await.unwrap(), [None, None]);
}

#[tokio::test]
async fn megabytes_cross_a_tcp_connection_in_order_whatever_the_mtu() {
    for mru in [1500, 296] {
        let (near, far, _wire) = pair(mru).await;
        let mut listener = far.tcp_listen(80).unwrap();
        let sender = tokio::spawn(async move {
            let mut stream = listener.accept().await.unwrap();
            let mut word = [0; 3];
            stream.read_exact(&mut word).await.unwrap();
            assert_eq!(&word, b"go!");
            stream.write_all(&page(1 << 20)).await.unwrap();
        });
        let mut stream = near.tcp_connect(B.into(), 80).await.unwrap();
        stream.write_all(b"go!").await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert!(all == page(1 << 20));
        sender.await.unwrap();
    }
}

#[tokio::test]
async fn many_connections_at_once_come_to_one_listener_and_leave_no_socket() {
    let (near, far, _wire) = pair(1500).await;
    let mut listener = far.tcp_listen(7).unwrap();
    let server = tokio::spawn(async move {
        for _ in 0..20 {
            let mut stream = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut text = Vec::new();
                stream.read_to_end(&mut text).await.unwrap();
                stream.write_all(&text).await.unwrap();
            });
        }
    });
    let clients: Vec<_> = (0..20u8)
        .map(|n| {
            let near = near.clone();
            tokio::spawn(async move {
                let mut stream = near.tcp_connect(B.into(), 7).await.unwrap();
                stream.write_all(&[n; 1000]).await.unwrap();
                stream.shutdown().await.unwrap();
                let mut text = Vec::new();
                stream.read_to_end(&mut text).await.unwrap();
                assert_eq!(text, [n; 1000]);
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    server.await.unwrap();
    for handle in [near, far] {
        while handle.shared.stack().sockets.iter().next().is_some() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_stays() {
    let (near, far, _wire) = pair(1500).await;
    let mut listener = far.tcp_listen(7).unwrap();
    let mut one = near.tcp_connect(B.into(), 7).await.unwrap();
    let mut two = listener.accept().await.unwrap();
    let mut octet = [0];
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        one.write_all(b"x").await.unwrap();
        two.read_exact(&mut octet).await.unwrap();
    }
    // a half that is closed may be silent as well
    one.shutdown().await.unwrap();
    assert_eq!(two.read(&mut octet).await.unwrap(), 0);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    two.write_all(b"y").await.unwrap();
    one.read_exact(&mut octet).await.unwrap();
}

#[tokio::test]
async fn a_port_nobody_listens_on_refuses() {
    let (near, far, _wire) = pair(1500).await;
    let kind = |result: io::Result<TcpStream>| result.map(drop).unwrap_err().kind();
    assert_eq!(kind(near.tcp_connect(B.into(), 80).await), io::ErrorKind::ConnectionRefused);
    let listener = far.tcp_listen(80).unwrap();
    assert_eq!(far.tcp_listen(80).map(drop).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(listener);
    assert_eq!(kind(near.tcp_connect(B.into(), 80).await), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_link_that_is_cut_ends_a_running_transfer_at_both_ends() {
    let (near, far, wire) = pair(1500).await;
    let mut listener = far.tcp_listen(80).unwrap();
    let sender = tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap();
        let error = loop {
            if let Err(error) = stream.write_all(&page(10_000)).await {
                break error.kind();
            }
        };
        (error, listener.accept().await.is_none())
    });
    let mut stream = near.tcp_connect(B.into(), 80).await.unwrap();
    let mut some = [0; 100_000];
    stream.read_exact(&mut some).await.unwrap();
    wire.abort();
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(sender.await.unwrap(), (io::ErrorKind::ConnectionReset, true));
    assert_eq!(near.until_up().await.unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(near.ping(B.into(), 1).await.unwrap_err().kind(), io::ErrorKind::NotConnected);
}

#[tokio::test]
async fn a_packet_with_a_forged_source_is_not_answered() {
    let (mut port, handle) = loopback(FarEnd::Host);
    port.up(&agreed(A, B, 1500));
    handle.until_up().await.unwrap();
    let (mut other, pinger) = loopback(FarEnd::Host);
    other.up(&agreed(Ipv4Addr::new(10, 64, 0, 9), A, 1500));
    let ping = tokio::spawn(async move { pinger.ping(A.into(), 1).await });
    let mut memory = vec![0; MAX_PACKET];
    let mut buf = ReadBuf::new(&mut memory);
    poll_fn(|cx| other.poll_recv(cx, &mut buf)).await;
    port.send(buf.filled().to_vec());
    // the same packet from where it may come from is answered
    let mut honest = buf.filled().to_vec();
    honest[12..16].copy_from_slice(&B.octets());
    let checksum = u16::from_be_bytes([honest[10], honest[11]]);
    let fixed = checksum.wrapping_add(9 - 2);
    honest[10..12].copy_from_slice(&fixed.to_be_bytes());
    port.send(honest);
    let mut memory = vec![0; MAX_PACKET];
    let mut buf = ReadBuf::new(&mut memory);
    poll_fn(|cx| port.poll_recv(cx, &mut buf)).await;
    assert_eq!(buf.filled()[16..20], B.octets());
    ping.abort();
}

/// Once smoltcp 0.14 had announced a first window of 65535, a peer could write four times that much into 128 KiB: it
/// reckons with its window scale, which a SYN does not use. The stack's task panicked, and with it the call.
#[tokio::test]
async fn data_past_the_window_is_cut_off() {
    use smoltcp::phy::ChecksumCapabilities;
    use smoltcp::wire::{IpRepr, TcpControl, TcpRepr, TcpSeqNumber};

    fn segment(control: TcpControl, seq: i32, ack: Option<TcpSeqNumber>, payload: &[u8]) -> Vec<u8> {
        let tcp = TcpRepr {
            src_port: 4000,
            dst_port: 80,
            control,
            seq_number: TcpSeqNumber(seq),
            ack_number: ack,
            window_len: 65535,
            window_scale: (control == TcpControl::Syn).then_some(7),
            max_seg_size: None,
            sack_permitted: false,
            sack_ranges: [None; 3],
            timestamp: None,
            payload,
        };
        let checksums = ChecksumCapabilities::default();
        let ip = IpRepr::new(B.into(), A.into(), IpProtocol::Tcp, tcp.buffer_len(), 64);
        let mut packet = vec![0; ip.buffer_len()];
        ip.emit(&mut packet[..], &checksums);
        tcp.emit(&mut TcpPacket::new_unchecked(&mut packet[20..]), &B.into(), &A.into(), &checksums);
        packet
    }

    let (mut port, handle) = loopback(FarEnd::Host);
    port.up(&agreed(A, B, 1500));
    handle.until_up().await.unwrap();
    let mut listener = handle.tcp_listen(80).unwrap();
    port.send(segment(TcpControl::Syn, 999, None, &[]));
    let mut memory = vec![0; MAX_PACKET];
    let mut buf = ReadBuf::new(&mut memory);
    timeout(Duration::from_secs(120), poll_fn(|cx| port.poll_recv(cx, &mut buf))).await.expect("an answer");
    let ack = Some(TcpPacket::new_unchecked(&buf.filled()[20..]).seq_number() + 1);
    port.send(segment(TcpControl::None, 1000, ack, &[]));
    // past the buffer, and within the window as it would be with its scale
    port.send(segment(TcpControl::None, 1000 + 150_000, ack, &[7; 1000]));
    port.send(segment(TcpControl::None, 1000, ack, b"hello"));
    let mut word = [0; 5];
    let read = async {
        let mut stream = listener.accept().await.unwrap();
        stream.read_exact(&mut word).await.unwrap();
    };
    timeout(Duration::from_secs(120), read).await.expect("it goes on");
    assert_eq!(&word, b"hello");
}
