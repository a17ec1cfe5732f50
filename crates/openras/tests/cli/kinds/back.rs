//! Callbacks over every kind of line: the port's line, and where the end that dialled is rung.

use crate::lab::{Lab, Server, states};

use super::{KINDS, Kind, World};

/// A loopback address of this process' own: its ports are nobody else's for as long as it runs.
pub(super) fn host() -> String {
    let [_, _, high, low] = std::process::id().to_be_bytes();
    format!("127.{}.{low}.1", 1 + high % 250)
}

/// The number a kind is called back at.
pub(super) fn number(kind: &Kind) -> String {
    format!("55501{:02}", at(kind))
}

fn at(kind: &Kind) -> usize {
    KINDS.iter().position(|other| other.name == kind.name).unwrap()
}

/// A port of [`host`] for each kind.
pub(super) struct Back(Vec<u16>);

impl Back {
    /// Ports nobody has.
    pub(super) fn choose() -> Self {
        let held = KINDS.map(|_| std::net::TcpListener::bind((host(), 0)).unwrap());
        Self(held.iter().map(|held| held.local_addr().unwrap().port()).collect())
    }

    /// What the port of a kind says of callbacks. A wire calls back over itself, the exchange over the exchange, and what is a
    /// connection over what the directory says.
    pub(super) fn keys(&self, kind: &Kind) -> String {
        let by = match kind.name {
            "pty" => "same",
            "exchange" => "exchange",
            _ => "directory",
        };
        format!("callback_line = \"{by}\"\ncallback_delay = \"1s\"\n")
    }

    /// The number of each kind with the line it is called back over.
    pub(super) fn directory(&self) -> String {
        let lines = KINDS.iter().map(|kind| {
            let line = self.rings(kind).replacen("listen:", "", 1);
            format!("{} = \"{line}\"\n", number(kind))
        });
        format!("[directory]\n{}", lines.collect::<String>())
    }

    /// Where this end is rung.
    fn rings(&self, kind: &Kind) -> String {
        match kind.name {
            "unix" | "stdio" => format!("listen:unix:FOLDER/{}-back", kind.name),
            // for the directory; the port of that kind needs none
            "pty" => "pty:FOLDER/pty-back".into(),
            "exchange" => format!("exchange:{}", number(kind)),
            name => format!("listen:{name}:{}:{}", host(), self.0[at(kind)]),
        }
    }
}

/// The service, which believes who has signed the certificates of callers.
pub(super) fn serve(lab: &Lab) -> Server {
    let mut command = lab.command(&["serve", "--config", "openras.toml", "--socket", &lab.socket()]);
    command.env("SSL_CERT_FILE", lab.path("ca.pem"));
    Server::start(command)
}

impl World {
    /// A user with a preset callback, which is a required one.
    pub(super) fn called_back(&self, kind: &Kind) {
        let name = kind.name;
        let folder = self.lab.folder.path().display().to_string();
        let on = match name {
            "pty" => "same".into(),
            _ => self.back.rings(kind).replace("FOLDER", &folder),
        };
        let user = format!("{name}-back");
        let call = self.program(kind, false, &user, "pw", &["--callback-line", &on, "--ping", "1"]);
        let (code, last, events) = call.end();
        assert_eq!(code, 0, "{name}: {last}\n{}", self.says());
        let states = states(&events);
        for state in ["WaitForCallback", "ReAuthenticate", "Connected"] {
            assert!(states.iter().any(|one| one == state), "{name}: no {state} in {states:?}");
        }
        if name == "unix" {
            assert!(!self.lab.path("unix-back").exists(), "nobody listens any more");
        }
    }
}

/// The other way to call a pseudo-terminal back: over one that the caller makes.
#[test]
fn a_callback_finds_the_pseudo_terminal_that_waits_for_it() {
    let lab = Lab::with(
        "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\nip = \"loopback\"\n\
         callback_line = \"directory\"\ncallback_delay = \"1s\"\n[directory]\n555 = \"pty:FOLDER/back\"\n",
    );
    lab.add("bob", &["--callback", "caller", "--callback-allow", "5"]);
    let server = lab.serve(&[]);
    let more = ["--callback", "555", "--callback-line", "pty:back", "--ping", "1"];
    let (code, last, events) = lab.program(&server.line("line1"), "bob", "pw", &more).end();
    assert_eq!(code, 0, "{last}\n{}", server.said());
    assert!(states(&events).iter().any(|state| state == "WaitForCallback"), "{events:#?}");
    // and from an entry of the phone book, by both programs
    let line = server.line("line1");
    let add =
        ["phonebook", "add", "Back", "--line", &line, "--callback-line", "pty:back", "--callback", "555"];
    let added = lab.run(&[&add[..], &["--user", "bob", "--password-file", "pw"]].concat());
    assert_eq!(added.code, 0, "{}{}", added.out, added.err);
    let shown = lab.run(&["phonebook", "show", "Back"]).out;
    assert!(shown.contains(&format!("pty:{}", lab.path("back").display())), "{shown}");
    let done = lab.run(&["dial", "Back", "--ping", "1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let done = lab.run(&["rasdial", "Back", "/callback:555"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    lab.run(&["rasdial", "Back", "/disconnect"]);
    let record = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
    assert_eq!(record.matches("\"calling-back\"").count(), 3, "{record}");
}

/// A number that is not in the directory: nothing is dialled, and `why` says what to change.
#[test]
fn a_number_that_is_not_in_the_directory_is_refused_with_what_to_change() {
    let lab = Lab::with(
        "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\nip = \"loopback\"\n\
         callback_line = \"directory\"\n[directory]\n555 = \"unix:FOLDER/back\"\n",
    );
    lab.add("frank", &["--callback", "556"]);
    let server = lab.serve(&[]);
    let call = lab.program(
        &server.line("line1"),
        "frank",
        "pw",
        &["--callback-line", "listen:unix:back", "--no-pause"],
    );
    let (code, last, events) = call.end();
    assert_ne!(code, 0, "{last}");
    assert!(!states(&events).iter().any(|state| state == "WaitForCallback"), "{events:#?}");
    let why = lab.run(&["why", "--socket", &lab.socket()]);
    assert!(why.out.contains("the number 556 is not in [directory]"), "{}{}", why.out, why.err);
    assert!(why.out.contains("add the number to `[directory]`"), "{}", why.out);
    let record = std::fs::read_to_string(lab.path("state/audit.jsonl")).unwrap();
    assert!(!record.contains("\"calling-back\""), "{record}");
}

/// What cannot ring is said before anything is dialled.
#[test]
fn a_line_to_be_rung_on_that_cannot_be_is_said_before_the_call() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\n");
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let taken = std::net::TcpListener::bind((host(), 0)).unwrap();
    let at = format!("listen:tcp:{}", taken.local_addr().unwrap());
    for (on, code, said) in [
        ("same", 4, "nobody can call back over it"),
        (at.as_str(), 4, "cannot be had"),
        ("listen:tls:127.0.0.1:7999", 4, "needs a certificate"),
        ("listen:tcp:127.0.0.1:0", 2, "leaves the port open"),
        ("tcp:127.0.0.1:7999", 2, "none that rings"),
    ] {
        let done = lab.dial(&line, &["--callback-line", on, "--ping", "1"]);
        let all = format!("{}{}", done.out, done.err);
        assert!(all.contains(said), "{on}: {all}");
        assert_eq!(done.code, code, "{on}: {all}");
    }
}
