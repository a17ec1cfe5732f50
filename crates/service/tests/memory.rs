//! What a call that stands and says nothing holds, and a port that waits for one: octets of the heap, counted on the one
//! thread the whole service runs on. Alone in its process, whose allocator it counts with.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use openras_engine::ConnState;
use openras_engine::client::dial::{DialParams, Notice};
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, PortConfig};
use openras_service::connections::{Connection, DialRequest};
use openras_service::users::NewUser;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};

/// Calls, and ports, whose memory is measured.
const CALLS: usize = 40;
const PORTS: u16 = 200;
const LONG: Duration = Duration::from_secs(300);

/// Octets of the heap that may stay for each of them, beside its share of the pages of the allocator. The goals of the whole,
/// measured by `cargo bench -p openras --bench service`: 32 KiB a call, 8 KiB a port.
const ANSWERED: usize = 20 << 10;
const IDLE: usize = 4 << 10;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Octets that are there after it and were not before, on this thread.
fn grown(what: impl FnOnce()) -> usize {
    usize::try_from(allocation_counter::measure(what).bytes_current).unwrap_or_default()
}

fn config(folder: &Path, ports: Vec<PortConfig>) -> Config {
    Config { state: folder.to_owned(), ports, ..Config::default() }
}

fn port(line: &str, calls: u16) -> PortConfig {
    let mut port = PortConfig::new("a", line.parse().unwrap());
    port.calls = calls;
    port.pool = "10.64.0.2-10.64.15.254".parse().unwrap();
    port.limits.unauthenticated = Some(calls);
    port.limits.per_source = calls;
    port
}

/// A call as far as Connected.
async fn connected(service: &Service, line: &str) -> Connection {
    let params = DialParams { user: "eva".into(), password: Secret::from("secret"), ..DialParams::default() };
    let request = DialRequest { line: line.parse().unwrap(), params, ..DialRequest::default() };
    let mut connection = service.dial(request).unwrap();
    loop {
        match connection.notice().await.expect("an end") {
            Notice::State { state: ConnState::CONNECTED, .. } => return connection,
            Notice::Ended(end) => panic!("{end:?}"),
            _ => {}
        }
    }
}

/// Callers on a thread of their own: so many more as each word asks for, one after another. They stay until no more are
/// asked for; each word is answered when all of them are connected.
fn callers(folder: PathBuf, line: String) -> (mpsc::Sender<usize>, mpsc::Receiver<()>) {
    let (ask, asked) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime();
        let service = runtime.block_on(Service::start(config(&folder, Vec::new()))).unwrap();
        let mut calls = Vec::new();
        while let Ok(count) = asked.recv() {
            runtime.block_on(async {
                for _ in 0..count {
                    calls.push(connected(&service, &line).await);
                }
            });
            tell.send(()).unwrap();
        }
    });
    (ask, told)
}

/// Serves until all callers are connected and so many ports have an authenticated one.
fn serve(runtime: &Runtime, service: &Service, told: &mpsc::Receiver<()>, calls: usize) {
    let up = async {
        while let Err(none) = told.try_recv() {
            assert_eq!(none, mpsc::TryRecvError::Empty, "the callers have failed");
            sleep(Duration::from_millis(5)).await;
        }
        while service.ports().iter().filter(|port| port.condition == "authenticated").count() < calls {
            sleep(Duration::from_millis(5)).await;
        }
        // a record of the last is on its way to the disk
        sleep(Duration::from_millis(300)).await;
    };
    runtime.block_on(async { timeout(LONG, up).await.expect("all are connected") });
}

#[test]
fn a_silent_call_behind_the_nat_is_small() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("line");
    let runtime = runtime();
    let ports = vec![port(&format!("listen:unix:{}", socket.display()), 200)];
    let service = runtime.block_on(Service::start(config(&folder.path().join("a"), ports))).unwrap();
    let eva = NewUser { password: Some(Secret::from("secret")), ..NewUser::default() };
    service.users().unwrap().add("eva", &eva).unwrap();
    let (ask, told) = callers(folder.path().join("b"), format!("unix:{}", socket.display()));
    // what is made once is made by the first
    ask.send(20).unwrap();
    serve(&runtime, &service, &told, 20);
    ask.send(CALLS).unwrap();
    let each = grown(|| serve(&runtime, &service, &told, 20 + CALLS)) / CALLS;
    println!("{each} octets a call");
    assert!(each <= ANSWERED, "{each} octets a call");
    assert!(each > 1 << 10, "{each} octets a call: the allocator does not count");
}

#[test]
fn a_port_that_waits_is_small() {
    let runtime = runtime();
    let serving = |ports: Vec<PortConfig>| {
        let folder = tempfile::tempdir().unwrap();
        let mut service = None;
        let held = grown(|| {
            let started = async {
                let service = Service::start(config(folder.path(), ports)).await.unwrap();
                // its lines have had their turn
                sleep(Duration::from_millis(100)).await;
                service
            };
            service = Some(runtime.block_on(started));
        });
        (held, service.unwrap())
    };
    let (nothing, _first) = serving(Vec::new());
    let (all, _second) = serving(vec![port("exchange:100", PORTS)]);
    let each = all.saturating_sub(nothing) / usize::from(PORTS);
    println!("{each} octets a port");
    assert!(each <= IDLE, "{each} octets a port");
    assert!(each > 100, "{each} octets a port: the allocator does not count");
}
