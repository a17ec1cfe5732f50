//! A whole service and a whole dialler in this process, and a foreign peer joined to one of them by a unix socket.

#![allow(dead_code, reason = "each peer test uses its part")]

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEnd, DialEvent, DialParams, Notice};
use openras_ppp::{AuthMethod, Negotiated, Secret};
use openras_service::api::types::event::Event;
use openras_service::config::{Config, DialLine, IpKind, PortConfig, PortLine};
use openras_service::connections::{Connection, DialRequest};
use openras_service::users::{Keep, NewUser};
use openras_service::{Heard, Service};
use tokio::time::timeout;

/// Longer than any step of a guest takes.
pub(crate) const LONG: Duration = Duration::from_secs(180);

/// A service that answers on a unix socket.
pub(crate) struct Answering {
    pub(crate) service: Service,
    events: tokio::sync::broadcast::Receiver<Arc<Heard>>,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

/// A step of the port's call.
pub(crate) struct Step {
    pub(crate) kind: String,
    pub(crate) text: String,
    pub(crate) error: Option<openras_engine::RasError>,
}

/// The user `alice` with the password `pw`, good for every method.
pub(crate) fn alice() -> NewUser {
    NewUser {
        password: Some(Secret::from("pw")),
        keep: Keep { clear: true, ..Keep::default() },
        ..NewUser::default()
    }
}

impl Answering {
    /// One port with these settings and the user alice.
    pub(crate) async fn start(port: impl FnOnce(&mut PortConfig), alice: NewUser) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("line");
        let mut config = PortConfig::new("line1", PortLine::ListenUnix(socket.clone()));
        config.ip = IpKind::Loopback;
        port(&mut config);
        let config = Config { state: folder.path().join("state"), ports: vec![config], ..Config::default() };
        let service = Service::start(config).await.unwrap();
        let users = service.users().unwrap().clone();
        tokio::task::spawn_blocking(move || users.add("alice", &alice)).await.unwrap().unwrap();
        let events = service.events();
        Self { service, events, socket, _folder: folder }
    }

    /// Joins a peer's end to the port.
    pub(crate) fn join(&self, peer: UnixStream) {
        join(peer, UnixStream::connect(&self.socket).unwrap());
    }

    /// A call of which nothing is said yet: what the test does with it comes before the peer.
    pub(crate) fn call(&self) -> UnixStream {
        UnixStream::connect(&self.socket).unwrap()
    }

    /// Waits for an event of this kind and gives all up to it.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Step> {
        let mut seen = Vec::new();
        let wait = async {
            loop {
                let heard = self.events.recv().await.expect("the service runs");
                let Event::Port { kind: found, text, error, .. } = heard.told.event.clone() else { continue };
                let last = found == kind;
                let error = error.map(|problem| problem.number());
                seen.push(Step { kind: found, text, error });
                if last {
                    break;
                }
            }
        };
        assert!(timeout(LONG, wait).await.is_ok(), "no {kind}:\n{}", story(&seen));
        seen
    }
}

/// Events as text.
pub(crate) fn story(events: &[Step]) -> String {
    events.iter().map(|event| format!("{:16} {}\n", event.kind, event.text)).collect()
}

/// A dial whose far end is a peer.
pub(crate) struct Dialling {
    pub(crate) connection: Connection,
    pub(crate) agreed: Option<Box<Negotiated>>,
    pub(crate) story: String,
    _service: Service,
    _folder: tempfile::TempDir,
}

impl Dialling {
    /// Dials to the peer's end as alice with this password.
    pub(crate) async fn start(peer: UnixStream, password: &str, auth: &[AuthMethod]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("line");
        let listener = UnixListener::bind(&socket).unwrap();
        std::thread::spawn(move || join(peer, listener.accept().unwrap().0));
        let service = Service::start(Config::default()).await.unwrap();
        let request = DialRequest {
            line: DialLine::Unix(socket),
            params: DialParams {
                user: "alice".into(),
                password: Secret::from(password),
                ..DialParams::default()
            },
            auth: auth.to_vec(),
            trace: true,
            ..DialRequest::default()
        };
        let connection = service.dial(request).unwrap();
        Self { connection, agreed: None, story: String::new(), _service: service, _folder: folder }
    }

    /// Goes on until Connected, or until the dial has ended.
    pub(crate) async fn connected(&mut self) -> Result<(), Box<DialEnd>> {
        loop {
            match self.notice().await {
                Notice::State { state: ConnState::CONNECTED, .. } => return Ok(()),
                Notice::Event(DialEvent::Projection(agreed)) => self.agreed = Some(agreed),
                Notice::Ended(end) => return Err(end),
                _ => {}
            }
        }
    }

    /// Goes on until the dial has ended.
    pub(crate) async fn ended(&mut self) -> Box<DialEnd> {
        loop {
            if let Notice::Ended(end) = self.notice().await {
                return end;
            }
        }
    }

    /// Pings; gives how many of three were answered. A foreign kernel may still be bringing its interface up when
    /// the first one comes.
    pub(crate) async fn ping(&self, address: std::net::Ipv4Addr) -> usize {
        let link = self.connection.stack();
        link.until_up().await.expect("IP is up");
        link.ping(address.into(), 3).await.expect("a ping can be sent").iter().flatten().count()
    }

    /// Hangs up and waits for the end.
    pub(crate) async fn hang_up(&mut self) -> Box<DialEnd> {
        self.connection.command(Command::HangUp).await;
        self.ended().await
    }

    async fn notice(&mut self) -> Notice {
        let notice = timeout(LONG, self.connection.notice()).await;
        let Ok(Some(notice)) = notice else { panic!("the dial says nothing more:\n{}", self.story) };
        match &notice {
            Notice::Event(DialEvent::Packet(packet)) => {
                self.story += &format!("{:?} {}\n", packet.direction, packet.text());
            }
            other => self.story += &format!("{other:?}\n"),
        }
        notice
    }
}

/// Copies both ways until one end is gone; then both are.
pub(crate) fn join(a: UnixStream, b: UnixStream) {
    let (a2, b2) = (a.try_clone().unwrap(), b.try_clone().unwrap());
    std::thread::spawn(move || copy(a, b));
    std::thread::spawn(move || copy(b2, a2));
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    // the other direction ends with this one
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
