//! A service and a dial of ours in this process, with a foreign program between them.

#![allow(dead_code, reason = "each peer test uses its part")]

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use openras_engine::ConnState;
use openras_engine::client::dial::{Command, DialEnd, DialParams, Notice};
use openras_io::net::http;
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, IpKind, PortConfig};
use openras_service::connections::DialRequest;
use openras_service::users::NewUser;
use openras_sim::peers::skip;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(180);

pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    /// The program in between.
    pub(crate) program: PathBuf,
    service: Service,
}

/// A service that answers on `line`, where FOLDER is the lab's; `None` where the program in between is not `available`.
pub(crate) async fn lab(test: &str, available: Result<PathBuf, String>, line: &str) -> Option<Lab> {
    let program = match available {
        Ok(program) => program,
        Err(reason) => {
            skip(test, &reason);
            return None;
        }
    };
    let folder = tempfile::tempdir().unwrap();
    let line = line.replace("FOLDER", &folder.path().display().to_string());
    let mut port = PortConfig::new("line1", line.parse().unwrap());
    port.ip = IpKind::Loopback;
    // the next call may come through the program in between while the port is still letting go of the one before
    if line.starts_with("listen:") {
        port.calls = 2;
    }
    let config = Config { state: folder.path().join("state"), ports: vec![port], ..Config::default() };
    let service = Service::start(config).await.unwrap();
    let users = service.users().unwrap().clone();
    let alice = NewUser { password: Some(Secret::from("pw")), ..NewUser::default() };
    tokio::task::spawn_blocking(move || users.add("alice", &alice)).await.unwrap().unwrap();
    Some(Lab { folder, program, service })
}

impl Lab {
    /// Where the port listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.service.addresses()[0].1
    }

    /// A call up, pinged, and 100,000 octets of every value through it; then hung up.
    pub(crate) async fn call(&self, line: &str) -> DialEnd {
        let request = DialRequest {
            line: line.parse().unwrap(),
            params: DialParams {
                user: "alice".into(),
                password: Secret::from("pw"),
                ..DialParams::default()
            },
            ..DialRequest::default()
        };
        let mut connection = self.service.dial(request).unwrap();
        let talked = async {
            loop {
                match connection.notice().await.expect("an end") {
                    Notice::State { state: ConnState::CONNECTED, .. } => {
                        connection.stack().until_up().await.unwrap();
                        let port: IpAddr = [10, 64, 0, 1].into();
                        let pings = connection.stack().ping(port, 2).await.unwrap();
                        assert!(pings.iter().all(Option::is_some), "{pings:?}");
                        self.fetch(&connection).await;
                        connection.command(Command::HangUp).await;
                    }
                    Notice::Ended(end) => return *end,
                    _ => {}
                }
            }
        };
        timeout(LONG, talked).await.unwrap_or_else(|_| panic!("{line} hangs"))
    }

    async fn fetch(&self, connection: &openras_service::connections::Connection) {
        let mut all = Vec::new();
        for path in ["bytes/100000", "bytes/100000"] {
            let mut page =
                http::fetch(connection.stack(), &format!("http://10.64.0.1/{path}")).await.unwrap();
            let mut bytes = Vec::new();
            while let Some(chunk) = page.chunk().await.unwrap() {
                bytes.extend_from_slice(&chunk);
            }
            assert_eq!(bytes.len(), 100_000);
            all.push(bytes);
        }
        assert!(all[0] == all[1], "the same octets twice");
    }
}
