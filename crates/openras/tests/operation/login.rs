//! A person at a terminal: tmux has one, socat joins it to a port of the whole program, and what is typed there is typed by keys.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;

use crate::lab::{Lab, PROGRAM, until};
use crate::skip::skip;

/// A session of tmux. Dropped, it ends.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    fn tmux(&self, args: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").arg("-f").arg("/dev/null").arg("-S").arg(&self.socket).args(args);
        let done = command.output().unwrap();
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// A terminal at the other end of a port's line.
    fn at(lab: &Lab, line: &str) -> Self {
        let terminal = Self { socket: lab.path("tmux") };
        let join = format!("socat -,raw,echo=0 {line},raw,echo=0; sleep 60");
        terminal.tmux(&["new-session", "-d", "-x", "80", "-y", "24", &join]);
        terminal
    }

    /// Waits until this stands on the screen, and gives all of it.
    fn shows(&self, text: &str) -> String {
        until(text, || Some(self.tmux(&["capture-pane", "-p"])).filter(|screen| screen.contains(text)))
    }

    fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
        self.tmux(&["send-keys", "Enter"]);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

#[test]
fn a_person_at_a_terminal_logs_in_chooses_and_plays() {
    let missing = ["tmux", "socat"].into_iter().find(|name| Command::new(name).arg("-V").output().is_err());
    if let Some(missing) = missing {
        let why = format!("{missing} is not installed");
        return skip("a_person_at_a_terminal_logs_in_chooses_and_plays", &why);
    }
    let lab = Lab::new();
    let line = lab.path("line").display().to_string();
    let user = if rustix::process::geteuid().is_root() { "user = \"nobody\"\n" } else { "" };
    lab.config(&format!(
        "[[port]]\nname = \"line1\"\nline = \"pty:{line}\"\nlogin = \"auto\"\nbanner = \"Example Ltd.\\n\"\n\
         [service.game]\ncommand = [\"/bin/sh\", \"-c\", \"stty size; echo Who; read who; echo Hello $who; sleep 30\"]\n{user}"
    ));
    std::fs::write(lab.path("pw"), "secret\n").unwrap();
    std::fs::set_permissions(lab.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let add = [
        "user",
        "add",
        "alice",
        "--password-file",
        "pw",
        "--service",
        "ppp,game",
        "--config",
        "openras.toml",
    ];
    let done = lab.command(PROGRAM, &add).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut service = lab.serve(&[]);
    let terminal = Terminal::at(&lab, &line);
    assert!(terminal.shows("login:").contains("Example Ltd."));
    // a slip of the finger, taken back
    terminal.tmux(&["send-keys", "-l", "alixe"]);
    terminal.tmux(&["send-keys", "BSpace", "BSpace"]);
    terminal.types("ce");
    terminal.shows("login: alice\nPassword:");
    terminal.types("wrong");
    assert!(!terminal.shows("Wrong user name or password.").contains("Password: wrong"));
    terminal.types("alice");
    until("a second password", || {
        Some(terminal.tmux(&["capture-pane", "-p"])).filter(|screen| screen.matches("Password:").count() == 2)
    });
    terminal.types("secret");
    assert!(!terminal.shows("  2  game\n>").contains("secret"));
    terminal.types("game");
    terminal.shows("24 80");
    terminal.shows("Who");
    terminal.types("bob");
    terminal.shows("Hello bob");
    drop(terminal);
    // socat has gone, and with it the caller
    service.until("the call ended well");
    service.stop();
}

/// A user `alice` whose service is `game`, which runs this script.
fn with_game(lab: &Lab, script: &str) {
    let user = if rustix::process::geteuid().is_root() { "user = \"nobody\"\n" } else { "" };
    let line = lab.path("line").display().to_string();
    lab.config(&format!(
        "[[port]]\nname = \"line1\"\nline = \"listen:unix:{line}\"\nlogin = \"prompt\"\nservices = [\"game\"]\n\
         [service.game]\ncommand = [\"/bin/sh\", \"-c\", {script:?}]\n{user}"
    ));
    std::fs::write(lab.path("pw"), "secret\n").unwrap();
    std::fs::set_permissions(lab.path("pw"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let add = ["user", "add", "alice", "--password-file", "pw", "--config", "openras.toml"];
    let done = lab.command(PROGRAM, &add).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// All a caller has been shown until this.
fn shown(line: &mut UnixStream, text: &str) -> String {
    shown_or_ended(line, text).unwrap_or_else(|seen| panic!("no {text:?} in {seen}"))
}

/// The same; what it was where the call is over before.
fn shown_or_ended(line: &mut UnixStream, text: &str) -> Result<String, String> {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        let mut some = [0; 512];
        match line.read(&mut some) {
            // a child of another test has ended
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{text:?}: {error}"),
            Ok(0) | Err(_) => return Err(String::from_utf8_lossy(&seen).into_owned()),
            Ok(count) => seen.extend_from_slice(&some[..count]),
        }
    }
    Ok(String::from_utf8_lossy(&seen).into_owned())
}

fn caller(lab: &Lab) -> UnixStream {
    let line = until("the line", || UnixStream::connect(lab.path("line")).ok());
    line.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    line
}

/// A person who types the password where the name is asked has told it to nobody: not to the log, the record, or `why`.
#[test]
fn a_password_typed_as_a_name_goes_nowhere() {
    let lab = Lab::new();
    with_game(&lab, "read line");
    let mut service = lab.serve(&[]);
    let mut line = caller(&lab);
    for _ in 0..3 {
        shown(&mut line, "login: ");
        line.write_all(b"swordfish\r").unwrap();
        shown(&mut line, "Password: ");
        line.write_all(b"nothing\r").unwrap();
    }
    shown(&mut line, "Wrong user name or password.");
    service.until("was refused at the login prompt");
    // a user's own name is told
    drop(line);
    let mut line = until("the prompt, once the port is free again", || {
        let mut line = caller(&lab);
        shown_or_ended(&mut line, "login: ").ok().map(|_| line)
    });
    line.write_all(b"alice\rwrong\r").unwrap();
    shown(&mut line, "Wrong user name or password.");
    drop(line);
    service.until("alice was refused");
    let socket = lab.path("api.sock").display().to_string();
    let mut told = String::new();
    for words in [&["audit"][..], &["calls"], &["why", "1"], &["why", "1", "--json"], &["status"]] {
        let done = lab.command(PROGRAM, &[words, &["--socket", &socket]].concat()).output().unwrap();
        told += &format!("{words:?} {}", String::from_utf8_lossy(&[done.stdout, done.stderr].concat()));
    }
    told += &service.stop().join("\n");
    assert!(told.contains("(unknown name of 9 characters)") && told.contains("alice"), "{told}");
    assert!(!told.contains("swordfish"), "{told}");
    let kept = std::fs::read_dir(lab.path("state")).unwrap().flatten();
    for file in kept.filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(9).any(|nine| nine == b"swordfish"), "{:?}", file.path());
    }
}

/// What a program has left its session with ends with a service that is killed, too.
#[test]
fn nothing_of_a_program_outlives_a_service_that_is_killed() {
    let lab = Lab::new();
    let script = "(setsid sh -c 'trap \"\" HUP; echo pid $$ up; while :; do sleep 1; done' &); while :; do sleep 1; done";
    with_game(&lab, script);
    let service = lab.serve(&[]);
    let mut line = caller(&lab);
    shown(&mut line, "login: ");
    line.write_all(b"alice\rsecret\r").unwrap();
    let text = shown(&mut line, " up");
    let (_, behind) = text.split_once("pid ").unwrap();
    let pid: u32 = behind.split_whitespace().next().unwrap().parse().unwrap();
    let lives = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        !stat.is_empty() && !stat.contains(") Z ")
    };
    assert!(lives());
    service.signal(rustix::process::Signal::KILL);
    until("its end", || (!lives()).then_some(()));
}
