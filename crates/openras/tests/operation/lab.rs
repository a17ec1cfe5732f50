//! A folder with a configuration, the service running in it, and what it says while it does.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_openras");
/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder of mode 0700 that goes away with the test.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
}

impl Lab {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("openras-op-").tempdir().unwrap();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    /// A folder with a configuration of these ports.
    pub(crate) fn with(ports: &str) -> Self {
        let lab = Self::new();
        lab.config(ports);
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes `openras.toml`.
    pub(crate) fn config(&self, ports: &str) {
        let text = format!("state = \"{}\"\n{ports}", self.path("state").display());
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(self.path("openras.toml")).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// The program in this folder, which is its home as well.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.folder).env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env("XDG_RUNTIME_DIR", self.folder.path()).env("XDG_STATE_HOME", self.path("home-state"));
        for variable in ["XDG_CONFIG_HOME", "RUST_LOG", "NOTIFY_SOCKET", "WATCHDOG_USEC", "OPENRAS_SOCKET"] {
            command.env_remove(variable);
        }
        command
    }

    /// `serve` with the socket `api.sock`, until it answers.
    pub(crate) fn serve(&self, more: &[&str]) -> Service {
        let socket = self.path("api.sock").display().to_string();
        let args = [&["serve", "--config", "openras.toml", "--socket", &socket], more].concat();
        let mut service = Service::start(self.command(PROGRAM, &args));
        service.until("answering: ");
        service
    }
}

/// A service while it runs. Dropped, it is killed.
pub(crate) struct Service {
    pub(crate) child: Child,
    lines: Receiver<String>,
    /// All it said.
    pub(crate) said: Vec<String>,
}

impl Service {
    /// Starts it; what it says on standard error is read.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines, said: Vec::new() }
    }

    /// The next line with this in it.
    pub(crate) fn until(&mut self, part: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(part) {
                        return line;
                    }
                }
                Err(_) => panic!("it does not say {part:?}: {:#?}", self.said),
            }
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for its end, and reads the rest of what it says.
    pub(crate) fn end(&mut self) -> ExitStatus {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.said.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.child.wait().unwrap(),
                Err(RecvTimeoutError::Timeout) => panic!("it does not end: {:#?}", self.said),
            }
        }
    }

    /// SIGTERM and the end, which must be a good one.
    pub(crate) fn stop(mut self) -> Vec<String> {
        self.signal(Signal::TERM);
        assert!(self.end().success(), "{:#?}", self.said);
        std::mem::take(&mut self.said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a service answers to `GET PATH` on its socket: the status line's number and the body.
pub(crate) fn get(socket: &Path, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: openras\r\nConnection: close\r\n\r\n")?;
    let mut all = String::new();
    stream.read_to_string(&mut all)?;
    let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
    let status = head.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// Looks until there is something to be seen.
pub(crate) fn until<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = seen() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        std::thread::yield_now();
    }
}

/// A port over TCP whose address the system chooses.
pub(crate) const LINE: &str = "[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n";
