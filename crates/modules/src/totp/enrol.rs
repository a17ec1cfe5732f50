//! Setting a user up: a new seed, its text forms, recovery codes.

use data_encoding::BASE32_NOPAD;
use openras_ppp::Secret;
use zeroize::{Zeroize, Zeroizing};

use super::code::Hash;

/// Who issues the codes, as an authenticator shows it.
pub const ISSUER: &str = "OpenRAS";
/// Bytes of a new seed (RFC 4226 §4 R6 recommends 160 bits).
pub const SEED_LEN: usize = 20;
/// Recovery codes that are printed for a user.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code without its hyphen: 50 bits.
const RECOVERY_LEN: usize = 10;
/// Shortest and longest seed that is taken from outside, in bytes.
const SEED_BOUNDS: std::ops::RangeInclusive<usize> = 10..=128;
/// Digits and letters without those that look alike on paper (i, l, o, u).
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The system has no random numbers to give.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers: {0}")]
pub struct NoRandom(getrandom::Error);

/// Why a seed's text cannot be taken. Never holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSeed {
    /// Neither base32 nor an `otpauth:` address.
    #[error("the seed must be base32 (A-Z, 2-7) or an otpauth://totp/ address")]
    Form,
    /// Too short to be safe or too long to be true.
    #[error("the seed must have 10 to 128 bytes")]
    Length,
    /// Of an `otpauth:` address.
    #[error("the algorithm must be SHA1, SHA256 or SHA512")]
    Algorithm,
    /// Of an `otpauth:` address.
    #[error("the digits must be 6, 7 or 8")]
    Digits,
    /// Of an `otpauth:` address.
    #[error("the period must be 10 to 300 seconds")]
    Period,
}

/// A seed and how codes are made of it, without a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// The key.
    pub key: Secret,
    /// Default SHA1.
    pub hash: Hash,
    /// Default 6.
    pub digits: u32,
    /// Seconds of a step (default 30).
    pub period: u64,
}

impl Seed {
    /// A seed of these bytes with what every authenticator takes: SHA1, 6 digits, 30 s.
    pub fn new(key: Secret) -> Self {
        Self { key, hash: Hash::Sha1, digits: 6, period: 30 }
    }

    /// A new random seed.
    pub fn random() -> Result<Self, NoRandom> {
        let mut key = Zeroizing::new([0; SEED_LEN]);
        getrandom::fill(&mut *key).map_err(NoRandom)?;
        Ok(Self::new(Secret::new(key.as_slice())))
    }

    /// The key in base32 without padding, for typing into an authenticator.
    pub fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(self.key.expose()))
    }

    /// The address that authenticators read as a QR code: `otpauth://totp/OpenRAS:NAME?secret=…&issuer=OpenRAS`.
    /// What an authenticator takes as given is left out.
    pub fn uri(&self, user: &str) -> Zeroizing<String> {
        let mut uri = Zeroizing::new(String::with_capacity(512));
        uri.push_str("otpauth://totp/");
        uri.push_str(ISSUER);
        uri.push(':');
        percent(user, &mut uri);
        uri.push_str("?secret=");
        uri.push_str(&self.base32());
        uri.push_str("&issuer=");
        uri.push_str(ISSUER);
        let usual = Self::new(Secret::default());
        if self.hash != usual.hash {
            uri.push_str(&format!("&algorithm={}", self.hash.name()));
        }
        if self.digits != usual.digits {
            uri.push_str(&format!("&digits={}", self.digits));
        }
        if self.period != usual.period {
            uri.push_str(&format!("&period={}", self.period));
        }
        uri
    }

    /// Reads base32 (any case; spaces, hyphens and padding are passed over) or an `otpauth://totp/` address.
    pub fn parse(text: &str) -> Result<Self, BadSeed> {
        let text = text.trim();
        let scheme = "otpauth://totp/";
        if !text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            return Ok(Self::new(key(text)?));
        }
        let query = text.split_once('?').ok_or(BadSeed::Form)?.1;
        let mut seed = Self::new(Secret::default());
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name.to_ascii_lowercase().as_str() {
                "secret" => seed.key = key(value)?,
                "algorithm" => seed.hash = Hash::named(value).ok_or(BadSeed::Algorithm)?,
                "digits" => seed.digits = number(value, 6..=8).ok_or(BadSeed::Digits)?,
                "period" => seed.period = number(value, 10..=300).ok_or(BadSeed::Period)?.into(),
                _ => (),
            }
        }
        if seed.key.is_empty() { Err(BadSeed::Form) } else { Ok(seed) }
    }
}

fn number(text: &str, bounds: std::ops::RangeInclusive<u32>) -> Option<u32> {
    text.parse().ok().filter(|number| bounds.contains(number))
}

fn key(text: &str) -> Result<Secret, BadSeed> {
    let mut plain = Zeroizing::new(Vec::with_capacity(text.len()));
    plain.extend(
        text.bytes().filter(|byte| !matches!(byte, b' ' | b'-' | b'=')).map(|b| b.to_ascii_uppercase()),
    );
    let key = Secret::new(BASE32_NOPAD.decode(&plain).map_err(|_| BadSeed::Form)?);
    if SEED_BOUNDS.contains(&key.len()) { Ok(key) } else { Err(BadSeed::Length) }
}

/// RFC 3986 §2.1: all but unreserved characters.
fn percent(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Ten new random recovery codes as they are printed, `xxxxx-xxxxx`.
pub fn new_recovery_codes() -> Result<Vec<Secret>, NoRandom> {
    let mut random = Zeroizing::new([0; RECOVERY_CODES * RECOVERY_LEN]);
    getrandom::fill(&mut *random).map_err(NoRandom)?;
    Ok(recovery_codes(random.as_slice()))
}

/// Recovery codes of these random bytes, ten for each code.
pub fn recovery_codes(random: &[u8]) -> Vec<Secret> {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'0');
    let code = |bytes: &[u8]| {
        let mut text = Zeroizing::new(Vec::with_capacity(RECOVERY_LEN + 1));
        for (place, byte) in bytes.iter().enumerate() {
            if place == RECOVERY_LEN / 2 {
                text.push(b'-');
            }
            text.push(letter(byte));
        }
        Secret::new(text.as_slice())
    };
    random.chunks_exact(RECOVERY_LEN).map(code).collect()
}

/// The one form of a recovery code, as the store hashes it: ten lower-case characters, no hyphen.
///
/// Case, spaces and hyphens do not matter, and what is read wrongly from paper is put right (o = 0, i and l = 1).
/// `None` if it cannot be a recovery code.
pub fn normalise_recovery_code(typed: &[u8]) -> Option<Secret> {
    let mut code = Zeroizing::new(Vec::with_capacity(typed.len()));
    for byte in typed.iter().filter(|byte| !matches!(byte, b' ' | b'-')) {
        code.push(match byte.to_ascii_lowercase() {
            b'o' => b'0',
            b'i' | b'l' => b'1',
            other => other,
        });
    }
    let fits = code.len() == RECOVERY_LEN && code.iter().all(|byte| LETTERS.contains(byte));
    let secret = fits.then(|| Secret::new(code.as_slice()));
    code.zeroize();
    secret
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published() -> Seed {
        Seed::new(Secret::new(b"12345678901234567890".as_slice()))
    }

    #[test]
    fn a_seed_is_written_as_base32_and_as_an_address_and_read_back() {
        let seed = published();
        assert_eq!(seed.base32().as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            seed.uri("al ice/ä").as_str(),
            "otpauth://totp/OpenRAS:al%20ice%2F%C3%A4?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=OpenRAS"
        );
        assert_eq!(Seed::parse(&seed.base32()), Ok(seed.clone()));
        assert_eq!(Seed::parse(" gezd gnbv-gy3tqojqGEZDGNBVGY3TQOJQ== \n"), Ok(seed.clone()));
        let odd = Seed { hash: Hash::Sha512, digits: 8, period: 60, ..seed };
        assert!(odd.uri("a").ends_with("&issuer=OpenRAS&algorithm=SHA512&digits=8&period=60"));
        assert_eq!(Seed::parse(&odd.uri("a")), Ok(odd));
    }

    #[test]
    fn a_seed_that_cannot_be_used_is_refused_by_its_reason() {
        let long = "A".repeat(300);
        let cases = [
            ("", BadSeed::Length),
            ("GEZDGNBV", BadSeed::Length),
            (long.as_str(), BadSeed::Length),
            ("not base32!", BadSeed::Form),
            ("otpauth://totp/x", BadSeed::Form),
            ("otpauth://totp/x?issuer=y", BadSeed::Form),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&digits=9", BadSeed::Digits),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&period=0", BadSeed::Period),
            ("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5", BadSeed::Algorithm),
        ];
        for (text, why) in cases {
            assert_eq!(Seed::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn random_seeds_and_codes_differ() {
        assert_ne!(Seed::random().unwrap(), Seed::random().unwrap());
        let codes = new_recovery_codes().unwrap();
        assert_eq!(codes.len(), RECOVERY_CODES);
        assert_ne!(codes[0], codes[1]);
    }

    #[test]
    fn recovery_codes_are_printed_in_two_halves_and_read_in_any_form() {
        let codes = recovery_codes(&(0..100).collect::<Vec<u8>>());
        assert_eq!(codes.len(), 10);
        assert_eq!(codes[1].expose(), b"abcde-fghjk");
        let normal = normalise_recovery_code(codes[1].expose()).unwrap();
        assert_eq!(normal.expose(), b"abcdefghjk");
        assert_eq!(normalise_recovery_code(b"ABCDE FGHJK"), Some(normal));
        assert_eq!(normalise_recovery_code(b"olio0-11111").unwrap().expose(), b"0110011111");
        for wrong in [b"123456".as_slice(), b"abcde-fghju", b"abcde-fghjkm", b"", b"\xFF\xFF\xFF\xFF\xFF"] {
            assert_eq!(normalise_recovery_code(wrong), None);
        }
    }
}
