//! A service with its socket in a temporary folder, and a client that speaks HTTP by hand.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, PortConfig, PortLine};
use openras_service::http::{Serving, serve};
use openras_service::rights::Rights;
use openras_service::socket::{Mode, Socket};
use openras_service::users::NewUser;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

/// Longer than anything here takes on the paused clock.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct Lab {
    pub(crate) service: Arc<Service>,
    pub(crate) serving: Serving,
    pub(crate) socket: PathBuf,
    pub(crate) folder: tempfile::TempDir,
}

impl Lab {
    /// A service that answers 100 on its exchange, and one user, alice.
    pub(crate) async fn start() -> Self {
        let port = PortConfig { calls: 4, ..PortConfig::new("line", PortLine::Exchange("100".into())) };
        Self::with(vec![port], Rights::private()).await
    }

    pub(crate) async fn with(ports: Vec<PortConfig>, rights: Rights) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            state: folder.path().join("state"),
            ports,
            modules: BTreeMap::new(),
            ..Config::default()
        };
        let service = Arc::new(Service::start(config).await.unwrap());
        if let Some(users) = service.users() {
            let user = NewUser { password: Some(Secret::from("secret")), ..NewUser::default() };
            users.add("alice", &user).unwrap();
        }
        let socket = folder.path().join("run/api.sock");
        let serving = serve(service.clone(), Socket::bind(&socket, Mode::Private).unwrap(), rights);
        Self { service, serving, socket, folder }
    }

    pub(crate) async fn client(&self) -> Http {
        Http::new(UnixStream::connect(&self.socket).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.client().await.ask(method, path, body).await
    }

    /// A dial of alice's to 100, with more members. Gives its path and notifier.
    pub(crate) async fn dial(&self, more: Value) -> (String, String) {
        let mut body =
            json!({ "line": "exchange:100", "user": "alice", "password": "secret", "terminal": "never" });
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let (status, dialled) = self.ask("POST", "/v1/connections", Some(body)).await;
        assert_eq!(status, 201, "{dialled}");
        let path = format!("/v1/connections/{}", dialled["id"]);
        (path, dialled["notifier"].as_str().unwrap().to_owned())
    }

    /// The creator's stream of a dial.
    pub(crate) async fn hold(&self, path: &str, notifier: &str) -> Events {
        self.events(&format!("{path}/events?notifier={notifier}")).await
    }

    pub(crate) async fn events(&self, path: &str) -> Events {
        let mut client = self.client().await;
        client.send("GET", path, None).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        Events(client)
    }

    /// A dial that is connected, and its path; its creator has gone.
    pub(crate) async fn connected(&self) -> String {
        let (path, notifier) = self.dial(json!({})).await;
        self.hold(&path, &notifier).await.until_state("RASCS_Connected").await;
        path
    }
}

/// HTTP by hand.
pub(crate) struct Http(pub(crate) BufReader<UnixStream>);

impl Http {
    pub(crate) fn new(stream: UnixStream) -> Self {
        Self(BufReader::new(stream))
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Option<Value>) {
        self.send_with(method, path, "", body).await;
    }

    pub(crate) async fn send_with(&mut self, method: &str, path: &str, headers: &str, body: Option<Value>) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: openras\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.write(request.as_bytes()).await;
    }

    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.send(method, path, body).await;
        self.answer().await
    }

    /// Asks for an upgrade; what comes back.
    pub(crate) async fn upgrade(&mut self, path: &str, to: &str, body: Option<Value>) -> String {
        self.send_with("POST", path, &format!("connection: upgrade\r\nupgrade: {to}\r\n"), body).await;
        self.head().await
    }

    pub(crate) async fn head(&mut self) -> String {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(DAY, self.0.read_line(&mut head)).await.expect("no answer").unwrap();
            assert!(read > 0, "closed behind {head:?}");
        }
        head.to_lowercase().replacen("http/1.1", "HTTP/1.1", 1)
    }

    pub(crate) async fn answer(&mut self) -> (u16, Value) {
        let head = self.head().await;
        let status = head[9..12].parse().unwrap();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.0.read_exact(&mut body).await.unwrap();
        let text = String::from_utf8(body).unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Waits until the service closes the connection; what came before.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        // a reset is an end too
        let _ = timeout(DAY, self.0.read_to_end(&mut rest)).await.expect("it is never closed");
        rest
    }
}

/// A stream of events.
pub(crate) struct Events(pub(crate) Http);

impl Events {
    /// The next; `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            let read = timeout(DAY, self.0.0.read_line(&mut line)).await.expect("no event");
            if read.ok()? == 0 {
                return None;
            }
            // between the lines stand the sizes of the chunks
            if line.starts_with('{') {
                return Some(serde_json::from_str(&line).unwrap());
            }
            if line == "0\r\n" {
                return None;
            }
        }
    }

    pub(crate) async fn until(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("the stream ended behind {seen:?}"));
            if fits(&event) {
                return event;
            }
            seen.push(event);
        }
    }

    pub(crate) async fn until_state(&mut self, name: &str) -> Value {
        self.until(|event| {
            assert!(event["event"] != "ended", "{event}");
            event["event"] == "state" && event["name"] == name
        })
        .await
    }

    pub(crate) async fn ended(&mut self) -> Value {
        self.until(|event| event["event"] == "ended").await
    }
}
