//! Peers that misbehave, each to the end of its deadline, while others go on.

use std::time::Duration;

use openras_service::config::{PortConfig, PortLine};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::lab::{Lab, Peer, exchange, over, request, start_error, stranger, tcp};

/// Configure-Request, -Nak, -Reject.
const REQUEST: u8 = 1;
const NAK: u8 = 3;

#[tokio::test(start_paused = true)]
async fn a_busy_number_is_676_and_one_nobody_has_679() {
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    let mut first = lab.dial(request("exchange:100", "alice"));
    while !matches!(
        first.notice().await,
        Some(openras_engine::client::dial::Notice::State { state: openras_engine::ConnState::CONNECTED, .. })
    ) {}
    let second = over(lab.dial(request("exchange:100", "alice"))).await;
    assert_eq!(second.error.map(|error| error.0), Some(676), "{second:?}");
    assert!(second.remedy.len() > 10, "{second:?}");
    let nobody = over(lab.dial(request("exchange:999", "alice"))).await;
    assert_eq!(nobody.error.map(|error| error.0), Some(679), "{nobody:?}");
    first.command(openras_engine::client::dial::Command::HangUp).await;
    assert!(over(first).await.error.is_none(), "the first call was not disturbed");
    lab.service.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_says_nothing_is_given_up_in_time() {
    let lab = Lab::start(vec![tcp("line1")]).await;
    let at = lab.address("line1");
    let mut silent = Peer::call(at).await;
    lab.works(&format!("tcp:{at}")).await;
    let took = silent.end().await;
    assert!(took <= Duration::from_secs(120), "{took:?}");
    assert!(lab.record().contains("\"ended\""));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_negotiates_for_ever_is_ended() {
    let lab = Lab::start(vec![tcp("line1")]).await;
    let at = lab.address("line1");
    let mut caller = Peer::call(at).await;
    lab.works(&format!("tcp:{at}")).await;
    // every request is answered by a Nak of its MRU; our own ask for something else each time
    let begun = Instant::now();
    let mut round = 0u8;
    while let Some(packet) = caller.packet().await {
        round = round.wrapping_add(1);
        if packet.get(2) == Some(&REQUEST) {
            caller.lcp(NAK, packet[3], &[1, 4, 0x01, round]).await;
            caller.lcp(REQUEST, round, &[99, 3, round]).await;
        }
        assert!(begun.elapsed() < Duration::from_secs(300), "it goes on for ever");
    }
    assert!(lab.record().contains("\"error\":732"), "{}", lab.record());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_negotiates_for_ever_is_732() {
    let line = stranger(|stream| async {
        let mut server = Peer::new(stream);
        let mut round = 0u8;
        while let Some(packet) = server.packet().await {
            if packet.get(2) == Some(&REQUEST) {
                round = round.wrapping_add(1);
                server.lcp(NAK, packet[3], &[1, 4, 0x01, round]).await;
            }
        }
    });
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    let end = over(lab.dial(request(&line.await, "alice"))).await;
    assert_eq!(end.error.map(|error| error.0), Some(732), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_in_the_middle_is_718_and_one_that_never_speaks_721() {
    let lab = Lab::start(vec![exchange("line1", "100", 1)]).await;
    let halfway = stranger(|stream| async {
        let mut server = Peer::new(stream);
        let _ = server.packet().await;
        server.lcp(REQUEST, 1, &[5, 6, 0, 0, 0, 9]).await;
        while server.packet().await.is_some() {}
    });
    let silent = stranger(|stream| async {
        let mut server = Peer::new(stream);
        while server.packet().await.is_some() {}
    });
    let slip = stranger(|mut stream| async move {
        let mut memory = [0; 1024];
        while let Ok(1..) = stream.read(&mut memory).await {
            let _ = stream.write_all(b"\xc0E\0\0\x1c\xc0").await;
        }
    });
    let noise = stranger(|mut stream| async move {
        let (mut seed, mut memory) = (1u32, [0; 1024]);
        let mut some = [0; 512];
        while tokio::time::timeout(Duration::from_millis(200), stream.read(&mut memory)).await.is_err()
            || seed != 0
        {
            for byte in &mut some {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (seed >> 24) as u8;
            }
            if stream.write_all(&some).await.is_err() {
                return;
            }
        }
    });
    // auto waits a minute for a server that talks without end, then PPP has its own deadline
    let limit = Duration::from_secs(120);
    for (line, number) in [(halfway.await, 718), (slip.await, 721), (silent.await, 721), (noise.await, 721)] {
        let begun = Instant::now();
        let end = over(lab.dial(request(&line, "alice"))).await;
        assert_eq!(end.error.map(|error| error.0), Some(number), "{end:?}");
        assert!(begun.elapsed() < limit, "{:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn frames_of_64_kib_and_endless_ones_are_dropped_and_the_call_still_connects() {
    let lab = Lab::start(vec![tcp("line1")]).await;
    let at = lab.address("line1");
    // between dialler and port: floods both ends first, then passes on what they say
    let line = stranger(move |mut near| async move {
        let mut far = TcpStream::connect(at).await.unwrap();
        let mut flood = vec![0x7e, 0xff, 0x03, 0xc0, 0x21];
        flood.extend(std::iter::repeat_n(b'U', 64 * 1024));
        flood.push(0x7e);
        for stream in [&mut near, &mut far] {
            for _ in 0..4 {
                stream.write_all(&flood).await.unwrap();
            }
        }
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    });
    let end = over(lab.dial(request(&line.await, "alice"))).await;
    assert!(end.was_connected, "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_takes_nothing_does_not_hold_its_port() {
    let lab = Lab::start(vec![PortConfig { calls: 1, ..tcp("line1") }]).await;
    let at = lab.address("line1");
    let mut caller = TcpStream::connect(at).await.unwrap();
    // requests to answer, none of whose answers is ever read
    let mut requests = Vec::new();
    let mut peer = Peer::call(at).await;
    peer.end().await;
    for _ in 0..50_000 {
        requests.extend([0x7e, 0xff, 0x03, 0xc0, 0x21, 9, 1, 0, 8, 0, 0, 0, 9, 0x7e]);
    }
    let flood = tokio::time::timeout(Duration::from_secs(600), caller.write_all(&requests)).await;
    drop(flood);
    drop(caller);
    tokio::time::sleep(Duration::from_secs(60)).await;
    lab.works(&format!("tcp:{at}")).await;
}

#[tokio::test]
async fn a_service_that_cannot_open_all_its_ports_answers_on_none() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = |at: &dyn std::fmt::Display| format!("listen:tcp:{at}").parse::<PortLine>().unwrap();
    let first = PortConfig::new("first", line(&free));
    let second = PortConfig::new("second", line(&taken.local_addr().unwrap()));
    let error = start_error(vec![first, second]).await.to_string();
    assert!(error.contains("second") && error.contains("633 ERROR_PORT_NOT_AVAILABLE"), "{error}");
    // its listener goes with the task that held it, which has to be run once more for that
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let refused = TcpStream::connect(free).await;
    assert!(refused.is_err(), "the first port still answers");
}

#[tokio::test(start_paused = true)]
async fn a_pseudo_terminal_that_goes_missing_is_made_again_and_costs_no_time_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in/tty");
    std::fs::create_dir(folder.path().join("in")).unwrap();
    let port = PortConfig::new("pty", PortLine::Pty(path.clone()));
    let lab = Lab::start(vec![port, exchange("line1", "100", 1)]).await;
    // the folder goes away during a call: the port cannot make its link again
    let mut call = lab.dial(request(&format!("pty:{}", path.display()), "alice"));
    while !matches!(
        call.notice().await.unwrap(),
        openras_engine::client::dial::Notice::State { state: openras_engine::ConnState::CONNECTED, .. }
    ) {}
    std::fs::remove_dir_all(folder.path().join("in")).unwrap();
    call.command(openras_engine::client::dial::Command::HangUp).await;
    over(call).await;
    tokio::time::sleep(Duration::from_secs(300)).await;
    lab.works("exchange:100").await;
    std::fs::create_dir(folder.path().join("in")).unwrap();
    tokio::time::sleep(Duration::from_secs(70)).await;
    lab.works(&format!("pty:{}", path.display())).await;
}
