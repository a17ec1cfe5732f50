//! FCS-16, RFC 1662 appendix C: the reflected CRC with polynomial 8408.

use crc_fast::{CrcAlgorithm, Digest};

/// The state before the first octet.
pub(super) const INIT: u16 = 0xffff;
/// The state after a frame and its own FCS.
pub(super) const GOOD: u16 = 0xf0b8;
/// From this length on, carry-less multiplication beats the sliced table (measured; see `benches/framing.rs`).
const SIMD_FROM: usize = 128;

static TABLE: [[u16; 256]; 16] = sliced_table();

/// `table[0]` is the table of the RFC; `table[n]` advances one octet's contribution by n more octets.
#[allow(clippy::indexing_slicing)] // runs in the compiler, which would refuse to build
const fn sliced_table() -> [[u16; 256]; 16] {
    let mut table = [[0u16; 256]; 16];
    let mut octet = 0;
    while octet < 256 {
        let mut value = octet as u16;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 != 0 { (value >> 1) ^ 0x8408 } else { value >> 1 };
            bit += 1;
        }
        table[0][octet] = value;
        octet += 1;
    }
    let mut slice = 1;
    while slice < 16 {
        let mut octet = 0;
        while octet < 256 {
            let before = table[slice - 1][octet];
            table[slice][octet] = (before >> 8) ^ table[0][(before & 0xff) as usize];
            octet += 1;
        }
        slice += 1;
    }
    table
}

/// Runs `fcs` over `octets`. Start with [`INIT`]; the complement of the result goes on the wire, low octet
/// first; over a whole frame with its FCS the result is [`GOOD`].
#[inline]
pub(super) fn update(fcs: u16, octets: &[u8]) -> u16 {
    if octets.len() < SIMD_FROM {
        return update_by_table(fcs, octets);
    }
    let mut digest = Digest::new_with_init_state(CrcAlgorithm::Crc16IbmSdlc, u64::from(fcs));
    digest.update(octets);
    digest.get_state() as u16
}

#[inline]
#[allow(clippy::indexing_slicing)] // a u8 indexes 256 entries, constants index 16
fn update_by_table(mut fcs: u16, octets: &[u8]) -> u16 {
    let (blocks, rest) = octets.as_chunks::<16>();
    for block in blocks {
        let [low, high] = fcs.to_le_bytes();
        fcs = TABLE[15][usize::from(block[0] ^ low)] ^ TABLE[14][usize::from(block[1] ^ high)];
        for (table, octet) in TABLE[..14].iter().rev().zip(&block[2..]) {
            fcs ^= table[usize::from(*octet)];
        }
    }
    for octet in rest {
        fcs = (fcs >> 8) ^ TABLE[0][usize::from((fcs as u8) ^ octet)];
    }
    fcs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_of_the_rfc() {
        assert_eq!(TABLE[0][..8], [0x0000, 0x1189, 0x2312, 0x329b, 0x4624, 0x57ad, 0x6536, 0x74bf]);
        assert_eq!(TABLE[0][255], 0x0f78);
    }

    #[test]
    fn the_check_value_and_the_residue_are_those_published() {
        let mut octets = b"123456789".to_vec();
        let sent = !update(INIT, &octets);
        assert_eq!(sent, 0x906e);
        octets.extend(sent.to_le_bytes());
        assert_eq!(update(INIT, &octets), GOOD);
    }

    #[test]
    fn every_length_gives_what_one_octet_at_a_time_gives() {
        let octets: Vec<u8> = (0..700u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let mut expected = 0x1234;
        for length in 0..octets.len() {
            assert_eq!(update(0x1234, &octets[..length]), expected, "length {length}");
            expected = update_by_table(expected, &octets[length..=length]);
        }
    }
}
