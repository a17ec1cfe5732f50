//! The receiving half: the stream of bytes becomes frames (RFC 1662 §4).

use std::fmt;

use memchr::{memchr, memchr2};
use thiserror::Error;
use zeroize::Zeroize;

use super::{ADDRESS, CONTROL, DEFAULT_ACCM, ESCAPE, FLAG, escape, fcs};
use crate::stats::Stats;

/// Every end must take this many octets of information, whatever MRU it asked for (RFC 1661 §6.1).
const DEFAULT_MRU: usize = 1500;
/// Address, control, protocol and the longer FCS.
const OVERHEAD: usize = 8;
/// Shorter than this there is no room for a protocol number beside the FCS.
const SHORTEST: usize = 4;

/// Why something between two flags was not a frame. It is counted and gone; the next frame is not harmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The FCS is wrong: the line has damaged the frame.
    #[error("the frame check sequence is wrong")]
    Fcs,
    /// The sender gave the frame up (`7D 7E`).
    #[error("the sender gave the frame up")]
    Abort,
    /// Too short to hold a protocol and an FCS.
    #[error("the frame is too short")]
    Runt,
    /// Longer than we take.
    #[error("the frame is too long")]
    Overflow,
    /// The FCS is good, but the control field is not Unnumbered Information.
    #[error("the frame has an unknown control field")]
    Control,
}

/// Finds the frames in a stream of bytes, however it is cut.
///
/// What comes before the first flag is skipped without a count. A frame that lies in one slice and has no
/// escapes is lent from that slice; another is put together in a buffer that is given back as soon as a
/// slice has been eaten and no frame is in the making: an idle deframer holds no memory. A frame of PAP, which has
/// the password in it, is wiped before.
pub struct Deframer {
    /// The frame in the making, without escapes, with FCS.
    buffer: Vec<u8>,
    /// The longest frame taken, in octets from address to FCS.
    longest: usize,
    /// Control characters put in by the line.
    accm: u32,
    /// The last octet was an escape.
    escaped: bool,
    /// Skip until the next flag.
    toss: bool,
    /// The buffer's frame has been lent.
    delivered: bool,
    stats: Stats,
}

impl fmt::Debug for Deframer {
    /// Without the octets: a password may be among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Deframer");
        text.field("gathered", &self.buffer.len()).field("accm", &self.accm).field("toss", &self.toss);
        text.field("stats", &self.stats).finish_non_exhaustive()
    }
}

impl Default for Deframer {
    fn default() -> Self {
        Self::new()
    }
}

impl Deframer {
    /// A deframer for a line that has just come up: the default receiving ACCM, frames of 1500 octets.
    pub fn new() -> Self {
        Self {
            buffer: Vec::new(),
            longest: DEFAULT_MRU + OVERHEAD,
            accm: DEFAULT_ACCM,
            escaped: false,
            toss: true,
            delivered: false,
            stats: Stats::default(),
        }
    }

    /// Sets our receiving map: what our acknowledged Configure-Request asked for, `FFFFFFFF` outside Opened.
    /// Bit n is character n. Holds from the next octet on.
    pub fn set_receive_accm(&mut self, accm: u32) {
        self.accm = accm;
    }

    /// Sets the largest information field taken, in octets; below 1500 it is 1500.
    pub fn set_receive_mru(&mut self, mru: u16) {
        self.longest = usize::from(mru).max(DEFAULT_MRU) + OVERHEAD;
    }

    /// What was received and dropped so far.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// For the counters that the sending half and the owner keep.
    pub fn stats_mut(&mut self) -> &mut Stats {
        &mut self.stats
    }

    /// Octets of memory held for a frame in the making.
    pub fn held(&self) -> usize {
        self.buffer.capacity()
    }

    /// Eats `input` up to the end of one frame and lends it from the protocol field on: without flags,
    /// escapes, FCS, and without address and control where they were sent. The protocol field is as sent, of
    /// one octet or two; the frame is never empty.
    ///
    /// `None`: all of `input` is eaten and no frame is complete. Call until then.
    ///
    /// # Errors
    /// What was dropped, in its place among the frames. Empty frames are no error.
    pub fn next_frame<'a, 'i: 'a>(
        &'a mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<&'a [u8], FrameError>> {
        if std::mem::take(&mut self.delivered) {
            if has_password(&self.buffer) {
                self.buffer.zeroize();
            }
            self.buffer.clear();
        }
        while !input.is_empty() {
            let Some((segment, clean)) = self.segment(input) else {
                if self.gather_rest(input) {
                    return Some(Err(FrameError::Overflow));
                }
                break;
            };
            if std::mem::take(&mut self.toss) {
                continue;
            }
            if clean && self.buffer.is_empty() && !self.escaped {
                if segment.is_empty() {
                    continue;
                }
                return Some(check(segment, self.longest, &mut self.stats));
            }
            if self.gather(segment) {
                return Some(Err(FrameError::Overflow));
            }
            if std::mem::take(&mut self.escaped) {
                self.buffer.clear();
                self.stats.aborts += 1;
                return Some(Err(FrameError::Abort));
            }
            if self.buffer.is_empty() {
                continue;
            }
            self.delivered = true;
            return Some(check(&self.buffer, self.longest, &mut self.stats));
        }
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
        }
        None
    }

    /// Takes what stands before the next flag, and the flag; says whether it is free of escapes and of
    /// characters the line put in. `None` without a flag.
    fn segment<'i>(&mut self, input: &mut &'i [u8]) -> Option<(&'i [u8], bool)> {
        let octets = *input;
        let special = memchr2(FLAG, ESCAPE, octets)?;
        let escapes = octets.get(special) == Some(&ESCAPE);
        let end = if escapes { special + memchr(FLAG, octets.get(special..)?)? } else { special };
        let segment = octets.get(..end)?;
        *input = octets.get(end + 1..).unwrap_or_default();
        self.stats.bytes_received += end as u64 + 1;
        let clean = !escapes && (self.toss || !escape::has_controls(segment, self.accm));
        Some((segment, clean))
    }

    /// Takes all of `input`, in which there is no flag; says whether the frame has become too long.
    fn gather_rest(&mut self, input: &mut &[u8]) -> bool {
        let rest = std::mem::take(input);
        self.stats.bytes_received += rest.len() as u64;
        if self.toss {
            return false;
        }
        self.toss = self.gather(rest);
        self.toss
    }

    /// Adds octets without a flag to the buffer; says whether the frame has become too long and was dropped.
    fn gather(&mut self, mut octets: &[u8]) -> bool {
        while !octets.is_empty() {
            // escapes at most halve it, so this much never passes the cap by more than the cap
            let room = self.longest + 1 - self.buffer.len();
            let (part, rest) = octets.split_at_checked(room).unwrap_or((octets, &[]));
            self.buffer.reserve(part.len());
            if escape::has_controls(part, self.accm) {
                escape::unescape_filtered(part, self.accm, &mut self.escaped, &mut self.buffer);
            } else {
                escape::unescape(part, &mut self.escaped, &mut self.buffer);
            }
            if self.buffer.len() > self.longest {
                self.buffer.clear();
                self.escaped = false;
                self.stats.overflows += 1;
                return true;
            }
            octets = rest;
        }
        false
    }
}

impl Drop for Deframer {
    /// What was in the making may have been a password.
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// Whether this is a frame of PAP, C023.
fn has_password(frame: &[u8]) -> bool {
    matches!(frame, [ADDRESS, CONTROL, 0xc0, 0x23, ..] | [0xc0, 0x23, ..])
}

/// A whole frame with its FCS becomes a packet from its protocol field on.
fn check<'f>(frame: &'f [u8], longest: usize, stats: &mut Stats) -> Result<&'f [u8], FrameError> {
    if frame.len() > longest {
        stats.overflows += 1;
        return Err(FrameError::Overflow);
    }
    if frame.len() < SHORTEST {
        stats.runts += 1;
        return Err(FrameError::Runt);
    }
    if fcs::update(fcs::INIT, frame) != fcs::GOOD {
        stats.fcs_errors += 1;
        return Err(FrameError::Fcs);
    }
    match frame.split_at_checked(frame.len() - 2).map(|(packet, _fcs)| packet) {
        Some([ADDRESS, CONTROL]) | None => {
            stats.runts += 1;
            Err(FrameError::Runt)
        }
        // a compressed frame never starts with FF: it is odd, and protocol 00FF is banned for this
        Some([ADDRESS, CONTROL, packet @ ..]) => {
            stats.frames_received += 1;
            Ok(packet)
        }
        Some([ADDRESS, ..]) => {
            stats.bad_headers += 1;
            Err(FrameError::Control)
        }
        Some(packet) => {
            stats.frames_received += 1;
            Ok(packet)
        }
    }
}
