//! A service with a temporary store, and peers that speak PPP by hand.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use openras_engine::client::dial::{Command, DialEnd, DialParams, Notice};
use openras_engine::users::CallbackRight;
use openras_ppp::Secret;
use openras_ppp::hdlc::{Deframer, Framing, frame};
use openras_ppp::wire::Protocol;
use openras_service::config::{Config, DialLine, PortConfig, PortLine};
use openras_service::connections::{Connection, DialRequest};
use openras_service::users::NewUser;
use openras_service::{Service, StartError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// Longer than any call of these tests on the paused clock.
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) struct Lab {
    pub(crate) service: Service,
    pub(crate) state: tempfile::TempDir,
}

/// A configuration with these ports in a folder of its own.
pub(crate) fn config(state: &tempfile::TempDir, ports: Vec<PortConfig>) -> Config {
    Config { state: state.path().join("state"), ports, modules: BTreeMap::new(), ..Config::default() }
}

/// A port on a TCP address the system chooses, for four calls, two of them unauthenticated.
pub(crate) fn tcp(name: &str) -> PortConfig {
    PortConfig { calls: 4, ..PortConfig::new(name, "listen:tcp:127.0.0.1:0".parse::<PortLine>().unwrap()) }
}

/// A port on the exchange.
pub(crate) fn exchange(name: &str, number: &str, calls: u16) -> PortConfig {
    PortConfig { calls, ..PortConfig::new(name, PortLine::Exchange(number.into())) }
}

impl Lab {
    pub(crate) async fn start(ports: Vec<PortConfig>) -> Self {
        let state = tempfile::tempdir().unwrap();
        let service = Service::start(config(&state, ports)).await.unwrap();
        let lab = Self { service, state };
        lab.add("alice", CallbackRight::None);
        lab
    }

    /// A service with another configuration than the plain one.
    pub(crate) async fn start_with(edit: impl FnOnce(Config) -> Config) -> Self {
        let state = tempfile::tempdir().unwrap();
        let service = Service::start(edit(config(&state, Vec::new()))).await.unwrap();
        let lab = Self { service, state };
        lab.add("alice", CallbackRight::None);
        lab
    }

    /// A user with the password `secret`.
    pub(crate) fn add(&self, name: &str, callback: CallbackRight) {
        let user = NewUser { password: Some(Secret::from("secret")), callback, ..NewUser::default() };
        self.service.users().unwrap().add(name, &user).unwrap();
    }

    pub(crate) fn address(&self, port: &str) -> SocketAddr {
        self.service.addresses().iter().find(|(name, _)| name == port).unwrap().1
    }

    pub(crate) fn dial(&self, request: DialRequest) -> Connection {
        self.service.dial(request).unwrap()
    }

    /// A call that must connect; it is hung up again.
    pub(crate) async fn works(&self, line: &str) {
        let end = over(self.dial(request(line, "alice"))).await;
        assert!(end.was_connected && end.error.is_none(), "{end:?}");
    }

    pub(crate) fn record(&self) -> String {
        std::fs::read_to_string(self.state.path().join("state/audit.jsonl")).unwrap()
    }
}

/// A dial without pauses as this user, straight to PPP.
pub(crate) fn request(line: &str, user: &str) -> DialRequest {
    DialRequest {
        line: line.parse::<DialLine>().unwrap(),
        params: DialParams { user: user.into(), password: Secret::from("secret"), ..DialParams::default() },
        ..DialRequest::default()
    }
}

/// How a dial ends; it is hung up as soon as it is connected.
pub(crate) async fn over(mut connection: Connection) -> DialEnd {
    let ended = async {
        loop {
            match connection.notice().await {
                Some(Notice::State { state: openras_engine::ConnState::CONNECTED, .. }) => {
                    connection.command(Command::HangUp).await;
                }
                Some(Notice::Ended(end)) => return *end,
                Some(_) => {}
                None => panic!("the dial went away without an end"),
            }
        }
    };
    timeout(DAY, ended).await.expect("the dial never ends")
}

/// Somebody's server, made by hand: what it does with its one call is up to the test.
pub(crate) async fn stranger<F, T>(talk: F) -> String
where
    F: FnOnce(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    tokio::spawn(async move { talk(listener.accept().await.unwrap().0).await });
    line
}

/// Packets over a stream, by hand.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    deframer: Deframer,
    waiting: Vec<Vec<u8>>,
}

impl Peer {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, deframer: Deframer::new(), waiting: Vec::new() }
    }

    pub(crate) async fn call(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).await.unwrap())
    }

    /// The next packet with its protocol, without address and control; `None` at the end of the call.
    pub(crate) async fn packet(&mut self) -> Option<Vec<u8>> {
        let mut memory = [0; 4096];
        while self.waiting.is_empty() {
            let read = self.stream.read(&mut memory).await;
            let Ok(n @ 1..) = read else { return None };
            let mut bytes = &memory[..n];
            while let Some(frame) = self.deframer.next_frame(&mut bytes) {
                self.waiting.extend(frame.ok().map(<[u8]>::to_vec));
            }
        }
        Some(self.waiting.remove(0))
    }

    /// Sends a packet of LCP: code, identifier, body.
    pub(crate) async fn lcp(&mut self, code: u8, identifier: u8, body: &[u8]) {
        let length = u16::try_from(4 + body.len()).unwrap().to_be_bytes();
        let packet = [&[code, identifier, length[0], length[1]], body].concat();
        let mut bytes = Vec::new();
        frame(Protocol::LCP, &packet, Framing::DEFAULT, false, &mut bytes);
        // a call that is over is the test's to notice at the next read
        let _ = self.stream.write_all(&bytes).await;
    }

    /// Waits for the end of the call. Gives how long that took.
    pub(crate) async fn end(&mut self) -> Duration {
        let begun = Instant::now();
        timeout(DAY, async { while self.packet().await.is_some() {} })
            .await
            .expect("the port never hangs up");
        begun.elapsed()
    }
}

/// A port that certainly cannot be opened is the reason a start fails with.
pub(crate) async fn start_error(ports: Vec<PortConfig>) -> StartError {
    let state = tempfile::tempdir().unwrap();
    match Service::start(config(&state, ports)).await {
        Ok(_) => panic!("it started"),
        Err(error) => error,
    }
}
