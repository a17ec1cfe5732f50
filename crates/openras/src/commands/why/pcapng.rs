//! The control packets in a pcapng file of link type 204 (`LINKTYPE_PPP_WITH_DIR`), as `dial --capture` and
//! `capture = true` write them: one section, one interface, its byte order whichever it is.

use anyhow::{Result, bail};
use openras_ppp::event::{Direction, Packet};
use openras_ppp::wire::Protocol;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED: u32 = 6;
const PPP_WITH_DIR: u16 = 204;
/// Control packets that are kept: the newest.
const MOST: usize = 4096;

/// Reads words in the file's byte order.
struct Words<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl Words<'_> {
    fn u32(&self, at: usize) -> Option<u32> {
        let word = <[u8; 4]>::try_from(self.bytes.get(at..at.checked_add(4)?)?).ok()?;
        Some(if self.big { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) })
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let word = <[u8; 2]>::try_from(self.bytes.get(at..at.checked_add(2)?)?).ok()?;
        Some(if self.big { u16::from_be_bytes(word) } else { u16::from_le_bytes(word) })
    }
}

/// The control packets, in order.
///
/// # Errors
/// It is no pcapng file, or one of another link type.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet>> {
    let big = match (bytes.get(..4), bytes.get(8..12)) {
        (Some([0x0a, 0x0d, 0x0d, 0x0a]), Some([0x1a, 0x2b, 0x3c, 0x4d])) => true,
        (Some([0x0a, 0x0d, 0x0d, 0x0a]), Some([0x4d, 0x3c, 0x2b, 0x1a])) => false,
        _ => bail!("it is no pcapng file"),
    };
    let words = Words { bytes, big };
    let mut found = std::collections::VecDeque::new();
    let mut at = 0;
    // a file that is still being written ends in the middle of a block
    while let (Some(kind), Some(length)) = (words.u32(at), words.u32(at + 4)) {
        let length = usize::try_from(length)?;
        let Some(next) = at.checked_add(length).filter(|next| *next <= bytes.len() && length >= 12) else {
            break;
        };
        match kind {
            SECTION if at > 0 => bail!("it has more than one section"),
            INTERFACE if words.u16(at + 8) != Some(PPP_WITH_DIR) => {
                bail!("its frames are of another kind than PPP with direction (link type 204)")
            }
            ENHANCED => {
                if let Some(packet) = packet(&words, at) {
                    if found.len() == MOST {
                        found.pop_front();
                    }
                    found.push_back(packet);
                }
            }
            _ => {}
        }
        at = next;
    }
    Ok(found.into())
}

/// The control packet in a block; `None` for data.
fn packet(words: &Words<'_>, at: usize) -> Option<Packet> {
    let captured = usize::try_from(words.u32(at + 20)?).ok()?;
    let data = words.bytes.get(at.checked_add(28)?..)?.get(..captured)?;
    let (way, rest) = data.split_first()?;
    let rest = rest.strip_prefix(&[0xff, 0x03]).unwrap_or(rest);
    let (protocol, body) = match *rest {
        [first, ..] if first & 1 == 1 => (u16::from(first), rest.get(1..)?),
        [high, low, ..] => (u16::from_be_bytes([high, low]), rest.get(2..)?),
        _ => return None,
    };
    // 8000 to BFFF control networks, C000 and above the link (RFC 1661 §2)
    (protocol >= 0x8000).then(|| {
        let direction = if *way == 1 { Direction::Sent } else { Direction::Received };
        Packet::of(direction, Protocol(protocol), body)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_capture_says_so_and_nothing_panics() {
        for bytes in [&b""[..], b"PK\x03\x04", &[0x0a, 0x0d, 0x0d, 0x0a], &[0x0a; 64]] {
            assert!(packets(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_length_that_lies_ends_the_reading() {
        let mut file = vec![0x0a, 0x0d, 0x0d, 0x0a, 12, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a];
        file.extend([6, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        assert_eq!(packets(&file).unwrap().len(), 0);
        file.truncate(12);
        file.extend([6, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(packets(&file).unwrap().len(), 0);
    }
}
