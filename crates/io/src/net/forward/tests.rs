//! Listeners of this machine over two stacks that are joined.

use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::task::JoinHandle;

use super::*;
use crate::net::loopback::tests::{B, pair};

const ANY: &str = "127.0.0.1:0";

/// A listener that leads to `to` over `way`.
async fn forward<W: Way>(to: To, way: W, seats: usize) -> (SocketAddr, Arc<Counts>, JoinHandle<()>) {
    forward_for(rustix::process::geteuid().as_raw(), to, way, seats).await
}

async fn forward_for<W: Way>(
    owner: u32,
    to: To,
    way: W,
    seats: usize,
) -> (SocketAddr, Arc<Counts>, JoinHandle<()>) {
    let listener = TcpListener::bind(ANY).await.unwrap();
    let at = listener.local_addr().unwrap();
    let counts = Arc::new(Counts::default());
    let seats = [Arc::new(Semaphore::new(seats)), Arc::new(Semaphore::new(100))];
    let forward = Forward { to, owner, seats, counts: counts.clone() };
    (at, counts, tokio::spawn(serve(listener, forward, way)))
}

/// What the other end of the link does with one connection: sends back all it got, once that has ended.
async fn echo(link: &LoopbackHandle) -> JoinHandle<Vec<u8>> {
    let mut listener = link.tcp_listen(80).unwrap();
    tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        stream.write_all(&all).await.unwrap();
        stream.shutdown().await.unwrap();
        all
    })
}

fn target(text: &str) -> Target {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_megabyte_goes_there_and_back_and_each_half_closes_by_itself() {
    let (near, far, _wire) = pair(1500).await;
    let echo = echo(&far).await;
    let (at, counts, _serving) = forward(To::One(target(&format!("{B}:80"))), near, 8).await;
    let (mut read, mut write) = TcpStream::connect(at).await.unwrap().into_split();
    let sent: Vec<u8> = (0..1_048_576u32).map(|n| (n % 251) as u8).collect();
    write.write_all(&sent).await.unwrap();
    write.shutdown().await.unwrap();
    let mut back = Vec::new();
    read.read_to_end(&mut back).await.unwrap();
    assert!(back == sent && echo.await.unwrap() == sent);
    drop((read, write));
    while counts.read().open > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(counts.read(), Counted { reached: 1, ..Counted::default() });
}

#[tokio::test]
async fn what_is_refused_over_there_is_reset_here() {
    let (near, _far, _wire) = pair(1500).await;
    let (at, counts, _serving) = forward(To::One(target(&format!("{B}:81"))), near, 8).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let kind = stream.read_u8().await.unwrap_err().kind();
    assert_eq!(kind, io::ErrorKind::ConnectionReset);
    assert_eq!(counts.read(), Counted { failed: 1, ..Counted::default() });
}

#[tokio::test]
async fn a_call_that_is_cut_resets_what_went_through_it() {
    let (near, far, wire) = pair(1500).await;
    let mut listener = far.tcp_listen(80).unwrap();
    let (at, _counts, _serving) = forward(To::One(target(&format!("{B}:80"))), near, 8).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let mut there = listener.accept().await.unwrap();
    there.write_all(b"half a page").await.unwrap();
    let mut some = [0; 11];
    stream.read_exact(&mut some).await.unwrap();
    wire.abort();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_listener_that_is_closed_resets_what_went_through_it() {
    let (near, far, _wire) = pair(1500).await;
    let mut listener = far.tcp_listen(80).unwrap();
    let (at, counts, serving) = forward(To::One(target(&format!("{B}:80"))), near, 8).await;
    let mut stream = TcpStream::connect(at).await.unwrap();
    let mut there = listener.accept().await.unwrap();
    there.write_all(b"half a page").await.unwrap();
    let mut some = [0; 11];
    stream.read_exact(&mut some).await.unwrap();
    serving.abort();
    assert_eq!(stream.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(counts.read(), Counted { reached: 1, ..Counted::default() });
}

#[tokio::test]
async fn another_users_process_and_one_too_many_are_sent_away() {
    let (near, far, _wire) = pair(1500).await;
    let mut listener = far.tcp_listen(80).unwrap();
    let to = || To::One(target(&format!("{B}:80")));
    let (at, counts, _one) = forward(to(), near.clone(), 1).await;
    let mut first = TcpStream::connect(at).await.unwrap();
    let mut there = listener.accept().await.unwrap();
    let mut second = TcpStream::connect(at).await.unwrap();
    assert_eq!(second.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(counts.read(), Counted { open: 1, reached: 1, full: 1, ..Counted::default() });
    there.write_all(b"x").await.unwrap();
    assert_eq!(first.read_u8().await.unwrap(), b'x');
    // root's processes are let in, so a stranger is only to be had where this test is not root
    let mine = rustix::process::geteuid().as_raw();
    let (at, counts, _two) = forward_for(mine.wrapping_add(1), to(), near, 8).await;
    let mut stranger = TcpStream::connect(at).await.unwrap();
    if mine != 0 {
        assert_eq!(stranger.read_u8().await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(counts.read(), Counted { strangers: 1, ..Counted::default() });
    }
}

/// A client's bytes, and what it must get before the connection stands.
async fn socks(asked: Vec<u8>, answer: &[u8], rest: &[u8]) -> Counted {
    let (near, far, _wire) = pair(1500).await;
    let echo = echo(&far).await;
    let (at, counts, _serving) = forward(To::Socks, near, 8).await;
    let (mut read, mut write) = TcpStream::connect(at).await.unwrap().into_split();
    // a client that does not wait
    write.write_all(&asked).await.unwrap();
    write.write_all(rest).await.unwrap();
    write.shutdown().await.unwrap();
    let mut back = Vec::new();
    let _ = read.read_to_end(&mut back).await;
    assert_eq!(back.get(..answer.len()), Some(answer), "{back:?}");
    if answer.contains(&0x5a) || answer.get(3) == Some(&0) {
        assert_eq!(&back[answer.len()..], rest);
        assert_eq!(echo.await.unwrap(), rest);
    }
    counts.read()
}

#[tokio::test]
async fn socks_5_connects_to_an_address_and_says_why_not() {
    let to = |port: u8| [&[5, 2, 1, 0, 5, 1, 0, 1][..], &B.octets(), &[0, port]].concat();
    socks(to(80), &[5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0], b"hello").await;
    let counted = socks(to(81), &[5, 0, 5, 5, 0, 1], b"").await;
    assert_eq!(counted.failed, 1);
    // only with a password; to listen; an address of kind 9; no name of a host; a name, and nobody gave a server
    socks(vec![5, 1, 2], &[5, 0xff], b"").await;
    socks([&[5, 1, 0, 5, 2, 0, 1][..], &B.octets(), &[0, 80]].concat(), &[5, 0, 5, 7], b"").await;
    socks(vec![5, 1, 0, 5, 1, 0, 9], &[5, 0, 5, 8], b"").await;
    socks([&[5, 1, 0, 5, 1, 0, 3, 3][..], b"a/b", &[0, 80]].concat(), &[5, 0, 5, 4], b"").await;
    socks([&[5, 1, 0, 5, 1, 0, 3, 4][..], b"host", &[0, 80]].concat(), &[5, 0, 5, 4], b"").await;
}

#[tokio::test]
async fn socks_4_connects_too() {
    let asked = [&[4, 1, 0, 80][..], &B.octets(), b"me\0"].concat();
    socks(asked, &[0, 0x5a, 0, 0, 0, 0, 0, 0], b"hello").await;
    let named = [&[4, 1, 0, 80, 0, 0, 0, 1][..], b"\0host\0"].concat();
    socks(named, &[0, 0x5b], b"").await;
    let long = [&[4, 1, 0, 80, 1, 1, 1, 1][..], &[b'u'; 300]].concat();
    assert_eq!(socks(long, &[], b"").await.failed, 1);
}

#[test]
fn targets_are_hosts_with_a_port_and_nothing_else() {
    for (text, shown) in [
        ("10.0.0.1:80", "10.0.0.1:80"),
        ("[fe80::1]:8080", "[fe80::1]:8080"),
        ("WWW.Example.org.:80", "www.example.org:80"),
        ("intranet_1:22", "intranet_1:22"),
    ] {
        assert_eq!(target(text).to_string(), shown);
    }
    for text in [
        "",
        "80",
        ":80",
        "host",
        "host:",
        "host:0",
        "host:65536",
        "a b:80",
        "a..b:80",
        "fe80::1:80",
        "[host]:80",
        "-\n:1",
        "host:+80",
        "a/b:80",
    ] {
        assert!(text.parse::<Target>().is_err(), "{text:?}");
    }
}
