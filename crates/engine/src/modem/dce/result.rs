//! What we answer a computer, in words or numbers.

use super::registers::{CR, LF};
use super::settings::Profile;

/// A result of V.250.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Result {
    Ok,
    /// With bits a second.
    Connect(u32),
    Ring,
    NoCarrier,
    Error,
    NoDialtone,
    Busy,
    NoAnswer,
}

/// Speeds that have a number of their own.
const SPEEDS: [(u32, u8); 13] = [
    (300, 1),
    (1200, 5),
    (600, 9),
    (2400, 10),
    (4800, 11),
    (9600, 12),
    (7200, 13),
    (12000, 14),
    (14400, 15),
    (19200, 16),
    (38400, 17),
    (57600, 18),
    (115_200, 19),
];

impl Result {
    /// By what X allows: without tones heard a busy line is no carrier, without speeds a CONNECT is bare.
    fn shown(self, x: u8) -> Self {
        match self {
            Self::Busy if x < 3 => Self::NoCarrier,
            Self::NoDialtone if x != 2 && x != 4 => Self::NoCarrier,
            other => other,
        }
    }

    /// Written for the computer; nothing where it wants to hear none.
    pub(super) fn write(self, profile: &Profile, out: &mut Vec<u8>) {
        if profile.quiet {
            return;
        }
        let result = self.shown(profile.x);
        if profile.verbose {
            line(&result.words(profile.x), profile, out);
        } else {
            out.extend(result.number(profile.x).to_string().bytes());
            out.push(profile.registers.get(CR));
        }
    }

    fn words(self, x: u8) -> String {
        match self {
            Self::Ok => "OK".into(),
            Self::Connect(300) => "CONNECT".into(),
            Self::Connect(speed) if x > 0 => format!("CONNECT {speed}"),
            Self::Connect(_) => "CONNECT".into(),
            Self::Ring => "RING".into(),
            Self::NoCarrier => "NO CARRIER".into(),
            Self::Error => "ERROR".into(),
            Self::NoDialtone => "NO DIALTONE".into(),
            Self::Busy => "BUSY".into(),
            Self::NoAnswer => "NO ANSWER".into(),
        }
    }

    fn number(self, x: u8) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Connect(speed) if x > 0 => {
                SPEEDS.iter().find(|(one, _)| *one == speed).map_or(1, |(_, number)| *number)
            }
            Self::Connect(_) => 1,
            Self::Ring => 2,
            Self::NoCarrier => 3,
            Self::Error => 4,
            Self::NoDialtone => 6,
            Self::Busy => 7,
            Self::NoAnswer => 8,
        }
    }
}

/// A line of information, or a result in words.
pub(super) fn line(text: &str, profile: &Profile, out: &mut Vec<u8>) {
    let end = [profile.registers.get(CR), profile.registers.get(LF)];
    if profile.verbose {
        out.extend(end);
    }
    out.extend(text.bytes());
    out.extend(end);
}
