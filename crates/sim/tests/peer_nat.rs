//! Debian's pppd behind our NAT, which is a process of another user without any right: a page of this machine, opened by
//! `reach`, a name, more than a MiB each way, and what stays closed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use openras_service::Service;
use openras_service::config::{Config, PortConfig, PortLine};
use openras_service::users::NewUser;
use openras_sim::peers::pppd::{Guest, Job, available};
use openras_sim::peers::skip;

/// `nobody`.
const NOBODY: u32 = 65_534;
/// A guest that boots and a link of 115,200 bits in a second that carries some MiB, on a busy machine.
const LONG: Duration = Duration::from_secs(180);
/// Octets each way.
const MUCH: usize = 1_200_000;
const FOLDER: &str = "OPENRAS_TEST_NAT_FOLDER";
const OPEN: &str = "OPENRAS_TEST_NAT_REACH";
const RESOLVER: &str = "OPENRAS_TEST_NAT_RESOLVER";

/// The other process: this test's program again, as another user. Ends with its standard input.
#[test]
#[ignore = "run by the other test"]
fn the_service() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = std::path::PathBuf::from(folder);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    for rights in ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"] {
        let line = status.lines().find(|line| line.starts_with(rights)).unwrap();
        assert_eq!(line.split_whitespace().nth(1).unwrap().trim_start_matches('0'), "", "{line}");
    }
    assert_eq!(rustix::process::geteuid().as_raw(), NOBODY);
    let mut port = PortConfig::new("line1", PortLine::ListenUnix(folder.join("line")));
    port.network.reach = std::env::var(OPEN).unwrap().split(' ').map(Into::into).collect();
    port.network.resolver = vec![std::env::var(RESOLVER).unwrap().parse().unwrap()];
    let config = Config { state: folder.join("state"), ports: vec![port], ..Config::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let service = Service::start(config).await.unwrap();
        let users = service.users().unwrap().clone();
        let alice = NewUser { password: Some("pw".into()), ..NewUser::default() };
        tokio::task::spawn_blocking(move || users.add("alice", &alice)).await.unwrap().unwrap();
        let mut events = service.events();
        println!("@@ ready");
        tokio::task::spawn_blocking(|| {
            let _ = std::io::stdin().read(&mut [0]);
        })
        .await
        .unwrap();
        while let Ok(heard) = events.try_recv() {
            println!("@@ {:?}", heard.told.event);
        }
        let counted = service.metrics();
        counted.lines().filter(|line| line.starts_with("openras_nat")).for_each(|line| println!("@@ {line}"));
        service.stop().await;
    });
}

/// The service as a process of `nobody`.
struct Unprivileged {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Unprivileged {
    fn start(folder: &std::path::Path, reach: &str, resolver: &str) -> Self {
        let program = folder.join("program");
        // the build's own folder may be closed to others
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut child = Command::new("setpriv")
            .args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"])
            .args(["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"])
            .arg(&program)
            .args(["--exact", "the_service", "--ignored", "--nocapture"])
            .env_clear()
            .env(FOLDER, folder)
            .env(OPEN, reach)
            .env(RESOLVER, resolver)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut service = Self { child, lines };
        service.until("@@ ready");
        service
    }

    fn until(&mut self, text: &str) {
        let found = self.lines.by_ref().map_while(Result::ok).any(|line| line.contains(text));
        assert!(found, "the service ended without {text:?}");
    }

    /// Ends it; what it said.
    fn stop(&mut self) -> String {
        drop(self.child.stdin.take());
        let said: Vec<String> = self.lines.by_ref().map_while(Result::ok).collect();
        assert!(self.child.wait().unwrap().success(), "{said:#?}");
        said.join("\n")
    }
}

impl Drop for Unprivileged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn octets() -> Vec<u8> {
    (0..MUCH as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

/// Serves each connection on a thread of its own; its port.
fn serve(talk: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || talk(stream));
        }
    });
    port
}

/// A page over HTTP/1.0.
fn page(mut stream: TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        request.push(byte[0]);
    }
    let head = format!("HTTP/1.0 200 OK\r\nContent-Length: {MUCH}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&octets()));
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Takes all, and gives it back.
fn back(mut stream: TcpStream) {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).and_then(|_| stream.write_all(&all));
}

/// A DNS server that knows `page.test` (RFC 1035); where it listens.
fn names() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let question = &buffer[..length];
            let asks = |kind: u8| {
                question
                    .windows(15)
                    .any(|w| *w == *format!("\x04page\x04test\0\0{}\0\x01", char::from(kind)).as_bytes())
            };
            let mut answer = question.to_vec();
            (answer[2], answer[3]) = (0x85, 0x80);
            if asks(1) {
                answer[7] = 1;
                // as in the question: a pointer to it, type A, class IN, 60 s
                answer.truncate(12 + 11 + 4);
                answer[11] = 0;
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 80]);
            } else if !asks(28) {
                answer[3] = 0x83;
            }
            let _ = socket.send_to(&answer, from);
        }
    });
    address
}

/// Carries bytes both ways until one side ends.
fn join(a: UnixStream, b: UnixStream) {
    for (mut from, mut to) in [(a.try_clone().unwrap(), b.try_clone().unwrap()), (b, a)] {
        thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
}

/// What the guest does; each step says that it is done.
fn script(page: u16, back: u16, closed: u16) -> String {
    format!(
        "step() {{ echo \"@@ step $1\"; }}
         refused() {{
           wget -O /run/got http://$1/ >/run/out 2>&1 && {{ echo \"@@ reached: $1\"; exit 1; }}
           grep -q refused /run/out || {{ cat /run/out; echo \"@@ not refused: $1\"; exit 1; }}
         }}
         nslookup page.test $DNS1 >/run/names 2>&1
         grep -q 192.0.2.80 /run/names || {{ cat /run/names; exit 1; }}
         step name
         wget -q -O /run/page http://10.64.0.1:{page}/ || exit 1
         echo \"@@ page $(sha256sum </run/page)\"
         dd if=/dev/urandom of=/run/up bs=1000 count=1200 2>/dev/null
         nc 10.64.0.1 {back} </run/up >/run/back || exit 1
         cmp /run/up /run/back || exit 1
         step back
         begin=$(date +%s)
         refused 10.64.0.1:{closed}
         refused 192.168.7.1
         refused 169.254.169.254
         [ $(($(date +%s) - begin)) -lt 15 ] || {{ echo '@@ not refused but silent'; exit 1; }}
         step closed
         ping -c 2 -W 5 $REMOTE || exit 1
         step ping"
    )
}

#[test]
fn pppd_is_behind_the_nat_of_a_process_without_rights() {
    const NAME: &str = "pppd_is_behind_the_nat_of_a_process_without_rights";
    let guest = match available() {
        Ok(_) if !rustix::process::geteuid().is_root() => {
            return skip(NAME, "it starts a process of another user; run it as root");
        }
        Ok(folder) => folder,
        Err(reason) => return skip(NAME, &reason),
    };
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let (page_at, back_at) = (serve(page), serve(back));
    // it would answer, if it were asked
    let closed_at = serve(page);
    let reach = format!("127.0.0.1:{page_at},{back_at}");
    let mut service = Unprivileged::start(folder.path(), &reach, &names());
    let job = Job {
        run: script(page_at, back_at, closed_at),
        ..Job::new("noauth user alice usepeerdns defaultroute lcp-restart 1")
    };
    let (mut guest, line) = Guest::start(&guest, &job).unwrap();
    join(line, UnixStream::connect(folder.path().join("line")).unwrap());
    let status = guest.status(LONG).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(status, 0, "{}", guest.console());
    let console = guest.console();
    for step in ["name", "back", "closed", "ping"] {
        assert!(console.contains(&format!("@@ step {step}")), "{console}");
    }
    let file = folder.path().join("page");
    fs::write(&file, octets()).unwrap();
    let digest = Command::new("sha256sum").arg(&file).output().unwrap().stdout;
    let digest = String::from_utf8(digest).unwrap();
    let digest = digest.split_whitespace().next().unwrap();
    assert!(console.contains(&format!("@@ page {digest}")), "{digest}\n{console}");
    let said = service.stop();
    for place in [format!("127.0.0.1:{closed_at}"), "192.168.7.1:80".into(), "169.254.169.254:80".into()] {
        let told = said.lines().any(|line| line.contains("closed_by_reach") && line.contains(&place));
        assert!(told, "{place}\n{said}");
    }
    assert!(said.contains("openras_nat_dropped_total{reason=\"reach\"} "), "{said}");
}
