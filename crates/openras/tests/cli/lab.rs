//! A temporary folder with a configuration, and the program running in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_openras");
/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder that goes away with the test, and the private service that a dial in it started with it.
pub(crate) struct Lab {
    pub(crate) folder: tempfile::TempDir,
}

impl Drop for Lab {
    fn drop(&mut self) {
        for pid in self.private_services() {
            let _ = kill_process(pid, Signal::KILL);
            // it writes into the folder for as long as it lives
            while runs(pid) {
                std::thread::yield_now();
            }
        }
    }
}

/// Whether there is such a process that has not ended.
fn runs(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| !stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
}

impl Lab {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        let lab = Self { folder: tempfile::Builder::new().prefix("openras-test-").tempdir().unwrap() };
        std::fs::DirBuilder::new().mode(0o700).create(lab.path("run")).unwrap();
        lab
    }

    /// The service that dials here where no other is named.
    pub(crate) fn private_services(&self) -> Vec<Pid> {
        let socket = self.path("run/openras/api.sock").display().to_string();
        let pids = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let pid = Pid::from_raw(name.to_str()?.parse().ok()?)?;
            let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
            let line = String::from_utf8_lossy(&line).into_owned();
            (line.contains("--private") && line.contains(&socket)).then_some(pid)
        });
        pids.collect()
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

    pub(crate) fn at_home(&self, command: &mut Command) {
        command.current_dir(&self.folder).env("HOME", self.folder.path()).stdin(Stdio::null());
        command.env("XDG_RUNTIME_DIR", self.path("run")).env("OPENRAS_BIN", PROGRAM);
        command
            .env("OPENRAS_ALL_USERS_PHONEBOOK", self.path("all-users.pbk"))
            .env_remove("OPENRAS_PHONEBOOK");
        for variable in ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "OPENRAS_SOCKET", "RUST_LOG", "NO_COLOR"] {
            command.env_remove(variable);
        }
    }

    /// Runs to the end.
    pub(crate) fn run(&self, args: &[&str]) -> Done {
        let child = self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Done::of(child)
    }

    /// `user add NAME` with the file `pw`.
    pub(crate) fn add(&self, name: &str, more: &[&str]) -> Done {
        let args = ["user", "add", name, "--password-file", "pw", "--config", "openras.toml"];
        let done = self.run(&[&args, more].concat());
        assert_eq!(done.code, 0, "{}", done.err);
        done
    }

    /// `serve` in the background.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        let socket = self.socket();
        let args = ["serve", "--config", "openras.toml", "--socket", &socket];
        Server::start(self.command(&[&args, more].concat()))
    }

    /// `serve` that must not start.
    pub(crate) fn refused(&self, config: &str) -> Done {
        self.run(&["serve", "--config", config, "--socket", &self.socket()])
    }

    /// The socket of [`Self::serve`].
    pub(crate) fn socket(&self) -> String {
        self.path("run/serve.sock").display().to_string()
    }

    /// `dial` with the file `pw` as alice to the end, without a terminal.
    pub(crate) fn dial(&self, line: &str, more: &[&str]) -> Done {
        self.dial_with(line, "pw", more)
    }

    /// The same with this password file.
    pub(crate) fn dial_with(&self, line: &str, file: &str, more: &[&str]) -> Done {
        self.run(&[&["dial", "--line", line, "--user", "alice", "--password-file", file], more].concat())
    }

    /// `dial --json` as `user` with the password file `file`.
    pub(crate) fn program(&self, line: &str, user: &str, file: &str, more: &[&str]) -> Program {
        let args = ["dial", "--json", "--line", line, "--user", user, "--password-file", file];
        Program::start(self.command(&[&args, more].concat()))
    }

    /// All that stands in the files of the folder, of any depth, but those named.
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

/// What a program that has ended leaves.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Waits; a program that does not end is killed, and the test fails.
    pub(crate) fn of(mut child: Child) -> Self {
        let pid = pid(&child);
        let (done, ended) = channel();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE).is_err() {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        drop(child.stdin.take());
        let output = child.wait_with_output().unwrap();
        let _ = done.send(());
        watch.join().unwrap();
        Self::from(output)
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code();
        let code = code.unwrap_or_else(|| panic!("it was killed: {}\n{out}\n{err}", output.status));
        assert!(!err.contains("panicked"), "{err}");
        Self { code, out, err }
    }
}

pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// `openras serve` while it runs. Dropped, it is told to end.
pub(crate) struct Server {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
    stdout: Option<std::process::ChildStdout>,
}

impl Server {
    /// Starts it and waits until it answers.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
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
        let stdout = child.stdout.take();
        let server = Self { child, said, reader: Some(reader), stdout };
        answers.unwrap_or_else(|_| panic!("it does not answer: {}", server.said()));
        server
    }

    /// The LINE at which a TCP port that let the system choose is dialled.
    pub(crate) fn line(&self, port: &str) -> String {
        let said = self.said();
        let start = format!("{port}: answering on ");
        let at = said.lines().find_map(|line| line.strip_prefix(&start));
        format!("tcp:{}", at.unwrap_or_else(|| panic!("no port {port}: {said}")))
    }

    /// All it said so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn pid(&self) -> i32 {
        pid(&self.child).as_raw_nonzero().get()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).unwrap();
    }

    /// Tells it to end. Gives its exit code and all it wrote, standard output first.
    pub(crate) fn stop(mut self) -> (i32, String) {
        self.signal(Signal::TERM);
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        let mut text = String::new();
        self.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        let said = self.said();
        assert!(!said.contains("panicked"), "{said}");
        (code, text + &said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = kill_process(pid(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// `openras dial --json` while it runs.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<String>,
    /// Every line so far.
    pub(crate) seen: Vec<Value>,
    /// What stands on the terminal since the last answer.
    terminal: String,
}

impl Program {
    pub(crate) fn start(mut command: Command) -> Self {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap();
        let (lines, events) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            stdout.lines().map_while(Result::ok).for_each(|line| drop(lines.send(line)));
        });
        let stdin = child.stdin.take();
        Self { child, stdin, events, seen: Vec::new(), terminal: String::new() }
    }

    fn next(&mut self) -> Option<Value> {
        let line = match self.events.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return None,
            Err(_) => panic!("nothing more comes after {:#?}", self.seen),
        };
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        if event["event"] == "terminal" {
            let bytes = STANDARD.decode(event["data"].as_str().unwrap()).unwrap();
            self.terminal.push_str(&String::from_utf8_lossy(&bytes));
        }
        self.seen.push(event.clone());
        Some(event)
    }

    /// Reads on to the first event of which this holds.
    pub(crate) fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next() {
                Some(event) if holds(&event) => return event,
                Some(_) => {}
                None => panic!("it ended without it: {:#?}", self.seen),
            }
        }
    }

    /// Reads on to this state.
    pub(crate) fn state(&mut self, name: &str) -> Value {
        let name = format!("RASCS_{name}");
        self.until(|event| event["event"] == "state" && event["name"] == name.as_str())
    }

    /// Reads on until the terminal ends with this.
    pub(crate) fn prompt(&mut self, prompt: &str) -> String {
        while !self.terminal.ends_with(prompt) {
            assert!(self.next().is_some(), "no {prompt:?}: {:#?}", self.seen);
        }
        std::mem::take(&mut self.terminal)
    }

    /// Writes one line.
    pub(crate) fn say(&mut self, answer: &Value) {
        self.write(&format!("{answer}\n"));
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Types a line in the Interactive pause.
    pub(crate) fn type_line(&mut self, text: &str) {
        self.say(&json!({ "terminal": STANDARD.encode(format!("{text}\r")) }));
    }

    /// Closes its standard input.
    pub(crate) fn close(&mut self) {
        self.stdin = None;
    }

    /// Reads to the end. Gives the exit code and the last event.
    pub(crate) fn end(mut self) -> (i32, Value, Vec<Value>) {
        while self.next().is_some() {}
        self.close();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert!(err.is_empty(), "{err}");
        let code = self.child.wait().unwrap().code().unwrap();
        let last = self.seen.last().cloned().unwrap_or_default();
        assert_eq!(last["event"], "ended", "{:#?}", self.seen);
        (code, last, std::mem::take(&mut self.seen))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The states among the events, without their prefix, as `AuthNotify 691`.
pub(crate) fn states(events: &[Value]) -> Vec<String> {
    let states = events.iter().filter(|event| event["event"] == "state");
    states
        .map(|event| {
            let name = event["name"].as_str().unwrap().trim_start_matches("RASCS_");
            match event["error"]["error"].as_u64() {
                Some(number) => format!("{name} {number}"),
                None => name.to_string(),
            }
        })
        .collect()
}

/// The code that is right now (RFC 6238) for a seed in base32.
pub(crate) fn code(seed: &str) -> String {
    code_at(seed, 0)
}

/// The code so many steps from now.
pub(crate) fn code_at(seed: &str, steps: u64) -> String {
    use openras_modules::totp;
    let seed = totp::Seed::parse(seed).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let code = totp::code(&seed.key, seed.hash, seed.digits, totp::step(now, seed.period) + steps);
    String::from_utf8_lossy(code.expose()).into_owned()
}

/// Somebody else's TCP server: what it does with each call is up to the test.
pub(crate) fn stranger(talk: impl Fn(std::net::TcpStream) + Send + Sync + 'static) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let line = format!("tcp:{}", listener.local_addr().unwrap());
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let talk = talk.clone();
            std::thread::spawn(move || talk(stream));
        }
    });
    line
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
