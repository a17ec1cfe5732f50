//! Streams of events, raw streams, and a descriptor handed over.

use std::fs::File;
use std::io::{IoSliceMut, Read, Seek, SeekFrom, Write};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;

use openras_api::types::event::Event;
use openras_api::types::server::Descriptor;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::sync::oneshot;

use crate::other_end::{OtherEnd, Peer, other_end};

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";

fn banner(n: u64) -> String {
    format!("{{\"call\":1,\"n\":{n},\"t\":0.5,\"event\":\"banner\",\"text\":\"hello\"}}\n")
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Tells this and ends the stream in good order.
fn telling(text: String) -> OtherEnd {
    other_end(move |mut peer: Peer| {
        let text = text.clone();
        async move {
            if peer.request().await.is_some() {
                let _ = peer.stream.write_all(format!("{HEAD}{}0\r\n\r\n", chunk(&text)).as_bytes()).await;
                peer.gone().await;
            }
        }
    })
}

#[tokio::test]
async fn events_come_in_order_and_the_end_is_the_end() {
    let end = telling(banner(1) + "\n\n" + &banner(2));
    let mut events = end.client().await.events(false).await.unwrap();
    for n in [1, 2] {
        let told = events.next().await.unwrap().unwrap();
        assert_eq!((told.n, told.event), (n, Event::Banner { text: "hello".into() }));
    }
    assert!(events.next().await.is_none());
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn an_event_of_a_later_version_is_passed_over() {
    let later = "{\"call\":1,\"n\":1,\"t\":0.5,\"event\":\"telepathy\",\"to\":[1]}\n";
    let end = telling(later.to_owned() + &banner(2));
    let mut events = end.client().await.events(false).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().n, 2);
}

#[tokio::test]
async fn an_event_of_the_wrong_shape_ends_the_stream_with_a_number() {
    for wrong in ["{\"call\":1,\"n\":1,\"t\":0.5,\"event\":\"banner\"}\n", "\u{1b}[2J\n", "[]\n"] {
        let end = telling(wrong.to_owned() + &banner(2));
        let mut events = end.client().await.events(false).await.unwrap();
        let problem = events.next().await.unwrap().unwrap_err();
        assert_eq!(problem.error, 13);
        assert!(!problem.message.contains('\u{1b}'));
        assert!(events.next().await.is_none());
    }
}

#[tokio::test]
async fn a_line_too_long_is_cut_with_or_without_its_end() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.say(HEAD).await;
        let piece = chunk(&"x".repeat(4096));
        while peer.stream.write_all(piece.as_bytes()).await.is_ok() {}
    });
    let mut events = end.client().await.events(false).await.unwrap();
    let problem = events.next().await.unwrap().unwrap_err();
    assert!(problem.error == 13 && problem.message.contains("too long"), "{problem}");
    assert!(events.next().await.is_none());

    let end = telling(format!("{}\n", "x".repeat(300_000)));
    let mut events = end.client().await.events(false).await.unwrap();
    assert!(events.next().await.unwrap().unwrap_err().message.contains("too long"));
}

#[tokio::test]
async fn a_stream_that_breaks_off_is_an_error_and_not_an_end() {
    let end = telling("{\"call\":1".to_owned());
    let mut events = end.client().await.events(false).await.unwrap();
    assert!(events.next().await.unwrap().unwrap_err().message.contains("ends within a line"));

    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.say(format!("{HEAD}{}", chunk(&banner(1)))).await;
    });
    let mut events = end.client().await.events(false).await.unwrap();
    assert_eq!(events.next().await.unwrap().unwrap().n, 1);
    let problem = events.next().await.unwrap().unwrap_err();
    assert_eq!(problem.error, 711, "{problem}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_dropped_wait_loses_nothing() {
    let (go, wait) = oneshot::channel::<()>();
    let wait = std::sync::Mutex::new(Some(wait));
    let end = other_end(move |mut peer: Peer| {
        let wait = wait.lock().unwrap().take();
        async move {
            peer.request().await;
            let text: String = (1..=20).map(banner).collect();
            let (early, late) = text.split_at(30);
            peer.say(format!("{HEAD}{}", chunk(early))).await;
            wait.unwrap().await.unwrap();
            for byte in late.chars() {
                peer.say(chunk(&byte.to_string())).await;
            }
            peer.say("0\r\n\r\n").await;
        }
    });
    let mut events = end.client().await.events(false).await.unwrap();
    let mut go = Some(go);
    let mut n = 0;
    while n < 20 {
        // most of these are dropped in the middle of a line
        tokio::select! {
            biased;
            told = events.next() => {
                n += 1;
                assert_eq!(told.unwrap().unwrap().n, n);
            }
            () = tokio::task::yield_now() => {
                if let Some(go) = go.take() {
                    go.send(()).unwrap();
                }
            }
        }
    }
}

#[tokio::test]
async fn a_reader_that_is_dropped_is_gone_for_the_service() {
    let (tell, told) = oneshot::channel::<()>();
    let tell = std::sync::Mutex::new(Some(tell));
    let end = other_end(move |mut peer: Peer| {
        let tell = tell.lock().unwrap().take();
        async move {
            peer.request().await;
            peer.say(format!("{HEAD}{}", chunk(&banner(1)))).await;
            peer.gone().await;
            tell.unwrap().send(()).unwrap();
        }
    });
    let client = end.client().await;
    let mut events = client.connection_events(1, Some("n"), 0, false).await.unwrap();
    events.next().await.unwrap().unwrap();
    drop(events);
    told.await.unwrap();
}

#[tokio::test]
async fn a_raw_stream_loses_no_byte_around_the_answer() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.say("HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: openras-stream\r\n\r\nlogin: ").await;
        let mut name = [0; 5];
        peer.stream.read_exact(&mut name).await.unwrap();
        peer.say(name).await;
    });
    let mut stream = end.client().await.terminal(3).await.unwrap();
    stream.write_all(b"\xff\x00eve").await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"login: \xff\x00eve");
}

#[tokio::test]
async fn an_upgrade_answered_as_a_page_is_no_stream() {
    let end = other_end(|mut peer: Peer| async move {
        peer.request().await;
        peer.answer(200, "{}").await;
    });
    assert_eq!(end.client().await.terminal(3).await.unwrap_err().error, 13);
}

/// Takes the descriptor that comes with the byte.
async fn taken(peer: &Peer) -> OwnedFd {
    peer.stream
        .async_io(Interest::READABLE, || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut beside = RecvAncillaryBuffer::new(&mut space);
            let mut byte = [0; 1];
            recvmsg(&peer.stream, &mut [IoSliceMut::new(&mut byte)], &mut beside, RecvFlags::empty())?;
            let mut all = beside.drain().filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(mut all) => all.next(),
                _ => None,
            });
            all.next().ok_or_else(|| std::io::Error::other("no descriptor"))
        })
        .await
        .unwrap()
}

fn takes(answer: &'static str) -> OtherEnd {
    other_end(move |mut peer: Peer| async move {
        peer.request().await;
        peer.say("HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: openras-descriptor\r\n\r\n").await;
        let mut file = File::from(taken(&peer).await);
        file.write_all(b"from the other end").unwrap();
        peer.say(answer).await;
    })
}

#[tokio::test]
async fn an_open_file_is_handed_over() {
    let answer = serde_json::to_string(&Descriptor { descriptor: 5 }).unwrap();
    assert_eq!(answer, "{\"descriptor\":5}");
    let end = takes("{\"descriptor\":5}\n");
    let mut file = tempfile::tempfile().unwrap();
    assert_eq!(end.client().await.descriptor(&file).await.unwrap(), 5);
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "from the other end");
}

#[tokio::test]
async fn a_refused_descriptor_says_why() {
    let file = tempfile::tempfile().unwrap();
    let end = takes("{\"error\":8,\"message\":\"Too many.\"}\n");
    let problem = end.client().await.descriptor(&file).await.unwrap_err();
    assert_eq!((problem.error, problem.message.as_str()), (8, "Too many."));
    for other in ["", "nonsense\n", "{}\n"] {
        let end = takes(other);
        assert_eq!(end.client().await.descriptor(&file).await.unwrap_err().error, 13, "{other:?}");
    }
}
