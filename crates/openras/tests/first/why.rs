//! `openras why`.

use serde_json::Value;

use crate::lab::Lab;

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

/// Says why on the service of the lab.
fn why(lab: &Lab, more: &[&str]) -> crate::lab::Done {
    lab.run(&[&["why", "--socket", &lab.socket()], more].concat())
}

#[test]
fn the_last_call_that_failed_is_explained_by_the_port() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let done = why(&lab, &[]);
    assert!(done.code == 1 && done.err.contains("no call has failed"), "{}", done.err);
    let at = server.line("line1");
    let dial = |file: &str| {
        lab.run(&[
            "dial",
            "--line",
            &at,
            "--user",
            "alice",
            "--password-file",
            file,
            "--no-pause",
            "--ping",
            "1",
        ])
    };
    assert_eq!(dial("wrong").code, 5);
    assert_eq!(dial("pw").code, 0);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    for said in
        ["691", "decided by", "wrong password", "[CHAP Failure", "openras user passwd", "asked in LCP"]
    {
        assert!(done.out.contains(said), "{said}: {}", done.out);
    }
    assert!(
        !done.out.contains('\u{1b}') && done.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        done.out
    );
    let json: Value = serde_json::from_str(&why(&lab, &["c1", "--json"]).out).unwrap();
    assert_eq!((&json["call"], &json["diagnosis"]), (&Value::from(1), &Value::from("password")));
    assert_eq!(why(&lab, &["c99"]).code, 1);
    assert_eq!(lab.run(&["why", "--socket", "/not/there"]).code, 11);
}

#[test]
fn a_caller_that_was_turned_away_is_explained_too() {
    let lab = Lab::with(&format!("{PORT}unauthenticated = 1\n"));
    let server = lab.serve(&[]);
    let at = server.line("line1").trim_start_matches("tcp:").to_owned();
    let first = std::net::TcpStream::connect(&at).unwrap();
    let second = std::net::TcpStream::connect(&at).unwrap();
    // closed at once: the end of the stream is the answer
    let mut second_reads = &second;
    let _ = std::io::Read::read(&mut second_reads, &mut [0; 8]);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("(unauthenticated)") && done.out.contains("`calls`"), "{}", done.out);
    drop(first);
}

#[test]
fn a_capture_says_the_same_without_a_service() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let at = server.line("line1");
    lab.run(&[
        "dial",
        "--line",
        &at,
        "--user",
        "alice",
        "--password-file",
        "wrong",
        "--no-pause",
        "--capture",
        "call.pcapng",
    ]);
    drop(server);
    let done = lab.run(&["why", "--capture", "call.pcapng"]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("[CHAP Failure") && done.out.contains("--user"), "{}", done.out);
    let done = lab.run(&["why", "--capture", "openras.toml"]);
    assert!(done.code == 3 && done.err.contains("no pcapng file"), "{}", done.err);
}

#[test]
fn another_users_calls_are_not_explained_to_a_dialler() {
    // of answered calls only administrators hear; rights are the router's, and tests/socket of the service has them all
    let lab = Lab::with(PORT);
    let done = lab.run(&["why", "c1"]);
    assert_eq!(done.code, 11, "{}", done.err);
    assert!(lab.private_services().is_empty(), "asking starts nothing");
}

#[test]
fn a_destination_that_reach_closed_is_named_with_its_key() {
    let lab = Lab::with(&format!("{PORT}reach = [\"192.0.2.0/24\"]\n"));
    let server = lab.serve(&[]);
    let at = server.line("line1");
    let done = lab.dial(&at, &["--fetch", "http://127.0.0.1:9/"]);
    assert_eq!(done.code, 10, "{}", done.err);
    let done = why(&lab, &[]);
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.out.contains("closed by reach") && done.out.contains("`reach` of the port"), "{}", done.out);
}
