//! A live service of its own for C tests: `openras serve` in a folder that is also the home of the programs.
//!
//! Such tests live in `crates/openras/tests/c_*/main.rs`, because only there cargo names the program
//! (`CARGO_BIN_EXE_openras`); a dev-dependency there has the same command build `libopenras_capi.so`, which
//! `stage/mod.rs` finds. Both are included by path:
//!
//! ```ignore
//! #[path = "../../../capi/tests/stage/service.rs"]
//! mod service;
//! #[path = "../../../capi/tests/stage/mod.rs"]
//! mod stage;
//!
//! let live = Live::new().ports(PLAIN).user("alice", "secret", &[]).serve();
//! live.entry("Office", &live.line("plain"), &[]);       // the home's phone book
//! let output = live.run(stage.command(&program).arg("Office")); // with the environment that finds all this
//! ```

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The program.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_openras");
/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A port for [`Live::ports`] that answers at once, without a module.
pub const PLAIN: &str = "[[port]]\nname = \"plain\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 64\n\
     unauthenticated = 64\nper_source = 64\n";

/// A port for [`Live::ports`] that can call back: `exchange:100`.
pub const PHONE: &str = "[[port]]\nname = \"phone\"\nline = \"exchange:100\"\ncalls = 8\nunauthenticated = 8\n\
     per_source = 8\ncallback_line = \"exchange\"\ncallback_delay = \"1s\"\npool = \"10.65.0.2-10.65.0.30\"\n\
     address = \"10.65.0.1\"\n";

/// A folder that is home, and the service in it.
pub struct Live {
    folder: tempfile::TempDir,
    ports: String,
    running: Option<Running>,
}

struct Running {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Live {
    /// A folder without ports and users.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("openras-live-").tempdir().unwrap();
        for name in ["run", "config", "config/openras"] {
            fs::DirBuilder::new().mode(0o700).create(folder.path().join(name)).unwrap();
        }
        let live = Self { folder, ports: String::new(), running: None };
        live.configure();
        live
    }

    /// More TOML of the configuration: `[[port]]`, `[module.…]`. FOLDER stands for the folder.
    #[must_use]
    pub fn ports(mut self, text: &str) -> Self {
        self.ports.push_str(text);
        self.configure();
        self
    }

    fn configure(&self) {
        let folder = self.folder.path().display().to_string();
        let text = format!("state = \"FOLDER/state\"\n{}", self.ports).replace("FOLDER", &folder);
        fs::write(self.path("openras.toml"), text).unwrap();
    }

    /// A user who may dial in; `more` as `openras user add` takes it.
    #[must_use]
    pub fn user(self, name: &str, password: &str, more: &[&str]) -> Self {
        self.secret("password", password);
        let args = ["user", "add", name, "--password-file", "password", "--config", "openras.toml"];
        self.told(self.command(&[&args, more].concat()));
        self
    }

    /// Starts the service and waits until it answers.
    #[must_use]
    pub fn serve(mut self) -> Self {
        self.again();
        self
    }

    /// Starts it, anew where it was ended or killed: ports that let the system choose have other numbers then.
    pub fn again(&mut self) {
        let socket = self.socket();
        let mut command = self.command(&["serve", "--config", "openras.toml", "--socket"]);
        let spawned = command.arg(&socket).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap();
        let (said, (ready, up)) = (Arc::new(Mutex::new(String::new())), channel());
        let (text, stderr) = (said.clone(), child.stderr.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                text.lock().unwrap().push_str(&format!("{line}\n"));
                if line.starts_with("answering: ") {
                    let _ = ready.send(());
                }
            }
        });
        let answers = up.recv_timeout(PATIENCE);
        self.running = Some(Running { child, said, reader });
        answers.unwrap_or_else(|_| panic!("it does not answer: {}", self.said()));
    }

    /// The folder: home of all programs of this test.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// A file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The service's socket.
    pub fn socket(&self) -> PathBuf {
        self.path("run/api.sock")
    }

    /// The phone book of the home.
    pub fn book(&self) -> PathBuf {
        self.path("config/openras/rasphone.pbk")
    }

    /// The LINE of a port that let the system choose its TCP port.
    pub fn line(&self, port: &str) -> String {
        let (said, start) = (self.said(), format!("{port}: answering on "));
        let at = said.lines().find_map(|line| line.strip_prefix(&start));
        format!("tcp:{}", at.unwrap_or_else(|| panic!("no port {port}: {said}")))
    }

    /// Adds an entry that dials this line to the home's phone book, with more keys of the entry itself.
    pub fn entry(&self, name: &str, line: &str, keys: &[(&str, &str)]) {
        let (kind, number) = line.split_once(':').unwrap();
        let keys: String = keys.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        let text = format!(
            "[{name}]\nEncoding=1\nType=1\nBaseProtocol=1\n{keys}\nMEDIA=serial\nPort={kind}\n\
             Device=OpenRAS {kind}\n\nDEVICE=modem\nPhoneNumber={number}\n\n"
        );
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.book()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    /// A file of mode 0600.
    pub fn secret(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        path
    }

    /// What a program of this home has around it. `OPENRAS_SOCKET` names the service.
    pub fn at_home<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(&self.folder).env("HOME", self.home()).stdin(Stdio::null());
        command.env("XDG_RUNTIME_DIR", self.path("run")).env("XDG_CONFIG_HOME", self.path("config"));
        command.env("XDG_STATE_HOME", self.path("state-home")).env("OPENRAS_BIN", PROGRAM);
        command.env("OPENRAS_SOCKET", self.socket()).env("RUST_BACKTRACE", "0");
        command.env("OPENRAS_ALL_USERS_PHONEBOOK", self.path("all.pbk"));
        for variable in ["RUST_LOG", "NO_COLOR", "OPENRAS_PHONEBOOK", "OPENRAS_DEBUG"] {
            command.env_remove(variable);
        }
        command
    }

    /// `openras` with these arguments, at home.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        self.at_home(command.args(args));
        command
    }

    /// Runs a program at home to its end.
    pub fn run(&self, command: &mut Command) -> Output {
        self.at_home(command).output().unwrap()
    }

    /// Runs a program at home to its end, with this on its standard input.
    pub fn feed(&self, command: &mut Command, input: &str) -> Output {
        let mut child = self.spawn(command);
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Starts a program at home, to be talked to through pipes.
    pub fn spawn(&self, command: &mut Command) -> Child {
        let command = self.at_home(command).stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command that must succeed. Gives what it wrote.
    pub fn told(&self, mut command: Command) -> String {
        let output = self.run(&mut command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As [`Live::told`], `openras` with these arguments: `["calls", "--json"]` … The service is this one.
    pub fn ask(&self, args: &[&str]) -> String {
        self.told(self.command(args))
    }

    /// All the service said so far.
    pub fn said(&self) -> String {
        self.running.as_ref().map(|running| running.said.lock().unwrap().clone()).unwrap_or_default()
    }

    /// Ends the service in order, and sees that it did not panic. Gives all it said.
    pub fn stop(&mut self) -> String {
        let Some(mut running) = self.running.take() else { return String::new() };
        let ended = Command::new("kill").args(["-TERM", &running.child.id().to_string()]).status();
        assert!(ended.is_ok_and(|status| status.success()));
        let status = until("the service ends", || running.child.try_wait().unwrap());
        running.reader.join().unwrap();
        let said = running.said.lock().unwrap().clone();
        assert!(status.success() && !said.contains("panicked"), "{status}: {said}");
        said
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(running) = &self.running
            && std::thread::panicking()
        {
            eprintln!("the service said:\n{}", running.said.lock().unwrap());
        }
        self.kill();
    }
}

/// A port `asks`, whose module asks for a word before PPP, and lets in with `open`. [`write_asks`] makes the module.
pub const ASKING: &str = "[[port]]\nname = \"asks\"\nline = \"listen:tcp:127.0.0.1:0\"\ncalls = 16\n\
     unauthenticated = 16\nper_source = 16\nmodules = [\"asks\"]\npool = \"10.66.0.2-10.66.0.30\"\n\
     address = \"10.66.0.1\"\n[module.asks]\nkind = \"program\"\nisolation = \"none\"\ncommand = [\"FOLDER/asks.sh\"]\n\
     folder = \"FOLDER\"\n";

/// The module of [`ASKING`].
pub fn write_asks(live: &Live) {
    let script = r#"#!/bin/sh
read -r begin
echo '{"type":"ask","prompt":"Word: ","echo":"yes","max":32,"timeout":60}'
read -r line
case "$line" in
*open*) echo '{"type":"complete","verdict":"success","user":"alice"}' ;;
*) echo '{"type":"complete","verdict":"failure","user":"alice"}' ;;
esac
"#;
    fs::write(live.path("asks.sh"), script).unwrap();
    chmod(&live.path("asks.sh"), 0o755);
}

/// Looks until it is so: for what tells nobody when it happens, such as the end of another's process.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "it did not happen: {what}");
        std::thread::sleep(Duration::from_millis(3));
    }
}

/// Sets the mode bits of a file.
pub fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
