//! Pauses: whose they are, what a resume changes, the terminal as a raw stream, and states that must be confirmed.

use std::time::Duration;

use openras_service::config::PortConfig;
use openras_service::rights::Rights;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::lab::{Events, Lab};

async fn resume(lab: &Lab, path: &str, body: Value) -> (u16, Value) {
    lab.ask("POST", &format!("{path}/resume"), Some(body)).await
}

#[tokio::test(start_paused = true)]
async fn a_resume_changes_only_what_it_names_and_takes_the_notifier() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "password": "wrong", "pauses": true })).await;
    let mut events = lab.hold(&path, &notifier).await;
    let paused = events.until_state("RASCS_RetryAuthentication").await;
    assert_eq!((&paused["paused"], &paused["error"]["error"]), (&json!(true), &json!(691)));
    let (status, problem) = resume(&lab, &path, json!({ "notifier": "guess", "password": "secret" })).await;
    assert_eq!((status, &problem["error"]), (400, &json!(87)));
    assert_eq!(resume(&lab, "/v1/connections/77", json!({ "notifier": "x" })).await.1["error"], 6);
    // the name stays alice
    assert_eq!(resume(&lab, &path, json!({ "notifier": notifier, "password": "secret" })).await.0, 204);
    events.until_state("RASCS_Connected").await;
    let (status, problem) = resume(&lab, &path, json!({ "notifier": notifier })).await;
    assert_eq!((status, &problem["error"]), (409, &json!(756)));
}

/// A host of text: says `login: ` and gives back what is typed, for one call.
async fn text_host() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"login: ").await.unwrap();
        let mut memory = [0; 64];
        while let Ok(read @ 1..) = stream.read(&mut memory).await {
            stream.write_all(&memory[..read]).await.unwrap();
        }
    });
    line
}

async fn interactive(lab: &Lab, line: String) -> (String, String, Events) {
    let (path, notifier) = lab.dial(json!({ "line": line, "terminal": "after_dial", "pauses": true })).await;
    let mut events = lab.hold(&path, &notifier).await;
    events.until_state("RASCS_Interactive").await;
    (path, notifier, events)
}

/// A script closes the terminal, and the person it leaves it to asks at once: the service may come to that one first.
#[tokio::test]
async fn a_terminal_is_had_by_the_next_one_as_soon_as_it_is_given_up() {
    let lab = Lab::with(Vec::<PortConfig>::new(), Rights::private()).await;
    let (path, _, _events) = interactive(&lab, text_host().await).await;
    let mut first = lab.client().await;
    let head = first.upgrade(&format!("{path}/terminal"), "openras-stream", None).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut second = lab.client().await;
    let upgrade = "connection: upgrade\r\nupgrade: openras-stream\r\n";
    second.send_with("POST", &format!("{path}/terminal"), upgrade, None).await;
    // it has been heard by now, or else has waited for less
    lab.ask("GET", &path, None).await;
    drop(first);
    let head = second.head().await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    second.write(b"hello\r").await;
    let mut got = Vec::new();
    while !got.ends_with(b"hello\r") {
        got.push(second.0.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn a_terminal_is_a_raw_stream_both_ways() {
    let lab = Lab::with(Vec::<PortConfig>::new(), Rights::private()).await;
    let (path, _, _events) = interactive(&lab, text_host().await).await;
    let mut terminal = lab.client().await;
    let head = terminal.upgrade(&format!("{path}/terminal"), "openras-stream", None).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    // whoever comes second is sent away
    let mut second = lab.client().await;
    second.send_terminal(&path).await;
    assert_eq!(second.answer().await.1["error"], 756);
    terminal.write(b"\x01hello\xff\r").await;
    let mut got = Vec::new();
    while !got.ends_with(b"\xff\r") {
        got.push(terminal.0.read_u8().await.unwrap());
    }
    let text = String::from_utf8_lossy(&got).into_owned();
    assert!(text.ends_with("\x01hello\u{fffd}\r"), "{text:?}");
    // ending the pause ends the stream
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    assert!(terminal.closed().await.is_empty());
}

#[tokio::test]
async fn without_a_terminal_the_creator_gets_the_bytes_as_events_and_in_order() {
    let lab = Lab::with(Vec::<PortConfig>::new(), Rights::private()).await;
    let (path, _, mut events) = interactive(&lab, text_host().await).await;
    let told = events.until(|event| event["event"] == "terminal").await;
    assert_eq!(told["data"], "bG9naW46IA==");
    // kept nowhere, and nobody else's
    let (_, story) = lab.ask("GET", &path.replace("connections", "calls"), None).await;
    assert!(!story.to_string().contains("bG9naW46IA"), "{story}");
}

#[tokio::test]
async fn a_creator_that_keeps_the_terminal_leaves_its_bytes_to_whoever_takes_it() {
    let lab = Lab::with(Vec::<PortConfig>::new(), Rights::private()).await;
    let line = text_host().await;
    let (path, notifier) = lab.dial(json!({ "line": line, "terminal": "after_dial", "pauses": true })).await;
    let mut events = lab.events(&format!("{path}/events?notifier={notifier}&keep_terminal=true")).await;
    events.until_state("RASCS_Interactive").await;
    // the host spoke when it answered: a stream that tells of it would have
    let mut terminal = lab.client().await;
    let head = terminal.upgrade(&format!("{path}/terminal"), "openras-stream", None).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    let mut got = [0; 7];
    let read = tokio::time::timeout(Duration::from_secs(120), terminal.0.read_exact(&mut got)).await;
    read.expect("told as an event").unwrap();
    assert_eq!(&got, b"login: ");
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    while let Some(event) = events.next().await {
        assert_ne!(event["event"], "terminal", "{event}");
    }
}

#[tokio::test]
async fn a_host_that_floods_a_pause_is_not_read_further_and_the_dial_can_be_ended() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    let (stuck, is_stuck) = tokio::sync::oneshot::channel();
    let host = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let flood = [b'x'; 64 * 1024];
        let mut stuck = Some(stuck);
        loop {
            match tokio::time::timeout(Duration::from_millis(500), stream.write_all(&flood)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return true,
                Err(_) => drop(stuck.take().map(|stuck| stuck.send(()))),
            }
        }
    });
    let lab = Lab::with(Vec::<PortConfig>::new(), Rights::private()).await;
    let (path, notifier) = lab.dial(json!({ "line": line, "terminal": "after_dial", "pauses": true })).await;
    // the creator is there and does not read
    let mut events = lab.hold(&path, &notifier).await;
    is_stuck.await.unwrap();
    assert_eq!(lab.ask("POST", &format!("{path}/hangup"), None).await.0, 204);
    events.ended().await;
    assert!(host.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_dial_goes_on_only_when_its_states_are_seen() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "wait_seen": true })).await;
    let mut events = lab.hold(&path, &notifier).await;
    let seen = async |seq: &Value, who: &str| {
        lab.ask("POST", &format!("{path}/seen"), Some(json!({ "notifier": who, "seq": seq }))).await.0
    };
    assert_eq!(seen(&json!(1), "guess").await, 400);
    assert_eq!(seen(&json!(4000), &notifier).await, 400);
    loop {
        let event = events.until(|event| event["event"] == "state").await;
        if event["done"] == true {
            assert_eq!(event["name"], "RASCS_Connected", "{event}");
            break;
        }
        assert_eq!(seen(&event["seq"], &notifier).await, 204);
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_never_seen_ends_the_dial_after_five_minutes_with_638() {
    let lab = Lab::start().await;
    let (path, notifier) = lab.dial(json!({ "wait_seen": true })).await;
    let mut events = lab.hold(&path, &notifier).await;
    let begun = Instant::now();
    let ended = events.ended().await;
    assert!((300..310).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    assert_eq!(ended["error"]["error"], 638, "{ended}");
    let (_, story) = lab.ask("GET", &path.replace("connections", "calls"), None).await;
    assert_eq!(story["ended"]["error"]["error"], 638);
}

impl crate::lab::Http {
    async fn send_terminal(&mut self, path: &str) {
        let request = format!(
            "POST {path}/terminal HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: openras-stream\r\n\r\n"
        );
        self.write(request.as_bytes()).await;
        self.0.fill_buf().await.unwrap();
    }
}
