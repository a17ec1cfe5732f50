//! What a caller's program would send, built from the published recipe and held to the published octets.

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};
use openras_ppp::auth::verify::{nt_hash, respond_mschap_v2};
use openras_ppp::{Claim, Proof, Secret};
use rc4::{Rc4, StreamCipher};
use sha2::{Digest, Sha256};

use super::claim;

pub(super) const CHALLENGE_1: [u8; 8] = [0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41];
pub(super) const CHALLENGE_2: [u8; 16] = *b"[]|}{?/><,`!2&&(";
pub(super) const PEER: [u8; 16] = *b"!@#$%^&*()_+:3|~";

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// DES with seven octets of key, spread over eight.
fn des(key: &[u8], block: &[u8]) -> [u8; 8] {
    let wide = key.iter().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
    let spread: [u8; 8] = std::array::from_fn(|n| ((wide >> (49 - 7 * n)) as u8 & 0x7f) << 1);
    let mut block = Array(<[u8; 8]>::try_from(block).unwrap());
    Des::new(&Array(spread)).encrypt_block(&mut block);
    block.0
}

fn response_1(challenge: &[u8; 8], password: &str) -> [u8; 24] {
    let mut key = [0; 21];
    key[..16].copy_from_slice(&nt_hash(&password.into()));
    [des(&key[..7], challenge), des(&key[7..14], challenge), des(&key[14..], challenge)]
        .concat()
        .try_into()
        .unwrap()
}

pub(super) fn v1(name: &str, password: &str) -> Claim {
    let nt_response = response_1(&CHALLENGE_1, password);
    claim(name, 1, Proof::MsChapV1 { challenge: CHALLENGE_1, lm_response: [0; 24], nt_response, flags: 1 })
}

pub(super) fn v2(name: &str, password: &str) -> Claim {
    let (nt_response, _) =
        respond_mschap_v2(&nt_hash(&password.into()), name.as_bytes(), &CHALLENGE_2, &PEER);
    claim(name, 1, Proof::MsChapV2 { challenge: CHALLENGE_2, peer_challenge: PEER, nt_response, flags: 0 })
}

pub(super) fn md5(name: &str, response: [u8; 16]) -> Claim {
    let challenge = (0..16).map(|n| n * 0x11).collect();
    claim(name, 1, Proof::ChapMd5 { challenge, response })
}

/// The 516 octets with the new password, and the 16 that prove the old one.
fn block(old: &str, new: &str) -> (Vec<u8>, Vec<u8>) {
    let wide: Vec<u8> = new.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut block = vec![0xa5; 512 - wide.len()];
    block.extend(&wide);
    block.extend((wide.len() as u32).to_le_bytes());
    let (old, new) = (nt_hash(&old.into()), nt_hash(&new.into()));
    Rc4::new_from_slice(&old).unwrap().apply_keystream(&mut block);
    (block, [des(&new[..7], &old[..8]), des(&new[7..14], &old[8..])].concat())
}

/// Code 6, RFC 2433 §10.
pub(super) fn change_v1(name: &str, old: &str, new: &str) -> Claim {
    let (block, hash) = block(old, new);
    let response = response_1(&CHALLENGE_1, new);
    let packet = [&[6, 2, 4, 0x5e], &block[..], &hash, &[0; 516 + 16 + 24], &response, &[0, 1]].concat();
    claim(name, 2, Proof::ChangeV1 { challenge: CHALLENGE_1, packet: Secret::new(packet) })
}

/// Code 7, RFC 2759 §7.
pub(super) fn change_v2(name: &str, old: &str, new: &str) -> Claim {
    let challenge: [u8; 16] = std::array::from_fn(|n| n as u8 * 0x11);
    let peer: [u8; 16] = std::array::from_fn(|n| n as u8);
    let (block, hash) = block(old, new);
    let (response, _) = respond_mschap_v2(&nt_hash(&new.into()), name.as_bytes(), &challenge, &peer);
    let packet = [&[7, 2, 2, 0x4a], &block[..], &hash, &peer, &[0; 8], &response, &[0, 0]].concat();
    claim(name, 2, Proof::ChangeV2 { challenge, packet: Secret::new(packet) })
}

fn digest(claim: &Claim) -> String {
    match &claim.proof {
        Proof::ChangeV1 { packet, .. } | Proof::ChangeV2 { packet, .. } => {
            hex(&Sha256::digest(packet.expose()))
        }
        _ => String::new(),
    }
}

#[test]
fn what_these_tests_send_is_what_was_published() {
    let Proof::MsChapV1 { nt_response, .. } = v1("u", "MyPw").proof else { panic!() };
    assert_eq!(hex(&nt_response), "4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61");
    let Proof::MsChapV2 { nt_response, .. } = v2("User", "clientPass").proof else { panic!() };
    assert_eq!(hex(&nt_response), "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
    let code_6 = "7c00b027a1d6543523da9e664d0a9734f5595e93bc127542edbecd1b8287ca95";
    assert_eq!(digest(&change_v1("User", "clientPass", "NewPass1")), code_6);
    let code_7 = "9f67974d25eedc070f4794e6d1a4e8e1013dc5dbe2bef95a1276288fde770845";
    assert_eq!(digest(&change_v2("User", "clientPass", "NewPass1")), code_7);
}
