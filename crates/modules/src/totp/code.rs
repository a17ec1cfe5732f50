//! The codes themselves: HOTP (RFC 4226 §5.3) and TOTP (RFC 6238 §4). Pure.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use openras_ppp::Secret;
use zeroize::Zeroize;

/// The hash under the HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hash {
    /// What nearly every device uses (default).
    #[default]
    Sha1,
    /// RFC 6238 §1.2.
    Sha256,
    /// RFC 6238 §1.2.
    Sha512,
}

impl Hash {
    /// Its name in an `otpauth:` address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// The hash of this name, any case.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|hash| hash.name().eq_ignore_ascii_case(name))
    }
}

/// The step that a time falls in. `unix` and `period` in seconds; a period of 0 counts as 30.
pub fn step(unix: u64, period: u64) -> u64 {
    unix / if period == 0 { 30 } else { period }
}

/// The code of `digits` decimal digits (held to 6–8) for `counter`, which for TOTP is the [`step`].
pub fn code(seed: &Secret, hash: Hash, digits: u32, counter: u64) -> Secret {
    match hash {
        Hash::Sha1 => truncate(mac::<Hmac<sha1::Sha1>>(seed, counter), digits),
        Hash::Sha256 => truncate(mac::<Hmac<sha2::Sha256>>(seed, counter), digits),
        Hash::Sha512 => truncate(mac::<Hmac<sha2::Sha512>>(seed, counter), digits),
    }
}

fn mac<M: Mac + KeyInit>(seed: &Secret, counter: u64) -> Vec<u8> {
    // HMAC takes a key of any length, so the error cannot come; an empty result gives no code.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(seed.expose()) else { return Vec::new() };
    mac.update(&counter.to_be_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Dynamic truncation (RFC 4226 §5.3): four bytes at the offset in the last nibble, the top bit cleared.
fn truncate(mut mac: Vec<u8>, digits: u32) -> Secret {
    let offset = usize::from(mac.last().copied().unwrap_or(0) & 0x0F);
    let word = mac.get(offset..).and_then(|tail| tail.first_chunk::<4>()).copied();
    mac.zeroize();
    let Some(word) = word else { return Secret::default() };
    let digits = digits.clamp(6, 8);
    let number = (u32::from_be_bytes(word) & 0x7FFF_FFFF) % 10_u32.pow(digits);
    Secret::new(format!("{number:0width$}", width = digits as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(len: usize) -> Secret {
        Secret::new(b"1234567890".iter().copied().cycle().take(len).collect::<Vec<u8>>())
    }

    fn text(secret: &Secret) -> &str {
        std::str::from_utf8(secret.expose()).unwrap()
    }

    #[test]
    fn the_ten_hotp_vectors_of_rfc_4226_come_out() {
        let expected = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871",
            "520489",
        ];
        for (counter, want) in (0..).zip(expected) {
            assert_eq!(text(&code(&seed(20), Hash::Sha1, 6, counter)), want, "counter {counter}");
        }
    }

    #[test]
    fn the_eighteen_totp_vectors_of_rfc_6238_come_out() {
        let table: [(u64, u64, [&str; 3]); 6] = [
            (59, 0x1, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, 0x023523EC, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, 0x023523ED, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, 0x0273EF07, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, 0x03F940AA, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, 0x27BC86AA, ["65353130", "77737706", "47863826"]),
        ];
        for (time, counter, codes) in table {
            assert_eq!(step(time, 30), counter);
            for ((hash, len), want) in
                [(Hash::Sha1, 20), (Hash::Sha256, 32), (Hash::Sha512, 64)].into_iter().zip(codes)
            {
                assert_eq!(text(&code(&seed(len), hash, 8, counter)), want, "{hash:?} at {time}");
            }
        }
    }

    #[test]
    fn digits_are_held_to_six_to_eight_and_any_seed_gives_a_code() {
        assert_eq!(code(&Secret::default(), Hash::Sha512, 6, u64::MAX).len(), 6);
        assert_eq!(code(&seed(200), Hash::Sha256, 0, 0).len(), 6);
        assert_eq!(code(&seed(20), Hash::Sha1, 99, 0).len(), 8);
    }

    #[test]
    fn hashes_are_found_by_name() {
        assert_eq!(Hash::named("sha256"), Some(Hash::Sha256));
        assert_eq!(Hash::named("md5"), None);
    }
}
