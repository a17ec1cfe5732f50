//! Expect/send scripts, as pppd's chat(8) knows them.

mod play;

pub(super) use play::Play;

use super::run::LONGEST_TEXT;
use super::{SyntaxError, quoted};
use openras_ppp::Secret;

/// Texts that end a script, and texts that are reported: chat's own limit.
const MOST_WATCHED: usize = 50;
/// Alternatives within one expect.
const MOST_TRIES: usize = 32;
/// Seconds an expect waits unless TIMEOUT says otherwise.
const TIMEOUT: u32 = 45;

/// A script that was read.
#[derive(Clone, Debug)]
pub(super) struct Program(Vec<(usize, Op)>);

#[derive(Clone, Debug)]
enum Op {
    /// Wait for the first; when it does not come, send what stands with it and wait for the next.
    Expect(Vec<Try>),
    Send(Vec<Part>),
    Abort(Secret),
    ClearAbort(Secret),
    Report(Secret),
    ClearReport(Secret),
    Timeout(u32),
    Say(Vec<u8>),
    /// ECHO and HANGUP: nothing of ours listens to them.
    Nothing,
}

#[derive(Clone, Debug)]
struct Try {
    text: Secret,
    otherwise: Option<Vec<Part>>,
}

/// A piece of what is sent.
#[derive(Clone, Debug)]
enum Part {
    Bytes(Secret),
    /// Tenths of a second.
    Pause(u8),
    Break,
    User,
    Password,
    Number,
}

impl Program {
    pub(super) fn parse(text: &[u8]) -> Result<Self, SyntaxError> {
        let mut words = words(text)?.into_iter();
        let mut ops = Vec::new();
        while let Some((line, word)) = words.next() {
            let mut argument = || {
                let (_, given) = words.next().ok_or_else(|| SyntaxError::new(line, needs(&word)))?;
                Ok::<_, SyntaxError>(given)
            };
            let expected = |given: Vec<u8>| pattern(line, &given);
            ops.push((
                line,
                match word.as_slice() {
                    b"ABORT" => Op::Abort(expected(argument()?)?),
                    b"CLR_ABORT" => Op::ClearAbort(expected(argument()?)?),
                    b"REPORT" => Op::Report(expected(argument()?)?),
                    b"CLR_REPORT" => Op::ClearReport(expected(argument()?)?),
                    b"TIMEOUT" => Op::Timeout(timeout(line, &argument()?)?),
                    b"SAY" => Op::Say(expected(argument()?)?.expose().to_vec()),
                    b"ECHO" | b"HANGUP" => on_or_off(line, &word, &argument()?)?,
                    _ => {
                        ops.push((line, Op::Expect(tries(line, &word)?)));
                        let Some((line, word)) = words.next() else { break };
                        ops.push((line, Op::Send(sent(line, &word)?)));
                        continue;
                    }
                },
            ));
        }
        Ok(Self(ops))
    }
}

fn needs(word: &[u8]) -> String {
    format!("{} needs a word behind it", quoted(word))
}

fn timeout(line: usize, word: &[u8]) -> Result<u32, SyntaxError> {
    let number = std::str::from_utf8(word).ok().and_then(|word| word.parse::<i32>().ok());
    let number =
        number.ok_or_else(|| SyntaxError::new(line, format!("{} is no number of seconds", quoted(word))))?;
    // as chat: 0 and less mean the usual time
    Ok(u32::try_from(number).ok().filter(|number| *number > 0).unwrap_or(TIMEOUT))
}

fn on_or_off(line: usize, word: &[u8], given: &[u8]) -> Result<Op, SyntaxError> {
    if matches!(given, b"ON" | b"OFF") {
        return Ok(Op::Nothing);
    }
    Err(SyntaxError::new(line, format!("{} is ON or OFF, not {}", quoted(word), quoted(given))))
}

/// Words with their lines; `#` at the beginning of a line makes it a comment, quotes keep blanks, `\` the next octet.
fn words(text: &[u8]) -> Result<Vec<(usize, Vec<u8>)>, SyntaxError> {
    let mut all = Vec::new();
    for (number, line) in (1..).zip(text.split(|b| *b == b'\n')) {
        if line.first() == Some(&b'#') {
            continue;
        }
        let mut rest = line.trim_ascii();
        while let Some(&first) = rest.first() {
            let quote = matches!(first, b'"' | b'\'').then_some(first);
            let inner = if quote.is_some() { rest.get(1..).unwrap_or_default() } else { rest };
            let ends = |b: u8| quote.map_or(b.is_ascii_whitespace(), |quote| b == quote);
            let mut at = 0;
            let end = loop {
                match inner.get(at) {
                    Some(b'\\') => at += 2,
                    Some(b) if ends(*b) => break at,
                    Some(_) => at += 1,
                    None if quote.is_some() => return Err(SyntaxError::new(number, "a quote is not closed")),
                    None => break inner.len(),
                }
            };
            let (word, after) = inner.split_at_checked(end).unwrap_or((inner, b""));
            if word.first() == Some(&b'@') && quote.is_none() {
                let what = "words out of other files (@FILE) are not read; write the text itself";
                return Err(SyntaxError::new(number, what));
            }
            all.push((number, word.to_vec()));
            let after = if quote.is_some() { after.get(1..).unwrap_or_default() } else { after };
            rest = after.trim_ascii_start();
        }
    }
    Ok(all)
}

/// `a-b-c`: wait for a; else send b and wait for c. `\-` is a hyphen.
fn tries(line: usize, word: &[u8]) -> Result<Vec<Try>, SyntaxError> {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new()];
    let mut escaped = false;
    for &octet in word {
        if octet == b'-' && !escaped {
            pieces.push(Vec::new());
        } else if let Some(last) = pieces.last_mut() {
            last.push(octet);
        }
        escaped = octet == b'\\' && !escaped;
    }
    let mut tries = Vec::new();
    for pair in pieces.chunks(2) {
        let [text, rest @ ..] = pair else { continue };
        let otherwise = rest.first().map(|send| sent(line, send)).transpose()?;
        tries.push(Try { text: pattern(line, text)?, otherwise });
    }
    if tries.len() > MOST_TRIES {
        return Err(SyntaxError::new(line, "more than 32 alternatives in one word"));
    }
    Ok(tries)
}

/// What is waited for: escapes made octets; those that only make sense in a send stand for their letter.
fn pattern(line: usize, word: &[u8]) -> Result<Secret, SyntaxError> {
    let mut out = Vec::with_capacity(word.len());
    escapes(word, |piece| {
        out.push(match piece {
            Piece::Octet(octet) | Piece::Letter(octet) => octet,
        });
    });
    check_length(line, &out)?;
    Ok(Secret::new(out))
}

/// What is sent: escapes, and a carriage return at the end unless `\c` says no.
fn sent(line: usize, word: &[u8]) -> Result<Vec<Part>, SyntaxError> {
    match word {
        b"EOT" => return Ok(vec![Part::Bytes(Secret::new([4]))]),
        b"BREAK" => return Ok(vec![Part::Break]),
        _ => {}
    }
    let mut parts = Vec::new();
    let mut bytes = Vec::new();
    let mut ends = true;
    let mut unknown = false;
    escapes(word, |piece| {
        let part = match piece {
            Piece::Octet(octet) => return bytes.push(octet),
            Piece::Letter(b'c') => return ends = false,
            // what chat(8) would leave out of its log; ours never shows what is sent
            Piece::Letter(b'q') => return,
            Piece::Letter(b'N') => return bytes.push(0),
            Piece::Letter(b'd') => Part::Pause(10),
            Piece::Letter(b'p') => Part::Pause(1),
            Piece::Letter(b'K') => Part::Break,
            Piece::Letter(b'L') => Part::User,
            Piece::Letter(b'P') => Part::Password,
            Piece::Letter(b'T') => Part::Number,
            Piece::Letter(b'U') => return unknown = true,
            Piece::Letter(octet) => return bytes.push(octet),
        };
        if !bytes.is_empty() {
            parts.push(Part::Bytes(Secret::new(std::mem::take(&mut bytes))));
        }
        parts.push(part);
    });
    if unknown {
        return Err(SyntaxError::new(line, "\\U, a second number, is not known here"));
    }
    if ends {
        bytes.push(b'\r');
    }
    check_length(line, &bytes)?;
    if !bytes.is_empty() {
        parts.push(Part::Bytes(Secret::new(bytes)));
    }
    Ok(parts)
}

fn check_length(line: usize, bytes: &[u8]) -> Result<(), SyntaxError> {
    if bytes.len() > LONGEST_TEXT {
        return Err(SyntaxError::new(line, "a word is longer than 1024 characters"));
    }
    Ok(())
}

enum Piece {
    Octet(u8),
    /// Behind a backslash, without a meaning of its own everywhere.
    Letter(u8),
}

fn escapes(word: &[u8], mut give: impl FnMut(Piece)) {
    let mut rest = word;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        let next = after.first().copied();
        match (first, next) {
            (b'^', Some(control)) => {
                give(Piece::Octet(control & 0x1f));
                rest = after.get(1..).unwrap_or_default();
            }
            (b'\\', Some(octal @ b'0'..=b'7')) => {
                let digits = after.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7')).count();
                let digits = if octal > b'3' { digits.min(2) } else { digits };
                let value = after.iter().take(digits).fold(0_u8, |value, b| value << 3 | (b - b'0'));
                give(Piece::Octet(value));
                rest = after.get(digits..).unwrap_or_default();
            }
            (b'\\', Some(letter)) => {
                rest = after.get(1..).unwrap_or_default();
                give(match letter {
                    b'b' => Piece::Octet(8),
                    b'n' => Piece::Octet(b'\n'),
                    b'r' => Piece::Octet(b'\r'),
                    b's' => Piece::Octet(b' '),
                    b't' => Piece::Octet(b'\t'),
                    other => Piece::Letter(other),
                });
            }
            _ => give(Piece::Octet(first)),
        }
    }
}
