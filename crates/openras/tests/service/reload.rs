//! A reload under two hundred live calls loses none; a broken file changes nothing and is said.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::lab::{Lab, Server, until};

const CALLS: usize = 200;

const MANY: &str = "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\ncalls = 220\n\
     unauthenticated = 220\nper_source = 220\npool = \"10.66.0.2-10.66.3.254\"\naddress = \"10.66.0.1\"\n";
const SECOND: &str = "[[port]]\nname = \"line2\"\nline = \"listen:unix:FOLDER/line2\"\n";

/// The dialled calls that run.
fn running(lab: &Lab) -> BTreeSet<u64> {
    let calls = lab.api().get("/v1/calls").good();
    let live = calls.as_array().unwrap().iter().filter(|call| call["over"].is_null());
    live.filter(|call| call["direction"] == "dialled" && call["state"] == "RASCS_Connected")
        .map(|call| call["id"].as_u64().unwrap())
        .collect()
}

fn ports(lab: &Lab) -> BTreeSet<String> {
    let ports = lab.api().get("/v1/ports").good();
    let named = ports.as_array().unwrap().iter().filter(|port| port["leaving"] != true);
    named.map(|port| port["name"].as_str().unwrap().split('/').next().unwrap().to_owned()).collect()
}

fn dial_all(lab: &Lab) {
    let line = lab.line("line1");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..CALLS / 8 {
                    let mut dial = lab.api().dial(&line, "alice", &json!({})).unwrap();
                    dial.connected().unwrap_or_else(|end| panic!("{end}"));
                }
            });
        }
    });
}

/// Neither the command nor the signal takes the file as it is, and both say why.
fn is_refused(lab: &Lab, server: &Server) {
    let done = lab.ask(&["reload"]);
    assert_eq!(done.code, 3, "{}{}", done.out, done.err);
    assert!(
        done.err.contains("openras.toml:") && done.err.contains("lin"),
        "it says what and where: {}",
        done.err
    );
    let before = server.said().lines().count();
    server.signal(Signal::HUP);
    until("the log says it", || {
        server.said().lines().skip(before).any(|line| line.contains("openras.toml:")).then_some(())
    });
}

#[test]
fn a_reload_under_two_hundred_calls_loses_none_and_a_broken_file_changes_nothing() {
    let lab = Lab::with(MANY);
    let server = lab.serve(&[]);
    dial_all(&lab);
    let calls = running(&lab);
    assert_eq!(calls.len(), CALLS);

    // by the command, unchanged
    let told: Value = serde_json::from_str(&lab.told(&["reload", "--json"])).unwrap();
    assert_eq!(told["unchanged"], json!(["line1"]), "{told}");
    assert_eq!(running(&lab), calls);

    // by the signal: another port
    lab.config(&format!("{MANY}{SECOND}"));
    server.signal(Signal::HUP);
    until("the new port is there", || ports(&lab).contains("line2").then_some(()));
    assert_eq!(running(&lab), calls);
    let mut dial = lab.api().dial(&lab.line("line2"), "alice", &json!({})).unwrap();
    dial.connected().unwrap_or_else(|end| panic!("{end}"));

    // changed settings of the port with all the calls, the other one gone: its call stays
    lab.config(&MANY.replace("calls = 220\n", "calls = 220\ndns = [\"192.0.2.53\"]\n"));
    let told: Value = serde_json::from_str(&lab.told(&["reload", "--json"])).unwrap();
    assert_eq!((&told["changed"], &told["removed"]), (&json!(["line1"]), &json!(["line2"])), "{told}");
    let with_other: BTreeSet<u64> = calls.iter().copied().chain([dial.id]).collect();
    assert_eq!(running(&lab), with_other);
    assert!(lab.api().dial(&lab.line("line2"), "alice", &json!({})).unwrap().connected().is_err());

    // a broken file, by both roads
    lab.config(&format!("{MANY}[[port]]\nname = \"line1\"\nlin = 7\n"));
    is_refused(&lab, &server);
    assert_eq!(ports(&lab), BTreeSet::from(["line1".into()]));
    assert_eq!(running(&lab), with_other);

    // and calls still come in, and go
    let mut more = lab.api().dial(&lab.line("line1"), "alice", &json!({})).unwrap();
    more.connected().unwrap_or_else(|end| panic!("{end}"));
    lab.told(&["hangup", "all"]);
    until("all are over", || running(&lab).is_empty().then_some(()));
    server.stop();
}

#[test]
fn reloads_while_calls_are_made_fail_none_of_them() {
    let lab = Lab::with(MANY);
    let server = lab.serve(&[]);
    let other = MANY.replace("calls = 220\n", "calls = 220\ndns = [\"192.0.2.53\"]\n");
    std::thread::scope(|scope| {
        let dialling = scope.spawn(|| dial_all(&lab));
        let mut n = 0;
        while !dialling.is_finished() {
            lab.config(if n % 2 == 0 { &other } else { MANY });
            lab.told(&["reload"]);
            n += 1;
        }
        dialling.join().unwrap();
        assert!(n > 1, "there were reloads meanwhile: {n}");
    });
    assert_eq!(running(&lab).len(), CALLS);
    server.stop();
}
