use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::wire::Options;

fn judge(ipcp: &mut Ipcp, body: &[u8]) -> (Vec<Verdict>, Vec<u8>) {
    let (mut rng, mut nak) = (ChaCha12Rng::from_seed([3; 32]), Vec::new());
    ipcp.begin();
    let verdicts = Options::new(body).flat().map(|option| ipcp.judge(option, &mut rng, &mut nak)).collect();
    (verdicts, nak)
}

fn server() -> Ipcp {
    Ipcp::new(&IpcpConfig {
        local: Some(Ipv4Addr::new(10, 0, 0, 1)),
        assign: true,
        dns: vec![Ipv4Addr::new(10, 0, 0, 53)],
        ..IpcpConfig::default()
    })
}

#[test]
fn the_owner_is_asked_once_and_the_request_waits() {
    let mut ipcp = server();
    let wanted = [3, 6, 192, 0, 2, 7];
    assert_eq!(judge(&mut ipcp, &wanted).0, [Verdict::Wait]);
    assert_eq!(ipcp.take_question(), Some(Some(Ipv4Addr::new(192, 0, 2, 7))));
    assert_eq!(judge(&mut ipcp, &wanted).0, [Verdict::Wait]);
    assert_eq!(ipcp.take_question(), None);
    ipcp.assign(Ipv4Addr::new(10, 0, 0, 2));
    assert_eq!(judge(&mut ipcp, &wanted), (vec![Verdict::Nak], vec![3, 6, 10, 0, 0, 2]));
    assert_eq!(judge(&mut ipcp, &[3, 6, 10, 0, 0, 2]).0, [Verdict::Ack]);
}

#[test]
fn a_peer_that_names_no_address_is_told_one_once() {
    let mut ipcp = server();
    assert_eq!(judge(&mut ipcp, &[]).0, []);
    assert_eq!(ipcp.missing(&mut Vec::new()), Verdict::Wait);
    assert_eq!(ipcp.take_question(), Some(None));
    ipcp.assign(Ipv4Addr::new(10, 0, 0, 2));
    let mut nak = Vec::new();
    ipcp.begin();
    assert_eq!(ipcp.missing(&mut nak), Verdict::Nak);
    assert_eq!(nak, [3, 6, 10, 0, 0, 2]);
    ipcp.begin();
    assert_eq!(ipcp.missing(&mut Vec::new()), Verdict::Ack);
}

#[test]
fn old_addresses_compression_and_missing_servers_are_rejected() {
    let mut ipcp = server();
    let body = [
        1, 10, 1, 1, 1, 1, 2, 2, 2, 2, 2, 6, 0, 0x2d, 15, 1, 131, 6, 0, 0, 0, 0, 130, 6, 0, 0, 0, 0, 144, 6,
        0, 0, 0, 0,
    ];
    assert_eq!(judge(&mut ipcp, &body).0, [Verdict::Reject; 5]);
    let (verdicts, nak) = judge(&mut ipcp, &[129, 6, 0, 0, 0, 0]);
    assert_eq!((verdicts, nak), (vec![Verdict::Nak], vec![129, 6, 10, 0, 0, 53]));
}

#[test]
fn a_fixed_address_of_ours_is_not_talked_away() {
    let (mut rng, mut out) = (ChaCha12Rng::from_seed([3; 32]), Vec::new());
    let mut ipcp = server();
    let nak = [3, 6, 192, 0, 2, 9];
    Options::new(&nak).flat().for_each(|option| ipcp.naked(option, &mut rng));
    ipcp.request(&mut rng, &mut out);
    assert_eq!(out, [3, 6, 10, 0, 0, 1]);
}

#[test]
fn a_server_naked_with_zero_is_not_asked_for_again() {
    let (mut rng, mut out) = (ChaCha12Rng::from_seed([3; 32]), Vec::new());
    let mut ipcp = Ipcp::new(&IpcpConfig { request_dns: true, ..IpcpConfig::default() });
    let nak = [129, 6, 0, 0, 0, 0, 131, 6, 9, 9, 9, 9];
    Options::new(&nak).flat().for_each(|option| ipcp.naked(option, &mut rng));
    ipcp.request(&mut rng, &mut out);
    assert_eq!(out, [3, 6, 0, 0, 0, 0, 131, 6, 9, 9, 9, 9]);
}

fn with_vj() -> Ipcp {
    Ipcp::new(&IpcpConfig { vj: true, ..IpcpConfig::default() })
}

fn requested(ipcp: &mut Ipcp) -> Vec<u8> {
    let (mut rng, mut out) = (ChaCha12Rng::from_seed([3; 32]), Vec::new());
    ipcp.request(&mut rng, &mut out);
    out
}

#[test]
fn header_compression_is_asked_for_and_taken_in_six_octets() {
    let mut ipcp = with_vj();
    assert_eq!(requested(&mut ipcp)[6..], [2, 6, 0, 0x2d, 15, 1]);
    assert_eq!(judge(&mut ipcp, &[2, 6, 0, 0x2d, 0, 0]).0, [Verdict::Ack]);
    assert!(ipcp.compression().0.is_some() && ipcp.compression().1.is_some());
    // the next request does not name it
    assert_eq!(judge(&mut ipcp, &[]).0, []);
    assert!(ipcp.compression().0.is_none());
    // four octets, and the number of RFC 1172
    for old in [&[2, 4, 0, 0x2d][..], &[2, 4, 0, 0x37], &[2, 6, 0, 0x37, 15, 1], &[2, 6, 0, 0x2d, 15, 2]] {
        assert_eq!(judge(&mut ipcp, old), (vec![Verdict::Nak], vec![2, 6, 0, 0x2d, 15, 1]), "{old:?}");
    }
    for other in [&[2, 4, 0, 0x61][..], &[2, 3, 0], &[2, 2]] {
        assert_eq!(judge(&mut ipcp, other).0, [Verdict::Reject], "{other:?}");
    }
    assert!(ipcp.compression().0.is_none());
}

#[test]
fn a_nak_makes_header_compression_less_and_never_more() {
    let mut rng = ChaCha12Rng::from_seed([3; 32]);
    let mut naked = |ipcp: &mut Ipcp, nak: &[u8]| {
        Options::new(nak).flat().for_each(|option| ipcp.naked(option, &mut rng));
        requested(ipcp)[6..].to_vec()
    };
    let mut ipcp = with_vj();
    assert_eq!(naked(&mut ipcp, &[2, 6, 0, 0x2d, 3, 0]), [2, 6, 0, 0x2d, 3, 0]);
    assert_eq!(naked(&mut ipcp, &[2, 6, 0, 0x2d, 200, 1]), [2, 6, 0, 0x2d, 3, 0]);
    assert_eq!(naked(&mut ipcp, &[2, 4, 0, 0x37]), []);
    assert_eq!(naked(&mut ipcp, &[2, 6, 0, 0x2d, 15, 1]), [], "we have given it up");
    assert!(ipcp.compression().1.is_none());
    let mut ipcp = with_vj();
    Options::new(&[2, 6, 0, 0x2d, 15, 1]).flat().for_each(|option| ipcp.rejected(option));
    assert_eq!(requested(&mut ipcp)[6..], []);
    // one who does not want it does not begin for a Nak
    let mut without = server();
    assert_eq!(naked(&mut without, &[2, 6, 0, 0x2d, 15, 1]), []);
}
