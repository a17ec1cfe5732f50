//! MS-CHAP's Change-Password packets: v1's version 2 (code 6, RFC 2433 §10) and v2's (code 7, RFC 2759 §7).

use rand_chacha::rand_core::Rng;
use zeroize::{Zeroize, Zeroizing};

use crate::Secret;
use crate::auth::hash::{
    NtHash, authenticator_response, challenge_hash, challenge_response, encrypt_hash, nt_hash_wide, rc4,
};
use crate::auth::packet::emit;
use crate::wire::{ControlPacket, Malformed, Reader};

/// MS-CHAPv1 Change-Password version 1: too weak to take, so it is only recognised.
pub(in crate::auth) const CODE_V1_OLD: u8 = 5;
/// MS-CHAPv1 Change-Password version 2.
pub(in crate::auth) const CODE_V1: u8 = 6;
/// MS-CHAPv2 Change-Password.
pub(in crate::auth) const CODE_V2: u8 = 7;

/// Octets of a [`CODE_V1_OLD`] packet.
pub(in crate::auth) const SIZE_V1_OLD: usize = 72;
/// Octets of a [`CODE_V1`] packet.
pub(in crate::auth) const SIZE_V1: usize = 1118;
/// Octets of a [`CODE_V2`] packet.
pub(in crate::auth) const SIZE_V2: usize = 586;

/// Field of the new password, without its length.
const FIELD: usize = 512;
/// `PWBLOCK`: the field and a length of four octets, little-endian.
const BLOCK: usize = FIELD + 4;

/// Whether a packet has the one Length its code allows.
pub(in crate::auth) fn is_well_formed(code: u8, body: &[u8]) -> bool {
    let size = body.len() + ControlPacket::HEADER;
    matches!((code, size), (CODE_V1_OLD, SIZE_V1_OLD) | (CODE_V1, SIZE_V1) | (CODE_V2, SIZE_V2))
}

/// The new password does not fit the field of 256 UTF-16 units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::auth) struct TooLong;

/// A new password on its way into a packet.
pub(in crate::auth) struct Change {
    block: Zeroizing<[u8; BLOCK]>,
    encrypted_hash: [u8; 16],
    new_hash: NtHash,
}

/// A Change-Password packet and how the authenticator of v2 will prove itself afterwards.
pub(in crate::auth) struct Built {
    /// From the code octet.
    pub(in crate::auth) packet: Vec<u8>,
    /// The `S=` to expect; v2 only.
    pub(in crate::auth) authenticator_response: Option<[u8; 20]>,
}

impl Change {
    /// `NewPasswordEncryptedWithOldNtPasswordHash` (RFC 2759 §8.9); `fill` makes the octets before the password.
    pub(in crate::auth) fn new(
        old_hash: &[u8; 16],
        new: &Secret,
        fill: &mut impl Rng,
    ) -> Result<Self, TooLong> {
        let wide = new.utf16le();
        let mut block = Zeroizing::new([0; BLOCK]);
        let start = FIELD.checked_sub(wide.len()).ok_or(TooLong)?;
        let size = u32::try_from(wide.len()).map_err(|_| TooLong)?.to_le_bytes();
        let (front, rest) = block.split_at_mut_checked(start).ok_or(TooLong)?;
        fill.fill_bytes(front);
        for (to, from) in rest.iter_mut().zip(wide.expose().iter().chain(&size)) {
            *to = *from;
        }
        rc4(old_hash, &mut *block);
        let new_hash = nt_hash_wide(wide.expose());
        Ok(Self { block, encrypted_hash: encrypt_hash(old_hash, &new_hash), new_hash })
    }

    /// The packet of MS-CHAPv1; `challenge` is that of the last Response.
    pub(in crate::auth) fn v1(&self, identifier: u8, challenge: &[u8; 8]) -> Built {
        let response = challenge_response(challenge, &self.new_hash);
        let parts: [&[u8]; 6] =
            [&*self.block, &self.encrypted_hash, &[0; BLOCK + 16 + 24], &response, &[0], &[1]];
        Built { packet: emit(CODE_V1, identifier, &parts), authenticator_response: None }
    }

    /// The packet of MS-CHAPv2; `challenge` is that of the Failure.
    pub(in crate::auth) fn v2(
        &self,
        identifier: u8,
        challenge: &[u8; 16],
        peer_challenge: &[u8; 16],
        name: &[u8],
    ) -> Built {
        let hash = challenge_hash(peer_challenge, challenge, name);
        let response = challenge_response(&hash, &self.new_hash);
        let parts: [&[u8]; 6] =
            [&*self.block, &self.encrypted_hash, peer_challenge, &[0; 8], &response, &[0; 2]];
        let proof = authenticator_response(&self.new_hash, &response, &hash);
        Built { packet: emit(CODE_V2, identifier, &parts), authenticator_response: Some(proof) }
    }
}

/// The fields of a received [`CODE_V1`] packet that count.
pub(in crate::auth) struct ChangeV1 {
    pub(in crate::auth) block: [u8; BLOCK],
    pub(in crate::auth) encrypted_hash: [u8; 16],
    pub(in crate::auth) nt_response: [u8; 24],
    pub(in crate::auth) flags: u16,
}

impl ChangeV1 {
    /// Reads a whole packet from its code octet.
    pub(in crate::auth) fn parse(packet: &[u8]) -> Result<Self, Malformed> {
        let mut reader = open(packet, CODE_V1)?;
        let block = reader.array("Encrypted-Password")?;
        let encrypted_hash = reader.array("Encrypted-Hash")?;
        reader.take(BLOCK + 16 + 24, "LAN Manager fields")?;
        let nt_response = reader.array("NT-Response")?;
        let flags = reader.u16("Flags")?;
        reader.finish("Change-Password")?;
        Ok(Self { block, encrypted_hash, nt_response, flags })
    }
}

/// The fields of a received [`CODE_V2`] packet.
pub(in crate::auth) struct ChangeV2 {
    pub(in crate::auth) block: [u8; BLOCK],
    pub(in crate::auth) encrypted_hash: [u8; 16],
    pub(in crate::auth) peer_challenge: [u8; 16],
    pub(in crate::auth) nt_response: [u8; 24],
}

impl ChangeV2 {
    /// Reads a whole packet from its code octet.
    pub(in crate::auth) fn parse(packet: &[u8]) -> Result<Self, Malformed> {
        let mut reader = open(packet, CODE_V2)?;
        let block = reader.array("Encrypted-Password")?;
        let encrypted_hash = reader.array("Encrypted-Hash")?;
        let peer_challenge = reader.array("Peer-Challenge")?;
        reader.take(8, "Reserved")?;
        let nt_response = reader.array("NT-Response")?;
        reader.u16("Flags")?;
        reader.finish("Change-Password")?;
        Ok(Self { block, encrypted_hash, peer_challenge, nt_response })
    }
}

fn open(packet: &[u8], code: u8) -> Result<Reader<'_>, Malformed> {
    let packet = ControlPacket::parse(packet)?;
    if packet.code.0 != code {
        return Err(Malformed { what: "Code" });
    }
    Ok(Reader::new(packet.body))
}

/// The new password in UTF-16LE out of a `PWBLOCK`. `None` where the length makes no sense, which is what a
/// wrong old password looks like.
pub(in crate::auth) fn open_block(mut block: [u8; BLOCK], old_hash: &[u8; 16]) -> Option<Secret> {
    rc4(old_hash, &mut block);
    let wide = read_block(&block);
    block.zeroize();
    wide
}

fn read_block(block: &[u8; BLOCK]) -> Option<Secret> {
    let (field, size) = block.split_last_chunk()?;
    let size = usize::try_from(u32::from_le_bytes(*size)).ok()?;
    if !size.is_multiple_of(2) {
        return None;
    }
    let start = field.len().checked_sub(size)?;
    field.get(start..).map(Secret::new)
}
