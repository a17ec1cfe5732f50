use std::future::poll_fn;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::net::NoIp;

fn joined(stream: impl Octets + 'static) -> OrOctets<NoIp> {
    let slot = Slot::default();
    let mut port = OrOctets::new(NoIp, slot.clone());
    slot.put(Box::new(stream));
    port.up(&Negotiated::default());
    port
}

/// The next octets for the line; empty is the end.
async fn next(port: &mut OrOctets<NoIp>) -> Vec<u8> {
    let mut memory = [0; crate::net::MAX_PACKET];
    poll_fn(|cx| {
        let mut buf = ReadBuf::new(&mut memory);
        port.poll_recv(cx, &mut buf).map(|()| buf.filled().to_vec())
    })
    .await
}

async fn say(port: &mut OrOctets<NoIp>, text: &str) {
    poll_fn(|cx| port.poll_ready(cx)).await;
    port.send(text.into());
    poll_fn(|cx| port.poll_ready(cx)).await;
}

#[tokio::test]
async fn octets_go_both_ways_and_the_end_is_told_once() {
    let (near, mut far) = duplex(64);
    let mut port = joined(near);
    say(&mut port, "hello").await;
    let mut heard = [0; 5];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    far.write_all(b"welcome").await.unwrap();
    assert_eq!(next(&mut port).await, b"welcome");
    drop(far);
    assert_eq!(next(&mut port).await, b"");
    let again = poll_fn(|cx| {
        let mut memory = [0; 16];
        Poll::Ready(port.poll_recv(cx, &mut ReadBuf::new(&mut memory)).is_pending())
    });
    assert!(again.await);
}

#[tokio::test]
async fn a_stream_that_takes_nothing_holds_back_and_costs_no_more_than_was_given() {
    let (near, _far) = duplex(16);
    let mut port = joined(near);
    port.send(vec![0; 1000]);
    let ready = poll_fn(|cx| Poll::Ready(port.poll_ready(cx).is_ready()));
    assert!(!ready.await);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_takes_nothing_for_long_has_ended() {
    let (near, _far) = duplex(16);
    let mut port = joined(near);
    poll_fn(|cx| port.poll_ready(cx)).await;
    port.send(vec![0; 1000]);
    let began = tokio::time::Instant::now();
    assert!(tokio::time::timeout(super::STUCK - Duration::from_secs(1), next(&mut port)).await.is_err());
    assert_eq!(next(&mut port).await, b"", "its end is told");
    assert!(began.elapsed() < super::STUCK + Duration::from_secs(2));
}
