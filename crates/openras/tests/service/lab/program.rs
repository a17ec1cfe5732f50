//! The program as a client, to its end or while it runs.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::PATIENCE;

/// What a program that has ended leaves.
pub(crate) struct Done {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// Runs it to its end; a program that does not end is killed, and the test fails.
    pub(crate) fn of(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let pid = pid(&child);
        let (done, ended) = channel();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(PATIENCE).is_err() {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let output = child.wait_with_output().unwrap();
        let _ = done.send(());
        watch.join().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code();
        let code = code.unwrap_or_else(|| panic!("{command:?} was killed: {}\n{out}\n{err}", output.status));
        assert!(!err.contains("panicked"), "{err}");
        Self { code, out, err }
    }
}

pub(crate) fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap()
}

/// A program that writes one JSON object a line, while it runs: `dial --json`, `events --json`.
pub(crate) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    events: Receiver<String>,
    err: Option<JoinHandle<String>>,
    /// Every line so far.
    pub(crate) seen: Vec<Value>,
    /// The lines as they were written.
    pub(crate) raw: String,
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
        let mut stderr = child.stderr.take().unwrap();
        let err = std::thread::spawn(move || {
            let mut err = Vec::new();
            let _ = stderr.read_to_end(&mut err);
            String::from_utf8_lossy(&err).into_owned()
        });
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            events,
            err: Some(err),
            seen: Vec::new(),
            raw: String::new(),
            terminal: String::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Value> {
        let line = match self.events.recv_timeout(PATIENCE) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("nothing more comes after {:#?}", self.seen),
        };
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.raw.push_str(&line);
        self.raw.push('\n');
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
                None => {
                    let err = self.err();
                    panic!("it ended without it: {:#?}\n{err}", self.seen)
                }
            }
        }
    }

    /// What it wrote to standard error, once it has ended.
    fn err(&mut self) -> String {
        self.err.take().map(|err| err.join().unwrap()).unwrap_or_default()
    }

    /// Reads on to this state.
    pub(crate) fn state(&mut self, name: &str) -> Value {
        let name = format!("RASCS_{name}");
        self.until(|event| event["event"] == "state" && event["name"] == name.as_str())
    }

    /// The number of its call, as the service counts.
    pub(crate) fn call(&mut self) -> u64 {
        let known = |event: &Value| event["call"].as_u64().filter(|call| *call > 0);
        match self.seen.iter().find_map(known) {
            Some(call) => call,
            None => known(&self.until(|event| known(event).is_some())).unwrap(),
        }
    }

    /// Reads on until the terminal ends with this.
    pub(crate) fn prompt(&mut self, prompt: &str) -> String {
        while !self.terminal.ends_with(prompt) {
            if self.next().is_none() {
                let err = self.err();
                panic!("no {prompt:?}: {:#?}\n{err}", self.seen);
            }
        }
        std::mem::take(&mut self.terminal)
    }

    /// Writes one line.
    pub(crate) fn say(&mut self, answer: &Value) {
        let text = format!("{answer}\n");
        self.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Types a line in the Interactive pause.
    pub(crate) fn type_line(&mut self, text: &str) {
        self.say(&json!({ "terminal": STANDARD.encode(format!("{text}\r")) }));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(pid(&self.child), signal).unwrap();
    }

    /// Kills it, and sees that it is gone.
    pub(crate) fn kill(mut self, signal: Signal) -> std::process::ExitStatus {
        self.signal(signal);
        self.child.wait().unwrap()
    }

    /// Reads to the end. Gives the exit code and the last event.
    pub(crate) fn end(mut self) -> (i32, Value) {
        while self.next().is_some() {}
        self.stdin = None;
        let err = self.err();
        assert!(!err.contains("panicked"), "{err}");
        let code = self.child.wait().unwrap().code().unwrap();
        (code, self.seen.last().cloned().unwrap_or_default())
    }

    /// Interrupts it, and reads to the end. Gives all it wrote.
    pub(crate) fn stop(mut self) -> String {
        self.signal(Signal::INT);
        while self.next().is_some() {}
        let err = self.err();
        std::mem::take(&mut self.raw) + &err
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
