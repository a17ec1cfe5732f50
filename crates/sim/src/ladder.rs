//! The story of a pair as a ladder of packets.
//!
//! A frame stands at the time it was written, with an arrow the way it went and what the line did to it. What
//! an end said stands without an arrow, after its name.

use std::fmt::Write;

use openras_ppp::hdlc::Deframer;
use openras_ppp::show::show;
use openras_ppp::wire::Protocol;

use crate::pair::{Entry, Told};
use crate::wire::{Fate, Side};

/// Where the fate of a damaged frame begins.
const FATE_COLUMN: usize = 96;
/// More hexadecimal digits than this are cut, to so many.
const LONG: usize = 24;
const KEPT_DIGITS: usize = 8;

/// The whole story, one entry a line.
pub fn ladder(story: &[Entry]) -> String {
    let mut text = String::new();
    for entry in story {
        let _ = writeln!(text, "{}", line(entry).trim_end());
    }
    text
}

fn line(entry: &Entry) -> String {
    let at = entry.at.as_secs_f64();
    let name = match entry.side {
        Side::Client => "client",
        Side::Server => "server",
    };
    match &entry.told {
        Told::Frame { frame, fate } => {
            let arrow = if entry.side == Side::Client { "→" } else { "←" };
            let line = format!("{at:8.3}  client {arrow} server  {}", packets(frame));
            match fate {
                Fate::Whole => line,
                fate => format!("{line:<FATE_COLUMN$}  {fate}"),
            }
        }
        Told::News(news) => format!("{at:8.3}  {name}: {news}"),
        Told::Dials(number) => format!("{at:8.3}  {name} dials \"{}\"", number.escape_default()),
        Told::Answers => format!("{at:8.3}  {name} answers"),
        Told::HangsUp => format!("{at:8.3}  {name} hangs up"),
    }
}

/// The text of what was written, as whole frames; other bytes as escaped text.
fn packets(written: &[u8]) -> String {
    let mut deframer = Deframer::new();
    // what was written has met no line yet: nothing in it was put in by one
    deframer.set_receive_accm(0);
    deframer.set_receive_mru(u16::MAX);
    let mut texts = Vec::new();
    let mut bytes = written;
    while let Some(frame) = deframer.next_frame(&mut bytes) {
        texts.push(match frame {
            Ok([low, packet @ ..]) if low & 1 == 1 => show(Protocol(u16::from(*low)), packet),
            Ok([high, low, packet @ ..]) => show(Protocol(u16::from_be_bytes([*high, *low])), packet),
            Ok(_) => "no protocol".to_owned(),
            Err(error) => error.to_string(),
        });
    }
    if texts.is_empty() {
        return format!("\"{}\"", written.escape_ascii());
    }
    shorten(&texts.join(" "))
}

/// Cuts long runs of hexadecimal digits: a reader compares their beginnings.
fn shorten(text: &str) -> String {
    let mut short = String::with_capacity(text.len());
    let mut digits = String::new();
    for letter in text.chars().chain(std::iter::once('\0')) {
        if letter.is_ascii_hexdigit() {
            digits.push(letter);
            continue;
        }
        match digits.get(..KEPT_DIGITS).filter(|_| digits.len() > LONG) {
            Some(kept) => short.extend([kept, "…"]),
            None => short.push_str(&digits),
        }
        digits.clear();
        short.push(letter);
    }
    short.pop();
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_cut_and_addresses_are_not() {
        let value = "0123456789abcdef".repeat(3);
        assert_eq!(shorten(&format!("[value={value} id=12]")), "[value=01234567… id=12]");
        assert_eq!(shorten("<magic 0xb3df69d4> cafe"), "<magic 0xb3df69d4> cafe");
        assert_eq!(shorten(&value), "01234567…");
    }

    #[test]
    fn what_is_no_frame_stands_as_text() {
        assert_eq!(packets(b"Code: \r\n"), "\"Code: \\r\\n\"");
    }

    #[test]
    fn every_packet_of_a_write_is_told() {
        let mut written = Vec::new();
        let framing = openras_ppp::hdlc::Framing::DEFAULT;
        for code in [5, 6] {
            openras_ppp::hdlc::frame(Protocol::LCP, &[code, 1, 0, 4], framing, false, &mut written);
        }
        assert_eq!(packets(&written), "[LCP TermReq id=1] [LCP TermAck id=1]");
    }
}
