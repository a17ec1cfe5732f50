//! Sections of SWITCH.INF (ras-phonebook.md §3): a command, its responses, the next command. No branching.

mod play;

pub(super) use play::Play;

use openras_engine::RasError;
use openras_ppp::Secret;

use super::run::LONGEST_TEXT;
use super::{SyntaxError, quoted};

/// The longest name of a section.
const LONGEST_NAME: usize = 31;
/// The most responses of a command.
const MOST_RESPONSES: usize = 32;

/// A section that was read.
#[derive(Clone, Debug)]
pub(super) struct Program(Vec<Command>);

/// What is sent, and what may come back.
#[derive(Clone, Debug)]
struct Command {
    line: usize,
    text: Vec<Part>,
    responses: Vec<Response>,
    no_response: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Bytes(Secret),
    User,
    Password,
}

#[derive(Clone, Debug)]
struct Response {
    line: usize,
    verdict: Verdict,
    /// One after the other, with anything between them; none of them is any answer.
    segments: Vec<Vec<Atom>>,
    diagnostics: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Next,
    Loop,
    Connect,
    Error(RasError),
}

/// One octet of a pattern; `None` is any (`<?>`).
type Atom = Option<u8>;

impl Program {
    pub(super) fn parse(text: &[u8], section: &str) -> Result<Self, SyntaxError> {
        let mut commands: Vec<Command> = Vec::new();
        let (mut inside, mut found) = (false, false);
        for (number, line) in (1..).zip(text.split(|b| *b == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b";") {
                continue;
            }
            if let Some(name) = line.strip_prefix(b"[").and_then(|line| line.strip_suffix(b"]")) {
                inside = !found && name.eq_ignore_ascii_case(section.as_bytes());
                found |= inside;
                if name.len() > LONGEST_NAME {
                    return Err(SyntaxError::new(
                        number,
                        "the name of a section is longer than 31 characters",
                    ));
                }
            } else if inside {
                entry(&mut commands, number, line).map_err(|what| SyntaxError::new(number, what))?;
            }
        }
        if !found {
            return Err(SyntaxError::new(1, format!("there is no section [{}]", quoted(section.as_bytes()))));
        }
        Ok(Self(commands))
    }
}

fn entry(commands: &mut Vec<Command>, line: usize, text: &[u8]) -> Result<(), String> {
    let at = text.iter().position(|b| *b == b'=').unwrap_or(text.len());
    let (key, value) = text.split_at_checked(at).unwrap_or((text, b""));
    let (key, value) = (key.trim_ascii(), value.get(1..).unwrap_or_default().trim_ascii_start());
    if key.eq_ignore_ascii_case(b"COMMAND") {
        commands.push(Command { line, text: sent(value)?, responses: Vec::new(), no_response: false });
        return Ok(());
    }
    let command = commands.last_mut().ok_or("a section begins with COMMAND=")?;
    if key.eq_ignore_ascii_case(b"NoResponse") {
        command.no_response = true;
        return Ok(());
    }
    let verdict = verdict(key).ok_or_else(|| format!("{} is no response", quoted(key)))?;
    let (segments, diagnostics) = pattern(value)?;
    command.responses.push(Response { line, verdict, segments, diagnostics });
    match command.responses.len() > MOST_RESPONSES {
        true => Err("more than 32 responses to a command".to_owned()),
        false => Ok(()),
    }
}

fn verdict(key: &[u8]) -> Option<Verdict> {
    let key = String::from_utf8_lossy(key).to_uppercase();
    Some(match key.as_str() {
        "OK" => Verdict::Next,
        "LOOP" => Verdict::Loop,
        "ERROR_NO_CARRIER" => Verdict::Error(RasError::NO_CARRIER),
        "ERROR_NO_ANSWER" => Verdict::Error(RasError::NO_ANSWER),
        "ERROR_BUSY" | "ERROR_LINE_BUSY" => Verdict::Error(RasError::LINE_BUSY),
        "ERROR_NO_DIALTONE" => Verdict::Error(RasError::NO_DIALTONE),
        key if key.starts_with("CONNECT") => Verdict::Connect,
        key if key.starts_with("ERROR") => Verdict::Error(RasError::FROM_DEVICE),
        _ => return None,
    })
}

/// A macro, or an octet that stands for itself.
enum Piece<'a> {
    Octet(u8),
    Macro(&'a [u8]),
}

/// The next piece, and what is behind it.
fn piece(text: &[u8]) -> Result<Option<(Piece<'_>, &[u8])>, String> {
    let Some((&first, after)) = text.split_first() else { return Ok(None) };
    if first != b'<' {
        return Ok(Some((Piece::Octet(first), after)));
    }
    let end = after.iter().position(|b| *b == b'>').ok_or("a macro is not closed: > is missing")?;
    let (name, rest) = after.split_at_checked(end).unwrap_or_default();
    let rest = rest.get(1..).unwrap_or_default();
    let octet = match name {
        name if name.eq_ignore_ascii_case(b"cr") => Some(b'\r'),
        name if name.eq_ignore_ascii_case(b"lf") => Some(b'\n'),
        [b'h' | b'H', digits @ ..] if digits.len() == 2 => {
            std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        }
        _ => None,
    };
    Ok(Some((octet.map_or(Piece::Macro(name), Piece::Octet), rest)))
}

fn unknown(name: &[u8]) -> String {
    format!("{} is no macro here", quoted(name))
}

fn sent(mut text: &[u8]) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut bytes = Vec::new();
    while let Some((piece, rest)) = piece(text)? {
        text = rest;
        let part = match piece {
            Piece::Octet(octet) => {
                bytes.push(octet);
                continue;
            }
            Piece::Macro(name) if name.eq_ignore_ascii_case(b"username") => Part::User,
            Piece::Macro(name) if name.eq_ignore_ascii_case(b"password") => Part::Password,
            Piece::Macro(name) => return Err(unknown(name)),
        };
        if !bytes.is_empty() {
            parts.push(Part::Bytes(Secret::new(std::mem::take(&mut bytes))));
        }
        parts.push(part);
    }
    if !bytes.is_empty() {
        parts.push(Part::Bytes(Secret::new(bytes)));
    }
    Ok(parts)
}

/// Segments of a response, and whether its text is wanted.
fn pattern(mut text: &[u8]) -> Result<(Vec<Vec<Atom>>, bool), String> {
    if text.len() > LONGEST_TEXT {
        return Err("a response is longer than 1024 characters".to_owned());
    }
    let mut segments: Vec<Vec<Atom>> = vec![Vec::new()];
    let mut diagnostics = false;
    let push = |segments: &mut Vec<Vec<Atom>>, atom| {
        if let Some(last) = segments.last_mut() {
            last.push(atom);
        }
    };
    while let Some((piece, rest)) = piece(text)? {
        text = rest;
        match piece {
            Piece::Octet(octet) => push(&mut segments, Some(octet)),
            Piece::Macro(b"?") => push(&mut segments, None),
            Piece::Macro(name) if name.eq_ignore_ascii_case(b"ignore") => segments.push(Vec::new()),
            Piece::Macro(name) if name.eq_ignore_ascii_case(b"diagnostics") => {
                segments.push(Vec::new());
                diagnostics = true;
            }
            Piece::Macro(name) if name.eq_ignore_ascii_case(b"match") => {
                let inner = text.strip_prefix(b"\"").ok_or("<match> needs \"text\" behind it")?;
                let end = inner.iter().position(|b| *b == b'"').ok_or("the text of <match> has no end")?;
                let (wanted, rest) = inner.split_at_checked(end).unwrap_or_default();
                segments.push(wanted.iter().copied().map(Some).collect());
                text = rest.get(1..).unwrap_or_default();
            }
            Piece::Macro(name) => return Err(unknown(name)),
        }
    }
    segments.retain(|segment| !segment.is_empty());
    Ok((segments, diagnostics))
}
