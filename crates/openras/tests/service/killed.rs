//! A program that dies before Connected takes its dial with it, after two seconds; one that dies later leaves the call.
//!
//! The program that is held in a given state is this test program itself, started once more: it confirms each state until
//! the wanted one, says so, and stands still.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::lab::{Api, Lab, Lines, PORT, Server};

const CHILD: &str = "OPENRAS_TEST_HOLDS";
/// How long the service waits for the creator of a dial to come back.
const GRACE: Duration = Duration::from_secs(2);

/// A state to die in, and what leads there.
struct Case {
    state: &'static str,
    user: &'static str,
    line: &'static str,
    more: Value,
}

fn case(state: &'static str, user: &'static str, line: &'static str, more: Value) -> Case {
    Case { state, user, line, more }
}

/// Every state a dial can be in before Connected, but those no dial of ours goes through.
fn cases() -> Vec<Case> {
    let plain = ["OpenPort", "PortOpened", "ConnectDevice", "DeviceConnected", "AllDevicesConnected"];
    let later = ["Authenticate", "Authenticated", "AuthProject", "Projected"];
    let mut cases: Vec<Case> =
        plain.into_iter().chain(later).map(|state| case(state, "alice", "unix", json!({}))).collect();
    let wrong = || json!({ "password": "not it" });
    cases.extend([
        case("Interactive", "alice", "unix", json!({ "terminal": "after_dial" })),
        case("RetryAuthentication", "retry", "unix", wrong()),
        case("AuthRetry", "again", "unix", wrong()),
        case("PasswordExpired", "expired", "unix", json!({})),
        case("AuthChangePassword", "changed", "unix", json!({})),
    ]);
    let back = || json!({ "callback_number": "*", "own_number": "200" });
    for state in ["CallbackSetByCaller", "PrepareForCallback", "WaitForCallback"] {
        cases.push(case(state, "caller", "exchange", back()));
    }
    cases
}

const PORTS: &str = "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\ncalls = 32\n\
     unauthenticated = 32\nper_source = 32\n\
     [[port]]\nname = \"phone\"\nline = \"exchange:100\"\ncalls = 8\nunauthenticated = 8\nper_source = 8\n\
     callback_line = \"exchange\"\npool = \"10.65.0.2-10.65.0.30\"\naddress = \"10.65.0.1\"\n";

fn lab() -> (Lab, Server) {
    let lab = Lab::with(PORTS);
    for (user, more) in [
        ("retry", &[][..]),
        ("again", &[]),
        ("expired", &["--must-change"]),
        ("changed", &["--must-change"]),
        ("caller", &["--callback", "caller", "--callback-allow", "2"]),
    ] {
        lab.add(user, more);
    }
    let server = lab.serve(&[]);
    (lab, server)
}

/// The program that is killed. As a test it does nothing.
#[test]
fn child() {
    let Ok(text) = std::env::var(CHILD) else { return };
    let what: Value = serde_json::from_str(&text).unwrap();
    let word = |key: &str| what[key].as_str().unwrap().to_owned();
    let api = Api::new(word("socket").into());
    let mut dial = api.dial(&word("line"), &word("user"), &what["more"]).unwrap();
    let wanted = format!("RASCS_{}", word("state"));
    loop {
        let Some(event) = dial.events.next() else { return println!("held nothing") };
        if event["event"] == "ended" {
            return println!("held nothing: {event}");
        }
        if event["event"] != "state" {
            continue;
        }
        if event["name"] == wanted.as_str() {
            println!("held {}", dial.id);
            loop {
                std::thread::park();
            }
        }
        let at = format!("/v1/connections/{}", dial.id);
        api.post(&format!("{at}/seen"), &json!({ "notifier": dial.notifier, "seq": event["seq"] })).good();
        if event["paused"] == true {
            let resume = json!({ "notifier": dial.notifier, "password": "secret",
                "callback_number": "200" });
            let resume = match event["name"].as_str() {
                Some("RASCS_PasswordExpired") => {
                    json!({ "notifier": dial.notifier, "password": "fresh one" })
                }
                _ => resume,
            };
            api.post(&format!("{at}/resume"), &resume).good();
        }
    }
}

/// Starts the child and waits until it stands in its state. Gives its call.
fn held(lab: &Lab, case: &Case) -> (Child, u64) {
    let mut more = json!({ "wait_seen": true, "pauses": true });
    for (key, value) in case.more.as_object().unwrap() {
        more[key] = value.clone();
    }
    let line = if case.line == "unix" { lab.line("line1") } else { "exchange:100".into() };
    let what =
        json!({ "socket": lab.socket(), "line": line, "user": case.user, "state": case.state, "more": more });
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::child", "--nocapture", "--test-threads=1"]);
    let spawned = command.env(CHILD, what.to_string()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
        said.push_str(&format!("{line}\n"));
        let Some((_, rest)) = line.split_once("held ") else { continue };
        if let Ok(call) = rest.trim().parse() {
            return (child, call);
        }
    }
    let _ = child.kill();
    let output = child.wait_with_output().unwrap();
    panic!("{} was not reached: {said}{}", case.state, String::from_utf8_lossy(&output.stderr))
}

/// The dial ended for that, and not for what would have ended it half a minute later: how long a busy host needs for it says
/// nothing.
fn its_program_went(state: &str, end: &Value) {
    assert_eq!(end["connected"], false, "{state}: {end}");
    assert!(end["why"].as_str().is_some_and(|why| why.contains("went away")), "{state}: {end}");
}

#[test]
fn a_program_killed_in_any_state_before_connected_ends_its_dial_after_two_seconds() {
    let (lab, server) = lab();
    std::thread::scope(|scope| {
        for case in cases() {
            let lab = &lab;
            scope.spawn(move || {
                let mut events = lab.api().events();
                let (mut child, call) = held(lab, &case);
                assert!(lab.api().over(call).is_none(), "{}: it stands as long as its program", case.state);
                let begun = Instant::now();
                child.kill().unwrap();
                child.wait().unwrap();
                let end = events.ended(call);
                let took = begun.elapsed();
                its_program_went(case.state, &end);
                assert!(took > GRACE - Duration::from_millis(500), "{} took {took:?}", case.state);
            });
        }
    });
    let said = server.stop();
    assert!(!said.contains("panicked"), "{said}");
}

/// A server that takes calls, greets them, and never says another word.
fn silent(greeting: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut all = Vec::new();
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(greeting.as_bytes());
            all.push(stream);
        }
    });
    line
}

#[test]
fn the_program_killed_in_a_pause_or_before_a_silent_server_ends_its_dial() {
    let (lab, server) = lab();
    let (quiet, asks) = (silent(""), silent("login: "));
    let line = lab.line("line1");
    let table = [
        (asks.as_str(), "alice", "pw", "Interactive", "auto"),
        (&quiet, "alice", "pw", "Interactive", "after-dial"),
        (&line, "retry", "wrong", "RetryAuthentication", "never"),
        (&line, "expired", "pw", "PasswordExpired", "never"),
        (&quiet, "alice", "pw", "Authenticate", "never"),
    ];
    std::thread::scope(|scope| {
        for (line, user, file, state, terminal) in table {
            let lab = &lab;
            scope.spawn(move || {
                let mut events = lab.api().events();
                let mut program = lab.dial(line, user, file, &["--terminal", terminal]);
                program.state(state);
                let call = program.call();
                program.kill(Signal::KILL);
                its_program_went(state, &events.ended(call));
            });
        }
    });
    server.stop();
}

/// A call that is connected, with its program.
fn connected(lab: &Lab) -> (crate::lab::Program, u64) {
    let mut program = lab.dial(&lab.line("line1"), "alice", "pw", &[]);
    program.state("Connected");
    let call = program.call();
    (program, call)
}

/// Whether the call still carries something, long after anything would have ended it: two seconds and more are waited by
/// having another dial die meanwhile.
fn outlives_another(lab: &Lab, events: &mut Lines, call: u64) -> bool {
    let mut other = lab.dial(&lab.line("line1"), "retry", "wrong", &["--terminal", "never"]);
    other.state("RetryAuthentication");
    let id = other.call();
    other.kill(Signal::KILL);
    let first =
        events.until(|event| event["event"] == "ended" && (event["call"] == id || event["call"] == call));
    first["call"] == id && lab.api().over(call).is_none()
}

#[test]
fn after_connected_only_an_interrupt_ends_the_call() {
    let (lab, server) = lab();
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP] {
        let mut events = lab.api().events();
        let (program, call) = connected(&lab);
        let status = program.kill(signal);
        assert!(status.signal().is_some() || status.code().is_some(), "{status}");
        assert!(outlives_another(&lab, &mut events, call), "{signal:?} took the call with it");
        lab.told(&["hangup", &format!("c{call}")]);
        assert_eq!(events.ended(call)["connected"], true);
    }
    let mut events = lab.api().events();
    let (program, call) = connected(&lab);
    program.signal(Signal::INT);
    let (code, last) = program.end();
    assert_eq!((code, &last["event"]), (0, &"ended".into()), "{last}");
    assert_eq!(events.ended(call)["connected"], true);
    server.stop();
}

#[test]
fn a_reader_that_comes_back_in_time_keeps_the_dial() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let api = lab.api();
    let mut dial =
        api.dial(&lab.line("line1"), "alice", &json!({ "pauses": true, "password": "not it" })).unwrap();
    let last = dial.events.until(|event| event["name"] == "RASCS_RetryAuthentication");
    let path = format!("/v1/connections/{}", dial.id);
    let stream = format!("{path}/events?notifier={}&after={}", dial.notifier, last["n"]);
    // the old stream goes with the assignment, after the new one stands; and once the other way round
    dial.events = api.stream(&stream).unwrap();
    drop(std::mem::replace(&mut dial.events, api.stream(&path.replace("connections", "calls")).unwrap()));
    dial.events = api.stream(&stream).unwrap();
    let resume = json!({ "notifier": dial.notifier, "password": "secret" });
    api.post(&format!("{path}/resume"), &resume).good();
    dial.connected().unwrap();
    api.post(&format!("{path}/hangup"), &json!({})).good();
    server.stop();
}
