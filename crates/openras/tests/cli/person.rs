//! A person at a terminal: questions, the raw terminal, Ctrl-C. The terminal is a pseudo-terminal of the test's.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::process::Signal;
use rustix::termios::{LocalModes, tcgetattr};

use crate::lab::{Lab, PATIENCE, code};
use crate::pauses::{SEED, TOTP};
use crate::terminal::Person;

const PORT: &str =
    "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 2\nunauthenticated = 2\n";

#[test]
fn a_pause_is_a_question_and_a_password_is_not_shown() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut person = Person::dial(&lab, &server.line("line1"), "alise", "wrong", &["--ping", "1"]);
    person.sees("RetryAuthentication");
    person.sees("User [alise]: ");
    person.types("alice\n");
    person.sees("Password: ");
    assert!(!person.echoes());
    person.types("secret\n");
    person.sees("1 of 1 answered");
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("691") && !shown.contains("secret"), "{shown}");
}

#[test]
fn a_new_password_is_asked_twice_and_again_if_the_two_differ() {
    let lab = Lab::with(PORT);
    lab.add("dave", &["--must-change"]);
    let server = lab.serve(&[]);
    let mut person = Person::dial(&lab, &server.line("line1"), "dave", "pw", &["--ping", "1"]);
    for (first, second) in [("fresh one", "fresh two"), ("fresh two", "fresh two")] {
        person.sees("New password: ");
        person.types(&format!("{first}\n"));
        person.sees("New password again: ");
        person.types(&format!("{second}\n"));
        if first != second {
            person.sees("they differ");
        }
    }
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("fresh"), "{shown}");
}

#[test]
fn a_security_dialog_is_a_raw_terminal() {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    let seed = lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", seed.to_str().unwrap()]);
    let server = lab.serve(&[]);
    let mut person = Person::dial(&lab, &server.line("line1"), "bob", "pw", &["--ping", "1"]);
    person.sees("Ctrl-] Enter");
    person.sees("User: ");
    person.types("bob\r");
    person.sees("Code: ");
    assert!(!person.echoes());
    person.types(&format!("{}\r", code(SEED)));
    person.sees("1 of 1 answered");
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
}

/// A server that says one word; the test has the other end of its line.
fn talker() -> (String, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (format!("tcp:{}", listener.local_addr().unwrap()), listener)
}

fn greeted(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"login: ").unwrap();
    stream
}

#[test]
fn the_raw_terminals_keys_do_what_its_first_line_says() {
    let lab = Lab::new();
    lab.secret("pw", "secret");
    let (line, listener) = talker();
    let mut person = Person::dial(&lab, &line, "alice", "pw", &[]);
    let mut server = greeted(&listener);
    person.sees("Ctrl-] q = hang up");
    person.sees("login: ");
    // Ctrl-C is a byte like others here
    person.types("a\u{1d}\u{1d}\u{3}b");
    let mut typed = [0; 4];
    server.read_exact(&mut typed).unwrap();
    assert_eq!(typed, *b"a\x1d\x03b");
    // on the terminal nothing is escaped: that is what it is for
    server.write_all(b"\x1b[1mbold\r\n").unwrap();
    person.sees("\u{1b}[1mbold");
    // typed fast, a command came in one read with what was before it, and was forgotten
    person.types("c\u{1d}\r");
    let mut ppp = [0; 5];
    server.read_exact(&mut ppp).unwrap();
    assert_eq!(ppp, *b"c\x7e\xff\x7d\x23", "Ctrl-] Enter goes on with PPP");
    person.sees("Starting PPP");
    person.types("\u{3}");
    let (code, shown) = person.end();
    assert_eq!(code, 130, "{shown}");

    let mut person = Person::dial(&lab, &line, "alice", "pw", &[]);
    let mut server = greeted(&listener);
    person.sees("login: ");
    person.types("\u{1d}q");
    assert_eq!(server.read_to_end(&mut Vec::new()).unwrap(), 0, "Ctrl-] q hangs up");
    assert_eq!(person.end().0, 130);
}

#[test]
fn a_pause_the_other_end_hangs_up_in_is_not_begun_again() {
    // the last state repeats Interactive with its error, and the terminal's keys were shown once more
    let lab = Lab::new();
    lab.secret("pw", "secret");
    let (line, listener) = talker();
    let mut person = Person::dial(&lab, &line, "alice", "pw", &[]);
    let server = greeted(&listener);
    person.sees("login: ");
    drop(server);
    let (code, shown) = person.end();
    assert_eq!(code, 4, "{shown}");
    assert_eq!(shown.matches("Ctrl-] Enter").count(), 1, "{shown}");
}

#[test]
fn ctrl_c_hangs_up_politely() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut person = Person::dial(&lab, &server.line("line1"), "alice", "pw", &[]);
    person.sees("mConnected");
    person.types("\u{3}");
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("ended well"), "{shown}");
    let (_, said) = server.stop();
    assert!(said.contains("the call ended well"), "{said}");
}

#[test]
fn ctrl_c_twice_waits_for_nothing() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let mut person = Person::dial(&lab, &server.line("line1"), "alice", "pw", &["-v"]);
    person.sees("mConnected");
    server.signal(Signal::STOP);
    person.types("\u{3}");
    person.sees("TermReq");
    person.types("\u{3}");
    let (code, shown) = person.end();
    assert_eq!(code, 0, "{shown}");
    assert_eq!(shown.matches("TermReq").count(), 1, "it asked the silent server again: {shown}");
    server.signal(Signal::CONT);
}

#[test]
fn ctrl_c_at_a_question_ends_and_leaves_the_terminal_as_it_was() {
    let lab = Lab::new();
    let user = ["user", "add", "alice", "--state", lab.folder.path().to_str().unwrap()];
    for args in [&["dial", "--line", "tcp:127.0.0.1:1", "--user", "alice"][..], &user] {
        let mut person = Person::start(&lab, args);
        person.sees("Password: ");
        assert!(!person.echoes());
        person.types("\u{3}");
        let terminal = person.keys.try_clone().unwrap();
        let (code, shown) = person.end();
        assert_eq!(code, 130, "{shown}");
        assert!(tcgetattr(&terminal).unwrap().local_modes.contains(LocalModes::ECHO), "it echoes again");
    }
}

#[test]
fn a_password_is_asked_for_twice_when_a_user_is_added() {
    let lab = Lab::new();
    let state = lab.path("state").display().to_string();
    for (again, expected) in [("seCret1", 3), ("secret1", 0)] {
        let mut person = Person::start(&lab, &["user", "add", "alice", "--state", &state]);
        person.sees("Password: ");
        person.types("secret1\n");
        person.sees("Again: ");
        person.types(&format!("{again}\n"));
        let (code, shown) = person.end();
        assert_eq!(code, expected, "{shown}");
        assert!(!shown.to_lowercase().contains("secret1"), "{shown}");
    }
}

/// An entry's script talks first: what the other end says is shown, and after `halt` the terminal is the person's.
#[test]
fn a_script_that_halts_leaves_its_terminal_to_the_person() {
    let lab = Lab::with(&format!("{PORT}{TOTP}"));
    let seed = lab.secret("seed", SEED);
    lab.add("bob", &["--totp-file", seed.to_str().unwrap()]);
    let server = lab.serve(&[]);
    let script = "proc main\n  waitfor \"ser: \"\n  transmit $USERID\n  transmit \"^M\"\n  waitfor \"ode: \"\n  halt\nendproc\n";
    std::fs::write(lab.path("login.scp"), script).unwrap();
    let (line, add) =
        (server.line("line1"), ["phonebook", "add", "Home", "--user", "bob", "--password-file", "pw"]);
    assert_eq!(lab.run(&[&add[..], &["--line", &line, "--script", "login.scp"]].concat()).code, 0);
    let mut person = Person::start(&lab, &["dial", "Home", "--ping", "1"]);
    person.sees("Interactive");
    person.sees("Code: ");
    person.sees("Ctrl-] Enter");
    person.types(&format!("{}\r", code(SEED)));
    person.sees("1 of 1 answered");
    let (exit, shown) = person.end();
    assert_eq!(exit, 0, "{shown}");
}

/// A password that is neither brought nor saved is asked for before anything is dialled.
#[test]
fn an_entry_without_a_password_asks_for_it() {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let done = lab.run(&["phonebook", "add", "Home", "--line", &line, "--user", "alice"]);
    assert_eq!(done.code, 0, "{}", done.err);
    let mut person = Person::start(&lab, &["dial", "home", "--ping", "1"]);
    person.sees("Password: ");
    assert!(!person.echoes());
    person.types("secret\n");
    person.sees("1 of 1 answered");
    let (exit, shown) = person.end();
    assert!(exit == 0 && !shown.contains("secret"), "{shown}");
}
