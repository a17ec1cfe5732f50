//! The end of a connection, in every phase and from every side.

use openras_ppp::event::{Direction, Phase};
use openras_ppp::wire::Protocol;
use openras_ppp::{Answer, Ask, AuthMethod, CloseReason, Command, Config, DownReason, Event, Input, Machine};

use crate::common::*;

/// An answerer whose owner answers nothing.
fn silent(config: Config) -> Pair {
    let mut pair = Pair::new(caller(), config);
    pair.answerer().answers = false;
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    pair
}

#[test]
fn a_close_before_the_line_is_up_is_over_at_once() {
    let (mut end, now) = (End::new(caller(), 1), t0());
    end.command(now, Command::Open);
    end.command(now, Command::Close(CloseReason::User));
    assert_eq!(end.reason(), Some(&DownReason::Closed));
    assert!(end.sent().is_empty() && end.ppp.poll_timeout().is_none());
}

#[test]
fn a_close_in_the_middle_of_lcp_says_so_twice_and_is_over() {
    let (mut end, mut now) = (End::new(caller(), 1), t0());
    end.start(now);
    end.command(now, Command::Close(CloseReason::Limit));
    while let Some(due) = end.ppp.poll_timeout() {
        now = due;
        end.handle(now, Input::Tick);
    }
    assert_eq!(end.count_sent("[LCP TermReq id=2 \"Time limit reached\"]"), 2);
    assert_eq!(end.reason(), Some(&DownReason::Closed));
}

#[test]
fn a_close_ends_both_ends_in_every_phase_that_waits() {
    let authenticating = Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() };
    let pap = Config { authenticate_us: vec![AuthMethod::Pap], ..caller() };
    // a question about the password, the question of admission, the one about an address, and up
    for answered in 0..4 {
        for closing in [0, 1] {
            let mut pair = Pair::new(pap.clone(), authenticating.clone());
            pair.answerer().answers = false;
            let now = pair.now;
            pair.ends.iter_mut().for_each(|end| end.start(now));
            for _ in 0..answered {
                pair.run(seconds(1));
                pair.answerer().answers = true;
                pair.answerer().asks.truncate(1);
                let ask = pair.answerer().asks.remove(0);
                pair.answerer().answers = false;
                let answer = match ask {
                    Ask::Verify(_) => Answer::Verdict(openras_ppp::Verdict::Accept {
                        authenticator_response: None,
                        message: String::new(),
                    }),
                    Ask::Admit { name, .. } => {
                        assert_eq!(name.as_deref(), Some("user"));
                        Answer::Admit(Default::default())
                    }
                    _ => Answer::Address(Some([10, 64, 0, 2].into())),
                };
                pair.command(1, Command::Answer(answer));
            }
            pair.run(seconds(5));
            pair.command(closing, Command::Close(CloseReason::User));
            pair.run(seconds(10));
            assert_eq!(pair.ends[closing].reason(), Some(&DownReason::Closed));
            let down = pair.ends[1 - closing].down().unwrap();
            assert_eq!(down.reason, DownReason::TerminatedByPeer);
            let packet = down.packet.as_ref().unwrap();
            assert!(packet.direction == Direction::Received && packet.text().contains("TermReq"));
            assert!(pair.ends.iter().all(|end| end.ppp.poll_timeout().is_none()));
            assert!(pair.ends[closing].phases().ends_with(&[Phase::Terminate]));
        }
    }
}

#[test]
fn a_terminate_request_before_authentication_is_named_so() {
    let (mut end, now) = (End::new(caller(), 1), t0());
    end.start(now);
    end.receive(now, Protocol::LCP, &[5, 1, 0, 4]);
    assert_eq!(end.count_sent("TermAck id=1"), 1);
    end.receive(now, Protocol::LCP, &[6, 2, 0, 4]);
    assert_eq!(end.reason(), Some(&DownReason::LcpTerminated));
}

#[test]
fn a_lost_line_is_told_in_every_phase_and_only_once() {
    for up in [false, true] {
        let mut pair = Pair::started(caller(), answerer());
        if up {
            pair.run(seconds(5));
        }
        let now = pair.now;
        pair.caller().handle(now, Input::LineDown);
        pair.caller().handle(now, Input::LineDown);
        pair.caller().command(now, Command::Close(CloseReason::User));
        pair.caller().receive(now, Protocol::LCP, &[1, 1, 0, 4]);
        assert_eq!(pair.caller().reason(), Some(&DownReason::LineLost));
        assert!(pair.caller().ppp.poll_timeout().is_none());
    }
}

#[test]
fn a_line_lost_after_the_peers_goodbye_is_the_goodbye() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[5, 1, 0, 4]);
    pair.caller().handle(now, Input::LineDown);
    assert_eq!(pair.caller().reason(), Some(&DownReason::TerminatedByPeer));
}

#[test]
fn a_peer_that_never_confirms_our_goodbye_is_not_waited_for_long() {
    let mut pair = Pair::started(caller(), answerer());
    pair.run(seconds(2));
    pair.filter = Some(Box::new(|_, _, _| false));
    pair.command(0, Command::Close(CloseReason::User));
    pair.run(seconds(7));
    assert_eq!(pair.caller().count_sent("TermReq"), 2);
    assert_eq!(pair.caller().reason(), Some(&DownReason::Closed));
}

#[test]
fn a_late_answer_for_a_gone_asker_is_nobodys_answer() {
    let pap = Config { authenticate_us: vec![AuthMethod::Pap], ..caller() };
    let mut pair = silent(Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() });
    pair.ends[0] = End::new(pap, 1);
    let now = pair.now;
    pair.caller().start(now);
    pair.run(seconds(1));
    assert!(matches!(pair.answerer().asks[..], [Ask::Verify(_)]));
    // the peer negotiates anew while its claim is being looked at, and claims something else
    let now = pair.now;
    pair.answerer().receive(now, Protocol::LCP, &[1, 0x50, 0, 4]);
    pair.run(seconds(2));
    assert_eq!(pair.answerer().asks.len(), 1, "the second claim waits for the first answer");
    let accept = || {
        Command::Answer(Answer::Verdict(openras_ppp::Verdict::Accept {
            authenticator_response: None,
            message: String::new(),
        }))
    };
    pair.command(1, accept());
    assert_eq!(pair.answerer().count_sent("AuthAck"), 0, "the verdict was on the first claim");
    assert_eq!(pair.answerer().asks.len(), 2);
    pair.command(1, accept());
    assert_eq!(pair.answerer().count_sent("AuthAck"), 1);
}

#[test]
fn an_answer_that_fits_no_question_is_ignored() {
    let mut pair = silent(answerer());
    pair.run(seconds(1));
    pair.command(1, Command::Answer(Answer::Address(None)));
    pair.command(1, Command::Answer(Answer::Admit(Default::default())));
    pair.command(1, Command::Answer(Answer::Admit(Default::default())));
    pair.run(seconds(1));
    assert!(matches!(pair.answerer().asks[..], [Ask::Admit { .. }, Ask::Address { .. }]));
}

#[test]
fn no_password_is_kept_in_a_packet() {
    let pap = Config { authenticate_us: vec![AuthMethod::Pap], ..caller() };
    let mut pair = Pair::started(pap, Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() });
    pair.run(seconds(2));
    let mut requests = 0;
    for event in pair.ends.iter().flat_map(|end| &end.events) {
        if let Event::Packet(packet) = event {
            requests += usize::from(packet.text().contains("AuthReq"));
            assert!(!packet.bytes.expose().windows(6).any(|window| window == b"secret"));
        }
    }
    assert_eq!(requests, 2);
    assert!(pair.answerer().sent().len() > 3 && pair.answerer().up().is_some());
}

/// Found by fuzzing: the line went away while a packet of LCP waited for its answer, and the first input after its
/// deadline sent that packet again, after Down.
#[test]
fn nothing_is_said_after_down_whatever_still_was_due() {
    for seconds_in in [0, 1, 4] {
        let mut pair = Pair::new(caller(), answerer());
        let now = pair.now;
        pair.caller().start(now);
        pair.run(seconds(seconds_in));
        let later = pair.now + seconds(100);
        pair.command(0, Command::Close(CloseReason::User));
        let now = pair.now;
        let end = pair.caller();
        end.handle(now, Input::LineDown);
        assert_eq!(end.reason(), Some(&DownReason::Closed));
        end.forget();
        end.line.clear();
        for _ in 0..4 {
            end.handle(later, Input::Tick);
            end.handle(later, Input::Ip(&[0x45; 20]));
            end.start(later);
        }
        assert!(end.events.is_empty() && end.line.is_empty(), "{:?}", end.events);
    }
}
