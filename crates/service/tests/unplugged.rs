//! Lines that are unplugged in the middle of a call, a hundred times each: nothing is left of them. Alone in its process,
//! whose descriptors and tasks it counts.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use openras_engine::ConnState;
use openras_engine::client::dial::{DialParams, Notice};
use openras_io::line::{TlsClient, TlsClientFiles};
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, IpKind, PortConfig, TlsConfig};
use openras_service::connections::DialRequest;
use openras_service::users::NewUser;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

const TIMES: usize = 100;
const LONG: Duration = Duration::from_secs(300);
/// An LCP Configure-Request without options.
const REQUEST: &[u8] = b"\x7e\xff\x7d\x23\xc0\x21\x7d\x21\x7d\x21\x7d\x20\x7d\x24\xd1\xb5\x7e";

/// Descriptors of this process and tasks of its runtime.
fn held() -> (usize, usize) {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap().count();
    (descriptors, tokio::runtime::Handle::current().metrics().num_alive_tasks())
}

/// No port has a call, and so many are held as before.
async fn settled(service: &Service, before: (usize, usize), what: &str) {
    let quiet = async {
        while service.ports().iter().any(|port| port.call.is_some())
            || held().0 > before.0
            || held().1 > before.1
        {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let settled = timeout(LONG, quiet).await;
    assert!(settled.is_ok(), "{what}: {before:?} before, {:?} after {TIMES} times", held());
}

/// A call through a cable that is pulled when it is connected.
async fn connected_and_pulled(service: &Service, spoken: &str, to: SocketAddr, ca: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let line = format!("{spoken}:{}", listener.local_addr().unwrap());
    let pull = Notify::new();
    let cable = async {
        let (mut near, _) = listener.accept().await.unwrap();
        let mut far = TcpStream::connect(to).await.unwrap();
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => {}
            () = pull.notified() => {}
        }
        // closed with octets unread: both ends hear a reset
    };
    let call = async {
        let params =
            DialParams { user: "alice".into(), password: Secret::from("secret"), ..DialParams::default() };
        let trust = TlsClientFiles { ca: Some(ca.to_owned()), own: None };
        let tls = ["tls", "wss"].contains(&spoken).then(|| TlsClient::new(&trust).unwrap());
        let request = DialRequest { line: line.parse().unwrap(), params, tls, ..DialRequest::default() };
        let mut connection = service.dial(request).unwrap();
        loop {
            match connection.notice().await.expect("an end") {
                Notice::State { state: ConnState::CONNECTED, .. } => pull.notify_one(),
                Notice::Ended(end) => break assert!(end.was_connected, "{spoken}: {end:?}"),
                _ => {}
            }
        }
    };
    timeout(LONG, async { tokio::join!(cable, call) }).await.expect("it ends");
}

/// Opens the device behind a port's link, begins PPP, and leaves once the port has answered. The link may still lead to the
/// call before, which is being hung up.
fn opened_and_left(link: &Path) {
    let answered = || {
        let mut device = std::fs::OpenOptions::new().read(true).write(true).open(link)?;
        device.write_all(REQUEST)?;
        device.read(&mut [0; 16])
    };
    while !matches!(answered(), Ok(1..)) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_unplugged_a_hundred_times_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("tty");
    let port = |name: &str, line: String| {
        let port = PortConfig::new(name, line.parse().unwrap());
        PortConfig { calls: if name == "pty" { 1 } else { 4 }, ip: IpKind::Loopback, ..port }
    };
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("port.pem"), folder.path().join("port.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let secret = |name: &str| PortConfig {
        tls: Some(TlsConfig { certificate: certificate.clone(), key: key.clone(), clients: None }),
        ..port(name, format!("listen:{name}:127.0.0.1:0"))
    };
    let config = Config {
        state: folder.path().join("state"),
        ports: vec![
            port("tcp", "listen:tcp:127.0.0.1:0".into()),
            port("telnet", "listen:telnet:127.0.0.1:0".into()),
            port("rfc2217", "listen:rfc2217:127.0.0.1:0".into()),
            port("ws", "listen:ws:127.0.0.1:0".into()),
            secret("tls"),
            secret("wss"),
            port("pty", format!("pty:{}", link.display())),
        ],
        ..Config::default()
    };
    let service = Service::start(config).await.unwrap();
    let users = service.users().unwrap().clone();
    let alice = NewUser { password: Some(Secret::from("secret")), ..NewUser::default() };
    tokio::task::spawn_blocking(move || users.add("alice", &alice)).await.unwrap().unwrap();
    let (addresses, ca) = (service.addresses(), made.cert.pem());
    for (name, dial) in [
        ("tcp", "tcp"),
        ("telnet", "telnet"),
        ("rfc2217", "telnet"),
        ("rfc2217", "rfc2217"),
        ("ws", "ws"),
        ("tls", "tls"),
        ("wss", "wss"),
    ] {
        let at = addresses.iter().find(|(other, _)| other == name).unwrap().1;
        // what is made once is made by the first
        connected_and_pulled(&service, dial, at, &ca).await;
        sleep(Duration::from_millis(300)).await;
        let before = held();
        for _ in 0..TIMES {
            connected_and_pulled(&service, dial, at, &ca).await;
        }
        settled(&service, before, name).await;
    }
    let before = held();
    for _ in 0..TIMES {
        let link = link.clone();
        let left = tokio::task::spawn_blocking(move || opened_and_left(&link));
        timeout(LONG, left).await.expect("the port answers again").unwrap();
    }
    settled(&service, before, "pty").await;
}
