use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;
use crate::auth::mschap::change::{Built, CODE_V1_OLD, Change, SIZE_V1, SIZE_V2, is_well_formed};
use crate::auth::tests::{Filler, hex, hexed};

const CHALLENGE_V1: &str = "102db5df085d3041";
const CHALLENGE_V2: &str = "00112233445566778899aabbccddeeff";
const PEER: &str = "000102030405060708090a0b0c0d0e0f";

fn change(new: &str) -> Change {
    Change::new(&nt_hash(&"clientPass".into()), &new.into(), &mut Filler).unwrap()
}

fn built_v1(new: &str) -> Built {
    change(new).v1(2, &hexed(CHALLENGE_V1))
}

fn built_v2(new: &str) -> Built {
    change(new).v2(2, &hexed(CHALLENGE_V2), &hexed(PEER), b"User")
}

fn proof_v1(packet: Vec<u8>) -> Proof {
    Proof::ChangeV1 { challenge: hexed(CHALLENGE_V1), packet: Secret::new(packet) }
}

fn proof_v2(packet: Vec<u8>) -> Proof {
    Proof::ChangeV2 { challenge: hexed(CHALLENGE_V2), packet: Secret::new(packet) }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[test]
fn the_code_6_packet_is_the_reference_one_octet_for_octet() {
    let packet = built_v1("NewPass1").packet;
    assert_eq!(packet.len(), SIZE_V1);
    assert_eq!(packet[..4], hex("0602045e"));
    assert_eq!(packet[520..536], hex("1583a5f38bd5c2723b0454b265f3f97a"));
    assert_eq!(packet[1092..1116], hex("df8c9bae3162b6fc44b28778b8377a582baa3afbd7bb505c"));
    assert_eq!(sha256(&packet), hex("7c00b027a1d6543523da9e664d0a9734f5595e93bc127542edbecd1b8287ca95"));
}

#[test]
fn the_code_7_packet_is_the_reference_one_octet_for_octet() {
    let Built { packet, authenticator_response } = built_v2("NewPass1");
    assert_eq!(packet.len(), SIZE_V2);
    assert_eq!(packet[..8], hex("0702024a37476e4a"));
    assert_eq!(packet[4..20], hex("37476e4a165c55b18da95e2dc5949245"));
    assert_eq!(packet[500..520], hex("8b2277df2dec647f6818bc7ff245ca58a2343a7c"));
    let block = "898b209a2a13f30e28d01d367aba71b6f2413c8b3baab3b1ee3469026c06d06b";
    assert_eq!(sha256(&packet[4..520]), hex(block));
    assert_eq!(packet[520..536], hex("1583a5f38bd5c2723b0454b265f3f97a"));
    assert_eq!(packet[560..584], hex("e131334bcad3ddce4c0abc1694192975974e7c25818af8d6"));
    assert_eq!(authenticator_response, Some(hexed("39F8456585E0C141E9522B4F5B38994EA6A69211")));
    assert_eq!(sha256(&packet), hex("9f67974d25eedc070f4794e6d1a4e8e1013dc5dbe2bef95a1276288fde770845"));
}

#[test]
fn the_store_opens_what_the_client_built() {
    let old = nt_hash(&"clientPass".into());
    let new = change_v1(&old, &proof_v1(built_v1("NewPass1").packet)).unwrap();
    assert_eq!(new.clear, "NewPass1".into());
    assert_eq!(new.nt_hash, hexed("5e4551c8c8a962b62b82ab825636d3a9"));
    let (new, proof) = change_v2(&old, b"D\\User", &proof_v2(built_v2("NewPass1").packet)).unwrap();
    assert_eq!(new.clear, "NewPass1".into());
    assert_eq!(proof, hexed("39F8456585E0C141E9522B4F5B38994EA6A69211"));
}

#[test]
fn a_change_made_with_another_old_password_is_refused() {
    let other = nt_hash(&"ClientPass".into());
    let v1 = change_v1(&other, &proof_v1(built_v1("NewPass1").packet));
    assert_eq!(v1.unwrap_err(), ChangeError::WrongOldPassword);
    let v2 = change_v2(&other, b"User", &proof_v2(built_v2("NewPass1").packet));
    assert_eq!(v2.unwrap_err(), ChangeError::WrongOldPassword);
}

#[test]
fn a_change_replayed_on_another_challenge_or_name_is_refused() {
    let old = nt_hash(&"clientPass".into());
    let packet = Secret::new(built_v2("NewPass1").packet);
    let replayed = Proof::ChangeV2 { challenge: [9; 16], packet: packet.clone() };
    assert_eq!(change_v2(&old, b"User", &replayed).unwrap_err(), ChangeError::WrongResponse);
    let named = Proof::ChangeV2 { challenge: hexed(CHALLENGE_V2), packet };
    assert_eq!(change_v2(&old, b"Other", &named).unwrap_err(), ChangeError::WrongResponse);
    let packet = Secret::new(built_v1("NewPass1").packet);
    let replayed = Proof::ChangeV1 { challenge: [9; 8], packet };
    assert_eq!(change_v1(&old, &replayed).unwrap_err(), ChangeError::WrongResponse);
}

#[test]
fn packets_of_the_wrong_kind_or_size_are_refused() {
    let old = nt_hash(&"clientPass".into());
    let v1 = built_v1("NewPass1").packet;
    assert_eq!(change_v1(&old, &proof_v1(v1[..1117].to_vec())).unwrap_err(), ChangeError::Malformed);
    assert_eq!(change_v2(&old, b"User", &proof_v2(v1.clone())).unwrap_err(), ChangeError::Malformed);
    assert_eq!(change_v2(&old, b"User", &proof_v1(v1.clone())).unwrap_err(), ChangeError::NotAChange);
    let mut lan_manager = v1;
    lan_manager[1117] = 2;
    assert_eq!(change_v1(&old, &proof_v1(lan_manager)).unwrap_err(), ChangeError::Malformed);
}

#[test]
fn the_version_1_change_of_the_reference_is_recognised() {
    let packet = hex("05 02 00 48 802f4ae88b461fa1fb08d2106ac9b554 a9075e290d7bb2901c91d023081e83aa
         c4d8d48f2106115d3b2dc8d29a7cc3de 8a1a391640fe25f47f30a3ae2cd35ab3 0008 0001");
    assert!(is_well_formed(CODE_V1_OLD, &packet[4..]));
    assert!(!is_well_formed(CODE_V1_OLD, &packet[5..]));
}

#[test]
fn the_longest_new_password_fits_and_one_more_unit_does_not() {
    let old = nt_hash(&"clientPass".into());
    for new in [String::new(), "ä".repeat(256), "😀".repeat(128)] {
        let changed = change_v2(&old, b"User", &proof_v2(built_v2(&new).packet)).unwrap().0;
        assert_eq!(changed.clear, Secret::from(&*new));
    }
    assert!(Change::new(&old, &Secret::from(&*"ä".repeat(257)), &mut Filler).is_err());
}

#[test]
fn a_new_password_that_is_not_utf_16_is_malformed() {
    let old = nt_hash(&"clientPass".into());
    let mut block = [0; 516];
    block[510..516].copy_from_slice(&[0x00, 0xd8, 2, 0, 0, 0]);
    hash::rc4(&old, &mut block);
    let hash = hash::nt_hash_wide(&[0x00, 0xd8]);
    let opened = open_change(&old, block, &hash::encrypt_hash(&old, &hash));
    assert_eq!(opened.unwrap_err(), ChangeError::Malformed);
}

#[test]
fn mschap_v2_of_rfc_2759_is_true_and_gives_its_proof() {
    let hash = nt_hash(&"clientPass".into());
    let proof = |peer: &str, nt: &str| Proof::MsChapV2 {
        challenge: hexed("5b5d7c7d7b3f2f3e3c2c602132262628"),
        peer_challenge: hexed(peer),
        nt_response: hexed(nt),
        flags: 0,
    };
    let peer = "21402324255e262a28295f2b3a337c7e";
    let nt = "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df";
    let expected = Some(hexed("407A5589115FD0D6209F510FE9C04566932CDA56"));
    assert_eq!(verify_mschap_v2(&hash, b"User", &proof(peer, nt)), expected);
    assert_eq!(verify_mschap_v2(&hash, b"DOM\\User", &proof(peer, nt)), expected);
    assert_eq!(verify_mschap_v2(&hash, b"Other", &proof(peer, nt)), None);
    assert_eq!(verify_mschap_v2(&hash, b"User", &proof(PEER, nt)), None);
    assert_eq!(verify_mschap_v2(&nt_hash(&"other".into()), b"User", &proof(peer, nt)), None);
    let challenge = hexed("5b5d7c7d7b3f2f3e3c2c602132262628");
    let answer = respond_mschap_v2(&hash, b"User", &challenge, &hexed(peer));
    assert_eq!((answer.0, Some(answer.1)), (hexed(nt), expected));
}

#[test]
fn mschap_v1_needs_the_nt_half() {
    let hash = nt_hash(&"MyPw".into());
    let proof = |flags| Proof::MsChapV1 {
        challenge: hexed(CHALLENGE_V1),
        lm_response: hexed("91881d0152ab0c33c524135ec24a95ee64e23cdc2d33347d"),
        nt_response: hexed("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"),
        flags,
    };
    assert!(verify_mschap_v1(&hash, &proof(1)));
    assert!(!verify_mschap_v1(&hash, &proof(0)));
    assert!(!verify_mschap_v1(&nt_hash(&"myPw".into()), &proof(1)));
}

#[test]
fn chap_md5_depends_on_identifier_and_secret() {
    let proof = Proof::ChapMd5 {
        challenge: hex("00112233445566778899aabbccddeeff"),
        response: hexed("204bb003332f6932b63b47c2c4e1a547"),
    };
    assert!(verify_chap_md5(&"secret".into(), 1, &proof));
    assert!(!verify_chap_md5(&"secret".into(), 2, &proof));
    assert!(!verify_chap_md5(&"Secret".into(), 1, &proof));
}

#[test]
fn a_new_password_is_not_printed() {
    let new = NewPassword { clear: "hunter2".into(), nt_hash: [0xab; 16] };
    let text = format!("{new:?}");
    assert!(!text.contains("hunter2") && !text.contains("171"), "{text}");
}

proptest! {
    #[test]
    fn any_octet_of_a_change_that_counts_is_checked(at in 4usize..584, flip in 1u8..) {
        let old = nt_hash(&"clientPass".into());
        let mut packet = built_v2("NewPass1").packet;
        packet[at] ^= flip;
        let changed = change_v2(&old, b"User", &proof_v2(packet));
        // random fill before the password and the reserved octets prove nothing
        let counts = !(4..500).contains(&at) && !(552..560).contains(&at);
        prop_assert_eq!(changed.is_err(), counts);
    }

    #[test]
    fn garbage_is_never_a_change(bytes in proptest::collection::vec(any::<u8>(), 0..1200)) {
        prop_assert!(change_v1(&[1; 16], &proof_v1(bytes.clone())).is_err());
        prop_assert!(change_v2(&[1; 16], b"User", &proof_v2(bytes)).is_err());
    }
}

#[test]
fn a_change_that_is_asked_for_aside_is_one_that_can_be_checked() {
    let (old, new) = (Secret::from("old"), Secret::from("neu \u{e4}"));
    let proof = request_change_v2(&old, &new, b"CORP\\alice", [3; 32]).unwrap();
    let (changed, _) = change_v2(&nt_hash(&old), b"CORP\\alice", &proof).unwrap();
    assert!(changed.clear == new && changed.nt_hash == nt_hash(&new));
    assert!(change_v2(&nt_hash(&new), b"CORP\\alice", &proof).is_err());
    assert!(request_change_v2(&old, &Secret::from("x".repeat(257).as_str()), b"alice", [3; 32]).is_none());
}
