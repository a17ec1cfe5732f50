//! IP-Compression-Protocol, RFC 1332 §3.2 and §4: Van Jacobson's compression, in the six octets that say how many slots the
//! sender of the option has for what it receives, and whether a slot's number may be left out.
//!
//! The four octets of RFC 1172 and its number 0037 are answered with the six.

use crate::negotiator::Verdict;
use crate::vj::{Compressor, DEFAULT_MAX_SLOT, Decompressor};
use crate::wire::emit_option;

/// Its type.
pub(crate) const KIND: u8 = 2;
/// The protocol of VJ, and the number RFC 1172 gave it by mistake.
const VJ: u16 = 0x002d;
const VJ_OF_1172: u16 = 0x0037;

/// How one end receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The highest slot number.
    max: u8,
    /// A number may be left out: this end learns of damaged frames.
    omits: bool,
}

impl Slots {
    /// Ours: HDLC's FCS tells of damaged frames.
    const OURS: Self = Self { max: DEFAULT_MAX_SLOT, omits: true };

    fn emit(self, out: &mut Vec<u8>) {
        let [high, low] = VJ.to_be_bytes();
        emit_option(KIND, &[high, low, self.max, u8::from(self.omits)], out);
    }
}

/// What both ends said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Compression {
    wanted: bool,
    /// What we ask for; `None`: not, or no more.
    ours: Option<Slots>,
    /// What the peer's last judged request says.
    theirs: Option<Slots>,
}

impl Compression {
    pub(crate) fn new(wanted: bool) -> Self {
        Self { wanted, ours: wanted.then_some(Slots::OURS), theirs: None }
    }

    pub(crate) fn request(&self, out: &mut Vec<u8>) {
        if let Some(ours) = self.ours {
            ours.emit(out);
        }
    }

    /// A new request of the peer is judged.
    pub(crate) fn begin(&mut self) {
        self.theirs = None;
    }

    pub(crate) fn judge(&mut self, data: &[u8], nak: &mut Vec<u8>) -> Verdict {
        let Some((protocol, rest)) = data.split_first_chunk::<2>().filter(|_| self.wanted) else {
            return Verdict::Reject;
        };
        match (u16::from_be_bytes(*protocol), rest) {
            (VJ, &[max, omits @ (0 | 1)]) => {
                self.theirs = Some(Slots { max, omits: omits == 1 });
                Verdict::Ack
            }
            (VJ | VJ_OF_1172, _) => {
                Slots::OURS.emit(nak);
                Verdict::Nak
            }
            _ => Verdict::Reject,
        }
    }

    /// The peer would send otherwise: with fewer slots, or all of their numbers. Anything else we do not do.
    pub(crate) fn naked(&mut self, data: &[u8]) {
        let [high, low] = VJ.to_be_bytes();
        self.ours = self.ours.and_then(|ours| match *data {
            [first, second, max, omits] if [first, second] == [high, low] => {
                Some(Slots { max: max.min(ours.max), omits: ours.omits && omits != 0 })
            }
            _ => None,
        });
    }

    pub(crate) fn rejected(&mut self) {
        self.ours = None;
    }

    /// The halves that were agreed on.
    pub(crate) fn halves(&self) -> (Option<Compressor>, Option<Decompressor>) {
        let compressor = self.theirs.map(|theirs| Compressor::new(theirs.max, theirs.omits));
        (compressor, self.ours.map(|ours| Decompressor::new(ours.max)))
    }
}
