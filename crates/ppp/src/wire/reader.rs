//! A bounded reader: every read says what it wants and may fail, none may panic.

use std::fmt;

/// A packet or part of one that does not hold what its format promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The field that was missing, short or left over.
    pub what: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed {}", self.what)
    }
}

impl std::error::Error for Malformed {}

/// Reads a slice from the front, big-endian.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads all of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` octets.
    pub fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Malformed { what })?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` octets by value.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed { what })?;
        self.rest = rest;
        Ok(*taken)
    }

    /// The next octet.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, Malformed> {
        self.array::<1>(what).map(|[octet]| octet)
    }

    /// The next two octets.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, Malformed> {
        self.array(what).map(u16::from_be_bytes)
    }

    /// The next four octets.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// A reader of the next `count` octets only.
    pub fn sub(&mut self, count: usize, what: &'static str) -> Result<Self, Malformed> {
        self.take(count, what).map(Self::new)
    }

    /// Everything must have been read.
    pub fn finish(self, what: &'static str) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed { what }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_past_the_end_names_the_field_and_takes_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u16("head"), Ok(0x0102));
        assert_eq!(reader.u16("tail"), Err(Malformed { what: "tail" }));
        assert_eq!(reader.rest(), [3]);
        assert_eq!(reader.finish("whole"), Err(Malformed { what: "whole" }));
    }

    #[test]
    fn a_part_cannot_read_beyond_itself() {
        let mut reader = Reader::new(&[1, 2, 3, 4, 5]);
        let mut part = reader.sub(2, "part").unwrap();
        assert!(part.u32("number").is_err());
        assert_eq!(part.u8("first"), Ok(1));
        assert_eq!(reader.u8("next"), Ok(3));
    }
}
