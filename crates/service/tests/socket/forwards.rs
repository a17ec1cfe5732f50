//! Ports that lead through a connection: whose they are, where they may be, and when they go.

use openras_service::config::{IpKind, PortConfig, PortLine};
use openras_service::rights::Rights;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::Lab;

async fn page() -> (Lab, String) {
    let port = PortConfig {
        calls: 4,
        ip: IpKind::Loopback,
        ..PortConfig::new("line", PortLine::Exchange("100".into()))
    };
    let lab = Lab::with(vec![port], Rights::private()).await;
    let path = lab.connected().await;
    (lab, path)
}

async fn get(at: &Value) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(at.as_str().unwrap()).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: page\r\nconnection: close\r\n\r\n").await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn a_port_leads_through_until_it_is_closed_or_the_call_ends() {
    let (lab, path) = page().await;
    let forwards = format!("{path}/forwards");
    let wanted = json!({ "listen": "127.0.0.1:0", "to": "10.64.0.1:80" });
    let (status, one) = lab.ask("POST", &forwards, Some(wanted.clone())).await;
    assert_eq!((status, &one["to"]), (201, &json!("10.64.0.1:80")), "{one}");
    assert!(get(&one["listen"]).await.unwrap().starts_with("HTTP/1.1 200"));
    let (_, two) = lab.ask("POST", &forwards, Some(wanted)).await;
    let (_, all) = lab.ask("GET", &forwards, None).await;
    assert_eq!(
        (&all[0]["reached"], &all[1]["reached"], &all[1]["listen"]),
        (&1.into(), &0.into(), &two["listen"])
    );
    // one is closed, the other goes with the call
    let close = format!("{forwards}?listen={}", one["listen"].as_str().unwrap());
    assert_eq!(lab.ask("DELETE", &close, None).await.0, 204);
    assert_eq!(lab.ask("DELETE", &close, None).await.0, 404);
    assert!(get(&two["listen"]).await.is_ok());
    let mut events = lab.events(&format!("{path}/events")).await;
    lab.ask("POST", &format!("{path}/hangup"), None).await;
    events.ended().await;
    for gone in [one, two] {
        while TcpStream::connect(gone["listen"].as_str().unwrap()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn only_loopback_and_ports_of_nobody_are_opened() {
    let (lab, path) = page().await;
    let forwards = format!("{path}/forwards");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for (listen, to, number) in [
        ("0.0.0.0:0", json!(null), 87),
        ("192.0.2.1:8080", json!(null), 87),
        ("[::]:0", json!(null), 87),
        ("127.0.0.1:80", json!(null), 87),
        ("127.0.0.1:0", json!("10.0.0.1"), 87),
        ("127.0.0.1:0", json!("a b:80"), 87),
        ("127.0.0.1", json!(null), 87),
    ] {
        let (status, problem) = lab.ask("POST", &forwards, Some(json!({ "listen": listen, "to": to }))).await;
        assert!(status >= 400 && problem["error"] == number, "{listen} {to}: {status} {problem}");
    }
    let listen = taken.local_addr().unwrap().to_string();
    let (_, problem) = lab.ask("POST", &forwards, Some(json!({ "listen": listen }))).await;
    assert_eq!(problem["error"], 602, "{problem}");
    // another's connection is not there
    let (_, problem) =
        lab.ask("POST", "/v1/connections/999/forwards", Some(json!({ "listen": "127.0.0.1:0" }))).await;
    assert_eq!(problem["error"], 6);
    for _ in 0..16 {
        assert_eq!(lab.ask("POST", &forwards, Some(json!({ "listen": "127.0.0.1:0" }))).await.0, 201);
    }
    let (_, full) = lab.ask("POST", &forwards, Some(json!({ "listen": "127.0.0.1:0" }))).await;
    assert_eq!(full["error"], 1816);
}

#[tokio::test]
async fn a_stream_goes_to_a_name_only_where_the_link_has_servers() {
    let (lab, path) = page().await;
    let mut client = lab.client().await;
    let to = json!({ "address": "page.test", "port": 80 });
    let head = client.upgrade(&format!("{path}/tcp"), "openras-stream", Some(to)).await;
    assert!(head.starts_with("HTTP/1.1 422"), "{head}");
    let mut client = lab.client().await;
    let to = json!({ "address": "10.64.0.1", "port": 80 });
    let head = client.upgrade(&format!("{path}/tcp"), "openras-stream", Some(to)).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_uses_ends_with_828_at_both_ends() {
    let mut port = PortConfig::new("line", PortLine::Exchange("100".into()));
    port.lasting.idle = Some(Some(std::time::Duration::from_secs(600)));
    let lab = Lab::with(vec![port], Rights::private()).await;
    // the dial's limit is the shorter one
    let (path, notifier) = lab.dial(json!({ "idle_seconds": 60 })).await;
    let mut events = lab.hold(&path, &notifier).await;
    events.until_state("RASCS_Connected").await;
    let ended = events.ended().await;
    assert_eq!((&ended["error"]["error"], &ended["connected"]), (&json!(828), &json!(true)), "{ended}");
    assert!(ended["why"].as_str().unwrap().contains("60 s"), "{ended}");
    // and here the port's
    let (path, notifier) = lab.dial(json!({})).await;
    let mut events = lab.hold(&path, &notifier).await;
    events.until_state("RASCS_Connected").await;
    let ended = events.ended().await;
    assert_eq!(ended["error"]["error"], 629, "{ended}");
    let mut calls = lab.ask("GET", "/v1/calls", None).await.1;
    let calls = calls.as_array_mut().unwrap();
    assert!(calls.iter().any(|call| call.to_string().contains("828")), "{calls:#?}");
}
