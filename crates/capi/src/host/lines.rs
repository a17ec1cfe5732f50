//! The lines of the protocol for program modules, as the module's side writes and reads them (`docs/modules.md`).

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// Where our lines go: the service's end of standard output, which the module itself cannot write to.
static SERVICE: OnceLock<Mutex<File>> = OnceLock::new();

/// Takes over what goes to the service.
pub(super) fn write_to(service: File) {
    let _ = SERVICE.set(Mutex::new(service));
}

/// Which dialog a line is about: `None` where the process has one only.
pub(super) type Name = Option<String>;

/// A message for the service. A service that is gone ends this process by closing its input.
fn say(dialog: &Name, mut message: Value) {
    if let (Some(name), Some(fields)) = (dialog, message.as_object_mut()) {
        fields.insert("dialog".into(), Value::from(name.as_str()));
    }
    let Some(service) = SERVICE.get() else { return };
    let line = format!("{message}\n");
    let _ = service.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
}

/// `send`.
pub(super) fn send(dialog: &Name, bytes: &[u8]) {
    say(dialog, json!({ "type": "send", "data": STANDARD.encode(bytes) }));
}

/// `receive`: of `seconds`, 0 waits as long as the dialog may last.
pub(super) fn receive(dialog: &Name, max: usize, seconds: u32) {
    say(dialog, json!({ "type": "receive", "max": max, "timeout": seconds.min(86_400) }));
}

/// `complete` with names.
pub(super) fn verdict(dialog: &Name, success: bool, user: &str, domain: &str) {
    let verdict = if success { "success" } else { "failure" };
    say(dialog, json!({ "type": "complete", "verdict": verdict, "user": user, "domain": domain }));
}

/// `complete` with an error.
pub(super) fn error(dialog: &Name, code: u32, text: &str) {
    say(dialog, json!({ "type": "complete", "verdict": "error", "code": code, "text": text }));
}

/// `log`: for the service's log.
pub(super) fn log(dialog: &Name, text: &str) {
    say(dialog, json!({ "type": "log", "text": text }));
}

/// What the service said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A call: the device on its port.
    Begin { device: String },
    /// What a Receive gave.
    Received(Vec<u8>),
    /// A Receive's time is out.
    Timeout,
    /// A Receive was not taken.
    Refused(u32),
    /// The dialog is over.
    End,
}

/// Reads a line; `None` for what a later version may say.
pub(super) fn read(line: &[u8]) -> Option<(Name, Heard)> {
    let fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let name = text("dialog").map(str::to_owned);
    let heard = match text("type")? {
        "begin" => Heard::Begin { device: text("device").unwrap_or_default().to_owned() },
        "received" => Heard::Received(STANDARD.decode(text("data")?).ok()?),
        "timeout" => Heard::Timeout,
        "refused" => {
            let error = fields.get("error").and_then(Value::as_u64).and_then(|error| error.try_into().ok());
            Heard::Refused(error.unwrap_or(87))
        }
        "end" => Heard::End,
        _ => return None,
    };
    Some((name, heard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_says_is_read_and_what_it_may_say_one_day_is_passed_over() {
        let begin = br#"{"dialog":"d1","type":"begin","v":1,"call":"17","device":"tcp","new":true}"#;
        assert_eq!(read(begin), Some((Some("d1".into()), Heard::Begin { device: "tcp".into() })));
        let received = br#"{"type":"received","data":"aGk="}"#;
        assert_eq!(read(received), Some((None, Heard::Received(b"hi".to_vec()))));
        assert_eq!(read(br#"{"type":"refused","error":616}"#), Some((None, Heard::Refused(616))));
        for line in [&b"{\"type\":\"line\"}"[..], b"no", b"{}", b"\xff", b"[]"] {
            assert_eq!(read(line), None);
        }
    }
}
