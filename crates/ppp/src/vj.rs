//! Van Jacobson's compression of TCP/IP headers (RFC 1144): 40 octets become three to sixteen, by what has changed since the
//! packet before it of the same connection.
//!
//! A frame that is lost makes the next ones wrong. [`Decompressor::lost`] is told of every loss that is seen, and the TCP
//! checksum of every rebuilt packet is looked at: nothing wrong is delivered, and TCP's own repetition brings it back.

mod compress;
mod decompress;
mod header;
#[cfg(test)]
mod tests;

pub use compress::{Compressor, Packet};
pub use decompress::{Decompressor, Tossed};

/// The slot number follows.
const SLOT: u8 = 0x40;
/// The IP identification changed by other than one.
const ID: u8 = 0x20;
/// TCP's PSH.
const PUSH: u8 = 0x10;
const SEQUENCE: u8 = 0x08;
const ACKNOWLEDGEMENT: u8 = 0x04;
const WINDOW: u8 = 0x02;
const URGENT: u8 = 0x01;
/// The four that have numbers, and the combinations of them that mean something else.
const NUMBERS: u8 = SEQUENCE | ACKNOWLEDGEMENT | WINDOW | URGENT;
/// "Echoed interactive": sequence and acknowledgement have moved by the data of the packet before.
const ECHOED: u8 = SEQUENCE | WINDOW | URGENT;
/// "Unidirectional data": the sequence has moved by the data of the packet before.
const ONE_WAY: u8 = NUMBERS;

/// The usual highest slot number: 16 slots.
pub const DEFAULT_MAX_SLOT: u8 = 15;
