//! The line protocol of program modules, version 1: one JSON object a line, bytes in base64.
//!
//! [`parse`] takes what a program wrote; [`Begin`], [`received`] and their like make what it reads.
//! `docs/modules.md` has the table of all messages and a whole conversation.

use std::fmt;
use std::time::Duration;

use data_encoding::BASE64;
use openras_engine::server::{AskLine, DialogCommand, DialogVerdict, Echo};
use openras_ppp::Secret;
use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::dialog::SEND_MAX;

/// The version this service speaks, `v` of the begin message.
pub const VERSION: u32 = 1;
/// Longest line a program may write, in bytes without its end: a full Send in base64 and room around it.
pub const LINE_MAX: usize = 128 * 1024;
/// Most bytes a Receive may ask for.
pub const RECEIVE_MAX: u64 = 65_535;
/// Longest line an Ask may ask for, and longest prompt, in bytes.
pub const ASK_MAX: u64 = 1024;
/// UNLEN and DNLEN: longest names in a verdict, in characters.
pub const NAME_MAX: (usize, usize) = (256, 15);
/// Longest timeout a program may name.
const TIMEOUT_MAX: f64 = 86_400.0;
/// Most seconds a program may ask for (defence rule 8).
pub const MORE_MAX: u64 = 300;
/// Length of an Ask that names none.
const ASK_DEFAULT: u64 = 256;

/// A message from the program.
#[derive(Clone, Debug)]
pub enum FromProgram {
    /// `send`, `receive`, `ask`, `more`, `complete`.
    Command(DialogCommand),
    /// `log`: a line for the service's log; from outside.
    Log(String),
    /// `begun`: it runs, and from now on it is its turn.
    Begun,
}

/// Why a line is not a message. Names what is wrong and never what stood in the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Not JSON from this column on.
    NotJson(usize),
    /// JSON, but not an object with a `type`.
    NoType,
    /// No message of the protocol has this type.
    UnknownType,
    /// A field is missing or is not what it must be.
    Field {
        /// Which.
        name: &'static str,
        /// What it must be.
        must_be: &'static str,
    },
    /// A field that the message does not have.
    Extra(&'static str),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(column) => write!(f, "the line is not JSON (column {column})"),
            Self::NoType => f.write_str("the line is not a JSON object with a \"type\""),
            Self::UnknownType => {
                f.write_str("the \"type\" is none of begun, send, receive, ask, more, complete, log")
            }
            Self::Field { name, must_be } => write!(f, "\"{name}\" must be {must_be}"),
            Self::Extra(message) => write!(f, "the \"{message}\" message has a field it does not know"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Reads one line of a program, without its end. `any` holds for a `receive` that does not say.
pub fn parse(line: &[u8], any: bool) -> Result<FromProgram, Malformed> {
    message(object(line)?, any)
}

/// Reads one line of a program of many dialogs: which one it is for, where it says so, and the message.
pub fn parse_addressed(line: &[u8], any: bool) -> (Option<String>, Result<FromProgram, Malformed>) {
    match object(line) {
        Ok(mut fields) => match fields.remove("dialog") {
            Some(Value::String(dialog)) => (Some(dialog), message(fields, any)),
            None => (None, message(fields, any)),
            Some(_) => (None, Err(Malformed::Field { name: "dialog", must_be: "text" })),
        },
        Err(why) => (None, Err(why)),
    }
}

/// A line for a program of many dialogs: with the name of one.
pub fn addressed(dialog: &str, line: &Line) -> Line {
    let mut addressed = Line::new(Vec::with_capacity(line.len() + 16 + 6 * dialog.len()));
    addressed.extend_from_slice(br#"{"dialog":"#);
    let _ = serde_json::to_writer(&mut *addressed, dialog);
    addressed.push(b',');
    addressed.extend_from_slice(line.get(1..).unwrap_or_default());
    addressed
}

fn object(line: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let value: Value = serde_json::from_slice(line).map_err(|error| Malformed::NotJson(error.column()))?;
    if let Value::Object(fields) = value { Ok(fields) } else { Err(Malformed::NoType) }
}

fn message(mut fields: Map<String, Value>, any: bool) -> Result<FromProgram, Malformed> {
    let Some(Value::String(kind)) = fields.remove("type") else { return Err(Malformed::NoType) };
    let mut fields = Fields(fields);
    let (name, message) = match kind.as_str() {
        "send" => ("send", FromProgram::Command(send(&mut fields)?)),
        "receive" => ("receive", FromProgram::Command(receive(&mut fields, any)?)),
        "ask" => ("ask", FromProgram::Command(DialogCommand::Ask(ask(&mut fields)?))),
        "more" => ("more", FromProgram::Command(DialogCommand::Extend(more(&mut fields)?))),
        "complete" => ("complete", FromProgram::Command(DialogCommand::Complete(complete(&mut fields)?))),
        "begun" => ("begun", FromProgram::Begun),
        "log" => ("log", FromProgram::Log(fields.required("text")?)),
        _ => return Err(Malformed::UnknownType),
    };
    if fields.0.is_empty() { Ok(message) } else { Err(Malformed::Extra(name)) }
}

fn send(fields: &mut Fields) -> Result<DialogCommand, Malformed> {
    const WRONG: Malformed = Malformed::Field { name: "data", must_be: "base64, or \"text\" in its place" };
    let bytes = match (fields.text("data")?, fields.text("text")?) {
        (Some(data), None) => BASE64.decode(data.as_bytes()).map_err(|_| WRONG)?,
        (None, Some(text)) => text.into_bytes(),
        _ => return Err(WRONG),
    };
    if bytes.len() > SEND_MAX {
        return Err(Malformed::Field { name: "data", must_be: "at most 65535 bytes" });
    }
    Ok(DialogCommand::Send(bytes))
}

fn receive(fields: &mut Fields, any: bool) -> Result<DialogCommand, Malformed> {
    let wrong = Malformed::Field { name: "max", must_be: "a number from 1 to 65535" };
    let max = fields.number("max")?.filter(|max| (1..=RECEIVE_MAX).contains(max)).ok_or(wrong)?;
    let any = fields.truth("any")?.unwrap_or(any);
    Ok(DialogCommand::Receive { max: usize::try_from(max).unwrap_or(1), timeout: fields.timeout()?, any })
}

fn ask(fields: &mut Fields) -> Result<AskLine, Malformed> {
    let wrong = Malformed::Field { name: "max", must_be: "a number from 1 to 1024" };
    let prompt = fields.required("prompt")?;
    if prompt.len() as u64 > ASK_MAX {
        return Err(Malformed::Field { name: "prompt", must_be: "at most 1024 bytes" });
    }
    let echo = match fields.text("echo")?.as_deref() {
        None | Some("yes") => Echo::Yes,
        Some("no") => Echo::No,
        Some("mask") => Echo::Mask,
        Some(_) => return Err(Malformed::Field { name: "echo", must_be: "yes, no or mask" }),
    };
    let max = fields.number("max")?.unwrap_or(ASK_DEFAULT);
    let max = Some(max).filter(|max| (1..=ASK_MAX).contains(max)).ok_or(wrong)?;
    Ok(AskLine { prompt, echo, max: usize::try_from(max).unwrap_or(1), timeout: fields.timeout()? })
}

fn more(fields: &mut Fields) -> Result<Duration, Malformed> {
    let wrong = Malformed::Field { name: "seconds", must_be: "a number from 1 to 300" };
    let seconds = fields.number("seconds")?.filter(|seconds| (1..=MORE_MAX).contains(seconds));
    seconds.map(Duration::from_secs).ok_or(wrong)
}

fn complete(fields: &mut Fields) -> Result<DialogVerdict, Malformed> {
    let verdict = fields.required("verdict")?;
    let mut names = || -> Result<(String, String), Malformed> {
        let user = fields.name("user", NAME_MAX.0, "a name of at most 256 characters")?;
        Ok((user, fields.name("domain", NAME_MAX.1, "a name of at most 15 characters")?))
    };
    match verdict.as_str() {
        "success" => names().map(|(user, domain)| DialogVerdict::Success { user, domain }),
        "failure" => names().map(|(user, domain)| DialogVerdict::Failure { user, domain }),
        "error" => {
            let wrong = Malformed::Field { name: "code", must_be: "a number below 2^32" };
            let code = u32::try_from(fields.number("code")?.unwrap_or(0)).map_err(|_| wrong)?;
            Ok(DialogVerdict::Error { code, text: fields.text("text")?.unwrap_or_default() })
        }
        _ => Err(Malformed::Field { name: "verdict", must_be: "success, failure or error" }),
    }
}

/// The fields of one message; each is taken out when it is read, so that what is left is unknown.
struct Fields(Map<String, Value>);

impl Fields {
    /// A field that is there and is not null.
    fn value(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, Malformed> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Malformed::Field { name, must_be: "text" }),
        }
    }

    fn required(&mut self, name: &'static str) -> Result<String, Malformed> {
        self.text(name)?.ok_or(Malformed::Field { name, must_be: "there" })
    }

    fn name(&mut self, name: &'static str, max: usize, must_be: &'static str) -> Result<String, Malformed> {
        let text = self.text(name)?.unwrap_or_default();
        if text.chars().count() > max {
            return Err(Malformed::Field { name, must_be });
        }
        if text.chars().any(char::is_control) {
            return Err(Malformed::Field { name, must_be: "without control characters" });
        }
        Ok(text)
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u64>, Malformed> {
        let wrong = Malformed::Field { name, must_be: "a whole number" };
        self.value(name).map(|value| value.as_u64().ok_or(wrong)).transpose()
    }

    fn truth(&mut self, name: &'static str) -> Result<Option<bool>, Malformed> {
        let wrong = Malformed::Field { name, must_be: "true or false" };
        self.value(name).map(|value| value.as_bool().ok_or(wrong)).transpose()
    }

    /// Seconds, with a fraction if wanted; missing, null and 0 wait as long as the dialog may last.
    fn timeout(&mut self) -> Result<Option<Duration>, Malformed> {
        const WRONG: Malformed = Malformed::Field { name: "timeout", must_be: "seconds from 0 to 86400" };
        let Some(value) = self.value("timeout") else { return Ok(None) };
        let seconds = value.as_f64().filter(|seconds| (0.0..=TIMEOUT_MAX).contains(seconds)).ok_or(WRONG)?;
        Ok(Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero()))
    }
}

/// The first message to a program.
#[derive(Debug, Serialize)]
pub struct Begin<'a> {
    /// [`VERSION`].
    pub v: u32,
    /// The call's identity.
    pub call: &'a str,
    /// The port's name.
    pub port: &'a str,
    /// The device on it.
    pub device: &'a str,
    /// Kind of line.
    pub line: &'a str,
    /// Where the call comes from.
    pub source: &'a str,
    /// The caller's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<&'a str>,
    /// Seconds that the dialog may last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The module's own settings, as its configuration has them.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub config: &'a Value,
}

/// A line for the program, with its end; wiped when dropped.
pub type Line = Zeroizing<Vec<u8>>;

impl Begin<'_> {
    /// The message as a line.
    pub fn line(&self) -> Line {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "lowercase")]
        enum Tagged<'a> {
            Begin(&'a Begin<'a>),
        }
        let mut line = Line::new(Vec::with_capacity(1024));
        // Writing text and numbers into memory does not fail; a program that reads an empty line hangs up.
        let _ = serde_json::to_writer(&mut *line, &Tagged::Begin(self));
        line.push(b'\n');
        line
    }
}

/// `received`: what the Receive gave.
pub fn received(bytes: &Secret) -> Line {
    finish(data("received", bytes))
}

/// `line`: what the Ask gave; as `text` too where it is UTF-8.
pub fn line(bytes: &Secret) -> Line {
    let mut line = data("line", bytes);
    if let Ok(text) = std::str::from_utf8(bytes.expose()) {
        line.extend_from_slice(br#","text":"#);
        let _ = serde_json::to_writer(&mut *line, text);
    }
    finish(line)
}

/// `timeout`: the Receive or Ask ran out of time.
pub fn timeout() -> Line {
    Line::new(b"{\"type\":\"timeout\"}\n".to_vec())
}

/// `refused`: a command that could not be taken, with its RAS error number.
pub fn refused(error: u32) -> Line {
    Line::new(format!("{{\"type\":\"refused\",\"error\":{error}}}\n").into_bytes())
}

/// `end`: the dialog is over, after a verdict or because the call has ended.
pub fn end() -> Line {
    Line::new(b"{\"type\":\"end\"}\n".to_vec())
}

/// The opening of a message that carries bytes. Reserved at once, so that no unwiped copy stays behind.
fn data(kind: &str, bytes: &Secret) -> Line {
    let encoded = BASE64.encode_len(bytes.len());
    let mut line = Line::new(Vec::with_capacity(64 + encoded + 6 * bytes.len()));
    line.extend_from_slice(format!("{{\"type\":\"{kind}\",\"data\":\"").as_bytes());
    let start = line.len();
    line.resize(start + encoded, 0);
    if let Some(place) = line.get_mut(start..) {
        BASE64.encode_mut(bytes.expose(), place);
    }
    line.push(b'"');
    line
}

fn finish(mut line: Line) -> Line {
    line.extend_from_slice(b"}\n");
    line
}

#[cfg(test)]
mod tests;
