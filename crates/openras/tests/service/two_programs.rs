//! A call belongs to the service: one program dials it, another sees it, names it and ends it.

use serde_json::Value;

use crate::lab::{Lab, PORT};

/// One JSON object a line.
fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn two_programs_see_name_and_end_one_call() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut first = lab.dial(&lab.line("line1"), "alice", "pw", &[]);
    first.state("Connected");
    let id = first.call();

    let calls = objects(&lab.told(&["calls", "--json"]));
    let call = calls.iter().find(|call| call["id"] == id).unwrap_or_else(|| panic!("no {id}: {calls:#?}"));
    assert_eq!(
        (&call["direction"], &call["state"]),
        (&"dialled".into(), &"RASCS_Connected".into()),
        "{call}"
    );
    assert_eq!(call["line"], lab.line("line1"));
    let other = calls.iter().find(|call| call["direction"] == "answered").expect("both ends are listed");
    assert_eq!(
        (&other["name"], other["port"].as_str().unwrap().starts_with("line1/")),
        (&"alice".into(), true)
    );

    let story: Value = serde_json::from_str(&lab.told(&["status", &format!("c{id}"), "--json"])).unwrap();
    assert!(story["projection"]["ipv4"].is_object(), "{story}");
    let named = |event: &Value| event["name"] == "RASCS_Connected";
    assert!(story["events"].as_array().unwrap().iter().any(named), "{story:#}");

    lab.told(&["hangup", &format!("c{id}")]);
    let (code, last) = first.end();
    assert_eq!((code, &last["event"], &last["connected"]), (0, &"ended".into(), &true.into()), "{last}");
    // it can be read after its end, by number, and is not named as running
    let story: Value = serde_json::from_str(&lab.told(&["status", &id.to_string(), "--json"])).unwrap();
    assert!(story["over"].is_u64() && story["ended"]["connected"] == true, "{story}");
    assert_eq!(lab.ask(&["hangup", "c999999"]).code, 1, "no such call is no success");
    server.stop();
}

#[test]
fn a_call_left_by_its_program_is_found_by_the_next_and_hangup_all_ends_every_one() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    for _ in 0..3 {
        lab.detached(&lab.line("line1"));
    }
    let running = |text: &str| objects(text).iter().filter(|call| call["over"].is_null()).count();
    assert_eq!(running(&lab.told(&["calls", "--json"])), 6, "three calls with two ends each");
    let mut events = lab.api().events();
    let ids: Vec<u64> = objects(&lab.told(&["calls", "--json"]))
        .iter()
        .filter(|call| call["direction"] == "dialled")
        .map(|call| call["id"].as_u64().unwrap())
        .collect();
    lab.told(&["hangup", "all"]);
    let mut left = ids;
    while !left.is_empty() {
        let end = events.until(|event| event["event"] == "ended");
        left.retain(|id| end["call"] != *id);
    }
    server.stop();
}

#[test]
fn a_program_that_only_watches_hears_the_others_call_and_holds_nothing() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let socket = lab.socket();
    let mut watcher =
        crate::lab::Program::start(lab.command(&["events", "--json", "--socket", socket.to_str().unwrap()]));
    // what the watcher hears begins when it listens: calls are made until it does
    let mut first = lab.dial(&lab.line("line1"), "alice", "pw", &[]);
    first.state("Connected");
    let mut second = lab.dial(&lab.line("line1"), "alice", "pw", &[]);
    second.state("Connected");
    first.say(&serde_json::json!({ "hangup": true }));
    let (_, last) = first.end();
    let call = last["call"].as_u64();
    watcher.until(|event| event["event"] == "ended" && event["call"].as_u64() == call);
    // a watcher that dies takes nothing with it
    watcher.kill(rustix::process::Signal::KILL);
    let id = second.call();
    assert!(lab.api().over(id).is_none(), "the call goes on");
    lab.told(&["hangup", "all"]);
    assert_eq!(second.end().0, 0);
    server.stop();
}
