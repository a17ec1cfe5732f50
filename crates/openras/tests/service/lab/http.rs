//! The service's API spoken by hand, over blocking sockets: independent of the client in `openras-api`, and cheap enough
//! for hundreds of calls from threads.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::PATIENCE;

/// The service at a socket.
#[derive(Clone)]
pub(crate) struct Api {
    socket: PathBuf,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The body as it came.
    pub(crate) text: String,
}

impl Answer {
    /// The body, which is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The body of a good answer.
    pub(crate) fn good(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The number of an error answer, which has a sentence.
    pub(crate) fn error(&self) -> u64 {
        let body = self.json();
        assert!(body["message"].as_str().is_some_and(|message| message.len() > 8), "{self:?}");
        body["error"].as_u64().unwrap_or_else(|| panic!("no number: {self:?}"))
    }
}

impl Api {
    pub(crate) fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None).unwrap_or_else(|e| panic!("GET {path}: {e}"))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, Some(body)).unwrap_or_else(|e| panic!("POST {path}: {e}"))
    }

    /// One request.
    ///
    /// # Errors
    /// The service does not answer, or goes away in the middle of the answer.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Answer> {
        let mut lines = self.open(method, path, body)?;
        let mut bytes = Vec::new();
        while lines.more(&mut bytes)? {}
        Ok(Answer { status: lines.status, text: String::from_utf8_lossy(&bytes).into_owned() })
    }

    /// A stream of JSON lines.
    ///
    /// # Errors
    /// The service does not answer.
    pub(crate) fn stream(&self, path: &str) -> std::io::Result<Lines> {
        self.open("GET", path, None)
    }

    /// The events of all calls from now on.
    pub(crate) fn events(&self) -> Lines {
        let lines = self.stream("/v1/events").unwrap();
        assert_eq!(lines.status, 200);
        lines
    }

    fn open(&self, method: &str, path: &str, body: Option<&Value>) -> std::io::Result<Lines> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let text = body.map(Value::to_string).unwrap_or_default();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: openras\r\nConnection: close\r\n");
        let kind = if body.is_some() { "Content-Type: application/json\r\n" } else { "" };
        // in one piece: a service may answer and close before it has read a body that it does not need
        let request = format!("{head}{kind}Content-Length: {}\r\n\r\n{text}", text.len());
        stream.write_all(request.as_bytes())?;
        Lines::read(stream)
    }

    /// Begins a dial without pauses as this user with the password `secret`; `more` is laid over it. The events are
    /// the creator's.
    ///
    /// # Errors
    /// The service does not answer.
    pub(crate) fn dial(&self, line: &str, user: &str, more: &Value) -> std::io::Result<Dialling> {
        let mut dial = json!({ "line": line, "user": user, "password": "secret", "terminal": "never" });
        for (key, value) in more.as_object().into_iter().flatten() {
            dial[key] = value.clone();
        }
        let answer = self.request("POST", "/v1/connections", Some(&dial))?;
        if !(200..300).contains(&answer.status) {
            return Err(std::io::Error::other(answer.text));
        }
        let begun = answer.good();
        let (id, notifier) = (begun["id"].as_u64().unwrap(), begun["notifier"].as_str().unwrap().to_owned());
        let events = self.stream(&format!("/v1/connections/{id}/events?notifier={notifier}"))?;
        Ok(Dialling { id, notifier, events })
    }

    /// Whether the call is over, and how.
    pub(crate) fn over(&self, id: u64) -> Option<Value> {
        let call = self.get(&format!("/v1/calls/{id}")).good();
        (!call["over"].is_null()).then(|| call["ended"].clone())
    }
}

/// A dial that was begun.
pub(crate) struct Dialling {
    pub(crate) id: u64,
    pub(crate) notifier: String,
    pub(crate) events: Lines,
}

impl Dialling {
    /// Reads to Connected. Otherwise how it ended, or `Null` where the service went away.
    ///
    /// # Errors
    /// The last event.
    pub(crate) fn connected(&mut self) -> Result<(), Value> {
        loop {
            match self.events.next() {
                Some(event) if event["name"] == "RASCS_Connected" => return Ok(()),
                Some(event) if event["event"] == "ended" => return Err(event),
                Some(_) => {}
                None => return Err(Value::Null),
            }
        }
    }
}

/// The body of an answer as it comes.
pub(crate) struct Lines {
    pub(crate) status: u16,
    reader: BufReader<UnixStream>,
    chunked: bool,
    /// What is left of a body of known length.
    left: Option<usize>,
    bytes: Vec<u8>,
    over: bool,
}

impl Lines {
    fn read(stream: UnixStream) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other(format!("no status line: {line:?}")))?;
        let (mut chunked, mut left) = (false, None);
        loop {
            line.clear();
            if reader.read_line(&mut line)? <= 2 {
                break;
            }
            let lower = line.to_ascii_lowercase();
            chunked |= lower.starts_with("transfer-encoding:") && lower.contains("chunked");
            if let Some(length) = lower.strip_prefix("content-length:") {
                left = length.trim().parse().ok();
            }
        }
        if status == 204 {
            left = Some(0);
        }
        Ok(Self { status, reader, chunked, left, bytes: Vec::new(), over: false })
    }

    /// Reads on. `false` is the end of the body.
    fn more(&mut self, to: &mut Vec<u8>) -> std::io::Result<bool> {
        if self.chunked {
            let mut size = String::new();
            self.reader.read_line(&mut size)?;
            let length = usize::from_str_radix(size.trim(), 16)
                .map_err(|_| std::io::Error::other(format!("it broke off: {size:?}")))?;
            let mut chunk = vec![0; length + 2];
            self.reader.read_exact(&mut chunk)?;
            to.extend_from_slice(&chunk[..length]);
            return Ok(length > 0);
        }
        let mut memory = [0; 4096];
        let most = self.left.unwrap_or(memory.len()).min(memory.len());
        let n = if most == 0 { 0 } else { self.reader.read(&mut memory[..most])? };
        to.extend_from_slice(&memory[..n]);
        self.left = self.left.map(|left| left - n);
        Ok(n > 0)
    }

    /// The next object; `None` at the end, however it came.
    ///
    /// # Panics
    /// When nothing comes for a very long time.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.bytes.drain(..=end).collect();
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Some(serde_json::from_slice(&line).unwrap());
            }
            if self.over {
                return None;
            }
            let mut bytes = std::mem::take(&mut self.bytes);
            match self.more(&mut bytes) {
                Ok(more) => self.over = !more,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => panic!("nothing more comes"),
                Err(_) => self.over = true,
            }
            self.bytes = bytes;
        }
    }

    /// Reads on to the first event of which this holds.
    pub(crate) fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next() {
                Some(event) if holds(&event) => return event,
                Some(_) => {}
                None => panic!("the events ended"),
            }
        }
    }

    /// Reads on to the end of this call.
    pub(crate) fn ended(&mut self, call: u64) -> Value {
        self.until(|event| event["event"] == "ended" && event["call"] == call)
    }
}
