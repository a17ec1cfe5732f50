//! Checking a [`Claim`](crate::Claim) against stored secrets: for whoever answers
//! [`Ask::Verify`](crate::Ask::Verify). Pure functions; every comparison takes constant time.
//!
//! PPP itself keeps no secret in the server role. PAP has no function here: its proof is the password, to be
//! checked by whatever hash the store keeps.
//!
//! ```
//! use openras_ppp::auth::verify::{nt_hash, verify_mschap_v2};
//! use openras_ppp::{Claim, Verdict};
//!
//! fn verdict(claim: &Claim, stored: &[u8; 16]) -> Verdict {
//!     match verify_mschap_v2(stored, &claim.raw_name, &claim.proof) {
//!         Some(proof) => Verdict::Accept { authenticator_response: Some(proof), message: String::new() },
//!         None => Verdict::Refuse { error: 691, retry: true, challenge: None, message: String::new() },
//!     }
//! }
//! # let _ = (nt_hash, verdict);
//! ```

use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::hash;
use super::mschap::change::{Change, ChangeV1, ChangeV2, open_block};
use crate::ask::Proof;
use crate::secret::Secret;
use crate::wire::Malformed;

/// A new password that came by a Change-Password packet, already proven. Wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NewPassword {
    /// In UTF-8, for the policy and for stores that need more than the hash.
    pub clear: Secret,
    /// Its NT hash.
    pub nt_hash: [u8; 16],
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(***)")
    }
}

/// Why a change of password is refused. All but the policy's own reasons are `E=709`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ChangeError {
    /// The proof is no Change-Password packet of this version.
    #[error("not a change-password packet of this version")]
    NotAChange,
    /// A field is missing or left over, or the new password is not UTF-16.
    #[error("the change-password packet is malformed")]
    Malformed,
    /// It was made with another old password than the stored one.
    #[error("the old password is wrong")]
    WrongOldPassword,
    /// The response for the new password is wrong: not made for this challenge and name.
    #[error("the response does not prove the new password")]
    WrongResponse,
}

impl From<Malformed> for ChangeError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// The NT hash of a password in UTF-8 (RFC 2759 §8.3). It is as good as the password: keep it wiped.
pub fn nt_hash(password: &Secret) -> [u8; 16] {
    *hash::nt_hash(password)
}

/// Whether a [`Proof::ChapMd5`] was made with `secret`; `identifier` is that of the claim (RFC 1994 §4.1).
pub fn verify_chap_md5(secret: &Secret, identifier: u8, proof: &Proof) -> bool {
    let Proof::ChapMd5 { challenge, response } = proof else { return false };
    hash::chap_md5(identifier, secret, challenge).ct_eq(response).into()
}

/// Whether a [`Proof::MsChapV1`] was made with this password. A response that offers only its LAN Manager half
/// (flag 0) never is (RFC 2433 §6).
pub fn verify_mschap_v1(nt_hash: &[u8; 16], proof: &Proof) -> bool {
    let Proof::MsChapV1 { challenge, nt_response, flags, .. } = proof else { return false };
    let same: bool = hash::challenge_response(challenge, nt_hash).ct_eq(nt_response).into();
    same && flags & 1 == 1
}

/// Checks a [`Proof::MsChapV2`]; `raw_name` is that of the claim. Gives the authenticator response (`S=`) for the
/// verdict if the proof is true (RFC 2759 §8.1, §8.7).
pub fn verify_mschap_v2(nt_hash: &[u8; 16], raw_name: &[u8], proof: &Proof) -> Option<[u8; 20]> {
    let Proof::MsChapV2 { challenge, peer_challenge, nt_response, .. } = proof else { return None };
    check_v2(nt_hash, raw_name, challenge, peer_challenge, nt_response)
}

fn check_v2(
    nt_hash: &[u8; 16],
    raw_name: &[u8],
    challenge: &[u8; 16],
    peer_challenge: &[u8; 16],
    nt_response: &[u8; 24],
) -> Option<[u8; 20]> {
    let hash = hash::challenge_hash(peer_challenge, challenge, raw_name);
    let same: bool = hash::challenge_response(&hash, nt_hash).ct_eq(nt_response).into();
    same.then(|| hash::authenticator_response(nt_hash, nt_response, &hash))
}

/// Opens and checks a [`Proof::ChangeV1`] with the stored NT hash (RFC 2433 §10). The policy for new passwords is
/// the caller's.
pub fn change_v1(old_nt_hash: &[u8; 16], proof: &Proof) -> Result<NewPassword, ChangeError> {
    let Proof::ChangeV1 { challenge, packet } = proof else { return Err(ChangeError::NotAChange) };
    let change = ChangeV1::parse(packet.expose())?;
    if change.flags & 1 == 0 {
        return Err(ChangeError::Malformed);
    }
    let new = open_change(old_nt_hash, change.block, &change.encrypted_hash)?;
    let response = hash::challenge_response(challenge, &new.nt_hash);
    if bool::from(response.ct_eq(&change.nt_response)) { Ok(new) } else { Err(ChangeError::WrongResponse) }
}

/// Opens and checks a [`Proof::ChangeV2`] with the stored NT hash (RFC 2759 §7); `raw_name` is that of the claim.
/// Gives also the authenticator response (`S=`), which is made with the new password. The policy for new
/// passwords is the caller's.
pub fn change_v2(
    old_nt_hash: &[u8; 16],
    raw_name: &[u8],
    proof: &Proof,
) -> Result<(NewPassword, [u8; 20]), ChangeError> {
    let Proof::ChangeV2 { challenge, packet } = proof else { return Err(ChangeError::NotAChange) };
    let change = ChangeV2::parse(packet.expose())?;
    let new = open_change(old_nt_hash, change.block, &change.encrypted_hash)?;
    let (peer, response) = (&change.peer_challenge, &change.nt_response);
    let proof = check_v2(&new.nt_hash, raw_name, challenge, peer, response);
    proof.map(|proof| (new, proof)).ok_or(ChangeError::WrongResponse)
}

fn open_change(
    old: &[u8; 16],
    block: [u8; 516],
    encrypted_hash: &[u8; 16],
) -> Result<NewPassword, ChangeError> {
    let wide = open_block(block, old).ok_or(ChangeError::WrongOldPassword)?;
    let nt_hash = hash::nt_hash_wide(wide.expose());
    if !bool::from(hash::encrypt_hash(old, &nt_hash).ct_eq(encrypted_hash)) {
        return Err(ChangeError::WrongOldPassword);
    }
    let (units, _) = wide.expose().as_chunks::<2>();
    let mut units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    let clear = String::from_utf16(&units);
    units.zeroize();
    let clear = Secret::new(clear.map_err(|_| ChangeError::Malformed)?.into_bytes());
    Ok(NewPassword { clear, nt_hash: *nt_hash })
}

/// What a client computes for MS-CHAPv2: the NT response (RFC 2759 §8.1) and the `S=` it will expect. Here so that
/// programs which prove themselves by other ways than PPP, tests and benches use the same code.
pub fn respond_mschap_v2(
    nt_hash: &[u8; 16],
    raw_name: &[u8],
    challenge: &[u8; 16],
    peer_challenge: &[u8; 16],
) -> ([u8; 24], [u8; 20]) {
    let hash = hash::challenge_hash(peer_challenge, challenge, raw_name);
    let response = hash::challenge_response(&hash, nt_hash);
    (response, hash::authenticator_response(nt_hash, &response, &hash))
}

/// A change of password as MS-CHAPv2 asks for it (RFC 2759 §7), for servers that learn both passwords by other ways than PPP and
/// let their store know of one kind of change only. The challenge and what else is random comes from `seed`. `None` where the
/// new password is longer than 256 units of UTF-16.
pub fn request_change_v2(old: &Secret, new: &Secret, raw_name: &[u8], seed: [u8; 32]) -> Option<Proof> {
    let mut random = ChaCha20Rng::from_seed(seed);
    let (mut challenge, mut peer) = ([0; 16], [0; 16]);
    random.fill_bytes(&mut challenge);
    random.fill_bytes(&mut peer);
    let change = Change::new(&hash::nt_hash(old), new, &mut random).ok()?;
    let packet = Secret::new(change.v2(0, &challenge, &peer, raw_name).packet);
    Some(Proof::ChangeV2 { challenge, packet })
}

#[cfg(test)]
#[path = "tests/verify.rs"]
mod tests;
