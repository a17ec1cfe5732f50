//! The service over real sockets: set-ups a second, how long one takes, what a silent call costs in memory.
//!
//! `cargo bench -p openras --bench service`. Two services run, each a process of its own: one answers on a Unix socket,
//! the other dials there, and this program is the second one's client over its API. Both ends, both services and the
//! client share the machine. Beside the figures stand those of what everything rests on: a request to the same API that
//! does nothing, and the same set-up of two PPP ends in memory (`setups`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use openras_api::Client;
use openras_api::types::connection::Dial;
use openras_api::types::event::Event;
use openras_engine::ConnState;

/// Calls that stand while memory is measured.
const SILENT: usize = 2_000;
/// Ports that wait for a call while memory is measured, and then twice as many.
const IDLE: usize = 1_000;
/// Requests, ten a second, within which a service that rests gives back what it does not use.
const SETTLE: usize = 60;
/// Set-ups measured one after another, and many at a time.
const ONE_BY_ONE: usize = 500;
const MANY: usize = 10_000;
const AT_A_TIME: usize = 16;

/// A running `openras serve`, ended with this value.
struct Serve {
    child: Child,
    socket: PathBuf,
}

impl Serve {
    async fn start(folder: &Path, name: &str, ports: &str) -> Self {
        let (config, socket) = (folder.join(format!("{name}.toml")), folder.join(name).join("api.sock"));
        let state = folder.join(format!("{name}.state"));
        std::fs::write(&config, format!("state = {state:?}\n{ports}")).unwrap();
        if !ports.is_empty() {
            let password = folder.join("pw");
            std::fs::write(&password, "correct horse\n").unwrap();
            std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
            for number in 0..AT_A_TIME {
                let mut add = program();
                add.args(["user", "add", &user(number), "--password-file"]).arg(&password);
                add.arg("--config").arg(&config).stdout(Stdio::null());
                assert!(add.status().unwrap().success(), "no user");
            }
        }
        let log = std::fs::File::create(folder.join(format!("{name}.log"))).unwrap();
        let mut serve = program();
        serve.arg("serve").arg("--config").arg(&config).arg("--socket").arg(&socket);
        let child = serve.env("RUST_LOG", "error").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let serve = Self { child, socket };
        serve.client().await;
        serve
    }

    /// A client, once the service answers.
    async fn client(&self) -> Client {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            match Client::connect(&self.socket).await {
                Ok(client) => return client,
                Err(problem) => assert!(Instant::now() < limit, "the service does not answer: {problem}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// A number of `/proc/PID/status`, in KiB.
    fn status(&self, key: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Resident memory in KiB, once it is no longer getting less: pages that are not used are given back after a while, when
    /// something is asked.
    async fn settled(&self) -> u64 {
        let client = self.client().await;
        let mut least = u64::MAX;
        loop {
            for _ in 0..SETTLE {
                client.server().await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            let held = self.status("VmRSS");
            if held >= least {
                return least;
            }
            least = held;
        }
    }

    /// Processor time so far.
    fn busy(&self) -> Duration {
        busy(self.child.id())
    }

    fn files(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Processor time a process has used so far.
fn busy(process: u32) -> Duration {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // behind the name, which stands in brackets, user and system time are numbers 12 and 13, in 1/100 s
    let numbers = text.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
    Duration::from_millis(numbers.map(|number| number.parse::<u64>().unwrap() * 10).sum())
}

/// Tries of one user at once wait for each other (defence rule 6), so each of those who dial is one of their own.
fn user(number: usize) -> String {
    format!("user{number}")
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_openras"))
}

/// A dial until Connected. Gives the call's number.
async fn set_up(client: &Client, dial: &Dial) -> u64 {
    let dialled = client.dial(dial).await.unwrap();
    let mut events = client.connection_events(dialled.id, Some(&dialled.notifier), 0, false).await.unwrap();
    loop {
        match events.next().await.unwrap().unwrap().event {
            Event::State(state) if state.conn_state() == ConnState::CONNECTED => return dialled.id,
            Event::State(state) => assert!(state.error.is_none(), "{state:?}"),
            Event::Ended(end) => panic!("{end:?}"),
            _ => {}
        }
    }
}

/// Ends all calls and waits until the answering side has none.
async fn clear(dialler: &Client, answerer: &Client) {
    for call in dialler.connections().await.unwrap() {
        // one that ended by itself meanwhile is not an error
        let _ = dialler.hangup(call.id).await;
    }
    while answerer.server().await.unwrap().ports_in_use > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn percentile(sorted: &[Duration], part: f64) -> f64 {
    let at = ((sorted.len() - 1) as f64 * part) as usize;
    sorted.get(at).unwrap().as_secs_f64() * 1000.0
}

async fn one_by_one(client: &Client, dial: &Dial) {
    let mut times = Vec::with_capacity(ONE_BY_ONE);
    for _ in 0..ONE_BY_ONE {
        let begun = Instant::now();
        let id = set_up(client, dial).await;
        times.push(begun.elapsed());
        client.hangup(id).await.unwrap();
    }
    times.sort();
    let mut requests = Vec::with_capacity(ONE_BY_ONE);
    for _ in 0..ONE_BY_ONE {
        let begun = Instant::now();
        client.server().await.unwrap();
        requests.push(begun.elapsed());
    }
    requests.sort();
    println!(
        "one by one: from dial to Connected p50 {:.2} ms, p99 {:.2} ms; an empty request p50 {:.2} ms",
        percentile(&times, 0.5),
        percentile(&times, 0.99),
        percentile(&requests, 0.5)
    );
}

async fn many(client: &Client, dial: &Dial, services: [(&str, &Serve); 2]) {
    let own = std::process::id();
    let (before, client_before) = (services.map(|(_, serve)| serve.busy()), busy(own));
    let left = Arc::new(AtomicUsize::new(MANY));
    let begun = Instant::now();
    let callers: Vec<_> = (0..AT_A_TIME)
        .map(|number| {
            let (client, left) = (client.clone(), left.clone());
            let dial = Dial { user: user(number), ..dial.clone() };
            tokio::spawn(async move {
                while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                    let id = set_up(&client, &dial).await;
                    client.hangup(id).await.unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("{AT_A_TIME} at a time: {:.0} set-ups a second, each hung up", MANY as f64 / seconds);
    let each = |used: Duration| used.as_secs_f64() * 1e6 / MANY as f64;
    let mut all = each(busy(own) - client_before);
    println!("  client: {all:.0} µs of processor time a set-up");
    for ((name, serve), before) in services.into_iter().zip(before) {
        let used = each(serve.busy() - before);
        all += used;
        println!("  {name}: {used:.0} µs of processor time a set-up");
    }
    println!("  together: {all:.0} µs");
}

async fn silent(client: &Client, dials: [Dial; 2], services: [(&str, &Serve); 2]) {
    let before = services.map(|(_, serve)| serve.status("VmRSS"));
    for dial in dials.iter().cycle().take(SILENT) {
        set_up(client, dial).await;
    }
    // what the set-ups themselves used is given back
    tokio::time::sleep(Duration::from_secs(3)).await;
    for ((name, serve), before) in services.into_iter().zip(before) {
        let grown = serve.status("VmRSS").saturating_sub(before) as f64;
        println!(
            "{SILENT} silent calls: {name} {:.1} KiB a call ({} descriptors, {} threads)",
            grown / SILENT as f64,
            serve.files(),
            serve.status("Threads")
        );
    }
}

/// What a port costs that waits for a call: one that listens on a socket of its own, and one that has a line of its own. Half of
/// them are the measure of the other half: what a start used and has not given back is in both.
async fn idle(folder: &Path) {
    let path = folder.display();
    let pool = "pool = \"10.64.0.2-10.64.15.254\"\n";
    let listening = |n| format!("[[port]]\nname = \"p{n}\"\nline = \"listen:unix:{path}/idle{n}\"\n{pool}");
    let waiting =
        |n| format!("[[port]]\nname = \"p{n}\"\nline = \"exchange:{}\"\ncalls = {IDLE}\n{pool}", 100 + n);
    let ports: [(&str, [String; 2]); 2] = [
        ("listening", [1, 2].map(|times| (0..times * IDLE).map(listening).collect())),
        ("exchange", [1, 2].map(|times| (0..times).map(waiting).collect())),
    ];
    for (name, ports) in ports {
        let mut held = Vec::new();
        for (n, ports) in ports.iter().enumerate() {
            let serve = Serve::start(folder, &format!("{name}{n}"), ports).await;
            held.push(serve.settled().await);
        }
        let [half, whole] = held[..] else { return };
        let each = whole.saturating_sub(half) as f64 / IDLE as f64;
        println!(
            "idle ports, {name}: {each:.1} KiB each ({half} KiB with {IDLE}, {whole} with twice as many)"
        );
    }
}

const PORTS: &str = r#"
[[port]]
name = "a"
line = "listen:unix:FOLDER/line"
calls = 1024
unauthenticated = 1024
per_source = 1024
pool = "10.64.0.2-10.64.15.254"

[[port]]
name = "b"
line = "listen:unix:FOLDER/second"
calls = 1024
unauthenticated = 1024
per_source = 1024
pool = "10.64.0.2-10.64.15.254"
"#;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let ports = PORTS.replace("FOLDER", folder.path().to_str().unwrap());
        let answering = Serve::start(folder.path(), "answering", &ports).await;
        let dialling = Serve::start(folder.path(), "dialling", "").await;
        let (client, answerer) = (dialling.client().await, answering.client().await);
        let call = |line: &str| Dial {
            user: user(0),
            password: openras_ppp::Secret::from("correct horse").into(),
            ..Dial::new(format!("unix:{}/{line}", folder.path().display()))
        };
        one_by_one(&client, &call("line")).await;
        clear(&client, &answerer).await;
        let services = [("dialling", &dialling), ("answering", &answering)];
        many(&client, &call("line"), services).await;
        clear(&client, &answerer).await;
        silent(&client, [call("line"), call("second")], services).await;
        clear(&client, &answerer).await;
        idle(folder.path()).await;
    });
}
