use rand_chacha::rand_core::SeedableRng;

use super::*;
use crate::wire::Options;

const OURS: InterfaceId = [0, 0, 0, 0, 0, 0, 0, 7];

fn rng() -> ChaCha12Rng {
    ChaCha12Rng::from_seed([5; 32])
}

fn ipv6cp() -> Ipv6cp {
    Ipv6cp::new(&Ipv6cpConfig { interface_id: Some(OURS) }, &mut rng())
}

fn judge(end: &mut Ipv6cp, id: InterfaceId) -> (Verdict, Vec<u8>) {
    let (mut body, mut nak) = (Vec::new(), Vec::new());
    emit_option(INTERFACE_IDENTIFIER, &id, &mut body);
    end.begin();
    let option = Options::new(&body).flat().next().unwrap();
    (end.judge(option, &mut rng(), &mut nak), nak)
}

#[test]
fn a_different_identifier_is_good_and_zero_or_ours_gets_another_one() {
    let mut end = ipv6cp();
    assert_eq!(judge(&mut end, [1; 8]), (Verdict::Ack, vec![]));
    assert_eq!(end.negotiated(), (OURS, [1; 8]));
    for id in [NONE, OURS] {
        let (verdict, nak) = judge(&mut end, id);
        assert_eq!(verdict, Verdict::Nak);
        let suggested = parse(&nak[2..]).unwrap();
        assert!(suggested != OURS && suggested != NONE && suggested[0] & UNIVERSAL == 0);
    }
}

#[test]
fn compression_is_rejected() {
    let mut end = ipv6cp();
    let option = Options::new(&[2, 4, 0, 0x4f]).flat().next().unwrap();
    assert_eq!(end.judge(option, &mut rng(), &mut Vec::new()), Verdict::Reject);
}

#[test]
fn a_suggestion_is_taken_unless_we_have_just_made_it_ourselves() {
    let mut end = ipv6cp();
    let (_, nak) = judge(&mut end, OURS);
    let option = Options::new(&nak).flat().next().unwrap();
    end.naked(option, &mut rng());
    assert_ne!(end.ours, parse(option.data).unwrap());
    let other = [1u8, 10, 9, 9, 9, 9, 9, 9, 9, 9];
    end.naked(Options::new(&other).flat().next().unwrap(), &mut rng());
    assert_eq!(end.ours, [9; 8]);
}

#[test]
fn an_identifier_left_out_is_asked_for_once() {
    let mut end = ipv6cp();
    end.begin();
    let mut nak = Vec::new();
    assert_eq!(end.missing(&mut nak), Verdict::Nak);
    assert_eq!(nak.len(), 10);
    end.begin();
    assert_eq!(end.missing(&mut nak), Verdict::Ack);
}

#[test]
fn a_random_identifier_is_not_called_universal() {
    let mut rng = rng();
    for _ in 0..100 {
        assert_eq!(random(&mut rng, NONE)[0] & UNIVERSAL, 0);
    }
}
