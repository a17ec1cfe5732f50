//! Async-Control-Character-Map, RFC 1662 §7.1.

use crate::hdlc::DEFAULT_ACCM;
use crate::wire::{Malformed, Reader, emit_option};

/// Control characters the sender of the option needs escaped; bit n is character n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accm(pub(crate) u32);

impl Accm {
    /// Its type.
    pub(crate) const KIND: u8 = 2;
    /// What holds without the option.
    pub(crate) const DEFAULT: Self = Self(DEFAULT_ACCM);

    pub(crate) fn parse(data: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(data);
        let accm = Self(reader.u32("ACCM")?);
        reader.finish("ACCM")?;
        Ok(accm)
    }

    pub(crate) fn emit(self, out: &mut Vec<u8>) {
        emit_option(Self::KIND, &self.0.to_be_bytes(), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xon_and_xoff_are_bits_17_and_19() {
        let mut out = Vec::new();
        Accm(1 << 17 | 1 << 19).emit(&mut out);
        assert_eq!(out, [2, 6, 0, 0x0a, 0, 0]);
        assert_eq!(Accm::parse(&out[2..]), Ok(Accm(0x000a_0000)));
        assert!(Accm::parse(&[0, 0, 0]).is_err());
    }
}
