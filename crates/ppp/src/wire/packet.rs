//! The shape all control protocols share: code, identifier, length, and a body that is often a list of
//! options (RFC 1661 §5, §6).

use super::reader::{Malformed, Reader};

/// The Code octet of a control packet. Unknown ones are kept as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u8);

impl Code {
    /// Configure-Request.
    pub const CONFIGURE_REQUEST: Self = Self(1);
    /// Configure-Ack.
    pub const CONFIGURE_ACK: Self = Self(2);
    /// Configure-Nak.
    pub const CONFIGURE_NAK: Self = Self(3);
    /// Configure-Reject.
    pub const CONFIGURE_REJECT: Self = Self(4);
    /// Terminate-Request.
    pub const TERMINATE_REQUEST: Self = Self(5);
    /// Terminate-Ack.
    pub const TERMINATE_ACK: Self = Self(6);
    /// Code-Reject.
    pub const CODE_REJECT: Self = Self(7);
    /// Protocol-Reject, LCP only.
    pub const PROTOCOL_REJECT: Self = Self(8);
    /// Echo-Request, LCP only.
    pub const ECHO_REQUEST: Self = Self(9);
    /// Echo-Reply, LCP only.
    pub const ECHO_REPLY: Self = Self(10);
    /// Discard-Request, LCP only.
    pub const DISCARD_REQUEST: Self = Self(11);
    /// Identification, RFC 1570 §2.1.
    pub const IDENTIFICATION: Self = Self(12);
    /// Time-Remaining, RFC 1570 §2.2.
    pub const TIME_REMAINING: Self = Self(13);
    /// Reset-Request, CCP only (RFC 1962 §3).
    pub const RESET_REQUEST: Self = Self(14);
    /// Reset-Ack, CCP only (RFC 1962 §3).
    pub const RESET_ACK: Self = Self(15);
}

/// A control packet, borrowed from a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlPacket<'a> {
    /// What it is.
    pub code: Code,
    /// Matches replies to requests.
    pub identifier: u8,
    /// What follows the four octets of header.
    pub body: &'a [u8],
}

impl<'a> ControlPacket<'a> {
    /// Octets before the body.
    pub const HEADER: usize = 4;

    /// Reads a packet from its code octet on; octets past its Length are padding and ignored (RFC 1661 §5).
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let code = Code(reader.u8("code")?);
        let identifier = reader.u8("identifier")?;
        let length = usize::from(reader.u16("length")?);
        let body = length.checked_sub(Self::HEADER).ok_or(Malformed { what: "length" })?;
        Ok(Self { code, identifier, body: reader.take(body, "body")? })
    }

    /// Appends the packet. A body that does not fit the Length field is cut.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let room = usize::from(u16::MAX) - Self::HEADER;
        let body = self.body.get(..room).unwrap_or(self.body);
        let length = u16::try_from(body.len() + Self::HEADER).unwrap_or(u16::MAX);
        let [high, low] = length.to_be_bytes();
        out.extend_from_slice(&[self.code.0, self.identifier, high, low]);
        out.extend_from_slice(body);
    }
}

/// One configuration option: type, length, data (RFC 1661 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawOption<'a> {
    /// The Type octet.
    pub kind: u8,
    /// What follows type and length.
    pub data: &'a [u8],
    /// The whole option as it came.
    pub bytes: &'a [u8],
}

/// Walks a list of options; ends after the first malformed one.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    reader: Reader<'a>,
    failed: bool,
}

impl<'a> Options<'a> {
    /// The options of a packet's body, each checked when it is reached.
    pub fn new(body: &'a [u8]) -> Self {
        Self { reader: Reader::new(body), failed: false }
    }

    /// The options of a body, all of them checked now.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        for option in Self::new(body) {
            option?;
        }
        Ok(Self::new(body))
    }

    /// The options of a checked list; stops where a list turns out not to be one.
    pub fn flat(self) -> impl Iterator<Item = RawOption<'a>> {
        self.map_while(Result::ok)
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = Result<RawOption<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.reader.is_empty() {
            return None;
        }
        let rest = self.reader.rest();
        let option = match *rest {
            [kind, length, ..] if length >= 2 => self
                .reader
                .take(usize::from(length), "option")
                .map(|bytes| RawOption { kind, data: bytes.get(2..).unwrap_or_default(), bytes }),
            _ => Err(Malformed { what: "option length" }),
        };
        self.failed = option.is_err();
        Some(option)
    }
}

/// Appends one option. Data longer than 253 octets is cut; no option of ours is.
pub fn emit_option(kind: u8, data: &[u8], out: &mut Vec<u8>) {
    let data = data.get(..253).unwrap_or(data);
    out.push(kind);
    out.push(u8::try_from(data.len() + 2).unwrap_or(u8::MAX));
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn octets_past_the_length_are_padding() {
        let packet = ControlPacket::parse(&[9, 5, 0, 5, 0xaa, 1, 2, 3]).unwrap();
        assert_eq!(packet, ControlPacket { code: Code::ECHO_REQUEST, identifier: 5, body: &[0xaa] });
    }

    #[test]
    fn a_length_below_four_or_beyond_the_frame_is_malformed() {
        assert!(ControlPacket::parse(&[1, 1, 0, 3]).is_err());
        assert!(ControlPacket::parse(&[1, 1, 0, 5]).is_err());
        assert!(ControlPacket::parse(&[1, 1, 0]).is_err());
    }

    #[test]
    fn an_option_shorter_than_its_header_or_longer_than_the_list_is_malformed() {
        for bad in [&[1u8, 1][..], &[1, 0], &[7], &[7, 2, 1, 4, 5], &[1, 4, 5, 220, 8]] {
            assert!(Options::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Options::parse(&[]).unwrap().flat().count(), 0);
    }

    proptest! {
        #[test]
        fn what_was_emitted_is_parsed_again(code: u8, identifier: u8, body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let packet = ControlPacket { code: Code(code), identifier, body: &body };
            let mut out = Vec::new();
            packet.emit(&mut out);
            prop_assert_eq!(ControlPacket::parse(&out), Ok(packet));
        }

        #[test]
        fn a_list_of_options_survives_both_ways(list in proptest::collection::vec((any::<u8>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..9)) {
            let mut out = Vec::new();
            for (kind, data) in &list {
                emit_option(*kind, data, &mut out);
            }
            let parsed: Vec<_> = Options::parse(&out).unwrap().flat().map(|o| (o.kind, o.data.to_vec())).collect();
            prop_assert_eq!(parsed, list);
        }

        #[test]
        fn garbage_never_panics_and_never_reads_past_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = ControlPacket::parse(&bytes);
            let read: usize = Options::new(&bytes).flat().map(|o| o.bytes.len()).sum();
            prop_assert!(read <= bytes.len());
        }
    }
}
