//! JSON lines for programs: the service's own shapes, and the few events a program here makes itself. docs/dial.md
//! lists them.

use std::time::Duration;

use openras_api::types::CallId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::out;

/// One object on a line of its own. Characters that could steer a terminal stand as `\u…`, which is the same JSON.
pub(crate) fn line(value: &impl Serialize) {
    out::line(text(value));
}

/// As [`line()`], without writing it.
pub(crate) fn text(value: &impl Serialize) -> String {
    match serde_json::to_string(value) {
        Ok(text) => tame(&text),
        // the shapes have no maps with keys that are no strings, and no secrets
        Err(error) => json!({ "event": "unwritable", "message": error.to_string() }).to_string(),
    }
}

/// serde_json writes C0 controls as `\u…`; DEL, C1 and those that turn or hide text are left to us. Outside a string
/// JSON has none of them.
fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let plain = c.is_ascii() && c != '\u{7f}';
        if plain || openras_engine::escape::line(c.encode_utf8(&mut [0; 4])).chars().eq([c]) {
            out.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// An event of this program's own about a call, with the time since the call began.
pub(crate) fn mine(call: CallId, since: Duration, mut event: Value) -> Value {
    if let Some(members) = event.as_object_mut() {
        members.insert("call".into(), json!(call));
        members.insert("t".into(), json!(seconds(since)));
    }
    event
}

/// Seconds to the microsecond.
pub(crate) fn seconds(since: Duration) -> f64 {
    (since.as_secs_f64() * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_is_written_and_nothing_is_lost() {
        let text = "a\u{1b}[2J\u{9b}\u{202e}\u{7f}\u{e9}\u{1f600}\u{feff}\\ \"\n";
        let written = super::text(&json!({ "name": text }));
        let steers = |c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{feff}');
        assert!(!written.chars().any(steers), "{written}");
        assert!(written.contains('\u{e9}') && written.contains('\u{1f600}'), "{written}");
        let back: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(back["name"], text);
    }
}
