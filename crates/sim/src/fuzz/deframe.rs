//! The deframer: however a stream is cut, the same frames come out of it, and memory is capped.
//!
//! The first octet chooses map, MRU and cuts, the others are the stream.

use openras_ppp::hdlc::{Deframer, FrameError, Framing, frame};
use openras_ppp::stats::Stats;
use openras_ppp::wire::Protocol;

/// What one frame became.
type Got = Result<Vec<u8>, FrameError>;

const MAPS: [u32; 4] = [0xffff_ffff, 0, 0x000a_0000, 0x8000_0001];
const MRUS: [u16; 3] = [1500, 64, 4000];
/// Address, control, protocol and the longer FCS, as the deframer allows for.
const OVERHEAD: usize = 8;

/// Runs the body.
pub fn run(data: &[u8]) {
    let Some((&choice, stream)) = data.split_first() else { return };
    let pick = usize::from(choice);
    let accm = MAPS.get(pick % 4).copied().unwrap_or_default();
    let mru = MRUS.get(pick / 4 % 3).copied().unwrap_or_default();
    let whole = deframe(accm, mru, std::iter::once(stream));
    assert_eq!(whole, deframe(accm, mru, stream.chunks(1)), "octet by octet");
    assert_eq!(whole, deframe(accm, mru, stream.chunks(pick / 12 + 2)), "in equal pieces");
    assert_eq!(whole, deframe(accm, mru, pieces(stream, choice)), "in unequal pieces");
    assert_eq!(whole.1.bytes_received, stream.len() as u64);
    for packet in whole.0.into_iter().flatten() {
        survives(&packet);
    }
}

/// All frames of a stream that comes in these pieces, and the counters.
fn deframe<'s>(accm: u32, mru: u16, pieces: impl Iterator<Item = &'s [u8]>) -> (Vec<Got>, Stats) {
    let mut deframer = Deframer::new();
    deframer.set_receive_accm(accm);
    deframer.set_receive_mru(mru);
    let longest = usize::from(mru.max(1500)) + OVERHEAD;
    let mut all: Vec<Got> = Vec::new();
    for mut piece in pieces {
        while let Some(got) = deframer.next_frame(&mut piece) {
            if let Ok(packet) = got {
                assert!(!packet.is_empty() && packet.len() + 2 <= longest);
            }
            all.push(got.map(<[u8]>::to_vec));
            // a vector may double when it grows
            assert!(deframer.held() <= 2 * (longest + 1), "{} octets held", deframer.held());
        }
        assert!(piece.is_empty(), "not all was eaten");
        assert!(deframer.held() <= 2 * (longest + 1), "{} octets held", deframer.held());
    }
    let mut flag: &[u8] = &[0x7e];
    while let Some(got) = deframer.next_frame(&mut flag) {
        all.push(got.map(<[u8]>::to_vec));
    }
    assert_eq!(deframer.held(), 0, "an idle deframer holds memory");
    let mut stats = *deframer.stats();
    stats.bytes_received -= 1;
    let failed = stats.fcs_errors + stats.aborts + stats.runts + stats.overflows + stats.bad_headers;
    assert_eq!(all.len() as u64, stats.frames_received + failed, "each frame is counted once");
    (all, stats)
}

/// Pieces of 0 to 31 octets, of which `seed` decides.
fn pieces(mut rest: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut state = u32::from(seed);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = usize::try_from(state >> 27).unwrap_or(1).min(rest.len());
        let (piece, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(piece)
    })
}

/// What was received can be sent and received again, by every way to frame it.
fn survives(packet: &[u8]) {
    let Some((protocol, information)) = split(packet) else { return };
    for choice in 0..16u32 {
        let accm = MAPS.get(choice as usize / 4).copied().unwrap_or_default();
        let framing = Framing { accm, acfc: choice & 1 != 0, pfc: choice & 2 != 0 };
        let mut sent = Vec::new();
        frame(protocol, information, framing, false, &mut sent);
        let mut deframer = Deframer::new();
        deframer.set_receive_accm(accm);
        let mut stream = &sent[..];
        let got = deframer.next_frame(&mut stream);
        let got = got.and_then(Result::ok).and_then(split);
        if information.len() <= 1500 {
            assert_eq!(got, Some((protocol, information)), "{framing:?}");
        }
        assert!(stream.is_empty());
    }
}

/// Protocol and information, where the field is a valid one (RFC 1661 §2) and not 00FF, which ACFC forbids.
pub(super) fn split(packet: &[u8]) -> Option<(Protocol, &[u8])> {
    match *packet {
        [0xff, ..] => None,
        [short, ref rest @ ..] if short & 1 == 1 => Some((Protocol(u16::from(short)), rest)),
        [0, 0xff, ..] => None,
        [high, low, ref rest @ ..] if low & 1 == 1 => Some((Protocol(u16::from_be_bytes([high, low])), rest)),
        _ => None,
    }
}
