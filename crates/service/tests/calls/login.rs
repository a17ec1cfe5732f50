//! Somebody types at a port's login prompt, over TCP and on the real clock: PPP, SLIP, a host, a program.

use std::path::PathBuf;
use std::time::Duration;

use openras_engine::server::login::LoginMode;
use openras_engine::slip::{Deframer, frame};
use openras_ppp::Secret;
use openras_service::Service;
use openras_service::config::{Config, HostPort, LoginConfig, PortConfig, ServiceConfig};
use openras_service::users::{NewUser, UserChange};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::lab::{self, Lab, Peer, tcp};

/// It ends a test that hangs.
const LONG: Duration = Duration::from_secs(120);

/// A port with a prompt.
fn prompting(mode: LoginMode) -> PortConfig {
    let login = LoginConfig {
        mode,
        banner: "Example Ltd.\n".into(),
        settle: Duration::from_millis(100),
        ..LoginConfig::default()
    };
    PortConfig { login, ..tcp("line1") }
}

/// What starts the targets that are programs: the `main` here is the harness's.
fn helper() -> Option<PathBuf> {
    Some(PathBuf::from(env!("CARGO_BIN_EXE_openras-service-helper")))
}

/// A service with these targets, and alice, who has these services.
async fn started(services: &[&str], targets: &[(&str, ServiceConfig)]) -> Lab {
    let state = tempfile::tempdir().unwrap();
    let targets = targets.iter().map(|(name, target)| ((*name).to_owned(), target.clone())).collect();
    let config = lab::config(&state, vec![prompting(LoginMode::Prompt)]);
    let config = Config { services: targets, helper: helper(), ..config };
    let service = Service::start(config).await.unwrap();
    let names = services.iter().map(|name| (*name).to_owned()).collect();
    let user = NewUser { password: Some(Secret::from("secret")), services: names, ..NewUser::default() };
    service.users().unwrap().add("alice", &user).unwrap();
    Lab { service, state }
}

/// A terminal.
struct Person {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Person {
    async fn call(lab: &Lab) -> Self {
        Self { stream: TcpStream::connect(lab.address("line1")).await.unwrap(), seen: Vec::new() }
    }

    async fn reads(&mut self, text: &str) {
        let mut memory = [0; 1024];
        loop {
            if let Some(at) = self.seen.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.seen.drain(..at + text.len());
                return;
            }
            let read = timeout(LONG, self.stream.read(&mut memory)).await;
            let seen = String::from_utf8_lossy(&self.seen).into_owned();
            let Ok(Ok(n @ 1..)) = read else { panic!("no {text:?} behind {seen:?}") };
            self.seen.extend(&memory[..n]);
        }
    }

    async fn types(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn logs_in(&mut self) {
        self.reads("Example Ltd.\r\nlogin: ").await;
        self.types("alice\r").await;
        self.reads("Password: ").await;
        self.types("secret\r").await;
    }

    /// Everything up to the end of the call.
    async fn rest(mut self) -> String {
        let _ = timeout(LONG, self.stream.read_to_end(&mut self.seen)).await.expect("the call ends");
        String::from_utf8_lossy(&self.seen).into_owned()
    }
}

#[tokio::test]
async fn a_person_logs_in_and_ppp_begins_and_both_are_on_record() {
    let lab = started(&[], &[]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("Starting PPP.\r\n").await;
    let mut peer = Peer::new(person.stream);
    let packet = timeout(LONG, peer.packet()).await.unwrap().unwrap();
    assert_eq!(packet[..3], [0xc0, 0x21, 1], "a Configure-Request");
    let asks_for_proof = packet.windows(2).any(|two| two == [3, 5] || two == [3, 4]);
    assert!(!asks_for_proof, "the login is the proof: {packet:x?}");
    drop(peer);
    let record = lab.record();
    let logged_in = record.lines().find(|line| line.contains("\"login\"")).expect("a record of the login");
    assert!(logged_in.contains("alice") && !record.contains("secret"), "{record}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_three_times_and_counts_for_the_user() {
    let lab = started(&[], &[]).await;
    let mut person = Person::call(&lab).await;
    for _ in 0..3 {
        person.reads("login: ").await;
        person.types("alice\rwrong\r").await;
        person.reads("Wrong user name or password.\r\n").await;
    }
    assert_eq!(person.rest().await.trim(), "");
    assert_eq!(lab.service.users().unwrap().get("alice").unwrap().unwrap().wrong_passwords, 3);
    assert_eq!(lab.record().lines().filter(|line| line.contains("\"login\"")).count(), 3);
}

/// A ping over SLIP is answered by the port itself.
#[tokio::test]
async fn slip_is_ip_without_ppp() {
    let lab = started(&["slip"], &[]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("Your IP address is 10.64.0.").await;
    person.reads("Header compression is off.\r\n").await;
    // ICMP echo from 10.64.0.2 to 10.64.0.1
    let ping = [
        0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0x66, 0x5e, 10, 64, 0, 2, 10, 64, 0, 1, 8, 0, 0xf7, 0xfd, 0, 1, 0,
        1,
    ];
    // the same from an address that is not this caller's gets no answer
    let mut forged = ping;
    forged[11] = 0x57;
    forged[15] = 9;
    let mut wire = Vec::new();
    frame(&forged, &mut wire);
    frame(&ping, &mut wire);
    person.stream.write_all(&wire).await.unwrap();
    let mut deframer = Deframer::new(1006);
    let mut memory = [0; 1024];
    let answer = loop {
        let mut came = std::mem::take(&mut person.seen);
        if came.is_empty() {
            let n = timeout(LONG, person.stream.read(&mut memory)).await.expect("an answer").unwrap();
            assert!(n > 0, "the call ended");
            came.extend(&memory[..n]);
        }
        let mut rest = came.as_slice();
        if let Some(found) = deframer.next_datagram(&mut rest) {
            break found.unwrap().to_vec();
        }
    };
    assert_eq!((answer[12..16].to_vec(), answer[20]), (vec![10, 64, 0, 1], 0), "an Echo-Reply: {answer:x?}");
    assert_eq!(answer[16..20], [10, 64, 0, 2]);
}

#[tokio::test]
async fn a_host_is_a_service_and_a_menu_leads_to_it_and_its_end_ends_the_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at: HostPort = match format!("tcp:{}", listener.local_addr().unwrap()).parse().unwrap() {
        openras_service::config::DialLine::Tcp(at) => at,
        other => panic!("{other}"),
    };
    let lab = started(&["ppp", "bbs"], &[("bbs", ServiceConfig::Tcp(at))]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("  2  bbs\r\n> ").await;
    person.types("2\rhello").await;
    let (mut bbs, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
    let mut heard = [0; 5];
    bbs.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    // more than any buffer on the way holds
    let much: Vec<u8> = (0..1_000_000u32).map(|n| b'a' + (n % 26) as u8).collect();
    let sent = much.clone();
    let writing = tokio::spawn(async move {
        bbs.write_all(&sent).await.unwrap();
        bbs
    });
    person.seen.clear();
    let mut got = vec![0; much.len()];
    let skipped = "2\r\n".len();
    let mut echo = vec![0; skipped];
    person.stream.read_exact(&mut echo).await.unwrap();
    timeout(LONG, person.stream.read_exact(&mut got)).await.unwrap().unwrap();
    assert!(got == much);
    drop(writing.await.unwrap());
    assert_eq!(person.rest().await, "");
}

/// The service is another port of ours, which answers in telnet; its prompt comes through, and FF is FF.
#[tokio::test]
async fn a_host_that_speaks_telnet_is_a_service() {
    let state = tempfile::tempdir().unwrap();
    let echo = ServiceConfig::Command {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".into(), "stty raw -echo; echo raw; od -An -tx1 -N3 -v".into()],
        user: rustix::process::geteuid().is_root().then(|| "nobody".to_owned()),
    };
    let far = PortConfig {
        name: "far".into(),
        line: "listen:telnet:127.0.0.1:0".parse().unwrap(),
        ..prompting(LoginMode::Prompt)
    };
    let config = lab::config(&state, vec![far]);
    let config = Config { services: [("dump".to_owned(), echo)].into(), helper: helper(), ..config };
    let service = Service::start(config).await.unwrap();
    let user = NewUser {
        password: Some(Secret::from("secret")),
        services: vec!["dump".into()],
        ..NewUser::default()
    };
    service.users().unwrap().add("bob", &user).unwrap();
    let far = Lab { service, state };
    let address = far.address("far");
    let at = HostPort { host: openras_service::config::Host::Ip(address.ip()), port: address.port() };
    let lab = started(&["bbs"], &[("bbs", ServiceConfig::Telnet(at))]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("Example Ltd.\r\nlogin: ").await;
    person.types("bob\r").await;
    person.reads("Password: ").await;
    person.types("secret\r").await;
    person.reads("raw").await;
    person.stream.write_all(b"\xff\r\x03").await.unwrap();
    person.reads("ff 0d 03").await;
    person.rest().await;
}

#[tokio::test]
async fn an_expired_password_is_changed_at_the_prompt() {
    let lab = started(&[], &[]).await;
    let users = lab.service.users().unwrap();
    users.set("alice", &UserChange { must_change: Some(true), ..UserChange::default() }).unwrap();
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("has expired. Choose another one.\r\nNew password: ").await;
    person.types("planted new\rplanted new\r").await;
    person.reads("Starting PPP.").await;
    drop(person);
    let mut person = Person::call(&lab).await;
    person.reads("login: ").await;
    person.types("alice\rplanted new\r").await;
    person.reads("Starting PPP.").await;
    assert_eq!(users.get("alice").unwrap().unwrap().wrong_passwords, 0);
    assert!(!lab.record().contains("planted"), "{}", lab.record());
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_said_and_the_menu_shown_again() {
    // nobody listens at a port that was free a moment ago
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let at = HostPort { host: openras_service::config::Host::Ip(free.ip()), port: free.port() };
    let lab = started(&["ppp", "bbs", "gone"], &[("bbs", ServiceConfig::Tcp(at))]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    for service in ["bbs", "gone"] {
        person.reads("> ").await;
        person.types(&format!("{service}\r")).await;
        person.reads("That cannot be reached now.\r\n").await;
    }
    person.reads("> ").await;
    person.types("exit\r").await;
    person.rest().await;
}

/// A program gets the caller's octets as they are, no shell sees them, and it ends with the call.
#[tokio::test]
async fn a_program_is_a_service() {
    let user = rustix::process::geteuid().is_root().then(|| "nobody".to_owned());
    let script = "id -u; id -G; read line; printf 'got %s.\\n' \"$line\"; cat";
    let program = ServiceConfig::Command {
        program: PathBuf::from("/bin/sh"),
        arguments: vec!["-c".into(), script.into()],
        user: user.clone(),
    };
    let lab = started(&["game"], &[("game", program)]).await;
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    let user_given = user.is_some();
    let uid = match user {
        Some(_) => "65534".to_owned(),
        None => rustix::process::geteuid().as_raw().to_string(),
    };
    person.reads(&format!("{uid}\r\n")).await;
    if user_given {
        // the one group of that user, and none of the service's
        person.reads("65534\r\n").await;
    }
    person.types("$(reboot); `id`\r").await;
    person.reads("got $(reboot); `id`.\r\n").await;
    // end of file at a terminal: cat ends, and the call with it
    person.types("\x04").await;
    person.rest().await;
}

#[tokio::test]
async fn what_an_administrator_changes_counts_for_the_next_call() {
    let lab = started(&["slip"], &[]).await;
    let change = UserChange { services: Some(vec!["ppp".into()]), ..UserChange::default() };
    lab.service.users().unwrap().set("alice", &change).unwrap();
    let mut person = Person::call(&lab).await;
    person.logs_in().await;
    person.reads("Starting PPP.").await;
}
