//! Foreign programs at our login prompt: ppp's own chat logs in and pppd gets PPP; slirp is the other end of SLIP and CSLIP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod lab;

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lab::{Answering, LONG, alice, join, story};
use openras_engine::server::Port;
use openras_engine::server::login::LoginMode;
use openras_engine::server::port::{Admission, Answer, Ask, Command as PortCommand, Notice, PortEvent};
use openras_io::line::UnixListener;
use openras_io::net::loopback::{FarEnd, LoopbackHandle, loopback};
use openras_io::{Ends, Gauge, driver};
use openras_ppp::{AuthMethod, Verdict};
use openras_sim::calls::port_config;
use openras_sim::peers::pppd::{Guest, Job};
use openras_sim::peers::{pppd, skip, slirp};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const CHAT: &str = "/usr/sbin/chat";
/// What a provider's script of the time looked like.
const SCRIPT: [&str; 10] =
    ["ABORT", "Wrong", "TIMEOUT", "20", "ogin:", "alice", "assword:", "pw", "Starting PPP", "\\c"];

/// pppd's own chat logs in, then pppd speaks PPP; nobody asks it for a password again. Gives the guest's status.
async fn logs_in(test: &str, services: &[&str], script: &[&str]) {
    if !std::path::Path::new(CHAT).exists() {
        return skip(test, "chat is not installed; install ppp");
    }
    let folder = match pppd::available() {
        Ok(folder) => folder,
        Err(reason) => return skip(test, &reason),
    };
    let mut user = alice();
    user.services = services.iter().map(|one| (*one).to_owned()).collect();
    let mut us = Answering::start(
        |port| {
            port.login.mode = LoginMode::Auto;
            port.login.banner = "Example Ltd.\n".into();
            port.auth = vec![AuthMethod::MsChapV2];
        },
        user,
    )
    .await;
    let call = us.call();
    let (line, script) = (call.try_clone().unwrap(), script.iter().map(|word| (*word).to_owned()).collect());
    tokio::task::spawn_blocking(move || chat(line, script)).await.unwrap();
    // no secret for anything
    let job = Job {
        secrets: String::new(),
        run: "ping -c 2 -i 0.2 -W 5 $REMOTE".into(),
        ..Job::new("noauth user nobody lcp-restart 1")
    };
    let (mut guest, line) = Guest::start(&folder, &job).expect("the guest starts");
    join(line, call);
    let status = tokio::task::spawn_blocking(move || {
        let status = guest.status(LONG);
        (status, guest)
    });
    let (status, guest) = status.await.unwrap();
    let events = us.until("down").await;
    assert_eq!(status, Ok(0), "{}\n{}", guest.console(), story(&events));
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    for kind in ["logged_in", "service", "up"] {
        assert!(kinds.contains(&kind), "{kind}: {}", story(&events));
    }
}

/// Runs chat on a terminal that is joined to the call for as long as it takes.
fn chat(mut call: UnixStream, script: Vec<String>) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave =
        open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let mut settings = tcgetattr(&slave).unwrap();
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings).unwrap();
    let end = || Stdio::from(slave.try_clone().unwrap());
    let mut command = Command::new(CHAT);
    command.arg("").arg("").args(script).stdin(end()).stdout(end()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    drop(command);
    let master = std::fs::File::from(master);
    let (from, to) = (master.try_clone().unwrap(), call.try_clone().unwrap());
    // ends with the script, whose terminal is then closed
    let typing = std::thread::spawn(move || copy(from, to));
    call.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let mut buffer = [0; 512];
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if let Ok(n @ 1..) = call.read(&mut buffer) {
            (&master).write_all(&buffer[..n]).unwrap();
        }
    };
    call.set_read_timeout(None).unwrap();
    drop((slave, master));
    typing.join().unwrap();
    assert!(status.success(), "chat: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_logs_in_with_its_chat_and_gets_ppp_without_a_password_of_its_own() {
    logs_in("pppd_logs_in_with_its_chat_and_gets_ppp_without_a_password_of_its_own", &[], &SCRIPT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_logs_in_at_a_menu_as_at_a_shell() {
    let script = [&SCRIPT[..8], &[">", "ppp", "Starting PPP", "\\c"]].concat();
    logs_in("pppd_logs_in_at_a_menu_as_at_a_shell", &["slip", "ppp"], &script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pppd_that_starts_ppp_at_the_prompt_is_asked_for_its_proof() {
    let folder = match pppd::available() {
        Ok(folder) => folder,
        Err(reason) => return skip("pppd_that_starts_ppp_at_the_prompt_is_asked_for_its_proof", &reason),
    };
    let mut us = Answering::start(|port| port.login.mode = LoginMode::Auto, alice()).await;
    let job =
        Job { run: "ping -c 2 -i 0.2 -W 5 $REMOTE".into(), ..Job::new("noauth user alice lcp-restart 1") };
    let (mut guest, line) = Guest::start(&folder, &job).expect("the guest starts");
    us.join(line);
    let status = tokio::task::spawn_blocking(move || (guest.status(LONG), guest)).await.unwrap();
    let events = us.until("down").await;
    assert_eq!(status.0, Ok(0), "{}\n{}", status.1.console(), story(&events));
    assert!(events.iter().any(|event| event.kind == "authenticated"), "{}", story(&events));
}

/// A port on a unix socket whose caller logs in and is then slirp; the link of our end.
async fn slip_to_slirp(
    test: &str,
    word: &'static str,
    mode: &str,
) -> Option<(LoopbackHandle, Arc<Gauge>, slirp::Slirp)> {
    let program = match slirp::available() {
        Ok(program) => program,
        Err(reason) => {
            skip(test, &reason);
            return None;
        }
    };
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("line");
    let listener = UnixListener::bind(&socket, 0o600).unwrap();
    let (slirp, master) = slirp::Slirp::start(&program, home.path(), &[mode]).expect("slirp starts");
    let calling = std::thread::spawn(move || log_in_for(UnixStream::connect(&socket).unwrap(), master));
    let line = listener.accept().await;
    let mut config = port_config(&[AuthMethod::MsChapV2], &[]);
    config.login.mode = LoginMode::Prompt;
    // slirp's user is at 10.0.2.15, and slirp itself at 10.0.2.2
    let ipcp = config.ppp.ipcp.as_mut().unwrap();
    ipcp.local = Some([10, 0, 2, 15].into());
    let (commands, for_port) = mpsc::channel(16);
    let (notices, told) = mpsc::channel(16);
    let gauge = Arc::new(Gauge::default());
    let ends = Ends {
        commands: for_port,
        notices,
        cancel: CancellationToken::new(),
        farewell: || PortCommand::Disconnect,
        tap: None,
        gauge: gauge.clone(),
    };
    let (ip, link) = loopback(FarEnd::Gateway);
    tokio::spawn(driver::run(Port::new(config, [5; 32]), line, ip, ends));
    tokio::spawn(answering(told, commands, word));
    timeout(LONG, link.until_up()).await.expect("SLIP begins").unwrap();
    tokio::task::spawn_blocking(move || calling.join().unwrap()).await.unwrap();
    // its folder goes with the test
    std::mem::forget(home);
    Some((link, gauge, slirp))
}

/// The owner of the port: everybody is who they say, and gets this service.
async fn answering(mut told: mpsc::Receiver<Notice>, commands: mpsc::Sender<PortCommand>, word: &str) {
    while let Some(notice) = told.recv().await {
        let Notice::Ask(ask) = notice else {
            if let Notice::Event(PortEvent::Down(end)) = notice {
                eprintln!("{end:?}");
            }
            continue;
        };
        let answer = match ask {
            Ask::Verify(_) => {
                Answer::Verdict(Verdict::Accept { authenticator_response: None, message: String::new() })
            }
            Ask::Admit { .. } => {
                Answer::Admit(Ok(Admission { services: vec![word.into()], ..Admission::default() }))
            }
            Ask::Address { .. } => Answer::Address(Some([10, 0, 2, 2].into())),
            other => panic!("{other:?}"),
        };
        commands.send(PortCommand::Answer(answer)).await.unwrap();
    }
}

/// Types at the prompt; then slirp has the line.
fn log_in_for(mut call: UnixStream, master: OwnedFd) {
    let mut seen = String::new();
    for (wait, say) in [("login: ", "alice\r"), ("Password: ", "pw\r"), ("compression is ", "")] {
        let mut octet = [0];
        while !seen.contains(wait) {
            call.read_exact(&mut octet).expect(&seen);
            seen.push(char::from(octet[0]));
        }
        seen.clear();
        call.write_all(say.as_bytes()).unwrap();
    }
    let master = std::fs::File::from(master);
    let (from, to) = (call.try_clone().unwrap(), master.try_clone().unwrap());
    std::thread::spawn(move || copy(master, call));
    std::thread::spawn(move || copy(from, to));
}

fn copy(mut from: impl Read, mut to: impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
}

/// A ping, and 100 KB each way through slirp to a server of this machine.
async fn carries(test: &str, word: &'static str, mode: &str) -> Option<u64> {
    let (link, gauge, slirp) = slip_to_slirp(test, word, mode).await?;
    let pings = link.ping([10, 0, 2, 2].into(), 3).await.unwrap();
    assert_ne!(pings.iter().flatten().count(), 0, "{word}: no ping came back");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let data: Vec<u8> = (0..100_000u32).map(|n| ((n * 7919) >> 5) as u8).collect();
    let sent = data.clone();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = vec![0; sent.len()];
        stream.read_exact(&mut got).await.unwrap();
        assert!(got == sent, "what came is what went");
        stream.write_all(&got).await.unwrap();
        stream
    });
    let both = async {
        let mut stream = link.tcp_connect([10, 0, 2, 2].into(), port).await.unwrap();
        let mut back = vec![0; data.len()];
        stream.write_all(&data).await.unwrap();
        stream.flush().await.unwrap();
        stream.read_exact(&mut back).await.unwrap();
        assert!(back == data, "what comes back is what went");
    };
    timeout(LONG, both).await.expect("100 KB each way");
    drop(server.await.unwrap());
    tokio::time::sleep(Duration::from_millis(1)).await;
    let stats = gauge.read().stats;
    assert!(stats.packets_received > 50 && stats.packets_sent > 50, "{stats:?}");
    drop(slirp);
    Some(stats.bytes_received)
}

#[tokio::test(flavor = "multi_thread")]
async fn slirp_is_at_the_other_end_of_slip() {
    carries("slirp_is_at_the_other_end_of_slip", "slip", "nocompress").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slirp_is_at_the_other_end_of_cslip_and_compresses_too() {
    let test = "slirp_is_at_the_other_end_of_cslip_and_compresses_too";
    let Some(small) = carries(test, "cslip", "compress").await else { return };
    let Some(large) = carries(test, "slip", "nocompress").await else { return };
    assert!(small < large, "{small} octets with compression, {large} without");
}
