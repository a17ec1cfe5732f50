//! Every kind of line, with a plain machine at each end.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use openras_engine::exchange::Settings;
use openras_engine::{LineOp, RasError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::driver::Outcome;
use crate::net::NoIp;
use crate::testing::{Heard, Phone};

mod spoken;
mod vanish;

fn large() -> Vec<u8> {
    (0..3_000_000u32).map(|n| (n % 251) as u8).collect()
}

async fn opened(line: impl Line + 'static) -> Phone {
    let mut phone = Phone::start(line, NoIp);
    assert_eq!(phone.hear().await, Heard::Opened);
    phone
}

/// A whole call: connected, bytes both ways, the caller hangs up behind its last bytes.
async fn call(caller: &mut Phone, called: &mut Phone) {
    assert_eq!(caller.hear().await, Heard::Connected);
    assert_eq!(called.hear().await, Heard::Connected);
    called.write("login: ").await;
    assert_eq!(caller.hear_bytes(7).await, b"login: ");
    let text = vec![b'x'; 100_000];
    caller.write(text.clone()).await;
    caller.op(LineOp::HangUp).await;
    assert_eq!(called.hear_bytes(text.len()).await, text);
    assert_eq!(caller.hear().await, Heard::Disconnected);
    assert_eq!(called.hear().await, Heard::Disconnected);
}

#[tokio::test]
async fn a_tcp_call_connects_talks_and_ends_with_all_its_bytes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut caller = opened(TcpDial::new(listener.local_addr().unwrap().to_string())).await;
    caller.dial("").await;
    let accepted = listener.accept().await;
    assert_eq!(accepted.source(), Some("127.0.0.1"));
    let mut called = opened(accepted).await;
    assert_eq!(called.hear().await, Heard::Ring(Some("127.0.0.1".into())));
    call(&mut caller, &mut called).await;
    // the caller's line may dial again, the accepted one is used up
    caller.dial("").await;
    let mut again = opened(listener.accept().await).await;
    assert_eq!(caller.hear().await, Heard::Connected);
    assert!(matches!(again.hear().await, Heard::Ring(_)));
    assert_eq!(caller.end().await, Outcome::Ended);
    assert_eq!(called.end().await, Outcome::Ended);
}

#[tokio::test]
async fn a_refused_tcp_call_is_678_and_an_unknown_name_868() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let mut caller = opened(TcpDial::new(address)).await;
    caller.dial("").await;
    assert_eq!(caller.hear().await, Heard::Failed(RasError(678)));
    let mut caller = opened(TcpDial::new("no-such-name.invalid:7001")).await;
    caller.dial("").await;
    assert_eq!(caller.hear().await, Heard::Failed(RasError(868)));
}

#[tokio::test]
async fn a_line_that_cannot_do_it_says_so() {
    let mut caller = opened(TcpDial::new("127.0.0.1:1")).await;
    caller.op(LineOp::Answer).await;
    assert_eq!(caller.hear().await, Heard::Failed(RasError(679)));
    caller.op(LineOp::HangUp).await;
    assert_eq!(caller.hear().await, Heard::Disconnected);
    let (near, _far) = tokio::io::duplex(64);
    let mut called = opened(Accepted::new(near, None)).await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    called.dial("1").await;
    assert_eq!(called.hear().await, Heard::Failed(RasError(680)));
}

#[tokio::test]
async fn a_unix_call_connects_talks_and_ends_with_all_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line");
    let listener = UnixListener::bind(&path, 0o600).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut caller = opened(UnixDial::new(&path)).await;
    caller.dial("").await;
    let accepted = listener.accept().await;
    let source = accepted.source().map(str::to_owned);
    assert!(source.as_deref().unwrap().starts_with("uid "));
    let mut called = opened(accepted).await;
    assert_eq!(called.hear().await, Heard::Ring(source));
    call(&mut caller, &mut called).await;
    drop(listener);
    assert!(!path.exists());
    caller.dial("").await;
    assert_eq!(caller.hear().await, Heard::Failed(RasError(679)));
}

#[tokio::test]
async fn a_unix_listener_takes_over_a_dead_socket_but_no_live_one_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("line");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let live = UnixListener::bind(&path, 0o600).unwrap();
    let error = UnixListener::bind(&path, 0o600).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let mut caller = opened(UnixDial::new(&path)).await;
    caller.dial("").await;
    assert_eq!(caller.hear().await, Heard::Connected);
    drop(live);
    std::fs::write(&path, "precious").unwrap();
    let error = UnixListener::bind(&path, 0o600).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[tokio::test]
async fn a_pty_rings_when_its_link_is_opened_and_again_for_the_next_caller() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("line");
    let mut called = opened(PtyMade::new(&link)).await;
    for _ in 0..3 {
        let mut caller = opened(PtyDevice::new(&link)).await;
        caller.dial("").await;
        assert_eq!(called.hear().await, Heard::Ring(None));
        call(&mut caller, &mut called).await;
        assert_eq!(caller.end().await, Outcome::Ended);
    }
    // and the other way round: the port hangs up behind its last bytes
    let mut caller = opened(PtyDevice::new(&link)).await;
    caller.dial("").await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    called.write(vec![b'y'; 20_000]).await;
    called.op(LineOp::HangUp).await;
    assert_eq!(caller.hear().await, Heard::Connected);
    assert_eq!(caller.hear_bytes(20_000).await, vec![b'y'; 20_000]);
    assert_eq!(caller.hear().await, Heard::Disconnected);
    assert_eq!(called.hear().await, Heard::Disconnected);
    assert_eq!(called.end().await, Outcome::Ended);
    assert!(std::fs::symlink_metadata(&link).is_err());
}

#[tokio::test]
async fn a_pty_is_raw_and_taken_by_one_caller_only() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("line");
    let mut called = opened(PtyMade::new(&link)).await;
    let mut caller = opened(PtyDevice::new(&link)).await;
    let mut second = Phone::start(PtyDevice::new(&link), NoIp);
    assert_eq!(second.hear().await, Heard::Failed(RasError(633)));
    caller.dial("").await;
    assert_eq!(caller.hear().await, Heard::Connected);
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    let all: Vec<u8> = (0..=255).collect();
    caller.write(all.clone()).await;
    assert_eq!(called.hear_bytes(256).await, all);
    called.write(all.clone()).await;
    assert_eq!(caller.hear_bytes(256).await, all);
}

#[tokio::test]
async fn a_device_that_is_missing_is_608_and_one_that_is_no_terminal_651() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let mut phone = Phone::start(PtyDevice::new(&path), NoIp);
    assert_eq!(phone.hear().await, Heard::Failed(RasError(608)));
    std::fs::write(&path, "").unwrap();
    let mut phone = Phone::start(PtyDevice::new(&path), NoIp);
    assert_eq!(phone.hear().await, Heard::Failed(RasError(651)));
}

#[tokio::test]
async fn a_pty_does_not_replace_a_file_at_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "precious").unwrap();
    let mut phone = Phone::start(PtyMade::new(&path), NoIp);
    assert_eq!(phone.hear().await, Heard::Failed(RasError(633)));
    assert_eq!(phone.end().await, Outcome::Ended);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[tokio::test]
async fn phones_of_an_exchange_call_each_other_and_back() {
    let exchange = ExchangeHandle::start(Settings::default());
    let mut a = opened(exchange.phone(Some("100"))).await;
    let mut b = opened(exchange.phone(Some("200"))).await;
    a.dial("200").await;
    assert_eq!(b.hear().await, Heard::Ring(Some("100".into())));
    call(&mut a, &mut b).await;
    b.dial("100").await;
    assert_eq!(a.hear().await, Heard::Ring(Some("200".into())));
    call(&mut b, &mut a).await;
    a.dial("300").await;
    assert_eq!(a.hear().await, Heard::Failed(RasError(679)));
    a.dial("100").await;
    assert_eq!(a.hear().await, Heard::Failed(RasError(676)));
    assert_eq!(a.end().await, Outcome::Ended);
    assert_eq!(b.end().await, Outcome::Ended);
}

#[tokio::test]
async fn a_phone_that_is_dropped_ends_the_call_of_the_other() {
    let exchange = ExchangeHandle::start(Settings::default());
    let a = opened(exchange.phone(None)).await;
    let mut b = opened(exchange.phone(Some("200"))).await;
    a.dial("200").await;
    assert_eq!(b.hear().await, Heard::Ring(None));
    assert_eq!(b.hear().await, Heard::Connected);
    a.task.abort();
    assert_eq!(b.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn an_unanswered_call_is_678_after_a_minute_of_virtual_time() {
    let exchange = ExchangeHandle::start(Settings::default());
    let mut a = opened(exchange.phone(Some("100"))).await;
    let _closed = exchange.phone(Some("200"));
    let begin = tokio::time::Instant::now();
    a.dial("200").await;
    let heard = tokio::time::timeout(Duration::from_secs(100), a.heard.recv()).await.unwrap();
    assert_eq!(heard, Some(Heard::Failed(RasError(678))));
    assert_eq!(begin.elapsed().as_secs(), 60);
}

#[tokio::test]
async fn three_megabytes_cross_every_line_in_order() {
    let exchange = ExchangeHandle::start(Settings::default());
    let a = opened(exchange.phone(None)).await;
    let b = opened(exchange.phone(Some("200"))).await;
    a.dial("200").await;
    cross(a, b).await;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let a = opened(TcpDial::new(listener.local_addr().unwrap().to_string())).await;
    a.dial("").await;
    let b = opened(listener.accept().await).await;
    cross(a, b).await;

    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("line");
    let b = opened(PtyMade::new(&link)).await;
    let a = opened(PtyDevice::new(&link)).await;
    a.dial("").await;
    cross(a, b).await;
}

async fn cross(mut a: Phone, mut b: Phone) {
    assert_eq!(a.hear().await, Heard::Connected);
    assert!(matches!(b.hear().await, Heard::Ring(_)));
    assert_eq!(b.hear().await, Heard::Connected);
    let all = large();
    // pieces larger than any window between the two, smaller than what cuts a line
    for piece in all.chunks(300_000) {
        a.write(piece).await;
        assert!(b.hear_bytes(piece.len()).await == piece);
    }
    a.op(LineOp::HangUp).await;
    assert_eq!(b.hear().await, Heard::Disconnected);
}

#[tokio::test]
async fn a_writer_that_minds_nothing_is_cut() {
    let (near, _far) = tokio::io::duplex(64);
    let mut called = opened(Accepted::new(near, None)).await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    called.write(vec![0; MAX_UNSENT + 1000]).await;
    assert_eq!(called.hear().await, Heard::Disconnected);
}

#[tokio::test]
async fn the_last_bytes_of_a_caller_that_closed_at_once_are_heard() {
    let (near, mut far) = tokio::io::duplex(64);
    far.write_all(b"bye").await.unwrap();
    drop(far);
    let mut called = opened(Accepted::new(near, None)).await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    assert_eq!(called.hear().await, Heard::Bytes(b"bye".to_vec()));
    assert_eq!(called.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn a_hang_up_that_cannot_drain_is_over_after_its_limit() {
    let (near, mut far) = tokio::io::duplex(64);
    let mut called = opened(Accepted::new(near, None)).await;
    assert_eq!(called.hear().await, Heard::Ring(None));
    assert_eq!(called.hear().await, Heard::Connected);
    called.write(vec![7; 1000]).await;
    called.op(LineOp::HangUp).await;
    assert_eq!(called.hear().await, Heard::Disconnected);
    let mut got = Vec::new();
    far.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, [7; 64]);
}

#[tokio::test]
async fn a_port_with_a_callback_line_answers_on_one_and_calls_back_on_the_other() {
    let exchange = ExchangeHandle::start(Settings::default());
    let mut caller = opened(exchange.phone(Some("100"))).await;
    let (near, far) = tokio::io::duplex(1000);
    let mut port = opened(WithCallback::new(Accepted::new(near, None), exchange.phone(Some("200")))).await;
    assert_eq!(port.hear().await, Heard::Ring(None));
    assert_eq!(port.hear().await, Heard::Connected);
    port.op(LineOp::HangUp).await;
    assert_eq!(port.hear().await, Heard::Disconnected);
    drop(far);
    port.dial("300").await;
    assert_eq!(port.hear().await, Heard::Failed(RasError(679)));
    port.dial("100").await;
    assert_eq!(caller.hear().await, Heard::Ring(Some("200".into())));
    assert_eq!(port.hear().await, Heard::Connected);
    assert_eq!(caller.hear().await, Heard::Connected);
    port.write("back").await;
    assert_eq!(caller.hear_bytes(4).await, b"back");
    assert_eq!(port.end().await, Outcome::Ended);
    assert_eq!(caller.hear().await, Heard::Disconnected);
}

#[tokio::test]
async fn a_callback_line_that_cannot_be_opened_fails_and_the_port_still_closes() {
    let (near, _far) = tokio::io::duplex(1000);
    let mut port = opened(WithCallback::new(Accepted::new(near, None), PtyDevice::new("/nowhere"))).await;
    assert_eq!(port.hear().await, Heard::Ring(None));
    assert_eq!(port.hear().await, Heard::Connected);
    port.op(LineOp::HangUp).await;
    assert_eq!(port.hear().await, Heard::Disconnected);
    for _ in 0..2 {
        port.dial("").await;
        assert_eq!(port.hear().await, Heard::Failed(RasError(608)));
    }
    assert_eq!(port.end().await, Outcome::Ended);
}
