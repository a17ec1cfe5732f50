//! What is it that has called? PPP, SLIP, a null modem's guest, or a person: found out octet by octet while a prompt is shown,
//! and nothing that was read is lost to the one it was meant for.

use crate::null_modem::Matcher;
use crate::slip::END;

const FLAG: u8 = 0x7e;
const ESCAPE: u8 = 0x7d;
const FLIP: u8 = 0x20;
/// Address, control and protocol of an LCP frame, as they stand before escapes are put in (RFC 1662 §3.1).
const LCP: [u8; 4] = [0xff, 0x03, 0xc0, 0x21];
/// How much of that is enough: text does not begin so, and some peers send other protocols first.
const ENOUGH: usize = 2;
/// The shortest IPv4 header, in octets.
const HEADER: usize = 20;

/// What a line was found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// PPP: its frame begins `behind` octets before the end of what was read, the flag included.
    Ppp {
        /// Octets from the flag to the last one taken.
        behind: usize,
    },
    /// SLIP, or CSLIP: a datagram has come whole.
    Slip {
        /// Octets from the END before it to the last one taken.
        behind: usize,
    },
    /// A null modem's guest: answer `CLIENTSERVER`, and go on looking.
    NullModem,
}

/// Which matchers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// For SLIP: only where the line may be one.
    pub slip: bool,
    /// For `CLIENT`: on cables.
    pub null_modem: bool,
}

/// Looks at every octet of a line until it is known. PPP is always looked for, also while a name or a password is typed.
#[derive(Clone, Debug)]
pub struct Detector {
    ppp: Ppp,
    slip: Option<Slip>,
    null_modem: Option<Matcher>,
}

impl Detector {
    /// Begins to look.
    pub fn new(look: Look) -> Self {
        Self {
            ppp: Ppp::Text,
            slip: look.slip.then(Slip::default),
            null_modem: look.null_modem.then(Matcher::client),
        }
    }

    /// Takes octets up to and with the one that decides; `None`: all were taken and nothing is known yet.
    pub fn take(&mut self, input: &mut &[u8]) -> Option<Found> {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            if let Some(behind) = self.ppp.take(*octet) {
                return Some(Found::Ppp { behind });
            }
            if let Some(behind) = self.slip.as_mut().and_then(|slip| slip.take(*octet)) {
                return Some(Found::Slip { behind });
            }
            if self.null_modem.as_mut().is_some_and(|matcher| matcher.take(*octet)) {
                return Some(Found::NullModem);
            }
        }
        None
    }

    /// Octets at the end that may be the beginning of a frame: they are not a person's, and not echoed.
    pub fn in_doubt(&self) -> usize {
        self.ppp.length().max(self.slip.as_ref().map_or(0, |slip| slip.length))
    }
}

/// Where in the beginning of a frame we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ppp {
    Text,
    /// Behind a flag: so many octets of [`LCP`] have come in so many octets of the line.
    Frame {
        matched: usize,
        length: usize,
        escaped: bool,
    },
}

impl Ppp {
    fn length(self) -> usize {
        match self {
            Self::Text => 0,
            Self::Frame { length, .. } => length,
        }
    }

    fn take(&mut self, octet: u8) -> Option<usize> {
        let begun = Self::Frame { matched: 0, length: 1, escaped: false };
        *self = match *self {
            _ if octet == FLAG => begun,
            Self::Text => Self::Text,
            Self::Frame { matched, length, escaped: false } if octet == ESCAPE => {
                Self::Frame { matched, length: length + 1, escaped: true }
            }
            Self::Frame { matched, length, escaped } => {
                let octet = if escaped { octet ^ FLIP } else { octet };
                if LCP.get(matched) != Some(&octet) {
                    Self::Text
                } else if matched + 1 >= ENOUGH {
                    *self = Self::Text;
                    return Some(length + 1);
                } else {
                    Self::Frame { matched: matched + 1, length: length + 1, escaped: false }
                }
            }
        };
        None
    }
}

/// The beginning of a datagram: SLIP has no other mark than that it is one.
#[derive(Clone, Debug, Default)]
struct Slip {
    /// Octets of the line since the END; 0 outside.
    length: usize,
    /// The header as far as it has come, without escapes.
    header: Vec<u8>,
    escaped: bool,
}

impl Slip {
    fn take(&mut self, octet: u8) -> Option<usize> {
        if octet == END {
            let found = (self.length > 0 && is_ipv4(&self.header)).then_some(self.length + 1);
            *self = Self { length: 1, ..Self::default() };
            return found;
        }
        if self.length == 0 {
            return None;
        }
        self.length += 1;
        let octet = match (std::mem::replace(&mut self.escaped, octet == 0xdb), octet) {
            (true, 0xdc) => END,
            (true, 0xdd) => 0xdb,
            (true, _) => {
                *self = Self::default();
                return None;
            }
            (false, 0xdb) => return None,
            (false, octet) => octet,
        };
        self.header.push(octet);
        // CSLIP's first packet has 7 where IP has its version
        let begins = self.header.first().is_some_and(|first| matches!(first >> 4, 4 | 7) && first & 15 >= 5);
        if !begins || self.header.len() > LONGEST {
            *self = Self::default();
        }
        None
    }
}

/// The longest datagram that may be the first, in octets.
const LONGEST: usize = 1500;

/// Whether a whole datagram is IPv4 by its length and header checksum (RFC 791 §3.1). In CSLIP's first packet the version
/// has another bit, and the protocol is the slot's number; the checksum is that of TCP's header.
fn is_ipv4(datagram: &[u8]) -> bool {
    let mut header = datagram.to_vec();
    let Some(first) = header.first_mut() else { return false };
    let compressed = *first >> 4 == 7;
    *first = 0x40 | (*first & 15);
    let octets = usize::from(*first & 15) * 4;
    if compressed && let Some(protocol) = header.get_mut(9) {
        *protocol = 6;
    }
    let total = header.get(2..4).and_then(|two| two.try_into().ok()).map_or(0, u16::from_be_bytes);
    let Some(header) = header.get(..octets).filter(|_| octets >= HEADER) else { return false };
    let words = header.chunks_exact(2).filter_map(|two| two.try_into().ok()).map(u16::from_be_bytes);
    let sum: u32 = words.map(u32::from).sum();
    usize::from(total) == datagram.len() && (sum & 0xffff) + (sum >> 16) == 0xffff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::slip;

    const ALL: Look = Look { slip: true, null_modem: true };
    /// An empty UDP datagram from 192.168.0.1 to 192.168.0.2 with a good header checksum.
    const DATAGRAM: [u8; 20] =
        [0x45, 0, 0, 0x14, 0, 1, 0, 0, 0x40, 17, 0xf9, 0x84, 192, 168, 0, 1, 192, 168, 0, 2];

    fn all(look: Look, text: &[u8]) -> Vec<(usize, Found)> {
        let (mut detector, mut input) = (Detector::new(look), text);
        let mut found = Vec::new();
        while let Some(one) = detector.take(&mut input) {
            found.push((text.len() - input.len(), one));
        }
        found
    }

    #[test]
    fn ppp_is_found_in_every_way_it_begins() {
        for (text, at, behind) in [
            (&b"\x7e\xff\x03\xc0\x21"[..], 3, 3),
            (b"\x7e\xff\x7d\x23\xc0", 4, 4),
            (b"\x7e\x7d\xdf\x7d\x23", 5, 5),
            (b"ATDT\r\n\x7e\x7e\xff\x03", 10, 3),
            (b"alice\x7e\xfe\x7e\xff\x7d\x23", 11, 4),
        ] {
            assert_eq!(all(ALL, text).first(), Some(&(at, Found::Ppp { behind })), "{text:x?}");
        }
        assert_eq!(all(ALL, b"~a ~} \xff\x03 }#"), []);
    }

    #[test]
    fn a_datagram_by_itself_is_slip_where_slip_may_be() {
        let mut wire = Vec::new();
        slip::frame(&DATAGRAM, &mut wire);
        assert_eq!(all(ALL, &wire), [(24, Found::Slip { behind: 24 })], "two octets are escaped");
        assert_eq!(all(Look { slip: false, ..ALL }, &wire), []);
        // with an octet that is escaped, and behind text
        let mut datagram = DATAGRAM;
        (datagram[4], datagram[10]) = (0xc0, 0xf9 - 0xc0);
        let mut wire = b"login: ".to_vec();
        slip::frame(&datagram, &mut wire);
        assert_eq!(all(ALL, &wire), [(32, Found::Slip { behind: 25 })]);
        // a checksum that is wrong
        datagram[8] -= 1;
        wire.clear();
        slip::frame(&datagram, &mut wire);
        assert_eq!(all(ALL, &wire), []);
    }

    #[test]
    fn a_first_packet_of_cslip_is_slip_too() {
        let ip = [
            0x45, 0, 0, 0x28, 0, 1, 0, 0, 0x40, 6, 0xf9, 0x7b, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 2, 4, 0, 0,
            0x17, 0, 0, 3, 0xe8, 0, 0, 0x13, 0x88, 0x50, 0x10, 0x20, 0, 0xf2, 0xf9, 0, 0,
        ];
        let mut uncompressed = ip;
        (uncompressed[0], uncompressed[9]) = (0x75, 3);
        let mut wire = Vec::new();
        slip::frame(&uncompressed, &mut wire);
        assert!(matches!(all(ALL, &wire)[..], [(_, Found::Slip { .. })]));
    }

    #[test]
    fn a_guest_is_answered_and_looked_at_further() {
        let text = b"\0CLIENT\x7e\xff\x03";
        assert_eq!(all(ALL, text), [(7, Found::NullModem), (10, Found::Ppp { behind: 3 })]);
        assert_eq!(all(Look { null_modem: false, ..ALL }, b"CLIENT"), []);
    }

    #[test]
    fn what_may_be_a_frame_is_not_echoed_yet() {
        let mut detector = Detector::new(ALL);
        for (octets, doubt) in [(&b"bob"[..], 0), (b"\x7e", 1), (b"\xff", 2), (b"x", 0), (b"\xc0\x45", 2)] {
            assert_eq!(detector.take(&mut &octets[..]), None);
            assert_eq!(detector.in_doubt(), doubt, "{octets:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_cut_finds_the_same_and_what_is_behind_begins_the_frame(
            text in proptest::collection::vec(prop_oneof![
                Just(0x7eu8), Just(0xff), Just(3), Just(0x7d), Just(0x23), Just(0xc0), Just(0x45), any::<u8>(),
            ], 0..100),
            size in 1usize..9,
        ) {
            let whole = all(ALL, &text);
            for (at, found) in &whole {
                match found {
                    Found::Ppp { behind } => prop_assert_eq!(text[at - behind], FLAG),
                    Found::Slip { behind } => prop_assert_eq!(text[at - behind], END),
                    Found::NullModem => {}
                }
            }
            let mut detector = Detector::new(ALL);
            let mut parts = Vec::new();
            for (chunk, number) in text.chunks(size).zip(0..) {
                let mut input = chunk;
                while let Some(found) = detector.take(&mut input) {
                    parts.push((number * size + chunk.len() - input.len(), found));
                }
            }
            prop_assert_eq!(parts, whole);
        }
    }
}
