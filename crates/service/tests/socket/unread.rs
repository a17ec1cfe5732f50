//! Requests whose answer is ready before their body was read.

use std::time::Duration;

use openras_service::rights::Rights;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;

use crate::lab::Lab;

fn head(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n")
}

/// Else the client's write breaks, and few clients read after that.
#[tokio::test(start_paused = true)]
async fn who_writes_all_before_reading_gets_the_answer_and_may_go_on() {
    let lab = Lab::with(Vec::new(), Rights::private()).await;
    for (path, status, number) in [
        ("/v1/nothing", 404, 50),
        ("/v1/connections/7/hangup", 404, 6),
        ("/v1/connections", 413, 632),
        ("/v1/server", 405, 50),
    ] {
        let mut client = lab.client().await;
        client.write(head(path, 900_000).as_bytes()).await;
        client.0.write_all(&vec![b'x'; 900_000]).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        let (got, problem) = client.answer().await;
        assert_eq!((got, &problem["error"]), (status, &json!(number)), "{path}: {problem}");
        assert_eq!(client.ask("GET", "/v1/server", None).await.0, 200, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_never_sends_the_rest_is_answered_soon_and_who_sends_without_end_is_closed() {
    let lab = Lab::with(Vec::new(), Rights::private()).await;
    let mut client = lab.client().await;
    client.write(head("/v1/nothing", 5000).as_bytes()).await;
    let begun = Instant::now();
    assert_eq!(client.answer().await.0, 404);
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    let mut flood = lab.client().await;
    flood.write(head("/v1/nothing", 1 << 40).as_bytes()).await;
    let mut sent = 0;
    while flood.0.write_all(&[b'x'; 65_536]).await.is_ok() {
        sent += 65_536;
        assert!(sent < 16 << 20, "it takes all");
    }
    assert_eq!(lab.ask("GET", "/v1/server", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_is_645_and_503_and_says_which_file_and_what_to_do() {
    let lab = Lab::start().await;
    let store = lab.folder.path().join("state/users.db");
    let away = store.with_extension("away");
    std::fs::rename(&store, &away).unwrap();
    let new = json!({ "name": "eva", "password": "hunter2" });
    for (method, path, body) in [("GET", "/v1/users", None), ("POST", "/v1/users", Some(new))] {
        let (status, problem) = lab.ask(method, path, body).await;
        assert_eq!((status, &problem["error"]), (503, &json!(645)), "{problem}");
        assert!(problem["message"].as_str().unwrap().contains("users.db"), "{problem}");
        assert!(problem["remedy"].as_str().unwrap().contains("Put it back"), "{problem}");
    }
    std::fs::rename(&away, &store).unwrap();
    assert_eq!(lab.ask("GET", "/v1/users", None).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn a_reload_over_the_socket_is_one_record_with_who_asked() {
    use openras_service::config::Config;
    use openras_service::socket::{Mode, Socket};
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("openras.toml");
    let state = folder.path().join("state");
    std::fs::write(&file, format!("state = {state:?}\n[[port]]\nname = 'a'\nline = 'exchange:1'\n")).unwrap();
    let service = openras_service::Service::start(Config::load(&file).unwrap()).await.unwrap();
    let service = std::sync::Arc::new(service);
    let socket = folder.path().join("run/api.sock");
    let bound = Socket::bind(&socket, Mode::Private).unwrap();
    let serving = openras_service::http::serve(service.clone(), bound, Rights::private());
    let mut client = crate::lab::Http::new(tokio::net::UnixStream::connect(&socket).await.unwrap());
    let (status, reloaded) = client.ask("POST", "/v1/server/reload", None).await;
    assert_eq!(status, 200, "{reloaded}");
    let record = std::fs::read_to_string(state.join("audit.jsonl")).unwrap();
    let about: Vec<&str> = record.lines().filter(|line| line.contains("reload")).collect();
    assert_eq!(about.len(), 1, "{record}");
    let uid = format!("\"uid\":{}", rustix::process::geteuid().as_raw());
    assert!(about[0].contains("\"what\":\"reloaded\"") && about[0].contains(&uid), "{record}");
    serving.stop().await;
}
