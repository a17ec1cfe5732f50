//! The sending half: one packet becomes one frame.

use super::{ADDRESS, CONTROL, DEFAULT_ACCM, FLAG, escape, fcs};
use crate::wire::Protocol;

/// How frames are sent: what the peer asked for and we agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// Control characters to escape; bit n is character n.
    pub accm: u32,
    /// Leave out address and control (ACFC, RFC 1661 §6.6).
    pub acfc: bool,
    /// Send protocol numbers below 100 (hexadecimal) as one octet (PFC, RFC 1661 §6.5).
    pub pfc: bool,
}

impl Framing {
    /// Everything escaped, nothing left out: before LCP has opened and after it has closed.
    pub const DEFAULT: Self = Self { accm: DEFAULT_ACCM, acfc: false, pfc: false };

    /// What holds for this packet. LCP is never compressed, and its codes 1 to 7 keep the default map too,
    /// because the peer may not yet, or no longer, use what was agreed (RFC 1661 §6.5, §6.6; RFC 1662 §7.1).
    fn of(self, protocol: Protocol, packet: &[u8]) -> Self {
        match packet.first() {
            Some(1..=7) if protocol == Protocol::LCP => Self::DEFAULT,
            _ if protocol == Protocol::LCP => Self { accm: self.accm, ..Self::DEFAULT },
            _ => self,
        }
    }
}

impl Default for Framing {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Appends `packet`, the information field of `protocol`, to `out` as one frame.
///
/// LCP packets are framed by the rules for them whatever `framing` says. `shared_flag`: the octet sent last
/// was a closing flag less than about a second ago, so that it opens this frame too (RFC 1662 §4.4.1).
pub fn frame(protocol: Protocol, packet: &[u8], framing: Framing, shared_flag: bool, out: &mut Vec<u8>) {
    let framing = framing.of(protocol, packet);
    let [high, low] = protocol.0.to_be_bytes();
    let short = framing.pfc && high == 0 && low & 1 == 1;
    let whole = [ADDRESS, CONTROL, high, low];
    let header: &[u8] = match (framing.acfc, short) {
        (false, false) => &whole,
        (false, true) => &[ADDRESS, CONTROL, low],
        (true, false) => &[high, low],
        (true, true) => &[low],
    };
    let check = !fcs::update(fcs::update(fcs::INIT, header), packet);
    // room for the common case; dense escapes let the vector grow
    out.reserve(packet.len() + packet.len() / 8 + 16);
    if !shared_flag {
        out.push(FLAG);
    }
    escape::escape(header, framing.accm, out);
    escape::escape(packet, framing.accm, out);
    escape::escape(&check.to_le_bytes(), framing.accm, out);
    out.push(FLAG);
}
