//! Words of a `.scp` file, each with its line.

use super::super::{SyntaxError, quoted};
use super::value::System;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A reserved word, or a name; in small letters, for case does not count.
    Word(String),
    System(System),
    Integer(i64),
    /// What stands between the quotes, escapes as they are: `transmit … , raw` sends them so.
    Text(Vec<u8>),
    Sign(&'static str),
}

/// The longest first.
const SIGNS: [&str; 17] =
    ["==", "!=", "<=", ">=", "=", "<", ">", "+", "-", "*", "/", "!", "(", ")", ",", ":", ";"];

pub(super) fn tokens(text: &[u8]) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let mut all = Vec::new();
    for (number, line) in (1..).zip(text.split(|b| *b == b'\n')) {
        let mut rest = line.trim_ascii();
        while let Some(&first) = rest.first() {
            if first == b';' {
                break;
            }
            let (token, after) = token(rest).map_err(|what| SyntaxError::new(number, what))?;
            all.push((number, token));
            rest = after.trim_ascii_start();
        }
    }
    Ok(all)
}

fn token(rest: &[u8]) -> Result<(Token, &[u8]), String> {
    let word = |rest: &[u8]| {
        let of_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        rest.iter().position(|b| !of_word(b)).unwrap_or(rest.len())
    };
    let cut = |at: usize| rest.split_at_checked(at).unwrap_or((rest, b""));
    match rest.first().copied().unwrap_or(0) {
        b'"' => text(rest.get(1..).unwrap_or_default()),
        b'$' => {
            let (name, after) = cut(1 + word(rest.get(1..).unwrap_or_default()));
            let system = System::ALL.into_iter().find(|(own, _)| own.as_bytes().eq_ignore_ascii_case(name));
            let (_, system) = system.ok_or_else(|| format!("there is no {}", quoted(name)))?;
            Ok((Token::System(system), after))
        }
        b'0'..=b'9' => {
            let (digits, after) = cut(word(rest));
            let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<i32>().ok());
            let number = number.ok_or_else(|| format!("{} is no number", quoted(digits)))?;
            Ok((Token::Integer(number.into()), after))
        }
        b if b.is_ascii_alphabetic() || b == b'_' => {
            let (name, after) = cut(word(rest));
            Ok((Token::Word(String::from_utf8_lossy(name).to_ascii_lowercase()), after))
        }
        _ => {
            let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign.as_bytes()));
            let sign = sign.ok_or_else(|| format!("{} means nothing here", quoted(rest)))?;
            Ok((Token::Sign(sign), cut(sign.len()).1))
        }
    }
}

/// A text behind its first quote.
fn text(rest: &[u8]) -> Result<(Token, &[u8]), String> {
    let mut at = 0;
    loop {
        match rest.get(at) {
            None => return Err("a text has no end: the second \" is missing".to_owned()),
            Some(b'\\') => at += 2,
            Some(b'"') => {
                let (text, after) = rest.split_at_checked(at).unwrap_or_default();
                return Ok((Token::Text(text.to_vec()), after.get(1..).unwrap_or_default()));
            }
            Some(_) => at += 1,
        }
    }
}
