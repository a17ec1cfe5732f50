//! `openras demo` goes as it must, every time.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::lab::Lab;

#[test]
fn the_demo_goes_as_it_must_and_skips_nothing() {
    let lab = Lab::new();
    let done = lab.run(&["demo", "--json", "--strict"]);
    let events: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    assert_eq!((done.code, &last["event"], &last["failed"]), (0, &"done".into(), &0.into()), "{}", done.out);
    let results: Vec<&str> = events
        .iter()
        .filter(|event| event["event"] == "result")
        .map(|event| event["result"].as_str().unwrap())
        .collect();
    assert_eq!(results, ["ok"; 7]);
    assert_eq!(done.err, "");
    assert!(lab.all_files(&[]).is_empty(), "nothing is left behind");
}

#[test]
fn a_reader_that_has_seen_enough_does_no_harm() {
    let lab = Lab::new();
    let mut child = lab.command(&["demo"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("real"), "{first}");
    assert_eq!(crate::lab::Done::of(child).code, 0);
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    let lab = Lab::new();
    let mut command = lab.command(&["demo"]);
    let mut child = command.env("TMPDIR", lab.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("Authenticate")));
    rustix::process::kill_process(crate::lab::pid(&child), rustix::process::Signal::INT).unwrap();
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let left: Vec<_> =
        std::fs::read_dir(lab.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["run"], "what the lab itself made");
}
