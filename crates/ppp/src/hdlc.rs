//! PPP in HDLC-like framing on asynchronous lines, RFC 1662.
//!
//! [`frame()`] encodes one packet, [`Deframer`] finds the packets in a stream of bytes. Both work on whole
//! slices: runs without escapes are found and copied as runs, the FCS is computed over the whole packet.

mod deframe;
mod escape;
mod fcs;
mod frame;
#[cfg(test)]
mod tests;

pub use deframe::{Deframer, FrameError};
pub use frame::{Framing, frame};

/// Begins and ends every frame; one may do both.
pub const FLAG: u8 = 0x7e;
/// The next octet is XORed with 20 (hexadecimal).
pub const ESCAPE: u8 = 0x7d;
/// The map before and during negotiation: every control character is escaped (RFC 1662 §7.1).
pub const DEFAULT_ACCM: u32 = 0xffff_ffff;

/// Address of all stations.
const ADDRESS: u8 = 0xff;
/// Unnumbered information.
const CONTROL: u8 = 0x03;
/// What XORs an escaped octet.
const FLIP: u8 = 0x20;

/// Whether `octet` is a control character named in `map`: bit n of the map is character n.
#[inline(always)]
fn in_map(map: u32, octet: u8) -> bool {
    (u64::from(map) >> octet.min(63)) & 1 != 0
}
