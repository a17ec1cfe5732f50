//! A temporary folder with a configuration, and the program running in it.

mod http;
mod processes;
mod program;
mod server;
#[path = "../../../../sim/src/peers/skip.rs"]
mod skip;

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) use http::{Api, Lines};
pub(crate) use processes::{Process, Seen};
pub(crate) use program::{Done, Program};
pub(crate) use server::Server;
pub(crate) use skip::skip;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_openras");
/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A port on a Unix socket for many calls at once.
pub(crate) const PORT: &str = "[[port]]\nname = \"line1\"\nline = \"listen:unix:FOLDER/line1\"\ncalls = 16\n\
     unauthenticated = 16\nper_source = 16\n";

/// A folder that goes away with the test. So must all processes that were started in it: the end of a test that leaves
/// some is a failure.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
    /// Processes that were seen in it.
    seen: Arc<Mutex<Seen>>,
}

impl Lab {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("openras-test-").tempdir().unwrap();
        Self { folder, seen: Arc::default() }
    }

    /// A folder whose configuration has these ports; alice, with the password `secret`, may dial in.
    pub(crate) fn with(ports: &str) -> Self {
        let lab = Self::new();
        lab.config(ports);
        lab.secret("pw", "secret");
        lab.secret("wrong", "not it");
        lab.add("alice", &[]);
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the service's socket is.
    pub(crate) fn socket(&self) -> PathBuf {
        self.path("run/api.sock")
    }

    /// The line of a port on the Unix socket of this name in the folder.
    pub(crate) fn line(&self, name: &str) -> String {
        format!("unix:{}", self.path(name).display())
    }

    /// A file of mode 0600.
    pub(crate) fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// Writes `openras.toml`; FOLDER stands for the folder.
    pub(crate) fn config(&self, ports: &str) {
        let folder = self.folder.path().display().to_string();
        let text = format!("state = \"{folder}/state\"\n{}", ports.replace("FOLDER", &folder));
        std::fs::write(self.path("openras.toml"), text).unwrap();
    }

    /// `openras` with these arguments in the folder, which is its home as well.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(args);
        self.at_home(&mut command);
        command
    }

    /// What a program of this lab has around it: home, runtime folder and state are in the folder.
    pub(crate) fn at_home(&self, command: &mut Command) {
        command.current_dir(&self.folder).env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env("XDG_RUNTIME_DIR", self.path("runtime")).env("XDG_STATE_HOME", self.path("home-state"));
        command.env("OPENRAS_BIN", PROGRAM);
        for variable in ["XDG_CONFIG_HOME", "RUST_LOG", "NO_COLOR", "OPENRAS_SOCKET", "NOTIFY_SOCKET"] {
            command.env_remove(variable);
        }
    }

    /// Runs to the end.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        Done::of(self.command(args))
    }

    /// Runs one of the commands that ask the service.
    pub(crate) fn ask(&self, args: &[&str]) -> Done {
        let socket = self.socket();
        self.run(&[args, &["--socket", socket.to_str().unwrap()]].concat())
    }

    /// As [`Self::ask`], which must succeed. Gives what it wrote.
    pub(crate) fn told(&self, args: &[&str]) -> String {
        let done = self.ask(args);
        assert_eq!(done.code, 0, "{args:?}: {}{}", done.out, done.err);
        done.out
    }

    /// `user add NAME` with the file `pw`.
    pub(crate) fn add(&self, name: &str, more: &[&str]) -> Done {
        let args = ["user", "add", name, "--password-file", "pw", "--config", "openras.toml"];
        let done = self.run(&[&args, more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done
    }

    /// `serve` in the background, answering.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        Server::start(self.serve_command(more), self.socket(), self.seen.clone())
    }

    /// What [`Self::serve`] runs.
    pub(crate) fn serve_command(&self, more: &[&str]) -> Command {
        let socket = self.socket();
        let mut command = self.command(&["serve", "--config"]);
        command.arg(self.path("openras.toml")).arg("--socket").arg(socket).args(more);
        command
    }

    /// As [`Self::serve`], from another command that becomes the service.
    pub(crate) fn serve_by(&self, command: Command) -> Server {
        Server::start(command, self.socket(), self.seen.clone())
    }

    /// The service's API.
    pub(crate) fn api(&self) -> Api {
        Api::new(self.socket())
    }

    /// `dial --json` as `user` with the password file `file` through the service.
    pub(crate) fn dial(&self, line: &str, user: &str, file: &str, more: &[&str]) -> Program {
        let socket = self.socket();
        let args = ["dial", "--json", "--line", line, "--user", user, "--password-file", file, "--socket"];
        Program::start(self.command(&[&args[..], &[socket.to_str().unwrap()], more].concat()))
    }

    /// A call of this many that is connected and stays, by alice.
    pub(crate) fn detached(&self, line: &str) {
        let args = ["dial", "--line", line, "--user", "alice", "--password-file", "pw", "--detach"];
        self.told(&args);
    }

    /// Processes of this test that run.
    pub(crate) fn processes(&self) -> Vec<Process> {
        let mut seen = self.seen.lock().unwrap();
        seen.look(self.folder.path());
        seen.running()
    }

    /// All that stands in the files below a path, of any depth, but those named.
    pub(crate) fn all_files(&self, but: &[&str]) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let path = entry.path();
                match entry.file_type().unwrap() {
                    kind if kind.is_dir() => folders.push(path),
                    kind if kind.is_file() && !but.iter().any(|name| path.ends_with(name)) => {
                        found.push((path.clone(), std::fs::read(path).unwrap()));
                    }
                    _ => {}
                }
            }
        }
        found
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let left = match self.seen.lock() {
            Ok(mut seen) => {
                seen.look(self.folder.path());
                // what is on its way out may go
                seen.wait(if std::thread::panicking() { Duration::ZERO } else { PATIENCE });
                seen.kill()
            }
            Err(_) => return,
        };
        if !std::thread::panicking() {
            assert!(left.is_empty(), "processes were left behind: {left:#?}");
        }
    }
}

/// Looks until it is so: for what tells nobody when it happens, such as the end of another's process.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, &mut look)
}

/// As [`until`], with a limit of its own.
pub(crate) fn within<T>(limit: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < limit, "within {limit:?} it did not happen: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Whether this runs as root; else says that the test is skipped.
pub(crate) fn is_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skip(test, "it needs root");
    }
    root
}

/// Whether `bytes` are somewhere in `all`.
pub(crate) fn holds(all: &[u8], bytes: &[u8]) -> bool {
    all.windows(bytes.len()).any(|window| window == bytes)
}

/// The mode bits of a file.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Sets the mode bits of a file.
pub(crate) fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
