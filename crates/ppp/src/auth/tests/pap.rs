use proptest::prelude::*;

use super::*;
use crate::auth::tests::{End, asked, claimed, config, hex, refuse, sent, t0};

const REQUEST_USER_SECRET: &str = "01 01 00 10 04 75 73 65 72 06 73 65 63 72 65 74";

fn client() -> End {
    End::new(Box::new(Client::new(&config("user", "secret"))), 1)
}

fn authenticator() -> End {
    End::new(Box::new(Authenticator::new(&Config::default(), 0)), 2)
}

fn accept() -> Answer {
    Answer::Verdict(Verdict::Accept { authenticator_response: None, message: String::new() })
}

#[test]
fn request_and_ack_are_the_reference_ones() {
    let (mut client, mut server, now) = (client(), authenticator(), t0());
    let request = sent(&client.start(now)).concat();
    assert_eq!(request, hex(REQUEST_USER_SECRET));
    server.start(now);
    let claim = claimed(&server.packet(now, &request));
    assert_eq!((&*claim.name, claim.attempt), ("user", 1));
    assert!(matches!(claim.proof, Proof::Pap { password } if password == "secret".into()));
    let effects = server.answer(now, accept());
    assert!(matches!(&effects[1], Effect::Passed { name, .. } if name == "user"));
    assert_eq!(sent(&effects).concat(), hex("0201000500"));
    let effects = client.packet(now, &hex("0201000500"));
    assert!(matches!(&effects[..], [Effect::Passed { name, .. }] if name == "user"));
}

#[test]
fn an_answer_without_message_length_is_accepted() {
    let mut client = client();
    client.start(t0());
    assert!(matches!(&client.packet(t0(), &hex("02010004"))[..], [Effect::Passed { .. }]));
    let mut client = self::client();
    client.start(t0());
    let effects = client.packet(t0(), &hex("03010004"));
    let Effect::Failed(DownReason::AuthRefused(refusal)) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!((refusal.error, refusal.retry), (691, false));
}

#[test]
fn the_text_of_a_nak_reaches_the_person() {
    let mut client = client();
    client.start(t0());
    let effects = client.packet(t0(), &hex("0301 0008 03 6e6f21"));
    let Effect::Failed(DownReason::AuthRefused(refusal)) = &effects[0] else { panic!("{effects:?}") };
    assert_eq!(refusal.message, "no!");
}

#[test]
fn answers_to_another_identifier_and_unknown_codes_are_dropped() {
    let mut client = client();
    client.start(t0());
    for packet in ["0202000500", "0901000500", "02010003", "0201", "01010004"] {
        assert!(client.packet(t0(), &hex(packet)).is_empty(), "{packet}");
    }
}

#[test]
fn the_request_is_repeated_ten_times_then_authentication_times_out() {
    let (mut client, start) = (client(), t0());
    let mut packets = sent(&client.start(start));
    let mut end = Vec::new();
    while let Some(due) = client.exchange.timeout() {
        end = client.tick(due);
        packets.extend(sent(&end));
    }
    assert_eq!(packets, vec![hex(REQUEST_USER_SECRET); 10]);
    assert!(matches!(end[..], [Effect::Failed(DownReason::AuthTimeout)]));
}

#[test]
fn every_copy_gets_the_verdict_also_later_and_with_its_own_identifier() {
    let (mut server, now) = (authenticator(), t0());
    server.start(now);
    let copy = |identifier: u8| {
        let mut packet = hex(REQUEST_USER_SECRET);
        packet[1] = identifier;
        packet
    };
    asked(&server.packet(now, &copy(1)));
    assert!(server.packet(now, &copy(2)).is_empty());
    let effects = server.answer(now, refuse(691, true));
    assert_eq!(sent(&effects).concat(), hex("0302000500"), "the newest copy is answered");
    assert!(matches!(&effects[1], Effect::Failed(DownReason::PeerRefused(r)) if r.error == 691 && !r.retry));
    assert_eq!(sent(&server.packet(now, &copy(7))).concat(), hex("0307000500"));
    assert!(server.answer(now, accept()).is_empty(), "a second verdict changes nothing");
    assert_eq!(sent(&server.packet(now, &copy(8))).concat(), hex("0308000500"));
}

#[test]
fn malformed_requests_are_no_claims() {
    let (mut server, now) = (authenticator(), t0());
    server.start(now);
    for packet in ["01010010 04 7573", "01010006 0575", "01010005 01", "01010008 01 75 05 73", "01010004"] {
        assert!(server.packet(now, &hex(packet)).is_empty(), "{packet}");
    }
    assert!(matches!(
        server.tick(now + Duration::from_secs(30))[..],
        [Effect::Failed(DownReason::AuthTimeout)]
    ));
}

#[test]
fn a_password_pap_cannot_carry_is_said_and_not_cut() {
    let mut client = End::new(Box::new(Client::new(&config("user", &"x".repeat(256)))), 1);
    assert!(matches!(client.start(t0())[..], [Effect::Failed(DownReason::AuthRefused(_))]));
    let mut client = End::new(Box::new(Client::new(&config("user", &"x".repeat(255)))), 1);
    assert_eq!(sent(&client.start(t0())).len(), 1);
}

#[test]
fn deadlines_stand_still_while_held() {
    let (mut client, now) = (client(), t0());
    client.start(now);
    client.exchange.shift(Duration::from_secs(100));
    assert_eq!(client.exchange.timeout(), Some(now + Duration::from_secs(103)));
    assert!(client.tick(now + Duration::from_secs(50)).is_empty());
}

#[test]
fn a_time_too_long_to_be_reckoned_is_no_deadline_and_no_panic() {
    let ever = Config { auth_wait: Duration::MAX, person: Duration::MAX, ..config("user", "secret") };
    let mut client = End::new(Box::new(Client::new(&ever)), 1);
    assert_eq!(sent(&client.start(t0())).len(), 1);
    let mut server = End::new(Box::new(Authenticator::new(&ever, 0)), 2);
    assert!(server.start(t0()).is_empty() && server.exchange.timeout().is_none());
}

proptest! {
    #[test]
    fn garbage_never_panics(packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 1..9)) {
        let (mut client, mut server) = (client(), authenticator());
        client.start(t0());
        server.start(t0());
        for packet in packets {
            let _ = (client.exchange.is_repeat(&packet), server.exchange.is_repeat(&packet));
            client.packet(t0(), &packet);
            server.packet(t0(), &packet);
        }
    }
}
