//! Calls from one process to another, over each kind of line, and what is done with them.

use std::os::unix::fs::PermissionsExt;
use std::time::Instant;

use rustix::process::Signal;

use crate::lab::{Lab, holds, mode, pid};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\nunauthenticated = 2\nip = \"loopback\"\n";

#[test]
fn a_call_goes_over_tcp_a_unix_socket_and_a_pseudo_terminal() {
    let lab = Lab::with(
        "[[port]]\nname = \"tcp\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"loopback\"\n\
         [[port]]\nname = \"unix\"\nline = \"listen:unix:FOLDER/socket\"\nip = \"loopback\"\n\
         [[port]]\nname = \"pty\"\nline = \"pty:FOLDER/tty\"\nip = \"loopback\"\n",
    );
    let server = lab.serve(&[]);
    let lines = [
        server.line("tcp"),
        format!("unix:{}", lab.path("socket").display()),
        format!("pty:{}", lab.path("tty").display()),
    ];
    for line in lines {
        let done = lab.dial(&line, &["--ping", "2", "--fetch", "http://10.64.0.1/"]);
        assert_eq!(done.code, 0, "{line}: {}{}{}", done.out, done.err, server.said());
        assert!(done.out.contains("ping 10.64.0.1: 2 of 2 answered"), "{}", done.out);
        assert!(done.out.contains("http://10.64.0.1/: 91 bytes"), "{}", done.out);
        let digest = done.out.split("SHA-256 ").nth(1).and_then(|rest| rest.split_whitespace().next());
        assert_eq!(digest.map(str::len), Some(64), "whole, to be compared: {}", done.out);
        assert!(done.out.ends_with("ended well\n"), "{}", done.out);
        assert_eq!(done.err, "");
    }
    let (code, said) = server.stop();
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("WARN") && !said.contains("ERROR "), "nothing went wrong: {said}");
    for port in ["tcp/1", "unix/1", "pty/1"] {
        let ended =
            |line: &str| line.contains("the call ended well") && line.contains(&format!("port=\"{port}\""));
        assert!(said.lines().any(ended), "{port}: {said}");
    }
}

#[test]
fn a_call_stays_as_long_as_it_shall() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let begun = Instant::now();
    let done = lab.dial(&server.line("line1"), &["--for", "700ms", "--ping", "1"]);
    assert_eq!(done.code, 0, "{}", done.out);
    assert!(begun.elapsed().as_millis() >= 700);
}

#[test]
fn what_does_not_come_over_the_link_has_its_own_exit_code() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    for (url, said) in [("http://10.64.0.1/nothing", "status 404"), ("http://10.64.0.1:81/", "fetch failed")]
    {
        let done = lab.dial(&server.line("line1"), &["--fetch", url]);
        assert_eq!(done.code, 10, "{url}: {}", done.out);
        assert!(done.out.contains(said) && done.out.ends_with("ended well\n"), "{}", done.out);
    }
}

#[test]
fn a_capture_is_the_persons_alone_and_holds_no_password() {
    let lab = Lab::with(&format!("{PORT}auth = [\"pap\"]\n"));
    let server = lab.serve(&[]);
    std::fs::write(lab.path("there"), "older").unwrap();
    std::fs::set_permissions(lab.path("there"), std::fs::Permissions::from_mode(0o644)).unwrap();
    for file in ["new", "there"] {
        let more = ["--auth", "pap", "--ping", "1", "--capture", file];
        let done = lab.dial(&server.line("line1"), &more);
        assert_eq!(done.code, 0, "{}", done.out);
        assert_eq!(mode(&lab.path(file)), 0o600, "{file}");
        let bytes = std::fs::read(lab.path(file)).unwrap();
        assert!(bytes.starts_with(&0x0a0d_0d0a_u32.to_be_bytes()), "a pcapng file");
        assert!(holds(&bytes, b"\xc0\x23\x01") && holds(&bytes, b"alice"), "the PAP request");
        assert!(!holds(&bytes, b"secret"), "the password");
    }
    let done = lab.dial(&server.line("line1"), &["--capture", "no/such/folder"]);
    assert_eq!(done.code, 3);
    assert!(done.err.contains("cannot write the capture no/such/folder"), "{}", done.err);
}

#[test]
fn a_port_takes_as_many_calls_as_it_may_and_says_whom_it_refuses() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut calls = [(); 2].map(|()| lab.program(&server.line("line1"), "alice", "pw", &[]));
    calls.iter_mut().for_each(|call| drop(call.state("Connected")));
    let done = lab.dial(&server.line("line1"), &[]);
    assert_eq!(done.code, 4, "{}", done.out);
    assert!(server.said().contains("all 2 calls are taken"), "{}", server.said());
    let [first, mut second] = calls;
    drop(first);
    second.say(&serde_json::json!({ "hangup": true }));
    assert_eq!(second.end().0, 0);
}

#[test]
fn a_service_that_ends_hangs_up_politely_and_its_callers_say_so() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &[]);
    call.state("Connected");
    assert_eq!(server.stop().0, 0);
    let (code, last, _) = call.end();
    assert_eq!((code, last["error"]["error"].as_u64(), &last["connected"]), (9, Some(629), &true.into()));
}

#[test]
fn a_service_that_vanishes_is_told_from_one_that_hangs_up() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &[]);
    call.state("Connected");
    server.signal(Signal::KILL);
    let (code, last, _) = call.end();
    assert_eq!((code, last["error"]["error"].as_u64()), (9, Some(628)), "{last}");
}

#[test]
fn a_dial_whose_reader_goes_away_hangs_up() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let args = ["dial", "--line", &server.line("line1"), "--user", "alice", "--password-file", "pw"];
    let mut child = lab.command(&args).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let watched = pid(&child);
    let status = child.wait().unwrap();
    assert!(status.code().is_some(), "{watched:?} ended by itself and did not panic: {status}");
    assert_ne!(status.code(), Some(101));
}
