use super::*;
use crate::auth::tests::{hex, hexed};

const MY_PW: &str = "fc156af7edcd6c0edde3337d427f4eac";
const CLIENT_PASS: &str = "44ebba8d5312b8d611474411f56989ae";

#[test]
fn nt_hashes_are_those_of_rfc_2433_and_2759() {
    assert_eq!(*nt_hash(&"MyPw".into()), hexed(MY_PW));
    assert_eq!(*nt_hash(&"clientPass".into()), hexed(CLIENT_PASS));
    assert_eq!(*hash_nt_hash(&hexed(CLIENT_PASS)), hexed("41c00c584bd2d91c4017a2a12fa59f3f"));
}

#[test]
fn seven_octets_become_the_des_keys_of_rfc_2433_but_for_parity() {
    let parityless = |key: u64| key & 0xfefe_fefe_fefe_fefe;
    let hash = hex(MY_PW);
    assert_eq!(expand_key(hash[..7].try_into().unwrap()), parityless(0xfd0b_5b5e_7f6e_34d9));
    assert_eq!(expand_key(hash[7..14].try_into().unwrap()), parityless(0x0e6e_7967_37ea_08fe));
}

#[test]
fn the_response_of_rfc_2433_and_that_of_its_retry() {
    let respond = |challenge| challenge_response(&hexed(challenge), &hexed(MY_PW));
    assert_eq!(respond("102db5df085d3041"), hexed("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"));
    assert_eq!(respond("272db5df085d3041"), hexed("ef8a435f0edfca92dce4bbf63684e55198e57bc92e85bb71"));
}

#[test]
fn the_whole_chain_of_rfc_2759_section_9_2() {
    let peer = hexed("21402324255e262a28295f2b3a337c7e");
    let authenticator = hexed("5b5d7c7d7b3f2f3e3c2c602132262628");
    let hash = hexed(CLIENT_PASS);
    for name in [&b"User"[..], b"DOMAIN\\User", b"A\\B\\User"] {
        let challenge = challenge_hash(&peer, &authenticator, name);
        assert_eq!(challenge, hexed("d02e4386bce91226"));
        let response = challenge_response(&challenge, &hash);
        assert_eq!(response, hexed("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"));
        let proof = authenticator_response(&hash, &response, &challenge);
        assert_eq!(proof, hexed("407A5589115FD0D6209F510FE9C04566932CDA56"));
    }
    assert_ne!(challenge_hash(&peer, &authenticator, b"user"), hexed("d02e4386bce91226"));
    assert_ne!(challenge_hash(&peer, &authenticator, b"User@realm"), hexed("d02e4386bce91226"));
}

#[test]
fn chap_md5_of_the_reference() {
    let challenge = hex("00112233445566778899aabbccddeeff");
    assert_eq!(chap_md5(1, &"secret".into(), &challenge), hexed("204bb003332f6932b63b47c2c4e1a547"));
    // the value EAP-MD5 sends: same function, Identifier 7
    assert_eq!(chap_md5(7, &"secret".into(), &challenge), hexed("15c1682eb7ac3daca85d727884af20a0"));
}

/// Change-Password version 1 is never made here, but its NT fields use the same DES.
#[test]
fn the_nt_fields_of_a_version_1_change() {
    let challenge: [u8; 7] = hexed("102db5df085d30");
    let field = |hash: NtHash| {
        [des(*hash.first_chunk().unwrap(), challenge), des(*hash.last_chunk().unwrap(), challenge)].concat()
    };
    assert_eq!(field(nt_hash(&"clientPass".into())), hex("c4d8d48f2106115d3b2dc8d29a7cc3de"));
    assert_eq!(field(nt_hash(&"NewPass1".into())), hex("8a1a391640fe25f47f30a3ae2cd35ab3"));
}

#[test]
fn rc4_twice_is_the_identity() {
    let mut data = *b"any octets";
    rc4(&[7; 16], &mut data);
    assert_ne!(&data, b"any octets");
    rc4(&[7; 16], &mut data);
    assert_eq!(&data, b"any octets");
}
