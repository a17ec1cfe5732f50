//! heidi's token: the other side of `examples/modules/challenge.py` (OCRA-1:HOTP-SHA1-6:QN08, RFC 6287).

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The name of the computation, which is part of it.
const SUITE: &[u8] = b"OCRA-1:HOTP-SHA1-6:QN08\0";
/// Bytes the question is padded to (RFC 6287 §5.1).
const QUESTION: usize = 128;

/// Six digits for a challenge of eight; empty where there is no such number.
pub(super) fn answer(key: &[u8], challenge: &str) -> String {
    let (Ok(number), Ok(mut mac)) = (challenge.parse::<u32>(), Hmac::<Sha1>::new_from_slice(key)) else {
        return String::new();
    };
    mac.update(SUITE);
    mac.update(&question(number));
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest.last().copied().unwrap_or_default() & 15);
    let word = digest.get(at..at + 4).and_then(|four| four.try_into().ok()).map_or(0, u32::from_be_bytes);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The number in hexadecimal from the left, padded with zeros on the right.
fn question(number: u32) -> [u8; QUESTION] {
    let mut out = [0; QUESTION];
    let digits = format!("{number:x}");
    for (place, digit) in digits.chars().filter_map(|c| c.to_digit(16)).enumerate() {
        if let Some(byte) = out.get_mut(place / 2) {
            *byte |= (digit as u8) << if place % 2 == 0 { 4 } else { 0 };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_answers_come_out() {
        // RFC 6287 appendix C.1, one-way challenge response
        let table =
            [("00000000", "237653"), ("11111111", "243178"), ("22222222", "653583"), ("99999999", "294470")];
        for (challenge, expected) in table {
            assert_eq!(answer(b"12345678901234567890", challenge), expected, "{challenge}");
        }
    }
}
