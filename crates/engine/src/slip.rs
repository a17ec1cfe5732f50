//! SLIP (RFC 1055): datagrams on a line, without a checksum, an address or a type.

use memchr::memchr2;

/// Ends a datagram; one before it flushes what noise has left.
pub const END: u8 = 0xc0;
const ESCAPE: u8 = 0xdb;
const ESCAPED_END: u8 = 0xdc;
const ESCAPED_ESCAPE: u8 = 0xdd;

/// Why something between two ENDs was no datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlipError {
    /// An escape before an octet that needs none.
    #[error("an octet is escaped that is never escaped")]
    Escape,
    /// Longer than is taken.
    #[error("the datagram is too long")]
    TooLong,
}

/// Writes one datagram.
pub fn frame(datagram: &[u8], out: &mut Vec<u8>) {
    out.push(END);
    let mut rest = datagram;
    while let Some(at) = memchr2(END, ESCAPE, rest) {
        let (run, behind) = rest.split_at(at);
        let Some((special, behind)) = behind.split_first() else { break };
        out.extend_from_slice(run);
        out.extend([ESCAPE, if *special == END { ESCAPED_END } else { ESCAPED_ESCAPE }]);
        rest = behind;
    }
    out.extend_from_slice(rest);
    out.push(END);
}

/// Finds the datagrams in a stream of octets, however it is cut.
#[derive(Clone, Debug)]
pub struct Deframer {
    datagram: Vec<u8>,
    /// The longest datagram taken, in octets.
    longest: usize,
    escaped: bool,
    /// What is wrong with this one: the rest of it is skipped.
    wrong: Option<SlipError>,
    delivered: bool,
}

impl Deframer {
    /// Takes datagrams of up to `longest` octets; 1006 is RFC 1055's own size.
    pub fn new(longest: usize) -> Self {
        Self { datagram: Vec::new(), longest, escaped: false, wrong: None, delivered: false }
    }

    /// Eats `input` up to the end of one datagram, and lends it; it is never empty. `None`: all is eaten and none is
    /// complete.
    ///
    /// # Errors
    /// What was dropped, in its place.
    pub fn next_datagram(&mut self, input: &mut &[u8]) -> Option<Result<&[u8], SlipError>> {
        if std::mem::take(&mut self.delivered) {
            self.datagram.clear();
        }
        while let Some((octet, rest)) = input.split_first() {
            if *octet == END {
                *input = rest;
                if let Some(end) = self.end() {
                    return Some(end.map(|()| self.datagram.as_slice()));
                }
            } else if std::mem::take(&mut self.escaped) {
                *input = rest;
                self.escape(*octet);
            } else if *octet == ESCAPE {
                *input = rest;
                self.escaped = true;
            } else {
                let run = memchr2(END, ESCAPE, input).unwrap_or(input.len());
                let (run, rest) = input.split_at(run);
                *input = rest;
                self.take(run);
            }
        }
        None
    }

    fn end(&mut self) -> Option<Result<(), SlipError>> {
        if std::mem::take(&mut self.escaped) {
            self.wrong = Some(SlipError::Escape);
        }
        if let Some(wrong) = self.wrong.take() {
            self.datagram.clear();
            return Some(Err(wrong));
        }
        if self.datagram.is_empty() {
            return None;
        }
        self.delivered = true;
        Some(Ok(()))
    }

    fn escape(&mut self, octet: u8) {
        match octet {
            ESCAPED_END => self.take(&[END]),
            ESCAPED_ESCAPE => self.take(&[ESCAPE]),
            _ => self.wrong = Some(SlipError::Escape),
        }
    }

    fn take(&mut self, octets: &[u8]) {
        if self.wrong.is_some() {
            return;
        }
        if self.datagram.len() + octets.len() > self.longest {
            self.wrong = Some(SlipError::TooLong);
            self.datagram = Vec::new();
            return;
        }
        self.datagram.extend_from_slice(octets);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(deframer: &mut Deframer, mut input: &[u8]) -> Vec<Result<Vec<u8>, SlipError>> {
        let mut all = Vec::new();
        while let Some(one) = deframer.next_datagram(&mut input) {
            all.push(one.map(<[u8]>::to_vec));
        }
        assert!(input.is_empty());
        all
    }

    #[test]
    fn the_published_example() {
        let mut out = Vec::new();
        frame(&[0x45, 0xc0, 0xdb, 0x00], &mut out);
        assert_eq!(out, [0xc0, 0x45, 0xdb, 0xdc, 0xdb, 0xdd, 0x00, 0xc0]);
        assert_eq!(found(&mut Deframer::new(1006), &out), [Ok(vec![0x45, 0xc0, 0xdb, 0x00])]);
    }

    #[test]
    fn what_is_wrong_is_dropped_and_the_next_is_not_harmed() {
        let mut deframer = Deframer::new(4);
        let stream = [END, 1, ESCAPE, 2, 3, END, END, 4, ESCAPE, END, 1, 2, 3, 4, 5, END, 1, 2, 3, 4, END];
        let expected =
            [Err(SlipError::Escape), Err(SlipError::Escape), Err(SlipError::TooLong), Ok(vec![1, 2, 3, 4])];
        assert_eq!(found(&mut deframer, &stream), expected);
    }

    #[test]
    fn a_datagram_without_end_holds_no_more_than_the_longest() {
        let mut deframer = Deframer::new(1500);
        for _ in 0..1000 {
            assert_eq!(found(&mut deframer, &[7; 1000]), []);
            assert!(deframer.datagram.capacity() <= 3000);
        }
    }

    proptest! {
        #[test]
        fn any_cut_finds_what_was_framed(
            datagrams in proptest::collection::vec(
                proptest::collection::vec(prop_oneof![any::<u8>(), Just(END), Just(ESCAPE)], 1..50), 0..6),
            size in 1usize..20,
        ) {
            let mut wire = Vec::new();
            for datagram in &datagrams {
                frame(datagram, &mut wire);
            }
            let mut deframer = Deframer::new(1006);
            let found: Vec<_> = wire.chunks(size).flat_map(|chunk| found(&mut deframer, chunk)).collect();
            let expected: Vec<_> = datagrams.into_iter().map(Ok).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
            found(&mut Deframer::new(16), &noise);
        }
    }
}
