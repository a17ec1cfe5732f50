//! The same calls over every kind of line: up and pinged, a megabyte, a wrong password, one that is answered in its pause,
//! a security dialog, a callback, and a hang-up from either side.

mod back;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustix::process::{Signal, kill_process};
use serde_json::json;

use crate::lab::{Lab, PROGRAM, Program, Server, code, pid};
use crate::pauses::SEED;
use back::Back;

/// The bytes of the large fetch.
const MEGABYTE: &str = "http://10.64.0.1/bytes/1048576";

/// Where a port answers, what a dial names it by, and what it says besides.
struct Kind {
    name: &'static str,
    /// The line in the configuration.
    port: &'static str,
    /// How the line of a dial begins; the address follows where the system chose it.
    dial: &'static str,
    more: &'static str,
    tls: bool,
}

const fn kind(name: &'static str, port: &'static str, dial: &'static str) -> Kind {
    Kind { name, port, dial, more: "", tls: false }
}

const TLS: &str =
    "tls = { certificate = \"FOLDER/port.pem\", key = \"FOLDER/port.key\", clients = \"FOLDER/ca.pem\" }\n";

const KINDS: [Kind; 10] = [
    kind("tcp", "listen:tcp:127.0.0.1:0", "tcp:"),
    kind("telnet", "listen:telnet:127.0.0.1:0", "telnet:"),
    kind("rfc2217", "listen:rfc2217:127.0.0.1:0", "rfc2217:"),
    Kind { more: TLS, tls: true, ..kind("tls", "listen:tls:127.0.0.1:0", "tls:") },
    kind("ws", "listen:ws:127.0.0.1:0", "ws:"),
    Kind { more: TLS, tls: true, ..kind("wss", "listen:wss:127.0.0.1:0", "wss:") },
    kind("unix", "listen:unix:FOLDER/NAME", "unix:FOLDER/NAME"),
    kind("pty", "pty:FOLDER/NAME", "pty:FOLDER/NAME"),
    kind("exchange", "exchange:NUMBER", "exchange:NUMBER"),
    kind("stdio", "stdio", "unix:FOLDER/NAME"),
];

/// A port with the plain list of calls and one with a security dialog, of each kind.
fn configuration(back: &Back) -> String {
    let mut text = back.directory();
    for (n, kind) in KINDS.iter().enumerate() {
        for (suffix, dialog) in [("", ""), ("-dialog", "modules = [\"totp\"]\n")] {
            let name = format!("{}{suffix}", kind.name);
            let calls = if kind.name == "pty" { 1 } else { 4 };
            let number = format!("{}{n:02}", if dialog.is_empty() { 1 } else { 2 });
            let line = kind.port.replace("NAME", &name).replace("NUMBER", &number);
            let more = if dialog.is_empty() { back.keys(kind) } else { String::new() } + kind.more;
            text += &format!(
                "[[port]]\nname = \"{name}\"\nline = \"{line}\"\ncalls = {calls}\nunauthenticated = {calls}\n\
                 per_source = 64\nip = \"loopback\"\n{more}{dialog}"
            );
        }
    }
    text + "[module.totp]\nkind = \"totp\"\n"
}

/// The certificates of the ports, of callers, and of who has signed them, in the lab's folder.
fn certificates(lab: &Lab) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    lab.secret("ca.pem", &params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    for (file, name) in [("port", "127.0.0.1".to_owned()), ("caller", back::host())] {
        let key = KeyPair::generate().unwrap();
        let signed = CertificateParams::new(vec![name]).unwrap().signed_by(&key, &issuer).unwrap();
        lab.secret(&format!("{file}.pem"), &signed.pem());
        lab.secret(&format!("{file}.key"), &key.serialize_pem());
    }
}

/// What inetd does: a program for each call on a socket, with the call as its standard input and output.
struct Inetd {
    exits: Mutex<Receiver<i32>>,
    running: Arc<Mutex<Vec<rustix::process::Pid>>>,
}

impl Inetd {
    fn start(lab: &Lab, port: &'static str) -> Self {
        let listener = UnixListener::bind(lab.path(port)).unwrap();
        let (said, exits) = channel();
        let running = Arc::new(Mutex::new(Vec::new()));
        let (home, pids) = (lab.folder.path().to_path_buf(), running.clone());
        let config = lab.path("openras.toml");
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (input, output) = (OwnedFd::from(stream.try_clone().unwrap()), OwnedFd::from(stream));
                let mut command = std::process::Command::new(PROGRAM);
                command.args(["answer", "--stdio", "--port", port, "--log", "answer.log", "--config"]);
                command.arg(&config).current_dir(&home).env("HOME", &home).env_remove("RUST_LOG");
                command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).stderr(Stdio::null());
                let mut child: Child = command.spawn().unwrap();
                pids.lock().unwrap().push(pid(&child));
                let said = said.clone();
                std::thread::spawn(move || {
                    let code = child.wait().unwrap().code().unwrap_or(-1);
                    let _ = said.send(code);
                });
            }
        });
        Self { exits: Mutex::new(exits), running }
    }

    /// The exit code of the next call that is over.
    fn exit(&self) -> i32 {
        self.exits.lock().unwrap().recv_timeout(crate::lab::PATIENCE).unwrap()
    }
}

struct World {
    lab: Lab,
    server: Server,
    back: Back,
    /// By port.
    inetd: BTreeMap<&'static str, Inetd>,
}

impl World {
    fn start() -> Self {
        let lab = Lab::new();
        certificates(&lab);
        let back = Back::choose();
        lab.config(&configuration(&back));
        lab.secret("pw", "secret");
        lab.secret("wrong", "not it");
        lab.add("alice", &[]);
        let seed = lab.secret("seed", SEED);
        // each code counts once, and wrong passwords make a user wait: others for each kind
        for kind in &KINDS {
            lab.add(kind.name, &[]);
            lab.add(&format!("{}-back", kind.name), &["--callback", &back::number(kind)]);
            lab.add(&format!("{}-user", kind.name), &["--totp-file", seed.to_str().unwrap()]);
        }
        let server = back::serve(&lab);
        let inetd = ["stdio", "stdio-dialog"].map(|port| (port, Inetd::start(&lab, port))).into();
        Self { lab, server, back, inetd }
    }

    /// What `openras dial` is told to reach a port.
    fn reach(&self, kind: &Kind, dialog: bool) -> Vec<String> {
        let name = format!("{}{}", kind.name, if dialog { "-dialog" } else { "" });
        let n = KINDS.iter().position(|other| other.name == kind.name).unwrap();
        let number = format!("{}{n:02}", if dialog { 2 } else { 1 });
        let line = if kind.port.ends_with(":0") {
            self.server.line(&name).replacen("tcp:", kind.dial, 1)
        } else {
            let folder = self.lab.folder.path().display().to_string();
            kind.dial.replace("FOLDER", &folder).replace("NAME", &name).replace("NUMBER", &number)
        };
        let mut words = vec![line];
        if kind.tls {
            let own = ["--tls-ca", "ca.pem", "--tls-certificate", "caller.pem", "--tls-key", "caller.key"];
            words.extend(own.map(String::from));
        }
        if kind.name == "exchange" {
            words.extend(["--socket".into(), self.lab.socket()]);
        }
        words
    }

    fn program(&self, kind: &Kind, dialog: bool, user: &str, file: &str, more: &[&str]) -> Program {
        let reach = self.reach(kind, dialog);
        let (line, rest) = reach.split_first().unwrap();
        let rest: Vec<&str> = rest.iter().map(String::as_str).chain(more.iter().copied()).collect();
        self.lab.program(line, user, file, &rest)
    }

    fn says(&self) -> String {
        let log = std::fs::read_to_string(self.lab.path("answer.log")).unwrap_or_default();
        format!("{}{log}", self.server.said())
    }

    /// Every call of the list on one kind of line. Gives the digest of the large fetch.
    fn calls(&self, kind: &Kind) -> String {
        let name = kind.name;
        let exits = |expected: i32, port: &str| {
            if let Some(inetd) = self.inetd.get(port) {
                assert_eq!(inetd.exit(), expected, "{}", self.says());
            }
        };
        let call = self.program(kind, false, kind.name, "pw", &["--ping", "2", "--fetch", MEGABYTE]);
        let (code, last, events) = call.end();
        assert_eq!(code, 0, "{name}: {last}\n{}", self.says());
        let fetched = events.iter().find(|event| event["event"] == "fetch");
        let digest = fetched.unwrap_or_else(|| panic!("{events:#?}"))["sha256"].as_str().unwrap().to_owned();
        exits(0, name);

        let call = self.program(kind, false, kind.name, "wrong", &["--no-pause"]);
        let (code, last, _) = call.end();
        assert_eq!((code, &last["error"]["error"]), (5, &json!(691)), "{name}: {last}");
        exits(5, name);

        let mut call = self.program(kind, false, kind.name, "wrong", &["--ping", "1"]);
        assert_eq!(call.state("RetryAuthentication")["error"]["error"], 691, "{name}");
        call.say(&json!({ "resume": { "password": "secret" } }));
        let (code, last, _) = call.end();
        assert_eq!(code, 0, "{name}: {last}");
        exits(0, name);

        self.dialog(kind);
        exits(0, &format!("{name}-dialog"));
        self.called_back(kind);
        exits(0, name);
        self.hung_up_by_the_port(kind);
        digest
    }

    /// The number of the call a port has.
    fn call_of(&self, port: &str) -> String {
        let ports = self.lab.run(&["ports", "--json", "--socket", &self.lab.socket()]);
        let ports: Vec<serde_json::Value> =
            ports.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let of_port = |shown: &&serde_json::Value| shown["name"].as_str().unwrap().starts_with(port);
        let call = ports.iter().filter(of_port).find_map(|shown| shown["call"].as_u64());
        call.unwrap_or_else(|| panic!("{port} has no call")).to_string()
    }

    /// A name and a code at the prompt of a module.
    fn dialog(&self, kind: &Kind) {
        let user = format!("{}-user", kind.name);
        let mut call = self.program(kind, true, &user, "pw", &["--ping", "1"]);
        call.prompt("User: ");
        call.type_line(&user);
        call.prompt("Code: ");
        call.type_line(&code(SEED));
        let (code, last, _) = call.end();
        assert_eq!(code, 0, "{}: {last}\n{}", kind.name, self.says());
    }

    /// A connected call that the port ends.
    fn hung_up_by_the_port(&self, kind: &Kind) {
        let mut call = self.program(kind, false, kind.name, "pw", &[]);
        call.state("Connected");
        match self.inetd.get(kind.name) {
            Some(inetd) => {
                let last = *inetd.running.lock().unwrap().last().unwrap();
                kill_process(last, Signal::TERM).unwrap();
            }
            None => {
                let number = self.call_of(&format!("{}/", kind.name));
                let done = self.lab.run(&["hangup", &number, "--socket", &self.lab.socket()]);
                assert_eq!(done.code, 0, "{}{}", done.out, done.err);
            }
        }
        let (code, last, _) = call.end();
        assert_eq!(code, 9, "{}: {last}", kind.name);
        assert_eq!(last["connected"], true, "{last}");
        if let Some(inetd) = self.inetd.get(kind.name) {
            assert!([0, 9].contains(&inetd.exit()), "{}", self.says());
        }
    }
}

#[test]
fn the_same_calls_go_over_every_kind_of_line() {
    let world = World::start();
    let digests: Vec<(&str, String)> = std::thread::scope(|scope| {
        let world = &world;
        let running: Vec<_> =
            KINDS.iter().map(|kind| (kind.name, scope.spawn(move || world.calls(kind)))).collect();
        running.into_iter().map(|(name, calls)| (name, calls.join().unwrap())).collect()
    });
    for (name, digest) in &digests {
        assert_eq!((digest, digest.len()), (&digests[0].1, 64), "{name}");
    }
    let (code, said) = world.server.stop();
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("ERROR "), "{said}");
}

/// A caller in TLS without its certificate gets no call, and is on record with the reason.
#[test]
fn a_port_that_wants_certificates_of_callers_has_no_call_without_one() {
    let world = World::start();
    let line = world.server.line("tls").replacen("tcp:", "tls:", 1);
    let done = world.lab.dial(&line, &["--tls-ca", "ca.pem"]);
    assert_ne!(done.code, 0, "{}", done.out);
    let done = world.lab.dial(&line, &[]);
    assert_eq!(done.code, 4, "{}", done.out);
    assert!(done.out.contains("801"), "not signed by anyone the system believes: {}", done.out);
    let record = std::fs::read_to_string(world.lab.path("state/audit.jsonl")).unwrap();
    assert!(record.contains("no tls handshake"), "{record}");
    // a key that others can read is refused by both ends
    std::fs::set_permissions(world.lab.path("caller.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let own = ["--tls-ca", "ca.pem", "--tls-certificate", "caller.pem", "--tls-key", "caller.key"];
    let done = world.lab.dial(&line, &own);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("can be read by others"), "{}", done.err);
    std::fs::set_permissions(world.lab.path("port.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let (_, _) = world.server.stop();
    let refused = world.lab.refused("openras.toml");
    assert_eq!(refused.code, 3);
    assert!(refused.err.contains("port.key can be read by others"), "{}", refused.err);
}

/// A certificate that is renewed is half written when the reload comes: calls go on, and the problem is said.
#[test]
fn a_reload_reads_certificates_again_and_keeps_what_it_has_where_they_are_broken() {
    let lab = Lab::new();
    certificates(&lab);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    lab.config(&format!("[[port]]\nname = \"tls\"\nline = \"listen:tls:{free}\"\ncalls = 8\n{TLS}"));
    lab.secret("pw", "secret");
    lab.add("alice", &[]);
    let server = lab.serve(&[]);
    let reload = || lab.run(&["reload", "--socket", &lab.socket()]);
    let call = || {
        let line = server.line("tls").replacen("tcp:", "tls:", 1);
        let own = ["--tls-ca", "ca.pem", "--tls-certificate", "caller.pem", "--tls-key", "caller.key"];
        lab.dial(&line, &[&own[..], &["--ping", "1"]].concat())
    };
    lab.secret("port.pem", "-----BEGIN CERT");
    let done = reload();
    let said = format!("{}{}", done.out, done.err);
    assert!(said.contains("goes on with the certificate it has") && said.contains("port.pem"), "{said}");
    let done = call();
    assert_eq!(done.code, 0, "{}{}", done.out, server.said());
    // all of them anew, signed by somebody else
    certificates(&lab);
    let done = reload();
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let at = server.said();
    let done = call();
    assert_eq!(done.code, 0, "{}{}{at}", done.out, server.said());
}

/// Callers that never finish their handshake have room for so many only, and hold up nobody.
#[test]
fn half_open_handshakes_are_counted_and_block_nobody() {
    let lab = Lab::new();
    certificates(&lab);
    lab.config(&format!(
        "[[port]]\nname = \"tls\"\nline = \"listen:tls:127.0.0.1:0\"\ncalls = 8\nunauthenticated = 4\nper_source = 4\n{TLS}\
         [[port]]\nname = \"ws\"\nline = \"listen:ws:127.0.0.1:0\"\ncalls = 8\n"
    ));
    lab.secret("pw", "secret");
    lab.add("alice", &[]);
    let server = lab.serve(&[]);
    let at = server.line("tls").replacen("tcp:", "", 1);
    let mut silent: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect(&at).unwrap()).collect();
    let own = ["--tls-ca", "ca.pem", "--tls-certificate", "caller.pem", "--tls-key", "caller.key"];
    let done = lab.dial(&format!("tls:{at}"), &[&own[..], &["--ping", "1"]].concat());
    assert_eq!(done.code, 0, "{}{}", done.out, server.said());
    // four of this source, as those before have been let go where the call took a slow host long: the next is closed
    silent.extend((0..4).map(|_| std::net::TcpStream::connect(&at).unwrap()));
    let next = std::net::TcpStream::connect(&at).unwrap();
    next.set_read_timeout(Some(crate::lab::PATIENCE)).unwrap();
    let read = std::io::Read::read(&mut &next, &mut [0; 1]);
    assert!(matches!(read, Ok(0)) || read.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
    // on record before the line was closed
    let record = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
    assert!(record.contains("\"what\":\"turned-away\""), "{record}");
}
