//! Scripts that answer a login prompt before PPP begins: Windows' `.scp`, expect/send as pppd's chat knows it, and
//! sections of SWITCH.INF. Pure machines: bytes and time in, bytes out.

mod chat;
mod run;
mod scp;
mod switch;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::Ipv4Addr;
use std::path::Path;

use openras_engine::{RasError, escape};
use openras_ppp::Secret;

pub use run::{LONGEST_TEXT, Run, STEPS_A_SECOND};

/// The largest script, in bytes.
pub const LARGEST: usize = 64 << 10;

/// A script cannot be read: 752 (ERROR_SCRIPT_SYNTAX).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it; escaped, without a full stop.
    pub what: String,
}

impl SyntaxError {
    /// 752.
    pub const CODE: RasError = RasError(752);
}

impl SyntaxError {
    pub(crate) fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} ({})", self.line, self.what, Self::CODE)
    }
}

impl std::error::Error for SyntaxError {}

/// Which language a script is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Windows' dial-up scripting language.
    Scp,
    /// Expect/send, as pppd's chat.
    Chat,
}

impl Kind {
    /// The language of a script file: `.scp` is Windows', all else expect/send.
    pub fn of(path: &Path) -> Self {
        match path.extension().is_some_and(|end| end.eq_ignore_ascii_case("scp")) {
            true => Self::Scp,
            false => Self::Chat,
        }
    }
}

/// What can happen to a running script.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Bytes from the line.
    Bytes(&'a [u8]),
    /// The deadline has come.
    Tick,
}

/// Parity of `set port parity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parity {
    /// none
    None,
    /// odd
    Odd,
    /// even
    Even,
    /// mark
    Mark,
    /// space
    Space,
}

/// `set port …`: something for lines that have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortSetting {
    /// 5 to 8.
    DataBits(u8),
    /// 1 or 2.
    StopBits(u8),
    /// Parity.
    Parity(Parity),
}

/// What a script wants done or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Bytes for the line; they may be a password.
    Write(Secret),
    /// A break signal on the line, where it has one.
    Break,
    /// `set screen keyboard`: whether what the user types in the terminal goes to the line.
    Keyboard(bool),
    /// `set port`.
    Port(PortSetting),
    /// `set ipaddr`: the address for the session.
    Address(Ipv4Addr),
    /// Text for the user (chat's SAY and REPORT); from outside, escape before showing.
    Say(String),
    /// Over; nothing follows.
    Done(Outcome),
}

/// How a script ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran to its end: PPP begins, with [`Run::rest`] as its first bytes.
    Connected,
    /// `halt`: the terminal stays open until the user goes on; the script does not continue.
    Halted,
    /// It failed.
    Failed(Failure),
}

/// Why a script failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// 752 where the script itself is wrong, 638 (nothing came in time), 676 679 680 … (what the other end said).
    pub code: RasError,
    /// The line of the script, from 1.
    pub line: usize,
    /// What happened; escaped, without a full stop.
    pub what: String,
}

/// A script that can be run, any number of times.
#[derive(Clone, Debug)]
pub struct Script(Language);

#[derive(Clone, Debug)]
enum Language {
    Scp(scp::Program),
    Chat(chat::Program),
    Switch(switch::Program),
}

/// What a script may use.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// $USERID, `\L`, `<username>`.
    pub user: String,
    /// $PASSWORD, `\P`, `<password>`.
    pub password: Secret,
    /// chat's `\T`.
    pub number: String,
}

impl Script {
    /// Reads a script in this language.
    ///
    /// # Errors
    /// 752 with the line.
    pub fn parse(kind: Kind, text: &[u8]) -> Result<Self, SyntaxError> {
        let text = check_size(text)?;
        Ok(Self(match kind {
            Kind::Scp => Language::Scp(scp::Program::parse(text)?),
            Kind::Chat => Language::Chat(chat::Program::parse(text)?),
        }))
    }

    /// Reads the section of a SWITCH.INF.
    ///
    /// # Errors
    /// 752 with the line: of the mistake, or 1 if there is no such section.
    pub fn parse_switch(text: &[u8], section: &str) -> Result<Self, SyntaxError> {
        switch::Program::parse(check_size(text)?, section).map(|program| Self(Language::Switch(program)))
    }
}

fn check_size(text: &[u8]) -> Result<&[u8], SyntaxError> {
    if text.len() > LARGEST {
        return Err(SyntaxError::new(1, "the script is larger than 64 KiB"));
    }
    Ok(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text))
}

/// Text of a script or of a line in a message: escaped, short, in quotes.
fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", escape::short(&String::from_utf8_lossy(bytes), 60))
}
