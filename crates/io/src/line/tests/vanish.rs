//! Callers that vanish: while it rings, half-closed, by a reset, at any moment. No line hangs, leaks or spins.

use std::future::poll_fn;

use openras_engine::LineEvent;
use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::*;
use crate::testing::{Counted, polls_in_an_hour};

/// A listener and a caller that has connected to it.
async fn tcp() -> (TcpListener, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let caller = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (listener, caller)
}

/// The next event of a line without a machine, bytes aside.
async fn event(line: &mut impl Line) -> LineEvent<'static> {
    loop {
        let next = poll_fn(|cx| {
            let mut memory = [0; 1024];
            line.poll_event(cx, &mut ReadBuf::new(&mut memory)).map(|event| match event {
                LineEvent::Bytes(_) => None,
                LineEvent::Opened => Some(LineEvent::Opened),
                LineEvent::Ring { caller } => Some(LineEvent::Ring { caller }),
                LineEvent::Connected { text } => Some(LineEvent::Connected { text }),
                LineEvent::Disconnected => Some(LineEvent::Disconnected),
                LineEvent::Failed(error) => Some(LineEvent::Failed(error)),
                LineEvent::Closed => Some(LineEvent::Closed),
            })
        });
        let next = tokio::time::timeout(Duration::from_secs(120), next).await;
        if let Some(event) = next.expect("nothing comes") {
            return event;
        }
    }
}

async fn answered(line: impl Line + 'static) -> Phone {
    let mut phone = opened(line).await;
    assert!(matches!(phone.hear().await, Heard::Ring(_)));
    assert_eq!(phone.hear().await, Heard::Connected);
    phone
}

#[tokio::test]
async fn a_half_closed_tcp_call_is_over_after_its_last_bytes() {
    let (listener, mut caller) = tcp().await;
    let mut called = answered(listener.accept().await).await;
    caller.write_all(b"bye").await.unwrap();
    caller.shutdown().await.unwrap();
    assert_eq!(called.hear_bytes(3).await, b"bye");
    assert_eq!(called.hear().await, Heard::Disconnected);
    let mut rest = Vec::new();
    assert_eq!(caller.read_to_end(&mut rest).await.unwrap(), 0, "the other half is closed as well");
    assert_eq!(called.end().await, Outcome::Ended);
}

#[tokio::test]
async fn a_reset_ends_a_call_that_is_read_and_one_whose_line_is_full() {
    for unread in [0, 900_000] {
        let (listener, caller) = tcp().await;
        let mut called = answered(listener.accept().await).await;
        called.write(vec![0; unread]).await;
        caller.set_zero_linger().unwrap();
        drop(caller);
        assert_eq!(called.hear().await, Heard::Disconnected, "with {unread} bytes unread");
        assert_eq!(called.end().await, Outcome::Ended);
    }
}

#[tokio::test]
async fn a_caller_gone_before_it_is_answered_ends_its_own_call_only() {
    let (listener, caller) = tcp().await;
    caller.set_zero_linger().unwrap();
    drop(caller);
    let next = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    // the system may keep the first one to itself
    let mut gone = listener.accept().await;
    gone.op(LineOp::Open);
    assert_eq!(event(&mut gone).await, LineEvent::Opened);
    assert!(matches!(event(&mut gone).await, LineEvent::Ring { .. }));
    gone.op(LineOp::Answer);
    assert!(matches!(event(&mut gone).await, LineEvent::Connected { .. }));
    assert_eq!(event(&mut gone).await, LineEvent::Disconnected);
    let mut called = answered(listener.accept().await).await;
    drop(next);
    assert_eq!(called.hear().await, Heard::Disconnected);
}

#[tokio::test(start_paused = true)]
async fn a_number_that_stops_ringing_is_free_again() {
    let exchange = ExchangeHandle::start(Settings::default());
    let mut called = exchange.phone(Some("200"));
    called.op(LineOp::Open);
    assert_eq!(event(&mut called).await, LineEvent::Opened);
    for dropped in [false, true] {
        let mut caller = opened(exchange.phone(Some("100"))).await;
        caller.dial("200").await;
        assert!(matches!(event(&mut called).await, LineEvent::Ring { .. }));
        if dropped {
            caller.task.abort();
        } else {
            caller.op(LineOp::HangUp).await;
            assert_eq!(caller.hear().await, Heard::Disconnected);
        }
        assert_eq!(event(&mut called).await, LineEvent::Disconnected, "it rang, and does no more");
    }
    // an answer that comes too late is no call
    called.op(LineOp::Answer);
    assert!(matches!(event(&mut called).await, LineEvent::Failed(_)));
}

#[tokio::test]
async fn a_program_that_opens_a_pty_and_leaves_at_once_was_a_call() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("line");
    let mut called = opened(PtyMade::new(&link)).await;
    for _ in 0..3 {
        let device = std::fs::OpenOptions::new().read(true).write(true).open(&link).unwrap();
        assert_eq!(called.hear().await, Heard::Ring(None));
        assert_eq!(called.hear().await, Heard::Connected);
        drop(device);
        assert_eq!(called.hear().await, Heard::Disconnected);
    }
    assert_eq!(called.end().await, Outcome::Ended);
    assert!(std::fs::symlink_metadata(&link).is_err(), "nothing is left behind");
}

#[tokio::test(start_paused = true)]
async fn a_callback_line_whose_other_end_vanishes_neither_hangs_nor_spins() {
    let exchange = ExchangeHandle::start(Settings::default());
    let caller = opened(exchange.phone(Some("100"))).await;
    let (near, far) = tokio::io::duplex(1000);
    let (answers, first, first_lives) = Counted::new(Accepted::new(near, None));
    let (dials, second, second_lives) = Counted::new(exchange.phone(None));
    let mut port = answered(WithCallback::new(answers, dials)).await;
    drop(far);
    assert_eq!(port.hear().await, Heard::Disconnected);
    port.dial("100").await;
    assert_eq!(port.hear().await, Heard::Connected);
    assert_eq!((polls_in_an_hour(&first).await, polls_in_an_hour(&second).await), (0, 0));
    caller.task.abort();
    assert_eq!(port.hear().await, Heard::Disconnected);
    assert_eq!((polls_in_an_hour(&first).await, polls_in_an_hour(&second).await), (0, 0));
    assert_eq!(port.end().await, Outcome::Ended);
    assert!(first.load(std::sync::atomic::Ordering::SeqCst) < 20);
    assert_eq!(
        (std::sync::Arc::strong_count(&first_lives), std::sync::Arc::strong_count(&second_lives)),
        (1, 1)
    );
}

/// Linux wakes nobody when the other side of a pseudo-terminal is opened, so a free one is looked at 20 times a second,
/// and not more often.
#[tokio::test(start_paused = true)]
async fn a_free_pty_is_looked_at_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let (line, polls, _) = Counted::new(PtyMade::new(folder.path().join("line")));
    let _called = opened(line).await;
    let looks = polls_in_an_hour(&polls).await;
    assert!((70_000..75_000).contains(&looks), "{looks} in an hour");
}
