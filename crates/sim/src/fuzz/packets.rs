//! Every packet of every protocol: parsing, emitting and showing.
//!
//! The first two octets are the protocol as in a frame, the others the packet from its code octet.

use openras_ppp::auth::verify;
use openras_ppp::show::{LONGEST, escape};
use openras_ppp::wire::{ControlPacket, Options, Protocol, emit_option};
use openras_ppp::{Proof, Secret, show};

/// Runs the body.
pub fn run(data: &[u8]) {
    let Some((&[high, low], bytes)) = data.split_first_chunk::<2>() else { return };
    let protocol = Protocol(u16::from_be_bytes([high, low]));
    shows(protocol, bytes);
    hides_passwords(protocol, bytes);
    if let Ok(packet) = ControlPacket::parse(bytes) {
        let mut again = Vec::new();
        packet.emit(&mut again);
        assert!(bytes.starts_with(&again), "emit is not what parse has read");
        assert_eq!(ControlPacket::parse(&again), Ok(packet));
        options(packet.body);
    }
    options(bytes);
    verifies(bytes);
}

/// One bounded, printable line; twice the same.
fn shows(protocol: Protocol, bytes: &[u8]) {
    let text = show(protocol, bytes);
    assert!(text.starts_with('[') && text.ends_with(']'), "{text:?}");
    assert!(text.chars().count() <= LONGEST, "{} characters", text.chars().count());
    // what escape leaves alone, quotes and backslashes aside, moves no cursor and turns no direction
    let plain: String = text.chars().filter(|shown| !matches!(shown, '"' | '\\')).collect();
    assert_eq!(escape(&plain), plain, "not printable");
    assert_eq!(text, show(protocol, bytes));
}

/// The text of a PAP request does not depend on its password, that of a change of password on nothing but its size.
fn hides_passwords(protocol: Protocol, bytes: &[u8]) {
    let keep = match (protocol, bytes) {
        (Protocol::PAP, [1, _, _, _, name, ..]) => 6 + usize::from(*name),
        (Protocol::CHAP, [5..=7, ..]) => 4,
        _ => return,
    };
    if ControlPacket::parse(bytes).is_err() {
        return;
    }
    let mut other = bytes.to_vec();
    other.iter_mut().skip(keep).for_each(|octet| *octet = !*octet);
    assert_eq!(show(protocol, bytes), show(protocol, &other), "a password is shown");
}

fn options(body: &[u8]) {
    let Ok(options) = Options::parse(body) else { return };
    let mut again = Vec::new();
    options.flat().for_each(|option| emit_option(option.kind, option.data, &mut again));
    assert_eq!(again, body, "options change when they are emitted");
}

/// A change of password is untrusted input of whoever checks it. No bytes open a block without the old hash, except
/// by a chance of 1 in 2^32 that a fuzzer does not have.
fn verifies(packet: &[u8]) {
    let hash = [0x5a; 16];
    let v1 = Proof::ChangeV1 { challenge: [1; 8], packet: Secret::new(packet) };
    assert!(verify::change_v1(&hash, &v1).is_err());
    let v2 = Proof::ChangeV2 { challenge: [1; 16], packet: Secret::new(packet) };
    assert!(verify::change_v2(&hash, packet, &v2).is_err());
    assert!(verify::change_v1(&hash, &v2).is_err() && verify::change_v2(&hash, packet, &v1).is_err());
    let secret = Secret::new(packet);
    let mut challenge = packet.to_vec();
    challenge.truncate(255);
    let chap = Proof::ChapMd5 { challenge, response: [0; 16] };
    let _ = verify::verify_chap_md5(&secret, 1, &chap);
    let _ = verify::nt_hash(&secret);
}
