//! ser2net between two ends of ours: as the terminal server we call in telnet and RFC 2217, and as the program that calls
//! our ports so.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::net::IpAddr;
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
use openras_sim::peers::ser2net::{Ser2net, available};
use openras_sim::peers::skip;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(60);

struct Lab {
    folder: tempfile::TempDir,
    program: PathBuf,
    service: Service,
}

/// A service that answers on `line`, where FOLDER is the lab's; `None` where there is no ser2net.
async fn lab(test: &str, line: &str) -> Option<Lab> {
    let program = match available() {
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
    let config = Config { state: folder.path().join("state"), ports: vec![port], ..Config::default() };
    let service = Service::start(config).await.unwrap();
    let users = service.users().unwrap().clone();
    let alice = NewUser { password: Some(Secret::from("pw")), ..NewUser::default() };
    tokio::task::spawn_blocking(move || users.add("alice", &alice)).await.unwrap().unwrap();
    Some(Lab { folder, program, service })
}

impl Lab {
    /// A call up, pinged, and 100,000 octets of every value through it; then hung up.
    async fn call(&self, line: &str) -> DialEnd {
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
        timeout(LONG, talked).await.expect("the call goes on")
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

/// We call ser2net, which has our port's pseudo-terminal for its serial port.
#[tokio::test(flavor = "multi_thread")]
async fn we_call_a_terminal_server() {
    let Some(lab) = lab("we_call_a_terminal_server", "pty:FOLDER/tty").await else { return };
    let device = format!("serialdev,{},115200n81,local", lab.folder.path().join("tty").display());
    for (spoken, dial) in [("", "tcp"), ("telnet", "telnet"), ("telnet(rfc2217)", "telnet")] {
        let ser2net = Ser2net::start(&lab.program, lab.folder.path(), spoken, &device).unwrap();
        let end = lab.call(&format!("{dial}:{}", ser2net.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{spoken} {dial}: {end:?}");
    }
}

/// ser2net calls our ports, as a program that has a serial port over the network does.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_server_calls_us() {
    for (port, connector) in [
        ("listen:tcp:127.0.0.1:0", "tcp"),
        // who greets in telnet on a plain port is answered so
        ("listen:tcp:127.0.0.1:0", "telnet,tcp"),
        ("listen:telnet:127.0.0.1:0", "telnet,tcp"),
        ("listen:rfc2217:127.0.0.1:0", "telnet(rfc2217),tcp"),
    ] {
        let Some(lab) = lab("a_terminal_server_calls_us", port).await else { return };
        let at = lab.service.addresses()[0].1;
        let connector = format!("{connector},{},{}", at.ip(), at.port());
        let ser2net = Ser2net::start(&lab.program, lab.folder.path(), "", &connector).unwrap();
        let end = lab.call(&format!("tcp:{}", ser2net.address)).await;
        assert!(end.was_connected && end.error.is_none(), "{port} {connector}: {end:?}");
    }
}
