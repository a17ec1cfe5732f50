//! Text from outside, made harmless (defence rule 15).

use std::fmt::Write;

/// Octets or characters of one field shown at most.
const FIELD: usize = 128;

/// `text` without anything that a terminal, a log or a reader could take for a command: control characters (C0,
/// DEL, C1), characters that turn the direction of writing, line separators and invisible ones become `\u{…}`.
/// A backslash and a quote are escaped too, so that the result is unambiguous.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|character| escape_into(character, &mut out));
    out
}

fn escape_into(character: char, out: &mut String) {
    match character {
        '\\' | '"' => out.extend(['\\', character]),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if is_harmless(character) => out.push(character),
        _ => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
    }
}

fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Appends octets as quoted, escaped text, cut to a bound.
pub(super) fn quoted(octets: &[u8], out: &mut String) {
    let (shown, cut) = shorten(octets);
    out.push('"');
    String::from_utf8_lossy(shown).chars().for_each(|character| escape_into(character, out));
    out.push_str(if cut { "…\"" } else { "\"" });
}

/// Appends octets as hexadecimal digits, cut to a bound.
pub(super) fn hex(octets: &[u8], out: &mut String) {
    let (shown, cut) = shorten(octets);
    for octet in shown {
        let _ = write!(out, "{octet:02x}");
    }
    if cut {
        out.push('…');
    }
}

fn shorten(octets: &[u8]) -> (&[u8], bool) {
    octets.get(..FIELD).map_or((octets, false), |shown| (shown, octets.len() > FIELD))
}
