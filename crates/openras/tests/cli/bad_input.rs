//! What the issue calls bad input: a clear message with number and remedy, in time, and the others go on.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;

use crate::lab::{Done, Lab, PATIENCE, Server, stranger};

const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 4\n";

fn refused(ports: &str, words: &[&str]) {
    let lab = Lab::new();
    lab.config(ports);
    let done = lab.refused("openras.toml");
    assert_eq!(done.code, 3, "{}", done.err);
    for word in words {
        assert!(done.err.contains(word), "{word:?} is not in: {}", done.err);
    }
}

#[test]
fn an_answer_that_a_full_disk_swallows_is_no_success_and_one_nobody_reads_is() {
    let lab = Lab::with(PORT);
    for (file, code) in [("/dev/full", 1), ("/dev/null", 0)] {
        let mut command = lab.command(&["user", "list", "--config", "openras.toml"]);
        let output = File::options().write(true).open(file).unwrap();
        let done = Done::of(command.stdout(output).stderr(Stdio::piped()).spawn().unwrap());
        assert_eq!(done.code, code, "{file}: {}", done.err);
        assert_eq!(done.err.contains("not all could be written"), code == 1, "{}", done.err);
    }
}

#[test]
fn a_configuration_with_mistakes_starts_nothing_and_lists_them_all() {
    refused(
        &format!("{PORT}call = 3\nmodules = [\"ghost\"]\n[[port]]\nname = \"two\"\nline = \"tellnet:x\"\n"),
        &[
            "openras.toml:6:1",
            "\"call\" is no key",
            "Did you mean calls?",
            "the module \"ghost\" is not defined",
            "Add a table [module.ghost]",
            "openras.toml:10:8",
            "tellnet:x",
            "listen:tcp:",
        ],
    );
    refused("[[port", &["is not TOML"]);
    let done = Lab::new().refused("missing.toml");
    assert!(done.code == 3 && done.err.contains("missing.toml"), "{}", done.err);
    let done = {
        let lab = Lab::new();
        lab.run(&["serve", "--socket", &lab.socket()])
    };
    assert!(done.code == 3 && done.err.contains("--config FILE"), "{}", done.err);
}

#[test]
fn a_line_that_is_none_is_refused_with_those_that_are() {
    let lab = Lab::new();
    for line in ["telnet:x", "tcp:nowhere", "exchange:ATDT1", "listen:tcp:127.0.0.1:1", ""] {
        let done = lab.run(&["dial", "--line", line]);
        assert_eq!(done.code, 2, "{line}: {}", done.err);
        assert!(
            done.err.contains("tcp:HOST:PORT") || done.err.contains("Write") || done.err.contains("write"),
            "{line}: {}",
            done.err
        );
    }
    for (flag, value) in [("--auth", "md5"), ("--ping", "0"), ("--for", "soon"), ("--terminal", "maybe")] {
        let done = lab.run(&["dial", "--line", "tcp:127.0.0.1:1", flag, value]);
        assert_eq!(done.code, 2, "{flag} {value}: {}", done.err);
        assert!(done.err.contains(flag) && done.err.contains(value), "{}", done.err);
    }
}

#[test]
fn a_port_in_use_is_named_with_its_number_and_nothing_answers() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let second = format!("{PORT}[[port]]\nname = \"line2\"\nline = \"listen:tcp:{at}\"\n");
    refused(&second, &["line2", "633", "another program uses it", &at.to_string()]);
}

#[test]
fn a_socket_and_a_pseudo_terminal_that_cannot_be_made_are_named() {
    for line in ["listen:unix:FOLDER/none/socket", "pty:FOLDER/none/tty", "pty:FOLDER/openras.toml"] {
        refused(&format!("[[port]]\nname = \"line1\"\nline = \"{line}\"\n"), &["line1", "ERROR_", "line"]);
    }
}

#[test]
fn a_module_program_that_is_not_there_stops_the_start() {
    let module = "modules = [\"ask\"]\n[module.ask]\nkind = \"program\"\ncommand = [\"/no/such/program\"]\n";
    refused(&format!("{PORT}{module}"), &["ask", "/no/such/program"]);
}

#[test]
fn a_password_file_that_is_missing_open_or_endless_is_refused() {
    let lab = Lab::with(PORT);
    std::fs::write(lab.path("open"), "secret").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(lab.path("open"), std::fs::Permissions::from_mode(0o644)).unwrap();
    lab.secret("long", &"x".repeat(5000));
    for (file, said) in [
        ("missing", "cannot open"),
        ("open", "chmod 600 open"),
        ("long", "longer than"),
        ("/dev/zero", "longer than"),
    ] {
        let done = lab.run(&["dial", "--line", "tcp:127.0.0.1:1", "--password-file", file]);
        assert_eq!(done.code, 3, "{file}: {}", done.err);
        assert!(done.err.contains(said), "{file}: {}", done.err);
        assert!(!done.err.contains("secret\n"));
    }
}

/// Dials a stranger; gives what was said, with the RAS number, and the exit code.
fn dial(line: &str) -> (String, i32) {
    let lab = Lab::new();
    // a person's terminal would take noise for text, for a minute at most
    let done = lab.run(&["dial", "--line", line, "--user", "alice", "--terminal", "never"]);
    assert!(done.out.contains("why:") && done.out.contains("try:"), "{}", done.out);
    (done.out, done.code)
}

#[test]
fn a_line_nobody_answers_is_678_and_one_that_is_not_there_608() {
    let (out, code) = dial("tcp:127.0.0.1:1");
    assert!(code == 4 && out.contains("678"), "{out}");
    let (out, code) = dial("pty:/dev/no-such-line");
    assert!(code == 4 && out.contains("608"), "{out}");
    let (out, code) = dial("unix:/no/such/socket");
    assert!(code == 4 && out.contains("679"), "{out}");
    let (out, code) = dial("exchange:100");
    assert!(code == 4, "nobody else is on this exchange: {out}");
}

#[test]
fn a_server_that_echoes_us_is_a_loopback() {
    let echo = stranger(|mut stream| {
        let mut memory = [0; 4096];
        while let Ok(n @ 1..) = stream.read(&mut memory) {
            let _ = stream.write_all(&memory[..n]);
        }
    });
    let (out, code) = dial(&echo);
    assert!(code == 6 && out.contains("737"), "{out}");
}

#[test]
fn a_server_that_hangs_up_or_closes_its_half_is_a_lost_line() {
    for how in [Shutdown::Both, Shutdown::Write] {
        let line = stranger(move |mut stream| {
            let mut memory = [0; 64];
            let _ = stream.read(&mut memory);
            let _ = stream.shutdown(how);
            if how == Shutdown::Write {
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let (out, code) = dial(&line);
        assert!(code == 4 && (out.contains("628") || out.contains("629")), "{out}");
    }
}

/// While one caller misbehaves, another is served on the same port.
fn others_go_on(misbehave: impl FnOnce(&mut TcpStream)) -> (Lab, Server, TcpStream) {
    let lab = Lab::with(PORT);
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let mut bad = TcpStream::connect(line.strip_prefix("tcp:").unwrap()).unwrap();
    misbehave(&mut bad);
    let done = lab.dial(&line, &["--ping", "1"]);
    assert_eq!(done.code, 0, "{}{}", done.out, server.said());
    (lab, server, bad)
}

#[test]
fn a_caller_that_sends_garbage_or_frames_of_64_kib_disturbs_nobody() {
    let mut frame = vec![0x7e, 0xff, 0x03, 0xc0, 0x21];
    frame.extend(std::iter::repeat_n(0x55, 64 * 1024));
    frame.push(0x7e);
    for bytes in [frame.repeat(20), b"GET / HTTP/1.1\r\n\r\n".repeat(1000), vec![0xff; 1 << 20]] {
        let (_, server, bad) = others_go_on(|stream| {
            // a port that has had enough may close it meanwhile
            let _ = stream.write_all(&bytes);
        });
        drop(bad);
        assert_eq!(server.stop().0, 0);
    }
}

#[test]
fn a_caller_that_echoes_us_is_a_loopback_and_disturbs_nobody() {
    let (_, server, mut bad) = others_go_on(|stream| {
        let mut copy = stream.try_clone().unwrap();
        let mut back = stream.try_clone().unwrap();
        std::thread::spawn(move || std::io::copy(&mut copy, &mut back));
    });
    bad.set_read_timeout(Some(PATIENCE)).unwrap();
    while let Ok(1..) = bad.read(&mut [0; 64]) {}
    let (_, said) = server.stop();
    assert!(said.contains("737"), "{said}");
}
