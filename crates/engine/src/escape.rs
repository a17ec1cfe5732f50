//! Text from outside made safe to show (defence rule 15).
//!
//! Every text that a peer, server, modem or module chose goes through here before it reaches a terminal, a log,
//! a sentence, an event or a table. Only the Interactive pause is raw.

use std::fmt::Write;

/// Shows `text` with everything that could steer a terminal or disguise the text spelt out: C0 and C1 controls,
/// ESC, DEL, line ends, bidirectional and invisible format characters, and the backslash itself.
///
/// The result is one line; `\r`, `\n` and `\t` appear as such, other characters as `\u{1b}`.
pub fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut out, c));
    out
}

/// Like [`line()`], but keeps line ends and tabs: for text of several lines in a place that has lines. CR LF and
/// a lone CR become a line end.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            c => push(&mut out, c),
        }
    }
    out
}

/// Like [`line()`], for bytes that may not be UTF-8; those that are not are shown as `\xff`.
pub fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push(&mut out, c));
        for byte in chunk.invalid() {
            // writing to a String cannot fail
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out
}

/// Like [`line()`], at most `max` characters of it long; a longer one ends in `…`.
pub fn short(text: &str, max: usize) -> String {
    let safe = line(text);
    if safe.chars().count() <= max {
        return safe;
    }
    let mut cut: String = safe.chars().take(max.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// One field of a CSV file: escaped, quoted where needed, and never the start of a formula.
pub fn csv(text: &str) -> String {
    let mut safe = line(text);
    if safe.starts_with(['=', '+', '-', '@']) {
        safe.insert(0, '\'');
    }
    if safe.contains([',', ';', '"', '\'']) || safe.starts_with(' ') || safe.ends_with(' ') {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

/// Text of ours for a caller's terminal: printable ASCII, CR LF for line ends, at most 1 KiB.
pub fn for_caller(text: &str) -> Vec<u8> {
    const LONGEST: usize = 1024;
    let mut out = Vec::with_capacity(text.len().min(LONGEST));
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let part: &[u8] = match c {
            '\r' => {
                chars.next_if_eq(&'\n');
                b"\r\n"
            }
            '\n' => b"\r\n",
            ' '..='~' => &[c as u8],
            _ => b"?",
        };
        if out.len() + part.len() > LONGEST {
            break;
        }
        out.extend_from_slice(part);
    }
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        c if c.is_control() || hides(c) => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Characters that are no controls yet change how the text around them looks, or cannot be seen at all.
fn hides(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn controls_and_bidi_are_spelt_out() {
        assert_eq!(line("a\x1b[2Jb\r\n\u{202e}c\u{9b}\u{7f}\\"), r"a\u{1b}[2Jb\r\n\u{202e}c\u{9b}\u{7f}\\");
        assert_eq!(line("Grüße, 世界"), "Grüße, 世界");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_hex() {
        assert_eq!(bytes(b"ok\xff\x1b"), r"ok\xff\u{1b}");
    }

    #[test]
    fn lines_keeps_only_line_ends_and_tabs() {
        assert_eq!(lines("a\r\nb\rc\n\td\x07"), "a\nb\nc\n\td\\u{7}");
    }

    #[test]
    fn a_csv_cell_starts_no_formula_and_stays_one_cell() {
        assert_eq!(csv("=1+1"), "\"'=1+1\"");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("plain"), "plain");
    }

    #[test]
    fn short_says_that_it_cut() {
        assert_eq!(short("abcdef", 4), "abc…");
        assert_eq!(short("abcd", 4), "abcd");
    }

    #[test]
    fn the_caller_gets_printable_text_of_at_most_1_kib() {
        assert_eq!(for_caller("Code:\nü\x1b"), b"Code:\r\n??");
        assert_eq!(for_caller(&"\n".repeat(5000)).len(), 1024);
    }

    proptest! {
        #[test]
        fn nothing_that_steers_comes_through(text in any::<String>(), raw in any::<Vec<u8>>()) {
            for shown in [line(&text), bytes(&raw), short(&text, 20), csv(&text)] {
                prop_assert!(!shown.chars().any(|c| c.is_control() || hides(c)), "{shown:?}");
            }
            prop_assert!(for_caller(&text).iter().all(|b| matches!(b, b' '..=b'~' | b'\r' | b'\n')));
        }

        #[test]
        fn different_texts_never_look_the_same(a in any::<String>(), b in any::<String>()) {
            prop_assert_eq!(a == b, line(&a) == line(&b));
        }
    }
}
