//! Which authentication is agreed on, and what a call says where none is.

use serde_json::json;

use crate::lab::Lab;

fn port(auth: &str) -> String {
    format!("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nauth = [{auth}]\n")
}

#[test]
fn a_method_the_port_does_not_allow_is_refused_by_name_with_a_remedy() {
    let lab = Lab::with(&port("\"mschapv2\""));
    let server = lab.serve(&[]);
    for weak in ["pap", "chap", "mschap", "none"] {
        let done = lab.dial(&server.line("line1"), &["--auth", weak]);
        assert_eq!(done.code, 6, "{weak}: {}", done.out);
        assert!(done.out.contains("812") && done.out.contains("try:"), "{}", done.out);
        assert!(done.out.contains("mschapv2") || done.out.contains("MS-v2"), "{}", done.out);
        assert!(!done.out.contains("CONNECTED"));
    }
}

#[test]
fn the_dialler_never_agrees_to_a_method_outside_its_list() {
    let lab = Lab::with(&port("\"pap\""));
    let server = lab.serve(&[]);
    let done = lab.dial(&server.line("line1"), &["-v"]);
    assert_eq!(done.code, 6, "{}", done.out);
    assert!(done.out.contains("812") && done.out.contains("pap"), "{}", done.out);
    assert!(!done.out.contains("PAP AuthReq"), "no password left this end: {}", done.out);
    assert_eq!(lab.dial(&server.line("line1"), &["--auth", "pap", "--ping", "1"]).code, 0);
}

#[test]
fn every_method_named_on_both_sides_connects() {
    let lab = Lab::with(&port("\"chap\", \"mschap\", \"pap\", \"mschapv2\""));
    lab.add("carol", &["--reversible"]);
    let server = lab.serve(&[]);
    for method in ["pap", "chap", "mschap", "mschapv2"] {
        let args = ["--auth", method, "--ping", "1"];
        let mut call = lab.program(&server.line("line1"), "carol", "pw", &args);
        let agreed = call.until(|event| event["event"] == "projection");
        assert_eq!(agreed["authentication"], method);
        assert_eq!(call.end().0, 0);
    }
    // alice's password is not kept in clear, so this method cannot check it (defence rule 13)
    let done = lab.dial(&server.line("line1"), &["--auth", "chap"]);
    assert_eq!(done.code, 5, "{}", done.out);
    assert!(!done.out.contains("reversible"), "the reason is for the log: {}", done.out);
    let (_, said) = server.stop();
    assert!(said.contains("CHAP") || said.contains("chap") || said.contains("reversible"), "{said}");
}

#[test]
fn a_server_that_asks_for_nothing_is_accepted_and_said_unless_required() {
    let lab = Lab::with(&port("\"none\""));
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &["--ping", "1"]);
    call.until(|event| event["event"] == "no_authentication");
    let (code, _, events) = call.end();
    assert_eq!(code, 0);
    let agreed = events.iter().find(|event| event["event"] == "projection").unwrap();
    assert_eq!(agreed["authentication"], json!(null));
    let done = lab.dial(&server.line("line1"), &["--ping", "1"]);
    assert!(done.out.contains("asked for no authentication"), "{}", done.out);
    let done = lab.dial(&server.line("line1"), &["--require-auth", "mschapv2,chap"]);
    assert_eq!(done.code, 6, "{}", done.out);
    assert!(done.out.contains("812") && done.out.contains("requires"), "{}", done.out);
}
