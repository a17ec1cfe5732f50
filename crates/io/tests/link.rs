//! The whole way of a packet: stack, driver, PPP, line, PPP, driver, stack.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

mod lab;

use bytes::Bytes;
use lab::{Running, SERVER, over_exchange, over_tcp};
use openras_io::Outcome;
use openras_io::capture::{Capture, Summary};
use openras_io::net::http::{fetch, serve};

/// Pings, fetches a page and hangs up.
async fn use_link(caller: Running, answerer: Running) {
    let times = caller.ip.ping(SERVER.into(), 3).await.unwrap();
    assert!(times.iter().all(Option::is_some), "{times:?}");
    let body: Bytes = (0..3_000_000u32).map(|n| (n % 249) as u8).collect();
    let site = body.clone();
    tokio::spawn(serve(answerer.ip.tcp_listen(80).unwrap(), move |_| Some(site.clone())));
    let mut page = fetch(&caller.ip, &format!("http://{SERVER}/")).await.unwrap();
    let mut all = Vec::new();
    while let Some(bytes) = page.chunk().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    assert!(all == body);
    drop(caller.commands);
    assert_eq!(caller.task.await.unwrap(), Outcome::Ended);
    assert_eq!(answerer.task.await.unwrap(), Outcome::Ended);
    assert!(answerer.ip.until_up().await.is_err());
}

#[tokio::test]
async fn a_page_comes_through_ppp_over_the_exchange_and_the_capture_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("call.pcapng");
    let capture = Capture::create(&path).unwrap();
    let written = capture.written();
    let (caller, answerer) = over_exchange(Some(capture)).await;
    use_link(caller, answerer).await;
    // a disk that is slower than the call costs frames of the file, and they are counted
    let Summary { frames, dropped } = written.wait().await;
    assert!(frames > 200 && frames + dropped > 2_000, "{frames} {dropped}");
    assert!(std::fs::metadata(&path).unwrap().len() > frames * 500);
}

#[tokio::test]
async fn a_page_comes_through_ppp_over_tcp() {
    let (caller, answerer) = over_tcp().await;
    use_link(caller, answerer).await;
}

#[tokio::test]
async fn a_caller_that_vanishes_in_a_transfer_ends_it_at_the_other_end() {
    let (caller, answerer) = over_exchange(None).await;
    let mut listener = answerer.ip.tcp_listen(80).unwrap();
    let server = tokio::spawn(async move {
        let mut stream = listener.accept().await.unwrap();
        tokio::io::copy(&mut tokio::io::repeat(7), &mut stream).await.unwrap_err().kind()
    });
    let mut stream = caller.ip.tcp_connect(SERVER.into(), 80).await.unwrap();
    let mut some = vec![0; 200_000];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut some).await.unwrap();
    caller.task.abort();
    assert_eq!(server.await.unwrap(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(answerer.task.await.unwrap(), Outcome::Ended);
}
