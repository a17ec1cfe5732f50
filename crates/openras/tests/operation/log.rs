//! The log as JSON.

use std::io::Write;
use std::net::TcpStream;

use serde_json::Value;

use crate::lab::{LINE, Lab, PROGRAM, Service};

#[test]
fn every_line_is_json_and_those_of_a_call_carry_it() {
    let lab = Lab::with(LINE);
    let mut service = lab.serve(&["--log-format", "json"]);
    let address = service.said.iter().find_map(|line| line.split("line1: answering on ").nth(1)).unwrap();
    let address = address.split('"').next().unwrap().to_owned();
    // a caller that says nothing of use and leaves
    let mut caller = TcpStream::connect(&address).unwrap();
    caller.write_all(b"\x1b[2J\r\n").unwrap();
    let from = caller.local_addr().unwrap().to_string();
    drop(caller);
    service.until("\"call\":1");
    let said = service.stop();
    let lines: Vec<Value> = said
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let spans = |line: &Value| line["spans"].as_array().cloned().unwrap_or_default();
    let mut of_call = lines.iter().flat_map(spans).filter(|span| span["call"] == 1);
    let span = of_call.next().unwrap();
    assert_eq!(span["port"], "line1/1", "{span}");
    assert!(from.contains(span["source"].as_str().unwrap()), "{span} is not from {from}");
    assert!(!said.concat().contains('\u{1b}'));
}

#[test]
fn an_error_that_ends_it_is_json_too() {
    let lab = Lab::with("lime = 1\n");
    let args = ["serve", "--config", "openras.toml", "--log-format", "json"];
    let mut service = Service::start(lab.command(PROGRAM, &args));
    assert_eq!(service.end().code(), Some(3));
    let lines: Vec<Value> = service.said.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(
        lines.iter().any(|line| line["level"] == "ERROR" && line.to_string().contains("lime")),
        "{lines:?}"
    );
}

#[test]
fn libraries_do_not_trace_whatever_is_wished() {
    let lab = Lab::with(LINE);
    let socket = lab.path("api.sock").display().to_string();
    let mut command = lab.command(
        PROGRAM,
        &["serve", "--config", "openras.toml", "--socket", &socket, "--log-format", "json"],
    );
    command.env("RUST_LOG", "trace");
    let mut service = Service::start(command);
    service.until("answering: ");
    crate::lab::get(&lab.path("api.sock"), "/v1/server").unwrap();
    for line in service.stop() {
        let line: Value = serde_json::from_str(&line).unwrap();
        let (target, level) = (line["target"].as_str().unwrap(), line["level"].as_str().unwrap());
        assert!(target.starts_with("openras") || matches!(level, "WARN" | "ERROR"), "{line}");
    }
}
