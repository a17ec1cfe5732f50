use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::config::{CallbackConfig, Credentials};
use crate::secret::Secret;
use crate::wire::Options;

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed([3; 32])
}

fn caller() -> Config {
    Config {
        credentials: Some(Credentials { name: "user".to_owned(), password: Secret::from("x") }),
        ..Config::default()
    }
}

fn judge(lcp: &mut Lcp, body: &[u8]) -> (Verdict, Vec<u8>) {
    let mut nak = Vec::new();
    lcp.begin();
    let verdict = lcp.judge(Options::new(body).flat().next().unwrap(), &mut rng(), &mut nak);
    (verdict, nak)
}

#[test]
fn only_methods_of_the_list_are_agreed_to_and_others_are_suggested_in_turn() {
    let mut lcp = Lcp::new(&caller());
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 0x81]).0, Verdict::Ack);
    assert_eq!(lcp.theirs.auth, Some(AuthMethod::MsChapV2));
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 5]).0, Verdict::Ack);
    // PAP and MS-CHAPv1 are not in the list, EAP is nothing we know
    assert_eq!(judge(&mut lcp, &[3, 4, 0xc0, 0x23]), (Verdict::Nak, vec![3, 5, 0xc2, 0x23, 0x81]));
    assert_eq!(lcp.refused.as_deref(), Some("pap"));
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 0x80]), (Verdict::Nak, vec![3, 5, 0xc2, 0x23, 5]));
    assert_eq!(judge(&mut lcp, &[3, 4, 0xc2, 0x27]), (Verdict::Nak, vec![3, 5, 0xc2, 0x23, 0x81]));
    assert_eq!(lcp.theirs.auth, None);
}

#[test]
fn a_peer_that_negotiates_anew_gets_nothing_weaker_than_before() {
    let mut lcp = Lcp::new(&caller());
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 0x81]).0, Verdict::Ack);
    lcp.opened();
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 5]), (Verdict::Nak, vec![3, 5, 0xc2, 0x23, 0x81]));
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 0x81]).0, Verdict::Ack);
}

#[test]
fn without_credentials_every_method_is_rejected() {
    let mut lcp = Lcp::new(&Config { credentials: None, ..caller() });
    assert_eq!(judge(&mut lcp, &[3, 5, 0xc2, 0x23, 0x81]), (Verdict::Reject, vec![]));
}

#[test]
fn booleans_of_a_wrong_length_and_unknown_types_are_rejected() {
    let mut lcp = Lcp::new(&caller());
    for option in [
        &[7u8, 3, 1][..],
        &[8, 3, 1],
        &[0, 6, 1, 2, 3, 4],
        &[4, 4, 0xc0, 0x25],
        &[9, 3, 2],
        &[17, 4, 6, 0x4e],
    ] {
        assert_eq!(judge(&mut lcp, option), (Verdict::Reject, vec![]), "{option:?}");
    }
    assert_eq!(judge(&mut lcp, &[7, 2]).0, Verdict::Ack);
    assert_eq!(judge(&mut lcp, &[8, 2]).0, Verdict::Ack);
}

#[test]
fn callback_is_agreed_to_only_where_it_is_enabled_and_only_by_cbcp() {
    let mut without = Lcp::new(&caller());
    assert_eq!(judge(&mut without, &[13, 3, 6]), (Verdict::Reject, vec![]));
    let enabled = CallbackConfig { enabled: true, delay: 0 };
    let mut with = Lcp::new(&Config { role: Role::Answerer, callback: enabled.clone(), ..caller() });
    assert_eq!(judge(&mut with, &[13, 3, 0]), (Verdict::Nak, vec![13, 3, 6]));
    assert!(!with.callback_agreed());
    assert_eq!(judge(&mut with, &[13, 3, 6]).0, Verdict::Ack);
    assert!(with.callback_agreed());
    // the caller offers it, the answerer does not ask back
    let mut out = Vec::new();
    with.request(&mut rng(), &mut out);
    assert!(!out.ends_with(&[13, 3, 6]));
    Lcp::new(&Config { callback: enabled, ..caller() }).request(&mut rng(), &mut out);
    assert!(out.ends_with(&[13, 3, 6]));
}

#[test]
fn a_nak_of_the_map_adds_to_what_we_need() {
    let mut config = caller();
    config.lcp.accm = 0x000a_0000;
    let mut lcp = Lcp::new(&config);
    let nak = [2, 6, 0, 0, 0, 3];
    lcp.naked(Options::new(&nak).flat().next().unwrap(), &mut rng());
    assert_eq!(lcp.ours.accm, Accm(0x000a_0003));
}

#[test]
fn a_nak_never_makes_us_take_more_than_we_can() {
    let mut lcp = Lcp::new(&caller());
    for (wanted, taken) in [(4000u16, 1500), (600, 600), (10, 128)] {
        let [high, low] = wanted.to_be_bytes();
        lcp.naked(Options::new(&[1, 4, high, low]).flat().next().unwrap(), &mut rng());
        assert_eq!(lcp.ours.mru, Mru(taken));
    }
}

#[test]
fn the_magic_number_changes_with_every_nak_and_goes_with_a_reject() {
    let mut lcp = Lcp::new(&caller());
    let mut out = Vec::new();
    lcp.request(&mut rng(), &mut out);
    let first = lcp.ours.magic;
    lcp.naked(Options::new(&[5, 6, 1, 2, 3, 4]).flat().next().unwrap(), &mut rng());
    // the same generator again would give the same number: it must differ all the same
    assert_ne!(lcp.ours.magic, first);
    lcp.rejected(Options::new(&[5, 6, 1, 2, 3, 4]).flat().next().unwrap());
    out.clear();
    lcp.request(&mut rng(), &mut out);
    assert_eq!(lcp.ours.magic, Magic::NONE);
    assert!(!Options::new(&out).flat().any(|option| option.kind == Magic::KIND));
}
