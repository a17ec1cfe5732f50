//! Telling PPP from text in the bytes of a line that just came up, or that a person or a module is using.
//!
//! The recogniser holds no clock: [`Recogniser::push`] is told the time, and its owner compares
//! [`Recogniser::last_byte`] with its own limits. No byte is lost at the switch: what came before the first frame
//! is text, and the frame's header and all that follows is for PPP.

use std::collections::VecDeque;
use std::time::Instant;

/// The shapes an LCP frame can begin with (ppp-wire.md §2.7). Each begins with the flag and holds no other one.
const HEADERS: &[(&[u8], Header)] = &[
    (&[0x7e, 0xff, 0x7d, 0x23], Header::Ppp),
    (&[0x7e, 0xff, 0x03, 0xc0, 0x21], Header::Ppp),
    (&[0x7e, 0x7d, 0xdf, 0x7d, 0x23], Header::Ppp),
    (&[0x7e, 0x7f, 0x7d, 0x23, 0x40, 0x21], Header::SevenBit),
    (&[0x7e, 0x7d, 0x5f, 0x7d, 0x23, 0x40, 0x21], Header::SevenBit),
];

/// The flag octet, RFC 1662 §3.1.
const FLAG: u8 = 0x7e;

/// How much of what was sent is remembered for the comparison with an echo, in bytes.
const REMEMBERED: usize = 2048;

/// What a frame's beginning says about the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A PPP peer.
    Ppp,
    /// A PPP peer behind a line that strips the eighth bit. PPP cannot work over it; say so.
    SevenBit,
}

/// What [`Recogniser::push`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Bytes for the person, module or log, in order.
    pub text: Vec<u8>,
    /// The first frame, if it began: its kind, and its bytes from the opening flag to the end of the input.
    /// All later bytes belong to PPP; the recogniser is finished.
    pub ppp: Option<(Header, Vec<u8>)>,
}

/// Looks for the first PPP frame in a stream of bytes, however they are cut.
///
/// A frame that this end has sent itself and that comes back (a line or host that echoes) is neither a peer nor
/// an unfinished line; its bytes are given out as text like all others.
#[derive(Clone, Debug, Default)]
pub struct Recogniser {
    /// Bytes that may be the beginning of a header; never more than the longest header.
    held: Vec<u8>,
    /// How many bytes of `held` were already given out as text by [`Recogniser::settle`].
    shown: usize,
    /// The current line of text has a character in it.
    unfinished: bool,
    last_byte: Option<Instant>,
    sent: VecDeque<u8>,
    /// The bytes before this one were an echo, and what was sent after them stands first in `sent`.
    echoing: bool,
}

impl Recogniser {
    /// A recogniser that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Remembers what this end sent (the last 2 KiB of it), so that its echo is not taken for a peer.
    pub fn note_sent(&mut self, bytes: &[u8]) {
        self.sent.extend(bytes);
        let surplus = self.sent.len().saturating_sub(REMEMBERED);
        self.sent.drain(..surplus);
    }

    /// Forgets what this end sent, except the last `keep` bytes of it: what is older does not come back any more.
    pub fn forget_sent(&mut self, keep: usize) {
        let surplus = self.sent.len().saturating_sub(keep);
        if surplus > 0 {
            self.sent.drain(..surplus);
            self.echoing = false;
        }
    }

    /// Takes bytes of the line that came at `now`.
    pub fn push(&mut self, now: Instant, bytes: &[u8]) -> Seen {
        if !bytes.is_empty() {
            self.last_byte = Some(now);
        }
        let mut seen = Seen::default();
        let mut rest = bytes.iter();
        while let Some(&byte) = rest.next() {
            if self.echoing && self.held.is_empty() {
                self.echoing = self.sent.pop_front().is_some_and(|went| went & 0x7f == byte & 0x7f);
                if self.echoing {
                    seen.text.push(byte);
                    continue;
                }
            }
            self.held.push(byte);
            match matching(&self.held) {
                Match::Part => {}
                Match::Whole(_) if self.is_echo() => {
                    self.echoing = true;
                    seen.text.extend(self.held.drain(..).skip(self.shown));
                    self.shown = 0;
                }
                Match::Whole(header) => {
                    let mut frame = std::mem::take(&mut self.held);
                    frame.extend_from_slice(rest.as_slice());
                    seen.ppp = Some((header, frame));
                    return seen;
                }
                Match::No => self.mismatch(byte, &mut seen.text),
            }
        }
        seen
    }

    /// Gives out bytes that were held back as a possible header, because nothing followed for a while. Should
    /// the header be completed later, PPP still gets all of it.
    pub fn settle(&mut self) -> Vec<u8> {
        let text = self.held.get(self.shown..).unwrap_or_default().to_vec();
        self.shown = self.held.len();
        text
    }

    /// Ends the search without a header: the bytes still held back, which go to whoever takes the line next.
    pub fn finish(self) -> Vec<u8> {
        self.held
    }

    /// When the last byte came.
    pub fn last_byte(&self) -> Option<Instant> {
        self.last_byte
    }

    /// Whether bytes are held back as a possible header that [`Recogniser::settle`] has not given out.
    pub fn holds_back(&self) -> bool {
        self.held.len() > self.shown
    }

    /// Whether the text so far ends in a line without a line end: what a prompt looks like. Blanks, controls,
    /// noise octets (NUL, FF) and the echo of frames of ours make no line.
    pub fn unfinished(&self) -> bool {
        self.unfinished
    }

    /// What was held is text; `byte`, its last one, may begin a header of its own.
    fn mismatch(&mut self, byte: u8, text: &mut Vec<u8>) {
        if byte == FLAG && self.held.len() > 1 {
            self.held.pop();
            self.give_up(text);
            self.held.push(byte);
        } else {
            self.give_up(text);
        }
    }

    fn give_up(&mut self, text: &mut Vec<u8>) {
        for &byte in &self.held {
            match byte {
                b'\r' | b'\n' => self.unfinished = false,
                0..=b' ' | 0x7f | 0xff => {}
                _ => self.unfinished = true,
            }
        }
        text.extend(self.held.drain(..).skip(self.shown));
        self.shown = 0;
    }

    /// Whether the complete header in `held` stands in what we sent, seven or eight bits of it. Each one sent
    /// explains one that comes back.
    fn is_echo(&mut self) -> bool {
        let same = |at: usize| {
            self.held.iter().zip(self.sent.range(at..)).all(|(came, went)| came & 0x7f == went & 0x7f)
        };
        let last = self.sent.len().checked_sub(self.held.len());
        let found = last.and_then(|last| (0..=last).find(|at| same(*at)));
        if let Some(at) = found {
            self.sent.drain(..at + self.held.len());
        }
        found.is_some()
    }
}

enum Match {
    No,
    Part,
    Whole(Header),
}

fn matching(bytes: &[u8]) -> Match {
    let mut result = Match::No;
    for (pattern, header) in HEADERS {
        if *pattern == bytes {
            return Match::Whole(*header);
        }
        if pattern.starts_with(bytes) {
            result = Match::Part;
        }
    }
    result
}

#[cfg(test)]
mod tests;
