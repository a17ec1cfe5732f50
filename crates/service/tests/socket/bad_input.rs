//! Requests that are malformed, huge, slow or half: each gets a number and a sentence, and nobody else notices.

use std::time::Duration;

use openras_service::rights::Rights;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::lab::Lab;

async fn empty() -> Lab {
    Lab::with(Vec::new(), Rights::private()).await
}

#[tokio::test(start_paused = true)]
async fn what_is_no_http_is_closed() {
    let lab = empty().await;
    for bytes in [&b"\x00\xff\xfe\n\n"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &[b'x'; 100_000]] {
        let mut client = lab.client().await;
        // it may be closed before all was written
        let _ = client.0.write_all(bytes).await;
        let said = client.closed().await;
        assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 4"), "{:?}", String::from_utf8_lossy(&said));
    }
    assert_eq!(lab.ask("GET", "/v1/server", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_wrongly_gets_a_number_a_sentence_and_no_echo() {
    let lab = empty().await;
    let dial = |body: &str| ("POST", "/v1/connections", body.to_owned());
    let long =
        |member: &str, length| json!({ "line": "exchange:1", (member): "x".repeat(length) }).to_string();
    for ((method, path, body), status, number) in [
        (("GET", "/", String::new()), 404, 50),
        (("GET", "/v2/connections", String::new()), 404, 50),
        (("DELETE", "/v1/connections", String::new()), 405, 50),
        (("GET", "/v1/connections/0", String::new()), 404, 6),
        (("GET", "/v1/connections/-1", String::new()), 404, 6),
        (("GET", "/v1/connections/hunter2", String::new()), 404, 6),
        (("GET", "/v1/events?packets=hunter2", String::new()), 400, 87),
        (dial(""), 400, 13),
        (dial("hunter2"), 400, 13),
        (dial(r#"{"line": "tcp:localhost:1", "password": "hunter2""#), 400, 13),
        (dial(r#"{"line": "tcp:localhost:1", "password": ["hunter2"]}"#), 400, 87),
        (dial(r#"{"line": "tcp:localhost:1", "hunter2": 1}"#), 400, 87),
        (dial(r#"{"line": 7}"#), 400, 87),
        (dial(r#"{"line": "nowhere"}"#), 400, 87),
        (dial(&json!({ "line": "n".repeat(50_000) }).to_string()), 400, 87),
        (dial(r#"{"line": "tcp:localhost:1", "auth": ["hunter2"]}"#), 400, 87),
        (dial(r#"{"line": "tcp:localhost:1", "capture": 1}"#), 400, 87),
        (dial(r#"{"line": "tcp:localhost:1", "callback_number": "5550101"}"#), 422, 704),
        (dial(r#"{"line": "tcp:localhost:1", "callback_number": "5550101", "own_number": "200"}"#), 422, 704),
        (dial(r#"{"line": "exchange:1", "callback_number": "5550101"}"#), 422, 704),
        (dial(&long("user", 5000)), 400, 87),
        (dial(&long("domain", 5000)), 400, 87),
        (dial(&long("password", 5000)), 400, 87),
        (dial(&long("own_number", 5000)), 400, 87),
        (dial(&long("callback_number", 5000)), 400, 87),
        (dial(&json!({ "line": "tcp:localhost:1", "auth": vec!["pap"; 5] }).to_string()), 400, 87),
        (("POST", "/v1/connections/1/resume", long("user", 5000)), 404, 6),
        (("GET", "/v1/users/%ff", String::new()), 400, 87),
        (("GET", "/v1/calls/%ff", String::new()), 400, 87),
        (dial(&"[".repeat(60_000)), 400, 87),
        (dial(&format!(r#"{{"line": "{}"}}"#, "x".repeat(70_000))), 413, 632),
    ] {
        let mut client = lab.client().await;
        let request =
            format!("{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        client.write(request.as_bytes()).await;
        let (got, problem) = client.answer().await;
        assert_eq!((got, &problem["error"]), (status, &json!(number)), "{method} {path}: {problem}");
        for member in ["message", "remedy"] {
            let sentence = problem[member].as_str().unwrap();
            assert!(sentence.ends_with('.') && !sentence.contains("hunter2"), "{problem}");
            assert!(sentence.len() < 500, "{problem}");
        }
    }
    let (_, list) = lab.ask("GET", "/v1/connections", None).await;
    assert_eq!(list, json!([]));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for() {
    let lab = empty().await;
    // silent; half a head; half a body
    for (bytes, seconds) in [
        (&b""[..], 60),
        (b"GET /v1/server HT", 10),
        (b"POST /v1/connections HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{", 10),
    ] {
        let mut client = lab.client().await;
        client.write(bytes).await;
        let begun = Instant::now();
        let said = String::from_utf8(client.closed().await).unwrap();
        let waited = begun.elapsed();
        let expected = Duration::from_secs(seconds)..Duration::from_secs(seconds + 61);
        assert!(expected.contains(&waited), "{waited:?} {said}");
        assert_eq!(said.contains("did not come whole"), bytes.ends_with(b"{"), "{said}");
    }
    // a head that comes byte by byte has ten seconds too
    let mut client = lab.client().await;
    let begun = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if client.0.write_all(b"G").await.is_err() {
            break;
        }
        assert!(begun.elapsed().as_secs() < 20);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_said_all_still_gets_its_answer() {
    let lab = empty().await;
    let mut client = lab.client().await;
    client.send("GET", "/v1/server", None).await;
    client.0.get_mut().shutdown().await.unwrap();
    assert_eq!(client.answer().await.0, 200);
    assert!(client.closed().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_connection_takes_many_requests() {
    let lab = empty().await;
    let mut client = lab.client().await;
    for _ in 0..100 {
        assert_eq!(client.ask("GET", "/v1/connections", None).await, (200, Value::Array(vec![])));
    }
    // and a little later, one more
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(client.ask("GET", "/v1/connections", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn the_sixty_fifth_client_of_a_user_is_sent_away_with_a_sentence() {
    let lab = empty().await;
    let mut clients = Vec::new();
    for _ in 0..64 {
        let mut client = lab.client().await;
        assert_eq!(client.ask("GET", "/v1/connections", None).await.0, 200);
        clients.push(client);
    }
    let mut late = lab.client().await;
    let (status, problem) = late.answer().await;
    assert_eq!((status, &problem["error"]), (503, &json!(1816)));
    clients.pop();
    let mut count = lab.serving.clients();
    count.wait_for(|count| *count < 64).await.unwrap();
    assert_eq!(lab.ask("GET", "/v1/connections", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn another_user_is_not_heard_by_a_private_service() {
    let us = rustix::process::geteuid().as_raw();
    let lab = Lab::with(Vec::new(), Rights::Private { service: us + 1 }).await;
    let mut client = lab.client().await;
    let _ = client.0.write_all(b"GET /v1/server HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(client.closed().await.is_empty());
}
