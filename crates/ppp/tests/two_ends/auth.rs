//! Authentication and callback through the whole of `Ppp`; the methods' own tests stand beside them.

use openras_ppp::ask::{CallbackChoice, CallbackPolicy, Claim, Proof};
use openras_ppp::auth::verify;
use openras_ppp::config::CallbackConfig;
use openras_ppp::wire::Protocol;
use openras_ppp::{
    Answer, Ask, AuthMethod, CloseReason, Command, Config, Credentials, DownReason, Event, Input, Phase,
    Secret, Verdict,
};

use crate::common::*;

const METHODS: [AuthMethod; 4] =
    [AuthMethod::Pap, AuthMethod::ChapMd5, AuthMethod::MsChapV1, AuthMethod::MsChapV2];

/// A store with one password for everybody.
fn judge(claim: &Claim, password: &str, retry: bool) -> Verdict {
    let password = Secret::from(password);
    let hash = verify::nt_hash(&password);
    let mut response = None;
    let right = match &claim.proof {
        Proof::Pap { password: given } => *given == password,
        Proof::ChapMd5 { .. } => verify::verify_chap_md5(&password, claim.identifier, &claim.proof),
        Proof::MsChapV1 { .. } => verify::verify_mschap_v1(&hash, &claim.proof),
        Proof::MsChapV2 { .. } => {
            response = verify::verify_mschap_v2(&hash, &claim.raw_name, &claim.proof);
            response.is_some()
        }
        Proof::ChangeV1 { .. } | Proof::ChangeV2 { .. } => false,
    };
    if right {
        return Verdict::Accept { authenticator_response: response, message: "welcome".to_owned() };
    }
    Verdict::Refuse { error: 691, retry, challenge: None, message: "no".to_owned() }
}

/// Runs both ends; the answerer's owner is a store, the caller's answers from a list.
pub(crate) fn run(pair: &mut Pair, retry: bool, mut caller_answers: Vec<Answer>) {
    pair.ends.iter_mut().for_each(|end| end.answers = false);
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    for _ in 0..400 {
        pair.run(std::time::Duration::from_millis(100));
        while !pair.answerer().asks.is_empty() {
            let answer = match pair.answerer().asks.remove(0) {
                Ask::Verify(claim) => Answer::Verdict(judge(&claim, "secret", retry)),
                Ask::Admit { .. } => Answer::Admit(pair.answerer().policy.clone()),
                Ask::CallbackTo { number } => Answer::CallbackTo(Some(number)),
                _ => Answer::Address(Some([10, 64, 0, 2].into())),
            };
            pair.command(1, Command::Answer(answer));
        }
        if !pair.caller().asks.is_empty() && !caller_answers.is_empty() {
            pair.caller().asks.remove(0);
            let answer = caller_answers.remove(0);
            pair.command(0, Command::Answer(answer));
        }
    }
}

pub(crate) fn by(method: AuthMethod, password: &str) -> Pair {
    Pair::new(
        Config {
            authenticate_us: vec![method],
            credentials: Some(Credentials { name: "user".to_owned(), password: Secret::from(password) }),
            insist_on_authentication: true,
            ..caller()
        },
        Config { authenticate_peer: vec![method], name: "server".to_owned(), ..answerer() },
    )
}

#[test]
fn every_method_comes_up_with_the_right_password() {
    for method in METHODS {
        let mut pair = by(method, "secret");
        run(&mut pair, false, Vec::new());
        assert_eq!(pair.caller().up().unwrap().us, Some(method));
        assert_eq!(pair.answerer().up().unwrap().peer, Some((method, "user".to_owned())));
        assert!(pair.caller().reason().is_none() && pair.answerer().reason().is_none());
    }
}

#[test]
fn every_method_ends_both_ends_with_the_wrong_password_and_names_the_packet() {
    for method in METHODS {
        let mut pair = by(method, "wrong");
        run(&mut pair, false, Vec::new());
        for (end, packets) in pair.ends.iter().zip([["AuthNak", "Failure"]; 2]) {
            let down = end.down().unwrap();
            assert!(
                matches!(&down.reason, DownReason::AuthRefused(refusal) | DownReason::PeerRefused(refusal)
                if refusal.error == 691)
            );
            let text = down.packet.as_ref().unwrap().text();
            assert!(packets.iter().any(|words| text.contains(words)), "{text}");
            assert_eq!(end.count_sent("IPCP"), 0);
        }
    }
}

#[test]
fn a_second_try_on_the_same_link_may_succeed() {
    for method in [AuthMethod::MsChapV1, AuthMethod::MsChapV2] {
        let mut pair = by(method, "wrong");
        let right = Credentials { name: "user".to_owned(), password: Secret::from("secret") };
        run(&mut pair, true, vec![Answer::Credentials(right)]);
        assert!(pair.caller().up().is_some());
        assert!(pair.caller().phases().contains(&Phase::AuthRetry));
        assert_eq!(pair.caller().count_sent("Response"), 2);
    }
}

#[test]
fn a_retry_held_at_its_phase_sends_nothing_before_the_release() {
    let mut pair = by(AuthMethod::MsChapV2, "wrong");
    run(&mut pair, true, Vec::new());
    assert!(matches!(pair.caller().asks[..], [Ask::Credentials(_)]));
    let right = Credentials { name: "user".to_owned(), password: Secret::from("secret") };
    pair.command(0, Command::Answer(Answer::Credentials(right)));
    assert_eq!(pair.caller().phases().last(), Some(&Phase::AuthRetry));
    assert_eq!(pair.caller().count_sent("Response"), 1);
    pair.command(0, Command::Hold);
    pair.run(seconds(30));
    assert_eq!(pair.caller().count_sent("Response"), 1);
    pair.command(0, Command::Release);
    assert_eq!(pair.caller().count_sent("Response"), 2);
}

fn both_ways(config: Config, password: &str) -> Config {
    Config {
        authenticate_us: vec![AuthMethod::ChapMd5],
        authenticate_peer: vec![AuthMethod::ChapMd5],
        credentials: Some(Credentials { name: "me".to_owned(), password: Secret::from(password) }),
        ..config
    }
}

/// The peer knows no password. It asks us what it is asked, and says what we say.
#[test]
fn our_own_answer_reflected_proves_nothing() {
    let (mut end, now) = (End::new(both_ways(answerer(), "secret"), 3), t0());
    end.answers = false;
    end.start(now);
    let challenge_of = |end: &End, code: u8| {
        let packet = end.events.iter().rev().find_map(|event| match event {
            Event::Packet(packet) if packet.protocol == Protocol::CHAP => {
                Some(packet.bytes.expose()).filter(|packet| packet[0] == code)
            }
            _ => None,
        });
        packet.unwrap().to_vec()
    };
    // LCP: what it asks is agreed, and it asks for CHAP too
    end.receive(now, Protocol::LCP, &[1, 1, 0, 9, 3, 5, 0xc2, 0x23, 5]);
    let request = end.events.iter().find_map(|event| match event {
        Event::Packet(packet) if packet.bytes.expose()[0] == 1 => Some(packet.bytes.expose().to_vec()),
        _ => None,
    });
    let mut ack = request.unwrap();
    ack[0] = 2;
    end.receive(now, Protocol::LCP, &ack);
    end.handle(now, Input::Tick);
    let challenge = challenge_of(&end, 1);
    end.receive(now, Protocol::CHAP, &challenge);
    let response = challenge_of(&end, 2);
    end.receive(now, Protocol::CHAP, &response);
    assert!(end.asks.is_empty(), "nobody is asked about it: {:?}", end.asks);
    assert!(matches!(end.reason(), None | Some(DownReason::PeerRefused(_))));
    assert_eq!(end.count_sent("CHAP Failure"), 1);
}

/// Two wrong tries, then a new negotiation: it brings one more try, not three.
#[test]
fn negotiating_anew_gives_no_new_tries() {
    let mut pair = by(AuthMethod::MsChapV2, "wrong");
    let wrong = |name: &str| {
        Answer::Credentials(Credentials { name: name.to_owned(), password: Secret::from("bad") })
    };
    run(&mut pair, true, vec![wrong("a")]);
    assert!(matches!(pair.caller().asks[..], [Ask::Credentials(_)]), "a second try was refused");
    let now = pair.now;
    pair.answerer().receive(now, Protocol::LCP, &[1, 0x77, 0, 4]);
    for _ in 0..40 {
        pair.run(std::time::Duration::from_millis(100));
        while !pair.answerer().asks.is_empty() {
            let Ask::Verify(claim) = pair.answerer().asks.remove(0) else { panic!("not admitted") };
            assert_eq!(claim.attempt, 3);
            pair.command(1, Command::Answer(Answer::Verdict(judge(&claim, "secret", true))));
        }
    }
    assert!(matches!(pair.answerer().reason(), Some(DownReason::PeerRefused(_))));
}

#[test]
fn what_the_server_says_with_a_success_is_told() {
    for method in METHODS {
        let mut pair = by(method, "secret");
        run(&mut pair, false, Vec::new());
        let said = |end: &End| {
            let events = end.events.iter();
            events.filter(|event| matches!(event, Event::Message(text) if text == "welcome")).count()
        };
        assert_eq!((said(pair.caller()), said(pair.answerer())), (1, 0), "{method}");
    }
}

#[test]
fn both_directions_are_needed_where_both_are_asked() {
    let mut pair = Pair::new(both_ways(caller(), "secret"), both_ways(answerer(), "another"));
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    pair.caller().answers = false;
    pair.run(seconds(1));
    assert!(pair.caller().up().is_none() && pair.answerer().count_sent("IPCP") == 0);
    let ask = pair.caller().asks.remove(0);
    let Ask::Verify(claim) = ask else { panic!("{ask:?}") };
    pair.command(0, Command::Answer(Answer::Verdict(judge(&claim, "another", false))));
    pair.run(seconds(5));
    assert_eq!(pair.caller().up().unwrap().peer, Some((AuthMethod::ChapMd5, "me".to_owned())));
    assert_eq!(pair.caller().up().unwrap().us, Some(AuthMethod::ChapMd5));
}

#[test]
fn a_repeated_claim_in_the_network_phase_gets_the_same_verdict() {
    let mut pair = by(AuthMethod::Pap, "secret");
    run(&mut pair, false, Vec::new());
    let before = pair.answerer().count_sent("AuthAck");
    let now = pair.now;
    pair.answerer().receive(now, Protocol::PAP, b"\x01\x01\x00\x10\x04user\x06secret");
    assert_eq!(pair.answerer().count_sent("AuthAck"), before + 1);
    assert!(pair.answerer().asks.is_empty());
}

fn callback(policy: CallbackPolicy, offered: bool, answer: Option<CallbackChoice>) -> Pair {
    let enabled = |enabled| CallbackConfig { enabled, delay: 5 };
    let mut pair = Pair::new(
        Config { callback: enabled(offered), ..caller() },
        Config { callback: enabled(true), ..answerer() },
    );
    pair.answerer().policy = policy;
    run(&mut pair, false, answer.into_iter().map(Answer::Callback).collect());
    pair
}

#[test]
fn a_preset_callback_that_was_not_agreed_opens_no_network() {
    let mut pair = callback(CallbackPolicy::Preset("5551212".to_owned()), false, None);
    assert_eq!(pair.answerer().reason(), Some(&DownReason::CallbackRequired));
    assert_eq!(pair.answerer().count_sent("IPCP"), 0);
    assert!(pair.ends.iter().all(|end| end.up().is_none()));
    assert_eq!(pair.caller().reason(), Some(&DownReason::TerminatedByPeer));
}

#[test]
fn a_preset_callback_ends_both_ends_with_callback() {
    let mut pair = callback(CallbackPolicy::Preset("5551212".to_owned()), true, Some(CallbackChoice::Preset));
    let number = |number: &str| DownReason::Callback { number: number.to_owned(), delay: 5 };
    assert_eq!(pair.answerer().reason(), Some(&number("5551212")));
    assert!(matches!(pair.caller().reason(), Some(DownReason::Callback { .. })));
    assert!(pair.ends.iter().all(|end| end.count_sent("IPCP") == 0));
}

/// The answerer has sent its Ack for 5551212; the caller has not heard it.
fn agreed() -> Pair {
    let enabled = CallbackConfig { enabled: true, delay: 5 };
    let mut pair = Pair::new(
        Config { callback: enabled.clone(), ..caller() },
        Config { callback: enabled, ..answerer() },
    );
    pair.answerer().policy = CallbackPolicy::Caller;
    pair.caller().answers = false;
    pair.answerer().answers = false;
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    pair.run(seconds(1));
    pair.command(1, Command::Answer(Answer::Admit(CallbackPolicy::Caller)));
    pair.run(seconds(1));
    pair.command(0, Command::Answer(Answer::Callback(CallbackChoice::Number("5551212".to_owned()))));
    pair.run(seconds(1));
    pair.command(1, Command::Answer(Answer::CallbackTo(Some("5551212".to_owned()))));
    assert_eq!(pair.answerer().count_sent("CBCP Ack"), 1);
    pair
}

#[test]
fn a_line_lost_after_the_callback_was_agreed_is_a_callback() {
    let mut pair = agreed();
    let now = pair.now;
    pair.answerer().handle(now, Input::LineDown);
    assert!(
        matches!(pair.answerer().reason(), Some(DownReason::Callback { number, .. }) if number == "5551212")
    );
}

#[test]
fn an_owner_who_closes_after_the_callback_was_agreed_gets_none() {
    // an administrator who ended the call in these seconds was answered by a call back
    let mut pair = agreed();
    pair.command(1, Command::Close(CloseReason::Administrator));
    pair.run(seconds(10));
    assert_eq!(pair.answerer().reason(), Some(&DownReason::Closed));
}

#[test]
fn who_is_offered_no_callback_goes_on_without() {
    for policy in [CallbackPolicy::None, CallbackPolicy::Caller] {
        let mut pair = callback(policy, true, Some(CallbackChoice::None));
        assert!(pair.caller().up().is_some() && pair.answerer().up().is_some());
        assert_eq!(pair.answerer().count_sent("CBCP Ack id=1 <none>"), 1);
        assert!(pair.caller().phases().contains(&Phase::Callback));
    }
}

#[test]
fn a_caller_that_rejects_cbcp_itself_comes_in_only_where_callback_is_free() {
    for (policy, required) in
        [(CallbackPolicy::Caller, false), (CallbackPolicy::Preset("1".to_owned()), true)]
    {
        let mut end =
            End::new(Config { callback: CallbackConfig { enabled: true, delay: 0 }, ..answerer() }, 1);
        end.policy = policy;
        let now = t0();
        end.start(now);
        let ack: Vec<u8> = end
            .events
            .iter()
            .find_map(|event| match event {
                openras_ppp::Event::Packet(packet) => Some(packet.bytes.expose().to_vec()),
                _ => None,
            })
            .unwrap();
        let mut ack = ack;
        ack[0] = 2;
        end.receive(now, Protocol::LCP, &[1, 1, 0, 7, 13, 3, 6]);
        end.receive(now, Protocol::LCP, &ack);
        for _ in 0..6 {
            end.handle(now, Input::Tick);
        }
        assert_eq!(end.count_sent("CBCP Request"), 1);
        end.receive(now, Protocol::LCP, &[8, 1, 0, 10, 0xc0, 0x29, 1, 1, 0, 4]);
        end.handle(now, Input::Tick);
        assert_eq!(end.count_sent("IPCP") > 0, !required);
        if required {
            end.handle(now, Input::LineDown);
            assert_eq!(end.reason(), Some(&DownReason::CallbackRequired));
        }
    }
}
