//! A person at a terminal: tmux has one, socat joins it to a port of the whole program, and what is typed there is typed by keys.

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
