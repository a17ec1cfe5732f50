//! Maximum-Receive-Unit, RFC 1661 §6.1.

use crate::wire::{Malformed, Reader, emit_option};

/// Octets of information the sender of the option can receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mru(pub(crate) u16);

impl Mru {
    /// Its type.
    pub(crate) const KIND: u8 = 1;
    /// What holds without the option.
    pub(crate) const DEFAULT: Self = Self(1500);
    /// Below this IP stops being useful, so we Nak.
    pub(crate) const FLOOR: Self = Self(128);

    pub(crate) fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(data);
        let mru = Self(reader.u16("MRU")?);
        reader.finish("MRU")?;
        Ok(mru)
    }

    pub(crate) fn emit(self, out: &mut Vec<u8>) {
        emit_option(Self::KIND, &self.0.to_be_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_survives_both_ways_and_a_wrong_length_does_not() {
        let mut out = Vec::new();
        Mru(1400).emit(&mut out);
        assert_eq!(out, [1, 4, 0x05, 0x78]);
        assert_eq!(Mru::parse(&out[2..]), Ok(Mru(1400)));
        assert!(Mru::parse(&[5]).is_err());
        assert!(Mru::parse(&[5, 6, 7]).is_err());
    }
}
