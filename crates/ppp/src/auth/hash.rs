//! The old hashes and ciphers of CHAP and MS-CHAP (RFC 1994 §4, RFC 2433 app. A, RFC 2759 §8). They live here
//! and nowhere else. All scratch space is on the stack; what could reveal a password is wiped.

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use md4::{Digest, Md4};
use rc4::{Rc4, StreamCipher};
use sha1::Sha1;
use zeroize::Zeroizing;

use crate::Secret;

/// MD4 of a password in UTF-16LE: as good as the password itself, so it is wiped.
pub(crate) type NtHash = Zeroizing<[u8; 16]>;

/// First constant of the authenticator response (RFC 2759 §8.7).
const MAGIC_1: &[u8] = b"Magic server to client signing constant";
/// Second constant of the authenticator response.
const MAGIC_2: &[u8] = b"Pad to make it do more than one iteration";

/// `NtPasswordHash` (RFC 2759 §8.3) of a password in UTF-8.
pub(crate) fn nt_hash(password: &Secret) -> NtHash {
    nt_hash_wide(password.utf16le().expose())
}

/// `NtPasswordHash` of a password that already is UTF-16LE.
pub(crate) fn nt_hash_wide(password: &[u8]) -> NtHash {
    Zeroizing::new(Md4::digest(password).into())
}

/// `HashNtPasswordHash` (RFC 2759 §8.4).
fn hash_nt_hash(hash: &[u8; 16]) -> NtHash {
    Zeroizing::new(Md4::digest(hash).into())
}

/// CHAP-MD5: `MD5(identifier, secret, challenge)` (RFC 1994 §4.1).
pub(crate) fn chap_md5(identifier: u8, secret: &Secret, challenge: &[u8]) -> [u8; 16] {
    let mut md5 = md5::Md5::new();
    md5.update([identifier]);
    md5.update(secret.expose());
    md5.update(challenge);
    md5.finalize().into()
}

/// Spreads 56 key bits over eight octets. DES takes no notice of the parity bit, so it stays 0.
fn expand_key(key: [u8; 7]) -> u64 {
    let [a, b, c, d, e, f, g] = key;
    let bits = u64::from_be_bytes([0, a, b, c, d, e, f, g]);
    (0..8).fold(0, |wide, group| (wide << 8) | (((bits >> (49 - 7 * group)) & 0x7f) << 1))
}

/// `DesEncrypt` (RFC 2759 §8.6).
pub(super) fn des(block: [u8; 8], key: [u8; 7]) -> [u8; 8] {
    let key = Zeroizing::new(expand_key(key).to_be_bytes());
    let mut block = Array(block);
    Des::new(&Array(*key)).encrypt_block(&mut block);
    block.0
}

/// `ChallengeResponse` (RFC 2759 §8.5): three DES of the challenge under the hash padded to 21 octets.
pub(crate) fn challenge_response(challenge: &[u8; 8], hash: &[u8; 16]) -> [u8; 24] {
    let [k0, k1, k2, k3, k4, k5, k6, l0, l1, l2, l3, l4, l5, l6, m0, m1] = *hash;
    let parts = [
        des(*challenge, [k0, k1, k2, k3, k4, k5, k6]),
        des(*challenge, [l0, l1, l2, l3, l4, l5, l6]),
        des(*challenge, [m0, m1, 0, 0, 0, 0, 0]),
    ];
    let mut response = [0; 24];
    for (to, from) in response.iter_mut().zip(parts.as_flattened()) {
        *to = *from;
    }
    response
}

/// `NtPasswordHashEncryptedWithBlock` (RFC 2759 §8.13): the old hash under the new one.
pub(super) fn encrypt_hash(old: &[u8; 16], key: &[u8; 16]) -> [u8; 16] {
    let [a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7] = *old;
    let [k0, k1, k2, k3, k4, k5, k6, l0, l1, l2, l3, l4, l5, l6, _, _] = *key;
    let [c0, c1, c2, c3, c4, c5, c6, c7] =
        des([a0, a1, a2, a3, a4, a5, a6, a7], [k0, k1, k2, k3, k4, k5, k6]);
    let [d0, d1, d2, d3, d4, d5, d6, d7] =
        des([b0, b1, b2, b3, b4, b5, b6, b7], [l0, l1, l2, l3, l4, l5, l6]);
    [c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7]
}

/// The name MS-CHAPv2 hashes: everything behind the last backslash, octets as sent.
pub(crate) fn hashed_name(name: &[u8]) -> &[u8] {
    name.rsplit(|octet| *octet == b'\\').next().unwrap_or(name)
}

/// `ChallengeHash` (RFC 2759 §8.2). `name` may still carry its domain.
pub(crate) fn challenge_hash(peer: &[u8; 16], authenticator: &[u8; 16], name: &[u8]) -> [u8; 8] {
    let mut sha = Sha1::new();
    sha.update(peer);
    sha.update(authenticator);
    sha.update(hashed_name(name));
    let [a, b, c, d, e, f, g, h, ..]: [u8; 20] = sha.finalize().into();
    [a, b, c, d, e, f, g, h]
}

/// `GenerateAuthenticatorResponse` (RFC 2759 §8.7), the 20 octets behind `S=`.
pub(crate) fn authenticator_response(
    hash: &[u8; 16],
    nt_response: &[u8; 24],
    challenge_hash: &[u8; 8],
) -> [u8; 20] {
    let mut sha = Sha1::new();
    sha.update(*hash_nt_hash(hash));
    sha.update(nt_response);
    sha.update(MAGIC_1);
    let digest: [u8; 20] = sha.finalize_reset().into();
    sha.update(digest);
    sha.update(challenge_hash);
    sha.update(MAGIC_2);
    sha.finalize().into()
}

/// RC4 under a 16-octet key, in place; the same call decrypts.
pub(super) fn rc4(key: &[u8; 16], data: &mut [u8]) {
    // the cipher takes 1 to 256 octets of key, so 16 always fit
    if let Ok(mut cipher) = Rc4::new_from_slice(key) {
        cipher.apply_keystream(data);
    }
}

#[cfg(test)]
#[path = "tests/hash.rs"]
mod tests;
