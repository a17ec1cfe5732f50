//! TCP through the NAT's sockets.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;

fn octets(count: u32) -> Vec<u8> {
    (0..count).map(|n| (n % 251) as u8).collect()
}

/// A listener on this machine's loopback, and the words that open it.
async fn listener() -> (TcpListener, u16, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port, format!("127.0.0.1:{port}"))
}

/// The gateway's address stands for this machine's loopback.
#[tokio::test]
async fn megabytes_go_both_ways_at_once_and_the_end_of_each_alone() {
    let (server, port, word) = listener().await;
    let call = Call::new(settings(&[&word])).await;
    let serving = tokio::spawn(async move {
        let (socket, _) = server.accept().await.unwrap();
        let (mut read, mut write) = socket.into_split();
        let sending = tokio::spawn(async move {
            write.write_all(&octets(3 << 20)).await.unwrap();
            write.shutdown().await.unwrap();
        });
        let mut all = Vec::new();
        read.read_to_end(&mut all).await.unwrap();
        sending.await.unwrap();
        all
    });
    let stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut read, mut write) = tokio::io::split(stream);
    let sending = tokio::spawn(async move {
        write.write_all(&octets(2 << 20)).await.unwrap();
        write.shutdown().await.unwrap();
    });
    let mut all = Vec::new();
    read.read_to_end(&mut all).await.unwrap();
    assert!(all == octets(3 << 20));
    sending.await.unwrap();
    assert!(serving.await.unwrap() == octets(2 << 20));
    call.until("given back", |nat| held(nat).0 <= 1).await;
}

#[tokio::test]
async fn who_takes_nothing_stops_the_other_end_and_nothing_is_lost() {
    let (server, port, word) = listener().await;
    let call = Call::new(settings(&[&word])).await;
    let mut stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    // more than fits anywhere on the way
    let sending = tokio::spawn(async move {
        socket.write_all(&octets(24 << 20)).await.unwrap();
        socket
    });
    call.until("full", |nat| nat.session.as_ref().unwrap().nat.stats().bytes_out > 100_000).await;
    let mut before = u64::MAX;
    call.until("at rest", |_| true).await;
    loop {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let sent = call.stats().bytes_out;
        if sent == before {
            break;
        }
        before = sent;
    }
    assert!(before < 4 << 20 && !sending.is_finished(), "{before} octets went to who takes none");
    let mut all = vec![0; 24 << 20];
    stream.read_exact(&mut all).await.unwrap();
    assert!(all == octets(24 << 20));
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn who_is_refused_outside_is_refused_here() {
    let (server, port, word) = listener().await;
    drop(server);
    let call = Call::new(settings(&[&word])).await;
    let error = call.caller.tcp_connect(GATEWAY.into(), port).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(held(&call.nat.lock().unwrap()).0, 0);
}

/// Defence rule 16: a refused TCP flow gets a reset.
#[tokio::test]
async fn what_reach_closes_is_refused_without_a_socket_and_told_once() {
    let (server, port, _) = listener().await;
    let call = Call::new(settings(&["internet"])).await;
    for _ in 0..2 {
        let error = call.caller.tcp_connect(GATEWAY.into(), port).await.err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
    let nobody = poll_fn(|cx| Poll::Ready(server.poll_accept(cx).is_pending())).await;
    assert!(nobody, "somebody has connected");
    let mut nat = call.nat.lock().unwrap();
    let closed = nat.poll_closed().unwrap();
    assert_eq!((closed.to, closed.port), (Ipv4Addr::LOCALHOST.into(), Some(port)));
    assert!(closed.why.to_string().contains("loopback"), "{}", closed.why);
    assert_eq!(nat.poll_closed(), None);
    assert_eq!(nat.stats().dropped(Dropped::Reach), 2);
}

#[tokio::test]
async fn a_reset_on_one_side_is_a_reset_on_the_other() {
    let (server, port, word) = listener().await;
    let call = Call::new(settings(&[&word])).await;
    // the outside breaks
    let mut stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (socket, _) = server.accept().await.unwrap();
    stream::reset(&socket);
    drop(socket);
    let read = tokio::time::timeout(LONG, stream.read(&mut [0; 8])).await.unwrap();
    assert!(read.is_err(), "an ordinary end");
    // the caller breaks: its link goes, and the outside sees no ordinary end either
    let _stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    call.nat.lock().unwrap().set_reach(Reach::default());
    let error = tokio::time::timeout(LONG, socket.read(&mut [0; 8])).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn when_the_link_goes_the_outside_hears_it() {
    let (server, port, word) = listener().await;
    let call = Call::new(settings(&[&word])).await;
    let _stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    call.nat.lock().unwrap().down();
    let read = tokio::time::timeout(LONG, socket.read(&mut [0; 8])).await.unwrap();
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    assert_eq!(call.stats().streams, 1, "what was counted stays");
}

/// Addresses of this machine are watched (defence rule 16): one that is new is closed to `internet` while calls run, and
/// what a word names goes on.
#[tokio::test]
async fn an_address_that_becomes_this_machines_is_closed_from_then_on() {
    let (server, port, word) = listener().await;
    let settings = settings(&["internet", &word]);
    let host = settings.host.clone();
    let call = Call::new(settings).await;
    let mut stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    let new = Ipv4Addr::new(5, 9, 9, 9);
    let before = call.nat.lock().unwrap().version;
    host.set([new.into()].into());
    call.until("told", |nat| nat.version != before).await;
    let error = call.caller.tcp_connect(new.into(), 80).await.err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    let closed = call.nat.lock().unwrap().poll_closed().unwrap();
    assert_eq!((closed.to, closed.why), (new.into(), openras_nat::Why::Host));
    stream.write_all(b"still").await.unwrap();
    socket.read_exact(&mut [0; 5]).await.unwrap();
}

#[tokio::test]
async fn forwards_bring_connections_to_the_caller() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let forwards = vec![Forward { listen: free, to: 80 }];
    let call = Call::new(Settings { forwards, ..settings(&[]) }).await;
    let mut served = call.caller.tcp_listen(80).unwrap();
    let mut outside = TcpStream::connect(free).await.unwrap();
    let mut stream = tokio::time::timeout(LONG, served.accept()).await.unwrap().unwrap();
    outside.write_all(&octets(1 << 20)).await.unwrap();
    outside.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert!(all == octets(1 << 20));
    stream.write_all(b"and back").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut back = String::new();
    outside.read_to_string(&mut back).await.unwrap();
    assert_eq!(back, "and back");
    // nobody listens there: the outside is refused too
    drop(served);
    let mut outside = TcpStream::connect(free).await.unwrap();
    let read = tokio::time::timeout(LONG, outside.read(&mut [0; 8])).await.unwrap();
    assert!(!matches!(read, Ok(1..)), "{read:?}");
    call.nat.lock().unwrap().down();
    assert!(TcpStream::connect(free).await.is_err(), "the listener goes with the call");
}

/// RFC 1035 §4.2.2: names may be asked for over TCP.
#[tokio::test]
async fn the_gateways_port_53_is_the_resolvers() {
    let (server, port, _) = listener().await;
    let resolver = Arc::new(Resolver::fixed(&[SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)]));
    let call = Call::new(Settings { resolver, ..settings(&["internet"]) }).await;
    let mut stream = call.caller.tcp_connect(GATEWAY.into(), 53).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    socket.write_all(b"hello").await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
}

/// The two protocols come up one after the other, and a bad line makes the second one late; it may also go again.
#[tokio::test]
async fn a_connection_goes_on_when_ipv6_comes_up_later_and_goes_again() {
    let (server, port, word) = listener().await;
    let call = Call::new(settings(&[&word])).await;
    let mut stream = call.caller.tcp_connect(GATEWAY.into(), port).await.unwrap();
    let (mut socket, _) = server.accept().await.unwrap();
    let net = |last: u128| std::net::Ipv6Addr::from_bits((0xfd00 << 112) | last);
    let later = Negotiated { ipv6: Some(([1; 8], [2; 8])), ..agreed(GATEWAY, CALLER) };
    for agreed in [&later, &agreed(GATEWAY, CALLER)] {
        {
            let mut nat = call.nat.lock().unwrap();
            nat.prefix = Some(Prefix { prefix: net(1 << 64), gateway: net(1) });
            nat.up(agreed);
            assert_eq!(nat.session.as_ref().unwrap().nat.config().v6.is_some(), agreed.ipv6.is_some());
        }
        stream.write_all(b"still").await.unwrap();
        let mut word = [0; 5];
        socket.read_exact(&mut word).await.unwrap();
        socket.write_all(&word).await.unwrap();
        stream.read_exact(&mut word).await.unwrap();
        assert_eq!(&word, b"still");
    }
    // another address of the caller is another session
    call.nat.lock().unwrap().up(&agreed(GATEWAY, Ipv4Addr::new(10, 64, 0, 3)));
    assert!(!matches!(socket.read(&mut [0; 5]).await, Ok(1..)));
}
