//! The blocks of a pcapng file (draft-ietf-opsawg-pcapng), as far as a capture of one call needs them. Little-endian,
//! one section, one interface, times in microseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

use super::SNAPLEN;

/// LINKTYPE_PPP_WITH_DIR: before each frame one octet, 0 = received, 1 = sent.
const LINK_TYPE: u16 = 204;
const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const STATISTICS: u32 = 5;
const PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// A comment, in any block.
const COMMENT: u16 = 1;
/// Address and control as every packet decoder expects them (RFC 1662 §3.1).
const HEADER: [u8; 2] = [0xff, 0x03];

/// One frame on its way to the file.
pub(super) struct Frame {
    /// From us.
    pub(super) sent: bool,
    /// When it passed.
    pub(super) at: SystemTime,
    /// From the protocol field on, without secrets.
    pub(super) packet: Vec<u8>,
    /// Frames that were left out right before it.
    pub(super) dropped: u64,
}

/// How a capture went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Frames that were written.
    pub frames: u64,
    /// Frames that were left out, because the file was too slow.
    pub dropped: u64,
}

/// What a file begins with: the section and its one interface.
pub(super) fn head(comment: &str) -> Vec<u8> {
    let mut section = Block::new(SECTION);
    section.u32(BYTE_ORDER).u16(1).u16(0).u64(u64::MAX); // version 1.0, of a length not known yet
    section.option(COMMENT, comment.as_bytes());
    section.option(4, concat!("OpenRAS ", env!("CARGO_PKG_VERSION")).as_bytes());
    let mut interface = Block::new(INTERFACE);
    interface.u16(LINK_TYPE).u16(0).u32(SNAPLEN as u32);
    interface.option(2, b"ppp");
    [section.end(), interface.end()].concat()
}

/// One frame: its direction stands twice, before it and in the block's flags, for readers of either.
pub(super) fn packet(frame: &Frame) -> Vec<u8> {
    let front = 1 + HEADER.len();
    let kept = frame.packet.get(..SNAPLEN - front).unwrap_or(&frame.packet);
    let mut block = Block::new(PACKET);
    block.u32(0).time(frame.at);
    block.u32((front + kept.len()) as u32).u32((front + frame.packet.len()) as u32);
    block.bytes(&[u8::from(frame.sent)]).bytes(&HEADER).bytes(kept).pad();
    // inbound 1, outbound 2
    block.option(2, &(1 + u32::from(frame.sent)).to_le_bytes());
    if frame.dropped > 0 {
        block.option(4, &frame.dropped.to_le_bytes());
    }
    block.end()
}

/// What a file ends with: how many frames there were.
pub(super) fn tail(begun: SystemTime, ended: SystemTime, went: Summary) -> Vec<u8> {
    let mut block = Block::new(STATISTICS);
    block.u32(0).time(ended);
    for (code, time) in [(2, begun), (3, ended)] {
        let [high, low] = halves(time);
        block.option(code, &[high.to_le_bytes(), low.to_le_bytes()].concat());
    }
    block.option(4, &(went.frames + went.dropped).to_le_bytes());
    block.option(5, &went.dropped.to_le_bytes());
    block.end()
}

/// A block in the making: type, room for the length, then the body.
struct Block(Vec<u8>);

impl Block {
    fn new(kind: u32) -> Self {
        let mut block = Self(Vec::new());
        block.u32(kind).u32(0);
        block
    }

    fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Everything begins at a multiple of four octets.
    fn pad(&mut self) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    fn time(&mut self, time: SystemTime) -> &mut Self {
        let [high, low] = halves(time);
        self.u32(high).u32(low)
    }

    /// An option; an empty one says nothing and is left out.
    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        if !value.is_empty() {
            self.u16(code).u16(value.len() as u16).bytes(value).pad();
        }
    }

    /// The end of the options, and the block's length before and after its body.
    fn end(mut self) -> Vec<u8> {
        self.u32(0);
        let length = (self.0.len() as u32 + 4).to_le_bytes();
        self.bytes(&length);
        if let Some(place) = self.0.get_mut(4..8) {
            place.copy_from_slice(&length);
        }
        self.0
    }
}

/// Microseconds since 1970, in two words.
fn halves(time: SystemTime) -> [u32; 2] {
    let micros = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64;
    [(micros >> 32) as u32, micros as u32]
}
