//! SIGHUP, the socket, and what a service says of itself there.

use rustix::process::Signal;
use serde_json::Value;

use crate::lab::{LINE, Lab, PROGRAM, Service, get};

const LINE2: &str = "[[port]]\nname = \"line2\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\npool = \"10.65.0.2-10.65.0.9\"\naddress = \"10.65.0.1\"\n";

fn ports(lab: &Lab) -> Vec<String> {
    let (status, body) = get(&lab.path("api.sock"), "/v1/ports").unwrap();
    assert_eq!(status, 200, "{body}");
    let ports: Value = serde_json::from_str(&body).unwrap();
    ports.as_array().unwrap().iter().map(|port| port["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_good_configuration_is_taken_over_on_sighup() {
    let lab = Lab::with(LINE);
    let mut service = lab.serve(&[]);
    assert_eq!(ports(&lab), ["line1/1"]);
    lab.config(&format!("{LINE}{LINE2}"));
    service.signal(Signal::HUP);
    let line = service.until("the configuration was reloaded");
    assert!(line.contains("added=[\"line2\"] changed=[] removed=[]"), "{line}");
    assert_eq!(ports(&lab), ["line1/1", "line2/1", "line2/2"]);
    service.signal(Signal::HUP);
    let line = service.until("the configuration was reloaded");
    assert!(line.contains("added=[] changed=[] removed=[]"), "{line}");
    service.stop();
}

#[test]
fn a_configuration_with_a_mistake_changes_nothing() {
    let lab = Lab::with(LINE);
    let mut service = lab.serve(&[]);
    lab.config(&format!("{LINE2}[[port]]\nname = \"line1\"\nlime = \"x\"\n"));
    service.signal(Signal::HUP);
    let line = service.until("the configuration was not reloaded");
    assert!(line.contains("lime"), "the mistake is named: {line}");
    assert_eq!(ports(&lab), ["line1/1"]);
    service.stop();
}

#[test]
fn what_the_unit_runs_to_reload_fails_where_nothing_was_reloaded() {
    let lab = Lab::with(LINE);
    let service = lab.serve(&[]);
    let socket = lab.path("api.sock").display().to_string();
    let reload = || lab.command(PROGRAM, &["reload", "--socket", &socket]).output().unwrap();
    assert!(reload().status.success());
    lab.config("[[port]]\nlime = 1\n");
    let done = reload();
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.code() == Some(3) && said.contains("lime"), "{said}");
    service.stop();
    // nothing is said of the configuration where there is nobody to read it
    assert_eq!(reload().status.code(), Some(11));
}

#[test]
fn after_a_kill_it_starts_again_on_what_was_left() {
    let lab = Lab::with(LINE);
    let mut service = lab.serve(&[]);
    service.signal(Signal::KILL);
    assert!(!service.end().success());
    assert!(lab.path("api.sock").exists(), "a killed one cannot clear up");
    let service = lab.serve(&[]);
    assert_eq!(ports(&lab), ["line1/1"]);
    service.stop();
}

#[test]
fn the_environment_names_the_socket_for_the_service_and_its_clients() {
    let lab = Lab::with(LINE);
    let mut command = lab.command(PROGRAM, &["serve", "--config", "openras.toml"]);
    command.env("OPENRAS_SOCKET", lab.path("other.sock"));
    let mut service = Service::start(command);
    service.until("answering: ");
    let mut status = lab.command(PROGRAM, &["status", "--check"]);
    assert!(status.env("OPENRAS_SOCKET", lab.path("other.sock")).status().unwrap().success());
    service.stop();
}

#[test]
fn a_service_without_ports_is_for_programs_that_dial() {
    let lab = Lab::with("");
    let mut service = lab.serve(&[]);
    assert!(service.said.iter().any(|line| line.starts_with("answering: no calls")), "{:?}", service.said);
    assert!(ports(&lab).is_empty());
    service.signal(Signal::INT);
    assert!(service.end().success());
    assert!(!lab.path("api.sock").exists(), "the socket goes with the service");
}

#[test]
fn counters_stand_on_the_socket() {
    let lab = Lab::with(LINE);
    let service = lab.serve(&[]);
    let (status, body) = get(&lab.path("api.sock"), "/metrics").unwrap();
    assert_eq!(status, 200, "{body}");
    // the text format: each line is a comment or `name{labels} value`
    for line in body.lines().filter(|line| !line.is_empty()) {
        let value = line.rsplit_once(' ').map(|(_, value)| value.parse::<f64>());
        assert!(
            line.starts_with("# ") || (line.starts_with("openras_") && matches!(value, Some(Ok(_)))),
            "{line}"
        );
    }
    assert!(body.contains("# TYPE openras_"), "{body}");
    service.stop();
}
