//! The lines of the protocol for program modules, as the module's side writes and reads them (`docs/modules.md`).

use std::fs::File;
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// Where our lines go: the service's end of standard output, which the module itself cannot write to.
static SERVICE: OnceLock<Mutex<File>> = OnceLock::new();

/// Takes over what goes to the service.
pub(super) fn write_to(service: File) {
    let _ = SERVICE.set(Mutex::new(service));
}

/// Which dialog a line is about: `None` where the process has one only.
pub(super) type Name = Option<String>;

/// A message for the service: `{` and the dialog's name, to be gone on with.
fn begin(dialog: &Name, room: usize) -> String {
    let mut line = String::with_capacity(room + 64);
    line.push('{');
    if let Some(name) = dialog {
        line.push_str("\"dialog\":");
        line.push_str(&Value::from(name.as_str()).to_string());
        line.push(',');
    }
    line
}

/// Writes a message whole. A service that is gone ends this process by closing its input.
fn say(mut line: String) {
    line.push_str("}\n");
    let Some(service) = SERVICE.get() else { return };
    let _ = service.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
}

/// A text with its quotes.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// `begun`: Begin has returned.
pub(super) fn begun(dialog: &Name) {
    say(begin(dialog, 16) + "\"type\":\"begun\"");
}

/// `send`. These two come with every key that is pressed, and are made without a tree of values.
pub(super) fn send(dialog: &Name, bytes: &[u8]) {
    let mut line = begin(dialog, 4 * bytes.len() / 3);
    line.push_str("\"type\":\"send\",\"data\":\"");
    STANDARD.encode_string(bytes, &mut line);
    line.push('"');
    say(line);
}

/// `receive`: of `seconds`, 0 waits as long as the dialog may last.
pub(super) fn receive(dialog: &Name, max: usize, seconds: u32) {
    let seconds = seconds.min(86_400);
    say(begin(dialog, 32) + &format!("\"type\":\"receive\",\"max\":{max},\"timeout\":{seconds}"));
}

/// `complete` with names.
pub(super) fn verdict(dialog: &Name, success: bool, user: &str, domain: &str) {
    let verdict = if success { "success" } else { "failure" };
    let (user, domain) = (quoted(user), quoted(domain));
    say(begin(dialog, 128)
        + &format!("\"type\":\"complete\",\"verdict\":\"{verdict}\",\"user\":{user},\"domain\":{domain}"));
}

/// `complete` with an error.
pub(super) fn error(dialog: &Name, code: u32, text: &str) {
    let text = quoted(text);
    say(begin(dialog, 128)
        + &format!("\"type\":\"complete\",\"verdict\":\"error\",\"code\":{code},\"text\":{text}"));
}

/// `log`: for the service's log.
pub(super) fn log(dialog: &Name, text: &str) {
    say(begin(dialog, 128) + &format!("\"type\":\"log\",\"text\":{}", quoted(text)));
}

/// What the service said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A call: the device on its port.
    Begin { device: String },
    /// What a Receive gave.
    Received(Zeroizing<Vec<u8>>),
    /// A Receive's time is out.
    Timeout,
    /// A Receive was not taken.
    Refused(u32),
    /// The dialog is over.
    End,
}

/// Reads a line; `None` for what a later version may say.
pub(super) fn read(line: &[u8]) -> Option<(Name, Heard)> {
    typed(line).or_else(|| message(line))
}

/// What a caller typed, as this service writes it: straight into memory that is wiped, and for every key.
fn typed(line: &[u8]) -> Option<(Name, Heard)> {
    const TYPE: &[u8] = b"\"type\":\"received\",\"data\":\"";
    let body = line.strip_suffix(b"\n").unwrap_or(line).strip_prefix(b"{")?.strip_suffix(b"\"}")?;
    let (name, data) = match body.strip_prefix(TYPE) {
        Some(data) => (None, data),
        None => {
            let rest = body.strip_prefix(b"\"dialog\":\"")?;
            let end = rest.iter().position(|byte| *byte == b'"')?;
            let (name, rest) = rest.split_at_checked(end)?;
            let name = std::str::from_utf8(name).ok().filter(|name| !name.contains('\\'))?;
            (Some(name.to_owned()), rest.strip_prefix(b"\",")?.strip_prefix(TYPE)?)
        }
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(data.len()));
    STANDARD.decode_vec(data, &mut bytes).ok()?;
    Some((name, Heard::Received(bytes)))
}

/// Any message.
fn message(line: &[u8]) -> Option<(Name, Heard)> {
    let fields: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let text = |field: &str| fields.get(field).and_then(Value::as_str);
    let name = text("dialog").map(str::to_owned);
    let heard = match text("type")? {
        "begin" => Heard::Begin { device: text("device").unwrap_or_default().to_owned() },
        "received" => Heard::Received(STANDARD.decode(text("data")?).ok()?.into()),
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
        let hi = || Heard::Received(b"hi".to_vec().into());
        for (line, name) in [
            (&b"{\"type\":\"received\",\"data\":\"aGk=\"}\n"[..], None),
            (b"{\"dialog\":\"d1\",\"type\":\"received\",\"data\":\"aGk=\"}\n", Some("d1")),
        ] {
            assert_eq!(typed(line), Some((name.map(str::to_owned), hi())));
            assert_eq!(message(line), typed(line));
        }
        // written otherwise it is the same
        for line in [
            &b"{ \"data\": \"aGk=\", \"type\": \"received\" }"[..],
            b"{\"type\":\"received\",\"data\":\"aGk=\",\"new\":\"x\"}",
        ] {
            assert_eq!((typed(line), read(line)), (None, Some((None, hi()))));
        }
        assert_eq!(read(br#"{"type":"refused","error":616}"#), Some((None, Heard::Refused(616))));
        for line in [&b"{\"type\":\"line\"}"[..], b"no", b"{}", b"\xff", b"[]"] {
            assert_eq!(read(line), None);
        }
    }
}
