//! `Command::Hold`: nothing new begins, what is open stays alive.

use openras_ppp::ask::CallbackPolicy;
use openras_ppp::wire::Protocol;
use openras_ppp::{Answer, Ask, AuthMethod, Command, Config, Event, Input, Machine, Phase};

use crate::common::*;

fn pap() -> Pair {
    Pair::new(
        Config { authenticate_us: vec![AuthMethod::Pap], ..caller() },
        Config { authenticate_peer: vec![AuthMethod::Pap], ..answerer() },
    )
}

/// Starts both ends; the caller is held as soon as it announces `phase`.
fn held_at(phase: Phase) -> Pair {
    let mut pair = pap();
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    for _ in 0..1000 {
        if pair.ends[0].phases().contains(&phase) {
            break;
        }
        pair.step();
    }
    assert_eq!(pair.caller().phases().last(), Some(&phase));
    pair.command(0, Command::Hold);
    pair
}

#[test]
fn no_credentials_leave_while_held_and_lcp_stays_alive() {
    let mut pair = held_at(Phase::Authenticate);
    pair.run(seconds(25));
    assert_eq!(pair.caller().count_sent("AuthReq"), 0);
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[9, 5, 0, 8, 0, 0, 0, 0]);
    assert_eq!(pair.caller().count_sent("EchoRep id=5"), 1);
    assert!(pair.caller().count_sent("EchoReq") >= 1);
    pair.command(0, Command::Release);
    assert_eq!(pair.caller().count_sent("AuthReq"), 1);
    pair.run(seconds(3));
    assert!(pair.caller().up().is_some());
}

#[test]
fn an_announced_phase_begins_with_the_next_tick_if_nobody_holds() {
    let mut pair = pap();
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    while !pair.ends[0].phases().contains(&Phase::Authenticate) {
        pair.step();
    }
    assert_eq!(pair.caller().count_sent("AuthReq"), 0);
    let now = pair.now;
    assert_eq!(pair.caller().ppp.poll_timeout(), Some(now));
    pair.run(seconds(0));
    assert_eq!(pair.caller().count_sent("AuthReq"), 1);
}

#[test]
fn the_network_phase_waits_and_what_the_peer_says_meanwhile_is_kept() {
    for phase in [Phase::Authenticated, Phase::Network] {
        let mut pair = held_at(phase);
        pair.run(seconds(10));
        assert_eq!(pair.caller().count_sent("IPCP"), 0);
        assert!(pair.caller().up().is_none());
        pair.command(0, Command::Release);
        pair.run(seconds(1));
        assert!(pair.caller().up().is_some(), "held at {phase:?}");
    }
}

#[test]
fn up_waits_though_everything_is_agreed() {
    let mut pair = held_at(Phase::Authenticated);
    pair.command(0, Command::Release);
    pair.run(seconds(0));
    pair.command(0, Command::Hold);
    pair.run(seconds(10));
    assert!(pair.answerer().up().is_some() && pair.caller().up().is_none());
    pair.command(0, Command::Release);
    assert!(pair.caller().up().is_some());
}

#[test]
fn a_verdict_that_comes_while_held_is_heard_after_the_release() {
    let mut pair = held_at(Phase::Authenticate);
    pair.command(0, Command::Release);
    assert_eq!(pair.caller().count_sent("AuthReq"), 1);
    pair.command(0, Command::Hold);
    pair.run(seconds(20));
    assert!(!pair.caller().phases().contains(&Phase::Authenticated));
    assert_eq!(pair.caller().count_sent("AuthReq"), 1, "its deadlines stand still");
    pair.command(0, Command::Release);
    assert!(pair.caller().phases().contains(&Phase::Authenticated));
    pair.run(seconds(2));
    assert!(pair.caller().up().is_some());
}

#[test]
fn what_is_kept_is_bounded() {
    let mut pair = held_at(Phase::Network);
    let now = pair.now;
    for round in 0..100 {
        pair.caller().receive(now, Protocol::IPCP, &[1, round, 0, 4]);
    }
    pair.caller().forget();
    pair.command(0, Command::Release);
    assert!(pair.caller().count_sent("IPCP ConfAck") <= 8);
}

#[test]
fn a_peer_that_leaves_while_held_is_noticed_at_once() {
    let mut pair = held_at(Phase::Authenticate);
    let now = pair.now;
    pair.caller().receive(now, Protocol::LCP, &[5, 1, 0, 4]);
    pair.run(seconds(5));
    assert!(pair.caller().reason().is_some());
    assert!(matches!(pair.caller().events.last(), Some(Event::Down(_))));
}

/// Found by fuzzing: the input that began a phase could be an answer, and it then answered the question that this
/// phase had only just asked and nobody had heard.
#[test]
fn an_answer_that_comes_before_its_question_was_heard_answers_nothing() {
    let mut pair = Pair::new(caller(), answerer());
    pair.answerer().answers = false;
    let now = pair.now;
    pair.ends.iter_mut().for_each(|end| end.start(now));
    // frame by frame, so that the phase is announced and has not begun
    while !pair.answerer().phases().contains(&Phase::Authenticated) {
        if let Some(frame) = pair.answerer().line.pop_front() {
            pair.caller().handle(now, Input::Line(&frame));
        } else if let Some(frame) = pair.caller().line.pop_front() {
            pair.answerer().handle(now, Input::Line(&frame));
        } else {
            pair.answerer().handle(now, Input::Tick);
        }
    }
    assert!(pair.answerer().asks.is_empty());
    let admit = || Command::Answer(Answer::Admit(CallbackPolicy::None));
    pair.answerer().command(now, admit());
    assert!(matches!(pair.answerer().asks[..], [Ask::Admit { .. }]));
    pair.answerer().handle(now, Input::Tick);
    assert!(!pair.answerer().phases().contains(&Phase::Network));
    pair.answerer().command(now, admit());
    assert!(pair.answerer().phases().contains(&Phase::Network));
}
