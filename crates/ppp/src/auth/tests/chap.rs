use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::ask::{Answer, Ask, Proof, Verdict};
use crate::auth::Effect;
use crate::auth::mschap::{Failure, Success};
use crate::auth::tests::{End, asked, claimed, config, credentials, hex, refuse, sent, t0};
use crate::auth::verify::{change_v1, nt_hash, verify_chap_md5, verify_mschap_v1, verify_mschap_v2};
use crate::config::Config;
use crate::event::{DownReason, Phase};

const V1: AuthMethod = AuthMethod::MsChapV1;
const V2: AuthMethod = AuthMethod::MsChapV2;

fn client(method: AuthMethod, name: &str, password: &str) -> End {
    let mut end = End::new(Box::new(Client::new(method, &config(name, password))), 1);
    assert!(end.start(t0()).is_empty());
    end
}

fn authenticator(method: AuthMethod) -> (End, Vec<u8>, Instant) {
    let mut end = End::new(Box::new(Authenticator::new(method, &Config::default(), 0)), 2);
    let now = t0();
    let challenge = sent(&end.start(now)).concat();
    (end, challenge, now)
}

fn packet(code: u8, identifier: u8, text: &str) -> Vec<u8> {
    crate::auth::packet::emit(code, identifier, &[text.as_bytes()])
}

fn challenge_v2(identifier: u8) -> Vec<u8> {
    [hex("01"), vec![identifier], hex("001510 5b5d7c7d7b3f2f3e3c2c602132262628")].concat()
}

fn failure_of(packet: &[u8]) -> Failure {
    assert_eq!(packet[0], FAILURE);
    Failure::parse(&packet[4..])
}

#[test]
fn the_md5_response_is_the_reference_one() {
    let mut client = client(AuthMethod::ChapMd5, "user", "secret");
    let effects = client.packet(t0(), &hex("01 01 0017 10 00112233445566778899aabbccddeeff 4e41"));
    assert_eq!(sent(&effects).concat(), hex("02 01 0019 10 204bb003332f6932b63b47c2c4e1a547 75736572"));
}

#[test]
fn the_v1_response_is_that_of_rfc_2433_with_lan_manager_zero() {
    let mut client = client(V1, "u", "MyPw");
    let effects = client.packet(t0(), &hex("01 09 000d 08 102db5df085d3041"));
    let expected =
        [hex("02 09 0037 31"), vec![0; 24], hex("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61 01 75")];
    assert_eq!(sent(&effects).concat(), expected.concat());
}

#[test]
fn a_v1_failure_without_challenge_means_the_old_one_plus_23_each_time() {
    let mut client = client(V1, "u", "wrong");
    client.packet(t0(), &hex("01 09 000d 08 102db5df085d3041"));
    asked(&client.packet(t0(), &packet(FAILURE, 9, "E=691 R=1 V=2")));
    let effects = client.answer(t0(), Answer::Credentials(credentials("u", "MyPw")));
    assert!(matches!(effects[0], Effect::Phase(Phase::AuthRetry)));
    let retry = sent(&effects).concat();
    assert_eq!(retry[1], 10);
    assert_eq!(retry[29..53], hex("ef8a435f0edfca92dce4bbf63684e55198e57bc92e85bb71"));
    asked(&client.packet(t0(), &packet(FAILURE, 10, "E=691 R=1")));
    let again = sent(&client.answer(t0(), Answer::Credentials(credentials("u", "MyPw")))).concat();
    let proof = Proof::MsChapV1 {
        challenge: [0x3e, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41],
        lm_response: [0; 24],
        nt_response: again[29..53].try_into().unwrap(),
        flags: 1,
    };
    assert!(verify_mschap_v1(&nt_hash(&"MyPw".into()), &proof));
}

/// What a client says back to the Challenge of RFC 2759, and the `S=` that proves the server.
fn proven(response: &[u8], identifier: u8, password: &str) -> String {
    assert_eq!(response[..5], [2, identifier, 0, 58, 49]);
    let proof = Proof::MsChapV2 {
        challenge: hex("5b5d7c7d7b3f2f3e3c2c602132262628").try_into().unwrap(),
        peer_challenge: response[5..21].try_into().unwrap(),
        nt_response: response[29..53].try_into().unwrap(),
        flags: response[53],
    };
    assert_eq!(response[21..29], [0; 8]);
    let authenticator_response = verify_mschap_v2(&nt_hash(&password.into()), &response[54..], &proof);
    assert!(authenticator_response.is_some(), "the response is true");
    Success { authenticator_response, message: String::new() }.emit()
}

#[test]
fn a_v2_client_believes_only_a_server_that_proves_itself() {
    for message in ["", " M=Welcome", "M=Welcome"] {
        let mut client = client(V2, "User", "clientPass");
        let response = sent(&client.packet(t0(), &challenge_v2(1))).concat();
        let text = proven(&response, 1, "clientPass") + message;
        let effects = client.packet(t0(), &packet(SUCCESS, 1, &text));
        assert!(matches!(effects[..], [Effect::Passed { .. }]), "{message}");
        assert_eq!(client.exchange.timeout(), None);
    }
    for text in ["S=407A5589115FD0D6209F510FE9C04566932CDA56 M=x", "M=Welcome", "", "S="] {
        let mut client = client(V2, "User", "clientPass");
        client.packet(t0(), &challenge_v2(1));
        let effects = client.packet(t0(), &packet(SUCCESS, 1, text));
        assert!(matches!(effects[..], [Effect::Failed(DownReason::ServerNotProven)]), "{text}");
    }
}

#[test]
fn verdicts_for_another_identifier_or_before_a_response_are_dropped() {
    let mut client = client(V2, "User", "clientPass");
    assert!(client.packet(t0(), &packet(SUCCESS, 1, "S=")).is_empty());
    assert!(client.packet(t0(), &packet(FAILURE, 1, "E=691 R=1")).is_empty());
    client.packet(t0(), &challenge_v2(1));
    assert!(client.packet(t0(), &packet(SUCCESS, 2, "S=")).is_empty());
    assert!(client.packet(t0(), &packet(FAILURE, 0, "E=691 R=0")).is_empty());
}

#[test]
fn challenges_of_the_wrong_size_are_dropped() {
    for (method, packet) in [
        (V2, "01 01 000d 08 102db5df085d3041"),
        (V1, "01 01 0015 10 5b5d7c7d7b3f2f3e3c2c602132262628"),
        (AuthMethod::ChapMd5, "01 01 0005 00"),
        (AuthMethod::ChapMd5, "01 01 0007 10 0011"),
    ] {
        assert!(client(method, "u", "p").packet(t0(), &hex(packet)).is_empty(), "{packet}");
    }
}

#[test]
fn a_copy_of_a_challenge_gets_the_same_response_and_a_new_one_another() {
    let mut client = client(V2, "User", "clientPass");
    let first = sent(&client.packet(t0(), &challenge_v2(1)));
    assert!(client.exchange.is_repeat(&challenge_v2(1)));
    assert!(!client.exchange.is_repeat(&challenge_v2(2)));
    assert_eq!(sent(&client.packet(t0(), &challenge_v2(1))), first);
    let second = sent(&client.packet(t0(), &challenge_v2(2)));
    assert_eq!((second.len(), second[0][1]), (1, 2));
}

#[test]
fn every_error_number_reaches_the_person_or_the_end() {
    for (text, ends) in [
        ("E=646 R=0 V=3 M=hours", true),
        ("E=647 R=0 V=3", true),
        ("E=648 R=0 V=2", true),
        ("E=648 R=0 V=3", false),
        ("E=648 R=1 V=1", false),
        ("E=649 R=0", true),
        ("E=691 R=0", true),
        ("E=691 R=1 C=00112233445566778899aabbccddeeff V=3", false),
        ("E=709 R=0", true),
        ("E=777 R=1", false),
        ("nonsense", true),
    ] {
        let mut client = client(V2, "User", "clientPass");
        client.packet(t0(), &challenge_v2(1));
        let effects = client.packet(t0(), &packet(FAILURE, 1, text));
        let read = Failure::parse(text.as_bytes());
        let refusal = match &effects[..] {
            [Effect::Failed(DownReason::AuthRefused(refusal))] => refusal,
            [Effect::Ask(Ask::NewPassword(refusal))] => {
                assert!(read.error == 648 && read.version == 3);
                refusal
            }
            [Effect::Ask(Ask::Credentials(refusal))] => {
                assert!(read.retry);
                refusal
            }
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(matches!(effects[0], Effect::Failed(_)), ends, "{text}");
        assert_eq!((refusal.error, refusal.retry, &refusal.message), (read.error, read.retry, &read.message));
    }
}

#[test]
fn while_the_person_is_asked_copies_of_the_failure_are_ignored_and_later_the_answer_is_repeated() {
    let mut client = client(V2, "User", "wrong");
    client.packet(t0(), &challenge_v2(1));
    let failure = packet(FAILURE, 1, "E=691 R=1 C=5b5d7c7d7b3f2f3e3c2c602132262628 V=3");
    asked(&client.packet(t0(), &failure));
    assert!(client.packet(t0(), &failure).is_empty() && client.exchange.is_repeat(&failure));
    assert!(client.packet(t0(), &challenge_v2(1)).is_empty());
    assert_eq!(client.exchange.timeout(), None, "a person has no deadline here");
    assert!(client.answer(t0(), Answer::NewPassword("x".into())).is_empty(), "not what was asked");
    let answer = sent(&client.answer(t0(), Answer::Credentials(credentials("User", "clientPass"))));
    assert_eq!(sent(&client.packet(t0(), &failure)), answer);
    assert!(client.packet(t0(), &challenge_v2(1)).is_empty(), "the old challenge is over");
    let text = proven(&answer.concat(), 2, "clientPass");
    assert!(matches!(client.packet(t0(), &packet(SUCCESS, 2, &text))[..], [Effect::Passed { .. }]));
}

#[test]
fn a_v1_change_uses_the_challenge_of_the_last_response_even_if_another_is_named() {
    let mut client = client(V1, "u", "clientPass");
    client.packet(t0(), &hex("01 01 000d 08 102db5df085d3041"));
    let Ask::NewPassword(_) =
        asked(&client.packet(t0(), &packet(FAILURE, 1, "E=648 R=0 C=0011223344556677 V=2")))
    else {
        panic!("no question")
    };
    let effects = client.answer(t0(), Answer::NewPassword("NewPass1".into()));
    assert!(matches!(effects[0], Effect::Phase(Phase::ChangePassword)));
    let change = sent(&effects).concat();
    assert_eq!(change[..4], hex("0602045e"));
    let challenge = hex("102db5df085d3041").try_into().unwrap();
    let proof = Proof::ChangeV1 { challenge, packet: crate::Secret::new(change) };
    assert_eq!(change_v1(&nt_hash(&"clientPass".into()), &proof).unwrap().clear, "NewPass1".into());
}

#[test]
fn a_failed_change_is_the_end_whatever_it_allows() {
    let mut client = client(V2, "User", "clientPass");
    client.packet(t0(), &challenge_v2(1));
    asked(&client.packet(t0(), &packet(FAILURE, 1, "E=648 R=0 C=00112233445566778899aabbccddeeff V=3")));
    client.answer(t0(), Answer::NewPassword("NewPass1".into()));
    let effects =
        client.packet(t0(), &packet(FAILURE, 2, "E=709 R=1 C=00112233445566778899aabbccddeeff V=3"));
    assert!(matches!(&effects[..], [Effect::Failed(DownReason::AuthRefused(r))] if r.error == 709));
}

#[test]
fn a_new_password_that_does_not_fit_is_709() {
    let mut client = client(V2, "User", "clientPass");
    client.packet(t0(), &challenge_v2(1));
    asked(&client.packet(t0(), &packet(FAILURE, 1, "E=648 R=0 V=3")));
    let effects = client.answer(t0(), Answer::NewPassword(crate::Secret::from(&*"x".repeat(257))));
    assert!(matches!(&effects[..], [Effect::Failed(DownReason::AuthRefused(r))] if r.error == 709));
}

#[test]
fn a_challenge_in_the_network_phase_is_answered_and_passes_once() {
    let mut client = client(AuthMethod::ChapMd5, "user", "secret");
    client.packet(t0(), &hex("01 01 0007 02 0011"));
    assert!(matches!(client.packet(t0(), &packet(SUCCESS, 1, "hello"))[..], [Effect::Passed { .. }]));
    assert!(client.packet(t0(), &packet(SUCCESS, 1, "hello")).is_empty());
    assert_eq!(sent(&client.packet(t0(), &hex("01 02 0007 02 0012"))).len(), 1);
    assert!(client.packet(t0(), &packet(SUCCESS, 2, "")).is_empty());
    client.packet(t0(), &hex("01 03 0007 02 0013"));
    assert!(matches!(client.packet(t0(), &packet(FAILURE, 3, "no"))[..], [Effect::Failed(_)]));
}

#[test]
fn endless_challenges_do_not_move_the_clients_deadline() {
    let mut client = client(AuthMethod::ChapMd5, "user", "secret");
    let mut now = t0();
    for identifier in 0..60 {
        client.packet(now, &[1, identifier, 0, 6, 1, identifier]);
        now += Duration::from_secs(1);
        if client.tick(now).iter().any(|e| matches!(e, Effect::Failed(DownReason::AuthTimeout))) {
            return;
        }
    }
    panic!("kept busy for ever");
}

#[test]
fn each_challenge_has_a_new_identifier_and_value_and_old_ones_are_over() {
    let (mut server, first, start) = authenticator(AuthMethod::ChapMd5);
    let second = sent(&server.tick(start + Duration::from_secs(3))).concat();
    assert_eq!(second[1], first[1].wrapping_add(1));
    assert_ne!(second[5..], first[5..]);
    let response = |challenge: &[u8]| {
        sent(&client(AuthMethod::ChapMd5, "user", "secret").packet(t0(), challenge)).concat()
    };
    assert!(server.packet(start, &response(&first)).is_empty());
    let claim = claimed(&server.packet(start, &response(&second)));
    assert!(verify_chap_md5(&"secret".into(), claim.identifier, &claim.proof));
}

#[test]
fn a_silent_peer_gets_ten_challenges_and_thirty_seconds() {
    let (mut server, _, start) = authenticator(V2);
    let mut count = 1;
    loop {
        let due = server.exchange.timeout().unwrap();
        let effects = server.tick(due);
        count += sent(&effects).len();
        if let [Effect::Failed(why)] = &effects[..] {
            assert_eq!((why, due - start), (&DownReason::AuthTimeout, Duration::from_secs(30)));
            break;
        }
    }
    assert_eq!((count, server.exchange.timeout()), (10, None));
}

#[test]
fn while_the_verdict_is_pending_nothing_is_sent_and_afterwards_every_copy_is_answered() {
    let (mut server, challenge, now) = authenticator(V2);
    let response = sent(&client(V2, "D\\User", "clientPass").packet(now, &challenge)).concat();
    let claim = claimed(&server.packet(now, &response));
    assert_eq!((&*claim.name, &*claim.raw_name, claim.attempt), ("D\\User", &b"D\\User"[..], 1));
    assert!(server.packet(now, &response).is_empty());
    assert_eq!(server.exchange.timeout(), None);
    let proof = verify_mschap_v2(&nt_hash(&"clientPass".into()), &claim.raw_name, &claim.proof);
    assert!(proof.is_some());
    let verdict = Verdict::Accept { authenticator_response: proof, message: "hi".into() };
    let effects = server.answer(now, Answer::Verdict(verdict));
    assert!(matches!(&effects[1], Effect::Passed { name, .. } if name == "D\\User"));
    let success = sent(&effects);
    assert!(success.concat().ends_with(b" M=hi"));
    assert_eq!(sent(&server.packet(now, &response)), success);
    assert!(server.exchange.is_repeat(&response));
}

#[test]
fn windows_98_gets_no_message() {
    let (mut server, challenge, now) = authenticator(V2);
    let mut response = sent(&client(V2, "User", "clientPass").packet(now, &challenge)).concat();
    response[53] = 4;
    claimed(&server.packet(now, &response));
    let verdict = Verdict::Accept { authenticator_response: Some([1; 20]), message: "hi".into() };
    let success = sent(&server.answer(now, Answer::Verdict(verdict))).concat();
    assert_eq!(success.len(), 4 + 42);
}

#[test]
fn a_server_that_cannot_prove_itself_refuses() {
    let (mut server, challenge, now) = authenticator(V2);
    let response = sent(&client(V2, "User", "clientPass").packet(now, &challenge)).concat();
    claimed(&server.packet(now, &response));
    let verdict = Verdict::Accept { authenticator_response: None, message: String::new() };
    let effects = server.answer(now, Answer::Verdict(verdict));
    assert_eq!(failure_of(&sent(&effects).concat()).error, 691);
    assert!(matches!(effects[1], Effect::Failed(DownReason::PeerRefused(_))));
}

#[test]
fn three_questions_then_the_end_with_a_fresh_challenge_each() {
    let (mut server, challenge, now) = authenticator(V2);
    let mut client = client(V2, "User", "wrong");
    let mut response = sent(&client.packet(now, &challenge)).concat();
    let mut challenges = vec![challenge[5..21].to_vec()];
    for attempt in 1..=3 {
        let claim = claimed(&server.packet(now, &response));
        assert_eq!(
            (claim.attempt, claim.identifier),
            (attempt, challenge[1].wrapping_add(attempt as u8 - 1))
        );
        let effects = server.answer(now, refuse(691, true));
        let failure = failure_of(&sent(&effects).concat());
        assert_eq!((failure.error, failure.retry, failure.version), (691, attempt < 3, 3));
        if attempt == 3 {
            let refused = matches!(&effects[1], Effect::Failed(DownReason::PeerRefused(r)) if !r.retry);
            assert!(refused && server.exchange.timeout().is_none());
            break;
        }
        challenges.push(failure.challenge.unwrap());
        assert_eq!(server.packet(now, &response).len(), 1, "a copy gets the Failure again");
        asked(&client.packet(now, &sent(&effects).concat()));
        response = sent(&client.answer(now, Answer::Credentials(credentials("User", "other")))).concat();
        let mut skipped = response.clone();
        skipped[1] = skipped[1].wrapping_add(1);
        assert!(server.packet(now, &skipped).is_empty(), "only the next Identifier counts");
    }
    challenges.dedup();
    assert_eq!(challenges.len(), 3);
}

#[test]
fn the_failure_is_repeated_at_growing_steps_until_the_person_is_out_of_time() {
    let (mut server, challenge, start) = authenticator(V2);
    let response = sent(&client(V2, "User", "wrong").packet(start, &challenge)).concat();
    claimed(&server.packet(start, &response));
    let failure = sent(&server.answer(start, refuse(691, true)));
    let mut seconds = Vec::new();
    loop {
        let due = server.exchange.timeout().unwrap();
        let effects = server.tick(due);
        if matches!(effects[..], [Effect::Failed(DownReason::AuthTimeout)]) {
            assert_eq!((due - start).as_secs(), 180);
            break;
        }
        assert_eq!(sent(&effects), failure);
        seconds.push((due - start).as_secs());
    }
    assert_eq!(seconds, [3, 9, 21, 45, 93]);
}

#[test]
fn a_challenge_given_with_the_verdict_is_used() {
    let (mut server, challenge, now) = authenticator(V2);
    let response = sent(&client(V2, "User", "wrong").packet(now, &challenge)).concat();
    claimed(&server.packet(now, &response));
    let verdict =
        Verdict::Refuse { error: 691, retry: true, challenge: Some(vec![7; 16]), message: "no".into() };
    let failure = failure_of(&sent(&server.answer(now, Answer::Verdict(verdict))).concat());
    assert_eq!((failure.challenge, &*failure.message), (Some(vec![7; 16]), "no"));
}

#[test]
fn a_change_is_taken_only_behind_648_and_only_once() {
    let (mut server, challenge, now) = authenticator(V2);
    let change = [hex("07"), vec![challenge[1].wrapping_add(1)], hex("024a"), vec![0; 582]].concat();
    assert!(server.packet(now, &change).is_empty());
    let response = sent(&client(V2, "User", "clientPass").packet(now, &challenge)).concat();
    claimed(&server.packet(now, &response));
    assert!(server.packet(now, &change).is_empty());
    let failure = failure_of(&sent(&server.answer(now, refuse(648, true))).concat());
    assert_eq!((failure.error, failure.retry, failure.version), (648, false, 3));
    assert!(failure.challenge.is_some());
    let mut cut = change[..400].to_vec();
    cut[2..4].copy_from_slice(&400u16.to_be_bytes());
    assert!(server.packet(now, &cut).is_empty());
    let claim = claimed(&server.packet(now, &[&change[..], b"padding"].concat()));
    let Proof::ChangeV2 { challenge, packet } = claim.proof else { panic!("{claim:?}") };
    assert_eq!((Some(challenge.to_vec()), packet.expose()), (failure.challenge, &change[..]));
    assert_eq!((claim.attempt, &*claim.name), (2, "User"));
    let effects = server.answer(now, refuse(709, true));
    assert_eq!(failure_of(&sent(&effects).concat()).error, 709);
    assert_eq!(sent(&server.packet(now, &change)), sent(&effects));
}

#[test]
fn the_weak_change_of_v1_is_answered_709() {
    let (mut server, challenge, now) = authenticator(V1);
    let response = sent(&client(V1, "u", "clientPass").packet(now, &challenge)).concat();
    claimed(&server.packet(now, &response));
    let failure = failure_of(&sent(&server.answer(now, refuse(648, false))).concat());
    assert_eq!((failure.challenge, failure.version), (None, 2), "the change uses the old challenge");
    let weak = [hex("05"), vec![challenge[1].wrapping_add(1)], hex("0048"), vec![0; 68]].concat();
    let effects = server.packet(now, &weak);
    let refused = failure_of(&sent(&effects).concat());
    assert_eq!((refused.error, refused.retry), (709, false));
    assert!(matches!(&effects[1], Effect::Failed(DownReason::PeerRefused(r)) if r.error == 709));
}

#[test]
fn names_longer_than_256_octets_are_no_claims() {
    let (mut server, challenge, now) = authenticator(V2);
    let respond = |n: usize| sent(&client(V2, &"n".repeat(n), "p").packet(now, &challenge)).concat();
    assert!(server.packet(now, &respond(257)).is_empty());
    claimed(&server.packet(now, &respond(256)));
}

fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let raw = proptest::collection::vec(any::<u8>(), 0..80);
    let shaped = (1u8..8, any::<u8>(), proptest::collection::vec(any::<u8>(), 0..1200))
        .prop_map(|(code, identifier, body)| crate::auth::packet::emit(code, identifier, &[&body]));
    prop_oneof![raw, shaped]
}

proptest! {
    #[test]
    fn garbage_never_panics(packets in proptest::collection::vec(any_packet(), 1..12), answers: u8) {
        for method in [AuthMethod::ChapMd5, V1, V2] {
            let mut client = client(method, "user", "secret");
            let (mut server, challenge, now) = authenticator(method);
            client.packet(now, &challenge);
            for packet in &packets {
                let _ = (client.exchange.is_repeat(packet), server.exchange.is_repeat(packet));
                client.packet(now, packet);
                server.packet(now, packet);
                if answers & 1 == 1 {
                    client.answer(now, Answer::Credentials(credentials("a", "b")));
                    client.answer(now, Answer::NewPassword("c".into()));
                    server.answer(now, refuse(if answers & 2 == 2 { 648 } else { 691 }, true));
                }
            }
        }
    }
}
