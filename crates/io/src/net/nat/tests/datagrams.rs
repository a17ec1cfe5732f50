//! UDP, names and pings through the NAT's sockets.

use tokio::net::UdpSocket;

use super::*;

/// Type and code of an ICMP packet, and who sent it.
fn icmp(packet: &[u8]) -> (u8, u8, IpAddr) {
    assert_eq!(packet[9], 1, "not ICMP: {packet:02x?}");
    let from: [u8; 4] = packet[12..16].try_into().unwrap();
    (packet[20], packet[21], Ipv4Addr::from(from).into())
}

async fn server() -> (UdpSocket, u16, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port, format!("127.0.0.1:{port}"))
}

#[tokio::test]
async fn datagrams_go_out_and_answers_come_back_from_one_socket() {
    let (server, port, word) = server().await;
    let mut nat = up(settings(&[&word]));
    let mut seen = Vec::new();
    for n in 0..3u8 {
        nat.send(udp(4000, (GATEWAY, port), &[n; 9]));
        let mut buffer = [0; 64];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        assert_eq!(buffer[..length], [n; 9]);
        seen.push(from);
        server.send_to(&[n + 1; 1400], from).await.unwrap();
        let back = next(&mut nat).await;
        assert_eq!(back[12..20], [GATEWAY.octets(), CALLER.octets()].concat()[..]);
        assert_eq!(back[20..24], [port.to_be_bytes(), 4000u16.to_be_bytes()].concat()[..]);
        assert_eq!(back[28..], [n + 1; 1400]);
    }
    assert!(seen.iter().all(|from| *from == seen[0]), "RFC 4787 REQ-1: {seen:?}");
    assert_eq!(held(&nat), (1, 0));
}

#[tokio::test]
async fn a_port_nobody_listens_on_is_told_as_in_any_network() {
    let (server, port, word) = server().await;
    drop(server);
    let mut nat = up(settings(&[&word]));
    nat.send(udp(4000, (GATEWAY, port), b"hello"));
    assert_eq!(icmp(&next(&mut nat).await), (3, 3, GATEWAY.into()));
    // the socket goes on
    nat.send(udp(4000, (GATEWAY, port), b"hello"));
    assert_eq!(icmp(&next(&mut nat).await), (3, 3, GATEWAY.into()));
}

/// What reach closes is told by "administratively prohibited" (RFC 1812 §5.2.7.1).
#[tokio::test]
async fn datagrams_and_pings_that_reach_closes_are_prohibited() {
    let mut nat = up(settings(&["internet"]));
    nat.send(udp(4000, (Ipv4Addr::new(192, 168, 7, 1), 7), b"hello"));
    assert_eq!(icmp(&next(&mut nat).await), (3, 13, GATEWAY.into()));
    nat.send(ping(Ipv4Addr::new(192, 168, 7, 1)));
    assert_eq!(icmp(&next(&mut nat).await), (3, 13, GATEWAY.into()));
    assert_eq!((held(&nat), nat.stats().dropped(Dropped::Reach)), ((0, 0), 2));
}

#[tokio::test]
async fn names_are_asked_of_the_resolver() {
    let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let resolver = Arc::new(Resolver::fixed(&[server.local_addr().unwrap()]));
    let mut nat = up(Settings { resolver, ..settings(&[]) });
    let question = [9, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1];
    nat.send(udp(4000, (GATEWAY, 53), &question));
    let asked = async {
        let mut buffer = [0; 64];
        let (length, from) = server.recv_from(&mut buffer).await.unwrap();
        // with a number of our own
        assert_eq!(buffer[2..length], question[2..]);
        buffer[2] |= 0x80;
        server.send_to(&buffer[..length], from).await.unwrap();
    };
    let (back, ()) = tokio::join!(next(&mut nat), asked);
    assert_eq!((back[20..24].to_vec(), back[28..31].to_vec()), (vec![0, 53, 15, 160], vec![9, 8, 0x81]));
    assert_eq!(held(&nat), (0, 0));
}

#[tokio::test]
async fn the_gateway_answers_pings_itself_and_others_are_asked() {
    let mut nat = up(settings(&["127.0.0.2"]));
    nat.send(ping(GATEWAY));
    assert_eq!(icmp(&next(&mut nat).await), (0, 0, GATEWAY.into()));
    nat.send(ping(Ipv4Addr::new(127, 0, 0, 2)));
    let back = next(&mut nat).await;
    if ping_allowed() {
        assert_eq!(icmp(&back), (0, 0, Ipv4Addr::new(127, 0, 0, 2).into()));
        assert_eq!(back[24..], [0x12, 0x34, 0, 9, b'h', b'i']);
    } else {
        // without the right to ask the caller hears so
        assert_eq!(icmp(&back), (3, 13, GATEWAY.into()));
    }
}

#[tokio::test]
async fn a_mapping_ends_when_nothing_has_gone_over_it_for_its_time() {
    let (_server, port, word) = server().await;
    let times = Times { mapping: Duration::from_millis(50), ..Times::default() };
    let mut nat = up(Settings { times, ..settings(&[&word]) });
    nat.send(udp(4000, (GATEWAY, port), b"hello"));
    assert_eq!(held(&nat).0, 1);
    let ended = poll_fn(|cx| {
        let mut memory = [0; 64];
        let _ = nat.poll_recv(cx, &mut ReadBuf::new(&mut memory));
        if held(&nat).0 == 0 { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::time::timeout(LONG, ended).await.expect("its timer has run");
}
