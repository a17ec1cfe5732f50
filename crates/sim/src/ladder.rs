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
        Told::Dials => format!("{at:8.3}  {name} dials"),
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
    texts.join(" ")
}
