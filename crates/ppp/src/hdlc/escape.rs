//! Transparency, RFC 1662 §4.2: putting escapes in and taking them out.
//!
//! Both directions look at blocks of 32 octets. First each octet of a block is marked, by loops that the
//! compiler turns into vector instructions. A block without marks is copied whole, a block of nothing but
//! escapes is widened or narrowed whole; any other goes through a loop without branches on the data, so that
//! frequent escapes cost no mispredictions.

use memchr::memchr2;

use super::{DEFAULT_ACCM, ESCAPE, FLAG, FLIP, in_map};

/// Octets looked at in one go.
const BLOCK: usize = 32;
type Block = [u8; BLOCK];

/// Appends `octets` to `out`, escaping flags, escapes and the control characters in `accm`.
#[inline]
pub(super) fn escape(octets: &[u8], accm: u32, out: &mut Vec<u8>) {
    match accm {
        0 => {
            let clean = memchr2(FLAG, ESCAPE, octets).unwrap_or(octets.len());
            let (head, tail) = octets.split_at_checked(clean).unwrap_or((octets, &[]));
            out.extend_from_slice(head);
            escape_blocks(tail, is_framing, out);
        }
        DEFAULT_ACCM => escape_blocks(octets, |octet| is_framing(octet) | (octet < 0x20), out),
        _ => escape_blocks(octets, |octet| is_framing(octet) | in_map(accm, octet), out),
    }
}

/// A flag or an escape.
#[inline(always)]
fn is_framing(octet: u8) -> bool {
    octet.wrapping_sub(ESCAPE) < 2
}

#[inline(always)]
fn escape_blocks(octets: &[u8], special: impl Fn(u8) -> bool, out: &mut Vec<u8>) {
    let (blocks, rest) = octets.as_chunks::<BLOCK>();
    for block in blocks {
        let marks = block.map(|octet| u8::from(special(octet)));
        if marks.iter().fold(0, |any, mark| any | mark) == 0 {
            out.extend_from_slice(block);
        } else {
            escape_marked(block, &marks, out);
        }
    }
    for octet in rest {
        if special(*octet) {
            out.extend_from_slice(&[ESCAPE, octet ^ FLIP]);
        } else {
            out.push(*octet);
        }
    }
}

/// `marks` is 1 for octets to escape and 0 for others.
#[inline(always)]
#[allow(clippy::indexing_slicing)] // two places an octet, [`BLOCK`] octets: the masks never bite
fn escape_marked(block: &Block, marks: &Block, out: &mut Vec<u8>) {
    let mut wide = [ESCAPE; 2 * BLOCK];
    if marks.iter().fold(1, |all, mark| all & mark) == 1 {
        for (pair, octet) in wide.as_chunks_mut::<2>().0.iter_mut().zip(block) {
            pair[1] = octet ^ FLIP;
        }
        return out.extend_from_slice(&wide);
    }
    let mut length = 0;
    for (octet, mark) in block.iter().zip(marks) {
        wide[length & (2 * BLOCK - 1)] = ESCAPE;
        length += usize::from(*mark);
        wide[length & (2 * BLOCK - 1)] = octet ^ (mark * FLIP);
        length += 1;
    }
    out.extend_from_slice(&wide[..length.min(2 * BLOCK)]);
}

/// Appends `octets`, which hold no flag, to `out` without their escapes. `pending` says that an escape came
/// before the first octet and, afterwards, that one came last.
#[inline]
pub(super) fn unescape(mut octets: &[u8], pending: &mut bool, out: &mut Vec<u8>) {
    loop {
        if *pending && let [first, rest @ ..] = octets {
            // so that a block never begins with an operand
            out.push(first ^ FLIP);
            *pending = false;
            octets = rest;
        }
        let Some((block, rest)) = octets.split_first_chunk::<BLOCK>() else { break };
        octets = rest;
        let marks = block.map(|octet| u8::from(octet == ESCAPE));
        if marks.iter().fold(0, |any, mark| any | mark) == 0 {
            out.extend_from_slice(block);
        } else {
            unescape_marked(block, &marks, pending, out);
        }
    }
    for octet in octets {
        if *pending || *octet != ESCAPE {
            out.push(octet ^ (u8::from(*pending) * FLIP));
            *pending = false;
        } else {
            *pending = true;
        }
    }
}

/// `marks` is 1 for escapes and 0 for others; the first octet is no operand.
#[inline(always)]
#[allow(clippy::indexing_slicing)] // one place an octet, [`BLOCK`] octets: the mask never bites
fn unescape_marked(block: &Block, marks: &Block, pending: &mut bool, out: &mut Vec<u8>) {
    let pairs = block.as_chunks::<2>().0;
    if pairs.iter().fold(true, |all, pair| all & (pair[0] == ESCAPE)) {
        let mut narrow = [0; BLOCK / 2];
        for (octet, pair) in narrow.iter_mut().zip(pairs) {
            *octet = pair[1] ^ FLIP;
        }
        return out.extend_from_slice(&narrow);
    }
    let mut plain = [0; BLOCK];
    let mut length = 0;
    let mut flip = 0;
    for (octet, mark) in block.iter().zip(marks) {
        plain[length & (BLOCK - 1)] = octet ^ (flip * FLIP);
        // an escape after an escape is an operand like any other
        flip = mark & (flip ^ 1);
        length += usize::from(flip ^ 1);
    }
    *pending = flip != 0;
    out.extend_from_slice(&plain[..length.min(BLOCK)]);
}

/// Like [`unescape`], but control characters in `accm` are taken as put in by the line and left out, also
/// between an escape and its operand (RFC 1662 §4.2). Only for octets where there are such.
pub(super) fn unescape_filtered(octets: &[u8], accm: u32, pending: &mut bool, out: &mut Vec<u8>) {
    for octet in octets.iter().filter(|octet| !in_map(accm, **octet)) {
        if *pending {
            *pending = false;
            out.push(octet ^ FLIP);
        } else if *octet == ESCAPE {
            *pending = true;
        } else {
            out.push(*octet);
        }
    }
}

/// Whether a control character in `accm` is among `octets`.
#[inline]
pub(super) fn has_controls(octets: &[u8], accm: u32) -> bool {
    accm != 0
        && octets.iter().fold(false, |any, octet| any | (*octet < 0x20))
        && octets.iter().any(|octet| in_map(accm, *octet))
}
