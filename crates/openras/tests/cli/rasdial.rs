//! `openras rasdial`, and the program called as rasdial.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use crate::lab::{Done, Lab, PROGRAM, Server, pid};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

fn home() -> (Lab, Server) {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let line = server.line("line1");
    for (entry, more) in [("Home 1", &["--user", "alice", "--password-file", "pw"][..]), ("Bare", &[])] {
        let done = lab.run(&[&["phonebook", "add", entry, "--line", &line], more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
    }
    (lab, server)
}

fn rasdial(lab: &Lab, words: &[&str]) -> Done {
    lab.run(&[&["rasdial"], words].concat())
}

#[test]
fn an_entry_is_dialled_listed_and_hung_up() {
    let (lab, server) = home();
    assert_eq!(rasdial(&lab, &[]).out, "No connections.\n");
    let done = rasdial(&lab, &["home 1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.ends_with("Connected to Home 1.\n"), "{}", done.out);
    assert_eq!(rasdial(&lab, &[]).out, "Connected to\nHome 1\n");
    let again = rasdial(&lab, &["Home 1"]);
    assert_eq!((again.code, again.out.contains("connected already")), (0, true), "{}", again.out);
    let other = rasdial(&lab, &["Bare", "/DISCONNECT"]);
    assert_eq!(
        (other.code, other.out.contains("Remote Access error 668 - ")),
        (668 & 255, true),
        "{}",
        other.out
    );
    let book = lab.path(".config/openras/rasphone.pbk").display().to_string();
    let done = rasdial(&lab, &["HOME 1", "/disconnect", &format!("/PHONEBOOK:{book}")]);
    assert_eq!((done.code, done.out.as_str()), (0, "Home 1: hung up.\n"), "{}", done.err);
    assert_eq!(rasdial(&lab, &[]).out, "No connections.\n");
    assert_eq!(rasdial(&lab, &["/disconnect"]).code, 0);
    drop(server);
}

#[test]
fn failures_have_their_number_in_the_last_line_and_its_low_bits_as_exit_code() {
    let (lab, server) = home();
    for (words, number, code) in [
        (&["Bare", "alice", "wrong"][..], 691, 179),
        (&["Home 1", "alice", "x", "/PHONE:tcp:127.0.0.1:1"], 0, 0),
        (&["nobody"], 623, 111),
        (&["Home 1", "/phonebook:missing.pbk"], 621, 109),
        (&["Home 1", "/nonsense"], 87, 87),
        (&["a", "b", "c", "d"], 87, 87),
    ] {
        let done = rasdial(&lab, words);
        if number == 0 {
            assert!(done.code != 0 && done.out.contains("Remote Access error "), "{}", done.out);
            continue;
        }
        assert_eq!(done.code, code, "{words:?}: {}{}", done.out, done.err);
        if number != 87 {
            assert!(
                done.out.contains(&format!("Remote Access error {number} - ")),
                "{words:?}: {}",
                done.out
            );
        }
        assert!(!(done.out + &done.err).contains("nonsense"), "no word is repeated");
    }
    // a terminal is a pause, and rasdial has none
    assert_eq!(lab.run(&["phonebook", "set", "Home 1", "--terminal", "after-dial"]).code, 0);
    let done = rasdial(&lab, &["Home 1"]);
    assert!(done.code == 703 & 255 && done.out.contains("error 703 - "), "{}{}", done.out, done.err);
    drop(server);
}

#[test]
fn it_is_rasdial_when_called_so_and_takes_a_password_it_asks_for() {
    let (lab, server) = home();
    symlink(PROGRAM, lab.path("rasdial")).unwrap();
    let mut command = Command::new(lab.path("rasdial"));
    lab.at_home(&mut command);
    command.args(["Bare", "alice", "*", "/DOMAIN:"]).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"secret\n").unwrap();
    let done = Done::of(child);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(!done.out.contains("secret") && done.err.contains("Password: "), "{}", done.err);
    drop(server);
}

/// The password is read from the command line while the dial waits: nobody finds it there.
#[test]
fn a_password_on_the_command_line_is_taken_off_it_and_warned_about() {
    let lab = Lab::new();
    // a line that never answers holds the dial
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    for called in ["openras", "rasdial"] {
        // a dial whose program was killed takes a moment to end, and until then its entry is busy (756)
        let entry = format!("Deaf {called}");
        assert_eq!(lab.run(&["phonebook", "add", &entry, "--line", &line]).code, 0);
        let program = lab.path(called);
        symlink(PROGRAM, &program).unwrap();
        let mut command = Command::new(&program);
        lab.at_home(&mut command);
        if called == "openras" {
            command.arg("rasdial");
        }
        command.args(["/DOMAIN:CORP", &entry, "alice", "Planted-Pass-7319"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let id = pid(&child).as_raw_nonzero();
        // the call has come: the program is well past its beginning
        let held = loop {
            match listener.accept() {
                Ok(held) => break held,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
            if let Some(ended) = child.try_wait().unwrap() {
                let mut said = String::new();
                std::io::Read::read_to_string(&mut child.stdout.take().unwrap(), &mut said).unwrap();
                panic!("it ended before it called: {ended} {said}");
            }
        };
        let words = std::fs::read(format!("/proc/{id}/cmdline")).unwrap();
        let words = String::from_utf8_lossy(&words).into_owned();
        assert!(words.contains(&entry) && words.contains("alice"), "{words}");
        assert!(!words.contains("Planted"), "{words}");
        let environment = std::fs::read(format!("/proc/{id}/environ")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&environment).contains("Planted"));
        child.kill().unwrap();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut child.stderr.take().unwrap(), &mut said).unwrap();
        assert!(said.contains("a password on the command line") && !said.contains("Planted"), "{said}");
        child.wait().unwrap();
        drop(held);
    }
}

/// What was taken off the command line is what is dialled with.
#[test]
fn a_password_that_was_taken_off_still_connects() {
    let (lab, server) = home();
    let done = rasdial(&lab, &["Bare", "alice", "secret"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.err.contains("a password on the command line"), "{}", done.err);
    drop(server);
}
