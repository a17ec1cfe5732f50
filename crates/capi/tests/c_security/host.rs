//! The test is the service: it starts `openras-module-host` and speaks its lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::stage::{Stage, found};

/// Longer than anything here takes, valgrind included.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

/// A host with its module.
pub(crate) struct Host {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    stderr: Option<JoinHandle<String>>,
}

/// How a host ended.
pub(crate) struct Ended {
    pub(crate) status: std::process::ExitStatus,
    /// The lines of standard error.
    pub(crate) told: Vec<String>,
    /// What it said to the service that nobody had heard.
    pub(crate) rest: Vec<Value>,
}

/// The host's command, behind `before` (a checker) if that is not empty.
pub(crate) fn command(stage: &Stage, before: &[&str], options: &[&str], module: &Path) -> Command {
    let host = Path::new(env!("CARGO_BIN_EXE_openras-module-host"));
    let mut command = match before.split_first() {
        None => stage.command(host),
        Some((checker, more)) => {
            let mut command = stage.command(Path::new(checker));
            command.args(more).arg(host);
            command
        }
    };
    command.args(options).arg(stage.lib().join("libopenras.so.0")).arg(module);
    command
}

impl Host {
    pub(crate) fn start(stage: &Stage, options: &[&str], module: &Path) -> Self {
        Self::of(command(stage, &[], options, module))
    }

    /// Under valgrind: an error or a definite leak is status 99. `None` where there is none, a skip of `test`.
    pub(crate) fn checked(test: &str, stage: &Stage, options: &[&str], module: &Path) -> Option<Self> {
        let valgrind = [
            "valgrind",
            "--quiet",
            "--error-exitcode=99",
            "--leak-check=full",
            "--show-leak-kinds=definite",
            "--errors-for-leak-kinds=definite",
        ];
        found(test, "valgrind").then(|| Self::of(command(stage, &valgrind, options, module)))
    }

    pub(crate) fn of(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (to, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = to.send(serde_json::from_str(&line).unwrap_or(Value::String(line)));
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).unwrap();
            String::from_utf8_lossy(&text).into_owned()
        });
        Self { stdin: child.stdin.take(), child, lines, stderr: Some(stderr) }
    }

    /// A message of the service.
    pub(crate) fn tell(&mut self, message: &Value) {
        // a host that has crashed is told nothing
        let _ = self.stdin.as_mut().unwrap().write_all(format!("{message}\n").as_bytes());
    }

    pub(crate) fn begin(&mut self) {
        self.tell(&json!({ "type": "begin", "v": 1, "call": "1", "device": "tcp" }));
    }

    pub(crate) fn received(&mut self, bytes: &[u8]) {
        self.tell(&json!({ "type": "received", "data": STANDARD.encode(bytes) }));
    }

    /// The next message of the host, which is not `begun`.
    pub(crate) fn hear(&mut self) -> Value {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line["type"] == "begun" => {}
                Ok(line) => return line,
                Err(error) => panic!("{error}: {:?}", self.child.try_wait()),
            }
        }
    }

    /// The next message, which is this one.
    pub(crate) fn hears(&mut self, expected: &Value) {
        assert_eq!(self.hear(), *expected);
    }

    /// Threads, descriptors and KiB of memory of the process, once the module's threads are gone.
    pub(crate) fn settled(&self) -> (usize, usize, usize) {
        let process = Path::new("/proc").join(self.child.id().to_string());
        let count = |what: &str| std::fs::read_dir(process.join(what)).unwrap().count();
        let since = Instant::now();
        // the main thread and the server's
        while count("task") > 2 && since.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        let status = std::fs::read_to_string(process.join("status")).unwrap();
        let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        (count("task"), count("fd"), memory.trim().trim_end_matches(" kB").parse().unwrap())
    }

    /// Ends its input, and waits until it has ended.
    pub(crate) fn over(mut self) -> Ended {
        drop(self.stdin.take());
        self.ended()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn ended(mut self) -> Ended {
        let since = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(since.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(1));
        };
        let told = self.stderr.take().unwrap().join().unwrap();
        let rest = self.lines.iter().filter(|line| line["type"] != "begun").collect();
        Ended { status, told: told.lines().map(str::to_owned).collect(), rest }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a Send says.
pub(crate) fn sent(bytes: &[u8]) -> Value {
    json!({ "type": "send", "data": STANDARD.encode(bytes) })
}

/// What a Receive says.
pub(crate) fn wants(max: usize, timeout: u32) -> Value {
    json!({ "type": "receive", "max": max, "timeout": timeout })
}

/// What Complete says.
pub(crate) fn verdict(verdict: &str, user: &str, domain: &str) -> Value {
    json!({ "type": "complete", "verdict": verdict, "user": user, "domain": domain })
}

/// What an error says.
pub(crate) fn error(code: u32, text: &str) -> Value {
    json!({ "type": "complete", "verdict": "error", "code": code, "text": text })
}
