//! A bare other end: accepts connections and does with each what a test says.

use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use openras_api::Client;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};

pub struct OtherEnd {
    _folder: TempDir,
    pub socket: PathBuf,
    /// Heads of the requests, with the number of the connection they came over.
    pub heard: Arc<Mutex<Vec<(usize, Request)>>>,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// `GET /v1/server`
    pub fn line(&self) -> String {
        self.head.lines().next().unwrap().trim_end_matches(" HTTP/1.1").to_owned()
    }
}

/// One accepted connection.
pub struct Peer {
    pub number: usize,
    pub stream: UnixStream,
    heard: Arc<Mutex<Vec<(usize, Request)>>>,
}

impl Peer {
    /// The next request; `None` at the end.
    pub async fn request(&mut self) -> Option<Request> {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(self.stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(text).unwrap();
        let length = head.lines().find_map(|line| {
            line.to_lowercase().strip_prefix("content-length:").map(|value| value.trim().parse().unwrap())
        });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).await.ok()?;
        let request = Request { head, body };
        self.heard.lock().unwrap().push((self.number, request.clone()));
        Some(request)
    }

    pub async fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).await.unwrap();
    }

    pub async fn answer(&mut self, status: u16, body: &str) {
        self.say(format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Waits until the other side is gone.
    pub async fn gone(mut self) {
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest).await;
    }
}

/// Listens; each connection is one call of `with`.
pub fn other_end<F, D>(with: F) -> OtherEnd
where
    F: Fn(Peer) -> D + Send + 'static,
    D: Future<Output = ()> + Send + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("api.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ours = heard.clone();
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(with(Peer { number, stream, heard: ours.clone() }));
        }
    });
    OtherEnd { _folder: folder, socket, heard }
}

impl OtherEnd {
    pub async fn client(&self) -> Client {
        Client::connect(&self.socket).await.unwrap()
    }

    /// What was asked: over which connection, and the first line.
    pub fn asked(&self) -> Vec<(usize, String)> {
        self.heard.lock().unwrap().iter().map(|(number, request)| (*number, request.line())).collect()
    }
}

pub const SERVER: &str = r#"{"version":"0.1.0","api":1,"pid":7,"uid":0,"private":true,"config":null,"started":5,
    "ports":0,"ports_in_use":0,"connections":0,"notes":[],"a_member_of_later":1}"#;
